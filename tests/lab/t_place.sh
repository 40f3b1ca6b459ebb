#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where v6guard stands: on the hosts: line but where it cannot act, put right by `enable`, with
# real programs; and on a host whose nsswitch.conf and gai.conf are the vendor's, in /usr/etc.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host blackhole
etc=$LAB_DIR/blackhole/etc out=$LAB_DIR/out
cc="${CC:-gcc} -D_GNU_SOURCE -O1"
$cc -o "$LAB_DIR/usretc" "$here/usretc.c" || lab_die "cannot compile usretc.c"

both='198.51.100.1 2001:db8:64::1 '
as=()
run() { on blackhole "${as[@]}" "$@"; }
addresses() { run getent ahosts "${1:-dual}" | awk '$2 == "STREAM" { print $1 }' | sort | tr '\n' ' '; }
first() { run getent ahosts dual | awk 'NR == 1 { print $1 ~ /:/ ? 6 : 4 }'; }
hosts() { sed -n 's/^hosts:[[:blank:]]*//p' "$etc/nsswitch.conf"; }
reaches() { run timeout 3 wget -q -t 1 -T 30 -O /dev/null http://dual/ && echo yes || echo no; }
# cli CODE WHAT ARG...
cli() {
	local want=$1 what=$2 code
	shift 2
	run v6guard "$@" >"$out" 2>&1
	code=$?
	if [ "$code" = "$want" ]; then ok "$what"; else bad "$what: exit $code instead of $want" "$(cat "$out")"; fi
}
says() { if grep -qF -- "$2" "$out"; then ok "$1"; else bad "$1" "$(cat "$out")"; fi; }

# ---- on the line, and idle -----------------------------------------------------------
right='v6guard [!UNAVAIL=return]'
policy() { # MODE LINE...
	mkdir -p "$etc/v6guard"
	printf '%s\n' '[guard]' "mode = $1" "${@:2}" >"$etc/v6guard/v6guard.conf"
	run v6guard -q apply
}
shows_six() { case $(addresses "$2") in *:*) ok "$1" ;; *) bad "$1" "no IPv6 address: $(addresses "$2")" ;; esac; }
shows_none() { case $(addresses "$2") in *:*) bad "$1" "$(addresses "$2")" ;; *) ok "$1" ;; esac; }

# idle WHAT LINE WHY RIGHT BARE [NAME]: NAME is answered as if v6guard were not there.
idle() {
	local name=${6:-dual}
	printf 'passwd: files\nhosts: %s\n' "$2" >"$etc/nsswitch.conf"
	shows_six "$1: it does not act" "$name"
	cli 1 "$1: status: something is wrong" status
	says "$1: and why" "$3"
	cli 1 "$1: nss status" nss status
	cli 0 "$1: enable" enable --verify dual
	says "$1: says what was wrong" 'put right: '
	check "$1: it stands right" "$4" "$(hosts)"
	shows_none "$1: it acts" "$name"
	cli 0 "$1: status: all is well" status
	cli 0 "$1: disable" disable
	check "$1: without a trace" "$5" "$(hosts)"
}
policy prefer-ipv4
printf 'hosts: files dns %s\n' "$right" >"$etc/nsswitch.conf"
check 'dns before: wget hangs' no "$(reaches)"
idle 'dns before' "files dns $right" 'has dns before v6guard' "files $right dns" 'files dns'
cli 0 'put right' enable --verify dual
check 'wget comes through' yes "$(reaches)"
cli 0 'off the line' disable
check 'it hangs again' no "$(reaches)"
idle 'no action, dns before' 'dns files v6guard' 'lacks [!UNAVAIL=return]' "$right dns files" 'dns files'
printf 'hosts: files dns\n' >"$etc/nsswitch.conf"
policy strip-aaaa 'keep-last = no'
idle 'no action' 'files v6guard dns' 'lacks [!UNAVAIL=return]' "files $right dns" 'files dns' v6only
idle 'another action' 'files v6guard [NOTFOUND=continue] dns' 'lacks [!UNAVAIL=return]' "files $right dns" 'files dns' v6only

