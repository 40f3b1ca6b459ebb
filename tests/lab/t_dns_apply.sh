#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the resolver listens changes while it runs: the steward binds, the worker reads.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host v6only-noroute4 six
mkdir -p "$LAB_DIR/six/etc/v6guard"
conf=$LAB_DIR/six/etc/v6guard/v6guard.conf
v() { on six v6guard "$@" 2>&1; }

listens() {
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $DNS6" "$@" >"$conf"
	v -q apply
	v resolver status | sed -n 's/^listens on  //p'
}
asked() { on six "$python" "$here/ask.py" "$@"; }
printf '%s\n' '[resolver]' 'enable = yes' >"$conf"
daemon six
on six ip addr add 127.0.0.99/32 dev lo
check "apply: another address at once, and those before are closed" "127.0.0.65:53 [::1]:53 no: [Errno 111] Connection refused" \
	"$(listens 'listen = 127.0.0.65:53 [::1]:53') $(asked 127.0.0.64 dual.lab.test A)"
check "it answers there, by UDP and TCP" 'NOERROR; A 198.51.100.1 NOERROR; A 198.51.100.1' \
	"$(asked 127.0.0.65 dual.lab.test A) $(asked 127.0.0.65 dual.lab.test A tcp)"
check "and where it was before and is to be still" 'NOERROR; A 198.51.100.1' "$(asked ::1 dual.lab.test A)"
check "another port" "127.0.0.65:5353 NOERROR; A 198.51.100.1" \
	"$(listens 'listen = 127.0.0.65:5353') $(asked 127.0.0.65@5353 dual.lab.test A)"
check "all addresses in place of one" "0.0.0.0:53 NOERROR; A 198.51.100.1" \
	"$(listens 'listen = 0.0.0.0:53' 'allow = 127.0.0.0/8') $(asked 127.0.0.99 dual.lab.test A)"
check "and one in place of all" "127.0.0.64:53 NOERROR; A 198.51.100.1 no: [Errno 111] Connection refused" \
	"$(listens 'listen = 127.0.0.64:53') $(asked 127.0.0.64 dual.lab.test A) $(asked 127.0.0.99 dual.lab.test A)"
: >"$LAB_DIR/six/daemon.log"
check "one that is not there: said, the other is used" "127.0.0.64:53 1" \
	"$(listens 'listen = 127.0.0.64:53 192.0.2.77:53') $(grep -c 'resolver: 192.0.2.77:53 is not listened on' "$LAB_DIR/six/daemon.log")"
on six ip addr add 192.0.2.77/32 dev lo
check "now it is, and is used after the next apply" "127.0.0.64:53 192.0.2.77:53" \
	"$(listens 'listen = 127.0.0.64:53 192.0.2.77:53')"
printf '%s\n' '[log]' 'events = none' >"$conf"
v -q apply
check "off: nobody listens" 'no: [Errno 111] Connection refused' "$(asked 127.0.0.64 dual.lab.test A)"
check "on again without a restart" "127.0.0.64:53 [::1]:53 NOERROR; A 198.51.100.1" \
	"$(listens) $(asked 127.0.0.64 dual.lab.test A)"
worker=$(tr -d ' ' <"/proc/$(daemon_pid six)/task/$(daemon_pid six)/children")
before=$(ls "/proc/$worker/fd" | wc -l)
for _ in 1 2 3; do
	listens 'listen = 127.0.0.65:53' >/dev/null
	listens >/dev/null
done
: >"$LAB_DIR/six/daemon.log"
for _ in 1 2 3 4 5; do
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'listen = 127.0.0.65:53' >"$conf"
	kill -HUP "$(daemon_pid six)"
	kill -HUP "$(daemon_pid six)"
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' >"$conf"
	kill -HUP "$(daemon_pid six)"
done
v -q apply
check "many reloads in a row: nothing is refused" "0 127.0.0.64:53 [::1]:53" \
	"$(grep -c 'not listened on' "$LAB_DIR/six/daemon.log") $(v resolver status | sed -n 's/^listens on  //p')"
check "no descriptor is lost by that" "$before" "$(ls "/proc/$worker/fd" | wc -l)"
daemon_stop six
lab_done
