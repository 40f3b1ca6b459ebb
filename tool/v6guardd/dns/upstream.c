/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream.c - see upstream.h. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "upstream_packet.h"
#include "upstream_private.h"

/* When nobody said anything for so long, the first one who does ends an outage. */
#define OUTAGE_MS 1000

static void renew(struct upstream *upstream)
{
	for (size_t i = 0; i < 2; i++) {
		contexts_retire(upstream->contexts, &upstream->plain[i]);
		contexts_retire(upstream->contexts, &upstream->validating[i]);
	}
}

/* ---- servers ---- */

/* Only when somebody asks. */
static void look(struct upstream *upstream)
{
	if (servers_look(&upstream->servers))
		renew(upstream);
}

bool upstream_is_via_nat64(const struct upstream *upstream,
			   const struct dns_endpoint *server)
{
	return servers_is_via_nat64(&upstream->servers, server);
}

bool upstream_is_left_out(const struct upstream *upstream,
			  const struct dns_endpoint *server)
{
	return servers_is_out(&upstream->servers, server);
}

size_t upstream_servers(struct upstream *upstream,
			struct dns_endpoint out[UPSTREAM_SERVERS])
{
	look(upstream);
	memcpy(out, upstream->servers.list, upstream->servers.count * sizeof(out[0]));
	return upstream->servers.count;
}

/* ---- queries ---- */

static void doubt_in(struct upstream *upstream, long long ms)
{
	const struct timeval delay = {0, ms > 0 ? ms * 1000 : 0};

	evtimer_add(upstream->doubt, &delay);
}

/* QUERY has been asked just now. */
static void begin_waiting(struct upstream_query *query, struct context *context)
{
	struct upstream *upstream = query->upstream;

	context->waiting++;
	upstream->asked++;
	query->is_waiting = true;
	query->context = context;
	query->asked_ms = gp_boot_ms();
	query->older = upstream->newest;
	query->newer = NULL;
	*(query->older ? &query->older->newer : &upstream->oldest) = query;
	upstream->newest = query;
	if (!query->older)
		doubt_in(upstream, DOUBT_MS);
}

static void end_waiting(struct upstream_query *query)
{
	struct upstream *upstream = query->upstream;

	if (!query->is_waiting)
		return;
	query->is_waiting = false;
	*(query->older ? &query->older->newer : &upstream->oldest) = query->newer;
	*(query->newer ? &query->newer->older : &upstream->newest) = query->older;
	contexts_answered(upstream->contexts, query->context);
}

void upstream_query_end(struct upstream_query *query)
{
	if (query->twin)
		upstream_cancel(query->twin);
	end_waiting(query);
	free(query);
}

/* libunbound lets more and more time pass before it asks again: whoever waits since
 * before the end of an outage is asked for anew. Without forwarders each name has servers
 * of its own, and some being silent is no outage. */
static void note_answer(struct upstream *upstream)
{
	const struct upstream_query *oldest = upstream->oldest;
	const long long now = gp_boot_ms();

	if (oldest && !upstream->config.is_recursive &&
	    now - oldest->asked_ms >= OUTAGE_MS &&
	    upstream->answered_ms < oldest->asked_ms) {
		renew(upstream);
		doubt_in(upstream, 0);
	}
	upstream->answered_ms = now;
}

bool upstream_has_failed(const struct answer_reply *reply)
{
	const unsigned rcode = reply->packet ? reply->packet[3] & 0xf : WIRE_SERVFAIL;

	return !reply->is_bogus && rcode != WIRE_NOERROR && rcode != WIRE_NXDOMAIN;
}

/* No answer came of CNAMEs. What was answered before anything timed out was so by what
 * was said last; the second time libunbound knows by itself, and its buffer says nothing.
 */
static bool goes_round(struct upstream_query *query, const uint8_t *packet, int length)
{
	const uint32_t mark = wire_name_hash(query->name) ^ query->type;
	uint32_t *place = &query->upstream->rounds[mark % UPSTREAM_ROUNDS];
	const bool is_last = gp_boot_ms() - query->asked_ms < DOUBT_MS;

	if (query->is_beginning)
		return *place == mark;
	if (!upstream_packet_goes_round(packet, length, query->name, query->type,
					is_last))
		return false;
	*place = mark;
	return true;
}

