#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_cli.sh - every verb of v6guard: what it does to files, what it prints, its exit codes.
#
#   V6GUARD=PROGRAM   the CLI (default: the one built)
#   MODULE=FILE       libnss_v6guard.so.2 (default: the one built, or installed)
#
# The first part works below --root in a temporary folder; the second in a mount and network
# namespace with a copy of /etc, and is skipped where that is refused.
set -u
. "$(dirname "$0")/lab.sh"
find_built
self=$here/$(basename "$0")
unset NO_COLOR V6GUARD_SNAPSHOT

good=0 bad=0
ok() { good=$((good + 1)); echo "ok      $1"; }
fail() { bad=$((bad + 1)); echo "FAILED  $1"; printf '        expected: %s\n        seen:     %s\n' "$2" "$3"; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "$2" "$3"; fi; }
like() { case $3 in *"$2"*) ok "$1";; *) fail "$1" "...$2..." "$3";; esac; }

# run CODE WHAT ARG...: run the CLI, check its exit code; $out and $err are what it printed.
work=$(mktemp -d /tmp/t_cli.XXXXXX) || exit 1
trap 'exit 1' HUP INT PIPE TERM
trap 'rm -rf "$work"; [ -z "${dns:-}" ] || kill "$dns" 2>/dev/null' EXIT
run() {
	local want=$1 what=$2; shift 2
	# shellcheck disable=SC2086
	"$V6GUARD" ${ROOT:+--root "$ROOT"} "$@" >"$work/out" 2>"$work/err"
	local code=$?
	out=$(cat "$work/out") err=$(cat "$work/err")
	if [ $code = "$want" ]; then ok "$what"; else
		fail "$what: v6guard $*" "exit $want" "exit $code; $out; $err"; fi
}
json() { # json EXPRESSION: on $out, parsed as d
	printf '%s' "$out" | python3 -c 'import json,sys
d=json.load(sys.stdin)
assert d["schema"] == 1
print(eval(sys.argv[1]))' "$1" 2>&1
}
# All bytes, modes and names below a folder, in one sum.
tree_sum() { (cd "$1" && { find . -printf '%p %m %y %l\n'; find . -type f -exec sha256sum {} +; } | sort | sha256sum); }

new_root() {
	ROOT=$work/root
	rm -rf "$ROOT"
	mkdir -p "$ROOT/etc" "$ROOT$nssdir"
	printf 'passwd: files\nhosts:\t\tfiles mdns4_minimal [NOTFOUND=return] dns\nx: y\n' >"$ROOT/etc/nsswitch.conf"
	cp "$MODULE" "$ROOT$nssdir/libnss_v6guard.so.2"
	conf=$("$V6GUARD" --root "$ROOT" config check | sed 's/: no errors$//')
	mkdir -p "$conf/conf.d"
	snap=$ROOT/var/lib/v6guard/policy.snap
}
ON='hosts:		files mdns4_minimal [NOTFOUND=return] v6guard [!UNAVAIL=return] dns'

# ---- usage --------------------------------------------------------------------------
part_usage() {
	new_root
	run 0 "--help" --help; like "help names verbs" "rollback" "$out"
	run 0 "help of a verb" help off; like "help off" "--for TIME" "$out"
	run 0 "--help behind a verb" nss enable --help; like "its usage" "usage: v6guard nss enable" "$out"
	run 0 "--version" --version; like "version" "v6guard " "$out"
	run 2 "unknown verb" stauts; like "nearest verb" "did you mean 'status'" "$err"
	run 2 "unknown option" status --jason; like "nearest option" "did you mean '--json'" "$err"
	run 2 "unknown sub-verb" nss enabel; like "nearest sub-verb" "did you mean 'enable'" "$err"
	run 2 "sub-verb missing" config; like "sub-verbs named" "check show" "$err"
	run 2 "option of another verb" status --for 3s; like "says so" "status takes no --for" "$err"
	run 2 "too many words" apply now
	run 2 "value missing" off --for; like "says so" "needs a value" "$err"
	run 2 "value where none goes" --json=yes; like "says so" "takes no value" "$err"
	run 2 "bad colour" --color=red
	run 2 "unknown door" enable --doors dns; like "doors named" "nss" "$err"
	run 2 "unknown history" history nsss; like "nearest kind" "did you mean 'nss'" "$err"
	run 2 "rollback of nothing countable" rollback nss zero
	run 2 "help of nothing" help nope; run 2 "help of a sub-verb" help policy prest; like "nearest" "did you mean 'preset'? (show, set, del, reset, preset, apply, diff, lint, explain-file)" "$err"
	run 2 "rollback by number, of any kind" rollback 2; like "names them" "rollback nss 2\`, or config" "$err"
	run 2 "help of no sub-verb" help nss enabel; like "nearest sub-verb" "did you mean 'enable'" "$err"
	run 2 "help of no verb" help stauts; like "nearest verb" "did you mean 'status'" "$err"
	run 2 "help of too much" help status now; like "says so" "no help about 'now'" "$err"
	run 0 "help of all sub-verbs" help nss; is "three" 3 "$(grep -c '^usage:' "$work/out")"
	run 2 "too many words behind a sub-verb" nss enable now; like "named in full" "nss enable takes no 'now'" "$err"
	run 2 "no name to verify" enable --verify ''; like "says so" "needs a name" "$err"
	is "nowhere to write help to" "4 v6guard: cannot write the result" "$({ "$V6GUARD" help >/dev/full; } 2>"$work/err"; echo "$? $(cat "$work/err")")"
	run 1 "status of a fresh host" status; like "what to do" 'not on the hosts: line: `v6guard enable`' "$out"
	run 1 "mode of a fresh host" mode; is "none" none "$out"; like "and why" 'policy.snap is not there: `v6guard apply`' "$err"
	run 4 "a root that is not there" --root "$work/none" status; like "says so" "--root: $work/none: No such file" "$err"
	run 4 "a root that is a file" --root "$ROOT/etc/nsswitch.conf" apply; like "says so" "Not a directory" "$err"
	is "stdout stays empty on errors" "" "$out"
	is "usage errors write nothing" no "$([ -e "$ROOT/var" ] && echo yes || echo no)"
	run 1 "options before and behind" --json status -q; is "parsed" absent "$(json 'd["daemon"]')"
}

# ---- apply, mode, config --------------------------------------------------------------
part_apply() {
	new_root
	local before; before=$(tree_sum "$ROOT")
	run 0 "apply --check" apply --check; is "its line" "would be: mode auto, generation 1, backends dns" "$out"
	run 1 "apply --dry-run" apply --dry-run; like "its diff" "+mode = auto" "$out"
	is "neither writes a byte" "$before" "$(tree_sum "$ROOT")"
	run 0 "first apply" apply; is "its line" "mode auto, generation 1, backends dns" "$out"
	is "snapshot's mode" 444 "$(stat -c %a "$snap")"
	is "folder's mode" 755 "$(stat -c %a "$(dirname "$snap")")"
	local first; first=$(sha256sum <"$snap")
	run 0 "second apply" apply; is "unchanged" unchanged "$out"
	is "not even written" "$first" "$(sha256sum <"$snap")"
	run 0 "apply --dry-run of nothing" apply --dry-run

	printf '[guard]\nmode = prefer-ipv5\n' >"$conf/v6guard.conf"
	run 3 "bad config" apply; like "file and line" "$conf/v6guard.conf:2:" "$err"
	is "the old snapshot stays" "$first" "$(sha256sum <"$snap")"
	run 3 "bad config, apply --check" apply --check
	run 3 "bad config, config check" config check
	run 3 "bad config, mode" mode auto
	run 3 "bad config, JSON" --json config check
	is "errors[] in JSON" "2 False" "$(json 'str(d["errors"][0]["line"])+" "+str(d["ok"])')"
	run 1 "bad config, status" status; like "says so" "config check" "$out"
	run 0 "bad config, off all the same" off
	run 0 "bad config, on" on

	printf '# mine\n[guard]\nmode  = auto   ; note\n' >"$conf/v6guard.conf"
	run 0 "config check" config check
	run 0 "config show" config show; like "the value" "mode = auto" "$out"; like "its origin" "v6guard.conf:3" "$out"
	run 0 "config show, JSON" --json config show
	is "settings[]" auto "$(json '[s["value"] for s in d["settings"] if s["key"]=="mode" and s["section"]=="guard"][0]')"
	run 0 "mode, shown" mode; like "mode and place" "auto ($conf/v6guard.conf:3)" "$out"
	before=$(tree_sum "$ROOT")
	run 1 "mode --dry-run" mode prefer-ipv4 --dry-run
	like "diff of the file" "+mode  = prefer-ipv4   ; note" "$out"; like "and of the policy" "+mode = prefer-ipv4" "$out"
	is "not a byte written" "$before" "$(tree_sum "$ROOT")"
	run 0 "mode set" mode prefer-ipv4; like "its line" "mode prefer-ipv4, generation" "$out"
	is "only that word" "$(printf '# mine\n[guard]\nmode  = prefer-ipv4   ; note')" "$(cat "$conf/v6guard.conf")"
	run 0 "mode again" mode prefer-ipv4; is "unchanged" unchanged "$out"
	run 3 "no such mode" mode prefer-ip4; like "nearest" "prefer-ipv4" "$err"
	printf '[guard]\nmode = auto\n' >"$conf/conf.d/50.conf"
	run 0 "mode set where it is in force" mode strip-aaaa
	like "in conf.d" "strip-aaaa" "$(cat "$conf/conf.d/50.conf")"
	run 0 "-q" -q mode auto; is "nothing said" "" "$out$err"

	run 0 "history" history; is "entries" 3 "$(printf '%s\n' "$out" | wc -l)"
	run 0 "history, JSON" --json history config
	is "its keys" "['command', 'n', 'time', 'user', 'what']" "$(json 'sorted(d["entries"][0])')"
	like "command" "mode auto" "$(json 'd["entries"][0]["command"]')"
	run 1 "rollback --dry-run" rollback config --dry-run; like "diff" "+mode = strip-aaaa" "$out"
	run 0 "rollback config 3" rollback config 3
	is "byte for byte" "$(printf '# mine\n[guard]\nmode  = auto   ; note')" "$(cat "$conf/v6guard.conf")"
	run 0 "rollback of the rollback" rollback config 1
	like "prefer-ipv4 is back" prefer-ipv4 "$(cat "$conf/v6guard.conf")"
	run 3 "rollback too far" rollback config 99
	# Twice walks back; a rollback is undone by its number alone.
	for mode in strip-a auto off; do run 0 "mode $mode" mode $mode; done
	for mode in auto strip-a; do
		run 0 "rollback walks back" rollback config; run 0 "mode" mode; is "to $mode" $mode "${out%% *}"
	done
	run 0 "rollback config 1: that one was too much" rollback config 1; run 0 "mode" mode; is "auto again" auto "${out%% *}"
	run 0 "rollback goes on from there" rollback; run 0 "mode" mode; is "strip-a again" strip-a "${out%% *}"
	run 0 "dry runs are in no history" --dry-run mode strip-a
	run 0 "words for a shell" config set guard.backends 'files dns'; run 0 "history" history config
	like "can be pasted" " config set guard.backends 'files dns'" "$(head -n 1 <<<"$out")"
	run 0 "rollback" rollback config
	rm "$conf/conf.d/50.conf" "$conf/v6guard.conf"
	run 0 "mode without a file" mode strip-a; like "file made" "mode = strip-a" "$(cat "$conf/v6guard.conf")"
	run 0 "rollback removes it" rollback config; is "gone" no "$([ -e "$conf/v6guard.conf" ] && echo yes || echo no)"
	is "no temporary file anywhere" "" "$(find "$ROOT" -name '*.v6guard-*')"
}

