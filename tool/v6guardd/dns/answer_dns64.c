/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_dns64.c - AAAA made of A (RFC 6147): for whom, of what, and the answer. */
#include <string.h>

#include "answer_private.h"

/* RFC 6147 5.1.7: without the SOA of the negative answer. */
#define NO_SOA_S 600

/* ---- for whom, and with what ---- */

static enum answer_why refuses(const struct question *question,
			       const struct answer_context *context)
{
	if (!context->config->prefix_count)
		return ANSWER_WHY_NO_PREFIX;
	/* RFC 6147 5.5: who validates alone must see what is there. */
	return question->dnssec_ok && question->flags & WIRE_CD ? ANSWER_WHY_VALIDATES
								: ANSWER_WHY_NOTHING;
}

bool answer_is_for_dns64(const struct question *question,
			 const struct answer_context *context)
{
	return context->synthesizes && question->class == WIRE_CLASS_IN &&
	       !refuses(question, context);
}

enum answer_why dns64_refuses(const struct question *question,
			      const struct answer_context *context)
{
	const enum answer_why why = refuses(question, context);

	if (!why && dns_is_excluded(context->config, question->name))
		return ANSWER_WHY_EXCLUDED_NAME;
	return why;
}

bool dns64_may_make(const struct question *question, const struct answer_context *context)
{
	return question->type == WIRE_AAAA && context->synthesizes &&
	       question->class == WIRE_CLASS_IN && !dns64_refuses(question, context);
}

static bool is_in(const struct gp_addr *ipv4, uint8_t a, uint8_t b, uint8_t length)
{
	const uint8_t bytes[4] = {a, b, 0, 0};
	const struct gp_prefix prefix = {gp_addr_make(AF_INET, bytes, 0), length};

	return gp_prefix_match(&prefix, ipv4);
}

/* Of these no translator makes anything that arrives. */
static bool is_never(const struct gp_addr *ipv4)
{
	return is_in(ipv4, 0, 0, 8) || is_in(ipv4, 127, 0, 8) ||
	       is_in(ipv4, 169, 254, 16) || is_in(ipv4, 224, 0, 4) ||
	       is_in(ipv4, 240, 0, 4);
}

static bool is_private(const struct gp_addr *ipv4)
{
	return is_in(ipv4, 10, 0, 8) || is_in(ipv4, 172, 16, 12) ||
	       is_in(ipv4, 192, 168, 16) || is_in(ipv4, 100, 64, 10);
}

/* RFC 6052 3.1 bars non-global addresses from the Well-Known Prefix, and from no other.
 */
enum answer_why answer_embeds_not(const struct answer_context *context, size_t index,
				  const struct gp_addr *ipv4)
{
	const struct dns_config *config = context->config;

	if (is_never(ipv4))
		return ANSWER_WHY_NEVER;
	if (dns_list_has(&config->exclude_a, ipv4))
		return ANSWER_WHY_EXCLUDED_A;
	if (!dns_prefix_is_for(config, index, ipv4))
		return ANSWER_WHY_RANGE;
	if (context->is_taken && !given_may_replace(context, index, ipv4))
		return ANSWER_WHY_HAS_IPV4;
	if (config->non_global == DNS_ALLOW ||
	    !gp_nat64_is_well_known(&config->prefixes[index]) ||
	    !gp_nat64_is_nonglobal(ipv4))
		return ANSWER_WHY_NOTHING;
	return config->non_global == DNS_NONGLOBAL_AUTO && context->is_forwarded &&
			       is_private(ipv4)
		       ? ANSWER_WHY_NOTHING
		       : ANSWER_WHY_NOT_GLOBAL;
}

static bool is_address(const struct wire_rr *rr, uint16_t type, struct gp_addr *out)
{
	const bool is_ipv4 = type == WIRE_A;

	if (rr->type != type || rr->class != WIRE_CLASS_IN ||
	    rr->rdlength != (is_ipv4 ? 4 : 16))
		return false;
	*out = gp_addr_make(is_ipv4 ? AF_INET : AF_INET6, rr->rdata, 0);
	return true;
}

bool dns64_is_excluded(const struct answer_context *context, const struct wire_rr *rr)
{
	struct gp_addr addr;

	return is_address(rr, WIRE_AAAA, &addr) &&
	       (pass_is_mapped(rr) ||
		dns_list_has(&context->config->exclude_aaaa, &addr));
}

bool dns64_has_usable(const struct reply *reply, const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type == WIRE_AAAA && !dns64_is_excluded(context, &walk.rr))
			return true;
	return false;
}

