#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A v6guardd that cannot take its configuration, on a host whose resolv.conf leads to it: it runs on
# the last good one, and says so; no lookup fails.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy box
etc=$LAB_DIR/box/etc conf=$LAB_DIR/box/etc/v6guard/v6guard.conf kept=$LAB_DIR/box/lib/v6guard/last-good.conf
list=$LAB_DIR/box/etc/v6guard/not-these
mkdir -p "$etc/v6guard/conf.d"
echo '*.cold.lab.test' >"$list"
cp "$etc/resolv.conf" "$LAB_DIR/servers"

# good: a configuration whose upstream only the last good one knows.
good() {
	rm -rf "$etc/v6guard/conf.d"/*
	printf '%s\n' '[guard]' 'mode = prefer-ipv4' '[probe]' 'max-rate = 7' '[resolver]' 'enable = yes' \
		"upstream = $DNS4" 'listen = 127.0.0.64:53' >"$conf"
	printf '%s\n' '[nat64]' 'exclude-domains = a.test' 'exclude-domains-file = ../not-these' \
		"exclude-domains = $(seq -f 'n%g.example.test' -s ' ' 1 5)" >"$etc/v6guard/conf.d/1.conf"
	chmod 644 "$conf" && chown 0:0 "$conf"
}
stop() { daemon_stop box; : >"$LAB_DIR/box/daemon.log"; }
# lookups: how many of ten fail; then what mode and rate are in force, and what status says.
lookups() {
	local i failed=0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		on box getent ahosts "n$RANDOM.cold.lab.test" >/dev/null || failed=$((failed + 1))
	done
	echo "$failed failed"
}
force() { sed -n 's/^v6guardd: started: mode \([^,]*\), probe \([^,]*\),.*/\1 \2/p' "$LAB_DIR/box/daemon.log"; }
says() { on box v6guard status 2>&1 | grep -c "v6guardd keeps its old settings: $1"; }
# falls WHAT WHY: a start on the last good one.
falls() {
	daemon box
	check "$1: the last good one is in force" "prefer-ipv4 suspects" "$(force)"
	check "... and no lookup fails" "0 failed" "$(lookups)"
	check "... and status says why, and what is in force" 1 "$(says ".*$2.*; the last one without errors is in force")"
	check "... and is degraded" 1 "$(on box v6guard status >/dev/null 2>&1; echo $?)"
	check "... and the log" 1 "$(grep -c "^v6guardd: the last one without errors is in force (/var/lib/v6guard/last-good.conf)" "$LAB_DIR/box/daemon.log")"
	check "... and what is kept stays as it was" same "$(cmp -s "$kept" "$LAB_DIR/kept" && echo same)"
}

good
printf 'nameserver 127.0.0.64\n' >"$etc/resolv.conf"
daemon box
on box v6guard -q enable
check "a good one: no lookup fails" "0 failed" "$(lookups)"
check "it is kept, for root alone" "600 0" "$(stat -c '%a %u' "$kept")"
check "with its lists written out" "exclude-domains = a.test n1.example.test n2.example.test n3.example.test n4.example.test n5.example.test *.cold.lab.test" "$(grep ^exclude-domains "$kept")"
cp "$kept" "$LAB_DIR/kept"
stop

chmod 666 "$conf"
got=$(on box v6guard apply 2>&1)
check "apply refuses what anybody may write" "3 v6guard: /etc/v6guard/v6guard.conf: anybody may write it (mode 0666): \`chmod o-w\` it" "$(on box v6guard apply >/dev/null 2>&1; echo $?) $got"
falls "chmod 666" "anybody may write it (mode 0666)"
chmod 644 "$conf"
on box v6guard -q apply
check "mended: nothing is said any more" 0 "$(says .)"
chown 4711 "$conf"
check "chown under it: refused, and the one before stays" 3 "$(on box v6guard apply >/dev/null 2>&1; echo $?)"
stop
falls "chown" "it belongs to user 4711 (mode 0644)"
stop
good
chgrp 4711 "$conf" && chmod 664 "$conf"
check "a group that may write it: warned of" "v6guard: /etc/v6guard/v6guard.conf: its group may write it, and so decide for all programs: \`chmod g-w\` it" "$(on box v6guard -q apply 2>&1 >/dev/null)"
good

echo nonsense >"$conf"
falls "an error" "v6guard.conf:1:1"
stop
good
rm "$list"
falls "a list that is gone" "cannot read"
stop
echo '*.cold.lab.test' >"$list"
rm "$conf" "$etc/v6guard/conf.d/1.conf"
falls "it is deleted" "there is no v6guard.conf any more"
on box v6guard -q apply >/dev/null 2>&1
check "... nor is it taken for the defaults by a reload" "0 failed" "$(lookups)"
stop

head -c 300 "$LAB_DIR/kept" >"$kept"
daemon box
check "what is kept is damaged: that is said" 1 "$(grep -c 'last-good.conf is damaged' "$LAB_DIR/box/daemon.log")"
stop
echo nonsense >"$conf"
{ cat "$LAB_DIR/servers" | sed -n "s/^nameserver/#v6guard nameserver/p"; cat "$etc/resolv.conf"; } >"$LAB_DIR/new" && cp "$LAB_DIR/new" "$etc/resolv.conf"
daemon box
check "... no evidence" "off off" "$(force)"
check "... and no lookup fails" "0 failed" "$(lookups)"
check "... and status says so" 1 "$(says '.*; no evidence; names are asked of the servers that resolv.conf had')"
stop
rm "$kept"
daemon box
check "nothing is kept: the same" "off off 0 failed" "$(force) $(lookups)"
stop
cp "$LAB_DIR/servers" "$etc/resolv.conf"
check "nor does resolv.conf lead there: it does not start" 3 "$(on box v6guardd -f >/dev/null 2>&1; echo $?)"
lab_done
