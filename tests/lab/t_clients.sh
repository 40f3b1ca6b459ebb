#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified programs on each kind of host, in each mode: which family they end up with, how
# long that takes, and that answers which no policy concerns stay as they were.
# alone: what is connected at once
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

names='dual www far four v6only v4only many nodata nxdomain filed localhost labbox
	198.51.100.1 2001:db8:64::1 ::1 127.0.0.1 dual.lab.test. dual.lab.test'

# ---- clients: each prints 4 or 6, the family the server saw, or "-" ----------------------

family() {
	case $1 in
	*:*) echo 6 ;;
	*.*) echo 4 ;;
	*) echo - ;;
	esac
}
bracket() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }
run_in() { local host=$1; shift; on "$host" timeout 3 "$@" 2>/dev/null; }

c_wget() { run_in "$1" wget -q -t 1 -O - "http://$(bracket "$2")/"; }
c_curl() { run_in "$1" curl -s "http://$(bracket "$2")/"; }
c_python() {
	run_in "$1" "$python" -c 'import sys, urllib.request as u
print(u.urlopen(sys.argv[1]).read().decode())' "http://$(bracket "$2")/"
}
c_nc() { run_in "$1" nc "$2" 7; }
c_perl() {
	run_in "$1" perl -MIO::Socket::IP -e '
		$s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 7, Type => SOCK_STREAM)
			or exit 1; print <$s>' "$2"
}
# shellcheck disable=SC2016
c_bash() { run_in "$1" bash -c 'exec 3<>"/dev/tcp/$1/7" && cat <&3' - "$2"; }
clients='wget curl python nc perl bash'

# connects HOST FAMILY NAME WHAT: every client, at once, over that family.
connects() {
	local client got start ms wrong=
	for client in $clients; do
		start=$(now_ms)
		got=$(family "$("c_$client" "$1" "$3")")
		ms=$(($(now_ms) - start))
		[ "$got" = "$2" ] && [ "$ms" -lt 1000 ] || wrong="$wrong $client:$got:${ms}ms"
	done
	check "$1: $4: $3 over IPv$2 at once ($clients)" '' "$wrong"
}

# hangs HOST NAME: what v6guard is for; proves that the topology is broken indeed.
hangs() {
	local client wrong=
	for client in wget nc perl; do
		[ "$(family "$("c_$client" "$1" "$2")")" = - ] || wrong="$wrong $client"
	done
	check "$1: without v6guard wget, nc and perl hang on $2" '' "$wrong"
}

scans() {
	local start ms out
	start=$(now_ms)
	out=$(on "$1" timeout 5 ssh-keyscan "$2" 2>&1)
	ms=$(($(now_ms) - start))
	case $out in
	*"SSH-2.0"*) check "$1: $3: ssh-keyscan $2 at once" yes "$([ "$ms" -lt 1500 ] && echo yes || echo "$ms ms")" ;;
	*) bad "$1: $3: ssh-keyscan $2" "$out" ;;
	esac
}

# ---- answers ------------------------------------------------------------------------------

# Everything getent and python say about NAME, with exit codes.
answers() {
	local host=$1 name
	shift
	for name in "$@"; do
		# shellcheck disable=SC2016
		on "$host" sh -c 'for db in hosts ahosts ahostsv4 ahostsv6; do
			found=$(getent $db "$1"); status=$?
			echo "$found" | sed "s/^/$1 $db: /"; echo "$1 $db = $status"
		done' - "$name"
	done
}

