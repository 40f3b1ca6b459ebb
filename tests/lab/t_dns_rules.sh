#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door under rules: which rule it was (EDE, by dig), what is counted and told, dry runs,
# how often upstream is asked because of them, and hints of HTTPS.
. "$(dirname "$0")/lab.sh"
lab_needs dig
lab_enter "$@"

cat >>"$LAB_DIR/dns/$LAB_DOMAIN.zone" <<-'END'
	svc HTTPS 1 . mandatory=ipv6hint alpn=h2 ipv4hint=198.51.100.1 ipv6hint=2001:db8:64::1
	svc A 198.51.100.1
	svc AAAA 2001:db8:64::1
	alias HTTPS 0 svc
	odd\001\"name A 198.51.100.1
	tracked CNAME w6
	mail MX 10 svc
END
knotc -c "$LAB_DIR/dns/knot.conf" zone-reload "$LAB_DOMAIN" >/dev/null 2>&1
until_true 5 bash -c "$(lab_tool dig) +short @$DNS4 tracked.lab.test CNAME | grep -q w6" ||
	lab_die "knot does not reload: $(tail -n 3 "$LAB_DIR/dns/log")"

lab_host healthy both
events=$LAB_DIR/both/run/events
both() { on both "$python" "$here/ask.py" 127.0.0.64 "$@"; }
dig() { on both "$(lab_tool dig)" +tries=1 +time=5 @127.0.0.64 "$@"; }
# policy MODE LINE...: in force when this returns, at the resolver within a second (gp_live).
policy() { guard both "$@" && on both v6guard -q apply; }
# What dig has of the error, and the records of the answer.
ede() { dig "$@" | sed -n 's/^; EDE: //p'; }
# told KIND [NAME]: the last such event, without its time.
told() { grep "\"event\":\"$1\".*${2:-}" "$events" | tail -n 1 | sed 's/^{"time":"[^"]*Z",/{/'; }
# counted: [rule, observed, acted] of each rule at the door dns; lookups changed, would be.
counted() {
	on both v6guard --json status | "$python" -c 'import json, sys
c = json.load(sys.stdin)["counters"]
print(json.dumps([[r["rule"], r["observed"], r["acted"]] for r in c["rules"] if r["door"] == "dns"]),
	c["reported"]["changed"], c["would"]["lookups"])'
}

guard both off '[resolver]' 'enable = yes' '[log]' "to = /run/events" \
	'events = stripped blocked synthesized stale bogus upstream reload' \
	'[rule ads]' 'priority = 1' 'domains = w1.lab.test' 'action = block' 'qtypes = A AAAA HTTPS' \
	'[rule moved]' 'priority = 2' 'domains = w2.lab.test' 'action = block' 'qtypes = A' \
	'response = override' 'override = 192.0.2.9' 'override-ttl = 5m' \
	'[rule gone]' 'priority = 3' 'domains = w3.lab.test' 'action = block' 'qtypes = A AAAA' 'response = nxdomain' \
	'[rule lead]' 'priority = 4' 'domains = w4.lab.test' 'action = block' 'qtypes = A AAAA' \
	'response = override' 'override = dual.lab.test' \
	'[rule no-partner-v6]' 'priority = 5' 'prefixes = 2a0a:a:a::/48' 'action = strip-aaaa' \
	'[rule svc]' 'priority = 6' 'domains = svc.lab.test' 'action = strip-aaaa' \
	'[rule tracker]' 'priority = 7' 'domains = w6.lab.test' 'match-cname = yes' 'action = block' 'qtypes = A AAAA' \
	'[rule try]' 'priority = 8' 'domains = w5.lab.test' 'action = strip-aaaa' 'enforce = no' \
	'[rule try-block]' 'priority = 9' 'domains = four.lab.test' 'action = block' 'qtypes = A' 'enforce = no' \
	'[rule odd]' 'priority = 10' 'domains = *.odd.lab.test' 'action = block' 'qtypes = A'
daemon both

