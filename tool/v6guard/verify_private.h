/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify_private.h - what the parts of the verification share; for nobody else. */
#ifndef TOOL_V6GUARD_VERIFY_PRIVATE_H
#define TOOL_V6GUARD_VERIFY_PRIVATE_H

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"
#include "verify.h"

#define VERIFY_NAMES (VERIFY_MAX + 3)
#define VERIFY_SERVICES 1024

/* What a lookup came to. */
struct verify_result {
	int error;          /* EAI_*, or: */
	unsigned addresses; /* of both families */
	unsigned ipv6;      /* of these the IPv6 ones that a policy may take away */
	bool is_earlier;    /* the acting child: a service before v6guard answers */
};

#define VERIFY_NOT_ASKED 1 /* EAI_* are negative */
#define VERIFY_CRASHED 2

/* To a child: begin. */
struct verify_order {
	bool has_before;
	struct verify_result before[VERIFY_NAMES];
	char services[VERIFY_SERVICES]; /* to be asked without nscd; "": libc's file */
	char trace[64];                 /* for V6GUARD_TRACE, or "" */
	/* the acting child: */
	bool is_acting;
	bool is_wanted[VERIFY_NAMES];
	char earlier[VERIFY_SERVICES]; /* those before v6guard, or "" */
};

struct verify_child {
	pid_t pid;
	int socket;
};

struct verify {
	size_t count;
	char host[256];
	const char *names[VERIFY_NAMES];
	struct verify_child before_child, after_child;
	struct verify_child acting_child; /* under a policy that takes all IPv6 away */
	struct verify_result before[VERIFY_NAMES], after[VERIFY_NAMES];
	int policy_fd;          /* of that policy; -1: it cannot be had */
	struct run_trace trace; /* without a ring: it cannot be had */
};

/* In a child: wait for the order, look up, answer, stay. */
void verify_serve(const struct verify *verify, int socket);

/* Let CHILD do its lookups; what it has no answer to in time stays VERIFY_NOT_ASKED. */
void verify_collect(const struct verify *verify, const struct verify_child *child,
		    const struct verify_order *order, struct verify_result *results);

/* Worse: no addresses where there were some, or an error where a name was unknown. */
bool verify_is_worse(const struct verify_result *before,
		     const struct verify_result *after);

/* The after child's lookups came to the module, and it took POLICY; else that was said.
 */
bool verify_was_entered(struct verify *verify, const struct gp_snapshot *policy);

/*
 * Of the names that have IPv6 addresses it loses them under a policy that takes all away;
 * else that was said. ORDER is the after child's, with earlier set. True as well where no
 * name has any.
 */
bool verify_acts(const struct verify *verify, struct cli *cli, struct verify_order *order,
		 const struct gp_snapshot *policy);

#endif
