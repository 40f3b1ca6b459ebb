#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host without IPv4, a real translator (tayga), and v6guardd between programs and name servers:
# what is looked up is reached, and bytes come back.
# alone: what follows within a second
. "$(dirname "$0")/lab.sh"
. "$here/nat64.sh"
lab_enter "$@"

prefix=2001:db8:46::
corp4=10.9.0.53
ip addr add $corp4/32 dev lo
ip addr add 10.9.1.1/32 dev lo
lab_nat64 gate six $prefix/96
native=2001:db8:${lab_number[six]}::2
etc=$LAB_DIR/six/etc

six() { on six timeout 8 "$@"; }
ask() { on six "$python" "$here/ask.py" 127.0.0.64 "$@"; }
v() { on six v6guard "$@" 2>&1; }
conf() { mkdir -p "$etc/v6guard" && printf '%s\n' "$@" >"$etc/v6guard/v6guard.conf"; }
resolv() { printf 'nameserver %s\nsearch %s\n' "$1" "$LAB_DOMAIN" >"$etc/resolv.conf"; }
kept() { printf 'nameserver %s\n' "$@" >"$LAB_DIR/six/run/v6guard/resolv.upstream.conf"; }

# ---- programs: each prints the address that the server saw it come from -------------------------

bin=$LAB_DIR/bin
mkdir "$bin"
cc="${CC:-gcc} -D_GNU_SOURCE -O1"
$cc -static -o "$bin/static" "$here/process.c" -pthread 2>/dev/null || rm -f "$bin/static"
! command -v musl-gcc >/dev/null ||
	musl-gcc -static -D_GNU_SOURCE -O1 -o "$bin/musl" "$here/process.c" -pthread || rm -f "$bin/musl"
$cc -o "$bin/cares" "$here/cares.c" -lcares 2>/dev/null || rm -f "$bin/cares"

c_wget() { six wget -q -T 5 -t 1 -O - "http://$1/"; }
c_curl() { six curl -s -m 5 "http://$1/"; }
c_python() {
	six "$python" -c 'import sys, urllib.request as u
print(u.urlopen(sys.argv[1], timeout=5).read().decode().strip())' "http://$1/" 2>&1 | tail -n 1
}
c_nc() { six nc -w 5 "$1" 7; }
c_static() { six "$bin/static" connect "$1" 7; }
c_musl() { six "$bin/musl" connect "$1" 7; }
c_cares() { six "$bin/cares" "$1" 7; }

clients='wget curl python nc'
for client in static musl cares; do
	if [ -x "$bin/$client" ]; then
		clients="$clients $client"
	else
		skip "a program built with $client" "it cannot be built here"
	fi
done

# each NAME: what the server saw of each client.
each() {
	local client
	for client in $clients; do
		echo "$client $("c_$client" "$1" 2>/dev/null)"
	done
}
all() { for client in $clients; do echo "$client $1"; done; }
keyscan() { six ssh-keyscan -T 5 "$1" 2>&1 | grep -c SSH-2.0; }
addresses() { six getent ahosts "$1" | awk '$2 == "STREAM" { printf "%s ", $1 }'; }

lines=$(sed -n '/^## A host without IPv4/,/^## /{/^    \[resolver\]/,/^$/s/^    //p}' "$top/README.md")
shown() { sed -n "/^    \\$ $1/,/^\$/p" "$top/README.md" | sed 's/^    //; 1d; /^$/d; /^\$/,$d'; }

check "control: an IPv4-only name is reached by none of them" "$(clients=${clients/python/}; all '')" \
	"$(clients=${clients/python/}; each v4only)"
check "control: python neither" 'urllib.error.URLError: <urlopen error [Errno 101] Network is unreachable>' "$(c_python v4only)"
check "control: nor by ssh-keyscan" 0 "$(keyscan v4only)"
check "control: the translator works for who knows its prefix" $NAT64_SEEN "$(c_wget "[${prefix}c633:6401]")"

# ---- the lines of the README --------------------------------------------------------------------

