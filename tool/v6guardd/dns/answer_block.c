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
		.lacks_ipv6 = context->lacks_ipv6,
		.now = context->now,
	};
}

void rules_chain(struct chain *chain, const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};
	uint8_t name[WIRE_NAME];
	struct wire_in in;

	chain->count = 0;
	while (chain->count < CHAIN && reply_next(reply, &walk) &&
	       walk.section == ANSWER_ANSWER) {
		in = reply->in;
		in.at = walk.rr.rdata_at;
		in.failed = false;
		if (walk.rr.type != WIRE_CNAME || !wire_name(&in, name))
			continue;
		chain->names[chain->count] =
			wire_name_text(name, chain->text[chain->count]);
		chain->count++;
	}
}

void rules_add_chain(struct gp_query *query, const struct chain *chain)
{
	if (!chain || !chain->count)
		return;
	query->chain = chain->names;
	query->chain_count = chain->count;
	query->canonical = chain->names[chain->count - 1];
}

/* The rule that blocks QUESTION of TYPE, whatever its addresses are, enforced or not; by
 * the names of REPLY's chain as well if that is there. */
static bool find_block(const struct question *question,
		       const struct answer_context *context, const struct reply *reply,
		       struct gp_guard_rule *out)
{
	static struct chain chain;
	char text[WIRE_NAME_TEXT];
	const struct gp_rules *rules = context->rules;
	struct gp_query query = rules_query(context, question->name, text);

	if (!rules || !(rules->actions & 1U << GP_DO_BLOCK) ||
	    question->class != WIRE_CLASS_IN || gp_guard_is_exempt(query.name))
		return false;
	if (reply) {
		rules_chain(&chain, reply);
		rules_add_chain(&query, &chain);
	}
	return gp_rules_match(rules, &query, NULL, out) && out->action == GP_DO_BLOCK &&
	       gp_rules_has_qtype(rules, out->rank, question->type);
}

static bool is_enforced(const struct gp_guard_rule *rule)
{
	return rule->flags & GP_RULE_ENFORCE;
}

/* filter-signed = no: only the answer shows whether the name is signed. */
static bool has_to_see(const struct question *question,
		       const struct answer_context *context)
{
	return question->dnssec_ok && !context->config->filter_signed;
}

static void note(const struct gp_guard_rule *rule, struct answer *out)
{
	struct answer_decision *decision = &out->decision;

	decision->is_whole = decision->is_block = true;
	decision->enforce = is_enforced(rule);
	decision->priority = (uint16_t)rule->priority;
	decision->response = rule->response;
	memcpy(decision->by, rule->name, sizeof(rule->name));
}

static void begin(struct builder *builder, const struct question *question,
		  const struct gp_guard_rule *rule, struct answer *out)
{
	builder_begin(builder, question, out);
	out->ede = ANSWER_EDE_BLOCKED;
	note(rule, out);
}

static void put_nothing(const struct question *question, const struct gp_guard_rule *rule,
			enum wire_rcode rcode, struct answer *out)
{
	struct builder builder;

	begin(&builder, question, rule, out);
	builder_put_soa(&builder, question->name, ANSWER_OWN_S);
	builder_end(&builder, rcode, ANSWER_OWN_S);
}

/* RULE's IPv4 address, for who is to have DNS64. */
static bool put_made(const struct question *question,
		     const struct answer_context *context,
		     const struct gp_guard_rule *rule, struct answer *out)
{
	struct wire_rr a = {.type = WIRE_A,
			    .class = WIRE_CLASS_IN,
			    .ttl = rule->override_ttl,
			    .rdata = rule->override_address.bytes,
			    .rdlength = 4};
	struct builder builder;

	if (!dns64_may_make(question, context) ||
	    !dns64_can_make(context, &rule->override_address))
		return false;
	memcpy(a.owner, question->name, question->name_length);
	begin(&builder, question, rule, out);
	out->is_synthesized = true;
	out->ede = ANSWER_EDE_SYNTHESIZED;
	dns64_put(&builder, context, &a, rule->override_ttl);
	builder_end(&builder, WIRE_NOERROR, rule->override_ttl);
	return true;
}

/* An address that is of the other family is no data. */
static void put_address(const struct question *question,
			const struct answer_context *context,
			const struct gp_guard_rule *rule, struct answer *out)
{
	const bool is_ipv4 = rule->override_address.family == AF_INET;
	struct builder builder;

	if (question->type != (is_ipv4 ? WIRE_A : WIRE_AAAA)) {
		if (!is_ipv4 || !put_made(question, context, rule, out))
			put_nothing(question, rule, WIRE_NOERROR, out);
		return;
	}
	begin(&builder, question, rule, out);
	builder_put(&builder, ANSWER_ANSWER, question->name, question->type,
		    rule->override_ttl, rule->override_address.bytes, is_ipv4 ? 4 : 16);
	builder_end(&builder, WIRE_NOERROR, rule->override_ttl);
}

