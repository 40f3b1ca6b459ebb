/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_private.h - what answer*.c share: putting a message together. */
#ifndef TOOL_V6GUARDD_DNS_ANSWER_PRIVATE_H
#define TOOL_V6GUARDD_DNS_ANSWER_PRIVATE_H

#include "answer.h"

/** Seconds that failures are kept (RFC 9520 3.2), and negative answers of our own. */
#define ANSWER_FAILED_S 5
#define ANSWER_OWN_S 30

enum answer_section { ANSWER_ANSWER = 1, ANSWER_AUTHORITY, ANSWER_ADDITIONAL };

struct builder {
	struct answer *answer;
	struct wire_out out;
	uint16_t counts[4]; /* of the header */
	uint32_t least;     /* of all TTLs; UINT32_MAX: none yet */
};

/** Begin OUT: header and question. */
void builder_begin(struct builder *builder, const struct question *question,
		   struct answer *out);
/** A record whose TTL stands at TTL_AT was written to SECTION. */
void builder_count(struct builder *builder, enum answer_section section, size_t ttl_at);
/** Whole, with RCODE; SERVFAIL instead if something did not fit. LIFETIME: at most. */
void builder_end(struct builder *builder, enum wire_rcode rcode, uint32_t lifetime);

/** A record of OWNER with SIZE bytes of RDATA. */
void builder_put(struct builder *builder, enum answer_section section,
		 const uint8_t *owner, uint16_t type, uint32_t ttl, const void *rdata,
		 size_t size);
/** A record whose RDATA is NAME. */
void builder_put_name(struct builder *builder, enum answer_section section,
		      const uint8_t *owner, uint16_t type, uint32_t ttl,
		      const uint8_t *name);
/** An SOA of our own in the authority section (RFC 2308 2.2), good for TTL. */
void builder_put_soa(struct builder *builder, const uint8_t *owner, uint32_t ttl);

/** A message of upstream's. */
struct reply {
	struct wire_in in;
	uint16_t flags, counts[4];
	size_t records_at;
};

enum wire_rcode reply_rcode(const struct reply *reply);
/** False: there is none, or it is no whole message. */
bool reply_open(const struct answer_reply *from, struct reply *out);

/** One record after the other. Begin with a zeroed one. */
struct reply_walk {
	bool has_begun;
	unsigned index;
	enum answer_section section;
	struct wire_in in;
	struct wire_rr rr;
};

bool reply_next(const struct reply *reply, struct reply_walk *walk);

/** DNS64 may make an AAAA of IPV4 with the prefix of that INDEX. */
bool answer_may_embed(const struct answer_context *context, size_t index,
		      const struct gp_addr *ipv4);

/** The address of a whole name below ip6.arpa; false: it is none. */
bool answer_reverse6(const uint8_t *name, struct gp_addr *out);

#endif
