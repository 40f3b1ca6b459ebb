/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_hints.c - HTTPS and SVCB (RFC 9460): what becomes of a hint is what becomes of
 * the address, left out, overridden or made. */
#include <string.h>

#include "answer_private.h"

/* SvcParamKeys (RFC 9460 14.3.2). */
enum { SVCB_MANDATORY = 0, SVCB_IPV4HINT = 4, SVCB_IPV6HINT = 6 };

/* A hint, or none. */
struct hint {
	bool is_there;
	size_t size;
	uint8_t value[WIRE_MAX];
};

/* One record in the making. */
struct hints {
	const struct question *question;
	const struct answer_context *context;
	const struct chain *chain;
	const struct answer_reply *other; /* about the other type of address, or NULL */
	struct filter *filter; /* what decided last, of what did something first */
	uint8_t target[WIRE_NAME];
	struct hint were[2], are[2]; /* ipv4hint, ipv6hint */
	bool is_changed;
};

static unsigned place_of(uint16_t key)
{
	return key == SVCB_IPV6HINT;
}

/* ---- addresses ---- */

static uint16_t type_of(uint16_t key)
{
	return key == SVCB_IPV4HINT ? WIRE_A : WIRE_AAAA;
}

static uint16_t partner_of(uint16_t key)
{
	return key == SVCB_IPV4HINT ? WIRE_AAAA : WIRE_A;
}

static size_t bytes_of(uint16_t type)
{
	return type == WIRE_A ? 4 : 16;
}

static struct gp_addr address_of(uint16_t type, const uint8_t *bytes)
{
	return gp_addr_make(type == WIRE_A ? AF_INET : AF_INET6, bytes, 0);
}

/* DNS64 acts for NAME. */
static bool makes_for(const struct hints *hints, const uint8_t *name)
{
	return answer_is_for_dns64(hints->question, hints->context) &&
	       !dns_is_excluded(hints->context->config, name);
}

static void add(struct filter *filter, uint16_t type, const uint8_t *value, size_t size)
{
	const size_t each = bytes_of(type);

	for (size_t at = 0; at + each <= size && filter->count < FILTER_ADDRESSES - 1;
	     at += each)
		filter->list[filter->count++].addr = address_of(type, value + at);
}

static bool is_known(const struct answer_reply *other, struct reply *reply)
{
	return reply_open(other, reply) && !other->is_bogus &&
	       (reply_rcode(reply) == WIRE_NOERROR ||
		reply_rcode(reply) == WIRE_NXDOMAIN);
}

/* Addresses of the other type: the record's own hint, or what was said about them; if
 * neither is there, one that is supposed. */
static void add_partners(const struct hints *hints, uint16_t key, bool supposes,
			 struct filter *filter)
{
	static const uint8_t any4[4] = {192, 0, 2, 1}, any6[16] = {0x20, 1, 0x0d, 0xb8};
	const uint16_t type = partner_of(key);
	const struct hint *hint = &hints->were[!place_of(key)];
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr addr;
	struct reply reply;

	if (hint->is_there) {
		add(filter, type, hint->value, hint->size);
	} else if (is_known(hints->other, &reply)) {
		while (reply_next(&reply, &walk) && walk.section == ANSWER_ANSWER)
			if (walk.rr.type == type && rr_is_address(&walk.rr, &addr))
				add(filter, type, addr.bytes, bytes_of(type));
	} else if (supposes) {
		filter->supposes = filter->makes;
		add(filter, type, type == WIRE_A ? any4 : any6, bytes_of(type));
	}
}

static void decide(const struct hints *hints, unsigned which, uint16_t key,
		   const uint8_t *value, size_t size, bool supposes,
		   struct filter *filter)
{
	const uint8_t *name = which ? hints->target : hints->question->name;

	filter_begin(filter);
	filter->makes = key == SVCB_IPV6HINT && makes_for(hints, name);
	add(filter, type_of(key), value, size);
	add_partners(hints, key, supposes, filter);
	filter_decide_list(filter, hints->context, name, which ? NULL : hints->chain,
			   type_of(key));
}

