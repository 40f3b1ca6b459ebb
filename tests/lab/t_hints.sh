#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who floods the socket of the hints harms nobody else: three processes of three users that
# send as fast as they can, and three users, a system user and root who look up a name once a
# second. V6GUARD_LONG=1: 220 lookups each instead of 15.
# alone: the worker's share of a core is measured
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
[ "$LAB_ROOT" -eq 0 ] || lab_refuse "hints of several users take root"
lookups=$([ -n "${V6GUARD_LONG:-}" ] && echo 220 || echo 15)
seconds=$((lookups * 101 / 100 + 4))
${CC:-gcc} -O2 -o "$LAB_DIR/flood" "$here/flood_hints.c" || lab_die "cannot compile flood_hints.c"

figure() { printf 'figure  %-44s %s\n' "$1" "$2"; }
ask() {
	on h "$python" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/v6guard/control.sock")
s.sendall(sys.argv[1].encode() + b"\n")
while True:
	part = s.recv(65536)
	if not part: break
	sys.stdout.write(part.decode())' "$1"
}
field() { ask "$1" | "$python" -c 'import json, sys
a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$2"; }
of_user() { field status "([r['$2'] for r in a['counters']['reporters'] if r['uid'] == $1] or [0])[0]"; }

# Nanoseconds on a core.
worker_ns() { cut -d' ' -f1 "/proc/$worker/schedstat"; }

# look_up UID COUNT: in one process, a little more than a second apart.
look_up() {
	on h "$python" -c 'import os, socket, sys, time
uid = int(sys.argv[1]); os.setgroups([]); os.setgid(uid); os.setuid(uid)
for i in range(int(sys.argv[2])):
	socket.getaddrinfo("w%d" % (i % 6 + 1), 80, type=socket.SOCK_STREAM)
	time.sleep(1.01)' "$1" "$2"
}

# flood WHAT HOW: three of them, and the others beside.
flood() {
	local how=$2 uid before start took share pids='' slowest=0 i used
	declare -A had
	for uid in 2001 2002 2003 101 0; do had[$uid]=$(of_user $uid hints); done
	before=$(worker_ns)
	start=$(now_ms)
	for uid in 3001 3002 3003; do
		on h "$LAB_DIR/flood" $((uid + $3)) "$seconds" "$how" >"$LAB_DIR/flood.$uid" &
		pids="$pids $!"
	done
	sleep 0.2
	for uid in 2001 2002 2003 101 0; do
		look_up $uid "$lookups" &
		pids="$pids $!"
	done
	sleep 2
	for i in 1 2 3; do
		took=$(now_ms)
		ask status >"$LAB_DIR/status"
		took=$(($(now_ms) - took))
		[ "$took" -le "$slowest" ] || slowest=$took
	done
	check "$1: the control socket answers" yes "$([ "$slowest" -le 3000 ] && echo yes || echo "after $slowest ms")"
	on h timeout 10 wget -q -t 1 -O - http://w6/ >/dev/null
	check "$1: connections are seen" True "$(field 'verdict list' "any(v['prefix'] == '2001:db8:1::6/128' and v['verdict'] == 'ok' for v in a['verdicts']) or a['verdicts']")"
	# shellcheck disable=SC2086
	wait $pids
	used=$((($(worker_ns) - before) / 10000 / ($(now_ms) - start)))
	for uid in 2001 2002 2003 101 0; do
		share=$((($(of_user $uid hints) - had[$uid]) * 100 / lookups))
		figure "$1: hints of $uid that came through" "$share % of $lookups"
		check "$1: user $uid is heard" yes "$([ $share -ge 95 ] && echo yes || echo "$share %")"
	done
	figure "$1: the worker" "$used % of a core"
	check "$1: the worker has 30 % of a core at most" yes "$([ $used -le 30 ] && echo yes || echo "$used %")"
	figure "$1: flooders sent, failed" "$(cat "$LAB_DIR"/flood.* | tr '\n' ' ')"
}

lab_host healthy h
guard h auto && daemon h || lab_done
worker=$(field status "a['pid']")
figure "queue of a socket, datagrams" "$(cat /proc/sys/net/unix/max_dgram_qlen)"
flood "by name" names 0
flood "connected" stays 10
flood "in bursts" bursts 20
tail -n 20 "$LAB_DIR/h/daemon.log"
lab_done
