/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arrange.c - see arrange.h. Trouble of our own is libc's list unchanged. */
#include <stdlib.h>

#include "arrange.h"
#include "facts.h"
#include "guard/ask.h"
#include "guard/hint.h"
#include "guard/trace.h"
#include "inline.h"
#include "order.h"
#include "relink.h"
#include "tell.h"

/* Candidates that need no allocation. */
#define FEW 64

bool arrange_begin(struct lookup *lookup, const struct gp_rules *rules)
{
	const struct gp_guard_policy *guard = &lookup->guard;
	/* A dry run must not cost time, or packets. */
	const bool may_race = (guard->mode == GP_MODE_AUTO && guard->enforce) ||
			      (rules && rules->actions >> GP_DO_AUTO & 1);

	lookup->has_rules = rules != NULL;
	lookup->is_raced = may_race &&
			   gp_guard_may_act(guard, rules, &lookup->query, true) &&
			   inline_is_wanted(&lookup->probe);
	lookup->is_guarded =
		lookup->is_raced || facts_may_act(guard, rules, &lookup->query);
	/* Without enforce the order is only told of, which a rule that acts forbids. */
	lookup->is_sorted = lookup->preload.order == GP_ORDER_RFC6724 &&
			    (guard->enforce || !rules) &&
			    !gp_guard_is_exempt(lookup->query.name);
	lookup->is_widened &= lookup->is_guarded;
	lookup->adds_canonname &=
		lookup->is_guarded && rules && rules->flags & GP_RULES_DOMAINS;
	lookup->a_first = lookup->is_guarded ? noaaaa_wanted(guard, rules, &lookup->query)
					     : NOAAAA_NO;
	return lookup->is_guarded || lookup->is_sorted;
}

/* What was asked for beyond what the program wanted goes again. */
static void narrow(struct gp_candidate *candidates, size_t count)
{
	bool has_ipv6 = false;

	for (size_t i = 0; i < count; i++)
		has_ipv6 |= candidates[i].addr.family == AF_INET6;
	for (size_t i = 0; i < count && has_ipv6; i++)
		if (candidates[i].addr.family == AF_INET)
			candidates[i] = (struct gp_candidate){.addr = candidates[i].addr,
							      .disposition = GP_STRIPPED,
							      .enforce = 1};
}

static bool is_by_verdict(const struct gp_candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].action == GP_DO_AUTO && candidates[i].enforce)
			return true;
	return false;
}

static struct gp_outcome guard_by_race(const struct lookup *lookup,
				       const struct gp_facts *known,
				       const struct addrinfo *list,
				       struct gp_candidate *candidates, size_t count)
{
	struct gp_guard_policy policy = lookup->guard;
	struct gp_outcome outcome;
	struct inline_race race;
	struct gp_facts facts;

	policy.distrust &= known->verdict != NULL; /* nobody would test them */
	inline_begin(&race, &lookup->probe, known, list);
	inline_run(&race, candidates, count);
	facts = inline_facts(&race);
	outcome = gp_guard_decide(&policy, &lookup->query, &facts, candidates, count);
	inline_note(&race, candidates, count);
	return outcome;
}

static struct gp_outcome guard(struct lookup *lookup, const struct gp_reach *map,
			       const struct addrinfo *list,
			       struct gp_candidate *candidates, size_t count)
{
	struct gp_outcome outcome = {false, false, false};
	struct fact_sources sources;
	struct gp_facts facts;

	if (!lookup->is_guarded ||
	    !facts_assign(&lookup->guard, lookup->has_rules, lookup->query.canonical,
			  &lookup->query, candidates, count))
		return outcome;
	facts = facts_open(&sources, map);
	sources.remembers = true;
	if (lookup->is_raced && is_by_verdict(candidates, count))
		outcome = guard_by_race(lookup, &facts, list, candidates, count);
	else
		outcome = gp_guard_decide(&lookup->guard, &lookup->query, &facts,
					  candidates, count);
	facts_close(&sources);
	return outcome;
}

/* The order is not libc's: a reason for all that have no other. */
static void note_order(const struct lookup *lookup, struct gp_candidate *candidates,
		       size_t count, struct gp_outcome *outcome)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].reason == GP_WHY_NOTHING)
			candidates[i].reason = GP_WHY_ORDER;
	outcome->differs = true;
	outcome->acts |= lookup->guard.enforce;
}

/* Why there are A alone. */
static void note_alone(struct gp_candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].reason == GP_WHY_NOTHING)
			candidates[i].reason = GP_WHY_NOT_ASKED;
}

/* CANDIDATES: room for OWN, LIST's, MORE, those of PARTNERS, and one for AAAA that were
 * not asked for, which are decided and counted as if they were there. */
static struct addrinfo *apply(struct lookup *lookup, struct addrinfo *list, size_t own,
			      struct addrinfo *partners, size_t more,
			      struct gp_candidate *candidates, struct addrinfo **removed)
{
	const struct gp_reach *map = gp_reach_live(); /* the lookup may have taken long */
	const size_t all = own + more + (lookup->a_end == NOAAAA_A_ALONE ? 1 : 0);
	struct gp_outcome guarded, outcome;
	bool is_moved;

	relink_candidates(list, candidates, own);
	relink_candidates(partners, candidates + own, more);
	if (lookup->a_end == NOAAAA_A_ALONE)
		candidates[all - 1] = gp_unasked();
	is_moved = lookup->is_sorted && order_by_rfc6724(candidates, own);
	outcome = guarded = guard(lookup, map, list, candidates, all);
	if (is_moved)
		note_order(lookup, candidates, own, &outcome);
	if (lookup->a_end == NOAAAA_A_ALONE)
		note_alone(candidates, own + more);
	tell_count(candidates, all, outcome);
	if (lookup->is_guarded)
		tell_count_rules(candidates, all, guarded);
	if (map && lookup->is_guarded)
		tell_hint(GP_DOOR_PRELOAD, candidates, own + more);
	gp_trace_send(&lookup->guard, &lookup->query, candidates, own + more, outcome);
	if (!outcome.acts && !lookup->is_widened)
		return list;
	if (!outcome.acts)
		relink_candidates(list, candidates, own); /* in libc's order again */
	if (!guarded.acts && lookup->is_widened)
		narrow(candidates, own);
	/* With partners, which nobody asked for, the mode strips and leaves the order. */
	return relink(list, candidates, own, removed);
}

struct addrinfo *arrange(struct lookup *lookup, struct addrinfo *list,
			 struct addrinfo *partners, struct addrinfo **removed)
{
	const size_t own = relink_count(list), more = relink_count(partners);
	struct gp_candidate few[FEW], *candidates = few;

	*removed = NULL;
	/* A alone may be all there is to a lookup for AAAA. */
	if (own == 0 && (more == 0 || lookup->a_end != NOAAAA_A_ALONE))
		return list;
	if (own + more >= FEW)
		candidates = malloc((own + more + 1) * sizeof(*candidates));
	if (!candidates) {
		gp_hint_count(GP_COUNT_TROUBLE, 1);
		return list;
	}
	list = apply(lookup, list, own, partners, more, candidates, removed);
	if (candidates != few)
		free(candidates);
	return list;
}
