#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_policy.sh - gai.conf by `v6guard policy`: what real programs make of it, the examples of
# v6guard(8), exit codes, JSON, history, many writers at once.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
python=$(lab_tool python3) || lab_refuse "not installed: python3"

lab_host healthy h
lab_host healthy m # for the manual
out=$LAB_DIR/out err=$LAB_DIR/err conf=$LAB_DIR/h/etc/gai.conf

# run CODE WHAT ARG...: `v6guard ARG...` on the host; its exit code.
run() {
	local want=$1 what=$2 code
	shift 2
	on h v6guard "$@" >"$out" 2>"$err"
	code=$?
	if [ "$code" = "$want" ]; then
		ok "$what"
	else
		bad "$what: v6guard $*" "exit $code, not $want: $(cat "$out" "$err")"
	fi
}
like() {
	if grep -qF -- "$2" "$3"; then ok "$1"; else bad "$1" "no '$2' in: $(cat "$3")"; fi
}
json() {
	"$python" -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == 1
print(eval(sys.argv[2]))' "$out" "$1" 2>&1
}
# The first address that a program gets for a name with both.
first() { on h getent ahosts dual | awk 'NR == 1 { print ($1 ~ /:/) ? "IPv6" : "IPv4" }'; }

# ---- the manual -----------------------------------------------------------------------
examples() { # FILE WHAT: with a fresh /etc
	rm -rf "$LAB_DIR/m/etc/gai.conf" "$LAB_DIR/m/lib/v6guard" "$LAB_DIR/m/etc/v6guard"
	# /usr/share is this machine's: the presets that come with v6guard stand beside its own.
	mkdir -p "$LAB_DIR/m/etc/v6guard/presets"
	cp -r "$STAGE/usr/share/v6guard/presets/gai" "$LAB_DIR/m/etc/v6guard/presets/gai"
	on m "$python" "$here/man_examples.py" "$top/$1" "The order of addresses: gai.conf" >"$out" 2>&1
	code=$?
	if [ $code = 0 ]; then ok "$2: $(grep -c '^ok' "$out") examples"; else bad "$2: its examples" "$(cat "$out")"; fi
}
examples tool/v6guard/v6guard.8 "v6guard(8)"
examples README.md README.md

# ---- what programs make of it ------------------------------------------------------------
check "IPv6 comes first" IPv6 "$(first)"
run 1 "set --dry-run" --dry-run policy set precedence ::ffff:0:0/96 100
check "writes nothing" no "$([ -e "$conf" ] && echo yes || echo no)"
run 0 "set" policy set precedence ::ffff:0:0/96 100
check "IPv4 comes first" IPv4 "$(first)"
run 0 "set again" policy set precedence ::ffff:0:0/96 100
check "unchanged" unchanged "$(cat "$out")"
run 0 "set --dry-run of the same" --dry-run policy set precedence ::ffff:0:0/96 100
run 0 "del" policy del precedence ::ffff:0:0/96
check "without that row IPv4 has what all the rest has, and is no later" 4 "$(grep -c ^precedence "$conf")"
run 0 "history" history gai
check "two changes" "2 1" "$(grep -c policy "$out") $(grep -c 'policy set' "$out")"
run 0 "rollback" rollback gai
check "IPv4 comes first again" IPv4 "$(first)"
run 0 "rollback again: it walks back" rollback gai
check "to before the first change" no "$([ -e "$conf" ] && echo yes || echo no)"
run 3 "and once more" rollback gai
like "all is undone" "all of history gai is undone" "$err"
run 0 "back again by its number" rollback gai 1
check "the file is there" yes "$([ -e "$conf" ] && echo yes || echo no)"
run 0 "and gone" rollback gai
check "the file that was made is gone" no "$([ -e "$conf" ] && echo yes || echo no)"

