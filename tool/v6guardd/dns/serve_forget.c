/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_forget.c - which answers are no longer what they would be. */
#include <string.h>

#include "answer_private.h"
#include "serve_private.h"

/* What was in force, and what is. */
struct change {
	bool is_other_guard;
	bool strips_a;
	bool has_rules, has_cnames; /* before, or now */
};

/* Types whose answers the policy may change by itself; A only where that is stripped. */
static bool is_guarded(uint16_t type, bool strips_a)
{
	return type == WIRE_AAAA || type == WIRE_HTTPS || type == WIRE_SVCB ||
	       (type == WIRE_A && strips_a);
}

static bool has_chain(const struct cache_seen *seen)
{
	const struct answer_reply from = {.packet = seen->bytes, .size = seen->size};
	struct reply reply;

	return reply_open(&from, &reply) && reply_has(&reply, WIRE_CNAME);
}

static bool is_of_policy(const void *ctx, const struct cache_seen *seen)
{
	const struct change *change = ctx;

	if (change->is_other_guard && is_guarded(seen->type, change->strips_a))
		return true;
	/* Hints go by the rules about the target, too. */
	if (change->has_rules &&
	    (seen->variant || seen->type == WIRE_HTTPS || seen->type == WIRE_SVCB))
		return true;
	return change->has_cnames &&
	       (seen->ede == ANSWER_EDE_BLOCKED || seen->ede == ANSWER_EDE_SYNTHESIZED ||
		has_chain(seen));
}

static bool is_strip_a(const struct gp_guard_policy *guard, uint32_t rules_actions)
{
	return guard->mode == GP_MODE_STRIP_A || rules_actions & 1U << GP_DO_STRIP_A;
}

void serve_forget_policy(struct serve *serve, const struct serve_policy *policy,
			 bool has_policy)
{
	const struct gp_rules *rules = policy->rules;
	const uint32_t actions = rules ? rules->actions : 0;
	const uint32_t flags = rules ? rules->flags : 0;
	const struct change change = {
		.is_other_guard = has_policy != serve->has_policy ||
				  memcmp(&policy->guard, &serve->policy.guard,
					 sizeof(policy->guard)) != 0,
		.strips_a = is_strip_a(&policy->guard, actions) ||
			    is_strip_a(&serve->policy.guard, serve->rules_actions),
		.has_rules = rules || serve->has_rules,
		.has_cnames = (flags | serve->rules_flags) & GP_RULES_CNAMES,
	};

	cache_flush_if(serve->cache, is_of_policy, &change);
	serve->rules_actions = actions;
	serve->rules_flags = flags;
	serve->has_rules = rules != NULL;
}

static bool is_of_network(const void *ctx, const struct cache_seen *seen)
{
	return is_guarded(seen->type, *(const bool *)ctx);
}

void serve_new_epoch(struct serve *serve)
{
	const bool strips_a = is_strip_a(&serve->policy.guard, serve->rules_actions);

	/* Else nothing was decided. */
	if (serve->has_policy &&
	    (serve->has_rules || serve->policy.guard.mode != GP_MODE_OFF))
		cache_flush_if(serve->cache, is_of_network, &strips_a);
}

static bool is_decided(const void *ctx, const struct cache_seen *seen)
{
	(void)ctx;
	return seen->is_by_verdict;
}

void serve_forget_routes(struct serve *serve)
{
	cache_flush_if(serve->cache, is_decided, NULL);
}

void serve_ipv6_comes(struct serve *serve)
{
	if (!serve->ipv6_default)
		serve_forget_routes(serve);
}

/* Whole bytes of PREFIX are somewhere in it: most answers need no better look. */
static bool may_have(const struct cache_seen *seen, const struct gp_prefix *prefix)
{
	const size_t bytes = prefix->length / 8U;

	return !bytes || memmem(seen->bytes, seen->size, prefix->addr.bytes, bytes);
}

static bool is_of_verdict(const void *ctx, const struct cache_seen *seen)
{
	const struct answer_reply from = {.packet = seen->bytes, .size = seen->size};

	if (!is_guarded(seen->type, false))
		return false;
	return seen->is_by_verdict ||
	       (may_have(seen, ctx) && reply_has_address_in(&from, ctx));
}

void serve_new_verdict(struct serve *serve, const struct gp_prefix *prefix)
{
	if (serve_goes_by_verdicts(serve))
		cache_flush_if(serve->cache, is_of_verdict, prefix);
}

static bool is_of_name(const void *ctx, const struct cache_seen *seen)
{
	return wire_name_equal(ctx, seen->name);
}

size_t serve_flush(struct serve *serve, const uint8_t *name)
{
	upstream_forget(serve->upstream);
	return name ? cache_flush_if(serve->cache, is_of_name, name)
		    : cache_flush(serve->cache);
}

/* Who may ask, how and for how long, and what is part of an answer's key. */
bool serve_is_same_answers(const struct dns_config *old, const struct dns_config *new)
{
	struct dns_config like = *new;

	like.enable = old->enable;
	like.listen_count = old->listen_count;
	like.listen = old->listen;
	like.edns_size = old->edns_size;
	like.aaaa_timeout_ms = old->aaaa_timeout_ms;
	like.serve_stale_ms = old->serve_stale_ms;
	like.allow = old->allow;
	/* `on` makes AAAA of addresses that have a route, too. */
	if (old->nat64 != DNS_ON && new->nat64 != DNS_ON)
		like.nat64 = old->nat64;
	like.clients = old->clients;
	return dns_config_equal(&like, old);
}

static bool is_rerouted(const void *ctx, const struct cache_seen *seen)
{
	return upstream_is_rerouted(ctx, seen->name);
}

void serve_note_routes(struct serve *serve)
{
	const uint32_t era = upstream_routes_era(serve->upstream);

	if (era == serve->routes_era)
		return;
	serve->routes_era = era;
	serve->era++;
	cache_flush_if(serve->cache, is_rerouted, serve->upstream);
}
