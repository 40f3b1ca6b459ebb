/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* spawn.h - another program that is told something: nscd, systemctl. Not for the doors.
 */
#ifndef LIBGAIPOLICY_GUARD_SPAWN_H
#define LIBGAIPOLICY_GUARD_SPAWN_H

/**
 * Run PATH with ARGV, no input, no output and an environment that holds PATH alone, and
 * wait for LIMIT_MS at most: then it is killed. Its exit status, or -1: it was not
 * started, or ended in another way. errno is preserved.
 */
int gp_spawn(const char *path, char *const *argv, int limit_ms);

/** The same, with what it prints going to FD, which stays the caller's. */
int gp_spawn_to(const char *path, char *const *argv, int limit_ms, int fd);

#endif
