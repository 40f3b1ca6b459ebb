/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream.c - see upstream.h. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "upstream_private.h"

/* Those that wait move on when their time has come. */
static void renew(struct upstream *upstream)
{
	groups_renew(upstream->groups);
	for (struct upstream_query *query = upstream->oldest; query; query = query->newer)
		upstream_query_wake(query);
}

/* ---- servers ---- */

void upstream_look(struct upstream *upstream)
{
	if (servers_look(&upstream->servers))
		renew(upstream);
}

bool upstream_is_via_nat64(const struct upstream *upstream,
			   const struct dns_endpoint *server)
{
	return servers_is_via_nat64(&upstream->servers, server);
}

bool upstream_is_dead(const struct upstream *upstream,
		      const struct dns_endpoint *endpoint)
{
	const struct server *server = known_find(upstream->known, endpoint);

	return server && server->alive.is_dead;
}

bool upstream_none_answers(const struct upstream *upstream)
{
	const struct servers *servers = &upstream->servers;
	size_t i = 0;

	while (i < servers->count && upstream_is_dead(upstream, &servers->list[i]))
		i++;
	return servers->count > 1 && i == servers->count;
}

bool upstream_is_left_out(const struct upstream *upstream,
			  const struct dns_endpoint *server)
{
	return upstream->servers.count > 1 && upstream_is_dead(upstream, server) &&
	       !upstream_none_answers(upstream);
}

size_t upstream_servers(struct upstream *upstream,
			struct dns_endpoint out[UPSTREAM_SERVERS])
{
	upstream_look(upstream);
	memcpy(out, upstream->servers.list, upstream->servers.count * sizeof(out[0]));
	return upstream->servers.count;
}

size_t upstream_server_tallies(const struct upstream *upstream,
			       struct upstream_tally *out, size_t max)
{
	size_t count = 0;

	for (const struct server *server = known_first(upstream->known); server;
	     server = server->next) {
		const struct alive *alive = &server->alive;
		if (!server->lists)
			continue;
		if (count < max)
			out[count] = (struct upstream_tally){
				.server = server->endpoint,
				.answers = alive->answers,
				.errors = alive->errors,
				.timeouts = alive->timeouts,
				.ms = alive->ms,
				.is_dead = alive->is_dead,
				.is_first = groups_begin_with(upstream->groups, server),
			};
		count++;
	}
	return count;
}

void upstream_doubt(struct upstream *upstream, const uint8_t *name)
{
	const struct group *group = groups_find(upstream->groups, name);

	for (size_t i = 0; group && i < group->count; i++)
		if (group->list[i].server)
			server_ask(group->list[i].server);
}

long long upstream_heard_ms(struct upstream *upstream, const uint8_t *name)
{
	const struct group *group = groups_find(upstream->groups, name);
	long long heard_ms = 0;

	for (size_t i = 0; group && i < group->count; i++) {
		const struct server *server = group->list[i].server;
		if (server && server->alive.heard_ms > heard_ms)
			heard_ms = server->alive.heard_ms;
	}
	return heard_ms;
}

/* Others are asked from now on: contexts for other names have the old ones in them. */
static void on_news(void *ctx, struct server *server, bool is_back)
{
	struct upstream *upstream = ctx;

	groups_drop(upstream->groups);
	for (struct upstream_query *query = upstream->oldest; query; query = query->newer)
		if (is_back)
			upstream_query_back(query, server);
		else
			upstream_query_wake(query);
	if (upstream->changed)
		upstream->changed(upstream->changed_ctx);
}

void upstream_on_change(struct upstream *upstream, void (*changed)(void *ctx), void *ctx)
{
	upstream->changed = changed;
	upstream->changed_ctx = ctx;
}

/* ---- names that are for others ---- */

bool upstream_has_route(const struct upstream *upstream, const uint8_t *name)
{
	return link_routes_of(&upstream->servers.routes, name) != NULL;
}

