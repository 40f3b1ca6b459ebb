#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What v6guardd's worker holds: no file that it could write, but the map, which it has mapped.
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
kill -STOP "$worker" && kill -KILL "$pid"
check "a worker that is left alone keeps others from starting" 1 "$(on box v6guardd -f 2>&1 | grep -c 'another v6guardd runs')"
kill -KILL "$worker"
lab_done
