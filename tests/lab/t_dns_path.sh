#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door behind a way that is narrow and says nothing: a link of 1280 bytes in the middle, and
# whatever would tell of it, or be cut by it, is dropped: packet-too-big, fragmentation-needed, all
# fragments. 1 000 names of a zone that knot signed; every tenth answer comes by TCP alone.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_tool keymgr >/dev/null || lab_refuse "no keymgr (knot)"
names=1000 control=60
[ -z "${V6GUARD_LONG:-}" ] || control=1000
dir=$LAB_DIR/signed
mkdir "$dir"
ip -6 addr add 2001:db8:53::55/128 dev lo nodad
ip addr add 192.0.2.55/32 dev lo
{
	printf '%s\n' '$ORIGIN sec.' '$TTL 300' '@ SOA ns.sec. h.sec. 1 7200 3600 1209600 120' '@ NS ns.sec.' \
		'ns AAAA 2001:db8:53::55'
	awk -v names=$names 'BEGIN { for (i = 0; i < names; i++) {
		count = i % 10 ? 1 + i % 30 : i % 20 ? 80 : 150
		for (j = 1; j <= count; j++) printf "n%d A 198.51.%d.%d\n", i, i % 250, j } }'
} >"$dir/sec.zone"
lab_knot_head "$dir" '2001:db8:53::55@53, 192.0.2.55@53' 'udp-max-payload: 4096' >"$dir/knot.conf"
cat >>"$dir/knot.conf" <<-END
	template:
	  - id: default
	    storage: "$dir"
	    journal-content: none
	    zonefile-sync: 0
	    zonefile-load: whole
	zone:
	  - domain: sec.
	    file: sec.zone
	    dnssec-signing: on
END
knotd -c "$dir/knot.conf" >"$dir/log" 2>&1 &
until_true 20 grep -q '^n999.*RRSIG' "$dir/sec.zone" || lab_die "knot did not sign: $(tail -n 3 "$dir/log")"
"$(lab_tool keymgr)" -c "$dir/knot.conf" sec. ds 2>/dev/null | sed 's/^sec\. /sec. 3600 IN /' >"$dir/anchor"

# The client's way to the server is by the router alone.
lab_host healthy router
lab_host healthy h
ip link add narrow netns "${lab_pid[router]}" mtu 1280 type veth peer name wide0 netns "${lab_pid[h]}"
on router sh -c 'echo 0 >/proc/sys/net/ipv6/conf/narrow/accept_dad
	ip link set narrow up; ip addr add 10.99.0.1/24 dev narrow; ip -6 addr add 2001:db8:990::1/64 dev narrow nodad
	echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
on h sh -c 'echo 0 >/proc/sys/net/ipv6/conf/wide0/accept_dad
	ip link set wide0 up; ip addr add 10.99.0.2/24 dev wide0; ip -6 addr add 2001:db8:990::2/64 dev wide0 nodad
	ip route add 192.0.2.55/32 via 10.99.0.1; ip -6 route add 2001:db8:53::55/128 via 2001:db8:990::1'
ip route add 10.99.0.0/24 via 10.64.1.2
ip -6 route add 2001:db8:990::/64 via 2001:db8:1::2
# -450 is before defragmentation; what the router itself cuts, its other side drops.
quiet='counter name fragments drop'
for host in router h; do
	on $host nft -f - <<-END
		table inet quiet {
			counter fragments {}
			counter told {}
			chain in { type filter hook prerouting priority -450;
				ip frag-off & 0x3fff != 0 $quiet
				exthdr frag exists $quiet
			}
			chain out { type filter hook output priority 0;
				icmpv6 type packet-too-big counter name told drop
				icmp type destination-unreachable icmp code 4 counter name told drop
			}
		}
	END
done
counted() { on "$1" nft list counter inet quiet "$2" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

mkdir -p "$LAB_DIR/h/etc/v6guard"
chmod a+rx "$LAB_DIR" "$dir" && chmod a+r "$dir/anchor"
cp "$dir/anchor" "$LAB_DIR/h/etc/anchor"
resolver() {
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'trust-anchor = /etc/anchor' "$@" '[nat64]' 'mode = off' \
		>"$LAB_DIR/h/etc/v6guard/v6guard.conf"
	daemon h
}
# all FROM TO: so many names with DO, 50 at a time: "N failed", and how long it took on stderr.
all() {
	on h "$python" - "$1" "$2" <<-'END'
		import select, socket, struct, sys, time
		def build(i):
		    label = b"n%d" % i
		    return struct.pack("!6H", i, 0x100, 1, 0, 0, 1) + bytes([len(label)]) + label + b"\3sec\0\0\1\0\1" + \
		        b"\0" + struct.pack("!HHIH", 41, 4096, 0x8000, 0)
		def by_tcp(query):
		    with socket.create_connection(("127.0.0.64", 53), 8) as s:
		        s.sendall(struct.pack("!H", len(query)) + query)
		        return s.recv(struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)
		first, last = int(sys.argv[1]), int(sys.argv[2])
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.64", 53)); s.settimeout(9)
		waiting, times, bad, cut, i = {}, [], 0, 0, first
		while i < last or waiting:
		    while i < last and len(waiting) < 50:
		        s.send(build(i)); waiting[i] = time.monotonic(); i += 1
		    try: reply = s.recv(65535)
		    except socket.timeout: break
		    number = struct.unpack("!H", reply[:2])[0]
		    if reply[2] & 2:
		        cut += 1; reply = by_tcp(build(number))
		    times.append((time.monotonic() - waiting.pop(number)) * 1000)
		    # So many addresses, and their signature.
		    count = (1 + number % 30 if number % 10 else 80 if number % 20 else 150) + 1
		    bad += reply[3] & 15 != 0 or struct.unpack("!H", reply[6:8])[0] != count
		times.sort()
		print("%d failed, %d by TCP" % (bad + len(waiting) , cut))
		print("        %d names: median %.1f ms, 99 %% %.0f ms, slowest %.0f ms, above 100 ms %.1f %%" % (len(times), times[len(times) // 2],
		    times[len(times) * 99 // 100], times[-1], 100 * sum(t > 100 for t in times) / len(times)), file=sys.stderr)
	END
}

check "the control: 3 000 bytes to the server, and nothing comes" silence \
	"$(on h "$python" -c 'import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(1); s.connect(("2001:db8:53::55", 53))
s.send(struct.pack("!6H", 1, 0x100, 1, 0, 0, 1) + b"\2n0\3sec\0\0\1\0\1\0" + struct.pack("!HHIH", 41, 4096, 0x8000, 0))
try: print(len(s.recv(65535)))
except socket.timeout: print("silence")')"
if [ "$(counted router fragments)" -gt 0 ]; then ok "that were fragments"; else bad "no fragment was dropped"; fi

resolver 'upstream = 2001:db8:53::55' 'dnssec = validate'
check "IPv6, validated: of $names signed names" "0 failed, $((names / 10)) by TCP" "$(all 0 $names)"
daemon_stop h
resolver 'upstream = 192.0.2.55'
check "IPv4: of $names signed names" "0 failed, $((names / 10)) by TCP" "$(all 0 $names)"
daemon_stop h
resolver 'upstream = 2001:db8:53::55' 'edns-size = 4096'
printf 'ok      the control with edns-size = 4096, of %d: %s\n' $control "$(all 0 $control 2>&1 | paste -sd' ')"
daemon_stop h
printf 'ok      dropped in all: %s fragments, %s that would have told of the width\n' "$(counted router fragments)" \
	"$(counted router told)"
lab_done
