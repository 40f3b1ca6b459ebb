#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone: it goes by the clock
# The dns door under load while its servers go and come: killed (ICMP refuses), or silent; the only
# one, and both of two. Old answers (RFC 8767) for names that were known, failures in time for
# others, nothing wrong ever, and back soon. Meanwhile, on another host, resolv.conf is rewritten in
# every way that there is.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

declare -A odd_pid
# odd NAME ADDRESS: a server, odd_pid[NAME]; its files are in $LAB_DIR/NAME.
odd() {
	lab_serve odd_dns.py "$2" "$LAB_DIR/$1"
	odd_pid[$1]=$!
}
kill_odd() { kill -KILL "${odd_pid[$1]}"; wait "${odd_pid[$1]}" 2>/dev/null; }
# resolver HOST SERVER...: v6guardd there, asking these.
resolver() {
	local host=$1
	shift
	lab_host healthy "$host"
	mkdir -p "$LAB_DIR/$host/etc/v6guard"
	# What a small cache holds does not look like something that is lost.
	printf '%s\n' '[log]' 'events = none' '[nat64]' 'mode = off' '[resolver]' 'enable = yes' \
		"cache-size = $([ "$host" = r ] && echo 64k || echo 16m)" >"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	printf 'nameserver %s\n' "$@" >"$LAB_DIR/$host/etc/resolv.conf"
	daemon "$host"
}
real_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "$((t / 1000))"; }
figure() { echo "$said" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
bound() {
	if awk "BEGIN { exit !($(figure "$2") <= $3) }"; then ok "$1: $2 $(figure "$2"), at most $3"; else bad "$1: at most $3" "$said"; fi
}

# ---- resolv.conf, on host r; servers s5 and s6 ---------------------------------------------

s5=2001:db8:53::a5 s6=192.0.2.73
etc=$LAB_DIR/r/etc
lines() { wc -l <"$LAB_DIR/$1/asked"; }
# used SERVER WHAT: after what was just done; how many ms that takes.
used() {
	local start n
	start=$(now_ms) n=$(lines "$1")
	until [ "$(lines "$1")" -gt $((n + 5)) ] || [ "$(now_ms)" -gt $((start + 4000)) ]; do sleep 0.02; done
	echo "$(($(now_ms) - start)) $2"
}
renamed() { printf 'nameserver %s\n' "$@" >"$etc/new" && mv "$etc/new" "$etc/resolv.conf"; }
# A line in two parts, of which the first is an address as well.
in_place() { printf 'nameserver %s' "${1%?}" >"$etc/resolv.conf"; sleep 0.6; printf '%s\n' "${1#"${1%?}"}" >>"$etc/resolv.conf"; }
shapes() {
	renamed $s6; used s6 'another file in its place'
	in_place $s5; used s5 'written in place, slowly'
	mkdir "$etc/a" "$etc/b"
	printf 'nameserver %s\n' $s6 >"$etc/a/resolv.conf"
	printf 'nameserver %s\n' $s5 >"$etc/b/resolv.conf"
	ln -s a/resolv.conf "$etc/new"; mv -T "$etc/new" "$etc/resolv.conf"; used s6 'a link in its place'
	ln -s b/resolv.conf "$etc/new"; mv -T "$etc/new" "$etc/resolv.conf"; used s5 'the link leads elsewhere'
	rm "$etc/resolv.conf"; renamed 127.0.0.64 $s6; used s6 'the listener itself, and a server'
	: >"$etc/resolv.conf"; sleep 0.5; renamed $s5; used s5 'emptied'
	rm "$etc/resolv.conf"; sleep 0.5; renamed $s6; used s6 'gone'
	renamed 127.0.0.64; sleep 0.5; renamed $s5; used s5 'the listener alone'
	head -c 3000 /dev/urandom >"$etc/resolv.conf"; sleep 0.5; renamed $s6; used s6 'garbage'
	printf 'nameserver\nnameserver 300.1.2.3\nnameserver ::g\nnameserver %s junk\n' $s5 >"$etc/resolv.conf"; used s5 'lines that are none'
}
# What the worker holds: resident KiB, and descriptors.
holds() {
	local pid
	pid=$(pgrep -P "$(daemon_pid r)")
	echo "$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status") $(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
}
# 200 times, with V6GUARD_LONG each of them noticed.
many_times() {
	local i pause=0.03
	[ -z "${V6GUARD_LONG:-}" ] || pause=0.5
	for i in $(seq 200); do
		renamed "$([ $((i % 2)) -eq 0 ] && echo $s5 || echo $s6)"
		sleep $pause
		case $i in 50 | 200) holds ;; esac
	done
}

# ---- servers that go and come --------------------------------------------------------------

for i in 1 2 3 5; do ip -6 addr add "2001:db8:53::a$i/128" dev lo nodad; done
ip addr add 192.0.2.71/32 dev lo
ip addr add 192.0.2.72/32 dev lo
ip addr add $s6/32 dev lo
odd s1 2001:db8:53::a1
odd s2 192.0.2.71
odd s3 2001:db8:53::a3
odd s4 192.0.2.72
odd s5 $s5
odd s6 $s6
resolver kill1 2001:db8:53::a1
resolver kill2 2001:db8:53::a1 192.0.2.71
resolver drop1 2001:db8:53::a3
resolver drop2 2001:db8:53::a3 192.0.2.72
loads=
for host in kill1 kill2 drop1 drop2; do
	on "$host" "$python" "$here/load.py" 127.0.0.64 13 "$LAB_DIR/$host/load" &
	loads="$loads $!"
done
resolver r $s5
time=14
[ -z "${V6GUARD_LONG:-}" ] || time=115
on r "$python" "$here/load.py" 127.0.0.64 $time "$LAB_DIR/r/load" &
loads="$loads $!"
sleep 1.2
{ shapes >"$LAB_DIR/r/shapes"; many_times >"$LAB_DIR/r/holds"; } &
loads="$loads $!"

kill_odd s1
filter drop1 6 'ip6 daddr 2001:db8:53::a3 drop'
filter drop2 6 'ip6 daddr 2001:db8:53::a3 drop'
first=$(real_ms)
sleep 2
kill_odd s2
filter drop2 4 'ip daddr 192.0.2.72 drop'
second=$(real_ms)
sleep 5.5
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
said=$("$python" "$here/load.py" about "$LAB_DIR/r/load")
echo "        resolv.conf: $said"
check 'resolv.conf is rewritten: all questions are answered as usual' '0 0 0 0' \
	"$(figure silent) $(figure other) $(figure failed) $(figure stale)"
while read -r said what; do
	said="ms=$said"
	bound "resolv.conf, $what: until the new server is asked" ms 2000
done <"$LAB_DIR/r/shapes"
check 'in all ways' 10 "$(wc -l <"$LAB_DIR/r/shapes")"
said=$(tr '\n' ' ' <"$LAB_DIR/r/holds" | awk '{ printf "rss=%d fds=%d before=%d,%d\n", $3 - $1, $4 - $2, $1, $2 }')
echo "        rewritten 200 times, more after it than after 50: $said"
bound 'rewritten 200 times: KiB that it takes more' rss 512
bound 'rewritten 200 times: descriptors more' fds 4
daemon_stop r
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
