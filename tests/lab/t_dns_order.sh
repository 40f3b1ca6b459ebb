#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone: it goes by the clock
# The dns door behind several servers that do not say the same: a corporate one that fails, is slow,
# lame, dead, and a public one that knows nothing of corporate names. The order is what resolv.conf
# says, per question, as for libc.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

corp=2001:db8:53::c1 public=2001:db8:53::c2 lame=2001:db8:53::c3 noa=2001:db8:53::c4 mixed=2001:db8:53::c5
for role in corp public lame noa mixed; do
	ip -6 addr add "${!role}/128" dev lo nodad
	lab_serve corp_dns.py "${!role}" "$LAB_DIR/s-$role" $role
done
lab_host healthy h
etc=$LAB_DIR/h/etc
mkdir -p "$etc/v6guard"
# resolver SERVERS [LINE...]: a daemon with these in resolv.conf, or its own lines.
resolver() {
	local servers=$1
	shift
	[ -z "${lab_daemon[h]:-}" ] || daemon_stop h
	# shellcheck disable=SC2086
	printf 'nameserver %s\n' $servers >"$etc/resolv.conf"
	printf '%s\n' '[log]' 'events = none' '[nat64]' 'mode = off' '[resolver]' 'enable = yes' "$@" >"$etc/v6guard/v6guard.conf"
	daemon h
}
pairs() { on h "$python" "$here/pairs.py" 127.0.0.64 "$@"; }
no_time() { sed 's/, [0-9]* ms$//'; }
slowest() { sed -n 's/.*, \([0-9]*\) ms$/\1/p' | sort -n | tail -n 1; }
asked() { grep -c " " "$LAB_DIR/s-$1/asked"; }
at_most() { if [ "$2" -le "$3" ]; then ok "$1: $2, at most $3"; else bad "$1" "$2, at most $3"; fi; }

right='10.1.0.1 2001:db8:c0::1' other='10.2.0.2 2001:db8:c0::2'

# ---- SERVFAIL and REFUSED are about one question -------------------------------------------

resolver "$corp $public"
check "corporate first: 40 of 40 names, in between REFUSED ones" "40: $right" "$(
	{ for i in 1 2 3 4; do
		pairs "f$i-%d.other.test" 3 >>"$LAB_DIR/others"
		pairs "fail$i%d.corp.test" 1 >>"$LAB_DIR/fails"
		pairs "n$i-%d.corp.test" 10
	done; } | no_time | awk '{ n[substr($0, index($0, " "))] += $1 } END { for (i in n) print n[i] ":" i }')"
check "foreign names: the public server's" "3: $other" "$(no_time <"$LAB_DIR/others" | sort -u)"
check "what the corporate server fails with is asked of the next, as by libc" '1: NXDOMAIN NXDOMAIN' \
	"$(no_time <"$LAB_DIR/fails" | sort -u)"
n=$(asked corp)
pairs "once%d.other.test" 10 >/dev/null
check "an error costs one packet" 20 "$(($(asked corp) - n))"
resolver "$public $corp"
check "public first: as it is listed" '10: NXDOMAIN NXDOMAIN' "$(pairs 'n%d.corp.test' 10 | no_time)"
resolver "$noa $mixed"
check "an error of AAAA alone is no reason for another server's AAAA" '5: 10.1.0.1 SERVFAIL' "$(pairs 'n%d.corp.test' 5 | no_time)"

# ---- lame -----------------------------------------------------------------------------------

resolver "$lame $public"
check "lame first: the next one's answer" "20: $other" "$(pairs 'x%d.other.test' 20 | no_time)"
check "a referral as well" "20: $other" "$(pairs 'r%d.other.test' 20 | no_time)"
resolver "$lame"
check "nobody else: a failure, no empty answer" '2: SERVFAIL SERVFAIL' "$(pairs 'x%d.other.test' 2 | no_time)"

# ---- slow -----------------------------------------------------------------------------------

echo 3 >"$LAB_DIR/s-corp/late"
resolver "$corp"
got=$(pairs 'n%d.corp.test' 5)
check "each answer 3 s late: an answer, both families" "5: $right" "$(no_time <<<"$got")"
at_most "ms" "$(slowest <<<"$got")" 3200
resolver "$corp $public"
got=$(pairs 'n%d.corp.test' 12 500)
check "slow first, and a fast second that says NXDOMAIN: not overruled" "12: $right" "$(no_time <<<"$got")"
at_most "ms" "$(slowest <<<"$got")" 3300

