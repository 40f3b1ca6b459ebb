#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door's sockets: all addresses at once, answers from the one that was asked, sizes, and
# never a fragment, which a capture on the wire watches.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
lab_serve rude_dns.py 2001:db8:53::54 "$LAB_DIR/rude"
lab_host healthy h
wire=${lab_iface[h]}
on h ip addr add 10.64.1.3/24 dev up0
on h ip addr add 192.0.2.99/32 dev lo
on h ip -6 addr add 2001:db8:1::3/64 dev up0 nodad
on h ip -6 addr add 2001:db8:99::1/128 dev lo nodad
ip route add 192.0.2.99/32 via 10.64.1.2
ip -6 route add 2001:db8:99::1/128 via 2001:db8:1::2
own_link=$(on h ip -6 -o addr show dev up0 scope link | sed 's|.*inet6 \([^/]*\)/.*|\1|')
mkdir -p "$LAB_DIR/h/etc/v6guard"
conf=$LAB_DIR/h/etc/v6guard/v6guard.conf
# resolver LINE...: v6guardd with these lines in [resolver].
resolver() {
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54' "$@" >"$conf"
	: >"$LAB_DIR/h/daemon.log"
	daemon h
}
# at ADDRESS NAME TYPE...: asked from the other end of the wire.
at() { "$python" "$here/ask.py" "$@"; }
yes='NOERROR; A 198.51.100.1'

# ---- all addresses -------------------------------------------------------------------------

printf '%s\n' '[resolver]' 'enable = yes' 'listen = 127.0.0.1:5353' '  0.0.0.0:53' >"$conf"
check "all addresses, and nobody said who may ask" \
	"v6guardd: /etc/v6guard/v6guard.conf:3:10: listening on 0.0.0.0:53, all addresses, needs \`allow = PREFIX...\`: who may ask" \
	"$(on h v6guardd --check 2>&1)"
printf '%s\n' '[resolver]' 'enable = yes' 'listen = [::]:53 [::1]:53' 'allow = ::/0' >"$conf"
check "one of them twice" 'v6guardd: /etc/v6guard/v6guard.conf:3: [resolver] listen: [::1]:53: part of what is listened on already' \
	"$(on h v6guardd --check 2>&1)"

resolver 'listen = 0.0.0.0:53 [::]:53' 'allow = 127.0.0.0/8 ::1 10.64.1.0/24 2001:db8:1::/64 fe80::/10'
for address in 10.64.1.2 10.64.1.3 192.0.2.99 2001:db8:1::2 2001:db8:1::3 2001:db8:99::1 "$own_link%$wire"; do
	# ask.py is connected: what comes from elsewhere never reaches it. A cold name, then what is kept.
	name=n$RANDOM$RANDOM.rude.test
	check "$address answers itself" "$yes / $yes / $yes" \
		"$(at "$address" "$name" A) / $(at "$address" "$name" A) / $(at "$address" "$name" A tcp)"
done
check "so does loopback" "$yes / $yes / $yes" "$(for a in 127.0.0.1 127.8.8.8 ::1; do
	on h "$python" "$here/ask.py" $a lo.rude.test A; done | paste -sd/ | sed 's,/, / ,g')"
check "64 at once, each to another of them: each from there" '64 of 64' \
	"$("$python" - 10.64.1.2 10.64.1.3 192.0.2.99 <<-'END'
		import socket, struct, sys
		asked = []
		for i in range(64):
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
		    s.connect((sys.argv[1 + i % 3], 53)); asked.append(s)
		for i, s in enumerate(asked):
		    s.send(struct.pack("!6H", i, 0x100, 1, 0, 0, 0) + b"\4same\4rude\4test\0\0\1\0\1")
		print("%d of 64" % sum(s.recv(512)[:2] == struct.pack("!H", i) for i, s in enumerate(asked)))
	END
	)"
check "others than allow are refused there as well" 'REFUSED; EDE 18' "$(at 10.64.1.2 x.rude.test A from=198.51.100.2)"
check "what is sent to everybody is for nobody to answer" 'no answer' \
	"$("$python" - "$wire" <<-'END'
		import select, socket, struct, sys
		q = struct.pack("!6H", 3, 0x100, 1, 0, 0, 0) + b"\2lo\4rude\4test\0\0\1\0\1"
		four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); four.bind(("10.64.1.1", 0))
		four.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.64.1.1"))
		six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(sys.argv[1]))
		four.sendto(q, ("10.64.1.255", 53)); four.sendto(q, ("224.0.0.1", 53)); six.sendto(q, ("ff02::1", 53))
		print("an answer" if select.select([four, six], [], [], 0.7)[0] else "no answer")
	END
	)"
