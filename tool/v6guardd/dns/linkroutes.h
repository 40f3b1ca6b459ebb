/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linkroutes.h - which names are for the servers of one link: what systemd-networkd says
 * of its links in /run/systemd/netif/links, read as systemd-resolved reads it. Pure.
 */
#ifndef TOOL_V6GUARDD_DNS_LINKROUTES_H
#define TOOL_V6GUARDD_DNS_LINKROUTES_H

#include "dns_config.h"

#define LINK_ROUTES 16
#define LINK_SERVERS 8

struct link_servers {
	size_t count;
	struct dns_endpoint list[LINK_SERVERS];
};

/** All zero: no link said anything. What is more than fits is left out. */
struct link_routes {
	size_t count;
	struct link_route {
		uint8_t name[WIRE_NAME]; /* lower case, not the root */
		struct link_servers servers;
	} list[LINK_ROUTES];
	struct link_servers all;   /* of links that all names are for (`~.`) */
	struct link_servers usual; /* of those for names that are no other link's */
	struct link_servers only;  /* of those for their own names alone */
};

/**
 * What the link IFINDEX says: SIZE bytes TEXT, of lines KEY=VALUE. DNS are its servers,
 * of which CONFIG's own listeners and resolved's stub are left out; DOMAINS and
 * ROUTE_DOMAINS its names; with ROUTE_DOMAINS, unless one is ".", or DNS_DEFAULT_ROUTE=no
 * other names are not for it. A link that is not managed (ADMIN_STATE) or not up
 * (OPER_STATE) counts as none. Words that are no address, no name, or a name that no
 * server is asked for (localhost, invalid, onion: RFC 6761, 7686), are skipped.
 */
void link_routes_add(struct link_routes *routes, const struct dns_config *config,
		     uint32_t ifindex, const char *text, size_t size);

/** Of COUNT SERVERS, room for MAX, those that are for names which are in no route;
 * returns how many. */
size_t link_routes_rest(const struct link_routes *routes, struct dns_endpoint *servers,
			size_t count, size_t max);

/** The route that NAME (lower case) goes, the longest; NULL: none. */
const struct link_route *link_routes_of(const struct link_routes *routes,
					const uint8_t *name);

#endif
