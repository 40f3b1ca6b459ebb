/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_filter.c - which addresses of a name are left out: guard.c's decision (DESIGN
 * 4), and what has to be known for it. */
#include <stdio.h>
#include <string.h>

#include "answer_private.h"

/* What the actions of rules come to for a family; which rules are about a name is seen
 * when its addresses are. */
#define BIT(action) (1U << (action))
#define STRIPS_AAAA (BIT(GP_DO_AUTO) | BIT(GP_DO_PREFER_IPV4) | BIT(GP_DO_STRIP_AAAA))
#define STRIPS_A BIT(GP_DO_STRIP_A)

static uint32_t strippers_of(uint16_t type)
{
	return type == WIRE_A ? STRIPS_A : type == WIRE_AAAA ? STRIPS_AAAA : 0;
}

/* ---- before there is a reply ---- */

/* Who decides about a name, as far as that is known without its addresses. */
struct standing {
	uint32_t maybe; /* BITs of rules that may come first: by address, or by chain */
	uint8_t action, keep_last, enforce;
	uint16_t priority; /* 0: [guard] */
	char name[GP_RULE_NAME];
};

static void stand(const struct gp_guard_rule *rule, struct standing *out)
{
	out->action = rule->action;
	out->keep_last = rule->flags & GP_RULE_KEEP_LAST ? 1 : 0;
	out->enforce = rule->flags & GP_RULE_ENFORCE ? 1 : 0;
	out->priority = (uint16_t)rule->priority;
	memcpy(out->name, rule->name, sizeof(out->name));
}

static struct standing standing_of(const struct answer_context *context,
				   const uint8_t *name)
{
	static struct gp_rules_walk walk;
	char text[WIRE_NAME_TEXT];
	const struct gp_query query = rules_query(context, name, text);
	const struct gp_rules *rules = context->rules;
	struct standing out = {.action = context->guard->mode,
			       .keep_last = context->guard->keep_last,
			       .enforce = context->guard->enforce};
	struct gp_guard_rule rule;
	unsigned rank;

	if (gp_guard_is_exempt(query.name))
		return (struct standing){.action = GP_DO_ALLOW};
	if (!rules)
		return out;
	if (rules->flags & GP_RULES_CNAMES)
		out.maybe = rules->actions;
	gp_rules_begin(&walk, rules, &query);
	while (gp_rules_next(&walk, &rank) && gp_rules_get(rules, rank, &rule)) {
		if (!(rule.flags & GP_RULE_PREFIXES)) {
			stand(&rule, &out);
			break;
		}
		out.maybe |= BIT(rule.action);
	}
	return out;
}

/* `auto` has something to go by. */
static uint32_t acting(const struct answer_context *context)
{
	return context->has_broken || context->guard->distrust ? ~0U : ~BIT(GP_DO_AUTO);
}

bool filter_may_strip(const struct answer_context *context, const uint8_t *name,
		      uint16_t type)
{
	struct standing standing;

	if (!context->guard || !strippers_of(type))
		return false;
	standing = standing_of(context, name);
	return (standing.maybe | BIT(standing.action)) &
	       (strippers_of(type) | BIT(GP_DO_BLOCK)) & acting(context);
}

bool filter_concerns(const struct question *question,
		     const struct answer_context *context)
{
	return question->class == WIRE_CLASS_IN &&
	       filter_may_strip(context, question->name, question->type);
}

/* A rule of that kind takes the last address as well, so that no other is needed. */
static bool spares_none(const struct standing *standing)
{
	return !standing->keep_last &&
	       BIT(standing->action) & (BIT(GP_DO_STRIP_AAAA) | BIT(GP_DO_STRIP_A));
}

bool filter_is_near(const struct question *question, const struct answer_context *context)
{
	struct standing standing;

	if (!context->guard || question->class != WIRE_CLASS_IN)
		return false;
	standing = standing_of(context, question->name);
	return BIT(standing.action) & strippers_of(question->type) & acting(context) &&
	       !spares_none(&standing);
}

static bool is_total(const struct standing *standing, const struct question *question,
		     const struct answer_context *context)
{
	return BIT(standing->action) & strippers_of(question->type) &&
	       spares_none(standing) && standing->enforce && !standing->maybe &&
	       !(question->dnssec_ok && !context->config->filter_signed);
}

bool filter_is_total(const struct question *question,
		     const struct answer_context *context)
{
	struct standing standing;

	if (!context->guard || question->class != WIRE_CLASS_IN)
		return false;
	standing = standing_of(context, question->name);
	return is_total(&standing, question, context);
}

uint32_t filter_cap(const struct answer_context *context)
{
	const bool is_verdict =
		context->guard &&
		(context->guard->mode == GP_MODE_AUTO ||
		 (context->rules && context->rules->actions & BIT(GP_DO_AUTO)));

	return is_verdict ? ANSWER_OWN_S : UINT32_MAX;
}

/* ---- candidates ---- */

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

/* Rules that block by prefixes: of these types alone. */
static void block_addresses(struct filter *filter, const struct answer_context *context,
			    uint16_t type)
{
	const int family = type == WIRE_A ? AF_INET : AF_INET6;

	for (size_t i = 0; i < filter->count; i++) {
		struct gp_candidate *one = &filter->list[i];
		if (one->action != GP_DO_BLOCK || !one->rule ||
		    one->addr.family != family ||
		    !gp_rules_has_qtype(context->rules, one->rule - 1U, type))
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
	filter->acts = false;
	filter->outcome = (struct gp_outcome){.acts = false};
	filter->count = 0;
}

void filter_decide_list(struct filter *filter, const struct answer_context *context,
			const uint8_t *name, const struct chain *chain, uint16_t type)
{
	char text[WIRE_NAME_TEXT];
	struct gp_query query = rules_query(context, name, text);

	rules_add_chain(&query, chain);
	filter->outcome = gp_guard(context->guard, context->rules, &query, context->facts,
				   filter->list, filter->count);
	if (context->rules && context->rules->actions & BIT(GP_DO_BLOCK))
		block_addresses(filter, context, type);
	filter->acts = filter->outcome.acts;
}

static bool is_open(const struct question *question, const struct answer_context *context,
		    const struct reply *main)
{
	return filter_concerns(question, context) &&
	       !(question->dnssec_ok && !context->config->filter_signed &&
		 filter_is_signed(main, question->type));
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
	collect(filter, main);
	if (reply_open(other, &reply))
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

static void name_guard(const struct answer_context *context, char by[ANSWER_TEXT])
{
	snprintf(by, ANSWER_TEXT, "[guard] %s",
		 gp_mode_name((enum gp_mode)context->guard->mode));
}

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
		name_guard(context, decision->by);
	else if (gp_rules_get(context->rules, speaks->rule - 1U, &rule))
		memcpy(decision->by, rule.name, sizeof(rule.name));
}

void filter_note_total(const struct question *question,
		       const struct answer_context *context, struct answer *out)
{
	const struct standing standing = standing_of(context, question->name);
	struct answer_decision *decision = &out->decision;

	decision->is_whole = true;
	decision->enforce = standing.enforce;
	decision->priority = standing.priority;
	if (standing.priority)
		memcpy(decision->by, standing.name, sizeof(standing.name));
	else
		name_guard(context, decision->by);
}
