#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# v6guardd at work: real programs on hosts whose IPv6 breaks in different ways. Each story has
# a host of its own; the first goes by the clock, and all others run at the same time.
# V6GUARD_LONG=1: full lengths.
#
#   t_evidence.sh [STORY...]    blackhole later partial rollout partner down refuses icmp
#                               ipv4 loss mtu epoch spared nscd hostile around port liar
# alone: who is freed within 3.5 s, and after how many connects
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
long=${V6GUARD_LONG:-}

# ---- what stories say and ask ---------------------------------------------------------------

family_of() {
	case $1 in
	*:*) echo 6 ;;
	*.*) echo 4 ;;
	*) echo - ;;
	esac
}

# visit HOST NAME [SECONDS]: the family a web page came over, and milliseconds: "4 2310".
visit() {
	local start got
	start=$(now_ms)
	got=$(on "$1" timeout "${3:-20}" wget -q -t 1 -O - "http://$2/" 2>/dev/null)
	echo "$(family_of "$got") $(($(now_ms) - start))"
}
over() { visit "$@" | cut -d' ' -f1; }

# ask HOST LINE: v6guardd's answer, one JSON object.
ask() {
	on "$1" "$python" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/v6guard/control.sock")
s.sendall(sys.argv[1].encode() + b"\n")
while True:
	part = s.recv(65536)
	if not part: break
	sys.stdout.write(part.decode())' "$2"
}
# field HOST LINE EXPRESSION: of that object, as python sees it in `a`.
field() { ask "$1" "$2" | "$python" -c 'import json, sys
a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$3"; }
# verdict HOST PREFIX: what is published of exactly that prefix.
verdict() { field "$1" 'verdict list' "([v['verdict'] for v in a['verdicts'] if v['prefix'] == '$2'] or ['unknown'])[0]"; }
evidence() { field "$1" 'verdict list' "([v['evidence'] for v in a['verdicts'] if v['prefix'] == '$2'] or ['nothing'])[0]"; }
broken() { field "$1" 'verdict list' "' '.join(sorted(v['prefix'] for v in a['verdicts'] if v['verdict'] == 'broken'))"; }
is_verdict() { [ "$(verdict "$1" "$2")" = "$3" ]; }
counter() { field "$1" status "a['counters']['$2']"; }
epoch() { field "$1" status "a['epoch']"; }
nothing_broken() { [ -z "$(broken "$1")" ]; }
goes_over() { [ "$(over "$1" "$2" 3)" = "$3" ]; }
events() { cat "$LAB_DIR/$1/events" 2>/dev/null; }

# quick WHAT LIMIT_MS WANT "FAMILY MS": a visit that came over WANT within the limit.
quick() {
	local family ms
	read -r family ms <<<"$4"
	check "$1" "$3 within $2 ms" "$family $([ "$ms" -le "$2" ] && echo "within $2 ms" || echo "in $ms ms")"
}

# begin HOST LINE...: mode auto with LINEs, and the daemon.
begin() {
	local host=$1
	shift
	guard "$host" auto "$@" '[log]' 'to = /run/events' || return 1
	daemon "$host"
	ln -s "$LAB_DIR/$host/run/events" "$LAB_DIR/$host/events"
}

figure() { printf 'figure  %-44s %s\n' "$1" "$2"; }

# ---- the stories ----------------------------------------------------------------------------

# One connect of CLIENT to NAME on HOST: the family the server saw, or -.
client() {
	local host=$2 name=$3 got
	case $1 in
	wget) got=$(on "$host" timeout 20 wget -q -t 1 -O - "http://$name/") ;;
	python) got=$(on "$host" timeout 20 "$python" -c 'import sys, urllib.request as u
print(u.urlopen("http://%s/" % sys.argv[1]).read().decode())' "$name") ;;
	perl) got=$(on "$host" timeout 20 perl -MIO::Socket::IP -e '
$s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 7, Type => SOCK_STREAM) or exit 1; print <$s>' "$name") ;;
	nc) got=$(on "$host" timeout 20 nc "$name" 7) ;;
	static) got=$(on "$host" timeout 20 "$LAB_DIR/static" connect "$name" 7) ;;
	# It does not say over what; sshd does.
	ssh-keyscan) on "$host" timeout 20 ssh-keyscan -T 20 "$name" 2>&1 | grep -q SSH-2.0 && got=$(sshd_saw) ;;
	esac 2>/dev/null </dev/null
	family_of "$got"
}
sshd_saw() { sed -n 's/^Connection \(closed by\|reset by\) \([0-9a-f.:]*\) port.*/\2/p' "$LAB_DIR/ssh/log" | tail -n 1; }