check "status names them" '0.0.0.0:53 [::]:53' "$(on h v6guard --json resolver status | "$python" -c 'import json, sys
print(" ".join(json.load(sys.stdin)["listen"]))')"
on h sh -c 'printf "nameserver 10.64.1.3\nnameserver 127.0.0.1\n" >/etc/resolv.conf'
check "query asks it" 1 "$(on h v6guard resolver query lo.rude.test A 2>&1 | grep -c 198.51.100.1)"
on h sh -c 'printf "nameserver 2001:db8:53::54\n" >/etc/resolv.conf'
check "resolver enable writes what programs can ask" 'nameserver 127.0.0.1 nameserver ::1' \
	"$(on h v6guard -q resolver enable >"$LAB_DIR/enable" 2>&1 || cat "$LAB_DIR/enable"; grep ^nameserver "$LAB_DIR/h/etc/resolv.conf" | paste -sd' ')"
on h v6guard -q resolver disable >/dev/null 2>&1
check "220 cells of sizes, all addresses" '220 of 220 right, 0 fragments, one would be seen' \
	"$("$python" "$here/sizes.py" "$wire" 1232 10.64.1.3 2001:db8:1::3)"
daemon_stop h

# It listens on all addresses: resolv.conf's own ones are itself.
resolver 'listen = 0.0.0.0:53' 'allow = 10.64.1.0/24'
check "IPv4 alone" "$yes no: [Errno 111] Connection refused" "$(at 10.64.1.2 a.rude.test A) $(at 2001:db8:1::2 a.rude.test A)"
daemon_stop h
sed -i 's/^upstream = .*/upstream = resolv.conf/' "$conf"
on h sh -c 'printf "nameserver 10.64.1.3\nnameserver 2001:db8:53::54\n" >/etc/resolv.conf'
daemon h
check "it is none of its own servers" '2001:db8:53::54' "$(on h v6guard resolver status | sed -n 's/^asks *\[\(.*\)\]:53.*/\1/p')"
daemon_stop h
on h sh -c 'printf "nameserver 2001:db8:53::54\n" >/etc/resolv.conf'

# IPv6 alone: the port of IPv4 is free for others.
resolver 'listen = [::]:53' 'allow = 2001:db8:1::/64'
check "IPv6 alone" "$yes no: [Errno 111] Connection refused" "$(at 2001:db8:1::2 a.rude.test A) $(at 10.64.1.2 a.rude.test A)"
check "another program may have IPv4's port" free "$(on h "$python" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 53)); print("free")')"
daemon_stop h
on h "$python" -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.64.1.3", 53)); print("there", flush=True); time.sleep(60)' >"$LAB_DIR/squatter" &
squatter=$!
until_true 5 grep -q there "$LAB_DIR/squatter"
resolver "listen = 0.0.0.0:53 [::1]:53 [$own_link%gone0]:53" 'allow = 10.64.1.0/24'
check "one address is taken: said, with who has it" 1 \
	"$(grep -c '0.0.0.0:53 is not listened on: in use by python3' "$LAB_DIR/h/daemon.log")"
check "status has the last of them" "on ['[::1]:53'] its interface is not there" \
	"$(on h v6guard --json resolver status | "$python" -c 'import json, sys
s = json.load(sys.stdin); print(s["state"], s["listen"], s["detail"].split(": ")[-1])')"
check "so is an interface that is not there" 1 "$(grep -c 'not listened on: its interface is not there' "$LAB_DIR/h/daemon.log")"
kill "$squatter"
daemon_stop h

# ---- addresses that come later, as they do at boot -----------------------------------------

