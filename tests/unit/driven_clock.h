/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driven_clock.h - a clock that goes only while libevent's loop waits, so that a machine
 * that is slow, or a process that was stopped, is no reason for anything to be late. It
 * stands in for clock_gettime(), the loop's own calls of it included; CLOCK_REALTIME and
 * the clocks of CPU time are the real ones. */
#ifndef TESTS_UNIT_DRIVEN_CLOCK_H
#define TESTS_UNIT_DRIVEN_CLOCK_H

#include <stdbool.h>

/**
 * Nothing but timers takes time: what a wait was meant to last is over at once. False, as
 * at first, where the kernel has timers of its own: a wait lasts, and counts for what it
 * was meant to last at most.
 */
extern bool clock_jumps;

/** As clock_jumps, in a program that talks to itself over loopback: what was sent has
 * arrived before the clock goes on. The process stays on one CPU. False: it cannot. */
bool clock_jumps_with_loopback(void);

/** What was sent over loopback has arrived; after clock_jumps_with_loopback() alone. */
void clock_settle(void);

#endif
