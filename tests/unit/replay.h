/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/*
 * replay.h - what is seen of a network, when, and what must follow, as lines of text:
 * "SECONDS COMMAND ARGUMENTS". Between two lines the machine of verdict.h gets its ticks
 * exactly when it asked for them, as from its loop.
 *
 *   hint|withheld ADDR...     handed out together; withheld: the IPv6 ones were held back
 *   stranger|root ADDR...     a hint of another user, of root; `hint` is user 1000's
 *   syn ADDR[@PORT] N [QUIET] a program's SYN waits, N retransmits, the last QUIET s ago;
 *                             its port is 80 where none is said
 *   trying ADDR UNTIL         a program's SYNs wait until then, 4 retransmits each
 *   failed ADDR[@PORT] [QUIET]
 *   unclear|ok|data|large|waits ADDR[@PORT]    large: full packets came; waits: for more
 *   stall|stallin ADDR[@PORT]   stallin: of what comes to us
 *   rootok ADDR[@PORT]        an open connection of root's; `ok` is one that has closed
 *   flow ADDR SECONDS         an open connection; something came over it so long ago, 0: now
 *                             and always
 *   anchor ADDR
 *   world PREFIX[@PORT] up|down|none   from now on probes are answered: 0.1 s, or 2.5 s of
 *                             silence; none: they cannot be made
 *   probed ADDR ok|timeout|icmp|nothing [RTT]     (without a world)
 *   onlink PREFIX, nat64 PREFIX, epoch, set PREFIX VERDICT SECONDS, clear PREFIX
 *   is ADDR VERDICT           what a reader of the map would see
 *   area PREFIX VERDICT       what is published for exactly that prefix
 *   asked ADDR[@PORT] | quiet a probe went out that no line asked about yet; none did
 *   may ADDR[@PORT] N no|broken|retransmits [QUIET]
 *   by ADDR EVIDENCE          what the verdict rests on
 *   probes MAX                at most so many probes so far
 *   changes N                 verdicts changed so far (of those that are events)
 */
/* clang-format on */
#ifndef TESTS_UNIT_REPLAY_H
#define TESTS_UNIT_REPLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/reach.h"
#include "tool/v6guardd/watch/verdict_private.h"

#define FLIGHT_MAX 512
#define WORLD_MAX 16

struct flight {
	struct gp_addr addr;
	uint16_t port;
	long long due;
	enum verdict_probe result;
};

struct replay {
	const char *what;
	struct verdicts *v;
	struct gp_reach *map;
	long long now;
	struct flight asked[FLIGHT_MAX]; /* without a world: since the last check */
	size_t asked_count;
	struct flight flying[FLIGHT_MAX]; /* with one */
	size_t flying_count;
	struct {
		struct gp_prefix prefix;
		uint16_t port; /* 0: any */
		bool is_up, is_none;
	} world[WORLD_MAX];
	size_t world_count;
	unsigned probes, changes;
	struct gp_prefix onlink[GP_REACH_ONLINK];
	size_t onlink_count;
	struct gp_prefix nat64; /* of length 0: none */
	struct verdict_peer anchors[VERDICT_ANCHORS];
	size_t anchor_count;
	struct {
		struct gp_addr addr;
		long long last_ms; /* LLONG_MAX: data all the time */
	} flows[8];
	size_t flow_count;
};

/* ---- cases ---- */

struct rule_case {
	const char *what; /* the rule */
	const char *mode; /* "all": [probe] mode = all; "off"; "slow"; NULL: suspects */
	const char *lines[80];
};

/* A: an address in its own /32, with its partner. */
#define A6 "2001:db8:1::1"
#define A4 "198.51.100.1"
#define B6 "2001:dc8:2::1"
#define B4 "198.51.100.2"
#define C6 "2001:de8:3::1"
#define C4 "198.51.100.3"
/* Of A's /48: two more, one of them in another /64. */
#define A6_2 "2001:db8:1::2"
#define A6_3 "2001:db8:1:1::3"

/** Each case with three seeds, as jitter must not matter. The test fails at the first
 * that does not hold; 0 cases are a failure as well. */
void play_rules(const struct rule_case *rules, size_t count);

/* ---- by hand ---- */

/** MODE of [probe]: "all", "off"; "slow": suspects with a slow-threshold of 100 ms; NULL:
 * suspects. All else as v6guard.conf(5) has it. */
struct verdict_rules replay_rules(const char *mode);

struct replay *replay_new(const char *mode, const char *what, uint32_t seed);
void replay_free(struct replay *replay);

/** Let time pass, with ticks and the answers of the world. */
void run_to(struct replay *replay, long long target);

/** Carry out one line; the test fails when a check does not hold. */
void do_line(struct replay *replay, const char *line);

/** What the machine believes of ADDR is what the map's readers see. */
bool is_in_map(const struct replay *replay, const struct gp_addr *addr,
	       enum gp_verdict verdict);

#endif
