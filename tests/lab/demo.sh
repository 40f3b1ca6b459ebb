#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The demo: unmodified programs on a host whose IPv6 is routed but dead, without v6guard and
# with it, against the same host with no IPv6 at all. Exit 1 when guarded is not as good.
. "$(dirname "$0")/lab.sh"
rounds=${DEMO_ROUNDS:-7}
name=dual.$LAB_DOMAIN
programs='wget curl python3 ssh-keyscan nc perl'

# ---- where there can be no lab ---------------------------------------------------------------

scratch() {
	local root=$top/build/scratch cli=$STAGE/usr/bin/v6guard
	echo "No table of programs here: ${1#skip    }"
	echo "What works without namespaces: the same commands on a copy of /etc, build/scratch."
	rm -rf "$root"
	mkdir -p "$root/etc/v6guard" "$root/var/lib"
	(cd "$STAGE" && find . -name libnss_v6guard.so.2 -exec cp --parents {} "$root" \;)
	cp /etc/nsswitch.conf "$root/etc" 2>/dev/null || echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
	printf '[guard]\nmode = prefer-ipv4\n' >"$root/etc/v6guard/v6guard.conf"
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
	why=$(lab_needs knotd wget curl ssh-keyscan nc perl) || scratch "$why"
	lab_flags || scratch "namespaces are refused here: $lab_why"
fi
lab_enter "$@"

# ---- the runs -----------------------------------------------------------------------------------

lab_host v4only
lab_host blackhole

# Runs inside a host: one line "program microseconds answered" for each program named.
cat >"$LAB_DIR/run.sh" <<END
name=$name python=$python
END
cat >>"$LAB_DIR/run.sh" <<'END'
run() {
	case $1 in
	wget) wget -q -O - "http://$name/" ;;
	curl) curl -s "http://$name/" ;;
	python3) "$python" -c 'import sys, urllib.request as u
print(u.urlopen(sys.argv[1]).read().decode())' "http://$name/" ;;
	ssh-keyscan) ssh-keyscan -t ed25519 "$name" 2>&1 | grep -o SSH-2.0 ;;
	nc) nc "$name" 7 ;;
	perl) perl -MIO::Socket::IP -e '
		$s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 7, Type => SOCK_STREAM)
			or exit 1; print <$s>' "$name" ;;
	esac </dev/null 2>/dev/null
}
for program in "$@"; do
	start=${EPOCHREALTIME/[.,]/}
	answer=$(run "$program")
	end=${EPOCHREALTIME/[.,]/}
	echo "$program $((end - start)) ${answer:+answered}"
done
END

run_all() {
	local host=$1
	shift
	# shellcheck disable=SC2086
	on "$host" timeout 60 bash "$LAB_DIR/run.sh" "$@"
}

# Plain: once and all at the same time, for they mostly wait.
on blackhole sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'
for program in $programs; do
	run_all blackhole "$program" >"$LAB_DIR/plain.$program" &
	waiting="${waiting:-} $!"
done
# shellcheck disable=SC2086
wait $waiting

guard blackhole prefer-ipv4 || exit 1
# Alternating, so that what else the machine does falls on both. The first round warms up.
# shellcheck disable=SC2086
for round in $(seq 0 "$rounds"); do
	for host in v4only blackhole; do
		run_all "$host" $programs | sed "s/^/$round $host /"
	done
done >"$LAB_DIR/runs"

# ---- the table ----------------------------------------------------------------------------------

# us HOST PROGRAM: the median, or nothing when a run got no answer.
median() {
	awk -v host="$1" -v program="$2" '$1 > 0 && $2 == host && $3 == program { if ($5 == "") exit; print $4 }' \
		"$LAB_DIR/runs" | sort -n | awk -v want="$rounds" '{ t[NR] = $1 } END { if (NR == want) print t[int((NR + 1) / 2)] }'
}

human() {
	awk -v us="$1" 'BEGIN {
		if (us == "") print "no answer"
		else if (us < 999500) printf "%.1f ms\n", us / 1000
		else printf "%.2f s\n", us / 1000000 }'
}

cat <<END

v6guard, mode = prefer-ipv4: unmodified programs talk to $name, which
has A and AAAA, on a host whose IPv6 packets are routed and silently dropped.

  program        IPv4 only          plain    guarded  verdict
END
for program in $programs; do
	base=$(median v4only "$program") guarded=$(median blackhole "$program")
	read -r _ us answered <"$LAB_DIR/plain.$program"
	plain=$(human "$us")
	[ -n "$answered" ] || plain="fails, $plain"
	if [ -z "$base" ] || [ -z "$guarded" ]; then
		lab_bad=1 verdict='FAILED: no answer'
	elif [ "$guarded" -le $((base + 20000)) ] || [ "$guarded" -le $((base * 105 / 100)) ]; then
		verdict='ok, like IPv4 only'
	else
		lab_bad=1 verdict='FAILED: slower'
	fi
	printf '  %-12s %11s %14s %10s  %s\n' "$program" "$(human "$base")" "$plain" \
		"$(human "$guarded")" "$verdict"
done
cat <<END

IPv4 only: the same host without IPv6. ok: at most 1.05 x that, or 20 ms more
(medians of $rounds runs). plain is cut short here by net.ipv4.tcp_syn_retries=1: with
the kernel's default wget, python3, nc and perl hang for 133 s, while ssh-keyscan
gives up after 5 s and never tries IPv4.

What it took:     $(grep '^hosts:' "$LAB_DIR/blackhole/etc/nsswitch.conf")
                  in /etc/nsswitch.conf
On your host:     sudo make -C build install && sudo v6guard mode prefer-ipv4 &&
                  sudo v6guard enable
To undo it:       sudo v6guard disable && sudo make -C build uninstall
END
[ "$lab_bad" -eq 0 ]
