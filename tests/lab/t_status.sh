#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_status.sh - what the CLI makes of v6guardd's answers: status, watch, verdict, and the
# reload behind a change. The daemon is a fake, so that it can also hang and talk nonsense.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

lab_host healthy h
sock=/run/v6guard/control.sock
replies=$LAB_DIR/replies.json log=$LAB_DIR/asked out=$LAB_DIR/out err=$LAB_DIR/err
: >"$log"

# start / stop the fake; say PYTHON-EXPRESSION: what it answers from now on.
start() {
	# Not `on`: its process would be a shell, and not the one to kill.
	nsenter -t "${lab_pid[h]}" -n -m -- "$python" "$here/fake_control.py" $sock "$replies" "$log" &
	fake=$!
	until_true 10 on h "$python" -c "import socket; socket.socket(socket.AF_UNIX).connect('$sock')" ||
		lab_die "the fake daemon did not start"
}
stop() { kill "$fake"; wait "$fake" 2>/dev/null; }
say() {
	"$python" - "$1" >"$replies.new" <<-'END'
		import json, sys
		def verdict(n, **more):
		    v = {"prefix": "2001:db8:%x::1/128" % n, "verdict": "broken", "evidence": "retransmits", "port": 443,
		         "partner": "198.51.100.1", "age": 12, "expires": 30, "next_test": 18}
		    v.update(more)
		    return v
		status = {"pid": 12, "generation": 99, "epoch": 3, "ipv4_usable": True, "ipv6_default": True,
		    "probe": "suspects", "rescue": {"mode": "off", "state": "off", "detail": ""}, "verdicts": [],
		    "counters": {"hints": 1, "probes": 2, "dumps": 3, "rescues": 4, "reported": {"lookups": 1042,
		    "changed": 7}, "reporters": [{"uid": 0, "hints": 12, "refused": 0, "lookups": 40}]},
		    "config_error": None, "uptime": 100, "rss_kb": 5000, "news": "an unknown key"}
		replies = {"status": status, "verdict list": {"verdicts": []}, "verdict set": {"changed": True},
		    "verdict clear": {"cleared": 3}, "reload": {"ok": True, "generation": 99}}
		exec(sys.argv[1])
		json.dump(replies, sys.stdout)
	END
	mv "$replies.new" "$replies"
}
# run CODE WHAT ARG...: the CLI on the host; $out and $err are files.
run() {
	local want=$1 what=$2 code
	shift 2
	# Bounded, whatever the daemon does; and far from any limit of the CLI itself.
	on h timeout 60 v6guard "$@" >"$out" 2>"$err"
	code=$?
	[ $code = "$want" ] && ok "$what" || bad "$what" "exit $code; $(cat "$out" "$err")"
}
# has WHAT TEXT [FILE]; json WHAT EXPECTED EXPRESSION (of d)
has() { if grep -qF -- "$2" "${3:-$out}"; then ok "$1"; else bad "$1" "no '$2' in: $(cat "${3:-$out}")"; fi; }
json() {
	check "$1" "$2" "$("$python" -c 'import json,sys; d=json.load(open(sys.argv[1]))
assert d["schema"] == 1
print(eval(sys.argv[2]))' "$out" "$3" 2>&1)"
}
asked() { check "$1" "$2" "$(tail -n 1 "$log")"; }

# ---- no daemon -----------------------------------------------------------------------
guard h prefer-ipv4
run 0 "no daemon, prefer-ipv4: fine" status
has "and said" "daemon      not running"
run 0 "mode auto" mode auto
run 1 "no daemon, auto: degraded" --json status
json "the door says why" True '"only v6guardd collects, and it is not running" in d["doors"]["nss"]["detail"]'
json "its state" "degraded absent absent" 'd["doors"]["nss"]["state"] + " " + d["daemon"] + " " + d["doors"]["rescue"]["state"]'
json "enforce is from the policy" True 'd["enforce"]'
json "nothing is known" "None None [] {}" '"%s %s %s %s" % (d["epoch"], d["ipv4_usable"], d["verdicts"], d["counters"])'
run 0 "a mode that needs no daemon" mode prefer-ipv4
printf '[rescue]\nmode = on\n' >>"$LAB_DIR/h/etc/v6guard/v6guard.conf"
run 1 "but [rescue] does" status
has "says so" "only v6guardd frees connections: v6guardd is not running"
sed -i '/rescue/,$d' "$LAB_DIR/h/etc/v6guard/v6guard.conf"
run 0 "mode auto again" mode auto
for verb in "verdict list" "verdict set 2001:db8::1 ok" "verdict clear"; do
	# shellcheck disable=SC2086
	run 4 "no daemon: $verb" $verb
	check "one clear line" "v6guard: v6guardd is not running, and this needs it" "$(cat "$err")"
