#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# v6guard resolver: what an administrator does with the dns door.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
ip -6 addr add 2001:db8:46::c633:6401/128 dev lo nodad
lab_host v6only-noroute4 six
mkdir -p "$LAB_DIR/six/etc/v6guard"
conf=$LAB_DIR/six/etc/v6guard/v6guard.conf
file=$LAB_DIR/six/etc/resolv.conf
v() { on six v6guard "$@" 2>&1; }
code() { v "$@" >/dev/null; echo $?; }

check "without the daemon" 4 "$(code resolver status)"
before=$(cat "$file")
check "nothing is enabled then" "4 $before" "$(code resolver enable) $(cat "$file")"
printf '%s\n' '[log]' 'events = none' >"$conf"
daemon six
check "off: why" 'resolver    off
because     [resolver] enable = no
resolv.conf no' "$(v resolver status)"
check "status: not there in text" '' "$(v status | grep 'door dns')"
check "off: exit 1" 1 "$(code resolver status)"
check "off: nothing to enable" "v6guard: the resolver is off: [resolver] enable = no (\`v6guard config set resolver.enable yes\`, and a restart of v6guardd)" "$(v resolver enable)"
printf '%s\n' '[resolver]' 'enable = yes' '[nat64]' 'prefix = 2001:db8:46::/96' >"$conf"
v -q apply >/dev/null
check "switched on: it takes a restart" 'because     it takes a restart of v6guardd' "$(v resolver status | grep because)"
daemon_stop six
daemon six
check "on" "resolver    on
listens on  127.0.0.64:53 [::1]:53
asks        [$DNS6]:53
dns64       yes
prefixes    2001:db8:46::/96
answers     0
resolv.conf no" "$(v resolver status)"
check "query: a name with IPv4 alone" 'v4only.lab.test. 60 AAAA 2001:db8:46::c633:6401
NOERROR: made for NAT64' "$(v resolver query v4only.lab.test)"
check "query: A" 'v4only.lab.test. 300 A 198.51.100.1
NOERROR' "$(v resolver query v4only.lab.test A | sed 's/ 29[0-9] / 300 /')"
check "query: the root" '. 300 NS ns.' "$(v resolver query . NS | sed 's/ 29[0-9] / 300 /' | head -n 1)"
check "query: no such name, exit 1" 1 "$(code resolver query missing.lab.test)"
check "query: a chain" 3 "$(v resolver query far.lab.test A | grep -c 'lab.test.*lab.test\|198.51')"
check "query: a type that is none" 3 "$(code resolver query x.lab.test NONSENSE)"
check "query: a name that is none" "v6guard: 'bad..name' is no name 3" "$(v resolver query bad..name) $(code resolver query bad..name)"
door() { v --json status | "$python" -c 'import json, sys; d = json.load(sys.stdin)["doors"]["dns"]; print(d["state"], d["detail"])'; }
check "status: the door" 'on ' "$(door)"
check "status: in text" 'door dns    on' "$(v status | grep 'door dns')"
check "stats" 'questions 5, asked 7' \
	"$(v --json resolver stats | "$python" -c 'import json, sys; s = json.load(sys.stdin); print("questions %d, asked %d" % (s["questions"], s["asked"]))')"
check "flush one" '2 answers forgotten' "$(v resolver flush v4only.lab.test)"
check "flush, nothing there" unchanged "$(v resolver flush v4only.lab.test)"
check "query: 50 addresses fit into no packet: all of them, by TCP" '50 NOERROR: native AAAA exist' \
	"$(v resolver query many.lab.test | grep -c ' AAAA 2001:db8:64::') $(v resolver query many.lab.test | tail -n 1)"
check "query: names in other types are names, not bytes that point elsewhere" \
	'lab.test. T SOA ns.lab.test. hostmaster.lab.test. 1 3600 600 86400 60' \
	"$(v resolver query lab.test SOA | sed -n 's/ [0-9]* SOA / T SOA /p')"
check "query: text" 'nodata.lab.test. T TXT "no address here"' \
	"$(v resolver query nodata.lab.test TXT | sed -n 's/ [0-9]* TXT / T TXT /p')"
check "query: a name in another script, as dig has it" 'xn--bcher-kva.cold.lab.test. 198.51.100.1' \
	"$(v resolver query bücher.cold.lab.test A | awk 'NR == 1 { print $1, $4 }')"
