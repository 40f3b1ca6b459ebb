/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.h - a door tells whoever started the program with V6GUARD_TRACE what it decided,
 * in memory that both have mapped. Nothing else would do: a descriptor is closed by ssh
 * and others, which close all but the first three, and whoever opens a file next would
 * find our lines in it; and for a socket made at each lookup a program's own seccomp
 * filter may have it killed. Writing here takes no system call.
 */
#ifndef LIBGAIPOLICY_GUARD_TRACE_H
#define LIBGAIPOLICY_GUARD_TRACE_H

#include <stdatomic.h>

#include "gaipolicy.h"

/**
 * "/proc/PID/fd/N": a file in memory that holds a struct gp_trace_ring, for the preload;
 * "nss:" and that: for the NSS module, which says of each lookup only that it came.
 * Honoured by secure_getenv only.
 */
#define GP_TRACE_VARIABLE "V6GUARD_TRACE"

#define GP_TRACE_ADDRESSES 16
#define GP_TRACE_NAME 256
#define GP_TRACE_NSS "nss:"
#define GP_TRACE_MAGIC 0x76366734U /* 4: of this layout */
#define GP_TRACE_PAGES 256

/** A lookup. It never leaves the host. */
struct gp_trace {
	uint32_t count; /**< addresses in all; 0: the lookup was left alone */
	uint8_t mode;   /**< enum gp_mode */
	uint8_t differs, acts;
	uint8_t door;        /**< enum gp_door */
	uint64_t generation; /**< NSS: of the policy in force for it; 0: there is none */
	/** What was asked for, and its canonical name, or "": NUL-terminated, cut if they
	 * are longer. */
	char name[GP_TRACE_NAME], found[GP_TRACE_NAME];
	struct {
		uint8_t bytes[16];
		uint32_t scope_id;
		uint8_t family, disposition, reason, unused;
		uint16_t rule; /**< priority of the rule that decided; 0: [guard] */
		uint16_t unused2;
	} addresses[GP_TRACE_ADDRESSES]; /**< the first ones, in their order */
};

/**
 * The last GP_TRACE_PAGES lookups of all processes that have it mapped. Who reads it
 * takes nothing in it on trust: whoever was traced may have written anything there. Its
 * size is sealed, so that nobody's mapping ends early.
 */
struct gp_trace_ring {
	uint32_t magic;       /**< GP_TRACE_MAGIC */
	uint32_t wants_found; /**< set before any program starts: FOUND is of use */
	atomic_uint count;    /**< lookups so far */
	atomic_uint changed;  /**< those of them that acted */
	struct gp_trace_page {
		atomic_uint number; /**< of the lookup, from 1 on; 0: being written */
		uint32_t pid;       /**< of the process; 0: not known */
		struct gp_trace trace;
	} pages[GP_TRACE_PAGES]; /**< lookup N is in page (N - 1) % GP_TRACE_PAGES */
};

/** Map it, if anybody asked for that: at the start of the process, before it restricts
 * itself; else the first lookup does. errno is preserved. */
void gp_trace_open(void);

/** Somebody wants to see canonical names. */
bool gp_trace_wants_found(void);

/** Write it down, if anybody asked for that. errno is preserved. Whoever asked reads in
 * time, or misses it. */
void gp_trace_send(const struct gp_guard_policy *policy, const struct gp_query *query,
		   const struct gp_candidate *candidates, size_t count,
		   struct gp_outcome outcome);

/** The NSS module was asked for NAME while GENERATION was in force: written down in the
 * same way. */
void gp_trace_enter(const char *name, uint64_t generation);

#endif
