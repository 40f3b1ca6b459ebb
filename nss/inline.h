/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inline.h - [probe] inline: in mode `auto`, when nothing is known of the IPv6 address
 * that a program would try first, it is raced against IPv4 before the program gets an
 * answer. What came of it are verdicts for the decision, and is kept for a while
 * (memo.h). For nss/ only.
 *
 * Packets go to global unicast destinations of a name that has both families alone: TCP
 * handshakes without data, at the port that the program asked for. Under `run` also for
 * programs that did not say that it is for TCP.
 */
#ifndef NSS_INLINE_H
#define NSS_INLINE_H

#include <netdb.h>

#include "guard/snapshot.h"
#include "happy.h"

/** This process races, by PROBE and its environment. */
bool inline_is_wanted(const struct gp_probe_policy *probe);

/** What a lookup is for. */
enum inline_use {
	INLINE_UNKNOWN, /**< nothing that a race could tell of */
	INLINE_TCP,     /**< TCP, or it was not said what */
	INLINE_UDP,     /**< UDP: of which TCP tells something only if it is plain */
};

/** What one lookup learns by races, beside what is known anyway. */
struct inline_race {
	const struct gp_probe_policy *probe;
	struct gp_facts known;
	uint16_t port; /* 0: not known */
	enum inline_use use;
	long long now_ms;
	struct happy_race happy; /* its count is 0 while none was run */
};

/** For LIST, libc's answer. KNOWN's verdict may be NULL. */
void inline_begin(struct inline_race *race, const struct gp_probe_policy *probe,
		  const struct gp_facts *known, const struct addrinfo *list);

/** Race, if that can tell anything: for inline-budget at most. Thread cancellation must
 * be off. errno is not preserved. */
void inline_run(struct inline_race *race, const struct gp_candidate *candidates,
		size_t count);

/** KNOWN, and what races have shown where that says `unknown`. RACE must stay. */
struct gp_facts inline_facts(struct inline_race *race);

/** After the decision: which reasons are a race's. */
void inline_note(const struct inline_race *race, struct gp_candidate *candidates,
		 size_t count);

/** How attempts are made, for a test to replace. */
extern const struct happy_ops *inline_ops;

#endif
