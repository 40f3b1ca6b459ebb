#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A is there in a moment, AAAA is never answered: what unmodified programs make of it through the
# resolver, and what the resolver says to whom.
# alone: how long it takes
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
odd=$LAB_DIR/odd
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
lab_serve odd_dns.py 2001:db8:53::54 "$odd"
lab_host healthy h
etc=$LAB_DIR/h/etc
echo 'nameserver 127.0.0.64' >"$etc/resolv.conf"
mkdir -p "$etc/v6guard"
h() { on h timeout 40 "$@"; }
ask() { h "$python" "$here/ask.py" 127.0.0.64 "$@"; }
# policy MODE [LINE...]: in force when this returns; LINEs are of [resolver].
policy() {
	local mode=$1
	shift
	printf '%s\n' '[guard]' "mode = $mode" '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54' "$@" \
		'[nat64]' 'mode = off' '[log]' 'to = /run/events' 'events = late stripped' >"$etc/v6guard/v6guard.conf"
	on h v6guard -q apply
	! on h test -S /run/v6guard/control.sock || sleep 1.1
}
# asked NAME TYPE: how often the server was asked.
asked() { grep -c "^$1 $2 " "$odd/asked"; }

# ---- programs: each prints the address that the server saw it come from -------------------------

bin=$LAB_DIR/bin
mkdir "$bin"
cc="${CC:-gcc} -D_GNU_SOURCE -O1"
$cc -o "$bin/glibc" "$here/process.c" -pthread || lab_die "no compiler"
! command -v musl-gcc >/dev/null ||
	musl-gcc -static -D_GNU_SOURCE -O1 -o "$bin/musl" "$here/process.c" -pthread || rm -f "$bin/musl"
$cc -o "$bin/cares" "$here/cares.c" -lcares 2>/dev/null || rm -f "$bin/cares"
cat >"$bin/Late.java" <<-'END'
	import java.io.*;
	import java.net.*;

	public class Late {
		public static void main(String[] args) throws Exception {
			try (Socket s = new Socket(args[0], 7)) {
				System.out.println(new BufferedReader(new InputStreamReader(s.getInputStream())).readLine());
			}
		}
	}
END
! command -v javac >/dev/null || javac -d "$bin" "$bin/Late.java" || lab_die "javac"
cat >"$bin/cares.js" <<-'END'
	const dns = require('dns').promises, net = require('net');
	Promise.allSettled([dns.resolve6(process.argv[2]), dns.resolve4(process.argv[2])]).then(both => {
		const list = both.flatMap(one => one.value || []);
		net.connect(7, list[0]).on('data', data => process.stdout.write(data));
	});
END
cat >"$bin/lookup.js" <<-'END'
	require('net').connect(7, process.argv[2]).on('data', data => process.stdout.write(data));
END

c_glibc() { h "$bin/glibc" connect "$1" 7; }
c_wget() { h wget -q -T 20 -t 1 -O - "http://$1/"; }
c_python() { h "$python" -c 'import sys, socket; print(socket.create_connection((sys.argv[1], 7)).recv(99).decode(), end="")' "$1"; }
c_musl() { h "$bin/musl" connect "$1" 7; }
c_cares() { h "$bin/cares" "$1" 7; }
c_node() { h node "$bin/lookup.js" "$1"; }
c_nodecares() { h node "$bin/cares.js" "$1"; }
c_java() { h java -Xshare:auto -cp "$bin" Late "$1"; }

clients='glibc wget python'
for client in musl cares; do
	if [ -x "$bin/$client" ]; then clients="$clients $client"; else skip "a program built with $client" "it cannot be built here"; fi
done
if command -v node >/dev/null; then clients="$clients node nodecares"; else skip node "not installed"; fi
if [ -e "$bin/Late.class" ]; then clients="$clients java"; else skip java "no JDK is installed"; fi