# ---- which rule it was ---------------------------------------------------------------------

check "dig says which rule blocked" '15 (Blocked): (ads)' "$(ede w1.lab.test A)"
check "... as told" '{"event":"blocked","name":"w1.lab.test.","type":"A","client":"127.0.0.1","rule":"ads","response":"nodata","enforced":true}' \
	"$(told blocked)"
check "another address, for 5 minutes" 'w2.lab.test. 300 A 192.0.2.9' \
	"$(dig +noall +answer w2.lab.test A | awk '{ print $1, $2, $4, $5 }')"
check "no such name" 'NXDOMAIN; EDE 15 gone' "$(both w3.lab.test AAAA by)"
check "led to another name" 'NOERROR; A 198.51.100.1; CNAME dual.lab.test.; EDE 15 lead' "$(both w4.lab.test A by)"
check "... also for who asks for signatures" 'NOERROR; AAAA 2001:db8:64::1; CNAME dual.lab.test.; EDE 15 lead' \
	"$(both w4.lab.test AAAA do by)"
check "by a name of the chain" 'NOERROR; EDE 15 tracker' "$(both tracked.lab.test A by)"
check "without EDNS only the answer" NOERROR "$(both w1.lab.test A noedns by)"
check "what is left out by its prefix" '17 (Filtered): (no-partner-v6)' "$(ede p1.lab.test AAAA)"
check "... as told" '{"event":"stripped","name":"p1.lab.test.","type":"AAAA","client":"127.0.0.1","rule":"no-partner-v6","reason":"mode","enforced":true,"addresses":["2a0a:a:a:1::1"]}' \
	"$(told stripped)"
check "and again out of the cache" '17 (Filtered): (no-partner-v6)' "$(ede p1.lab.test AAAA)"
check "... told once" 1 "$(grep -c p1.lab.test "$events")"
on both "$python" - <<-'END'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect(("127.0.0.64", 53)); s.settimeout(5)
	s.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\x09a\"\\.\n\0\xff\x7f\x1b\3odd\3lab\4test\0\0\1\0\1")
	assert s.recv(512)[:2] == b"\0\1"
END
check "bytes of a name that mean something, here or there" 'a"\092\046\010\000\255\127\027.odd.lab.test.' \
	"$(told blocked | "$python" -c 'import json; print(json.loads(input())["name"])')"
check "... and all lines are JSON" 0 "$("$python" -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$events" >/dev/null 2>&1; echo $?)"

# ---- HTTPS ---------------------------------------------------------------------------------

check "hints go with the addresses, and are not mandatory any more (RFC 9460 8)" '1 . alpn="h2" ipv4hint=198.51.100.1' \
	"$(dig +short svc.lab.test HTTPS)"
check "... which is said" '17 (Filtered): (svc)' "$(ede svc.lab.test HTTPS)"
check "alias mode stays" '0 svc.lab.test.' "$(dig +short alias.lab.test HTTPS)"

check "and none comes in the additional section" 'NOERROR; MX 20 bytes' \
	"$(both mail.lab.test MX ar | sed 's/MX [0-9]* bytes/MX 20 bytes/')"

# ---- dry runs, by door ---------------------------------------------------------------------

check "enforce = no changes nothing" 'NOERROR; AAAA 2a05:5::1' "$(both w5.lab.test AAAA by)"
check "... and is told" '{"event":"stripped","name":"w5.lab.test.","type":"AAAA","client":"127.0.0.1","rule":"try","reason":"mode","enforced":false,"addresses":["2a05:5::1"]}' \
	"$(told stripped)"
check "nor does a block" 'NOERROR; A 198.51.100.1; A 198.51.100.2; A 198.51.100.3; A 198.51.100.4' "$(both four.lab.test A by)"
check "rules and what they came to" \
	'[["ads", 0, 2], ["moved", 0, 1], ["gone", 0, 1], ["lead", 0, 2], ["tracker", 0, 1], ["no-partner-v6", 0, 1], ["odd", 0, 1], ["svc", 0, 1], ["try", 1, 0], ["try-block", 1, 0]] 10 2' \
	"$(counted)"
