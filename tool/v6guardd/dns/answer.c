/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer.c - what has to be asked for, what of it is enough, and which of answer_*.c
 * makes the answer. */
#include <string.h>

#include "answer_private.h"

static uint16_t partner_of(uint16_t type)
{
	return type == WIRE_A ? WIRE_AAAA : WIRE_A;
}

uint16_t answer_main_type(const struct question *question,
			  const struct answer_context *context)
{
	if (dns64_may_make(question, context) || !filter_is_total(question, context))
		return question->type;
	return partner_of(question->type);
}

uint16_t answer_other_type(const struct question *question,
			   const struct answer_context *context)
{
	uint8_t target[WIRE_NAME];

	if (dns64_may_make(question, context))
		return WIRE_A;
	if (block_target(question, context, target))
		return 0;
	return filter_is_near(question, context) ? partner_of(question->type) : 0;
}

uint16_t answer_late_type(const struct question *question,
			  const struct answer_context *context,
			  const struct answer_reply *main, uint8_t target[WIRE_NAME])
{
	struct reply reply;
	uint16_t type;

	memcpy(target, question->name, question->name_length);
	/* Another policy than the one by which it was not asked for. */
	if (dns64_may_make(question, context))
		return WIRE_A;
	if (!reply_open(main, &reply))
		return 0;
	type = hints_need(question, context, &reply, target);
	if (type)
		return type;
	memcpy(target, question->name, question->name_length);
	return filter_depends(question, context, &reply) != FILTER_ALONE
		       ? partner_of(question->type)
		       : 0;
}

bool answer_has_records(const struct question *question, const struct answer_reply *main)
{
	struct reply reply;

	return reply_open(main, &reply) && reply_has(&reply, question->type);
}

bool answer_is_enough(const struct question *question,
		      const struct answer_context *context,
		      const struct answer_reply *main)
{
	static struct filter filter;
	const bool may_make = dns64_may_make(question, context);
	uint8_t target[WIRE_NAME];
	const bool is_led = block_target(question, context, target);
	struct reply reply;

	if ((is_led && !may_make) || (main->is_bogus && !(question->flags & WIRE_CD)))
		return true;
	if (!reply_open(main, &reply))
		return !may_make;
	if (reply_rcode(&reply) != WIRE_NOERROR)
		return reply_rcode(&reply) == WIRE_NXDOMAIN || !may_make;
	if (hints_need(question, context, &reply, target))
		return false;
	/* With addresses there is something to be filtered, without to be made. */
	if (!is_led && filter_depends(question, context, &reply) != FILTER_ALONE)
		return false;
	if (!may_make)
		return true;
	return dns64_has_usable(&reply, context) &&
	       (is_led || !given_takes_all(&filter, question, context, &reply, NULL));
}

bool answer_target(const struct question *question, const struct answer_context *context,
		   uint8_t target[WIRE_NAME])
{
	return block_target(question, context, target) ||
	       answer_ptr_target(question, context, target);
}

bool answer_is_only_counted(const struct question *question,
			    const struct answer_context *context,
			    const struct answer_reply *main)
{
	struct reply reply;

	return reply_open(main, &reply) && !dns64_may_make(question, context) &&
	       filter_depends(question, context, &reply) == FILTER_COUNTED;
}

static void make(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out)
{
	uint8_t target[WIRE_NAME];
	struct reply reply;
	const bool is_there = reply_open(main, &reply);
	const bool makes = dns64_may_make(question, context);

	if (main && main->is_bogus && !(question->flags & WIRE_CD))
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_BOGUS, out);
	else if (is_there && !makes && block_target(question, context, target))
		block_lead(question, context, &reply, target, out);
	else if (is_there && block_late(question, context, &reply, out))
		return;
	else if (!is_there && answer_is_settled(question, context, other) &&
		 reply_open(other, &reply))
		pass_deny(question, context, &reply, out);
	else if (!is_there && late_make(question, context, other, out))
		return;
	else if (late_refute(question, context, main, other, out))
		return;
	else if (makes)
		dns64_make(question, context, main, other, out);
	else if (!is_there)
		answer_fail_unheard(question, main, out);
	else if (answer_ptr_target(question, context, target))
		answer_ptr(question, context, &reply, target, out);
	else if (answer_main_type(question, context) != question->type)
		pass_deny(question, context, &reply, out);
	else
		pass_on(question, context, &reply, main->is_secure, false, other, out);
}

void answer_make(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out)
{
	struct reply reply;

	make(question, context, main, other, out);
	out->server = main ? main->server : 0;
	if (reply_open(main, &reply))
		block_note(question, context, &reply, out);
	rebind_note(question, context, main, other, out);
	out->why = (uint8_t)answer_why_of(question, context, main, other, out);
}
