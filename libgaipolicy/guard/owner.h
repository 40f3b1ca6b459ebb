/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owner.h - whose socket is this: /proc, from inode to process. For daemon and CLI. */
#ifndef LIBGAIPOLICY_GUARD_OWNER_H
#define LIBGAIPOLICY_GUARD_OWNER_H

#include <sys/types.h>

#include "gaipolicy.h"

/** A process that holds a socket. */
struct gp_owner {
	pid_t pid;        /**< 0: not found (gone, or not ours to see) */
	char program[64]; /**< as `ps` shows it (comm) */
	char path[512];   /**< the executable, "" when it cannot be read */
	char unit[128];   /**< systemd unit by its cgroup, or "" */
};

/**
 * Find the owners of COUNT inodes in one walk over /proc: OWNERS[i] belongs to INODES[i].
 * What cannot be read is left out silently. Returns how many were found.
 */
size_t gp_owner_find(const uint32_t *inodes, struct gp_owner *owners, size_t count);

/**
 * The inodes of the sockets that the process PID holds, up to MAX; none if it is gone or
 * not ours to see.
 */
size_t gp_owner_sockets(pid_t pid, uint32_t *inodes, size_t max);

/** OWNER is the program WORD says: a name (comm, or the path's last part) or an absolute
 * path. */
bool gp_owner_is(const struct gp_owner *owner, const char *word);

#endif
