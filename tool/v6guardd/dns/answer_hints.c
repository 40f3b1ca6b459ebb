/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_hints.c - HTTPS and SVCB (RFC 9460): hints go with the addresses that are left
 * out. */
#include <string.h>

#include "answer_private.h"

/* SvcParamKeys (RFC 9460 14.3.2). */
enum { SVCB_MANDATORY = 0, SVCB_IPV4HINT = 4, SVCB_IPV6HINT = 6 };

/* One record in the making. */
struct hints {
	const struct question *question;
	const struct answer_context *context;
	const struct chain *chain;
	struct filter *filter; /* what decided last, of what did something first */
	uint8_t target[WIRE_NAME];
};

/* ---- addresses ---- */

static uint16_t type_of(uint16_t key)
{
	return key == SVCB_IPV4HINT ? WIRE_A : WIRE_AAAA;
}

/*
 * A hint is nobody's last address, as A and AAAA are asked for all the same: an address
 * of the other family, which is used if the host has such, stands for these.
 */
static void decide(const struct hints *hints, const uint8_t *name,
		   const struct chain *chain, uint16_t key, const uint8_t *value,
		   size_t size, struct filter *filter)
{
	static const uint8_t ipv4[4] = {192, 0, 2, 1}, ipv6[16] = {0x20, 1, 0x0d, 0xb8};
	const int family = key == SVCB_IPV4HINT ? AF_INET : AF_INET6;
	const size_t each = family == AF_INET ? 4 : 16;

	filter_begin(filter);
	for (size_t at = 0; at + each <= size && filter->count < FILTER_ADDRESSES - 1;
	     at += each)
		filter->list[filter->count++].addr = gp_addr_make(family, value + at, 0);
	filter->list[filter->count++].addr = family == AF_INET
						     ? gp_addr_make(AF_INET6, ipv6, 0)
						     : gp_addr_make(AF_INET, ipv4, 0);
	filter_decide_list(filter, hints->context, name, chain, type_of(key));
}

/* VALUE without what FILTER leaves out, to OUT; how many bytes. */
static size_t keep(const struct filter *filter, uint16_t key, const uint8_t *value,
		   size_t size, uint8_t *out)
{
	const int family = key == SVCB_IPV4HINT ? AF_INET : AF_INET6;
	const size_t each = family == AF_INET ? 4 : 16;
	size_t used = 0;

	for (size_t at = 0; at + each <= size; at += each) {
		const struct gp_addr addr = gp_addr_make(family, value + at, 0);
		if (filter_strips_address(filter, &addr))
			continue;
		memmove(out + used, value + at, each);
		used += each;
	}
	return used;
}

static void remember(struct hints *hints, const struct filter *filter)
{
	if (filter->outcome.acts ? !hints->filter->acts
				 : filter->outcome.would && !hints->filter->count)
		*hints->filter = *filter;
}

/* What is left of a hint: of the addresses as those of the name that was asked for, and
 * as those of the target, which is asked for next. */
static size_t keep_hint(struct hints *hints, uint16_t key, const uint8_t *value,
			size_t size, uint8_t *out)
{
	static struct filter filter;
	const uint8_t *names[2] = {hints->question->name, hints->target};
	size_t used = size;

	memcpy(out, value, size);
	for (size_t i = 0; i < 2 && used; i++) {
		if (i && wire_name_equal(names[1], names[0]))
			break;
		if (!filter_may_strip(hints->context, names[i], type_of(key)))
			continue;
		decide(hints, names[i], i ? NULL : hints->chain, key, out, used, &filter);
		remember(hints, &filter);
		if (filter.acts)
			used = keep(&filter, key, out, used, out);
	}
	return used;
}

/* ---- parameters ---- */

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

static bool is_hint(uint16_t key)
{
	return key == SVCB_IPV4HINT || key == SVCB_IPV6HINT;
}

/* What is left of the two hints, and where. */
struct left {
	bool is_there[2], is_changed;
	size_t size[2];
	uint8_t value[2][WIRE_MAX];
};

static unsigned place_of(uint16_t key)
{
	return key == SVCB_IPV6HINT;
}

/* RFC 9460 8: a key that is gone is not mandatory any more. */
static size_t keep_mandatory(const struct parameter *list, const struct left *left,
			     uint8_t *out)
{
	size_t used = 0;

	for (size_t at = 0; at + 2 <= list->size; at += 2) {
		const uint16_t key = wire_peek_u16(list->value + at);
		if (is_hint(key) && left->is_there[place_of(key)] &&
		    !left->size[place_of(key)])
			continue;
		memcpy(out + used, list->value + at, 2);
		used += 2;
	}
	return used;
}

/* In alias mode (priority 0) parameters mean nothing (RFC 9460 2.4.2). */
static bool has_parameters(const struct wire_rr *rr, struct wire_in *out,
			   uint8_t target[WIRE_NAME])
{
	*out = wire_read(rr->rdata, rr->rdlength);
	if (!wire_u16(out) || !wire_name(out, target) || out->at >= out->size)
		return false;
	/* "." is the owner (RFC 9460 2.5.2). */
	if (!target[0])
		memcpy(target, rr->owner, WIRE_NAME);
	return true;
}