# CLIENT connects to NAME over and over, 0.3 s apart, until STOP exists: "begun took family".
client_loop() {
	local start got
	while [ ! -e "$LAB_DIR/stop" ]; do
		start=$(now_ms)
		got=$(client "$1" b "$2")
		echo "$start $(($(now_ms) - start)) $got"
		sleep 0.3
	done >"$LAB_DIR/loop.$1"
}

# Of CLIENT's loop, healed at $2: "first-good suffered heal-to-ipv6", milliseconds.
loop_figures() {
	awk -v healed="$2" '
		NR == 1 { begun = $1 }
		$3 != "-" && first == "" { first = $1 + $2 - begun }
		$2 > 1000 || $3 == "-" { suffered++ }
		$3 == 6 && $1 > healed && back == "" { back = $1 + $2 - healed }
		END { print first == "" ? "none" : first, suffered + 0, back == "" ? "none" : back }' "$LAB_DIR/loop.$1"
}

cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ total += ($14 + $15) * 1000 / hz } END { print total }' \
	"/proc/$(daemon_pid b)/stat" "/proc/$(field b status "a['pid']")/stat"; }

# Everything beyond the link is dropped from the start; rescue is on. Then it heals. Each
# client in a loop, to a name of its own.
s_blackhole() {
	local i=0 ms packets healed client first suffered back pids='' clients='wget python perl nc ssh-keyscan static'
	[ "$lab_ssh" = 'a real sshd' ] || clients='wget python perl nc static'
	filter b 6 'ip6 daddr 2001:db8:1::/64 accept' 'ip6 daddr 2000::/3 drop'
	begin b '[rescue]' 'mode = on' || return
	quick "the link itself works over IPv6" 1000 6 "$(visit b l1)"
	for client in $clients; do
		i=$((i + 1))
		client_loop "$client" w$i &
		pids="$pids $!"
	done
	sleep 1.7
	check "stuck lists them" yes "$(on b v6guard stuck | grep -q wget && echo yes)"
	until_true 10 is_verdict b ::/0 broken
	check "what is broken: ::/0" broken "$(verdict b ::/0)"
	sleep 2
	check "each rescue is an event" yes \
		"$(events b | "$python" -c 'import json, sys
seen = [json.loads(line) for line in sys.stdin]
print("yes" if any(e["event"] == "rescue" and e["result"] == "freed" and e["program"] == "wget" and e["partner"] for e in seen) else seen)')"
	quick "a name never seen before goes to IPv4 at once" 700 4 "$(visit b p1)"
	quick "... and the link is still IPv6" 700 6 "$(visit b l1)"
	[ ! -x "$LAB_DIR/static" ] || check "a static program is given IPv4 alone" 4 \
		"$(on b timeout 5 "$LAB_DIR/static" look w2)"
	# A program that had its addresses before: within 0.7 s.
	ms=$(on b "$python" -c 'import socket, time
start = time.monotonic()
s = socket.socket(socket.AF_INET6)
try: s.connect(("2a01:1::1", 80))
except OSError: pass
print(int((time.monotonic() - start) * 1000))')
	check "a program that goes there all the same is freed within 0.7 s" yes "$([ "$ms" -le 700 ] && echo yes || echo "$ms ms")"
	sleep 4 # no probe of the first seconds is under way any more
	packets=$(counter b probes)
	filter b 6
	healed=$(now_ms)
	until_true 35 goes_over b w1 6
	ms=$(($(now_ms) - healed))
	check "back to IPv6 within 30 s of healing" yes "$([ "$ms" -le 30000 ] && echo yes || echo "$ms ms")"
	until_true 10 nothing_broken b
	check "nothing is broken any more" '' "$(broken b)"
	sleep 1.5
	: >"$LAB_DIR/stop"
	# shellcheck disable=SC2086
	wait $pids
	figure "client" "first good connect, connects that suffered, heal to IPv6"
	for client in $clients; do
		read -r first suffered back <<<"$(loop_figures "$client" "$healed")"
		figure "$client" "$first ms, $suffered, $back ms"
		check "$client: first good connect within 3.5 s" yes "$([ "$first" != none ] && [ "$first" -le 3500 ] && echo yes || echo "$first")"
		check "$client: one connect suffered" 1 "$suffered"
		check "$client: back on IPv6 within 30 s of healing" yes "$([ "$back" != none ] && [ "$back" -le 31000 ] && echo yes || echo "$back")"
	done
	figure "healing of ::/0" "$ms ms"
	figure "probes while broken, in all" "$packets, $(counter b probes)"
	figure "CPU of v6guardd, both processes" "$(cpu_ms) ms in $(field b status "a['uptime']") s"
}

# It breaks under a working host, and heals.
s_later() {
	local begin_ms at name
	begin lt '[probe]' 'broken-ttl = 5s' '[rescue]' 'mode = on' || return
	check "IPv6 at first" 6 "$(over lt w1)"
	sleep "$([ "$long" ] && echo 9 || echo 3)"
	filter lt 6 'ip6 daddr 2a00::/16 drop' 'ip6 daddr 2a01::/16 drop' 'ip6 daddr 2a02::/16 drop' 'ip6 daddr 2a03::/16 drop'
	quick "a name not seen before: its first victim is freed" 3500 4 "$(visit lt w2)"
	quick "and the next goes to IPv4" 700 4 "$(visit lt w2)"
	check "w1 was ok a moment ago: no verdict yet" ok "$(verdict lt 2a01:1::1/128)"
	sleep "$([ "$long" ] && echo 20 || echo 2)"
	filter lt 6
	begin_ms=$(now_ms)
	until_true 30 goes_over lt w2 6
	at=$(($(now_ms) - begin_ms))
	check "one destination is back after its re-test" 6 "$(over lt w2 3)"
	figure "healing of one destination, broken-ttl = 5s" "$at ms"
	check "w1 never left" 6 "$(over lt w1 3)"
}

# Its own /48 works, the rest does not.
s_partial() {
	local n=${lab_number[pa]} name
	filter pa 6 "ip6 daddr 2001:db8::/32 accept" 'ip6 daddr 2000::/3 drop'
	begin pa '[rescue]' 'mode = on' || return
	for name in w1 w2 w3 w4; do
		visit pa $name 8 >"$LAB_DIR/pa.$name" &
	done
	check "the own site is IPv6" '6 6 6 ' "$(for name in "l$n" "o$n" "q$n"; do printf '%s ' "$(over pa $name)"; done)"
	for name in w1 w2 w3 w4; do
		until_true 8 test -s "$LAB_DIR/pa.$name"
		quick "the first victim of $name is freed" 3500 4 "$(cat "$LAB_DIR/pa.$name")"
	done
	check "the own site stays IPv6" '6 6 6 ' "$(for name in "l$n" "o$n" "q$n"; do printf '%s ' "$(over pa $name)"; done)"
	check "the rest goes to IPv4" '4 4 4 4 ' "$(for name in w1 w2 w3 w4; do printf '%s ' "$(over pa $name 3)"; done)"
}

# A cloud rollout, lived through by one host without a change: only its own /64 works; its /56
# and one peered /48 as well; everything. A default route exists throughout.
s_rollout() {
	local n=${lab_number[ro]} names step want start ms name
	names="l$n o$n q$n p1 p2 p3 w1 w2 w3 w4 w5 w6"
	filter ro 6 "ip6 daddr 2001:db8:$n::/64 accept" 'ip6 daddr 2000::/3 drop'
	# shellcheck disable=SC2046
	begin ro 'unknown = distrust' $([ "$long" ] || echo '[probe]') $([ "$long" ] || echo broken-ttl=5s) \
		$([ "$long" ] || echo broken-ttl-max=20s) || return
	families() {
		local name family ms
		for name in $names; do
			read -r family ms <<<"$(visit ro "$name" 8)"
			printf '%s' "$family"
			echo "$ms $name" >>"$LAB_DIR/ro.times"
		done
	}
	is_family() { sleep 0.7; [ "$(families)" = "$1" ]; }
	figure "rollout, family used for" "$names"
	for step in "1 644444444444" "2 666666444444" "3 666666666666"; do
		want=${step#* }
		case $step in
		2*) filter ro 6 "ip6 daddr 2001:db8:$n::/56 accept" 'ip6 daddr 2a0a:a:a::/48 accept' 'ip6 daddr 2000::/3 drop' ;;
		3*) filter ro 6 ;;
		esac
		start=$(now_ms)
		until_true 90 is_family "$want"
		check "phase ${step%% *}: $names" "$want" "$(families)"
		figure "rollout, phase ${step%% *}, known after" "$(families | sed 's/./& /g') $(($(now_ms) - start)) ms"
		case $step in
		1*)
			sleep 4 # no probe of before is under way any more
			check "phase 1: no program tried any: a hint condemns no prefix" unknown "$(verdict ro ::/0)"
			;;
		esac
	done
	read -r ms name <<<"$(sort -n "$LAB_DIR/ro.times" | tail -n 1)"
	check "no program ever waited, of $(wc -l <"$LAB_DIR/ro.times")" yes "$([ "$ms" -lt 1000 ] && echo yes || echo "$name: $ms ms")"
	figure "rollout, longest of all connects" "$ms ms"
}

