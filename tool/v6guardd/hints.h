/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hints.h - who told us what: datagrams of the doors, each with the sender's uid by the
 * kernel's word, at no more than a rate for each of them.
 */
#ifndef TOOL_V6GUARDD_HINTS_H
#define TOOL_V6GUARDD_HINTS_H

#include <event2/event.h>

#include "guard/hint.h"
#include "hint_sockets.h"

/** Hints that one user may send: a second, and at once. */
#define HINTS_RATE 50
#define HINTS_BURST 200
/** So many refused within a second are a flood: its user is shut out for so long. No
 * program sends more than one a second. */
#define HINTS_FLOOD 500
#define HINTS_BAR_MS 60000
/** Users that are told apart; beyond that the one heard of longest ago is forgotten. */
#define HINTS_REPORTERS 64

/** Rules and programs that are told apart for each of them. */
#define HINTS_RULES 16
#define HINTS_PROGRAMS 8

struct hints_rule {
	uint16_t priority; /* 0: those that there was no room for */
	uint8_t door;
	uint64_t observed, acted;
};

/** What a user's processes have reported. Nothing in it is checked: it is their word. */
struct hints_reporter {
	uint32_t uid;
	uint64_t hints, refused, malformed;
	uint64_t counters[GP_COUNTERS];
	struct hints_rule rules[HINTS_RULES];
	size_t rule_count;
	uint64_t would_lookups, would_last;
	char programs[HINTS_PROGRAMS][sizeof(((struct gp_hint_would *)0)->program)];
	size_t program_count;
	long long tokens; /* thousandths of a hint */
	long long seen_ms;
	unsigned flood; /* refused in the second that began then */
	long long flood_ms;
};

struct hints;

struct hints_ops {
	void *ctx;
	void (*take)(void *ctx, const struct gp_hint *hint, uint32_t uid);
	/** Have the sockets bound anew without these users, all of them whom that holds
	 * for; hints_replace is the answer. False: it cannot be asked for now. */
	bool (*bar)(void *ctx, const uint32_t *uids, size_t count);
};

/** FDS: of hint_sockets_open; owned. OPS is copied. NULL: no memory. */
struct hints *hints_new(struct event_base *base, const int fds[HINT_SOCKETS],
			const struct hints_ops *ops);
void hints_free(struct hints *hints);

/** Read FDS, owned, from now on, once those before are read to their end. -1: nobody can
 * be barred here; it is not asked for again. */
void hints_replace(struct hints *hints, const int fds[HINT_SOCKETS]);

/** Add what the resolver itself counted; nothing limits it. */
void hints_count_own(struct hints *hints, const struct gp_hint *hint);
/** That, as if it were a reporter's. */
const struct hints_reporter *hints_own(const struct hints *hints);

/** All reporters that are known; *COUNT of them. */
const struct hints_reporter *hints_reporters(const struct hints *hints, size_t *count);

#endif
