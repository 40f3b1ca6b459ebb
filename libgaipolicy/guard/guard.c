/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard.c - THE decision: which addresses of a name a program gets (DESIGN 4). Pure. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "guard/rules.h"

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

static struct plan plan_of(uint8_t action, bool keep_last, enum gp_door door)
{
	const bool orders = door == GP_DOOR_PRELOAD;
	const struct plan nothing = {.victim = AF_UNSPEC};

	switch ((enum gp_rule_action)action) {
	case GP_DO_AUTO:
		return (struct plan){AF_INET6, true, orders, !orders};
	case GP_DO_PREFER_IPV4:
		return (struct plan){AF_INET6, false, orders, !orders};
	case GP_DO_PREFER_IPV6:
		return orders ? (struct plan){AF_INET, false, true, false} : nothing;
	case GP_DO_STRIP_AAAA:
		return (struct plan){AF_INET6, false, false, keep_last};
	case GP_DO_STRIP_A:
		return (struct plan){AF_INET, false, false, keep_last};
	case GP_DO_ALLOW:
	case GP_DO_BLOCK:
	case GP_DO_COUNT:
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

/* QUERY's answer could be changed by PLAN. */
static bool is_open_to(const struct plan *plan, const struct gp_guard_policy *policy,
		       const struct gp_query *query)
{
	if (plan->victim == AF_UNSPEC)
		return false;
	/* The dns door is asked for AAAA alone all the time and always knows the A as
	 * well. */
	if (query->door == GP_DOOR_DNS || query->family == AF_UNSPEC)
		return true;
	if (query->family != plan->victim || plan->demotes)
		return false;
	if (plan->victim == AF_INET6)
		return policy->aaaa_only;
	return !plan->keeps_usable; /* the other family is not asked for here */
}

bool gp_guard_may_act(const struct gp_guard_policy *policy, const struct gp_rules *rules,
		      const struct gp_query *query, bool has_map)
{
	struct plan plan = plan_of(policy->mode, policy->keep_last, query->door);

	if (gp_guard_is_exempt(query->name))
		return false;
	if ((has_map || !plan.by_verdict) && is_open_to(&plan, policy, query))
		return true;
	for (uint8_t action = 0; rules && action < GP_DO_COUNT; action++) {
		if (!(rules->actions >> action & 1))
			continue;
		plan = plan_of(action, false, query->door);
		if ((has_map || !plan.by_verdict) && is_open_to(&plan, policy, query))
			return true;
	}
	return false;
}

/* ---- who decides ---- */

static void hand_to(const struct gp_guard_rule *rule, struct gp_candidate *candidate)
{
	candidate->rule = (uint16_t)(rule->rank + 1);
	candidate->priority = (uint16_t)rule->priority;
	candidate->action = rule->action;
	candidate->keep_last = rule->flags & GP_RULE_KEEP_LAST ? 1 : 0;
	candidate->enforce = rule->flags & GP_RULE_ENFORCE ? 1 : 0;
}

static bool hand_inside_to(const struct gp_rules *rules, const struct gp_guard_rule *rule,
			   struct gp_candidate *candidates, size_t count)
{
	bool are_all = true;

	for (size_t i = 0; i < count; i++) {
		if (!candidates[i].rule &&
		    gp_rules_has_address(rules, rule->rank, &candidates[i].addr))
			hand_to(rule, &candidates[i]);
		are_all &= candidates[i].rule != 0;
	}
	return are_all;
}

void gp_guard_assign(const struct gp_guard_policy *policy, const struct gp_rules *rules,
		     const struct gp_query *query, struct gp_candidate *candidates,
		     size_t count)
{
	struct gp_rules_walk walk;
	struct gp_guard_rule rule;
	unsigned rank;

	for (size_t i = 0; i < count; i++) {
		struct gp_candidate *candidate = &candidates[i];

		candidate->disposition = GP_KEPT;
		candidate->reason = GP_WHY_NOTHING;
		candidate->rule = 0;
		candidate->priority = 0;
		candidate->action = policy->mode;
		candidate->keep_last = policy->keep_last;
		candidate->enforce = policy->enforce;
		candidate->unreachable = 0;
	}
	if (!rules || gp_guard_is_exempt(query->name))
		return;
	gp_rules_begin(&walk, rules, query);
	while (gp_rules_next(&walk, &rank) && gp_rules_get(rules, rank, &rule))
		if (hand_inside_to(rules, &rule, candidates, count))
			break;
}

static enum gp_reason reason_not_to_act(const struct plan *plan,
					const struct gp_query *query)
{
	if (plan->victim == AF_INET6 && query->family == AF_INET6)
		return GP_WHY_AAAA_ONLY;
	return GP_WHY_NOTHING;
}

/* ---- one candidate ---- */

/* A decision in the making. With enforce = no for some candidates it is made twice: once
 * as if all were enforced, for those; and once without them. */
struct decision {
	const struct gp_guard_policy *policy;
	const struct gp_query *query;
	const struct gp_facts *facts;
	struct gp_candidate *candidates;
	size_t count;
	bool is_trial; /* as if all were enforced */
};

static bool counts(const struct decision *decision, const struct gp_candidate *candidate)
{
	return decision->is_trial || candidate->enforce;
}

static struct plan plan_for(const struct decision *decision,
			    const struct gp_candidate *candidate)
{
	return plan_of(candidate->action, candidate->keep_last, decision->query->door);
}

static void settle(struct gp_candidate *candidate, enum gp_disposition disposition,
		   enum gp_reason reason)
{
	candidate->disposition = disposition;
	candidate->reason = reason;
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

/* Nobody on this host gets there. Where there is a default route, one that is missing is
 * somebody's decision. */
static bool has_no_route(const struct decision *decision, const struct gp_addr *addr)
{
	const struct gp_facts *facts = decision->facts;

	return decision->query->door == GP_DOOR_DNS && decision->query->lacks_ipv6 &&
	       !facts->is_usable(facts->ctx, addr);
}

/* What the dns door made of A, maybe in place of AAAA that it left out, is no AAAA. */
static bool is_made(const struct decision *decision, const struct gp_candidate *candidate)
{
	const struct gp_facts *facts = decision->facts;

	return facts->is_made && facts->is_made(facts->ctx, &candidate->addr);
}

static void mark(const struct decision *decision, struct gp_candidate *candidate)
{
	const struct plan plan = plan_for(decision, candidate);
	const struct gp_facts *facts = decision->facts;
	const struct gp_addr *addr = &candidate->addr;
	enum gp_reason why = GP_WHY_MODE;

	settle(candidate, GP_KEPT, GP_WHY_NOTHING);
	if (!is_open_to(&plan, decision->policy, decision->query)) {
		candidate->reason = reason_not_to_act(&plan, decision->query);
		return;
	}
	if (addr->family != plan.victim)
		return;
	if (gp_addr_is_special(addr) ||
	    (candidate->action == GP_DO_STRIP_AAAA && is_made(decision, candidate))) {
		candidate->reason = GP_WHY_EXEMPT_ADDRESS;
		return;
	}
	if (plan.by_verdict)
		why = verdict_against(decision->policy, &plan, facts, addr);
	if (plan.by_verdict && why == GP_WHY_NOTHING && has_no_route(decision, addr))
		why = GP_WHY_NO_ROUTE;
	if (why == GP_WHY_UNTESTED && is_made(decision, candidate))
		why = GP_WHY_NOTHING;
	if (why == GP_WHY_NOTHING)
		return;
	if (facts->is_own(facts->ctx, addr)) {
		candidate->reason = GP_WHY_OWN_ADDRESS;
		return;
	}
	settle(candidate, plan.demotes ? GP_DEMOTED : GP_STRIPPED, why);
}

/* ---- how far back ---- */

/* How far back an address belongs: kept, slow, the rest. */
static int rank_of(const struct gp_candidate *candidate)
{
	if (candidate->disposition != GP_DEMOTED)
		return 0;
	return candidate->reason == GP_WHY_SLOW ? 1 : 2;
}

/* Some candidate would move, were all of them enforced. */
static bool would_move(const struct gp_candidate *candidates, size_t count)
{
	int most = 0;

	for (size_t i = 0; i < count; i++) {
		const int rank = rank_of(&candidates[i]);

		if (candidates[i].disposition == GP_STRIPPED || candidates[i].unreachable)
			continue;
		if (rank < most)
			return true;
		most = rank;
	}
	return false;
}

/* ---- never without somewhere to go ---- */

static bool is_gone(const struct decision *decision, const struct gp_candidate *candidate)
{
	return counts(decision, candidate) && candidate->disposition == GP_STRIPPED;
}

/*
 * Somewhere else to go for a program that loses its addresses of VICTIM. A special
 * address is no such place: 0.0.0.0 and 127.0.0.1 beside a public AAAA are what DNS
 * blockers answer.
 */
static bool is_partner(const struct decision *decision, int victim,
		       const struct gp_candidate *candidate)
{
	return candidate->addr.family != victim && !is_gone(decision, candidate) &&
	       !gp_addr_is_special(&candidate->addr);
}

/*
 * NOTHING: some partner can be reached; else what is wrong. From the end on: libc has put
 * those that cannot be reached last, so that mostly the first one asked about tells of
 * all. What is found out on the way is noted in the candidates.
 */
static enum gp_reason look_for_partner(const struct decision *decision, int victim)
{
	const struct gp_facts *facts = decision->facts;
	enum gp_reason reason = GP_WHY_LAST_ADDRESS;

	for (size_t i = decision->count; i-- > 0;) {
		struct gp_candidate *candidate = &decision->candidates[i];

		if (!is_partner(decision, victim, candidate))
			continue;
		candidate->unreachable = !facts->is_usable(facts->ctx, &candidate->addr);
		if (!candidate->unreachable)
			return GP_WHY_NOTHING;
		reason = victim == AF_INET6 ? GP_WHY_NO_USABLE_IPV4
					    : GP_WHY_NO_USABLE_IPV6;
	}
	return reason;
}

/* Take back what would leave the program without a usable address. */
static void spare(const struct decision *decision, int victim)
{
	enum gp_reason reason = GP_WHY_COUNT; /* not looked for yet */

	for (size_t i = 0; i < decision->count; i++) {
		struct gp_candidate *candidate = &decision->candidates[i];

		if (candidate->addr.family != victim || !is_gone(decision, candidate) ||
		    !plan_for(decision, candidate).keeps_usable)
			continue;
		if (reason == GP_WHY_COUNT)
			reason = look_for_partner(decision, victim);
		if (reason == GP_WHY_NOTHING)
			return;
		settle(candidate, GP_KEPT, reason);
	}
}

/* An address of FAMILY stays where it is, and is known to answer. */
static bool has_proven(const struct decision *decision, int family)
{
	const struct gp_facts *facts = decision->facts;

	for (size_t i = 0; facts->verdict && i < decision->count; i++) {
		const struct gp_candidate *candidate = &decision->candidates[i];

		if (candidate->addr.family == family &&
		    candidate->disposition == GP_KEPT &&
		    facts->verdict(facts->ctx, &candidate->addr) == GP_VERDICT_OK)
			return true;
	}
	return false;
}

/*
 * RFC 6724 5, rule 1, comes before any preference: nothing is put behind addresses that
 * cannot be reached. A verdict may also put an address behind one of its own family that
 * is known to answer.
 */
static void spare_demoted(const struct decision *decision, int victim)
{
	enum gp_reason reason = GP_WHY_COUNT; /* not looked for yet */

	for (size_t i = 0; i < decision->count; i++) {
		struct gp_candidate *candidate = &decision->candidates[i];

		if (candidate->addr.family != victim || !counts(decision, candidate) ||
		    candidate->disposition != GP_DEMOTED)
			continue;
		if (reason == GP_WHY_COUNT)
			reason = look_for_partner(decision, victim);
		if (reason == GP_WHY_NOTHING)
			return;
		if (plan_for(decision, candidate).by_verdict &&
		    has_proven(decision, victim))
			continue;
		settle(candidate, GP_KEPT,
		       reason == GP_WHY_LAST_ADDRESS ? GP_WHY_NOTHING : reason);
	}
}

static void decide(const struct decision *decision)
{
	for (size_t i = 0; i < decision->count; i++)
		if (counts(decision, &decision->candidates[i]))
			mark(decision, &decision->candidates[i]);
	/* In this order: AAAA that lose their A stay, and then are where to go for
	 * programs that lose the A. */
	spare(decision, AF_INET6);
	spare(decision, AF_INET);
	/* No question is asked where the order is the wanted one already. */
	if (!would_move(decision->candidates, decision->count))
		return;
	spare_demoted(decision, AF_INET6);
	spare_demoted(decision, AF_INET);
}

/* ---- order ---- */

#define LAST_RANK 3

/* Nothing is put behind what cannot be reached. */
static int enforced_rank_of(const struct gp_candidate *candidate)
{
	if (candidate->unreachable && candidate->disposition == GP_KEPT)
		return LAST_RANK;
	return candidate->enforce ? rank_of(candidate) : 0;
}

static bool has_demoted(const struct gp_candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].enforce && candidates[i].disposition == GP_DEMOTED)
			return true;
	return false;
}

/* Stable, in place: the demoted sink behind the others. Insertion: candidates are few. */
static bool sink_demoted(struct gp_candidate *candidates, size_t count)
{
	bool moved = false;

	if (!has_demoted(candidates, count))
		return false;
	for (size_t i = 1; i < count; i++) {
		const struct gp_candidate candidate = candidates[i];
		size_t place = i;

		while (place && enforced_rank_of(&candidates[place - 1]) >
					enforced_rank_of(&candidate))
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

/* Who stood last already has lost nothing. */
static void forgive_demoted(struct gp_candidate *candidates, size_t count, bool enforced)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].disposition == GP_DEMOTED &&
		    (candidates[i].enforce != 0) == enforced)
			settle(&candidates[i], GP_KEPT, GP_WHY_NOTHING);
}

