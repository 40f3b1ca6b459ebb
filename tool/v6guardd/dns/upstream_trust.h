/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * upstream_trust.h - which answers are authentic by the word of a server that is trusted
 * (`dnssec = trust`; RFC 4035 3.2.3, RFC 6840 5.7).
 */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_TRUST_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_TRUST_H

#include "answer.h"
#include "ub_heard.h"

/** Places of what libunbound has kept; a name that takes another one's costs that one its
 * AD until it is asked for anew. */
#define TRUST_PLACES 1024

struct trust {
	struct ub_heard heard; /* of all contexts */
	struct {
		uint32_t hash; /* of name, type and server; 0: free */
		uint16_t count;
	} places[TRUST_PLACES];
};

/**
 * REPLY, which libunbound hands on now to NAME (lower case) and TYPE, is authentic, as
 * SERVER says, who was asked. IS_KEPT: libunbound had kept it, so that what was heard
 * then holds.
 */
bool trust_is_authentic(struct trust *trust, const struct dns_config *config,
			const struct dns_endpoint *server, const uint8_t *name,
			uint16_t type, bool is_kept, const struct answer_reply *reply);

/** The same of one with COUNT records, whose place is HASH (not 0). FROM_SERVER: what is
 * being read is of who was asked, and is trusted. */
bool trust_decide(struct trust *trust, bool from_server, bool is_kept, uint32_t hash,
		  const uint8_t *name, uint16_t type, uint16_t count);

#endif