resolver 'listen = 192.0.2.88:53 [2001:db8:88::88]:53' 'allow = 192.0.2.0/24 2001:db8:1::/64'
ip -6 route add 2001:db8:88::/64 via 2001:db8:1::2
state() { on h v6guard --json resolver status | "$python" -c 'import json, sys
s = json.load(sys.stdin); print(s["state"], s["listen"], s["waiting"], s["detail"])'; }
check "none of them is there: degraded, and why" \
	"degraded [] ['192.0.2.88:53', '[2001:db8:88::88]:53'] no interface has the address of 192.0.2.88:53" "$(state)"
check "both are said, once" "1 1" \
	"$(grep -c 'resolver: 192.0.2.88:53 is not listened on yet: no interface has that address' "$LAB_DIR/h/daemon.log") $(grep -c '2001:db8:88::88]:53 is not listened on yet' "$LAB_DIR/h/daemon.log")"
on h ip addr add 192.0.2.88/32 dev lo
check "one is: it answers at once" "$yes" "$(on h "$python" "$here/ask.py" 192.0.2.88 a.rude.test A)"
on h ip -6 addr add 2001:db8:88::88/64 dev up0 nodad
check "the other comes with its network" "$yes" "$(at 2001:db8:88::88 a.rude.test A)"
check "all is well" "on ['192.0.2.88:53', '[2001:db8:88::88]:53'] [] " "$(state)"
until_true 2 grep -q '2001:db8:88::88]:53 is listened on now' "$LAB_DIR/h/daemon.log"
check "that is said as well" "1 1" \
	"$(grep -c '192.0.2.88:53 is listened on now' "$LAB_DIR/h/daemon.log") $(grep -c '88::88]:53 is listened on now' "$LAB_DIR/h/daemon.log")"
on h ip addr del 192.0.2.88/32 dev lo
check "one goes: the other is enough" \
	"on ['[2001:db8:88::88]:53'] ['192.0.2.88:53'] no interface has the address of 192.0.2.88:53" "$(state)"
on h ip addr add 192.0.2.88/32 dev lo
check "and comes back, by UDP and TCP" "$yes $yes" \
	"$(on h "$python" "$here/ask.py" 192.0.2.88 b.rude.test A) $(on h "$python" "$here/ask.py" 192.0.2.88 b.rude.test A tcp)"
daemon_stop h

# An interface that is made two seconds after the start, its addresses still to be tested for
# duplicates, one of them of the link; it goes, and another one by its name comes.
resolver 'listen = 127.0.0.1:53 10.9.9.1:53 [2001:db8:99:1::1]:53 [fe80::99%late0]:53' 'allow = 127.0.0.0/8 10.9.9.0/24 2001:db8:99:1::/64 fe80::/10'
late() {
	on h ip link add late0 type veth peer name late1
	on h sysctl -qw net.ipv6.conf.late0.accept_dad=1 net.ipv6.conf.late0.dad_transmits=1
	on h ip link set late1 up
	on h ip link set late0 up
	on h ip addr add 10.9.9.1/24 dev late0
	on h ip -6 addr add 2001:db8:99:1::1/64 dev late0
	on h ip -6 addr add fe80::99/64 dev late0
}
# soon ADDRESS: milliseconds until it answers, of which it may be tentative for the first ones.
soon() { on h "$python" - "$1" <<-'END'
	import socket, sys, time
	ai = socket.getaddrinfo(sys.argv[1], 53, type=socket.SOCK_DGRAM)[0]
	begin, usable = time.monotonic(), None
	while time.monotonic() - begin < 10:
	    try:
	        if usable is None:
	            b = socket.socket(ai[0], socket.SOCK_DGRAM); b.bind((ai[4][0], 0) + ai[4][2:]); usable = time.monotonic()
	        s = socket.socket(ai[0], socket.SOCK_DGRAM); s.settimeout(0.05); s.connect(ai[4])
	        s.send(b"\0\7\1\0\0\1\0\0\0\0\0\0\1a\4rude\4test\0\0\1\0\1"); s.recv(512)
	        print("within 1 s" if time.monotonic() - usable < 1 else "after %.1f s" % (time.monotonic() - usable)); break
	    except OSError:
	        time.sleep(0.02)
	else:
	    print("never")
END
}
for round in comes "is another by its name"; do
	sleep 2
	late
	for address in 10.9.9.1 2001:db8:99:1::1 fe80::99%late0; do
		check "an interface $round: $address answers" "within 1 s" "$(soon $address)"
	done
	check "... none waits" 'on [] ' "$(state | sed 's/ \[.*\] \[/ [/')"
	on h ip link del late0
done
daemon_stop h

# ---- single addresses, and edns-size above what leaves the host ----------------------------

resolver "listen = 127.0.0.1:53 10.64.1.2:53 [2001:db8:1::2]:53 [$own_link%up0]:53" 'edns-size = 4096' \
	'allow = 127.0.0.0/8 10.64.1.0/24 2001:db8:1::/64 fe80::/10'
check "220 cells of sizes, single addresses, edns-size = 4096" '220 of 220 right, 0 fragments, one would be seen' \
	"$("$python" "$here/sizes.py" "$wire" 1232 10.64.1.2 2001:db8:1::2)"
check "110 cells by loopback: edns-size it is" '110 of 110 right, 0 fragments, none would be seen' \
	"$(on h "$python" "$here/sizes.py" lo 4096 127.0.0.1)"
check "an address of the link" "$yes" "$(at "$own_link%$wire" a.rude.test A)"
check "TCP: segments that fit 1280 bytes, both families" '1220 1220' \
	"$("$python" -c 'import socket
print(*(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) + 12 for s in
	(socket.create_connection((a, 53)) for a in ("10.64.1.2", "2001:db8:1::2"))))')"

# A way that is narrower than 1280, as only IPv4 has: no fragment, no silence, but TC.
on h ip route change 10.64.1.0/24 dev up0 src 10.64.1.2 mtu 600
check "1231 bytes by a way of 600" 'NOERROR TC' "$(at 10.64.1.2 size1231.rude.test TXT edns=1232)"
check "by TCP whole" 'NOERROR; TXT 1172 bytes' "$(at 10.64.1.2 size1231.rude.test TXT tcp)"
check "what fits is sent" 'NOERROR; TXT 242 bytes' "$(at 10.64.1.2 size300.rude.test TXT)"
daemon_stop h
check "nothing was said" '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
lab_done
