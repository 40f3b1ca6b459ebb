/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard.c - THE decision: which addresses of a name a program gets (DESIGN 4). Pure. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "gaipolicy.h"

void gp_guard_policy_init(struct gp_guard_policy *policy)
{
	*policy = (struct gp_guard_policy){
		.mode = GP_MODE_AUTO,
		.enforce = 1,
		.keep_last = 1,
		.backends_auto = 1,
	};
}

/* What a mode wants at a door, before any address is known. */
struct plan {
	int victim;        /* family to strip or demote; AF_UNSPEC: nothing */
	bool by_verdict;   /* only those that a verdict speaks against */
	bool demotes;      /* move behind the others instead of removing */
	bool keeps_usable; /* not without a usable address of the other family */
};

static struct plan plan_of(const struct gp_guard_policy *policy, enum gp_door door)
{
	const bool orders = door == GP_DOOR_PRELOAD;
	const struct plan nothing = {.victim = AF_UNSPEC};

	switch ((enum gp_mode)policy->mode) {
	case GP_MODE_AUTO:
		return (struct plan){AF_INET6, true, orders, !orders};
	case GP_MODE_PREFER_IPV4:
		return (struct plan){AF_INET6, false, orders, !orders};
	case GP_MODE_PREFER_IPV6:
		return orders ? (struct plan){AF_INET, false, true, false} : nothing;
	case GP_MODE_STRIP_AAAA:
		return (struct plan){AF_INET6, false, false, policy->keep_last};
	case GP_MODE_STRIP_A:
		return (struct plan){AF_INET, false, false, policy->keep_last};
	case GP_MODE_OFF:
	case GP_MODE_COUNT:
		break;
	}
	return nothing;
}

static bool is_localhost(const char *name)
{
	static const char word[] = "localhost";
	const size_t word_length = sizeof(word) - 1;
	size_t length = strlen(name);

	if (length && name[length - 1] == '.')
		length--;
	if (length < word_length)
		return false;
	if (strncasecmp(name + length - word_length, word, word_length))
		return false;
	return length == word_length || name[length - word_length - 1] == '.';
}

/* getaddrinfo takes every form that inet_aton reads for a literal: 127.1, 0x7f.1. */
static bool is_literal(const char *name)
{
	struct in_addr ipv4;

	if (strchr(name, ':'))
		return true; /* no host name holds a colon */
	return name[0] >= '0' && name[0] <= '9' && inet_aton(name, &ipv4);
}

bool gp_guard_is_exempt(const char *name)
{
	return !name || !name[0] || is_localhost(name) || is_literal(name);
}

bool gp_guard_may_act(const struct gp_guard_policy *policy, const struct gp_query *query)
{
	const struct plan plan = plan_of(policy, query->door);

	if (plan.victim == AF_UNSPEC || gp_guard_is_exempt(query->name))
		return false;
	/* The dns door is asked for AAAA alone all the time and always knows the A as
	 * well. */
	if (query->door == GP_DOOR_DNS || query->family == AF_UNSPEC)
		return true;
	if (query->family != plan.victim || plan.demotes)
		return false;
	if (plan.victim == AF_INET6)
		return policy->aaaa_only;
	return !plan.keeps_usable; /* the other family is not asked for here */
}

static enum gp_reason reason_not_to_act(const struct plan *plan,
					const struct gp_query *query)
{
	if (plan->victim == AF_UNSPEC)
		return GP_WHY_NOTHING;
	if (gp_guard_is_exempt(query->name))
		return GP_WHY_EXEMPT_NAME;
	if (plan->victim == AF_INET6 && query->family == AF_INET6)
		return GP_WHY_AAAA_ONLY;
	return GP_WHY_NOTHING;
}

static void keep_all(struct gp_candidate *candidates, size_t count, enum gp_reason reason)
{
	for (size_t i = 0; i < count; i++) {
		candidates[i].disposition = GP_KEPT;
		candidates[i].reason = reason;
	}
}

/* Take back what was marked; REASON says why it stays. */
static void spare_victims(struct gp_candidate *candidates, size_t count,
			  enum gp_reason reason)
{
	for (size_t i = 0; i < count; i++) {
		if (candidates[i].disposition == GP_KEPT)
			continue;
		candidates[i].disposition = GP_KEPT;
		candidates[i].reason = reason;
	}
}

/* Of an address that nothing is known of: is that enough to go without it? */
static bool is_distrusted(const struct gp_guard_policy *policy,
			  const struct gp_facts *facts, const struct gp_addr *addr)
{
	return policy->distrust &&
	       !(facts->is_onlink && facts->is_onlink(facts->ctx, addr));
}

