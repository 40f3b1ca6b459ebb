/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_filter.c - which addresses of a name are left out: guard.c's decision (DESIGN
 * 4), and what follows from it for HTTPS and SVCB (RFC 9460). */
#include <string.h>

#include "answer_private.h"

/* SvcParamKeys (RFC 9460 14.3.2). */
#define CHAIN 16
enum { SVCB_MANDATORY = 0, SVCB_IPV4HINT = 4, SVCB_IPV6HINT = 6 };

/* What the actions of rules come to for a family; which rules are about a name is seen
 * when its addresses are. */
#define STRIPS_AAAA (1U << GP_DO_AUTO | 1U << GP_DO_PREFER_IPV4 | 1U << GP_DO_STRIP_AAAA)
#define STRIPS_A (1U << GP_DO_STRIP_A)
#define BLOCKS (1U << GP_DO_BLOCK)

static bool guard_may_act(const struct answer_context *context, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT];
	const struct gp_query query = rules_query(context, name, text);

	return context->guard->enforce &&
	       gp_guard_may_act(context->guard, NULL, &query, true);
}

static uint16_t victim_of(const struct answer_context *context)
{
	return context->guard->mode == GP_MODE_STRIP_A ? WIRE_A : WIRE_AAAA;
}

/* Addresses of TYPE may be left out of answers about NAME. */
static bool may_strip(const struct answer_context *context, const uint8_t *name,
		      uint16_t type)
{
	const uint32_t actions = context->rules ? context->rules->actions : 0;

	if (!context->guard || (type != WIRE_A && type != WIRE_AAAA))
		return false;
	if (actions & (type == WIRE_A ? STRIPS_A : STRIPS_AAAA))
		return true;
	return type == victim_of(context) && guard_may_act(context, name);
}

static bool may_block(const struct answer_context *context)
{
	return context->rules && context->rules->actions & BLOCKS;
}

bool filter_concerns(const struct question *question,
		     const struct answer_context *context)
{
	return question->class == WIRE_CLASS_IN &&
	       may_strip(context, question->name, question->type);
}

bool filter_is_total(const struct question *question,
		     const struct answer_context *context)
{
	return !context->rules && filter_concerns(question, context) &&
	       !context->guard->keep_last &&
	       (context->guard->mode == GP_MODE_STRIP_AAAA ||
		context->guard->mode == GP_MODE_STRIP_A) &&
	       !(question->dnssec_ok && !context->config->filter_signed);
}

uint32_t filter_cap(const struct answer_context *context)
{
	const bool is_verdict =
		context->guard &&
		(context->guard->mode == GP_MODE_AUTO ||
		 (context->rules && context->rules->actions & 1U << GP_DO_AUTO));

	return is_verdict ? ANSWER_OWN_S : UINT32_MAX;
}

/* ---- candidates ---- */

static bool is_address(const struct wire_rr *rr, struct gp_addr *out)
{
	if (rr->class != WIRE_CLASS_IN)
		return false;
	if (rr->type == WIRE_A && rr->rdlength == 4)
		*out = gp_addr_make(AF_INET, rr->rdata, 0);
	else if (rr->type == WIRE_AAAA && rr->rdlength == 16)
		*out = gp_addr_make(AF_INET6, rr->rdata, 0);
	else
		return false;
	return true;
}

/* More than fit are kept, as nobody decides about them. */
static void collect(struct filter *filter, const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr addr;

	while (filter->count < FILTER_ADDRESSES && reply_next(reply, &walk) &&
	       walk.section == ANSWER_ANSWER)
		if (is_address(&walk.rr, &addr))
			filter->list[filter->count++].addr = addr;
}

static bool is_signed(const struct reply *reply, uint16_t type)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type == WIRE_RRSIG && walk.rr.rdlength >= 2 &&
		    wire_peek_u16(walk.rr.rdata) == type)
			return true;
	return false;
}

/* The names of a chain, for rules with match-cname. */
struct chain {
	size_t count;
	const char *names[CHAIN];
	char text[CHAIN][WIRE_NAME_TEXT];
};

static void follow(struct chain *chain, const struct reply *reply)
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

/* CHAIN may be NULL. */
static void decide(struct filter *filter, const struct answer_context *context,
		   const uint8_t *name, const struct chain *chain)
{
	char text[WIRE_NAME_TEXT];
	struct gp_query query = rules_query(context, name, text);

	if (chain && chain->count) {
		query.chain = chain->names;
		query.chain_count = chain->count;
		query.canonical = chain->names[chain->count - 1];
	}
	filter->acts = gp_guard(context->guard, context->rules, &query, context->facts,
				filter->list, filter->count)
			       .acts;
}

/* Rules that block by prefixes: of these types alone. */
static void block_addresses(struct filter *filter, const struct answer_context *context,
			    uint16_t type)
{
	for (size_t i = 0; i < filter->count; i++) {
		struct gp_candidate *one = &filter->list[i];
		if (one->action != GP_DO_BLOCK || !one->enforce || !one->rule ||
		    !gp_rules_has_qtype(context->rules, one->rule - 1U, type))
			continue;
		one->disposition = GP_STRIPPED;
		filter->acts = true;
	}
}

