/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ask.h - what has to be asked for, so that a door asks for no more than it gives out:
 * where a name's AAAA are left out anyway, nobody needs to wait for them. Pure; used by
 * the doors.
 */
#ifndef LIBGAIPOLICY_GUARD_ASK_H
#define LIBGAIPOLICY_GUARD_ASK_H

#include "gaipolicy.h"

enum gp_ask {
	GP_ASK_ALL, /**< all that the program wants, at once */
	/**
	 * A; and if these do not do, all. They do when gp_guard_decide, given them and
	 * gp_unasked(), strips the latter; with the canonical name that came with them
	 * this must still be what gp_guard_ask says.
	 */
	GP_ASK_A_FIRST,
	/** A, and nothing else whatever comes of it: strip-aaaa with keep-last = no. */
	GP_ASK_A_ALONE,
};

/**
 * What to ask for before anything is known of the addresses of QUERY's name, by the mode
 * or rule that decides it at QUERY's door. IS_FIXED: the search list leads to the same
 * name whatever is asked for; without that A are never first, as they might be another
 * host's. GP_ASK_ALL unless each AAAA would be stripped, and that is enforced; so too
 * where a rule with `prefixes` is about the name. Whether IPv4 is usable is for the
 * caller to know before A come first.
 */
enum gp_ask gp_guard_ask(const struct gp_guard_policy *policy,
			 const struct gp_rules *rules, const struct gp_query *query,
			 bool is_fixed);

/**
 * A placeholder for the AAAA that were not asked for: a candidate that is assigned and
 * decided like any other. It is not a real address, and is never handed out.
 */
struct gp_candidate gp_unasked(void);
bool gp_is_unasked(const struct gp_candidate *candidate);

#endif
