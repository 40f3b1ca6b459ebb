/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_ptr.c - names of addresses that were made (RFC 6147 5.3.1). */
#include <string.h>

#include "answer_private.h"

#define TARGET_S 600
#define FOREVER (7U * 24 * 3600)

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool answer_reverse6(const uint8_t *name, struct gp_addr *out)
{
	static const uint8_t zone[] = "\3ip6\4arpa";
	uint8_t bytes[16] = {0};

	for (unsigned i = 0; i < 32; i++, name += 2) {
		const int value = name[0] == 1 ? nibble(name[1]) : -1;
		if (value < 0)
			return false;
		bytes[15 - i / 2] |= (uint8_t)(i % 2 ? value << 4 : value);
	}
	*out = gp_addr_make(AF_INET6, bytes, 0);
	return wire_name_equal(name, zone);
}

static void reverse4(const struct gp_addr *ipv4, uint8_t out[WIRE_NAME])
{
	static const uint8_t zone[] = "\7in-addr\4arpa";
	size_t at = 0;

	for (int i = 3; i >= 0; i--) {
		const uint8_t octet = ipv4->bytes[i];
		const uint8_t digits = octet >= 100 ? 3 : octet >= 10 ? 2 : 1;
		out[at++] = digits;
		if (digits == 3)
			out[at++] = (uint8_t)('0' + octet / 100);
		if (digits >= 2)
			out[at++] = (uint8_t)('0' + octet / 10 % 10);
		out[at++] = (uint8_t)('0' + octet % 10);
	}
	memcpy(out + at, zone, sizeof(zone));
}

/* A prefix may be in another one: the longest is the one that is meant. */
static bool extract(const struct dns_config *config, const struct gp_addr *ipv6,
		    struct gp_addr *out)
{
	const struct gp_prefix *found = NULL;
	struct gp_addr ipv4;

	for (size_t i = 0; i < config->prefix_count; i++) {
		const struct gp_prefix *one = &config->prefixes[i];
		if ((found && found->length >= one->length) ||
		    gp_nat64_extract(one, ipv6, &ipv4) != GP_OK)
			continue;
		found = one;
		*out = ipv4;
	}
	return found != NULL;
}

bool answer_ptr_target(const struct question *question,
		       const struct answer_context *context, uint8_t target[WIRE_NAME])
{
	struct gp_addr ipv6, ipv4;

	if (question->type != WIRE_PTR || !answer_is_for_dns64(question, context) ||
	    !answer_reverse6(question->name, &ipv6) ||
	    !extract(context->config, &ipv6, &ipv4))
		return false;
	reverse4(&ipv4, target);
	return true;
}

bool answer_ptr_named(const struct question *question,
		      const struct answer_context *context, struct answer *out)
{
	const uint8_t *name = context->config->ptr_name;
	uint8_t target[WIRE_NAME];
	struct builder builder;

	if (!name[0] || !answer_ptr_target(question, context, target))
		return false;
	builder_begin(&builder, question, out);
	out->flags |= WIRE_AA;
	out->is_synthesized = true;
	out->ede = ANSWER_EDE_SYNTHESIZED;
	builder_put_name(&builder, ANSWER_ANSWER, question->name, WIRE_PTR, TARGET_S,
			 name);
	builder_end(&builder, WIRE_NOERROR, TARGET_S);
	return true;
}

/* The answer section, for who sees signatures or not. */
static void put_answers(struct builder *builder, const struct question *question,
			const struct answer_context *context, const struct reply *reply)
{
	const bool may_see =
		question->dnssec_ok && dns_dnssec_of(context->config, question->name,
						     question->type) != DNS_DNSSEC_OFF;
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (may_see || walk.rr.type != WIRE_RRSIG)
			builder_count(builder, ANSWER_ANSWER,
				      wire_put_rr(&builder->out, &reply->in, &walk.rr,
						  walk.rr.ttl));
}

/* Each PTR of a chain, under the name that was asked for. */
static void put_collapsed(struct builder *builder, const struct question *question,
			  const struct reply *reply)
{
	struct reply_walk walk = {.has_begun = false};
	uint8_t name[WIRE_NAME];

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER) {
		struct wire_in in = reply->in;
		in.at = walk.rr.rdata_at;
		in.failed = false;
		if (walk.rr.type == WIRE_PTR && wire_name(&in, name))
			builder_put_name(builder, ANSWER_ANSWER, question->name, WIRE_PTR,
					 walk.rr.ttl, name);
	}
}

/* A CNAME to the IPv4 name; where a CNAME is there already, its PTR under the name that
 * was asked for, as no CNAME may lead to one that we made. */
void answer_ptr(const struct question *question, const struct answer_context *context,
		const struct reply *reply, const uint8_t *target, struct answer *out)
{
	const enum wire_rcode rcode = reply_rcode(reply);
	const bool is_failure = rcode != WIRE_NOERROR && rcode != WIRE_NXDOMAIN;
	struct builder builder;

	builder_begin(&builder, question, out);
	if (reply_has(reply, WIRE_PTR)) {
		out->is_synthesized = true;
		out->ede = ANSWER_EDE_SYNTHESIZED;
	}
	if (reply_has(reply, WIRE_PTR) && reply_has(reply, WIRE_CNAME)) {
		put_collapsed(&builder, question, reply);
	} else if (reply_has(reply, WIRE_PTR)) {
		builder_put_name(&builder, ANSWER_ANSWER, question->name, WIRE_CNAME,
				 TARGET_S, target);
		put_answers(&builder, question, context, reply);
	} else if (!is_failure) {
		builder_put_soa(&builder, question->name, ANSWER_OWN_S);
	}
	builder_end(&builder, rcode, is_failure ? ANSWER_FAILED_S : FOREVER);
}