check "... for people" 1 "$(on both v6guard status | grep -c 'try (dns): 0 answers changed, 1 would have been')"

# ---- how often upstream is asked -----------------------------------------------------------

a=$(lab_asked A) aaaa=$(lab_asked AAAA)
for name in l1 o1 q1 v6only www; do both $name.lab.test AAAA >/dev/null; done
check "names that no rule is about: one question each" '0 A, 5 AAAA' \
	"$(($(lab_asked A) - a)) A, $(($(lab_asked AAAA) - aaaa)) AAAA"
a=$(lab_asked A) aaaa=$(lab_asked AAAA)
for name in p2 p3; do both $name.lab.test AAAA >/dev/null; done
check "one that a rule takes by its prefix: the A as well" '2 A, 2 AAAA' \
	"$(($(lab_asked A) - a)) A, $(($(lab_asked AAAA) - aaaa)) AAAA"

# ---- reload --------------------------------------------------------------------------------

sed -i 's/^override = 192.0.2.9/override = 192.0.2.10/; s/^domains = w5/domains = q5/' "$LAB_DIR/both/etc/v6guard/v6guard.conf"
on both v6guard -q apply
sleep 1.1
check "other rules: at once" 'NOERROR; A 192.0.2.10; EDE 15 moved' "$(both w2.lab.test A by)"
a=$(lab_asked A) aaaa=$(lab_asked AAAA)
for name in l1 o1 q1 v6only; do both $name.lab.test AAAA >/dev/null; done
check "what no rule was about is still kept" '0 A, 0 AAAA' "$(($(lab_asked A) - a)) A, $(($(lab_asked AAAA) - aaaa)) AAAA"

# ---- verdicts: programs fed from the cache -------------------------------------------------

policy auto '[resolver]' 'enable = yes' '[log]' "to = /run/events" 'events = stripped verdict'
sleep 1.1
both l1.lab.test AAAA >/dev/null
both l1.lab.test A >/dev/null
check "auto says so as well" '17 (Filtered): ([guard] auto)' \
	"$(on both v6guard -q verdict set 2001:db8:1::/48 broken --for 1h; both w1.lab.test A >/dev/null; ede l1.lab.test AAAA)"
check "... and why" '"rule":"[guard] auto","reason":"broken","enforced":true' \
	"$(told stripped | grep -o '"rule":.*true')"
a=$(lab_asked A)
both w1.lab.test A >/dev/null
check "... while what it is not about is still kept" 0 "$(($(lab_asked A) - a))"
on both v6guard -q verdict clear

# ---- servers, what is stale, what is bogus ---------------------------------------------------

odd=$LAB_DIR/odd
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
lab_serve odd_dns.py 2001:db8:53::54 "$odd"
policy off '[resolver]' 'enable = yes' "upstream = 2001:db8:53::54 $DNS6" \
	'[forward odd]' 'zones = odd.test' 'upstream = 2001:db8:53::54' \
	'[log]' "to = /run/events" 'events = stale upstream'
check "an answer for a second" 'NOERROR; A 198.51.100.1' "$(both brief.odd.test A)"
filter both 6 'ip6 daddr 2001:db8:53::54 udp dport 53 drop' 'ip6 daddr 2001:db8:53::54 tcp dport 53 drop'
# told_server STATE: within 8 s, while names are asked for.
told_server() {
	until_true 8 bash -c "nsenter -t ${lab_pid[both]} -n -m timeout 0.5 $python $here/ask.py 127.0.0.64 \$RANDOM.lab.test A >/dev/null
		grep -q '\"state\":\"$1\"' $events"
	told upstream
}
check "a server is left out" '{"event":"upstream","server":"[2001:db8:53::54]:53","state":"left out"}' "$(told_server 'left out')"
filter both 6 'udp dport 53 drop' 'tcp dport 53 drop'
check "none answers" '{"event":"upstream","server":null,"state":"none answers"}' "$(told_server 'none answers')"
check "the old answer" 'NOERROR; A 198.51.100.1; EDE 3' "$(both brief.odd.test A)"
check "... is told" '{"event":"stale","name":"brief.odd.test.","type":"A","client":"127.0.0.1"}' "$(told stale)"
filter both 6
# A root that is not signed, where the anchor says that it is.
echo '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D' >"$LAB_DIR/both/run/anchor"
policy off '[resolver]' 'enable = yes' "upstream = $DNS6" 'dnssec = validate' 'trust-anchor = /run/anchor' \
	'[log]' "to = /run/events" 'events = bogus'
