/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_rebind.c - private addresses of public names go out of what upstream said to a
 * lookup, by the configuration in force. */
#include <stdlib.h>

#include "serve_private.h"

/* What a rule led to is the administrator's word. */
static bool clean(const struct lookup *lookup, const struct half *half,
		  const struct answer_reply *from, struct answer_reply *out)
{
	return !(half == &lookup->main ? lookup->has_target : lookup->is_by_rule) &&
	       rebind_clean(&lookup->question, &lookup->context, from, out);
}

/* By the configuration in force the name may be another one's. */
static void find_owner(struct lookup *lookup)
{
	if (lookup->era != lookup->serve->era)
		serve_find_owner(lookup->serve, &lookup->question, &lookup->context);
}

void rebind_take(struct lookup *lookup, struct half *half,
		 const struct answer_reply *reply, long long now)
{
	struct answer_reply cleaned;

	find_owner(lookup);
	lookup_take(half, clean(lookup, half, reply, &cleaned) ? &cleaned : reply, now);
	half->cleaned_era = lookup->serve->era;
}

static void again(struct lookup *lookup, struct half *half)
{
	union {
		const uint8_t *readable;
		void *pointer;
	} packet = {half->reply.packet};
	struct answer_reply cleaned;

	if (!half->is_done || half->cleaned_era == lookup->serve->era)
		return;
	half->cleaned_era = lookup->serve->era;
	if (!clean(lookup, half, &half->reply, &cleaned))
		return;
	lookup_take(half, &cleaned, half->done_ms);
	free(packet.pointer);
}

void rebind_again(struct lookup *lookup)
{
	find_owner(lookup);
	again(lookup, &lookup->main);
	again(lookup, &lookup->other);
}
