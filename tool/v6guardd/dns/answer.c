/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer.c - answers from what upstream said: passed on, or synthesized (RFC 6147). */
#include <string.h>

#include "answer_private.h"

/* RFC 6147 5.1.7: without the SOA of the negative answer. */
#define NO_SOA_S 600
/* The AAAA could not be had; it may be there in a moment. */
#define UNSURE_S 10
#define FOREVER (7U * 24 * 3600)

/* ---- DNS64: for whom, and with what ---- */

bool answer_is_for_dns64(const struct question *question,
			 const struct answer_context *context)
{
	/* RFC 6147 5.5: who validates alone must see what is there. */
	const bool validates = question->dnssec_ok && question->flags & WIRE_CD;

	return context->synthesizes && question->class == WIRE_CLASS_IN &&
	       context->config->prefix_count && !validates;
}

/* An address may have to be made. */
static bool may_synthesize(const struct question *question,
			   const struct answer_context *context)
{
	return question->type == WIRE_AAAA && answer_is_for_dns64(question, context) &&
	       !dns_is_excluded(context->config, question->name);
}

static uint16_t partner_of(uint16_t type)
{
	return type == WIRE_A ? WIRE_AAAA : WIRE_A;
}

uint16_t answer_main_type(const struct question *question,
			  const struct answer_context *context)
{
	if (may_synthesize(question, context) || !filter_is_total(question, context))
		return question->type;
	return partner_of(question->type);
}

uint16_t answer_other_type(const struct question *question,
			   const struct answer_context *context)
{
	uint8_t target[WIRE_NAME];

	if (block_target(question, context, target))
		return 0;
	if (may_synthesize(question, context))
		return WIRE_A;
	return filter_is_near(question, context) ? partner_of(question->type) : 0;
}

uint16_t answer_late_type(const struct question *question,
			  const struct answer_context *context,
			  const struct answer_reply *main)
{
	struct reply reply;

	return reply_open(main, &reply) &&
			       filter_depends(question, context, &reply) != FILTER_ALONE
		       ? partner_of(question->type)
		       : 0;
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
bool answer_may_embed(const struct answer_context *context, size_t index,
		      const struct gp_addr *ipv4)
{
	const struct dns_config *config = context->config;

	if (is_never(ipv4) || dns_list_has(&config->exclude_a, ipv4) ||
	    !dns_prefix_is_for(config, index, ipv4))
		return false;
	if (config->non_global == DNS_ALLOW ||
	    !gp_nat64_is_well_known(&config->prefixes[index]) ||
	    !gp_nat64_is_nonglobal(ipv4))
		return true;
	return config->non_global == DNS_NONGLOBAL_AUTO && context->is_forwarded &&
	       is_private(ipv4);
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

/* RFC 6147 5.1.4. */
static bool is_excluded_aaaa(const struct answer_context *context,
			     const struct wire_rr *rr)
{
	struct gp_addr addr;

	return is_address(rr, WIRE_AAAA, &addr) &&
	       dns_list_has(&context->config->exclude_aaaa, &addr);
}

static bool has_usable_aaaa(const struct reply *reply,
			    const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type == WIRE_AAAA && !is_excluded_aaaa(context, &walk.rr))
			return true;
	return false;
}

static bool is_embeddable(const struct answer_context *context, const struct wire_rr *rr)
{
	struct gp_addr ipv4;

	if (!is_address(rr, WIRE_A, &ipv4))
		return false;
	for (size_t i = 0; i < context->config->prefix_count; i++)
		if (answer_may_embed(context, i, &ipv4))
			return true;
	return false;
}

static bool has_embeddable(const struct reply *reply,
			   const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (is_embeddable(context, &walk.rr))
			return true;
	return false;
}

/* ---- passing on ---- */

/* What only clients with DO get (RFC 4035 3.1), or was in the message alone. */
static bool is_left_out(const struct question *question,
			const struct answer_context *context, const struct wire_rr *rr)
{
	const bool is_proof =
		rr->type == WIRE_RRSIG || rr->type == WIRE_NSEC || rr->type == WIRE_NSEC3;
	const bool may_see =
		question->dnssec_ok && dns_dnssec_of(context->config, question->name,
						     question->type) != DNS_DNSSEC_OFF;

	return rr->type == WIRE_OPT ||
	       (is_proof && !may_see && rr->type != question->type);
}

static uint16_t signed_type(const struct wire_rr *rr)
{
	return rr->type == WIRE_RRSIG && rr->rdlength >= 2 ? wire_peek_u16(rr->rdata) : 0;
}

static uint32_t capped(uint32_t ttl, uint32_t cap)
{
	return ttl < cap ? ttl : cap;
}

/* SOA's TTL and its last number: how long what it denies stays denied (RFC 2308 5). */
static uint32_t negative_ttl(const struct wire_rr *soa)
{
	if (soa->rdlength < 22)
		return 0;
	return capped(soa->ttl, wire_peek_u32(soa->rdata + soa->rdlength - 4));
}

static void put(struct builder *builder, const struct reply *reply,
		const struct reply_walk *walk, uint32_t cap)
{
	const uint32_t ttl =
		walk->rr.type == WIRE_SOA && walk->section == ANSWER_AUTHORITY
			? negative_ttl(&walk->rr)
			: walk->rr.ttl;

	builder_count(
		builder, walk->section,
		wire_put_rr(&builder->out, &reply->in, &walk->rr, capped(ttl, cap)));
}

/* Without the hints that are left out; false: with all of them. */
static bool put_without_hints(struct builder *builder, const struct question *question,
			      const struct answer_context *context,
			      const struct reply *reply, const struct reply_walk *walk,
			      uint32_t cap)
{
	static uint8_t rdata[WIRE_MAX];
	static struct filter ignored;
	const size_t size =
		hints_filter(question, context, reply, &walk->rr, &ignored, rdata);

	if (size)
		builder_put(builder, walk->section, walk->rr.owner, walk->rr.type,
			    capped(walk->rr.ttl, cap), rdata, size);
	return size;
}

/* REPLY's sections from FIRST to LAST; without excluded AAAA if IS_CLEAN, and without
 * what FILTER leaves out, whose signatures then fit nothing any more; HAS_HINTS: hints of
 * HTTPS and SVCB are among that. */
struct pick {
	enum answer_section first, last;
	bool is_clean, has_hints;
	const struct filter *filter;
	uint32_t cap;
};

/* RR of the answer section does not go out. */
static bool is_dropped(const struct pick *pick, const struct answer_context *context,
		       const struct question *question, const struct wire_rr *rr)
{
	if (pick->is_clean &&
	    (is_excluded_aaaa(context, rr) || signed_type(rr) == WIRE_AAAA))
		return true;
	return filter_strips(pick->filter, rr) ||
	       (pick->filter && pick->filter->acts && signed_type(rr) == question->type);
}

static bool has_soa(const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk))
		if (walk.section == ANSWER_AUTHORITY && walk.rr.type == WIRE_SOA)
			return true;
	return false;
}

