#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door and DNSSEC: a zone that knot signed, with two signatures that are wrong, behind
# dnssec = validate and process (RFC 6147 5.5).
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_tool keymgr >/dev/null || lab_refuse "no keymgr (knot)"
dir=$LAB_DIR/sec
mkdir -p "$dir/sign" "$dir/run"
ip -6 addr add 2001:db8:53::55/128 dev lo nodad
cat >"$dir/sign/sec.zone" <<-END
	\$ORIGIN sec.
	\$TTL 300
	@ SOA ns.sec. h.sec. 1 7200 3600 1209600 120
	@ NS ns.sec.
	ns AAAA 2001:db8:53::55
	aonly A 198.51.100.1
	dual A 198.51.100.1
	dual AAAA 2001:db8:64::1
	bada A 198.51.100.3
	badaaaa A 198.51.100.4
	chain CNAME aonly
	zlast A 198.51.100.5
END
printf '%s\n' '$TTL 300' '@ SOA ns.sec. h.sec. 1 7200 3600 1209600 120' '@ NS ns.sec.' 'aonly A 198.51.100.1' \
	>"$dir/sign/plain.zone"
# knot_conf FOLDER SIGNING: what serves sec. and plain. from there.
knot_conf() {
	lab_knot_head "$1" 2001:db8:53::55@53 >"$1/knot.conf"
	cat >>"$1/knot.conf" <<-END
		template:
		  - id: default
		    storage: "$1"
		    journal-content: none
		    zonefile-sync: 0
		    zonefile-load: whole
		zone:
		  - domain: sec.
		    file: sec.zone
		    dnssec-signing: $2
		  - domain: plain.
		    file: plain.zone
	END
}
knot_conf "$dir/sign" on
knotd -c "$dir/sign/knot.conf" >"$dir/sign/log" 2>&1 &
signer=$!
until_true 15 grep -q RRSIG "$dir/sign/sec.zone" || lab_die "knot did not sign: $(tail -n 3 "$dir/sign/log")"
"$(lab_tool keymgr)" -c "$dir/sign/knot.conf" sec. ds 2>/dev/null | sed 's/^sec\. /sec. 3600 IN /' >"$dir/anchor"
kill "$signer" && wait "$signer" 2>/dev/null
cp "$dir"/sign/*.zone "$dir/run"
# The A of bada, and what denies the AAAA of badaaaa.
"$python" - "$dir/run/sec.zone" <<-'END'
	import sys
	lines, changed = [], 0
	for line in open(sys.argv[1]):
	    words = line.split()
	    if words[2:3] == ["RRSIG"]:
	        of = words[3]
	        if (words[0] == "bada.sec." and of == "A") or (words[0] == "badaaaa.sec." and of == "NSEC"):
	            last = words[-1]
	            words[-1] = ("B" if last[0] == "A" else "A") + last[1:]
	            line, changed = " ".join(words) + "\n", changed + 1
	    lines.append(line)
	open(sys.argv[1], "w").writelines(lines)
	sys.exit(changed != 2)
END
[ $? -eq 0 ] || lab_die "the zone was not damaged as planned"
knot_conf "$dir/run" off
knotd -c "$dir/run/knot.conf" >"$dir/run/log" 2>&1 &
until_true 10 knotc -c "$dir/run/knot.conf" -t 1 zone-status sec. || lab_die "knotd did not start: $(tail -n 3 "$dir/run/log")"

lab_host v6only-noroute4 six
chmod a+rx "$LAB_DIR" "$dir" && chmod a+r "$dir/anchor"
cp "$dir/anchor" "$LAB_DIR/six/etc/anchor"
mkdir -p "$LAB_DIR/six/etc/v6guard"
resolver() {
	printf '%s\n' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::55' 'trust-anchor = /etc/anchor' "$@" \
		'[nat64]' 'prefix = 2001:db8:46::/96' >"$LAB_DIR/six/etc/v6guard/v6guard.conf"
	on six v6guard -q apply 2>"$LAB_DIR/apply.log"
}
six() { on six "$python" "$here/ask.py" 127.0.0.64 "$@"; }
made='AAAA 2001:db8:46::c633:6401'
resolver 'dnssec = validate'
daemon six

check "signed, own AAAA, DO: AD and signature" 'NOERROR AD; AAAA 2001:db8:64::1; RRSIG' "$(six dual.sec AAAA do | sed 's/RRSIG .*/RRSIG/')"
check "no DO: neither" 'NOERROR; AAAA 2001:db8:64::1' "$(six dual.sec AAAA)"
check "AD in the question: AD (RFC 6840 5.7)" 'NOERROR AD; AAAA 2001:db8:64::1' "$(six dual.sec AAAA ad)"
check "made, DO: AD, as both were validated (5.5)" "NOERROR AD; $made; EDE 29" "$(six aonly.sec AAAA do)"
check "made, no DO: AD clear" "NOERROR; $made; EDE 29" "$(six aonly.sec AAAA)"
check "CD and DO: what is there, with its proof" 'NOERROR CD; au NSEC; au SOA' \
	"$(six aonly.sec AAAA do cd au | sed 's/au RRSIG [^;]*; //g; s/; au RRSIG.*//; s/ [0-9]* bytes//g')"
