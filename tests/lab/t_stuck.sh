#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# v6guard stuck: real programs that hang on a dead IPv6 address are listed, and freed, without
# a daemon; with one, only where IPv4 answers. What works is never touched.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host blackhole
away=2001:db8:64::1

stuck() { on "${host:-blackhole}" v6guard stuck "$@"; }
# field EXPRESSION [ARG...]: of the object, as python sees it in `a`.
field() {
	local expression=$1
	shift
	stuck --json "$@" | "$python" -c 'import json, sys
a = json.load(sys.stdin); s = a["sockets"]; print(eval(sys.argv[1]))' "$expression"
}
has_stuck() { [ "$(field 'len(s)')" = "$1" ]; }
family_of() {
	case $1 in
	*:*) echo 6 ;;
	*.*) echo 4 ;;
	*) echo - ;;
	esac
}
# What is left behind of a program: its exit status and its words.
exits() {
	local want=$1 what=$2 status
	shift 2
	"$@" >"$LAB_DIR/out" 2>"$LAB_DIR/err"
	status=$?
	check "$what: exit $want" "$want" "$status"
}

# ---- nothing hangs ------------------------------------------------------------------------

exits 0 "nothing hangs" stuck
check "nothing hangs: it says so" 'nothing is stuck' "$(cat "$LAB_DIR/out")"
check "nothing hangs: JSON" "{'schema': 1, 'sockets': []}" "$(field a)"
exits 2 "--json --watch" stuck --json --watch
exits 2 "--root" stuck --root /tmp

# An IPv6 connection that works, and is to be left alone.
cat >"$LAB_DIR/held.py" <<'END'
import socket, sys
s = socket.create_connection((sys.argv[1], 80))
print("up", flush=True)
sys.stdin.readline()
s.sendall(b"GET / HTTP/1.0\r\n\r\n")
print("answered" if b"200" in s.recv(4096) else "empty", flush=True)
END
mkfifo "$LAB_DIR/go"
on blackhole "$python" "$LAB_DIR/held.py" 2001:db8:1::1 <"$LAB_DIR/go" >"$LAB_DIR/held" 2>&1 &
exec 8>"$LAB_DIR/go"
until_true 5 grep -q up "$LAB_DIR/held" || bad "no IPv6 connection to the neighbour" "$(cat "$LAB_DIR/held")"

# ---- programs that hang -------------------------------------------------------------------

waits() { on blackhole ss -6tnH state syn-sent | grep -q "$1"; }
start=$(now_ms)
on blackhole wget -q -t 1 -O - http://dual/ >"$LAB_DIR/got.wget" 2>/dev/null &
until_true 3 waits "$away" || bad "wget does not hang" "$(on blackhole ss -6tn)"
first=$(field 'len(s)')
if [ $(($(now_ms) - start)) -lt 900 ]; then
	check "a connect in its first second is not listed" 0 "$first"
else
	skip "a connect in its first second is not listed" "this machine is too slow for it"
fi
on blackhole nc dual 7 </dev/null >"$LAB_DIR/got.nc" 2>/dev/null &
on blackhole "$python" -c 'import urllib.request as u
print(u.urlopen("http://dual/").read().decode())' >"$LAB_DIR/got.$(basename "$(readlink -f "$python")")" 2>/dev/null &
on blackhole ssh -v -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null dual true 2>&1 </dev/null |
	sed -un 's/.*Connection established.*/over 198.51.100.1/p' >"$LAB_DIR/got.ssh" &
on blackhole perl -MIO::Socket::IP -e '$s = IO::Socket::IP->new(PeerHost => "dual", PeerPort => 7,
	Type => SOCK_STREAM) or exit 1; print <$s>' >"$LAB_DIR/got.perl" 2>/dev/null &
clients="wget nc $(basename "$(readlink -f "$python")") ssh perl"
until_true 10 has_stuck 5

exits 1 "programs hang" stuck
list=$(cat "$LAB_DIR/out")
# As ps shows them; nc is often nc.openbsd or nc.traditional by another name.
for name in $clients; do
	check "$name is listed with its destination" yes \
		"$(grep -Eq "^${name%%.*}[^ ]* +[0-9]+ .* $away port [0-9]+ +>= [0-9]+ s +[0-9]+ s" <<<"$list" && echo yes || echo "$list")"
