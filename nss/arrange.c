/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arrange.c - see arrange.h. Trouble of our own is libc's list unchanged. */
#include <stdlib.h>

#include "arrange.h"
#include "facts.h"
#include "guard/hint.h"
#include "guard/trace.h"
#include "inline.h"
#include "order.h"
#include "relink.h"
#include "tell.h"

/* Candidates that need no allocation. */
#define FEW 64

bool arrange_begin(struct lookup *lookup)
{
	const bool is_auto = lookup->guard.mode == GP_MODE_AUTO;

	lookup->is_guarded = gp_guard_may_act(&lookup->guard, &lookup->query);
	/* A dry run must not cost time, or packets. */
	lookup->is_raced = lookup->is_guarded && is_auto && lookup->guard.enforce &&
			   inline_is_wanted(&lookup->probe);
	/* `auto` has nothing else to go by while nobody keeps a map. */
	if (is_auto && !lookup->is_raced && !gp_reach_live())
		lookup->is_guarded = false;
	lookup->is_sorted = lookup->preload.order == GP_ORDER_RFC6724 &&
			    !gp_guard_is_exempt(lookup->query.name);
	lookup->is_widened &= lookup->is_guarded;
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
			candidates[i].disposition = GP_STRIPPED;
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
	outcome = gp_guard(&policy, &lookup->query, &facts, candidates, count);
	inline_note(&race, candidates, count);
	return outcome;
}

static struct gp_outcome guard(const struct lookup *lookup, const struct gp_reach *map,
			       const struct addrinfo *list,
			       struct gp_candidate *candidates, size_t count)
{
	struct gp_outcome outcome = {false, false};
	struct fact_sources sources;
	struct gp_facts facts;

	if (!lookup->is_guarded ||
	    (lookup->guard.mode == GP_MODE_AUTO && !map && !lookup->is_raced))
		return outcome;
	facts = facts_open(&sources, map);
	if (lookup->is_raced)
		outcome = guard_by_race(lookup, &facts, list, candidates, count);
	else
		outcome = gp_guard(&lookup->guard, &lookup->query, &facts, candidates,
				   count);
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
	outcome->acts = lookup->guard.enforce;
}

/* CANDIDATES: room for OWN, LIST's, and MORE, those of PARTNERS. */
static struct addrinfo *apply(const struct lookup *lookup, struct addrinfo *list,
			      size_t own, struct addrinfo *partners, size_t more,
			      struct gp_candidate *candidates, struct addrinfo **removed)
{
	const struct gp_reach *map = gp_reach_live(); /* the lookup may have taken long */
	struct gp_outcome guarded, outcome;
	bool is_moved;

	relink_candidates(list, candidates, own);
	relink_candidates(partners, candidates + own, more);
	is_moved = lookup->is_sorted && order_by_rfc6724(candidates, own);
	outcome = guarded = guard(lookup, map, list, candidates, own + more);
	if (is_moved)
		note_order(lookup, candidates, own, &outcome);
	tell_count(candidates, own + more, outcome);
	if (map && lookup->is_guarded && lookup->guard.mode == GP_MODE_AUTO)
		tell_hint(GP_DOOR_PRELOAD, candidates, own + more, guarded);
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

struct addrinfo *arrange(const struct lookup *lookup, struct addrinfo *list,
			 struct addrinfo *partners, struct addrinfo **removed)
{
	const size_t own = relink_count(list), more = relink_count(partners);
	struct gp_candidate few[FEW], *candidates = few;

	*removed = NULL;
	if (own == 0)
		return list;
	if (own + more > FEW)
		candidates = malloc((own + more) * sizeof(*candidates));
	if (!candidates) {
		gp_hint_count(GP_COUNT_TROUBLE, 1);
		return list;
	}
	list = apply(lookup, list, own, partners, more, candidates, removed);
	if (candidates != few)
		free(candidates);
	return list;
}
