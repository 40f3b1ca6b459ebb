/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint_private.h - a hint's bytes, for hint*.c and their tests alone. Head, counters (in
 * this host's byte order, which it never leaves), then for each address its family, its
 * flags and 4 or 16 bytes; and nothing behind.
 */
#ifndef LIBGAIPOLICY_GUARD_HINT_PRIVATE_H
#define LIBGAIPOLICY_GUARD_HINT_PRIVATE_H

#include "guard/hint.h"

#define HINT_MAGIC_0 'V'
#define HINT_MAGIC_1 '6'
#define HINT_MAGIC_2 'H'
#define HINT_VERSION 1

/** Magic, version, door, number of addresses, two zeros. */
#define HINT_HEAD 8
#define HINT_IPV4 4
#define HINT_IPV6 6

_Static_assert(HINT_HEAD + GP_COUNTERS * 4 + GP_HINT_ADDRESSES * 18 <= GP_HINT_SIZE_MAX,
	       "a hint fits its buffer");

/** Send hints to PATH instead (NULL: GP_HINT_PATH); for tests. PATH must stay. */
void gp_hint_use_path(const char *path);

#endif