# One partner's prefix is broken.
s_partner() {
	local name
	filter pp 6 'ip6 daddr 2a0a:a:a::/48 drop'
	begin pp '[rescue]' 'mode = on' || return
	for name in p1 p2 p3; do
		visit pp $name 8 >"$LAB_DIR/pp.$name" &
	done
	check "elsewhere is IPv6" 6 "$(over pp w1)"
	until_true 8 test -s "$LAB_DIR/pp.p3"
	until_true 8 is_verdict pp 2a0a:a:a::/48 broken
	check "the /48 is broken" broken "$(verdict pp 2a0a:a:a::/48)"
	check "::/0 is not" unknown "$(verdict pp ::/0)"
	check "the partner is reached over IPv4, the rest over IPv6" '4 4 4 6 6 ' \
		"$(for name in p1 p2 p3 w2 w3; do printf '%s ' "$(over pp $name 3)"; done)"
}

# The server is down on both families: nothing is said of it. Nor when both come back while a
# SYN still waits for its turn, which IPv4's probes do not.
s_down() {
	filter dn 6 'ip6 daddr 2a01:1::1 drop'
	filter dn 4 'ip daddr 203.0.113.1 drop'
	begin dn '[rescue]' 'mode = on' || return
	visit dn w1 7 >/dev/null
	check "down on both families: no verdict" '' "$(broken dn)"
	check "and nobody was freed" 0 "$(counter dn rescues)"
	check "the next one is IPv6" 6 "$(over dn w2)"
	filter dn 6 'ip6 daddr 2a03:3::1 drop'
	filter dn 4 'ip daddr 203.0.113.3 drop'
	over dn w3 40 >"$LAB_DIR/dn.back" &
	sleep 13
	filter dn 6
	filter dn 4
	wait $!
	check "both are back: the one that waited gets there over IPv6" 6 "$(cat "$LAB_DIR/dn.back")"
	check "no verdict came of it" '' "$(broken dn)"
	check "and still nobody was freed" 0 "$(counter dn rescues)"
}

