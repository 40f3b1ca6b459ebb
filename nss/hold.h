/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hold.h - something that one thread of the process uses at a time, for a moment: no
 * thread ever sleeps for it. A child of a fork() finds it held by a thread that it does
 * not have, and takes it over; so does anybody after 10 s, as the program may have left
 * that thread's lookup by longjmp(). For nss/ only.
 */
#ifndef NSS_HOLD_H
#define NSS_HOLD_H

#include <stdatomic.h>
#include <stdint.h>

/** The process that holds it, by gp_self, and the second in which it took it; all zero:
 * nobody does. */
struct hold {
	_Atomic uint64_t owner;
};

enum hold_result {
	HOLD_BUSY,  /**< others have it: go without */
	HOLD_GOOD,  /**< let it go with hold_release */
	HOLD_TAKEN, /**< the same, but it was left in the middle of something */
};

enum hold_result hold_take(struct hold *hold);
void hold_release(struct hold *hold);

#endif
