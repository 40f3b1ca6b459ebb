/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netwatch_facts.c - sets of facts, how two of them differ, and how that is said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netwatch_facts.h"

typedef int compare_fn(const void *a, const void *b);

/* ---- sorted sets ------------------------------------------------------------------- */

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_addresses(const struct gp_addr *a, const struct gp_addr *b)
{
	if (a->family != b->family)
		return compare_numbers(a->family, b->family);
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int netwatch_compare_routes(const void *a, const void *b)
{
	const struct netwatch_route *one = a, *other = b;

	if (one->family != other->family)
		return compare_numbers(one->family, other->family);
	if (one->ifindex != other->ifindex)
		return compare_numbers(one->ifindex, other->ifindex);
	if (one->nexthop != other->nexthop)
		return compare_numbers(one->nexthop, other->nexthop);
	return compare_addresses(&one->gateway, &other->gateway);
}

/* The shortest first: they are what a full set is to keep. */
static int compare_gp_prefixes(const void *a, const void *b)
{
	const struct gp_prefix *one = a, *other = b;

	if (one->length != other->length)
		return compare_numbers(one->length, other->length);
	return compare_addresses(&one->addr, &other->addr);
}

static int compare_ulas(const void *a, const void *b)
{
	const struct ula_fact *one = a, *other = b;

	if (one->source != other->source)
		return compare_numbers(one->source, other->source);
	return compare_gp_prefixes(&one->prefix, &other->prefix);
}

int netwatch_compare_prefixes(const void *a, const void *b)
{
	const struct netwatch_prefix *one = a, *other = b;

	if (one->ifindex != other->ifindex)
		return compare_numbers(one->ifindex, other->ifindex);
	return compare_gp_prefixes(&one->prefix, &other->prefix);
}

/* Where ITEM belongs in the set of COUNT items of SIZE bytes each. */
static size_t place_of(const void *set, size_t count, size_t size, const void *item,
		       compare_fn *compare)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare((const char *)set + middle * size, item) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(void *set, size_t *count, size_t most, size_t size, const void *item,
		   compare_fn *compare)
{
	const size_t place = place_of(set, *count, size, item, compare);
	char *at = (char *)set + place * size;
	size_t behind = *count - place;

	if (place == most || (behind && !compare(at, item)))
		return;
	if (*count == most)
		behind--; /* the last one falls out */
	else
		++*count;
	memmove(at + size, at, behind * size);
	memcpy(at, item, size);
}

void netwatch_add_route(struct netwatch_facts *facts, const struct netwatch_route *route)
{
	insert(facts->routes, &facts->route_count, NETWATCH_ROUTES, sizeof(*route), route,
	       netwatch_compare_routes);
}

void netwatch_add_prefix(struct netwatch_facts *facts,
			 const struct netwatch_prefix *prefix)
{
	insert(facts->prefixes, &facts->prefix_count, NETWATCH_PREFIXES, sizeof(*prefix),
	       prefix, netwatch_compare_prefixes);
}

void netwatch_add_onlink(struct netwatch_facts *facts, const struct gp_prefix *prefix)
{
	insert(facts->onlink, &facts->onlink_count, GP_REACH_ONLINK, sizeof(*prefix),
	       prefix, compare_gp_prefixes);
}

void netwatch_add_ula(struct netwatch_facts *facts, enum ula_source source,
		      const struct gp_prefix *prefix)
{
	struct ula_fact fact;

	if (ula_fact_make(source, prefix, &fact))
		insert(facts->ulas, &facts->ula_count, NETWATCH_ULAS, sizeof(fact), &fact,
		       compare_ulas);
}

bool netwatch_has_default(const struct netwatch_facts *facts, uint32_t ifindex)
{
	for (size_t i = 0; i < facts->route_count; i++)
		if (facts->routes[i].ifindex == ifindex)
			return true;
	return false;
}

uint32_t netwatch_unresolved(const struct netwatch_facts *facts)
{
	for (size_t i = 0; i < facts->route_count; i++)
		if (facts->routes[i].nexthop)
			return facts->routes[i].nexthop;
	return 0;
}

void netwatch_drop_nexthop(struct netwatch_facts *facts, uint32_t nexthop)
{
	size_t kept = 0;

	for (size_t i = 0; i < facts->route_count; i++)
		if (facts->routes[i].nexthop != nexthop)
			facts->routes[kept++] = facts->routes[i];
	facts->route_count = kept;
}

/* ---- how two differ ---------------------------------------------------------------- */

struct set {
	const void *items;
	size_t count, size;
	compare_fn *compare;
};

/* How many of A are not in B; the first of them goes to *FIRST. */
static size_t missing(const struct set *a, const struct set *b, const void **first)
{
	size_t found = 0;

	for (size_t i = 0; i < a->count; i++) {
		const char *item = (const char *)a->items + i * a->size;
		const size_t place =
			place_of(b->items, b->count, b->size, item, b->compare);

		if (place < b->count &&
		    !b->compare((const char *)b->items + place * b->size, item))
			continue;
		if (!found++)
			*first = item;
	}
	return found;
}

static struct set routes_of(const struct netwatch_facts *facts)
{
	return (struct set){facts->routes, facts->route_count, sizeof(facts->routes[0]),
			    netwatch_compare_routes};
}

static struct set prefixes_of(const struct netwatch_facts *facts)
{
	return (struct set){facts->prefixes, facts->prefix_count,
			    sizeof(facts->prefixes[0]), netwatch_compare_prefixes};
}

#define NAME_TEXT (IF_NAMESIZE + 16)

static const char *name_of(const struct netwatch_facts *facts, uint32_t ifindex,
			   char buf[NAME_TEXT])
{
	for (size_t i = 0; i < facts->name_count; i++)
		if (facts->names[i].ifindex == ifindex)
			return facts->names[i].name;
	snprintf(buf, NAME_TEXT, "interface %u", (unsigned)ifindex);
	return buf;
}

static void say_route(const struct netwatch_facts *facts, const void *item, bool is_new,
		      char why[NETWATCH_WHY])
{
	const struct netwatch_route *route = item;
	char gateway[GP_ADDR_TEXT] = "", name[NAME_TEXT];

	if (route->gateway.family)
		gp_addr_format(&route->gateway, gateway);
	snprintf(why, NETWATCH_WHY, "%sdefault route for %s%s%s on %s%s",
		 is_new ? "new " : "", route->family == AF_INET ? "ipv4" : "ipv6",
		 gateway[0] ? " via " : "", gateway, name_of(facts, route->ifindex, name),
		 is_new ? "" : " is gone");
}

static void say_prefix(const struct netwatch_facts *facts, const void *item, bool is_new,
		       char why[NETWATCH_WHY])
{
	const struct netwatch_prefix *prefix = item;
	char text[GP_PREFIX_TEXT], name[NAME_TEXT];

	snprintf(why, NETWATCH_WHY, "%sprefix %s on %s%s", is_new ? "new " : "",
		 gp_prefix_format(&prefix->prefix, text),
		 name_of(facts, prefix->ifindex, name), is_new ? "" : " is gone");
}

typedef void say_fn(const struct netwatch_facts *facts, const void *item, bool is_new,
		    char why[NETWATCH_WHY]);

/* What came and went of one kind; the first change overall is the one that is told. */
static size_t compare_sets(const struct netwatch_facts *before,
			   const struct netwatch_facts *after,
			   struct set (*set_of)(const struct netwatch_facts *facts),
			   say_fn *say, bool is_first, char why[NETWATCH_WHY])
{
	const struct set old = set_of(before), new = set_of(after);
	const void *lost = NULL, *won = NULL;
	const size_t gone = missing(&old, &new, &lost), come = missing(&new, &old, &won);

	if (is_first && lost)
		say(before, lost, false, why);
	else if (is_first && won)
		say(after, won, true, why);
	return gone + come;
}

static size_t compare_facts(const struct netwatch_facts *before,
			    const struct netwatch_facts *after, char why[NETWATCH_WHY])
{
	size_t count = compare_sets(before, after, routes_of, say_route, true, why);

	count += compare_sets(before, after, prefixes_of, say_prefix, !count, why);
	if (count > 1) {
		const size_t used = strlen(why);

		snprintf(why + used, NETWATCH_WHY - used, ", and %zu more", count - 1);
	}
	return count;
}

void netwatch_fill(struct netwatch_state *state, const struct netwatch_facts *facts)
{
	state->ipv4_usable = facts->ipv4_default && facts->ipv4_address;
	state->ipv6_default = facts->ipv6_default;
	state->onlink_count = (uint32_t)facts->onlink_count;
	memset(state->onlink, 0, sizeof(state->onlink));
	for (size_t i = 0; i < facts->onlink_count; i++)
		state->onlink[i] = facts->onlink[i];
	ula_rows_make(facts->ulas, facts->ula_count, &state->ula);
}

static bool is_same_onlink(const struct netwatch_state *a, const struct netwatch_state *b)
{
	if (a->onlink_count != b->onlink_count)
		return false;
	for (uint32_t i = 0; i < a->onlink_count; i++)
		if (compare_gp_prefixes(&a->onlink[i], &b->onlink[i]))
			return false;
	return true;
}

enum netwatch_change netwatch_apply(struct netwatch_state *state,
				    const struct netwatch_facts *before,
				    const struct netwatch_facts *after,
				    char why[NETWATCH_WHY])
{
	const struct netwatch_state was = *state;
	const char *what = NULL;

	netwatch_fill(state, after);
	if (compare_facts(before, after, why)) {
		/* 0 stands for no epoch. */
		if (++state->epoch == 0)
			state->epoch = 1;
		return NETWATCH_EPOCH;
	}
	if (was.ipv4_usable != state->ipv4_usable)
		what = state->ipv4_usable ? "ipv4 is usable" : "ipv4 is not usable";
	else if (was.ipv6_default != state->ipv6_default)
		what = state->ipv6_default
			       ? "a default route for ipv6 in the main table"
			       : "no default route for ipv6 in the main table";
	else if (!is_same_onlink(&was, state))
		what = "other prefixes on link";
	else if (!ula_rows_are_same(&was.ula, &state->ula))
		what = "other unique local prefixes";
	if (!what)
		return NETWATCH_SAME;
	snprintf(why, NETWATCH_WHY, "%s", what);
	return NETWATCH_OTHER;
}
