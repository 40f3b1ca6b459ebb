#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The preload door in mode strip-aaaa asks DNS for A first, and never so that another host comes of
# it: real libc against a name server that drops, delays and fails by a table. Plain libc, and libc
# with `options no-aaaa`, say what is right. V6GUARD_LONG=1: the waiting times of resolv.conf(5)
# instead of 1 s for each attempt.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy
lab_host v6only-noroute4 v6host
table=$LAB_DIR/table
mkdir -p "$table" "$table.6" "$table.new"
ip addr add 192.0.2.54/32 dev lo
ip addr add 192.0.2.55/32 dev lo
ip addr add 2001:db8:53::54/128 dev lo
cat >"$table/table" <<-END
	half.lab.test A 10
	half.lab.test A 198.51.100.1
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
	nodata.lab.test TXT x
	bada.lab.test A servfail
	bada.lab.test AAAA 2001:db8:64::1
	badboth.lab.test A servfail
	badboth.lab.test AAAA servfail
	blocked.lab.test A 0.0.0.0
	blocked.lab.test AAAA 2001:db8:64::1
	noa.lab.test A drop
	noa.lab.test AAAA 2001:db8:64::1
	dead.lab.test A drop
	dead.lab.test AAAA drop
	db.corp.test AAAA 2001:db8:64::1
	db.other.test A 198.51.100.2
	x.corp AAAA 2001:db8:64::1
	x.corp.other.test A 198.51.100.2
	good.lab.test A 198.51.100.1
	*.wild.test AAAA 2001:db8:64::4
	filed6.lab.test A 198.51.100.98
	me.lab.test AAAA 2001:db8:64::1
	me.local AAAA 2001:db8:64::3
END
cp "$table/table" "$table.6/table"
echo 'dual.lab.test A 198.51.100.4' >"$table.new/table"
lab_serve table_dns.py 192.0.2.54 "$table"
lab_serve table_dns.py 192.0.2.55 "$table.new"
lab_serve table_dns.py 2001:db8:53::54 "$table.6"
short='timeout:1 attempts:2'
[ -z "${V6GUARD_LONG:-}" ] || short=

# resolv HOST SERVER SEARCH [OPTION...]
resolv() {
	local host=$1 server=$2 search=$3
	shift 3
	printf 'nameserver %s\nsearch %s\noptions %s\n' "$server" "$search" "$short $*" >"$LAB_DIR/$host/etc/resolv.conf"
}
hosts_line() { # HOST SERVICES
	sed -i "s/^hosts:.*/hosts: $2/" "$LAB_DIR/$1/etc/nsswitch.conf"
}
echo '2001:db8:64::2 filed6.lab.test' >>"$LAB_DIR/healthy/etc/hosts"

