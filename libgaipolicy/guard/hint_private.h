/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint_private.h - a hint's bytes, for hint*.c and their tests alone. Head, counters (in
 * this host's byte order, which it never leaves), what would be, rules, then for each
 * address its family, its flags and 4 or 16 bytes; and nothing behind.
 */
#ifndef LIBGAIPOLICY_GUARD_HINT_PRIVATE_H
#define LIBGAIPOLICY_GUARD_HINT_PRIVATE_H

#include "guard/hint.h"

#define HINT_MAGIC_0 'V'
#define HINT_MAGIC_1 '6'
#define HINT_MAGIC_2 'H'
#define HINT_VERSION 2

/** Magic, version, door, number of addresses, number of rules, a zero. */
#define HINT_HEAD 8
#define HINT_IPV4 4
#define HINT_IPV6 6

/** Of a rule: priority, observed, acted. Of what would be: lookups, last_address,
 * program.
 */
#define HINT_RULE 10
#define HINT_WOULD 24

_Static_assert(HINT_HEAD + GP_COUNTERS * 4 + HINT_WOULD + GP_HINT_RULES * HINT_RULE +
			       GP_HINT_ADDRESSES * 18 <=
		       GP_HINT_SIZE_MAX,
	       "a hint fits its buffer");

/** Send hints to these instead (NULL: GP_HINT_PATH and GP_HINT_SYSTEM_PATH); for tests.
 * They must stay. */
void gp_hint_use_paths(const char *path, const char *system_path);

#endif
