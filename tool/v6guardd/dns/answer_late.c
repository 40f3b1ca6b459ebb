/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_late.c - what an A alone is enough for: AAAA that would be left out anyway, and
 * AAAA that no server answers. */
#include <string.h>

#include "answer_private.h"

/* What EDE 22 says beside the number: the key of v6guard.conf that made us stop. */
static const char said[] = "aaaa-timeout";

static bool is_good(const struct answer_reply *a, struct reply *reply)
{
	return reply_open(a, reply) && !a->is_bogus &&
	       reply_rcode(reply) == WIRE_NOERROR && reply_has(reply, WIRE_A);
}

bool answer_asks_partner_first(const struct question *question,
			       const struct answer_context *context)
{
	uint8_t target[WIRE_NAME];

	return filter_is_partner_first(question, context) &&
	       !dns64_may_make(question, context) &&
	       !block_target(question, context, target);
}

bool answer_is_settled(const struct question *question,
		       const struct answer_context *context, const struct answer_reply *a)
{
	struct reply reply;

	return is_good(a, &reply) && answer_asks_partner_first(question, context) &&
	       filter_unseen(question, context, &reply) == FILTER_UNSEEN_STRIPPED;
}

/* Who checks signatures would take an empty answer for a forged one, and one that we say
 * nothing of as validated has to be so. */
static bool may_deny(const struct question *question,
		     const struct answer_context *context, const struct answer_reply *a)
{
	return !question->dnssec_ok && !(question->flags & WIRE_CD) &&
	       dns64_may_stand_in(question, context, a);
}

bool answer_may_do_without(const struct question *question,
			   const struct answer_context *context)
{
	return question->type == WIRE_AAAA && question->class == WIRE_CLASS_IN &&
	       filter_may_spare(context, question->name);
}

bool answer_can_do_without(const struct question *question,
			   const struct answer_context *context,
			   const struct answer_reply *a)
{
	uint8_t target[WIRE_NAME];
	struct reply reply;

	return question->type == WIRE_AAAA && question->class == WIRE_CLASS_IN &&
	       is_good(a, &reply) && !block_target(question, context, target) &&
	       !answer_can_stand_in(question, context, a) &&
	       filter_unseen(question, context, &reply) != FILTER_UNSEEN_KEPT;
}

/* The CNAMEs that lead to A's addresses (RFC 2308 2.2), and an SOA. */
static void put_denial(struct builder *builder, const struct question *question,
		       const struct answer_context *context, const struct reply *a,
		       uint32_t cap)
{
	struct reply_walk walk = {.has_begun = false};
	uint8_t end[WIRE_NAME];

	memcpy(end, question->name, wire_name_length(question->name));
	while (reply_next(a, &walk) && walk.section == ANSWER_ANSWER) {
		struct wire_in in = a->in;
		if (walk.rr.type == WIRE_A || rr_signed_type(&walk.rr) == WIRE_A ||
		    pass_is_hidden(question, context, &walk.rr))
			continue;
		pass_record(builder, a, &walk, cap);
		in.at = walk.rr.rdata_at;
		in.failed = false;
		if (walk.rr.type == WIRE_CNAME && !wire_name(&in, end))
			builder->is_lost = true;
	}
	builder_put_soa(builder, end, cap);
}

bool late_make(const struct question *question, const struct answer_context *context,
	       const struct answer_reply *a, struct answer *out)
{
	struct builder builder;
	struct reply reply;

	if (!context->is_overdue || !answer_can_do_without(question, context, a))
		return false;
	if (!may_deny(question, context, a)) {
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_UNREACHABLE, out);
	} else {
		reply_open(a, &reply);
		builder_begin(&builder, question, out);
		out->ede = ANSWER_EDE_UNREACHABLE;
		put_denial(&builder, question, context, &reply, ANSWER_LATE_S);
		builder_end(&builder, WIRE_NOERROR, ANSWER_LATE_S);
	}
	out->is_late = true;
	memcpy(out->decision.by, said, sizeof(said));
	return true;
}

void pass_deny(const struct question *question, const struct answer_context *context,
	       const struct reply *reply, struct answer *out)
{
	const enum wire_rcode rcode = reply_rcode(reply);
	struct builder builder;

	builder_begin(&builder, question, out);
	filter_note_total(question, context, out);
	out->ede = ANSWER_EDE_FILTERED;
	if (rcode == WIRE_NOERROR)
		put_denial(&builder, question, context, reply, ANSWER_OWN_S);
	else if (rcode == WIRE_NXDOMAIN)
		builder_put_soa(&builder, question->name, ANSWER_OWN_S);
	builder_end(&builder, rcode,
		    rcode == WIRE_NOERROR    ? ANSWER_OWN_S
		    : rcode == WIRE_NXDOMAIN ? ANSWER_FOREVER
					     : ANSWER_FAILED_S);
}
