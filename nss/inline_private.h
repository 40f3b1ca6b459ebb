/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inline_private.h - what the halves of an inline race share. */
#ifndef NSS_INLINE_PRIVATE_H
#define NSS_INLINE_PRIVATE_H

#include "inline.h"
#include "memo.h"

/* A race may go there: 2000::/3; of IPv4 all unicast, as a partner may well be a private
 * address. */
bool inline_is_askable(const struct gp_addr *addr);

/* What the race that was run shows of ONE, of IPv6. */
enum memo inline_shown(const struct inline_race *race, const struct happy_runner *one);

/* Of an IPv6 address: this lookup's race, else what an earlier one showed. */
enum memo inline_recall(const struct inline_race *race, const struct gp_addr *addr);

/* What is known anyway, else what races have shown. */
enum gp_verdict inline_verdict(const struct inline_race *race,
			       const struct gp_addr *addr);

#endif
