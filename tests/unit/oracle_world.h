/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * oracle_world.h - random hosts for test_oracle: addresses, routes and tunnels in the
 * namespace of netns.h, all from one seed.
 */
#ifndef TESTS_UNIT_ORACLE_WORLD_H
#define TESTS_UNIT_ORACLE_WORLD_H

#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

#include "netns.h"

#define MAX_TEXT 4096

static unsigned seed;
static unsigned tunnels; /* of the two kinds that can be made here */

static unsigned dice(unsigned sides)
{
	return (unsigned)rand_r(&seed) % sides;
}

static const char *one_of(const char *const *words, size_t count)
{
	return words[dice((unsigned)count)];
}
#define ONE_OF(array) one_of(array, sizeof(array) / sizeof((array)[0]))

/* What is printed of a case that went wrong. */
static char world[MAX_TEXT], conf[MAX_TEXT], hosts[MAX_TEXT];

static void __attribute__((format(printf, 2, 3))) add(char *text, const char *format, ...)
{
	const size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, MAX_TEXT - length, format, args);
	va_end(args);
}

/* ---- a world: addresses and routes ---------------------------------------------------
 */

static unsigned own_count; /* addresses of this world */
static const char *const devices[] = {"d0", "d1", "t0", "t1"};
static const char *const own_ipv6[] = {
	"2001:db8:1::%x",      "2001:db8:1:1::%x", "2001:db8:8000::%x", "fd00:1::%x",
	"fd00:2::%x",          "fec0::%x",         "2002:c000:201::%x", "2001::%x",
	"2001:db8:1::ff00:%x", "::192.0.2.%d",     "3ffe::%x"};
static const char *const own_ipv4[] = {"192.0.2.%d", "192.0.3.%d", "10.0.0.%d",
				       "169.254.7.%d", "172.16.5.%d"};

static void format_address(char text[64], const char *format, unsigned number)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, 64, format, number);
#pragma GCC diagnostic pop
}

/* Tunnels that this kernel has no module for: a tun device that says it is one. */
static void make_tun(const char *name, int type)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	/* Open as long as this program runs: the device goes with it. */
	const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) ||
	    (type && ioctl(fd, TUNSETLINK, type))) {
		fprintf(stderr, "no %s: not all kinds of interfaces\n", name);
		return;
	}
	tunnels++;
}

static void make_devices(void)
{
	/* The other ends have no address: glibc counts any of IPv6. */
	sh("ip link del v0; for n in 0 1; do "
	   "ip link add d$n type veth peer name p$n; "
	   "echo 1 >/proc/sys/net/ipv6/conf/p$n/disable_ipv6; ip link set p$n up; done");
	make_tun("t0", ARPHRD_TUNNEL6);
	make_tun("t1", 0);
}

static void add_address(const char *device, bool is_ipv6)
{
	static const int lengths6[] = {64, 64, 48, 96, 120, 128, 127, 10};
	static const int lengths4[] = {24, 24, 16, 28, 32, 8, 31};
	const unsigned kind = dice(8);
	char text[64], peer[64];
	int length;

	format_address(text, is_ipv6 ? ONE_OF(own_ipv6) : ONE_OF(own_ipv4), ++own_count);
	format_address(peer, is_ipv6 ? "2001:db8:99::%x" : "198.51.100.%d", own_count);
	length = is_ipv6 ? lengths6[dice(8)] : lengths4[dice(7)];
	add(world, "addr add %s", text);
	if (kind == 0)
		add(world, " peer %s", peer);
	add(world, "/%d dev %s", length, device);
	if (is_ipv6)
		add(world, " nodad");
	if (is_ipv6 && kind == 1)
		add(world, " home");
	if (kind == 2 || kind == 3)
		add(world, " valid_lft forever preferred_lft 0");
	add(world, "\n");
	if (kind == 4) /* on two interfaces */
		add(world, "addr add %s/%d dev %s%s\n", text, is_ipv6 ? 49 : 25,
		    ONE_OF(devices), is_ipv6 ? " nodad home" : "");
}

static void add_routes(void)
{
	static const char *const targets[] = {
		"2001:db8:77::/48", "2001:db8:1:2::/64", "fd00:9::/64",   "2002::/16",
		"198.51.100.0/24",  "10.9.0.0/16",       "203.0.113.0/24"};
	static const char *const kinds[] = {"unreachable", "blackhole", "prohibit"};

	if (dice(8))
		add(world, "-4 route add default dev %s\n", ONE_OF(devices));
	if (dice(8))
		add(world, "-6 route add default dev %s\n", ONE_OF(devices));
	for (unsigned i = dice(4); i; i--) {
		const char *target = ONE_OF(targets);
		const char *family = strchr(target, ':') ? "-6" : "-4";

		if (dice(2))
			add(world, "%s route replace %s dev %s\n", family, target,
			    ONE_OF(devices));
		else
			add(world, "%s route replace %s %s\n", family, ONE_OF(kinds),
			    target);
	}
}

/* ip -batch reads "-4 route ..." as options of the object's. */
static void apply_world(void)
{
	char *copy = strdup(world), *rest = copy, *line;
	FILE *four = fopen("/tmp/4", "w"), *six = fopen("/tmp/6", "w");
	FILE *both = fopen("/tmp/both", "w");

	assert_true(copy && four && six && both);
	while ((line = strsep(&rest, "\n")))
		fprintf(!strncmp(line, "-4 ", 3)   ? four
			: !strncmp(line, "-6 ", 3) ? six
						   : both,
			"%s\n", line + (line[0] == '-' ? 3 : 0));
	fclose(four);
	fclose(six);
	fclose(both);
	free(copy);
	/* An address twice, a route for a device that is not there: that line is nothing.
	 */
	sh("{ ip -force -batch /tmp/both; ip -4 -force -batch /tmp/4; "
	   "ip -6 -force -batch /tmp/6; } >/dev/null 2>&1");
	assert_true(addresses_settle(""));
}

static void make_world(void)
{
	const unsigned kind = dice(8);

	world[0] = 0;
	own_count = 0;
	sh("for d in d0 d1 t0 t1; do ip addr flush dev $d; ip link set $d down; "
	   "echo %d >/proc/sys/net/ipv6/conf/$d/disable_ipv6; "
	   "echo %d >/proc/sys/net/ipv6/conf/$d/addr_gen_mode; ip link set $d up; "
	   "done 2>/dev/null; ip -4 route flush table main; "
	   "ip -6 route flush type unreachable; ip -6 route flush type blackhole; "
	   "ip -6 route flush type prohibit",
	   kind == 0, kind < 2);
	/* 0: no IPv6, which glibc takes for no knowledge; 1: not even link-local. */
	for (size_t i = 0; i < 4; i++) {
		for (unsigned n = kind > 1 ? dice(4) : 0; n; n--)
			add_address(devices[i], true);
		for (unsigned n = kind == 7 ? 0 : dice(3); n; n--)
			add_address(devices[i], false);
	}
	sh("ip addr del 127.0.0.53/32 dev lo 2>/dev/null");
	if (!dice(3))
		add(world, "addr add 127.0.0.53/32 dev lo valid_lft forever "
			   "preferred_lft 0\n");
	add_routes();
	apply_world();
	/* An address is no source before the kernel's own work on it is done. */
	sh("for i in $(seq 100); do [ -n \"$(ip -6 -o addr show tentative)\" ] || break; "
	   "sleep 0.02; done");
}

#endif
