#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door: v6guardd as resolver of a host, behind it a real knot. An IPv6-only host reaches
# an IPv4-only name; the server has the addresses that a translator would make, in its place.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

translated=2001:db8:46::
ip -6 addr add "${translated}c633:6401/128" dev lo nodad
lab_host v6only-noroute4 six

# resolver HOST [LINE...]: v6guardd with the resolver and these lines of [nat64].
resolver() {
	local host=$1
	shift
	mkdir -p "$LAB_DIR/$host/etc/v6guard"
	printf '%s\n' '[resolver]' 'enable = yes' '[nat64]' "$@" >"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	daemon "$host"
}
six() { on six "$python" "$here/ask.py" 127.0.0.64 "$@"; }

# ---- an IPv6-only host ---------------------------------------------------------------------

resolver six "prefix = $translated/96"
check "an IPv4-only name has an IPv6 address" 'NOERROR; AAAA 2001:db8:46::c633:6401; EDE 29' "$(six v4only.lab.test AAAA)"
check "its A is what it was" 'NOERROR; A 198.51.100.1' "$(six v4only.lab.test A)"
check "a name with both keeps its own" 'NOERROR; AAAA 2001:db8:64::1' "$(six dual.lab.test AAAA)"
check "one with AAAA alone as well" 'NOERROR; AAAA 2001:db8:64::1' "$(six v6only.lab.test AAAA)"
check "a chain is kept" 'NOERROR; AAAA 2001:db8:64::1; CNAME dual.lab.test.; CNAME www.lab.test.' "$(six far.lab.test AAAA)"
check "no address of either kind: no data, with the SOA" 'NOERROR; au SOA 35 bytes' \
	"$(six nodata.lab.test AAAA au | sed 's/SOA [0-9]* bytes/SOA 35 bytes/')"
check "no such name" NXDOMAIN "$(six nothing.lab.test AAAA)"
check "TTL: the SOA's minimum, as the A's is longer (RFC 6147 5.1.7)" 'NOERROR; AAAA 2001:db8:46::c633:6401 ttl 60; EDE 29' \
	"$(six v4only.lab.test AAAA ttl | sed 's/ttl \(60\|59\|58\|57\)/ttl 60/')"
check "the reverse of a made address (5.3.1)" 'NOERROR; CNAME 1.100.51.198.in-addr.arpa.; PTR host1.lab.test.; EDE 29' \
	"$(six ${translated}c633:6401 PTR)"
check "ipv4only.arpa without asking anybody (RFC 8880)" 'NOERROR AA; AAAA 2001:db8:46::c000:aa; AAAA 2001:db8:46::c000:ab; EDE 29' \
	"$(six ipv4only.arpa AAAA)"
check "who validates alone gets what is there (5.5)" 'NOERROR CD' "$(six v4only.lab.test AAAA do cd)"
check "by TCP" 'NOERROR; AAAA 2001:db8:46::c633:6401; EDE 29' "$(six v4only.lab.test AAAA tcp)"
check "20 questions in one go over one connection" '20 answers, ids complete' "$(six v4only.lab.test AAAA tcp times=20)"
check "and by IPv6" 'NOERROR; AAAA 2001:db8:46::c633:6401; EDE 29' \
	"$(on six "$python" "$here/ask.py" ::1 v4only.lab.test AAAA)"
check "a name is spelled as it was asked for" 'NOERROR; AAAA 2001:db8:46::c633:6401; EDE 29' "$(six V4oNLY.lAb.TesT AAAA)"
check "without EDNS no EDE" 'NOERROR; AAAA 2001:db8:46::c633:6401' "$(six v4only.lab.test AAAA noedns)"

# ---- EDNS, sizes, bad questions ------------------------------------------------------------

check "50 addresses do not fit 512 bytes" 'NOERROR TC; 31 bytes' "$(six many.lab.test AAAA noedns size)"
check "nor 1232" 'NOERROR TC; 42 bytes' "$(six many.lab.test AAAA edns=4096 size | sed 's/; [0-9]* bytes/; 42 bytes/')"
check "by TCP they come whole" 50 "$(six many.lab.test AAAA tcp | grep -o AAAA | wc -l)"
check "EDNS 1 is not known (RFC 6891 6.1.3)" 'RCODE 16' "$(six dual.lab.test A version=1)"
check "an option nobody knows is ignored" 'NOERROR; A 198.51.100.1' "$(six dual.lab.test A option=65001)"
check "zone transfers" NOTIMP "$(six lab.test AXFR tcp)"
check "without recursion desired: refused" REFUSED "$(six dual.lab.test A nord)"
check "ANY (RFC 8482)" 'NOERROR; HINFO 9 bytes' "$(six dual.lab.test ANY)"
check "other types are passed on" 'NOERROR; TXT 16 bytes' "$(six nodata.lab.test TXT | sed 's/TXT [0-9]* bytes/TXT 16 bytes/')"
check "localhost needs no server" 'NOERROR; AAAA ::1' "$(six x.localhost AAAA)"

# ---- programs ------------------------------------------------------------------------------

