/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_tell.c - which addresses clients have been given, for the verdicts: whoever
 * connects now does so to one of these. */
#include <string.h>

#include "answer_private.h"
#include "guard/clock.h"
#include "serve_private.h"

/* Addresses of a name that are told, and of these of its first type. */
#define TOLD_ADDRESSES 16

struct batch {
	size_t count;
	struct gp_addr addresses[TOLD_ADDRESSES];
	bool withheld[TOLD_ADDRESSES];
};

bool serve_goes_by_verdicts(const struct serve *serve)
{
	return serve->has_policy && (serve->policy.guard.mode == GP_MODE_AUTO ||
				     serve->rules_actions & 1U << GP_DO_AUTO);
}

static void add(struct batch *batch, size_t max, const struct gp_addr *addr,
		bool is_withheld)
{
	if (batch->count >= max)
		return;
	batch->withheld[batch->count] = is_withheld;
	batch->addresses[batch->count++] = *addr;
}

static void add_reply(struct batch *batch, size_t max, const struct answer_reply *from)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr addr;
	struct reply reply;

	if (!reply_open(from, &reply))
		return;
	while (reply_next(&reply, &walk) && walk.section == ANSWER_ANSWER)
		if (rr_is_address(&walk.rr, &addr))
			add(batch, max, &addr, false);
}

static void add_image(struct batch *batch, size_t max, const struct answer_image *image)
{
	const struct answer_reply from = {.packet = image->bytes, .size = image->size};

	add_reply(batch, max, &from);
}

static void send_batch(struct serve *serve, const struct batch *batch)
{
	bool has_ipv4 = false, has_ipv6 = false;

	for (size_t i = 0; i < batch->count; i++) {
		has_ipv4 |= batch->addresses[i].family == AF_INET;
		has_ipv6 |= batch->addresses[i].family == AF_INET6;
	}
	if (!has_ipv4 || !has_ipv6)
		return;
	serve->told.left--;
	serve->ops.handed_out(serve->ops.ctx, batch->addresses, batch->withheld,
			      batch->count);
}

/* Clients ask for both types, one after the other: what the other one was given. */
void serve_tell_image(struct serve *serve, const struct question *question,
		      const struct answer_context *context,
		      const struct answer_image *image)
{
	struct cache_key key = serve_key(question, context);
	struct batch batch = {.count = 0};
	struct cache_hit hit;

	/* Made addresses are the translator's, which no IPv4 is a partner of. */
	if (image->is_synthesized)
		return;
	key.type = question->type == WIRE_A ? WIRE_AAAA : WIRE_A;
	add_image(&batch, TOLD_ADDRESSES / 2, image);
	if (batch.count && cache_get(serve->cache, &key, gp_boot_ms(), 0, &hit))
		add_image(&batch, TOLD_ADDRESSES, &hit.image);
	send_batch(serve, &batch);
}

void serve_tell_pair(struct serve *serve, const struct question *question,
		     const struct answer_reply *aaaa, const struct answer_reply *a)
{
	struct batch batch = {.count = 0};

	if (!told_is_due(&serve->told, question->hash ^ question->type,
			 (uint32_t)(gp_boot_ms() / 1000)))
		return;
	add_reply(&batch, TOLD_ADDRESSES / 2, aaaa);
	if (batch.count)
		add_reply(&batch, TOLD_ADDRESSES, a);
	send_batch(serve, &batch);
}

static bool has_family(const struct answer_decision *decision, int family)
{
	for (size_t i = 0; i < decision->count; i++)
		if (decision->candidates[i].addr.family == family)
			return true;
	return false;
}

/* What was left out is told as well: it is what is to be tested. */
static void tell_candidates(struct serve *serve, const struct answer_decision *decision)
{
	struct batch batch = {.count = 0};

	for (size_t i = 0; i < decision->count; i++) {
		const struct gp_candidate *one = &decision->candidates[i];
		if (one->addr.family == AF_INET6)
			add(&batch, TOLD_ADDRESSES / 2, &one->addr,
			    one->disposition == GP_STRIPPED &&
				    one->reason == GP_WHY_UNTESTED);
	}
	for (size_t i = 0; i < decision->count; i++)
		if (decision->candidates[i].addr.family == AF_INET)
			add(&batch, TOLD_ADDRESSES, &decision->candidates[i].addr, false);
	send_batch(serve, &batch);
}

void serve_tell_answer(struct serve *serve, const struct question *question,
		       const struct answer_context *context, const struct answer *answer)
{
	const struct answer_decision *decision = &answer->decision;
	const struct answer_image image = answer_image(answer);

	if ((question->type != WIRE_A && question->type != WIRE_AAAA) ||
	    !serve_goes_by_verdicts(serve))
		return;
	if (!told_is_due(&serve->told, question->hash ^ question->type,
			 (uint32_t)(gp_boot_ms() / 1000)))
		return;
	if (has_family(decision, AF_INET) && has_family(decision, AF_INET6))
		tell_candidates(serve, decision);
	else
		serve_tell_image(serve, question, context, &image);
}

/* Of the answer itself first: what a rule leads elsewhere was asked for there. */
const char *serve_found(const struct serve_event *event, char text[WIRE_NAME_TEXT])
{
	const struct answer_reply made = {.packet = event->answer->bytes,
					  .size = event->answer->size};
	const struct answer_reply *from[3] = {event->is_stale ? NULL : &made,
					      event->said[0], event->said[1]};
	static struct chain chain;
	struct reply reply;

	for (size_t i = 0; i < 3; i++) {
		if (!reply_open(from[i], &reply))
			continue;
		rules_chain(&chain, &reply);
		if (chain.count)
			return strcpy(text, chain.names[chain.count - 1]);
	}
	return NULL;
}
