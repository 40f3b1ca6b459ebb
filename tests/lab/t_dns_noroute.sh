#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host without any IPv6: AAAA are left out for its own programs, in auto alone, until a route comes.
# alone: how long it takes
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host v4only h
on h sh -c 'echo 0 >/proc/sys/net/ipv6/conf/up0/disable_ipv6'
etc=$LAB_DIR/h/etc
mkdir -p "$etc/v6guard"
policy() {
	printf '%s\n' '[guard]' "mode = $1" '[resolver]' 'enable = yes' "upstream = $DNS4" 'listen = 127.0.0.64:53 10.64.1.2:53' \
		'allow = 127.0.0.0/8 10.64.0.0/16' '[nat64]' 'mode = off' '[log]' 'to = /run/events' 'events = stripped' \
		>"$etc/v6guard/v6guard.conf"
	on h v6guard -q apply
	! on h test -S /run/v6guard/control.sock || sleep 1.1
}
ask() { on h "$python" "$here/ask.py" "$@"; }
gone='NOERROR; EDE 17 [guard] auto'
there='NOERROR; AAAA 2001:db8:64::1'
ipv4='NOERROR; A 198.51.100.1'
policy auto
daemon h
check "no IPv6: AAAA are left out" "$gone" "$(ask 127.0.0.64 dual.lab.test AAAA by)"
check "... for 5 s at most" 5 "$(ask 127.0.0.64 www.lab.test AAAA ttl au | grep -o 'SOA.*ttl [0-9]*' | grep -o '[0-9]*$')"
check "... at the host's own address, too" "$gone" "$(ask 10.64.1.2 dual.lab.test AAAA by)"
check "A are there" "$ipv4" "$(ask 127.0.0.64 dual.lab.test A)"
check "DO: as it is" "$there" "$(ask 127.0.0.64 dual.lab.test AAAA do)"
check "another host: as it is" "$there" "$("$python" "$here/ask.py" 10.64.1.2 dual.lab.test AAAA)"
check "resolver query says why" 1 "$(on h v6guard resolver query dual.lab.test AAAA | grep -c no-route)"
check "libc's own resolver goes by the A" '198.51.100.1' \
	"$(echo 'nameserver 127.0.0.64' >"$etc/resolv.conf"; on h getent ahosts dual.lab.test | awk '{ print $1 }' | sort -u)"

# A router is heard 3 s after boot. Answers are kept just before.
sleep 3
check "just before the RA" "$gone" "$(ask 127.0.0.64 dual.lab.test AAAA by)"
link=${lab_iface[h]}
ip -6 addr add 2001:db8:1::1/64 dev "$link" nodad
on h ip -6 addr add 2001:db8:1::2/64 dev up0 nodad
on h ip -6 route add default via 2001:db8:1::1
start=$(now_ms)
is_there() { [ "$(ask 127.0.0.64 dual.lab.test AAAA)" = "$there" ]; }
until_true 5 is_there
took=$(($(now_ms) - start))
check "IPv6 comes: AAAA are given within 1 s" yes "$([ $took -lt 1000 ] && echo yes || echo "$took ms")"
ok "after $took ms"
check "a name that was not looked up before: at once" 'NOERROR; AAAA 2001:db8:64::1; CNAME dual.lab.test.' \
	"$(ask 127.0.0.64 far.lab.test AAAA | sed 's/; CNAME www.lab.test.//')"
check "IPv6 goes again" yes "$(on h ip -6 route del default; until_true 5 test "$(sleep 1; ask 127.0.0.64 dual.lab.test AAAA by)" = "$gone" && echo yes)"

# As containers are started at boot: other routes come and go all the time.
on h "$python" -c 'import subprocess, time
for i in range(120):
	subprocess.run(["ip", "-6", "route", "replace", "2001:db8:77:%x::/64" % i, "dev", "up0"])
	time.sleep(0.02)' &
storm=$!
sleep 0.2
check "while other routes change" "$gone" "$(ask 127.0.0.64 dual.lab.test AAAA by)"
on h ip -6 route add default via 2001:db8:1::1
start=$(now_ms)
until_true 5 is_there
took=$(($(now_ms) - start))
check "... IPv6 comes: AAAA are given within 1 s" yes "$([ $took -lt 1000 ] && echo yes || echo "$took ms")"
kill -0 $storm 2>/dev/null && ok "... which still do" || bad "... but the others had rested by then"
wait $storm
on h ip -6 route flush root 2001:db8:77::/48
on h ip -6 route del default
on h v6guard -q resolver flush >/dev/null

# Some IPv6 is no reason to leave that out.
on h ip -6 route add 2001:db8:64::/48 via 2001:db8:1::1
is_there || sleep 5
check "a route to these addresses alone: they are given" "$there" "$(ask 127.0.0.64 dual.lab.test AAAA)"
on h ip -6 route del 2001:db8:64::/48
sleep 5
policy off
check "mode = off: as it is" "$there" "$(ask 127.0.0.64 dual.lab.test AAAA)"
lab_done