void filter_decide(struct filter *filter, const struct question *question,
		   const struct answer_context *context, const struct reply *main,
		   const struct answer_reply *other)
{
	static struct chain chain;
	struct reply reply;

	filter->count = 0;
	filter->acts = false;
	if (!(filter_concerns(question, context) ||
	      (may_block(context) && question->class == WIRE_CLASS_IN)) ||
	    !context->guard ||
	    (question->dnssec_ok && !context->config->filter_signed &&
	     is_signed(main, question->type)))
		return;
	collect(filter, main);
	if (reply_open(other, &reply))
		collect(filter, &reply);
	follow(&chain, main);
	decide(filter, context, question->name, &chain);
	if (may_block(context))
		block_addresses(filter, context, question->type);
}

static bool is_stripped(const struct filter *filter, const struct gp_addr *addr)
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

	return filter && is_address(rr, &addr) && is_stripped(filter, &addr);
}

/* ---- HTTPS and SVCB ---- */

/*
 * A hint is nobody's last address, as A and AAAA are asked for all the same: an address
 * of the other family, which is used if the host has such, stands for these.
 */
static void decide_hints(struct filter *filter, const struct answer_context *context,
			 const uint8_t *name, int family, const uint8_t *addresses,
			 size_t size)
{
	const size_t each = family == AF_INET ? 4 : 16;
	const uint8_t ipv4[4] = {192, 0, 2, 1}, ipv6[16] = {0x20, 0x01, 0x0d, 0xb8};

	filter->count = 0;
	for (size_t at = 0; at + each <= size && filter->count < FILTER_ADDRESSES - 1;
	     at += each)
		filter->list[filter->count++].addr =
			gp_addr_make(family, addresses + at, 0);
	filter->list[filter->count++].addr = family == AF_INET
						     ? gp_addr_make(AF_INET6, ipv6, 0)
						     : gp_addr_make(AF_INET, ipv4, 0);
	decide(filter, context, name, NULL);
}

/* The addresses of a hint that are left, to OUT; how many bytes. */
static size_t keep_hints(struct filter *filter, const struct answer_context *context,
			 const uint8_t *name, int family, const uint8_t *value,
			 size_t size, uint8_t *out)
{
	const size_t each = family == AF_INET ? 4 : 16;
	size_t used = 0;

	decide_hints(filter, context, name, family, value, size);
	for (size_t at = 0; at + each <= size; at += each) {
		const struct gp_addr addr = gp_addr_make(family, value + at, 0);
		if (is_stripped(filter, &addr))
			continue;
		memcpy(out + used, value + at, each);
		used += each;
	}
	return used;
}

struct parameter {
	uint16_t key, size;
	const uint8_t *value;
};

static bool next_parameter(struct wire_in *in, struct parameter *out)
{
	if (in->at >= in->size || in->failed)
		return false;
	out->key = wire_u16(in);
	out->size = wire_u16(in);
	out->value = wire_bytes(in, out->size);
	return !in->failed;
}

/* RFC 9460 8: a key that is gone is not mandatory any more. */
static size_t keep_mandatory(const struct parameter *list, uint16_t gone, uint8_t *out)
{
	size_t used = 0;

	for (size_t at = 0; at + 2 <= list->size; at += 2)
		if (wire_peek_u16(list->value + at) != gone) {
			memcpy(out + used, list->value + at, 2);
			used += 2;
		}
	return used;
}

static bool has_parameters(const struct wire_rr *rr, struct wire_in *out)
{
	uint8_t target[WIRE_NAME];

	*out = wire_read(rr->rdata, rr->rdlength);
	wire_u16(out);
	return wire_name(out, target) && out->at < out->size;
}

size_t filter_hints(const struct answer_context *context, const struct wire_rr *rr,
		    uint8_t out[WIRE_MAX])
{
	static struct filter filter;
	static uint8_t left[WIRE_MAX], mandatory[WIRE_MAX];
	const bool is_ipv6 = may_strip(context, rr->owner, WIRE_AAAA);
	const uint16_t hint = is_ipv6 ? SVCB_IPV6HINT : SVCB_IPV4HINT;
	struct parameter one;
	struct wire_in in, again;
	struct wire_out to;
	size_t kept = SIZE_MAX;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) ||
	    !(is_ipv6 || may_strip(context, rr->owner, WIRE_A)) ||
	    !has_parameters(rr, &in))
		return 0;
	again = in;
	while (next_parameter(&again, &one))
		if (one.key == hint)
			kept = keep_hints(&filter, context, rr->owner,
					  is_ipv6 ? AF_INET6 : AF_INET, one.value,
					  one.size, left);
	if (again.failed || kept == SIZE_MAX || !filter.acts)
		return 0;
	wire_write(&to, out, WIRE_MAX);
	wire_put_bytes(&to, rr->rdata, in.at);
	while (next_parameter(&in, &one)) {
		struct parameter put = one;
		if (one.key == hint)
			put = (struct parameter){hint, (uint16_t)kept, left};
		else if (one.key == SVCB_MANDATORY && !kept)
			put = (struct parameter){
				SVCB_MANDATORY,
				(uint16_t)keep_mandatory(&one, hint, mandatory),
				mandatory};
		if (!put.size && (put.key == hint || put.key == SVCB_MANDATORY))
			continue;
		wire_put_u16(&to, put.key);
		wire_put_u16(&to, put.size);
		wire_put_bytes(&to, put.value, put.size);
	}
	return to.failed ? 0 : to.at;
}
