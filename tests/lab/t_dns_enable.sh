#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# v6guard resolver enable, where something is in the way: nothing is changed then.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host v6only-noroute4 six
mkdir -p "$LAB_DIR/six/etc/v6guard"
conf=$LAB_DIR/six/etc/v6guard/v6guard.conf
file=$LAB_DIR/six/etc/resolv.conf
kept=$LAB_DIR/six/run/v6guard/resolv.upstream.conf
v() { on six v6guard "$@" 2>&1; }
code() { v "$@" >/dev/null; echo $?; }
is_original() { cmp -s "$LAB_DIR/original" "$file" && echo "as it was"; }

printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' >"$conf"
printf 'search %s\nnameserver %s' "$LAB_DOMAIN" $DNS6 >"$file" # without a newline at its end
cp "$file" "$LAB_DIR/original"
touch -d '1 minute ago' "$file" # else the last line might be half of one
daemon six

# refused WHAT WORDS CMD...: `resolver enable` fails, says WORDS, and has changed nothing.
refused() {
	local what=$1 words=$2 said status
	said=$(v resolver enable)
	status=$?
	check "$what: exit 4, nothing changed, nothing kept" '4 as it was, nothing kept' \
		"$status $(is_original), $([ -e "$kept" ] || echo nothing kept)"
	check "$what: said" "$words" "$said"
}
reject() { on six nft "table inet lo { chain in { type filter hook input priority 0; $1 reject; }; }"; }
heal() { on six nft delete table inet lo; }

reject 'ip6 daddr ::1 udp dport 53'
refused "a listener does not answer" 'v6guard: [::1]:53 does not answer: Connection refused
v6guard: nothing is changed'
heal
# One question for each command before, and none after.
reject 'ip6 daddr ::1 udp dport 53 limit rate over 1/hour burst 1 packets'
check "it does not answer any more after the change" "v6guard: [::1]:53 does not answer: Connection refused
v6guard: /etc/resolv.conf: put back as it was" "$(v resolver enable)"
check "all is as it was" 'as it was, nothing kept' "$(is_original), $([ -e "$kept" ] || echo nothing kept)"
heal
# One that comes while the listeners are asked anew is whose it is.
reject 'ip6 daddr ::1 udp dport 53 limit rate over 1/hour burst 1 packets'
printf 'nameserver %s\nsearch lease.test\n' $DNS6 >"$file.lease"
cp "$file.lease" "$LAB_DIR/lease"
{
	until_true 5 grep -q '^nameserver ::1' "$file"
	mv "$file.lease" "$file"
} &
check "it does not answer, and somebody else has written the file" "v6guard: [::1]:53 does not answer: Connection refused
v6guard: /etc/resolv.conf: written by somebody else meanwhile: left as it is" "$(v resolver enable)"
wait $!
check "what they wrote stays" '0, nothing kept' "$(cmp "$LAB_DIR/lease" "$file"; echo $?), $([ -e "$kept" ] || echo nothing kept)"
heal
cp -p "$LAB_DIR/original" "$file"
touch -d '1 minute ago' "$file"
on six mount -o remount,bind,ro /etc
refused "a read-only /etc" 'v6guard: /etc/resolv.conf: cannot make a temporary file beside it: Read-only file system'
on six mount -o remount,bind,rw /etc
check "there and back, without a newline at its end" 'as it was' "$(v -q resolver enable; v -q resolver disable; is_original)"
check "nothing stays behind" '' "$(ls "$LAB_DIR/six/etc" | grep resolv.conf.; ls "$LAB_DIR/six/run/v6guard" | grep resolv)"

filter six 6 'udp dport 53 drop' 'tcp dport 53 drop'
v -q resolver flush >/dev/null
check "no server answers: not enabled, exit 4" "4 as it was" "$(code resolver enable) $(is_original)"
filter six 6
check "they are back: so is the resolver, within 15 s" 0 \
	"$(until_true 15 bash -c "nsenter -t ${lab_pid[six]} -n -m v6guard resolver query . SOA"; echo $?)"

# ---- what it says of this host's names is what its servers say -----------------------------