# ---- words ------------------------------------------------------------------------------
run 2 "no table" policy set precedense ::/0 1
like "nearest" "did you mean 'precedence'" "$err"
run 2 "no value" policy set label ::/0
run 2 "too much" policy set label ::/0 1 2
run 2 "reload maybe" policy set reload maybe
run 2 "del of nothing" policy del label
run 3 "no prefix" policy set label ::/129 1
like "says so" "'::/129' is no prefix" "$err"
run 3 "no number" policy set label ::/0 0x1
run 3 "too large" policy set label ::/0 2147483648
run 3 "host bits" policy set label 2001:db8::1/32 1
like "says what was meant" "did you mean 2001:db8::/32?" "$err"
run 3 "scopes are of IPv4" policy set scopev4 2001:db8::/32 5
run 3 "no profile" policy show --profile rfc6723
like "nearest" "did you mean 'rfc6724'" "$err"
check "none of these wrote" no "$([ -e "$conf" ] && echo yes || echo no)"

# ---- --minimal, JSON -----------------------------------------------------------------------
run 0 "--minimal" --json policy set label fd00::/8 9 --minimal
check "what is lost is said" "True 1" "$(json 'str(d["changed"]) + " " + str(len(d["warnings"]))')"
like "in full" "::1/128 0, ::/96 3, ::ffff:0:0/96 4, 2001::/32 7, 2002::/16 2, fec0::/10 5, fc00::/7 6" "$err"
run 0 "show" --json policy show
check "origins" "file 1 default None False" \
	"$(json '" ".join(str(r[k]) for r in d["label"] for k in ("origin", "line")) + " " + str(d["reload"])')"
check "all tables" "5 2 3" "$(json '"%d %d %d" % tuple(len(d[k]) for k in ("precedence", "label", "scopev4"))')"
run 0 "show --file" --json policy show --file
check "the file's alone" "0 1 0" "$(json '"%d %d %d" % tuple(len(d[k]) for k in ("precedence", "label", "scopev4"))')"
run 0 "show --profile" --json policy show --profile rfc6724-update
check "its table" "9 None" "$(json '"%d %s" % (len(d["precedence"]), d["file"])')"
run 0 "del of the last row" policy del label fd00::/8
like "warned" "glibc's own table holds again" "$err"
run 0 "reload" policy set reload yes
check "written" "reload yes" "$(cat "$conf")"

# ---- lint and explain-file ------------------------------------------------------------------
rm -f "$conf"
run 0 "lint of no file" policy lint
check "is silent" "" "$(cat "$out" "$err")"
run 0 "set with the whole table" policy set precedence ::ffff:0:0/96 100
run 0 "lint of what we write" policy lint
check "is silent" "" "$(cat "$out" "$err")"
printf 'scopev4 192.0.2.1 2\n' >"$conf"
run 1 "lint of the line that crashes" --json policy lint
check "finds it" "1 18 fatal missing-length scopev4 192.0.2.1/32 2" \
	"$(json '" ".join(str(f[k]) for f in d["findings"] if f["severity"] == "fatal" for k in ("line", "column", "severity", "code", "fix"))')"
case $(on h ldd --version | head -n 1) in
*' 2.3'[0-9] | *' 2.40')
	on h getent ahosts dual >/dev/null 2>&1
	check "and it does crash" 139 $?
	;;
*) skip "the crash" "this glibc has it mended" ;;
esac
run 1 "status" --json status
check "is degraded" "degraded True" "$(json 'd["doors"]["gai"]["state"] + " " + str("line 1: no /LENGTH" in d["doors"]["gai"]["detail"])')"
run 0 "the row is set" policy set scopev4 192.0.2.1/32 2
on h getent ahosts dual >/dev/null 2>&1
check "no crash" 0 $?
run 1 "lint of another file" policy lint "$conf"
run 3 "lint of none" policy lint "$conf.none"
run 0 "explain-file" --json policy explain-file
check "the line in words" "True the scope of 192.0.2.1/32 is 2; with it glibc's own scopev4 table is gone" \
	"$(json 'str(d["lines"][0]["used"]) + " " + d["lines"][0]["why"][0]')"