/* An address that may be left out of answers about its own name would come in by the
 * side: whoever needs it asks (RFC 2181 9). */
static bool is_by_the_side(const struct answer_context *context,
			   const struct reply_walk *walk)
{
	const struct wire_rr *rr = &walk->rr;
	const uint16_t type = rr->type == WIRE_RRSIG ? signed_type(rr) : rr->type;

	return walk->section == ANSWER_ADDITIONAL &&
	       filter_may_strip(context, rr->owner, type);
}

static void put_sections(struct builder *builder, const struct question *question,
			 const struct answer_context *context, const struct reply *reply,
			 const struct pick *pick)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk)) {
		const bool is_gone = walk.section == ANSWER_ANSWER &&
				     is_dropped(pick, context, question, &walk.rr);
		if (walk.section < pick->first || walk.section > pick->last || is_gone ||
		    is_left_out(question, context, &walk.rr) ||
		    is_by_the_side(context, &walk))
			continue;
		if (!pick->has_hints || walk.section != ANSWER_ANSWER ||
		    !put_without_hints(builder, question, context, reply, &walk,
				       pick->cap))
			put(builder, reply, &walk, pick->cap);
	}
	/* A part of an answer may say what the whole does not. */
	if (walk.in.failed)
		builder->out.failed = true;
}

static bool has_excluded(const struct reply *reply, const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (is_excluded_aaaa(context, &walk.rr))
			return true;
	return false;
}

/* Records of QUESTION's type are in the answer section of what is written. */
static bool is_answered(const struct reply *reply, const struct question *question,
			const struct answer_context *context, const struct pick *pick)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if ((walk.rr.type == question->type || question->type == WIRE_ANY) &&
		    !is_dropped(pick, context, question, &walk.rr))
			return true;
	return false;
}

/* How long it may be kept: RFC 2308 5 for what denies, RFC 9520 for what failed. */
static uint32_t lifetime_of(const struct reply *reply, bool is_positive)
{
	const enum wire_rcode rcode = reply_rcode(reply);

	if (rcode != WIRE_NOERROR && rcode != WIRE_NXDOMAIN)
		return ANSWER_FAILED_S;
	return is_positive || has_soa(reply) ? FOREVER : 0;
}

/* There is an answer to it: an error is none. */
static bool is_known(const struct answer_reply *from)
{
	struct reply reply;

	return reply_open(from, &reply) && (reply_rcode(&reply) == WIRE_NOERROR ||
					    reply_rcode(&reply) == WIRE_NXDOMAIN);
}

