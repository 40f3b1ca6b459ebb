#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Large configurations of the resolver, in files of their own, and what is wrong with one: from the
# steward's reading to the worker's answers. Servers that are link-local, and a resolv.conf as people
# write it.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
ip -6 addr add 2001:db8:53::55/128 dev lo nodad
lab_serve odd_dns.py 2001:db8:53::54 "$LAB_DIR/zones"
lab_serve odd_dns.py 2001:db8:53::55 "$LAB_DIR/others"
lab_host v6only-noroute4 six
etc=$LAB_DIR/six/etc/v6guard
conf=$etc/v6guard.conf
mkdir -p "$etc"
v() { on six v6guard "$@" 2>&1; }
asked() { on six "$python" "$here/ask.py" "$@"; }
# configure LINE...: [resolver] with these, and what `apply` says of it.
configure() {
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "$@" >"$conf"
	v -q apply | sed "s|$etc/||"
}
# by NAME [TYPE]: who was asked for it.
by() {
	: >"$LAB_DIR/zones/asked"
	: >"$LAB_DIR/others/asked"
	asked 127.0.0.64 "$1" "${2:-A}" >/dev/null
	grep -qi "$3" "$LAB_DIR/zones/asked" && echo zones
	grep -qi "$3" "$LAB_DIR/others/asked" && echo others
	:
}
printf '%s\n' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::55' >"$conf"
daemon six

# ---- zones --------------------------------------------------------------------------------

for ((i = 0; i < 1000; i++)); do echo "z$i.test"; done >"$etc/zones"
more=('[forward many]' 'zones-file = zones' 'upstream = 2001:db8:53::54')
check "1000 zones in a file" '' "$(configure 'upstream = 2001:db8:53::55' "${more[@]}")"
check "the first, the last, and none of them" 'zones zones others' \
	"$(by a.z0.test A z0.test) $(by b.z999.test A z999.test) $(by a.z1000.test A z1000.test)"
check "status has them all" 1000 "$(v --json resolver status | grep -o '"zone"' | wc -l)"
echo z1000.test >>"$etc/zones"
check "one more is refused, with its line" \
	'v6guard: v6guardd: /etc/v6guard/zones:1001: [forward many] zones-file: at most 1000 zones in all [forward] sections' \
	"$(configure 'upstream = 2001:db8:53::55' "${more[@]}" | sed 's/^v6guard: v6guardd[^:]*: /v6guard: v6guardd: /' | grep zones:)"
check "and those before hold" 'zones' "$(by c.z999.test A z999.test)"
check "a server for each private reverse zone" 'zones zones zones others' \
	"$(configure 'upstream = 2001:db8:53::55' '[forward own]' 'zones = rfc1918' 'upstream = 2001:db8:53::54')$(
		by 10.1.2.3 PTR 10.in-addr.arpa) $(by 172.31.255.1 PTR 31.172.in-addr.arpa) $(
		by 192.168.1.1 PTR 168.192.in-addr.arpa) $(by 172.32.0.1 PTR 32.172.in-addr.arpa)"

check "in capitals as well, as names are" '18 zones' \
	"$(configure 'upstream = 2001:db8:53::55' '[forward own]' 'zones = RFC1918' 'upstream = 2001:db8:53::54'
		v --json resolver status | grep -o '"zone"' | wc -l) $(by 10.1.2.4 PTR 10.in-addr.arpa)"
check "the root, where unbound has it: where that stands here" \
	'v6guard: /etc/v6guard/v6guard.conf:6:9: zones cannot contain ".": servers for all other names are upstream of [resolver]' \
	"$(configure '[forward all]' 'zones = .' 'upstream = 2001:db8:53::54')"

echo . >"$etc/all"
check "in a file as well" 'v6guard: /etc/v6guard/all:1:1: "." is not a name: servers for all other names are upstream of [resolver]' \
	"$(printf '%s\n' '[resolver]' 'enable = yes' '[forward all]' 'zones-file = all' 'upstream = 2001:db8:53::54' >"$conf"; v -q apply)"

# ---- patterns -----------------------------------------------------------------------------

