#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door before a name server that misbehaves: silence, errors, lies, and none at all.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
odd=$LAB_DIR/odd
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
lab_serve odd_dns.py 2001:db8:53::54 "$odd"
lab_host v6only-noroute4 six
mkdir -p "$LAB_DIR/six/etc/v6guard"
conf=$LAB_DIR/six/etc/v6guard/v6guard.conf
printf '%s\n' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54' '[nat64]' 'prefix = 2001:db8:46::/96' >"$conf"
daemon six
six() { on six "$python" "$here/ask.py" 127.0.0.64 "$@"; }
made='NOERROR; AAAA 2001:db8:46::c633:6401'
# asked NAME [TYPE]: how often the server was asked.
asked() { grep -c "^$1 ${2:-[0-9]*} " "$odd/asked"; }
# within MIN MAX COMMAND...: the answer, and that it took so many milliseconds.
within() {
	local from=$1 to=$2 start got took
	shift 2
	start=$(now_ms)
	got=$("$@")
	took=$(($(now_ms) - start))
	if [ "$took" -ge "$from" ] && [ "$took" -le "$to" ]; then echo "$got"; else echo "$got after $took ms"; fi
}

for word in servfail refused formerr notimp; do
	check "AAAA $word: made from A, for 10 s (RFC 6147 5.1.2)" "$made ttl 10; EDE 29" "$(six $word.odd.test AAAA ttl)"
done
# aaaa-timeout, and what it takes to start a python on a busy machine: less than what would come
# next, which is 5 s, and for "at once" less than aaaa-timeout.
check "AAAA silent: made when aaaa-timeout is over (5.1.3)" "$made ttl 10; EDE 29" "$(within 1450 4500 six late.odd.test AAAA ttl)"
check "and at once for whoever asks next" "$made; EDE 29" "$(within 0 1400 six late.odd.test AAAA)"
check "no such AAAA name: no such name" NXDOMAIN "$(six aaaanx.odd.test AAAA)"
check "AAAA that count as none (5.1.4)" "$made; EDE 29" "$(six mapped.odd.test AAAA)"
check "some that do: the others are left" 'NOERROR; AAAA 2001:db8:64::1' "$(six mixed.odd.test AAAA)"
check "without an SOA 600 s at most (5.1.7)" "$made ttl 300; EDE 29" "$(six nosoa.odd.test AAAA ttl)"
check "the first question lost: asked again" "$made; EDE 29" "$(within 0 1600 six first1.odd.test AAAA)"
check "cut short: by TCP" 60 "$(six big.odd.test AAAA tcp | grep -o AAAA | wc -l)"
check "another id is no answer" 'SERVFAIL; EDE 22' "$(within 4000 9000 six wrongid.odd.test A)"
check "a failure is not asked again at once (RFC 9520)" 'SERVFAIL; EDE 22' "$(within 0 1400 six wrongid.odd.test A)"

# ---- stale (RFC 8767) ----------------------------------------------------------------------

check "an answer for a second" 'NOERROR; A 198.51.100.1 ttl 1' "$(six brief.odd.test A ttl)"
sleep 2.2
: >"$odd/mute"
check "no server: the old answer, after 1.8 s" 'NOERROR; A 198.51.100.1 ttl 30; EDE 3' "$(within 1700 4500 six brief.odd.test A ttl)"
check "and for a while at once" 'NOERROR; A 198.51.100.1 ttl 30; EDE 3' "$(within 0 1400 six brief.odd.test A ttl)"
check "what was never known: SERVFAIL in the end" 'SERVFAIL; EDE 22' "$(within 4000 9000 six other.odd.test A)"
rm "$odd/mute"
check "and back when it is back" 'NOERROR; A 198.51.100.1' "$(sleep 5; until_true 7 test -n "$(six again.odd.test A | grep NOERROR)"; six again.odd.test A)"

# ---- how often -----------------------------------------------------------------------------

check "A and AAAA are asked for once each" '1 1' "$(asked mapped.odd.test 28) $(asked mapped.odd.test 1)"
check "a name that has AAAA too" '1 1' "$(asked mixed.odd.test 28) $(asked mixed.odd.test 1)"

# ---- private addresses, zones with servers of their own ------------------------------------

