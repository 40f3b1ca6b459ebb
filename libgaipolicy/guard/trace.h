/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.h - a door tells whoever started the program with V6GUARD_TRACE what it decided:
 * one datagram a lookup. Not through an inherited descriptor: ssh and others close all
 * but the first three, and whoever opens a file next would find our lines in it.
 */
#ifndef LIBGAIPOLICY_GUARD_TRACE_H
#define LIBGAIPOLICY_GUARD_TRACE_H

#include "gaipolicy.h"

/**
 * "@NAME": an abstract unix datagram socket, for the preload; "nss:@NAME": for the NSS
 * module, which says of each lookup only that it came. Honoured by secure_getenv only.
 */
#define GP_TRACE_VARIABLE "V6GUARD_TRACE"

#define GP_TRACE_ADDRESSES 16
#define GP_TRACE_NAME 256
#define GP_TRACE_NSS "nss:"
#define GP_TRACE_MAGIC 0x76366733U /* 3: of this layout */

/** A lookup; the whole struct is one datagram, which never leaves the host. */
struct gp_trace {
	uint32_t magic;
	uint32_t count; /**< addresses in all; 0: the lookup was left alone */
	uint8_t mode;   /**< enum gp_mode */
	uint8_t differs, acts;
	uint8_t door;        /**< enum gp_door */
	uint64_t generation; /**< NSS: of the policy in force for it; 0: there is none */
	char name[GP_TRACE_NAME]; /**< NUL-terminated, cut if it is longer */
	struct {
		uint8_t bytes[16];
		uint32_t scope_id;
		uint8_t family, disposition, reason, unused;
		uint16_t rule; /**< priority of the rule that decided; 0: [guard] */
		uint16_t unused2;
	} addresses[GP_TRACE_ADDRESSES]; /**< the first ones, in their order */
};

/**
 * Send it, if anybody asked for that: one non-blocking send, no fd kept, errno preserved.
 * Whoever asked reads in time, or misses it.
 */
void gp_trace_send(const struct gp_guard_policy *policy, const struct gp_query *query,
		   const struct gp_candidate *candidates, size_t count,
		   struct gp_outcome outcome);

/** The NSS module was asked for NAME while GENERATION was in force; sent in the same way.
 */
void gp_trace_enter(const char *name, uint64_t generation);

#endif