# Nobody listens: that is an answer.
s_refuses() {
	begin rf '[rescue]' 'mode = on' || return
	on rf timeout 3 nc -z w1 9 </dev/null
	on rf timeout 3 "$python" -c 'import socket
for i in range(3):
	try: socket.create_connection(("w1", 9), 2)
	except OSError: pass'
	sleep 1
	check "refused is not broken" '' "$(broken rf)"
	check "and the web server beside it is reached over IPv6" 6 "$(over rf w1)"
}

# ICMP errors come back: programs go on by themselves, but each loses a second.
s_icmp() {
	filter ic 6 'ip6 daddr 2a01:1::1 reject with icmpv6 type admin-prohibited'
	begin ic || return
	visit ic w1 8 >/dev/null
	until_true 8 is_verdict ic 2a01:1::1/128 broken
	check "ICMP errors on two attempts: broken" broken "$(verdict ic 2a01:1::1/128)"
	check "... by ICMP" icmp "$(evidence ic 2a01:1::1/128)"
	quick "the next goes to IPv4 at once" 700 4 "$(visit ic w1)"
	check "other places are IPv6" 6 "$(over ic w2)"
}

# IPv4 is broken, IPv6 is fine.
s_ipv4() {
	local name
	filter v4 4 "ip daddr $DNS4 accept" 'drop'
	begin v4 '[rescue]' 'mode = on' || return
	for name in w1 w2 w3; do
		check "IPv4 broken, IPv6 fine: $name is IPv6" 6 "$(over v4 $name)"
	done
	on v4 timeout 2 nc -z 203.0.113.5 80
	check "nothing is broken, nothing is stripped" '' "$(broken v4)"
	check "no rescue" 0 "$(counter v4 rescues)"
}