check "README: five lines" 5 "$(echo "$lines" | wc -l)"
conf "$lines"
daemon six
check "README: then resolv.conf" "$(shown 'sudo v6guard resolver enable')" "$(v resolver enable)"
check "README: what is made" "$(shown 'v6guard resolver query v4only')" "$(v resolver query v4only.lab.test | sed 's/ 5[6-9] / 60 /')"
check "README: and wget is there" "$(shown 'wget -q -O - http:..v4only')" "$(six wget -q -O - http://v4only.lab.test/)"

# ---- unmodified programs ------------------------------------------------------------------------

check "an IPv4-only name is reached through the translator" "$(all $NAT64_SEEN)" "$(each v4only)"
check "and by ssh-keyscan ($lab_ssh)" 1 "$(keyscan v4only | sed 's/[1-9]/1/')"
check "getent" "${prefix}c633:6401 " "$(addresses v4only)"
check "a name with both keeps its own AAAA" "$(all "$native")" "$(each dual)"
check "getent, too" '2001:db8:64::1 ' "$(addresses dual)"
check "the reverse of a made address" host1.lab.test "$(six getent hosts ${prefix}c633:6401 | awk '{ print $2 }')"
v -q resolver disable >/dev/null
daemon_stop six
conf '[resolver]' 'enable = yes' '[nat64]' "prefix = $prefix/96"
resolv ::1
kept $DNS6
daemon six
check "the same by [::1]" "$(all $NAT64_SEEN)" "$(each v4only)"
daemon_stop six

# ---- v6guard off: answers as they are -------------------------------------------------------------

# switched off|on COUNT: v6guard WORD, then v4only asked for until it has COUNT AAAA.
switched() {
	on six "$python" - "$@" <<-'END'
		import socket, subprocess, sys, time
		word, count = sys.argv[1], int(sys.argv[2])
		question = b"\0\7\1\0\0\1\0\0\0\0\0\0\6v4only\3lab\4test\0\0\34\0\1"
		subprocess.run(["v6guard", "-q", word], check=True)
		start = time.monotonic()
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
		    s.settimeout(2)
		    s.connect(("127.0.0.64", 53))
		    while time.monotonic() < start + 3:
		        s.send(question)
		        if s.recv(512)[7] == count:
		            break
		        time.sleep(0.01)
		ms = (time.monotonic() - start) * 1000
		print("within 1 s" if ms <= 1000 else "after %d ms" % ms)
		print("%s: after %d ms" % (word, ms), file=sys.stderr)
	END
}
filtered='[rule kids]
priority = 1
domains = w1.lab.test
action = block
qtypes = A AAAA
[rule six]
priority = 2
domains = dual.lab.test
action = strip-a'
kept $DNS4
guard six auto '[resolver]' 'enable = yes' '[nat64]' "prefix = $prefix/96" "$filtered"
daemon six
made="NOERROR; AAAA ${prefix}c633:6401; EDE 29"
changed="$made; NOERROR; EDE 17; NOERROR; EDE 15; NOERROR; CNAME 1.100.51.198.in-addr.arpa.; PTR host1.lab.test.; EDE 29; 2"
everything() {
	echo "$(ask v4only.lab.test AAAA); $(ask dual.lab.test A); $(ask w1.lab.test A); $(ask ${prefix}c633:6401 PTR); $(
		ask ipv4only.arpa AAAA | grep -o "$prefix" | wc -l)"
}
check "answers are made, left out, blocked" "$changed" "$(everything)"
check "off: what was made and kept is not given any more" "within 1 s" "$(switched off 0)"
check "off: everything is what the name server says" \
	'NOERROR; NOERROR; A 198.51.100.1; NOERROR; A 203.0.113.1; NXDOMAIN; 0' "$(everything)"
check "off: said" 'because     v6guard off: answers are passed on as they are
dns64       no' "$(v resolver status | grep -e because -e dns64)"
check "off: a server that has IPv4 alone is still reached" 'NOERROR; AAAA 2a02:2::1' "$(ask w2.lab.test AAAA)"
check "on" "within 1 s" "$(switched on 1)"
check "on: all of it is back" "$changed" "$(everything)"
guard six off '[resolver]' 'enable = yes' '[nat64]' "prefix = $prefix/96"
check "mode = off is about what is left out: DNS64 goes on" "$made; NOERROR; A 198.51.100.1" \
	"$(sleep 1; ask v4only.lab.test AAAA); $(ask v4only.lab.test A)"
