#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_crash.sh - each system call of a change fails in turn, or is the last one of the process:
# the old file or the new file, never anything else, and nothing left after the next run.
#
# Five writers: nsswitch.conf by its dangerous calls; its copy of a vendor's file, which goes
# again, gai.conf, v6guard.conf and resolv.conf by every call they make, each with one way to fail and a kill, and with V6GUARD_LONG every way.
#
# V6GUARD and MODULE as in t_cli.sh; CRASH_STEP=N takes every Nth call only.
set -u
. "$(dirname "$0")/lab.sh"
find_built
strace -o /dev/null true 2>/dev/null || { echo "skip    strace is not there, or may not trace"; exit 77; }
step=${CRASH_STEP:-1}

# In memory: thousands of fsync() are no part of what is tested.
work=$(mktemp -d /dev/shm/t_crash.XXXXXX 2>/dev/null) || work=$(mktemp -d /tmp/t_crash.XXXXXX) || exit 1
trap 'exit 1' HUP INT PIPE TERM
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/etc" "$root$nssdir"
cp "$MODULE" "$root$nssdir/"
good=0 bad=0 cases=0

fail() { bad=$((bad + 1)); echo "FAILED  $1"; printf '        expected: %s\n        seen:     %s\n' "$2" "$3"; }
v6guard() { "$V6GUARD" --root "$root" "$@"; }

# A writer: the file it changes, its old content, the command, its next run. Sets $on, the new one.
writer() { # NAME FILE OLD COMMAND...
	what=$1 file=$2 plain=$3
	shift 3
	command=("$@")
	reset
	v6guard "${command[@]}" >"$work/out" 2>&1 || fail "$what" "exit 0" "$(cat "$work/out")"
	on=$(cat "$file" 2>/dev/null; echo x) on=${on%x}
	[ "$on" != "$plain" ] || fail "$what" "a change" "none"
}
reset() {
	rm -rf "${root:?}/var"
	find "$root" -name '*.v6guard-*' -delete
	printf %s "$plain" >"$file"
	[ "$what" = vendor ] || printf 'passwd: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
	[ "$what" != vendor ] || { rm -f "$file"; v6guard -q nss enable 2>/dev/null; }
}
# What is to be done after whatever happened, and comes to $on: an undone change is made again.
next_run() {
	case $what in
	vendor) v6guard nss disable ;;
	nss) v6guard nss disable && v6guard nss enable && v6guard status ;;
	gai) v6guard policy set reload yes && v6guard policy set reload no && v6guard "${command[@]}" ;;
	config) v6guard mode off && v6guard "${command[@]}" ;;
	resolv) printf %s "$plain" >"$file" && v6guard "${command[@]}" ;;
	esac
}

# inject SYSCALL WHAT N: one run; false when the Nth call of that name never came.
inject() {
	local where="$what: $1, call $3, $2" code now left
	reset
	# In a shell of its own: this one would tell of each process that was killed.
	{ (strace -f -qq -o "$work/trace" -e trace="$1" -e inject="$1:$2:when=$3" \
		"$V6GUARD" --root "$root" "${command[@]}" >"$work/out" 2>&1; exit $?) ; } 2>/dev/null
	code=$?
	grep -q 'INJECTED\|killed by' "$work/trace" || return 1
	cases=$((cases + 1))
	now=$(cat "$file" 2>/dev/null; echo x) now=${now%x}
	if [ "$now" != "$plain" ] && [ "$now" != "$on" ]; then fail "$where" "the old file or the new" "$now"; fi
	case $code in
	0) [ "$now" = "$on" ] || fail "$where" "the new file, as the exit status is 0" "$now";;
	[34]) [ "$now" = "$plain" ] || grep -q 'cannot write the result' "$work/out" || fail "$where" "the old file, as the exit status is $code" "$now: $(cat "$work/out")"
		[ -s "$work/out" ] || [ "$1" = write ] || fail "$where" "a message" "silence, exit $code";;
	1) fail "$where" "exit 0, 3, 4 or a signal" "exit 1: $(cat "$work/out")";;
	127) grep -q 'error while loading shared libraries' "$work/out" || [ "$1" = write ] ||
		fail "$where" "exit 0, 3, 4 or a signal" "exit 127: $(cat "$work/out")";;
	*) [ "$code" -ge 128 ] || fail "$where" "exit 0, 3, 4 or a signal" "exit $code: $(cat "$work/out")";;
	esac
	# The next run finishes the job and clears up.
	next_run >"$work/out" 2>&1 || fail "$where: the next run" "exit 0" "$(cat "$work/out")"
	[ "$what" = gai ] || [ "$(cat "$file" 2>/dev/null; echo x)" = "${on}x" ] || fail "$where: the next run" "$on" "$(cat "$file")"
	left=$(find "$root" -name '*.v6guard-*')
	[ -z "$left" ] || fail "$where" "no temporary file after the next run" "$left"
	return 0
}