done
check "each is there once" 6 "$(wc -l <<<"$list")"
exits 1 "the same as JSON" stuck --json
check "JSON: keys and types" ok "$("$python" - "$LAB_DIR/out" "$away" <<'END'
import json, sys
a = json.load(open(sys.argv[1]))
assert sorted(a) == ["schema", "sockets"] and a["schema"] == 1, a
keys = ["address", "ipv4_partner", "pid", "port", "program", "seconds", "unit", "would_last"]
for s in a["sockets"]:
	assert sorted(s) == keys, s
	assert s["address"] == sys.argv[2] and s["port"] in (7, 22, 80), s
	assert s["pid"] > 0 and s["program"] and s["seconds"] >= 1, s
	assert s["would_last"] > s["seconds"] and s["ipv4_partner"] is None, s
	name = open("/proc/%d/comm" % s["pid"]).read().strip()
	assert name == s["program"], (name, s)
print("ok")
END
)"
on blackhole sh -c 'echo 2 >/proc/sys/net/ipv4/tcp_syn_retries'
check "WOULD LAST is this namespace's: 2 retries end after 7 s" '{7}' "$(field "set(i['would_last'] for i in s)")"
on blackhole sh -c 'echo 6 >/proc/sys/net/ipv4/tcp_syn_retries'

# ---- without rights -----------------------------------------------------------------------

bare() { on blackhole setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"; }
exits 4 "--rescue without rights" bare v6guard stuck --rescue
check "--rescue without rights: it says what is missing" 'v6guard: --rescue needs root (CAP_NET_ADMIN)' "$(cat "$LAB_DIR/err")"
check "--rescue without rights: nothing happened" 5 "$(field 'len(s)')"
if [ "$LAB_ROOT" -eq 0 ]; then
	bare() { on blackhole setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
	exits 1 "as nobody" bare v6guard stuck
	check "as nobody: sockets, not whose" 5 "$(grep -c "^- .* $away port" "$LAB_DIR/out")"
	check "as nobody: it says who sees more" 'v6guard: only root sees whose sockets the others are' "$(cat "$LAB_DIR/err")"
fi

# ---- the view -----------------------------------------------------------------------------

cat >"$LAB_DIR/view.py" <<'END'
"""v6guard stuck --watch on a terminal of its own; ends it as told, and says what is left."""
import os, pty, select, signal, struct, sys, termios, time, fcntl
how = sys.argv[1]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 8, 60, 0, 0))
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
	os.setsid()
	fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
	for fd in 0, 1, 2: os.dup2(slave, fd)
	# A shell's background jobs ignore these; programs on a terminal do not.
	for number in signal.SIGINT, signal.SIGQUIT: signal.signal(number, signal.SIG_DFL)
	os.execvp("v6guard", ["v6guard", "stuck", "--watch"])
seen = b""
def read_until(what, seconds):
	global seen
	end = time.monotonic() + seconds
	while what not in seen and time.monotonic() < end:
		if select.select([master], [], [], 0.1)[0]:
			seen += os.read(master, 65536)
	return what in seen
assert read_until(b"q quits", 10), seen
assert read_until(b"port", 10), seen
assert termios.tcgetattr(slave)[3] & termios.ECHO == 0, "keys are echoed"
frame = seen.split(b"\033[H\033[2J")[1]
assert frame.count(b"\n") <= 8, frame
if how == "SIGTSTP":
	os.kill(pid, signal.SIGTSTP)
	assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
	assert read_until(b"\033[?1049l", 2), seen[-80:]
	assert termios.tcgetattr(slave) == before, "stopped, the terminal's mode is another"
	seen = b""
	os.kill(pid, signal.SIGCONT)
	assert read_until(b"q quits", 5), seen
	assert termios.tcgetattr(slave)[3] & termios.ECHO == 0, "keys are echoed after a stop"
if how in ("q", "SIGTSTP"): os.write(master, b"q")
elif how == "^C": os.write(master, b"\003")
else: os.kill(pid, getattr(signal, how))
end = time.monotonic() + 5
done = 0
while not done and time.monotonic() < end:
	done, status = os.waitpid(pid, os.WNOHANG)
	read_until(b"nothing more", 0.05)
if not done:
	os.kill(pid, signal.SIGKILL)
	sys.exit("it does not end")
read_until(b"nothing more", 0.2)
tail = seen[seen.rfind(b"\033[H\033[2J"):]
for wanted in b"\033[?25h", b"\033[?7h", b"\033[?1049l":
	assert wanted in tail, (wanted, tail)
