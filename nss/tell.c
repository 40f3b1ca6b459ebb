/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tell.c - counters and hints of the doors. */
#include "guard/hint.h"
#include "guard/tally.h"
#include "tell.h"

void tell_count(const struct gp_candidate *candidates, size_t count,
		struct gp_outcome outcome)
{
	const struct gp_tally tally = gp_tally(candidates, count, outcome);

	gp_hint_count(GP_COUNT_LOOKUPS, 1);
	if (tally.is_spared)
		gp_hint_count(GP_COUNT_SPARED, 1);
	if (outcome.acts)
		gp_hint_count(GP_COUNT_CHANGED, 1);
	if (outcome.would)
		gp_hint_count(GP_COUNT_WOULD, 1);
	if (tally.stripped)
		gp_hint_count(GP_COUNT_STRIPPED, tally.stripped);
	if (tally.withheld)
		gp_hint_count(GP_COUNT_WITHHELD, tally.withheld);
}

void tell_count_rules(const struct gp_candidate *candidates, size_t count,
		      struct gp_outcome outcome)
{
	const struct gp_tally tally = gp_tally(candidates, count, outcome);

	for (size_t i = 0; i < count; i++)
		if (gp_tally_rule(candidates, count, i))
			gp_hint_count_rule(candidates[i].priority, candidates[i].enforce);
	if (outcome.would || tally.is_last_address)
		gp_hint_count_would(outcome.would, tally.is_last_address);
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
