/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What messages come to, and how two states of the network differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tool/v6guardd/watch/netwatch_facts.h"

/* ---- facts from words ------------------------------------------------------------ */

static struct gp_prefix prefix_of(const char *text)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix))
		fail_msg("%s is no prefix", text);
	return prefix;
}

/* "ipv6 fe80::1 2": default route by way of interface 2; "prefix P 2"; "onlink P"; and
 * "usable". No gateway: "-". */
static void add_fact(struct netwatch_facts *facts, const char *line)
{
	char word[16] = "", text[64] = "";
	unsigned ifindex = 0;

	sscanf(line, "%15s %63s %u", word, text, &ifindex);
	if (!strcmp(word, "ipv6") || !strcmp(word, "ipv4")) {
		struct netwatch_route route = {.family = word[3] == '6' ? AF_INET6
									: AF_INET,
					       .ifindex = ifindex};

		if (strcmp(text, "-"))
			assert_int_equal(gp_addr_parse(text, &route.gateway), GP_OK);
		netwatch_add_route(facts, &route);
		facts->ipv6_default |= word[3] == '6';
		facts->ipv4_default |= word[3] == '4';
	} else if (!strcmp(word, "prefix")) {
		const struct netwatch_prefix prefix = {ifindex, prefix_of(text)};

		netwatch_add_prefix(facts, &prefix);
	} else if (!strcmp(word, "onlink")) {
		const struct gp_prefix prefix = prefix_of(text);

		netwatch_add_onlink(facts, &prefix);
	} else if (!strcmp(word, "usable")) {
		facts->ipv4_default = facts->ipv4_address = true;
	} else {
		fail_msg("%s", line);
	}
}

#define LINES 6

static void add_facts(struct netwatch_facts *facts, const char *const lines[LINES])
{
	memset(facts, 0, sizeof(*facts));
	for (size_t i = 0; i < LINES && lines[i]; i++)
		add_fact(facts, lines[i]);
	facts->names[facts->name_count++] = (struct netwatch_name){2, "eth0"};
	facts->names[facts->name_count++] = (struct netwatch_name){3, "wg0"};
}

static const struct {
	const char *before[LINES], *after[LINES];
	enum netwatch_change change;
	const char *why;
} apply_cases[] = {
	{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"},
	 {"prefix 2001:db8::/64 2", "ipv6 fe80::1 2"}, /* another order */
	 NETWATCH_SAME,
	 ""},
	{{NULL}, {NULL}, NETWATCH_SAME, ""},
	{{"ipv6 fe80::1 2"},
	 {NULL},
	 NETWATCH_EPOCH,
	 "default route for ipv6 via fe80::1 on eth0 is gone"},
	{{NULL},
	 {"ipv6 fe80::1 2"},
	 NETWATCH_EPOCH,
	 "new default route for ipv6 via fe80::1 on eth0"},
	{{NULL}, {"ipv6 - 3"}, NETWATCH_EPOCH, "new default route for ipv6 on wg0"},
	{{NULL},
	 {"ipv4 192.0.2.1 7"},
	 NETWATCH_EPOCH,
	 "new default route for ipv4 via 192.0.2.1 on interface 7"},
	{{NULL},
	 {"ipv4 fe80::1 2"}, /* RFC 8950 */
	 NETWATCH_EPOCH,
	 "new default route for ipv4 via fe80::1 on eth0"},
	{{"ipv6 fe80::1 2"}, /* another gateway */
	 {"ipv6 fe80::2 2"},
	 NETWATCH_EPOCH,
	 "default route for ipv6 via fe80::1 on eth0 is gone, and 1 more"},
	{{"ipv6 fe80::1 2"}, /* another interface */
	 {"ipv6 fe80::1 3"},
	 NETWATCH_EPOCH,
	 "default route for ipv6 via fe80::1 on eth0 is gone, and 1 more"},
	{{"ipv6 fe80::1 2"}, /* a second one */
	 {"ipv6 fe80::1 2", "ipv6 fe80::2 2"},
	 NETWATCH_EPOCH,
	 "new default route for ipv6 via fe80::2 on eth0"},
	{{"ipv6 fe80::1 2"},
	 {"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"},
	 NETWATCH_EPOCH,
	 "new prefix 2001:db8::/64 on eth0"},
	{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"},
	 {"ipv6 fe80::1 2"},
	 NETWATCH_EPOCH,
	 "prefix 2001:db8::/64 on eth0 is gone"},
	{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"}, /* renumbered */
	 {"ipv6 fe80::1 2", "prefix 2001:db8:1::/64 2"},
	 NETWATCH_EPOCH,
	 "prefix 2001:db8::/64 on eth0 is gone, and 1 more"},
	{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2", "prefix 192.0.2.0/24 2"},
	 {"ipv6 fe80::2 2", "prefix 2001:db8:1::/64 2"},
	 NETWATCH_EPOCH,
	 "default route for ipv6 via fe80::1 on eth0 is gone, and 4 more"},
	{{NULL}, {"usable"}, NETWATCH_OTHER, "ipv4 is usable"},
	{{"usable"}, {NULL}, NETWATCH_OTHER, "ipv4 is not usable"},
	{{NULL}, {"onlink 2001:db8::/64"}, NETWATCH_OTHER, "other prefixes on link"},
	{{"onlink 2001:db8::/64"}, {NULL}, NETWATCH_OTHER, "other prefixes on link"},
	{{"onlink 2001:db8::/64"},
	 {"onlink 2001:db8::/63"},
	 NETWATCH_OTHER,
	 "other prefixes on link"},
	{{"onlink 2001:db8::/64", "onlink fd00::/64"},
	 {"onlink fd00::/64", "onlink 2001:db8::/64"},
	 NETWATCH_SAME,
	 ""},
};