static void put_blocked(const struct question *question,
			const struct answer_context *context,
			const struct gp_guard_rule *rule, struct answer *out)
{
	if (rule->response == GP_NXDOMAIN)
		put_nothing(question, rule, WIRE_NXDOMAIN, out);
	else if (rule->response == GP_OVERRIDE)
		put_address(question, context, rule, out);
	else
		put_nothing(question, rule, WIRE_NOERROR, out);
}

static bool leads_elsewhere(const struct gp_guard_rule *rule)
{
	return rule->response == GP_OVERRIDE && rule->override_name[0];
}

bool block_local(const struct question *question, const struct answer_context *context,
		 struct answer *out)
{
	struct gp_guard_rule rule;

	if (!find_block(question, context, NULL, &rule) || !is_enforced(&rule) ||
	    has_to_see(question, context) || leads_elsewhere(&rule))
		return false;
	put_blocked(question, context, &rule, out);
	return true;
}

/* RULE leads QUESTION to TARGET, another name. */
static bool target_of(const struct question *question, const struct gp_guard_rule *rule,
		      uint8_t target[WIRE_NAME])
{
	return leads_elsewhere(rule) && wire_name_parse(rule->override_name, target) &&
	       !wire_name_equal(target, question->name);
}

/* By the rule that was followed when the reply had been seen, or by one that needs none.
 */
static bool find_lead(const struct question *question,
		      const struct answer_context *context, struct gp_guard_rule *out)
{
	if (context->lead)
		return context->rules &&
		       gp_rules_get(context->rules, context->lead - 1, out);
	return find_block(question, context, NULL, out) && is_enforced(out) &&
	       !has_to_see(question, context);
}

bool block_target(const struct question *question, const struct answer_context *context,
		  uint8_t target[WIRE_NAME])
{
	struct gp_guard_rule rule;

	return find_lead(question, context, &rule) && target_of(question, &rule, target);
}

static bool has_signature(const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk))
		if (walk.rr.type == WIRE_RRSIG)
			return true;
	return false;
}

/* A block that shows only now that REPLY is there: by its chain, or as nothing of it is
 * signed. */
static bool find_late(const struct question *question,
		      const struct answer_context *context, const struct reply *reply,
		      struct gp_guard_rule *out)
{
	return find_block(question, context, reply, out) && is_enforced(out) &&
	       !(has_to_see(question, context) && has_signature(reply));
}

unsigned answer_lead(const struct question *question,
		     const struct answer_context *context,
		     const struct answer_reply *main, uint8_t target[WIRE_NAME])
{
	struct gp_guard_rule rule;
	struct reply reply;

	if (context->lead || !reply_open(main, &reply) ||
	    block_target(question, context, target) ||
	    !find_late(question, context, &reply, &rule) ||
	    !target_of(question, &rule, target))
		return 0;
	return rule.rank + 1;
}

bool block_late(const struct question *question, const struct answer_context *context,
		const struct reply *reply, struct answer *out)
{
	struct gp_guard_rule rule;

	if (!find_late(question, context, reply, &rule) || leads_elsewhere(&rule))
		return false;
	put_blocked(question, context, &rule, out);
	return true;
}

void block_note(const struct question *question, const struct answer_context *context,
		const struct reply *reply, struct answer *out)
{
	struct answer_decision *decision = &out->decision;
	struct gp_guard_rule rule;

	if (decision->is_whole || decision->outcome.acts ||
	    !find_block(question, context, reply, &rule) || is_enforced(&rule))
		return;
	/* Of its addresses one by one there is nothing to be told then. */
	decision->count = 0;
	decision->outcome = (struct gp_outcome){.acts = false};
	note(&rule, out);
}

void block_lead(const struct question *question, const struct answer_context *context,
		const struct reply *reply, const uint8_t *target, struct answer *out)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_guard_rule rule;
	struct builder builder;

	if (!find_lead(question, context, &rule)) {
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_NONE, out);
		return;
	}
	begin(&builder, question, &rule, out);
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
	uint32_t hash = 0;
	unsigned rank;

	if (!context->rules)
		return 0;
	gp_rules_begin(&walk, context->rules, &query);
	while (gp_rules_next(&walk, &rank)) {
		hash = hash ? hash : WIRE_HASH;
		for (unsigned shift = 0; shift < 32; shift += 8)
			hash = wire_hash(hash, (uint8_t)(rank >> shift));
	}
	return hash;
}
