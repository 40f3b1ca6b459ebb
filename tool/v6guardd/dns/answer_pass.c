/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_pass.c - what upstream said, passed on: without what a client has no use for,
 * and what the policy leaves out. */
#include <string.h>

#include "answer_private.h"

bool pass_is_hidden(const struct question *question, const struct answer_context *context,
		    const struct wire_rr *rr)
{
	const bool is_proof =
		rr->type == WIRE_RRSIG || rr->type == WIRE_NSEC || rr->type == WIRE_NSEC3;
	const bool may_see =
		question->dnssec_ok && dns_dnssec_of(context->config, question->name,
						     question->type) != DNS_DNSSEC_OFF;

	return rr->type == WIRE_OPT ||
	       (is_proof && !may_see && rr->type != question->type);
}

uint16_t rr_signed_type(const struct wire_rr *rr)
{
	return rr->type == WIRE_RRSIG && rr->rdlength >= 2 ? wire_peek_u16(rr->rdata) : 0;
}

uint32_t answer_capped(uint32_t ttl, uint32_t cap)
{
	return ttl < cap ? ttl : cap;
}

uint32_t pass_negative_ttl(const struct wire_rr *soa)
{
	if (soa->rdlength < 22)
		return 0;
	return answer_capped(soa->ttl, wire_peek_u32(soa->rdata + soa->rdlength - 4));
}

void pass_record(struct builder *builder, const struct reply *reply,
		 const struct reply_walk *walk, uint32_t cap)
{
	const uint32_t ttl =
		walk->rr.type == WIRE_SOA && walk->section == ANSWER_AUTHORITY
			? pass_negative_ttl(&walk->rr)
			: walk->rr.ttl;

	builder_count(builder, walk->section,
		      wire_put_rr(&builder->out, &reply->in, &walk->rr,
				  answer_capped(ttl, cap)));
}

/* Without the hints that are left out; false: with all of them. */
static bool put_without_hints(struct builder *builder, const struct question *question,
			      const struct answer_context *context,
			      const struct reply *reply, const struct reply_walk *walk,
			      const struct pick *pick)
{
	static uint8_t rdata[WIRE_MAX];
	static struct filter ignored;
	const size_t size = hints_filter(question, context, reply, &walk->rr, pick->other,
					 &ignored, rdata);

	if (size)
		builder_put(builder, walk->section, walk->rr.owner, walk->rr.type,
			    answer_capped(walk->rr.ttl, pick->cap), rdata, size);
	return size;
}

bool pass_is_mapped(const struct wire_rr *rr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return rr->type == WIRE_AAAA && rr->class == WIRE_CLASS_IN &&
	       rr->rdlength == 16 && !memcmp(rr->rdata, mapped, sizeof(mapped));
}

/* Such an address counts as none. */
static bool is_no_address(const struct pick *pick, const struct answer_context *context,
			  const struct wire_rr *rr)
{
	return (pick->hides_mapped && pass_is_mapped(rr)) ||
	       (pick->is_clean && dns64_is_excluded(context, rr));
}

/* RR of the answer section does not go out. */
static bool is_dropped(const struct pick *pick, const struct answer_context *context,
		       const struct question *question, const struct wire_rr *rr)
{
	if ((pick->is_clean || pick->hides_mapped) &&
	    (is_no_address(pick, context, rr) || rr_signed_type(rr) == WIRE_AAAA))
		return true;
	return filter_strips(pick->filter, rr) ||
	       ((pick->has_hints || (pick->filter && pick->filter->acts)) &&
		rr_signed_type(rr) == question->type);
}

static bool has_soa(const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk))
		if (walk.section == ANSWER_AUTHORITY && walk.rr.type == WIRE_SOA)
			return true;
	return false;
}

bool pass_has_soa_of(const struct reply *reply, const uint8_t *name)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk))
		if (walk.section == ANSWER_AUTHORITY && walk.rr.type == WIRE_SOA &&
		    wire_name_within(name, walk.rr.owner))
			return true;
	return false;
}

void pass_end(const struct reply *reply, const uint8_t *name, uint8_t end[WIRE_NAME])
{
	struct reply_walk walk = {.has_begun = false};
	uint8_t target[WIRE_NAME];
	size_t length;

	memcpy(end, name, wire_name_length(name));
	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER) {
		struct wire_in in = reply->in;
		in.at = walk.rr.rdata_at;
		in.failed = false;
		if (walk.rr.type != WIRE_CNAME || !wire_name_equal(walk.rr.owner, end))
			continue;
		length = wire_name(&in, target);
		memcpy(end, target, length);
	}
}