# One packet in five is lost: slow, but not broken.
s_loss() {
	local i end rounds=0 over6=0
	begin ls '[rescue]' 'mode = on' || return
	check "the first success" 6 "$(over ls w1)"
	filter ls 6 'tcp flags & (syn|ack) == syn numgen random mod 100 < 20 drop'
	filter ls 4 'tcp flags & (syn|ack) == syn numgen random mod 100 < 20 drop'
	end=$(($(now_ms) + $([ "$long" ] && echo 600000 || echo 30000)))
	while [ "$(now_ms)" -lt "$end" ]; do
		rounds=$((rounds + 1))
		[ "$(over ls w1 30)" != 6 ] || over6=$((over6 + 1))
		sleep "$([ "$long" ] && echo 5 || echo 0.3)"
	done
	check "20 % loss: no verdict" '' "$(broken ls)"
	check "20 % loss: no rescue" 0 "$(counter ls rescues)"
	check "20 % loss: all over IPv6" "$rounds" "$over6"
	figure "20 % loss: connects, false verdicts, rescues" "$rounds, 0, 0"
}

# SYNs pass, full packets do not.
s_mtu() {
	local i
	filter mt 6 'ip6 daddr 2000::/3 meta length > 1300 drop'
	begin mt || return
	# A request that fills packets; says which family it got its answer over.
	cat >"$LAB_DIR/mtu.py" <<-'END'
		import socket, sys
		s = socket.create_connection((sys.argv[1], 80), 3)
		s.settimeout(float(sys.argv[2]))
		try:
		    s.sendall(b"GET / HTTP/1.0\r\nCookie: " + b"x" * 4000 + b"\r\n\r\n")
		    print(4 if b"." in s.makefile("rb").read().split(b"\r\n\r\n")[1] else 6)
		except OSError:
		    print("stuck over", 6 if s.family == socket.AF_INET6 else 4)
	END
	check "the first one hangs on its data" 'stuck over 6' "$(on mt "$python" "$LAB_DIR/mtu.py" w1 6)"
	until_true 2 is_verdict mt 2a01:1::1/128 broken
	check "a path MTU hole is broken" broken "$(verdict mt 2a01:1::1/128)"
	check "... by stalled data" stall "$(evidence mt 2a01:1::1/128)"
	for i in 1 2 3; do
		check "the next goes over IPv4 ($i)" 4 "$(on mt "$python" "$LAB_DIR/mtu.py" w1 6)"
		on mt timeout 2 nc -z 2a01:1::1 80
		sleep 1
	done
	check "handshakes do not clear it" broken "$(verdict mt 2a01:1::1/128)"
	check "no flapping: it changed once" 1 "$(events mt | grep -c '"verdict".*2a01:1::1/128')"
}

