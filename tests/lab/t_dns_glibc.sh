#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One program, the same name servers: by way of libc alone, and by way of the dns door. A line for
# each kind of trouble: what libc makes of it and how long it takes, and what we do. libc is the
# measure: the same addresses of the same server or the same error, not later, and A and AAAA never
# from two servers. Where we do otherwise on purpose the line has what we do, and why.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

# NAME | FACES of the servers in order (faces_dns.py; 6: by IPv6) | HOW | EXPECTED | WHY
# HOW: words for `options` of resolv.conf, and
#   again=S     10 more names S seconds later; back=S the same, FOLDER/back is there before, and
#               one more question shows that
#   keep        the second time the same names
#   slack=MS    we may be later by that; a closed port is as good as silence, as who starts again is back soon
#   auto        with [guard] mode = auto in force; else there is no policy
#   one         one name after another, not all at once
# EXPECTED: same as libc, name by name; or `each` and what each name may be; or what we say of all of
# them, `/` between the two rounds (see lookups.py). Where it is not `same`: the WHY.
table() {
	cat <<-'END'
		all is well                    | right                      | -         | same
		two that differ                | right right                | -         | same
		IPv4, then IPv6                | right 6:right              | -         | same
		IPv6, then IPv4                | 6:right right              | -         | same
		corporate first                | corp public                | again=0   | same
		corporate first, fails 1 in 5  | corp+flaky public          | again=0   | same
		the same, one by one           | corp+flaky public          | one       | same
		the same, single-request       | corp+flaky public          | single-request | same
		public first                   | public corp                | again=0   | same
		fails 1 in 2, then does not    | corp+moody public          | again=6 keep | same
		no answer for some, others fine | corp+mute public          | again=0   | same
		dead, then back, the same names | corp+back public          | back=6 keep | 5xNONAME 5x2 / 5x1 5x2
		two corporate ones             | corp+flaky corp public     | -         | same
		no such name first             | nx right                   | -         | same
		no such name second            | right nx                   | -         | same
		nothing of that type first     | none right                 | -         | same
		SERVFAIL first                 | servfail right             | again=0   | same
		REFUSED first                  | refused right              | again=0   | same
		NOTIMP first                   | notimp right               | again=0   | same
		FORMERR first                  | formerr right              | -         | 10x2          | libc takes it for the end
		REFUSED, SERVFAIL, right       | refused servfail right     | again=0   | same
		SERVFAIL, then 0.3 s late      | servfail late=0.3          | again=0   | same
		REFUSED late, then 0.3 s late  | corp+late=0.2 late=0.3     | -         | same
		SERVFAIL by all                | servfail servfail          | -         | same
		REFUSED by all                 | refused refused            | -         | same
		NOTIMP alone                   | notimp                     | -         | same
		three refuse, a fourth         | refused refused refused right | -      | each AGAIN 4  | libc knows three servers
		no EDNS                        | noedns                     | -         | same
		no EDNS first                  | noedns right               | -         | same
		lame first                     | lame right                 | again=0   | same
		lame alone                     | lame                       | -         | same
		lame for others' names         | corp+lamepub public        | again=0   | same
		a referral first               | referral right             | again=0   | same
		empty without an SOA first     | bare right                 | -         | same
		right, then lame               | right lame                 | -         | same
		silent first                   | silent right               | again=1   | same
		silent first, one by one       | silent right               | one timeout:1 | same
		silent twice                   | silent silent right        | again=1   | same
		silent last                    | right silent               | -         | same
		silent alone                   | silent                     | -         | same
		silent first, timeout:2        | silent right               | timeout:2 | same
		closed port first              | closed right               | again=0 slack=900 | same
		closed port first, one by one  | closed right               | one timeout:1 slack=900 | same
		closed port alone              | closed                     | slack=4700 | same
		dead, then back                | back right                 | back=6    | 10x2 / 10x1
		SERVFAIL, silent, right        | servfail silent right      | -         | same
		AAAA silent alone              | v6silent                   | -         | same
		AAAA silent first              | v6silent right             | -         | each 1A 2     | all of the first, or all of the next
		AAAA SERVFAIL first            | v6servfail right           | -         | each 1A 2     | the same
		AAAA REFUSED first             | v6refused right            | -         | each 1A 2     | the same
		AAAA NOTIMP first              | v6notimp right             | -         | each 1A 2     | the same
		AAAA lame first                | v6lame right               | -         | each 1A 2     | the same
		AAAA SERVFAIL alone            | v6servfail                 | -         | same
		AAAA NOTIMP alone              | v6notimp                   | -         | same
		AAAA no such name              | v6nx right                 | -         | same
		AAAA empty                     | v6none right               | -         | same
		auto: AAAA mapped IPv4         | v6mapped right             | auto      | 10x1A         | ::ffff:0:0/96 is as if not there
		auto: AAAA silent              | v6silent right             | auto      | each 1A 2     | all of the first, or all of the next
		auto: AAAA 3 s late            | v6late=3                   | auto      | each 1A 1     | aaaa-timeout
		auto: 1 s late                 | late=1                     | auto again=0 | same
		auto: AAAA no such name        | v6nx right                 | auto      | same
		auto: corporate first          | corp+flaky public          | auto      | same
		0.3 s late alone               | late=0.3                   | -         | same
		1 s late alone                 | late=1                     | again=0   | same
		3 s late alone                 | late=3                     | again=0   | same
		1 s late first                 | late=1 right               | again=2   | 10x2 / 10x1   | while it is not known to be slow, the next one is asked after 0.8 s
		3 s late first                 | late=3 right               | again=2   | each 1 2      | the same
		4.5 s late first               | late=4.5 right             | -         | each 1 2      | the same
		6 s late alone                 | late=6                     | -         | each 1 AGAIN  | nobody waits for longer than 4.7 s
		6 s late first                 | late=6 right               | -         | same
		3 s late, corporate first      | corp+late=3 public         | -         | same
		1 s late, fails 1 in 5         | corp+flaky+late=1 public   | -         | same
		AAAA 1 s late                  | v6late=1                   | -         | same
		AAAA 3 s late                  | v6late=3                   | -         | same
		the first packet lost          | lossy                      | -         | same
		the first packet lost, of two  | lossy right                | -         | 10x1          | asked again before libc does
		truncated                      | cut right                  | -         | same
		truncated, TCP closes          | cutclosed right            | -         | same
		an A of 3 bytes                | short right                | -         | 10x2          | malformed: that server has failed
		an A of 5 bytes                | long right                 | -         | 10x2          | the same
		from another port              | otherport right            | -         | same
		another id                     | wrongid right              | -         | same
		another name                   | wrongname right            | -         | same
		a forged answer before         | spoofed                    | -         | same
		CNAME into another zone        | alias right                | -         | same
		CNAME, its target not there    | halfalias                  | -         | 10x1          | libc does not ask for it
		rotate                         | right right                | rotate    | each 1 2
	END
}

