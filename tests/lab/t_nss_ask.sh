#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The NSS door asks for no more than it gives out, and never so that another host comes of it:
# real libc against a name server that drops, delays and fails by a table. Plain libc, and libc
# with `options no-aaaa`, say what is right. V6GUARD_LONG=1: the lengths of resolv.conf(5) instead
# of 1 s for each server and attempt.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy
lab_host v6only-noroute4
table=$LAB_DIR/table
mkdir -p "$table"
ip addr add 192.0.2.54/32 dev lo
cat >"$table/table" <<-END
	half.lab.test A 198.51.100.1
	half.lab.test A 10
	half.lab.test AAAA drop
	www.half.lab.test CNAME half.lab.test
	half.lab.test.lab.test A 198.51.100.99
	dual.lab.test A 198.51.100.1
	dual.lab.test A 198.51.100.2
	dual.lab.test AAAA 2001:db8:64::1
	v4only.lab.test A 198.51.100.1
	v6only.lab.test AAAA 2001:db8:64::1
	www.lab.test CNAME dual.lab.test
	www6.lab.test CNAME v6only.lab.test
	dangling.lab.test CNAME nowhere.lab.test
	nodata.lab.test TXT x
	badboth.lab.test A servfail
	badboth.lab.test AAAA servfail
	bada.lab.test A servfail
	bada.lab.test AAAA 2001:db8:64::1
	badaaaa.lab.test A 198.51.100.1
	badaaaa.lab.test AAAA servfail
	blocked.lab.test A 0.0.0.0
	blocked.lab.test AAAA 2001:db8:64::1
	own.lab.test A 10.64.1.2
	own.lab.test AAAA 2001:db8:1::2
	noa.lab.test A drop
	noa.lab.test AAAA 2001:db8:64::1
	noa.lab.test.lab.test A drop
	dead.lab.test A drop
	dead.lab.test AAAA drop
	*.dead.lab.test A drop
	*.dead.lab.test AAAA drop
	far.lab.test A 150
	far.lab.test AAAA 150
	far.lab.test AAAA 2001:db8:64::1
	db.corp.test AAAA 2001:db8:64::1
	db.other.test A 198.51.100.2
	cname.corp.test CNAME dual.lab.test
	x.corp AAAA 2001:db8:64::1
	x.corp.other.test A 198.51.100.2
	good.lab.test A 198.51.100.1
	*.wild.test AAAA 2001:db8:64::4
	local6.local AAAA 2001:db8:64::3
END
lab_serve table_dns.py 192.0.2.54 "$table"

# resolv HOST SERVER SEARCH [OPTION...]
resolv() {
	local host=$1 server=$2 search=$3
	shift 3
	printf 'nameserver %s\nsearch %s\noptions %s\n' "$server" "$search" "$*" >"$LAB_DIR/$host/etc/resolv.conf"
}

# look HOST [VARIABLE=VALUE...] -- NAME...: a line for each name and family: the canonical name
# and the addresses, or how it fails; `ms` among the variables: and how long that took.
look() {
	local host=$1
	shift
	on "$host" timeout 120 env "$@"
}
cat >"$LAB_DIR/look.py" <<-'END'
	import errno, os, socket, sys, time
	families = {"u": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}
	names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
	for word in sys.argv[1:]:
	    family, name = word.split(":")
	    begin = time.monotonic()
	    try:
	        found = socket.getaddrinfo(name, 80, families[family], socket.SOCK_STREAM, 0, socket.AI_CANONNAME)
	        said = " ".join([found[0][3]] + sorted(one[4][0] for one in found))
	    except socket.gaierror as error:
	        said = names.get(error.args[0], str(error.args[0]))
	    took = " %d" % (1000 * (time.monotonic() - begin)) if "MS" in os.environ else ""
	    print("%s %s%s" % (word, said, took))
