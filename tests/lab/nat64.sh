# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# nat64.sh - a host without IPv4 behind a router that translates. Source it after lab.sh.
#
#   lab_nat64 ROUTER HOST PREFIX   ROUTER routes both families, and runs tayga for PREFIX; HOST
#                                  has IPv6 alone and no link but to ROUTER. Servers see what
#                                  was translated come from $NAT64_SEEN.
#   ipv4_comes HOST                an address and a default route of IPv4; ipv4_goes HOST

NAT64_NET=10.46.0
NAT64_SEEN=$NAT64_NET.6

lab_nat64() {
	local router=$1 host=$2 r n
	lab_tool tayga >/dev/null || lab_refuse "not installed: tayga (./quickstart test brings it)"
	lab_host healthy "$router"
	lab_box "$host"
	r=${lab_number[$router]} n=${lab_number[$host]}
	lab_tayga "$router" "2001:db8:$n::2" "$3"
	on "$router" ip link add down0 type veth peer name up0 netns "${lab_pid[$host]}" ||
		lab_die "no veth"
	on "$router" sh -c "echo 0 >/proc/sys/net/ipv6/conf/down0/accept_dad
		ip link set down0 up && ip addr add 10.65.$n.1/24 dev down0 &&
		ip -6 addr add 2001:db8:$n::1/64 dev down0 nodad" || lab_die "no addresses on $router"
	on "$host" sh -c "echo 0 >/proc/sys/net/ipv6/conf/up0/accept_dad
		ip link set lo up && ip link set up0 up &&
		ip -6 addr add 2001:db8:$n::2/64 dev up0 nodad &&
		ip -6 route add default via 2001:db8:$n::1" || lab_die "no addresses on $host"
	ip -6 route add "2001:db8:$n::/64" via "2001:db8:$r::2"
	ip route add "10.65.$n.0/24" via "10.64.$r.2"
	ip route add "$NAT64_NET.0/24" via "10.64.$r.2"
	sed -i "s/$DNS4/$DNS6/" "$LAB_DIR/$host/etc/resolv.conf"
}

# lab_tayga ROUTER CLIENT PREFIX
lab_tayga() {
	local router=$1 dir=$LAB_DIR/$1 tayga
	tayga=$(lab_tool tayga)
	printf '%s\n' 'tun-device nat64' "ipv4-addr $NAT64_NET.1" 'ipv6-addr 2001:db8:ff64::1' \
		"prefix $3" "map $NAT64_SEEN $2" "data-dir $dir/run" >"$dir/tayga.conf"
	on "$router" "$tayga" --mktun -c "$dir/tayga.conf" >"$dir/tayga.log" 2>&1 ||
		lab_refuse "no tun device can be made here: $(tail -n 1 "$dir/tayga.log")"
	on "$router" sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		ip link set nat64 up && ip route add $NAT64_NET.0/24 dev nat64 &&
		ip -6 route add $3 dev nat64" || lab_die "no routes to tayga"
	on "$router" "$tayga" --nodetach -c "$dir/tayga.conf" >"$dir/tayga.log" 2>&1 &
	until_true 5 on "$router" ip link show nat64 up
}

ipv4_comes() {
	on "$1" sh -c "ip addr add 10.65.${lab_number[$1]}.2/24 dev up0 &&
		ip route add default via 10.65.${lab_number[$1]}.1"
}
ipv4_goes() { on "$1" ip addr del "10.65.${lab_number[$1]}.2/24" dev up0; }