printf 'label 2001:db8:1::/48 9\n' >"$conf"
run 1 "lint beside the kernel" policy lint
like "its labels are other" "kernel-label" "$out"
like "the fix" "fix: ip addrlabel add prefix 2001:db8:1::/48 label 9" "$out"
on h ip addrlabel add prefix 2001:db8:1::/48 label 9
run 1 "after the fix" policy lint
check "nothing of that" 0 "$(grep -c kernel-label "$out")"
printf 'precendence ::ffff:0:0/96 100\n' | on h v6guard policy lint - >"$out"
like "a misspelt keyword" "'precendence' is not a keyword, did you mean precedence?" "$out"

# --kernel: the kernel's own table as well.
labels() { on h ip addrlabel list | grep -c "prefix 2001:db8:2::/48 .*label $1"; }
run 0 "set label" policy set label 2001:db8:2::/48 8
like "offers it" "the kernel, which picks the source address, has label 1 for 2001:db8:2::/48, as for what is around it: --kernel sets it as well" "$err"
run 1 "set label --kernel --dry-run" policy set label 2001:db8:2::/48 8 --kernel --dry-run
like "what it would do" "kernel: label 2001:db8:2::/48 would be 8" "$out"
check "and does not" 0 "$(labels 8)"
run 0 "set label --kernel" policy set label 2001:db8:2::/48 8 --kernel
like "says how it is undone" "kernel: label 2001:db8:2::/48 is 8, until a restart; undo: ip addrlabel del prefix 2001:db8:2::/48" "$out"
check "it has it" 1 "$(labels 8)"
run 0 "another value" --json policy set label 2001:db8:2::/48 7 --kernel
check "JSON" "True {'prefix': '2001:db8:2::/48', 'label': 7, 'before': 8, 'changed': True}" "$(json 'str(d["changed"]) + " " + str(d["kernel"])')"
check "in the place of the one before" "1 0" "$(labels 7) $(labels 8)"
run 0 "the same again" policy set label 2001:db8:2::/48 7 --kernel
check "unchanged, both" "unchanged kernel: unchanged" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
cp "$conf" "$LAB_DIR/same"
run 3 "what the kernel does not take" policy set label ::ffff:10.0.0.0/104 9 --kernel
like "says so" "the kernel takes no label for ::ffff:10.0.0.0/104" "$err"
check "and no byte of the file is changed" "" "$(cmp "$conf" "$LAB_DIR/same" 2>&1)"
on h setpriv --bounding-set -net_admin --inh-caps -net_admin v6guard policy set label 2001:db8:2::/48 6 --kernel >"$out" 2>"$err"
check "without the right to" "4 1" "$? $(grep -c 'needs CAP_NET_ADMIN' "$err")"
check "nor then" "1 " "$(labels 7) $(cmp "$conf" "$LAB_DIR/same" 2>&1)"
run 2 "of labels alone" policy set precedence ::/0 9 --kernel
run 2 "not of reload" policy set reload yes --kernel
run 4 "not below a root" --root "$LAB_DIR" policy set label ::/0 9 --kernel
run 0 "show --kernel" --json policy show --kernel
check "they are the same" same "$(json '[p["match"] for p in d["labels"] if p["prefix"] == "2001:db8:1::/48"][0]')"
run 2 "show of two things" policy show --kernel --file
rm -f "$conf"
run 0 "a file again" policy set reload yes

# ---- whole policies --------------------------------------------------------------------------
rm -f "$conf"
# Of the folder that is installed, which is not this machine's.
run 1 "those that come with v6guard" --root "$STAGE" policy preset no-tunnels --dry-run -q
like "are found" "6to4 and Teredo behind IPv4" <(on h v6guard --root "$STAGE" policy preset)
mkdir -p "$LAB_DIR/h/etc/v6guard/presets"
cp -r "$STAGE/usr/share/v6guard/presets/gai" "$LAB_DIR/h/etc/v6guard/presets/gai"
run 0 "the presets" --json policy preset
check "what each would change" "{'glibc': 'already so', 'no-tunnels': '2 precedence rows', 'prefer-ipv4': 'precedence ::ffff:0:0/96 10 -> 100', 'prefer-ipv6': 'already so', 'prefer-ula': 'precedence fc00::/7 45 new', 'rfc6724': '6 precedence, 4 label rows', 'rfc6724-update': '7 precedence, 4 label rows', 'ula-vpn': 'label fc00::/7 6 -> 1'}" \
	"$(json '{p["name"]: p["changes"] for p in sorted(d["presets"], key=lambda p: p["name"])}')"