check "the lab's prefix may embed private addresses" 'NOERROR; AAAA 2001:db8:46::a09:101; EDE 29' "$(six private.odd.test AAAA)"
printf '%s\n' '[resolver]' 'enable = yes' "upstream = $DNS6" '[forward odd]' 'zones = odd.test' \
	'upstream = 2001:db8:53::54' '[nat64]' 'prefix = 64:ff9b::/96' >"$conf"
on six v6guard -q apply
check "a zone with a server of its own, and its private addresses" 'NOERROR; AAAA 64:ff9b::a09:101; EDE 29' "$(six private.odd.test AAAA)"
check "everything else from upstream" 'NOERROR; AAAA 2001:db8:64::1' "$(six dual.lab.test AAAA)"
printf '%s\n' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54' '[nat64]' 'prefix = 64:ff9b::/96' >"$conf"
on six v6guard -q apply
check "of other zones none behind the Well-Known Prefix (RFC 6052 3.1)" NOERROR "$(six private.odd.test AAAA)"
printf '%s\n' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54 tls://2001:db8:53::54#dns.example' >"$conf"
on six v6guard -q apply 2>"$LAB_DIR/apply.log"
check "what is not possible is refused, and what was in force stays" 1 "$(grep -c 'v6guard.conf:3: .resolver. upstream: .* cannot stand together' "$LAB_DIR/apply.log")"
check "(it does)" NOERROR "$(six private.odd.test AAAA)"
printf '%s\n' '[resolver]' 'enable = no' >"$conf"
on six v6guard -q apply
check "switched off: its ports are closed" 'no: [Errno 111] Connection refused' "$(six dual.lab.test A)"
daemon_stop six

# ---- late, where nothing is made -----------------------------------------------------------

printf '%s\n' '[guard]' 'mode = auto' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54' '[nat64]' 'mode = off' >"$conf"
on six v6guard -q apply
daemon six
check "an A is no reason not to wait for the AAAA" 'SERVFAIL; EDE 22' "$(within 4000 9000 six "late.x.odd.test" AAAA)"
check "one that there is" 'NOERROR; AAAA 2001:db8:64::1' "$(six mixed.odd.test AAAA)"
daemon_stop six

# ---- of two servers the first is dead ------------------------------------------------------

filter six 6 'ip6 daddr 2001:db8:53::54 udp dport 53 drop' 'ip6 daddr 2001:db8:53::54 tcp dport 53 drop'
printf '%s\n' '[resolver]' 'enable = yes' >"$conf"
printf 'nameserver 2001:db8:53::54\nnameserver %s\n' "$DNS6" >"$LAB_DIR/six/etc/resolv.conf"
daemon six
# cold COUNT: names that nobody asked for yet; how many of them took longer than 300 ms, where one
# that goes to the dead server first takes 400.
cold() {
	on six "$python" - "$1" "$RANDOM" <<-'END'
		import socket, struct, sys, time
		late = 0
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.connect(("127.0.0.64", 53)); s.settimeout(6)
		for i in range(int(sys.argv[1])):
		    name = b"c%d-%s" % (i, sys.argv[2].encode())
		    start = time.monotonic()
		    s.send(struct.pack("!6H", i, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name + b"\3lab\4test\0\0\1\0\1")
		    assert s.recv(512)[3] & 15 == 3
		    late += time.monotonic() - start > 0.3
		print(late)
	END
}
cold 20 >"$LAB_DIR/late"
until_true 5 bash -c "nsenter -t ${lab_pid[six]} -n -m v6guard resolver status | grep -q '^no answer .*53::54'"
check "it is found out" 'no answer   [2001:db8:53::54]:53' "$(on six v6guard resolver status | grep '^no answer')"
late=$(cold 200)
check "and left out: 200 cold names without a wait, but for a busy machine's" few "$([ "$late" -le 10 ] && echo few || echo "$late")"
[ "$(cat "$LAB_DIR/late")" -le 6 ] || bad "names that waited before that" "$(cat "$LAB_DIR/late") of 20"
filter six 6 'udp dport 53 drop' 'tcp dport 53 drop'
check "when none answers, none is left out" 'SERVFAIL; EDE 22' "$(six "gone$RANDOM.lab.test" A)"
filter six 6
until_true 10 bash -c "nsenter -t ${lab_pid[six]} -n -m v6guard resolver query v4only.lab.test A | grep -q 198.51"
check "and it goes on" 'NOERROR; A 198.51.100.1' "$(six v4only.lab.test A)"
daemon_stop six
lab_done