# Fedora's and Arch's lines, with resolved answering before us.
mkdir -p "$etc/systemd" "$LAB_DIR/blackhole/run/systemd"
printf '%s\n' '[Resolve]' "DNS=$DNS4" "Domains=$LAB_DOMAIN" 'DNSStubListener=no' 'LLMNR=no' \
	'MulticastDNS=no' 'DNSSEC=no' >"$etc/systemd/resolved.conf"
if lab_resolved blackhole test -S "$LAB_DIR/blackhole/run/systemd/resolve/io.systemd.Resolve"; then
	printf 'hosts: files dns\n' >"$etc/nsswitch.conf"
	policy prefer-ipv4
	idle 'resolve before' "resolve [!UNAVAIL=return] files $right dns" 'has resolve before v6guard' \
		"$right resolve [!UNAVAIL=return] files dns" 'resolve [!UNAVAIL=return] files dns'
	idle 'between both' "files myhostname resolve [!UNAVAIL=return] $right dns" 'has resolve before v6guard' \
		"files myhostname $right resolve [!UNAVAIL=return] dns" 'files myhostname resolve [!UNAVAIL=return] dns'
else
	skip 'resolve before v6guard' "$why"
fi

# nscd answers for all programs, from a cache of its own: it must not go on with what it knew.
printf 'hosts: files dns\n' >"$etc/nsswitch.conf"
policy prefer-ipv4
if lab_nscd blackhole; then
	nscd=$!
	check 'nscd: both addresses, from its cache' "$both" "$(addresses >/dev/null; addresses)"
	printf 'hosts: files dns v6guard\n' >"$etc/nsswitch.conf"
	cli 0 'nscd: enable' enable --verify dual
	check 'nscd: at once' '198.51.100.1 ' "$(addresses)"
	cli 0 'nscd: disable' disable
	check 'nscd: plain at once' "$both" "$(addresses)"
	kill "$nscd" && wait "$nscd" 2>/dev/null
else
	skip 'nscd' 'not to be had here'
fi

# ---- the vendor's files, in /usr/etc --------------------------------------------------
# A libc with openSUSE's patch: the path in its file, and a supervisor that opens it. A module
# that only the vendor's file names shows whether its other databases are still there.
cat >"$LAB_DIR/vend.c" <<-'END'
	#include <errno.h>
	#include <nss.h>
	#include <pwd.h>
	#include <string.h>
	enum nss_status _nss_vend_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t size, int *error)
	{
		static char none[] = "";
		(void)size;
		if (strcmp(name, "vendor")) {
			*error = ENOENT;
			return NSS_STATUS_NOTFOUND;
		}
		*out = (struct passwd){.pw_name = strcpy(buf, name), .pw_passwd = none, .pw_gecos = none, .pw_dir = none, .pw_shell = none};
		return NSS_STATUS_SUCCESS;
	}
