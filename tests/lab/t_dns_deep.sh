#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door from the root on: a signed root with the root servers' own addresses, a signed
# tld., and zones below it that are good, tampered with, over their time, unsigned, or private;
# asked by the resolver itself (upstream = recursive) and through unbound, with dig and delv.
# alone: what fails at once
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
for tool in keymgr unbound dig delv openssl; do
	lab_tool $tool >/dev/null || lab_refuse "no $tool"
done
dir=$LAB_DIR/deep
mkdir -p "$dir/sign" "$dir/serve" "$dir/unbound"

# ---- who is where --------------------------------------------------------------------------

# As in every root hints file.
roots='198.41.0.4 199.9.14.201 170.247.170.2 192.33.4.12 199.7.91.13 192.203.230.10 192.5.5.241 192.112.36.4
	198.97.190.53 192.36.148.17 192.58.128.30 193.0.14.129 199.7.83.42 202.12.27.33
	2001:503:ba3e::2:30 2001:500:200::b 2801:1b8:10::b 2001:500:2::c 2001:500:2d::d 2001:500:a8::e 2001:500:2f::f
	2001:500:12::d0d 2001:500:1::53 2001:7fe::53 2001:503:c27::2:30 2001:7fd::1 2001:500:9f::42 2001:dc3::35'
tlds='203.0.113.201 2001:db8:53::61'
zones='203.0.113.202 2001:db8:53::62'
corp=2001:db8:53::63
resolver6=2001:db8:53::64
for address in $roots $tlds $zones $corp $resolver6; do
	case $address in
	*:*) echo "addr add $address/128 dev lo" ;;
	*) echo "addr add $address/32 dev lo" ;;
	esac
done | ip -batch - || lab_die "cannot set addresses"

soa='SOA ns.tld. h.tld. 1 7200 3600 1209600 120'
zone_head() { printf '%s\n' "\$ORIGIN $1" '$TTL 300' "@ $soa"; }
{
	zone_head .
	printf '@ NS %s.root-servers.net.\n' a b
	printf '%s\n' 'a.root-servers.net. A 198.41.0.4' 'a.root-servers.net. AAAA 2001:503:ba3e::2:30' \
		'b.root-servers.net. A 192.33.4.12' 'b.root-servers.net. AAAA 2001:500:2::c' \
		'tld. NS ns.tld.' 'ns.tld. A 203.0.113.201' 'ns.tld. AAAA 2001:db8:53::61'
} >"$dir/sign/root.zone"
{
	zone_head tld.
	printf '%s\n' '@ NS ns' 'ns A 203.0.113.201' 'ns AAAA 2001:db8:53::61' \
		'ns2 A 203.0.113.202' 'ns2 AAAA 2001:db8:53::62'
	printf '%s NS ns2\n' good bad old plain
} >"$dir/sign/tld.zone"
for name in good bad old plain; do
	zone_head "$name.tld." >"$dir/sign/$name.tld.zone"
	printf '%s\n' '@ NS ns2.tld.' 'aonly A 198.51.100.1' 'dual A 198.51.100.1' 'dual AAAA 2001:db8:64::1' \
		'bada A 198.51.100.3' 'badaaaa A 198.51.100.4' 'chain CNAME aonly' 'away CNAME aonly.plain.tld.' 'inward CNAME aonly.corp.' \
		'zlast A 198.51.100.5' >>"$dir/sign/$name.tld.zone"
done
{
	zone_head corp.
	printf '%s\n' '@ NS ns.corp.' 'ns AAAA 2001:db8:53::63' 'aonly A 198.51.100.1' 'dual A 198.51.100.1' \
		'dual AAAA 2001:db8:64::1' 'out CNAME aonly.good.tld.' 'outbad CNAME bada.bad.tld.'
} >"$dir/sign/corp.zone"
{
	zone_head island.
	printf '%s\n' '@ NS ns.corp.' 'aonly A 198.51.100.1'
} >"$dir/sign/island.zone"

# ---- signing -------------------------------------------------------------------------------