printf 'nameserver 127.0.0.64\nsearch %s\n' "$LAB_DOMAIN" >"$LAB_DIR/six/etc/resolv.conf"
cp "$LAB_DIR/etc/resolv.conf" "$LAB_DIR/six/run/v6guard/resolv.upstream.conf"
sed -i "s/$DNS4/$DNS6/" "$LAB_DIR/six/run/v6guard/resolv.upstream.conf"
check "wget reaches an IPv4-only name from a host without IPv4" 2001:db8:1::2 \
	"$(on six timeout 20 wget -q -T 5 -t 1 -O - http://v4only.lab.test/)"
check "and by getaddrinfo" "${translated}c633:6401" "$(on six getent ahosts v4only | awk 'NR == 1 { print $1 }')"
check "resolv.conf names the resolver itself: its servers are those that were there before" \
	'NOERROR; A 198.51.100.1' "$(sleep 1.1; six www.lab.test A | sed 's/; CNAME.*//')"

# ---- who may ask, and what is asked --------------------------------------------------------

asked=$(lab_asked A)
for _ in 1 2 3; do six four.lab.test A >/dev/null; done
check "a name is asked for once while its TTL lasts" 1 "$(($(lab_asked A) - asked))"
asked=$(lab_asked AAAA)
for _ in 1 2 3; do six missing.lab.test AAAA >/dev/null; done
check "and one that is not there (RFC 2308)" 1 "$(($(lab_asked AAAA) - asked))"
ttl() { six w1.lab.test A ttl | sed -n 's/.*ttl \([0-9]*\).*/\1/p'; }
asked_ms=$(now_ms)
check "TTL at first" 300 "$(ttl)"
kept_ms=$(now_ms)
sleep 2.1
least=$((($(now_ms) - kept_ms) / 1000))
got=$(ttl)
most=$((($(now_ms) - asked_ms) / 1000 + 1))
check "TTLs count down, $least to $most s" "$(seq $((300 - most)) $((300 - least)) | grep -x "$got")" "$got"
asked=$(lab_asked A)
check "300 clients for a name that nobody asked for yet" '300 answers, ids complete' \
	"$(on six "$python" - <<-'END'
		import socket, struct
		name = b"\2w4\3lab\4test\0"
		socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(300)]
		for i, s in enumerate(socks):
		    s.settimeout(5); s.connect(("127.0.0.64", 53))
		    s.send(struct.pack("!6H", i, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1))
		ids = []
		for s in socks:
		    answer = s.recv(512)
		    assert answer[-4:] == bytes([203, 0, 113, 4]), answer
		    ids.append(struct.unpack("!H", answer[:2])[0])
		print(len(ids), "answers, ids", "complete" if ids == list(range(300)) else "wrong")
	END
	)"
check "made one question" 1 "$(($(lab_asked A) - asked))"

daemon_stop six
check "nothing was left open, nothing said" '' "$(grep -v 'started: mode' "$LAB_DIR/six/daemon.log")"

lab_host healthy both
resolver both "prefix = $translated/96"
both() { on both "$python" "$here/ask.py" 127.0.0.64 "$@"; }
check "where there is IPv4 nothing is made (mode = auto)" NOERROR "$(both v4only.lab.test AAAA)"
check "ipv4only.arpa is passed on there" NXDOMAIN "$(both ipv4only.arpa AAAA)"
daemon_stop both
printf '%s\n' '[resolver]' 'enable = yes' 'allow = 192.0.2.0/24' >"$LAB_DIR/both/etc/v6guard/v6guard.conf"
daemon both
check "others than allow are refused" 'REFUSED; EDE 18' "$(both dual.lab.test A)"
daemon_stop both

# ---- the filter: what the policy leaves out ------------------------------------------------

guard both auto '[resolver]' 'enable = yes'
daemon both
check "auto, nothing known: as it is" 'NOERROR; AAAA 2001:db8:64::1' "$(both dual.lab.test AAAA)"
on both v6guard -q verdict set 2001:db8:64::1 broken --for 1h
check "broken: left out, no data with an SOA, EDE 17" 'NOERROR; au SOA; EDE 17' "$(both dual.lab.test AAAA au | sed 's/SOA .* bytes/SOA/')"
check "what answered before the verdict is not remembered; its A is there" 'NOERROR; A 198.51.100.1' "$(both dual.lab.test A)"
check "of a name without A nothing is left out" 'NOERROR; AAAA 2001:db8:64::1' "$(both v6only.lab.test AAAA)"
check "of four addresses three are left" 'NOERROR; AAAA 2001:db8:64::2; AAAA 2001:db8:64::3; AAAA 2001:db8:64::4; EDE 17' \
	"$(both four.lab.test AAAA)"