nobody() {
	on "$1" "$python" -c 'import socket as s
for node, flags in ((None, s.AI_PASSIVE), (None, 0), ("", 0)):
	for family in (s.AF_UNSPEC, s.AF_INET, s.AF_INET6):
		try:
			found = s.getaddrinfo(node or None, 80, family, s.SOCK_STREAM, 0, flags)
			print(flags, family, [a[4][0] for a in found])
		except OSError as error:
			print(flags, family, error)
for name in ("dual", "four", "v6only", "v4only", "nodata", "nxdomain", "localhost"):
	for flags in (0, s.AI_CANONNAME, s.AI_ADDRCONFIG, s.AI_V4MAPPED | s.AI_ALL):
		for family in (s.AF_UNSPEC, s.AF_INET, s.AF_INET6):
			try:
				found = s.getaddrinfo(name, "http", family, s.SOCK_STREAM, 0, flags)
				print(name, flags, family, [(a[3], a[4][0]) for a in found])
			except OSError as error:
				print(name, flags, family, error)
for name in ("dual", "v6only", "four", "nxdomain"):
	try:
		print(name, s.gethostbyname_ex(name))
	except OSError as error:
		print(name, error)
for address in ("198.51.100.1", "2001:db8:64::3", "127.0.0.1", "::1"):
	print(address, s.getfqdn(address))
' 2>&1
}

everything() {
	# shellcheck disable=SC2086
	answers "$1" $names
	nobody "$1"
}

# The STREAM addresses that a program gets for NAME.
addresses() { on "$@" | awk '$2 == "STREAM" { printf "%s ", $1 }'; }
ahosts() { addresses "$1" getent ahosts "$2"; }
# ... and of those the IPv4 ones.
only4() { tr ' ' '\n' | grep -v : | grep . | tr '\n' ' '; }
only6() { tr ' ' '\n' | grep : | tr '\n' ' '; }

unchanged() { check "$1: $2: every answer as without v6guard" "$(cat "$LAB_DIR/plain.$1")" "$(everything "$1")"; }

# Names whose answers no mode may touch.
never_touched() {
	local host=$1 name before
	for name in localhost labbox 127.0.0.1 ::1 2001:db8:64::1 filed; do
		before=$(awk -v n="$name" '$1 == n && $2 ~ /^ahosts/' "$LAB_DIR/plain.$host")
		check "$host: $2: $name is left alone" "$before" \
			"$(answers "$host" "$name" | awk '$2 ~ /^ahosts/')"
	done
}

kinds='healthy blackhole v4only v6only-noroute4'
for kind in $kinds; do
	lab_host "$kind"
	everything "$kind" >"$LAB_DIR/plain.$kind"
done

# ---- plain: what the lab does without us ----------------------------------------------------

connects healthy 6 dual plain
connects v4only 4 dual plain
connects v6only-noroute4 6 dual plain
hangs blackhole dual
grep -q 'many ahosts: 198.51.100.150' "$LAB_DIR/plain.healthy" || bad "the zone has no 50 addresses"

# ---- off, auto, prefer-ipv6: nothing changes ----------------------------------------------

for kind in $kinds; do
	for mode in off auto prefer-ipv6; do
		guard "$kind" $mode && unchanged "$kind" $mode
	done
done
guard healthy auto
for name in dual www four v6only; do
	connects healthy 6 $name auto
done
connects healthy 4 v4only auto
scans healthy dual auto
guard healthy prefer-ipv4 'enforce = no' && unchanged healthy 'prefer-ipv4, enforce = no'

# ---- prefer-ipv4 --------------------------------------------------------------------------

for kind in healthy blackhole v4only; do
	guard "$kind" prefer-ipv4 || continue
	for name in dual www far four many dual.lab.test.; do
		before=$(grep "^$name ahosts: .* STREAM" "$LAB_DIR/plain.$kind" | awk '{ printf "%s ", $3 }')
		check "$kind: prefer-ipv4: $name keeps its A, in order, and no AAAA" \
			"$(echo "$before" | only4)" "$(ahosts "$kind" "$name")"
	done
	for name in v6only v4only nodata nxdomain; do
		check "$kind: prefer-ipv4: $name as before" \
			"$(grep "^$name ahosts" "$LAB_DIR/plain.$kind")" \
			"$(answers "$kind" "$name" | grep "^$name ahosts")"
	done
	check "$kind: prefer-ipv4: aaaa-only = keep: a lookup for AAAA alone is left alone" \
		"$(grep '^dual ahostsv6' "$LAB_DIR/plain.$kind")" \
		"$(answers "$kind" dual | grep '^dual ahostsv6')"
	never_touched "$kind" prefer-ipv4
	for name in dual www far four v4only; do
		connects "$kind" 4 $name prefer-ipv4
	done
	scans "$kind" dual prefer-ipv4
	scans "$kind" four prefer-ipv4