# run HOST PREFIX SIDE [AT-ONCE]: the lookups by libc alone (g) or by the door (o).
run() {
	local leads=$LAB_DIR/$1/etc/resolv.conf
	[ "$3" = g ] || leads=$LAB_DIR/$1/leads
	# shellcheck disable=SC2016
	on "$1" unshare --mount bash -c 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' - \
		"$leads" "$python" "$here/lookups.py" "$2$3" ${4:+"$4"} >"$LAB_DIR/$1/$3"
}
# both HOST ROUND PREFIX [AT-ONCE]: side by side; `both` has libc's and ours of each name.
both() {
	local one other
	run "$1" "${3:-$2}" g ${4:+"$4"} &
	one=$!
	run "$1" "${3:-$2}" o ${4:+"$4"} &
	other=$!
	wait $one $other
	paste -d' ' "$LAB_DIR/$1/g" "$LAB_DIR/$1/o" | sed "s/^/$2 /" >>"$LAB_DIR/$1/both"
}
trim() { sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$1"; }

# judge FILE NAME FACES EXPECTED WHY SLACK: OK, LATE or BAD, and the line for people. FILE: a line for each
# name, the round, what libc said, its milliseconds, and ours. Late is the middle one of them by SLACK,
# or any by 200 ms more, which is more than a busy machine makes of it.
judge() {
	awk -v name="$2" -v faces="$3" -v expected="$4" -v why="$5" -v slack="$6" '
		function add(list, said) { # the run-length form of what was said so far
			if (last[list] == said) count[list]++
			else { flush(list); last[list] = said; count[list] = 1 }
		}
		function flush(list) {
			if (count[list]) text[list] = text[list] (text[list] == "" || text[list] ~ / $/ ? "" : " ") count[list] "x" last[list]
			count[list] = 0; last[list] = ""
		}
		BEGIN { n = split(expected, words, " "); for (i = 2; i <= n; i++) may[words[i]] = 1; each = words[1] == "each" }
		NR > 1 && $1 != round { flush(1); flush(2); text[1] = text[1] " / "; text[2] = text[2] " / " }
		{
			round = $1; add(1, $2); add(2, $4)
			if ($3 > took[1]) took[1] = $3
			if ($5 > took[2]) took[2] = $5
			more[NR] = $5 - $3
			for (i = NR; i > 1 && more[i - 1] > more[i]; i--) { n = more[i]; more[i] = more[i - 1]; more[i - 1] = n }
			if (expected == "same" ? $2 != $4 : each && !($4 in may)) other = 1
			if ($4 ~ /[0-9]A[+]([0-9]|.*[+])/) mixed = 1
		}
		END {
			flush(1); flush(2)
			if (!NR) wrong = "nothing was asked"
			if (expected != "same" && !each && text[2] != expected) other = 1
			if (other) wrong = "not " (expected == "same" ? "the same" : expected)
			if (mixed) wrong = wrong (wrong == "" ? "" : ", ") "A and AAAA of two servers"
			late = more[NR] > 200 + slack ? more[NR] : more[int((NR + 1) / 2)]
			kind = wrong != "" ? "BAD" : late > slack ? "LATE" : "OK"
			if (late > slack) wrong = wrong (wrong == "" ? "" : ", ") late " ms later than libc"
			printf "%s\n%-30s %-29s libc %4.1f s  %-22s ours %4.1f s  %-22s %s\n", kind, name, faces, took[1] / 1000, text[1],
				took[2] / 1000, text[2], kind != "OK" ? wrong : text[1] == text[2] ? "ok" : "ok: " why
		}' "$1"
}

# row HOST LINE: one of the table, judged.
row() {
	local host=$1 n=${lab_number[$1]} name faces how expected why i=0 word rounds=1 rest=0 options='' back='' slack=50 auto='' at_once='' keep='' faces_pid address
	local folder=$LAB_DIR/$1/faces etc=$LAB_DIR/$1/etc
	local -a servers=()
	IFS='|' read -r name faces how expected why <<<"$2"
	faces=$(trim "$faces")
	for word in $how; do
		case $word in
		again=*) rounds=2 rest=${word#*=} ;;
		back=*) rounds=2 rest=${word#*=} back=1 ;;
		one) at_once=1 ;;
		auto) auto=1 ;;
		slack=*) slack=${word#*=} ;;
		keep) keep=1 ;;
		-) ;;
		*) options="$options $word" ;;
		esac
	done
	rm -rf "$folder" "$LAB_DIR/$host/both"
	mkdir "$folder"
	: >"$etc/resolv.conf"
	for word in $faces; do
		address=10.64.$n.$((i += 1))0
		[ "$word" = "${word#6:}" ] || address=2001:db8:$n::${i}0
		servers+=("$address=${word#6:}")
		echo "nameserver $address" >>"$etc/resolv.conf"
	done
	echo 'nameserver 127.0.0.64' >"$LAB_DIR/$host/leads"
	[ -z "$options" ] || echo "options$options" | tee -a "$LAB_DIR/$host/leads" >>"$etc/resolv.conf"
	"$python" "$here/faces_dns.py" "$folder" "${servers[@]}" &
	faces_pid=$!
	until_true 8 test -e "$folder/ready" || echo "no servers: $faces" >&2
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' >"$etc/v6guard/v6guard.conf"
	rm -f "$LAB_DIR/$host/lib/v6guard/policy.snap"
	[ -z "$auto" ] || on "$host" v6guard -q apply >&2
	daemon "$host" >&2
	for ((i = 1; i <= rounds; i++)); do
		[ "$i" -eq 1 ] || { [ -z "$back" ] || : >"$folder/back"; sleep "$rest"; }
		[ "$i$back" != 21 ] || { on "$host" "$python" "$here/ask.py" 127.0.0.64 "wake1.pub.test" A; sleep 0.2; } >&2
		both "$host" "r$i" "${keep:+k}" $at_once
	done
	daemon_stop "$host" >&2
	kill "$faces_pid"
	wait "$faces_pid" 2>/dev/null
	judge "$LAB_DIR/$host/both" "$(trim "$name")" "$faces" "$(trim "$expected")" "$(trim "$why")" "$slack"
}

