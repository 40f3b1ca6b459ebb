#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door, row by row of a conformance script for DNS64 resolvers (RFC 6147, 6052, 7050): the
# scenarios of tests/data/dns with the real daemon, libunbound and sockets, in both settings of
# non-global, each on a host of its own; prefixes for IPv4 ranges, and DO and CD
# without validation.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
data=$here/../data/dns
fixed='enable = yes
upstream = 127.0.0.1@5300'

# conform SETTING: all of the files on a host of that name.
files=(conform conform-settings ranges signed-process)
conform() {
	local etc=$LAB_DIR/$1/etc/v6guard file
	for file in "${files[@]}"; do
		on "$1" "$python" "$here/replay_dns.py" "$etc" "$fixed" "$data/$file.scn" "$1" || echo "$file.scn	not to its end"
	done >"$LAB_DIR/$1.lines" 2>&1
}

for setting in refuse allow; do
	lab_host dual "$setting"
	mkdir -p "$LAB_DIR/$setting/etc/v6guard"
	printf '[resolver]\n%s\n' "$fixed" >"$LAB_DIR/$setting/etc/v6guard/v6guard.conf"
	daemon "$setting"
	conform "$setting" &
	running+=($!)
done
wait "${running[@]}"
for setting in refuse allow; do
	while IFS=$'\t' read -r row result; do
		check "$row ($setting)" ok "$result"
	done <"$LAB_DIR/$setting.lines"
	# Of those that are for one setting only the other one has none.
	cases=$(cd "$data" && cat "${files[@]/%/.scn}" | grep -c '^case')
	others=$(cd "$data" && cat "${files[@]/%/.scn}" | grep '^only ' | grep -vc "$setting")
	check "non-global = $setting: all of them" $((cases - others)) "$(wc -l <"$LAB_DIR/$setting.lines")"
	daemon_stop "$setting"
done
lab_done
