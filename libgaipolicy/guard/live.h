/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * live.h - the policy that is in force for this process, now. Used by the doors in other
 * people's processes: no locks held across a call, no fd kept, silent, fork-safe.
 */
#ifndef LIBGAIPOLICY_GUARD_LIVE_H
#define LIBGAIPOLICY_GUARD_LIVE_H

#include "guard/snapshot.h"

/**
 * A policy in use. Take what is needed of it and release it with gp_live_put before
 * anything that can block or be cancelled: there is room for four generations only.
 */
struct gp_live_ref {
	const struct gp_snapshot *snapshot;
	struct gp_guard_policy guard; /**< the snapshot's, with V6GUARD=MODE applied */
	const struct gp_rules *rules; /**< NULL: none, or V6GUARD=MODE stands for them */
	unsigned slot;
	bool is_off; /**< by `v6guard off`; also known when there is nothing to release */
};

/**
 * Get the current policy. The file is looked at (stat) at most once a second, and read
 * when it is another one. False, and nothing to release: there is none, it is not to be
 * trusted, or the host is switched off; the caller then behaves as plain libc.
 */
bool gp_live_get(struct gp_live_ref *ref);

void gp_live_put(struct gp_live_ref *ref);

/** Look at the file at the next gp_live_get, however lately that was done: somebody says
 * that it is another one. */
void gp_live_look(void);

/** The process still has the root folder it had at its first lookup, or when it was
 * first asked this (no chroot since). errno is not preserved. */
bool gp_live_same_root(void);

#endif
