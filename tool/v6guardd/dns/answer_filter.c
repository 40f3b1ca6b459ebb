/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_filter.c - which addresses of a name are left out: guard.c's decision (DESIGN
 * 4), once it is known which there are. */
#include <string.h>

#include "answer_private.h"

#define BIT(action) (1U << (action))

/* More than fit are kept, as nobody decides about them. */
static void collect(struct filter *filter, const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr addr;

	while (filter->count < FILTER_ADDRESSES && reply_next(reply, &walk) &&
	       walk.section == ANSWER_ANSWER)
		if (rr_is_address(&walk.rr, &addr))
			filter->list[filter->count++].addr = addr;
}

bool filter_is_signed(const struct reply *reply, uint16_t type)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type == WIRE_RRSIG && walk.rr.rdlength >= 2 &&
		    wire_peek_u16(walk.rr.rdata) == type)
			return true;
	return false;
}

static bool is_blocked(const struct answer_context *context,
		       const struct gp_candidate *one, uint16_t type)
{
	const int family = type == WIRE_A ? AF_INET : AF_INET6;

	return one->action == GP_DO_BLOCK && one->rule && one->addr.family == family &&
	       gp_rules_has_qtype(context->rules, one->rule - 1U, type);
}

/* Rules that block by prefixes: of these types alone. */
static void block_addresses(struct filter *filter, const struct answer_context *context,
			    uint16_t type)
{
	for (size_t i = 0; i < filter->count; i++) {
		struct gp_candidate *one = &filter->list[i];
		if (!is_blocked(context, one, type))
			continue;
		one->disposition = GP_STRIPPED;
		one->reason = GP_WHY_MODE;
		filter->outcome.acts |= one->enforce != 0;
		filter->outcome.would |= !one->enforce;
		filter->outcome.differs = true;
	}
}

/* Not all of it: it is large. */
void filter_begin(struct filter *filter)
{
	filter->acts = filter->makes = filter->supposes = false;
	filter->outcome = (struct gp_outcome){.acts = false};
	filter->count = 0;
}

/* An address of the other family that the client is not given is nowhere to go. */
static void drop_blocked(struct filter *filter, const struct answer_context *context,
			 uint16_t type)
{
	size_t used = 0;

	for (size_t i = 0; i < filter->count; i++)
		if (!filter->list[i].enforce ||
		    !is_blocked(context, &filter->list[i], type))
			filter->list[used++] = filter->list[i];
	filter->count = used;
}

/* Who prefers IPv4 is not led there by IPv6. */
static bool counts_made(const struct filter *filter, uint16_t type)
{
	bool prefers = false;

	for (size_t i = 0; i < filter->count; i++)
		prefers |= filter->list[i].action == GP_DO_PREFER_IPV4;
	return filter->makes && type == WIRE_AAAA && !prefers;
}

void filter_decide_list(struct filter *filter, const struct answer_context *context,
			const uint8_t *name, const struct chain *chain, uint16_t type)
{
	char text[WIRE_NAME_TEXT];
	struct gp_query query = rules_query(context, name, text);
	struct gp_facts facts = *context->facts;
	struct given_ways ways;

	rules_add_chain(&query, chain);
	gp_guard_assign(context->guard, context->rules, &query, filter->list,
			filter->count);
	if (context->rules && context->rules->actions & BIT(GP_DO_BLOCK))
		drop_blocked(filter, context, type == WIRE_A ? WIRE_AAAA : WIRE_A);
	if (counts_made(filter, type))
		facts = given_facts(context, filter->supposes, &ways);
	filter->outcome = gp_guard_decide(context->guard, &query, &facts, filter->list,
					  filter->count);
	if (context->rules && context->rules->actions & BIT(GP_DO_BLOCK))
		block_addresses(filter, context, type);
	filter->acts = filter->outcome.acts;
}

static bool is_sealed(const struct question *question,
		      const struct answer_context *context, const struct reply *main)
{
	return question->dnssec_ok && !context->config->filter_signed &&
	       filter_is_signed(main, question->type);
}

static bool is_open(const struct question *question, const struct answer_context *context,
		    const struct reply *main)
{
	return filter_concerns(question, context) && !is_sealed(question, context, main);
}

bool filter_is_spared(const struct question *question,
		      const struct answer_context *context, const struct reply *main)
{
	return is_sealed(question, context, main) && filter_concerns(question, context);
}

void filter_decide(struct filter *filter, const struct question *question,
		   const struct answer_context *context, const struct reply *main,
		   const struct answer_reply *other)
{
	static struct chain chain;
	struct reply reply;

	filter_begin(filter);
	if (!is_open(question, context, main))
		return;
	filter->makes = dns64_may_make(question, context);
	collect(filter, main);
	/* What is forged the client is not given. */
	if (reply_open(other, &reply) && (!other->is_bogus || question->flags & WIRE_CD))
		collect(filter, &reply);
	rules_chain(&chain, main);
	filter_decide_list(filter, context, question->name, &chain, question->type);
}

