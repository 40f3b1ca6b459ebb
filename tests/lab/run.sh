#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the lab's tests, two at a time, and counts them:  tests/lab/run.sh [t_NAME.sh...]
# A test that takes longer than LAB_LIMIT seconds has failed. Those with a line `# alone:` go
# by the clock, and run before the others, one by one. Exit 0 when some have passed and none has
# failed: where all are skipped nothing is known.
set -u
here=$(cd "$(dirname "$0")" && pwd)
logs=${LAB_LOGS:-$here/../../build/log/lab}
limit=${LAB_LIMIT:-300}
mkdir -p "$logs" || exit 1
[ $# -gt 0 ] || { cd "$here" && set -- t_*.sh; }

one() {
	local name status start=$EPOCHSECONDS
	name=$(basename "$1")
	setpriv --pdeathsig TERM timeout -k 10 "$limit" bash "$here/$name" >"$logs/$name.log" 2>&1 </dev/null
	status=$?
	echo "$status" >"$logs/$name.status"
	case $status in
	0) echo "ok      $name  $((EPOCHSECONDS - start)) s  $(tail -n 1 "$logs/$name.log")" ;;
	77) echo "skipped $name  $(grep '^skip' "$logs/$name.log" | tail -n 1)" ;;
	124 | 137) echo "FAILED  $name  not done after $limit s" ;;
	*) echo "FAILED  $name  $((EPOCHSECONDS - start)) s" ;;
	esac
	case $status in
	0) grep '^skip' "$logs/$name.log" | sed 's/^/        /' ;;
	77) ;;
	*) grep -A24 -v '^ok ' "$logs/$name.log" | grep -v '^ok ' | tail -n 60 | sed 's/^/        /' ;;
	esac
}

is_alone() { grep -q '^# alone:' "$here/$(basename "$1")"; }
for test in "$@"; do
	rm -f "$logs/$(basename "$test").status"
	! is_alone "$test" || one "$test"
done
for test in "$@"; do
	! is_alone "$test" || continue
	while [ "$(jobs -rp | wc -l)" -ge "${LAB_JOBS:-2}" ]; do
		wait -n
	done
	one "$test" &
done
wait

passed=0 failed=0 skipped=0
for test in "$@"; do
	case $(cat "$logs/$(basename "$test").status" 2>/dev/null) in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