/* ---- all together ---- */

static struct gp_outcome outcome_of(const struct gp_candidate *candidates, size_t count)
{
	struct gp_outcome outcome = {false, false, false};

	for (size_t i = 0; i < count; i++) {
		if (candidates[i].disposition == GP_KEPT)
			continue;
		outcome.acts |= candidates[i].enforce != 0;
		outcome.would |= !candidates[i].enforce;
	}
	outcome.differs = outcome.acts || outcome.would;
	return outcome;
}

struct gp_outcome gp_guard_decide(const struct gp_guard_policy *policy,
				  const struct gp_query *query,
				  const struct gp_facts *facts,
				  struct gp_candidate *candidates, size_t count)
{
	struct decision decision = {policy, query, facts, candidates, count, false};
	bool has_enforced = false, moves;

	if (gp_guard_is_exempt(query->name)) {
		for (size_t i = 0; i < count; i++)
			candidates[i].reason = GP_WHY_EXEMPT_NAME;
		return (struct gp_outcome){false, false, false};
	}
	for (size_t i = 0; i < count; i++) {
		decision.is_trial |= !candidates[i].enforce;
		has_enforced |= candidates[i].enforce != 0;
	}
	decide(&decision);
	if (decision.is_trial && has_enforced) {
		decision.is_trial = false;
		decide(&decision);
	}
	moves = would_move(candidates, count);
	if (!sink_demoted(candidates, count))
		forgive_demoted(candidates, count, true);
	if (!moves)
		forgive_demoted(candidates, count, false);
	return outcome_of(candidates, count);
}

struct gp_outcome gp_guard(const struct gp_guard_policy *policy,
			   const struct gp_rules *rules, const struct gp_query *query,
			   const struct gp_facts *facts, struct gp_candidate *candidates,
			   size_t count)
{
	gp_guard_assign(policy, rules, query, candidates, count);
	return gp_guard_decide(policy, query, facts, candidates, count);
}
