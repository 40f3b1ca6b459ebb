#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Behind systemd-resolved's stub: the servers of its uplink file, and names that are for one link's
# servers alone, as systemd-networkd writes it down. The real resolved reads the same files, and
# asks the same servers.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy h
# A second link, with a server of its own behind it.
ip link add vpn type veth peer name vpn0 netns "${lab_pid[h]}"
ip addr add 10.99.0.1/24 dev vpn
ip link set vpn up
on h ip addr add 10.99.0.2/24 dev vpn0
on h ip link set vpn0 up
odd=$LAB_DIR/odd
lab_serve odd_dns.py 10.99.0.1 "$odd"
etc=$LAB_DIR/h/etc run=$LAB_DIR/h/run/systemd
links=$run/netif/links
mkdir -p "$links" "$etc/v6guard" "$etc/systemd"
index() { on h ip -o link show "$1" | cut -d: -f1; }
# link NAME LINE...: as networkd, which writes another file and renames it.
link() {
	local file
	file=$links/$(index "$1")
	shift
	printf '%s\n' '# This is private data. Do not parse.' 'ADMIN_STATE=configured' 'OPER_STATE=routable' \
		'CARRIER_STATE=carrier' 'ADDRESS_STATE=routable' 'NETWORK_FILE_DROPINS=""' "$@" 'LLMNR=no' 'MDNS=no' \
		>"$file.new"
	mv "$file.new" "$file"
}
link up0 "DNS=$DNS6" 'DOMAINS=lab.test' 'ROUTE_DOMAINS='
link vpn0 'DNS=10.99.0.1' 'DOMAINS=' 'ROUTE_DOMAINS=odd.test corp.local'

resolved() {
	printf '%s\n' '[Resolve]' 'DNS=' 'FallbackDNS=' 'LLMNR=no' 'MulticastDNS=no' 'DNSSEC=no' >"$etc/systemd/resolved.conf"
	lab_resolved h grep -q "$DNS6" "$run/resolve/resolv.conf"
}
# asked NAME...: which of the two servers each of these is asked at, of SERVER.
asked() {
	local server=$1 name before
	shift
	for name in "$@"; do
		before=$(lab_asked A)
		on h "$python" "$here/ask.py" "$server" "$name" A >/dev/null
		if grep -q "^$name " "$odd/asked"; then echo vpn; elif [ "$(lab_asked A)" -gt "$before" ]; then echo lab; else echo none; fi
	done | paste -sd' '
}
names() { asked "$1" "$2.odd.test" "$2.corp.local" "$2.lab.test" "$2.example.org" "$2.odd.test.example.org"; }
expected='vpn vpn lab lab lab'
if resolved; then
	check 'the real systemd-resolved' "$expected" "$(names 127.0.0.53 resolved)"
	check 'in its uplink file is who is asked for other names' "nameserver $DNS6" "$(grep ^nameserver "$run/resolve/resolv.conf")"
else
	skip 'the real systemd-resolved' "$why"
	mkdir -p "$run/resolve"
	printf 'nameserver %s\n' "$DNS6" >"$run/resolve/resolv.conf"
fi

printf 'nameserver 127.0.0.53\n' >"$etc/resolv.conf"
printf '%s\n' '[resolver]' 'enable = yes' '[nat64]' 'mode = off' >"$etc/v6guard/v6guard.conf"
daemon h
check "the first status knows the names of links" 1 "$(on h v6guard resolver status | grep -c ^forwards)"
check 'v6guardd, by the same files' "$expected" "$(names 127.0.0.64 ours)"
check 'status says so' "corp.local.: 10.99.0.1:53 (link)
lab.test.: [$DNS6]:53 (link)
odd.test.: 10.99.0.1:53 (link)" "$(on h v6guard resolver status | grep -A2 ^forwards | sed 's/^forwards//; s/^ *//' | sort)"
check 'an answer of the link' 'NOERROR; A 198.51.100.1' "$(on h "$python" "$here/ask.py" 127.0.0.64 x.odd.test A)"

# Within a second of the change.
soon() { sleep 0.5; }
link vpn0 'DNS=10.99.0.1' 'DOMAINS=' 'ROUTE_DOMAINS=example.org'
soon
check 'other names' 'lab none lab vpn vpn' "$(names 127.0.0.64 other)"
link vpn0 'DNS=10.99.0.1' 'DOMAINS=' 'ROUTE_DOMAINS=.'
soon
check 'all names that are no other link'"'"'s' 'vpn none lab vpn vpn' "$(names 127.0.0.64 all)"
link vpn0 'DNS=127.0.0.64 127.0.0.53 nonsense' 'DOMAINS=' 'ROUTE_DOMAINS=odd.test'
soon
check 'no server that is one: as if it were not there' NXDOMAIN "$(on h "$python" "$here/ask.py" 127.0.0.64 none.odd.test A)"
link vpn0 'DNS=10.99.0.1' 'DOMAINS=' 'ROUTE_DOMAINS=odd.test'
chmod g+w "$links/$(index vpn0)"
soon
check 'a file that others than its owner may write is not read' NXDOMAIN "$(on h "$python" "$here/ask.py" 127.0.0.64 open.odd.test A)"
rm "$links/$(index vpn0)"
link vpn0 'DNS=10.99.0.1' 'DOMAINS=' 'ROUTE_DOMAINS=odd.test'
soon
check 'back' 'NOERROR; A 198.51.100.1' "$(on h "$python" "$here/ask.py" 127.0.0.64 back.odd.test A)"
rm "$links/$(index vpn0)"
soon
check 'the link is gone, and its names are as others' NXDOMAIN "$(on h "$python" "$here/ask.py" 127.0.0.64 gone.odd.test A)"
check 'what it answered before is forgotten' NXDOMAIN "$(on h "$python" "$here/ask.py" 127.0.0.64 back.odd.test A)"
check 'and nothing else' 0 "$(asked=$(lab_asked A); on h "$python" "$here/ask.py" 127.0.0.64 ours.lab.test A >/dev/null; echo $(($(lab_asked A) - asked)))"
daemon_stop h
check 'nothing was said' '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
lab_done
