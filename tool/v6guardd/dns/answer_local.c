/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_local.c - names that nobody needs to be asked for. */
#include <string.h>

#include "answer_private.h"

#define LOCAL_S 3600

static const uint8_t ipv4only[] = "\10ipv4only\4arpa";
/* RFC 7050 2.2. */
static const uint8_t well_known[2][4] = {{192, 0, 0, 170}, {192, 0, 0, 171}};

/* ---- ipv4only.arpa (RFC 8880 7.1) ---- */

/* A prefix for some IPv4 addresses alone would be taken for one for all. */
static void put_prefixes(struct builder *builder, const struct dns_config *config,
			 const uint8_t *owner)
{
	struct gp_addr ipv4, ipv6;

	for (size_t i = 0; i < config->prefix_count; i++)
		for (size_t j = 0; j < 2; j++) {
			ipv4 = gp_addr_make(AF_INET, well_known[j], 0);
			if (dns_prefix_is_for(config, i, &ipv4) &&
			    gp_nat64_embed(&config->prefixes[i], &ipv4, &ipv6) == GP_OK)
				builder_put(builder, ANSWER_ANSWER, owner, WIRE_AAAA,
					    LOCAL_S, ipv6.bytes, 16);
		}
}

static void answer_ipv4only(const struct question *question,
			    const struct answer_context *context, struct answer *out)
{
	const bool is_name = wire_name_equal(question->name, ipv4only);
	struct builder builder;

	builder_begin(&builder, question, out);
	out->flags |= WIRE_AA;
	if (is_name && question->type == WIRE_AAAA) {
		put_prefixes(&builder, context->config, question->name);
		if (builder.counts[ANSWER_ANSWER])
			out->ede = ANSWER_EDE_SYNTHESIZED;
		else
			builder_put_soa(&builder, ipv4only, LOCAL_S);
	} else if (is_name && question->type == WIRE_A) {
		for (size_t i = 0; i < 2; i++)
			builder_put(&builder, ANSWER_ANSWER, question->name, WIRE_A,
				    LOCAL_S, well_known[i], 4);
	} else {
		builder_put_soa(&builder, ipv4only, LOCAL_S);
	}
	builder_end(&builder, is_name ? WIRE_NOERROR : WIRE_NXDOMAIN, LOCAL_S);
}

/* NAME is the reverse of a prefix with one of the two addresses in it. */
static bool is_well_known_reverse(const uint8_t *name, const struct dns_config *config)
{
	struct gp_addr ipv6, ipv4;

	if (!answer_reverse6(name, &ipv6))
		return false;
	for (size_t i = 0; i < config->prefix_count; i++)
		if (gp_nat64_extract(&config->prefixes[i], &ipv6, &ipv4) == GP_OK &&
		    (!memcmp(ipv4.bytes, well_known[0], 4) ||
		     !memcmp(ipv4.bytes, well_known[1], 4)))
			return true;
	return false;
}

static void answer_reverse(const struct question *question, struct answer *out)
{
	struct builder builder;

	builder_begin(&builder, question, out);
	out->flags |= WIRE_AA;
	builder_put_name(&builder, ANSWER_ANSWER, question->name, WIRE_PTR, LOCAL_S,
			 ipv4only);
	builder_end(&builder, WIRE_NOERROR, LOCAL_S);
}

/* One record that says why (RFC 8482 4.2). */
static void answer_any(const struct question *question, struct answer *out)
{
	static const char hinfo[] = "\7RFC8482";
	struct builder builder;

	builder_begin(&builder, question, out);
	builder_put(&builder, ANSWER_ANSWER, question->name, WIRE_HINFO, LOCAL_S, hinfo,
		    sizeof(hinfo));
	builder_end(&builder, WIRE_NOERROR, LOCAL_S);
}

bool answer_local(const struct question *question, const struct answer_context *context,
		  struct answer *out)
{
	const bool acts = context->synthesizes && context->config->prefix_count;

	if (question->class != WIRE_CLASS_IN)
		return false;
	if (acts && question->type != WIRE_DS &&
	    wire_name_within(question->name, ipv4only)) {
		answer_ipv4only(question, context, out);
		return true;
	}
	if (acts && question->type == WIRE_PTR &&
	    is_well_known_reverse(question->name, context->config)) {
		answer_reverse(question, out);
		return true;
	}
	if (answer_ptr_named(question, context, out))
		return true;
	if (question->type == WIRE_ANY) {
		answer_any(question, out);
		return true;
	}
	return (!context->is_forwarded && !context->is_routed &&
		special_answer(question, context, out)) ||
	       block_local(question, context, out);
}