done
connects healthy 6 v6only prefer-ipv4
check "blackhole: prefer-ipv4: an IPv6-only name is still answered" '2001:db8:64::1 ' "$(ahosts blackhole v6only)"

guard v6only-noroute4 prefer-ipv4 && unchanged v6only-noroute4 'prefer-ipv4, no route for IPv4'
connects v6only-noroute4 6 dual prefer-ipv4

guard blackhole prefer-ipv4 'aaaa-only = strip' &&
	check "blackhole: aaaa-only = strip: no AAAA for a name that has an A" '' \
		"$(addresses blackhole getent ahostsv6 dual | only6 | grep -v ffff:)"
check "blackhole: aaaa-only = strip: getent hosts turns to the A" '198.51.100.1' \
	"$(on blackhole getent hosts dual | awk '{ print $1 }')"
check "blackhole: aaaa-only = strip: an IPv6-only name is still answered" '2001:db8:64::1 ' \
	"$(addresses blackhole getent ahostsv6 v6only)"

# ---- strip-aaaa, strip-a ------------------------------------------------------------------

guard blackhole strip-aaaa
check "blackhole: strip-aaaa: dual has its A only" '198.51.100.1 ' "$(ahosts blackhole dual)"
check "blackhole: strip-aaaa: keep-last keeps an IPv6-only name" '2001:db8:64::1 ' "$(ahosts blackhole v6only)"
connects blackhole 4 four strip-aaaa
guard blackhole strip-aaaa 'keep-last = no'
check "blackhole: strip-aaaa, keep-last = no: an IPv6-only name has no address" '' "$(ahosts blackhole v6only)"
check "blackhole: ... but its name exists: no data, not no name" 2 \
	"$(on blackhole getent ahosts v6only >/dev/null; echo $?)"
guard healthy strip-a
check "healthy: strip-a: dual has its AAAA only" '2001:db8:64::1 ' "$(ahosts healthy dual)"
check "healthy: strip-a: an IPv4-only name is still answered" '198.51.100.1 ' "$(ahosts healthy v4only)"
guard v4only strip-a && unchanged v4only 'strip-a, no route for IPv6'

# ---- one process --------------------------------------------------------------------------

plain4=$(ahosts v4only dual)
guard blackhole prefer-ipv4
guard healthy auto
check "V6GUARD=off is plain libc for that process" '2001:db8:64::1 198.51.100.1 ' \
	"$(addresses blackhole env V6GUARD=off getent ahosts dual)"
check "V6GUARD=prefer-ipv4 acts for that process" "$plain4" \
	"$(addresses healthy env V6GUARD=prefer-ipv4 getent ahosts dual)"
check "V6GUARD=nonsense is ignored" '2001:db8:64::1 198.51.100.1 ' \
	"$(addresses healthy env V6GUARD=nonsense getent ahosts dual)"
cp "$LAB_DIR/blackhole/lib/v6guard/policy.snap" "$LAB_DIR/other.snap"
check "V6GUARD_SNAPSHOT=FILE is that process's policy" "$plain4" \
	"$(addresses healthy env V6GUARD_SNAPSHOT="$LAB_DIR/other.snap" getent ahosts dual)"
check "V6GUARD_SNAPSHOT of no file is plain libc" '2001:db8:64::1 198.51.100.1 ' \
	"$(addresses blackhole env V6GUARD_SNAPSHOT=/nowhere getent ahosts dual)"
chmod g+w "$LAB_DIR/other.snap"
check "V6GUARD_SNAPSHOT that a group may write is not trusted" '2001:db8:64::1 198.51.100.1 ' \
	"$(addresses healthy env V6GUARD_SNAPSHOT="$LAB_DIR/other.snap" getent ahosts dual)"
lab_done