run 3 "no preset" policy preset prefer-ipv5
like "nearest" "did you mean 'prefer-ipv" "$err"
run 3 "nothing like a preset" policy preset nosuch
like "all there are" "(prefer-ipv4, prefer-ipv6, glibc, rfc6724, rfc6724-update, ula-vpn, no-tunnels, prefer-ula)" "$err"
run 3 "a profile without its word" policy diff rfc6724
like "what it is called there" "did you mean 'profile:rfc6724'?" "$err"
run 3 "a number with a sign" policy set label ::/0 -1
like "is a bad value" "'-1' is no value: a number from 0 to 2147483647" "$err"
run 3 "nothing elsewhere" policy preset ../../gai
printf '# mine\nprecedence fec0::/10 7\n' >"$LAB_DIR/h/etc/v6guard/presets/gai/mine.conf"
run 0 "one of the operator's" policy preset
like "is listed" "mine            precedence fec0::/10 7 new           mine" "$out"
run 0 "preset prefer-ipv4" policy preset prefer-ipv4
check "IPv4 comes first" IPv4 "$(first)"
run 0 "again" policy preset prefer-ipv4
check "unchanged" unchanged "$(cat "$out")"
run 0 "preset prefer-ipv6" policy preset prefer-ipv6
check "IPv6 comes first" IPv6 "$(first)"
for preset in rfc6724 rfc6724-update no-tunnels prefer-ula ula-vpn mine glibc; do
	run 0 "preset $preset" policy preset $preset
	on h v6guard policy lint | grep -v -e kernel-label -e 'fix: ip addrlabel' >"$out"
	check "nothing is odd then" "" "$(cat "$out")"
	case $preset in rfc*) on h v6guard policy show --profile $preset | grep -v profile >"$out"
		on h v6guard policy show >"$err"
		check "the tables are its own" "$(awk '$1 ~ "/[0-9]" { print $1, $2 }' "$out" | sort)" \
			"$(awk '$1 ~ "/[0-9]" { print $1, $2 }' "$err" | sort)" ;;
	esac
done
run 1 "diff" policy diff preset:prefer-ipv4
cp "$out" "$LAB_DIR/diff"
if patch=$(lab_tool patch); then
	cp "$conf" "$LAB_DIR/patched"
	"$patch" -s "$LAB_DIR/patched" "$LAB_DIR/diff" 2>"$err"
	check "patch takes it" "0 " "$? $(cat "$err")"
	run 0 "apply of what patch made" policy apply "$LAB_DIR/patched"
	check "byte for byte" "" "$(cmp "$conf" "$LAB_DIR/patched" 2>&1)"
	run 0 "diff of that" policy diff "$LAB_DIR/patched"
fi
run 1 "diff to history" policy diff history:1
run 3 "no such history" policy diff history:99
run 2 "no number" policy diff history:last
run 1 "diff to a profile" policy diff profile:rfc6724
run 3 "diff to no profile" policy diff profile:rfc
run 3 "no file" policy apply "$LAB_DIR/none"
printf 'precedence 192.0.2.0/24 5\nlabel ::/0 1\n' >"$LAB_DIR/odd"
run 3 "a policy with a line that libc ignores" policy apply "$LAB_DIR/odd"
like "names it" "$LAB_DIR/odd:1:12: precedence takes IPv4 as ::ffff:a.b.c.d alone" "$err"
printf 'reload yes\nprecedence ::ffff:0:0/96 100\nprecedence ::/0 40\n' >"$LAB_DIR/small"
on h sh -c "v6guard --dry-run policy apply - <'$LAB_DIR/small'" >"$out" 2>"$err"
check "standard input, dry run: the rows that are not in it go" "1 3 1" "$? $(grep -c '^-precedence' "$out") $(grep -c '^+reload' "$out")"
run 0 "the real one" policy apply "$LAB_DIR/small"
on h v6guard --json policy show >"$out"
check "and of the others libc's own hold" "True 2 8 3" "$(json '"%s %d %d %d" % tuple([d["reload"]] + [len(d[k]) for k in ("precedence", "label", "scopev4")])')"

