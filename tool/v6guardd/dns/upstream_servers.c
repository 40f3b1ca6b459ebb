/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_servers.c - see upstream_servers.h. */
#include <string.h>

#include "guard/clock.h"
#include "upstream_servers.h"

#define LOOK_EVERY_MS 250
/* Whoever writes a file in place empties it first. */
#define EMPTY_MS 2000

bool servers_is_via_nat64(const struct servers *servers,
			  const struct dns_endpoint *server)
{
	return server->addr.family == AF_INET && servers->network.via_nat64 &&
	       servers->config->prefix_count && !gp_addr_is_special(&server->addr);
}

/* The first whose translator may carry it: RFC 6052 3.1 bars private addresses from the
 * Well-Known Prefix. Where there is no other it is tried all the same. */
static const struct gp_prefix *prefix_for(const struct dns_config *config,
					  const struct gp_addr *ipv4)
{
	const struct gp_prefix *other = NULL;

	for (size_t i = 0; i < config->prefix_count; i++) {
		const struct gp_prefix *prefix = &config->prefixes[i];
		if (!dns_prefix_is_for(config, i, ipv4))
			continue;
		if (!gp_nat64_is_well_known(prefix) || !gp_nat64_is_nonglobal(ipv4))
			return prefix;
		if (!other)
			other = prefix;
	}
	return other ? other : &config->prefixes[0];
}

struct dns_endpoint servers_reached_at(const struct servers *servers,
				       const struct dns_endpoint *server)
{
	struct dns_endpoint out = *server;

	if (servers_is_via_nat64(servers, server))
		gp_nat64_embed(prefix_for(servers->config, &server->addr), &server->addr,
			       &out.addr);
	return out;
}

const struct gp_prefix *servers_recursion_prefix(const struct servers *servers)
{
	const struct dns_config *config = servers->config;

	for (size_t i = 0; servers->network.via_nat64 && i < config->prefix_count; i++)
		if (!config->ranges[i].length)
			return &config->prefixes[i];
	return NULL;
}

static bool goes_by_speed(const struct servers *servers)
{
	const struct dns_config *config = servers->config;

	return config->order == DNS_FASTEST ||
	       (config->order == DNS_UNORDERED && servers->is_rotated);
}

struct servers_list servers_for(const struct servers *servers, const uint8_t *name)
{
	const struct dns_config *config = servers->config;
	const struct dns_zone *zone = dns_zone_of(config, name);
	const struct link_route *route = link_routes_of(&servers->routes, name);

	if (route && (!zone || (wire_name_within(route->name, zone->name) &&
				!wire_name_equal(route->name, zone->name))))
		return (struct servers_list){SERVERS_ROUTE(route - servers->routes.list),
					     route->servers.count, route->servers.list,
					     goes_by_speed(servers), false};
	if (zone)
		return (struct servers_list){SERVERS_FORWARD(zone->forward),
					     zone->upstream_count, zone->upstream,
					     zone->order == DNS_FASTEST, false};
	return (struct servers_list){SERVERS_ALL, servers->count, servers->list,
				     goes_by_speed(servers), config->is_recursive};
}

const char *servers_fault(const struct servers *servers, bool has_nat64)
{
	const struct upstream_network *network = &servers->network;

	if (!servers->config->is_recursive || network->ipv4_usable)
		return NULL;
	if (!has_nat64)
		return "upstream = recursive needs IPv4, and this host has none (this "
		       "libunbound cannot use NAT64)";
	if (!servers_recursion_prefix(servers))
		return "upstream = recursive needs IPv4 or NAT64, and this host has "
		       "neither";
	return NULL;
}

static bool has_changed(struct servers *servers)
{
	bool is_other = false;

	for (size_t i = 0; i < SOURCE_FILES; i++) {
		struct stat now;
		struct stat *then = &servers->seen[i];
		if (stat(source_paths[i], &now) < 0)
			memset(&now, 0, sizeof(now));
		is_other |= now.st_ino != then->st_ino || now.st_dev != then->st_dev ||
			    now.st_size != then->st_size ||
			    now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
			    now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
		*then = now;
	}
	return is_other;
}

static bool is_same(const struct servers *servers, const struct servers_source *source)
{
	if (source->count != servers->count)
		return false;
	for (size_t i = 0; i < source->count; i++) {
		const struct dns_endpoint *a = &source->servers[i];
		const struct dns_endpoint *b = &servers->list[i];
		if (a->port != b->port || a->tls != b->tls ||
		    !gp_addr_equal(&a->addr, &b->addr))
			return false;
	}
	return true;
}

static bool take_servers(struct servers *servers, const struct servers_source *source)
{
	bool is_other = false;

	if (memcmp(&servers->routes, &source->routes, sizeof(source->routes)) != 0) {
		servers->routes_before = servers->routes;
		servers->routes = source->routes;
		servers->routes_era++;
		is_other = true;
	}
	is_other |= servers->is_rotated != source->rotate;
	servers->is_rotated = source->rotate;
	if (is_same(servers, source))
		return is_other;
	memcpy(servers->list, source->servers, source->count * sizeof(servers->list[0]));
	servers->count = source->count;
	return true;
}

/* A file that names no server, for a moment, is being written. */
static bool is_empty_for_now(struct servers *servers, size_t count, long long now_ms)
{
	if (count || !servers->count) {
		servers->is_empty = false;
		return false;
	}
	if (!servers->is_empty)
		servers->empty_ms = now_ms;
	servers->is_empty = true;
	return now_ms - servers->empty_ms < EMPTY_MS;
}

bool servers_look(struct servers *servers)
{
	const struct dns_config *config = servers->config;
	static struct servers_source source;
	const long long now = gp_boot_ms();

	if (servers->looked_ms && now - servers->looked_ms < LOOK_EVERY_MS)
		return false;
	servers->looked_ms = now;
	if (config->from_resolv_conf && !has_changed(servers) && !servers->is_unsettled)
		return false;
	source_read(&source, config);
	servers->is_unsettled = is_empty_for_now(servers, source.count, now);
	if (servers->is_unsettled)
		return false;
	servers->is_unsettled = source.is_unsettled;
	return take_servers(servers, &source);
}

void servers_reset(struct servers *servers)
{
	servers->looked_ms = 0;
	servers->count = 0;
	memset(&servers->routes, 0, sizeof(servers->routes));
	servers->is_unsettled = servers->is_empty = false;
	memset(servers->seen, 0, sizeof(servers->seen));
}
