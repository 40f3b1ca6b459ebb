/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tell.c - counters and hints of the doors. */
#include "guard/hint.h"
#include "tell.h"

void tell_count(const struct gp_candidate *candidates, size_t count,
		struct gp_outcome outcome)
{
	uint32_t stripped = 0, withheld = 0;
	bool spared = false;

	for (size_t i = 0; i < count; i++) {
		const struct gp_candidate *candidate = &candidates[i];

		spared |= candidate->reason == GP_WHY_NO_USABLE_IPV4;
		if (!gp_is_stripped(candidate))
			continue;
		stripped++;
		withheld += candidate->reason == GP_WHY_UNTESTED;
	}
	gp_hint_count(GP_COUNT_LOOKUPS, 1);
	if (spared)
		gp_hint_count(GP_COUNT_SPARED, 1);
	if (outcome.acts)
		gp_hint_count(GP_COUNT_CHANGED, 1);
	if (outcome.would)
		gp_hint_count(GP_COUNT_WOULD, 1);
	if (stripped)
		gp_hint_count(GP_COUNT_STRIPPED, stripped);
	if (withheld)
		gp_hint_count(GP_COUNT_WITHHELD, withheld);
}

/* What one rule came to in this lookup: the first candidate of each tells of all. */
static void count_rule(const struct gp_candidate *candidates, size_t count, size_t first)
{
	const uint16_t rule = candidates[first].rule;
	bool is_changed = false;

	for (size_t i = 0; i < first; i++)
		if (candidates[i].rule == rule)
			return;
	for (size_t i = first; i < count; i++)
		is_changed |= candidates[i].rule == rule &&
			      candidates[i].disposition != GP_KEPT;
	if (is_changed)
		gp_hint_count_rule(candidates[first].priority, candidates[first].enforce);
}

static bool is_spared(const struct gp_candidate *candidate)
{
	return candidate->reason == GP_WHY_LAST_ADDRESS ||
	       candidate->reason == GP_WHY_NO_USABLE_IPV4 ||
	       candidate->reason == GP_WHY_NO_USABLE_IPV6;
}

void tell_count_rules(const struct gp_candidate *candidates, size_t count,
		      struct gp_outcome outcome)
{
	bool is_last = false, is_left = false;

	for (size_t i = 0; i < count; i++) {
		if (candidates[i].rule)
			count_rule(candidates, count, i);
		is_last |= !candidates[i].enforce && is_spared(&candidates[i]);
		is_left |= candidates[i].disposition != GP_STRIPPED;
	}
	is_last |= outcome.would && !is_left;
	if (outcome.would || is_last)
		gp_hint_count_would(outcome.would, is_last);
}

static bool has_family(const struct gp_candidate *candidates, size_t count, int family)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].addr.family == family)
			return true;
	return false;
}

static bool is_by_verdict(const struct gp_candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].action == GP_DO_AUTO)
			return true;
	return false;
}

/* Only what was handed out together tells something: IPv6, and IPv4 to compare it with.
 */
void tell_hint(enum gp_door door, const struct gp_candidate *candidates, size_t count)
{
	if (is_by_verdict(candidates, count) && has_family(candidates, count, AF_INET) &&
	    has_family(candidates, count, AF_INET6))
		gp_hint_send(door, candidates, count);
	else if (gp_hint_has_news())
		gp_hint_send(door, candidates, 0);
}
