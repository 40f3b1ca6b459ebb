# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# tree.sh - a machine of this one's release with nothing in it but what Debian calls minbase, for
# steps that must not rely on what happens to be installed here. Source it as root.
#
#   tree_alone "$@"       re-run this script as the first process of namespaces of its own (mounts,
#                         processes, IPC, host name; the network stays): whatever ends it, SIGKILL
#                         included, the kernel takes processes, mounts and the tree with it
#   tree_make DIR         the tree, in memory, at the empty folder DIR; says how. 1: it cannot be had
#   tree_enter DIR CMD... CMD there, DIR being the root of a mount namespace, in an environment that
#                         is empty but for PATH, HOME and proxies
#
# debootstrap's work is kept for a day as $TREES/RELEASE-ARCHITECTURE.tar, as it was before anything
# of this machine came in: several steps of one run share it. Packages come from where this
# machine's apt gets them.

tree_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TREES=${V6GUARD_TREES:-$tree_top/build/fresh}
tree_tools='apt-config apt-get debootstrap dpkg setpriv tar unshare pivot_root'

tree_fail() { echo "FAILED: $*"; return 1; }

# Why there can be no tree here; nothing when there can.
tree_why_not() {
	local tool missing=
	[ "$(id -u)" -eq 0 ] || { echo "this needs root"; return; }
	for tool in $tree_tools; do
		command -v "$tool" >/dev/null || missing="$missing $tool"
	done
	[ -z "$missing" ] || { echo "not installed:$missing (./quickstart test brings debootstrap)"; return; }
	unshare --mount --pid --ipc --uts --fork --mount-proc mount -t tmpfs tree /mnt 2>&1
}

tree_alone() {
	local why child
	[ -z "${TREE_ALONE:-}" ] || { unset TREE_ALONE; umask 022; return 0; }
	why=$(tree_why_not)
	[ -z "$why" ] || { tree_fail "$why"; exit 1; }
	# unshare does not die of SIGINT or SIGTERM while it waits.
	trap 'kill -KILL "$child" 2>/dev/null; exit 143' TERM INT HUP
	TREE_ALONE=1 setpriv --pdeathsig KILL unshare --mount --pid --ipc --uts --fork --kill-child \
		--mount-proc bash "$0" "$@" </dev/null &
	child=$!
	wait "$child"
	exit $?
}

# ---- where packages come from ---------------------------------------------------------------

tree_release() { (. /etc/os-release && echo "${VERSION_CODENAME:-}"); }

# "URI SUITE COMPONENT" of this machine's own distribution, as its apt has them; others' packages are
# no part of it. Whose a suite is only the lists say, which may not have been fetched.
tree_archive() {
	local id
	id=$(. /etc/os-release && echo "$ID")
	{ tree_targets | grep . || tree_targets --no-release-info; } | awk -v release="$(tree_release)" \
		-v id="$id" -v architecture="$(dpkg --print-architecture)" '
		$4 == architecture && ($3 == "main" || $3 == "universe") &&
		index($2, release) == 1 && $2 ~ /^[a-z]+([-\/](updates|security))?$/ &&
		($5 ~ /^\$/ || tolower($5) == id) { print $1, $2, $3 }'
}

tree_targets() {
	apt-get indextargets "$@" --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ARCHITECTURE) $(ORIGIN)' \
		'Created-By: Packages'
}

# tree_proxy KIND: what apt uses for KIND, http or https, without what is for one server alone.
tree_proxy() {
	local proxy=
	eval "$(apt-config shell proxy "Acquire::$1::Proxy")"
	[ "$proxy" != DIRECT ] || proxy=
	[ -n "$proxy" ] || case $1 in
	http) proxy=${http_proxy:-} ;;
	https) proxy=${https_proxy:-} ;;
	esac
	echo "$proxy"
}

