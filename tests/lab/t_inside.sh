#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# t_inside.sh - v6guard --root names nothing below the root but by descriptors of folders, or
# where no link is followed; and opens nothing outside, whatever the owner of the tree does:
# with links that lead out in each place, and with folders and links that change places all the
# time (V6GUARD_LONG: 2000 rounds). test_inside does the same to the library, 10 000 times.
#
# V6GUARD and MODULE as in t_cli.sh.
set -u
. "$(dirname "$0")/lab.sh"
find_built
strace -o /dev/null true 2>/dev/null || { echo "skip    strace is not there, or may not trace"; exit 77; }

work=$(mktemp -d /tmp/t_inside.XXXXXX) || exit 1
swapper=
trap 'exit 1' HUP INT PIPE TERM
trap '[ -z "$swapper" ] || kill "$swapper" 2>/dev/null; rm -rf "$work"' EXIT
root=$work/root outside=$work/outside
good=0 bad=0
ok() { good=$((good + 1)); echo "ok      $1"; }
fail() { bad=$((bad + 1)); echo "FAILED  $1"; printf '        seen:     %s\n' "$2"; }

# Where the library is looked for, as it says.
mkdir -p "$root/etc/systemd/system"
printf '[Service]\nExecStart=/bin/true\n' >"$root/etc/systemd/system/demo.service"
preload=$("$V6GUARD" --root "$root" attach demo 2>&1 | sed -n "s,^v6guard: $root\(/.*\.so\): No such.*,\1,p")
[ -n "$preload" ] || { echo "FAILED  no library is looked for"; exit 1; }

