/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tally.c - see tally.h. */
#include "guard/ask.h"
#include "guard/tally.h"

static bool is_spared(const struct gp_candidate *candidate)
{
	return candidate->reason == GP_WHY_LAST_ADDRESS ||
	       candidate->reason == GP_WHY_NO_USABLE_IPV4 ||
	       candidate->reason == GP_WHY_NO_USABLE_IPV6;
}

struct gp_tally gp_tally(const struct gp_candidate *candidates, size_t count,
			 struct gp_outcome outcome)
{
	struct gp_tally tally = {.stripped = 0};
	bool is_left = false;

	for (size_t i = 0; i < count; i++) {
		const struct gp_candidate *candidate = &candidates[i];

		tally.is_spared |= candidate->reason == GP_WHY_NO_USABLE_IPV4;
		tally.is_last_address |= !candidate->enforce && is_spared(candidate);
		is_left |= candidate->disposition != GP_STRIPPED;
		if (!gp_is_stripped(candidate))
			continue;
		if (gp_is_unasked(candidate))
			continue; /* nobody knows how many there are */
		tally.stripped++;
		tally.withheld += candidate->reason == GP_WHY_UNTESTED;
	}
	tally.is_last_address |= outcome.would && !is_left;
	return tally;
}

bool gp_tally_rule(const struct gp_candidate *candidates, size_t count, size_t first)
{
	const uint16_t rule = candidates[first].rule;
	bool is_changed = false;

	for (size_t i = 0; i < first; i++)
		if (candidates[i].rule == rule)
			return false;
	for (size_t i = first; rule && i < count; i++)
		is_changed |= candidates[i].rule == rule &&
			      candidates[i].disposition != GP_KEPT;
	return is_changed;
}