static void test_apply(void **state)
{
	struct netwatch_facts before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(apply_cases) / sizeof(apply_cases[0]); i++) {
		struct netwatch_state now = {.epoch = 41};
		char why[NETWATCH_WHY] = "";
		enum netwatch_change change;

		add_facts(&before, apply_cases[i].before);
		add_facts(&after, apply_cases[i].after);
		netwatch_fill(&now, &before);
		change = netwatch_apply(&now, &before, &after, why);
		if (change != apply_cases[i].change || strcmp(why, apply_cases[i].why))
			fail_msg("case %zu: %d, \"%s\"", i, change, why);
		assert_int_equal(now.epoch, change == NETWATCH_EPOCH ? 42 : 41);
		assert_int_equal(now.ipv4_usable,
				 after.ipv4_default && after.ipv4_address);
		assert_int_equal(now.ipv6_default, after.ipv6_default);
		assert_int_equal(now.onlink_count, after.onlink_count);
	}
}

/* 0 stands for no epoch, in the reach map and everywhere. */
static void test_epoch_wraps(void **state)
{
	static const char *const lines[LINES] = {"ipv6 fe80::1 2"}, *const none[LINES] = {
									    0};
	struct netwatch_state now = {.epoch = UINT32_MAX};
	struct netwatch_facts before, after;
	char why[NETWATCH_WHY];

	(void)state;
	add_facts(&before, none);
	add_facts(&after, lines);
	netwatch_apply(&now, &before, &after, why);
	assert_int_equal(now.epoch, 1);
}

/* More than there is room for, in two orders: the same ones are kept, each once. */
static void test_full_sets(void **state)
{
	static struct netwatch_facts facts[2];
	char why[NETWATCH_WHY];
	struct netwatch_state now;

	(void)state;
	memset(facts, 0, sizeof(facts));
	for (unsigned order = 0; order < 2; order++) {
		for (unsigned i = 0; i < 2000; i++) {
			const unsigned n = (order ? 1999 - i : i) * 7 % 1000;
			struct netwatch_prefix prefix = {2, prefix_of("2001:db8::/64")};
			struct netwatch_route route = {.family = AF_INET6,
						       .ifindex = n + 1};

			prefix.prefix.addr.bytes[6] = (uint8_t)(n >> 8);
			prefix.prefix.addr.bytes[7] = (uint8_t)n;
			netwatch_add_prefix(&facts[order], &prefix);
			netwatch_add_onlink(&facts[order], &prefix.prefix);
			netwatch_add_route(&facts[order], &route);
		}
		assert_int_equal(facts[order].route_count, NETWATCH_ROUTES);
		assert_int_equal(facts[order].prefix_count, NETWATCH_PREFIXES);
		assert_int_equal(facts[order].onlink_count, GP_REACH_ONLINK);
	}
	for (size_t i = 0; i < NETWATCH_ROUTES; i++)
		assert_int_equal(facts[0].routes[i].ifindex, i + 1);
	memset(&now, 0, sizeof(now));
	netwatch_fill(&now, &facts[0]);
	assert_int_equal(netwatch_apply(&now, &facts[0], &facts[1], why), NETWATCH_SAME);
}

/* ---- messages, as data ---------------------------------------------------------- */

