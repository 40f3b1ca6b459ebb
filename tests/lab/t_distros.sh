#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The hosts lines that distributions ship, with the very modules they name: enabling v6guard
# in mode auto changes no answer and no exit code; prefer-ipv4 takes AAAA away and nothing
# else; disabling restores the file byte for byte. Where v6guard stands behind all of them,
# enabling puts it right.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy
etc=$LAB_DIR/healthy/etc

names='localhost labbox labbox.lab.test filed dual v4only v6only www many nodata nxdomain
	nxdomain.lab.test dual.lab.test unicast.local dual.local nxdomain.local _gateway _outbound
	localhost.localdomain foo.localhost no.such.top
	198.51.100.1 198.51.100.9 2001:db8:64::3 2001:db8:64::9 127.0.0.1 127.0.1.1 ::1 10.64.1.2'

# One line an address, with its database, and the exit code of each.
# shellcheck disable=SC2086
answers() {
	on healthy sh -c '
		for name in "$@"; do
			for db in hosts ahosts ahostsv4 ahostsv6; do
				found=$(timeout 10 getent $db "$name"); status=$?
				echo "$found" | sed "s/^/$name $db: /"; echo "$name $db = $status"
			done
		done' - $names
	on healthy "$python" -c '
import socket as s, sys
for name in sys.argv[1:]:
	for what, call in (("byname", s.gethostbyname_ex), ("byaddr", s.gethostbyaddr), ("fqdn", s.getfqdn)):
		try:
			print(name, what, call(name))
		except OSError as error:
			print(name, what, error)
	for family in (0, s.AF_INET, s.AF_INET6):
		for flags in (0, s.AI_CANONNAME):
			try:
				print(name, family, flags, [(a[3], a[4][0]) for a in s.getaddrinfo(name, 0, family, s.SOCK_STREAM, 0, flags)])
			except OSError as error:
				print(name, family, flags, error)' $names
}

# What prefer-ipv4 is to make of the ahosts lines of stdin: no IPv6 where the name has IPv4
# and comes from DNS.
without_aaaa() {
	awk '{ line[NR] = $0; name[NR] = $1; six[NR] = $3 ~ /:/; if ($3 ~ /\./ && $3 !~ /:/) four[$1] = 1 }
		END { for (i = 1; i <= NR; i++) if (!(six[i] && four[name[i]])) print line[i] }'
}

# Addresses of AF_UNSPEC lookups of the names that only DNS knows. With the AAAA the first
# node may go, and with it the place where getent prints the canonical name.
from_dns() { grep -E '^(dual|v4only|v6only|www|many|nodata|nxdomain|dual.lab.test|dual.local) ahosts(:| =)' | awk '{ print $1, $2, $3, $4 }'; }

has() {
	local file
	for file in {"$DEPS",}{/usr,}/lib/*-linux-gnu*/libnss_"$1".so.2; do
		[ ! -e "$file" ] || return 0
	done
	return 1
}

exempt='^(localhost|labbox|labbox.lab.test|foo.localhost|[0-9.]+|[0-9a-f:]*:[0-9a-f:]*) '
own_and_files='^(localhost|labbox|labbox.lab.test|foo.localhost|filed|[0-9.]+|[0-9a-f:]*:[0-9a-f:]*) '

