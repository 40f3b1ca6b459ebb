#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# v6guard resolver enable and disable, at each call by which they write: it fails, or is the last
# one. resolv.conf is the old one or the new one, and where it is the new one the servers of
# before are kept, whole.
. "$(dirname "$0")/lab.sh"
strace -o /dev/null true 2>/dev/null || { echo "skip    strace is not there, or may not trace"; exit 77; }
lab_enter "$@"
lab_host v6only-noroute4 six
dir=$LAB_DIR/six
file=$dir/etc/resolv.conf
kept=$dir/run/v6guard/resolv.upstream.conf
mkdir -p "$dir/etc/v6guard"
printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $DNS6" >"$dir/etc/v6guard/v6guard.conf"
printf '# mine\nsearch %s\nnameserver %s' "$LAB_DOMAIN" $DNS6 >"$LAB_DIR/off.file"
daemon six
cp "$LAB_DIR/off.file" "$file"
check "control: enable" 0 "$(on six v6guard -q resolver enable 2>&1; echo $?)"
cp "$file" "$LAB_DIR/on.file" && cp "$kept" "$LAB_DIR/on.kept"
cases=0

# begin enable|disable: as it is before that.
begin() {
	rm -f "$kept"
	if [ "$1" = enable ]; then
		cp "$LAB_DIR/off.file" "$file"
	else
		cp "$LAB_DIR/on.file" "$file"
		cp "$LAB_DIR/on.kept" "$kept"
	fi
}
state() {
	local is=torn has=torn
	cmp -s "$file" "$LAB_DIR/off.file" && is=off
	cmp -s "$file" "$LAB_DIR/on.file" && is=on
	[ -e "$kept" ] || has=nothing
	cmp -s "$kept" "$LAB_DIR/on.kept" && has=servers
	echo "$is, $has kept"
}

# inject enable|disable SYSCALL HOW N; false when there is no Nth call of that name.
inject() {
	local status left
	begin "$1"
	{ (on six strace -f -qq -o "$LAB_DIR/trace" -e trace="$2" -e inject="$2:$3:when=$4" \
		"$STAGE/usr/bin/v6guard" -q resolver "$1" >"$LAB_DIR/out" 2>&1; exit $?); } 2>/dev/null
	status=$?
	grep -q 'INJECTED\|killed by' "$LAB_DIR/trace" || return 1
	cases=$((cases + 1))
	left=$(find "$dir/etc" "$dir/run/v6guard" -name '.*.v6guard-*' | wc -l)
	case "$1 $status: $(state), $left left" in
	"enable 0: on, servers kept, 0 left" | "enable "[34]": off, nothing kept, 0 left") ;;
	"enable 137: off, "*" kept, "[012]" left" | "enable 137: on, servers kept, "[012]" left") ;;
	"disable 0: off, "*" kept, 0 left" | "disable "[34]": on, servers kept, 0 left") ;;
	"disable 137: on, servers kept, "[012]" left" | "disable 137: off, "*" kept, "[012]" left") ;;
	*) bad "$1: $2, $3, call $4" "exit $status: $(state), $left left: $(cat "$LAB_DIR/out")" ;;
	esac
	case $status in
	[34]) [ -s "$LAB_DIR/out" ] || bad "$1: $2, $3, call $4" "exit $status, and nothing is said" ;;
	esac
}

# each COMMAND HOW SYSCALL...: at every call of these names.
each() {
	local command=$1 how=$2 call n before=$cases failed=$lab_bad
	shift 2
	for call; do
		for ((n = 1; n < 60; n++)); do inject "$command" "$call" "$how" $n || break; done
	done
	[ $((cases - before)) -ge 8 ] || bad "$command: $how" "$((cases - before)) calls alone"
	[ "$lab_bad" != "$failed" ] || ok "$command: $how, at each of $((cases - before)) calls"
}

# Whichever of them is made.
renames=rename,renameat,renameat2 unlinks=unlink,unlinkat
each enable error=EIO flock fsync "$renames" "$unlinks" fchmod
each enable signal=KILL fsync "$renames" "$unlinks"
each disable error=ENOSPC flock fsync "$renames" "$unlinks" fchmod
each disable signal=KILL fsync "$renames" "$unlinks"
check "and the next ones do it, and clear up" "on, servers kept; off, nothing kept; 0" \
	"$(begin enable; on six v6guard -q resolver enable; state); $(on six v6guard -q resolver disable; state); $(find "$dir/etc" "$dir/run/v6guard" -name '.*.v6guard-*' | wc -l)"
daemon_stop six
lab_done
