#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unusual processes: static, setuid, in a chroot, threads, children, and behind nscd.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host blackhole
guard blackhole prefer-ipv4

bin=$LAB_DIR/bin
mkdir "$bin"
cc="${CC:-gcc} -D_GNU_SOURCE -O1 -g"
$cc -o "$bin/process" "$here/process.c" -pthread || lab_die "cannot compile process.c"
run() { on blackhole timeout 20 "$@" 2>&1; }
plainly() { run env V6GUARD=off "$@"; }
# Everybody in one line: "4 4 4".
flat() { tr '\n' ' ' | sed 's/ $//'; }

check "without v6guard both families come, IPv6 first" 64 "$(plainly "$bin/process" look dual)"
check "an ordinary program" 4 "$(run "$bin/process" look dual)"

# ---- static ---------------------------------------------------------------------------------

# Its libc and the one that comes with the module are two that share a thread.
static_program() {
	$cc "$1" -o "$bin/static" "$here/process.c" -pthread 2>/dev/null || {
		skip "a program built with $1" "no static libc here"
		return
	}
	check "$1: without v6guard" 64 "$(plainly "$bin/static" look dual)"
	check "$1: guarded" 4 "$(run "$bin/static" look dual)"
	check "$1: in a child" '4 4 4' "$(run "$bin/static" fork dual 1 | flat)"
	check "$1: values of its own in a thread's slots" '4 4 4 0 lost' \
		"$(run "$bin/static" keys many | flat)"
	check "$1: other threads than the first are plain libc's" '4 64 64 64 64' \
		"$(run "$bin/static" beside dual 4 20 | flat)"
	check "$1: threads alone, no failure" '' "$(run "$bin/static" threads dual 4 20 | grep -vx -e 4 -e 64)"
	guard blackhole prefer-ipv4 'backends = files dns'
	check "$1: nss_files, which reads by ctype" '4 64 64' "$(run "$bin/static" beside dual 2 5 | flat)"
	guard blackhole prefer-ipv4
}
static_program -static
static_program -static-pie

# ---- setuid -----------------------------------------------------------------------------------

if [ "$LAB_ROOT" -eq 0 ]; then
	as_user() { run setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	setuid_program() {
		cp "$1" "$bin/setuid"
		chmod 4755 "$bin/setuid"
		check "$2" 'setuid 4' "$(as_user "$bin/setuid" setuid dual)"
		check "$2 does not listen to V6GUARD" 'setuid 4' \
			"$(as_user env V6GUARD=off "$bin/setuid" setuid dual)"
		check "$2 does not listen to V6GUARD_SNAPSHOT" 'setuid 4' \
			"$(as_user env V6GUARD_SNAPSHOT=/nowhere "$bin/setuid" setuid dual)"
	}
	setuid_program "$bin/process" "a setuid program"
	[ ! -x "$bin/static" ] || setuid_program "$bin/static" "a static setuid program"
	check "an unprivileged program" 'plain 4' "$(as_user "$bin/process" setuid dual)"
	check "an unprivileged program listens to V6GUARD" 'plain 64' \
		"$(as_user env V6GUARD=off "$bin/process" setuid dual)"
else
	skip "a setuid program" "one user only in an unprivileged namespace"
fi

# ---- threads and children ------------------------------------------------------------------

check "16 threads, 200 lookups each" "$(yes 4 | head -n 16 | flat)" \
	"$(run "$bin/process" threads dual 16 200 | flat)"
check "children of a program that looked names up" '4 4 4 4 4' "$(run "$bin/process" fork dual 3 | flat)"
check "no file is left open" '' "$(run "$python" -c 'import os, socket
before = os.listdir("/proc/self/fd")
for name in ("dual", "many", "v6only", "nxdomain"):
	try:
		socket.getaddrinfo(name, 80)
	except OSError:
		pass
after = os.listdir("/proc/self/fd")
if before != after:
	print(before, after)')"

# ---- errors ---------------------------------------------------------------------------------

# What names come to, with so many descriptors left as the first word says. With a second word
# the module is not on the line.
cat >"$LAB_DIR/scarce.py" <<'END'
import ctypes, os, resource, socket, sys
if len(sys.argv) > 2:
    ctypes.CDLL(None).__nss_configure_lookup(b"hosts", b"files dns")
socket.getaddrinfo("dual", 80)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.dup(0))
except OSError:
    pass
for _ in range(int(sys.argv[1])):
    os.close(held.pop())
for name in ("dual", "v6only", "nxdomain"):
    for family in (socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6):
        try:
            found = {entry[4][0] for entry in socket.getaddrinfo(name, 80, family)}
            print(name, int(family), len(found) > 0)
        except OSError as error:
            print(name, int(family), type(error).__name__, error.errno)
END
for left in 0 1 2 3; do
	check "$left descriptors left: the same errors as without v6guard" \
		"$(run "$python" "$LAB_DIR/scarce.py" $left plain)" "$(run "$python" "$LAB_DIR/scarce.py" $left)"
done
check "... EMFILE among them" 'OSError 24' \
	"$(run "$python" "$LAB_DIR/scarce.py" 0 | sed -n 's/^dual 0 //p')"
