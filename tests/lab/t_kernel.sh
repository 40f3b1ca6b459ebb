#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What v6guardd's evidence rests on, asked of the kernel that runs here: what it tells of
# sockets that close, how often it repeats a SYN, and when it gives up.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host blackhole
# Two: with one, kernels before 6.5 repeat a SYN only once.
on blackhole sh -c 'echo 2 >/proc/sys/net/ipv4/tcp_syn_retries'
ip addr add 2a03:3::2/128 dev lo nodad
filter blackhole 6 'ip6 daddr 2001:db8:64::/48 drop' 'ip6 daddr 2a03::/16 meta length > 1000 drop' \
	'ip6 daddr 2a04::/16 reject with icmpv6 type admin-prohibited'

bare() {
	if [ "$LAB_ROOT" -eq 0 ]; then
		on blackhole setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"
	else
		on blackhole setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
	fi
}

# ---- sockets that close -------------------------------------------------------------------

cp "$here/closed.py" "$LAB_DIR/closed.py" && chmod 644 "$LAB_DIR/closed.py"
bare "$python" "$LAB_DIR/closed.py" >"$LAB_DIR/closed" 2>&1
# row WHAT NAME CONDITION: of the fields, as shell arithmetic.
# shellcheck disable=SC2034
row() {
	local words found
	words=$(sed -n "s/^$2 //p" "$LAB_DIR/closed")
	found=$(
		state=-1 retransmits=-1 rtt=-1 unacked=-1 acked=-1 received=-1 sent=-1 answered=-1 owner=-1
		for word in $words; do
			case $word in errno=* | port=*) ;; *=*) declare "$word" ;; esac
		done
		[ $((state == 7 && owner == 0 && ($3))) -eq 1 ] && echo yes || echo "$words"
	)
	check "$1" yes "$found"
}
grep -q ^completed "$LAB_DIR/closed" || bad "closed.py" "$(cat "$LAB_DIR/closed")"
row "a connection without data: SYN and FIN count as bytes" completed \
	'retransmits == 0 && rtt && acked == 2 && received <= 1 && !sent && answered'
row "one with data" with-data 'retransmits == 0 && rtt && acked > 2 && received > 1 && sent'
row "one aborted by its owner: the counters are wiped" aborted \
	'retransmits == 0 && !rtt && acked == 0 && answered'
row "refused" refused 'retransmits == 0 && !rtt && acked == 0 && !answered'
row "prohibited by ICMP: no two retransmits" prohibited 'retransmits < 2 && !rtt && acked == 0'
row "no answer, the program gave up at once" gave-up-early 'retransmits == 0 && !rtt && acked == 0'
row "no answer, the program gave up later" gave-up-late \
	'retransmits >= 2 && !rtt && acked == 0 && unacked == 0 && !answered'
row "no answer, ETIMEDOUT of a blocking connect" timed-out-blocking \
	'retransmits >= 2 && !rtt && acked == 0 && !answered'
row "no answer, ETIMEDOUT of a non-blocking one" timed-out-polling \
	'retransmits >= 2 && !rtt && acked == 0 && !answered'
row "stalled, then aborted: as a connect that failed, but for its round trip" stalled-aborted \
	'retransmits >= 3 && !rtt && acked == 0 && answered'
row "stalled, then given up: the queue is empty, the count is kept" stalled-timed-out \
	'retransmits >= 3 && rtt && acked == 1 && unacked == 0 && sent'

# ---- how long -----------------------------------------------------------------------------

linear=$(on blackhole cat /proc/sys/net/ipv4/tcp_syn_linear_timeouts 2>/dev/null || echo 0)
# The kernel's timers may be late by some percent.
gave_up=$(sed -n 's/^seconds //p' "$LAB_DIR/closed")
on blackhole timeout 20 wget -q -t 1 -O /dev/null http://dual/ &
start=$(now_ms)
wrong='' seen=0 last=0
while [ $(($(now_ms) - start)) -lt 2600 ]; do
	sleep 0.2
	seconds=$(on blackhole v6guard stuck --json | "$python" -c 'import json, sys
s = json.load(sys.stdin)["sockets"]; print(s[0]["seconds"], s[0]["would_last"]) if s else print(0, 0)')
	read -r seconds would <<<"$seconds"
	[ "$seconds" -gt 0 ] || continue
	# "At least", and no more than one repetition behind.
	[ $((seconds * 1000)) -le $(($(now_ms) - start + 50)) ] || wrong="$wrong ${seconds}s@$(($(now_ms) - start))ms"
	seen=$((seen + 1)) last=$would
done
check "stuck never says a longer wait than there was" '' "$wrong"
check "... and says one" yes "$([ "$seen" -gt 2 ] && echo yes)"
check "WOULD LAST with two retries (linear $linear) is what connect() took" "$gave_up" "$last"
lab_done
