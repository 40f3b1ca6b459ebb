/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_filter.c - which addresses of a name are left out: guard.c's decision (DESIGN
 * 4), and what follows from it for HTTPS and SVCB (RFC 9460). */
#include <string.h>

#include "answer_private.h"

/* SvcParamKeys (RFC 9460 14.3.2). */
enum { SVCB_MANDATORY = 0, SVCB_IPV4HINT = 4, SVCB_IPV6HINT = 6 };

static bool may_act(const struct answer_context *context, const uint8_t *name)
{
	char text[WIRE_NAME_TEXT];
	const struct gp_query query = {.name = wire_name_text(name, text),
				       .family = AF_UNSPEC,
				       .door = GP_DOOR_DNS};

	return context->guard && context->guard->enforce &&
	       gp_guard_may_act(context->guard, NULL, &query, true);
}

static uint16_t victim_of(const struct answer_context *context)
{
	return context->guard->mode == GP_MODE_STRIP_A ? WIRE_A : WIRE_AAAA;
}

bool filter_concerns(const struct question *question,
		     const struct answer_context *context)
{
	return question->class == WIRE_CLASS_IN && context->guard &&
	       question->type == victim_of(context) && may_act(context, question->name);
}

bool filter_is_total(const struct question *question,
		     const struct answer_context *context)
{
	return filter_concerns(question, context) && !context->guard->keep_last &&
	       (context->guard->mode == GP_MODE_STRIP_AAAA ||
		context->guard->mode == GP_MODE_STRIP_A) &&
	       !(question->dnssec_ok && !context->config->filter_signed);
}

uint32_t filter_cap(const struct answer_context *context)
{
	return context->guard && context->guard->mode == GP_MODE_AUTO ? ANSWER_OWN_S
								      : UINT32_MAX;
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

static void decide(struct filter *filter, const struct answer_context *context,
		   const uint8_t *name)
{
	char text[WIRE_NAME_TEXT];
	const struct gp_query query = {.name = wire_name_text(name, text),
				       .family = AF_UNSPEC,
				       .door = GP_DOOR_DNS};

	filter->acts = gp_guard(context->guard, NULL, &query, context->facts,
				filter->list, filter->count)
			       .acts;
}

void filter_decide(struct filter *filter, const struct question *question,
		   const struct answer_context *context, const struct reply *main,
		   const struct answer_reply *other)
{
	struct reply reply;

	filter->count = 0;
	filter->acts = false;
	if (!filter_concerns(question, context) ||
	    (question->dnssec_ok && !context->config->filter_signed &&
	     is_signed(main, question->type)))
		return;
	collect(filter, main);
	if (reply_open(other, &reply))
		collect(filter, &reply);
	decide(filter, context, question->name);
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
	decide(filter, context, name);
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
	const bool is_ipv6 = context->guard && victim_of(context) == WIRE_AAAA;
	const uint16_t hint = is_ipv6 ? SVCB_IPV6HINT : SVCB_IPV4HINT;
	struct parameter one;
	struct wire_in in, again;
	struct wire_out to;
	size_t kept = SIZE_MAX;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) ||
	    !may_act(context, rr->owner) || !has_parameters(rr, &in))
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