# ---- rules, and single settings ----------------------------------------------------------
part_rules() {
	new_root
	local before
	printf '# ours\n[guard]\nmode = off\n' >"$conf/v6guard.conf"; cp "$conf/v6guard.conf" "$work/plain.conf"
	run 0 "rule list of none" rule list; is "says so" "no rules" "$out"
	run 2 "rule add without keys" rule add x; run 2 "rule add: no KEY=VALUE" rule add x priority=1 action
	run 3 "rule add: no priority" rule add x action=allow; like "proposes one" "priority=10 is free" "$err"
	before=$(tree_sum "$ROOT/etc")
	run 1 "rule add --dry-run" rule add x priority=100 domains=x.example action=strip-aaaa --dry-run
	like "diff of the file" "+[rule x]" "$out"; like "and of the policy" "+rule x = strip-aaaa, priority 100" "$out"
	run 3 "rule add: a bad value" rule add x priority=100 action=strip; like "words" "expected allow" "$err"; like "says so" "nothing was written" "$err"
	run 3 "rule add: a bad key" rule add x priority=100 action=allow domain=a; run 3 "rule add: a bad name" rule add 'a b' priority=1 action=allow
	is "not a byte written" "$before" "$(tree_sum "$ROOT/etc")"
	run 0 "rule add" rule add x priority=100 domains=x.example domains==y.example prefixes=2001:db8:77::/48 action=strip-aaaa
	like "its line" ", 1 rule" "$out"; like "a key said twice is a list" "domains = x.example =y.example" "$(cat "$conf/v6guard.conf")"
	run 3 "rule add: a name that is there" rule add x priority=1 action=allow; like "what to do" "config set 'rule x.KEY'" "$err"
	run 3 "rule add: a priority that is taken" rule add y priority=100 action=allow; like "proposes one" "110 is free" "$err"
	run 0 "rule add" rule add y priority=50 domains=a.x.example action=allow enforce=no until=2099-12-31 programs=java
	run 0 "rule list" rule list; is "by priority" "y x" "$(awk 'NR > 1 { print $2 }' "$work/out" | xargs)"
	run 0 "rule list, JSON" --json rule list
	is "its keys" "['action', 'conditions', 'enforce', 'file', 'line', 'name', 'priority', 'until']" "$(json 'sorted(d["rules"][0])')"
	is "its values" "y 50 3 False 2099-12-31" "$(json '"%s %s %s %s %s" % tuple(d["rules"][0][k] for k in ("name", "priority", "conditions", "enforce", "until"))')"

	run 0 "rule test: nobody's" rule test other.example; is "says so" "other.example: no rule; [guard]: off" "$out"
	run 0 "rule test: some addresses" rule test www.x.example; like "says so" "addresses in its prefixes: rule x, priority 100: strip-aaaa" "$out"
	run 0 "rule test: addresses" rule test y.example 2001:db8:77::1 2001:db8:78::1
	is "each" "y.example 2001:db8:77::1: rule x, priority 100: strip-aaaa
y.example 2001:db8:78::1: no rule; [guard]: off" "$out"
	run 0 "rule test --program" rule test b.a.x.example --program /usr/bin/java; is "that rule" "b.a.x.example: rule y, priority 50: allow (enforce = no: only counted)" "$out"
	run 0 "rule test: without it" rule test b.a.x.example 192.0.2.1; like "not that rule" "no rule" "$out"
	run 0 "rule test: localhost" rule test localhost; is "says so" "localhost: never touched" "$out"
	run 0 "rule test, JSON" --json rule test b.a.x.example --program java; is "its keys" "y allow False" "$(json '"%s %s %s" % (d["rule"], d["action"], d["enforce"])')"
	run 3 "rule test: no address" rule test a b; run 2 "rule test: of nothing" rule test
	is "in force: nothing to say" "" "$("$V6GUARD" --root "$ROOT" rule test a 2>&1 >/dev/null)"
	sed -i 's/priority = 50/priority = 60/' "$conf/v6guard.conf"
	run 0 "rule test: not applied" rule test a; like "says so" "it is not in force" "$err"

	run 0 "config get" config get guard.mode; is "the value" off "$out"
	run 0 "config get of a rule" --json config get 'rule y.priority'; is "where" "60 $conf/v6guard.conf" "$(json 'd["value"] + " " + d["file"]')"
	run 3 "config get: misspelt" config get gaurd.mode; like "nearest" "did you mean 'guard.mode'" "$err"
	run 2 "config get: no key" config get guard
	run 0 "config set" config set 'rule y.priority' 70; like "there" "priority = 70" "$(cat "$conf/v6guard.conf")"
	run 0 "again" config set 'rule y.priority' 70; is "unchanged" unchanged "$out"
	run 3 "config set: a bad value" config set guard.mode ipv4; like "words" "prefer-ipv4" "$err"
	run 3 "config set: a priority that is taken" config set 'rule y.priority' 100; like "by whom" "[rule x]" "$err"
	run 1 "config set --dry-run" config set guard.keep-last no --dry-run; like "diff" "+keep-last = no" "$out"
	run 0 "config set of a list" config set probe.anchors 192.0.2.1 2001:db8::1; like "one line" "anchors = 192.0.2.1 2001:db8::1" "$(cat "$conf/v6guard.conf")"
	printf '# theirs\n[guard]\nunknown = trust\n' >"$conf/conf.d/50.conf"
	run 0 "config set in conf.d" config set guard.unknown distrust; is "where it was set" "# theirs
[guard]
unknown = distrust" "$(cat "$conf/conf.d/50.conf")"
	run 0 "rollback" rollback config; like "as it was" "unknown = trust" "$(cat "$conf/conf.d/50.conf")"
	rm "$conf/conf.d/50.conf"; run 0 "apply" apply

	run 0 "apply --check" apply --check; like "patterns and prefixes" "rule x, priority 100: 2 patterns, 1 prefix" "$out"
	run 0 "rule add" rule add all priority=5 action=allow; like "shadowed rules are warned of" "rule x never matches: rule all" "$err"
	run 0 "apply --check, JSON" --json apply --check
	is "rules[]" "all 0 False x 2 True" "$(json '" ".join(str(v) for r in (d["rules"][0], d["rules"][2]) for v in (r["name"], r["shadowed"], r["never_matches"]))')"
	printf '\n[rule z]\npriority = 7\naction = allow\ndomains = -bad- a..b\n[rule z2]\npriority = 7\naction = nothing\n' >>"$conf/v6guard.conf"
	run 3 "apply --check: all errors in one run" apply --check; is "four" 4 "$(grep -c "v6guard.conf:" "$work/err")"
	run 0 "rollback" rollback config 1; run 0 "a comment above a rule" rule del all
	sed -i 's/^\[rule x\]/# about x\n&/' "$conf/v6guard.conf"
	run 1 "rule del --dry-run" rule del x --dry-run; like "diff" "-[rule x]" "$out"
	run 0 "rule del" rule del x; is "with its comment" 0 "$(grep -c 'about x\|rule x' "$conf/v6guard.conf")"
	run 0 "rule del again" rule del x; is "unchanged" unchanged "$out"; like "says so" "unknown rule 'x'" "$err"
	run 2 "rule del of nothing" rule del
	run 0 "rollback of that" rollback config; like "it is back" "[rule x]" "$(cat "$conf/v6guard.conf")"
	printf '[rule x]\nenforce = no\n' >"$conf/conf.d/60.conf"
	run 3 "rule del: in two files" rule del x; like "names them" "60.conf: remove it there" "$err"; rm "$conf/conf.d/60.conf"
	run 0 "rule del" rule del x; run 0 "rule del" rule del y; run 0 "config set" config set probe.anchors ''

	run 0 "preset list" preset list; is "all of them" "phase1 phase2 prefer-ipv4 distrust" "$(awk '{ print $1 }' "$work/out" | xargs)"
	run 0 "preset list, JSON" --json preset list; is "names" "phase1 phase2 prefer-ipv4 distrust" "$(json '" ".join(p["name"] for p in d["presets"])')"
	run 0 "preset show" preset show prefer-ipv4; is "text" "[guard]
mode = prefer-ipv4" "$out"
	run 2 "preset apply without a name" preset apply; run 3 "no preset" preset apply prefer-ipv5; like "the nearest" "prefer-ipv4" "$err"
	run 2 "preset: words where there is room for none" preset apply distrust a.example
	run 3 "preset: no prefix" preset apply phase2 2001:db8::/129; like "says so" "neither an IPv6 prefix nor a name" "$err"
	cp "$conf/v6guard.conf" "$work/before.conf"
	run 1 "preset apply --dry-run" preset apply distrust --dry-run; like "diff" "+unknown = distrust" "$out"
	run 0 "preset apply" preset apply distrust; is "in force" distrust "$("$V6GUARD" --root "$ROOT" config get guard.unknown)"
	run 0 "again" preset apply distrust; is "unchanged" unchanged "$out"
	run 0 "another" preset apply prefer-ipv4; like "in force" "mode prefer-ipv4" "$out"
	printf '[guard]\nmode = off\n' >"$conf/conf.d/50.conf"
	run 3 "preset: set elsewhere" preset apply distrust; like "says where" "50.conf, which comes later" "$err"; rm "$conf/conf.d/50.conf"
	run 0 "rollback" rollback config 2
	is "as it was" "" "$(cmp "$work/before.conf" "$conf/v6guard.conf" 2>&1)"
	sed -i '/^$/,$d' "$conf/v6guard.conf"; is "nothing else was touched" "" "$(cmp "$work/plain.conf" "$conf/v6guard.conf" 2>&1)"
	is "no temporary file anywhere" "" "$(find "$ROOT" -name '*.v6guard-*')"
}