/* What the policy leaves out of REPLY, or of its hints. */
static void decide(struct filter *filter, struct pick *pick,
		   const struct question *question, const struct answer_context *context,
		   const struct reply *reply, const struct answer_reply *other)
{
	if (question->type == WIRE_HTTPS || question->type == WIRE_SVCB)
		pick->has_hints = hints_change(filter, question, context, reply);
	else
		filter_decide(filter, question, context, reply, other);
	if (!filter->acts)
		return;
	pick->filter = filter;
	pick->cap = capped(pick->cap, filter_cap(context));
}

/* OTHER is what the filter may have to know. */
static void pass(const struct question *question, const struct answer_context *context,
		 const struct reply *reply, bool is_secure, bool is_clean,
		 const struct answer_reply *other, struct answer *out)
{
	static struct filter filter;
	struct pick all = {.first = ANSWER_ANSWER,
			   .last = ANSWER_ADDITIONAL,
			   .is_clean = is_clean && has_excluded(reply, context),
			   .cap = FOREVER};
	const bool is_undecided =
		!is_known(other) &&
		filter_depends(question, context, reply) == FILTER_NEEDED;
	struct builder builder;
	bool is_positive, is_changed;

	/* What did not come may come any moment. */
	if (is_undecided)
		all.cap = UNSURE_S;
	decide(&filter, &all, question, context, reply, other);
	is_changed = all.is_clean || filter.acts;
	is_positive = is_answered(reply, question, context, &all);
	builder_begin(&builder, question, out);
	filter_note(&filter, context, out);
	out->is_secure = is_secure && !is_changed;
	out->ede = filter.acts ? ANSWER_EDE_FILTERED : ANSWER_EDE_NONE;
	put_sections(&builder, question, context, reply, &all);
	if (is_changed && !is_positive && !has_soa(reply))
		builder_put_soa(&builder, question->name, ANSWER_OWN_S);
	builder_end(&builder, reply_rcode(reply),
		    is_undecided                 ? UNSURE_S
		    : is_changed && !is_positive ? FOREVER
						 : lifetime_of(reply, is_positive));
}

/* Of the type that was asked for there is nothing to be had here; the other one's REPLY
 * says whether there is the name at all. */
static void deny(const struct question *question, const struct answer_context *context,
		 const struct reply *reply, struct answer *out)
{
	const bool is_there = reply_rcode(reply) == WIRE_NOERROR;
	struct builder builder;

	builder_begin(&builder, question, out);
	filter_note_total(question, context, out);
	out->ede = ANSWER_EDE_FILTERED;
	if (is_there || reply_rcode(reply) == WIRE_NXDOMAIN)
		builder_put_soa(&builder, question->name, ANSWER_OWN_S);
	builder_end(&builder, reply_rcode(reply),
		    is_there ? ANSWER_OWN_S : lifetime_of(reply, true));
}

/* ---- synthesis ---- */

static void put_embedded(struct builder *builder, const struct answer_context *context,
			 const struct wire_rr *rr, uint32_t cap)
{
	struct gp_addr ipv4, ipv6;

	if (!is_address(rr, WIRE_A, &ipv4))
		return;
	for (size_t i = 0; i < context->config->prefix_count; i++)
		if (answer_may_embed(context, i, &ipv4) &&
		    gp_nat64_embed(&context->config->prefixes[i], &ipv4, &ipv6) == GP_OK)
			builder_put(builder, ANSWER_ANSWER, rr->owner, WIRE_AAAA,
				    capped(rr->ttl, cap), ipv6.bytes, 16);
}

/* RFC 6147 5.1.7, and less where it is not known that there is no AAAA. */
static uint32_t synthesis_cap(const struct reply *aaaa, bool is_there)
{
	struct reply_walk walk = {.has_begun = false};

	if (!is_there || reply_rcode(aaaa) != WIRE_NOERROR)
		return UNSURE_S;
	while (reply_next(aaaa, &walk))
		if (walk.section == ANSWER_AUTHORITY && walk.rr.type == WIRE_SOA)
			return negative_ttl(&walk.rr);
	return NO_SOA_S;
}

/* The chain is kept, each A becomes AAAA, and the rest comes from A's reply (5.4). */
static void synthesize(const struct question *question,
		       const struct answer_context *context, const struct reply *a,
		       uint32_t cap, struct answer *out)
{
	const struct pick rest = {
		.first = ANSWER_AUTHORITY, .last = ANSWER_ADDITIONAL, .cap = FOREVER};
	struct reply_walk walk = {.has_begun = false};
	struct builder builder;

	builder_begin(&builder, question, out);
	out->is_synthesized = true;
	out->ede = ANSWER_EDE_SYNTHESIZED;
	while (reply_next(a, &walk) && walk.section == ANSWER_ANSWER) {
		if (walk.rr.type == WIRE_A)
			put_embedded(&builder, context, &walk.rr, cap);
		else if (signed_type(&walk.rr) != WIRE_A &&
			 !is_left_out(question, context, &walk.rr))
			put(&builder, a, &walk, FOREVER);
	}
	put_sections(&builder, question, context, a, &rest);
	builder_end(&builder, WIRE_NOERROR, cap);
}

