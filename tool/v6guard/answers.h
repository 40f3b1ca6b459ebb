/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answers.h - do two servers say the same of a name? Pure. */
#ifndef TOOL_V6GUARD_ANSWERS_H
#define TOOL_V6GUARD_ANSWERS_H

#include "dnsask.h"

/** Of more addresses the first ones. */
#define ANSWERS_MOST 64
/** Sets above this may be parts of a larger one. */
#define ANSWERS_SMALL 4

struct answers {
	bool is_there; /* else nothing came in time */
	bool is_cut;   /* there is more by TCP */
	bool is_lame;  /* neither an answer nor an authority: as if it had refused */
	unsigned rcode;
	int ede; /* RFC 8914; -1: none */
	size_t count;
	struct gp_addr list[ANSWERS_MOST];
};

/** Take TYPE's addresses out of ASKED, whatever CNAMEs lead there. */
void answers_read(const struct dnsask *asked, unsigned type, struct answers *out);

/** libc takes it, and does not ask the next server. */
bool answers_are_usable(const struct answers *answers);

/** What both have said: for servers that answer in turn with parts of a set. */
void answers_join(struct answers *all, const struct answers *more);

/** What servers were asked for, and say. DIRECT: by asking them; OURS: the resolver. */
struct answers_pair {
	const struct answers *direct, *ours;
};

/**
 * OURS is what DIRECT says, or what a policy made of it (by the reason in OURS). AAAA
 * alone: A is what was said to that question, as NXDOMAIN beside an A is a denial of that
 * type. Sets are the same, or one is part of the other, or, above ANSWERS_SMALL, they
 * have an address in common; is_varying: they may be others each time, and count by
 * whether there are any.
 */
bool answers_agree(struct answers_pair pair, unsigned type, const struct answers *a,
		   bool is_varying);

/** "NXDOMAIN", "no address", "192.0.2.1 192.0.2.2". */
#define ANSWERS_TEXT 256
char *answers_text(const struct answers *answers, char out[ANSWERS_TEXT]);

#endif