# knot_conf NAME SIGNING ZONE... , with addresses on stdin: what serves these zones.
knot_conf() {
	local name=$1 signing=$2 zone
	mkdir -p "$dir/$name"
	shift 2
	lab_knot_head "$dir/$name" "$(sed 's/[[:space:]]\+/\n/g' | sed '/^$/d; s/$/@53/' | paste -sd,)"
	cat <<-END
		template:
		  - id: default
		    storage: "$dir/$name"
		    journal-content: none
		    zonefile-sync: -1
		    zonefile-load: whole
		zone:
	END
	for zone in "$@"; do
		printf '  - domain: %s\n    file: %s\n' "$zone." "$zone.zone"
		[ "$signing" = off ] || printf '    dnssec-signing: on\n'
	done | sed 's/domain: root\./domain: ./'
}
knot_up() {
	knotd -c "$dir/$1/knot.conf" >"$dir/$1/log" 2>&1 &
	knot_pid=$!
	until_true 10 knotc -c "$dir/$1/knot.conf" -t 1 status ||
		lab_die "knotd ($1) did not start: $(tail -n 3 "$dir/$1/log")"
}
signer() { knotc -c "$dir/sign/knot.conf" -t 5 "$@"; }
ds_of() { "$(lab_tool keymgr)" -c "$dir/sign/knot.conf" "$1" ds 2>/dev/null | awk '$5 == 2' | head -n 1; }

echo "$resolver6" | knot_conf sign on root tld good.tld bad.tld old.tld island >"$dir/sign/knot.conf"
knot_up sign
is_signed() { signer zone-read "$1" "$1" DNSKEY 2>/dev/null | grep -q DNSKEY; }
# delegate PARENT CHILD...: the DS of each into its parent.
delegate() {
	local parent=$1 child
	shift
	signer zone-begin "$parent" >/dev/null
	for child in "$@"; do
		until_true 10 is_signed "$child" || lab_die "knot did not sign $child: $(tail -n 3 "$dir/sign/log")"
		# shellcheck disable=SC2046
		signer zone-set "$parent" "$child" 300 DS $(ds_of "$child" | cut -d" " -f3-) >/dev/null ||
			lab_die "no DS of $child"
	done
	signer zone-commit "$parent" >/dev/null || lab_die "$parent: $(tail -n 3 "$dir/sign/log")"
}
until_true 10 is_signed . || lab_die "knot did not sign the root: $(tail -n 3 "$dir/sign/log")"
delegate tld. good.tld. bad.tld. old.tld.
delegate . tld.
until_true 10 is_signed island. || lab_die "knot did not sign island.: $(tail -n 3 "$dir/sign/log")"
signer -b -f zone-flush >/dev/null || lab_die "no zone files: $(tail -n 3 "$dir/sign/log")"
ds=$(ds_of . | cut -d' ' -f3-)
kill "$knot_pid" && wait "$knot_pid" 2>/dev/null
echo ". 300 IN DS $ds" >"$dir/anchor"
{ cat "$dir/anchor"; echo "island. 300 IN DS $(ds_of island. | cut -d' ' -f3-)"; } >"$dir/anchor.island"
read -r tag algorithm digest hash <<<"$ds"
printf 'trust-anchors { . initial-ds %s %s %s "%s"; };\n' "$tag" "$algorithm" "$digest" "$hash" >"$dir/anchor.bind"
# The A of bada, and what denies the AAAA of badaaaa.
"$python" - "$dir/sign/bad.tld.zone" <<-'END'
	import sys
	lines, changed = [], 0
	for line in open(sys.argv[1]):
	    words = line.split()
	    if words[2:3] == ["RRSIG"] and (words[0], words[3]) in (("bada.bad.tld.", "A"), ("badaaaa.bad.tld.", "NSEC")):
	        words[-1] = ("B" if words[-1][0] == "A" else "A") + words[-1][1:]
	        line, changed = " ".join(words) + "\n", changed + 1
	    lines.append(line)
	open(sys.argv[1], "w").writelines(lines)
	sys.exit(changed != 2)
END
[ $? -eq 0 ] || lab_die "the zone was not damaged as planned"
# Good signatures whose time was over a week ago: the hour that validators forgive is no matter.
# (Resigned with a day that is to come, they are good: the control.)
resign() { "$python" "$here/resign.py" "$dir/sign/old.tld.zone" "$dir/sign/keys" "$@" || lab_die "it could not be signed anew"; }
resign dual.old.tld. A 198.51.100.1 7
resign dual.old.tld. AAAA 2001:db8:64::1 7
resign aonly.old.tld. A 198.51.100.1 7
resign zlast.old.tld. A 198.51.100.5 -7

