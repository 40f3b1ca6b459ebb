/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_standing.c - what the policy says of a name before an address of it is known,
 * and what has to be asked for because of that. */
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

/* `auto` has something to go by: LIKELY, or in the answer at the latest. */
static uint32_t acting(const struct answer_context *context, bool likely)
{
	const bool acts = context->has_broken || context->guard->distrust ||
			  (context->lacks_ipv6 && !likely);

	return acts ? ~0U : ~BIT(GP_DO_AUTO);
}

bool filter_may_strip(const struct answer_context *context, const uint8_t *name,
		      uint16_t type)
{
	struct standing standing;

	if (!context->guard || !strippers_of(type))
		return false;
	standing = standing_of(context, name);
	return (standing.maybe | BIT(standing.action)) &
	       (strippers_of(type) | BIT(GP_DO_BLOCK)) & acting(context, false);
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
	return BIT(standing.action) & strippers_of(question->type) &
		       acting(context, true) &&
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

bool filter_may_spare(const struct answer_context *context, const uint8_t *name)
{
	struct standing standing;

	if (!context->guard)
		return false;
	standing = standing_of(context, name);
	return (standing.maybe | (standing.enforce ? BIT(standing.action) : 0)) &
	       STRIPS_AAAA;
}

/* With an address of the other family, and not without; rules that go by address are for
 * AAAA that have been seen. */
bool filter_is_partner_first(const struct question *question,
			     const struct answer_context *context)
{
	struct standing standing;

	if (!context->guard || question->class != WIRE_CLASS_IN ||
	    question->type != WIRE_AAAA ||
	    (question->dnssec_ok && !context->config->filter_signed))
		return false;
	standing = standing_of(context, question->name);
	return BIT(standing.action) & (BIT(GP_DO_PREFER_IPV4) | BIT(GP_DO_STRIP_AAAA)) &&
	       !spares_none(&standing) && standing.enforce && !standing.maybe;
}

uint32_t filter_cap(const struct filter *filter, const struct answer_context *context)
{
	const bool is_verdict =
		context->guard &&
		(context->guard->mode == GP_MODE_AUTO ||
		 (context->rules && context->rules->actions & BIT(GP_DO_AUTO)));

	for (size_t i = 0; i < filter->count; i++)
		if (gp_is_stripped(&filter->list[i]) &&
		    filter->list[i].reason == GP_WHY_NO_ROUTE)
			return ANSWER_ROUTE_S;
	return is_verdict ? ANSWER_OWN_S : UINT32_MAX;
}

void filter_name_guard(const struct answer_context *context, char by[ANSWER_TEXT])
{
	snprintf(by, ANSWER_TEXT, "[guard] %s",
		 gp_mode_name((enum gp_mode)context->guard->mode));
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
		filter_name_guard(context, decision->by);
}
