/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter.h - whether a program has forbidden itself system calls. For the doors. */
#ifndef LIBGAIPOLICY_GUARD_FILTER_H
#define LIBGAIPOLICY_GUARD_FILTER_H

#include <stdbool.h>

/**
 * This thread has a seccomp filter more than the process had when this was first asked.
 * It may have the program killed for a socket that libc's own lookups would not make. One
 * file is read. False where it cannot be known. errno is not preserved; thread
 * cancellation must be off.
 */
bool gp_filter_is_new(void);

#endif
