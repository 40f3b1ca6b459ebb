#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_ula.sh - [gai] known-local-ula: rows in gai.conf and the kernel's labels follow the unique
# local prefixes of the network; what people write stays.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
python=$(lab_tool python3) || lab_refuse "not installed: python3"

lab_host healthy h
conf=$LAB_DIR/h/etc/gai.conf out=$LAB_DIR/out
site=fd12:3456:789a
# The host's own /64 for a global address: without known-local rows it wins by rule 9.
global=$(on h ip -6 -o addr show dev up0 scope global | awk '{ sub(/::2\/64/, "", $4); print $4; exit }')
printf '%s\n' "$global::99 ula.test" "$site:2::80 ula.test" >>"$LAB_DIR/h/etc/hosts"
on h ip -6 route add "$site:2::/64" via "$global::1" dev up0

first() { on h getent ahosts ula.test | awk 'NR == 1 { print $1 ~ /^fd/ ? "ULA" : "global" }'; }
rows() { sed -n '/begin known-local/,/end known-local/p' "$conf" 2>/dev/null | awk '$1 == "label" { print $2 }' | paste -sd' '; }
labels() { on h ip addrlabel | awk '$4 == 14 { print $2 }' | sort | paste -sd' '; }
has_rows() { [ "$(rows)" = "$1" ]; }
# become WHAT ROWS: within 12 s.
become() { until_true 12 has_rows "$2"; check "$1" "$2" "$(rows)"; }
state() {
	on h v6guard --json status >"$out" 2>&1
	"$python" -c 'import json,sys; print(json.load(open(sys.argv[1]))["known_local"]["state"])' "$out" 2>&1
}
is_state() { [ "$(state)" = "$1" ]; }
address() { on h ip -6 addr "$1" "$2" dev up0 ${3:+nodad}; }
# advertise PIO RIO LIFETIME: one router advertisement.
advertise() {
	"$python" - "$(lab_link h 1)" "$@" <<-'END'
		import socket, struct, sys
		link, pio, rio, life = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
		s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
		index = socket.if_nametoindex(link)
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
		address = lambda text: socket.inet_pton(socket.AF_INET6, text)
		ra = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 0, 0, 0)
		ra += struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 600, 600, 0) + address(pio)
		ra += struct.pack("!BBBBI", 24, 3, 48, 0, life) + address(rio)
		s.sendto(ra, ("ff02::1", 0, 0, index))
	END
}

echo '# mine, and it stays' >"$conf"
guard h auto '[gai]' 'known-local-ula = yes' '[log]' 'events = door' "to = /run/v6guard.json"
daemon h || lab_done
check "no unique local prefix: nothing is written" "# mine, and it stays" "$(cat "$conf")"

# ---- an address ----------------------------------------------------------------------
check "before: the global address first" global "$(first)"
address add "$site:1::2/64" nodad
become "a row for the /48 of an address" "$site::/48"
check "now the site's first" ULA "$(first)"
check "the kernel's label" "$site::/48" "$(labels)"
check "what was there stays" "# mine, and it stays" "$(head -n 1 "$conf")"
check "glibc's own tables are written out" "5 8" \
	"$(sed '/begin known/,/end known/d' "$conf" | awk '$1 == "precedence" { p++ } $1 == "label" { l++ } END { print p, l }')"
check "policy show says whose it is" "2" "$(on h v6guard policy show | grep -c "^$site::/48 .*known-local")"
check "policy lint finds nothing in it" "" "$(on h v6guard policy lint 2>&1)"
check "status" on "$(state)"
on h v6guard status >"$out" 2>&1
check "status, for people" 1 "$(grep -c "^known-local *on: $site::/48" "$out")"
check "one entry of history" 1 "$(on h v6guard history gai | grep -c known-local-ula)"
was=$(stat -c '%i %y' "$conf")
address add "$site:1::3/64" nodad
address add "2001:db8:aaaa::1/64" nodad
sleep 2.5
check "what changes no row is not written" "$was" "$(stat -c '%i %y' "$conf")"