check "and nobody else gets that" "NOERROR; $made; EDE 29" "$(six aonly.sec AAAA)"
check "a chain" "NOERROR AD; $made; CNAME aonly.sec.; EDE 29" "$(six chain.sec AAAA do | sed 's/RRSIG [^;]*; //g')"
check "the denial of the AAAA is wrong: SERVFAIL" 'SERVFAIL; EDE 6' "$(six badaaaa.sec AAAA)"
check "the same, DO" 'SERVFAIL; EDE 6' "$(six badaaaa.sec AAAA do)"
check "the A is wrong: SERVFAIL" 'SERVFAIL; EDE 6' "$(six bada.sec AAAA)"
check "asked as A" 'SERVFAIL; EDE 6' "$(six bada.sec A)"
check "with CD it is there" 'NOERROR CD; A 198.51.100.3' "$(six bada.sec A cd)"
check "no such name: AD" 'NXDOMAIN AD' "$(six nothing.sec AAAA do)"
check "a zone that is not signed: made, AD clear" "NOERROR; $made; EDE 29" "$(six aonly.plain AAAA do)"

resolver 'dnssec = process'
check "process: signatures are passed on, AD never" 'NOERROR; AAAA 2001:db8:64::1; RRSIG' "$(six dual.sec AAAA do | sed 's/RRSIG .*/RRSIG/')"
check "process: nothing is validated" 'NOERROR; A 198.51.100.3' "$(six bada.sec A)"
resolver 'dnssec = off'
check "off: no signatures" 'NOERROR; AAAA 2001:db8:64::1' "$(six dual.sec AAAA do)"
resolver 'dnssec = validate' '[forward plain]' 'zones = bada.sec' 'upstream = 2001:db8:53::55'
check "validate, but for a zone with dnssec = off" 'NOERROR; A 198.51.100.3' "$(six bada.sec A)"
mv "$LAB_DIR/six/etc/anchor" "$LAB_DIR/six/etc/v6guard/key"
daemon_stop six
resolver 'dnssec = validate'
# starts: what it says, and its exit status; there is no configuration from before.
starts() { on six rm -f /var/lib/v6guard/last-good.conf; { on six timeout 10 v6guardd -f 2>&1; echo $?; } | grep -v 'there is no /var/lib/v6guard/last-good.conf'; }
begins='`dnssec = validate` begins there (Debian: the package dns-root-data)'
check "without the trust anchor it does not start" \
	"v6guardd: /etc/v6guard/v6guard.conf:4: [resolver] trust-anchor: /etc/anchor: No such file or directory; $begins
3" "$(starts)"
sed -i 's,/etc/anchor,key,' "$LAB_DIR/six/etc/v6guard/v6guard.conf"
daemon six
check "a path that is seen from the folder of its file" "NOERROR AD; $made; EDE 29" "$(six aonly.sec AAAA do)"
daemon_stop six
chmod 600 "$LAB_DIR/six/etc/v6guard/key"
daemon six
check "one that the worker may not read: nothing is answered as if it were fine" 'SERVFAIL; EDE 22' "$(six dual.sec AAAA)"
daemon_stop six
printf '; a key to come\n\n' >"$LAB_DIR/six/etc/v6guard/key"
check "one without a key: it does not start" \
	"v6guardd: /etc/v6guard/v6guard.conf:4: [resolver] trust-anchor: /etc/v6guard/key: there is no DS or DNSKEY record in it; $begins
3" "$(starts)"
lab_done
