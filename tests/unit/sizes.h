/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sizes.h - how much of a random test to run. */
#ifndef TESTS_UNIT_SIZES_H
#define TESTS_UNIT_SIZES_H

#include <stdlib.h>

/** USUAL, or FULL in `make check-long`, which sets V6GUARD_LONG. */
static inline long sized(long usual, long full)
{
	const char *is_long = getenv("V6GUARD_LONG");

	return is_long && is_long[0] ? full : usual;
}

#endif