/* False: it is no whole list. */
static bool look(struct hints *hints, struct wire_in in, struct left *left)
{
	struct parameter one;

	memset(left->is_there, 0, sizeof(left->is_there));
	left->is_changed = false;
	while (next_parameter(&in, &one)) {
		const unsigned place = place_of(one.key);
		if (!is_hint(one.key))
			continue;
		left->is_there[place] = true;
		left->size[place] = keep_hint(hints, one.key, one.value, one.size,
					      left->value[place]);
		left->is_changed |= left->size[place] != one.size;
	}
	return !in.failed;
}

static void put(struct wire_out *to, const struct parameter *one, const struct left *left)
{
	static uint8_t mandatory[WIRE_MAX];
	struct parameter put = *one;

	if (is_hint(one->key)) {
		put.size = (uint16_t)left->size[place_of(one->key)];
		put.value = left->value[place_of(one->key)];
	} else if (one->key == SVCB_MANDATORY) {
		put.size = (uint16_t)keep_mandatory(one, left, mandatory);
		put.value = mandatory;
	}
	if (!put.size && (is_hint(put.key) || put.key == SVCB_MANDATORY))
		return;
	wire_put_u16(to, put.key);
	wire_put_u16(to, put.size);
	wire_put_bytes(to, put.value, put.size);
}

size_t hints_filter(const struct question *question, const struct answer_context *context,
		    const struct reply *reply, const struct wire_rr *rr,
		    struct filter *filter, uint8_t out[WIRE_MAX])
{
	static struct left left;
	static struct chain chain;
	struct hints hints = {question, context, &chain, filter, ""};
	struct parameter one;
	struct wire_in in;
	struct wire_out to;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) || !context->guard ||
	    rr->class != WIRE_CLASS_IN || !has_parameters(rr, &in, hints.target))
		return 0;
	rules_chain(&chain, reply);
	if (!look(&hints, in, &left) || !left.is_changed)
		return 0;
	wire_write(&to, out, WIRE_MAX);
	wire_put_bytes(&to, rr->rdata, in.at);
	while (next_parameter(&in, &one))
		put(&to, &one, &left);
	return to.failed ? 0 : to.at;
}

/* VALUE without private addresses, to OUT; how many bytes. */
static size_t keep_public(const struct dns_config *config, const struct parameter *hint,
			  uint8_t *out, struct gp_addr *found)
{
	const int family = hint->key == SVCB_IPV4HINT ? AF_INET : AF_INET6;
	const size_t each = family == AF_INET ? 4 : 16;
	size_t used = 0;

	for (size_t at = 0; at + each <= hint->size; at += each) {
		const struct gp_addr addr = gp_addr_make(family, hint->value + at, 0);
		if (rebind_is_private(config, &addr)) {
			*found = addr;
			continue;
		}
		memcpy(out + used, hint->value + at, each);
		used += each;
	}
	return used;
}

size_t hints_without_private(const struct dns_config *config, const struct wire_rr *rr,
			     uint8_t out[WIRE_MAX], struct gp_addr *found)
{
	static struct left left;
	uint8_t target[WIRE_NAME];
	struct parameter one;
	struct wire_in in, again;
	struct wire_out to;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) ||
	    rr->class != WIRE_CLASS_IN || !has_parameters(rr, &in, target))
		return 0;
	again = in;
	left = (struct left){.is_changed = false};
	while (next_parameter(&again, &one)) {
		const unsigned place = place_of(one.key);
		if (!is_hint(one.key))
			continue;
		left.is_there[place] = true;
		left.size[place] = keep_public(config, &one, left.value[place], found);
		left.is_changed |= left.size[place] != one.size;
	}
	if (again.failed || !left.is_changed)
		return 0;
	wire_write(&to, out, WIRE_MAX);
	wire_put_bytes(&to, rr->rdata, in.at);
	while (next_parameter(&in, &one))
		put(&to, &one, &left);
	return to.failed ? 0 : to.at;
}

bool hints_change(struct filter *filter, const struct question *question,
		  const struct answer_context *context, const struct reply *reply)
{
	static uint8_t out[WIRE_MAX];
	struct reply_walk walk = {.has_begun = false};
	bool is_changed = false;

	filter_begin(filter);
	/* Signatures would fit no more. */
	if (!context->guard || (question->dnssec_ok && !context->config->filter_signed &&
				filter_is_signed(reply, question->type)))
		return false;
	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		is_changed |= hints_filter(question, context, reply, &walk.rr, filter,
					   out) != 0;
	return is_changed;
}

static bool has_hint_in(const struct wire_rr *rr, const struct gp_prefix *prefix)
{
	uint8_t target[WIRE_NAME];
	struct parameter one;
	struct gp_addr addr;
	struct wire_in in;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) ||
	    !has_parameters(rr, &in, target))
		return false;
	while (next_parameter(&in, &one))
		for (size_t at = 0; one.key == SVCB_IPV6HINT && at + 16 <= one.size;
		     at += 16) {
			addr = gp_addr_make(AF_INET6, one.value + at, 0);
			if (gp_prefix_match(prefix, &addr))
				return true;
		}
	return false;
}

bool reply_has_address_in(const struct answer_reply *from, const struct gp_prefix *prefix)
{
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr addr;
	struct reply reply;

	if (!reply_open(from, &reply))
		return false;
	while (reply_next(&reply, &walk) && walk.section == ANSWER_ANSWER)
		if (rr_is_address(&walk.rr, &addr) ? gp_prefix_match(prefix, &addr)
						   : has_hint_in(&walk.rr, prefix))
			return true;
	return false;
}