# What it takes when nothing is late: to start, for most.
took() { awk -v c="$1" '$1 == c { print $3 }' "$2"; }
# each LABEL: "CLIENT SEEN MS", each of a name of its own, all at once.
each() {
	local client start
	for client in $clients; do
		{
			start=$(now_ms)
			seen=$("c_$client" "$1.$client.odd.test" 2>/dev/null | head -n 1)
			echo "$client ${seen:--} $(($(now_ms) - start))"
		} &
		pids[${#pids[@]}]=$!
	done
	wait "${pids[@]}"
	pids=()
}
seen() { sort "$1" | awk '{ print $1, $2 }'; }
all() { tr ' ' '\n' <<<"$clients" | sort | sed "s/\$/ $1/"; }
ipv4=10.64.${lab_number[h]}.2

policy auto
daemon h
each good >"$LAB_DIR/good"
check "a name that has an A, and no AAAA" "$(all "$ipv4")" "$(seen "$LAB_DIR/good")"
each late >"$LAB_DIR/late"
check "auto: a name whose AAAA nobody answers: all go to the A" "$(all "$ipv4")" "$(seen "$LAB_DIR/late")"
slow=
for client in $clients; do
	more=$(($(took "$client" "$LAB_DIR/late") - $(took "$client" "$LAB_DIR/good")))
	[ "$more" -lt 3000 ] || slow="$slow $client:${more}ms"
	figures="${figures:-} $client $more"
done
check "auto: after aaaa-timeout, 1.5 s" '' "$slow"
ok "ms more than without:$figures"

# ---- what it says ------------------------------------------------------------------------------

policy auto 'aaaa-timeout = 200ms'
check "NODATA with an SOA, for 5 s at most" 'NOERROR; EDE 22 aaaa-timeout' "$(ask late.a.odd.test AAAA by)"
check "the TTL" '5' "$(ask late.b.odd.test AAAA ttl au | grep -o 'SOA.*ttl [0-9]*' | grep -o '[0-9]*$')"
check "signatures wanted: SERVFAIL" 'SERVFAIL; EDE 22 aaaa-timeout' "$(ask late.c.odd.test AAAA do by)"
check "CD: SERVFAIL" 'SERVFAIL CD; EDE 22 aaaa-timeout' "$(ask late.d.odd.test AAAA cd by)"
check "an alias" 'NOERROR; CNAME late.odd.test.; EDE 22' "$(ask alias.odd.test AAAA)"
check "... is told, with the name that was found" \
	'{"event":"late","name":"alias.odd.test.","type":"AAAA","client":"127.0.0.1","canonical":"late.odd.test."}' \
	"$(grep alias.odd.test "$LAB_DIR/h/run/events" | tail -n 1 | sed 's/^{"time":"[^"]*Z",/{/')"
check "v6guard resolver query" 'NOERROR: no AAAA came, and the A is there (aaaa-timeout)' "$(on h v6guard resolver query late.e.odd.test | tail -n 1)"
check "... and it is counted" yes "$(on h v6guard resolver stats | awk '$1 == "late" && $2 > 5 { print "yes" }')"
check "an AAAA that comes after 2.4 s is not there at first" 'NOERROR; EDE 22' "$(ask slow.odd.test AAAA)"
until_true 4 test "$(asked slow.odd.test 28)" -ge 4
sleep 0.3
check "... and then it is" 'NOERROR; AAAA 2001:db8:64::1' "$(ask slow.odd.test AAAA)"

# crowd COUNT: so many names whose AAAA nobody answers, at once; then a good one, and how long that took.
crowd() {
	h "$python" - "$1" <<-'END'
		import socket, struct, sys, time
		def question(number, name, kind):
		    labels = b"".join(bytes([len(part)]) + part for part in name.split(b"."))
		    return struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.connect(("127.0.0.64", 53))
		for i in range(int(sys.argv[1])):
		    s.send(question(i, b"late.crowd%d.odd.test" % i, 28))
		    if i % 50 == 49:
		        time.sleep(0.005)
		time.sleep(1)
		good = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		good.connect(("127.0.0.64", 53)); good.settimeout(6)
		start = time.monotonic()
		good.send(question(7, b"good.crowd.odd.test", 1))
		print("answered" if good.recv(512)[7] == 1 and time.monotonic() - start < 2 else "late")
	END
}
check "1 900 AAAA that nobody answers, and a good name beside them" answered "$(crowd 1900)"
few=$(awk '/^late.crowd[0-9]*.odd.test 1 /' "$odd/asked" | sort -u | wc -l)
check "... whose A are not all asked for" few "$([ "$few" -le 1100 ] && echo few || echo "$few")"
sleep 4

# ---- an outage stays one -----------------------------------------------------------------------

check "an A is kept" 'NOERROR; A 198.51.100.1' "$(ask late.f.odd.test A)"
: >"$odd/mute"
sleep 1
start=$(now_ms)
check "no server answers: SERVFAIL, with an A that is kept" 'SERVFAIL; EDE 22' "$(ask late.f.odd.test AAAA)"
check "... not before all patience is over" yes "$([ $(($(now_ms) - start)) -gt 4000 ] && echo yes)"
rm "$odd/mute"

# A zone with servers of its own, and an A that only libunbound has to say.
printf '%s\n' '[guard]' 'mode = auto' '[resolver]' 'enable = yes' "upstream = $DNS6" 'aaaa-timeout = 200ms' \
	'[nat64]' 'mode = off' '[forward odd]' 'zones = odd.test' 'upstream = 2001:db8:53::54' >"$etc/v6guard/v6guard.conf"
on h v6guard -q apply
sleep 1.1
check "[forward]: an A is kept" 'NOERROR; A 198.51.100.1' "$(ask late.g.odd.test A)"
check "... and its servers live" 'NOERROR; EDE 22' "$(ask late.g.odd.test AAAA)"
check "... which was asked of them" yes "$([ "$(asked '' 2)" -gt 0 ] && echo yes)"
: >"$odd/mute"
check "... and then do not" SERVFAIL "$(sleep 5; ask late.g.odd.test AAAA | sed 's/; EDE 22//')"
rm "$odd/mute"

# ---- where AAAA are left out anyway ------------------------------------------------------------

for mode in prefer-ipv4 strip-aaaa; do
	policy $mode
	check "$mode: all go to the A" "$(all "$ipv4")" "$(each "late.$mode" | sort | awk '{ print $1, $2 }')"
	check "$mode: nobody was asked for an AAAA" 0 "$(grep "^late.$mode.* 28 " "$odd/asked" | wc -l)"
	check "$mode: NODATA" 'NOERROR; EDE 17' "$(ask late.$mode.g.odd.test AAAA)"
	ms=$(h "$python" -c 'import socket, sys, time
start = time.monotonic()
found = socket.getaddrinfo(sys.argv[1], 80, type=socket.SOCK_STREAM)
print(int((time.monotonic() - start) * 1000) if [a[4][0] for a in found] == ["198.51.100.1"] else found)' "late.$mode.h.odd.test")
	check "$mode: a lookup takes a moment" yes "$([ "$ms" -lt 500 ] && echo yes || echo "$ms ms")"
	ok "$mode: $ms ms"
	check "$mode: a name with AAAA alone has it" 'NOERROR; AAAA 2001:db8:64::1' "$(ask six.$mode.odd.test AAAA)"
done
daemon_stop h
lab_done