# with LINES: what `resolver enable` says, its status, and whether resolv.conf leads to it; put back.
with() {
	printf '%s\n' "$1" >"$file"
	touch -d '1 minute ago' "$file"
	shift
	sleep 1.1
	v resolver enable "$@"
	echo "$? $(grep -c '^nameserver 127.0.0.64' "$file")"
	v -q resolver disable >/dev/null
}
done='resolver: programs that start from now on ask it
0 1'
check "a search domain that it does not ask for: refused, with who says what" "v6guard: local A: [$DNS6]:53 says no address, the resolver (127.0.0.64:53) NXDOMAIN
v6guard: local AAAA: [$DNS6]:53 says no address, the resolver (127.0.0.64:53) NXDOMAIN
v6guard: nothing is changed
4 0" "$(with "search local
nameserver $DNS6")"
check "--verify: the same, with the address" "v6guard: four.local A: [$DNS6]:53 says 198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4, the resolver (127.0.0.64:53) NXDOMAIN" \
	"$(with "nameserver $DNS6" --verify four.local | grep ' A: ')"
printf 'junk\001x.y\000\000\000dual.local\000192.0.2.1\000' >"$LAB_DIR/six/cache/nscd/hosts"
check "a name that nscd keeps" "v6guard: dual.local A: [$DNS6]:53 says 198.51.100.1, the resolver (127.0.0.64:53) NXDOMAIN" \
	"$(with "nameserver $DNS6" | grep ' A: ')"
rm "$LAB_DIR/six/cache/nscd/hosts"
printf 'nameserver %s\n' $DNS6 >"$file"
if lab_nscd six yes; then
	on six getent ahosts dual.local >/dev/null
	check "a real nscd's file" "v6guard: dual.local A: [$DNS6]:53 says 198.51.100.1, the resolver (127.0.0.64:53) NXDOMAIN" \
		"$(with "nameserver $DNS6" | grep ' A: ')"
	on six nscd -K
	rm -f "$LAB_DIR/six/cache/nscd/hosts"
else
	skip "a real nscd's file" "not there: ./quickstart test brings it"
fi
check "what DNS64 makes is no difference, nor are 50 addresses" "$done" \
	"$(with "nameserver $DNS6" --verify v4only.lab.test --verify many.lab.test --verify www.lab.test)"
v -q rule add no priority=1 domains=w1.lab.test action=block qtypes='A AAAA'
check "nor is what a rule blocks" "$done" "$(with "nameserver $DNS6" --verify w1.lab.test)"
v -q rule del no
check "a host that is called localhost, as it comes" "$(printf 'v6guard: its name servers have no answer for a name of this host, so that none is compared; --verify NAME\n%s' "$done")" \
	"$(printf 'nameserver %s\n' $DNS6 >"$file"; sleep 1.1; on six unshare --uts sh -c 'hostname localhost; v6guard resolver enable' 2>&1; echo "$? $(grep -c '^nameserver 127.0.0.64' "$file")"; v -q resolver disable)"
filter six 6 'ip6 daddr 2001:db8:53::99 drop'
begin=$(now_ms)
check "a server that is silent is no reason, but said" "v6guard: [2001:db8:53::99]:53 does not answer: no name can be compared with what it says
$done" "$(with "search lab.test
nameserver 2001:db8:53::99
nameserver $DNS6" | sed 's/^v6guard: the resolver gave .*//')"
took=$(($(now_ms) - begin))
check "in bounded time" yes "$([ $took -lt 12000 ] && echo yes || echo "$took ms")"
filter six 6
check "options that libc goes by" "v6guard: /etc/resolv.conf: \`options no-aaaa\`: programs that use libc never ask for AAAA, so that none is made for NAT64
v6guard: /etc/resolv.conf: \`options rotate\`: libc asks the resolver's addresses in turn, and the resolver the fastest of its servers, unless \`order = listed\` is set
$done" "$(with "nameserver $DNS6
options edns0 no-aaaa rotate")"

# A server that knows its own zone alone: of the root it knows nothing.
ip -6 addr add 2001:db8:53::c0/128 dev lo nodad
mkdir -p "$LAB_DIR/corp"
lab_zone corp.test >"$LAB_DIR/corp/corp.test.zone"
lab_knot_head "$LAB_DIR/corp" '2001:db8:53::c0@53' >"$LAB_DIR/corp/knot.conf"
printf 'zone:\n  - domain: corp.test\n    file: %s\n' "$LAB_DIR/corp/corp.test.zone" >>"$LAB_DIR/corp/knot.conf"
knotd -c "$LAB_DIR/corp/knot.conf" >"$LAB_DIR/corp/log" 2>&1 &
until_true 5 "$python" "$here/ask.py" 2001:db8:53::c0 dual.corp.test A
got=$(with 'nameserver 2001:db8:53::c0')
check "REFUSED for the root: what to try" '127.0.0.64:53 [::1]:53 REFUSED 4 0' \
	"$(sed -n 's/^v6guard: \(.*\) answers .* for \.: if .* try --verify NAME.*/\1/p' <<<"$got" | paste -sd' ') $(grep -om1 'REFUSED\|SERVFAIL' <<<"$got" | sed s/SERVFAIL/REFUSED/) $(tail -n 1 <<<"$got")"
check "with a name of its zone" "$done" "$(with 'nameserver 2001:db8:53::c0' --verify dual.corp.test)"
check "or with a search domain" "$done" "$(with 'search corp.test
nameserver 2001:db8:53::c0')"
check "in front of one that denies its zone" "$done" "$(with "search corp.test
nameserver 2001:db8:53::c0
nameserver $DNS6" --verify dual.corp.test --verify dual.lab.test)"
check "behind it libc gets no answer for that either" 'v6guard: [::1]:53 answers NXDOMAIN for dual.corp.test
v6guard: nothing is changed
4 0' "$(with "search corp.test
nameserver $DNS6
nameserver 2001:db8:53::c0" --verify dual.corp.test | tail -n 3)"

printf 'nameserver %s\n\0\0\0# kept\n' $DNS6 >"$file"
cp "$file" "$LAB_DIR/holes"
check "a file with NUL in it is no text" "v6guard: /etc/resolv.conf: has a NUL byte in it, at 27: no text
3 0" \
	"$(v resolver enable; echo $?) $(cmp "$LAB_DIR/holes" "$file"; echo $?)"
printf '#v6guard these lead to v6guardd, which asks the servers below (v6guard resolver disable)\nnameserver ::1\n\0# kept\n' >"$file"
cp "$file" "$LAB_DIR/holes"
check "nor is it cut by disable" '3 0' "$(code resolver disable) $(cmp "$LAB_DIR/holes" "$file"; echo $?)"
cp "$LAB_DIR/original" "$file"
echo '# Generated by NetworkManager' >>"$file"
check "a file that somebody else writes" "v6guard: /etc/resolv.conf: written by NetworkManager, which would undo the change; make it use the resolver's addresses instead" \
	"$(v resolver enable)"
mv "$file" "$file.real" && ln -s resolv.conf.real "$file"
check "a link: not written through" 1 "$(v resolver enable | grep -c 'is a link to /etc/resolv.conf.real')"
printf '#v6guard these lead to v6guardd, which asks the servers below (v6guard resolver disable)\nnameserver 127.0.0.64\n#v6guard nameserver %s\n' $DNS6 >"$file.real"
cp "$file.real" "$LAB_DIR/enabled"
check "nor by disable" 'v6guard: /etc/resolv.conf is a link to /etc/resolv.conf.real, which is not written through: make it a plain file again first; 0' \
	"$(v resolver disable); $(cmp "$LAB_DIR/enabled" "$file.real"; echo $?)"
rm "$file" "$file.real"
daemon_stop six
printf '%s\n' '[resolver]' 'enable = yes' "upstream = $DNS6" >"$conf"
daemon six
check "no file at all: there is one" 'nameserver 127.0.0.64
nameserver ::1' "$(v -q resolver enable; grep ^nameserver "$file")"
check "and none again" gone "$(v -q resolver disable; [ -e "$file" ] || echo gone)"
daemon_stop six
lab_done
