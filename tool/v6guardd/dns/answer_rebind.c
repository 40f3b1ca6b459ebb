/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * answer_rebind.c - private addresses that public names have (`rebind = refuse`): a page
 * of somebody far away could have a browser here reach what is near by its own name. They
 * go out of what upstream said before anything is decided about it or made of it.
 */
#include <string.h>

#include "answer_private.h"

struct block {
	uint8_t bytes[16], length;
};

/* RFC 1122 3.2.1.3, 1918, 6598, 3927. */
static const struct block ipv4_blocks[] = {
	{{0}, 8},         {{10}, 8},       {{100, 64}, 10},  {{127}, 8},
	{{169, 254}, 16}, {{172, 16}, 12}, {{192, 168}, 16},
};

/* The unspecified address and loopback, mapped ones, RFC 4193, link-local. */
static const struct block ipv6_blocks[] = {
	{{0}, 127},
	{{[10] = 0xff, [11] = 0xff}, 96},
	{{0xfc}, 7},
	{{0xfe, 0x80}, 10},
};

static bool is_in_any(const struct block *blocks, size_t count,
		      const struct gp_addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		const struct gp_prefix prefix = {
			gp_addr_make(addr->family, blocks[i].bytes, 0), blocks[i].length};
		if (gp_prefix_match(&prefix, addr))
			return true;
	}
	return false;
}

static bool is_private4(const struct gp_addr *ipv4)
{
	return is_in_any(ipv4_blocks, sizeof(ipv4_blocks) / sizeof(ipv4_blocks[0]), ipv4);
}

static bool embeds_private(const struct gp_prefix *prefix, const struct gp_addr *addr)
{
	struct gp_addr ipv4;

	return gp_nat64_extract(prefix, addr, &ipv4) == GP_OK && is_private4(&ipv4);
}

bool rebind_is_private(const struct dns_config *config, const struct gp_addr *addr)
{
	static const uint8_t bytes[16] = {0x00, 0x64, 0xff, 0x9b};
	const struct gp_prefix well_known = {gp_addr_make(AF_INET6, bytes, 0), 96};

	if (addr->family == AF_INET)
		return is_private4(addr);
	if (is_in_any(ipv6_blocks, sizeof(ipv6_blocks) / sizeof(ipv6_blocks[0]), addr) ||
	    embeds_private(&well_known, addr))
		return true;
	for (size_t i = 0; i < config->prefix_count; i++)
		if (embeds_private(&config->prefixes[i], addr))
			return true;
	return false;
}

/* Names that nobody can have in the public tree (RFC 6761, 6762, 8375; .internal is
 * ICANN's for private use), and those of one label. */
static bool is_private_name(const uint8_t *name)
{
	static const uint8_t zones[][11] = {"\11localhost", "\4home\4arpa", "\10internal",
					    "\5local", "\4test"};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (wire_name_within(name, zones[i]))
			return true;
	return name[0] && !name[1 + name[0]];
}

bool rebind_concerns(const struct question *question,
		     const struct answer_context *context)
{
	return context->config->rebind == DNS_REBIND_REFUSE &&
	       question->class == WIRE_CLASS_IN && !context->is_forwarded &&
	       !context->is_routed && !is_private_name(question->name) &&
	       !dns_rebind_is_allowed(context->config, question->name);
}

/* ---- one record ---- */

/* RR has private addresses: RDATA without them goes to LEFT, and how many bytes that are
 * to *SIZE; 0: nothing is left of it. The first one to *FOUND. */
static bool is_touched(const struct dns_config *config, const struct wire_rr *rr,
		       uint8_t left[WIRE_MAX], size_t *size, struct gp_addr *found)
{
	struct gp_addr addr;

	*size = 0;
	if (rr_is_address(rr, &addr)) {
		if (!rebind_is_private(config, &addr))
			return false;
		*found = addr;
		return true;
	}
	*size = hints_without_private(config, rr, left, found);
	return *size;
}

/* Which types of the answer have lost something, as bits; or what stands by the side. */
enum { LOST_A = 1, LOST_AAAA = 2, LOST_HINTS = 4, LOST_ASIDE = 8 };