# What is a new network, and what is not.
s_epoch() {
	local first n=${lab_number[ep]}
	begin ep || return
	first=$(epoch ep)
	on ep ip link add veth9 type veth peer name veth9p
	on ep ip addr add 172.17.0.1/16 dev veth9
	on ep ip link set veth9 up
	on ep ip link set veth9p up
	sleep 1
	check "a new veth, docker-like: no new epoch" "$first" "$(epoch ep)"
	on ep ip -6 route add 2001:db8:77::/48 via "2001:db8:$n::1"
	sleep 1
	check "a route that is no default: no new epoch" "$first" "$(epoch ep)"
	on ep sh -c "ip link set up0 down && ip link set up0 up &&
		ip -6 addr add 2001:db8:$n::2/64 dev up0 nodad 2>/dev/null;
		ip route add default via 10.64.$n.1; ip -6 route add default via 2001:db8:$n::1"
	sleep 1.2
	check "interface down and up: the same network" "$first" "$(epoch ep)"
	on ep v6guard -q verdict set 2a01:1::1 broken >/dev/null 2>&1
	on ep ip -6 route replace default via "2001:db8:$n::1:1"
	sleep 1.2
	check "another default route: a new epoch" $((first + 1)) "$(epoch ep)"
	check "... which is an event that says why" yes "$(events ep | grep '"epoch"' | grep -q default && echo yes || events ep)"
	on ep ip -6 route del default
	sleep 1.2
	check "no default route: a new epoch" $((first + 2)) "$(epoch ep)"
}

# Three servers are dead over IPv6, and all else works: nothing changes for that.
s_around() {
	local name end pids='' over4=0 visits=0 broken=0
	begin ar '[rescue]' 'mode = on' || return
	check "a name that works" 6 "$(over ar w4)"
	filter ar 6 'ip6 daddr 2a01:1::/32 drop' 'ip6 daddr 2a02:2::/32 drop' 'ip6 daddr 2a03:3::/32 drop'
	for name in w1 w2 w3; do
		visit ar $name >"$LAB_DIR/ar.$name" &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	for name in w1 w2 w3; do
		quick "$name is dead: its first victim is freed" 3500 4 "$(cat "$LAB_DIR/ar.$name")"
	done
	end=$(($(now_ms) + $([ "$long" ] && echo 300000 || echo 25000)))
	while [ "$(now_ms)" -lt "$end" ]; do
		for name in w4 w5 w6; do
			visits=$((visits + 1))
			[ "$(over ar $name)" = 6 ] || over4=$((over4 + 1))
		done
		[ "$(verdict ar ::/0)" != broken ] || broken=$((broken + 1))
		sleep 0.5
	done
	check "three dead servers: ::/0 is never broken" 0 "$broken"
	check "... and what works is reached over IPv6, each time of $visits" 0 "$over4"
	check "... and the dead ones over IPv4" '4 4 4 ' "$(for name in w1 w2 w3; do printf '%s ' "$(over ar $name 3)"; done)"
	# It stops all of a sudden: those that answered are silent now.
	filter ar 6 'ip6 daddr 2a00::/8 drop'
	visit ar w4 8 >/dev/null
	until_true 8 is_verdict ar ::/0 broken
	check "a real blackhole beside them: ::/0 is broken" broken "$(verdict ar ::/0)"
	filter ar 6
	until_true 25 goes_over ar w4 6
	check "... and heals" 6 "$(over ar w4)"
}

# One port is filtered over IPv6, and another of the same address works.
s_port() {
	local start got
	begin po '[rescue]' 'mode = on' || return
	filter po 6 'ip6 daddr 2a01:1::1 tcp dport 7 drop'
	check "port 80 works" 6 "$(over po w1)"
	start=$(now_ms)
	got=$(on po timeout 20 nc w1 7 </dev/null)
	quick "port 7 is filtered: who hangs there is freed" 3500 4 "$(family_of "$got") $(($(now_ms) - start))"
	check "... the address is ok all the same" ok "$(verdict po 2a01:1::1/128)"
	check "... and reached over IPv6" 6 "$(over po w1)"
	check "... which was on port 80" 80 "$(field po 'verdict list' "[v['port'] for v in a['verdicts'] if v['prefix'] == '2a01:1::1/128'][0]")"
}

