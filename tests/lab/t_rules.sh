#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Rules at work: one partner's broken /48, a phased rollout with exceptions, the order of rules,
# one program alone, names that are completed or are CNAMEs; by the NSS module and the preload.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

# Which families a name has, as programs get them: "4 6".
got() { # HOST NAME [COMMAND BEFORE...]
	local host=$1 name=$2
	shift 2
	on "$host" "$@" getent ahosts "$name" | awk '{ print $1 ~ /:/ ? 6 : 4 }' | sort -u | tr '\n' ' ' |
		sed 's/ $//'
}
# both NAME WANT WHAT: by the module, and on a host without it by the preload.
both() {
	check "$3: $1" "$2" "$(got nss "$1")"
	check "$3: $1 (preload)" "$2" "$(got preload "$1" v6guard run -q --)"
}
apply() { # LINE...: the whole configuration of both hosts
	printf '%s\n' "$@" | tee "$LAB_DIR/nss/etc/v6guard/v6guard.conf" \
		>"$LAB_DIR/preload/etc/v6guard/v6guard.conf"
	on nss v6guard apply 2>&1
}

lab_host healthy nss
lab_host healthy preload
guard nss off
mkdir -p "$LAB_DIR/preload/etc/v6guard"

# ---- one broken partner: its /48, whatever the name; nothing else ------------------------

apply '[guard]' 'mode = off' '[rule no-partner-v6]' 'priority = 100' \
	'prefixes = 2a0a:a:a::/48' 'action = strip-aaaa' >/dev/null
for name in p1 p2 p3; do both $name 4 "a partner's /48"; done
for name in dual w1 o1 v6only; do
	want='4 6'
	[ $name != v6only ] || want=6
	both $name "$want" "... and nobody else's"
done

# With the /48 dropped on the way: at once, where it hung before.
filter nss 6 "ip6 daddr 2a0a:a:a::/48 drop"
check "curl reaches the partner at once" 198.51.100.0 "$(on nss timeout 2 curl -s http://p1/ |
	sed 's/^[0-9.]*$/198.51.100.0/')"
apply '[guard]' 'mode = off' >/dev/null
check "... and hangs without the rule" 124 "$(on nss timeout 1 wget -q -t 1 -O - http://p1/ >/dev/null; echo $?)"
filter nss 6

# ---- the phased rollout: IPv4 for all but two domains ------------------------------------

apply '[guard]' 'mode = off' \
	'[rule rolled-out]' 'priority = 10' 'domains = w1.lab.test p2.lab.test' 'action = allow' \
	'[rule not-yet]' 'priority = 20' 'action = strip-aaaa' >/dev/null
for name in w1.lab.test p2.lab.test p2; do both $name '4 6' "rolled out"; done
for name in w2 dual p1.lab.test far; do both $name 4 "not yet"; done
both v6only 6 "not yet, but it has nothing else (keep-last)"
check "localhost is nobody's business" '::1' "$(on nss getent ahostsv6 localhost | awk 'NR == 1 { print $1 }')"

# The same by networks: presets that are made of the host's own addresses.
n=${lab_number[nss]}
apply '[guard]' 'mode = off' >/dev/null
on nss v6guard preset apply phase1 >/dev/null 2>&1
for name in l$n:'4 6' o$n:4 p1:4 w1:4; do
	check "preset phase1: ${name%:*}" "${name#*:}" "$(got nss "${name%:*}")"
done
on nss v6guard preset apply phase2 2a0a:a:a::/48 w1 >/dev/null 2>&1
for name in l$n:'4 6' o$n:'4 6' q$n:'4 6' p1:'4 6' w1:'4 6' w2:4 far:4; do
	check "preset phase2: ${name%:*}" "${name#*:}" "$(got nss "${name%:*}")"
done
on nss v6guard preset apply distrust >/dev/null 2>&1
check "another preset takes its place" '4 6' "$(got nss w2)"

# ---- ALLOW above, then below -------------------------------------------------------------

out=$(apply '[guard]' 'mode = off' \
	'[rule rolled-out]' 'priority = 30' 'domains = w1.lab.test' 'action = allow' \
	'[rule not-yet]' 'priority = 20' 'action = strip-aaaa')
both w1 4 "allow below strip-aaaa says nothing"
check "... and apply says so" 1 \
	"$(grep -c 'rule rolled-out never matches: rule not-yet.*takes all its names' <<<"$out")"
check "... as does apply --check" 1 \
	"$(on nss v6guard apply --check 2>&1 | grep -c 'rule rolled-out never matches')"

# ---- one program alone -------------------------------------------------------------------

apply '[guard]' 'mode = off' '[rule legacy]' 'priority = 1' 'programs = wget' \
	'action = strip-aaaa' >/dev/null
check "wget is kept on IPv4" 4 "$(on nss wget -q -t 1 -O - http://dual/ | grep -c '\.' | sed 's/1/4/')"
check "--trace names the rule" 'dual (dual.lab.test): off: changed: 2001:db8:64::1 stripped (rule legacy: mode), 198.51.100.1 kept (rule legacy)' \
	"$(on preload v6guard run --trace -- wget -q -t 1 -O /dev/null http://dual/ 2>&1 | sed -n 's/^v6guard: \[[0-9]*\] //p')"
check "... curl is not" 6 "$(on nss curl -s http://dual/ | grep -c ':' | sed 's/1/6/')"
mkdir -p "$LAB_DIR/bin"
printf '#!%s\nimport socket\nprint(sorted({i[0].value for i in socket.getaddrinfo("dual", 80)}))\n' \
	"$(command -v "$python")" >"$LAB_DIR/bin/sync-partner"