check "flush: the same" '1 answer forgotten' "$(v resolver flush BÜCHER.cold.lab.test)"
check "query, flush: no name at all is none, and not the root or all" "v6guard: '' is no name 3 v6guard: '' is no name 3" \
	"$(v resolver query '') $(code resolver query '') $(v resolver flush '') $(code resolver flush '')"
check "flush: a name that is none" "v6guard: 'bad..name' is no name 3" "$(v resolver flush bad..name) $(code resolver flush bad..name)"
check "enable --verify: a name that is none, and no word about who answers" "v6guard: --verify: 'bad..name' is no name 3" \
	"$(v resolver enable --verify bad..name) $(code resolver enable --verify bad..name)"

# ---- resolv.conf ---------------------------------------------------------------------------

kept=$LAB_DIR/six/run/v6guard/resolv.upstream.conf
cp "$file" "$LAB_DIR/original"
is_original() { cmp -s "$LAB_DIR/original" "$file" && echo "as it was"; }
check "enable --dry-run: exit 1, nothing changed" "1 as it was, nothing kept" \
	"$(code resolver enable --dry-run) $(is_original), $([ -e "$kept" ] || echo nothing kept)"
check "enable" 'resolver: programs that start from now on ask it' "$(v resolver enable)"
check "the file leads to it, and keeps what was there" "#v6guard these lead to v6guardd, which asks the servers below (v6guard resolver disable)
nameserver 127.0.0.64
nameserver ::1
#v6guard nameserver $DNS6
search lab.test" "$(cat "$file")"
check "what was there is kept, byte for byte" 0 "$(cmp "$LAB_DIR/original" "$kept"; echo $?)"
check "it asks whom it asked before" "asks        [$DNS6]:53" "$(v resolver status | grep asks)"
check "status knows" 'resolv.conf yes' "$(v resolver status | grep resolv.conf)"
check "again: unchanged" 'unchanged 0' "$(v resolver enable) $(code resolver enable)"
check "wget reaches an IPv4-only name" 2001:db8:1::2 "$(on six timeout 20 wget -q -T 5 -t 1 -O - http://v4only.lab.test/)"
cp "$file" "$LAB_DIR/enabled"
# asks FILE: whom it asks with these bytes in resolv.conf.
asks() { cat "$1" >"$file"; sleep 1.1; v resolver status | grep asks; }
echo 'nameserver 127.0.0.64' >"$LAB_DIR/foreign"
check "somebody writes the file anew: those that are kept" "asks        [$DNS6]:53" "$(asks "$LAB_DIR/foreign")"
echo 'nameserver 192.0.2.99' >"$kept"
check "they are read again" 'asks        192.0.2.99:53' "$(asks "$LAB_DIR/foreign" | sed 's/ (via.*//')"
check "but its own lines come first" "asks        [$DNS6]:53" "$(asks "$LAB_DIR/enabled")"
daemon_stop six
rm "$kept"
daemon six
check "after a restart of the host as well: nothing but resolv.conf is needed" 2001:db8:1::2 \
	"$(on six timeout 20 wget -q -T 5 -t 1 -O - http://v4only.lab.test/)"
check "history" 'resolv' "$(v history resolv | awk '{ print $2 }')"
check "disable" 'resolver: resolv.conf is as it was before; v6guardd goes on answering' "$(v resolver disable)"
check "the file is what it was, byte for byte" 'as it was' "$(is_original)"
check "disable again" unchanged "$(v resolver disable)"
v -q rollback resolv >/dev/null
check "rollback: it leads there again" 1 "$(grep -c '^nameserver 127.0.0.64' "$file")"
v -q resolver disable >/dev/null

# ---- what goes wrong later -----------------------------------------------------------------

v -q rule add no priority=1 domains=w1.lab.test action=block >/dev/null
check "blocked: why" 'NOERROR: blocked by a rule (no)' "$(v resolver query w1.lab.test)"
v -q off >/dev/null
check "v6guard off: the door says so" 'off v6guard off: answers are passed on as they are' "$(door)"
v -q on >/dev/null
check "validate without an anchor: refused, and the old settings stay" \
	"v6guard: v6guardd keeps its old settings: /etc/v6guard/v6guard.conf:3: [resolver] trust-anchor: /nowhere: No such file or directory; \`dnssec = validate\` begins there (Debian: the package dns-root-data)" \
	"$(v -q config set resolver.trust-anchor /nowhere; v -q config set resolver.dnssec validate)"
