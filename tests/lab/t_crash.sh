#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_crash.sh - each system call of a change fails in turn, or is the last one of the process:
# the old file or the new file, never anything else, and nothing left after the next run.
#
# V6GUARD and MODULE as in t_cli.sh; CRASH_STEP=N takes every Nth call only.
set -u
. "$(dirname "$0")/lab.sh"
find_built
strace -o /dev/null true 2>/dev/null || { echo "skip    strace is not there, or may not trace"; exit 77; }
step=${CRASH_STEP:-1}

work=$(mktemp -d /tmp/t_crash.XXXXXX) || exit 1
trap 'exit 1' HUP INT PIPE TERM
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/etc" "$root$nssdir"
cp "$MODULE" "$root$nssdir/"
plain=$'passwd: files\nhosts: files dns\n'
on=$'passwd: files\nhosts: files v6guard [!UNAVAIL=return] dns\n'
good=0 bad=0 cases=0

fail() { bad=$((bad + 1)); echo "FAILED  $1"; printf '        expected: %s\n        seen:     %s\n' "$2" "$3"; }

# inject SYSCALL WHAT N: one run; false when the Nth call of that name never came.
inject() {
	local where="$1, call $3, $2" code now left
	rm -rf "${root:?}/var"; rm -f "$root/etc"/.nsswitch*; printf %s "$plain" >"$root/etc/nsswitch.conf"
	# In a shell of its own: this one would tell of each process that was killed.
	{ (strace -f -qq -o "$work/trace" -e trace="$1" -e inject="$1:$2:when=$3" \
		"$V6GUARD" --root "$root" nss enable >"$work/out" 2>&1; exit $?) ; } 2>/dev/null
	code=$?
	grep -q 'INJECTED\|killed by' "$work/trace" || return 1
	cases=$((cases + 1))
	now=$(cat "$root/etc/nsswitch.conf"; echo x); now=${now%x}
	if [ "$now" != "$plain" ] && [ "$now" != "$on" ]; then fail "$where" "the old file or the new" "$now"; fi
	case $code in
	0) [ "$now" = "$on" ] || fail "$where" "the new file, as the exit status is 0" "$now";;
	[34]) [ "$now" = "$plain" ] || grep -q 'cannot write the result' "$work/out" || fail "$where" "the old file, as the exit status is $code" "$now: $(cat "$work/out")"
		[ -s "$work/out" ] || fail "$where" "a message" "silence, exit $code";;
	1) fail "$where" "exit 0, 3, 4 or a signal" "exit 1: $(cat "$work/out")";;
	127) grep -q 'error while loading shared libraries' "$work/out" ||
		fail "$where" "exit 0, 3, 4 or a signal" "exit 127: $(cat "$work/out")";;
	*) [ "$code" -ge 128 ] || fail "$where" "exit 0, 3, 4 or a signal" "exit $code: $(cat "$work/out")";;
	esac
	# The next run finishes the job and clears up.
	"$V6GUARD" --root "$root" nss disable >"$work/out" 2>&1 && "$V6GUARD" --root "$root" nss enable >>"$work/out" 2>&1 ||
		fail "$where: the next run" "exit 0" "$(cat "$work/out")"
	"$V6GUARD" --root "$root" status >"$work/out" 2>&1 || fail "$where: status after the next run" "exit 0" "$(cat "$work/out")"
	left=$(find "$root" -name '*.v6guard-*')
	[ -z "$left" ] || fail "$where" "no temporary file after the next run" "$left"
	return 0
}

each() { # each SYSCALL WHAT...: at its first call, its second, ... until there is none
	local call=$1 what n before; shift
	for what; do
		before=$bad
		# At least one call, or the case says nothing.
		inject "$call" "$what" 1 || { fail "$call, $what" "a call to fail" "none is made"; continue; }
		for ((n = 1 + step; ; n += step)); do inject "$call" "$what" "$n" || break; done
		if [ "$bad" = "$before" ]; then good=$((good + 1)); echo "ok      $call, $what: at each of its calls"; fi
	done
}
each write error=ENOSPC signal=KILL
each fsync error=EIO signal=KILL
each rename error=EIO signal=KILL
each fchmod error=EPERM signal=KILL
each flock error=ENOLCK signal=KILL
each mkdir error=ENOSPC signal=KILL
each close signal=KILL
each fstat,newfstatat error=EIO signal=KILL
each read error=EIO signal=KILL
each flistxattr error=EIO signal=KILL
each openat error=EMFILE signal=KILL
echo "t_crash.sh: $cases runs, $good ok, $bad failed"
[ $bad = 0 ]