done
mkdir -p "$LAB_DIR/h/run/v6guard"
on h "$python" -c "import socket; socket.socket(socket.AF_UNIX).bind('$sock')"
run 4 "a socket that nobody serves" verdict list
has "is no daemon either" "v6guardd is not running" "$err"

# ---- status ----------------------------------------------------------------------------
say ''
start
run 0 "a healthy host" status
check "in eight lines" 8 "$(wc -l <"$out")"
has "the door" "door nss    on"
has "the daemon" "daemon      running for 100 s; 1042 lookups, 7 changed, 4 rescued"
has "the network" "network     IPv4 usable, an IPv6 default route"
has "verdicts" "verdicts    nothing is broken"
run 0 "a healthy host, JSON" --json status
json "its keys" "['counters', 'daemon', 'doors', 'enforce', 'epoch', 'generation', 'ipv4_usable', 'known_local', 'mode', 'nat64', 'off', 'schema', 'verdicts']" 'sorted(d)'
json "its doors" "['connect', 'dns', 'gai', 'nss', 'preload', 'rescue']" 'sorted(d["doors"])'
json "each with state and detail" True 'all({"detail", "state"} <= set(x) for x in d["doors"].values())'
json "the preload's has more" "['all_processes', 'detail', 'processes', 'state', 'units']" 'sorted(d["doors"]["preload"])'
json "the facts" "running 3 True off" '"%s %s %s %s" % (d["daemon"], d["epoch"], d["ipv4_usable"], d["doors"]["rescue"]["state"])'
json "the counters" "1 1042 [0]" '"%s %s %s" % (d["counters"]["hints"], d["counters"]["reported"]["lookups"], [r["uid"] for r in d["counters"]["reporters"]])'


# ---- the door that is a file ---------------------------------------------------------
gai=$LAB_DIR/h/etc/gai.conf
run 0 "no gai.conf" --json status
json "it is off" "{'state': 'off', 'detail': ''}" 'd["doors"]["gai"]'
echo '# label ::/0 1' >"$gai"
run 0 "nothing in it" --json status
json "off as well" "off" 'd["doors"]["gai"]["state"]'
# glibc's own labels: three numbers are not the kernel's, and their effect is.
printf 'label %s\n' '::1/128 0' '::/0 1' '2002::/16 2' '::/96 3' '::ffff:0:0/96 4' 'fec0::/10 5' \
	'fc00::/7 6' '2001:0::/32 7' >"$gai"
run 0 "a file with rows" status
has "the door" "door gai    on"
check "and which table" "            label by /etc/gai.conf, which says what libc has built in" "$(grep 'gai.conf' "$out")"
printf 'label 2001:db8:%x::/48 9\n' 1 2 3 4 5 >>"$gai"
echo 'precedence ::/0 40' >>"$gai"
run 0 "rows that the kernel has not" --json status
json "are named" "precedence and label by /etc/gai.conf; the kernel labels otherwise: 2001:db8:1::/48, 2001:db8:2::/48, 2001:db8:3::/48 and 2 more (ip addrlabel)" 'd["doors"]["gai"]["detail"]'
for n in 1 2 3 4 5; do on h ip addrlabel add prefix 2001:db8:$n::/48 label 900; done
run 0 "now it has" --json status
json "nothing is" "precedence and label by /etc/gai.conf" 'd["doors"]["gai"]["detail"]'
rm "$gai"
mkdir "$gai"
run 1 "a folder" --json status
json "is no gai.conf" "degraded /etc/gai.conf: not a regular file" 'd["doors"]["gai"]["state"] + " " + d["doors"]["gai"]["detail"]'
rmdir "$gai"