struct builder {
	struct nlmsghdr header;
	uint8_t body[256];
	size_t used;
};

static void build(struct builder *builder, uint16_t type, const void *header, size_t size)
{
	memset(builder, 0, sizeof(*builder));
	builder->header.nlmsg_type = type;
	memcpy(builder->body, header, size);
	builder->used = NLMSG_ALIGN(size);
}

static void build_attribute(struct builder *builder, uint16_t type, const void *value,
			    size_t size)
{
	const struct rtattr attribute = {.rta_type = type,
					 .rta_len = (uint16_t)(sizeof(attribute) + size)};

	memcpy(builder->body + builder->used, &attribute, sizeof(attribute));
	memcpy(builder->body + builder->used + sizeof(attribute), value, size);
	builder->used += RTA_ALIGN(attribute.rta_len);
}

static void build_address(struct builder *builder, uint16_t type, const char *text)
{
	struct gp_addr addr;

	if (!text)
		return;
	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	build_attribute(builder, type, addr.bytes, addr.family == AF_INET ? 4 : 16);
}

/* Whether it is relevant. */
static bool parse(struct builder *builder, struct netwatch_facts *facts)
{
	const uint8_t *at = (const uint8_t *)builder;
	size_t size = sizeof(builder->header) + builder->used;
	struct netwatch_message message;

	builder->header.nlmsg_len = (uint32_t)size;
	assert_true(netwatch_next(&at, &size, &message));
	assert_int_equal(size, 0);
	netwatch_add(facts, &message);
	return netwatch_is_relevant(&message);
}

enum { DEFAULT = 1, USUAL = 2, ONLINK = 4, RELEVANT = 8 };

struct route_case {
	const char *to, *gateway;
	uint32_t table;
	uint8_t type;
	unsigned flags;
	uint32_t ifindex;
	int expected;
};

static void check_route(const struct route_case *route)
{
	const struct gp_prefix to = prefix_of(route->to);
	const struct rtmsg header = {.rtm_family = to.addr.family,
				     .rtm_dst_len = to.length,
				     .rtm_table = (uint8_t)route->table,
				     .rtm_type = route->type,
				     .rtm_flags = route->flags};
	struct netwatch_facts facts = {.route_count = 0};
	struct builder builder;
	int got = 0;

	build(&builder, RTM_NEWROUTE, &header, sizeof(header));
	build_attribute(&builder, RTA_TABLE, &route->table, 4);
	build_attribute(&builder, RTA_DST, to.addr.bytes,
			to.addr.family == AF_INET ? 4 : 16);
	build_address(&builder, RTA_GATEWAY, route->gateway);
	build_attribute(&builder, RTA_OIF, &route->ifindex, 4);
	got |= parse(&builder, &facts) ? RELEVANT : 0;
	got |= facts.route_count ? DEFAULT : 0;
	got |= facts.ipv4_default || facts.ipv6_default ? USUAL : 0;
	got |= facts.onlink_count ? ONLINK : 0;
	if (got != route->expected)
		fail_msg("%s table %u type %u flags %u: %d", route->to,
			 (unsigned)route->table, route->type, route->flags, got);
}

/* What unique local prefixes a route and an address are known by. */
static void check_ula(const char *to, const char *gateway, uint8_t protocol,
		      const char *expected)
{
	const struct gp_prefix prefix = prefix_of(to);
	const struct rtmsg header = {.rtm_family = AF_INET6,
				     .rtm_dst_len = prefix.length,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_protocol = protocol,
				     .rtm_type = RTN_UNICAST};
	const uint32_t ifindex = 2;
	struct netwatch_facts facts = {.route_count = 0};
	struct netwatch_state now = {.epoch = 1};
	struct builder builder;
	char text[GP_PREFIX_TEXT] = "";

	build(&builder, RTM_NEWROUTE, &header, sizeof(header));
	build_attribute(&builder, RTA_DST, prefix.addr.bytes, 16);
	build_address(&builder, RTA_GATEWAY, gateway);
	build_attribute(&builder, RTA_OIF, &ifindex, 4);
	if (!parse(&builder, &facts) && expected[0])
		fail_msg("%s is not relevant", to);
	netwatch_fill(&now, &facts);
	if (now.ula.count)
		gp_prefix_format(&now.ula.rows[0], text);
	if (strcmp(text, expected) != 0)
		fail_msg("%s by %d: '%s'", to, protocol, text);
}