static unsigned lost_bit(uint16_t type)
{
	return type == WIRE_A                            ? LOST_A
	       : type == WIRE_AAAA                       ? LOST_AAAA
	       : type == WIRE_HTTPS || type == WIRE_SVCB ? LOST_HINTS
							 : 0;
}

static unsigned find_lost(const struct dns_config *config, const struct reply *reply,
			  struct gp_addr *first)
{
	static uint8_t left[WIRE_MAX];
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr found;
	unsigned lost = 0;
	size_t size;

	*first = (struct gp_addr){.family = AF_UNSPEC};
	while (reply_next(reply, &walk)) {
		if (!is_touched(config, &walk.rr, left, &size, &found))
			continue;
		if (walk.section == ANSWER_ANSWER && !first->family)
			*first = found;
		lost |= walk.section == ANSWER_ANSWER ? lost_bit(walk.rr.type)
						      : LOST_ASIDE;
	}
	return lost;
}

/* ---- the reply ---- */

/* Where CNAMEs lead from the question: the end that is denied (RFC 2308 2.2). */
static void follow(const struct reply *reply, const struct wire_rr *rr,
		   uint8_t end[WIRE_NAME])
{
	struct wire_in in = reply->in;
	uint8_t target[WIRE_NAME];

	in.at = rr->rdata_at;
	in.failed = false;
	if (rr->type == WIRE_CNAME && wire_name(&in, target))
		memcpy(end, target, wire_name_length(target));
}

/* RR answers, or says that there is no answer. */
static bool is_word(const struct reply_walk *walk)
{
	const uint16_t type = walk->rr.type;

	if (walk->section == ANSWER_AUTHORITY)
		return type == WIRE_SOA;
	return type != WIRE_CNAME && type != WIRE_DNAME && type != WIRE_RRSIG;
}

/* Whoever needs what stands by the side asks for it; signatures fit no more. */
static void put_rest(struct builder *builder, const struct dns_config *config,
		     const struct reply *reply, unsigned lost, uint8_t end[WIRE_NAME],
		     bool *has_some)
{
	static uint8_t left[WIRE_MAX];
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr found;
	size_t size;

	*has_some = false;
	while (reply_next(reply, &walk) && walk.section != ANSWER_ADDITIONAL) {
		const bool is_lost = is_touched(config, &walk.rr, left, &size, &found);
		if (walk.section == ANSWER_ANSWER)
			follow(reply, &walk.rr, end);
		if ((is_lost && !size) || lost & lost_bit(rr_signed_type(&walk.rr)))
			continue;
		*has_some |= is_word(&walk);
		if (is_lost)
			builder_put(builder, walk.section, walk.rr.owner, walk.rr.type,
				    walk.rr.ttl, left, size);
		else
			pass_record(builder, reply, &walk, ANSWER_FOREVER);
	}
}

bool rebind_clean(const struct question *question, const struct answer_context *context,
		  const struct answer_reply *from, struct answer_reply *out)
{
	static struct answer made;
	static uint8_t bytes[WIRE_MAX];
	uint8_t end[WIRE_NAME];
	struct builder builder;
	struct gp_addr first;
	struct reply reply;
	unsigned lost;
	bool has_some;

	if (!rebind_concerns(question, context) || !reply_open(from, &reply))
		return false;
	lost = find_lost(context->config, &reply, &first);
	if (!lost)
		return false;
	made.bytes = bytes;
	memcpy(end, question->name, question->name_length);
	builder_begin(&builder, question, &made);
	put_rest(&builder, context->config, &reply, lost, end, &has_some);
	if (!has_some)
		builder_put_soa(&builder, end, ANSWER_OWN_S);
	builder_end(&builder, reply_rcode(&reply), ANSWER_FOREVER);
	*out = *from;
	out->packet = bytes;
	out->size = made.size;
	out->is_secure = false;
	out->rebound = first;
	return true;
}

void rebind_note(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out)
{
	static const char said[] = "[resolver] rebind";
	const bool is_other = dns64_may_make(question, context) && other &&
			      other->rebound.family &&
			      !answer_has_records(question, main);

	if (!(main && main->rebound.family) && !is_other)
		return;
	out->is_rebound = true;
	if (out->ede != ANSWER_EDE_NONE)
		return;
	out->ede = ANSWER_EDE_FILTERED;
	memcpy(out->decision.by, said, sizeof(said));
}
