#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What operators of other resolvers look for: why an answer is as it is, names of addresses, counters,
# AD of a validating resolver on loopback (dnssec = trust), rebinding; and systemd-resolved in front
# that validates itself (DNSSEC=yes).
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
for tool in keymgr dig unbound; do
	lab_tool $tool >/dev/null || lab_refuse "no $tool"
done
dir=$LAB_DIR/operate
mkdir -p "$dir/run"
server=2001:db8:53::55
ip -6 addr add $server/128 dev lo nodad
zone() { printf '%s\n' "\$ORIGIN $1." '$TTL 300' "@ SOA ns.sec. h.sec. 1 7200 3600 1209600 120" '@ NS ns.sec.'; }
{
	zone sec
	printf '%s\n' "ns AAAA $server" 'aonly A 198.51.100.1' 'dual A 198.51.100.1' 'dual AAAA 2001:db8:64::1' \
		'alias CNAME dual' 'away CNAME aonly.plain.'
} >"$dir/run/sec.zone"
{
	zone plain
	printf '%s\n' 'aonly A 198.51.100.1' 'dual A 198.51.100.1' 'dual AAAA 2001:db8:64::1' 'near A 192.168.1.1' \
		'near A 198.51.100.1' 'nas A 192.168.1.2' 'here A 127.0.0.1'
} >"$dir/run/plain.zone"
{
	zone 100.51.198.in-addr.arpa
	echo '1 PTR aonly.plain.'
} >"$dir/run/arpa.zone"
{
	lab_knot_head "$dir/run" $server@53
	printf '%s\n' 'template:' '  - id: default' "    storage: \"$dir/run\"" '    journal-content: none' \
		'    zonefile-sync: -1' '    zonefile-load: whole' 'zone:' '  - domain: sec.' '    file: sec.zone' \
		'    dnssec-signing: on' '  - domain: plain.' '    file: plain.zone' '  - domain: 100.51.198.in-addr.arpa.' \
		'    file: arpa.zone'
} >"$dir/run/knot.conf"
knotd -c "$dir/run/knot.conf" >"$dir/run/log" 2>&1 &
signed() { dig +short +dnssec @$server sec. SOA | grep -q 'SOA 1'; }
until_true 15 signed || lab_die "knot did not sign: $(tail -n 3 "$dir/run/log")"
"$(lab_tool keymgr)" -c "$dir/run/knot.conf" sec. ds 2>/dev/null | sed 's/^sec\. /sec. 3600 IN /' >"$dir/anchor"

lab_host v6only-noroute4 six
chmod a+rx "$LAB_DIR" "$dir" && chmod a+r "$dir/anchor"
etc=$LAB_DIR/six/etc
mkdir -p "$etc/v6guard" "$etc/systemd" "$etc/dnssec-trust-anchors.d" "$LAB_DIR/six/run/systemd"
# conf LINE...: [resolver] and what follows.
conf() {
	printf '%s\n' '[resolver]' 'enable = yes' "$@" >"$etc/v6guard/v6guard.conf"
	on six v6guard -q apply 2>"$LAB_DIR/apply.log"
}
v() { on six v6guard "$@" 2>&1; }
code() { v "$@" >/dev/null; echo $?; }
ask() { on six "$python" "$here/ask.py" 127.0.0.64 "$@"; }
prefix='[nat64]
prefix = 2001:db8:46::/96'
wkp='[nat64]
prefix = 64:ff9b::/96'
conf "upstream = $server" "$prefix"
daemon six

# ---- why ------------------------------------------------------------------------------------

last() { v resolver query "$@" | tail -n 1; }
check "made" 'NOERROR: made for NAT64' "$(last aonly.plain)"
check "native" 'NOERROR: native AAAA exist' "$(last dual.plain)"
check "nobody has it" 'NXDOMAIN: there is no such name, of any type' "$(last nothing.plain)"
check "an address that no translator reaches" \
	'NOERROR: no translator reaches the IPv4 address (loopback, link-local, multicast, reserved)' "$(last here.plain)"