/* draft-ietf-6man-rfc6724-update: RIO are routes by a router, PIO are on the link. */
static void test_ula_messages(void **state)
{
	(void)state;
	check_ula("fd12:3456::/40", "fe80::1", RTPROT_RA, "fd12:3456::/40");
	check_ula("fd12:3456:789a:1::/64", "fe80::1", RTPROT_RA, "fd12:3456:789a:1::/64");
	check_ula("fd12:3400::/39", "fe80::1", RTPROT_RA, "");
	check_ula("fd12:3456::/40", "fe80::1", RTPROT_STATIC, "");
	check_ula("fd12:3456::/40", "fe80::1", RTPROT_BOOT, "");
	check_ula("2001:db8::/48", "fe80::1", RTPROT_RA, "");
	check_ula("fd12:3456:789a:1::/64", NULL, RTPROT_KERNEL, "fd12:3456:789a::/48");
	check_ula("fd12:3456:789a:1::/64", NULL, RTPROT_RA, "fd12:3456:789a::/48");
	check_ula("fd12:3456:789a:1::/64", NULL, RTPROT_STATIC, "");
	check_ula("fc12:3456:789a:1::/64", NULL, RTPROT_KERNEL, "");
}

static void test_route_messages(void **state)
{
	static const struct route_case cases[] = {
		{"::/0", "fe80::1", 254, RTN_UNICAST, 0, 2, DEFAULT | USUAL | RELEVANT},
		{"::/0", "fe80::1", 253, RTN_UNICAST, 0, 2, DEFAULT | USUAL | RELEVANT},
		{"::/0", "fe80::1", 51820, RTN_UNICAST, 0, 2, DEFAULT | RELEVANT},
		{"::/0", "fe80::1", 255, RTN_UNICAST, 0, 2, 0},
		{"::/0", "fe80::1", 254, RTN_UNREACHABLE, 0, 2, RELEVANT},
		{"::/0", "fe80::1", 254, RTN_BLACKHOLE, 0, 2, RELEVANT},
		{"::/0", "fe80::1", 254, RTN_UNICAST, RTNH_F_LINKDOWN, 2, RELEVANT},
		{"::/0", "fe80::1", 254, RTN_UNICAST, RTNH_F_DEAD, 2, RELEVANT},
		{"::/0", "fe80::1", 254, RTN_UNICAST, RTM_F_CLONED, 2, 0},
		{"::/0", "fe80::1", 254, RTN_UNICAST, 0, 0, RELEVANT},
		{"::/1", NULL, 254, RTN_UNICAST, 0, 2, DEFAULT | USUAL | RELEVANT},
		{"8000::/1", "fe80::1", 254, RTN_UNICAST, 0, 2, 0},
		{"2000::/3", NULL, 254, RTN_UNICAST, 0, 2, DEFAULT | USUAL | RELEVANT},
		{"2000::/4", "fe80::1", 254, RTN_UNICAST, 0, 2, 0},
		{"0.0.0.0/0", "192.0.2.1", 254, RTN_UNICAST, 0, 2,
		 DEFAULT | USUAL | RELEVANT},
		{"0.0.0.0/1", NULL, 254, RTN_UNICAST, 0, 2, DEFAULT | USUAL | RELEVANT},
		{"192.0.2.0/24", NULL, 254, RTN_UNICAST, 0, 2, 0},
		{"2001:db8::/64", NULL, 254, RTN_UNICAST, 0, 2, ONLINK | RELEVANT},
		{"2001:db8::/64", "fe80::1", 254, RTN_UNICAST, 0, 2, 0},
		{"2001:db8::/64", NULL, 254, RTN_UNICAST, 0, 1, 0}, /* lo */
		{"2001:db8::/64", NULL, 254, RTN_UNREACHABLE, 0, 2, RELEVANT},
		{"2001:db8::1/128", NULL, 255, RTN_LOCAL, 0, 2, 0},
		{"fe80::/64", NULL, 254, RTN_UNICAST, 0, 2, 0},
		{"ff00::/8", NULL, 254, RTN_UNICAST, 0, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_route(&cases[i]);
}

struct address_case {
	const char *address, *local;
	uint8_t length, flags;
	const char *prefix; /* NULL: it does not count */
	bool is_ipv4, is_relevant;
};

/* Which address it is about, on which interface; of other messages there is none. */
static void check_address_of(struct builder *builder, const char *text)
{
	const uint8_t *at = (const uint8_t *)builder;
	size_t size = builder->header.nlmsg_len;
	struct netwatch_message message;
	struct gp_addr addr, wanted;

	assert_int_equal(gp_addr_parse(text, &wanted), GP_OK);
	wanted.scope_id = 2;
	assert_true(netwatch_next(&at, &size, &message));
	assert_true(netwatch_address_of(&message, &addr));
	assert_true(gp_addr_equal(&addr, &wanted));
	message.type = RTM_DELADDR;
	assert_true(netwatch_address_of(&message, &addr));
	message.type = RTM_NEWROUTE;
	assert_false(netwatch_address_of(&message, &addr));
	message.type = RTM_NEWADDR;
	message.size = sizeof(struct ifaddrmsg) - 1;
	assert_false(netwatch_address_of(&message, &addr));
}

static void check_address(const struct address_case *address)
{
	const struct ifaddrmsg header = {
		.ifa_family = strchr(address->address, ':') ? AF_INET6 : AF_INET,
		.ifa_prefixlen = address->length,
		.ifa_flags = address->flags,
		.ifa_index = 2};
	const struct netwatch_route route = {.family = AF_INET6, .ifindex = 2};
	struct netwatch_facts facts = {.route_count = 0}, elsewhere = facts;
	char text[GP_PREFIX_TEXT];
	struct builder builder;

	netwatch_add_route(&facts, &route);
	build(&builder, RTM_NEWADDR, &header, sizeof(header));
	build_address(&builder, IFA_ADDRESS, address->address);
	build_address(&builder, IFA_LOCAL, address->local);
	if (parse(&builder, &facts) != address->is_relevant ||
	    facts.ipv4_address != address->is_ipv4 ||
	    facts.prefix_count != (address->prefix != NULL))
		fail_msg("%s/%u flags %x", address->address, address->length,
			 address->flags);
	if (address->prefix)
		assert_string_equal(gp_prefix_format(&facts.prefixes[0].prefix, text),
				    address->prefix);
	if (address->is_relevant)
		check_address_of(&builder,
				 address->local ? address->local : address->address);
	/* An interface without a default route. */
	parse(&builder, &elsewhere);
	assert_int_equal(elsewhere.prefix_count, 0);
}

static void test_address_messages(void **state)
{
	static const struct address_case cases[] = {
		{"2001:db8::1", NULL, 64, 0, "2001:db8::/64", false, true},
		{"2001:db8::1", NULL, 64, IFA_F_TEMPORARY, "2001:db8::/64", false, true},
		{"2001:db8::1", NULL, 64, IFA_F_DEPRECATED, "2001:db8::/64", false, true},
		{"2001:db8::1", NULL, 64, IFA_F_TENTATIVE, "2001:db8::/64", false, true},
		{"2001:db8::1", NULL, 64, IFA_F_DADFAILED, NULL, false, true},
		{"2001:db8::1", NULL, 128, 0, "2001:db8::1/128", false, true},
		{"2001:db8:0:f::1", NULL, 61, 0, "2001:db8:0:8::/61", false, true},
		{"2001:db8::1", NULL, 129, 0, NULL, false, false},
		{"fd00::1", NULL, 64, 0, "fd00::/64", false, true},
		{"fe80::1", NULL, 64, 0, NULL, false, false},
		{"::1", NULL, 128, 0, NULL, false, false},
		{"192.0.2.1", "192.0.2.1", 24, 0, "192.0.2.0/24", true, true},
		/* a link of two: the peer's is the other */
		{"198.51.100.2", "192.0.2.1", 32, 0, "192.0.2.1/32", true, true},
		{"169.254.7.7", "169.254.7.7", 16, 0, NULL, false, false},
		{"127.0.0.1", "127.0.0.1", 8, 0, NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_address(&cases[i]);
}

/* A length that cannot be true is no message. */
static void test_cut_off(void **state)
{
	static const uint8_t lengths[] = {0, 1, 15};
	struct nlmsghdr header = {.nlmsg_type = RTM_NEWLINK};
	struct netwatch_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		const uint8_t *at = (const uint8_t *)&header;
		size_t size = sizeof(header);

		header.nlmsg_len = lengths[i];
		assert_false(netwatch_next(&at, &size, &message));
		header.nlmsg_len = sizeof(header) + 1;
		assert_false(netwatch_next(&at, &size, &message));
		size = lengths[i];
		header.nlmsg_len = sizeof(header);
		assert_false(netwatch_next(&at, &size, &message));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_epoch_wraps),
		cmocka_unit_test(test_full_sets),
		cmocka_unit_test(test_route_messages),
		cmocka_unit_test(test_ula_messages),
		cmocka_unit_test(test_address_messages),
		cmocka_unit_test(test_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