END
all() { look "$host" "$@" "$python" "$LAB_DIR/look.py" $names; }
door() { all "$@"; }
plain() { all V6GUARD=off "$@"; }
no_aaaa() { all V6GUARD=off RES_OPTIONS=no-aaaa "$@"; }
# Lines with addresses of both families lose those of IPv6, but for names of this host and such as
# DNS blockers answer.
less_aaaa() {
	awk '$1 ~ /^u:/ && !/own|blocked|localhost/ && / [0-9]+\.[0-9]/ { for (i = 3; i <= NF; i++) if ($i ~ /:/) $i = "" } { gsub(/ +/, " "); sub(/ $/, ""); print }'
}
# With everybody's canonical name: the table's own are all in lab.test.
questions() { # CMD...: what the server is asked meanwhile
	local before
	before=$(wc -l <"$table/asked")
	"$@" >/dev/null
	tail -n "+$((before + 1))" "$table/asked" | awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2 }'
}
both() { local name; for name in "$@"; do printf 'u:%s 4:%s ' "$name" "$name"; done; }

# ---- the same as libc, in every mode ----------------------------------------------------------

host=healthy
every='dual.lab.test DUAL.lab.test dual.lab.test. v4only.lab.test v6only.lab.test v6only.lab.test. www.lab.test
	www6.lab.test dangling.lab.test nodata.lab.test nx.lab.test nx.lab.test. badboth.lab.test bada.lab.test
	badaaaa.lab.test blocked.lab.test own.lab.test dual v6only nx localhost 192.0.2.1 local6.local'
searches='lab.test|corp.test other.test|wild.test|wild.test lab.test'

