#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the resolver listens changes while it runs: the steward binds, the worker reads.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host v6only-noroute4 six
mkdir -p "$LAB_DIR/six/etc/v6guard"
conf=$LAB_DIR/six/etc/v6guard/v6guard.conf
v() { on six v6guard "$@" 2>&1; }

listens() {
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $DNS6" "$@" >"$conf"
	v -q apply
	v resolver status | sed -n 's/^listens on  //p'
}
asked() { on six "$python" "$here/ask.py" "$@"; }
printf '%s\n' '[resolver]' 'enable = yes' >"$conf"
daemon six
on six ip addr add 127.0.0.99/32 dev lo
check "apply: another address at once, and those before are closed" "127.0.0.65:53 [::1]:53 no: [Errno 111] Connection refused" \
	"$(listens 'listen = 127.0.0.65:53 [::1]:53') $(asked 127.0.0.64 dual.lab.test A)"
check "it answers there, by UDP and TCP" 'NOERROR; A 198.51.100.1 NOERROR; A 198.51.100.1' \
	"$(asked 127.0.0.65 dual.lab.test A) $(asked 127.0.0.65 dual.lab.test A tcp)"
check "and where it was before and is to be still" 'NOERROR; A 198.51.100.1' "$(asked ::1 dual.lab.test A)"
check "another port" "127.0.0.65:5353 NOERROR; A 198.51.100.1" \
	"$(listens 'listen = 127.0.0.65:5353') $(asked 127.0.0.65@5353 dual.lab.test A)"
check "all addresses in place of one" "0.0.0.0:53 NOERROR; A 198.51.100.1" \
	"$(listens 'listen = 0.0.0.0:53' 'allow = 127.0.0.0/8') $(asked 127.0.0.99 dual.lab.test A)"
check "and one in place of all" "127.0.0.64:53 NOERROR; A 198.51.100.1 no: [Errno 111] Connection refused" \
	"$(listens 'listen = 127.0.0.64:53') $(asked 127.0.0.64 dual.lab.test A) $(asked 127.0.0.99 dual.lab.test A)"
: >"$LAB_DIR/six/daemon.log"
check "one that is not there: said, the other is used" "127.0.0.64:53 1" \
	"$(listens 'listen = 127.0.0.64:53 192.0.2.77:53') $(grep -c 'resolver: 192.0.2.77:53 is not listened on' "$LAB_DIR/six/daemon.log")"
on six ip addr add 192.0.2.77/32 dev lo
check "now it is, and is used after the next apply" "127.0.0.64:53 192.0.2.77:53" \
	"$(listens 'listen = 127.0.0.64:53 192.0.2.77:53')"
printf '%s\n' '[log]' 'events = none' >"$conf"
v -q apply
check "off: nobody listens" 'no: [Errno 111] Connection refused' "$(asked 127.0.0.64 dual.lab.test A)"
check "on again without a restart" "127.0.0.64:53 [::1]:53 NOERROR; A 198.51.100.1" \
	"$(listens) $(asked 127.0.0.64 dual.lab.test A)"
worker=$(tr -d ' ' <"/proc/$(daemon_pid six)/task/$(daemon_pid six)/children")
before=$(ls "/proc/$worker/fd" | wc -l)
for _ in 1 2 3; do
	listens 'listen = 127.0.0.65:53' >/dev/null
	listens >/dev/null
done
: >"$LAB_DIR/six/daemon.log"
for _ in 1 2 3 4 5; do
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'listen = 127.0.0.65:53' >"$conf"
	kill -HUP "$(daemon_pid six)"
	kill -HUP "$(daemon_pid six)"
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' >"$conf"
	kill -HUP "$(daemon_pid six)"
done
v -q apply
check "many reloads in a row: nothing is refused" "0 127.0.0.64:53 [::1]:53" \
	"$(grep -c 'not listened on' "$LAB_DIR/six/daemon.log") $(v resolver status | sed -n 's/^listens on  //p')"
check "no descriptor is lost by that" "$before" "$(ls "/proc/$worker/fd" | wc -l)"

# ---- a command that has returned is in force -----------------------------------------------

