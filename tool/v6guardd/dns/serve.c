/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve.c - see serve.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/clock.h"
#include "own.h"
#include "serve_private.h"

/* What leaves the host is never cut into fragments: 1280 is every link's (RFC 8200 5). */
#define UNFRAGMENTED 1232

static enum answer_why nat64_off(const struct serve *serve)
{
	switch ((enum dns_switch)serve->config.nat64) {
	case DNS_OFF:
		return ANSWER_WHY_OFF;
	case DNS_AUTO:
		if (serve->ipv4_usable)
			return ANSWER_WHY_HAS_IPV4;
		return serve->ipv6_default ? ANSWER_WHY_NOTHING : ANSWER_WHY_NO_IPV6;
	case DNS_ON:
		return ANSWER_WHY_NOTHING;
	}
	return ANSWER_WHY_OFF;
}

bool serve_nat64_acts(const struct serve *serve)
{
	return !nat64_off(serve);
}

static enum answer_why nat64_off_for(const struct serve *serve,
				     const struct listen_client *client)
{
	const struct dns_list *clients = &serve->config.clients;

	if (serve->policy.is_off)
		return ANSWER_WHY_SWITCHED_OFF;
	return clients->count && !dns_list_has(clients, &client->addr) ? ANSWER_WHY_CLIENT
								       : nat64_off(serve);
}

void serve_follow(struct serve *serve)
{
	serve_hold(serve);
	serve_release(serve);
}

bool serve_is_off(struct serve *serve)
{
	serve_follow(serve);
	return serve->policy.is_off;
}

/* ---- answering ---- */

static size_t limit_for(const struct serve *serve, const struct listen_client *client,
			const struct question *question)
{
	size_t limit = serve->config.edns_size;

	if (client->is_tcp)
		return WIRE_MAX;
	if (limit > UNFRAGMENTED && !dns_is_loopback(&client->addr))
		limit = UNFRAGMENTED;
	return question->size < limit ? question->size : limit;
}

bool serve_is_failure(uint16_t flags)
{
	return (flags & 0xf) != WIRE_NOERROR && (flags & 0xf) != WIRE_NXDOMAIN;
}

void serve_reply(struct serve *serve, const struct listen_client *client,
		 const struct question *question, const struct answer_image *image,
		 uint32_t age)
{
	const size_t limit = limit_for(serve, client, question);
	size_t size = answer_finish(image, question, age, limit,
				    (uint16_t)serve->config.edns_size, serve->out);

	if (question->wants_why)
		size = answer_add_why(image, question, limit, serve->out, size);
	count_answer(&serve->counts, question->type, image->flags);
	serve->counters.answers++;
	serve->counters.failures += serve_is_failure(image->flags);
	serve->counters.synthesized += image->is_synthesized;
	serve->counters.stale += image->is_stale;
	serve->counters.late += image->is_late;
	listen_send(client, serve->out, size);
}

static void refuse(struct serve *serve, const struct listen_client *client,
		   const struct question *question, enum wire_rcode rcode, int ede)
{
	const size_t size = answer_refuse(question, rcode, ede,
					  (uint16_t)serve->config.edns_size, serve->out);

	count_answer(&serve->counts, question->type, (uint16_t)rcode);
	listen_send(client, serve->out, size);
}

/* ---- questions ---- */

/* Who asks goes by this host's routes, there is none for IPv6 in general, and what is
 * left out because of that shows in no signature. */
static bool lacks_ipv6(const struct serve *serve, const struct listen_client *client,
		       const struct question *question)
{
	if (serve->ipv6_default || !serve->has_policy || question->dnssec_ok ||
	    (question->type != WIRE_AAAA && question->type != WIRE_HTTPS &&
	     question->type != WIRE_SVCB) ||
	    !serve_goes_by_verdicts(serve))
		return false;
	return dns_is_loopback(&client->addr) || own_address(&client->addr);
}

static struct answer_context context_for(const struct serve *serve,
					 const struct listen_client *client,
					 const struct question *question)
{
	const enum answer_why off = nat64_off_for(serve, client);

	return (struct answer_context){
		.config = &serve->config,
		.guard = serve->has_policy ? &serve->policy.guard : NULL,
		.rules = serve->policy.rules,
		.client = &client->addr,
		.now = serve->policy.rules ? time(NULL) : 0,
		.facts = &serve->ops.facts,
		.synthesizes = !off,
		.off_why = (uint8_t)off,
		.lacks_ipv6 = off && lacks_ipv6(serve, client, question),
	};
}

void serve_find_owner(const struct serve *serve, const struct question *question,
		      struct answer_context *context)
{
	context->is_forwarded = dns_zone_of(&serve->config, question->name) != NULL;
	context->is_routed = upstream_has_route(serve->upstream, question->name);
}