for ((i = 0; i < 10000; i++)); do echo "d$i.test"; done >"$etc/patterns"
nat64=('[nat64]' 'mode = on' 'prefix = 2001:db8:64::/96' 'exclude-domains-file = patterns')
check "10000 patterns in a file" '' "$(configure 'upstream = 2001:db8:53::55' "${nat64[@]}")"
check "what they are about is left alone, and nothing else" \
	'NOERROR NOERROR NOERROR; AAAA 2001:db8:64::c633:6401; EDE 29' \
	"$(asked 127.0.0.64 w.d0.test AAAA) $(asked 127.0.0.64 d9999.test AAAA) $(asked 127.0.0.64 d10000.test AAAA)"

# ---- listeners ----------------------------------------------------------------------------

listen=$(for ((i = 1; i <= 1000; i++)); do echo "127.9.$((i % 4)).$((i / 4 + 1)):53"; done | paste -sd ' ' | fold -s -w 150 | sed 's/^/  /')
check "1000 addresses to listen on" 1000 \
	"$(configure 'upstream = 2001:db8:53::55' 'listen =' "$listen"; v --json resolver status | grep -o '"127.9.[0-9.]*:53"' | wc -l)"
check "each answers" 'NOERROR; A 198.51.100.1 NOERROR; A 198.51.100.1' \
	"$(asked 127.9.1.1 a.test A) $(asked 127.9.0.251 a.test A tcp)"
check "and is closed again" '127.0.0.64:53 [::1]:53 no: [Errno 111] Connection refused' \
	"$(configure 'upstream = 2001:db8:53::55'; v resolver status | sed -n 's/^listens on  //p') $(asked 127.9.0.251 a.test A)"

# ---- servers ------------------------------------------------------------------------------

on six ip link add ll0 type veth peer name ll1
on six ip link set ll1 up
on six ip link set ll0 up
on six ip -6 addr add fe80::99/64 dev ll0 nodad
mkdir -p "$LAB_DIR/local"
on six "$python" "$here/odd_dns.py" fe80::99%ll0 "$LAB_DIR/local" >"$LAB_DIR/local/log" 2>&1 &
until_true 5 test -e "$LAB_DIR/local/ready" || lab_die "$(cat "$LAB_DIR/local/log")"
check "a link-local server is asked on its interface" 'NOERROR; A 198.51.100.1' \
	"$(configure 'upstream = fe80::99%ll0')$(asked 127.0.0.64 link.test A)"
check "and its zones' as well" 'NOERROR; A 198.51.100.1' \
	"$(configure 'upstream = 2001:db8:53::55' '[forward l]' 'zones = l.test' 'upstream = fe80::99%ll0')$(asked 127.0.0.64 a.l.test A)"
check "without an interface it is an error" \
	'/etc/v6guard/v6guard.conf:5:12: upstream cannot contain "fe80::99": a link-local address needs its interface, as in fe80::1%eth0 (RFC 4007 11)' \
	"$(configure 'upstream = fe80::99' | sed 's/^v6guard: //' | head -n 1)"
check "and the one before holds" 'NOERROR; A 198.51.100.1' "$(asked 127.0.0.64 b.l.test A)"
check "nor can it be listened on without one" \
	'v6guard: /etc/v6guard/v6guard.conf:5:10: listen cannot contain "[fe80::99]:53": a link-local address needs its interface, as in fe80::1%eth0 (RFC 4007 11)' \
	"$(configure 'listen = [fe80::99]:53')"
check "a port as dnsmasq has it: how it is written here" \
	'v6guard: /etc/v6guard/v6guard.conf:5:12: upstream cannot contain "127.0.0.1#5353": the port stands behind an '"'@': ADDRESS@PORT" \
	"$(configure 'upstream = 127.0.0.1#5353')"
printf '%s\n' 'nameserver 192.0.2.1\r' 'nameserver 127.1#53' ' nameserver 192.0.2.2' 'nameserver 0x7f.1 ; local' \
	'nameserver fe80::99%ll0' 'nameserver 0' 'nameserver 192.0.2.4' | sed 's/\\r/\r/' | on six tee /etc/resolv.conf >/dev/null
check "resolv.conf as libc reads it: three servers, in its forms" '127.0.0.1:53 [fe80::99%N]:53' \
	"$(configure 'upstream = resolv.conf'; v resolver status | sed -n 's/^asks  *//p' | sed 's/%[0-9]*/%N/')"
daemon_stop six
lab_done
