/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_rtnetlink.c - any bytes as what the kernel says of routes, next hops, addresses
 * and links: the sets stay sorted and bounded, and asking for next hops comes to an end.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/watch/netwatch_facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check_facts(const struct netwatch_facts *facts)
{
	expect(facts->route_count <= NETWATCH_ROUTES);
	expect(facts->prefix_count <= NETWATCH_PREFIXES);
	expect(facts->onlink_count <= GP_REACH_ONLINK);
	expect(facts->name_count <= NETWATCH_ROUTES);
	for (size_t i = 1; i < facts->route_count; i++)
		expect(netwatch_compare_routes(&facts->routes[i - 1], &facts->routes[i]) <
		       0);
	for (size_t i = 0; i < facts->prefix_count; i++) {
		const struct gp_prefix *prefix = &facts->prefixes[i].prefix;

		expect(prefix->length <= (prefix->addr.family == AF_INET ? 32 : 128));
		expect(!gp_prefix_has_host_bits(prefix));
		expect(i == 0 || netwatch_compare_prefixes(&facts->prefixes[i - 1],
							   &facts->prefixes[i]) < 0);
	}
	for (size_t i = 0; i < facts->onlink_count; i++) {
		expect(facts->onlink[i].addr.family == AF_INET6);
		expect(facts->onlink[i].length > 0 && facts->onlink[i].length <= 128);
		expect(!gp_prefix_has_host_bits(&facts->onlink[i]));
	}
	for (size_t i = 0; i < facts->name_count; i++)
		expect(memchr(facts->names[i].name, 0, sizeof(facts->names[i].name)) !=
		       NULL);
}

static void read_all(const uint8_t *data, size_t size, struct netwatch_facts *facts)
{
	struct netwatch_message message;

	memset(facts, 0, sizeof(*facts));
	while (netwatch_next(&data, &size, &message)) {
		struct gp_addr addr;
		netwatch_is_relevant(&message);
		netwatch_address_of(&message, &addr);
		netwatch_add(facts, &message);
	}
	check_facts(facts);
	for (uint32_t id; (id = netwatch_unresolved(facts));) {
		const size_t before = facts->route_count;

		netwatch_drop_nexthop(facts, id);
		expect(facts->route_count < before);
	}
	check_facts(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netwatch_facts one, other;
	struct netwatch_state state = {.epoch = 1};
	char why[NETWATCH_WHY] = "";

	read_all(data, size, &one);
	read_all(data, size / 2, &other);
	netwatch_fill(&state, &one);
	expect(netwatch_apply(&state, &one, &one, why) == NETWATCH_SAME);
	if (netwatch_apply(&state, &one, &other, why) != NETWATCH_SAME)
		expect(why[0] && strlen(why) < NETWATCH_WHY);
	return 0;
}