/* They are asked for NAME. */
static bool is_authentic(const struct upstream_query *query,
			 const struct answer_reply *reply)
{
	struct upstream *upstream = query->upstream;
	const struct dns_zone *zone = dns_zone_of(&upstream->config, query->name);

	/* A link's servers are nobody's choice. */
	if (!zone && upstream_has_route(upstream, query->name))
		return false;
	return trust_is_authentic(&upstream->trust, &upstream->config,
				  zone ? zone->upstream : upstream->servers.list,
				  zone ? zone->upstream_count : upstream->servers.count,
				  query->name, query->type, query->is_beginning, reply);
}

static void on_result(void *arg, int rcode, void *packet, int length, int security,
		      char *why_bogus, int was_limited)
{
	struct upstream_query *query = arg;
	struct answer_reply reply = {.is_bogus = security == 1,
				     .is_secure = security == 2};
	const uint8_t *bytes = packet;

	(void)why_bogus, (void)was_limited;
	reply.size = upstream_packet(rcode, bytes, length, query->name, query->type);
	reply.packet = reply.size ? bytes : NULL;
	reply.is_round = !reply.packet && goes_round(query, bytes, length);
	reply.is_secure |= is_authentic(query, &reply);
	if (!upstream_has_failed(&reply))
		note_answer(query->upstream);
	/* The other way may bring it yet. */
	if (upstream_has_failed(&reply) && query->twin) {
		end_waiting(query);
		return;
	}
	query->is_over = true;
	query->done(query->ctx, &reply);
	if (!query->is_beginning)
		upstream_query_end(query);
}

bool upstream_has_route(const struct upstream *upstream, const uint8_t *name)
{
	return link_routes_of(&upstream->servers.routes, name) != NULL;
}

bool upstream_has_one(struct upstream *upstream, const uint8_t *name)
{
	const struct dns_zone *zone = dns_zone_of(&upstream->config, name);
	const struct link_route *route;

	look(upstream);
	route = link_routes_of(&upstream->servers.routes, name);
	if (zone)
		return zone->upstream_count == 1;
	if (route)
		return route->servers.count == 1;
	return !upstream->config.is_recursive && upstream->servers.count == 1;
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

/* There is somebody to ask for NAME. */
static bool has_servers(const struct upstream *upstream, const uint8_t *name)
{
	const struct dns_config *config = &upstream->config;

	if ((config->zone_count && dns_zone_of(config, name)) ||
	    upstream_has_route(upstream, name))
		return true;
	return config->is_recursive ? !upstream_fault(upstream) : upstream->servers.count;
}

struct context *upstream_context_for(struct upstream *upstream, const uint8_t *name,
				     uint16_t type, bool cd, bool by_tcp)
{
	const bool validates = !cd && dns_dnssec_of(&upstream->config, name, type) ==
					      DNS_DNSSEC_VALIDATE;
	struct context **context =
		validates ? &upstream->validating[by_tcp] : &upstream->plain[by_tcp];

	look(upstream);
	if (!has_servers(upstream, name))
		return NULL;
	if (!*context)
		*context = contexts_add(upstream->contexts, &upstream->servers, validates,
					by_tcp);
	return *context;
}

/* When this returns the query may be over, and still is to be ended. */
bool upstream_resolve(struct upstream_query *query, struct context *context)
{
	char text[WIRE_NAME_TEXT];
	bool is_good;

	begin_waiting(query, context);
	query->is_beginning = true;
	is_good = !ub.resolve(context->ctx, wire_name_text(query->name, text),
			      query->type, query->class, query, on_result, &query->id);
	query->is_beginning = false;
	return is_good;
}

struct upstream_query *upstream_query_new(struct upstream *upstream, const uint8_t *name,
					  upstream_done_fn *done, void *ctx)
{
	const size_t length = wire_name_length(name);
	struct upstream_query *query = calloc(1, sizeof(*query) + length);

	if (!query)
		return NULL;
	query->upstream = upstream;
	query->done = done;
	query->ctx = ctx;
	memcpy(query->name, name, length);
	return query;
}

bool upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
		  uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
		  struct upstream_query **out)
{
	struct context *context = upstream_context_for(upstream, name, type, cd, false);
	struct upstream_query *query =
		context ? upstream_query_new(upstream, name, done, ctx) : NULL;
	bool is_good;

	*out = NULL;
	if (!query)
		return false;
	query->type = type;
	query->class = class;
	query->cd = cd;
	is_good = upstream_resolve(query, context);
	if (is_good && !query->is_over)
		*out = query;
	else
		upstream_query_end(query);
	return is_good;
}