# ---- off, on, damaged snapshots ------------------------------------------------------
part_off() {
	new_root
	run 0 "off without a snapshot" off; like "its line" "off until" "$out"
	run 1 "status" --json status; is "off" forever "$(json 'd["off"]')"
	run 0 "off again" off; is "unchanged" unchanged "$out"
	run 0 "apply leaves it off" apply; like "and says so" "stays so" "$err"
	run 1 "still off" --json status; is "off" forever "$(json 'd["off"]')"
	run 0 "on" on; run 0 "on again" on; is "unchanged" unchanged "$out"
	run 1 "off --dry-run" off --dry-run; like "diff" "+off = forever" "$out"
	run 1 "not written" --json status; is "off" None "$(json 'd["off"]')"
	run 0 "off --for" off --for 1s; run 1 "off now" --json status; like "its end" T "$(json 'd["off"]')"
	sleep 2.1
	run 1 "and no more" --json status; is "off" None "$(json 'd["off"]')"
	for t in 0s 5 5x -3s 1.5h 99999999999999999999s 100000000d ''; do run 3 "off --for '$t'" off --for "$t"; done
	run 0 "500ms" off --for 500ms; run 0 "2h" off --for 2h; run 0 "7d" off --for 7d; run 0 "on" on

	printf garbage >"$snap"
	run 1 "damaged: status" --json status; like "says so" damaged "$(json 'd["doors"]["nss"]["detail"]')"
	is "no generation" None "$(json 'd["generation"]')"
	run 0 "damaged: on" on
	run 0 "damaged: off" off; run 1 "works" --json status; is "off" forever "$(json 'd["off"]')"; run 0 "on" on
	printf garbage >"$snap"; run 0 "damaged: apply" apply; like "says so" damaged "$err"
	chmod 666 "$snap"; run 1 "untrusted: status" status; like "says so" "others than its owner" "$out"
	run 0 "untrusted: apply" apply; is "trusted again" 444 "$(stat -c %a "$snap")"
	rm "$snap"; mkdir "$snap"; run 4 "a folder in its place" apply; rmdir "$snap"
}

# ---- nsswitch.conf below a root ---------------------------------------------------------
part_nss() {
	new_root
	cp "$ROOT/etc/nsswitch.conf" "$work/plain"
	run 1 "nss status" nss status; like "not enabled" "enabled     no" "$out"
	local before; before=$(tree_sum "$ROOT")
	run 1 "nss enable --dry-run" nss enable --dry-run; like "its diff" "+$ON" "$out"
	is "not a byte written" "$before" "$(tree_sum "$ROOT")"
	is "patch(1) takes it" "$ON" "$(cp "$work/plain" "$work/p"; printf '%s\n' "$out" | sed -n '/nsswitch/,$p' | patch -s "$work/p" 2>&1; grep hosts "$work/p")"
	run 0 "nss enable" nss enable; is "the line" "$ON" "$(grep hosts "$ROOT/etc/nsswitch.conf")"
	like "says that it is not verified" "not verified" "$err"
	run 0 "again" nss enable; is "unchanged" unchanged "$out"
	run 0 "nss status" --json nss status; is "keys" "['chain', 'detail', 'enabled', 'module', 'schema', 'state']" "$(json 'sorted(d)')"
	is "chain" dns "$(json 'd["chain"]')"
	run 0 "status" status; like "on" "door nss    on" "$out"
	run 0 "status, JSON" --json status
	is "its keys" "['counters', 'daemon', 'doors', 'enforce', 'epoch', 'generation', 'ipv4_usable', 'known_local', 'mode', 'nat64', 'off', 'schema', 'verdicts']" "$(json 'sorted(d)')"
	sed -i 's/ dns$/ dns myhostname/' "$ROOT/etc/nsswitch.conf"
	run 1 "the line changed: status" status; like "says so" "backends are \`dns myhostname\`" "$out"
	run 0 "apply follows" apply; like "backends" "backends dns myhostname" "$out"
	sed -i 's/ myhostname//' "$ROOT/etc/nsswitch.conf"
	sed -i 's/ \[!UNAVAIL=return\]//' "$ROOT/etc/nsswitch.conf"
	run 1 "no [!UNAVAIL=return]: status" status; like "says so" "lacks [!UNAVAIL=return]" "$out"
	run 0 "nss disable" nss disable; is "byte for byte" "" "$(cmp "$work/plain" "$ROOT/etc/nsswitch.conf" 2>&1)"
	run 0 "again" nss disable; is "unchanged" unchanged "$out"
	run 0 "enable" enable --doors nss; is "the line" "$ON" "$(grep hosts "$ROOT/etc/nsswitch.conf")"
	run 0 "disable" disable; is "byte for byte" "" "$(cmp "$work/plain" "$ROOT/etc/nsswitch.conf" 2>&1)"
	run 0 "JSON of a writer" --json enable; is "its keys" "['changed', 'diff', 'schema', 'warnings']" "$(json 'sorted(d)')"
	is "changed" True "$(json 'd["changed"]')"
	run 0 "rollback nss" rollback nss; is "byte for byte" "" "$(cmp "$work/plain" "$ROOT/etc/nsswitch.conf" 2>&1)"
	run 0 "rollback nss 1" rollback nss 1; is "the line again" "$ON" "$(grep hosts "$ROOT/etc/nsswitch.conf")"
	run 0 "rollback nss 6" rollback nss 6; is "the hand-made line" 1 "$(grep -c 'v6guard dns' "$ROOT/etc/nsswitch.conf")"

	new_root; printf 'hosts: files myhostname\n' >"$ROOT/etc/nsswitch.conf"
	run 4 "no resolver" nss enable; like "says so" "neither resolve nor dns" "$err"
	printf 'hosts: files [oops] dns\n' >"$ROOT/etc/nsswitch.conf"
	run 3 "a line libc refuses" nss enable; like "where" "nsswitch.conf:1:15:" "$err"
	run 3 "the same, disable" nss disable
	run 1 "the same, status" status; like "blames the right file" 'the hosts: line names no backends: `v6guard nss status`' "$out"
	cp "$work/plain" "$ROOT/etc/nsswitch.conf"
	printf '[guard]\nnonsense = 1\n' >"$conf/v6guard.conf"
	run 3 "bad config: enable" enable; is "nothing done" "" "$(cmp "$work/plain" "$ROOT/etc/nsswitch.conf" 2>&1)"
	is "no snapshot" no "$([ -e "$snap" ] && echo yes || echo no)"
	rm "$conf/v6guard.conf" "$ROOT$nssdir/libnss_v6guard.so.2"
	run 4 "no module" nss enable; like "says so" "cannot be loaded" "$err"; like "and what to do" "make install" "$err"
	is "nothing done" "" "$(cmp "$work/plain" "$ROOT/etc/nsswitch.conf" 2>&1)"
	printf 'not an object\n' >"$ROOT$nssdir/libnss_v6guard.so.2"
	run 4 "a damaged module" nss enable
	printf '#include <stdio.h>\n__attribute__((constructor)) static void hello(void) { fclose(fopen("%s/ran", "w")); }\nint _nss_v6guard_gethostbyname4_r;\n' "$work" >"$work/hostile.c"
	if ${CC:-gcc} -shared -fPIC "$work/hostile.c" -o "$ROOT$nssdir/libnss_v6guard.so.2" 2>/dev/null; then
		run 0 "an image's module" nss enable
		is "its code is not run" no "$([ -e "$work/ran" ] && echo yes || echo no)"
	fi

	new_root; mkdir -p "$ROOT/etc/authselect"; printf 'sssd\nwith-mkhomedir\nwith-sudo\n' >"$ROOT/etc/authselect/authselect.conf"
	mv "$ROOT/etc/nsswitch.conf" "$ROOT/etc/authselect/nsswitch.conf"; ln -s /etc/authselect/nsswitch.conf "$ROOT/etc/nsswitch.conf"
	before=$(tree_sum "$ROOT/etc")
	run 4 "authselect's link" nss enable
	like "names the command" "authselect create-profile v6guard --base-on=sssd --symlink-meta" "$err"
	like "with the features" "authselect select custom/v6guard with-mkhomedir with-sudo" "$err"
	is "nothing done" "$before" "$(tree_sum "$ROOT/etc")"
	new_root; sed -i '1i # Generated by authselect on Sat Nov 21' "$ROOT/etc/nsswitch.conf"; run 4 "authselect's comment" nss enable
	new_root; mkdir -p "$ROOT/nix/store/abc"; mv "$ROOT/etc/nsswitch.conf" "$ROOT/nix/store/abc/"
	ln -s /nix/store/abc/nsswitch.conf "$ROOT/etc/nsswitch.conf"; run 4 "NixOS" nss enable; like "names the option" system.nssDatabases.hosts "$err"
	new_root; mv "$ROOT/etc/nsswitch.conf" "$ROOT/etc/other"; ln -s other "$ROOT/etc/nsswitch.conf"
	run 0 "any other link" nss enable; like "is reported" "symbolic link" "$err"
	is "and stays one" "$ON" "$([ -L "$ROOT/etc/nsswitch.conf" ] && grep hosts "$ROOT/etc/other")"
	new_root; printf 'hosts: files dns # our own\n' >"$ROOT/etc/nsswitch.conf"
	run 0 "a comment behind" nss enable; like "is warned of" "words behind '#'" "$err"
	new_root; printf 'hosts: files dns' >"$ROOT/etc/nsswitch.conf"
	run 0 "no newline at the end" nss enable; is "gets one" "hosts: files v6guard [!UNAVAIL=return] dns" "$(cat "$ROOT/etc/nsswitch.conf")"
	like "says what that changes" ":1: had no newline at its end, so that libc did not read it: it does now" "$err"
}

