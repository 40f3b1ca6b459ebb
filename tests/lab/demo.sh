#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The demo: unmodified programs on a host whose IPv6 is routed but dead: without v6guard, with
# it from the first victim to the healing, and with no IPv6 at all. Exit 1 when a program waits
# where it need not, or does not come back to IPv6.
. "$(dirname "$0")/lab.sh"
rounds=${DEMO_ROUNDS:-7}
programs='wget curl python3 ssh nc perl'

# ---- where there can be no lab ---------------------------------------------------------------

scratch() {
	local root=$top/build/scratch cli=$STAGE/usr/bin/v6guard
	echo "No table of programs here: ${1#skip    }"
	echo "What works without namespaces: the same commands on a copy of /etc, build/scratch."
	rm -rf "$root"
	mkdir -p "$root/etc/v6guard" "$root/var/lib"
	(cd "$STAGE" && find . -name libnss_v6guard.so.2 -exec cp --parents {} "$root" \;)
	cp /etc/nsswitch.conf "$root/etc" 2>/dev/null || echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
	printf '[guard]\nmode = auto\n' >"$root/etc/v6guard/v6guard.conf"
	set -- "--root $root nss enable --dry-run" "--root $root enable" "--root $root status" \
		"--root $root disable"
	for words in "$@"; do
		printf '\n$ ./v6guard %s\n' "${words//$top\//}"
		# shellcheck disable=SC2086
		"$cli" $words 2>&1
	done
	exit 0
}

if [ -z "${LAB_INSIDE:-}" ]; then
	# shellcheck disable=SC2086
	why=$(lab_needs knotd wget curl ssh nc perl) || scratch "$why"
	lab_flags || scratch "$lab_why"
fi
lab_enter "$@"

# ---- the programs -------------------------------------------------------------------------------

# Runs inside a host, each program against a name of its own, in a /32 of its own: one line
# "program microseconds family" for each, family - when there was no answer.
cat >"$LAB_DIR/run.sh" <<END
python=$python
END
cat >>"$LAB_DIR/run.sh" <<'END'
run() {
	case $1 in
	wget) wget -q -O - http://w1/ ;;
	curl) curl -s http://w2/ ;;
	python3) "$python" -c 'import urllib.request as u
print(u.urlopen("http://w3/").read().decode())' ;;
	ssh) ssh -v -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o PreferredAuthentications=none w4 true 2>&1 |
		awk -F '[][]' '/Connecting to/ { to = $2 } /Connection established/ { print to }' ;;
	nc) nc w5 7 ;;
	perl) perl -MIO::Socket::IP -e '
		$s = IO::Socket::IP->new(PeerHost => "w6", PeerPort => 7, Type => SOCK_STREAM)
			or exit 1; print <$s>' ;;
	esac </dev/null 2>/dev/null
}
for program in "$@"; do
	start=${EPOCHREALTIME/[.,]/}
	answer=$(run "$program")
	end=${EPOCHREALTIME/[.,]/}
	case $answer in
	*:*) family=6 ;;
	*.*) family=4 ;;
	*) family=- ;;
	esac
	echo "$program $((end - start)) $family"
done
END

run_on() {
	local host=$1
	shift
	on "$host" timeout 20 bash "$LAB_DIR/run.sh" "$@"
}

# at_once HOST WHAT: all programs at the same time, for they mostly wait.
at_once() {
	local program pids=
	for program in $programs; do
		run_on "$1" "$program" >"$LAB_DIR/$2.$program" &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086
	wait $pids
}

# ---- the runs -----------------------------------------------------------------------------------

lab_host v4only
for host in plain hanging guarded; do
	lab_host healthy "$host"
	# The own link works; whatever goes further is lost.
	filter "$host" 6 "ip6 daddr 2001:db8:${lab_number[$host]}::/64 accept" 'ip6 daddr 2000::/3 drop'
done
on plain sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'
guard guarded auto '[rescue]' 'mode = on' || exit 1
daemon guarded || exit 1
# shellcheck disable=SC2086
run_on v4only $programs >/dev/null # warms up what all hosts share

at_once hanging hung &
at_once plain plain
# No v6guard is installed there: the same command works from a memory stick.
on hanging v6guard stuck >"$LAB_DIR/stuck"

at_once guarded first
# A kernel without SOCK_DESTROY, and rights that a container lacks, are no fault of ours.
unable=$(on guarded v6guard status | sed -n 's/^rescue  *\(unable.*\)/\1/p')

# Alternating, so that what else the machine does falls on both. The first round warms up.
compare() {
	local round host
	for round in $(seq 0 "$rounds"); do
		for host in v4only guarded; do
			# shellcheck disable=SC2086
			run_on "$host" $programs | sed "s/^/$round $host /"
		done
	done >"$LAB_DIR/runs"
}