cat >"$LAB_DIR/look.py" <<-'END'
	import socket, sys, time
	names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
	def look(name):
	    try:
	        found = socket.getaddrinfo(name, 7, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
	        return " ".join([found[0][3]] + [a[4][0] for a in found])
	    except socket.gaierror as e:
	        return names[e.errno]
	for name in sys.argv[2:]:
	    begin = time.monotonic()
	    text = look(name)
	    took = " %d" % (1000 * (time.monotonic() - begin)) if sys.argv[1] == "ms" else ""
	    print(name + ":", text + took)
END
printf '[guard]\nmode = strip-aaaa\n' >"$LAB_DIR/keep.conf"
printf '[guard]\nmode = strip-aaaa\nkeep-last = no\n' >"$LAB_DIR/all.conf"
plain() { local host=$1; shift; on "$host" timeout 120 "$python" "$LAB_DIR/look.py" "$@"; }
no_aaaa() { local host=$1; shift; on "$host" timeout 120 env RES_OPTIONS=no-aaaa "$python" "$LAB_DIR/look.py" "$@"; }
keeping() { local host=$1; shift; on "$host" timeout 120 v6guard run -q --config "$LAB_DIR/keep.conf" "$python" "$LAB_DIR/look.py" "$@"; }
all() { local host=$1; shift; on "$host" timeout 120 v6guard run -q --config "$LAB_DIR/all.conf" "$python" "$LAB_DIR/look.py" "$@"; }
# What was asked for since the last call, once each.
asked() { sort -u "$table${1:-}/asked" | paste -sd, | sed 's/,/, /g'; : >"$table${1:-}/asked"; }
# Without the AAAA of names that have an A as well.
stripped() { awk '{ out = ""; four = 0
	for (i = 3; i <= NF; i++) four += $i ~ /^[0-9.]+$/ && $i != "0.0.0.0"
	for (i = 1; i <= NF; i++) if (i < 3 || !four || $i !~ /:/) out = out (i > 1 ? " " : "") $i
	print out }'; }

# ---- the same addresses --------------------------------------------------------------------

resolv healthy 192.0.2.54 lab.test
names='dual.lab.test dual v4only.lab.test v6only.lab.test v6only www.lab.test www6.lab.test www
	nodata.lab.test nowhere.lab.test nowhere bada.lab.test badboth.lab.test blocked.lab.test good.lab.test. half.lab.test.
	filed6.lab.test filed.lab.test dual.lab.test.'
# shellcheck disable=SC2086
check "keep-last: plain libc's addresses, without the AAAA" "$(plain healthy - ${names/half.lab.test./} | stripped)" \
	"$(keeping healthy - ${names/half.lab.test./})"
names=${names/filed6.lab.test/}
# shellcheck disable=SC2086
check "keep-last = no: what no-aaaa gives" "$(no_aaaa healthy - ${names/filed.lab.test/})" "$(all healthy - ${names/filed.lab.test/})"

# ---- what is asked for ---------------------------------------------------------------------

asked >/dev/null
keeping healthy - dual.lab.test >/dev/null
check "A are enough: no AAAA is asked for" 'dual.lab.test A' "$(asked)"
keeping healthy - www.lab.test >/dev/null
check "... of an alias" 'www.lab.test A' "$(asked)"
keeping healthy - v6only.lab.test >/dev/null
check "no A: both are, of the name and of the search list, as ever" 'v6only.lab.test A, v6only.lab.test AAAA' "$(asked)"
keeping healthy - dual >/dev/null
check "a name that the search list completes: both at once" 'dual.lab.test A, dual.lab.test AAAA' "$(asked)"
all healthy - dual >/dev/null
check "... with keep-last = no A alone" 'dual.lab.test A' "$(asked)"
all healthy - v6only.lab.test >/dev/null
check "keep-last = no: no AAAA is ever asked for" 'v6only.lab.test A, v6only.lab.test.lab.test A' "$(asked)"
on healthy v6guard run -q --mode prefer-ipv4 getent ahosts dual.lab.test >/dev/null
check "prefer-ipv4 orders, and asks for both" 'dual.lab.test A, dual.lab.test AAAA' "$(asked)"
printf '[guard]\nmode = strip-aaaa\nenforce = no\n' >"$LAB_DIR/dry.conf"
on healthy v6guard run -q --config "$LAB_DIR/dry.conf" getent ahosts dual.lab.test >/dev/null
check "enforce = no: both" 'dual.lab.test A, dual.lab.test AAAA' "$(asked)"
cat >"$LAB_DIR/rules.conf" <<-END
	[guard]
	mode = auto
	[rule some]
	priority = 10
	domains = dual.lab.test
	action = strip-aaaa
	[rule prefix]
	priority = 20
	domains = www.lab.test
	prefixes = 2001:db8::/32
	action = strip-aaaa
END
by_rules() { on healthy v6guard run -q --no-probe --config "$LAB_DIR/rules.conf" "$python" "$LAB_DIR/look.py" - "$@" >/dev/null; }
by_rules dual.lab.test
check "a rule for the name: A alone" 'dual.lab.test A' "$(asked)"
by_rules www.lab.test
check "a rule for some addresses: both" 'www.lab.test A, www.lab.test AAAA' "$(asked)"
check "--trace says it" 'dual.lab.test: strip-aaaa: changed: 198.51.100.1 kept (aaaa-not-asked), 198.51.100.2 kept (aaaa-not-asked)' \
	"$(on healthy v6guard run --trace --mode strip-aaaa getent ahosts dual.lab.test 2>&1 >/dev/null | sed -n 's/^v6guard: \[[0-9]*\] //p')"
# An IPv6-only host: one lookup, as libc does it.
resolv v6host 2001:db8:53::54 lab.test
asked .6 >/dev/null
check "no way to IPv4: all that there is" 'dual.lab.test: dual.lab.test 198.51.100.1 198.51.100.2 2001:db8:64::1' \
	"$(keeping v6host - dual.lab.test | awk '{ print $1, $2; for (i = 3; i <= NF; i++) print $i | "sort" }' | paste -sd' ')"
check "... by one lookup" 2 "$(grep -c . "$table.6/asked")"

# Lookups for IPv6 alone.
printf '[guard]\nmode = strip-aaaa\naaaa-only = strip\n' >"$LAB_DIR/only.conf"
for_ipv6() { # NAME: what it gets, and how many ms that took
	on healthy timeout 60 v6guard run -q --config "$LAB_DIR/only.conf" "$python" -c 'import socket, sys, time
begin = time.monotonic()
try: print(socket.getaddrinfo(sys.argv[1], 7, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0], end=" ")
except socket.gaierror as e: print(e.errno == socket.EAI_NODATA, end=" ")
print(int(1000 * (time.monotonic() - begin)))' "$1"
}
asked >/dev/null
for_ipv6 half.lab.test >"$LAB_DIR/half"
check "AAAA alone, aaaa-only = strip: not asked for where A are there" 'True half.lab.test A yes' \
	"$(cut -d' ' -f1 "$LAB_DIR/half") $(asked) $([ "$(cut -d' ' -f2 "$LAB_DIR/half")" -lt 700 ] && echo yes)"
for name in v6only.lab.test noa.lab.test blocked.lab.test; do
	check "... $name" 2001:db8:64::1 "$(for_ipv6 $name | cut -d' ' -f1)"
done
check "... dual, by the search list" True "$(for_ipv6 dual | cut -d' ' -f1)"
# The NSS module in the same program: its services are asked in this thread as well.
lab_host healthy both
resolv both 192.0.2.54 lab.test
guard both strip-aaaa && {
	asked >/dev/null
	check "both doors: the same addresses" "$(plain healthy - dual.lab.test v6only.lab.test nowhere.lab.test | stripped)" \
		"$(keeping both - dual.lab.test v6only.lab.test nowhere.lab.test)"
	asked >/dev/null
	keeping both - dual.lab.test >/dev/null
	check "both doors: A alone" 'dual.lab.test A' "$(asked)"
}

# ---- never another host --------------------------------------------------------------------

resolv healthy 192.0.2.54 'corp.test other.test'
for name in db x.corp; do
	check "two domains: $name" "$(plain healthy - $name | stripped)" "$(keeping healthy - $name)"
	check "... keep-last = no" "$(no_aaaa healthy - $name)" "$(all healthy - $name)"
done
check "... which are different hosts" '198.51.100.2 2001:db8:64::1' "$(
	echo "$(all healthy - x.corp | sed 's/.* //') $(keeping healthy - x.corp | sed 's/.* //')")"
