#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host without IPv4, a real translator (tayga), and v6guardd between programs and name servers:
# what is looked up is reached, and bytes come back.
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
	END
}
filtered='[rule kids]
priority = 1
domains = w1.lab.test
action = block
qtypes = A AAAA'
kept $DNS4
guard six strip-a 'keep-last = no' '[resolver]' 'enable = yes' '[nat64]' "prefix = $prefix/96" "$filtered"
daemon six
made="NOERROR; AAAA ${prefix}c633:6401; EDE 29"
changed="$made; NOERROR; EDE 17; NOERROR; EDE 15; NOERROR; CNAME 1.100.51.198.in-addr.arpa.; PTR host1.lab.test.; EDE 29; 2"
everything() {
	echo "$(ask v4only.lab.test AAAA); $(ask v4only.lab.test A); $(ask w1.lab.test A); $(ask ${prefix}c633:6401 PTR); $(
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

lab_done