# ---- where v6guard stands -----------------------------------------------------------------
# repaired WHAT LINE WHY WANTED: degraded, and why; put right; nothing of ours is left behind.
repaired() {
	new_root; "$V6GUARD" --root "$ROOT" -q apply 2>/dev/null
	printf 'passwd: files\n%s\nx: y\n' "$2" >"$ROOT/etc/nsswitch.conf"
	printf '[guard]\nbackends = dns\n' >"$conf/v6guard.conf"; "$V6GUARD" --root "$ROOT" -q apply 2>/dev/null
	run 1 "$1: status" status; like "degraded" "door nss    degraded" "$out"; like "and why" "$3" "$out"
	run 1 "$1: nss status" --json nss status; like "degraded, and why" "degraded $ROOT/etc/nsswitch.conf:2 " "$(json 'd["state"] + " " + d["detail"]')"; like "and why" "$3" "$out"
	like "what to do" '`v6guard enable` puts it right' "$err"
	run 1 "$1: enable --dry-run" enable --dry-run; like "its diff" "+$4" "$out"
	run 0 "$1: enable" enable; is "put right" "$4" "$(grep ^hosts "$ROOT/etc/nsswitch.conf")"; like "and said" "put right: " "$err"
	run 0 "$1: nss status" nss status; like "on" "state       on" "$out"; is "nothing to say" "" "$err"
	run 0 "$1: enable again" enable; is "unchanged" unchanged "$out"
	cp "$ROOT/etc/nsswitch.conf" "$work/right"
	run 0 "$1: rollback" rollback nss; is "as it was" "$2" "$(grep ^hosts "$ROOT/etc/nsswitch.conf")"; like "which is said" "puts it right" "$err"
	cp "$work/right" "$ROOT/etc/nsswitch.conf"
	run 0 "$1: disable" disable; is "none of our words" "$5" "$(grep ^hosts "$ROOT/etc/nsswitch.conf")"
}
# exact WHAT BYTES [STATUS]: byte for byte after disable, and after rollback; BYTES '-': no file.
exact() {
	local way
	for way in disable 'rollback nss'; do
		new_root
		if [ "$2" = - ]; then rm "$ROOT/etc/nsswitch.conf"; else printf "$2" >"$ROOT/etc/nsswitch.conf"; fi
		cp "$ROOT/etc/nsswitch.conf" "$work/exact" 2>/dev/null || rm -f "$work/exact"
		run 1 "$1: enable --dry-run" enable --dry-run
		run 0 "$1: enable" enable; is "it is there" 1 "$(grep -c 'v6guard \[!UNAVAIL=return\] dns' "$ROOT/etc/nsswitch.conf")"
		run 0 "$1: on" nss status
		run 1 "$1: $way --dry-run" $way --dry-run
		run 0 "$1: $way" $way
		if [ "$2" = - ]; then is "no file again" no "$([ -e "$ROOT/etc/nsswitch.conf" ] && echo yes || echo no)"
		else is "byte for byte" "" "$(cmp "$work/exact" "$ROOT/etc/nsswitch.conf" 2>&1)"; fi
	done
}
part_place() {
	local right='v6guard [!UNAVAIL=return]'
	repaired "dns before" "hosts: files dns $right" "has dns before v6guard" "hosts: files $right dns" "hosts: files dns"
	repaired "resolve before" "hosts: resolve [!UNAVAIL=return] files $right dns" "has resolve before v6guard" \
		"hosts: $right resolve [!UNAVAIL=return] files dns" "hosts: resolve [!UNAVAIL=return] files dns"
	repaired "no action" "hosts: files v6guard dns" "lacks [!UNAVAIL=return]" "hosts: files $right dns" "hosts: files dns"
	repaired "another action" "hosts: files v6guard [NOTFOUND=return] dns" "lacks [!UNAVAIL=return]" "hosts: files $right dns" "hosts: files dns"
	repaired "all at once" "hosts: dns v6guard files v6guard [SUCCESS=continue]" "more than once" "hosts: $right dns files" "hosts: dns files"

	exact "no newline at the end" 'passwd: files\nhosts: files dns'
	exact "another line without a newline" 'hosts: files dns\npasswd: files'
	exact "an open line that libc does not read" 'hosts: files dns\nhosts: x dns'
	exact "an empty file" ''
	exact "no hosts: line, open end" 'passwd: files'
	exact "capitals" 'passwd: files\nHOSTS: files dns\n'
	exact "CRLF, no blank" 'passwd: files\r\nhosts:files dns\r\n'
	exact "no file" -
	new_root; printf 'HOSTS: files dns\n' >"$ROOT/etc/nsswitch.conf"
	run 0 "capitals" enable; like "are said to say nothing" ":1: libc knows \`hosts\` in small letters only" "$err"
	new_root; printf 'hosts: files dns' >"$ROOT/etc/nsswitch.conf"; run 0 "open end" enable; printf '# theirs\n' >>"$ROOT/etc/nsswitch.conf"
	run 0 "changed since: disable" disable; is "what is theirs stays" "hosts: files dns
# theirs" "$(cat "$ROOT/etc/nsswitch.conf")"
	new_root; rm "$ROOT/etc/nsswitch.conf"; run 0 "no file" enable; printf 'passwd: files\n' >>"$ROOT/etc/nsswitch.conf"
	run 0 "changed since: disable" disable; like "says that the file stays" "stays: v6guard made it, and somebody else has changed it" "$err"
	# Nor is it said of a file that is somebody's own.
	rm "$ROOT/etc/nsswitch.conf"; run 0 "no file" enable; run 0 "and disable" disable; printf 'hosts: dns v6guard' >"$ROOT/etc/nsswitch.conf"
	run 1 "a hand-made file: nss status" nss status; is "one complaint" 1 "$(printf '%s\n' "$err" | grep -c v6guard:)"
	run 0 "a hand-made file: enable" enable; run 0 "and disable" disable; is "nothing to say" "" "$err"
	run 0 "enable --verify below a root" enable --verify a.example; like "is not heeded" "not verified" "$err"
}

