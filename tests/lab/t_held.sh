#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What v6guardd's worker holds: no file that it could write, but the map, which it has mapped. And a
# run folder that is emptied or removed under it: all is there again, and never are there two of them.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy box
guard box auto '[resolver]' 'enable = yes'
run=$LAB_DIR/box/run/v6guard

worker() { cat "/proc/$1/task/$1/children" | tr -d ' \n'; }
# writable PID: regular files that it may write, and how many descriptors were looked at.
writable() {
	"$python" - "$1" <<'END'
import os, stat, sys
pid, count = sys.argv[1], 0
for fd in os.listdir(f"/proc/{pid}/fd"):
    mode = os.stat(f"/proc/{pid}/fd/{fd}").st_mode
    flags = next(int(line.split()[1], 8) for line in open(f"/proc/{pid}/fdinfo/{fd}") if line.startswith("flags"))
    count += 1
    name = os.readlink(f"/proc/{pid}/fd/{fd}")
    # The log that it was started with is the only one.
    if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and flags & os.O_ACCMODE != os.O_RDONLY and not name.endswith("/daemon.log"):
        print("writable:", name)
for line in open(f"/proc/{pid}/maps"):
    words = line.split(None, 5)
    if words[1][1] == "w" and words[1][3] == "s":
        print("mapped:", words[5].strip().split("/")[-1])
print("many" if count > 10 else count)
END
}
daemon box
pid=$(cat "$run/v6guardd.lock")
worker=$(worker "$pid")
check "the lock has the steward's pid, for root alone" "$(daemon_pid box) 600" "$pid $(stat -c %a "$run/v6guardd.lock")"
check "the worker: nothing to write but the map" $'mapped: reach.map\nmany' "$(writable "$worker")"
check "it holds the lock all the same, to read" "0100000" "$(for fd in "/proc/$worker/fd/"*; do
	[ "$(readlink "$fd")" != /run/v6guard/v6guardd.lock ] || sed -n 's/^flags:[[:space:]]*//p' "/proc/$worker/fdinfo/${fd##*/}" | "$python" -c 'import sys; print("%07o" % (int(sys.stdin.read(), 8) & 0o3 | 0o100000))'
done)"
on box v6guard -q config set probe.max-rate 7
on box v6guard -q apply
check "after a reload as well" $'mapped: reach.map\nmany' "$(writable "$worker")"

# Many who ask for a reload at once: all are answered, by fewer of them.
before=$(grep -c 'configuration read' "$LAB_DIR/box/daemon.log")
check "forty reloads at once: all are answered" 40 "$(on box "$python" -c 'import socket
def ask():
    s = socket.socket(socket.AF_UNIX); s.connect("/run/v6guard/control.sock"); s.sendall(b"reload\n"); return s
done = 0
for turn in range(2):
    done += sum(b"\"ok\":true" in s.recv(4096) for s in [ask() for i in range(20)])
print(done)')"
[ $(($(grep -c 'configuration read' "$LAB_DIR/box/daemon.log") - before)) -le 8 ] && ok "... by few readings" || bad "... by few readings" "$(tail -n 45 "$LAB_DIR/box/daemon.log")"

# ---- somebody removes what is there --------------------------------------------------------------

names='control.sock hint.sock hint.system.sock reach.map v6guardd.lock'
there() { [ "$(cd "$run" && echo *)" = "$names" ] && on box v6guard -q verdict list && [ "$(cat "$run/v6guardd.lock")" = "$pid" ]; }
# looks WHAT: all is there again, and the same two processes serve it.
looks() {
	until_true 5 there
	check "$1: all is there again" "$names" "$(cd "$run" && echo *)"
	check "... the modes as ever" "666 666 444 600" "$(cd "$run" && stat -c %a control.sock hint.sock reach.map v6guardd.lock | xargs)"
	check "... of the same daemon, and its verdict is in force" "$pid $worker broken" \
		"$(cat "$run/v6guardd.lock") $(worker "$pid") $(on box v6guard verdict list | sed -n 's/^2001:db8:64::1[ /].*\(broken\).*/\1/p' | head -n 1)"
	check "... programs go by it" 198.51.100.1 "$(on box getent ahosts dual.lab.test | sed -n '1s/ .*//p')"
	check "... a second one does not start" "4 v6guardd: another v6guardd runs (pid $pid)" "$(second)"
	check "... the worker has nothing to write but the map" $'mapped: reach.map\nmany' "$(writable "$worker")"
}
second() { local said; said=$(on box timeout 10 v6guardd -f 2>&1); echo "$? $said"; }
on box v6guard -q verdict set 2001:db8:64::1 broken
check "a verdict, to be found again" 198.51.100.1 "$(on box getent ahosts dual.lab.test | sed -n '1s/ .*//p')"
check "a second daemon" "4 v6guardd: another v6guardd runs (pid $pid)" "$(second)"
rm "$run"/*
looks "emptied"
rm -r "$run"
looks "removed"
mv "$run" "$run.old"
looks "moved away"
rm -r "$run.old"
for name in $names; do rm "$run/$name" && until_true 5 there && ok "without $name" || bad "without $name" "$(cd "$run" && echo *)"; done
said() { [ "$(grep -c 'what was removed there is made again' "$LAB_DIR/box/daemon.log")" -ge 8 ]; }
until_true 2 said
check "it is said" 8 "$(grep -c 'what was removed there is made again' "$LAB_DIR/box/daemon.log")"

# Others that start at any moment around it.
for i in 1 2 3 4 5 6; do
	second >"$LAB_DIR/second.$i" &
	seconds[i]=$!
	[ $((i % 2)) = 0 ] || sleep 0.0$i
	rm -rf "$run"
	second >"$LAB_DIR/third.$i" &
	thirds[i]=$!
	for job in "${seconds[i]}" "${thirds[i]}"; do wait "$job"; done
	until_true 5 there || bad "round $i" "$(cd "$run" && echo *)"
done
check "none of twelve others got in" "12 4 v6guardd: another v6guardd runs (pid $pid)" "$(cat "$LAB_DIR"/second.* "$LAB_DIR"/third.* | sort | uniq -c | sed 's/^ *//')"
check "and the first one lives" "$pid $worker" "$(cat "$run/v6guardd.lock") $(worker "$pid")"

# A name that anybody may take keeps nobody from starting.
daemon_stop box
on box setpriv --reuid 65534 --clear-groups "$python" -c 'import os, socket, sys, time
s = socket.socket(socket.AF_UNIX); place = os.stat("/run")
s.bind("\0v6guardd/%x/%x" % (place.st_dev, place.st_ino)); s.listen(); print("taken", flush=True); time.sleep(60)' >"$LAB_DIR/taken" &
until_true 5 test -s "$LAB_DIR/taken"
daemon box
pid=$(cat "$run/v6guardd.lock") worker=$(worker "$(cat "$run/v6guardd.lock")")
check "a user has taken its name: it starts" taken "$(cat "$LAB_DIR/taken")"
check "... without it" 1 "$(on box grep -c ' 00010000 .* @v6guardd/' /proc/net/unix)"
check "... and the lock keeps out a second one" "4 v6guardd: another v6guardd runs (pid $pid)" "$(second)"
kill -STOP "$worker" && kill -KILL "$pid"
check "a worker that is left alone keeps others from starting" 1 "$(on box v6guardd -f 2>&1 | grep -c 'another v6guardd runs')"
kill -KILL "$worker"
lab_done