# A partial policy: what lint would say of it is said.
check "what is not in it is warned of" 1 "$(grep -c 'small:2:1: drops glibc.s own precedence rows: ::1/128 50, ::/96 20, 2002::/16 30 \[partial-table\]' "$err")"
on h v6guard policy lint "$LAB_DIR/small" >"$out"
run 0 "again" --json policy apply "$LAB_DIR/small"
check "in JSON as well" 1 "$(json 'len(d["warnings"])')"

# The effect counts, whatever rows there are.
installer() { printf "$1" >"$conf"; } # FORMAT: what somebody else wrote
installer 'precedence ::/0 100\n'
check "an installer's row: IPv4 and IPv6 are left to chance" IPv4 "$(first)"
installer 'precedence ::/0 100\nprecedence ::ffff:0:0/96 10\n'
check "and both: IPv6 comes first" IPv6 "$(first)"
run 0 "preset prefer-ipv4" policy preset prefer-ipv4
check "IPv4 comes first" IPv4 "$(first)"
like "the row that stands against it" "precedence ::/0 is 100: it takes 110, not 100" "$err"
run 0 "again" policy preset prefer-ipv4
check "unchanged" unchanged "$(cat "$out")"
installer 'precedence ::ffff:0.0.0.0/97 7\nprecedence ::ffff:128.0.0.0/97 7\nprecedence ::ffff:0:0/96 100\n'
check "rows inside IPv4's: IPv6 comes first" IPv6 "$(first)"
run 0 "preset prefer-ipv4" --json policy preset prefer-ipv4
check "IPv4 comes first" IPv4 "$(first)"
check "the rows are named" "2 stood" "$(json 'str(len(d["warnings"])) + " " + ("stood" if all("stands against it: 100 from now on" in w for w in d["warnings"]) else str(d["warnings"]))')"
installer 'label ::/0 1\n# begin known-local (kept by v6guardd)\nlabel fd00:9::/48 14\n# end known-local\n'
cp "$conf" "$LAB_DIR/same"
run 1 "ula-vpn against rows that v6guardd keeps" policy preset ula-vpn
like "says which, and what to do" "label fd00:9::/48 14 stands against it, and v6guardd keeps that row: \`v6guard config set gai.known-local-ula no\`" "$err"
check "nothing is written" "" "$(cmp "$conf" "$LAB_DIR/same" 2>&1)"
run 0 "the list" policy preset
like "says so as well" "ula-vpn         known-local rows stand against it" "$out"
run 0 "a whole table beside them" policy preset rfc6724
like "names them" "1 label row of the known-local block stays: v6guardd keeps it" "$err"
printf '# mine\nprecedence 2001:db8::/32 7\n' >"$LAB_DIR/h/etc/v6guard/presets/gai/mine.conf"
installer 'precedence 2001:db8:9::/48 9\nprecedence ::/0 40\n'
run 0 "a row without a promise" policy preset mine
like "the ones inside it stay" "precedence 2001:db8:9::/48 9 stays, inside precedence 2001:db8::/32" "$err"
printf '# mine\n# promise: ::/0 before ::/0\nprecedence ::/0 7\n' >"$LAB_DIR/h/etc/v6guard/presets/gai/mine.conf"
run 3 "a promise that is none" policy preset mine
like "file, line, and what it takes" "mine.conf:2:1: a promise is PREFIX before PREFIX or PREFIX like PREFIX" "$err"
printf '# mine\n# promise: fc00::/7 before 2000::/3\nprecedence ::/0 7\n' >"$LAB_DIR/h/etc/v6guard/presets/gai/mine.conf"
run 3 "a promise without its row" policy preset mine
like "says so" "mine.conf:2:1: a promise needs a row for one of its prefixes" "$err"
rm -f "$LAB_DIR/h/etc/v6guard/presets/gai/mine.conf"