daemon_stop six
rm -r "$etc/v6guard" "$LAB_DIR/six/lib/v6guard"

# ---- a name server that has IPv4 alone ------------------------------------------------------------

# Questions to the name server, by the way they took.
nft 'table ip ways {
	chain in { type filter hook input priority 0;
	ip saddr 10.46.0.0/24 udp dport 53 counter comment "translated"
	ip saddr 10.65.0.0/16 udp dport 53 counter comment "direct"
	}
}' || lab_die "nft"
ways() {
	nft list table ip ways | sed -n 's/.*packets \([0-9]*\) .*comment "\(.*\)"/\2 \1/p' |
		awk -v a="$1" '$1 == a { print $2 }'
}
resolv 127.0.0.64
kept $DNS4
asks() { v resolver status | sed -n 's/^asks  *//p'; }
conf '[resolver]' 'enable = yes' '[nat64]' "prefix = $prefix/96"
daemon six
check "no IPv4: it is asked through the prefix" "$DNS4:53 (via nat64)" "$(asks)"
check "and --json has it" "['$DNS4:53'] ['$DNS4:53']" "$(v --json resolver status |
	"$python" -c 'import json, sys; s = json.load(sys.stdin); print(s["servers"], s["via_nat64"])')"
check "it answers" "$made" "$(ask v4only.lab.test AAAA)"
check "by way of the translator alone" '0 of it direct' "$(ways direct) of it direct"
[ "$(ways translated)" -gt 0 ] || bad "the name server was not asked through the translator"

# after WAY CMD...: when CMD is done, names that nobody asked for yet, 50 a second; in which
# hundredths of a second the last of them failed, and the servers began to be reached by WAY.
after() {
	on six "$python" - "$@" <<-'END'
		import json, socket, struct, subprocess, sys, time
		status = b"resolver status\n"
		def is_translated():
		    with socket.socket(socket.AF_UNIX) as s:
		        s.connect("/run/v6guard/control.sock")
		        s.sendall(status)
		        reply = b""
		        while not reply.endswith(b"\n"):
		            reply += s.recv(65536)
		    return bool(json.loads(reply)["via_nat64"])
		subprocess.run(["sh", "-c", sys.argv[2]], check=True)
		start = time.monotonic()
		failed = switched = 0
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
		    s.settimeout(2)
		    s.connect(("127.0.0.64", 53))
		    for i in range(100):
		        name = b"%s%d" % (sys.argv[1].encode(), i)
		        s.send(struct.pack("!6HB", i, 256, 1, 0, 0, 0, len(name)) + name + b"\3lab\4test\0\0\1\0\1")
		        try:
		            failed = failed if s.recv(512)[3] & 15 == 3 else time.monotonic() - start
		        except OSError:
		            failed = time.monotonic() - start
		        if not switched and is_translated() == (sys.argv[1] == "translated"):
		            switched = time.monotonic() - start
		        time.sleep(0.02)
		bound = 1.0
		print("all good within 1 s" if switched and max(failed, switched) <= bound
		      else "failed until %.2f s, switched at %.2f s" % (failed, switched))
		print("%s: switched after %.2f s, the last failure at %.2f s" % (sys.argv[1], switched, failed), file=sys.stderr)
	END
}
n=${lab_number[six]}
check "IPv4 comes: servers are asked directly" 'all good within 1 s' \
	"$(after direct "ip addr add 10.65.$n.2/24 dev up0 && ip route add default via 10.65.$n.1")"
check "that is where it asks" "$DNS4:53" "$(asks)"
before=$(ways translated)
check "nothing is made" NOERROR "$(ask v4only.lab.test AAAA)"
check "not by way of the translator" 0 "$(($(ways translated) - before))"
[ "$(ways direct)" -gt 0 ] || bad "the name server was not asked directly"
check "IPv4 goes: through the prefix again" 'all good within 1 s' "$(after translated "ip addr del 10.65.$n.2/24 dev up0")"
check "wget is there" $NAT64_SEEN "$(c_wget v4only)"
daemon_stop six
conf '[resolver]' 'enable = yes' '[nat64]' 'mode = on' "prefix = $prefix/96"
ipv4_comes six
daemon six
check "mode = on beside IPv4: addresses are made, the server is asked directly" "$DNS4:53; $made" \
	"$(asks); $(ask v4only.lab.test AAAA)"