# ---- serving -------------------------------------------------------------------------------

# serve NAME ADDRESSES ZONE...
serve() {
	local name=$1 addresses=$2
	shift 2
	echo "$addresses" | knot_conf "$name" off "$@" >"$dir/$name.conf"
	mv "$dir/$name.conf" "$dir/$name/knot.conf"
	for zone in "$@"; do
		cp "$dir/sign/$zone.zone" "$dir/$name"
	done
	knot_up "$name"
}
serve roots "$roots" root
serve tlds "$tlds" tld
serve zones "$zones" good.tld bad.tld old.tld plain.tld
serve corp "$corp" corp island

# ---- the hosts -----------------------------------------------------------------------------

lab_host healthy both
lab_host v4only four
lab_host v6only-noroute4 six
chmod a+rx "$LAB_DIR" "$dir"
for host in both four six; do
	cp "$dir"/anchor* "$LAB_DIR/$host/etc"
	mkdir -p "$LAB_DIR/$host/etc/v6guard"
done
# resolver HOST UPSTREAM LINE...: its configuration, in force if v6guardd runs.
resolver() {
	local host=$1 upstream=$2
	shift 2
	printf '%s\n' '[resolver]' 'enable = yes' "upstream = $upstream" 'trust-anchor = /etc/anchor' "$@" \
		'[nat64]' 'mode = on' 'prefix = 2001:db8:46::/96' >"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
	on "$host" v6guard -q apply 2>"$LAB_DIR/apply.log"
}
ask() { on "$1" "$python" "$here/ask.py" 127.0.0.64 "${@:2}"; }
signatures() { sed 's/RRSIG [^;]*; //g; s/; RRSIG.*//'; }
made='AAAA 2001:db8:46::c633:6401'

# ---- from the root on ----------------------------------------------------------------------

# The host's packets to name servers, counted where they come in.
nft -f - <<-END
	table inet asked {
		counter ipv4 {}
		counter ipv6 {}
		chain in {
			type filter hook input priority 0;
			iifname "${lab_iface[both]}" meta nfproto ipv4 udp dport 53 counter name ipv4
			iifname "${lab_iface[both]}" meta nfproto ipv6 udp dport 53 counter name ipv6
		}
	}