v -q config set resolver.dnssec process
v -q config set resolver.listen 192.0.2.77:53
nowhere='no interface has the address of 192.0.2.77:53'
check "it listens nowhere: status" "because     $nowhere" "$(v resolver status | grep because)"
check "... the door" "degraded $nowhere" "$(door)"
check "... query: exit 4" "v6guard: the resolver listens nowhere: $nowhere 4" \
	"$(v resolver query .) $(code resolver query .)"

v -q config set resolver.listen '127.0.0.64:53 [::1]:53'

# ---- does resolv.conf lead to it? ----------------------------------------------------------

# leads LINES: what status says of the file with them in it.
leads() { printf '%s\n' "$@" >"$file"; sleep 1.1; v resolver status | sed -n 's/^resolv.conf //p'; }
check "a line that names a listener, whoever wrote it" yes "$(leads 'nameserver 127.0.0.64' "#v6guard nameserver $DNS6")"
check "of IPv6" yes "$(leads 'nameserver ::1' "#v6guard nameserver $DNS6")"
v -q config set resolver.listen 127.0.0.1:53
check "as libc reads it" 'yes yes' "$(leads 'nameserver 127.1' "#v6guard nameserver $DNS6") $(leads "#v6guard nameserver $DNS6")"
v -q config set resolver.allow '127.0.0.0/8 ::1'
v -q config set resolver.listen 0.0.0.0:53
check "all addresses" 'yes no' "$(leads 'nameserver 127.0.0.9' "#v6guard nameserver $DNS6") $(leads 'nameserver ::1' "nameserver $DNS6")"
v -q config set resolver.listen '127.0.0.64:53 [::1]:53'
check "one that is asked after another" "yes, but $DNS6 is asked first" "$(leads "nameserver $DNS6" 'nameserver 127.0.0.64')"
check "a fourth line is not read" no "$(leads "nameserver $DNS6" 'nameserver 192.0.2.1' 'nameserver 192.0.2.2' 'nameserver 127.0.0.64')"
mkdir -p "$LAB_DIR/six/run/systemd/resolve"
printf 'nameserver 127.0.0.64\nnameserver %s\n' $DNS6 >"$LAB_DIR/six/run/systemd/resolve/resolv.conf"
check "through the stub of systemd-resolved" 'yes, by way of systemd-resolved' "$(leads 'nameserver 127.0.0.53')"
printf 'nameserver %s\n' $DNS6 >"$LAB_DIR/six/run/systemd/resolve/resolv.conf"
check "which asks another" no "$(leads 'nameserver 127.0.0.53')"
rm -r "$LAB_DIR/six/run/systemd"
is_degraded() { v resolver status | grep -q degraded; }
check "nobody to ask: degraded, and the way out" 'resolver    degraded
because     there is nobody to ask: /etc/resolv.conf names no other server; `v6guard config set resolver.upstream ADDRESS` 1' \
	"$(leads 'nameserver 127.0.0.64' >/dev/null; until_true 10 is_degraded; v resolver status | head -n 2) $(code resolver status)"
check "with that it is well" 'resolver    on' "$(v -q config set resolver.upstream $DNS6; v resolver status | head -n 1)"
daemon_stop six
check "v6guardd is gone: it leads nowhere, and that is said" "v6guard: v6guardd is not running, and this needs it" \
	"$(v resolver status | head -n 1)"
printf '#v6guard these lead to v6guardd, which asks the servers below (v6guard resolver disable)\nnameserver 127.0.0.64\n' >"$file"
check "disable: nobody goes on answering, and that is not said" 'resolver: resolv.conf is as it was before' "$(v resolver disable)"
printf '#v6guard these lead to v6guardd, which asks the servers below (v6guard resolver disable)\nnameserver 127.0.0.64\n' >"$file"
check "... with what to do" 'v6guard: /etc/resolv.conf leads to it all the same: programs get no answers; `v6guard resolver disable` puts it back' \
	"$(v resolver status | sed -n 2p)"
lab_done