assert seen.endswith(b"\033[?1049l"), seen[-40:]
assert termios.tcgetattr(slave) == before, "the terminal's mode is another"
print("signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "exit %d" % os.WEXITSTATUS(status))
END
for way in 'q exit 0' 'SIGTSTP exit 0' '^C signal 2' 'SIGTERM signal 15' 'SIGINT signal 2' 'SIGHUP signal 1' 'SIGQUIT signal 3'; do
	check "--watch ended by ${way%% *} leaves the terminal as it was" "${way#* }" \
		"$(ulimit -c 0; on blackhole env TERM=xterm "$python" "$LAB_DIR/view.py" "${way%% *}" 2>&1 | tail -n 2)"
done
on blackhole timeout 2.5 v6guard stuck --watch >"$LAB_DIR/out"
check "--watch into a file: a block a second, nothing of a terminal" '3 0' \
	"$(grep -c PROGRAM "$LAB_DIR/out") $(grep -c "$(printf '\033')" "$LAB_DIR/out")"
start=$(now_ms)
on blackhole timeout 20 v6guard stuck --watch | head -n 1 >/dev/null
check "--watch ends with its reader" yes "$([ $(($(now_ms) - start)) -lt 15000 ] && echo yes)"

# ---- rescue -------------------------------------------------------------------------------

listed=$(field "' '.join(sorted('%s (pid %d) from %s port %d' % (i['program'], i['pid'], i['address'], i['port']) for i in s))")
start=$(now_ms)
exits 0 "--rescue" stuck --rescue
for name in $clients; do
	until_true 5 grep -q . "$LAB_DIR/got.$name"
done
took=$(($(now_ms) - start))
check "--rescue: a line for each" "$listed" "$(sed 's/^freed //' "$LAB_DIR/out" | sort | tr '\n' ' ' | sed 's/ $//')"
for name in $clients; do
	check "$name went on to IPv4" 4 "$(family_of "$(cat "$LAB_DIR/got.$name")")"
done
check "... all within a second" yes "$([ "$took" -le 1000 ] && echo yes || echo "$took ms")"
until_true 3 has_stuck 0
exits 0 "afterwards" stuck --rescue
check "afterwards nothing is stuck" 'nothing is stuck' "$(cat "$LAB_DIR/out")"
echo go >&8
until_true 5 grep -q answered "$LAB_DIR/held"
check "the connection that worked still works" 'up answered' "$(tr '\n' ' ' <"$LAB_DIR/held" | sed 's/ $//')"

on blackhole wget -q -t 1 -O - http://dual/ >"$LAB_DIR/got.again" 2>/dev/null &
until_true 5 has_stuck 1
on blackhole "$python" -c 'import socket
open("/proc/self/comm", "w").write("\033[31mred\n")
socket.create_connection(("dual", 80))' &
until_true 5 has_stuck 2
check "a name that would do something to a terminal does not" '1 0' \
	"$(stuck | grep -c '^?\[31mred') $(stuck | grep -c "$(printf '\033')")"
on blackhole timeout 1.5 v6guard stuck --watch --rescue >"$LAB_DIR/out"
check "--watch --rescue frees as well" 1 "$(grep -c "^freed wget (pid [0-9]*) from $away port 80" "$LAB_DIR/out")"
until_true 3 grep -q . "$LAB_DIR/got.again"
check "... and wget goes on to IPv4" 4 "$(family_of "$(cat "$LAB_DIR/got.again")")"

# ---- with a daemon ------------------------------------------------------------------------

host=partners
lab_host healthy $host
guard $host auto
daemon $host
filter $host 6 'ip6 daddr 2001:db8:64::/48 drop'
filter $host 4 'ip daddr 198.51.100.0/24 tcp dport 80 drop'
on $host wget -q -t 1 -O - http://dual/ >"$LAB_DIR/got.partner" 2>/dev/null &
until_true 5 has_stuck 1
check "the partner is known from the lookup" 198.51.100.1 "$(field "s[0]['ipv4_partner']")"
check "... and in the table" yes "$(stuck | grep -q 'wget .* 198.51.100.1$' && echo yes)"
exits 1 "--rescue where IPv4 is dead, too" stuck --rescue
check "it is left alone, with the reason" yes \
	"$(grep -Eq "^left wget \(pid [0-9]+\) at $away port 80: 198.51.100.1 does not answer" "$LAB_DIR/out" && echo yes || cat "$LAB_DIR/out")"
check "it hangs on" 1 "$(field 'len(s)')"
filter $host 4
check "--rescue --json where IPv4 answers" "['freed']" "$(field "[i['rescue'] for i in s]" --rescue)"
until_true 3 grep -q . "$LAB_DIR/got.partner"
check "it is over IPv4 then" 4 "$(family_of "$(cat "$LAB_DIR/got.partner")")"
daemon_stop $host
lab_done
