#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What keeps tests honest about the machine: other users reach what is tested, and not the
# checkout; the lab refuses a chroot; a lab of skipped tests has failed. And tests/fresh: what runs
# in a tree has a root and namespaces of its own, leaves nothing behind, and an archive that cannot
# be reached is a failure.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
. "$top/tests/fresh/tree.sh"

# ---- other users ------------------------------------------------------------------------------

if [ "$LAB_ROOT" -eq 0 ]; then
	other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	check "another user can run what is tested" "$("$STAGE/usr/bin/v6guard" --version)" \
		"$(other "$STAGE/usr/bin/v6guard" --version 2>&1)"
	check "... and reach what is only unpacked" yes "$(other test -r "$DEPS/." && echo yes)"
	check "... and not the checkout" no "$(other test -e "$top/README.md" && echo yes || echo no)"
	check "... and write temporary files" yes "$(other sh -c ': >"$TMPDIR/other"' && echo yes)"
	mkdir -m 700 "$LAB_DIR/private" && mkdir "$LAB_DIR/private/tmp"
	check "a lab is where all can reach it" "/tmp $LAB_DIR" \
		"$(TMPDIR=$LAB_DIR/private/tmp lab_place) $(TMPDIR=$LAB_DIR lab_place)"
else
	skip "other users" "one user only in an unprivileged namespace"
fi

# ---- machines -----------------------------------------------------------------------------------

# machine DIR: this machine's programs below DIR, as a tree has its own, and the checkout.
machine() {
	local dir
	mkdir -p "$1"/{mnt,proc,root,run,stage,sys,tmp,usr,var/{cache,lib}} "$1"/dev "$1/deps"
	for dir in bin sbin lib lib32 lib64 libx32; do
		if [ -L "/$dir" ]; then
			cp -a "/$dir" "$1/$dir"
		elif [ -d "/$dir" ]; then
			mkdir "$1/$dir" && mount --bind "/$dir" "$1/$dir"
		fi
	done
	cp -a "$LAB_DIR/etc" "$1/etc"
	chmod 700 "$1/root" && mkdir "$1/root/v6guard" && mount --bind "$top" "$1/root/v6guard" &&
		mount --bind "$STAGE" "$1/stage" && mount --bind "$DEPS" "$1/deps" &&
		mount --bind /usr "$1/usr" && tree_mounts "$1" || lab_die "cannot make a machine"
}
tree=$LAB_DIR/tree
mkdir "$tree" && mount -t tmpfs -o mode=755 tree "$tree"
machine "$tree"
machine "$LAB_DIR/folder"
before=$(cat /proc/self/mountinfo)

# ---- a tree ---------------------------------------------------------------------------------

where='stat -c %d:%i / && nsenter -t $$ -m stat -c %d:%i /'
check "a tree's root is that of its mount namespace" 1 "$(tree_enter "$tree" sh -c "$where" | uniq | grep -c .)"
if unshare --user --map-root-user --mount true 2>/dev/null; then
	check "user namespaces are to be had there" yes "$(tree_enter "$tree" unshare --user --map-root-user --mount echo yes 2>&1)"
else
	skip "user namespaces" "refused outside as well"
fi
check "nothing of the environment outside is there, but proxies" 'HOME PATH TERM http_proxy' \
	"$(LEAK=1 http_proxy=http://127.0.0.1:9 tree_enter "$tree" env | sed 's/=.*//' | sort | paste -sd' ')"
check "nor of its files" 'no' "$(tree_enter "$tree" sh -c '[ -e "$1" ] && echo yes || echo no' sh "$LAB_DIR")"
check "the status is the command's" 7 "$(tree_enter "$tree" sh -c 'exit 7'; echo $?)"

# ---- where a lab is to be had, and where not ------------------------------------------------

lab='. /root/v6guard/tests/lab/lab.sh; lab_flags && echo yes || echo "$lab_why"'
chroot='this is a chroot: hosts would be given the /etc outside (pivot_root, as a container does, is fine)'
check "a lab in a tree" yes "$(tree_enter "$tree" bash -c "$lab")"
for dir in "$tree" "$LAB_DIR/folder"; do
	check "none in a chroot to ${dir##*/}" "$chroot" "$(chroot "$dir" /bin/bash -c "$lab")"