/* ---- waiting ---- */

/* Where QUERY was asked is not where one asks any more. */
static void ask_elsewhere(struct upstream_query *query)
{
	struct context *context = upstream_context_for(
		query->upstream, query->name, query->type, query->cd, query->is_tcp);
	const struct answer_reply nothing = {.packet = NULL};

	ub.cancel(query->context->ctx, query->id);
	end_waiting(query);
	if (context && upstream_resolve(query, context) && !query->is_over)
		return;
	if (!query->is_over)
		query->done(query->ctx, &nothing);
	upstream_query_end(query);
}

static bool is_current(const struct upstream *upstream, const struct context *context)
{
	return context == upstream->plain[0] || context == upstream->validating[0] ||
	       context == upstream->plain[1] || context == upstream->validating[1];
}

/* Somebody waits for too long: whose fault is that? Others may have been found to ask
 * since. Each turn moves one query to the end of the list or ends it. */
static void on_doubt(evutil_socket_t fd, short what, void *arg)
{
	struct upstream *upstream = arg;
	const long long now = gp_boot_ms();
	struct upstream_query *query = upstream->oldest;

	(void)fd, (void)what;
	if (query && now - query->asked_ms >= DOUBT_MS)
		health_doubt(upstream->servers.health);
	look(upstream);
	upstream_ask_late_ones(upstream, now);
	query = upstream->oldest;
	while (query && now - query->asked_ms >= DOUBT_MS) {
		if (is_current(upstream, query->context)) {
			query = query->newer;
			continue;
		}
		ask_elsewhere(query);
		query = upstream->oldest;
	}
	if (upstream->oldest)
		doubt_in(upstream, query ? query->asked_ms + DOUBT_MS - now : DOUBT_MS);
}

void upstream_cancel(struct upstream_query *query)
{
	if (query->is_waiting)
		ub.cancel(query->context->ctx, query->id);
	upstream_query_end(query);
}

uint64_t upstream_asked(const struct upstream *upstream)
{
	return upstream->asked;
}

/* ---- beginning and end ---- */

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
	contexts_hear(upstream->contexts, dns_config_trusts(&upstream->config)
						  ? &upstream->trust.heard
						  : NULL);
}

void upstream_configure(struct upstream *upstream, const struct dns_config *config,
			const struct upstream_network *network)
{
	const bool is_same = is_same_network(network, &upstream->servers.network,
					     config->is_recursive) &&
			     (!memcmp(config, &upstream->config, sizeof(*config)) ||
			      dns_config_equal(config, &upstream->config));

	upstream->servers.network = *network;
	if (is_same) {
		/* What the one before leads to may be gone soon. */
		upstream->config = *config;
		return;
	}
	upstream_forget_pings(upstream);
	upstream->config = *config;
	hear(upstream);
	servers_reset(&upstream->servers);
	renew(upstream);
}

const char *upstream_fault(const struct upstream *upstream)
{
	return servers_fault(&upstream->servers, ub.has_nat64);
}

void upstream_forget(struct upstream *upstream)
{
	renew(upstream);
}

/* Others are to be asked from now on. */
static void on_health(void *ctx, bool others)
{
	struct upstream *upstream = ctx;

	if (others) {
		renew(upstream);
		if (upstream->oldest)
			doubt_in(upstream, 0);
	}
	if (upstream->changed)
		upstream->changed(upstream->changed_ctx);
}

void upstream_on_change(struct upstream *upstream, void (*changed)(void *ctx), void *ctx)
{
	upstream->changed = changed;
	upstream->changed_ctx = ctx;
}

bool upstream_none_answers(const struct upstream *upstream)
{
	return health_none_answers(upstream->servers.health);
}

struct upstream *upstream_new(struct event_base *base, const struct dns_config *config)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));

	if (!upstream)
		return NULL;
	upstream->base = base;
	upstream->config = *config;
	upstream->servers.config = &upstream->config;
	upstream->contexts = contexts_new(base);
	upstream->doubt = evtimer_new(base, on_doubt, upstream);
	upstream->servers.health = health_new(base, on_health, upstream);
	if (upstream->contexts && upstream->doubt && upstream->servers.health) {
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
	renew(upstream);
	contexts_free(upstream->contexts);
	if (upstream->doubt)
		event_free(upstream->doubt);
	upstream_forget_pings(upstream);
	health_free(upstream->servers.health);
	free(upstream);
}