conf "upstream = $server" "$wkp" 'exclude-domains = =aonly.plain'
check "not global" 'NOERROR: the IPv4 address is not global: RFC 6052 3.1, see non-global =' "$(last nas.plain)"
check "it is the daemon that says so: dig as well" 1 \
	"$(on six dig +ednsopt=65464 @127.0.0.64 nas.plain AAAA | grep -c 'OPT=65464.*RFC 6052\|not global: RFC 6052')"
check "and dig without it hears nothing" 0 "$(on six dig @127.0.0.64 nas.plain AAAA | grep -c 65464)"
check "exclude-domains" 'NOERROR: the name is excluded, see exclude-domains =' "$(last aonly.plain)"
conf "upstream = $server" "$prefix" 'exclude-a = 198.51.100.0/24'
check "exclude-a" 'NOERROR: the IPv4 address is excluded, see exclude-a =' "$(last aonly.plain)"
conf "upstream = $server" '[nat64]' 'mode = off'
check "off" 'NOERROR: DNS64 is off: [nat64] mode = off' "$(last aonly.plain)"
check "as JSON" 'NOERROR None DNS64 is off: [nat64] mode = off' \
	"$(v --json resolver query aonly.plain | "$python" -c 'import json, sys; a = json.load(sys.stdin); print(a["rcode"], a["why"], a["reason"])')"

# ---- names of addresses ---------------------------------------------------------------------

conf "upstream = $server" "$prefix"
check "an IPv4 address" '1.100.51.198.in-addr.arpa. 300 PTR aonly.plain.' "$(v resolver query 198.51.100.1 | head -n 1)"
check "-x" '1.100.51.198.in-addr.arpa. PTR aonly.plain.' \
	"$(v resolver query -x 198.51.100.1 | head -n 1 | awk '{ print $1, $3, $4 }')"
check "one in the NAT64 prefix: that of the IPv4 address (RFC 6147 5.3.1)" \
	'1.100.51.198.in-addr.arpa. PTR aonly.plain.; NOERROR: made for NAT64; in a NAT64 prefix: the name of the IPv4 address (RFC 6147 5.3.1)' \
	"$(v resolver query 2001:db8:46::c633:6401 | tail -n 2 | sed '1s/ [0-9]* / /' | paste -sd'|' | sed 's/|/; /')"
check "-x and a name" "v6guard: -x: 'aonly.plain' is no address 3" "$(v resolver query -x aonly.plain) $(code resolver query -x aonly.plain)"
check "an address and another type" 'v6guard: 198.51.100.1 is an address, and has names (PTR) alone 3' \
	"$(v resolver query 198.51.100.1 AAAA) $(code resolver query 198.51.100.1 AAAA)"

# ---- counters -------------------------------------------------------------------------------

daemon_stop six
daemon six
for question in 'aonly.plain A' 'aonly.plain A' 'aonly.plain AAAA' 'nothing.plain MX' '1.100.51.198.in-addr.arpa PTR' 'plain HTTPS'; do
	# shellcheck disable=SC2086
	on six dig +tries=1 @127.0.0.64 $question >/dev/null
