/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* relink.c - order and removal by the links of libc's own nodes; see relink.h. */
#include <string.h>

#include "relink.h"

#define MAPPED_AT 12 /* where the IPv4 address stands in a v4-mapped one */

/* False: neither IPv4 nor IPv6. */
static bool address_of(const struct addrinfo *node, struct gp_addr *out)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (node->ai_family == AF_INET && node->ai_addrlen >= sizeof(ipv4)) {
		memcpy(&ipv4, node->ai_addr, sizeof(ipv4));
		*out = gp_addr_make(AF_INET, &ipv4.sin_addr, 0);
		return true;
	}
	if (node->ai_family != AF_INET6 || node->ai_addrlen < sizeof(ipv6))
		return false;
	memcpy(&ipv6, node->ai_addr, sizeof(ipv6));
	if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr))
		*out = gp_addr_make(AF_INET, &ipv6.sin6_addr.s6_addr[MAPPED_AT], 0);
	else
		*out = gp_addr_make(AF_INET6, &ipv6.sin6_addr, ipv6.sin6_scope_id);
	return true;
}

static bool is_of(const struct addrinfo *node, const struct gp_addr *addr)
{
	struct gp_addr own;

	return address_of(node, &own) && gp_addr_equal(&own, addr);
}

/* The same address once more, from another source, comes with the same types again. */
static bool is_one_entry(const struct addrinfo *first, const struct addrinfo *node,
			 const struct gp_addr *addr)
{
	return is_of(node, addr) && (node->ai_socktype != first->ai_socktype ||
				     node->ai_protocol != first->ai_protocol);
}

/* The last node of the entry that begins with FIRST, whose address is ADDR. */
static struct addrinfo *end_of(struct addrinfo *first, const struct gp_addr *addr)
{
	struct addrinfo *node = first;

	while (node->ai_next && is_one_entry(first, node->ai_next, addr))
		node = node->ai_next;
	return node;
}

size_t relink_count(struct addrinfo *list)
{
	struct gp_addr addr;
	size_t count = 0;

	for (; list; list = end_of(list, &addr)->ai_next) {
		if (!address_of(list, &addr))
			return 0;
		count++;
	}
	return count;
}

void relink_candidates(struct addrinfo *list, struct gp_candidate *out, size_t count)
{
	struct gp_addr addr;

	for (size_t i = 0; i < count && list && address_of(list, &addr); i++) {
		out[i] = (struct gp_candidate){.addr = addr};
		list = end_of(list, &addr)->ai_next;
	}
}

/* The canonical name of the list, which only one of its nodes has. */
static char *take_canonname(struct addrinfo *list)
{
	char *name = NULL;

	for (; list && !name; list = list->ai_next) {
		name = list->ai_canonname;
		list->ai_canonname = NULL;
	}
	return name;
}

/* Move the first entry of *FROM with ADDR to the place **TO; returns where the next
 * belongs. What is in order, or nearly so, is found at once. */
static struct addrinfo **move(struct addrinfo **from, const struct gp_addr *addr,
			      struct addrinfo **to)
{
	struct addrinfo *first, *last;

	while (*from && !is_of(*from, addr))
		from = &(*from)->ai_next;
	first = *from;
	if (!first)
		return to;
	last = end_of(first, addr);
	*from = last->ai_next;
	last->ai_next = NULL;
	*to = first;
	return &last->ai_next;
}

struct addrinfo *relink(struct addrinfo *list, const struct gp_candidate *candidates,
			size_t count, struct addrinfo **removed)
{
	struct addrinfo *kept = NULL, **kept_end = &kept, **removed_end = removed;
	char *canonname = take_canonname(list);

	*removed = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct gp_addr *addr = &candidates[i].addr;

		if (gp_is_stripped(&candidates[i]))
			removed_end = move(&list, addr, removed_end);
		else
			kept_end = move(&list, addr, kept_end);
	}
	*kept_end = list; /* nothing, unless the candidates were another list's */
	if (kept)
		kept->ai_canonname = canonname;
	else if (*removed)
		(*removed)->ai_canonname = canonname;
	return kept;
}