each() { # each SYSCALL WHAT...: at its first call, its second, ... until there is none
	local call=$1 how n before; shift
	for how; do
		before=$bad
		# At least one call, or the case says nothing.
		inject "$call" "$how" 1 || { fail "$call, $how" "a call to fail" "none is made"; continue; }
		for ((n = 1 + step; ; n += step)); do inject "$call" "$how" "$n" || break; done
		if [ "$bad" = "$before" ]; then good=$((good + 1)); echo "ok      $what: $call, $how: at each of its calls"; fi
	done
}

# Every call of the command, but those by which libc gets its memory and starts.
every() {
	local ways=(error=EIO error=ENOSPC error=EINTR error=EACCES) calls call count n at=0 before=$bad runs=$cases
	reset
	strace -qq -o "$work/all" "$V6GUARD" --root "$root" "${command[@]}" >/dev/null 2>&1
	calls=$(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$work/all" | 
		grep -v -e '^execve$' -e '^exit' -e '^m[a-z]*map$' -e '^mprotect$' -e '^brk$' -e '^arch_prctl$' \
			-e '^set_' -e '^rseq$' -e '^prlimit' | sort | uniq -c)
	while read -r count call; do
		for ((n = 1; n <= count; n += step)); do
			if [ -n "${V6GUARD_LONG:-}" ]; then
				for how in "${ways[@]}"; do inject "$call" "$how" "$n"; done
			else
				inject "$call" "${ways[$((at++ % 4))]}" "$n"
			fi
			inject "$call" signal=KILL "$n"
		done
	done <<<"$calls"
	[ $((cases - runs)) -gt 50 ] || fail "$what" "many calls" "$((cases - runs))"
	if [ "$bad" = "$before" ]; then good=$((good + 1)); echo "ok      $what: $((cases - runs)) failures and kills, at every call"; fi
}

writer nss "$root/etc/nsswitch.conf" $'passwd: files\nhosts: files dns\n' nss enable
each write error=ENOSPC signal=KILL
each fsync error=EIO signal=KILL
each rename,renameat,renameat2 error=EIO signal=KILL
each fchmod error=EPERM signal=KILL
each flock error=ENOLCK signal=KILL
each mkdir,mkdirat error=ENOSPC signal=KILL
each close signal=KILL
each fstat,newfstatat error=EIO signal=KILL
each read error=EIO signal=KILL
each flistxattr error=EIO signal=KILL
each openat error=EMFILE signal=KILL

# A libc that reads /usr/etc: the copy in /etc goes with our words.
mkdir -p "$root/usr/etc"
printf 'passwd: compat\nhosts: files dns\n' >"$root/usr/etc/nsswitch.conf"
printf '\177ELF\0/usr/etc/nsswitch.conf\0' >"$root$nssdir/libc.so.6"
writer vendor "$root/etc/nsswitch.conf" $'passwd: compat\nhosts: files v6guard [!UNAVAIL=return] dns\n' nss disable
every
rm -r "$root/usr/etc" "$root$nssdir/libc.so.6"

writer gai "$root/etc/gai.conf" $'# mine\nlabel ::/0 1' policy set precedence ::ffff:0:0/96 100
every

conf=$(v6guard config check | sed 's/: no errors$//')
mkdir -p "$conf"
rm -f "$root/etc/gai.conf"
writer config "$conf/v6guard.conf" $'# mine\n[guard]\nmode = auto ; why' mode prefer-ipv4
every

rm -f "$conf/v6guard.conf"
writer resolv "$root/etc/resolv.conf" $'#v6guard these lead to v6guardd, which asks the servers below (v6guard resolver disable)\nnameserver 127.0.0.64\n#v6guard nameserver 192.0.2.53\nsearch x.example\n' resolver disable
every

echo "t_crash.sh: $cases runs, $good ok, $bad failed"
[ $bad = 0 ]