END
asked() { nft list counter inet asked "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
resolver both recursive 'dnssec = validate'
daemon both
check "recursive, validated: AD" 'NOERROR AD; AAAA 2001:db8:64::1' "$(ask both dual.good.tld AAAA do | signatures)"
check "status says so" '["recursive"]' "$(on both v6guard --json resolver status | "$python" -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["servers"]))')"
check "and for people" 'asks recursive' "$(on both v6guard resolver status | grep ^asks | tr -s ' ')"
check "made of an A: AD, as A and its AAAA's denial were validated (RFC 6147 5.5)" "NOERROR AD; $made; EDE 29" \
	"$(ask both aonly.good.tld AAAA do | signatures)"
check "through a chain" "NOERROR AD; $made; CNAME aonly.good.tld.; EDE 29" "$(ask both chain.good.tld AAAA do | signatures)"
check "a chain that leaves the signed zone: AD clear" "NOERROR; $made; CNAME aonly.plain.tld.; EDE 29" \
	"$(ask both away.good.tld AAAA do | signatures)"
check "an unsigned zone below a signed one: AD clear" "NOERROR; $made; EDE 29" "$(ask both aonly.plain.tld AAAA do)"
check "no such name, proven" 'NXDOMAIN AD' "$(ask both nothing.good.tld AAAA do)"
check "no such tld" 'NXDOMAIN AD' "$(ask both a.nothing AAAA do)"
# What is bogus is asked for at every other address, too: before that.
check "name servers are asked over IPv6" 'yes 0' "$([ "$(asked ipv6)" -gt 10 ] && echo yes) $(asked ipv4)"
check "a tampered A: SERVFAIL" 'SERVFAIL; EDE 6' "$(ask both bada.bad.tld A)"
check "nothing is made of it" 'SERVFAIL; EDE 6' "$(ask both bada.bad.tld AAAA)"
check "a tampered denial of the AAAA: SERVFAIL, nothing is made" 'SERVFAIL; EDE 6' "$(ask both badaaaa.bad.tld AAAA do)"
check "its A is good" 'NOERROR AD; A 198.51.100.4' "$(ask both badaaaa.bad.tld A do | signatures)"
check "signatures that are over: SERVFAIL" 'SERVFAIL; EDE 6' "$(ask both dual.old.tld AAAA)"
check "nothing is made there" 'SERVFAIL; EDE 6' "$(ask both aonly.old.tld AAAA)"
check "with a time to come the same signature is good (the control)" 'NOERROR AD; A 198.51.100.5' \
	"$(ask both zlast.old.tld A do | signatures)"
check "with CD one gets it" 'NOERROR CD; A 198.51.100.1' "$(ask both aonly.old.tld A cd)"
delved() { on both delv -a /etc/anchor.bind @127.0.0.64 "$@" 2>&1 | grep -E '^; |resolution failed' | grep -v ncache | head -n 1; }
check "delv, with the root's key, believes it" '; fully validated' "$(delved dual.good.tld A)"
check "delv: AAAA that are there" '; fully validated' "$(delved dual.good.tld AAAA)"
check "delv, which validates and does not say so, cannot believe what is made (RFC 6147 3)" \
	';; resolution failed: insecurity proof failed' "$(delved aonly.good.tld AAAA)"
check "with CD it gets the proof that there is none" '; negative response, fully validated' "$(delved +cdflag aonly.good.tld AAAA)"
check "delv: unsigned" '; unsigned answer' "$(delved aonly.plain.tld A)"
check "delv: tampered" ';; resolution failed: RRSIG failed to verify' "$(delved +cdflag bada.bad.tld A)"
check "delv: over" ';; resolution failed: RRSIG has expired' "$(delved +cdflag dual.old.tld A)"
check "dig +dnssec: ad, and the signature" 'ad RRSIG' \
	"$(on both dig +dnssec @127.0.0.64 dual.good.tld AAAA | "$python" -c 'import sys
text = sys.stdin.read()
flags = text.split(";; flags: ")[1].split(";")[0].split()
print("ad" if "ad" in flags else flags, "RRSIG" if "\tRRSIG\tAAAA" in text else text)')"

# ---- a private zone under the signed root --------------------------------------------------

forward() { resolver both recursive "dnssec = $1" '[forward corp]' 'zones = corp' "upstream = $corp" "dnssec = $2"; }
forward validate off
check "the root says there is no corp., and a DS is the parent's" 'NXDOMAIN AD' "$(ask both corp DS do)"
check "[forward] with dnssec = off, beside recursive: found, and made" "NOERROR; $made; EDE 29" "$(ask both aonly.corp AAAA do)"
check "its own AAAA" 'NOERROR; AAAA 2001:db8:64::1' "$(ask both dual.corp AAAA do)"
check "through an alias of a signed zone: AD clear" "NOERROR; $made; CNAME aonly.corp.; EDE 29" \
	"$(ask both inward.good.tld AAAA do | signatures)"
check "an alias out of it" "NOERROR; $made; CNAME aonly.good.tld.; EDE 29" "$(ask both out.corp AAAA do)"
check "what that leads to is not validated, as the name asked for is not" 'NOERROR; A 198.51.100.3; CNAME bada.bad.tld.' \
	"$(ask both outbad.corp A)"
check "everything else is validated" 'NOERROR AD; A 198.51.100.1' "$(ask both dual.good.tld A do | signatures)"
check "and fails" 'SERVFAIL; EDE 6' "$(ask both bada.bad.tld A)"
forward validate validate
check "the control: with dnssec = validate it is bogus" 'SERVFAIL; EDE 6' "$(ask both aonly.corp AAAA)"
check "the alias of the signed zone, too" 'SERVFAIL; EDE 6' "$(ask both inward.good.tld AAAA)"
check "(its A as well)" 'SERVFAIL; EDE 6' "$(ask both dual.corp A)"
forward off validate
check "validated alone: bogus, too" 'SERVFAIL; EDE 6' "$(ask both dual.corp A)"
check "what is outside is not" 'NOERROR; A 198.51.100.3' "$(ask both bada.bad.tld A do)"

resolver both recursive 'dnssec = validate' '[forward island]' 'zones = island' "upstream = $corp" 'dnssec = validate'
check "a signed private zone, without its key" 'SERVFAIL; EDE 6' "$(ask both aonly.island AAAA)"
sed -i 's/anchor$/anchor.island/' "$LAB_DIR/both/etc/v6guard/v6guard.conf"
on both v6guard -q apply
check "with its key beside the root's: AD" "NOERROR AD; $made; EDE 29" "$(ask both aonly.island AAAA do | signatures)"
check "the root's holds as well" 'NOERROR AD; A 198.51.100.1' "$(ask both dual.good.tld A do | signatures)"

# A signed zone that alone is validated.
resolver both recursive 'dnssec = off' '[forward good]' 'zones = good.tld bad.tld' 'upstream = 2001:db8:53::62' 'dnssec = validate'
check "a signed zone, validated alone: AD and signatures" 'NOERROR AD; AAAA 2001:db8:64::1; RRSIG' \
	"$(ask both dual.good.tld AAAA do | sed 's/RRSIG .*/RRSIG/')"
check "its tampered neighbour fails" 'SERVFAIL; EDE 6' "$(ask both bada.bad.tld A)"
check "a chain that leaves it: AD clear" "NOERROR; $made; CNAME aonly.plain.tld.; EDE 29" "$(ask both away.good.tld AAAA do | signatures)"
check "others have no signatures, as off says" 'NOERROR; A 198.51.100.1' "$(ask both aonly.old.tld A do)"
resolver both recursive 'dnssec = validate' '[forward bad]' 'zones = bad.tld' 'upstream = 2001:db8:53::62' 'dnssec = process'
check "process for a zone under validate: signatures, unseen" 'NOERROR; A 198.51.100.3; RRSIG' \
	"$(ask both bada.bad.tld A do | sed 's/RRSIG .*/RRSIG/')"
check "and what is tampered with is made" 'NOERROR; AAAA 2001:db8:46::c633:6403; EDE 29' "$(ask both bada.bad.tld AAAA)"
check "the others are validated" 'SERVFAIL; EDE 6' "$(ask both dual.old.tld A)"

# ---- the network goes, and comes back ------------------------------------------------------

forward validate off
route=$(on both ip -4 route show default)
# shellcheck disable=SC2086
on both ip -4 route del $route
fault='upstream = recursive needs IPv4, and this host has none (this libunbound cannot use NAT64)'
status_says() { on both v6guard resolver status | grep -q "$1"; }
until_true 5 status_says 'needs IPv4'
check "IPv4 goes away: status says what is wrong" "because $fault" "$(on both v6guard resolver status | grep ^because | tr -s ' ')"
check "the log as well" "v6guardd: the resolver: $fault" "$(grep 'the resolver:' "$LAB_DIR/both/daemon.log" | tail -n 1)"
check "and a new name fails at once" 'SERVFAIL; EDE 22 fast' \
	"$(ask both new.good.tld A ms | sed 's/; \([0-9]\{1,2\}\|[1-4][0-9][0-9]\) ms/ fast/')"
check "zones with servers of their own are answered" "NOERROR; AAAA 2001:db8:64::1" "$(ask both dual.corp AAAA)"
# shellcheck disable=SC2086
on both ip -4 route add $route
until_true 5 grep -q 'possible again' "$LAB_DIR/both/daemon.log"
check "back with IPv4" 'NOERROR AD; A 198.51.100.5' "$(ask both zlast.good.tld A do | signatures)"
daemon_stop both

resolver four recursive 'dnssec = validate'
daemon four
check "a host without IPv6 asks over IPv4, and is not slowed down" 'NOERROR AD; A 198.51.100.1 fast' \
	"$(ask four dual.good.tld A do ms | sed 's/; RRSIG [^;]*//; s/; \([0-9]\{1,3\}\|1[0-9]\{3\}\) ms/ fast/')"
daemon_stop four

# ---- what is not possible here -------------------------------------------------------------

resolver six "$resolver6" 'dnssec = validate'
daemon six
resolver six recursive
check "recursive without IPv4: apply says so" 1 \
	"$(grep -c '/etc/v6guard/v6guard.conf:3: .resolver. upstream: recursive needs IPv4, as many name servers have nothing else' "$LAB_DIR/apply.log")"
if "$python" -c 'import ctypes; ctypes.CDLL("libunbound.so.8").SSL_CTX_new' 2>/dev/null; then
	skip "tls:// is refused" "libunbound has TLS here"
else
	resolver six 'tls://2001:db8:53::54#dns.example'
	check "tls:// without TLS in libunbound: apply says so" 1 \
		"$(grep -c '/etc/v6guard/v6guard.conf:3: .resolver. upstream: tls:// needs a libunbound that was built with TLS' "$LAB_DIR/apply.log")"
	resolver six "$resolver6" '[forward a]' 'zones = a.example' 'upstream = tls://2001:db8:53::54#dns.example'
	check "in [forward], too" 1 "$(grep -c 'v6guard.conf:7: .forward a. upstream: tls:// needs' "$LAB_DIR/apply.log")"
	check "v6guardd --check as well, status 3" 3 "$(on six v6guardd --check >/dev/null 2>&1; echo $?)"
fi
check "what was in force stays" '["['"$resolver6"']:53"]' \
	"$(on six v6guard --json resolver status | "$python" -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["servers"]))')"

# ---- behind unbound, which validates -------------------------------------------------------

cat >"$dir/unbound/conf" <<-END
	server:
	  interface: $resolver6
	  access-control: ::/0 allow
	  username: ""
	  chroot: ""
	  directory: "$dir/unbound"
	  pidfile: ""
	  use-syslog: no
	  num-threads: 1
	  module-config: "validator iterator"
	  trust-anchor-file: "$dir/anchor"
	  prefer-ip6: yes
	  do-not-query-localhost: no
	remote-control:
	  control-enable: no
END
"$(lab_tool unbound)" -d -c "$dir/unbound/conf" >"$dir/unbound/log" 2>&1 &
until_true 10 on six "$python" "$here/ask.py" "$resolver6" dual.good.tld A ||
	lab_die "unbound did not start: $(tail -n 3 "$dir/unbound/log")"
check "unbound itself validates" 'NOERROR AD; A 198.51.100.1' "$(on six "$python" "$here/ask.py" "$resolver6" dual.good.tld A do | signatures)"
resolver six "$resolver6" 'dnssec = validate'
check "behind unbound, validate: AD" 'NOERROR AD; AAAA 2001:db8:64::1' "$(ask six dual.good.tld AAAA do | signatures)"
check "made, AD" "NOERROR AD; $made; EDE 29" "$(ask six aonly.good.tld AAAA do | signatures)"
check "unsigned: made, AD clear" "NOERROR; $made; EDE 29" "$(ask six aonly.plain.tld AAAA do)"
check "a tampered denial, which unbound refuses: nothing is made" 'SERVFAIL; EDE 6' "$(ask six badaaaa.bad.tld AAAA)"
check "a tampered A: nothing is made" 'SERVFAIL; EDE 6' "$(ask six bada.bad.tld AAAA)"
check "over its time: nothing is made" 'SERVFAIL; EDE 6' "$(ask six aonly.old.tld AAAA)"
check "delv through both" '; fully validated' \
	"$(on six delv -a /etc/anchor.bind @127.0.0.64 dual.good.tld A 2>&1 | grep '^; ' | head -n 1)"
resolver six "$resolver6" 'dnssec = process'
check "process: signatures are passed on, AD never" 'NOERROR; AAAA 2001:db8:64::1; RRSIG' \
	"$(ask six dual.good.tld AAAA do | sed 's/RRSIG .*/RRSIG/')"
check "made, AD never" "NOERROR; $made; EDE 29" "$(ask six aonly.good.tld AAAA do | signatures)"
check "a tampered A, which unbound refuses: SERVFAIL" 'SERVFAIL' "$(ask six bada.bad.tld AAAA | cut -d';' -f1)"
check "a tampered denial looks like any failure: made, for 10 s (v6guard.conf(5))" \
	'NOERROR; AAAA 2001:db8:46::c633:6404 ttl 10; EDE 29' "$(ask six badaaaa.bad.tld AAAA ttl)"
daemon_stop six

# At the start, where the network may be on its way, it is said and nothing hangs.
: >"$LAB_DIR/six/daemon.log"
resolver six recursive
daemon six
check "started without IPv4: said" 1 "$(grep -c "the resolver: $fault" "$LAB_DIR/six/daemon.log")"
check "and SERVFAIL at once" 'SERVFAIL; EDE 22 fast' \
	"$(ask six dual.good.tld A ms | sed 's/; \([0-9]\{1,2\}\|[1-4][0-9][0-9]\) ms/ fast/')"
daemon_stop six
lab_done