# worker HOST: takes rows until there are none.
worker() {
	local i
	for ((i = 0; i < ${#rows[@]}; i++)); do
		mkdir "$LAB_DIR/table/$i" 2>/dev/null || continue
		row "$1" "${rows[i]}" >"$LAB_DIR/table/$i/said" 2>"$LAB_DIR/table/$i/log"
	done
}

# ROWS: of the table only what matches it.
mapfile -t rows < <(table | grep "${ROWS:-.}")
mkdir "$LAB_DIR/table"
workers=()
for k in 1 2 3 4 5 6 7 8; do
	lab_host healthy "h$k"
	mkdir -p "$LAB_DIR/h$k/etc/v6guard"
	for i in 1 2 3 4; do
		ip addr add "10.64.${lab_number[h$k]}.${i}0/32" dev lo
		ip -6 addr add "2001:db8:${lab_number[h$k]}::${i}0/64" dev "${lab_iface[h$k]}" nodad
	done
	worker "h$k" &
	workers+=($!)
done
wait "${workers[@]}"
for ((i = 0; i < ${#rows[@]}; i++)); do
	# The machine may have been busy with something else: late is what is so each time, alone.
	for _ in 1 2; do
		grep -q '^LATE' "$LAB_DIR/table/$i/said" || break
		row h1 "${rows[i]}" >"$LAB_DIR/table/$i/said" 2>"$LAB_DIR/table/$i/log"
	done
	mapfile -t said <"$LAB_DIR/table/$i/said"
	if [ "${said[0]}" = OK ]; then ok "${said[1]}"; else bad "${said[1]}" "$(cat "$LAB_DIR/table/$i/log")"; fi
done

# ---- policy, which libc has none of ------------------------------------------------------------

# NAME | HOST | FACE | SETTINGS | QUESTIONS: NAME TYPE = ANSWER, `,` between them
# six has IPv6 alone and a NAT64, dual both; a name has A 198.51.100.21 (c633:6415 in hexadecimal) for
# p1, and AAAA 2001:db8:64:1::1; with the face v6none the A alone.
policies() {
	local rule='[rule r]; priority = 5; domains = pub.test'
	cat <<-END
		DNS64                         | six  | v6none |                                              | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c633:6415
		DNS64, AAAA there             | six  | right  |                                              | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:64:1::1
		A blocked                     | six  | v6none | $rule; action = block; qtypes = A            | p1.pub.test A = NOERROR, p1.pub.test AAAA = NOERROR
		A blocked, but for one name   | six  | v6none | [rule a]; priority = 1; domains = p1.pub.test; action = allow; $rule; action = block; qtypes = A | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c633:6415, p2.pub.test AAAA = NOERROR
		A blocked as no such name     | six  | v6none | $rule; action = block; response = nxdomain; qtypes = A AAAA | p1.pub.test A = NXDOMAIN, p1.pub.test AAAA = NXDOMAIN
		A is another address          | six  | v6none | $rule; action = block; response = override; override = 192.0.2.80; qtypes = A | p1.pub.test A = NOERROR; A 192.0.2.80, p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c000:250
		both are another IPv4 address | six  | right  | $rule; action = block; response = override; override = 192.0.2.80; qtypes = A AAAA | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c000:250
		both are a name with A alone  | six  | v6none | $rule; action = block; response = override; override = c2.corp.test; qtypes = A AAAA | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c633:6416; CNAME c2.corp.test.
		A stripped                    | six  | v6none | $rule; action = strip-a; keep-last = no      | p1.pub.test A = NOERROR, p1.pub.test AAAA = NOERROR
		AAAA stripped                 | six  | right  | $rule; action = strip-aaaa                   | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c633:6415
		AAAA stripped, dry run        | six  | right  | $rule; action = strip-aaaa; enforce = no     | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:64:1::1
		AAAA broken                   | six  | right  | broken                                       | p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c633:6415
		A excluded                    | six  | v6none | [nat64]; exclude-a = 198.51.100.0/24         | p1.pub.test A = NOERROR; A 198.51.100.21, p1.pub.test AAAA = NOERROR
		AAAA stripped, IPv4 there     | dual | right  | $rule; action = strip-aaaa                   | p1.pub.test A = NOERROR; A 198.51.100.21, p1.pub.test AAAA = NOERROR
		the same, nat64 = on          | dual | right  | [nat64]; mode = on; $rule; action = strip-aaaa | p1.pub.test A = NOERROR; A 198.51.100.21, p1.pub.test AAAA = NOERROR; AAAA 2001:db8:46::c633:6415
		AAAA broken, IPv4 there       | dual | right  | broken                                       | p1.pub.test A = NOERROR; A 198.51.100.21, p1.pub.test AAAA = NOERROR
	END
}

# policy NAME HOST FACE SETTINGS QUESTIONS
policy() {
	local host=$2 address=2001:db8:${lab_number[$2]}::10 settings=$4 questions want=() got=() each nat64
	[ "$3" = right ] || address=2001:db8:${lab_number[$2]}::20
	nat64='[nat64]; prefix = 2001:db8:46::/96'
	[ "$settings" != broken ] || settings=
	case $settings in
	'[nat64]; '*) settings="$nat64; ${settings#'[nat64]; '}" ;;
	*) settings="$nat64${settings:+; $settings}" ;;
	esac
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $address" >"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	tr ';' '\n' <<<"$settings" | sed 's/^ *//' >>"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	on "$host" v6guard -q apply || return
	on "$host" v6guard -q resolver flush >/dev/null
	sleep "${SETTLE:-0}"
	[ "$4" != broken ] || on "$host" v6guard -q verdict set 2001:db8:64::/48 broken --for 1m
	IFS=, read -ra questions <<<"$5"
	for each in "${questions[@]}"; do
		each=$(trim "$each")
		want+=("$each")
		# shellcheck disable=SC2086
		got+=("${each%% =*} = $(on "$host" "$python" "$here/ask.py" 127.0.0.64 ${each%% =*} | sed 's/; EDE.*//')")
	done
	[ "$4" != broken ] || on "$host" v6guard -q verdict clear
	check "$(printf '%-30s %-5s %s' "$1" "$2" "$3")" "$(printf '%s\n' "${want[@]}")" "$(printf '%s\n' "${got[@]}")"
}

lab_host v6only-noroute4 six
lab_host healthy dual
for host in six dual; do
	mkdir -p "$LAB_DIR/$host/etc/v6guard"
	for i in 1=right 2=v6none; do
		address=2001:db8:${lab_number[$host]}::${i%=*}0
		ip -6 addr add "$address/64" dev "${lab_iface[$host]}" nodad
		mkdir "$LAB_DIR/$host/${i#*=}"
		"$python" "$here/faces_dns.py" "$LAB_DIR/$host/${i#*=}" "$address=${i#*=}" &
		until_true 8 test -e "$LAB_DIR/$host/${i#*=}/ready" || bad "no servers for $host"
	done
	printf '%s\n' '[resolver]' 'enable = yes' "upstream = $address" >"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	on "$host" v6guard -q apply
	daemon "$host"
done
while IFS='|' read -r name host face settings questions; do
	policy "$(trim "$name")" "$(trim "$host")" "$(trim "$face")" "$(trim "$settings")" "$(trim "$questions")" </dev/null
done < <(policies | grep "${ROWS:-.}")

# A large network's name has other addresses each time: no reason not to lead programs to us.
address=10.64.${lab_number[dual]}.30
ip addr add "$address/32" dev lo
mkdir "$LAB_DIR/dual/turning"
"$python" "$here/faces_dns.py" "$LAB_DIR/dual/turning" "$address=turning" &
until_true 8 test -e "$LAB_DIR/dual/turning/ready" || bad "no server that turns"
echo "nameserver $address" >"$LAB_DIR/dual/etc/resolv.conf"
touch -d '1 minute ago' "$LAB_DIR/dual/etc/resolv.conf"
printf '%s\n' '[resolver]' 'enable = yes' >"$LAB_DIR/dual/etc/v6guard/v6guard.conf"
on dual v6guard -q apply
check "resolver enable: another address each time is no difference" '0 ' \
	"$(printed=$(on dual v6guard -q resolver enable --verify p1.pub.test 2>&1); echo "$? $printed")"
daemon_stop six
daemon_stop dual
lab_done
