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
check "query: no such name, exit 1" 1 "$(code resolver query missing.lab.test)"
check "query: a chain" 3 "$(v resolver query far.lab.test A | grep -c 'lab.test.*lab.test\|198.51')"
check "query: a type that is none" 3 "$(code resolver query x.lab.test NONSENSE)"
check "stats" 'questions 4, asked 6' \
	"$(v --json resolver stats | "$python" -c 'import json, sys; s = json.load(sys.stdin); print("questions %d, asked %d" % (s["questions"], s["asked"]))')"
check "flush one" '2 answers forgotten' "$(v resolver flush v4only.lab.test)"
check "flush, nothing there" unchanged "$(v resolver flush v4only.lab.test)"

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

# ---- nothing is changed that would not work ------------------------------------------------

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

printf 'search %s\nnameserver %s' "$LAB_DOMAIN" $DNS6 >"$file" # without a newline at its end
cp "$file" "$LAB_DIR/original"
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
echo '# Generated by NetworkManager' >>"$file"
check "a file that somebody else writes" "v6guard: /etc/resolv.conf: written by NetworkManager, which would undo the change; make it use the resolver's addresses instead" \
	"$(v resolver enable)"
mv "$file" "$file.real" && ln -s resolv.conf.real "$file"
check "a link: not written through" 1 "$(v resolver enable | grep -c 'is a link to /etc/resolv.conf.real')"
cp "$LAB_DIR/enabled" "$file.real"
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
