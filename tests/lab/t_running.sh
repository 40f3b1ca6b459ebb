#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_running.sh - which running programs keep the gai.conf before a change: what the CLI says
# of real programs, and what these then do.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
python=$(lab_tool python3) || lab_refuse "not installed: python3"

lab_host healthy h
guard h prefer-ipv6
out=$LAB_DIR/out err=$LAB_DIR/err
cat >"$LAB_DIR/program.py" <<-'END'
	import ctypes, os, socket, sys
	ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
	into = open(sys.argv[3], "w", buffering=1)
	into.write("ready\n")
	for line in open(sys.argv[2]):
	    first = socket.getaddrinfo(line.strip(), 80, type=socket.SOCK_STREAM)[0]
	    into.write("IPv6\n" if first[0] == socket.AF_INET6 else "IPv4\n")
END
# program NAME: it runs on the host; ask NAME: the family it would try first.
program() {
	mkfifo "$LAB_DIR/$1.to" "$LAB_DIR/$1.from"
	nsenter -t "${lab_pid[h]}" -n -m -- "$python" "$LAB_DIR/program.py" "$1" "$LAB_DIR/$1.to" "$LAB_DIR/$1.from" &
	eval "exec {from_${1#lab-}}<>\"$LAB_DIR/$1.from\" {to_${1#lab-}}<>\"$LAB_DIR/$1.to\""
	local fd="from_${1#lab-}" word
	read -r -t 10 word <&"${!fd}" || lab_die "$1 did not start"
}
ask() {
	local to="to_${1#lab-}" from="from_${1#lab-}" word
	echo dual >&"${!to}"
	read -r -t 10 word <&"${!from}" || word="no answer"
	echo "$word"
}
# set ARG...: a change; the certainty of each program of ours, in the order of their names.
change() {
	on h v6guard --json policy set "$@" >"$out" 2>"$err" || bad "policy set $*" "$(cat "$err")"
	"$python" -c 'import json, sys
d = json.load(open(sys.argv[1]))
mine = [r for r in d["running"] if r["program"].startswith("lab-")]
print(", ".join(sorted("%s %s" % (r["program"], r["certainty"]) for r in mine if r["pid_count"] == 1)))' "$out" 2>&1
}

# ---- without reload ------------------------------------------------------------------
on h v6guard policy set precedence ::ffff:0:0/96 10 >/dev/null 2>&1
program lab-asked
program lab-fresh
check "it has looked up a name" IPv6 "$(ask lab-asked)"
check "that one keeps what it read, the other may" "lab-asked keeps, lab-fresh may keep" \
	"$(change precedence ::ffff:0:0/96 100)"
check "it does keep it" IPv6 "$(ask lab-asked)"
check "the other had not read it yet" IPv4 "$(ask lab-fresh)"
check "a new program reads it" IPv4 "$(program lab-new; ask lab-new)"

# ---- with reload yes -----------------------------------------------------------------
sleep 1.2 # younger than the file by more than a second, in tests as in life
change reload yes >/dev/null
sleep 1.2
program lab-follow
check "it reads the file" IPv4 "$(ask lab-follow)"
check "only those from before are named" "lab-asked may keep, lab-fresh may keep" \
	"$(change precedence ::ffff:0:0/96 10)"
check "it follows" IPv6 "$(ask lab-follow)"
check "one of those does not, indeed" IPv4 "$(ask lab-fresh)"

# Of what stood there before the version that was just replaced, history knows.
check "two changes in a row: it still follows" "lab-asked may keep, lab-fresh may keep" \
	"$(change precedence ::ffff:0:0/96 11)"
echo '# by hand' >>"$LAB_DIR/h/etc/gai.conf"
sleep 2.5
echo '# by hand' >>"$LAB_DIR/h/etc/gai.conf"
check "what was written by hand in between is not known" "lab-asked may keep, lab-follow may keep, lab-fresh may keep" \
	"$(change precedence ::ffff:0:0/96 12)"
sleep 1.2
program lab-last
# ---- for people ----------------------------------------------------------------------
on h v6guard policy set precedence ::ffff:0:0/96 9 >"$out" 2>"$err"
check "the result is on stdout" "precedence ::ffff:0:0/96 is 9" "$(cat "$out")"
check "a table on stderr" "(lab-asked) 1 may keep -" "$(awk '$1 == "(lab-asked)" { print $1, $2, $3, $4, $5 }' "$err")"
check "and who follows" 1 "$(grep -c 'process.* follow.* without a restart (reload yes)' "$err")"
on h v6guard -q policy set precedence ::ffff:0:0/96 8 >"$out" 2>"$err"
check "-q: nothing" "" "$(cat "$out" "$err")"
on h v6guard --dry-run policy set precedence ::ffff:0:0/96 7 >"$out" 2>"$err"
check "--dry-run: nothing is kept yet" "" "$(cat "$err")"
lab_done
