/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source.c - from sources and rtnetlink(7) messages to facts. Runs in the doors.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>

#include "rfc6724/netlink.h"
#include "rfc6724/source.h"

/* What messages are compared with. */
struct search {
	enum gp_source_way way;
	struct gp_destination *destinations;
	size_t count;
	bool has_ipv6; /* an address that is not ::1 */
	size_t total;
	bool is_second; /* pass: only those that several addresses were found for */
};

/* ---- addresses ----------------------------------------------------------------------
 */

/* An address of the host. */
struct own {
	struct gp_key local, peer;
	bool has_local, has_peer;
	uint32_t interface, flags;
	uint8_t family, length;
};

static bool read_key(int family, const struct gp_bytes *value, struct gp_key *out)
{
	struct gp_addr addr;

	if (value->left != (family == AF_INET ? 4 : 16))
		return false;
	addr = gp_addr_make(family, value->at, 0);
	*out = gp_key_make(&addr);
	return true;
}

static bool read_own(struct gp_bytes body, struct own *out)
{
	struct ifaddrmsg header;
	struct gp_bytes value;
	uint16_t type;

	if (!gp_bytes_take(&body, &header, sizeof(header)) ||
	    (header.ifa_family != AF_INET && header.ifa_family != AF_INET6))
		return false;
	*out = (struct own){.family = header.ifa_family,
			    .length = header.ifa_prefixlen,
			    .flags = header.ifa_flags,
			    .interface = header.ifa_index};
	while (gp_bytes_attribute(&body, &type, &value)) {
		if (type == IFA_LOCAL)
			out->has_local = read_key(out->family, &value, &out->local);
		else if (type == IFA_ADDRESS)
			out->has_peer = read_key(out->family, &value, &out->peer);
	}
	return out->has_local || out->has_peer;
}

/* As memcmp() has them in network byte order. */
static int compare_keys(const struct gp_key *a, const struct gp_key *b)
{
	if (a->word[0] != b->word[0])
		return a->word[0] < b->word[0] ? -1 : 1;
	return (a->word[1] > b->word[1]) - (a->word[1] < b->word[1]);
}

/* IFA_ADDRESS is the interface's own address, or its peer's where IFA_LOCAL is its own.
 */
static const struct gp_key *key_of(enum gp_source_way way, const struct own *own)
{
	if (way == GP_SOURCE_AS_GLIBC)
		return own->has_peer ? &own->peer : &own->local;
	return own->has_local ? &own->local : &own->peer;
}

static unsigned facts_of(const struct own *own)
{
	unsigned facts = 0;

	if (own->flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC))
		facts |= GP_FACT_DEPRECATED;
	if (own->flags & IFA_F_HOMEADDRESS)
		facts |= GP_FACT_HOME;
	/* The same bit is IFA_F_SECONDARY for IPv4. */
	if (own->family == AF_INET6 && own->flags & IFA_F_TEMPORARY)
		facts |= GP_FACT_TEMPORARY;
	return facts;
}

static bool is_loopback_source(const struct gp_destination *one)
{
	return one->source.family == AF_INET && one->source.bytes[0] == 127;
}

/* getaddrinfo asks by one socket, which is of IPv6 from the first such destination on,
 * and knows 127/8 only if it is of IPv4. */
static struct gp_key wanted_key(const struct search *search, size_t at, bool after_ipv6)
{
	static const struct gp_key loopback = {{0, 0x0000ffff7f000001ULL}};
	const struct gp_destination *one = &search->destinations[at];

	if (search->way == GP_SOURCE_AS_GLIBC && !after_ipv6 && is_loopback_source(one))
		return loopback;
	return gp_key_make(&one->source);
}

/* ORDER: how OWN compares with the source of ONE. The first that is the same counts, or
 * in the second pass the one behind `before` of them. */
static bool is_found(const struct search *search, struct gp_destination *one,
		     const struct own *own, int order)
{
	const uint32_t zone = one->source.scope_id;

	if (search->is_second)
		return !order && one->same > 1 && !one->before--;
	one->before += order < 0;
	one->same += !order;
	if (order || one->interface)
		return false;
	return !zone || zone == own->interface || search->way == GP_SOURCE_AS_GLIBC;
}

static void note_address(struct search *search, const struct own *own)
{
	static const struct gp_key loopback = {{0, 1}};
	const struct gp_key *key = key_of(search->way, own);
	bool after_ipv6 = false;

	search->total++;
	if (own->family == AF_INET6 && compare_keys(key, &loopback) != 0)
		search->has_ipv6 = true;
	for (size_t i = 0; i < search->count; i++) {
		struct gp_destination *one = &search->destinations[i];
		const struct gp_key wanted = wanted_key(search, i, after_ipv6);
		const bool is_mapped =
			own->family == AF_INET && one->source.family == AF_INET6;

		after_ipv6 |= one->addr.family == AF_INET6;
		if (!one->source.family ||
		    !is_found(search, one, own, compare_keys(key, &wanted)))
			continue;
		one->interface = own->interface;
		one->source_length = (uint8_t)(own->length + (is_mapped ? 96 : 0));
		one->facts |= (uint8_t)facts_of(own);
	}
}