/* VALUE without what FILTER leaves out, to OUT; how many bytes. */
static size_t keep(const struct filter *filter, uint16_t key, const uint8_t *value,
		   size_t size, uint8_t *out)
{
	const size_t each = bytes_of(type_of(key));
	size_t used = 0;

	for (size_t at = 0; at + each <= size; at += each) {
		const struct gp_addr addr = address_of(type_of(key), value + at);
		if (filter_strips_address(filter, &addr))
			continue;
		memmove(out + used, value + at, each);
		used += each;
	}
	return used;
}

/* Without AAAA that count as none. */
static size_t keep_included(const struct hints *hints, uint8_t *value, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at + 16 <= size; at += 16) {
		const struct gp_addr addr = address_of(WIRE_AAAA, value + at);
		if (dns_list_has(&hints->context->config->exclude_aaaa, &addr))
			continue;
		memmove(value + used, value + at, 16);
		used += 16;
	}
	return used;
}

static void remember(struct hints *hints, const struct filter *filter)
{
	if (filter->outcome.acts ? !hints->filter->acts
				 : filter->outcome.would && !hints->filter->count)
		*hints->filter = *filter;
}

/* ---- in place of what went ---- */

static size_t put_made(const struct answer_context *context, const uint8_t *ipv4,
		       size_t size, uint8_t *out)
{
	struct gp_addr from, made;
	size_t used = 0;

	for (size_t at = 0; at + 4 <= size; at += 4)
		for (size_t i = 0; i < context->config->prefix_count; i++) {
			from = address_of(WIRE_A, ipv4 + at);
			if (used + 16 > WIRE_MAX ||
			    answer_embeds_not(context, i, &from) ||
			    gp_nat64_embed(&context->config->prefixes[i], &from, &made) !=
				    GP_OK)
				continue;
			memcpy(out + used, made.bytes, 16);
			used += 16;
		}
	return used;
}

/* What FILTER's rule overrides all addresses with. */
static size_t put_override(const struct hints *hints, const struct filter *filter,
			   bool makes, uint16_t key, uint8_t *out)
{
	const struct gp_addr *addr;
	struct gp_guard_rule rule;

	if (!filter->count || filter->list[0].action != GP_DO_BLOCK ||
	    !gp_rules_get(hints->context->rules, filter->list[0].rule - 1U, &rule) ||
	    rule.response != GP_OVERRIDE || rule.override_name[0])
		return 0;
	addr = &rule.override_address;
	if (addr->family == AF_INET && makes)
		return put_made(hints->context, addr->bytes, 4, out);
	if (addr->family != (key == SVCB_IPV4HINT ? AF_INET : AF_INET6))
		return 0;
	memcpy(out, addr->bytes, bytes_of(type_of(key)));
	return bytes_of(type_of(key));
}

static bool prefers_ipv4(const struct filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		if (filter->list[i].action == GP_DO_PREFER_IPV4)
			return true;
	return false;
}

/* FILTER: what took the last one; NULL: they were excluded. */
static size_t replace(const struct hints *hints, const struct filter *filter,
		      uint16_t key, uint8_t *out)
{
	const bool makes = key == SVCB_IPV6HINT &&
			   makes_for(hints, hints->question->name) &&
			   makes_for(hints, hints->target);
	struct answer_context to = *hints->context;

	if (filter && filter->count && filter->list[0].action == GP_DO_BLOCK)
		return put_override(hints, filter, makes, key, out);
	if (!makes || !hints->are[0].is_there || (filter && prefers_ipv4(filter)))
		return 0;
	to.is_taken = filter != NULL;
	return put_made(&to, hints->are[0].value, hints->are[0].size, out);
}

/* What is left of a hint: of the addresses as those of the name that was asked for, and
 * as those of the target, which is asked for next. */