guard blackhole prefer-ipv4 'backends = dns'
for addr in 198.51.100.1 ::ffff:198.51.100.1 ::198.51.100.1 ::ffff:198.51.100.99; do
	check "backends spelled out, the name of $addr" "$(plainly getent hosts $addr)" \
		"$(run getent hosts $addr)"
done
check "... there is one of a mapped address" 1 "$(run getent hosts ::ffff:198.51.100.1 | grep -c host1)"
guard blackhole prefer-ipv4

# ---- files that are cut off ----------------------------------------------------------------

# A program that looks a name up each 50 ms, and says what it saw as often as that changes.
cat >"$LAB_DIR/often.py" <<'END'
import socket, time
before = None
while True:
    families = {entry[0] for entry in socket.getaddrinfo("dual", 80)}
    seen = "".join("6" if socket.AF_INET6 in families else "4")
    if seen != before:
        print(seen, flush=True)
    before = seen
    time.sleep(0.05)
END
has_seen() { [ "$(tail -n 1 "$LAB_DIR/often")" = "$1" ]; }
guard blackhole auto 'unknown = distrust'
daemon blackhole
on blackhole sh -c 'echo $$ >"$1/often.pid" && exec "$2" "$1/often.py"' - "$LAB_DIR" "$python" \
	>"$LAB_DIR/often" 2>&1 &
is_alive() { kill -0 "$(cat "$LAB_DIR/often.pid")"; }
until_true 10 has_seen 4 || bad "IPv6 that nobody has tested is held back" "$(cat "$LAB_DIR/often")"
on blackhole sh -c ': >/run/v6guard/reach.map'
if until_true 10 has_seen 6 && is_alive; then
	ok "a map that is cut off kills nobody: lookups are plain libc's"
else
	bad "a map that is cut off kills nobody" "$(cat "$LAB_DIR/often")"
fi
# Its worker writes to it, and the unit starts both again.
is_ended() { ! kill -0 "$(daemon_pid blackhole)"; }
until_true 20 is_ended && ok "... the daemon ends" || bad "the daemon ends" "$(cat "$LAB_DIR/blackhole/daemon.log")"
daemon blackhole
if until_true 10 has_seen 4 && is_alive; then
	ok "... and the map that the next daemon makes is found"
else
	bad "the map that the next daemon makes is found" "$(cat "$LAB_DIR/often")"
fi
kill "$(cat "$LAB_DIR/often.pid")"
daemon_stop blackhole
guard blackhole prefer-ipv4

# ---- chroot ---------------------------------------------------------------------------------

# A chroot as old daemons know it: a resolv.conf, no libraries, no v6guard.
jail=$LAB_DIR/jail
mkdir -p "$jail/etc"
cp "$LAB_DIR/blackhole/etc/"{resolv.conf,hosts,host.conf,nsswitch.conf} "$jail/etc"
check "chroot before the first lookup: plain libc" 64 "$(run "$bin/process" chroot "$jail" dual)"
check "chroot after the first lookup: the policy stays" '4 4' "$(run "$bin/process" warm "$jail" dual | flat)"
# A whole one: libraries, module and policy are inside.
whole=$LAB_DIR/whole
mkdir -p "$whole"/{etc,lib,lib64,usr,var/lib}
run sh -c '
	for dir in /lib /lib64 /usr; do [ ! -d $dir ] || mount --bind $dir "$1$dir"; done
	mount --bind /etc "$1/etc" && mount --bind /var/lib "$1/var/lib" && mkdir -p "$1$3" &&
		mount --bind "$3" "$1$3" && exec "$2" chroot "$1" dual' - "$whole" "$bin/process" "$STAGE" >"$LAB_DIR/out"
check "chroot with all of v6guard inside" 4 "$(cat "$LAB_DIR/out")"

# ---- nscd -----------------------------------------------------------------------------------

if lab_nscd blackhole; then
	check "nscd answers with the A only" 4 "$(run "$bin/process" look dual)"
	asked=$(lab_asked A)
	check "nscd: the same from its cache" '4 0' "$(run "$bin/process" look dual) $(($(lab_asked A) - asked))"
	check "nscd: getent hosts and reverse" '198.51.100.1 host1.lab.test' \
		"$(run getent hosts 198.51.100.1 | awk '{ print $1, $2 }')"
	check "nscd: 50 A of 100 addresses" 50 "$(run getent ahosts many | awk '$2 == "STREAM"' | wc -l)"
	check "nscd: an IPv6-only name" 6 "$(run "$bin/process" look v6only)"
	check "nscd: no such name" none "$(run "$bin/process" look nxdomain)"
	on blackhole v6guard off >/dev/null 2>&1 || bad "v6guard off failed"
	# Had it been asked within the second, nscd would hold on to the old answer for 30 s.
	sleep 1.1
	check "nscd: after off a name not cached is plain" 64 "$(run "$bin/process" look four)"
	check "nscd: after off a cached name is plain too" 64 "$(run "$bin/process" look dual)"
	on blackhole nscd -K
else
	skip "nscd" "not there: ./quickstart test brings it"
fi
lab_done