chmod 755 "$LAB_DIR/bin/sync-partner"
apply '[guard]' 'mode = off' '[rule legacy]' 'priority = 1' 'programs = sync-partner' \
	'action = strip-aaaa' >/dev/null
check "a script, by the name that ps shows" '[2]' "$(on nss "$LAB_DIR/bin/sync-partner")"
check "... not when the interpreter was named" '[2, 10]' \
	"$(on nss "$python" "$LAB_DIR/bin/sync-partner")"

# ---- names -------------------------------------------------------------------------------

apply '[guard]' 'mode = off' '[rule a]' 'priority = 1' 'domains = =dual.lab.test' \
	'action = strip-aaaa' >/dev/null
both dual 4 "completed from the search list"
both DUAL.lab.test. 4 "in capitals, with a dot"
both www.lab.test '4 6' "a CNAME that leads there"
both www 4 "... without a dot: the canonical name counts"
apply '[guard]' 'mode = off' '[rule a]' 'priority = 1' 'domains = =dual.lab.test' \
	'match-cname = yes' 'action = strip-aaaa' >/dev/null
both www.lab.test 4 "... with match-cname"
both w1.lab.test '4 6' "... others as before"
check "canonical names as without rules" "$(on preload v6guard run -q --mode off -- "$python" -c \
	'import socket; print(socket.getaddrinfo("www", 80, flags=socket.AI_CANONNAME)[0][3])')" \
	"$(on preload v6guard run -q -- "$python" -c \
		'import socket; print(socket.getaddrinfo("www", 80, flags=socket.AI_CANONNAME)[0][3])')"
check "... and none where none was asked for" '{'"''"'}' "$(on preload v6guard run -q -- "$python" -c \
	'import socket; print({i[3] for i in socket.getaddrinfo("www", 80)})')"

# ---- a dry run, an end, a switch ---------------------------------------------------------

apply '[guard]' 'mode = off' '[rule try]' 'priority = 1' 'enforce = no' \
	'action = strip-aaaa' >/dev/null
both dual '4 6' "enforce = no"
out=$(apply '[guard]' 'mode = off' '[rule old]' 'priority = 1' 'until = 2001-01-01' \
	'action = strip-aaaa')
both dual '4 6' "a rule that has ended"
check "... and apply says so" 1 "$(grep -c 'rule old ended with 2001-01-01' <<<"$out")"
apply '[guard]' 'mode = off' '[rule all]' 'priority = 1' 'action = strip-aaaa' >/dev/null
both dual 4 "before off"
on nss v6guard -q off
sleep 1.1
check "off is off for rules as well" '4 6' "$(got nss dual)"
on nss v6guard -q on
check "V6GUARD=prefer-ipv6 stands for the rules, too" '4 6' \
	"$(got nss dual env V6GUARD=prefer-ipv6)"

# ---- what a dry run would have done ------------------------------------------------------

# told HOST JQ-LIKE PATH...: a value of status, once the door has told of it.
told() {
	on nss v6guard --json status | "$python" -c 'import json, sys
c = json.load(sys.stdin)["counters"]
print(json.dumps([[r["rule"], r["door"], r["observed"], r["acted"]] for r in c["rules"]]),
	c["would"]["lookups"], " ".join(c["would"]["programs"]), c["would"]["last_address_cases"])'
}
daemon nss
apply '[guard]' 'mode = off' '[rule try]' 'priority = 10' 'domains = dual.lab.test v6only.lab.test' \
	'enforce = no' 'action = strip-aaaa' '[rule real]' 'priority = 20' 'prefixes = 2a0a:a:a::/48' \
	'action = strip-aaaa' >/dev/null
on nss getent ahosts dual >/dev/null
on nss getent ahosts v6only >/dev/null
on nss getent ahosts p1 >/dev/null
on nss getent ahosts w1 >/dev/null
until_true 5 eval '[[ $(told) == *real* ]]'
check "rules and their consequences" '[["try", "nss", 1, 0], ["real", "nss", 0, 1]] 1 getent 1' "$(told)"
check "... for people" 1 "$(on nss v6guard status | grep -c 'try (nss): 0 answers changed, 1 would have been')"
daemon_stop nss

# ---- a list of many ----------------------------------------------------------------------

mkdir -p "$LAB_DIR/nss/etc/v6guard/lists" "$LAB_DIR/preload/etc/v6guard/lists"
{
	seq -f 'n%.0f.listed.example' 30000
	printf '%s\n' '# partners' '  w3.lab.test' '*.below.example' $'b\xc3\xbccher.example'
} | tee "$LAB_DIR/nss/etc/v6guard/lists/many" >"$LAB_DIR/preload/etc/v6guard/lists/many"
apply '[guard]' 'mode = off' '[rule many]' 'priority = 1' 'domains-file = lists/many' \
	'action = strip-aaaa' >/dev/null
size=$(stat -c %s "$LAB_DIR/nss/lib/v6guard/policy.snap")
check "a large policy, mapped" large "$([ "$size" -gt 65536 ] && echo large || echo "$size bytes")"
both w3 4 "listed"
both w4 '4 6' 'not listed'
printf 'a..b\nok.example\n*x\n' >>"$LAB_DIR/nss/etc/v6guard/lists/many"
out=$(apply '[guard]' 'mode = off' '[rule many]' 'priority = 1' 'domains-file = lists/many' \
	'action = strip-aaaa')
check "every bad line of a list is named" 2 "$(grep -c 'lists/many:3000[57]:1:' <<<"$out")"
check "... and the old policy stays" 4 "$(got nss w3)"

lab_done
