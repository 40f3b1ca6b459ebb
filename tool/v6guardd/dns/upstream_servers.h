/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_servers.h - the servers that are asked for all names: listed ones, and those
 * of resolv.conf(5). */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_SERVERS_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_SERVERS_H

#include <sys/stat.h>

#include "servers_source.h"

/** What the host can reach, and by way of what. */
struct upstream_network {
	bool via_nat64; /* there is no IPv4, and a translator instead */
	bool ipv4_usable, ipv6_default;
};

struct servers {
	const struct dns_config *config;
	struct upstream_network network;
	size_t count;
	struct dns_endpoint list[UPSTREAM_SERVERS];
	struct link_routes routes; /* of names that are for others */
	bool is_rotated;           /* resolv.conf has `options rotate` */
	struct link_routes routes_before;
	uint32_t routes_era; /* grows when they change */
	/* Of the last look. */
	long long looked_ms;
	struct stat seen[SOURCE_FILES];
	bool is_unsettled; /* they may not be written wholly */
	bool is_empty;     /* no server is in them, since EMPTY_MS */
	long long empty_ms;
};

/** The configuration, or where servers are reached, is another: none are known. */
void servers_reset(struct servers *servers);

/**
 * Look for them, at most four times a second. True: they are others than before. A file
 * that is being written is no reason to have none.
 */
bool servers_look(struct servers *servers);

/** SERVER has an IPv4 address, and is asked through a NAT64 prefix. */
bool servers_is_via_nat64(const struct servers *servers,
			  const struct dns_endpoint *server);

/** Where SERVER is asked: there, or at the address that stands for it. */
struct dns_endpoint servers_reached_at(const struct servers *servers,
				       const struct dns_endpoint *server);

/** The NAT64 prefix, of those that are for all addresses, by which name servers with IPv4
 * alone are asked; NULL: there is none. */
const struct gp_prefix *servers_recursion_prefix(const struct servers *servers);

/**
 * Why names outside of [forward] cannot be looked up at all: upstream = recursive on a
 * host without IPv4, where libunbound has no NAT64 (HAS_NAT64) or there is none. NULL:
 * they can.
 */
const char *servers_fault(const struct servers *servers, bool has_nat64);

/** The servers that are asked for some names. */
struct servers_list {
	/* SERVERS_ALL: for what no other list is for; else one of the next two. */
	uint32_t key;
	size_t count;
	const struct dns_endpoint *servers;
	bool goes_by_speed; /* the fastest first, not the first */
	bool recurses;      /* no server: each name has its own */
};
#define SERVERS_ALL 0
#define SERVERS_FORWARD(section) (1 + 2 * (uint32_t)(section))
#define SERVERS_ROUTE(route) (2 + 2 * (uint32_t)(route))

/** Those for NAME (lower case): the longest zone of a [forward] section, or of a link,
 * that it is in; what a section says of the same zone as a link is what holds. */
struct servers_list servers_for(const struct servers *servers, const uint8_t *name);

#endif
