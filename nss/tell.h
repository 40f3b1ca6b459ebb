/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tell.h - what v6guardd is told of a decision. For nss/ only. */
#ifndef NSS_TELL_H
#define NSS_TELL_H

#include "gaipolicy.h"

/** Count what a decision came to; while somebody keeps a map it goes along with a hint.
 */
void tell_count(const struct gp_candidate *candidates, size_t count,
		struct gp_outcome outcome);

/** Count what the rules, and enforce = no, came to. */
void tell_count_rules(const struct gp_candidate *candidates, size_t count,
		      struct gp_outcome outcome);

/** Hint which addresses were handed out together, if `auto` decided some of them and that
 * tells something, or what there is to tell of rules. While there is a live map. */
void tell_hint(enum gp_door door, const struct gp_candidate *candidates, size_t count);

#endif
