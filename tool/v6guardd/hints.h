/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hints.h - who told us what: datagrams of the doors, each with the sender's uid by the
 * kernel's word, at no more than a rate for each of them.
 */
#ifndef TOOL_V6GUARDD_HINTS_H
#define TOOL_V6GUARDD_HINTS_H

#include <event2/event.h>

#include "guard/hint.h"

/** Hints that one user may send: a second, and at once. */
#define HINTS_RATE 50
#define HINTS_BURST 200
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
};

struct hints;

typedef void hints_fn(void *ctx, const struct gp_hint *hint, uint32_t uid);

/** FD: bound, SO_PASSCRED; owned. NULL: no memory. */
struct hints *hints_new(struct event_base *base, int fd, hints_fn *take, void *ctx);
void hints_free(struct hints *hints);

/** Add what the resolver itself counted; nothing limits it. */
void hints_count_own(struct hints *hints, const struct gp_hint *hint);
/** That, as if it were a reporter's. */
const struct hints_reporter *hints_own(const struct hints *hints);

/** All reporters that are known; *COUNT of them. */
const struct hints_reporter *hints_reporters(const struct hints *hints, size_t *count);

#endif