# Ten times a second: what libunbound has kept is forgotten; the settings are others.
echo 0.6 >"$LAB_DIR/s-corp/late"
resolver "$corp"
# under NAMES COMMAND...: pairs, while each command is run again and again.
under() {
	local names=$1 command
	shift
	: >"$LAB_DIR/goes-on"
	(while [ -e "$LAB_DIR/goes-on" ]; do
		for command; do on h v6guard -q $command >/dev/null; sleep 0.1; done
	done) &
	local changer=$!
	pairs "$names" 2
	rm "$LAB_DIR/goes-on"
	wait "$changer"
}
check "flushed while it waits" "2: $right" "$(under 'u%d.corp.test' 'resolver flush' | no_time)"
check "reloaded while it waits" "2: $right" \
	"$(under 'v%d.corp.test' 'config set resolver.edns-size 1231' 'config set resolver.edns-size 1232' | no_time)"
rm "$LAB_DIR/s-corp/late"

# ---- dead, and back -------------------------------------------------------------------------

resolver "$corp $mixed"
check "(alive)" "3: $right" "$(pairs 'n1%d.corp.test' 3 | no_time)"
: >"$LAB_DIR/s-corp/mute"
got=$(pairs 'm%d.corp.test' 40 50)
check "the first is dead: the second" "40: $other" "$(no_time <<<"$got")"
at_most "ms that anybody waits" "$(slowest <<<"$got")" 1600
got=$(pairs 'a%d.corp.test' 200 10)
check "from then on" "200: 10.2.0.2 -" "$(no_time <<<"$got")"
at_most "without a wait, ms" "$(slowest <<<"$got")" 130
rm "$LAB_DIR/s-corp/mute"
start=$(now_ms)
until pairs "b$(now_ms)%d.corp.test" 1 | grep -q "$right" || [ $(($(now_ms) - start)) -gt 8000 ]; do sleep 0.2; done
at_most "it is back: ms until it is asked again" "$(($(now_ms) - start))" 5000
check "and all is as before" "20: $right" "$(pairs 'n2%d.corp.test' 20 | no_time)"
daemon_stop h

# Without any name that went before: the first ones, one by one.
: >"$LAB_DIR/s-corp/mute"
resolver "$corp $public"
got=$(pairs 'p%d.corp.test' 30)
check "dead from the beginning: the second's denial" '30: NXDOMAIN NXDOMAIN' "$(no_time <<<"$got")"
at_most "ms that the first of them takes" "$(slowest <<<"$got")" 4000
rm "$LAB_DIR/s-corp/mute"
daemon_stop h

# ---- order ----------------------------------------------------------------------------------

echo 0.06 >"$LAB_DIR/s-corp/late"
resolver "$corp $mixed" 'order = fastest'
pairs 'o%d.corp.test' 2 >/dev/null
check "order = fastest" "10: $other" "$(pairs 'q%d.corp.test' 10 | no_time)"
resolver "$corp $mixed" 'order = listed'
pairs 'o%d.corp.test' 2 >/dev/null
check "order = listed" "10: $right" "$(pairs 'q%d.corp.test' 10 | no_time)"
echo 'options rotate' >>"$etc/resolv.conf"
sleep 0.6
check "and it says so: options rotate is nothing" "10: $right" "$(pairs 's%d.corp.test' 10 | no_time)"
resolver "$corp $mixed"
echo 'options ndots:1 rotate' >>"$etc/resolv.conf"
sleep 0.6
pairs 'o%d.corp.test' 2 >/dev/null
check "options rotate: the fastest" "10: $other" "$(pairs 'q%d.corp.test' 10 | no_time)"
resolver "$public" '[forward corp]' 'zones = corp.test' "upstream = $corp $mixed" 'order = fastest'
pairs 'o%d.corp.test' 2 >/dev/null
check "of a zone as well" "10: $other" "$(pairs 'q%d.corp.test' 10 | no_time)"
resolver "$public" '[forward corp]' 'zones = corp.test' "upstream = $corp $mixed"
check "which is listed by default" "10: $right" "$(pairs 'q%d.corp.test' 10 | no_time)"
daemon_stop h
lab_done
