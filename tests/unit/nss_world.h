/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nss_world.h - a policy, stub services and a process of its own for each case: the door
 * reads its environment once a process.
 */
#ifndef TESTS_UNIT_NSS_WORLD_H
#define TESTS_UNIT_NSS_WORLD_H

#include <stdio.h>
#include <unistd.h>

#include "guard/snapshot.h"
#include <stdbool.h>

#include "stub.h"

/* A sanitizer's own allocations do not survive limits on memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WORLD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WORLD_SANITIZED 1
#endif
#endif
#ifndef WORLD_SANITIZED
#define WORLD_SANITIZED 0
#endif

/**
 * Built with a sanitizer, or run under valgrind (V6GUARD_VALGRIND is set then): no tight
 * limits, and no fork() beside threads, whose allocator's locks the child would wait for.
 */
bool world_is_instrumented(void);

/** In a child: say where and why, and fail it. cmocka's own would longjmp back into main.
 */
#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			world_die(__FILE__, __LINE__, #condition);                       \
	} while (0)

/** Say WHAT failed and end the child with status 1. */
_Noreturn void world_die(const char *file, int line, const char *what);

/** The stubs: all functions; gethostbyname2_r and gethostbyaddr_r alone; none at all. */
extern struct stub_state *stub_full, *stub_old, *stub_bare;

/** Load the stubs, make a folder; set the usable-partner facts to true. */
int world_setup(void **state);
int world_teardown(void **state);

/** All functions as well, but under the names of the services `dns` and `resolve`, whose
 * place they take from here on. */
extern struct stub_state *stub_dns, *stub_resolve;
bool world_load_resolvers(void);

/** Path of the snapshot of this run. */
const char *world_snapshot(void);

/** Bytes of a snapshot of POLICY with the services of CHAIN ("v6gstub [NOTFOUND=return]
 * dns"). */
size_t world_build(const struct gp_guard_policy *policy, const char *chain, void *buf,
		   size_t size);

/** Write the snapshot by temporary file and rename, as `apply` does. */
void world_write(const struct gp_guard_policy *policy, const char *chain);
void world_write_bytes(const void *bytes, size_t size);

/** [preload] and [probe] of what world_build makes. */
extern struct gp_preload_policy world_preload;
extern struct gp_probe_policy world_probe;

/** The usual policy: prefer-ipv4, enforced, backends spelled out or `auto`. */
struct gp_guard_policy world_policy(enum gp_mode mode);

/** Run CASE_FN(ARG) in a child with V6GUARD_SNAPSHOT set; the test fails when the child
 * does. */
void world_run(void (*case_fn)(const void *arg), const void *arg, const char *what);

/** What facts_open gives the door in these tests. */
extern bool world_ipv4_usable, world_is_own;
/** More of what cannot be reached; NULL: nothing. */
extern bool (*world_has_no_route)(const struct gp_addr *addr);
/** Or let it ask the kernel. */
extern bool world_real_facts;

/** Where the cases' processes look for a map, and where they send hints: nothing is
 * there.
 */
const char *world_map(void);
const char *world_hints(void);

/** While > 0: allocations by the door left before one fails; -1: none fails. */
extern long world_allocations_left;
extern _Atomic long world_allocations;
/** Called once, at the door's next allocation; NULL: nothing. */
extern void (*world_at_allocation)(void);

#endif
