/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.h - the one clock by which the doors wait and forget. */
#ifndef LIBGAIPOLICY_GUARD_CLOCK_H
#define LIBGAIPOLICY_GUARD_CLOCK_H

#include <time.h>

/** Milliseconds of CLOCK_MONOTONIC_COARSE: no system call, good to one tick (1 to 10 ms). */
static inline long long gp_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

#endif