matrix() { # TITLE WHAT: door against WHAT, whatever the search list and ndots
	local search ndots title=$1 want=$2 more=
	while IFS= read -r search; do
		for ndots in 0 1 2 5; do
			resolv $host 192.0.2.54 "$search" "ndots:$ndots" timeout:1 attempts:1
			diff <($want) <(door) >"$LAB_DIR/diff" || more+="search $search, ndots:$ndots
$(cat "$LAB_DIR/diff")
"
		done
	done < <(printf '%s\n' "${searches//|/$'\n'}")
	check "$title" '' "$more"
}
stripped() { plain | less_aaaa; }
# shellcheck disable=SC2086
names="$(both $every db x.corp cname good.lab.test) 6:dual.lab.test 6:v6only"
guard healthy prefer-ipv4 && matrix "prefer-ipv4: what plain libc says, less the AAAA beside A" stripped
guard healthy strip-aaaa && matrix "strip-aaaa: the same" stripped
guard healthy auto && matrix "auto: what plain libc says" plain
# Addresses that never pass the door: literals, and localhost of /etc/hosts.
names=${names//6:dual.lab.test 6:v6only/}
guard healthy strip-aaaa 'keep-last = no' &&
	matrix "strip-aaaa, keep-last = no: exactly what no-aaaa says" no_aaaa
# Not `dual`: with ndots:0 libc says "no such name" of a name without a dot that has no AAAA.
# shellcheck disable=SC2086
names="$(printf '6:%s ' dual.lab.test v4only.lab.test v6only.lab.test www.lab.test nx.lab.test nodata.lab.test badboth.lab.test)"
guard healthy strip-aaaa 'keep-last = no' 'aaaa-only = strip' &&
	matrix "the same for AAAA alone, aaaa-only = strip" no_aaaa

# ---- never another host -----------------------------------------------------------------------

names='u:db u:x.corp'
resolv healthy 192.0.2.54 'corp.test other.test' ndots:1
want='u:db db.corp.test 2001:db8:64::1
u:x.corp x.corp 2001:db8:64::1'
for mode in prefer-ipv4 strip-aaaa; do
	guard healthy $mode && check "$mode: two domains, db.corp with AAAA alone, db.other with A alone" "$want" "$(door)"
done
guard healthy strip-aaaa 'keep-last = no'
check "keep-last = no: the other one's A, as with no-aaaa" "$(no_aaaa)" "$(door)"
check "(it is another)" 'u:db db.other.test 198.51.100.2
u:x.corp x.corp.other.test 198.51.100.2' "$(no_aaaa)"
resolv healthy 192.0.2.54 wild.test ndots:5
names=u:good.lab.test
check "(plain: a wildcard AAAA below a search domain hides a good A)" \
	'u:good.lab.test good.lab.test.wild.test 2001:db8:64::4' "$(plain)"
check "keep-last = no: ndots:5 and that wildcard" 'u:good.lab.test good.lab.test 198.51.100.1' "$(door)"
guard healthy off
printf '[rule good]\npriority = 1\ndomains = lab.test\naction = strip-aaaa\nkeep-last = no\n' \
	>>"$LAB_DIR/healthy/etc/v6guard/v6guard.conf"
on healthy v6guard -q apply
check "the same by a rule for the name" 'u:good.lab.test good.lab.test 198.51.100.1' "$(door)"
check "RES_OPTIONS of the program counts" 'u:db.corp db.corp.wild.test 2001:db8:64::4' \
	"$(names=u:db.corp all RES_OPTIONS=ndots:2)"

# ---- how often the server is asked -----------------------------------------------------------

resolv healthy 192.0.2.54 lab.test ndots:1
guard healthy prefer-ipv4
names=u:dual.lab.test
check "prefer-ipv4: A alone are asked for" 'dual.lab.test A' "$(questions door)"
names=u:v6only.lab.test
check "AAAA only: one round trip more, nothing below the search domain" \
	'v6only.lab.test A, v6only.lab.test A, v6only.lab.test AAAA' "$(questions door)"
names=u:dual
check "a name without a dot: both at once" 'dual.lab.test A, dual.lab.test AAAA' "$(questions door)"
names=u:dual.lab.test
gateway=10.64.${lab_number[healthy]}.1
on healthy ip route add 192.0.2.54 via "$gateway"
on healthy ip route del default
check "no IPv4 but to the server: as libc asks" 'dual.lab.test A, dual.lab.test AAAA' "$(questions door)"
on healthy ip route add default via "$gateway"
guard healthy auto
check "auto: both at once" 'dual.lab.test A, dual.lab.test AAAA' "$(questions door)"
guard healthy strip-aaaa 'keep-last = no'
names='u:v6only.lab.test'
check "keep-last = no: never for AAAA" 'v6only.lab.test A, v6only.lab.test.lab.test A' "$(questions door)"

# With a daemon: its word that IPv4 works, and the rule that was the reason is counted.
guard healthy off
printf '[rule a]\npriority = 1\ndomains = dual.lab.test\naction = strip-aaaa\n' \
	>>"$LAB_DIR/healthy/etc/v6guard/v6guard.conf"
on healthy v6guard -q apply
daemon healthy
acted() {
	on healthy v6guard --json status | "$python" -c 'import json, sys
c = json.load(sys.stdin)["counters"]
print([[r["rule"], r["door"], r["observed"], r["acted"]] for r in c["rules"]])'
}
names=u:dual.lab.test
check "a rule, and a daemon: A alone" 'dual.lab.test A' "$(questions door)"
until_true 5 eval '[[ $(acted) == *nss* ]]'
check "the rule has acted" "[['a', 'nss', 0, 1]]" "$(acted)"
daemon_stop healthy

# ---- and for how long -------------------------------------------------------------------------

ms_of() { awk '{ print $NF }'; }
short='timeout:1 attempts:2'
[ -z "${V6GUARD_LONG:-}" ] || short=
# shellcheck disable=SC2086
resolv healthy 192.0.2.54 lab.test ndots:1 $short
guard healthy prefer-ipv4
names='u:half.lab.test'
plain_ms=$(plain MS=1 | ms_of)
names='u:half.lab.test u:half.lab.test. u:www.half.lab.test'
for mode in prefer-ipv4 strip-aaaa 'strip-aaaa keep-last=no'; do
	# shellcheck disable=SC2086
	guard healthy ${mode/ */} $(case $mode in *no) echo keep-last=no ;; esac)
	most=$(door MS=1 | ms_of | sort -n | tail -n 1)
	echo "figure  $mode: A in 10 ms, AAAA dropped: $most ms; plain libc $plain_ms ms"
	[ "$most" -lt 900 ] && ok "$mode: nobody waits for AAAA that are not given out" ||
		bad "$mode: A in 10 ms, AAAA dropped" "$most ms"
