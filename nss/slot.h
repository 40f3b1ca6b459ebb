/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slot.h - one answer a thread: the one being made, so that a cancelled thread frees it
 * and a backend that looks names up itself is noticed; then the one that did not fit the
 * caller's buffer, so that the same getaddrinfo, coming back with a larger one, asks
 * nobody again. And one more at most that the program may have left: it is freed as soon
 * as that is certain, since it may be a coroutine's, on another stack, and in use.
 */
#ifndef NSS_SLOT_H
#define NSS_SLOT_H

#include "answer.h"
#include "life.h"

/** How long an answer waits for its caller to come back. */
#define SLOT_KEEP_MS 2000

/** True: this thread is inside a lookup of ours already. LIFE is the entry point's. errno
 * is not preserved. */
bool slot_is_busy(const struct life *life);

/** The answer kept for CALL, now in progress again; NULL: none. One for another call
 * goes. */
struct answer *slot_take(const struct call *call);

/** ANSWER is in progress in this thread, for the entry point in whose frame LIFE is.
 * errno is not preserved. */
void slot_begin(struct answer *answer, struct life *life);

/** ANSWER is done with: freed. */
void slot_end(struct answer *answer);

/** ANSWER waits for the caller's next attempt, or is freed where threads have no slot. */
void slot_keep(struct answer *answer);

#endif
