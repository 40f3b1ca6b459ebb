# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# lab.sh - hosts in namespaces, for tests and the demo. Source it, call lab_enter first.
#
# One lab is one private set of mount, network, UTS and PID namespaces: whatever ends the
# script, SIGKILL included, the kernel takes everything down with it, and any number of labs
# run side by side. The script itself runs on the server (DNS, HTTP, SSH); each host has a
# network and a mount namespace of its own with a whole private /etc, since a rename over a
# single bind-mounted file is EBUSY. Inside, STAGE and DEPS are folders that every user can reach,
# and top and here are ones that only root can: programs of other users get copies.
#
#   lab_enter "$@"          re-run this script inside a lab; exit 77 where that is refused
#   lab_host KIND [NAME]    bring up a host: healthy blackhole v4only v6only-noroute4
#   on HOST CMD...          run CMD there
#   guard HOST MODE [LINE]  v6guard with [guard] mode = MODE (and LINEs), enabled
#   daemon HOST [ARG...]    v6guardd -f on HOST, its words in $LAB_DIR/HOST/daemon.log; waits until
#                           it answers. daemon_pid HOST; daemon_stop HOST ends it
#   filter HOST 4|6 RULE... what the server drops of HOST's packets (nftables); none: nothing
#   hole HOST [BYTES]       IPv6 packets of more than BYTES get lost on the way to HOST; none: all arrive
#   ok, bad, skip, check    one line a case; lab_done ends the script with 0, 1 or 77
#   nat64.sh                beside this: a host without IPv4 behind a translator
#   find_built              for tests without a lab: what they are to test

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
STAGE=${V6GUARD_STAGE:-$top/build/stage}
DEPS=${V6GUARD_DEPS:-$top/build/deps}
LAB_DOMAIN=lab.test
DNS4=192.0.2.53
DNS6=2001:db8:53::53

# ---- results ------------------------------------------------------------------------

lab_good=0 lab_bad=0 lab_skipped=0

ok() { lab_good=$((lab_good + 1)); printf 'ok      %s\n' "$1"; }
skip() { lab_skipped=$((lab_skipped + 1)); printf 'skip    %s: %s\n' "$1" "$2"; }
bad() {
	lab_bad=$((lab_bad + 1))
	printf 'FAILED  %s\n' "$1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/        /'
}

# check WHAT EXPECTED GOT: equal texts.
check() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		bad "$1" "$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") |
			sed -n 's/^</expected/p; s/^>/got     /p' | head -n 24)"
	fi
}

lab_done() {
	printf '%s: %d ok, %d failed, %d skipped\n' "$(basename "$0")" \
		"$lab_good" "$lab_bad" "$lab_skipped"
	[ "$lab_bad" -eq 0 ] || exit 1
	[ "$lab_good" -gt 0 ] || exit 77
	exit 0
}

# Milliseconds since some start.
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "$((t / 1000))"; }

