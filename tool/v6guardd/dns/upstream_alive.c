/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_alive.c - does anybody answer of those who are asked for a name? What
 * libunbound says it may have kept. */
#include <stdlib.h>

#include "upstream_private.h"

/* The servers for NAME, and which of upstream->pings is theirs. */
static const struct dns_endpoint *servers_of(const struct upstream *upstream,
					     const uint8_t *name, size_t *count,
					     size_t *index)
{
	const struct dns_zone *zone = dns_zone_of(&upstream->config, name);
	const struct link_route *route = link_routes_of(&upstream->servers.routes, name);

	if (zone) {
		*index = PING_ZONE + (size_t)(zone - upstream->config.zones);
		*count = zone->upstream_count;
		return zone->upstream;
	}
	*index = route ? PING_LINK : PING_ALL;
	*count = route ? route->servers.count : upstream->servers.count;
	return route ? route->servers.list : upstream->servers.list;
}

static void ignore(void *ctx, bool others)
{
	(void)ctx, (void)others;
}

static bool has_pings(struct upstream *upstream)
{
	const size_t count = PING_ZONE + upstream->config.zone_count;

	if (upstream->pings)
		return true;
	upstream->pings = calloc(count, sizeof(upstream->pings[0]));
	upstream->ping_count = upstream->pings ? count : 0;
	return upstream->pings;
}

void upstream_doubt(struct upstream *upstream, const uint8_t *name)
{
	size_t count, index;
	const struct dns_endpoint *list = servers_of(upstream, name, &count, &index);
	struct health **ping;

	if (!has_pings(upstream))
		return;
	ping = &upstream->pings[index];
	if (!*ping) {
		*ping = health_new(upstream->base, ignore, NULL);
		if (!*ping)
			return;
		health_only_ping(*ping);
	}
	if (!health_has(*ping, list, count))
		health_set(*ping, list, count);
	health_doubt(*ping);
}

long long upstream_heard_ms(const struct upstream *upstream, const uint8_t *name)
{
	size_t count, index;
	const struct dns_endpoint *list = servers_of(upstream, name, &count, &index);
	const struct health *ping = upstream->pings ? upstream->pings[index] : NULL;

	return ping && health_has(ping, list, count) ? health_heard_ms(ping) : 0;
}

void upstream_forget_pings(struct upstream *upstream)
{
	for (size_t i = 0; i < upstream->ping_count; i++)
		health_free(upstream->pings[i]);
	free(upstream->pings);
	upstream->pings = NULL;
	upstream->ping_count = 0;
}
