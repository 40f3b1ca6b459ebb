/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_special.c - names that mean the same everywhere, or something else in each
 * network: IANA's special-use domain names, and the reverse zones of RFC 6303. */
#include <string.h>

#include "answer_private.h"

#define SPECIAL_S 3600

enum kind {
	LOOPBACK, /* its addresses are this host's, whatever is below it */
	NEVER,    /* it is in no DNS */
	NOTHING,  /* it exists, and has no records for those who ask here */
	SITE, /* the servers of a network may know it, those of the internet never do */
};

/* What is not here is asked for as any other name, or is localhost's reverse, which
 * libunbound knows. */
static const struct special {
	const char *zone;
	uint8_t length;
	uint8_t first,
		last; /* for zones below it that are called by such numbers; 0: it */
	enum kind kind;
} specials[] = {
#define ZONE(zone, kind)                                                                 \
	{                                                                                \
		zone, sizeof(zone), 0, 0, kind                                           \
	}
	ZONE("\11localhost", LOOPBACK),               /* RFC 6761 6.3 */
	ZONE("\7invalid", NEVER),                     /* 6.4 */
	ZONE("\4test", SITE),                         /* 6.2 */
	ZONE("\5onion", NEVER),                       /* RFC 7686 2 */
	ZONE("\5local", NEVER),                       /* RFC 6762 22.1 */
	ZONE("\003254\003169\7in-addr\4arpa", NEVER), /* and the rest of 22.1 */
	ZONE("\0018\1e\1f\3ip6\4arpa", NEVER),
	ZONE("\0019\1e\1f\3ip6\4arpa", NEVER),
	ZONE("\1a\1e\1f\3ip6\4arpa", NEVER),
	ZONE("\1b\1e\1f\3ip6\4arpa", NEVER),
	ZONE("\10resolver\4arpa", NOTHING),  /* RFC 9462 6.1 */
	ZONE("\4home\4arpa", SITE),          /* RFC 8375 4 */
	ZONE("\7service\4arpa", SITE),       /* RFC 9665 */
	ZONE("\00210\7in-addr\4arpa", SITE), /* RFC 1918, 6761 6.1 */
	{"\003172\7in-addr\4arpa", sizeof("\003172\7in-addr\4arpa"), 16, 31, SITE},
	ZONE("\003168\003192\7in-addr\4arpa", SITE),
	{"\003100\7in-addr\4arpa", sizeof("\003100\7in-addr\4arpa"), 64, 127,
	 SITE},                             /* RFC 7793 */
	ZONE("\0010\7in-addr\4arpa", SITE), /* RFC 6303 4.2 and on */
	ZONE("\0012\0010\003192\7in-addr\4arpa", SITE),
	ZONE("\003100\00251\003198\7in-addr\4arpa", SITE),
	ZONE("\003113\0010\003203\7in-addr\4arpa", SITE),
	ZONE("\003255\003255\003255\003255\7in-addr\4arpa", SITE),
#define NIBBLES_0 "\0010\0010\0010\0010\0010\0010\0010\0010"
	ZONE(NIBBLES_0 NIBBLES_0 NIBBLES_0 NIBBLES_0 "\3ip6\4arpa", SITE),
#undef NIBBLES_0
	ZONE("\1d\1f\3ip6\4arpa", SITE),
	ZONE("\0018\1b\1d\0010\0011\0010\0010\0012\3ip6\4arpa", SITE),
#undef ZONE
};

/* The number that LABEL is in decimal; 0: none. */
static unsigned number_of(const uint8_t *label)
{
	unsigned number = 0;

	for (unsigned i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9' || i > 3)
			return 0;
		number = number * 10 + label[i] - '0';
	}
	return number;
}

/* Where SPECIAL's zone begins in QUESTION's name; NULL: the name is in another one. */
static const uint8_t *zone_in(const struct question *question,
			      const struct special *special)
{
	const uint8_t *name = question->name, *above = NULL, *end;

	if (question->name_length < special->length)
		return NULL;
	end = name + question->name_length - special->length;
	if (memcmp(end, special->zone, special->length) != 0)
		return NULL;
	while (name < end) {
		above = name;
		name += 1U + *name;
	}
	if (name != end)
		return NULL;
	if (!special->last)
		return end;
	return above && number_of(above) >= special->first &&
			       number_of(above) <= special->last
		       ? above
		       : NULL;
}

static void answer_localhost(const struct question *question, const uint8_t *zone,
			     struct answer *out)
{
	static const uint8_t ipv4[4] = {127, 0, 0, 1}, ipv6[16] = {[15] = 1};
	struct builder builder;

	builder_begin(&builder, question, out);
	if (question->type == WIRE_A)
		builder_put(&builder, ANSWER_ANSWER, question->name, WIRE_A, SPECIAL_S,
			    ipv4, sizeof(ipv4));
	else if (question->type == WIRE_AAAA)
		builder_put(&builder, ANSWER_ANSWER, question->name, WIRE_AAAA, SPECIAL_S,
			    ipv6, sizeof(ipv6));
	else
		builder_put_soa(&builder, zone, SPECIAL_S);
	builder_end(&builder, WIRE_NOERROR, SPECIAL_S);
}

static void answer_denied(const struct question *question, const uint8_t *zone,
			  enum wire_rcode rcode, struct answer *out)
{
	struct builder builder;

	builder_begin(&builder, question, out);
	builder_put_soa(&builder, zone, SPECIAL_S);
	builder_end(&builder, rcode, SPECIAL_S);
}

static bool answer_by(const struct special *special, const uint8_t *zone,
		      const struct question *question,
		      const struct answer_context *context, struct answer *out)
{
	/* Whether a zone is signed is said in the one above it. */
	const bool is_above = question->type == WIRE_DS && zone == question->name;

	switch (special->kind) {
	case LOOPBACK:
		answer_localhost(question, zone, out);
		return true;
	case NEVER:
		answer_denied(question, zone, WIRE_NXDOMAIN, out);
		return true;
	case NOTHING:
		if (!is_above)
			answer_denied(question, zone, WIRE_NOERROR, out);
		return !is_above;
	case SITE:
		if (is_above || !context->config->is_recursive)
			return false;
		answer_denied(question, zone, WIRE_NXDOMAIN, out);
		return true;
	}
	return false;
}

bool special_answer(const struct question *question, const struct answer_context *context,
		    struct answer *out)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		const uint8_t *zone = zone_in(question, &specials[i]);
		if (zone)
			return answer_by(&specials[i], zone, question, context, out);
	}
	return false;
}
