/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * server_alive.h - what is known of one name server: does it answer, and how fast? One
 * name that it does not answer says nothing, as it may be that name's fault: it is dead
 * when its silence is long and about different things. Pure; times are gp_boot_ms.
 */
#ifndef TOOL_V6GUARDD_DNS_SERVER_ALIVE_H
#define TOOL_V6GUARDD_DNS_SERVER_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "upstream_walk.h"

/** Different names; questions of our own (pings) stand for all but one of them. */
#define ALIVE_NAMES 3
/* While it is in doubt, or dead for no longer than ALIVE_PING_DEAD_MS; and from then on,
 * if somebody asks. */
#define ALIVE_PING_MS 400
#define ALIVE_PING_DEAD_MS 4000

/** All zero: nothing is known. */
struct alive {
	bool is_dead;
	bool is_deaf; /* it has answered names since it was pinged, and no ping */
	uint64_t answers, errors, timeouts;
	uint32_t ms;        /* what an answer takes, smoothed; 0: not known */
	long long heard_ms; /* last; 0: never */
	/* Of its silence, since it was heard last. */
	uint32_t names[ALIVE_NAMES]; /* hashes */
	unsigned name_count;
	long long since_ms;  /* the first of those names was asked then; 0: none was */
	long long latest_ms; /* and it was seen that the last one is late */
	long long pinged_ms; /* the first ping since then; 0: none */
	long long ping_ms;   /* the last one, whatever came of it; 0: none */
};

/** It said something to what it was asked at ASKED_MS (0: one of several times). True: it
 * was dead, or silent for a second: whoever waits for it is to be asked anew. */
bool alive_heard(struct alive *alive, bool is_ping, long long asked_ms, long long now_ms);

/** The name of HASH, asked at ASKED_MS, has no answer yet, and that is late. True: it is
 * dead as of now. */
bool alive_late(struct alive *alive, uint32_t hash, long long asked_ms, long long now_ms);

/** Is a ping due, as it is in doubt, or dead and IS_USED? It counts as sent. */
bool alive_pings(struct alive *alive, long long now_ms);

/** How a question is asked of it. IS_LARGE: of late TCP brought what UDP did not. */
struct walk_pace alive_pace(const struct alive *alive, bool is_large);

#endif
