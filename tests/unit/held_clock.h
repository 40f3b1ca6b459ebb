/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* held_clock.h - gp_now_ms() as the test says: it stands still until held_ms is changed,
 * however long the machine takes. For a program that is linked with --wrap=gp_now_ms. */
#ifndef TESTS_UNIT_HELD_CLOCK_H
#define TESTS_UNIT_HELD_CLOCK_H

static long long held_ms = 1000000;

long long __wrap_gp_now_ms(void);
long long __wrap_gp_now_ms(void)
{
	return held_ms;
}

#endif
