/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * health_rules.h - which name servers are asked whether they answer, when, and who is
 * left out. Pure: answers and time are told; sockets are health.c's. Servers are
 * numbered, and sets of them are masks of bits.
 */
#ifndef TOOL_V6GUARDD_DNS_HEALTH_RULES_H
#define TOOL_V6GUARDD_DNS_HEALTH_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_SERVERS 16
/** A question waits so long for its answer, and so does the second one. The only question
 * to a server that is left out waits as long as both. */
#define HEALTH_WAIT_MS 400
/** One that is left out is asked again so long after that; and all those that are not
 * because of a doubt no more often than so. */
#define HEALTH_AGAIN_MS 30000
#define HEALTH_LEAST_MS 2000

/** All zero: no server. */
struct health_rules {
	size_t count;
	bool is_ping; /* each doubt asks all of them, and nothing else does */
	struct health_one {
		bool is_asked;
		bool is_dead;       /* it missed two answers, and none came since */
		uint8_t missed;     /* since it is asked */
		long long until_ms; /* asked: the answer is missed then; dead: asked */
	} servers[HEALTH_SERVERS];
	bool has_doubted;
	long long doubted_ms;
};

/** There are COUNT servers now, of which the I-th is the WAS[I]-th of before, or is new
 * (-1). Nobody is being asked any more; what is known of those that stay is kept. */
void health_rules_set(struct health_rules *rules, const int *was, size_t count);

/** An answer took too long. Returns who has to be asked now. */
uint32_t health_rules_doubt(struct health_rules *rules, long long now_ms);

/** SERVER answered. True: others than before are left out. */
bool health_rules_answer(struct health_rules *rules, size_t server);

/** SERVER cannot be asked, as there is no route to it: as two answers that were missed.
 */
bool health_rules_unreachable(struct health_rules *rules, size_t server,
			      long long now_ms);

/**
 * Call it at health_rules_next. Returns who has to be asked now, *CHANGED whether others
 * than before are left out.
 */
uint32_t health_rules_time(struct health_rules *rules, long long now_ms, bool *changed);

/** When health_rules_time has something to do; -1: not while nothing else happens. */
long long health_rules_next(const struct health_rules *rules);

/** Who is left out: the dead ones, but nobody when all of them are. */
uint32_t health_rules_out(const struct health_rules *rules);

#endif