/* With validation an AAAA that could not be had is not known to be none, unless the name
 * is not signed at all (RFC 6147 5.5). */
static bool may_stand_in(const struct question *question,
			 const struct answer_context *context,
			 const struct answer_reply *a)
{
	return !a->is_secure || dns_dnssec_of(context->config, question->name,
					      question->type) != DNS_DNSSEC_VALIDATE;
}

bool answer_can_stand_in(const struct question *question,
			 const struct answer_context *context,
			 const struct answer_reply *a)
{
	struct reply reply;

	return may_synthesize(question, context) && reply_open(a, &reply) &&
	       !a->is_bogus && reply_rcode(&reply) == WIRE_NOERROR &&
	       has_embeddable(&reply, context) && may_stand_in(question, context, a);
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
	const bool may_make = may_synthesize(question, context);
	struct reply reply;

	uint8_t target[WIRE_NAME];

	if (block_target(question, context, target) ||
	    (main->is_bogus && !(question->flags & WIRE_CD)))
		return true;
	if (!reply_open(main, &reply))
		return !may_make;
	if (reply_rcode(&reply) != WIRE_NOERROR)
		return reply_rcode(&reply) == WIRE_NXDOMAIN || !may_make;
	/* With addresses there is something to be filtered, without to be made. */
	if (filter_depends(question, context, &reply) != FILTER_ALONE)
		return false;
	return !may_make || has_usable_aaaa(&reply, context);
}

static void make_dns64(const struct question *question,
		       const struct answer_context *context,
		       const struct answer_reply *main, const struct answer_reply *a,
		       struct answer *out)
{
	struct reply aaaa_reply, a_reply;
	const bool has_aaaa = reply_open(main, &aaaa_reply);
	const bool has_a = reply_open(a, &a_reply);
	const enum wire_rcode rcode = has_aaaa ? reply_rcode(&aaaa_reply) : WIRE_SERVFAIL;
	const bool is_sure = has_aaaa && rcode == WIRE_NOERROR;

	if (has_aaaa && (rcode == WIRE_NXDOMAIN ||
			 (is_sure && has_usable_aaaa(&aaaa_reply, context)))) {
		pass(question, context, &aaaa_reply, main->is_secure, true, a, out);
	} else if (a && a->is_bogus) {
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_BOGUS, out);
	} else if (has_a && reply_rcode(&a_reply) == WIRE_NOERROR &&
		   has_embeddable(&a_reply, context) &&
		   (is_sure || may_stand_in(question, context, a))) {
		synthesize(question, context, &a_reply,
			   synthesis_cap(&aaaa_reply, has_aaaa), out);
		out->is_secure =
			out->is_synthesized && is_sure && main->is_secure && a->is_secure;
	} else if (has_a && reply_rcode(&a_reply) != WIRE_NOERROR) {
		/* 5.1.6: an error of the A is the answer. */
		pass(question, context, &a_reply, a->is_secure, false, NULL, out);
	} else if (has_aaaa && (has_a || !a)) {
		pass(question, context, &aaaa_reply, main->is_secure, true, NULL, out);
	} else {
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_UNREACHABLE, out);
	}
}

/* ---- the whole ---- */

bool answer_target(const struct question *question, const struct answer_context *context,
		   uint8_t target[WIRE_NAME])
{
	return block_target(question, context, target) ||
	       answer_ptr_target(question, context, target);
}

static void make(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out)
{
	uint8_t target[WIRE_NAME];
	struct reply reply;
	const bool is_there = reply_open(main, &reply);

	if (main && main->is_bogus && !(question->flags & WIRE_CD))
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_BOGUS, out);
	else if (is_there && block_target(question, context, target))
		block_lead(question, context, &reply, target, out);
	else if (is_there && block_late(question, context, &reply, out))
		return;
	else if (may_synthesize(question, context))
		make_dns64(question, context, main, other, out);
	else if (!is_there)
		answer_fail(question, WIRE_SERVFAIL, ANSWER_EDE_UNREACHABLE, out);
	else if (answer_ptr_target(question, context, target))
		answer_ptr(question, context, &reply, target, out);
	else if (answer_main_type(question, context) != question->type)
		deny(question, context, &reply, out);
	else
		pass(question, context, &reply, main->is_secure, false, other, out);
}

void answer_make(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out)
{
	struct reply reply;

	make(question, context, main, other, out);
	if (reply_open(main, &reply))
		block_note(question, context, &reply, out);
}