/* What speaks against ADDR in mode `auto`; NOTHING: it stays where it is. */
static enum gp_reason verdict_against(const struct gp_guard_policy *policy,
				      const struct plan *plan,
				      const struct gp_facts *facts,
				      const struct gp_addr *addr)
{
	if (!facts->verdict) /* nobody watches: `distrust` is `trust`, too */
		return GP_WHY_NOTHING;
	switch (facts->verdict(facts->ctx, addr)) {
	case GP_VERDICT_BROKEN:
		return GP_WHY_BROKEN;
	case GP_VERDICT_SLOW:
		return plan->demotes ? GP_WHY_SLOW : GP_WHY_NOTHING;
	case GP_VERDICT_UNKNOWN:
		return is_distrusted(policy, facts, addr) ? GP_WHY_UNTESTED
							  : GP_WHY_NOTHING;
	case GP_VERDICT_OK:
	case GP_VERDICT_COUNT:
		break;
	}
	return GP_WHY_NOTHING;
}

static size_t mark_victims(const struct gp_guard_policy *policy, const struct plan *plan,
			   const struct gp_facts *facts, struct gp_candidate *candidates,
			   size_t count)
{
	size_t marked = 0;

	for (size_t i = 0; i < count; i++) {
		struct gp_candidate *candidate = &candidates[i];
		const struct gp_addr *addr = &candidate->addr;
		enum gp_reason why = GP_WHY_MODE;

		if (addr->family != plan->victim)
			continue;
		if (gp_addr_is_special(addr)) {
			candidate->reason = GP_WHY_EXEMPT_ADDRESS;
			continue;
		}
		if (plan->by_verdict)
			why = verdict_against(policy, plan, facts, addr);
		if (why == GP_WHY_NOTHING)
			continue;
		if (facts->is_own(facts->ctx, addr)) {
			candidate->reason = GP_WHY_OWN_ADDRESS;
			continue;
		}
		candidate->disposition = plan->demotes ? GP_DEMOTED : GP_STRIPPED;
		candidate->reason = why;
		marked++;
	}
	return marked;
}

/*
 * Somewhere else to go for a program that loses the victims. A special address is no such
 * place: 0.0.0.0 and 127.0.0.1 beside a public AAAA are what DNS blockers answer.
 */
static bool is_partner(const struct plan *plan, const struct gp_candidate *candidate)
{
	return candidate->addr.family != plan->victim &&
	       !gp_addr_is_special(&candidate->addr);
}

static bool has_partner(const struct plan *plan, const struct gp_candidate *candidates,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_partner(plan, &candidates[i]))
			return true;
	return false;
}

static bool has_usable_partner(const struct plan *plan, const struct gp_facts *facts,
			       const struct gp_candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_partner(plan, &candidates[i]) &&
		    facts->is_usable(facts->ctx, &candidates[i].addr))
			return true;
	return false;
}

/* How far back an address belongs: kept, slow, the rest. */
static int rank_of(const struct gp_candidate *candidate)
{
	if (candidate->disposition != GP_DEMOTED)
		return 0;
	return candidate->reason == GP_WHY_SLOW ? 1 : 2;
}

/* Stable, in place: the demoted sink behind the others. Insertion: candidates are few. */
static bool sink_demoted(struct gp_candidate *candidates, size_t count)
{
	bool moved = false;

	for (size_t i = 1; i < count; i++) {
		const struct gp_candidate candidate = candidates[i];
		size_t place = i;

		while (place && rank_of(&candidates[place - 1]) > rank_of(&candidate))
			place--;
		if (place == i)
			continue;
		memmove(&candidates[place + 1], &candidates[place],
			(i - place) * sizeof(candidate));
		candidates[place] = candidate;
		moved = true;
	}
	return moved;
}

struct gp_outcome gp_guard(const struct gp_guard_policy *policy,
			   const struct gp_query *query, const struct gp_facts *facts,
			   struct gp_candidate *candidates, size_t count)
{
	const struct plan plan = plan_of(policy, query->door);
	struct gp_outcome outcome = {false, false};

	keep_all(candidates, count, GP_WHY_NOTHING);
	if (!gp_guard_may_act(policy, query)) {
		keep_all(candidates, count, reason_not_to_act(&plan, query));
		return outcome;
	}
	if (!mark_victims(policy, &plan, facts, candidates, count))
		return outcome;
	if (plan.keeps_usable && !has_partner(&plan, candidates, count)) {
		spare_victims(candidates, count, GP_WHY_LAST_ADDRESS);
		return outcome;
	}
	if (plan.keeps_usable && !has_usable_partner(&plan, facts, candidates, count)) {
		spare_victims(candidates, count,
			      plan.victim == AF_INET6 ? GP_WHY_NO_USABLE_IPV4
						      : GP_WHY_NO_USABLE_IPV6);
		return outcome;
	}
	outcome.differs = plan.demotes ? sink_demoted(candidates, count) : true;
	if (!outcome.differs) /* they stood last already */
		spare_victims(candidates, count, GP_WHY_NOTHING);
	outcome.acts = outcome.differs && policy->enforce;
	return outcome;
}