# ---- reset: what these commands wrote, and nothing else ------------------------------------
rm -rf "$conf" "$LAB_DIR/h/lib/v6guard/history" "$LAB_DIR/h/var/lib/v6guard/history"
run 0 "reset of nothing" policy reset
check "unchanged" unchanged "$(cat "$out")"
printf '# my own\n\nlabel  2001:db8::/32\t9 # mine\r\nlabel ::/0 1' >"$conf"
cp "$conf" "$LAB_DIR/mine"
run 0 "preset" policy preset prefer-ipv4
run 0 "set" policy set label 2001:db8::/32 7
run 0 "set" policy set reload yes
run 1 "reset --dry-run" policy reset --dry-run
like "shows it" "-reload yes" "$out"
run 0 "reset" policy reset
check "byte for byte" "" "$(cmp "$conf" "$LAB_DIR/mine" 2>&1)"
run 0 "again" policy reset
check "unchanged" unchanged "$(cat "$out")"
run 0 "rollback of that" rollback gai
like "is back" "reload yes" "$conf"
sed -i '1s/.*/# my own, edited/; s/^reload yes/reload yes # theirs/' "$conf"
echo '# a last word' >>"$conf"
run 0 "reset" policy reset
like "what was edited since stays" "1 line of v6guard's stays: edited since, or moved" "$err"
check "with their lines" "# my own, edited||label  2001:db8::/32	9 # mine|label ::/0 1|reload yes # theirs|# a last word|" "$(tr -d '\r' <"$conf" | tr '\n' '|')"
rm -f "$conf"
run 0 "a whole table" policy preset prefer-ipv4
printf 'precedence 2001:db8:7::/48 3\n' >>"$conf"
run 0 "reset beside a row of theirs" policy reset
like "keeps libc's table" "there are precedence rows that no command wrote: libc's own table stays written out beside them" "$err"
check "theirs, and libc's" "10 3" "$(awk '$2 == "::ffff:0:0/96" || $2 == "2001:db8:7::/48" { print $3 }' "$conf" | sort -rn | paste -sd' ')"
rm -f "$conf"
run 0 "a file of ours alone" policy preset ula-vpn
run 0 "reset" policy reset
check "is gone" no "$([ -e "$conf" ] && echo yes || echo no)"

# ULA source and global destination: by libc's labels IPv4 wins, and it need not.
device=$(on h ip -o -6 addr show scope global | awk 'NR == 1 { print $2 }')
gateway=$(on h ip -6 route show default | awk 'NR == 1 { print $3 }')
on h ip -6 addr flush dev "$device" scope global
on h ip -6 addr add fd00:5::5/64 dev "$device" nodad
on h ip -6 route replace default via "$gateway" dev "$device" onlink 2>/dev/null ||
	on h ip -6 route replace default dev "$device"
rm -f "$conf"
check "a ULA source: IPv4 comes first" IPv4 "$(first)"
run 0 "preset ula-vpn" policy preset ula-vpn
check "IPv6 comes first" IPv6 "$(first)"
rm -f "$conf"
run 0 "a file again" policy set reload yes

# ---- a link, and twenty writers at once --------------------------------------------------
mv "$conf" "$conf.real"
ln -s gai.conf.real "$conf"
run 0 "through a link" policy set precedence ::ffff:0:0/96 100
like "reported" "through a symbolic link" "$err"
check "the link stays" gai.conf.real "$(readlink "$conf")"
for i in $(seq 20); do
	on h v6guard -q policy set precedence "2001:db8:$i::/48" "$i" 2>/dev/null &
	pids="${pids:-} $!"
done
failed=0
for pid in $pids; do wait "$pid" || failed=$((failed + 1)); done
check "twenty writers at once: none failed" 0 "$failed"
run 0 "what they wrote" --json policy show
check "all edits are there" 210 "$(json 'sum(r["value"] for r in d["precedence"] if r["prefix"].startswith("2001:db8:"))')"
check "nothing is left beside it" "" "$(find "$LAB_DIR/h/etc" -name '*.v6guard-*')"
lab_done