done
check "what comes is the A" '198.51.100.1 198.51.100.1 198.51.100.1' "$(door | awk '{ print $3 }' | xargs)"
names='u:far.lab.test'
guard healthy prefer-ipv4
once=$(plain MS=1 | ms_of) twice=$(door MS=1 | ms_of)
echo "figure  AAAA only, answered after 150 ms: $twice ms; plain libc $once ms"
[ "$twice" -lt $((once + 150 + 140)) ] && ok "AAAA only: one round trip more" || bad "AAAA only" "$once, $twice ms"
names='u:dead.lab.test'
once=$(plain MS=1 | ms_of)
for mode in prefer-ipv4 strip-aaaa 'strip-aaaa keep-last=no'; do
	# shellcheck disable=SC2086
	guard healthy ${mode/ */} $(case $mode in *no) echo keep-last=no ;; esac)
	got=$(door MS=1) twice=$(echo "$got" | ms_of)
	echo "figure  $mode: no server answers: $twice ms; plain libc $once ms"
	[ "$twice" -lt $((once + 700)) ] && ok "$mode: no server answers: no longer than plain libc" ||
		bad "$mode: no server answers" "$once, $twice ms"
	check "and fails as plain libc does" "$(plain)" "$(echo "$got" | sed 's/ [0-9]*$//')"
done
# The other way round: plain libc fails, too.
names='u:noa.lab.test'
once=$(plain MS=1 | ms_of)
guard healthy strip-aaaa
got=$(door MS=1) twice=$(echo "$got" | ms_of)
echo "figure  strip-aaaa: A dropped, AAAA there: $twice ms; plain libc $once ms"
[ "$twice" -lt $((once + 300)) ] && ok "A alone are not answered: no longer than plain libc" ||
	bad "A alone are not answered" "$once, $twice ms"
check "and fails as plain libc does" "$(plain)" "$(echo "$got" | sed 's/ [0-9]*$//')"

# ---- no IPv4 here -----------------------------------------------------------------------------

host=v6only-noroute4
sed -i '/labbox/d' "$LAB_DIR/$host/etc/hosts"
cp "$LAB_DIR/$host/etc/nsswitch.conf" "$LAB_DIR/nsswitch.conf"
own() { sed -i "s/^hosts:.*/hosts: $*/" "$LAB_DIR/$host/etc/nsswitch.conf"; }
names='u:labbox 4:labbox u:dual.lab.test u:v6only.lab.test'
myhostname=$(ls "$DEPS"/usr/lib/*/libnss_myhostname.so.2 /lib/*/libnss_myhostname.so.2 2>/dev/null | head -n 1)
for chain in 'files myhostname dns' 'files dns myhostname' 'files dns'; do
	[ -n "$myhostname" ] || [[ $chain != *myhostname* ]] || { skip "$chain" "no nss-myhostname here"; continue; }
	for mode in prefer-ipv4 'strip-aaaa'; do
		own "$chain"
		guard $host $mode
		check "no IPv4, $chain, $mode: what plain libc says" "$(plain)" "$(door)"
	done
done
host=healthy
# With an address of its own the host's name has 10.64.x.2: what listens there wants both.
sed -i '/labbox/d' "$LAB_DIR/healthy/etc/hosts"
if [ -n "$myhostname" ]; then
	own 'files dns myhostname'
	guard healthy strip-aaaa
	names='u:labbox 4:labbox'
	check "the host's own name, of nss-myhostname" "$(plain)" "$(door)"
fi

# ---- nss-mdns: as libc asks it ---------------------------------------------------------------

# An avahi-daemon that has AAAA alone, and takes its time to say that there are no A.
cat >"$LAB_DIR/avahi.py" <<-'END'
	import os, socket, time
	os.makedirs("/run/avahi-daemon", exist_ok=True)
	s = socket.socket(socket.AF_UNIX)
	s.bind("/run/avahi-daemon/socket")
	s.listen(8)
	while True:
	    c, _ = s.accept()
	    with c:
	        word, name = c.makefile().readline().split()
	        open("/run/avahi-daemon/asked", "a").write(word + "\n")
	        if "IPV4" in word:
	            time.sleep(0.5)
	            c.sendall(b"-15 Timeout reached\n")
	        else:
	            c.sendall(("+ 2 1 %s 2001:db8:64::3\n" % name).encode())