# An image whose libc reads /usr/etc where /etc has no such file: openSUSE's, and what it ships.
suse_root() {
	new_root; rm "$ROOT/etc/nsswitch.conf"; mkdir -p "$ROOT/usr/etc"
	printf '#\n# /etc/nsswitch.conf\n#\npasswd:\t\tcompat systemd\ngroup:\t\tcompat systemd\nshadow:\t\tcompat systemd\n\nhosts:  \tfiles dns\nnetworks:\tfiles dns\n\nservices:\tfiles usrfiles\n' >"$ROOT/usr/etc/nsswitch.conf"
	printf 'label ::1/128 0\nprecedence ::1/128 50\nprecedence ::/0 40\nprecedence 2002::/16 30\nprecedence ::/96 20\nprecedence ::ffff:0:0/96 10\n' >"$ROOT/usr/etc/gai.conf"
	printf '\177ELF /etc/gai.conf\0%s/usr/etc/nsswitch.conf\0%s' "${1:-}" "${2:-}" >"$ROOT$nssdir/libc.so.6"
}
part_vendor() {
	local before etc
	suse_root "" '/usr/etc/gai.conf\0'; printf '\177ELF\0/usr/etc/nsswitch.conf\0/usr/etc/gai.conf\0' >"$ROOT$nssdir/libc.so.6"
	etc=$(tree_sum "$ROOT/etc"); before=$(tree_sum "$ROOT/usr")
	run 1 "vendor's file: nss status" nss status; like "its chain" "backends    dns" "$out"
	run 1 "vendor's file: enable --dry-run" enable --dry-run; is "one line" 1 "$(printf '%s\n' "$out" | sed -n '/nsswitch/,$p' | grep -c '^+[^+]')"
	is "not a byte written" "$etc" "$(tree_sum "$ROOT/etc")"
	run 0 "vendor's file: enable" enable; like "says so" "/etc/nsswitch.conf: a copy of $ROOT/usr/etc/nsswitch.conf" "$err"
	is "all of it, and our words" "" "$(diff <(sed 's/^hosts:  \tfiles/& v6guard [!UNAVAIL=return]/' "$ROOT/usr/etc/nsswitch.conf") "$ROOT/etc/nsswitch.conf")"
	is "its mode" 644 "$(stat -c %a "$ROOT/etc/nsswitch.conf")"
	run 0 "on" nss status; run 0 "again" enable; is "unchanged" unchanged "$out"
	is "the vendor's is untouched" "$before" "$(tree_sum "$ROOT/usr")"
	run 1 "disable --dry-run" disable --dry-run; like "the file goes" "-passwd:" "$out"
	run 0 "disable" disable; is "the file is gone" "$etc" "$(tree_sum "$ROOT/etc")"
	run 0 "disable again" disable; is "unchanged" unchanged "$out"
	run 0 "enable" enable; run 0 "rollback nss" rollback nss; is "the file is gone" "$etc" "$(tree_sum "$ROOT/etc")"
	run 0 "rollback of that" rollback nss 1; is "it is back" 1 "$(grep -c v6guard "$ROOT/etc/nsswitch.conf")"
	sed -i 's/^networks:.*/networks: files/' "$ROOT/etc/nsswitch.conf"
	run 0 "changed since: disable" disable; is "the change stays" "networks: files" "$(grep ^networks "$ROOT/etc/nsswitch.conf")"
	like "and that is said" "stays: v6guard made it" "$err"; rm "$ROOT/etc/nsswitch.conf"
	sed -i 's/usrfiles/& x/' "$ROOT/usr/etc/nsswitch.conf"; run 0 "enable, the vendor's is newer" enable; is "that one" 1 "$(grep -c 'usrfiles x' "$ROOT/etc/nsswitch.conf")"
	run 0 "the vendor's changes meanwhile" disable; is "gone all the same" "$etc" "$(tree_sum "$ROOT/etc")"
	printf '[guard]\nnonsense = 1\n' >"$conf/v6guard.conf"; run 3 "bad config: enable" enable; rm "$conf/v6guard.conf"
	is "nothing done" "$etc" "$(tree_sum "$ROOT/etc")"

	run 0 "gai.conf: show" --json policy show; is "the vendor's" "$ROOT/usr/etc/gai.conf" "$(json 'd["file"]')"
	run 1 "gai.conf: status" --json status; like "the vendor's" "by $ROOT/usr/etc/gai.conf" "$(json 'd["doors"]["gai"]["detail"]')"
	run 0 "gai.conf: set what is so" policy set precedence ::/0 40; is "unchanged" unchanged "$out"; is "no copy" "$etc" "$(tree_sum "$ROOT/etc")"
	run 1 "gai.conf: set --dry-run" policy set precedence 2001:db8::/32 5 --dry-run; is "one line" 1 "$(printf '%s\n' "$out" | grep -c '^[+-][^+-]')"
	run 0 "gai.conf: set" policy set precedence 2001:db8::/32 5; like "says so" "/etc/gai.conf: a copy of" "$err"
	is "all of it, and the row" "precedence 2001:db8::/32 5" "$(diff "$ROOT/usr/etc/gai.conf" "$ROOT/etc/gai.conf" | sed -n 's/^> //p' | tr -s ' \t' ' ')"
	run 0 "gai.conf: another" policy set precedence 2001:db9::/32 5; run 0 "gai.conf: del" policy del precedence 2001:db9::/32
	is "still a copy" yes "$([ -e "$ROOT/etc/gai.conf" ] && echo yes)"
	run 0 "gai.conf: del" policy del precedence 2001:db8::/32; is "gone" "$etc" "$(tree_sum "$ROOT/etc")"
	run 0 "gai.conf: preset" policy preset prefer-ipv4; run 0 "gai.conf: rollback" rollback gai; is "gone" "$etc" "$(tree_sum "$ROOT/etc")"
	run 0 "gai.conf: rollback of that" rollback gai 1; is "it is back" yes "$([ -e "$ROOT/etc/gai.conf" ] && echo yes)"

	# History keeps what it needs, however much comes after.
	suse_root; printf '\177ELF\0/usr/etc/nsswitch.conf\0' >"$ROOT$nssdir/libc.so.6"; etc=$(find "$ROOT/etc" -name 'nsswitch*')
	run 0 "enable" enable; for before in $(seq 26); do "$V6GUARD" --root "$ROOT" -q mode auto; "$V6GUARD" --root "$ROOT" -q mode off; done
	run 0 "disable after 52 other changes" disable; is "the copy is gone" "$etc" "$(find "$ROOT/etc" -name 'nsswitch*')"

	# A libc that does not look there goes by its own default, and so do we.
	suse_root; printf '\177ELF\0/etc/nsswitch.conf\0/etc/gai.conf\0' >"$ROOT$nssdir/libc.so.6"; etc=$(tree_sum "$ROOT/etc")
	run 0 "libc does not read /usr/etc: enable" enable; is "its default" "hosts:		files v6guard [!UNAVAIL=return] dns" "$(cat "$ROOT/etc/nsswitch.conf")"
	run 0 "disable" disable; is "gone" "$etc" "$(tree_sum "$ROOT/etc")"
	run 0 "libc does not read /usr/etc: show" --json policy show; is "no file" None "$(json 'd["file"]')"

	# nsswitch-config of MicroOS would write its file anew.
	suse_root; mkdir -p "$ROOT/usr/share/nsswitch.conf.d" "$ROOT/etc/nsswitch.conf.d"
	printf 'hosts: files\n' >"$ROOT/usr/share/nsswitch.conf.d/10-files.conf"; printf 'hosts: resolve [!UNAVAIL=return]\n' >"$ROOT/usr/share/nsswitch.conf.d/40-resolve.conf"
	printf 'hosts: dns\n' >"$ROOT/etc/nsswitch.conf.d/60-dns.conf"
	printf '# This file was generated by nsswitch-config. Do not edit it.\n#\nhosts:files resolve [!UNAVAIL=return] dns\n' >"$ROOT/etc/nsswitch.conf"; etc=$(tree_sum "$ROOT/etc")
	run 4 "nsswitch-config's file" enable; like "names the snippet" "echo 'hosts: v6guard [!UNAVAIL=return]' >/etc/nsswitch.conf.d/39-v6guard.conf" "$err"; like "and the command" "
    nsswitch-config
    v6guard apply" "$err"
	is "nothing done" "$etc" "$(tree_sum "$ROOT/etc")"
	printf '# This file was generated by nsswitch-config. Do not edit it.\n#\nhosts:files v6guard [!UNAVAIL=return] resolve [!UNAVAIL=return] dns\n' >"$ROOT/etc/nsswitch.conf"
	run 0 "done as told: enable" enable; run 0 "done as told: status" nss status
	printf 'hosts: v6guard [!UNAVAIL=return]\n' >"$ROOT/etc/nsswitch.conf.d/39-v6guard.conf"
	run 4 "disable" disable; like "names the snippet" "rm /etc/nsswitch.conf.d/39-v6guard.conf
    nsswitch-config" "$err"
	new_root; mkdir -p "$ROOT/etc/authselect"; printf 'custom/v6guard\n' >"$ROOT/etc/authselect/authselect.conf"
	printf 'hosts: files v6guard dns\n' >"$ROOT/etc/authselect/nsswitch.conf"; rm "$ROOT/etc/nsswitch.conf"; ln -s authselect/nsswitch.conf "$ROOT/etc/nsswitch.conf"
	local by cmd; for by in enable disable; do
		run 4 "authselect's own profile: $by" $by
		cmd=$(sed -n "s/^ *sed -i -E '\(.*\)' .*/\1/p" "$work/err")
		case $by in enable) is "its sed puts it right" 'hosts: files v6guard [!UNAVAIL=return] dns' "$(sed -E "$cmd" "$ROOT/etc/nsswitch.conf")" ;;
		*) is "its sed takes it out" 'hosts: files dns' "$(sed -E "$cmd" "$ROOT/etc/nsswitch.conf")" ;; esac
	done
}