# One user alone tries three dead servers, and says so with each lookup.
s_liar() {
	local name pids=''
	[ "$LAB_ROOT" -eq 0 ] || { skip "one user's word" "not root"; return; }
	begin li '[rescue]' 'mode = on' || return
	check "IPv6 at first" 6 "$(over li w4)"
	filter li 6 'ip6 daddr 2a01:1::/32 drop' 'ip6 daddr 2a02:2::/32 drop' 'ip6 daddr 2a03:3::/32 drop'
	for name in w1 w2 w3; do
		on li setpriv --reuid 65534 --clear-groups timeout 8 wget -q -t 1 -O - "http://$name/" >/dev/null &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	sleep 4 # a round that was wanted is over
	check "what one user tries in vain condemns no more than that" unknown "$(verdict li ::/0)"
	check "... and others go over IPv6" '6 6 ' "$(for name in w4 w5; do printf '%s ' "$(over li $name)"; done)"
}

# Who is not to be freed is not; and enforce = no does nothing to anybody.
s_spared() {
	local nc dry
	begin sp '[rescue]' 'mode = on' 'exclude-programs = nc' || return
	guard dr auto 'enforce = no' '[rescue]' 'mode = on' && daemon dr
	filter sp 6 'ip6 daddr 2a00::/8 drop'
	filter dr 6 'ip6 daddr 2a00::/8 drop'
	on sp timeout 6 nc w1 7 </dev/null >"$LAB_DIR/spared" &
	nc=$!
	on dr timeout 6 wget -q -t 1 -O - http://w1/ >"$LAB_DIR/dry" &
	dry=$!
	quick "a program that is not excluded is freed" 3500 4 "$(visit sp w2)"
	until_true 3 is_verdict dr 2a01:1::1/128 broken
	check "enforce = no: the verdict is there" broken "$(verdict dr 2a01:1::1/128)"
	check "... and both families are handed out all the same" 64 \
		"$(on dr getent ahosts w1 | awk '$2 == "STREAM" { printf "%s", ($1 ~ /:/ ? 6 : 4) }')"
	wait "$nc" "$dry"
	check "an excluded program is left alone" '' "$(cat "$LAB_DIR/spared")"
	check "... which is an event, once" 1 "$(events sp | grep '"rescue"' | grep '"nc"' | grep -c excluded)"
	check "enforce = no: nobody is freed" '0 ' "$(counter dr rescues) $(cat "$LAB_DIR/dry")"
	check "... and status says why not" off "$(field dr status "a['rescue']['state']")"
	daemon_stop dr
}

# nscd keeps answers, and is told when a verdict changes.
s_nscd() {
	lab_nscd ns || { skip "nscd" "not there: ./quickstart test brings it"; return; }
	begin ns '[rescue]' 'mode = on' || return
	filter ns 6 'ip6 daddr 2a01:1::1 drop'
	firsts() { on ns getent ahosts "$1" | awk '$2 == "STREAM" { printf "%s", ($1 ~ /:/ ? 6 : 4) }'; }
	check "both families at first, by way of nscd" 64 "$(firsts w1)"
	visit ns w1 8 >/dev/null
	until_true 5 is_verdict ns 2a01:1::1/128 broken
	is_first() { [ "$(firsts w1)" = "$1" ]; }
	until_true 5 is_first 4
	check "what nscd kept is gone with the verdict" 4 "$(firsts w1)"
	filter ns 6
	ask ns 'verdict clear' >/dev/null
	until_true 5 is_first 64
	check "... and with its end" 64 "$(firsts w1)"
	on ns nscd -K
}