/* With none of the prefixes, though one is for the address: the reason is that one's. */
static enum answer_why embeds_nowhere(const struct answer_context *context,
				      const struct gp_addr *ipv4)
{
	enum answer_why found = ANSWER_WHY_RANGE;

	for (size_t i = 0; i < context->config->prefix_count; i++) {
		const enum answer_why why = answer_embeds_not(context, i, ipv4);
		if (!why)
			return ANSWER_WHY_NOTHING;
		if (why != ANSWER_WHY_RANGE)
			found = why;
	}
	return found;
}

bool dns64_can_make(const struct answer_context *context, const struct gp_addr *ipv4)
{
	return !embeds_nowhere(context, ipv4);
}

enum answer_why dns64_leaves_out(const struct reply *reply,
				 const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};
	enum answer_why why = ANSWER_WHY_NOTHING;
	struct gp_addr ipv4;

	while (!why && reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (is_address(&walk.rr, WIRE_A, &ipv4))
			why = embeds_nowhere(context, &ipv4);
	return why;
}

bool dns64_has_embeddable(const struct reply *reply, const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr ipv4;

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (is_address(&walk.rr, WIRE_A, &ipv4) && dns64_can_make(context, &ipv4))
			return true;
	return false;
}

/* ---- synthesis ---- */

void dns64_put(struct builder *builder, const struct answer_context *context,
	       const struct wire_rr *rr, uint32_t cap)
{
	struct gp_addr ipv4, ipv6;

	if (!is_address(rr, WIRE_A, &ipv4))
		return;
	for (size_t i = 0; i < context->config->prefix_count; i++)
		if (!answer_embeds_not(context, i, &ipv4) &&
		    gp_nat64_embed(&context->config->prefixes[i], &ipv4, &ipv6) == GP_OK)
			builder_put(builder, ANSWER_ANSWER, rr->owner, WIRE_AAAA,
				    answer_capped(rr->ttl, cap), ipv6.bytes, 16);
}

/* RFC 6147 5.1.7, and less where it is not known that there is no AAAA. */
static uint32_t synthesis_cap(const struct reply *aaaa, bool is_there)
{
	struct reply_walk walk = {.has_begun = false};

	if (!is_there || reply_rcode(aaaa) != WIRE_NOERROR)
		return ANSWER_UNSURE_S;
	while (reply_next(aaaa, &walk))
		if (walk.section == ANSWER_AUTHORITY && walk.rr.type == WIRE_SOA)
			return pass_negative_ttl(&walk.rr);
	return NO_SOA_S;
}

/* The chain is kept, each A becomes AAAA, and the rest comes from A's reply (5.4). */
static void synthesize(const struct question *question,
		       const struct answer_context *context, const struct reply *a,
		       uint32_t cap, struct answer *out)
{
	const struct pick rest = {.first = ANSWER_AUTHORITY,
				  .last = ANSWER_ADDITIONAL,
				  .cap = ANSWER_FOREVER};
	struct reply_walk walk = {.has_begun = false};
	struct builder builder;

	builder_begin(&builder, question, out);
	/* AAAA are longer than A: of so many that not all fit each is good by itself. */
	builder.is_divisible = true;
	out->is_synthesized = true;
	out->ede = ANSWER_EDE_SYNTHESIZED;
	while (reply_next(a, &walk) && walk.section == ANSWER_ANSWER) {
		if (walk.rr.type == WIRE_A)
			dns64_put(&builder, context, &walk.rr, cap);
		else if (rr_signed_type(&walk.rr) != WIRE_A &&
			 !pass_is_hidden(question, context, &walk.rr))
			pass_record(&builder, a, &walk, ANSWER_FOREVER);
	}
	pass_sections(&builder, question, context, a, &rest);
	builder_end(&builder, WIRE_NOERROR, cap);
}

bool dns64_may_stand_in(const struct question *question,
			const struct answer_context *context,
			const struct answer_reply *a)
{
	return !a->is_secure || dns_dnssec_of(context->config, question->name,
					      question->type) != DNS_DNSSEC_VALIDATE;
}

bool answer_can_deny(const struct question *question,
		     const struct answer_context *context, const struct answer_reply *a)
{
	struct reply reply;

	return dns64_may_make(question, context) && reply_open(a, &reply) &&
	       !a->is_bogus && !dns64_has_embeddable(&reply, context) &&
	       (reply_rcode(&reply) == WIRE_NOERROR ||
		reply_rcode(&reply) == WIRE_NXDOMAIN) &&
	       dns64_may_stand_in(question, context, a);
}

/* 5.1.6, 5.4: of A nothing can be made, and AAAA failed, or all are excluded: A's reply
 * is the answer. False: AAAA's is. */
static bool deny(const struct question *question, const struct answer_context *context,
		 const struct reply *aaaa, const struct reply *a, bool has_aaaa,
		 struct answer *out)
{
	const bool is_error =
		has_aaaa ? reply_rcode(aaaa) != WIRE_NOERROR : context->has_failed;