resolv healthy 192.0.2.54 wild.test ndots:5
check "ndots:5 and a wildcard AAAA" "$(plain healthy - good.lab.test | stripped)" "$(keeping healthy - good.lab.test)"
check "... keep-last = no: the name's own A" 'good.lab.test: good.lab.test 198.51.100.1' "$(all healthy - good.lab.test)"
resolv healthy 192.0.2.54 lab.test
# The local host answers 127.0.0.2 or all its addresses to whoever asks for A; DNS has an AAAA.
as_me() { on healthy unshare --uts sh -c 'hostname "$1"; shift; exec "$@"' - "$@"; }
if on healthy "$python" -c 'import ctypes; ctypes.CDLL("libnss_myhostname.so.2")' 2>/dev/null; then
	hosts_line healthy 'files dns myhostname'
	check "myhostname behind dns, of the own name" "$(as_me me.lab.test timeout 60 "$python" "$LAB_DIR/look.py" - me.lab.test)" \
		"$(as_me me.lab.test timeout 60 v6guard run -q --mode strip-aaaa "$python" "$LAB_DIR/look.py" - me.lab.test)"
	asked >/dev/null
	keeping healthy - dual.lab.test >/dev/null
	check "... of another: A alone" 'dual.lab.test A' "$(asked)"
