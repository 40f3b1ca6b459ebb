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

/* The CNAMEs that lead to A's addresses (RFC 2308 2.2), and the SOA that denies A, or one
 * of our own. */
static void put_denial(struct builder *builder, const struct question *question,
		       const struct answer_context *context, const struct reply *a,
		       uint32_t cap)
{
	const struct pick authority = {
		.first = ANSWER_AUTHORITY, .last = ANSWER_AUTHORITY, .cap = cap};
	struct reply_walk walk = {.has_begun = false};
	uint8_t end[WIRE_NAME];

	while (reply_next(a, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type != WIRE_A && rr_signed_type(&walk.rr) != WIRE_A &&
		    !pass_is_hidden(question, context, &walk.rr))
			pass_record(builder, a, &walk, cap);
	builder->is_lost |= walk.in.failed;
	pass_end(a, question->name, end);
	if (!reply_has(a, WIRE_A) && pass_has_soa_of(a, end))
		pass_sections(builder, question, context, a, &authority);
	else
		builder_put_soa(builder, end, answer_capped(ANSWER_OWN_S, cap));
}

void late_deny(const struct question *question, const struct answer_context *context,
	       const struct reply *a, int ede, uint32_t cap, struct answer *out)
{
	struct builder builder;

	builder_begin(&builder, question, out);
	out->ede = ede;
	put_denial(&builder, question, context, a, cap);
	builder_end(&builder, WIRE_NOERROR, cap);
}

void late_say(struct answer *out)
{
	out->is_late = true;
	memcpy(out->decision.by, said, sizeof(said));
}

bool late_make(const struct question *question, const struct answer_context *context,
	       const struct answer_reply *a, struct answer *out)
{
	struct reply reply;

	if (!context->is_overdue || !answer_can_do_without(question, context, a))
		return false;
	if (!may_deny(question, context, a)) {
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_UNREACHABLE, out);
	} else {
		reply_open(a, &reply);
		late_deny(question, context, &reply, ANSWER_EDE_UNREACHABLE,
			  ANSWER_LATE_S, out);
	}
	late_say(out);
	return true;
}

/* ---- AAAA that are denied, or failed, while there is an A ---- */

bool answer_is_doubtful(const struct question *question,
			const struct answer_context *context,
			const struct answer_reply *aaaa)
{
	uint8_t target[WIRE_NAME];
	struct reply reply;

	if (question->dnssec_ok || question->flags & WIRE_CD || aaaa->is_bogus ||
	    aaaa->is_secure || !answer_may_do_without(question, context) ||
	    dns64_may_make(question, context) || block_target(question, context, target))
		return false;
	return !reply_open(aaaa, &reply) || reply_rcode(&reply) != WIRE_NOERROR;
}

static bool is_same_server(const struct answer_context *context,
			   const struct answer_reply *a, const struct answer_reply *b)
{
	return context->has_one_server ||
	       (a->server && b->server &&
		answer_server(a->server) == answer_server(b->server));
}

/* The RCODE of what failed, as the error's text. */
static void say_rcode(unsigned rcode, struct answer *out)
{
	static const char *const words[] = {
		[WIRE_FORMERR] = "AAAA: FORMERR",   [WIRE_SERVFAIL] = "AAAA: SERVFAIL",
		[WIRE_NXDOMAIN] = "AAAA: NXDOMAIN", [WIRE_NOTIMP] = "AAAA: NOTIMP",
		[WIRE_REFUSED] = "AAAA: REFUSED",
	};

	if (rcode < sizeof(words) / sizeof(words[0]) && words[rcode])
		memcpy(out->decision.by, words[rcode], strlen(words[rcode]) + 1);
}

bool late_refute(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *aaaa, const struct answer_reply *a,
		 struct answer *out)
{
	struct reply reply, a_reply;
	const bool is_there = reply_open(aaaa, &reply);
	const unsigned rcode = is_there ? reply_rcode(&reply) : WIRE_SERVFAIL;

	if (!aaaa || !a || !answer_is_doubtful(question, context, aaaa) ||
	    !is_good(a, &a_reply))
		return false;
	if (rcode == WIRE_NXDOMAIN) {
		if (!is_same_server(context, aaaa, a))
			return false;
		late_deny(question, context, &a_reply, ANSWER_EDE_OTHER, ANSWER_OWN_S,
			  out);
	} else {
		if (!context->has_failed || !may_deny(question, context, a) ||
		    !answer_can_do_without(question, context, a))
			return false;
		late_deny(question, context, &a_reply, ANSWER_EDE_UNREACHABLE,
			  ANSWER_LATE_S, out);
		out->is_late = true;
	}
	say_rcode(rcode, out);
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
