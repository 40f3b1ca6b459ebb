#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone: it goes by the clock
# The dns door under load while its servers go and come: killed (ICMP refuses), or silent; the only
# one, and both of two. Old answers (RFC 8767) for names that were known, failures in time for
# others, nothing wrong ever, and back soon.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

declare -A odd_pid
# odd NAME ADDRESS: a server, odd_pid[NAME]; its files are in $LAB_DIR/NAME.
odd() {
	mkdir -p "$LAB_DIR/$1"
	rm -f "$LAB_DIR/$1/ready"
	"$python" "$here/odd_dns.py" "$2" "$LAB_DIR/$1" >>"$LAB_DIR/$1/log" 2>&1 &
	odd_pid[$1]=$!
	until_true 5 test -e "$LAB_DIR/$1/ready" || lab_die "server $1 did not start: $(cat "$LAB_DIR/$1/log")"
}
kill_odd() { kill -KILL "${odd_pid[$1]}"; wait "${odd_pid[$1]}" 2>/dev/null; }
# resolver HOST SERVER...: v6guardd there, asking these.
resolver() {
	local host=$1
	shift
	lab_host healthy "$host"
	mkdir -p "$LAB_DIR/$host/etc/v6guard"
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' '[nat64]' 'mode = off' \
		>"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	printf 'nameserver %s\n' "$@" >"$LAB_DIR/$host/etc/resolv.conf"
	daemon "$host"
}
real_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "$((t / 1000))"; }
figure() { echo "$said" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
bound() {
	if awk "BEGIN { exit !($(figure "$2") <= $3) }"; then ok "$1: $2 $(figure "$2"), at most $3"; else bad "$1: at most $3" "$said"; fi
}

for i in 1 2 3; do ip -6 addr add "2001:db8:53::a$i/128" dev lo nodad; done
ip addr add 192.0.2.71/32 dev lo
ip addr add 192.0.2.72/32 dev lo
odd s1 2001:db8:53::a1
odd s2 192.0.2.71
odd s3 2001:db8:53::a3
odd s4 192.0.2.72
resolver kill1 2001:db8:53::a1
resolver kill2 2001:db8:53::a1 192.0.2.71
resolver drop1 2001:db8:53::a3
resolver drop2 2001:db8:53::a3 192.0.2.72
loads=
for host in kill1 kill2 drop1 drop2; do
	on "$host" "$python" "$here/load.py" 127.0.0.64 15 "$LAB_DIR/$host/load" &
	loads="$loads $!"
done
sleep 1.5

kill_odd s1
filter drop1 6 'ip6 daddr 2001:db8:53::a3 drop'
filter drop2 6 'ip6 daddr 2001:db8:53::a3 drop'
first=$(real_ms)
sleep 2.5
kill_odd s2
filter drop2 4 'ip daddr 192.0.2.72 drop'
second=$(real_ms)
sleep 6
returned=$(real_ms)
# kill2: the one that was left out before the other one died. drop2: the other one.
odd s1 2001:db8:53::a1
filter drop1 6
filter drop2 4
# shellcheck disable=SC2086
wait $loads

for host in kill1 kill2 drop1 drop2; do
	killed=$first
	case $host in *2) killed=$second ;; esac
	said=$(on "$host" "$python" "$here/load.py" about "$LAB_DIR/$host/load" "$killed" "$returned")
	echo "        $host: $said"
	case $host in
	kill1) what='the only server is killed' ;;
	kill2) what='both servers are killed, and the first is back' ;;
	drop1) what='the only server is silent' ;;
	drop2) what='both servers are silent, and the second is back' ;;
	esac
	check "$what: all questions are answered, none wrong" '0 0' "$(figure silent) $(figure other)"
	bound "$what: known names without an old answer" not_stale 0
	bound "$what: other names that do not fail" not_failed 0
	bound "$what: ms until a failure is said" longest 5000
	bound "$what: ms after its return until all is as before" back 7000
	[ "$(figure known)" -ge 100 ] && [ "$(figure new)" -ge 100 ] || bad "$what: that was no load" "$said"
done
for host in kill2 drop2; do
	awk -v from="$first" -v to="$((second - 500))" '$1 >= from && $1 < to' "$LAB_DIR/$host/load" >"$LAB_DIR/one"
	said=$("$python" "$here/load.py" about "$LAB_DIR/one")
	echo "        $host, one of two: $said"
	check "$host: one of two servers goes: nobody hears of it" '0 0 0 0' \
		"$(figure silent) $(figure other) $(figure failed) $(figure stale)"
	bound "$host: one of two servers goes: ms that somebody waited" longest 1600
	daemon_stop "$host"
done
lab_done
