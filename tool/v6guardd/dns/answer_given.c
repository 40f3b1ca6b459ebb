/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_given.c - the policy and DNS64: what the client would be given as A is what AAAA
 * are made of, and AAAA that are left out are none (RFC 6147 5.1.4). */
#include <string.h>

#include "answer_private.h"

/* The client's question, were it for A. */
struct as_a {
	struct question question;
	struct answer_context context;
};

static struct as_a as_a(const struct question *question,
			const struct answer_context *context)
{
	struct as_a like = {*question, *context};

	like.question.type = WIRE_A;
	like.context.lead = context->other_lead;
	return like;
}

/* ---- what is given as A ---- */

/* AAAA that a rule leads elsewhere are made of the A that stand there. */
bool answer_other_target(const struct question *question,
			 const struct answer_context *context, uint8_t target[WIRE_NAME])
{
	const struct as_a like = as_a(question, context);

	return dns64_may_make(question, context) &&
	       (block_target(question, context, target) ||
		block_target(&like.question, &like.context, target));
}

bool answer_other_local(const struct question *question,
			const struct answer_context *context, struct answer *out)
{
	const struct as_a like = as_a(question, context);
	uint8_t target[WIRE_NAME];

	return dns64_may_make(question, context) &&
	       !block_target(question, context, target) &&
	       block_local(&like.question, &like.context, out);
}

unsigned answer_other_lead(const struct question *question,
			   const struct answer_context *context,
			   const struct answer_reply *other, uint8_t target[WIRE_NAME])
{
	const struct as_a like = as_a(question, context);

	if (!dns64_may_make(question, context) || block_target(question, context, target))
		return 0;
	return answer_lead(&like.question, &like.context, other, target);
}

/* TARGET's A with the CNAME that leads there, or what there is at the name itself. */
static void make(const struct question *question, const struct answer_context *context,
		 const struct as_a *like, const struct answer_reply *a,
		 const struct answer_reply *aaaa, struct answer *out)
{
	uint8_t target[WIRE_NAME];
	struct reply reply;

	if (block_target(question, context, target) && reply_open(a, &reply) &&
	    !a->is_bogus)
		block_lead(question, context, &reply, target, out);
	else
		answer_make(&like->question, &like->context, a, aaaa, out);
}

const struct given *given_make(const struct question *question,
			       const struct answer_context *context,
			       const struct answer_reply *a,
			       const struct answer_reply *aaaa)
{
	static uint8_t bytes[WIRE_MAX];
	static struct given given;
	const struct as_a like = as_a(question, context);
	uint8_t target[WIRE_NAME];

	given.is_changed = false;
	given.reply = a ? *a : (struct answer_reply){.packet = NULL};
	given.answer.decision = (struct answer_decision){.count = 0};
	if (!a || (!filter_concerns(&like.question, &like.context) &&
		   !answer_other_target(question, context, target)))
		return &given;
	given.answer.bytes = bytes;
	make(question, context, &like, a, aaaa, &given.answer);
	if (given.answer.ede != ANSWER_EDE_BLOCKED &&
	    given.answer.ede != ANSWER_EDE_FILTERED)
		return &given;
	given.is_changed = true;
	given.reply = (struct answer_reply){.packet = bytes, .size = given.answer.size};
	return &given;
}

void given_note(const struct given *given, struct answer *out)
{
	const struct answer_decision *decision = &given->answer.decision;

	if (decision->is_whole || decision->outcome.differs)
		out->decision = *decision;
}

void given_pass(const struct question *question, const struct answer_context *context,
		const struct given *given, struct answer *out)
{
	const struct pick all = {
		.first = ANSWER_ANSWER, .last = ANSWER_ADDITIONAL, .cap = ANSWER_FOREVER};
	struct builder builder;
	struct reply reply;

	builder_begin(&builder, question, out);
	if (!reply_open(&given->reply, &reply))
		builder.out.failed = true;
	else
		pass_sections(&builder, question, context, &reply, &all);
	out->ede = given->answer.ede;
	given_note(given, out);
	builder_end(&builder, reply_rcode(&reply), given->answer.lifetime);
}

/* ---- AAAA that are left out ---- */

/* Who prefers IPv4 would rather have an AAAA than what leads to IPv4 by IPv6. */
static bool is_taken(const struct filter *filter, const struct wire_rr *rr)
{
	struct gp_addr addr;

	if (!rr_is_address(rr, &addr))
		return false;
	for (size_t i = 0; i < filter->count; i++)
		if (gp_is_stripped(&filter->list[i]) &&
		    filter->list[i].action != GP_DO_PREFER_IPV4 &&
		    gp_addr_equal(&filter->list[i].addr, &addr))
			return true;
	return false;
}

bool given_takes_all(struct filter *filter, const struct question *question,
		     const struct answer_context *context, const struct reply *reply,
		     const struct answer_reply *other)
{
	struct reply_walk walk = {.has_begun = false};

	filter_decide(filter, question, context, reply, other);
	while (filter->acts && reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type == WIRE_AAAA && !dns64_is_excluded(context, &walk.rr) &&
		    !is_taken(filter, &walk.rr))
			return false;
	return filter->acts;
}

bool given_may_replace(const struct answer_context *context, size_t index,
		       const struct gp_addr *ipv4)
{
	const struct dns_config *config = context->config;
	const struct gp_facts *facts = context->facts;
	struct gp_addr ipv6;

	if ((config->nat64 != DNS_ON && facts->is_usable(facts->ctx, ipv4)) ||
	    gp_nat64_embed(&config->prefixes[index], ipv4, &ipv6) != GP_OK)
		return false;
	return !facts->verdict || facts->verdict(facts->ctx, &ipv6) != GP_VERDICT_BROKEN;
}

/* ---- what is made is a way ---- */

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	const struct given_ways *ways = ctx;

	return ways->facts->is_usable(ways->facts->ctx, addr) ||
	       (addr->family == AF_INET &&
		(ways->supposes || dns64_can_make(&ways->context, addr)));
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	const struct gp_facts *facts = ((const struct given_ways *)ctx)->facts;

	return facts->is_own(facts->ctx, addr);
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	const struct gp_facts *facts = ((const struct given_ways *)ctx)->facts;

	return facts->verdict(facts->ctx, addr);
}

static bool is_onlink(void *ctx, const struct gp_addr *addr)
{
	const struct gp_facts *facts = ((const struct given_ways *)ctx)->facts;

	return facts->is_onlink(facts->ctx, addr);
}

struct gp_facts given_facts(const struct answer_context *context, bool supposes,
			    struct given_ways *space)
{
	const struct gp_facts *facts = context->facts;

	*space = (struct given_ways){facts, *context, supposes};
	space->context.is_taken = true;
	return (struct gp_facts){.ctx = space,
				 .is_usable = is_usable,
				 .is_own = is_own,
				 .verdict = facts->verdict ? verdict : NULL,
				 .is_onlink = facts->is_onlink ? is_onlink : NULL};
}
