/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_other.c - the second question of a lookup: where the policy has it asked, and
 * what a rule says to it without that. */
#include "guard/clock.h"
#include "serve_private.h"

/* What a rule says to a question for A, of which AAAA are made, is there at once. */
static bool take_local(struct lookup *lookup)
{
	struct answer *answer = &lookup->serve->answer;
	struct answer_reply reply;

	if (!answer_other_local(&lookup->question, &lookup->context, answer))
		return false;
	reply = (struct answer_reply){.packet = answer->bytes, .size = answer->size};
	lookup->is_by_rule = true;
	lookup->lead_generation = lookup->serve->policy.generation;
	lookup_take(&lookup->other, &reply, gp_boot_ms());
	return true;
}

static void lead(struct lookup *lookup, const uint8_t *target)
{
	lookup_drop(&lookup->other);
	lookup->other_type = WIRE_A;
	lookup->has_other_target = lookup->is_by_rule = true;
	lookup->lead_generation = lookup->serve->policy.generation;
	lookup_ask(lookup, target, WIRE_A, lookup_on_other, &lookup->other);
}

bool other_lead(struct lookup *lookup)
{
	uint8_t target[WIRE_NAME];

	if (!answer_other_target(&lookup->question, &lookup->context, target))
		return false;
	lead(lookup, target);
	return true;
}

void other_ask(struct lookup *lookup, const uint8_t *name)
{
	if (!take_local(lookup) && !other_lead(lookup))
		lookup_ask(lookup, name, lookup->other_type, lookup_on_other,
			   &lookup->other);
}

void other_consider(struct lookup *lookup)
{
	const struct question *question = &lookup->question;
	struct answer_context *context = &lookup->context;
	uint8_t target[WIRE_NAME];
	unsigned rule;

	if (!lookup->other.is_done || lookup->has_other_target ||
	    (lookup->main.is_done &&
	     answer_is_enough(question, context, &lookup->main.reply)))
		return;
	rule = answer_other_lead(question, context, &lookup->other.reply, target);
	if (!rule)
		return;
	lookup->is_beginning = true;
	context->other_lead = rule;
	lead(lookup, target);
	lookup->is_beginning = false;
}

/* ---- for the verdicts ---- */

/* While so many wait there is room for who waits alone. */
#define MANY (SERVE_LOOKUPS / 2)

void other_tell(struct lookup *lookup)
{
	serve_tell_pair(lookup->serve, &lookup->question, &lookup->main.reply,
			&lookup->other.reply);
}

/* It was decided with both, which tells the same. */
static bool has_ipv4(const struct answer_decision *decision)
{
	for (size_t i = 0; i < decision->count; i++)
		if (decision->candidates[i].addr.family == AF_INET)
			return true;
	return false;
}

/*
 * Who has IPv6 alone often asks for AAAA alone, and what is dead among these shows only
 * beside another way. So the A that DNS64 has asked for is not thrown away.
 */
bool other_tells(struct lookup *lookup)
{
	const struct serve *serve = lookup->serve;

	if (lookup->other_type != WIRE_A || lookup->is_by_rule ||
	    !lookup->context.synthesizes || serve->answer.is_synthesized ||
	    has_ipv4(&serve->answer.decision) || !serve_goes_by_verdicts(serve) ||
	    !answer_has_records(&lookup->question, &lookup->main.reply))
		return false;
	if (lookup->other.is_done)
		other_tell(lookup);
	else
		lookup->is_telling = lookup->other.query && serve->lookup_count < MANY;
	return true;
}
