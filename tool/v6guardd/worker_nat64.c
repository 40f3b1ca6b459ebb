/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_nat64.c - where DNS64 acts and IPv4 has no route, an IPv4 address is reached as
 * what is made of it: that is what vouches for it, and what is asked in its place. */
#include "worker_private.h"

static bool acts(const struct worker *worker)
{
	return worker->serve && serve_nat64_acts(worker->serve);
}

/* Without IPv4 no address of it can be reached directly, but for those of links. */
struct gp_addr nat64_way(const struct worker *worker, const struct gp_addr *addr)
{
	const struct dns_config *config = &worker->settings.dns;
	struct gp_addr made;

	if (addr->family != AF_INET || !acts(worker) ||
	    netwatch_state(worker->net)->ipv4_usable)
		return *addr;
	for (size_t i = 0; i < config->prefix_count; i++)
		if (dns_prefix_is_for(config, i, addr) &&
		    gp_nat64_embed(&config->prefixes[i], addr, &made) == GP_OK)
			return made;
	return *addr;
}

bool nat64_inside(const struct worker *worker, const struct gp_addr *addr,
		  struct gp_addr *ipv4)
{
	const struct dns_config *config = &worker->settings.dns;

	if (addr->family != AF_INET6 || !acts(worker) ||
	    netwatch_state(worker->net)->ipv4_usable)
		return false;
	for (size_t i = 0; i < config->prefix_count; i++)
		if (gp_prefix_match(&config->prefixes[i], addr) &&
		    gp_nat64_extract(&config->prefixes[i], addr, ipv4) == GP_OK)
			return true;
	return false;
}

void nat64_to_map(const struct worker *worker, struct gp_reach_host *host)
{
	const struct dns_config *config = &worker->settings.dns;

	host->nat64_active = acts(worker);
	for (size_t i = 0; host->nat64_active && i < config->prefix_count &&
			   host->nat64_count < GP_REACH_NAT64;
	     i++) {
		host->nat64[host->nat64_count].prefix = config->prefixes[i];
		host->nat64[host->nat64_count++].expires_ms = host->expires_ms;
	}
}
