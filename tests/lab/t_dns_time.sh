#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone: it goes by the clock
# What the dns door promises about time and about how often it asks: questions that are lost, a
# server that is dead, which server is asked, and how often.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
odd=$LAB_DIR/odd
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
ip addr add 192.0.2.54/32 dev lo
lab_serve odd_dns.py 2001:db8:53::54 "$odd"
lab_serve odd_dns.py 192.0.2.54 "$odd/4"
lab_host healthy h
conf=$LAB_DIR/h/etc/v6guard/v6guard.conf
mkdir -p "${conf%/*}"

# upstream SERVER...: v6guardd with these in resolv.conf, from scratch.
upstream() {
	daemon_stop h
	printf 'nameserver %s\n' "$@" >"$LAB_DIR/h/etc/resolv.conf"
	daemon h
}
resolver() { printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' '[nat64]' 'mode = off' "$@" >"$conf"; }
# many PATTERN COUNT TYPES...: by one client; what it said is in $said.
many() { said=$(on h "$python" "$here/many.py" 127.0.0.64 "$@"); }
figure() { echo "$said" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
# bound WHAT KEY MOST: a figure of $said, which is shown.
bound() {
	if awk "BEGIN { exit !($(figure "$2") <= $3) }"; then ok "$1: $2 $(figure "$2"), at most $3"; else bad "$1: at most $3" "$said"; fi
}
all() { check "$1: all answered, none wrong" "answered=$2 silent=0 bad=${3:-0} wrong=0" "${said% p50*}"; }

# Packets that come in from h from now on; packets COUNTER.
counters() {
	nft -f - <<-END
		table inet count {}
		delete table inet count
		table inet count {
			counter to6 {}
			counter to4 {}
			counter dead {}
			chain in {
				type filter hook input priority -1;
				ip6 daddr 2001:db8:53::99 counter name dead
				iifname "${lab_iface[h]}" meta nfproto ipv6 meta l4proto { tcp, udp } th dport 53 counter name to6
				iifname "${lab_iface[h]}" meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 counter name to4
			}
		}
	END
}
packets() { nft list counter inet count "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

# ---- questions that are lost ---------------------------------------------------------------

resolver
for server in 2001:db8:53::54 192.0.2.54; do
	upstream "$server"
	pids=
	for types in A AAAA A+AAAA; do
		for lost in first twice; do
			on h "$python" "$here/many.py" 127.0.0.64 "$lost%d-$types.odd.test" 20 "$types" window=20 \
				>"$LAB_DIR/$lost-$types" &
			pids="$pids $!"
		done
	done
	# shellcheck disable=SC2086
	wait $pids
	for types in A AAAA A+AAAA; do
		none=0
		[ "$types" = A ] || none=20
		said=$(cat "$LAB_DIR/first-$types")
		all "$server, $types: the first lost" 20 "$none"
		bound "$server, $types: the first lost, ms" max 800
		said=$(cat "$LAB_DIR/twice-$types")
		all "$server, $types: the first two lost" 20 "$none"
		bound "$server, $types: the first two lost, ms" max 1600
	done
done

# ---- the server that comes first is dead ---------------------------------------------------

# What glibc does by itself, meanwhile.
lab_host healthy plain
printf 'nameserver 2001:db8:53::99\nnameserver %s\n' "$DNS6" >"$LAB_DIR/plain/etc/resolv.conf"
ip -6 addr add 2001:db8:53::99/128 dev lo nodad
for host in h plain; do filter "$host" 6 'ip6 daddr 2001:db8:53::99 drop'; done
on plain "$python" -c 'import socket, time
start = time.monotonic(); socket.getaddrinfo("dual.lab.test", 80); print("%.1f" % (time.monotonic() - start))' >"$LAB_DIR/control" &
control=$!
for types in A A+AAAA; do
	upstream 2001:db8:53::99 "$DNS6"
	many "d%d-$types.cold.lab.test" 400 "$types" skip=3
	all "the first server is dead, $types" 400
	bound "the first server is dead, $types, after the third, ms" p99 20
done
# Left out is left out; 2001:db8:53::99 is asked along with a question, and by us, each 4 s and
# more often at first.
for_s=2 most=14
[ -z "${V6GUARD_LONG:-}" ] || { for_s=60 most=50; }
until_true 5 bash -c "nsenter -t ${lab_pid[h]} -n -m v6guard resolver status | grep -q '^no answer .*53::99'" ||
	bad "the dead server is left out" "$(on h v6guard resolver status)"
counters
end=$(($(now_ms) + for_s * 1000)) i=0
while [ "$(now_ms)" -lt "$end" ]; do
	many "o$((i += 1))-%d.cold.lab.test" 100 A+AAAA window=4
	sleep 0.1
done
said="packets=$(packets dead)"
bound "left out: packets to it in $for_s s under load" packets "$most"
wait "$control"
echo "        glibc alone: $(cat "$LAB_DIR/control") s for one name"

# ---- how often, and over what --------------------------------------------------------------

names=10000
upstream "$DNS6" "$DNS4"
counters
many 'n%d.cold.lab.test' "$names" A+AAAA window=64
said="$said each=$(awk "BEGIN { print ($(packets to6) + $(packets to4)) / $names / 2 }") over4=$(awk "BEGIN { print 100 * $(packets to4) / $names / 2 }")"
echo "        $said"
all "$names cold names" "$names"
bound "$names cold names, A and AAAA at once: questions to a server for one of a client" each 1.005
bound "percent of them to the second server" over4 1
daemon_stop h
resolver '[guard]' 'mode = strip-aaaa' 'keep-last = no'
on h v6guard -q apply
upstream "$DNS6"
asked=$(lab_asked AAAA) a=$(lab_asked A)
many 's%d.cold.lab.test' "$names" A+AAAA window=64
check "strip-aaaa, keep-last = no: of $names names no AAAA is asked for" "0 AAAA, $names A" \
	"$(($(lab_asked AAAA) - asked)) AAAA, $(($(lab_asked A) - a)) A"
all "and what is left is answered" "$names" "$names"
daemon_stop h
lab_done