# ---- router advertisements -----------------------------------------------------------
on h sh -c 'echo 64 >/proc/sys/net/ipv6/conf/up0/accept_ra_rt_info_max_plen; echo 1 >/proc/sys/net/ipv6/conf/up0/accept_ra'
ip -6 addr show dev "$(lab_link h 1)" | grep -q fe80 || ip -6 addr add fe80::1/64 dev "$(lab_link h 1)" nodad
advertise fd77:1:2:3:: fd88:1:2:: 600
become "a prefix and a route by a router" "$site::/48 fd77:1:2::/48 fd88:1:2::/48"
check "the kernel's labels" "$site::/48 fd77:1:2::/48 fd88:1:2::/48" "$(labels)"
advertise fd77:1:2:3:: fd88:1:2:: 0
become "the route is withdrawn" "$site::/48 fd77:1:2::/48"
check "no history for that" 1 "$(on h v6guard history gai | grep -c known-local-ula)"

# ---- off and on ----------------------------------------------------------------------
on h v6guard -q off
become "off: gone" ""
until_true 2 test -z "$(labels)"
check "the labels as well" "" "$(labels)"
check "only the tables are left" "0" "$(grep -c 'known-local' "$conf")"
on h v6guard -q on
become "on: back" "$site::/48 fd77:1:2::/48"

on h v6guard -q disable
become "disable: gone" ""
on h v6guard --json status >"$out" 2>&1
check "status knows" 1 "$(grep -c 'v6guard is off or not enabled' "$out")"
on h v6guard -q enable >/dev/null 2>&1
become "enable: back" "$site::/48 fd77:1:2::/48"

# ---- by hand -------------------------------------------------------------------------
sed -i "s/precedence $site::.48 45/precedence $site::\/48 46/" "$conf"
was=$(cat "$conf")
address add fd99::2/64 nodad
until_true 12 is_state edited
check "a change by hand is seen" edited "$(state)"
check "and stays" "$was" "$(cat "$conf")"
check "an event tells" 1 "$(grep -c '"edited"' "$LAB_DIR/h/run/v6guard.json")"
on h v6guard status >"$out" 2>&1
check "status says why" 1 "$(grep -c 'changed by hand, and is left alone' "$out")"
sed -i "s/precedence $site::.48 46/precedence $site::\/48 45/" "$conf"
address del fd99::2/64
address add fd98::2/64 nodad
become "put right again, it follows the network" "$site::/48 fd77:1:2::/48 fd98::/48"
sed -i '/begin known/,/end known/d' "$conf"
address del fd98::2/64
until_true 12 is_state removed
check "taken out by hand, it stays out" "removed " "$(state) $(rows)"
kill -HUP "$(daemon_pid h)"
become "until the next reload" "$site::/48 fd77:1:2::/48"
check "only what stays is in history" 1 "$(on h v6guard history gai | grep -c known-local-ula)"

# ---- killed --------------------------------------------------------------------------
kill -KILL "$(daemon_pid h)"
wait "$(daemon_pid h)" 2>/dev/null
check "killed: it stays" "$site::/48 fd77:1:2::/48" "$(rows)"
address del "$site:1::2/64"
address del "$site:1::3/64"
daemon h || lab_done
become "the next start brings it up to date" "fd77:1:2::/48"
check "the labels as well" "fd77:1:2::/48" "$(labels)"

# ---- the end -------------------------------------------------------------------------
sed -i 's/known-local-ula = yes/known-local-ula = no/' "$LAB_DIR/h/etc/v6guard/v6guard.conf"
kill -HUP "$(daemon_pid h)"
become "known-local-ula = no: gone" ""
sed -i 's/known-local-ula = no/known-local-ula = yes/' "$LAB_DIR/h/etc/v6guard/v6guard.conf"
kill -HUP "$(daemon_pid h)"
become "and back" "fd77:1:2::/48"
daemon_stop h
check "with v6guardd it goes" "0 " "$(grep -c known-local "$conf") $(labels)"
check "libc's own tables are left" "" "$(on h v6guard policy lint 2>&1)"
lab_done