done
stats() { v --json resolver stats | "$python" -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
check "by type" '2 1 1 1 1 0' "$(stats '*[s["types"][t] for t in ("A", "AAAA", "MX", "PTR", "HTTPS", "other")]')"
check "by RCODE" '5 1 0' "$(stats '*[s["rcodes"][t] for t in ("NOERROR", "NXDOMAIN", "SERVFAIL")]')"
check "all of them are answers" True "$(stats 's["answers"] == sum(s["types"].values()) == sum(s["rcodes"].values())')"
check "what servers said to AAAA" '1 0 0' "$(stats '*[s["upstream_aaaa"][t] for t in ("asked", "servfail", "timeouts")]')"
check "latency: of what was not at hand" True \
	"$(stats 's["latency"]["count"] == s["answers"] - s["kept"] - s["local"] == sum(s["latency"]["below_ms"].values())')"
check "each server: answers, and how long they take" 'True True False True' \
	"$(stats '*[(s["servers"]["[2001:db8:53::55]:53"][k]) > 0 for k in ("answers", "ms", "errors", "first")]')"
check "status has the same" '2 6' \
	"$(v --json status | "$python" -c 'import json, sys; r = json.load(sys.stdin)["counters"]["resolver"]; print(r["types"]["A"], r["answers"])')"
check "in text" 'types       A 2 AAAA 1 PTR 1 HTTPS 1 MX 1' "$(v resolver stats | grep ^types)"
check "... a line a server" 1 "$(v resolver stats | grep -c "^servers     \[$server\]:53 answers [1-9].* first$")"

# ---- rebinding ------------------------------------------------------------------------------

conf "upstream = $server" 'rebind = refuse' 'rebind-allow = nas.plain' "$prefix" '[log]' 'events = rebind'
check "a private address beside another one" 'NOERROR; A 198.51.100.1; EDE 17' "$(ask near.plain A)"
check "one that is allowed" 'NOERROR; A 192.168.1.2' "$(ask nas.plain A)"
check "alone, and what would be made of it" 'NOERROR; EDE 17 NOERROR; EDE 17' "$(ask here.plain A) $(ask here.plain AAAA)"
check "query says so" \
	'NOERROR: addresses are left out ([resolver] rebind); private addresses of a public name are left out, see rebind =' "$(last here.plain A)"
check "an event, and a counter" 'near.plain. A 192.168.1.1 True' \
	"$(grep -a '"event": *"rebind"' "$LAB_DIR/six/daemon.log" | head -n 1 | "$python" -c 'import json, sys; e = json.loads(sys.stdin.read()); print(e["name"], e["type"], e["address"])') $(stats 's["rebound"] > 2')"
v -q off >/dev/null
check "v6guard off: it protects all the same, as validation does" 'NOERROR; EDE 17' "$(ask here.plain A)"
v -q on >/dev/null
conf "upstream = $server" "$prefix"
check "the default" 'NOERROR; A 127.0.0.1' "$(ask here.plain A)"

# ---- a validating resolver on loopback --------------------------------------------------------

cat >"$dir/unbound.conf" <<-END
	server:
	  interface: 127.0.0.9@53
	  do-daemonize: no
	  username: ""
	  chroot: ""
	  directory: "$dir"
	  pidfile: "$dir/unbound.pid"
	  use-syslog: no
	  trust-anchor-file: "$dir/anchor"
	  module-config: "validator iterator"
	  do-not-query-localhost: no
	stub-zone:
	  name: sec.
	  stub-addr: $server
	stub-zone:
	  name: plain.
	  stub-addr: $server
	remote-control:
	  control-enable: no
END
on six "$(lab_tool unbound)" -c "$dir/unbound.conf" >"$dir/unbound.log" 2>&1 &
ad_there() { on six dig +dnssec @127.0.0.9 dual.sec AAAA | grep -q 'flags:.* ad'; }
until_true 10 ad_there || lab_die "unbound does not validate: $(tail -n 3 "$dir/unbound.log")"
# ad DIGOPTION... NAME TYPE: the flags AD and the RCODE.
ad() { on six dig +tries=1 @127.0.0.64 "$@" | awk '/status:/ { sub(",", "", $6); s = $6 } /flags:.*QUERY/ { a = $0 ~ / ad[; ]/ ? "ad" : "-" } END { print s, a }'; }
conf 'upstream = 127.0.0.9' 'dnssec = trust' "$prefix"
check "status: whose AD is passed on" 'trusts      127.0.0.9:53' "$(v resolver status | grep ^trusts)"
check "DO" 'NOERROR ad' "$(ad +noadflag +dnssec dual.sec AAAA)"
check "AD in the question" 'NOERROR ad' "$(ad +adflag dual.sec AAAA)"
check "neither: nothing is said (RFC 6840 5.8)" 'NOERROR -' "$(ad +noadflag dual.sec AAAA)"
check "again, out of the cache" 'NOERROR ad' "$(ad +noadflag +dnssec dual.sec AAAA)"
check "first without, then with DO: what libunbound kept" 'NOERROR - NOERROR ad' \
	"$(ad +noadflag alias.sec A) $(ad +noadflag +dnssec alias.sec A)"
check "CD: what is not validated is not said to be" 'NOERROR -' "$(ad +cdflag +dnssec dual.sec AAAA)"
check "no such name" 'NXDOMAIN ad' "$(ad +dnssec nothing.sec A)"
check "a zone without signatures" 'NOERROR -' "$(ad +dnssec dual.plain AAAA)"
check "a chain that leads out of the signed tree" 'NOERROR -' "$(ad +dnssec away.sec A)"
check "made: never" 'NOERROR - NOERROR -' "$(ad +dnssec aonly.sec AAAA) $(ad +adflag aonly.sec AAAA)"
check "resolver query shows it" 'NOERROR, authentic (AD): native AAAA exist' "$(last dual.sec)"
conf 'upstream = 127.0.0.9' "$prefix"
check "process: as ever" 'NOERROR -' "$(ad +dnssec dual.sec AAAA)"
conf "upstream = $server" "$prefix" '[forward sec]' 'zones = sec' 'upstream = 127.0.0.9' 'dnssec = trust'
check "for a zone of [forward]" 'NOERROR ad NOERROR -' "$(ad +dnssec dual.sec AAAA) $(ad +dnssec dual.plain AAAA)"
conf "upstream = $server" 'dnssec = trust'
check "a server elsewhere is refused, with file and line" 1 \
	"$(grep -c "/etc/v6guard/v6guard.conf:4: .resolver. dnssec: trust: $server is not on loopback" "$LAB_DIR/apply.log")"
printf 'nameserver %s\n' $server >"$etc/resolv.conf"
conf 'upstream = resolv.conf' 'dnssec = trust'
sleep 1.2
check "one that resolv.conf names: its AD is not passed on" 'NOERROR -' "$(ad +dnssec dual.sec AAAA)"
check "... and status says so" 'trusts      nobody: AD is passed on of servers on loopback alone' "$(v resolver status | grep ^trusts)"

# ---- systemd-resolved in front, which validates ------------------------------------------------

conf "upstream = $server" "$prefix"
sed 's/ 3600 IN / IN /' "$dir/anchor" | grep ' DS .* 2 ' >"$etc/dnssec-trust-anchors.d/sec.positive"
echo plain >"$etc/dnssec-trust-anchors.d/plain.negative"
resolved() { on six "$python" "$here/ask.py" 127.0.0.53 "$@"; }
answers() { resolved dual.plain AAAA | grep -q 2001:db8:64::1; }
# resolved_with WORD: it runs with DNSSEC=WORD.
resolved_with() {
	printf '%s\n' '[Resolve]' 'DNS=127.0.0.64' 'FallbackDNS=' 'Domains=~.' 'LLMNR=no' 'MulticastDNS=no' \
		"DNSSEC=$1" >"$etc/systemd/resolved.conf"
	lab_resolved six answers && resolved_pid=$!
}
# It is the child of what was put into the background.
resolved_stop() {
	kill "$(ps -o pid= --ppid "$resolved_pid" | tr -d ' ')"
	wait "$resolved_pid" 2>/dev/null
}
if resolved_with yes; then
	made='AAAA 2001:db8:46::c633:6401'
	check "resolved: signed, own AAAA" 'NOERROR AD; AAAA 2001:db8:64::1' "$(resolved dual.sec AAAA ad)"
	check "resolved asks with DO and CD, and nothing is made: signed or not" 'NOERROR; NOERROR' \
		"$(resolved aonly.plain AAAA); $(resolved aonly.sec AAAA)"
	check "... which others get" "NOERROR; $made; EDE 29" "$(ask aonly.plain AAAA)"
	resolved_stop
	resolved_with allow-downgrade || bad "resolved: DNSSEC=allow-downgrade" "$why"
	check "resolved with allow-downgrade: the same" NOERROR "$(resolved aonly.plain AAAA)"
	resolved_stop
	resolved_with no || bad "resolved: DNSSEC=no" "$why"
	check "resolved with DNSSEC=no: made as for others" "NOERROR; $made; NOERROR; $made" \
		"$(resolved aonly.plain AAAA | sed 's/; EDE.*//'); $(resolved aonly.sec AAAA | sed 's/; EDE.*//')"
	resolved_stop
else
	skip 'systemd-resolved in front, DNSSEC=yes' "$why"
fi
daemon_stop six
lab_done