# median HOST PROGRAM: microseconds over IPv4, or nothing when a run was not answered over it.
median() {
	awk -v host="$1" -v program="$2" '$1 > 0 && $2 == host && $3 == program { if ($5 != 4) exit; print $4 }' \
		"$LAB_DIR/runs" | sort -n | awk -v want="$rounds" '{ t[NR] = $1 } END { if (NR == want) print t[int((NR + 1) / 2)] }'
}
is_slower() { [ "$2" -gt $(($1 + 20000)) ] && [ "$2" -gt $(($1 * 105 / 100)) ]; }
none_slower() {
	local program base next
	for program in $programs; do
		base=$(median v4only "$program") next=$(median guarded "$program")
		[ -z "$base" ] || [ -z "$next" ] || ! is_slower "$base" "$next" || return 1
	done
}

# A busy machine gets more than one chance.
for _ in 1 2 3; do
	compare
	! none_slower || break
done

# healed: all programs go over IPv6.
healed() {
	# shellcheck disable=SC2086
	run_on guarded $programs >"$LAB_DIR/healed"
	! grep -qv ' 6$' "$LAB_DIR/healed"
}
# Long enough for the tests of the first moments to be over: what finds out is the beat.
sleep 5
start=$(now_ms)
filter guarded 6
until_true 30 healed
healing=$((($(now_ms) - start + 500) / 1000))
probes=$(on guarded v6guard --json status | sed -n 's/^ *"probes": \([0-9]*\).*/\1/p')
daemon_stop guarded

# ---- the table ----------------------------------------------------------------------------------

human() {
	awk -v us="$1" 'BEGIN {
		if (us == "") print "no answer"
		else if (us < 999500) printf "%.1f ms\n", us / 1000
		else printf "%.2f s\n", us / 1000000 }'
}

# with_family MICROSECONDS FAMILY
with_family() {
	case ${2:--} in
	-) echo "fails${1:+, $(human "$1")}" ;;
	*) echo "IPv$2 $(human "$1")" ;;
	esac
}

# judge PROGRAM: the verdict; 1 when it is a bad one.
judge() {
	if [ -z "$base" ] || [ -z "$next" ]; then
		echo 'FAILED: next: no answer over IPv4'
	elif is_slower "$base" "$next"; then
		echo 'FAILED: next: slower'
	elif [ -z "$unable" ] && { [ "$first_family" != 4 ] || [ "$first" -gt 3500000 ]; }; then
		echo 'FAILED: first'
	elif [ "$healed_family" != 6 ]; then
		echo 'FAILED: not healed'
	else
		echo ok
		return
	fi
	return 1
}

cat <<END

v6guard, mode = auto, rescue on: unmodified programs on a host whose IPv6 is routed and
silently dropped behind its own link; then that is repaired. Each program talks to a name
with A and AAAA that nobody on the host has tried before.

                                     first connect      next           after
  program  IPv4 only         plain        (rescue)   connect         healing  verdict
END
for program in $programs; do
	base=$(median v4only "$program") next=$(median guarded "$program")
	read -r _ plain plain_family <"$LAB_DIR/plain.$program"
	read -r _ first first_family <"$LAB_DIR/first.$program"
	read -r _ healed healed_family <<<"$(grep "^$program " "$LAB_DIR/healed")"
	verdict=$(judge) || lab_bad=1
	printf '  %-8s %9s %13s %15s %9s %15s  %s\n' "$program" "$(human "$base")" \
		"$(with_family "$plain" "$plain_family")" "$(with_family "$first" "$first_family")" \
		"$(human "$next")" "$(with_family "$healed" "$healed_family")" "$verdict"
done
cat <<END

IPv4 only: the same host without IPv6. ok: the next connect takes at most 1.05 x that, or
20 ms more (medians of $rounds runs), the first at most 3.5 s, and healing leads back to IPv6.
plain is cut short here by net.ipv4.tcp_syn_retries=1: with the kernel's default all but
curl hang for 133 s. v6guardd noticed the repair within $healing s, and sent $probes probes in all,
to addresses that these programs had been handed.
END
[ -z "$unable" ] || echo "First connects are not judged here: rescue is $unable."
cat <<END

On the same host without v6guardd, 3 s after they were started:

  \$ v6guard stuck
$(sed -n '1,4p' "$LAB_DIR/stuck" | sed 's/^/  /; s/ *$//')

What it took:     $(grep '^hosts:' "$LAB_DIR/guarded/etc/nsswitch.conf")
                  in /etc/nsswitch.conf, v6guardd, and [rescue] mode = on
On your host:     sudo make -C build install && sudo v6guard enable &&
                  sudo systemctl enable --now v6guardd
To undo it:       sudo systemctl disable --now v6guardd; sudo v6guard disable &&
                  sudo make -C build uninstall
END
[ "$lab_bad" -eq 0 ]