# What is asked right behind the command, by a socket that is there already: its own answer, 50
# times, for each way to change what is answered. What was kept of the one before would be seen.
printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $DNS6" >"$conf"
v -q apply
cat >"$LAB_DIR/follow.py" <<'END'
import socket, subprocess, sys
times, commands = int(sys.argv[1]), [c.split() for c in sys.argv[2:]]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.64", 53)); s.settimeout(5)
number = 0
def answers():
    global number
    number += 1
    s.send(number.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0\4dual\3lab\4test\0\0\1\0\1")
    return int.from_bytes(s.recv(2048)[6:8], "big")
wanted, right = {}, 0
for i in range(times):
    for n, command in enumerate(commands):
        if subprocess.run(["v6guard", "-q"] + command, stdout=subprocess.DEVNULL).returncode:
            sys.exit("%s failed" % command)
        got = answers()
        right += got == wanted.setdefault(n, n % 2)
        answers()
print("%d of %d" % (right, times * len(commands)))
END
follows() { on six "$python" "$LAB_DIR/follow.py" "$@" 2>&1; } # TIMES COMMAND...: no answer, one, and so on
check "mode: the very next question" '50 of 50' "$(follows 25 'mode strip-a' 'mode auto')"
check "config set" '20 of 20' "$(follows 10 'config set guard.mode strip-a' 'config set guard.mode auto')"
check "rule add, rule del" '50 of 50' "$(follows 25 'rule add w priority=1 domains=dual.lab.test action=block qtypes=A' 'rule del w')"
v -q rule add w priority=1 domains=dual.lab.test action=block qtypes=A
check "on, off" '50 of 50' "$(follows 25 on off)"
v -q on
v -q rule del w
check "rollback of the configuration" '20 of 20' "$(follows 10 'config set guard.mode strip-a' 'rollback config')"
check "an upstream, which is no policy" "NOERROR; A 198.51.100.1 no" \
	"$(asked 127.0.0.64 dual.lab.test A) $(v -q config set resolver.allow 192.0.2.0/24; asked 127.0.0.64 dual.lab.test A | grep -q NOERROR || echo no)"
v -q rollback config
check "and back" 'NOERROR; A 198.51.100.1' "$(asked 127.0.0.64 dual.lab.test A)"

# Another policy and another configuration, ten times a second for 4 seconds, under questions for
# names that are kept and names that are not: each has its answer.
cat >"$LAB_DIR/under.py" <<'END'
import select, socket, struct, subprocess, sys, threading, time
done, applied = threading.Event(), 0
def apply():
    global applied
    while not done.is_set():
        begin = time.monotonic()
        what = ["mode", ("strip-a", "auto")[applied % 2]]
        if applied % 4 >= 2:
            what = ["config", "set", "resolver.edns-size", str(1232 + applied % 2)]
        applied += not subprocess.run(["v6guard", "-q"] + what, stdout=subprocess.DEVNULL).returncode
        time.sleep(max(0, 0.1 - (time.monotonic() - begin)))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.64", 53)); s.setblocking(False)
worker = threading.Thread(target=apply); worker.start()
open_ids, asked = set(), 0
end = time.monotonic() + 4
while open_ids or time.monotonic() < end:
    if time.monotonic() < end:
        name = b"\4dual" if asked % 2 else b"\6n%05d\4cold" % (asked % 100000)
        s.send(struct.pack("!6H", asked & 0xffff, 0x100, 1, 0, 0, 0) + name + b"\3lab\4test\0" + struct.pack("!2H", 28 if asked % 3 else 1, 1))
        open_ids.add(asked & 0xffff); asked += 1
    elif time.monotonic() > end + 5:
        break
    if select.select([s], [], [], 0.005)[0]:
        try:
            while True:
                reply = s.recv(2048)
                if reply[3] & 15 == 0: open_ids.discard(reply[0] << 8 | reply[1])
        except BlockingIOError:
            pass
done.set(); worker.join()
print("%s, %s, %d lost" % ("many asked" if asked > 300 else asked, "many applied" if applied >= 20 else applied, len(open_ids)))
END
check "ten changes a second lose nothing" 'many asked, many applied, 0 lost' "$(on six "$python" "$LAB_DIR/under.py" 2>&1)"
daemon_stop six
lab_done