say 'status["verdicts"] = [verdict(n) for n in range(12)] + [verdict(12, prefix="::/0", next_test=None, partner=None)]; status["more"] = 5'
run 0 "broken destinations are no fault of v6guard" status
has "a table" "verdicts    2001:db8:0::1/128  broken   retransmits  443    for 12 s, next test in 18 s"
check "ten of them" 10 "$(grep -c retransmits "$out")"
has "and the rest" "            and 8 more: \`v6guard verdict list\`"
run 0 "all of them, JSON" --json status
json "13" "13 ['age', 'evidence', 'expires', 'next_test', 'partner', 'port', 'prefix', 'verdict']" '"%d %s" % (len(d["verdicts"]), sorted(d["verdicts"][0]))'
json "null stays null" "None None" '"%s %s" % (d["verdicts"][12]["next_test"], d["verdicts"][12]["partner"])'

say 'status["rescue"] = {"mode": "on", "state": "unable", "detail": "no CAP_NET_ADMIN"}'
run 1 "rescue that cannot" status
has "says why" "            no CAP_NET_ADMIN"
say 'status["rescue"] = {"mode": "on", "state": "on", "detail": ""}; status["ipv4_usable"] = False; status["ipv6_default"] = False'
run 0 "rescue that can" status
has "it is on" "rescue      on"
has "no IPv4" "IPv4 not usable: nothing is taken away, no IPv6 default route"
say 'status["config_error"] = "/etc/v6guard/v6guard.conf:3:1: \033[31munknown key"'
run 1 "settings that were refused" status
has "say so, and nothing else to the terminal" "v6guardd keeps its old settings: /etc/v6guard/v6guard.conf:3:1: ?[31munknown key"
say 'status["gai"] = {"state": "on", "known_local": ["fd12::/48", "fd13::/48"], "detail": ""}'
run 0 "known-local prefixes" status
has "in a line" "known-local on: fd12::/48, fd13::/48"
run 0 "known-local prefixes, JSON" --json status
json "in a list" "on ['fd12::/48', 'fd13::/48']" '"%s %s" % (d["known_local"]["state"], d["known_local"]["prefixes"])'
say 'status["gai"] = {"state": 7, "known_local": {"x": 1}, "detail": []}'
run 0 "nonsense about them" --json status
json "is nothing" "None" 'd["known_local"]'
say 'status["generation"] = 0'
run 1 "a daemon that sees another policy" status
has "says so" "v6guardd sees generation 0"
cp "$LAB_DIR/h/etc/v6guard/v6guard.conf" "$LAB_DIR/conf"
say ''
echo 'enforce = no' >>"$LAB_DIR/h/etc/v6guard/v6guard.conf"
run 0 "enforce = no" apply
run 0 "is no fault" status
has "but shown" "enforce     no: it decides and counts, and changes nothing"
cp "$LAB_DIR/conf" "$LAB_DIR/h/etc/v6guard/v6guard.conf"
run 0 "and back" apply

# ---- answers that are none -----------------------------------------------------------
while read -r what expression; do
	say "$expression"
	run 1 "status of $what" --json status
	json "$what: the contract holds" "failed None [] {} degraded" '"%s %s %s %s %s" % (d["daemon"], d["epoch"], d["verdicts"], d["counters"], d["doors"]["nss"]["state"])'
	run 4 "verdict list of $what" verdict list
	[ "$(wc -l <"$err")" = 1 ] && ok "$what: one line" || bad "$what: one line" "$(cat "$err")"
done <<-'END'
	silence replies["status"] = replies["verdict list"] = None
	nothing replies["status"] = replies["verdict list"] = ""
	garbage replies["status"] = replies["verdict list"] = "\x01garbage\n"
	a-list replies["status"] = replies["verdict list"] = [1]
	half-an-object replies["status"] = replies["verdict list"] = "@100"
	too-much replies["status"] = replies["verdict list"] = "@6000000"
	an-error replies["status"] = replies["verdict list"] = {"error": "no"}
	two-objects replies["status"] = replies["verdict list"] = "{}\n{}\n"
END
for expression in 'replies["status"] = {}' \
	'replies["status"] = {k: [1] for k in status}' 'replies["status"] = {k: "x" for k in status if k != "config_error"}' \
	'replies["status"] = {k: {"state": 1, "reported": 2} for k in status}' \
	'status["verdicts"] = [1, None, {}, {"prefix": 1}, {"prefix": "", "verdict": "ok"}, {"prefix": "::/0", "verdict": "x" * 999, "age": -3}]'; do
	say "$expression"
	run 0 "values of other kinds" --json status
	json "are left out" True 'isinstance(d["verdicts"], list) and isinstance(d["counters"], dict) and isinstance(d["nat64"], list) and d["epoch"] in (None, 3)'
	run 0 "and as text" status