# ---- attach, detach ---------------------------------------------------------------------------
part_attach() {
	new_root
	local preload dropin before
	local units=$ROOT/usr/lib/systemd/system etc=$ROOT/etc/systemd/system
	mkdir -p "$units" "$etc"
	printf '[Service]\nExecStart=/usr/bin/a\n' | tee "$units/a.service" "$units/t@.service" "$units/m.service" >/dev/null
	printf '[Timer]\n' >"$units/a.timer"
	run 4 "attach: no library" attach a; like "says which" "libv6guard-preload.so: No such file" "$err"
	preload=$(sed -n 's/^v6guard: \(.*\): No such file.*/\1/p' <<<"$err")
	mkdir -p "$(dirname "$preload")" && : >"$preload"; preload=${preload#"$ROOT"}
	dropin=$etc/a.service.d/zz-v6guard.conf

	run 2 "attach: of nothing" attach; run 2 "attach: two" attach a b
	run 3 "attach: a timer" attach a.timer; like "what to name" "name the one that it starts" "$err"
	run 3 "attach: no such unit" attach nothing; like "where it looked" "/etc/systemd/system, " "$err"; like "below which root" "below $ROOT" "$err"
	: >"$etc/nearly.service"; echo '[Service]' >"$etc/nearly.service"
	run 3 "attach: a misspelt unit" attach naerly; like "nearest" "did you mean 'nearly.service'?" "$err"; rm "$etc/nearly.service"
	run 3 "attach: no name" attach ../a; run 3 "attach: a bad mode" attach a --mode ipv5; like "modes" "prefer-ipv4" "$err"
	ln -s /dev/null "$etc/m.service"; run 3 "attach: masked" attach m; like "says so" "it is masked" "$err"
	before=$(tree_sum "$ROOT")
	run 1 "attach --dry-run" attach a --dry-run; like "its diff" "+Environment=\"LD_PRELOAD=$preload\"" "$out"
	is "not a byte written" "$before" "$(tree_sum "$ROOT")"
	run 0 "attach" attach a; is "its line" "attached a.service" "$out"
	is "the drop-in" "# By \`v6guard attach\`; \`v6guard detach a.service\` removes it.
[Service]
Environment=\"LD_PRELOAD=$preload\"" "$(cat "$dropin")"
	is "for everybody to read" "644 755" "$(stat -c %a "$dropin" "$etc/a.service.d" | xargs)"
	run 0 "again" attach a.service; is "unchanged" unchanged "$out"
	run 0 "attach --mode" attach a --mode prefer-ipv4; is "its line in the file" "Environment=V6GUARD=prefer-ipv4" "$(tail -n 1 "$dropin")"
	run 1 "status" status; like "names it" "preload     on
            attached to a.service" "$out"
	run 1 "status, JSON" --json status; is "units[]" "['a.service'] on None" "$(json '"%s %s %s" % (d["doors"]["preload"]["units"], d["doors"]["preload"]["state"], d["doors"]["preload"]["processes"])')"
	mv "$ROOT$preload" "$work/away"
	run 1 "status, library gone" status; like "says so" "attached to a.service; the library is not installed" "$out"
	mv "$work/away" "$ROOT$preload"
	run 0 "history" history unit; is "both" 2 "$(grep -c attach "$work/out")"
	run 0 "rollback unit" rollback unit; is "without the mode" 0 "$(grep -c V6GUARD= "$dropin")"
	run 1 "detach --dry-run" detach a --dry-run; like "its diff" "-[Service]" "$out"
	run 0 "detach" detach a; is "its line" "detached a.service" "$out"; is "the folder is gone as well" no "$([ -e "$etc/a.service.d" ] && echo yes || echo no)"
	run 0 "again" detach a; is "unchanged" unchanged "$out"
	run 0 "rollback of that" rollback; is "attached again" 1 "$(grep -c LD_PRELOAD "$dropin")"
	run 0 "rollback to before the first" rollback unit 5; is "gone, and the folder" no "$([ -e "$etc/a.service.d" ] && echo yes || echo no)"

	# What the unit has already stays, in front of ours; other files stay where they are.
	mkdir -p "$etc/a.service.d"; printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/libjemalloc.so.2\n' >"$etc/a.service.d/override.conf"
	run 0 "attach: an LD_PRELOAD is there" attach a; is "kept" "LD_PRELOAD=/usr/lib/libjemalloc.so.2:$preload" "$(sed -n 's/^Environment="\(.*\)"$/\1/p' "$dropin")"
	if command -v systemd-analyze >/dev/null; then
		is "systemd reads it, and has nothing to say" "" "$(cp "$units/a.service" "$work/keep"; sed -i 's|/usr/bin/a|/bin/true|' "$units/a.service"
			SYSTEMD_UNIT_PATH=$etc:$units systemd-analyze verify --recursive-errors=no "$units/a.service" 2>&1; echo 'Bogus=1' >>"$dropin"
			SYSTEMD_UNIT_PATH=$etc:$units systemd-analyze verify --recursive-errors=no "$units/a.service" 2>&1 | grep -q zz-v6guard.conf || echo "it does not"
			sed -i /Bogus/d "$dropin"; cp "$work/keep" "$units/a.service")"
	fi
	run 0 "detach" detach a; is "their file stays" override.conf "$(ls "$etc/a.service.d")"
	printf '[Service]\nEnvironmentFile=-/etc/default/a\n' >"$etc/a.service.d/override.conf"; mkdir -p "$ROOT/etc/default"
	run 0 "attach: an EnvironmentFile= that is not there" attach a; run 0 "detach" detach a
	printf 'A=1\nLD_PRELOAD=/x.so\n' >"$ROOT/etc/default/a"
	run 3 "attach: an EnvironmentFile= has the last word" attach a; like "where" "$ROOT/etc/default/a:2: sets LD_PRELOAD" "$err"
	printf '[Service]\nUnsetEnvironment=LD_PRELOAD\n' >"$etc/a.service.d/override.conf"
	run 3 "attach: UnsetEnvironment=" attach a; like "says so" "UnsetEnvironment=LD_PRELOAD" "$err"
	printf '[Service]\nRootDirectory=/srv\n' >"$etc/a.service.d/override.conf"
	run 0 "attach: RootDirectory=" attach a; like "is warned of" "its root is /srv" "$err"

	run 0 "attach: a template" attach t@; is "there" yes "$([ -e "$etc/t@.service.d/zz-v6guard.conf" ] && echo yes)"
	run 0 "attach: an instance" attach t@1 --mode off; is "there" yes "$([ -e "$etc/t@1.service.d/zz-v6guard.conf" ] && echo yes)"
	run 0 "detach: of a template that is attached" detach t@1; like "says so" "t@.service is attached, with all its instances" "$err"
	ln -s ../../../usr/lib/systemd/system/a.service "$etc/alias.service"
	run 0 "attach: an alias" --json attach alias; like "is told" "alias.service is an alias of a.service" "$err"; is "unit in JSON" a.service "$(json 'd["unit"]')"
	rm "$units/t@.service"; run 0 "detach: of a unit that is gone" detach t@; is "removed" no "$([ -e "$etc/t@.service.d" ] && echo yes || echo no)"
	run 0 "detach: of one that never was" detach nothing; is "unchanged" unchanged "$out"
	is "no temporary file anywhere" "" "$(find "$ROOT" -name '*.v6guard-*')"
}

# On a host systemd is told; a stand-in writes down what it hears.
part_attach_host() {
	local unit=/etc/systemd/system/lab.service library built=${top_builddir:-$top} file
	for file in "$built/.libs/libv6guard-preload.so" "$STAGE"/usr/lib/*/libv6guard-preload.so; do [ -f "$file" ] && break; done
	mkdir -p /etc/systemd/system; printf '[Service]\nExecStart=/usr/bin/env\n' >$unit
	# A program that is not staged looks for what is installed.
	mkdir -p "$work/usr/bin"
	library=$("$V6GUARD" attach lab --dry-run 2>&1 | sed -n 's/^v6guard: \(\/usr[^:]*\): .*/\1/p')
	if [ -n "$library" ]; then mkdir -p "$work${library%/*}" && cp "$file" "$work$library"; fi
	printf '#!/bin/sh\necho "$*" >>%s/told\nexit $(cat %s/answer)\n' "$work" "$work" >"$work/systemctl"; chmod +x "$work/systemctl"; echo 0 >"$work/answer"
	cp "$work/systemctl" "$work/usr/bin/"
	mount -t overlay lab -o "lowerdir=$work/usr:/usr" /usr 2>/dev/null || { echo "skip    attach on a host: no overlay file system"; return; }
	run 0 "attach, without systemd" attach lab; is "what to do" 'attached lab.service; `systemctl daemon-reload && systemctl restart lab.service` makes it act' "$out"
	mkdir -p /run/systemd/system
	run 0 "detach, with systemd" detach lab; is "systemd was told" daemon-reload "$(cat "$work/told")"
	is "what to do" 'detached lab.service; `systemctl restart lab.service` makes it act' "$out"
	run 0 "detach again" detach lab; is "systemd was left alone" 1 "$(wc -l <"$work/told")"
	run 1 "a dry run" attach lab --dry-run; is "systemd was left alone" 1 "$(wc -l <"$work/told")"
	echo 1 >"$work/answer"
	run 0 "attach, systemd refuses" attach lab; like "is warned of" "daemon-reload\` failed" "$err"; is "told again" 2 "$(wc -l <"$work/told")"
	run 0 "rollback" rollback unit; is "systemd was told" 3 "$(wc -l <"$work/told")"
	printf '[Service]\nExecStart=/usr/sbin/ldconfig\n' >$unit
	if file -L /sbin/ldconfig 2>/dev/null | grep -q static; then run 3 "attach: a static program" attach lab; like "says so" "it is static" "$err"; fi
	umount -l /usr
}

# ---- a root as people type it ---------------------------------------------------------------
part_root() {
	local way
	for way in root ./root/ "$work/../${work##*/}/root"; do
		new_root
		cd "$work" && ROOT=$way
		run 0 "--root $way: enable" nss enable
		run 0 "--root $way: mode" mode prefer-ipv4
		run 0 "--root $way: history" history; is "two entries" 2 "$(printf '%s\n' "$out" | grep -c .)"
		run 0 "--root $way: rollback" rollback config; is "the file is gone" no "$([ -e "$conf/v6guard.conf" ] && echo yes || echo no)"
		run 0 "--root $way: rollback nss" rollback nss; is "byte for byte" "files mdns4_minimal [NOTFOUND=return] dns" "$(sed -n 's/^hosts:[[:blank:]]*//p' "$work/root/etc/nsswitch.conf")"
		cd "$here" || exit 1
	done
}