bool upstream_has_one(struct upstream *upstream, const uint8_t *name)
{
	const struct group *group;

	upstream_look(upstream);
	group = groups_find(upstream->groups, name);
	return group && group->count == 1 && !group->recurses;
}

const struct link_routes *upstream_routes(const struct upstream *upstream)
{
	return &upstream->servers.routes;
}

uint32_t upstream_routes_era(const struct upstream *upstream)
{
	return upstream->servers.routes_era;
}

bool upstream_is_rerouted(const struct upstream *upstream, const uint8_t *name)
{
	const struct link_route *is = link_routes_of(&upstream->servers.routes, name);
	const struct link_route *was =
		link_routes_of(&upstream->servers.routes_before, name);

	return is && was ? memcmp(is, was, sizeof(*is)) != 0 : is != was;
}

bool upstream_has_servers(const struct upstream *upstream, const uint8_t *name)
{
	const struct dns_config *config = &upstream->config;

	if ((config->zone_count && dns_zone_of(config, name)) ||
	    upstream_has_route(upstream, name))
		return true;
	return config->is_recursive ? !upstream_fault(upstream) : upstream->servers.count;
}

/* ---- questions ---- */

bool upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
		  uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
		  struct upstream_query **out)
{
	struct upstream_query *query = upstream_query_new(upstream, name, type);
	bool is_good;

	*out = NULL;
	if (!query)
		return false;
	query->class = class;
	query->cd = cd;
	query->done = done;
	query->ctx = ctx;
	is_good = upstream_query_begin(query);
	if (is_good && !query->is_over)
		*out = query;
	else
		upstream_query_end(query);
	return is_good;
}

void upstream_cancel(struct upstream_query *query)
{
	upstream_query_end(query);
}

uint64_t upstream_asked(const struct upstream *upstream)
{
	return upstream->asked;
}

/* ---- configuration ---- */

static bool is_same_network(const struct upstream_network *a,
			    const struct upstream_network *b, bool recurses)
{
	return a->via_nat64 == b->via_nat64 &&
	       (!recurses ||
		(a->ipv4_usable == b->ipv4_usable && a->ipv6_default == b->ipv6_default));
}

/* Only where somebody is trusted: it takes a call of the kernel for each answer. */
static void hear(struct upstream *upstream)
{
	groups_hear(upstream->groups,
		    dns_config_trusts(&upstream->config) ? &upstream->trust.heard : NULL);
}

void upstream_configure(struct upstream *upstream, const struct dns_config *config,
			const struct upstream_network *network)
{
	const bool is_same = is_same_network(network, &upstream->servers.network,
					     config->is_recursive) &&
			     (!memcmp(config, &upstream->config, sizeof(*config)) ||
			      dns_config_equal(config, &upstream->config));

	upstream->servers.network = *network;
	/* What the one before leads to may be gone soon. */
	upstream->config = *config;
	hear(upstream);
	if (is_same)
		return;
	servers_reset(&upstream->servers);
	renew(upstream);
}

const char *upstream_fault(const struct upstream *upstream)
{
	return servers_fault(&upstream->servers, ub.has_nat64);
}

/* What is on its way is no older than that. */
void upstream_forget(struct upstream *upstream)
{
	groups_drop(upstream->groups);
}

struct upstream *upstream_new(struct event_base *base, const struct dns_config *config)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));

	if (!upstream)
		return NULL;
	upstream->base = base;
	upstream->config = *config;
	upstream->servers.config = &upstream->config;
	upstream->known = known_new(base, on_news, upstream);
	upstream->pairs = pairs_new(base);
	if (upstream->known)
		upstream->groups = groups_new(base, &upstream->servers, upstream->known);
	if (upstream->groups && upstream->pairs) {
		hear(upstream);
		return upstream;
	}
	upstream_free(upstream);
	return NULL;
}

void upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	groups_free(upstream->groups);
	known_free(upstream->known);
	pairs_free(upstream->pairs);
	free(upstream);
}