# Users who tell lies.
s_hostile() {
	local before after i flood
	[ "$LAB_ROOT" -eq 0 ] || { skip "hostile users" "not root"; return; }
	begin ho || return
	before=$(visit ho w1)
	cat >"$LAB_DIR/flood.py" <<-'END'
		import os, socket, sys, time
		os.setgid(65534); os.setuid(65534)
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.setblocking(False)
		end = time.monotonic() + 4
		good = open(sys.argv[1], "rb").read() if len(sys.argv) > 1 else b""
		n = 0
		while time.monotonic() < end:
		    n += 1
		    for packet in (b"", os.urandom(40), b"V6GH" + os.urandom(60), os.urandom(510), good):
		        try: s.sendto(packet, "/run/v6guard/hint.sock")
		        except OSError: time.sleep(0.0005)
	END
	on ho "$python" "$LAB_DIR/flood.py" &
	flood=$!
	for i in $(seq 64); do
		on ho getent ahosts "w$((i % 6 + 1))" >/dev/null &
	done
	sleep 2
	after=$(visit ho w2)
	quick "while another floods hints, lookups are as quick" 700 6 "$after"
	wait "$flood"
	sleep 0.5
	check "the daemon is still there" True "$(field ho status "a['uptime'] >= 0")"
	check "the flood is counted, by uid" True "$(field ho status "any(r['uid'] == 65534 and r['refused'] + r['malformed'] > 100 for r in a['counters']['reporters'])")"
	check "64 processes were heard" True "$(field ho status "any(r['uid'] == 0 and r['hints'] >= 30 for r in a['counters']['reporters'])")"
	check "nothing is broken" '' "$(broken ho)"
	check "verdicts cannot be set by everybody" True "$(on ho setpriv --reuid 65534 --clear-groups "$python" -c 'import json, socket
s = socket.socket(socket.AF_UNIX); s.connect("/run/v6guard/control.sock"); s.sendall(b"verdict set ::/0 broken 60\n")
print("error" in json.loads(s.recv(4096)))')"
	# A snapshot of one's own concerns oneself alone, and nobody's setuid programs.
	guard healthy2 strip-aaaa
	cp "$LAB_DIR/healthy2/lib/v6guard/policy.snap" "$LAB_DIR/evil.snap"
	chown 65534 "$LAB_DIR/evil.snap"
	check "a faked snapshot acts for its owner's process" 4 "$(on ho setpriv --reuid 65534 --clear-groups env V6GUARD_SNAPSHOT="$LAB_DIR/evil.snap" getent ahosts w3 | awk 'NR == 1 { print $1 ~ /:/ ? 6 : 4 }')"
	check "... and for no other" 6 "$(on ho getent ahosts w3 | awk 'NR == 1 { print $1 ~ /:/ ? 6 : 4 }')"
}

# ---- the first, and then all at once -------------------------------------------------------------

stories='blackhole later partial rollout partner down refuses icmp ipv4 loss mtu epoch spared nscd hostile around port liar'
host_of() {
	case $1 in
	blackhole) echo b ;; later) echo lt ;; partial) echo pa ;; rollout) echo ro ;; partner) echo pp ;;
	down) echo dn ;; refuses) echo rf ;; icmp) echo ic ;; ipv4) echo v4 ;; loss) echo ls ;; mtu) echo mt ;;
	epoch) echo ep ;; spared) echo sp ;; nscd) echo ns ;; hostile) echo ho ;; around) echo ar ;;
	port) echo po ;; liar) echo li ;;
	esac
}
[ $# -eq 0 ] || stories=$*
gcc -static -pthread -o "$LAB_DIR/static" "$here/process.c" 2>/dev/null || true
for story in blackhole $stories; do
	[ -n "${lab_pid[$(host_of "$story")]:-}" ] || lab_host healthy "$(host_of "$story")"
done
case $stories in *hostile*) lab_host healthy healthy2 ;; esac
case $stories in *spared*) lab_host healthy dr ;; esac
tell() {
	"s_$1"
	daemon_stop "$(host_of "$1")"
} >"$LAB_DIR/$1.out" 2>&1
for story in $stories; do
	tell "$story" &
	story_pids="${story_pids:-} $!"
	# Six programs in loops against seconds: beside 14 others they measure the machine.
	[ "$story" != blackhole ] || wait $!
done
# shellcheck disable=SC2086
wait $story_pids
for story in $stories; do
	while IFS= read -r line; do
		case $line in
		'ok '*) ok "$story: ${line#ok      }" ;;
		'skip '*) skip "$story" "${line#skip    }" ;;
		'FAILED '*) bad "$story: ${line#FAILED  }" ;;
		'figure '*) printf '%s\n' "$line" ;;
		*) printf '        %s\n' "$line" ;;
		esac
	done <"$LAB_DIR/$story.out"
	grep -q '^ok ' "$LAB_DIR/$story.out" || bad "$story: nothing was checked"
done
lab_done