struct outage *serve_outage(struct serve *serve, const uint8_t *name)
{
	const struct dns_zone *zone = dns_zone_of(&serve->config, name);

	const size_t at = zone ? 1 + (size_t)(zone - serve->config.zones) : 0;

	return at < serve->outage_count ? &serve->outages[at] : &serve->outage;
}

/* Nobody waits for it: the old answer is given meanwhile. */
static void try_again(struct serve *serve, const struct question *question,
		      const struct answer_context *context)
{
	struct lookup *lookup;

	if (!outage_may_try(serve_outage(serve, question->name), gp_boot_ms()) ||
	    lookup_find(serve, question, context))
		return;
	lookup = lookup_new(serve, question, context);
	if (lookup)
		lookup_begin(lookup);
}

/* From what is kept; when its time is over only while no newer one can be had. */
static bool answer_again(struct serve *serve, const struct listen_client *client,
			 const struct question *question, struct answer_context *context)
{
	const struct cache_key key = serve_key(question, context);
	const long long now = gp_boot_ms();
	struct cache_hit hit;

	if (!cache_get(serve->cache, &key, now, serve->config.serve_stale_ms, &hit) ||
	    (hit.is_stale && !hit.is_known_to_fail))
		return false;
	serve->counters.hits++;
	serve_reply(serve, client, question, &hit.image, hit.age);
	/* Programs go there now, and may fail: evidence needs to know what they got. */
	if (question->type == WIRE_AAAA && serve_goes_by_verdicts(serve) &&
	    told_is_due(&serve->told, question->hash, (uint32_t)(now / 1000))) {
		serve_find_owner(serve, question, context);
		serve_tell_image(serve, question, context, &hit.image);
	}
	if (hit.is_stale) {
		serve_find_owner(serve, question, context);
		try_again(serve, question, context);
	}
	return true;
}

static void answer_at_once(struct serve *serve, const struct listen_client *client,
			   const struct question *question)
{
	const struct answer_image image = answer_image(&serve->answer);
	const struct serve_event event = {
		.question = question, .client = &client->addr, .answer = &serve->answer};

	serve->counters.local++;
	if (serve->answer.decision.is_whole)
		serve->ops.decided(serve->ops.ctx, &event);
	serve_reply(serve, client, question, &image, 0);
}

/* `v6guard off`, another mode, other rules: what was made by the ones before is
 * forgotten. */
void serve_hold(struct serve *serve)
{
	struct serve_policy policy = {.rules = NULL};
	bool has_policy, is_same;

	if (serve->holds++)
		return;
	has_policy = serve->ops.policy(serve->ops.ctx, &policy);
	is_same = has_policy == serve->has_policy &&
		  policy.generation == serve->policy.generation &&
		  !memcmp(&policy.guard, &serve->policy.guard, sizeof(policy.guard));
	if (!is_same)
		serve_forget_policy(serve, &policy, has_policy);
	serve->policy = policy;
	serve->has_policy = has_policy;
}

void serve_release(struct serve *serve)
{
	if (--serve->holds)
		return;
	serve->policy.rules = NULL;
	if (serve->has_policy)
		serve->ops.policy_done(serve->ops.ctx);
}

static void look_up(struct serve *serve, const struct listen_client *client,
		    struct question *question)
{
	struct answer_context context;
	struct lookup *lookup;
	bool is_new = false;

	context = context_for(serve, client, question);
	question->why_off = context.off_why;
	if (answer_again(serve, client, question, &context))
		return;
	serve_find_owner(serve, question, &context);
	context.has_broken = serve->ops.has_broken(serve->ops.ctx);
	/* These are never kept. */
	if (answer_local(question, &context, &serve->answer)) {
		answer_at_once(serve, client, question);
		return;
	}
	lookup = lookup_find(serve, question, &context);
	if (!lookup) {
		lookup = lookup_new(serve, question, &context);
		is_new = true;
	}
	if (!lookup || !lookup_add(lookup, client, question)) {
		if (lookup && is_new)
			lookup_free(lookup);
		serve->counters.answers++;
		serve->counters.failures++;
		refuse(serve, client, question, WIRE_SERVFAIL, ANSWER_EDE_NONE);
		return;
	}
	serve->counters.joined += !is_new;
	if (is_new)
		lookup_begin(lookup);
	serve_note_routes(serve);
}