else
	skip "myhostname" "not installed"
fi
hosts_line healthy 'mdns4_minimal [NOTFOUND=return] dns'
check "mdns4_minimal, AAAA alone" "$(plain healthy - me.local)" "$(keeping healthy - me.local)"
for services in 'dns files' 'files sss dns' 'files dns [SUCCESS=continue] myhostname' 'files dns # sss'; do
	hosts_line healthy "$services"
	asked >/dev/null
	keeping healthy - dual.lab.test >/dev/null
	check "hosts: $services: both" 'dual.lab.test A, dual.lab.test AAAA' "$(asked)"
done
hosts_line healthy 'files dns'

# ---- time ----------------------------------------------------------------------------------

ms() { sed 's/.* //'; }
for name in half.lab.test www.half.lab.test; do
	resolv healthy 192.0.2.54 lab.test
	plain_ms=$(plain healthy ms $name | ms)
	for how in keeping all; do
		ours=$($how healthy ms $name)
		echo "# $name, A in 10 ms, AAAA never: plain $plain_ms ms, strip-aaaa ($how) $(echo "$ours" | ms) ms"
		check "$name: $how: A, without waiting" '198.51.100.1 yes' \
			"$(echo "$ours" | cut -d' ' -f3) $([ "$(echo "$ours" | ms)" -lt 700 ] && [ "$plain_ms" -ge 1000 ] && echo yes)"
	done
done
# Which attempts libc makes is its own; all of ours together are no more.
for name in noa.lab.test dead.lab.test; do
	was=$(plain healthy ms $name)
	is=$(keeping healthy ms $name)
	echo "# $name, A never: plain ${was#*: }, strip-aaaa ${is#*: } ms"
	check "$name: what plain libc says" "${was% *}" "${is% *}"
	check "$name: no longer than plain libc" yes "$([ "$(echo "$is" | ms)" -le $(($(echo "$was" | ms) + 300)) ] && echo yes || echo "$is")"
done
check "dead.lab.test: keep-last = no" "$(no_aaaa healthy - dead.lab.test)" "$(all healthy - dead.lab.test)"
resolv healthy 192.0.2.99 lab.test # nobody is there
was=$(plain healthy ms dual.lab.test) is=$(keeping healthy ms dual.lab.test)
echo "# all servers dead: plain ${was#*: }, strip-aaaa ${is#*: } ms"
check "all servers dead" "${was% *} yes" "${is% *} $([ "$(echo "$is" | ms)" -le $(($(echo "$was" | ms) + 300)) ] && echo yes)"

# ---- the program's own resolver ------------------------------------------------------------

resolv healthy 192.0.2.54 lab.test
cat >"$LAB_DIR/own.py" <<-'END'
	import ctypes, os, socket, sys, threading
	def first(name, family=0):
	    try: return socket.getaddrinfo(name, 7, family, socket.SOCK_STREAM)[-1][4][0]
	    except socket.gaierror as e: return str(e.errno)
	first("dual.lab.test"); first("v6only.lab.test"); first("half.lab.test.")
	print("search list:", socket.gethostbyname("v4only"), "AAAA:", first("dual.lab.test", socket.AF_INET6))
	os.rename(sys.argv[1], "/etc/resolv.conf")
	print("another resolv.conf:", first("dual.lab.test"))
	wrong = []
	def many():
	    for i in range(20):
	        if first("dual.lab.test") != "198.51.100.4": wrong.append(1)
	threads = [threading.Thread(target=many) for i in range(16)]
	for t in threads: t.start()
	for t in threads: t.join()
	print("wrong in 16 threads:", len(wrong))
END
sed 's/192.0.2.54/192.0.2.55/' "$LAB_DIR/healthy/etc/resolv.conf" >"$LAB_DIR/healthy/etc/resolv.new"
check "the search list, AAAA and a new resolv.conf are there for the program" \
	$'search list: 198.51.100.1 AAAA: 2001:db8:64::1\nanother resolv.conf: 198.51.100.4\nwrong in 16 threads: 0' \
	"$(on healthy timeout 60 v6guard run -q --mode strip-aaaa "$python" "$LAB_DIR/own.py" /etc/resolv.new)"
lab_done