/* ---- links --------------------------------------------------------------------------
 */

/* What glibc calls not native: IPv4 or IPv6 in IPv4 or IPv6. VPNs are no transition
 * mechanisms. */
static bool is_tunnel(unsigned type)
{
	return type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT;
}

static void note_link(struct search *search, struct gp_bytes body)
{
	struct ifinfomsg header;

	if (!gp_bytes_take(&body, &header, sizeof(header)) || !is_tunnel(header.ifi_type))
		return;
	for (size_t i = 0; i < search->count; i++)
		if (search->destinations[i].interface == (uint32_t)header.ifi_index)
			search->destinations[i].facts |= GP_FACT_TUNNEL;
}

static void hear(void *hearer, const void *datagram, size_t size)
{
	struct gp_bytes bytes = {datagram, size}, body;
	struct search *search = hearer;
	struct own own;
	uint16_t type;

	while (gp_bytes_message(&bytes, &type, &body)) {
		if (type == RTM_NEWADDR && read_own(body, &own) && own.interface)
			note_address(search, &own);
		else if (type == RTM_NEWLINK)
			note_link(search, body);
	}
}

/* ---- together -----------------------------------------------------------------------
 */

static void forget(struct gp_destination *one)
{
	one->interface = 0;
	one->source_length = 0;
	one->facts &= GP_FACT_UNREACHABLE;
}

static void find_sources(const struct gp_source_ops *ops,
			 struct gp_destination *destinations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gp_destination *one = &destinations[i];

		forget(one);
		one->before = one->same = 0;
		/* One address stands in a list once for each socket type. */
		if (i && gp_addr_equal(&one->addr, &destinations[i - 1].addr))
			one->source = destinations[i - 1].source;
		else if (!ops->source_of(ops->ctx, &one->addr, &one->source))
			one->source = (struct gp_addr){0};
	}
}

/* Rule 7 needs to know what interfaces are only if there are several. */
static bool has_interfaces(const struct search *search)
{
	const struct gp_destination *first = NULL;

	for (size_t i = 0; i < search->count; i++) {
		const struct gp_destination *one = &search->destinations[i];

		if (!one->source.family)
			continue;
		if (first && first->interface != one->interface)
			return true;
		first = one;
	}
	return false;
}

/* Which of SAME, BEFORE smaller ones and with TOTAL in all, bsearch() comes upon. */
static uint32_t find_by_halves(uint32_t before, uint32_t same, size_t total)
{
	size_t low = 0, high = total;

	while (low < high) {
		const size_t at = (low + high) / 2;

		if (at < before)
			low = at + 1;
		else if (at - before < same)
			return (uint32_t)(at - before);
		else
			high = at;
	}
	return 0;
}

/* getaddrinfo sorts the addresses, stable, and looks a source up by bsearch(): of several
 * interfaces with one address it gets one or the other. False: there are none such. */
static bool begin_second(struct search *search)
{
	search->is_second = false;
	for (size_t i = 0; i < search->count; i++) {
		struct gp_destination *one = &search->destinations[i];

		if (one->same < 2)
			continue;
		forget(one);
		one->before = find_by_halves(one->before, one->same, search->total);
		search->is_second = true;
	}
	return search->is_second;
}

static bool hear_addresses(const struct gp_source_ops *ops, struct search *search)
{
	if (!ops->dump(ops->ctx, RTM_GETADDR, hear, search))
		return false;
	if (search->way == GP_SOURCE_PLAIN)
		return true;
	if (!search->has_ipv6)
		return false;
	return !begin_second(search) || ops->dump(ops->ctx, RTM_GETADDR, hear, search);
}

void gp_source_facts(const struct gp_source_ops *ops, enum gp_source_way way,
		     struct gp_destination *destinations, size_t count)
{
	struct search search = {.way = way, .destinations = destinations, .count = count};
	const int saved_errno = errno;

	find_sources(ops, destinations, count);
	if (!hear_addresses(ops, &search))
		for (size_t i = 0; i < count; i++)
			forget(&destinations[i]);
	if (has_interfaces(&search))
		ops->dump(ops->ctx, RTM_GETLINK, hear, &search);
	errno = saved_errno;
}

/* ---- own addresses ------------------------------------------------------------------
 */

struct own_list {
	struct gp_key *keys;
	size_t max, count;
};

static void hear_own(void *hearer, const void *datagram, size_t size)
{
	struct gp_bytes bytes = {datagram, size}, body;
	struct own_list *list = hearer;
	struct own own;
	uint16_t type;

	while (gp_bytes_message(&bytes, &type, &body)) {
		if (type != RTM_NEWADDR || !read_own(body, &own))
			continue;
		if (list->count < list->max)
			list->keys[list->count] = *key_of(GP_SOURCE_PLAIN, &own);
		list->count++;
	}
}

bool gp_source_own(const struct gp_source_ops *ops, struct gp_key *keys, size_t max,
		   size_t *count)
{
	struct own_list list = {.keys = keys, .max = max};
	const int saved_errno = errno;
	const bool is_known = ops->dump(ops->ctx, RTM_GETADDR, hear_own, &list);

	errno = saved_errno;
	*count = list.count;
	return is_known;
}