check "a chain stays, its end is empty" 'NOERROR; CNAME dual.lab.test.; EDE 17' "$(both www.lab.test AAAA)"
on both v6guard -q verdict clear
check "healed: back at once" 'NOERROR; AAAA 2001:db8:64::1' "$(both dual.lab.test AAAA)"
on both v6guard -q verdict set 2001:db8:64::1 broken --for 1h
on both v6guard -q off
is_off() { both dual.lab.test AAAA | grep -q '^NOERROR; AAAA'; }
until_true 5 is_off
check "v6guard off: back soon" 'NOERROR; AAAA 2001:db8:64::1' "$(both dual.lab.test AAAA)"
on both v6guard -q on
on both v6guard -q verdict clear
guard both strip-aaaa 'keep-last = no' '[resolver]' 'enable = yes'
sleep 1.1
asked=$(lab_asked AAAA) a=$(lab_asked A)
for name in dual v6only four w1 w2 missing; do both $name.lab.test AAAA >/dev/null; done
on both "$python" - <<-'END'
	import socket, struct
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect(("127.0.0.64", 53)); s.settimeout(5)
	for i in range(10000):
	    s.send(struct.pack("!6H", i, 0x100, 1, 0, 0, 0) + b"\6n%05d\3lab\4test\0\0\x1c\0\1" % i)
	    if i >= 32: s.recv(512)
END
check "strip-aaaa, keep-last = no: of 10 000 names no AAAA is even asked for" 0 "$(($(lab_asked AAAA) - asked))"
a=$(($(lab_asked A) - a))
[ "$a" -ge 10000 ] || bad "... but their A, each" "$a A"
check "no data, and no such name is told apart" 'NOERROR; EDE 17 NXDOMAIN; EDE 17' \
	"$(both w2.lab.test AAAA) $(both missing.lab.test AAAA)"
daemon_stop both

# ---- rules ---------------------------------------------------------------------------------

on both ip addr add 127.0.0.99/32 dev lo
guard both off '[resolver]' 'enable = yes' \
	'[rule ads]' 'priority = 1' 'domains = w1.lab.test' 'action = block' 'qtypes = A AAAA HTTPS' \
	'[rule moved]' 'priority = 2' 'domains = w2.lab.test' 'action = block' 'qtypes = A AAAA' \
	'response = override' 'override = v4only.lab.test' \
	'[rule kids]' 'priority = 3' 'domains = w3.lab.test' 'clients = 127.0.0.99' 'action = block' \
	'response = nxdomain' 'qtypes = A AAAA' \
	'[rule chain]' 'priority = 4' 'domains = dual.lab.test' 'match-cname = yes' 'action = strip-aaaa'
daemon both
check "block: no data, EDE 15" 'NOERROR; EDE 15' "$(both w1.lab.test A)"
asked=$(lab_asked AAAA)
check "of either family" 'NOERROR; EDE 15' "$(both w1.lab.test AAAA)"
check "and nobody was asked" 0 "$(($(lab_asked AAAA) - asked))"
check "another type is passed on" NOERROR "$(both w1.lab.test TXT)"
check "led to another name" 'NOERROR; A 198.51.100.1; CNAME v4only.lab.test.; EDE 15' "$(both w2.lab.test A)"
check "for one client alone" 'NXDOMAIN; EDE 15; NOERROR; A 203.0.113.3' \
	"$(both w3.lab.test A from=127.0.0.99); $(both w3.lab.test A)"
check "whoever came first" 'NOERROR; AAAA 2a03:3::1; NXDOMAIN; EDE 15' \
	"$(both w3.lab.test AAAA); $(both w3.lab.test AAAA from=127.0.0.99)"
check "a name of the chain" 'NOERROR; CNAME dual.lab.test.; EDE 17' "$(both www.lab.test AAAA)"
guard both off '[resolver]' 'enable = yes'
check "the rules are gone: so are the answers" 'NOERROR; A 203.0.113.1' "$(sleep 1.1; both w1.lab.test A)"
daemon_stop both

# ---- listeners -----------------------------------------------------------------------------

on both "$python" -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.64", 53)); print("there", flush=True); time.sleep(60)' >"$LAB_DIR/squatter" &
squatter=$!
until_true 5 grep -q there "$LAB_DIR/squatter"
printf '%s\n' '[resolver]' 'enable = yes' >"$LAB_DIR/both/etc/v6guard/v6guard.conf"
: >"$LAB_DIR/both/daemon.log"
daemon both
check "a port that is taken: said, with who has it" 1 \
	"$(grep -c '127.0.0.64:53 is not listened on: in use by python3' "$LAB_DIR/both/daemon.log")"
check "the other listener works" 'NOERROR; A 198.51.100.1' "$(on both "$python" "$here/ask.py" ::1 dual.lab.test A)"
kill "$squatter"
daemon_stop both
printf '%s\n' '[resolver]' 'enable = yes' 'upstream = 192.0.2.1 tls://192.0.2.2#dns.example' >"$LAB_DIR/both/etc/v6guard/v6guard.conf"
check "what is not possible is refused at once" \
	'v6guardd: /etc/v6guard/v6guard.conf:3: [resolver] upstream: tls://192.0.2.2#dns.example: tls:// and plain servers cannot stand together, as each question may go to any of them' \
	"$(on both v6guardd --check 2>&1)"
lab_done
