#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A new user's first minutes: a clone of the checkout on a machine with nothing in it, the first
# command of README.md as it stands there, and what it showed. What is not committed is not in it.
#
#   tests/fresh/run.sh [COMMAND]      COMMAND: another than that, as one word
#
# Its logs are in build/fresh/log when it fails. FRESH_LIMIT: seconds after which it has failed. Exit 1 also where there can be no such machine,
# as when the archive of packages cannot be reached: nothing is known then.
set -u
. "$(dirname "$0")/tree.sh"
top=$tree_top
tree_alone "$@"

# A clone, also of a checkout that is another user's; of what is no checkout, the files.
clone() {
	local changed
	[ -e "$top/.git" ] || {
		mkdir "$1" && tar -C "$top" --exclude ./build -cf - . | tar -C "$1" -xf - && echo "checkout: the files, as git knows nothing of them"
		return
	}
	printf '[safe]\n\tdirectory = *\n' >"$root/tmp/gitconfig"
	export GIT_CONFIG_GLOBAL=$root/tmp/gitconfig
	git clone -q --depth 1 "file://$top" "$1" || return 1
	changed=$(git -C "$top" --no-optional-locks status --porcelain | wc -l)
	echo "checkout: $(git -C "$1" log -1 --format='%h %s')"
	[ "$changed" -eq 0 ] || echo "checkout: what was changed since is not in it ($changed in git status)"
	rm "$GIT_CONFIG_GLOBAL"
}

packages() { tree_enter "$root" dpkg-query -W | wc -l; }

# What the demo says where it can show nothing is no error of it, but of this step.
shown() {
	grep -q '^  program .* verdict$' "$1" && grep -q '^  wget .*  ok$' "$1" && ! grep -q 'No table of programs' "$1"
}

root=$TREES/root
rm -rf "$TREES/log"
tree_make "$root" || exit 1
clone "$root/root/v6guard" || { tree_fail "no clone of $top"; exit 1; }
first=$(sed -n '/^## Try it/,/^## /s/^    \([^#]*[^# ]\) *\(#.*\)\?$/\1/p' "$root/root/v6guard/README.md" | head -n 1)
command=${1:-$first}
[ -n "$command" ] || { tree_fail "README.md has no first command"; exit 1; }
before=$(packages) start=$SECONDS
echo "# $command"
# shellcheck disable=SC2016
tree_enter "$root" timeout -k 10 "${FRESH_LIMIT:-1200}" sh -c 'cd /root/v6guard && eval "$1"' sh "$command" \
	2>&1 </dev/null | tee "$root/tmp/said"
status=${PIPESTATUS[0]}
echo "fresh: $command took $((SECONDS - start)) s, $(($(packages) - before)) packages and $(du -smx "$root" | cut -f1) MB"
[ "$status" -eq 0 ] || cp -r "$root/root/v6guard/build/log" "$TREES/log"
[ "$status" -eq 0 ] || { tree_fail "$command ends with $status"; exit 1; }
[ "$command" != "$first" ] || shown "$root/tmp/said" || { tree_fail "$command showed no table of programs"; exit 1; }