done
check "a test says so, and is skipped" "skip    t_stuck.sh: $chroot
77" "$(chroot "$LAB_DIR/folder" /usr/bin/env V6GUARD_STAGE=/stage V6GUARD_DEPS=/deps bash /root/v6guard/tests/lab/t_stuck.sh; echo $?)"
check "the demo says so" "No table of programs here: $chroot" \
	"$(chroot "$LAB_DIR/folder" /usr/bin/env V6GUARD_STAGE=/stage V6GUARD_DEPS=/deps bash -c '
		mount -t tmpfs build /root/v6guard/build; exec bash /root/v6guard/tests/lab/demo.sh' 2>&1 | head -n 1; umount "$LAB_DIR/folder/root/v6guard/build")"

# runs STATUS...: what run.sh makes of tests that end so.
runs() {
	local dir=$LAB_DIR/runs i=0 status
	rm -rf "$dir" && mkdir "$dir" && cp "$here/run.sh" "$dir"
	for status in "$@"; do
		i=$((i + 1))
		echo "exit $status" >"$dir/t_$i.sh"
	done
	LAB_LOGS=$dir bash "$dir/run.sh" | tail -n 1
	echo "${PIPESTATUS[0]}"
}
check "all tests are skipped: a failure" $'0 passed, 0 failed, 2 skipped\n1' "$(runs 77 77)"
check "one passes" $'1 passed, 0 failed, 1 skipped\n0' "$(runs 0 77)"
check "one fails" $'1 passed, 1 failed, 1 skipped\n1' "$(runs 0 77 3)"

# ---- nothing stays, and no archive is a failure -----------------------------------------------

cat >"$LAB_DIR/alone.sh" <<'END'
. "$1/tests/fresh/tree.sh"
tree_alone "$@"
mount -t tmpfs tree "$2" && touch "$3" || exit 1
sleep 321 &
exec sleep 321
END
# Its processes, by what they are called.
sleeping() { grep -lzx 321 /proc/[0-9]*/cmdline 2>/dev/null; }
is_quiet() { [ -z "$(sleeping)" ]; }
both_sleep() { [ "$(sleeping | wc -l)" -eq 2 ]; }
mkdir "$LAB_DIR/inner"
for signal in TERM INT KILL; do
	# A shell's own children in the background do not hear SIGINT.
	"$python" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' bash "$LAB_DIR/alone.sh" "$top" "$LAB_DIR/inner" "$LAB_DIR/is-up" &
	pid=$!
	until_true 10 both_sleep
	check "SIG$signal: two processes run" "2 " "$(sleeping | wc -l) $(rm "$LAB_DIR/is-up")"
	kill -s "$signal" "$pid"
	until_true 5 is_quiet
	check "SIG$signal: none stays" '' "$(sleeping)"
	wait "$pid" 2>/dev/null
done
check "no mount stays" "$before" "$(cat /proc/self/mountinfo)"

if command -v debootstrap >/dev/null && command -v apt-get >/dev/null; then
	printf 'Dir::Etc::sourcelist "%s";\nDir::Etc::sourceparts "/nowhere";\n' "$LAB_DIR/sources" >"$LAB_DIR/apt.conf"
	# dead LINE: what the step says when that is apt's only source, its status, and files that stay.
	dead() {
		echo "$1" >"$LAB_DIR/sources"
		APT_CONFIG=$LAB_DIR/apt.conf V6GUARD_TREES=$LAB_DIR/trees timeout 60 \
			bash "$top/tests/fresh/run.sh" 2>&1 | tail -n 1
		echo "${PIPESTATUS[0]} $(find "$LAB_DIR/trees" ! -type d 2>/dev/null)"
	}
	release=$(tree_release)
	check "an archive that does not answer is a failure" "FAILED: debootstrap made no tree of $release: can the archive be reached?
1 " "$(dead "deb http://127.0.0.1:9/debian $release main")"
	check "and so is none" "FAILED: apt has no archive of $release
1 " "$(dead '')"
else
	skip "an archive that does not answer" "no debootstrap, or no apt (./quickstart test brings it)"
fi
lab_done