ipv4_goes six
daemon_stop six

# ---- on-prem: a zone with servers and addresses of its own ----------------------------------------

mkdir -p "$LAB_DIR/corp"
printf '%s\n' '$ORIGIN corp.example.' '$TTL 300' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' \
	"ns A $corp4" 'www A 10.9.1.1' 'both A 10.9.1.1' 'both AAAA 2001:db8:64::2' 'intra CNAME www' \
	'lo A 127.0.0.1' >"$LAB_DIR/corp/corp.example.zone"
printf '%s\n' '$TTL 300' '@ SOA ns.corp.example. hostmaster.corp.example. 1 3600 600 86400 60' \
	'@ NS ns.corp.example.' '1.1.9 PTR www.corp.example.' >"$LAB_DIR/corp/10.in-addr.arpa.zone"
lab_knot_head "$LAB_DIR/corp" "$corp4@53" >"$LAB_DIR/corp/knot.conf"
cat >>"$LAB_DIR/corp/knot.conf" <<-END
	template:
	  - id: default
	    storage: "$LAB_DIR/corp"
	    journal-content: none
	    zonefile-sync: -1
	zone:
	  - domain: corp.example
	  - domain: 10.in-addr.arpa
END
knotd -c "$LAB_DIR/corp/knot.conf" >"$LAB_DIR/corp/log" 2>&1 &
until_true 10 knotc -c "$LAB_DIR/corp/knot.conf" -t 1 zone-status corp.example ||
	bad "the second knotd did not start" "$(tail -n 3 "$LAB_DIR/corp/log")"
forward='[forward corp]
zones = corp.example 10.in-addr.arpa
upstream = 10.9.0.53'
kept $DNS6
conf '[resolver]' 'enable = yes' '[nat64]' "prefix = $prefix/96" "$forward"
daemon six
check "its server is asked through the prefix" "forwards    corp.example.: $corp4:53 (via nat64)
            10.in-addr.arpa.: $corp4:53 (via nat64)" "$(v resolver status | grep -A1 forwards)"
check "others directly" "[$DNS6]:53" "$(asks)"
check "10.9.1.1 becomes an address of the prefix" "NOERROR; AAAA ${prefix}a09:101; EDE 29" "$(ask www.corp.example AAAA)"
check "native AAAA are kept" 'NOERROR; AAAA 2001:db8:64::2' "$(ask both.corp.example AAAA)"
check "of 127.0.0.1 nothing is made" NOERROR "$(ask lo.corp.example AAAA)"
check "its reverse name" 'NOERROR; CNAME 1.1.9.10.in-addr.arpa.; PTR www.corp.example.; EDE 29' "$(ask ${prefix}a09:101 PTR)"
check "the web server there is reached" "$(all $NAT64_SEEN)" "$(each www.corp.example)"
check "by its alias as well" $NAT64_SEEN "$(c_wget intra.corp.example)"
check "and one that has both without the translator" "$native" "$(c_wget both.corp.example)"
check "public names as before" "$made; $NAT64_SEEN" "$(ask v4only.lab.test AAAA); $(c_wget v4only)"
check "with a prefix of one's own a private address of a public name, too (RFC 6052 3.1)" \
	"NOERROR; AAAA ${prefix}a09:101; EDE 29" "$(ask private.lab.test AAAA)"
daemon_stop six
conf '[resolver]' 'enable = yes' '[nat64]' "prefix = 64:ff9b::/96 $prefix/96" 'exclude-a = 198.51.100.0/24' "$forward"
daemon six
check "the Well-Known Prefix is for private addresses of such zones alone (auto)" \
	"NOERROR; AAAA 2001:db8:46::a09:101; AAAA 64:ff9b::a09:101; EDE 29 / NOERROR; AAAA 2001:db8:46::a09:101; EDE 29" \
	"$(ask www.corp.example AAAA) / $(ask private.lab.test AAAA)"
check "and no way to the zone's server while there is another" "NOERROR; A 10.9.1.1" "$(ask www.corp.example A)"
daemon_stop six

lab_done