done

# ---- verdict -----------------------------------------------------------------------------
say 'replies["verdict list"]["verdicts"] = [verdict(n, prefix="::/0" if n == 0 else "2001:db8:%x::/48" % n) for n in range(300)]'
run 0 "verdict list" verdict list
has "has a heading" "PREFIX             VERDICT  EVIDENCE     PORT   AGE     NEXT TEST"
check "and all of them" 301 "$(wc -l <"$out")"
run 0 "verdict list, JSON" verdict list --json
json "all of them" 300 'len(d["verdicts"])'
say ''
run 0 "an empty list" verdict list
has "says so" "nothing is known"
say 'replies["verdict list"] = {}'
run 4 "no list at all" verdict list
say ''
run 0 "verdict set" verdict set 2001:DB8:0::1 broken
asked "as the daemon wants it, for an hour" "verdict set 2001:db8::1/128 broken 3600"
check "and said" "2001:db8::1/128 is broken for 60 min" "$(cat "$out")"
run 0 "verdict set --for, JSON" --json verdict set 2001:db8:7::/48 ok --for 90m
asked "so long" "verdict set 2001:db8:7::/48 ok 5400"
json "as all writers" "['changed', 'diff', 'schema', 'warnings'] True" '"%s %s" % (sorted(d), d["changed"])'
run 0 "quiet" -q verdict set ::/0 slow --for 1s
check "nothing" "" "$(cat "$out" "$err")"
run 0 "verdict clear" verdict clear
asked "all" "verdict clear"
check "and said" "3 verdicts forgotten" "$(cat "$out")"
run 0 "verdict clear PREFIX, JSON" --json verdict clear 2001:db8::/32
asked "any length" "verdict clear 2001:db8::/32"
json "its keys" "['changed', 'cleared', 'diff', 'schema', 'warnings']" 'sorted(d)'
say 'replies["verdict clear"] = {"cleared": 0}; replies["verdict set"] = {"error": "no memory"}'
run 0 "nothing to clear" verdict clear
check "unchanged" unchanged "$(cat "$out")"
run 4 "refused" verdict set ::1 ok
check "as the daemon says it" "v6guard: no memory" "$(cat "$err")"
: >"$log"
run 2 "set without words" verdict set
run 2 "set without a verdict" verdict set ::/0
run 3 "IPv4" verdict set 192.0.2.1 ok
run 3 "another length" verdict set 2001:db8::/32 ok
run 3 "bits behind the length" verdict set 2001:db8::1/48 ok
run 3 "no prefix" verdict set example.com ok
run 3 "no verdict" verdict set ::/0 borken
has "names the nearest" "did you mean 'broken'?" "$err"
run 3 "unknown is none to set" verdict set ::/0 unknown
run 3 "no time" verdict set ::/0 ok --for ever
run 3 "too long" verdict set ::/0 ok --for 31d
run 3 "clear of no prefix" verdict clear 2001:db8::/129
run 2 "list takes nothing" verdict list ::/0
check "the daemon was asked none of it" "" "$(cat "$log")"
if [ "$LAB_ROOT" -eq 0 ]; then
	say ''
	for verb in "verdict set ::/0 ok" "verdict clear"; do
		# shellcheck disable=SC2086
		on h setpriv --reuid 65534 --regid 65534 --clear-groups "$(command -v v6guard)" $verb >"$out" 2>"$err"
		check "as nobody: $verb" 4 $?
		check "is refused" "v6guard: this needs root" "$(cat "$err")"
	done
	on h setpriv --reuid 65534 --regid 65534 --clear-groups "$(command -v v6guard)" verdict list >"$out" 2>&1
	check "as nobody: verdict list" 0 $?
else
	skip "refusals for others than root" "no other user here"
fi

# ---- changes are told ----------------------------------------------------------------------
say ''
run 0 "apply with nothing new" apply
asked "is told: there is more than the policy in the files" reload
: >"$log"
run 0 "mode" mode strip-aaaa
asked "is told" reload
check "no warning" "" "$(cat "$err")"
: >"$log"
run 1 "a dry run" mode auto --dry-run
check "is not" "" "$(cat "$log")"
run 4 "what fails" --root /nowhere mode auto
mkdir -p "$LAB_DIR/image/etc"
cp "$LAB_DIR/h/etc/nsswitch.conf" "$LAB_DIR/image/etc/"
run 0 "below a root" --root "$LAB_DIR/image" apply
run 1 "status below a root" --root "$LAB_DIR/image" --json status
json "asks nobody" absent 'd["daemon"]'
check "nor is anything told" "" "$(cat "$log")"
run 4 "verdict below a root" --root "$LAB_DIR/image" verdict list
while read -r what code warning expression; do
	say "$expression"
	run "$code" "a change, and $what" --json apply
	json "$what: a warning" "True" "len(d['warnings']) == 1 and '${warning//_/ }' in d['warnings'][0]"
