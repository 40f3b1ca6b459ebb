#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The processes of v6guardd: what they make, who they are, how they end and come back, and
# what a changed configuration does. V6GUARD_LONG=1: 100 kills instead of 20.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
kills=20
[ -z "${V6GUARD_LONG:-}" ] || kills=100
lab_host v4only d
dir=$LAB_DIR/d
conf=$dir/etc/v6guard
mkdir "$conf"

# ---- what this test asks ------------------------------------------------------------------

# The processes of v6guardd in the whole lab; in $2 those below process $1 only.
daemons() { grep -lsx 'Name:[[:space:]]*v6guardd' /proc/[0-9]*/status | cut -d/ -f3 | tr '\n' ' '; }
worker_of() {
	local pid
	for pid in $(daemons); do
		! grep -qsx "PPid:[[:space:]]*$1" "/proc/$pid/status" || echo "$pid"
	done
}
# of PID FIELD: one of /proc/PID/status.
of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' ' | sed 's/ *$//'; }
nobody_left() { [ -z "$(daemons)" ]; }
# status FIELD: a member of v6guardd's status.
status() {
	on d "$python" -c 'import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/v6guard/control.sock")
s.sendall(b"status\n")
got = b""
while part := s.recv(65536): got += part
print(json.loads(got).get(sys.argv[1]))' "$1"
}
# Reloads that the event log knows, and what the last of them says.
reloads() { grep -c '"event":"reload"' "$dir/run/events" 2>/dev/null; }
last_reload() { grep '"event":"reload"' "$dir/run/events" | tail -n 1 |
	"$python" -c 'import json, sys; e = json.load(sys.stdin); print(e["ok"], e.get("error", ""))'; }
# reloaded HOW MANY: that many events are there.
is_reloaded() { [ "$(reloads)" -ge "$1" ]; }
# after WHAT WANT CMD...: CMD leads to a reload, which says WANT.
after() {
	local what=$1 want=$2 count
	count=$(reloads)
	shift 2
	"$@"
	if until_true 5 is_reloaded $((count + 1)); then
		case $(last_reload) in
		$want*) ok "$what" ;;
		*) bad "$what" "$(last_reload)" ;;
		esac
	else
		bad "$what" "no reload"
	fi
	# One cause, one reload: what it still settles is not for the next case.
	sleep 0.3
}
# config LINE...: v6guard.conf in one step, as `v6guard` writes it.
config() { printf '%s\n' '[log]' 'to = /run/events' "$@" >"$conf/.new" && mv "$conf/.new" "$conf/v6guard.conf"; }

# exits WHAT CODE TEXT CMD...: what a v6guardd that does not come up says.
exits() {
	local what=$1 code=$2 text=$3 got
	shift 3
	got=$(on d timeout 10 "$@" 2>&1)
	check "$what: exit status" "$code" $?
	[[ $got == *"$text"* ]] && ok "$what: text" || bad "$what: text" "$got"
}

# ---- the command line -----------------------------------------------------------------------

exits "--version" 0 "v6guardd " v6guardd --version
exits "--help" 0 "usage: v6guardd" v6guardd --help
exits "an unknown option" 2 "usage: v6guardd" v6guardd --nonsense
exits "a word too many" 2 "too much" v6guardd -f word
exits "-c of a file that is not there" 4 "/nowhere/v6guard.conf" v6guardd -f -c /nowhere/v6guard.conf
config '[probe]' 'mode = all'
exits "--check of a good one" 0 "" v6guardd --check
check "... says nothing" "" "$(on d v6guardd --check 2>&1)"
printf '[guard]\nmode = autp\n' >"$conf/v6guard.conf"
exits "--check of a bad one" 3 "v6guardd: /etc/v6guard/v6guard.conf:2:8: " v6guardd --check
exits "--check -c FILE" 3 "v6guard.conf:2:8: " v6guardd --check -c /etc/v6guard/v6guard.conf
exits "--check -c FOLDER" 3 "v6guard.conf:2:8: " v6guardd --check -c /etc/v6guard
exits "a start with a bad one" 3 "v6guard.conf:2:8: " v6guardd -f
check "... touched nothing" "no" "$([ -e "$dir/run/v6guard" ] && echo yes || echo no)"
config
if [ "$LAB_ROOT" -eq 0 ]; then
	exits "not as root" 4 "needs root" setpriv --reuid 65534 --clear-groups v6guardd -f
else
	skip "not as root" "nobody else to be in this namespace"
fi
ln -s /etc "$dir/run/v6guard"
exits "a run folder that is a link" 4 "/run/v6guard: " v6guardd -f
rm "$dir/run/v6guard"
mkdir -m 0777 "$dir/run/v6guard"
exits "a run folder that anybody may write" 4 "/run/v6guard: " v6guardd -f
rmdir "$dir/run/v6guard"

