/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.h - what is known of an address: from the reach map, else from the kernel, asked
 * by socket. For nss/ only.
 */
#ifndef NSS_FACTS_H
#define NSS_FACTS_H

#include "guard/ask.h"
#include "guard/reach.h"

/** Sources of one decision: sockets are opened when first needed, closed by facts_close.
 */
struct fact_sources {
	int ipv4_fd, ipv6_fd;       /**< -1: not open */
	const struct gp_reach *map; /**< NULL: none */
	long long now_ms;           /**< gp_boot_ms, when MAP is there */
	bool remembers; /**< routes, for a moment (route.h): for the preload, which
			   would ask at each lookup */
};

/**
 * Facts from MAP, which may be NULL, and through sockets. Thread cancellation must be off
 * until facts_close.
 */
struct gp_facts facts_open(struct fact_sources *sources, const struct gp_reach *map);
void facts_close(struct fact_sources *sources);

/** IPv4 works, by the map or as there is a route to the internet: before an address of it
 * is known. FACTS as facts_open gave them. */
bool facts_has_ipv4(const struct gp_facts *facts);

/** An answer to QUERY may be changed, by what is known now. */
bool facts_may_act(const struct gp_guard_policy *guard, const struct gp_rules *rules,
		   const struct gp_query *query);

/**
 * gp_guard_assign, with CANONICAL, which may be NULL: HAS_RULES by the policy in force
 * now, which replaces GUARD, as rules are not held while names are looked up. False:
 * there is none any more.
 */
bool facts_assign(struct gp_guard_policy *guard, bool has_rules, const char *canonical,
		  struct gp_query *query, struct gp_candidate *candidates, size_t count);

/** ASK, but that where DNS64 acts AAAA are asked for as well: they may be what it made.
 */
enum gp_ask facts_with_made(enum gp_ask ask, bool is_fixed);

/** gp_guard_ask, likewise; GP_ASK_ALL when there is no policy any more. */
enum gp_ask facts_ask(const struct gp_guard_policy *guard, bool has_rules,
		      const char *canonical, struct gp_query *query, bool is_fixed);

#endif
