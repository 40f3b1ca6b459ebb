/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netwatch_facts.h - what netwatch.c read, and what it comes to. Pure: bytes and structs
 * in, structs out. The sets are sorted and without doubles, so that equal networks are
 * equal facts in whatever order the kernel told them; a full set keeps its smallest
 * members, for the same reason.
 */
#ifndef TOOL_V6GUARDD_WATCH_NETWATCH_FACTS_H
#define TOOL_V6GUARDD_WATCH_NETWATCH_FACTS_H

#include <net/if.h>

#include "netwatch.h"

#define NETWATCH_ROUTES 64
#define NETWATCH_PREFIXES 256
#define NETWATCH_ULAS 64
#define NETWATCH_WHY 200

/** A way out: of a default route, or of half of one (below). */
struct netwatch_route {
	uint8_t family;
	struct gp_addr gateway; /* family 0: none, as on a tunnel */
	uint32_t ifindex;
	uint32_t nexthop; /* the kernel's nexthop object while IFINDEX is not known */
};

/** A prefix of an interface, by an address that the host has there. */
struct netwatch_prefix {
	uint32_t ifindex;
	struct gp_prefix prefix; /* no host bits */
};

struct netwatch_name {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
};

struct netwatch_facts {
	/* The fingerprint: the epoch grows when one of these two sets changes. */
	size_t route_count;
	struct netwatch_route routes[NETWATCH_ROUTES];
	size_t prefix_count;
	struct netwatch_prefix prefixes[NETWATCH_PREFIXES];
	/* Not part of it. */
	bool ipv4_default, ipv6_default; /* in the tables everybody uses */
	bool ipv4_address;
	size_t onlink_count;
	struct gp_prefix onlink[GP_REACH_ONLINK];
	size_t ula_count;
	struct ula_fact ulas[NETWATCH_ULAS];
	size_t name_count; /* of the interfaces in ROUTES */
	struct netwatch_name names[NETWATCH_ROUTES];
};

/* ---- messages of rtnetlink(7) ------------------------------------------------------ */

/** One message; BODY is the SIZE bytes behind its header. */
struct netwatch_message {
	uint16_t type, flags;
	uint32_t seq, pid;
	const uint8_t *body;
	size_t size;
};

/** Take the next message off the *SIZE bytes at *AT. False: none is left, or what is left
 * is none. */
bool netwatch_next(const uint8_t **at, size_t *size, struct netwatch_message *out);

/**
 * Add what MESSAGE says (RTM_NEWROUTE, NEWADDR, NEWNEXTHOP, NEWLINK) to FACTS; any other
 * and any damaged one adds nothing. In this order, as each depends on the ones before:
 * routes, next hops (netwatch_unresolved), addresses, links.
 *
 * Default routes are those of all tables but `local`: a VPN's is as good as that of
 * `main`. Two halves (0.0.0.0/1 and 128.0.0.0/1), 2000::/3 and the like, which VPNs lay
 * over a default route, count as well. Reject types do not, nor routes whose link is
 * down or without a carrier.
 */
void netwatch_add(struct netwatch_facts *facts, const struct netwatch_message *message);

/** The nexthop object of a route whose interface is not known yet; 0: there is none. The
 * kernel tells it in the route unless net.ipv4.nexthop_compat_mode is 0. */
uint32_t netwatch_unresolved(const struct netwatch_facts *facts);

/** There is no such nexthop object any more: the routes by way of it are none. */
void netwatch_drop_nexthop(struct netwatch_facts *facts, uint32_t nexthop);

/** What an RTM_NEWADDR or RTM_DELADDR is about, its interface in scope_id; false: it is
 * no such, or damaged. */
bool netwatch_address_of(const struct netwatch_message *message, struct gp_addr *out);
/** A default route for IPv6 of any table, or an IPv6 address, came: there may be a way
 * now where there was none. */
bool netwatch_brings_ipv6(const struct netwatch_message *message);

/** A notification after which all is to be read again. */
bool netwatch_is_relevant(const struct netwatch_message *message);

/* ---- what they come to ------------------------------------------------------------- */

enum netwatch_change { NETWATCH_SAME, NETWATCH_OTHER, NETWATCH_EPOCH };

/**
 * Bring STATE from BEFORE to AFTER. WHY is written unless they are the same: which
 * default route or prefix came or went, or what else did.
 */
enum netwatch_change netwatch_apply(struct netwatch_state *state,
				    const struct netwatch_facts *before,
				    const struct netwatch_facts *after,
				    char why[NETWATCH_WHY]);

/** STATE's facts but for the epoch, from FACTS. */
void netwatch_fill(struct netwatch_state *state, const struct netwatch_facts *facts);

/* ---- sets (netwatch_set.c) --------------------------------------------------------- */

void netwatch_add_route(struct netwatch_facts *facts, const struct netwatch_route *route);
void netwatch_add_prefix(struct netwatch_facts *facts,
			 const struct netwatch_prefix *prefix);
void netwatch_add_onlink(struct netwatch_facts *facts, const struct gp_prefix *prefix);
/** What it comes to; nothing, if it is no unique local prefix. */
void netwatch_add_ula(struct netwatch_facts *facts, enum ula_source source,
		      const struct gp_prefix *prefix);
bool netwatch_has_default(const struct netwatch_facts *facts, uint32_t ifindex);
int netwatch_compare_routes(const void *a, const void *b);
int netwatch_compare_prefixes(const void *a, const void *b);

#endif