static size_t keep_hint(struct hints *hints, uint16_t key, const uint8_t *value,
			size_t size, uint8_t *out)
{
	static struct filter filter;
	const uint8_t *names[2] = {hints->question->name, hints->target};
	const struct filter *last = NULL;
	size_t used = size;

	memcpy(out, value, size);
	for (unsigned i = 0; i < 2 && used; i++) {
		if (i && wire_name_equal(names[1], names[0]))
			break;
		if (key == SVCB_IPV6HINT && makes_for(hints, names[i]))
			used = keep_included(hints, out, used);
		if (!used || !filter_may_strip(hints->context, names[i], type_of(key)))
			continue;
		decide(hints, i, key, out, used, true, &filter);
		remember(hints, &filter);
		if (filter.acts)
			used = keep(&filter, key, out, used, out);
		last = &filter;
	}
	return used || !size ? used : replace(hints, last, key, out);
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

/* RFC 9460 8: a key that is gone is not mandatory any more. */
static size_t keep_mandatory(const struct parameter *list, const struct hints *hints,
			     uint8_t *out)
{
	size_t used = 0;

	for (size_t at = 0; at + 2 <= list->size; at += 2) {
		const uint16_t key = wire_peek_u16(list->value + at);
		if (is_hint(key) && hints->are[place_of(key)].is_there &&
		    !hints->are[place_of(key)].size)
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

/* The two hints as they are; false: it is no whole list. */
static bool look(struct hints *hints, struct wire_in in)
{
	struct parameter one;

	hints->were[0].is_there = hints->were[1].is_there = false;
	while (next_parameter(&in, &one)) {
		struct hint *hint = &hints->were[place_of(one.key)];
		if (!is_hint(one.key))
			continue;
		hint->is_there = true;
		hint->size = one.size;
		memcpy(hint->value, one.value, one.size);
	}
	return !in.failed;
}

/* And as they are to be: of ipv4hint something may be made. */
static void change(struct hints *hints)
{
	hints->is_changed = false;
	for (unsigned i = 0; i < 2; i++) {
		const struct hint *was = &hints->were[i];
		struct hint *is = &hints->are[i];
		is->is_there = was->is_there;
		is->size = was->is_there
				   ? keep_hint(hints, i ? SVCB_IPV6HINT : SVCB_IPV4HINT,
					       was->value, was->size, is->value)
				   : 0;
		hints->is_changed |=
			is->is_there && (is->size != was->size ||
					 memcmp(is->value, was->value, is->size) != 0);
	}
}

static void put(struct wire_out *to, const struct parameter *one,
		const struct hints *hints)
{
	static uint8_t mandatory[WIRE_MAX];
	struct parameter put = *one;

	if (is_hint(one->key)) {
		put.size = (uint16_t)hints->are[place_of(one->key)].size;
		put.value = hints->are[place_of(one->key)].value;
	} else if (one->key == SVCB_MANDATORY) {
		put.size = (uint16_t)keep_mandatory(one, hints, mandatory);
		put.value = mandatory;
	}
	if (!put.size && (is_hint(put.key) || put.key == SVCB_MANDATORY))
		return;
	wire_put_u16(to, put.key);
	wire_put_u16(to, put.size);
	wire_put_bytes(to, put.value, put.size);
}

/* RR's RDATA with the hints as they are to be, to OUT; its size, 0: it does not fit. */
static size_t write_record(const struct hints *hints, const struct wire_rr *rr,
			   struct wire_in in, uint8_t out[WIRE_MAX])
{
	struct parameter one;
	struct wire_out to;

	wire_write(&to, out, WIRE_MAX);
	wire_put_bytes(&to, rr->rdata, in.at);
	while (next_parameter(&in, &one))
		put(&to, &one, hints);
	return to.failed ? 0 : to.at;
}

/* RR has hints, which are read to HINTS; IN stands where parameters begin. */
static bool begin(struct hints *hints, const struct question *question,
		  const struct answer_context *context, const struct reply *reply,
		  const struct wire_rr *rr, struct wire_in *in)
{
	static struct chain chain;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) ||
	    rr->class != WIRE_CLASS_IN || !has_parameters(rr, in, hints->target))
		return false;
	rules_chain(&chain, reply);
	hints->question = question;
	hints->context = context;
	hints->chain = &chain;
	return look(hints, *in);
}

size_t hints_filter(const struct question *question, const struct answer_context *context,
		    const struct reply *reply, const struct wire_rr *rr,
		    const struct answer_reply *other, struct filter *filter,
		    uint8_t out[WIRE_MAX])
{
	static struct hints hints;
	struct wire_in in;

	hints.other = other;
	hints.filter = filter;
	if (!begin(&hints, question, context, reply, rr, &in))
		return 0;
	change(&hints);
	return hints.is_changed ? write_record(&hints, rr, in, out) : 0;
}

/* HINT without private addresses, to OUT; how many bytes. */
static size_t keep_public(const struct dns_config *config, uint16_t type,
			  const struct hint *hint, uint8_t *out, struct gp_addr *found)
{
	const size_t each = bytes_of(type);
	size_t used = 0;

	for (size_t at = 0; at + each <= hint->size; at += each) {
		const struct gp_addr addr = address_of(type, hint->value + at);
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
	static struct hints hints;
	struct wire_in in;

	if ((rr->type != WIRE_HTTPS && rr->type != WIRE_SVCB) ||
	    rr->class != WIRE_CLASS_IN || !has_parameters(rr, &in, hints.target) ||
	    !look(&hints, in))
		return 0;
	hints.is_changed = false;
	for (unsigned i = 0; i < 2; i++) {
		const struct hint *was = &hints.were[i];
		struct hint *is = &hints.are[i];
		is->is_there = was->is_there;
		is->size = was->is_there ? keep_public(config, i ? WIRE_AAAA : WIRE_A,
						       was, is->value, found)
					 : 0;
		hints.is_changed |= is->is_there && is->size != was->size;
	}
	return hints.is_changed ? write_record(&hints, rr, in, out) : 0;
}

/* Signatures would fit no more. */
static bool has_to_stay(const struct question *question,
			const struct answer_context *context, const struct reply *reply)
{
	return question->dnssec_ok && !context->config->filter_signed &&
	       filter_is_signed(reply, question->type);
}

bool hints_change(struct filter *filter, const struct question *question,
		  const struct answer_context *context, const struct reply *reply,
		  const struct answer_reply *other)
{
	static uint8_t out[WIRE_MAX];
	struct reply_walk walk = {.has_begun = false};
	bool is_changed = false;

	filter_begin(filter);
	if (has_to_stay(question, context, reply))
		return false;
	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		is_changed |= hints_filter(question, context, reply, &walk.rr, other,
					   filter, out) != 0;
	return is_changed;
}

/* What becomes of the hint depends on whether there are addresses of the other type. */
static bool depends(const struct hints *hints, unsigned which, uint16_t key)
{
	static struct filter alone, both;
	const struct hint *hint = &hints->were[place_of(key)];
	const uint8_t *name = which ? hints->target : hints->question->name;

	if (!hint->is_there || hints->were[!place_of(key)].is_there ||
	    !filter_may_strip(hints->context, name, type_of(key)))
		return false;
	decide(hints, which, key, hint->value, hint->size, false, &alone);
	decide(hints, which, key, hint->value, hint->size, true, &both);
	for (size_t i = 0; i < alone.count; i++)
		if (gp_is_stripped(&alone.list[i]) != gp_is_stripped(&both.list[i]))
			return true;
	return false;
}

uint16_t hints_need(const struct question *question, const struct answer_context *context,
		    const struct reply *reply, uint8_t target[WIRE_NAME])
{
	static struct hints hints;
	struct reply_walk walk = {.has_begun = false};
	struct wire_in in;

	if ((question->type != WIRE_HTTPS && question->type != WIRE_SVCB) ||
	    has_to_stay(question, context, reply))
		return 0;
	hints.other = NULL;
	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER) {
		if (!begin(&hints, question, context, reply, &walk.rr, &in))
			continue;
		memcpy(target, hints.target, wire_name_length(hints.target));
		for (unsigned i = 0; i < 4; i++) {
			const uint16_t key = i & 1 ? SVCB_IPV4HINT : SVCB_IPV6HINT;
			if (depends(&hints, i / 2, key))
				return partner_of(key);
		}
	}
	return 0;
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