# ---- what it makes, and who it is --------------------------------------------------------------

look() { (cd "$dir/run/v6guard" && stat -c '%n: %F, %u:%g %a' . ./* | sort); }
files='./control.sock: socket, 0:0 666
./hint.sock: socket, 0:0 666
./hint.system.sock: socket, 0:0 '$([ "$LAB_ROOT" -eq 0 ] && echo 660 || echo 600)'
./reach.map: regular file, 0:0 444
./v6guardd.lock: regular file, 0:0 600
.: directory, 0:0 755'
daemon d || lab_done
steward=$(daemon_pid d) worker=$(worker_of "$(daemon_pid d)")
check "files, owners, modes" "$files" "$(look)"
inode=$(stat -c %i "$dir/run/v6guard/reach.map")
check "two processes" 2 "$(daemons | wc -w)"
who=65534
[ "$LAB_ROOT" -eq 0 ] || who=0
check "the worker's user" "$who $who $who $who" "$(of "$worker" Uid)"
[ "$LAB_ROOT" -ne 0 ] || check "... and groups" "" "$(of "$worker" Groups)"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	check "the worker's $set" 0000000000000000 "$(of "$worker" $set)"
done
check "the worker's no_new_privs" 1 "$(of "$worker" NoNewPrivs)"
check "the worker's seccomp" 2 "$(of "$worker" Seccomp)"
# CAP_DAC_READ_SEARCH 2, CAP_KILL 5, CAP_NET_ADMIN 12, CAP_SYS_PTRACE 19
check "the steward's CapEff" 0000000000081424 "$(of "$steward" CapEff)"
check "the steward's CapBnd" 0000000000000000 "$(of "$steward" CapBnd)"
check "the steward's no_new_privs" 1 "$(of "$steward" NoNewPrivs)"
exits "a second one" 4 "another v6guardd runs (pid $steward)" v6guardd -f
check "... leaves the first alone" 2 "$(daemons | wc -w)"
daemon_answers d && ok "... which answers" || bad "... which answers"
start=$(now_ms)
daemon_stop d && ok "SIGTERM ends it with 0"
check "... in less than 2 s" yes "$([ $(($(now_ms) - start)) -lt 2000 ] && echo yes)"
until_true 1 nobody_left && ok "... and all of it" || bad "... and all of it" "$(daemons)"
if [ "$LAB_ROOT" -eq 0 ]; then
	echo 'v6guard:x:64964:64964::/:/usr/sbin/nologin' >>"$dir/etc/passwd"
	daemon d
	check "the user v6guard, once there is one" "64964 64964 64964 64964" "$(of "$(worker_of "$(daemon_pid d)")" Uid)"
	daemon_stop d
fi

# ---- when making it or giving up rights fails --------------------------------------------------------

# Never half of it: an error that says what, and the next start is as good as any.
if on d strace -o /dev/null true 2>/dev/null; then
	dropping='setgroups:EPERM setresgid:EPERM setresuid:EAGAIN'
	[ "$LAB_ROOT" -eq 0 ] || dropping=
	for fault in fallocate:ENOSPC rename:EROFS bind:EADDRINUSE chmod:EPERM fchmod:EPERM \
		listen:EADDRINUSE socketpair:EMFILE signalfd4:EMFILE capset:EPERM prctl:EPERM $dropping; do
		rm -f "$dir/run/v6guard/reach.map"
		got=$(on d timeout -s KILL 10 strace -f -qq -o /dev/null -e "trace=${fault%:*}" \
			-e "inject=${fault%:*}:error=${fault#*:}" v6guardd -f 2>&1)
		check "${fault%:*} fails: exit status" 4 $?
		[[ $got == "v6guardd: "* ]] && ok "... and a message" || bad "... and a message" "$got"
		nobody_left || bad "... and nobody is left" "$(daemons)"
	done
	daemon d && check "then it starts as ever" "$files" "$(look)"
	daemon_stop d
	inode=$(stat -c %i "$dir/run/v6guard/reach.map")
else
	skip "what fails at the start" "strace is not there, or may not trace"
fi

# ---- what it tells a supervisor -------------------------------------------------------------------

cat >"$LAB_DIR/listen.py" <<'END'
import os, signal, socket, subprocess, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0"))
s.settimeout(5)
p = subprocess.Popen(["v6guardd", "-f"], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1], WATCHDOG_USEC="200000"))
os.environ.pop("NOTIFY_SOCKET", None)
seen = []
def until(word):
	end = time.monotonic() + 5
	while time.monotonic() < end:
		got = s.recv(4096).decode().split("\n")[0]
		if not seen or seen[-1] != got: seen.append(got)
		if got == word: return
try:
	until("READY=1"); until("WATCHDOG=1")
	p.send_signal(signal.SIGHUP); until("RELOADING=1"); until("READY=1")
	p.send_signal(signal.SIGTERM); until("STOPPING=1")
except TimeoutError: seen.append("and no more")
p.terminate()
print(*[w for w in seen if w != "WATCHDOG=1"], "WATCHDOG=1" in seen, p.wait())
END
for name in /run/notify @v6guard-lab; do
	check "a supervisor hears of it ($name)" "READY=1 RELOADING=1 READY=1 STOPPING=1 True 0" \
		"$(on d "$python" "$LAB_DIR/listen.py" $name 2>/dev/null)"
done

# A worker that hangs is noticed by its map, which it does not keep then.
if [ -n "${V6GUARD_LONG:-}" ]; then
	cat >"$LAB_DIR/hang.py" <<'END'
import os, signal, socket, subprocess, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0v6guard-hang")
p = subprocess.Popen(["v6guardd", "-f"], env=dict(os.environ, NOTIFY_SOCKET="@v6guard-hang", WATCHDOG_USEC="2000000"))
def alive(seconds):
	end, seen = time.monotonic() + seconds, 0
	while (left := end - time.monotonic()) > 0:
		s.settimeout(left)
		try: seen += s.recv(4096) == b"WATCHDOG=1"
		except TimeoutError: break
	return seen > 0
before = alive(5)
worker = int(open(f"/proc/{p.pid}/task/{p.pid}/children").read())
os.kill(worker, signal.SIGSTOP)
alive(17)
hanging = alive(4)
os.kill(worker, signal.SIGCONT)
alive(6)
after = alive(4)
p.terminate()
print(before, hanging, after, p.wait())
END
	check "a worker that hangs: no watchdog's ping" "True False True 0" "$(on d "$python" "$LAB_DIR/hang.py" 2>/dev/null)"
fi

# ---- in the background ----------------------------------------------------------------------------

# The pipe of $(...) ends only when nobody of them holds it any more.
check "without -f: back once it is ready" 0 "$(on d timeout 10 v6guardd; echo $?)"
daemon_answers d && ok "... and answers" || bad "... and answers"
for pid in $(daemons); do
	check "its standard files ($([ "$(of "$pid" CapEff)" = 0000000000000000 ] && echo worker || echo steward))" \
		"/dev/null /dev/null /dev/null" "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | xargs)"
done
kill "$(cat "$dir/run/v6guard/v6guardd.lock")"
until_true 3 nobody_left && ok "... and ends" || bad "... and ends" "$(daemons)"
exits "without -f, with a bad configuration" 3 "v6guard.conf:1:1: " sh -c 'rm -f /var/lib/v6guard/last-good.conf; echo nonsense >/etc/v6guard/v6guard.conf; v6guardd'
config

# ---- reload -------------------------------------------------------------------------------------

rm -f "$dir/run/events"
daemon d
check "[probe] mode at the start" suspects "$(status probe)"
after "SIGHUP" True kill -HUP "$(daemon_pid d)"
after "a changed v6guard.conf" True config '[probe]' 'mode = all'
check "... is in force" all "$(status probe)"
after "one with an error" "False /etc/v6guard/v6guard.conf:4:8: " config '[probe]' 'mode = of'
check "... leaves the old one in force" all "$(status probe)"
grep -q 'v6guardd: /etc/v6guard/v6guard.conf:4:8: ' "$dir/daemon.log" && ok "... and says so" ||
	bad "... and says so" "$(tail -n 5 "$dir/daemon.log")"
after "made good" True config
new_conf_d() { mkdir "$conf/conf.d"; }
after "a conf.d that comes later" True new_conf_d
drop_in() { printf '[probe]\nmode = off\n' >"$conf/conf.d/x.conf"; }
after "a file in it" True drop_in
check "... is in force" off "$(status probe)"
after "and without it" True rm "$conf/conf.d/x.conf"
check "... the rest is" suspects "$(status probe)"
# A ConfigMap: the files are links by way of ..data, and that one is swapped.
config_map() {
	mkdir "$conf/..$1" && printf '%s\n' '[log]' 'to = /run/events' '[probe]' "mode = $1" >"$conf/..$1/v6guard.conf"
	ln -s "..$1" "$conf/..new" && mv -T "$conf/..new" "$conf/..data"
}
become_map() { config_map all; ln -sf ..data/v6guard.conf "$conf/v6guard.conf"; }
after "the files become a ConfigMap" True become_map
after "whose link is swapped" True config_map off
check "... is in force" off "$(status probe)"
another_folder() {
	cp -a "$conf" "$dir/etc/v6new" && rm "$dir/etc/v6new/v6guard.conf"
	printf '%s\n' '[log]' 'to = /run/events' '[probe]' "mode = all" >"$dir/etc/v6new/v6guard.conf"
	mv "$conf" "$dir/etc/v6old" && mv "$dir/etc/v6new" "$conf"
}
after "another folder in its place" True another_folder
check "... is in force" all "$(status probe)"
after "and a change in that one" True config
check "... too" suspects "$(status probe)"

# ---- an nscd that hangs ---------------------------------------------------------------------------

ask() { on d "$python" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/v6guard/control.sock")
s.sendall(sys.argv[1].encode() + b"\n"); s.recv(65536)' "$1"; }
nscds() { grep -lsx 'Name:[[:space:]]*nscd' /proc/[0-9]*/status | cut -d/ -f3; }
is_told() { [ "$(nscds | wc -l)" -ge 2 ]; }
is_done() { [ "$(nscds | wc -l)" -eq 1 ]; }
if lab_nscd d; then
	nscd=$(nscds)
	kill -STOP "$nscd"
	ask 'verdict set 2001:db8:9::9/128 broken 60'
	until_true 5 is_told && ok "nscd is told of a verdict" || bad "nscd is told of a verdict"
	start=$(now_ms)
	after "which hangs, and holds up nobody" True kill -HUP "$(daemon_pid d)"
	check "... for as much as 2 s" yes "$([ $(($(now_ms) - start)) -lt 2000 ] && echo yes)"
	until_true 8 is_done && ok "... and is not waited for longer than 5 s" || bad "... and is not waited for longer than 5 s"
	kill -CONT "$nscd"
	ask 'verdict clear'
	on d nscd -K
else
	skip "an nscd that hangs" "not there: ./quickstart test brings it"
fi

# ---- one process dies -----------------------------------------------------------------------------

steward=$(daemon_pid d) worker=$(worker_of "$(daemon_pid d)")
kill -KILL "$worker"
until_true 5 lab_gone "$steward" && ok "the worker killed: the steward ends" || bad "the worker killed: the steward ends"
wait "$steward"
check "... with a status that a supervisor acts on" 4 $?
grep -q 'the worker was ended by signal 9' "$dir/daemon.log" && ok "... and says why" || bad "... and says why"
daemon d && ok "it comes up again with no cleanup"
steward=$(daemon_pid d) worker=$(worker_of "$(daemon_pid d)")
kill -TERM "$worker"
wait "$steward"
check "the worker ended by hand: not a good end" 4 $?
daemon d
steward=$(daemon_pid d) worker=$(worker_of "$(daemon_pid d)")
kill -KILL "$steward"
until_true 5 lab_gone "$worker" && ok "the steward killed: the worker ends" || bad "the steward killed: the worker ends"
wait "$steward" 2>/dev/null

# Whoever dies at whatever moment: the next one comes up at once, beside what is still dying.
died=0
for i in $(seq "$kills"); do
	(exec nsenter -t "${lab_pid[d]}" -n -m -- v6guardd -f) >>"$dir/kill.log" 2>&1 &
	pid=$!
	sleep "0.0$((RANDOM % 10))"
	victim=$pid
	# The worker, where there is one already.
	[ $((i % 2)) -eq 0 ] || victim=$(worker_of "$pid")
	kill -KILL "${victim:-$pid}" 2>/dev/null && died=$((died + 1))
	until_true 3 lab_gone "$pid" || { bad "kill $i: the steward lives on" "$(daemons)"; kill -KILL "$pid"; }
	wait "$pid"
done 2>/dev/null # bash tells of each
until_true 2 nobody_left && ok "$died killed at any moment: nobody is left" || bad "$died killed at any moment: nobody is left" "$(daemons)"
check "... and nobody found another one running" 0 "$(grep -c 'another v6guardd' "$dir/kill.log")"
daemon d && ok "... and the next one comes up"
check "files, owners, modes are as they were" "$files" "$(look)"
check "the map is the same file, which programs have mapped" "$inode" "$(stat -c %i "$dir/run/v6guard/reach.map")"
truncate -s 100 "$LAB_DIR/short"
daemon_stop d
cp "$LAB_DIR/short" "$dir/run/v6guard/reach.map"
daemon d && check "a map that is damaged is replaced" "$files" "$(look)"
daemon_stop d
until_true 1 nobody_left && ok "nobody is left at the end" || bad "nobody is left at the end" "$(daemons)"
lab_done
