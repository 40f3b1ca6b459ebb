#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each fuzz target over its corpus, fuzz_NAME over corpus/NAME: with libFuzzer as well as
# with main_replay.c.
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${top_builddir:=$top_srcdir}"
how=-runs=0
[ -z "${V6GUARD_LONG:-}" ] || how=-max_total_time=60
count=0 status=0
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
for target in "$top_builddir"/tests/fuzz/fuzz_*; do
	name=${target##*/fuzz_}
	case $name in *.*) continue ;; esac
	[ -f "$target" ] && [ -x "$target" ] || continue
	count=$((count + 1))
	mkdir -p "$work/new"
	set --
	[ "$name" != gaiconf ] || set -- "$top_srcdir/tests/data/gaiconf-cases"
	# A real fuzzer looks further for a minute in `make check-long`.
	if "$target" $how \
		-artifact_prefix="$work/" "$work/new" "$top_srcdir/tests/fuzz/corpus/$name" "$@" \
		>"$work/log" 2>&1; then
		echo "ok fuzz_$name"
	else
		echo "FAILED fuzz_$name"
		tail -n 30 "$work/log"
		status=1
	fi
done
[ $count -gt 0 ] || { echo "no fuzz targets in $top_builddir/tests/fuzz"; exit 1; }
exit $status