# until_true SECONDS CMD...: try CMD every 20 ms.
until_true() {
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

lab_die() { echo "$(basename "$0"): $*" >&2; exit 1; }
lab_refuse() { echo "skip    $(basename "$0"): $*"; exit 77; }

# ---- into the namespaces ------------------------------------------------------------

# Sets lab_flags to what gives this user a lab; else fails, with the reason in lab_why.
lab_flags() {
	local user=
	[ "$(id -u)" -eq 0 ] || user='--user --map-root-user '
	lab_flags="$user--mount --net --uts --pid --fork --kill-child --mount-proc"
	if is_chroot $user; then
		lab_why='this is a chroot: hosts would be given the /etc outside (pivot_root, as a container does, is fine)'
		return 1
	fi
	# shellcheck disable=SC2086
	lab_why=$(unshare $lab_flags sh -c 'mount -t tmpfs lab /run && ip link set lo up' 2>&1 \
		</dev/null) || { lab_why="namespaces are refused here: $lab_why"; return 1; }
}

# is_chroot [UNSHARE-OPTION...]: whoever enters a mount namespace starts at its root; is that another?
is_chroot() {
	local root
	root=$(unshare "$@" --mount --propagation unchanged sh -c \
		'stat -c %d:%i / && nsenter -t $$ -m stat -c %d:%i /' 2>/dev/null </dev/null)
	[ -n "$root" ] && [ "${root%$'\n'*}" != "${root#*$'\n'}" ]
}

# A folder for temporary files that every user can reach.
lab_place() {
	local dir=${TMPDIR:-/tmp}
	[ "$(id -u)" -ne 0 ] || setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$dir" || dir=/tmp
	echo "$dir"
}

lab_needs() {
	local tool missing=
	for tool in unshare nsenter ip nft setpriv "$@"; do
		lab_tool "$tool" >/dev/null || missing="$missing $tool"
	done
	[ -z "$missing" ] || lab_refuse "not installed:$missing (./quickstart test brings them)"
	[ -x "$STAGE/usr/bin/v6guard" ] || lab_refuse "nothing staged: run ./quickstart build"
}

# A program of the system, or of the packages that quickstart unpacked below build/deps.
lab_tool() {
	PATH="$PATH:/usr/sbin:/sbin:$DEPS/usr/sbin:$DEPS/usr/bin:$DEPS/sbin" command -v "$1"
}

# lab_serve PROGRAM ADDRESS FOLDER [ARGUMENT...]: a name server that is here beside this file; $! is it.
lab_serve() {
	mkdir -p "$3" && rm -f "$3/ready"
	"$python" "$here/$1" "${@:2}" >>"$3/log" 2>&1 &
	until_true 5 test -e "$3/ready" || lab_die "$1 at $2 did not start: $(cat "$3/log")"
}

# lab_resolved HOST CMD...: the real systemd-resolved with HOST's resolved.conf; it is there when
# CMD is true. False: `why` it is not.
lab_resolved() {
	local program=$DEPS/lib/systemd/systemd-resolved etc=$LAB_DIR/$1/etc host=$1 libs
	shift
	libs=$(dirname "$(compgen -G "$DEPS/usr/lib/*/systemd/libsystemd-shared-*.so")")
	[ -x "$program" ] || program=/lib/systemd/systemd-resolved
	[ "$LAB_ROOT" -eq 0 ] || { why="it drops privileges, and there is one user only here"; return 1; }
	[ -x "$program" ] || { why="not there: ./quickstart test brings it"; return 1; }
	grep -q ^systemd-resolve: "$etc/passwd" ||
		echo 'systemd-resolve:x:64023:64023::/:/usr/sbin/nologin' >>"$etc/passwd"
	grep -q ^systemd-resolve: "$etc/group" || echo 'systemd-resolve:x:64023:' >>"$etc/group"
	on "$host" env LD_LIBRARY_PATH="$libs" "$program" >"$LAB_DIR/resolved.log" 2>&1 &
	until_true 5 "$@" || { why="it does not start: $(tail -n 1 "$LAB_DIR/resolved.log")"; return 1; }
}

# For tests that need no lab: V6GUARD and MODULE are the program and the module, those given,
# those built in $top_builddir, or those staged.
find_built() {
	local file built=${top_builddir:-$top}
	nssdir=${nssdir:-/usr/lib/$(gcc -print-multiarch 2>/dev/null)}
	for file in ${V6GUARD:-} "$built/tool/v6guard/v6guard" "$STAGE/usr/bin/v6guard"; do
		[ -x "$file" ] && V6GUARD=$file && break
	done
	[ -x "${V6GUARD:-}" ] || lab_refuse "no v6guard program: set V6GUARD"
	for file in ${MODULE:-} "$built/.libs/libnss_v6guard.so.2" \
		"$STAGE$nssdir/libnss_v6guard.so.2"; do
		[ -f "$file" ] && MODULE=$file && break
	done
	[ -f "${MODULE:-}" ] || lab_refuse "no libnss_v6guard.so.2: set MODULE"
	export V6GUARD MODULE nssdir
}

lab_enter() {
	if [ -n "${LAB_INSIDE:-}" ]; then
		lab_start
		return
	fi
	lab_needs knotd
	lab_flags || lab_refuse "$lab_why"
	LAB_DIR=$(mktemp -d "$(lab_place)/v6guard-lab.XXXXXX") || exit 1
	trap 'rmdir "$LAB_DIR"' EXIT
	trap 'kill -KILL "$lab_child" 2>/dev/null; exit 143' TERM INT HUP
	# shellcheck disable=SC2086
	LAB_INSIDE=1 LAB_DIR=$LAB_DIR LAB_ROOT=$(id -u) setpriv --pdeathsig KILL \
		unshare $lab_flags bash "$0" "$@" </dev/null &
	lab_child=$!
	wait "$lab_child"
	exit $?
}

# ---- the server ---------------------------------------------------------------------

lab_start() {
	unset LAB_INSIDE LD_PRELOAD RES_OPTIONS LOCALDOMAIN HOSTALIASES NO_COLOR
	unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
	unset V6GUARD V6GUARD_SNAPSHOT MAKEFLAGS MFLAGS PYTHONUNBUFFERED
	mount -t tmpfs -o mode=755 lab "$LAB_DIR" || lab_die "no tmpfs"
	lab_stage
	export LC_ALL=C PATH="$STAGE/usr/bin:$STAGE/usr/sbin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:$DEPS/usr/sbin:$DEPS/usr/bin"
	export PYTHONDONTWRITEBYTECODE=1
	umask 022
	export HOME=$LAB_DIR/home TMPDIR=$LAB_DIR/tmp
	mkdir "$HOME" && mkdir -m 1777 "$TMPDIR"
	hostname labbox
	lab_etc
	lab_dirs server
	lab_private "$LAB_DIR/server"
	lab_net
	lab_dns
	lab_servers
	trap lab_stop EXIT
}

# What is tested lies where every user can reach it, wherever the checkout is and whatever the
# umask was; the checkout lies where only root can, so that no test relies on more.
lab_stage() {
	local closed=$LAB_DIR/root-only
	cp -dR --preserve=mode,timestamps "$STAGE" "$LAB_DIR/stage" && chmod -R a+rX "$LAB_DIR/stage" || lab_die "nothing is staged"
	mkdir -m 755 "$LAB_DIR/deps"
	[ ! -d "$DEPS" ] || mount --bind "$DEPS" "$LAB_DIR/deps" || lab_die "cannot mount $DEPS"
	mkdir -m 700 "$closed" && mkdir "$closed/top" && mount --bind "$top" "$closed/top" ||
		lab_die "cannot mount $top"
	export LAB_TOP=$top
	STAGE=$LAB_DIR/stage DEPS=$LAB_DIR/deps top=$closed/top here=$closed/top/tests/lab
}

# The PID namespace ends with this script; say goodbye first where it matters.
lab_stop() {
	local pid
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
}

# The /etc of every machine in the lab: this one's, with the parts that name lookups read
# made known, and the staged module where the loader looks (also for setuid programs).
lab_etc() {
	local etc=$LAB_DIR/etc dir
	cp -a /etc "$etc" 2>/dev/null
	rm -rf "$etc/v6guard" "$etc/gai.conf" "$etc/resolv.conf" "$etc/ld.so.preload" "$etc/hostname"
	printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' 'networks: files' \
		'services: files' >"$etc/nsswitch.conf"
	printf 'multi on\n' >"$etc/host.conf"
	printf 'nameserver %s\nsearch %s\n' "$DNS4" "$LAB_DOMAIN" >"$etc/resolv.conf"
	printf '%s\n' '127.0.0.1 localhost' '::1 localhost ip6-localhost ip6-loopback' \
		'127.0.1.1 labbox.lab.test labbox' \
		'198.51.100.2 filed.lab.test filed' '2001:db8:64::2 filed.lab.test filed' \
		>"$etc/hosts"
	echo labbox >"$etc/hostname"
	grep -q ^sshd: "$etc/passwd" ||
		echo 'sshd:x:64022:65534::/run/sshd:/usr/sbin/nologin' >>"$etc/passwd"
	{
		dirname "$(find "$STAGE" -name 'libnss_v6guard.so.2' | head -n 1)"
		for dir in "$DEPS"/lib/*-linux-gnu* "$DEPS"/usr/lib/*-linux-gnu*; do
			[ ! -d "$dir" ] || echo "$dir"
		done
	} >"$etc/ld.so.conf.d/00-v6guard-lab.conf" 2>/dev/null
	grep -qs 'ld.so.conf.d' "$etc/ld.so.conf" ||
		echo 'include /etc/ld.so.conf.d/*.conf' >>"$etc/ld.so.conf"
}

lab_dirs() {
	local host=$LAB_DIR/$1
	mkdir -p "$host/run/sshd" "$host/run/lock" "$host/lib/nscd" "$host/cache/nscd"
	cp -a "$LAB_DIR/etc" "$host/etc"
}

# In the mount namespace of one machine, put the folders of $1 in place.
lab_private() {
	mount --bind "$1/etc" /etc && mount --bind "$1/run" /run &&
		mount --bind "$1/lib" /var/lib && mount --bind "$1/cache" /var/cache ||
		lab_die "cannot mount the private folders"
	case "$LAB_TOP/" in
	/run/* | /var/lib/* | /var/cache/*)
		mkdir -p "$LAB_TOP" && mount --bind "$LAB_DIR/root-only/top" "$LAB_TOP"
		;;
	esac
	# Not once for all: the auxiliary cache would have to be shared as well.
	[ -e "$LAB_DIR/ld.so.cache" ] || ldconfig -X -C "$LAB_DIR/ld.so.cache"
	cp "$LAB_DIR/ld.so.cache" /etc/ld.so.cache
}

lab_no_dad() {
	local dir
	for dir in /proc/sys/net/ipv6/conf/*; do
		echo 0 >"$dir/accept_dad"
		echo 0 >"$dir/router_solicitations"
	done
}

lab_net() {
	local i
	lab_no_dad
	ip link set lo up
	{
		echo "addr add $DNS4/32 dev lo"
		echo "addr add $DNS6/128 dev lo"
		for i in 1 2 3 4; do
			echo "addr add 198.51.100.$i/32 dev lo"
			echo "addr add 2001:db8:64::$i/128 dev lo"
		done
		lab_wide | while read -r _ ipv4 ipv6; do
			echo "addr add $ipv4/32 dev lo"
			case $ipv6 in *::1:1) ;; *) echo "addr add $ipv6/128 dev lo" ;; esac
		done
	} | ip -batch - || lab_die "cannot set addresses"
}

# Names all over the internet, each with an IPv4 address of its own: w1 to w6 in six /32; p1 to
# p3 in one /48 of a partner, two of them in one /64; for the host that came up as the Nth, lN
# on its own link, and oN and qN elsewhere in its /56.
lab_wide() {
	local i
	for i in 1 2 3 4 5 6; do
		echo "w$i 203.0.113.$i 2a0$i:$i::1"
	done
	echo "p1 203.0.113.11 2a0a:a:a:1::1"
	echo "p2 203.0.113.12 2a0a:a:a:1::2"
	echo "p3 203.0.113.13 2a0a:a:a:2::3"
	for i in $(seq 1 20); do
		echo "l$i 203.0.113.$((20 + i)) 2001:db8:$i::1:1"
		echo "o$i 203.0.113.$((50 + i)) 2001:db8:$i:5::1"
		echo "q$i 203.0.113.$((80 + i)) 2001:db8:$i:6::1"
	done
}

# A zone with every shape of answer. `many` is 50 A and 50 AAAA.
lab_zone() {
	local i
	printf '$ORIGIN %s.\n$TTL 300\n' "$1"
	echo '@ SOA ns hostmaster 1 3600 600 86400 60'
	echo '@ NS ns'
	echo "ns A $DNS4"
	echo "ns AAAA $DNS6"
	cat <<-END
		v6only AAAA 2001:db8:64::1
		v4only A 198.51.100.1
		private A 10.9.1.1
		dual A 198.51.100.1
		dual AAAA 2001:db8:64::1
		www CNAME dual
		far CNAME www
		*.cold A 198.51.100.1
		*.cold AAAA 2001:db8:64::1
		nodata TXT "no address here"
	END
	for i in 1 2 3 4; do
		echo "four A 198.51.100.$i"
		echo "four AAAA 2001:db8:64::$i"
	done
	lab_wide | while read -r name ipv4 ipv6; do
		echo "$name A $ipv4"
		echo "$name AAAA $ipv6"
	done
	for i in $(seq 101 150); do
		echo "many A 198.51.100.$i"
		echo "many AAAA 2001:db8:64::$i"
	done
}

lab_reverse() {
	local i arpa='0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0'
	printf '$TTL 300\n@ SOA ns.%s. hostmaster.%s. 1 3600 600 86400 60\n@ NS ns.%s.\n' \
		"$LAB_DOMAIN" "$LAB_DOMAIN" "$LAB_DOMAIN"
	for i in 1 3 4; do
		[ "$1" = 4 ] && echo "$i PTR host$i.$LAB_DOMAIN."
		[ "$1" = 6 ] && echo "$i.$arpa PTR host$i.$LAB_DOMAIN."
	done
	return 0
}

# lab_knot_head FOLDER ADDRESSES [LINE...]: what configurations of knotd begin with, keeping all
# of its own in FOLDER; LINE: more for the server.
lab_knot_head() {
	local folder=$1 listen=$2
	shift 2
	cat <<-END
		server:
		    rundir: "$folder"
		    listen: [ $listen ]
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
	END
	[ $# -eq 0 ] || printf '    %s\n' "$@"
	cat <<-END
		log:
		  - target: stderr
		    any: warning
		database:
		    storage: "$folder"
		    journal-db-max-size: 16M
		    kasp-db-max-size: 5M
		    timer-db-max-size: 1M
	END
}

lab_dns() {
	local dir=$LAB_DIR/dns
	mkdir -p "$dir/run"
	lab_zone "$LAB_DOMAIN" >"$dir/$LAB_DOMAIN.zone"
	lab_zone local >"$dir/local.zone"
	lab_reverse 4 >"$dir/100.51.198.in-addr.arpa.zone"
	lab_reverse 6 >"$dir/4.6.0.0.8.b.d.0.1.0.0.2.ip6.arpa.zone"
	printf '$TTL 300\n. SOA ns. root. 1 3600 600 86400 60\n. NS ns.\nns. A %s\n' "$DNS4" \
		>"$dir/root.zone"
	lab_knot_head "$dir/run" "$DNS4@53, $DNS6@53" >"$dir/knot.conf"
	cat >>"$dir/knot.conf" <<-END
		mod-stats:
		  - id: count
		    query-type: on
		template:
		  - id: default
		    storage: "$dir"
		    global-module: mod-stats/count
		    journal-content: none
		    zonefile-sync: -1
		zone:
		  - domain: .
		    file: root.zone
		  - domain: $LAB_DOMAIN
		  - domain: local
		  - domain: 100.51.198.in-addr.arpa
		  - domain: 4.6.0.0.8.b.d.0.1.0.0.2.ip6.arpa
	END
	knotd -c "$dir/knot.conf" >"$dir/log" 2>&1 &
	until_true 10 knotc -c "$dir/knot.conf" -t 1 zone-status "$LAB_DOMAIN" ||
		lab_die "knotd did not start: $(tail -n 3 "$dir/log")"
}

# lab_asked TYPE: how many questions of that type the DNS server was asked so far.
lab_asked() {
	knotc -c "$LAB_DIR/dns/knot.conf" stats mod-stats |
		sed -n "s/^mod-stats.query-type\[$1\] = //p" | grep . || echo 0
}

lab_servers() {
	local dir=$LAB_DIR/ssh banner=
	python=/usr/bin/python3
	[ -x $python ] || python=$(command -v python3) || lab_refuse "no python3"
	mkdir "$dir"
	if [ "$LAB_ROOT" -eq 0 ] && lab_tool sshd >/dev/null && lab_sshd "$dir"; then
		lab_ssh='a real sshd'
	else
		# In a user namespace there is nobody to drop privileges to.
		lab_ssh='an SSH banner (no sshd, or not root)'
		banner=--ssh-banner
	fi
	mkfifo "$LAB_DIR/ready"
	"$python" "$here/server.py" $banner 3>"$LAB_DIR/ready" &
	read -r -t 10 <"$LAB_DIR/ready" || lab_die "the HTTP server did not start"
}

lab_sshd() {
	ssh-keygen -q -t ed25519 -N '' -f "$1/key" || return 1
	printf '%s\n' 'ListenAddress 0.0.0.0' 'ListenAddress ::' "HostKey $1/key" 'UsePAM no' \
		"PidFile $1/pid" 'MaxStartups 1000' 'UseDNS no' >"$1/config"
	"$(lab_tool sshd)" -D -e -f "$1/config" 2>"$1/log" &
	until_true 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
}

# ---- hosts --------------------------------------------------------------------------

declare -A lab_pid lab_number lab_iface
lab_count=0

# The namespaces of a host, with no link yet.
lab_box() {
	local name=$1 dir=$LAB_DIR/$1
	lab_number[$name]=$((lab_count += 1))
	lab_dirs "$name"
	mkfifo "$dir/up"
	unshare --net --mount bash -c '
		. "$1/lab.sh"; LAB_DIR=$2; lab_private "$3"; lab_no_dad
		echo >"$3/up"; exec sleep infinity' lab "$here" "$LAB_DIR" "$dir" &
	lab_pid[$name]=$!
	read -r -t 10 <"$dir/up" || lab_die "host $name did not come up"
}

# lab_host KIND [NAME]
lab_host() {
	local kind=$1 name=${2:-$1} n
	lab_box "$name"
	n=${lab_number[$name]}
	ip link add "$name" type veth peer name up0 netns "${lab_pid[$name]}" 2>/dev/null ||
		ip link add "lab$n" type veth peer name up0 netns "${lab_pid[$name]}" ||
		lab_die "no veth"
	lab_wire "$kind" "$name" "$n"
}

# Interface names hold 15 bytes.
lab_link() { ip link show "$1" >/dev/null 2>&1 && echo "$1" || echo "lab$2"; }

lab_wire() {
	local kind=$1 name=$2 n=$3 link
	link=$(lab_link "$name" "$n")
	lab_no_dad
	on "$name" ip link set lo up
	ip link set "$link" up
	on "$name" ip link set up0 up
	if [ "$kind" != v6only-noroute4 ]; then
		ip addr add "10.64.$n.1/24" dev "$link"
		on "$name" ip addr add "10.64.$n.2/24" dev up0
		on "$name" ip route add default via "10.64.$n.1"
	else
		sed -i "s/$DNS4/$DNS6/" "$LAB_DIR/$name/etc/resolv.conf"
	fi
	if [ "$kind" != v4only ]; then
		ip -6 addr add "2001:db8:$n::1/64" dev "$link" nodad
		ip -6 addr add "2001:db8:$n::1:1/64" dev "$link" nodad
		on "$name" ip -6 addr add "2001:db8:$n::2/64" dev up0 nodad
		on "$name" ip -6 route add default via "2001:db8:$n::1"
	else
		on "$name" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/up0/disable_ipv6'
	fi
	lab_iface[$name]=$link
	# The neighbour answers, the routes are there, and nothing sent behind them comes back.
	[ "$kind" != blackhole ] || filter "$name" 6 'ip6 daddr 2001:db8:64::/48 drop'
}

# Rules of nftables for what HOST sends; they replace those of before.
filter() {
	local host=$1 family=$2 rule kind=ip6
	[ "$family" = 6 ] || kind=ip
	shift 2
	{
		echo "table $kind host${lab_number[$host]} {}"
		echo "delete table $kind host${lab_number[$host]}"
		echo "table $kind host${lab_number[$host]} { chain in { type filter hook input priority 0;"
		for rule in "$@"; do
			echo "iifname \"${lab_iface[$host]}\" $rule"
		done
		echo '}'
		echo '}'
	} | nft -f - || lab_die "nftables refused: $*"
}

# hole HOST [BYTES]: a path MTU hole, without a word of ICMP. It is at the far end of the link: what
# nftables drops on its way out is told to the sender's TCP.
hole() {
	local host=$1 rule=''
	# In packets as they are on a wire.
	ip link set dev "${lab_iface[$host]}" gso_max_segs 1
	[ $# -lt 2 ] || rule="iifname up0 meta length > $2 drop"
	printf '%s\n' 'table ip6 hole {}' 'delete table ip6 hole' \
		"table ip6 hole { chain in { type filter hook prerouting priority -300; $rule; }; }" |
		on "$host" nft -f - || lab_die "nftables refused: hole $*"
}

on() {
	local pid=${lab_pid[$1]:?no such host}
	shift
	nsenter -t "$pid" -n -m -- "$@"
}

# guard HOST MODE [LINE...]: as an administrator would.
guard() {
	local host=$1 mode=$2 dir=$LAB_DIR/$1
	shift 2
	mkdir -p "$dir/etc/v6guard"
	printf '%s\n' '[guard]' "mode = $mode" "$@" >"$dir/etc/v6guard/v6guard.conf"
	on "$host" v6guard -q enable >"$dir/guard.log" 2>&1 ||
		{ bad "$host: v6guard enable (mode $mode)" "$(cat "$dir/guard.log")"; return 1; }
}

# lab_nscd HOST [yes]: nscd for hosts alone, 600 s, persistent if said. 1: it is not to be had here.
lab_nscd() {
	local nscd dir=$LAB_DIR/$1
	nscd=$(lab_tool nscd) || return 1
	printf '%s\n' 'logfile /run/nscd.log' 'enable-cache hosts yes' 'positive-time-to-live hosts 600' \
		'negative-time-to-live hosts 20' 'check-files hosts yes' "persistent hosts ${2:-no}" 'shared hosts no' \
		'enable-cache passwd no' 'enable-cache group no' 'enable-cache services no' \
		'enable-cache netgroup no' >"$dir/etc/nscd.conf"
	mkdir -p "$dir/run/nscd"
	# It is told by its usual path, also where quickstart has only unpacked it.
	[ -x /usr/sbin/nscd ] || on "$1" mount -t overlay lab -o "lowerdir=$DEPS/usr/sbin:/usr/sbin" /usr/sbin
	on "$1" "$nscd" -F >"$dir/nscd.log" 2>&1 &
	until_true 5 test -S "$dir/run/nscd/socket" || bad "nscd did not start" "$(cat "$dir/nscd.log")"
}

# ---- v6guardd -----------------------------------------------------------------------

declare -A lab_daemon

# daemon HOST [ARG...]: 1 when it does not come up within 10 s.
daemon() {
	local host=$1 dir=$LAB_DIR/$1
	shift
	# Of its own, so that $! is the steward.
	(exec nsenter -t "${lab_pid[$host]:?no such host}" -n -m -- v6guardd -f "$@") \
		>>"$dir/daemon.log" 2>&1 &
	lab_daemon[$host]=$!
	daemon_answers "$host" "${lab_daemon[$host]}" && return
	bad "$host: v6guardd does not come up" "$(tail -n 20 "$dir/daemon.log")"
	return 1
}

daemon_pid() { echo "${lab_daemon[$1]}"; }

# daemon_answers HOST [PID]: within 10 s, while PID lives.
daemon_answers() {
	on "$1" "$python" -c 'import os, socket, sys, time
end = time.monotonic() + 10
while time.monotonic() < end:
	try:
		with socket.socket(socket.AF_UNIX) as s:
			s.settimeout(2)
			s.connect("/run/v6guard/control.sock")
			s.sendall(b"status\n")
			if s.recv(1): sys.exit(0)
	except OSError: pass
	if sys.argv[1] and not os.path.exists("/proc/" + sys.argv[1]): break
	time.sleep(0.02)
sys.exit(1)' "${2:-}"
}

# Ended, or dead and not yet collected.
lab_gone() { ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"; }

# daemon_stop HOST: ended as a supervisor would; its exit status.
daemon_stop() {
	local pid=${lab_daemon[$1]:-} status
	[ -n "$pid" ] || return 0
	unset "lab_daemon[$1]"
	kill "$pid" 2>/dev/null
	until_true 10 lab_gone "$pid" || kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	[ "$status" -eq 0 ] || bad "$1: v6guardd ends with $status" "$(tail -n 20 "$LAB_DIR/$1/daemon.log")"
	return "$status"
}
