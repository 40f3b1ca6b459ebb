#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host without IPv4, a real translator (tayga): AAAA that a rule leaves out, or that are dead,
# lead to what is made of A, and no door takes that away again; what is blocked as A is not made.
. "$(dirname "$0")/lab.sh"
. "$here/nat64.sh"
lab_enter "$@"

prefix=2001:db8:46::
lab_nat64 gate six $prefix/96
native=2001:db8:${lab_number[six]}::2
etc=$LAB_DIR/six/etc

six() { on six timeout 40 "$@"; }
ask() { on six "$python" "$here/ask.py" 127.0.0.64 "$@" by; }
v() { on six v6guard "$@" 2>&1; }
saw() { six wget -q -T 4 -t 1 -O - "http://$1/"; }
addresses() { six getent ahosts "$1" | awk '$2 == "STREAM" { printf "%s ", $1 }'; }
begin() {
	mkdir -p "$LAB_DIR/six/run/v6guard"
	printf 'nameserver %s\n' "$DNS6" >"$LAB_DIR/six/run/v6guard/resolv.upstream.conf"
	printf 'nameserver 127.0.0.64\nsearch %s\n' "$LAB_DOMAIN" >"$etc/resolv.conf"
	daemon six
}
resolver="[resolver]
enable = yes
[nat64]
prefix = $prefix/96"

# ---- strip-aaaa by name ----------------------------------------------------------------------------

guard six auto "$resolver" '[log]' 'to = /run/events' 'events = synthesized' '[rule v4]
priority = 1
domains = dual.lab.test w2.lab.test
action = strip-aaaa
keep-last = no
[rule no-a]
priority = 2
domains = v4only.lab.test
action = block
qtypes = A
[rule moved]
priority = 3
domains = moved.lab.test
action = block
response = override
override = 198.51.100.1
qtypes = A AAAA
[rule led]
priority = 4
domains = led.lab.test
action = block
response = override
override = v4only.lab.test
qtypes = A AAAA'
begin
check "strip-aaaa: made of A (RFC 6147 5.1.4)" "NOERROR; AAAA ${prefix}c633:6401; EDE 29 v4" "$(ask dual.lab.test AAAA)"
check "an event names the rule" v4 "$(grep '"dual.lab.test."' "$LAB_DIR/six/run/events" | tail -n 1 |
	"$python" -c 'import json, sys; e = json.loads(sys.stdin.readline()); print(e["rule"])')"
check "the nss door gives what the resolver made" "${prefix}c633:6401 " "$(addresses dual)"
check "also to who asks for IPv6 alone" "${prefix}c633:6401" "$(six getent ahostsv6 dual | awk 'NR == 1 { print $1 }')"
check "wget goes through the translator" $NAT64_SEEN "$(saw dual)"
check "a name that no rule is about goes its own way" "$native" "$(saw w1)"
check "under \`run\` as well" $NAT64_SEEN "$(six v6guard run -- wget -q -T 4 -t 1 -O - http://dual/)"
check "A that is blocked is not made" "NOERROR; EDE 15 no-a" "$(ask v4only.lab.test AAAA)"
check "an override by IPv4 is reached by IPv6 alone" $NAT64_SEEN "$(saw moved.lab.test)"
check "so is one by a name that has IPv4 alone" $NAT64_SEEN "$(saw led.lab.test)"
ipv4_comes six
sleep 1
check "IPv4 comes: strip-aaaa leads to IPv4" "10.65.${lab_number[six]}.2" "$(saw dual)"
check "and nothing is made" "NOERROR; EDE 17 v4" "$(ask dual.lab.test AAAA)"
ipv4_goes six
sleep 1
check "IPv4 goes: to the translator again" $NAT64_SEEN "$(saw dual)"
daemon_stop six
guard six strip-aaaa 'keep-last = no' "$resolver"
begin
check "[guard] mode = strip-aaaa for all names" "$NAT64_SEEN $NAT64_SEEN" "$(saw w1) $(saw v4only)"
daemon_stop six

# ---- auto: what is dead -----------------------------------------------------------------------------

guard six auto "$resolver" '[probe]' 'mode = suspects'
begin
check "auto: a healthy host is let alone" "$native; ${native}" "$(saw w1); $(saw dual)"
check "auto: AAAA as they are" 'NOERROR; AAAA 2a02:2::1' "$(ask w2.lab.test AAAA)"
filter gate 6 'ip6 daddr 2a03:3::1 drop'
start=$(now_ms)
check "control: dead, and nothing else is known yet" '' "$(saw w3)"
until_true 20 saw w3 >/dev/null
took=$(($(now_ms) - start))
check "auto: a dead AAAA with a live A: wget gets there" $NAT64_SEEN "$(saw w3)"
echo "a dead AAAA: reached after $took ms" >&2
[ "$took" -le 20000 ] || bad "it took $took ms"
check "auto: and says so" "NOERROR; AAAA ${prefix}cb00:7103; EDE 29 [guard] auto" "$(ask w3.lab.test AAAA)"
check "auto: at once from then on" 'within 1 s' "$(start=$(now_ms); saw w3 >/dev/null; [ $(($(now_ms) - start)) -le 1000 ] && echo 'within 1 s')"
check "auto: the nss door keeps what was made" "${prefix}cb00:7103 " "$(addresses w3)"
check "auto: others keep their AAAA" "$native" "$(saw w2)"
check "auto: its partner is the IPv4 address" 203.0.113.3 "$(v --json status |
	"$python" -c 'import json, sys
print(*[x.get("partner") for x in json.load(sys.stdin)["verdicts"] if x["prefix"].startswith("2a03:3::1")])')"
filter gate 6
healed() { [ "$(saw w3)" = "$native" ]; }
until_true 90 healed
check "auto: healed: its own AAAA again" "$native" "$(saw w3)"
daemon_stop six

lab_done