/* Another address, of the other family, that works if the host has such at all. */
static struct gp_addr stand_in(uint16_t type)
{
	const uint8_t ipv4[4] = {192, 0, 2, 1}, ipv6[16] = {0x20, 0x01, 0x0d, 0xb8};

	return type == WIRE_AAAA ? gp_addr_make(AF_INET, ipv4, 0)
				 : gp_addr_make(AF_INET6, ipv6, 0);
}

enum filter_need filter_depends(const struct question *question,
				const struct answer_context *context,
				const struct reply *main)
{
	static struct filter alone, both;
	static struct chain chain;
	enum filter_need need = FILTER_ALONE;

	if (!is_open(question, context, main) || !reply_has(main, question->type))
		return FILTER_ALONE;
	filter_decide(&alone, question, context, main, NULL);
	memcpy(both.list, alone.list, alone.count * sizeof(alone.list[0]));
	both.count = alone.count;
	both.makes = both.supposes = alone.makes;
	if (both.count < FILTER_ADDRESSES)
		both.list[both.count++].addr = stand_in(question->type);
	rules_chain(&chain, main);
	filter_decide_list(&both, context, question->name, &chain, question->type);
	for (size_t i = 0; i < alone.count; i++)
		if (alone.list[i].disposition != both.list[i].disposition)
			need = both.list[i].enforce || need == FILTER_NEEDED
				       ? FILTER_NEEDED
				       : FILTER_COUNTED;
	return need;
}

/* An A that the client gets, and the host can use. */
static bool has_usable(const struct filter *filter, const struct answer_context *context)
{
	const struct gp_facts *facts = context->facts;

	for (size_t i = 0; i < filter->count; i++)
		if (filter->list[i].addr.family == AF_INET &&
		    filter->list[i].disposition == GP_KEPT &&
		    facts->is_usable(facts->ctx, &filter->list[i].addr))
			return true;
	return false;
}

enum filter_unseen filter_unseen(const struct question *question,
				 const struct answer_context *context,
				 const struct reply *a)
{
	static struct filter filter;
	static struct chain chain;
	const struct gp_candidate *unseen;

	if (!context->guard)
		return FILTER_UNSEEN_KEPT;
	filter_begin(&filter);
	collect(&filter, a);
	if (!filter.count || filter.count == FILTER_ADDRESSES)
		return FILTER_UNSEEN_KEPT;
	unseen = &filter.list[filter.count];
	filter.list[filter.count++].addr = stand_in(WIRE_A);
	rules_chain(&chain, a);
	filter_decide_list(&filter, context, question->name, &chain, WIRE_AAAA);
	if (!unseen->enforce || !has_usable(&filter, context))
		return FILTER_UNSEEN_KEPT;
	if (BIT(unseen->action) & (BIT(GP_DO_PREFER_IPV4) | BIT(GP_DO_STRIP_AAAA)))
		return gp_is_stripped(unseen) ? FILTER_UNSEEN_STRIPPED
					      : FILTER_UNSEEN_KEPT;
	return unseen->action == GP_DO_AUTO ? FILTER_UNSEEN_SPARE : FILTER_UNSEEN_KEPT;
}

bool filter_strips_address(const struct filter *filter, const struct gp_addr *addr)
{
	for (size_t i = 0; filter->acts && i < filter->count; i++)
		if (gp_is_stripped(&filter->list[i]) &&
		    gp_addr_equal(&filter->list[i].addr, addr))
			return true;
	return false;
}

bool filter_strips(const struct filter *filter, const struct wire_rr *rr)
{
	struct gp_addr addr;

	return filter && rr_is_address(rr, &addr) && filter_strips_address(filter, &addr);
}

/* ---- what is told of it ---- */

/* The first that is not kept says whose decision it was; one that is carried out first.
 */
static const struct gp_candidate *spokesman(const struct filter *filter)
{
	const struct gp_candidate *would = NULL;

	for (size_t i = 0; i < filter->count; i++) {
		const struct gp_candidate *one = &filter->list[i];
		if (gp_is_stripped(one))
			return one;
		if (one->disposition == GP_STRIPPED && !would)
			would = one;
	}
	return would;
}

void filter_note(const struct filter *filter, const struct answer_context *context,
		 struct answer *out)
{
	struct answer_decision *decision = &out->decision;
	const struct gp_candidate *speaks = spokesman(filter);
	struct gp_guard_rule rule;

	decision->candidates = filter->list;
	decision->count = filter->count;
	decision->outcome = filter->outcome;
	for (size_t i = 0; i < filter->count; i++)
		decision->is_by_verdict |= filter->list[i].action == GP_DO_AUTO &&
					   filter->list[i].disposition != GP_KEPT;
	if (!speaks)
		return;
	if (!speaks->rule)
		filter_name_guard(context, decision->by);
	else if (gp_rules_get(context->rules, speaks->rule - 1U, &rule))
		memcpy(decision->by, rule.name, sizeof(rule.name));
}