static void on_message(void *ctx, const struct listen_client *client,
		       const uint8_t *bytes, size_t size)
{
	struct serve *serve = ctx;
	struct question question;
	const enum question_fate fate = question_read(bytes, size, &question);

	/* RFC 7828 3.2.1: without a connection there is nothing to keep. */
	question.wants_keepalive &= client->is_tcp;

	serve->counters.questions++;
	if (fate == QUESTION_DROP) {
		serve->counters.malformed++;
		listen_ignore(client);
	} else if (!dns_list_has(&serve->config.allow, &client->addr)) {
		serve->counters.refused++;
		refuse(serve, client, &question, WIRE_REFUSED, ANSWER_EDE_PROHIBITED);
	} else if (fate == QUESTION_REFUSE) {
		serve->counters.malformed++;
		refuse(serve, client, &question, (enum wire_rcode)question.rcode,
		       ANSWER_EDE_NONE);
	} else if (question.class != WIRE_CLASS_IN || !(question.flags & WIRE_RD)) {
		serve->counters.refused++;
		refuse(serve, client, &question, WIRE_REFUSED, ANSWER_EDE_NONE);
	} else {
		serve_hold(serve);
		look_up(serve, client, &question);
		serve_release(serve);
	}
}

/* ---- beginning and end ---- */

/* `[nat64] mode = on` beside IPv4 is for answers; what is reached by IPv4 stays so. */
static void configure_upstream(struct serve *serve)
{
	const struct upstream_network network = {
		.via_nat64 = serve_nat64_acts(serve) && !serve->ipv4_usable,
		.ipv4_usable = serve->ipv4_usable,
		.ipv6_default = serve->ipv6_default,
	};

	upstream_configure(serve->upstream, &serve->config, &network);
}

static void renew_cache(struct serve *serve, size_t bytes)
{
	struct cache *cache = cache_new(bytes, gp_boot_ms());

	if (!cache) {
		cache_flush(serve->cache);
		return;
	}
	cache_free(serve->cache);
	serve->cache = cache;
}

/* One for each zone; without memory for them all share one. */
static void renew_outages(struct serve *serve)
{
	free(serve->outages);
	serve->outage_count = 1 + serve->config.zone_count;
	serve->outages = calloc(serve->outage_count, sizeof(serve->outages[0]));
	if (!serve->outages)
		serve->outage_count = 0;
}

void serve_configure(struct serve *serve, const struct dns_config *config)
{
	const bool is_same = dns_config_equal(&serve->config, config);
	const bool is_same_answers = serve_is_same_answers(&serve->config, config);

	if (config->cache_size != serve->config.cache_size)
		renew_cache(serve, (size_t)config->cache_size);
	else if (!is_same_answers)
		cache_flush(serve->cache);
	serve->era += !is_same_answers;
	serve->config = *config;
	if (!is_same)
		renew_outages(serve);
	configure_upstream(serve);
}

bool serve_listen(struct serve *serve, size_t slot, const struct listen_fds *fds)
{
	return listen_add(serve->listen, slot, fds);
}

void serve_unlisten(struct serve *serve, size_t slot)
{
	listen_drop(serve->listen, slot);
}

void serve_set_network(struct serve *serve, bool ipv6_default, bool ipv4_usable)
{
	if (ipv4_usable != serve->ipv4_usable)
		serve_new_epoch(serve);
	else if (!ipv6_default)
		serve_forget_routes(serve);
	serve->ipv6_default = ipv6_default;
	serve->ipv4_usable = ipv4_usable;
	configure_upstream(serve);
}

struct serve *serve_new(struct event_base *base, const struct dns_config *config,
			const struct listen_fds *fds, size_t count,
			const struct serve_ops *ops)
{
	struct serve *serve = calloc(1, sizeof(*serve));

	if (!serve)
		return NULL;
	serve->base = base;
	serve->config = *config;
	renew_outages(serve);
	serve->ops = *ops;
	serve->answer.bytes = serve->answer_bytes;
	serve->upstream = upstream_new(base, config);
	serve->listen = listen_new(base, fds, count, on_message, serve);
	serve->cache = cache_new((size_t)config->cache_size, gp_boot_ms());
	serve->tidy = tidy_new(base, &serve->lookup_count);
	if (serve->upstream && serve->listen && serve->cache && serve->tidy)
		return serve;
	serve_free(serve);
	return NULL;
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (serve->buckets[i])
			lookup_free(serve->buckets[i]);
	listen_free(serve->listen);
	cache_free(serve->cache);
	upstream_free(serve->upstream);
	tidy_free(serve->tidy);
	free(serve->outages);
	free(serve);
}

const struct serve_counters *serve_counters(const struct serve *serve)
{
	return &serve->counters;
}

const struct serve_counts *serve_counts(const struct serve *serve)
{
	return &serve->counts;
}

struct upstream *serve_upstream(struct serve *serve)
{
	return serve->upstream;
}

size_t serve_lookups(const struct serve *serve)
{
	return serve->lookup_count;
}

size_t serve_connections(const struct serve *serve)
{
	return listen_connections(serve->listen);
}

size_t serve_cached(const struct serve *serve)
{
	return cache_entries(serve->cache);
}