check "bogus" 'SERVFAIL; EDE 6' "$(both nodata.lab.test TXT)"
check "... is told" '{"event":"bogus","name":"nodata.lab.test.","type":"TXT","client":"127.0.0.1"}' "$(told bogus nodata)"
policy off '[resolver]' 'enable = yes' "upstream = $DNS6" '[log]' "to = /run/events" 'events = synthesized blocked' \
	'[nat64]' 'mode = on' 'prefix = 2001:db8:46::/96' \
	'[rule all]' 'priority = 1' 'domains = many.test' 'action = block' 'qtypes = A'
check "made" 'NOERROR; AAAA 2001:db8:46::c633:6401; EDE 29' "$(both v4only.lab.test AAAA)"
check "... is told" '{"event":"synthesized","name":"v4only.lab.test.","type":"AAAA","client":"127.0.0.1","prefix":"2001:db8:46::/96","addresses":["2001:db8:46::c633:6401"]}' \
	"$(told synthesized)"

# ---- too many ------------------------------------------------------------------------------

sleep 1.1
lines=$(grep -c many.test "$events")
on both "$python" - <<-'END'
	import socket, struct
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect(("127.0.0.64", 53)); s.settimeout(5)
	for i in range(2000):
	    name = b"\6n%05d\4many\4test\0" % i
	    s.send(struct.pack("!6H", i, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1))
	    s.recv(512)
END
written=$(($(grep -c many.test "$events") - lines))
check "2000 blocked at once: 50 lines a second" few "$([ "$written" -ge 50 ] && [ "$written" -le 500 ] && echo few || echo "$written lines")"
sleep 1.1
both x.many.test A >/dev/null
check "... and the others are counted" $((2000 - written)) "$("$python" -c 'import json, sys
print(sum(json.loads(l).get("lost", 0) for l in open(sys.argv[1]) if "many.test" in l))' "$events")"

# ---- a program that asks nobody but the resolver --------------------------------------------

policy auto '[resolver]' 'enable = yes' "upstream = $DNS6" '[probe]' 'mode = suspects' '[log]' "to = /run/events" \
	'events = verdict stripped'
sleep 1.1
filter both 6 'ip6 daddr 2a05:5::1 drop'
check "AAAA, then A" 'NOERROR; AAAA 2a05:5::1 NOERROR; A 203.0.113.5' "$(both w5.lab.test AAAA) $(both w5.lab.test A)"
on both "$python" - <<-'END' &
	import socket, time
	six = socket.socket(socket.AF_INET6)
	six.setblocking(False)
	six.connect_ex(("2a05:5::1", 80))
	time.sleep(0.3)
	socket.create_connection(("203.0.113.5", 80), 2).close()
	time.sleep(5)
END
until_true 6 grep -q '"prefix":"2a05:5::1/128","verdict":"broken"' "$events"
check "... is stuck: broken, as both were told together" '"prefix":"2a05:5::1/128","verdict":"broken"' \
	"$(told verdict | grep -o '"prefix":"2a05:5::1/128","verdict":"broken"')"
check "... and what was kept is forgotten" 'NOERROR; EDE 17 [guard] auto' "$(both w5.lab.test AAAA by)"
kill %% 2>/dev/null
filter both 6
daemon_stop both
lab_done
