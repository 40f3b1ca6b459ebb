/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owner_private.h - parts of owner.c, for tests. */
#ifndef LIBGAIPOLICY_GUARD_OWNER_PRIVATE_H
#define LIBGAIPOLICY_GUARD_OWNER_PRIVATE_H

#include "guard/owner.h"

/**
 * The innermost systemd unit that TEXT, a process's /proc/PID/cgroup, names: of control
 * groups version 2, or of version 1's tree "name=systemd". Slices are no units here. ""
 * when there is none.
 */
void gp_owner_unit(const char *text, char *out, size_t size);

/** At most SIZE - 1 bytes of the file NAME in the folder DIR, and a NUL; "" when it
 * cannot be read. */
void gp_proc_text(int dir, const char *name, char *out, size_t size);

#endif