END
if compgen -G "$DEPS/lib/*/libnss_mdns_minimal.so.2" >/dev/null; then
	on healthy "$python" "$LAB_DIR/avahi.py" &
	until_true 5 test -S "$LAB_DIR/healthy/run/avahi-daemon/socket"
	own 'files dns'
	guard healthy prefer-ipv4 'backends = mdns_minimal [NOTFOUND=return] dns'
	names=u:printer.local
	own 'files v6guard [!UNAVAIL=return] mdns_minimal [NOTFOUND=return] dns'
	check "mdns, AAAA alone" 'u:printer.local printer.local 2001:db8:64::3' "$(door)"
	: >"$LAB_DIR/healthy/run/avahi-daemon/asked"
	plain >/dev/null
	plainly=$(xargs <"$LAB_DIR/healthy/run/avahi-daemon/asked")
	: >"$LAB_DIR/healthy/run/avahi-daemon/asked"
	door >/dev/null
	check "and it was asked as libc asks it" "$plainly" "$(xargs <"$LAB_DIR/healthy/run/avahi-daemon/asked")"
else
	skip "nss-mdns" "not there: ./quickstart test brings it"
fi

# ---- resolved ---------------------------------------------------------------------------------

mkdir -p "$LAB_DIR/healthy/etc/systemd" "$LAB_DIR/healthy/run/systemd"
printf '%s\n' '[Resolve]' 'DNS=192.0.2.54' 'Domains=corp.test other.test' 'DNSStubListener=no' 'LLMNR=no' \
	'MulticastDNS=no' 'DNSSEC=no' 'Cache=no' >"$LAB_DIR/healthy/etc/systemd/resolved.conf"
if lab_resolved healthy test -S "$LAB_DIR/healthy/run/systemd/resolve/io.systemd.Resolve"; then
	own 'files resolve [!UNAVAIL=return] dns'
	guard healthy prefer-ipv4
	# Not half: resolved gives a dropped AAAA up after a while of its own.
	names=$(both dual.lab.test v6only.lab.test v4only.lab.test nodata.lab.test nx.lab.test www.lab.test db blocked.lab.test)
	check "resolved: what plain libc says, less the AAAA beside A" "$(stripped | sort)" "$(door | sort)"
	names=u:dual.lab.test
	check "resolved asks for A alone" 'dual.lab.test A' "$(questions door)"
	names=u:half.lab.test
	plain_ms=$(plain MS=1 | ms_of) most=$(door MS=1 | ms_of)
	echo "figure  resolved, prefer-ipv4: A in 10 ms, AAAA dropped: $most ms; plain libc $plain_ms ms"
	[ "$most" -lt 900 ] && ok "resolved: nobody waits for AAAA" || bad "resolved: A in 10 ms, AAAA dropped" "$most ms"
else
	skip "systemd-resolved" "$why"
fi

# ---- odd processes ----------------------------------------------------------------------------

own 'files dns'
# shellcheck disable=SC2086
resolv healthy 192.0.2.54 lab.test ndots:1 $short
guard healthy prefer-ipv4
for link in '' -static; do
	${CC:-gcc} -D_GNU_SOURCE -O1 $link -o "$LAB_DIR/process" "$here/process.c" -pthread 2>/dev/null ||
		{ skip "a program built with ${link:-nothing}" "no such libc here"; continue; }
	begin=$(now_ms)
	check "${link:-dynamic}: A" 4 "$(on healthy timeout 60 "$LAB_DIR/process" look half.lab.test)"
	[ $(($(now_ms) - begin)) -lt 900 ] && ok "${link:-dynamic}: at once" || bad "${link:-dynamic}" "$(($(now_ms) - begin)) ms"
done
${CC:-gcc} -D_GNU_SOURCE -O1 -o "$LAB_DIR/process" "$here/process.c" -pthread
check "8 threads, 20 lookups each" '4 4 4 4 4 4 4 4' "$(on healthy timeout 60 "$LAB_DIR/process" threads half.lab.test 8 20 | xargs)"
if lab_nscd healthy; then
	begin=$(now_ms)
	check "nscd" 4 "$(on healthy timeout 60 "$LAB_DIR/process" look half.lab.test)"
	[ $(($(now_ms) - begin)) -lt 900 ] && ok "nscd: at once" || bad "nscd" "$(($(now_ms) - begin)) ms"
	names=u:half.lab.test
	check "nscd: from its cache" '' "$(questions on healthy "$LAB_DIR/process" look half.lab.test)"
	on healthy nscd -K
else
	skip "nscd" "not there: ./quickstart test brings it"
fi
lab_done