# ---- many at once, and without rights ----------------------------------------------------
part_parallel() {
	new_root
	run 0 "apply" apply
	local pids=() i failed=0 modes=(auto prefer-ipv4 prefer-ipv6 strip-aaaa strip-a)
	for i in 0 1 2 3 4 5 6 7 8 9; do
		"$V6GUARD" --root "$ROOT" mode "${modes[$((i % 5))]}" >/dev/null 2>>"$work/par" & pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
	is "ten at once: all succeed" 0 "$failed"
	run 0 "the file is whole" config check
	local in_file; in_file=$(sed -n 's/^mode *= //p' "$conf/v6guard.conf")
	run 0 "the mode" --json mode; is "file and snapshot agree" "$in_file" "$(json 'd["mode"]')"
	run 0 "history" --json history config
	is "each change once" "$(grep -c . <<<"$(json '"\n".join(e["command"] for e in d["entries"])')")" "$(find "$ROOT/var/lib/v6guard/history" -type f | wc -l)"
	# Each entry holds what the one before it wrote: a chain without a gap.
	is "no change was lost" yes "$(cd "$ROOT/var/lib/v6guard/history" && last= && for f in $(ls | sort); do
		was=$(sed '1,/^$/d' "$f" | sed -n 's/^mode *= //p'); [ "$was" = "$last" ] || { echo "gap at $f: $was, $last"; break; }
		last=$(sed -n 's/^command .* //p' "$f"); done; [ "$last" = "$in_file" ] && echo yes)"
	is "no temporary file" "" "$(find "$ROOT" -name '*.v6guard-*')"

	chmod 755 "$work"; chmod -R a+rX "$ROOT"
	# Where everybody can reach it, also if the build is not.
	cp "$V6GUARD" "$work/v6guard" && chmod 755 "$work/v6guard"
	if [ "$(id -u)" = 0 ]; then
		as_nobody() { LC_ALL=C setpriv --reuid 65534 --regid 65534 --clear-groups "$work/v6guard" --root "$ROOT" "$@" 2>&1; echo "code $?"; }
		like "unprivileged: status" "code 1" "$(as_nobody status)"
		like "unprivileged: config show" "code 0" "$(as_nobody config show)"
		like "unprivileged: history" "code 0" "$(as_nobody history)"
		like "unprivileged: apply --check" "code 0" "$(as_nobody apply --check)"
		local seen; seen=$(as_nobody mode off)
		like "unprivileged: mode" "code 4" "$seen"; like "and why" "needs root" "$seen"
		like "unprivileged: dry run" "code 1" "$(as_nobody mode off --dry-run)"
	else
		echo "skip    unprivileged: not root, so there is nobody else to be"
	fi
}

# ---- this host: real lookups, in namespaces -----------------------------------------------
DNS_SERVER='
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); print("up", flush=True)
while True:
    q, peer = s.recvfrom(2048); n, i = [], 12
    while q[i]: n.append(q[i+1:i+1+q[i]].decode().lower()); i += q[i] + 1
    kind = struct.unpack("!H", q[i+1:i+3])[0]; question = q[12:i+5]; name = ".".join(n)
    known = name in ("dual.test", socket.gethostname().lower())
    data = {1: bytes([192,0,2,1]), 28: bytes.fromhex("20010db8000000000000000000000001")}.get(kind) if known else None
    a = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data if data else b""
    s.sendto(q[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, 1 if a else 0, 0, 0) + question + a, peer)
'
part_host() {
	ROOT=
	# A private host: /etc and /var of its own, a resolver on loopback, no other network.
	mkdir "$work/lib" && cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc &&
		mount -t tmpfs v6guard /var/lib && mount -t tmpfs v6guard /run || { fail "private host" "mounts" "refused"; return; }
	ip link set lo up
	printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
	printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts
	printf 'passwd: files\nhosts: files dns\n' >/etc/nsswitch.conf
	cp /etc/nsswitch.conf "$work/plain"
	rm -rf /etc/v6guard
	python3 -c "$DNS_SERVER" >"$work/dns" 2>&1 & dns=$!
	for _ in $(seq 50); do grep -q up "$work/dns" && break; sleep 0.1; done

	unset LD_LIBRARY_PATH
	run 4 "no module on the host" nss enable; like "says so" "cannot be loaded" "$err"
	is "nothing done" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
	cp "$MODULE" "$work/lib/"; export LD_LIBRARY_PATH=$work/lib
	run 0 "a mistyped name" enable --verify dual.tset; like "is told" "--verify dual.tset: no address" "$err"
	run 0 "disable" disable
	run 0 "enable, verified" enable --verify dual.test; is "nothing to warn of" "" "$err"
	run 0 "enabled already, verified" enable --verify dual.test --verify dual.tset
	is "nothing changed" unchanged "$out"; like "and it was looked" "--verify dual.tset: no address" "$err"
	is "the line" "hosts: files v6guard [!UNAVAIL=return] dns" "$(grep hosts /etc/nsswitch.conf)"
	run 1 "status: auto, and no daemon" status; like "says so" "only v6guardd collects" "$out"
	is "auto changes nothing" "192.0.2.1 2001:db8::1" "$(getent ahosts dual.test | awk '/STREAM/{print $1}' | sort | xargs)"
	run 0 "mode prefer-ipv4" mode prefer-ipv4
	is "IPv6 without IPv4 to reach: kept" 2 "$(getent ahosts dual.test | grep -c STREAM)"
	ip addr add 192.0.2.2/24 dev lo; ip addr add 2001:db8::2/64 dev lo nodad
	is "stripped" 192.0.2.1 "$(getent ahosts dual.test | awk '/STREAM/{print $1}' | xargs)"
	run 0 "off" off; is "passes through" 2 "$(getent ahosts dual.test | grep -c STREAM)"
	run 0 "on" on; is "strips again" 1 "$(getent ahosts dual.test | grep -c STREAM)"
	python3 -c '
import socket, subprocess, sys, time
def n(): return len(socket.getaddrinfo("dual.test", 80, type=socket.SOCK_STREAM))
assert n() == 1, n()
subprocess.run([sys.argv[1], "-q", "off"], check=True)
t = time.time()
while n() == 1 and time.time() - t < 5: time.sleep(0.02)
print("yes" if n() == 2 else time.time() - t)' "$V6GUARD" >"$work/one" 2>&1
	is "off reaches a running program" yes "$(cat "$work/one")"
	run 0 "on" on
	run 0 "disable" disable; is "byte for byte" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"

	part_acts

	# A module that loads and answers wrongly: enable must notice, and undo.
	cat >"$work/liar.c" <<-'C'
	#include <nss.h>
	#include <netdb.h>
	#include <errno.h>
	#define EXPORT __attribute__((visibility("default")))
	EXPORT enum nss_status _nss_v6guard_gethostbyname4_r(const char *n, void **p, char *b, size_t s, int *e, int *h, int *t)
	{ (void)n; (void)p; (void)b; (void)s; (void)t; *e = ENOENT; *h = ANSWER_H; return ANSWER; }
	C
	local answer
	for answer in "NSS_STATUS_NOTFOUND HOST_NOT_FOUND" "NSS_STATUS_TRYAGAIN TRY_AGAIN" "NSS_STATUS_UNAVAIL NO_RECOVERY"; do
		if ! ${CC:-gcc} -shared -fPIC -DANSWER="${answer% *}" -DANSWER_H="${answer#* }" "$work/liar.c" -o "$work/lib/libnss_v6guard.so.2" 2>/dev/null; then
			echo "skip    lying modules: no compiler"; break; fi
		rm -rf /var/lib/v6guard
		run 4 "a module that answers ${answer% *}" enable --verify dual.test
		case $answer in *UNAVAIL*) like "no sign of life" "was loaded, and says nothing of being asked" "$err" ;; *) like "the name" "lookup of" "$err" ;; esac
		is "put back byte for byte" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
		is "no snapshot left" no "$([ -e /var/lib/v6guard/policy.snap ] && echo yes || echo no)"
	done
	# One that is never asked, as another service answers all before it.
	printf 'passwd: files\nhosts: files [NOTFOUND=return] dns\n' >/etc/nsswitch.conf; cp /etc/nsswitch.conf "$work/cut"
	run 4 "v6guard is never reached" enable; like "says so" "did not load" "$err"
	is "put back" "" "$(cmp "$work/cut" /etc/nsswitch.conf 2>&1)"
	cp "$work/plain" /etc/nsswitch.conf; cp "$MODULE" "$work/lib/"
	run 0 "enable" enable; run 0 "rollback, verified" rollback nss; is "byte for byte" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
	run 0 "rollback of that" rollback nss 1; is "enabled again" 1 "$(grep -c v6guard /etc/nsswitch.conf)"
	run 0 "disable" disable

	# Interrupted while it verifies (a DNS that takes the question and says nothing): undone.
	cp "$work/plain" /etc/nsswitch.conf; kill "$dns"; wait "$dns" 2>/dev/null; dns=
	python3 -c 'import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); print("up", flush=True); time.sleep(60)' >"$work/dns" & dns=$!
	for _ in $(seq 50); do grep -q up "$work/dns" && break; sleep 0.1; done
	printf 'options timeout:3 attempts:1\nnameserver 127.0.0.1\n' >/etc/resolv.conf
	python3 -c '