END
libc=$(realpath "$(${CC:-gcc} -print-file-name=libc.so.6)")
mkdir -p "$LAB_DIR/usr/etc" "$LAB_DIR$(dirname "$libc")"
{ cat "$libc"; printf '\0/usr/etc/nsswitch.conf\0/usr/etc/gai.conf\0'; } >"$LAB_DIR$libc"
chmod 755 "$LAB_DIR$libc"
case $libc in /usr/*) ;; *) skip 'the files of /usr/etc' 'libc is not below /usr'; lab_done ;; esac
$cc -shared -fPIC -o "$LAB_DIR$(dirname "$libc")/libnss_vend.so.2" "$LAB_DIR/vend.c" || lab_die "cannot compile"
printf '%s\n' '# the vendor says' 'passwd: files vend' 'hosts: files dns' 'networks: files' >"$LAB_DIR/usr/etc/nsswitch.conf"
{
	printf '%s\n' 'label ::1/128 0' 'label ::/0 1' 'label 2002::/16 2' 'label ::/96 3' 'label ::ffff:0:0/96 4' \
		'label fec0::/10 5' 'label fc00::/7 6' 'label 2001:0::/32 7' \
		'precedence ::1/128 50' 'precedence ::/0 40' 'precedence 2002::/16 30' 'precedence ::/96 20' \
		'precedence ::ffff:0:0/96 10' 'precedence 2001:db8:64::/48 5'
} >"$LAB_DIR/usr/etc/gai.conf"
cp "$LAB_DIR/usr/etc/gai.conf" "$LAB_DIR/gai.conf"
rm -f "$etc/nsswitch.conf" "$etc/gai.conf"
on blackhole mount -t overlay lab -o "lowerdir=$LAB_DIR/usr:/usr" /usr 2>"$out" ||
	{ skip 'the files of /usr/etc' "no overlay: $(cat "$out")"; lab_done; }
on blackhole "$LAB_DIR/usretc" true 2>"$out" ||
	{ skip 'the files of /usr/etc' "$(cat "$out")"; lab_done; }
as=("$LAB_DIR/usretc")
before=$(cd "$etc" && find . | sort)
knows() { run getent passwd vendor | cut -d: -f1; }
nothing_new() { check "$1" "$before" "$(cd "$etc" && find . | sort)"; }

policy prefer-ipv4
before=$(cd "$etc" && find . | sort)
check 'libc reads the vendor'\''s file' vendor "$(knows)"
check 'and both addresses' "$both" "$(addresses)"
cli 1 'vendor: status' status
cli 0 'vendor: enable' enable --verify dual
says 'vendor: it says that it made a copy' '/etc/nsswitch.conf: a copy of /usr/etc/nsswitch.conf'
check 'vendor: one line differs' "3c3
< hosts: files dns
---
> hosts: files $right dns" "$(diff "$LAB_DIR/usr/etc/nsswitch.conf" "$etc/nsswitch.conf")"
check 'vendor: it acts' '198.51.100.1 ' "$(addresses)"
check 'vendor: wget comes through' yes "$(reaches)"
check 'vendor: the other databases are as they were' vendor "$(knows)"
cli 0 'vendor: status: all is well' status
cli 0 'vendor: disable' disable
nothing_new 'vendor: the copy is gone'
check 'vendor: plain' "$both" "$(addresses)"
check 'vendor: and its databases' vendor "$(knows)"

# gai.conf: its rows stay in force beside a new one.
as=("$LAB_DIR/usretc" env V6GUARD=off)
check 'gai: the vendor'\''s row demotes' 4 "$(first)"
cli 0 'gai: another row' policy set precedence 2001:db8:65::/48 5
check 'gai: the vendor'\''s still does' 4 "$(first)"
check 'gai: all its lines are there' '' "$(grep -vxFf "$etc/gai.conf" "$LAB_DIR/gai.conf")"
cli 0 'gai: the row goes' policy del precedence 2001:db8:65::/48
nothing_new 'gai: and the copy'
check 'gai: the vendor'\''s still does' 4 "$(first)"
as=()

# The block that v6guardd keeps there.
site=fd12:3456:789a
policy auto '[gai]' 'known-local-ula = yes'
cli 0 'vendor: enable for the daemon' enable
daemon blackhole
on blackhole ip -6 addr add "$site:1::2/64" dev up0 nodad
until_true 12 grep -q 'begin known-local' "$etc/gai.conf"
check 'known-local: a copy with the block' '' "$(grep -vxFf "$etc/gai.conf" "$LAB_DIR/gai.conf" 2>&1)"
on blackhole ip -6 addr del "$site:1::2/64" dev up0
until_true 12 test ! -e "$etc/gai.conf"
check 'known-local: it goes with the block' gone "$(test -e "$etc/gai.conf" || echo gone)"
daemon_stop blackhole
as=("$LAB_DIR/usretc")
cli 0 'vendor: disable' disable
check 'vendor: no file' gone "$(test -e "$etc/nsswitch.conf" || echo gone)"

# As on Debian: a file there that libc does not read is nobody's.
as=()
on blackhole umount -l /usr && mkdir -p "$LAB_DIR/plain/etc" && cp "$LAB_DIR/usr/etc/"* "$LAB_DIR/plain/etc/"
on blackhole mount -t overlay lab -o "lowerdir=$LAB_DIR/plain:/usr" /usr || lab_die 'no overlay'
policy prefer-ipv4
check 'a libc that does not look there' '' "$(knows)"
cli 0 'not read: enable' enable --verify dual
check 'not read: libc'\''s own default, and v6guard' "$(printf 'hosts:\t\tfiles %s dns' "$right")" "$(cat "$etc/nsswitch.conf")"
check 'not read: it acts' '198.51.100.1 ' "$(addresses)"
cli 0 'not read: disable' disable
check 'not read: no file' gone "$(test -e "$etc/nsswitch.conf" || echo gone)"
lab_done