units=/etc/systemd/system
fill() { # FOLDER WORD: a tree with something for each reader
	local to=$1 word=$2
	mkdir -p "$to/etc" "$to$nssdir"
	conf=$("$V6GUARD" --root "$to" config check | sed 's/: no errors$//') conf=${conf#"$to"}
	mkdir -p "$to$conf/conf.d" "$to$conf/presets/gai" "$to$units/$word.service.d" "$to$units/demo.service.d" "$to/etc/nsswitch.conf.d" \
		"$to/var/lib/v6guard/history" "$to/usr/etc"
	cp "$MODULE" "$to$nssdir/"
	mkdir -p "$to$(dirname "$preload")"
	: >"$to$preload"
	printf 'passwd: files\nhosts: files dns\n# %s\n' "$word" >"$to/etc/nsswitch.conf"
	printf '# %s\n[guard]\nmode = auto\n' "$word" >"$to$conf/v6guard.conf"
	printf '# %s\n' "$word" >"$to$conf/conf.d/a.conf"
	printf '# %s\nprecedence ::/0 40\n' "$word" | tee "$to/etc/gai.conf" >"$to/usr/etc/gai.conf"
	printf '# %s\n[Service]\nExecStart=/bin/true\n' "$word" >"$to$units/demo.service"
	printf '# %s\nprecedence ::/0 40\n' "$word" >"$to$conf/presets/gai/mine.conf"
	printf '# %s\nnameserver 192.0.2.53\n' "$word" >"$to/etc/resolv.conf"
}
verbs=('status' 'config check' 'config get guard.mode' 'enable' 'mode prefer-ipv4' 'mode auto' 'apply' 'nss disable' 'policy show'
	'policy set precedence ::ffff:0:0/96 100' 'policy lint' 'policy reset' 'history' 'rollback config'
	'policy preset nosuch' 'rule list' 'rule add x action=allow domains=a.example' 'attach demo' 'detach demo' 'resolver status'
	'resolver disable' 'disable')

# One run; false when a descriptor led outside. Its calls are in the file trace.
trace() {
	# shellcheck disable=SC2086
	timeout 60 strace -f -y -qq -s 4096 -o "$work/trace" -e trace=%file,%desc "$V6GUARD" --root "$root" $1 >"$work/out" 2>&1
	! grep -qF "<$outside/" "$work/trace"
}

fill "$root" inside
for verb in "${verbs[@]}"; do
	trace "$verb" || fail "$verb" "$(grep -F "<$outside/" "$work/trace" | head -n 2)"
	named=$(grep -F "\"$root/" "$work/trace" | grep -v -e '^[0-9]* *openat2(.*RESOLVE_NO_SYMLINKS' -e '^[0-9]* *write(' | head -n 3)
	if [ -z "$named" ]; then ok "$verb: nothing below the root is named by its path"; else fail "$verb: by path" "$named"; fi
	grep -q 'openat2(.*RESOLVE_NO_SYMLINKS' "$work/trace" || fail "$verb" "nothing was opened below the root: $(cat "$work/out")"
done

# A link that leads out in each place, by turns absolute and by "..".
fill "$outside" OUTSIDE
before=$(cd "$outside" && find . -type f -exec sha256sum {} + -o -printf '%p %y\n' | sort)
untouched() { [ "$before" = "$(cd "$outside" && find . -type f -exec sha256sum {} + -o -printf '%p %y\n' | sort)" ]; }
# The trace shows it.
strace -y -o "$work/trace" cat "$outside/etc/gai.conf" >/dev/null
grep -qF "<$outside/" "$work/trace" || fail "the trace" "no descriptor outside, where there is one"
n=0
for place in /etc "$conf" "$conf/conf.d" "$conf/v6guard.conf" "$conf/presets/gai" "$units" "$units/demo.service" "$units/demo.service.d" \
	/etc/nsswitch.conf /etc/gai.conf /etc/resolv.conf /var /var/lib/v6guard /var/lib/v6guard/history; do
	n=$((n + 1)) saw=
	for verb in "${verbs[@]}"; do
		rm -rf "$root"
		fill "$root" inside
		rm -rf "${root:?}$place"
		if [ $((n % 2)) = 0 ]; then ln -s "$outside$place" "$root$place"; else
			ln -s "$(dirname "$place" | sed 's,[^/]\+,..,g; s,^/,,; s,/*$,,')/../outside$place" "$root$place"; fi
		trace "$verb" || saw+="$verb: $(grep -F "<$outside/" "$work/trace" | head -n 2); "
		! grep -q OUTSIDE "$work/out" || saw+="$verb: $(cat "$work/out"); "
	done
	untouched || saw+="outside has changed"
	if [ -z "$saw" ]; then ok "$place leads out: not followed"; else fail "$place leads out" "$saw"; fi
done

# Folders and links that change places.
rm -rf "$root"
fill "$root" inside
cat >"$work/swap.py" <<'END'
import ctypes, os, random, sys
root, outside = sys.argv[1:3]
libc = ctypes.CDLL(None)
places = sys.argv[3:]
for place in places:
    os.symlink(outside + place, root + place + ".link")
while os.getppid() != 1:
    a = (root + random.choice(places)).encode()
    for _ in range(2):
        libc.renameat2(-100, a, -100, a + b".link", 2)
END
python3 "$work/swap.py" "$root" "$outside" /etc "$conf" "$conf/conf.d" "$units" "$units/demo.service.d" /var /var/lib/v6guard \
	/var/lib/v6guard/history &
swapper=$!
rounds=${V6GUARD_LONG:+2000} rounds=${rounds:-60} saw= swapped=0
for ((i = 0; i < rounds; i++)); do
	verb=${verbs[i % ${#verbs[@]}]}
	trace "$verb" || saw+="$verb: $(grep -F "<$outside/" "$work/trace" | head -n 2); "
	! grep -q OUTSIDE "$work/out" || saw+="$verb: $(cat "$work/out"); "
	! grep -q ELOOP "$work/trace" || swapped=$((swapped + 1))
done
[ "$swapped" -gt 0 ] || saw+="no command met a link: that was no race"
kill "$swapper"
wait "$swapper" 2>/dev/null
swapper=
untouched || saw+="outside has changed"
if [ -z "$saw" ]; then ok "$rounds commands while folders and links change places ($swapped met a link)"; else fail "the race" "$saw"; fi

echo "t_inside.sh: $good ok, $bad failed"
[ $bad = 0 ]