import subprocess, signal, sys, time, os
p = subprocess.Popen([sys.argv[1], "enable"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
end = time.time() + 40
while "v6guard" not in open("/etc/nsswitch.conf").read() and time.time() < end: time.sleep(0.01)
os.killpg(p.pid, signal.SIGINT)
print("seen" if time.time() < end else "never enabled", p.wait(timeout=40) != 0)' "$V6GUARD" >"$work/int" 2>&1
	is "Ctrl-C while it verifies" "seen True" "$(cat "$work/int")"
	is "put back" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
	printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >/etc/resolv.conf

	# A file that is a mount of its own cannot be renamed over.
	touch "$work/mounted"; cp "$work/plain" "$work/mounted"; mount --bind "$work/mounted" /etc/nsswitch.conf
	run 4 "a mount of its own" enable; like "says so" "mount of its own" "$err"; is "untouched" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
	umount /etc/nsswitch.conf
	kill "$dns"; wait "$dns" 2>/dev/null; dns=
	# No resolver at all is no reason to refuse: nothing got worse.
	run 0 "enable without any DNS" enable; run 0 "disable" disable
	# A full disk.
	mount -t tmpfs -o size=64k v6guard /var/lib/v6guard; run 0 "apply" apply; dd if=/dev/zero of=/var/lib/v6guard/fill bs=1k 2>/dev/null
	run 4 "no space" enable; like "says so" "No space" "$err"; is "untouched" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
	umount /var/lib/v6guard
	mount -o remount,bind,ro /etc; run 4 "read-only /etc" enable; like "says so" "Read-only" "$err"; mount -o remount,bind,rw /etc
	is "no temporary file" "" "$(find /etc /var/lib/v6guard -name '*.v6guard-*')"
	part_attach_host
	if [ -x /usr/sbin/nscd ] && mkdir -p /run/nscd /var/cache/nscd && mount -t tmpfs v6guard /var/cache/nscd; then part_nscd
	else echo "skip    nscd: not installed"; fi
}

# Where it stands, and that it acts there: seen by lookups.
part_acts() {
	local line both='192.0.2.1 2001:db8::1' seen
	six() { getent ahosts dual.test | awk '/STREAM/{print $1}' | sort | xargs; }
	rm -rf /var/lib/v6guard/*; mkdir -p /etc/v6guard
	printf '[guard]\nmode = strip-aaaa\nbackends = dns\n' >/etc/v6guard/v6guard.conf; "$V6GUARD" -q apply
	for line in 'files dns v6guard [!UNAVAIL=return]' 'files v6guard dns' 'files v6guard [NOTFOUND=continue] dns'; do
		printf 'passwd: files\nhosts: %s\n' "$line" >/etc/nsswitch.conf
		seen=$(six)
		case $line in *'dns v6guard'*) is "$line: it does not act" "$both" "$seen" ;; esac
		run 1 "$line: status" --json status; is "says so" degraded "$(json 'd["doors"]["nss"]["state"]')"
		run 0 "$line: enable" enable --verify dual.test; like "is put right" "put right: " "$err"
		is "it acts" 192.0.2.1 "$(six)"
		run 0 "$line: status" status
		run 0 "$line: disable" disable; is "out again" "hosts: files dns" "$(grep ^hosts /etc/nsswitch.conf)"; is "plain" "$both" "$(six)"
	done
	# Open ends, on a host: libc itself reads what we say it does.
	printf 'hosts: files\nhosts: files dns' >/etc/nsswitch.conf
	is "libc does not read an open last line" "" "$(six)"; run 4 "so that it has no resolver" enable; like "and says which line" ":1: neither" "$err"
	printf 'HOSTS: files\n' >/etc/nsswitch.conf; is "nor one in capitals" "$both" "$(six)"
	run 0 "capitals: enable" enable --verify dual.test; is "it acts" 192.0.2.1 "$(six)"; run 0 "disable" disable; is "byte for byte" "HOSTS: files" "$(cat /etc/nsswitch.conf)"
	rm /etc/nsswitch.conf; is "no file" "$both" "$(six)"; run 0 "no file: enable" enable --verify dual.test; is "it acts" 192.0.2.1 "$(six)"
	run 0 "disable" disable; is "no file again" no "$([ -e /etc/nsswitch.conf ] && echo yes || echo no)"; is "plain" "$both" "$(six)"

	cp "$work/plain" /etc/nsswitch.conf
	printf '#!/bin/sh\nV6GUARD=off V6GUARD_SNAPSHOT=/nowhere exec %s "$@"\n' "$V6GUARD" >"$work/odd"; chmod +x "$work/odd"
	V6GUARD=$work/odd run 0 "whatever the caller's environment says" enable --verify dual.test; run 0 "disable" disable
	run 0 "off" off; run 0 "enable while off" enable --verify dual.test; is "it passes through" "$both" "$(six)"; run 0 "on" on; run 0 "disable" disable
	run 0 "mode off" mode off; run 0 "enable in mode off" enable --verify dual.test; run 0 "disable" disable; run 0 "auto" mode auto
	run 1 "enable --dry-run --verify" enable --dry-run --verify dual.test; like "is not heeded" "looks nothing up" "$err"

	cp /etc/hosts "$work/hosts"; printf '2001:db8::9 filed.test %s\n' "$(hostname)" >>/etc/hosts
	run 0 "a name of /etc/hosts" enable --verify filed.test --verify dual.test
	is "is not ours to change, and only that is said" "v6guard: --verify filed.test: a service before v6guard on the hosts: line answers, and its addresses stay as they are" "$err"
	run 0 "disable" disable; cp "$work/hosts" /etc/hosts

	# One that says that it was asked, and lets all pass; and a resolver that nobody knows.
	cat >"$work/deaf.c" <<-C
	#include <dlfcn.h>
	#include <errno.h>
	#include <netdb.h>
	#include <nss.h>
	#include <string.h>
	typedef enum nss_status fn(const char *, void **, char *, size_t, int *, int *, int *);
	enum nss_status _nss_v6guard_gethostbyname4_r(const char *n, void **p, char *b, size_t s, int *e, int *h, int *t)
	{ fn *real = (fn *)dlsym(dlopen("$work/real.so", RTLD_NOW), "_nss_v6guard_gethostbyname4_r");
	  if (strcmp(n, "dual.test")) return real(n, p, b, s, e, h, t);
	  *e = ENOENT; *h = NO_RECOVERY; return NSS_STATUS_UNAVAIL; }
	enum nss_status _nss_other_gethostbyname4_r(const char *n, void **p, char *b, size_t s, int *e, int *h, int *t)
	{ return ((fn *)dlsym(RTLD_DEFAULT, "_nss_dns_gethostbyname4_r"))(n, p, b, s, e, h, t); }
	C
	cp "$MODULE" "$work/real.so"
	if ${CC:-gcc} -shared -fPIC "$work/deaf.c" -o "$work/lib/libnss_v6guard.so.2" 2>/dev/null; then
		run 4 "a module that lets pass what it is to change" enable --verify dual.test
		like "is found out" "lookup of dual.test: v6guard was told to take its IPv6 addresses away, and did not" "$err"
		is "and put back" "" "$(cmp "$work/plain" /etc/nsswitch.conf 2>&1)"
		run 0 "without a name that shows it, it is believed" enable; run 0 "disable" disable
		mv "$work/lib/libnss_v6guard.so.2" "$work/lib/libnss_other.so.2"; cp "$MODULE" "$work/lib/"
		printf 'hosts: files other dns\n' >/etc/nsswitch.conf
		run 0 "a resolver that nobody knows" enable --verify dual.test; like "is named" "--verify dual.test: a service before v6guard on the hosts: line answers" "$err"
		rm "$work/lib/libnss_other.so.2"
	else echo "skip    deaf modules: no compiler"; fi
	rm /etc/v6guard/v6guard.conf; cp "$work/plain" /etc/nsswitch.conf; rm -rf /var/lib/v6guard/*
}

# nscd must not go on handing out what it cached: not after mode, not after off.
part_nscd() {
	python3 -c "$DNS_SERVER" >"$work/dns" 2>&1 & dns=$!
	for _ in $(seq 50); do grep -q up "$work/dns" && break; sleep 0.1; done
	printf 'enable-cache hosts yes\npositive-time-to-live hosts 600\nnegative-time-to-live hosts 600\ncheck-files hosts yes\npersistent hosts no\nshared hosts no\n' >"$work/nscd.conf"
	/usr/sbin/nscd -d -f "$work/nscd.conf" >"$work/nscd.log" 2>&1 & local nscd=$!
	for _ in $(seq 50); do [ -S /run/nscd/socket ] && break; sleep 0.1; done
	if ! [ -S /run/nscd/socket ]; then echo "skip    nscd: does not start"; kill $nscd; return; fi
	run 0 "nscd runs: enable" enable --verify dual.test
	run 0 "nscd runs: mode auto" mode auto
	is "both through nscd" 2 "$(getent ahosts dual.test | grep -c STREAM)"
	run 0 "nscd runs: mode prefer-ipv4" mode prefer-ipv4; sleep 1.1
	"$V6GUARD" -q off; is "off: both" 2 "$(getent ahosts dual.test | grep -c STREAM)"
	kill $nscd; wait $nscd 2>/dev/null
	run 0 "disable" disable
}

if [ "${1:-}" = --host ]; then
	# It mounts over /etc: never where everybody else is.
	[ "$(readlink /proc/self/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ] || { echo "--host is for a mount namespace of its own"; exit 1; }
	part_host
else
	part_usage; part_apply; part_rules; part_off; part_nss; part_place; part_vendor; part_attach; part_root; part_parallel
	if [ "$(id -u)" = 0 ] && unshare -mn true 2>/dev/null; then
		"$BASH" -c 'exec unshare -mn --propagation private "$BASH" "$1" --host' - "$self"; code=$?
		[ $code = 0 ] || bad=$((bad + 1))
	else
		echo "skip    real lookups: namespaces are refused"
	fi
fi
echo "t_cli.sh ${1:-}: $good ok, $bad failed"
[ $bad = 0 ]
