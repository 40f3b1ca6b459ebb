/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * life.h - whether a function further up the stack is still running. A program may leave
 * it by longjmp() from a signal handler, as wget's time limit does, and nobody hears of
 * that. So it keeps a mark in its own frame: whatever is called from there later writes
 * over it. For nss/ only.
 */
#ifndef NSS_LIFE_H
#define NSS_LIFE_H

#include <stdbool.h>
#include <stdint.h>

/** A mark, to stand in a frame. Aligned, so that it lies in one page. */
struct life {
	_Alignas(32) const void *of;
	uintptr_t proof;
	long long since_ms;
};

/** The function in whose frame LIFE stands runs, on behalf of OF (any pointer). */
void life_begin(struct life *life, const void *of);
void life_end(struct life *life);

/**
 * The mark is gone: that function has been left. False also where nothing has written
 * over it yet. LIFE need not lead to memory any more. errno is not preserved.
 */
bool life_is_over(const struct life *life, const void *of);

/**
 * The function of INNER was called from within that of OUTER. An OUTER that looks alive
 * in a place that nobody happens to write to counts for 30 s. errno is not preserved.
 */
bool life_is_inside(const struct life *outer, const void *of, const struct life *inner);

#endif
