/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock.h - the clocks by which the doors wait and forget. */
#ifndef LIBGAIPOLICY_GUARD_CLOCK_H
#define LIBGAIPOLICY_GUARD_CLOCK_H

/** Milliseconds of CLOCK_MONOTONIC_COARSE: no system call, good to a tick (1-10 ms). */
long long gp_now_ms(void);

/**
 * Milliseconds of CLOCK_BOOTTIME, by which the reach map's facts expire: it goes on while
 * the host sleeps. A vDSO call, no system call.
 */
long long gp_boot_ms(void);

#endif