done <<-'END'
	refused 1 keeps_its_old_settings:_x:1:_bad replies["reload"] = {"ok": False, "generation": 1, "error": "x:1: bad"}
	no-right 0 was_not_told:_this_needs_root replies["reload"] = {"error": "this needs root"}
	silence 0 was_not_told:_v6guardd_does_not_answer replies["reload"] = None
	garbage 0 cannot_be_understood replies["reload"] = "x"
END
say 'replies["reload"] = {"ok": True, "generation": 1}'
run 0 "a daemon that sees an old policy" mode auto
has "a warning" "v6guardd does not see generation" "$err"

# ---- watch -----------------------------------------------------------------------------------
say ''
nsenter -t "${lab_pid[h]}" -n -m -- v6guard watch >"$out" 2>"$err" &
watch=$!
until_true 10 grep -q 'nothing is broken' "$out" && ok "watch without a terminal" || bad "watch without a terminal" "$(cat "$out" "$err")"
say 'status["verdicts"] = [verdict(1)]; status["epoch"] = 4; status["counters"]["rescues"] = 6; status["config_error"] = "x"'
until_true 10 grep -q 'is broken (retransmits)' "$out" && ok "a verdict is an event" || bad "a verdict is an event" "$(cat "$out")"
has "so is a network" "another network: what was found out is void (epoch 4)"
has "a rescue" "freed 2 stuck connections"
has "a refusal" "settings refused: x"
say 'status["verdicts"] = [verdict(1, verdict="slow")]'
until_true 10 grep -q 'is slow (retransmits), was broken' "$out" && ok "another verdict" || bad "another verdict" "$(cat "$out")"
say ''
until_true 10 grep -q 'is no longer slow' "$out" && ok "none any more" || bad "none any more" "$(cat "$out")"
stop
until_true 10 grep -q '  v6guardd is not running' "$out" && ok "a daemon that goes" || bad "a daemon that goes" "$(cat "$out")"
start
until_true 10 grep -q '  v6guardd is running' "$out" && ok "one that comes" || bad "one that comes" "$(cat "$out")"
check "no ANSI" 0 "$(grep -c $'\033' "$out")"
kill "$watch"
wait "$watch" 2>/dev/null
check "ended by the signal" 143 $?
nsenter -t "${lab_pid[h]}" -n -m -- v6guard --json watch >"$out" 2>"$err" &
watch=$!
until_true 20 "$python" -c 'import sys; sys.exit(open(sys.argv[1]).read().count("\n}\n") < 2)' "$out" ||
	bad "watch, JSON" "$(cat "$out" "$err")"
kill "$watch"
wait "$watch" 2>/dev/null
check "watch, JSON: an object each time" "True True" "$("$python" - "$out" <<-'END'
	import json, sys
	text, count, keys = open(sys.argv[1]).read(), 0, set()
	while text.strip():
	    try:
	        found, end = json.JSONDecoder().raw_decode(text.strip())
	    except ValueError:
	        break  # it was killed while it wrote this one
	    text, count, keys = text.strip()[end:], count + 1, keys | set(found)
	print(count >= 2, {"schema", "events", "verdicts", "doors"} <= keys)
END
)"
on h v6guard watch >/dev/full 2>"$err"
check "watch on a full disk ends" 4 $?
has "and says so" "cannot write the result" "$err"

say 'status["verdicts"] = [verdict(n) for n in range(60)]'
for how in q TERM INT HUP QUIT; do
	on h timeout 60 "$python" "$here/on_terminal.py" $how "$out" v6guard watch >"$err" 2>&1
	case $how in
	q) want='exit 0' ;;
	*) want="signal SIG$how" ;;
	esac
	check "watch on a terminal: $how" "$want, terminal as before, screen left, 24 lines at most" "$(cat "$err")"
done
has "its verdicts" "2001:db8:0::1/128"
stop

lab_done