/* An address that may be left out of answers about its own name would come in by the
 * side: whoever needs it asks (RFC 2181 9). */
static bool is_by_the_side(const struct answer_context *context,
			   const struct reply_walk *walk)
{
	const struct wire_rr *rr = &walk->rr;
	const uint16_t type = rr->type == WIRE_RRSIG ? rr_signed_type(rr) : rr->type;

	return walk->section == ANSWER_ADDITIONAL &&
	       (filter_may_strip(context, rr->owner, type) ||
		(context->guard && pass_is_mapped(rr)));
}

void pass_sections(struct builder *builder, const struct question *question,
		   const struct answer_context *context, const struct reply *reply,
		   const struct pick *pick)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk)) {
		const bool is_gone = walk.section == ANSWER_ANSWER &&
				     is_dropped(pick, context, question, &walk.rr);
		if (walk.section < pick->first || walk.section > pick->last || is_gone ||
		    pass_is_hidden(question, context, &walk.rr) ||
		    is_by_the_side(context, &walk))
			continue;
		if (!pick->has_hints || walk.section != ANSWER_ANSWER ||
		    !put_without_hints(builder, question, context, reply, &walk, pick))
			pass_record(builder, reply, &walk, pick->cap);
	}
	/* A part of an answer may say what the whole does not. */
	if (walk.in.failed)
		builder->is_lost = true;
}

static bool has_excluded(const struct reply *reply, const struct answer_context *context)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (dns64_is_excluded(context, &walk.rr))
			return true;
	return false;
}

/* No packet to such an address is IPv6 (RFC 4291 2.5.5.2). Signed sets stay whole for who
 * checks that. */
static bool hides_mapped(const struct question *question,
			 const struct answer_context *context, const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};

	if (!context->guard || (question->dnssec_ok && !context->config->filter_signed &&
				filter_is_signed(reply, WIRE_AAAA)))
		return false;
	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (pass_is_mapped(&walk.rr))
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
	return is_positive || has_soa(reply) ? ANSWER_FOREVER : 0;
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
		pick->has_hints = hints_change(filter, question, context, reply, other);
	else
		filter_decide(filter, question, context, reply, other);
	if (!filter->acts)
		return;
	pick->filter = filter;
	pick->cap = answer_capped(pick->cap, filter_cap(filter, context));
}

void pass_on(const struct question *question, const struct answer_context *context,
	     const struct reply *reply, bool is_secure, bool is_clean,
	     const struct answer_reply *other, struct answer *out)
{
	static struct filter filter;
	struct pick all = {.first = ANSWER_ANSWER,
			   .last = ANSWER_ADDITIONAL,
			   .is_clean = is_clean && has_excluded(reply, context),
			   .hides_mapped = hides_mapped(question, context, reply),
			   .other = other,
			   .cap = ANSWER_FOREVER};
	uint8_t end[WIRE_NAME];
	const bool is_undecided =
		!is_known(other) &&
		(filter_depends(question, context, reply) == FILTER_NEEDED ||
		 hints_need(question, context, reply, end));
	struct builder builder;
	bool is_positive, is_changed;

	/* What did not come may come any moment. */
	if (is_undecided)
		all.cap = ANSWER_UNSURE_S;
	decide(&filter, &all, question, context, reply, other);
	is_changed = all.is_clean || all.hides_mapped || all.has_hints || filter.acts;
	is_positive = is_answered(reply, question, context, &all);
	builder_begin(&builder, question, out);
	filter_note(&filter, context, out);
	out->is_secure = is_secure && !is_changed;
	out->ede = filter.acts || (is_changed && !is_positive) ? ANSWER_EDE_FILTERED
							       : ANSWER_EDE_NONE;
	pass_sections(&builder, question, context, reply, &all);
	if (is_changed && !is_positive && !has_soa(reply)) {
		pass_end(reply, question->name, end);
		builder_put_soa(&builder, end, answer_capped(ANSWER_OWN_S, all.cap));
	}
	builder_end(&builder, reply_rcode(reply),
		    is_undecided                 ? ANSWER_UNSURE_S
		    : is_changed && !is_positive ? ANSWER_FOREVER
						 : lifetime_of(reply, is_positive));
}
