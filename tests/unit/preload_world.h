/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * preload_world.h - the preload door from inside: what stands behind it, cases as data,
 * and how one is run. Addresses are letters: addrlist.h.
 */
#ifndef TESTS_UNIT_PRELOAD_WORLD_H
#define TESTS_UNIT_PRELOAD_WORLD_H

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "addrlist.h"
#include "fake_race.h"
#include "nss_world.h"

/** What a lookup behind the door finds, all that the name has; what it fails with. */
extern const char *preload_behind;
extern int preload_error;
/** Called inside it; NULL: nothing. */
extern void (*preload_inside)(void);
/** Lookups behind it, and lists that it was given back. */
extern atomic_int preload_calls, preload_freed;

struct preload_case {
	const char *what;
	enum gp_mode mode;
	const char *behind, *got; /* GOT NULL: no address */
	int family, flags;
	const char *name; /* NULL: host.example */

	/* A live map if there is a fact, or if HAS_MAP. */
	struct {
		const char *prefix;
		enum gp_verdict verdict;
	} facts[2];
	bool has_map;
	bool distrust, no_enforce, aaaa_only, no_keep_last, no_ipv4, own;

	enum gp_order order;
	const char *no_route; /* letters of what cannot be reached */

	/* With `inline = yes`, attempts end as this says (fake_race.h). */
	const char *race;
	struct gp_probe_policy probe; /* budget_ms 0: the defaults */
	int port;                     /* 0: 7; -1: none */

	int error;
	int asked;          /* times that libc was; 0: once */
	const char *hinted; /* one letter an address: W, S, "." none; NULL: no hint */
};

#define AUTO .mode = GP_MODE_AUTO
#define IPV4 .mode = GP_MODE_PREFER_IPV4
#define IPV6 .mode = GP_MODE_PREFER_IPV6
#define NO_AAAA .mode = GP_MODE_STRIP_AAAA
#define NO_A .mode = GP_MODE_STRIP_A
#define MAPPED .family = AF_INET6, .flags = AI_V4MAPPED
#define BROKEN GP_VERDICT_BROKEN
#define SLOW GP_VERDICT_SLOW

/** Policy, map and answer of ONE. */
void preload_prepare(const struct preload_case *one);

/** Look up as ONE says, and check result, errno, name and how often libc was asked. TYPE:
 * SOCK_STREAM, or 0 for all. */
void preload_look_up(const struct preload_case *one, int type);

/** All of that, with the hint; for world_run, ARG is a struct preload_case. */
void preload_run(const void *arg);

/** It leaves nothing behind: descriptors, output, signal mask, environment. With the
 * kernel's facts, so that the order is this machine's. For world_run. */
void preload_run_silent(const void *arg);

/** How many descriptors are open. */
unsigned preload_count_fds(void);

/** A plain lookup of host.example gives EXPECTED. */
void preload_look_up_as(const char *expected);

#endif