# distro NAME HOSTS-LINE: with a whole file around it, as shipped.
distro() {
	local title=$1 hosts=$2 module before
	for module in $(echo "$hosts" | sed 's/\[[^]]*\]//g'); do
		has "$module" || case $module in files | dns) ;; *)
			skip "$title" "no module libnss_$module.so.2 (./quickstart test brings it)"
			return ;;
		esac
	done
	{
		printf '# /etc/nsswitch.conf\n#\n# %s\n\n' "$title"
		printf 'passwd:         files\ngroup:          files\nshadow:         files\n\n'
		printf 'hosts:          %s\n' "$hosts"
		printf 'networks:       files\n\nprotocols:      db files\nservices:       db files\nnetgroup:       nis\n'
	} >"$etc/nsswitch.conf"
	cp "$etc/nsswitch.conf" "$LAB_DIR/before.conf"
	before=$(answers)
	guard healthy auto || return
	check "$title: the two tokens, and nothing else" \
		"$(sed '/^hosts:/s/ \(resolve\|dns\)/ v6guard [!UNAVAIL=return] \1/' "$LAB_DIR/before.conf")" \
		"$(cat "$etc/nsswitch.conf")"
	check "$title: auto: every answer as before" "$before" "$(answers)"
	guard healthy prefer-ipv4 &&
		check "$title: prefer-ipv4: as before, less the AAAA" \
			"$(echo "$before" | from_dns | without_aaaa)" "$(answers | from_dns)"
	# Arch asks resolve before files: what /etc/hosts says is then behind v6guard as well.
	case $hosts in *resolve*files*) own=$exempt ;; *) own=$own_and_files ;; esac
	check "$title: prefer-ipv4: own names, literals, reverse as before" \
		"$(echo "$before" | grep -E "$own")" "$(answers | grep -E "$own")"
	on healthy v6guard -q nss disable >"$LAB_DIR/out" 2>&1 || bad "$title: nss disable" "$(cat "$LAB_DIR/out")"
	if cmp -s "$LAB_DIR/before.conf" "$etc/nsswitch.conf"; then
		ok "$title: nss disable restores the file byte for byte"
	else
		bad "$title: nss disable restores the file" "$(diff "$LAB_DIR/before.conf" "$etc/nsswitch.conf")"
	fi
	sed -i '/^hosts:/s/$/ v6guard/' "$etc/nsswitch.conf"
	on healthy v6guard -q nss enable --verify dual >"$LAB_DIR/out" 2>&1 || bad "$title: put right" "$(cat "$LAB_DIR/out")"
	check "$title: v6guard behind all is put right" \
		"$(sed '/^hosts:/s/ \(resolve\|dns\)/ v6guard [!UNAVAIL=return] \1/' "$LAB_DIR/before.conf")" \
		"$(cat "$etc/nsswitch.conf")"
	on healthy v6guard -q nss disable >"$LAB_DIR/out" 2>&1 || bad "$title: nss disable" "$(cat "$LAB_DIR/out")"
	check "$title: and goes without a trace" '' "$(cmp "$LAB_DIR/before.conf" "$etc/nsswitch.conf" 2>&1)"
}
debian13='files myhostname resolve [!UNAVAIL=return] dns'
ubuntu_resolve='files mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns mymachines'
fedora='files myhostname mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns'
arch='mymachines resolve [!UNAVAIL=return] files myhostname dns'

distro 'Debian 12, server' 'files dns'
distro 'Debian 12, desktop' 'files mdns4_minimal [NOTFOUND=return] dns myhostname'
distro 'RHEL 9' 'files dns myhostname'
distro 'Ubuntu 24.04' 'files mdns4_minimal [NOTFOUND=return] dns'
with_resolve() {
	distro "Debian 13$1" "$debian13"
	distro "Ubuntu 24.04, libnss-resolve$1" "$ubuntu_resolve"
	distro "Fedora$1" "$fedora"
	distro "Arch$1" "$arch"
}
with_resolve ', resolved not running'

# The real resolved, with the lab's DNS server as its only source.
resolved() {
	mkdir -p "$etc/systemd" "$LAB_DIR/healthy/run/systemd"
	printf '%s\n' '[Resolve]' "DNS=$DNS4" "Domains=$LAB_DOMAIN" 'DNSStubListener=no' 'LLMNR=no' \
		'MulticastDNS=no' 'DNSSEC=no' >"$etc/systemd/resolved.conf"
	lab_resolved healthy test -S "$LAB_DIR/healthy/run/systemd/resolve/io.systemd.Resolve"
}
if resolved; then
	# Its answers come in random order, so only names with one address of a family compare.
	names=$(echo "$names" | sed 's/ many / /')
	printf 'hosts: resolve\n' >"$etc/nsswitch.conf"
	check 'resolved answers' '2001:db8:64::1 ' \
		"$(on healthy getent ahosts v6only | awk '$2 == "STREAM" { printf "%s ", $1 }')"
	with_resolve ', resolved running'
	# myhostname has the own name to itself when /etc/hosts does not know it.
	sed -i '/labbox/d' "$etc/hosts"
	sleep 2.5 # resolved looks at /etc/hosts every 2 s
	distro 'Fedora, own name not in /etc/hosts' "$fedora"
	distro 'Arch, own name not in /etc/hosts' "$arch"
else
	skip 'with systemd-resolved running' "$why"
fi
lab_done