# tree_network DIR: names, proxies, keys and certificates as this machine has them.
tree_network() {
	local etc=$1/etc bundle=/etc/ssl/certs/ca-certificates.crt
	for file in resolv.conf hosts; do
		cp -L "/etc/$file" "$etc/$file" || return 1
	done
	awk '{ print "deb", $1, $2, $3 }' <<<"$tree_sources" >"$etc/apt/sources.list"
	cp -r /etc/apt/trusted.gpg.d/. "$etc/apt/trusted.gpg.d/"
	apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >"$etc/apt/apt.conf.d/00machine"
	[ ! -e $bundle ] || grep -q '^Acquire::https::CAInfo "/' "$etc/apt/apt.conf.d/00machine" || {
		cp -L $bundle "$etc/apt/machine.crt"
		echo 'Acquire::https::CAInfo "/etc/apt/machine.crt";' >>"$etc/apt/apt.conf.d/00machine"
	}
}

# ---- the tree ---------------------------------------------------------------------------------

tree_make() {
	local dir=$1 release tar mirror
	release=$(tree_release) tar=$TREES/$release-$(dpkg --print-architecture).tar
	tree_sources=$(tree_archive)
	mirror=$(awk -v release="$release" '$2 == release { print $1; exit }' <<<"$tree_sources")
	[ -n "$mirror" ] || { tree_fail "apt has no archive of ${release:-this release}"; return; }
	mkdir -p "$TREES" "$dir" && mount -t tmpfs -o mode=755,size=4g tree "$dir" || return 1
	# A run that was killed.
	rm -f "$TREES"/*.part
	if [ -n "$(find "$tar" -mmin -1440 2>/dev/null)" ]; then
		tar -C "$dir" -xf "$tar" || return 1
		echo "tree: $release, made $((($(date +%s) - $(stat -c %Y "$tar")) / 60)) minutes ago"
	else
		tree_debootstrap "$dir" "$release" "$mirror" && tar -C "$dir" --exclude './dev/*' -cf "$tar.part" . &&
			mv "$tar.part" "$tar" || return 1
	fi
	tree_network "$dir" && tree_mounts "$dir"
}

tree_debootstrap() {
	local dir=$1 release=$2 mirror=$3 start=$SECONDS components
	components=$(awk -v release="$release" '$2 == release { print $3 }' <<<"$tree_sources" | sort -u | paste -sd,)
	env http_proxy="$(tree_proxy http)" https_proxy="$(tree_proxy https)" \
		debootstrap --variant=minbase --components="$components" "$release" "$dir" "$mirror" || {
		tail -n 5 "$dir/debootstrap/debootstrap.log" 2>/dev/null
		tree_fail "debootstrap made no tree of $release: can the archive be reached?"
		return
	}
	echo "tree: $release, made by debootstrap in $((SECONDS - start)) s"
}

# What a container is given; /proc is of these namespaces alone.
tree_mounts() {
	local dir=$1 device
	mount -t proc proc "$dir/proc" && mount -t sysfs -o ro sysfs "$dir/sys" &&
		mount -t tmpfs -o mode=755 dev "$dir/dev" && mkdir -p "$dir"/dev/{pts,shm,net} || return 1
	for device in null zero full random urandom tty net/tun; do
		[ ! -e "/dev/$device" ] || { : >"$dir/dev/$device" && mount --bind "/dev/$device" "$dir/dev/$device"; } ||
			return 1
	done
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dir/dev/pts" &&
		mount -t tmpfs -o mode=1777 shm "$dir/dev/shm" && ln -s pts/ptmx "$dir/dev/ptmx" &&
		ln -s /proc/self/fd "$dir/dev/fd"
}

tree_enter() {
	local dir=$1 proxies
	shift
	mapfile -t proxies < <(env | grep -iE '^(https?|ftp|all|no)_proxy=')
	# shellcheck disable=SC2016
	unshare --mount bash -c 'cd "$1" && pivot_root . mnt && cd / && umount -l /mnt && shift && exec "$@"' \
		tree "$dir" /usr/bin/env -i HOME=/root TERM=dumb "${proxies[@]}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
