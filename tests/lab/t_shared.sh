#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The policy and the reach map are mapped by programs: a file that shrinks under them, or gets holes,
# kills them all. Nothing that we run writes such a file in place, or makes any file shorter.
. "$(dirname "$0")/lab.sh"
lab_needs strace
lab_enter "$@"
lab_host healthy d
on d strace -o /dev/null true 2>/dev/null || lab_refuse "strace may not trace here"
dir=$LAB_DIR/d
mkdir -p "$dir/etc/v6guard" "$LAB_DIR/traces"
calls=trace=open,openat,openat2,creat,truncate,ftruncate,fallocate,madvise
count=0
# traced CMD...: what it opens and shortens, in a file of its own. -y: descriptors with their paths.
traced() {
	count=$((count + 1))
	on d strace -f -y -qq -o "$LAB_DIR/traces/$count" -e $calls "$@"
}
v() { traced v6guard "$@" >"$LAB_DIR/out" 2>&1 || bad "v6guard $*" "$(cat "$LAB_DIR/out")"; }
# Calls that make a file shorter, or holes in it; those that open one of the two to write. What is
# in memory alone has no name that anybody else could map it by.
shorten() { cat "$LAB_DIR"/traces/* | grep -E 'O_TRUNC|[^a-z]creat\(|truncate\(|fallocate\(|MADV_REMOVE' | grep -vE '"/dev/|</memfd:'; }
write() { cat "$LAB_DIR"/traces/* | grep -E 'O_WRONLY|O_RDWR' | grep -E '/(policy\.snap|reach\.map)"'; }

# ---- the command ---------------------------------------------------------------------------

printf '%s\n' '[guard]' 'mode = auto' '[resolver]' 'enable = yes' "upstream = $DNS6" '[nat64]' 'mode = off' >"$dir/etc/v6guard/v6guard.conf"
# More than 64 KiB of policy: it is mapped.
seq -f 'name%g.example' 20000 >"$dir/etc/v6guard/many"
v enable
v rule add many priority=5 domains-file=many action=allow
v apply
check "the policy is large enough to be mapped" yes "$([ "$(stat -c %s "$dir/lib/v6guard/policy.snap")" -gt 65536 ] && echo yes)"
v mode prefer-ipv4
v mode auto
v config set probe.mode all
v off
v on
v off --for 1s
v rule del many
v preset apply distrust
v rollback config
v policy set precedence 2001:db8::/32 60
v policy del precedence 2001:db8::/32
v policy preset prefer-ipv4
v rollback gai
v nss disable
v nss enable
v run --mode prefer-ipv4 -- true
daemon d
v resolver enable
v resolver disable
v verdict set 2001:db8:9::9/128 broken
daemon_stop d
v disable
check "no command makes a file shorter, or a hole in one" '' "$(shorten)"
check "... or opens the policy, or the map, to write" '' "$(write)"
check "... of that many" 23 "$count"
check "temporary files were seen, so that it was looked at" yes "$(grep -lq 'policy.snap.v6guard-' "$LAB_DIR"/traces/* && echo yes)"
check "the policy's mode" 444 "$(stat -c %a "$dir/lib/v6guard/policy.snap")"

# ---- the daemon ----------------------------------------------------------------------------

rm "$LAB_DIR"/traces/*
v enable
# traced_daemon: with a life of its own, a reload, and an end.
traced_daemon() {
	(exec nsenter -t "${lab_pid[d]}" -n -m -- strace -f -y -qq -o "$LAB_DIR/traces/$1" -e $calls v6guardd -f) >>"$dir/daemon.log" 2>&1 &
	lab_daemon[d]=$!
	daemon_answers d || bad "v6guardd does not come up under strace"
	on d "$python" "$here/ask.py" 127.0.0.64 dual.lab.test AAAA >/dev/null
	on d v6guard -q apply
	kill -HUP "$(cat "$dir/run/v6guard/v6guardd.lock")"
	sleep 1
	kill "$(cat "$dir/run/v6guard/v6guardd.lock")"
	wait "${lab_daemon[d]}"
	unset 'lab_daemon[d]'
}
rm -f "$dir/run/v6guard/reach.map"
traced_daemon first
inode=$(stat -c %i "$dir/run/v6guard/reach.map")
check "v6guardd gives a new map its blocks, which nobody has mapped yet, and shortens nothing" \
	'fallocate /run/v6guard/reach.map.new' "$(shorten | sed -n 's/^[0-9]* *\([a-z]*\)([0-9]*<\([^>]*\)>.*/\1 \2/p' | sort -u)"
check "the map's mode" 444 "$(stat -c %a "$dir/run/v6guard/reach.map")"
rm "$LAB_DIR"/traces/*
# As its unit has it: root, and not above modes.
(exec nsenter -t "${lab_pid[d]}" -n -m -- setpriv --bounding-set -dac_override,-fowner v6guardd -f) >>"$dir/daemon.log" 2>&1 &
lab_daemon[d]=$!
daemon_answers d "${lab_daemon[d]}" || bad "v6guardd does not come up without CAP_DAC_OVERRIDE" "$(tail -n 3 "$dir/daemon.log")"
daemon_stop d
check "the next one goes on with the same map" "$inode 444" "$(stat -c '%i %a' "$dir/run/v6guard/reach.map")"
traced_daemon second
check "... and makes nothing shorter" '' \
	"$(shorten | sed -n 's/^[0-9]* *\([a-z]*\)([0-9]*<\([^>]*\)>.*/\1 \2/p' | sort -u)"

# ---- a program that has both mapped, while all that happens ------------------------------------

v rule add many priority=5 domains-file=many action=allow
daemon d
on d "$python" - >"$LAB_DIR/reader" 2>&1 <<-'END' &
	import socket, time
	seen = set()
	end = time.monotonic() + 6
	while time.monotonic() < end:
	    socket.getaddrinfo("dual.lab.test", 80)
	    text = open("/proc/self/maps").read()
	    seen |= {word for word in ("policy.snap", "reach.map") if word in text}
	    time.sleep(0.01)
	print(*sorted(seen))
END
reader=$!
for i in 1 2 3; do
	on d v6guard -q mode prefer-ipv6
	on d v6guard -q mode auto
	daemon_stop d
	daemon d
done
wait "$reader"
check "... lives" 0 $?
check "... and had them mapped" 'policy.snap reach.map' "$(cat "$LAB_DIR/reader")"
daemon_stop d
lab_done
