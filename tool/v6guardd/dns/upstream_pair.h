/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_pair.h - A and AAAA of one name, from the first question to a while after the
 * last: their answers are to come from the same server. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_PAIR_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_PAIR_H

#include "upstream_group.h"

struct pairs;

struct pair {
	struct pair *next;
	struct walk_pair walks;
	void *owners[2]; /* the questions of its walks */
	uint32_t group;  /* its id */
	uint32_t hash;   /* of NAME */
	unsigned users;
	long long left_ms;
	bool cd, stands_in; /* who answered one of them did so in place of another server
			     */
	uint8_t name[];
};

/** NULL: no memory. */
struct pairs *pairs_new(struct event_base *base);
/** None may be in use. NULL is allowed. */
void pairs_free(struct pairs *pairs);
/** The pair of NAME (of HASH), asked of GROUP, CD or not; one more uses it. NULL: no
 * memory. */
struct pair *pairs_join(struct pairs *pairs, const struct group *group,
			const uint8_t *name, uint32_t hash, bool cd);
void pairs_leave(struct pairs *pairs, struct pair *pair);

#endif
