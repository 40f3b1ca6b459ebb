/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tally.h - what a decision came to, in numbers: the doors' counters. Pure. */
#ifndef LIBGAIPOLICY_GUARD_TALLY_H
#define LIBGAIPOLICY_GUARD_TALLY_H

#include "gaipolicy.h"

/** Of one lookup. */
struct gp_tally {
	uint32_t stripped;    /**< addresses that were taken out, not what stands for
				 those that were not asked for */
	uint32_t withheld;    /**< of these by distrust */
	bool is_spared;       /**< kept, as no IPv4 address was usable */
	bool is_last_address; /**< enforce = no: the last usable address is concerned */
};

/** Count what gp_guard_decide made of CANDIDATES. */
struct gp_tally gp_tally(const struct gp_candidate *candidates, size_t count,
			 struct gp_outcome outcome);

/**
 * Candidate FIRST is the first of its rule, and some of the rule's are not kept: the rule
 * is to be counted once, as acting if the candidate's `enforce` says so.
 */
bool gp_tally_rule(const struct gp_candidate *candidates, size_t count, size_t first);

#endif
