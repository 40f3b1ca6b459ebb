/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream.c - see upstream.h. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "ub_library.h"
#include "upstream.h"
#include "upstream_context.h"
#include "upstream_packet.h"

/* An answer that takes longer makes one doubt: libunbound asks again soon. */
#define DOUBT_MS 350
/* When nobody said anything for so long, the first one who does ends an outage. */
#define OUTAGE_MS 1000

struct upstream {
	struct event_base *base;
	struct contexts *contexts;
	struct event *doubt;                    /* while somebody waits */
	struct upstream_query *oldest, *newest; /* of those that wait */
	struct dns_config config;
	struct servers servers;
	struct context *plain, *validating; /* CD is for the first, whatever is set */
	uint64_t asked;
	long long answered_ms;      /* when an answer came last */
	void (*changed)(void *ctx); /* may be NULL */
	void *changed_ctx;
};

struct upstream_query {
	struct upstream_query *older, *newer;
	struct upstream *upstream;
	struct context *context;
	upstream_done_fn *done;
	void *ctx;
	int id;
	long long asked_ms;
	uint16_t type, class;
	bool cd, is_beginning, is_over;
	uint8_t name[]; /* wire form */
};

static void renew(struct upstream *upstream)
{
	contexts_retire(upstream->contexts, &upstream->plain);
	contexts_retire(upstream->contexts, &upstream->validating);
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

	*(query->older ? &query->older->newer : &upstream->oldest) = query->newer;
	*(query->newer ? &query->newer->older : &upstream->newest) = query->older;
	contexts_answered(upstream->contexts, query->context);
}

static void end_query(struct upstream_query *query)
{
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
	query->is_over = true;
	if (reply.packet &&
	    ((bytes[3] & 0xf) == WIRE_NOERROR || (bytes[3] & 0xf) == WIRE_NXDOMAIN))
		note_answer(query->upstream);
	query->done(query->ctx, &reply);
	if (!query->is_beginning)
		end_query(query);
}

/* There is somebody to ask for NAME. */
static bool has_servers(const struct upstream *upstream, const uint8_t *name)
{
	const struct dns_config *config = &upstream->config;

	if (config->zone_count && dns_zone_of(config, name))
		return true;
	return config->is_recursive ? !upstream_fault(upstream) : upstream->servers.count;
}

static struct context *context_for(struct upstream *upstream, const uint8_t *name,
				   uint16_t type, bool cd)
{
	const bool validates = !cd && dns_dnssec_of(&upstream->config, name, type) ==
					      DNS_DNSSEC_VALIDATE;
	struct context **context = validates ? &upstream->validating : &upstream->plain;

	look(upstream);
	if (!has_servers(upstream, name))
		return NULL;
	if (!*context)
		*context =
			contexts_add(upstream->contexts, &upstream->servers, validates);
	return *context;
}

/* When this returns the query may be over, and still is to be ended. */
static bool resolve(struct upstream_query *query, struct context *context)
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

bool upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
		  uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
		  struct upstream_query **out)
{
	struct context *context = context_for(upstream, name, type, cd);
	const size_t length = wire_name_length(name);
	struct upstream_query *query =
		context ? calloc(1, sizeof(*query) + length) : NULL;
	bool is_good;

	*out = NULL;
	if (!query)
		return false;
	*query = (struct upstream_query){.upstream = upstream,
					 .done = done,
					 .ctx = ctx,
					 .type = type,
					 .class = class,
					 .cd = cd};
	memcpy(query->name, name, length);
	is_good = resolve(query, context);
	if (is_good && !query->is_over)
		*out = query;
	else
		end_query(query);
	return is_good;
}

/* Where QUERY was asked is not where one asks any more. */
static void ask_elsewhere(struct upstream_query *query)
{
	struct context *context =
		context_for(query->upstream, query->name, query->type, query->cd);
	const struct answer_reply nothing = {.packet = NULL};

	ub.cancel(query->context->ctx, query->id);
	end_waiting(query);
	if (context && resolve(query, context) && !query->is_over)
		return;
	if (!query->is_over)
		query->done(query->ctx, &nothing);
	if (context)
		end_waiting(query);
	free(query);
}

static bool is_current(const struct upstream *upstream, const struct context *context)
{
	return context == upstream->plain || context == upstream->validating;
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
	ub.cancel(query->context->ctx, query->id);
	end_query(query);
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

void upstream_configure(struct upstream *upstream, const struct dns_config *config,
			const struct upstream_network *network)
{
	const bool is_same = is_same_network(network, &upstream->servers.network,
					     config->is_recursive) &&
			     !memcmp(config, &upstream->config, sizeof(*config));

	upstream->servers.network = *network;
	if (is_same)
		return;
	upstream->config = *config;
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
	if (upstream->contexts && upstream->doubt && upstream->servers.health)
		return upstream;
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
	health_free(upstream->servers.health);
	free(upstream);
}
