/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_block.c - rules that answer by themselves (`action = block`), and what of the
 * rules an answer depends on. */
#include <string.h>

#include "answer_private.h"

struct gp_query rules_query(const struct answer_context *context, const uint8_t *name,
			    char text[WIRE_NAME_TEXT])
{
	return (struct gp_query){
		.name = wire_name_text(name, text),
		.family = AF_UNSPEC,
		.door = GP_DOOR_DNS,
		.client = context->client,
		.now = context->now,
	};
}

/* The rule that blocks QUESTION, whatever its addresses are. */
static bool find_block(const struct question *question,
		       const struct answer_context *context, struct gp_guard_rule *out)
{
	char text[WIRE_NAME_TEXT];
	const struct gp_rules *rules = context->rules;
	const struct gp_query query = rules_query(context, question->name, text);

	return rules && rules->actions & 1U << GP_DO_BLOCK &&
	       question->class == WIRE_CLASS_IN &&
	       gp_rules_match(rules, &query, NULL, out) && out->action == GP_DO_BLOCK &&
	       out->flags & GP_RULE_ENFORCE &&
	       gp_rules_has_qtype(rules, out->rank, question->type);
}

/* filter-signed = no: only the answer shows whether the name is signed. */
static bool has_to_see(const struct question *question,
		       const struct answer_context *context)
{
	return question->dnssec_ok && !context->config->filter_signed;
}

static void put_nothing(const struct question *question, enum wire_rcode rcode,
			struct answer *out)
{
	struct builder builder;

	builder_begin(&builder, question, out);
	out->ede = ANSWER_EDE_BLOCKED;
	builder_put_soa(&builder, question->name, ANSWER_OWN_S);
	builder_end(&builder, rcode, ANSWER_OWN_S);
}

/* An address that is of the other family is no data. */
static void put_address(const struct question *question, const struct gp_guard_rule *rule,
			struct answer *out)
{
	const bool is_ipv4 = rule->override_address.family == AF_INET;
	struct builder builder;

	if (question->type != (is_ipv4 ? WIRE_A : WIRE_AAAA)) {
		put_nothing(question, WIRE_NOERROR, out);
		return;
	}
	builder_begin(&builder, question, out);
	out->ede = ANSWER_EDE_BLOCKED;
	builder_put(&builder, ANSWER_ANSWER, question->name, question->type,
		    rule->override_ttl, rule->override_address.bytes, is_ipv4 ? 4 : 16);
	builder_end(&builder, WIRE_NOERROR, rule->override_ttl);
}

static void put_blocked(const struct question *question, const struct gp_guard_rule *rule,
			struct answer *out)
{
	if (rule->response == GP_NXDOMAIN)
		put_nothing(question, WIRE_NXDOMAIN, out);
	else if (rule->response == GP_OVERRIDE)
		put_address(question, rule, out);
	else
		put_nothing(question, WIRE_NOERROR, out);
}

static bool leads_elsewhere(const struct gp_guard_rule *rule)
{
	return rule->response == GP_OVERRIDE && rule->override_name[0];
}

bool block_local(const struct question *question, const struct answer_context *context,
		 struct answer *out)
{
	struct gp_guard_rule rule;

	if (!find_block(question, context, &rule) || has_to_see(question, context) ||
	    leads_elsewhere(&rule))
		return false;
	put_blocked(question, &rule, out);
	return true;
}

bool block_target(const struct question *question, const struct answer_context *context,
		  uint8_t target[WIRE_NAME])
{
	struct gp_guard_rule rule;

	return find_block(question, context, &rule) && !has_to_see(question, context) &&
	       leads_elsewhere(&rule) && wire_name_parse(rule.override_name, target) &&
	       !wire_name_equal(target, question->name);
}

bool block_late(const struct question *question, const struct answer_context *context,
		const struct reply *reply, struct answer *out)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_guard_rule rule;

	if (!find_block(question, context, &rule) || !has_to_see(question, context))
		return false;
	while (reply_next(reply, &walk))
		if (walk.rr.type == WIRE_RRSIG)
			return false;
	put_blocked(question, &rule, out);
	return true;
}

void block_lead(const struct question *question, const struct answer_context *context,
		const struct reply *reply, const uint8_t *target, struct answer *out)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_guard_rule rule;
	struct builder builder;

	builder_begin(&builder, question, out);
	if (!find_block(question, context, &rule))
		rule.override_ttl = 0;
	out->ede = ANSWER_EDE_BLOCKED;
	builder_put_name(&builder, ANSWER_ANSWER, question->name, WIRE_CNAME,
			 rule.override_ttl, target);
	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type != WIRE_RRSIG)
			builder_count(&builder, ANSWER_ANSWER,
				      wire_put_rr(&builder.out, &reply->in, &walk.rr,
						  walk.rr.ttl));
	if (builder.counts[ANSWER_ANSWER] == 1)
		builder_put_soa(&builder, target, ANSWER_OWN_S);
	builder_end(&builder, reply_rcode(reply), rule.override_ttl);
}

uint32_t answer_variant(const struct question *question,
			const struct answer_context *context)
{
	static struct gp_rules_walk walk;
	char text[WIRE_NAME_TEXT];
	const struct gp_query query = rules_query(context, question->name, text);
	uint32_t hash = WIRE_HASH;
	unsigned rank;

	if (!context->rules)
		return 0;
	gp_rules_begin(&walk, context->rules, &query);
	while (gp_rules_next(&walk, &rank))
		for (unsigned shift = 0; shift < 32; shift += 8)
			hash = wire_hash(hash, (uint8_t)(rank >> shift));
	return hash;
}