	if (has_aaaa && !is_error && !reply_has(aaaa, WIRE_AAAA))
		return false;
	if (!has_aaaa && !is_error && !context->is_overdue)
		return false;
	if (has_aaaa && !is_error) {
		late_deny(question, context, a, ANSWER_EDE_FILTERED, ANSWER_FOREVER, out);
	} else if (is_error) {
		late_deny(question, context, a, ANSWER_EDE_NONE, ANSWER_UNSURE_S, out);
	} else {
		late_deny(question, context, a, ANSWER_EDE_UNREACHABLE, ANSWER_LATE_S,
			  out);
		late_say(out);
	}
	return true;
}

bool answer_can_stand_in(const struct question *question,
			 const struct answer_context *context,
			 const struct answer_reply *a)
{
	struct reply reply;

	return dns64_may_make(question, context) && reply_open(a, &reply) &&
	       !a->is_bogus && reply_rcode(&reply) == WIRE_NOERROR &&
	       dns64_has_embeddable(&reply, context) &&
	       dns64_may_stand_in(question, context, a);
}

/* AAAA's own REPLY is the answer, of the name that a rule leads to or of its own. */
static void give(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct reply *reply,
		 const struct answer_reply *a, struct answer *out)
{
	uint8_t target[WIRE_NAME];

	if (block_target(question, context, target))
		block_lead(question, context, reply, target, out);
	else
		pass_on(question, context, reply, main->is_secure, true, a, out);
}

/* For what is made: A may be those of another name. */
static struct answer_context context_to_make(const struct question *question,
					     const struct answer_context *context,
					     bool is_taken)
{
	struct answer_context to = *context;
	uint8_t target[WIRE_NAME];

	to.is_taken = is_taken;
	if (answer_other_target(question, context, target))
		to.is_forwarded = dns_zone_of(context->config, target) != NULL;
	return to;
}

void dns64_make(const struct question *question, const struct answer_context *context,
		const struct answer_reply *main, const struct answer_reply *a,
		struct answer *out)
{
	static struct filter taken;
	uint8_t target[WIRE_NAME];
	struct reply aaaa_reply, a_reply;
	const struct given *given = given_make(question, context, a, main);
	const bool has_aaaa = reply_open(main, &aaaa_reply);
	const bool has_a = reply_open(&given->reply, &a_reply);
	const enum wire_rcode rcode = has_aaaa ? reply_rcode(&aaaa_reply) : WIRE_SERVFAIL;
	const bool is_sure = has_aaaa && rcode == WIRE_NOERROR;
	const bool is_there = is_sure && dns64_has_usable(&aaaa_reply, context);
	const bool is_taken = is_there && has_a &&
			      !block_target(question, context, target) &&
			      given_takes_all(&taken, question, context, &aaaa_reply, a);
	const struct answer_context to = context_to_make(question, context, is_taken);
	const bool can_make = has_a && !a->is_bogus &&
			      reply_rcode(&a_reply) == WIRE_NOERROR &&
			      dns64_has_embeddable(&a_reply, &to);

	if (has_aaaa &&
	    (rcode == WIRE_NXDOMAIN || (is_there && !(is_taken && can_make)))) {
		give(question, context, main, &aaaa_reply, a, out);
	} else if (a && a->is_bogus) {
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_BOGUS, out);
	} else if (can_make && (is_sure || dns64_may_stand_in(question, context, a))) {
		const uint32_t cap = synthesis_cap(&aaaa_reply, has_aaaa);
		synthesize(question, &to, &a_reply,
			   is_taken ? answer_capped(cap, filter_cap(&taken, context))
				    : cap,
			   out);
		/* By our own validation alone (RFC 6147 5.5, 6.2). */
		out->is_secure = out->is_synthesized && is_sure && main->is_secure &&
				 a->is_secure && !is_taken && !given->is_changed &&
				 dns_dnssec_of(context->config, question->name,
					       question->type) == DNS_DNSSEC_VALIDATE;
		if (is_taken)
			filter_note(&taken, context, out);
		else
			given_note(given, out);
	} else if (given->is_changed) {
		given_pass(question, context, given, out);
	} else if (has_a && reply_rcode(&a_reply) != WIRE_NOERROR) {
		/* 5.1.6: an error of the A is the answer. */
		pass_on(question, context, &a_reply, a->is_secure, false, NULL, out);
	} else if (has_a && (is_sure || dns64_may_stand_in(question, context, a)) &&
		   deny(question, context, &aaaa_reply, &a_reply, has_aaaa, out)) {
		return;
	} else if (has_aaaa && (has_a || !a)) {
		pass_on(question, context, &aaaa_reply, main->is_secure, true, NULL, out);
	} else {
		answer_fail_unheard(question, main, out);
	}
}
