#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who floods the socket of the hints harms nobody else: four processes of four users that send
# in three ways, as fast as they can, and beside them three users, a system user and root who
# look up a name once a second. Then root floods. V6GUARD_LONG=1: 220 lookups each instead of 18.
# alone: the worker's share of a core is measured
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
[ "$LAB_ROOT" -eq 0 ] || lab_refuse "hints of several users take root"
lookups=$([ -n "${V6GUARD_LONG:-}" ] && echo 220 || echo 18)
# 95 %; of few, all but two, as the first may come before the flooders are found out.
least=$((lookups < 40 ? lookups - 2 : lookups * 95 / 100))
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

is_broken() { [ "$(field 'verdict list' "[v['verdict'] for v in a['verdicts'] if v['prefix'] == '$1/128']")" = "['broken']" ]; }

# may_send UID SOCKET: yes, or why not.
may_send() {
	on h setpriv --reuid "$1" --regid "$1" --clear-groups "$python" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.setblocking(False)
try: s.sendto(b"", "/run/v6guard/" + sys.argv[1]); print("yes")
except OSError as e: print(type(e).__name__)' "$2"
}

users='2001 2002 2003 101 0'
lab_host healthy h
filter h 6 'ip6 daddr 2a05:5::1 drop'
guard h auto || lab_done
daemon h || lab_done
worker=$(field status "a['pid']")
figure "queue of a socket, datagrams" "$(cat /proc/sys/net/unix/max_dgram_qlen)"
check "a login user may not send where system users do" PermissionError "$(may_send 1000 hint.system.sock)"
check "the last system user may" yes "$(may_send 999 hint.system.sock)"

before=$(worker_ns)
start=$(now_ms)
pids='' slowest=0 i=0
for how in names stays names bursts; do
	i=$((i + 1))
	on h "$LAB_DIR/flood" $((3000 + i)) "$seconds" $how >"$LAB_DIR/flood.$i" &
	pids="$pids $!"
done
sleep 0.2
for uid in $users; do
	look_up "$uid" "$lookups" &
	pids="$pids $!"
done
sleep 1
for i in 1 2 3; do
	took=$(now_ms)
	ask status >"$LAB_DIR/status"
	took=$(($(now_ms) - took))
	[ "$took" -le "$slowest" ] || slowest=$took
done
check "the control socket answers" yes "$([ "$slowest" -le 3000 ] && echo yes || echo "after $slowest ms")"
# 203.0.113.5 comes to nothing over IPv6, and 203.0.113.6 answers over both.
on h timeout 10 wget -q -t 1 -O /dev/null http://w5/ &
on h timeout 10 wget -q -t 1 -O /dev/null http://w6/
check "connections are seen" True "$(field 'verdict list' "any(v['prefix'] == '2a06:6::1/128' and v['evidence'] == 'connection' for v in a['verdicts'])")"
until_true 10 is_broken 2a05:5::1
check "what is dead is probed and found out" yes "$(is_broken 2a05:5::1 && echo yes || ask 'verdict list')"
# shellcheck disable=SC2086
wait $pids
used=$((($(worker_ns) - before) / 1000 / ($(now_ms) - start)))
for uid in $users; do
	had=$(of_user "$uid" hints)
	figure "hints of $uid that came through" "$((had * 100 / lookups)) % of $lookups"
	check "user $uid is heard" yes "$([ "$had" -ge $least ] && echo yes || echo "$had of $lookups")"
done
figure "the worker, thousandths of a core" "$used"
check "the worker has 30 % of a core at most" yes "$([ $used -le 300 ] && echo yes || echo "$used of 1000")"
figure "flooders sent, failed" "$(cat "$LAB_DIR"/flood.* | tr '\n' ' ')"
# One more: in a long test those of before may speak again by now.
on h "$LAB_DIR/flood" 3005 1 names >/dev/null
is_out() { [ "$(may_send 3005 hint.sock)" = PermissionError ]; }
check "who floods is shut out" yes "$(until_true 5 is_out && echo yes)"
check "... and nobody else" yes "$(may_send 2001 hint.sock)"
# Root cannot be: the worker reads no more than it has time for.
before=$(worker_ns)
start=$(now_ms)
pids=
for i in 1 2 3; do
	on h "$LAB_DIR/flood" 0 4 names >"$LAB_DIR/root.$i" &
	pids="$pids $!"
done
sleep 1
took=$(now_ms)
ask status >"$LAB_DIR/status"
took=$(($(now_ms) - took))
# shellcheck disable=SC2086
wait $pids
used=$((($(worker_ns) - before) / 1000 / ($(now_ms) - start)))
figure "the worker while root floods, thousandths" "$used"
check "while root floods the worker has 30 % of a core at most" yes "$([ $used -le 300 ] && echo yes || echo "$used of 1000")"
check "... and answers" yes "$([ "$took" -le 3000 ] && echo yes || echo "after $took ms")"
said=$(grep -c 'is shut out for a minute' "$LAB_DIR/h/daemon.log")
check "that is said, once a minute at most" yes \
	"$([ "$said" -ge 1 ] && [ "$said" -le $((1 + seconds / 60)) ] && echo yes || echo "$said times")"
lab_done
