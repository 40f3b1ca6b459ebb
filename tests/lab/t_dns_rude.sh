#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door before servers that know no EDNS, lose what is large, and lie: names that can be
# resolved are, in how long is printed, and nobody hears a lie.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
for address in 2001:db8:53::54 192.0.2.54; do
	case $address in *:*) ip -6 addr add $address/128 dev lo nodad ;; *) ip addr add $address/32 dev lo ;; esac
	lab_serve rude_dns.py $address "$LAB_DIR/$address"
done
lab_host healthy h
mkdir -p "$LAB_DIR/h/etc/v6guard"
many() { on h "$python" "$here/ask_many.py" 127.0.0.64 "$@"; }
# ended EXPECTED GOT: a line each, as it should be and how long it took; one that is not is FAILED.
ended() {
	while read -r -u 3 label rest && IFS= read -r -u 4 got; do
		check "$what: $label, ${got##* } ms" "$label $rest" "${got% *}"
	done 3<<<"$1" 4<<<"$2"
}

# What libunbound learns of a server holds for a zone: each kind in one of its own.
knows='formerr notimp servfail refused bare badvers narrower wide'
for upstream in 192.0.2.54 2001:db8:53::54; do
	{
		printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $upstream" '[nat64]' 'mode = off'
		for kind in $knows; do
			printf '%s\n' "[forward $kind]" "zones = $kind.test" "upstream = $upstream"
		done
	} >"$LAB_DIR/h/etc/v6guard/v6guard.conf"
	what="${upstream%%[.:]*} no EDNS, or little"
	daemon h
	# shellcheck disable=SC2086
	got=$(many test $(for kind in $knows; do echo "$kind.$kind"; done))
	ended 'formerr.formerr NOERROR 198.51.100.1
notimp.notimp NOERROR 198.51.100.1
servfail.servfail SERVFAIL -
refused.refused REFUSED -
bare.bare NOERROR 198.51.100.1
badvers.badvers NOERROR -
narrower.narrower NOERROR 50
wide.wide NOERROR TC -' "$got"
	check "$what: what is large comes whole by TCP" 80 "$(on h "$python" "$here/ask.py" 127.0.0.64 wide.wide.test A tcp | grep -o '198[.]' | wc -l)"
	got=$(many narrower.test narrower.a narrower.b)
	check "$what: the way is known to be narrow, ${got##* } ms" '2 within 1 s' \
		"$(awk '$3 == 50 && $4 < 1000 { n++ } END { print n " within 1 s" }' <<<"$got")"
	what="${upstream%%[.:]*} lies"
	# 20 that wait for TCP keep no other one from it. libunbound asks all on one connection:
	# what ends it has to be asked alone.
	# shellcheck disable=SC2046
	got=$(many rude.test $(seq -f 'tcmute%.0f' 20) tcgood narrow tcagain stranger more othername othertype otherclass otherid garbage stub \
		counts selfloop pointers asked forged elsewhere victim; many rude.test tcshut; many rude.test victim)
	ended "$(seq -f 'tcmute%.0f SERVFAIL -' 20)
tcgood NOERROR 198.51.100.1
narrow NOERROR 25
tcagain SERVFAIL -
stranger NOERROR -
more NOERROR 198.51.100.1
othername SERVFAIL -
othertype SERVFAIL -
otherclass SERVFAIL -
otherid SERVFAIL -
garbage SERVFAIL -
stub SERVFAIL -
counts SERVFAIL -
selfloop SERVFAIL -
pointers SERVFAIL -
asked SERVFAIL -
forged NOERROR 198.51.100.1
elsewhere NOERROR 198.51.100.1
victim NOERROR 198.51.100.1
tcshut SERVFAIL -
victim NOERROR 198.51.100.1" "$got" >"$LAB_DIR/ended"
	sed '/^ok.*tcmute[1-9]./d' "$LAB_DIR/ended"
	check "$what: nothing was said" '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
	daemon_stop h
done
lab_done
