/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owner_private.h - for owner.c and its test. */
#ifndef LIBGAIPOLICY_GUARD_OWNER_PRIVATE_H
#define LIBGAIPOLICY_GUARD_OWNER_PRIVATE_H

#include "guard/owner.h"

/**
 * The innermost systemd unit that TEXT, a process's /proc/PID/cgroup, names: of control
 * groups version 2, or of version 1's tree "name=systemd". Slices are no units here. ""
 * when there is none.
 */
void gp_owner_unit(const char *text, char *out, size_t size);

#endif
