/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arrange.h - what the preload door does with libc's list: the policy's order, the
 * decision, and libc's own nodes linked accordingly. For nss/ only.
 */
#ifndef NSS_ARRANGE_H
#define NSS_ARRANGE_H

#include <netdb.h>

#include "noaaaa.h"
#include "guard/snapshot.h"

/** A lookup, and what of the policy acts on it. */
struct lookup {
	struct gp_guard_policy guard;
	struct gp_preload_policy preload;
	struct gp_probe_policy probe;
	struct gp_query query;
	bool is_guarded; /**< the mode, or some rule, may act */
	bool has_rules;  /**< then it is decided by what is in force at that time */
	bool is_raced;   /**< and by races, too */
	bool is_sorted;  /**< order = rfc6724 */
	/** AI_V4MAPPED without AI_ALL: IPv4 is asked for as well, as it would take the
	 * place of IPv6. */
	bool is_widened;
	/** Rules ask for the canonical name, the program did not. */
	bool adds_canonname;
	enum noaaaa a_first;
	enum noaaaa_end a_end;
};

/** Fill in what acts, by QUERY, the policy, which is there, and RULES; false: nothing
 * does, whatever the answer. */
bool arrange_begin(struct lookup *lookup, const struct gp_rules *rules);

/**
 * Decide over LIST, which may be NULL if AAAA were not asked for, and over PARTNERS with
 * it: a list that serves to judge it alone, or NULL. Returns what the program gets, NULL
 * when nothing is left; *REMOVED (NULL: nothing) is to be freed. Thread cancellation must
 * be off. errno is not preserved.
 */
struct addrinfo *arrange(struct lookup *lookup, struct addrinfo *list,
			 struct addrinfo *partners, struct addrinfo **removed);

#endif
