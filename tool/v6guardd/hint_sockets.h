/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint_sockets.h - where the doors' hints arrive. A datagram socket has one queue for all
 * who may send to it, and whoever fills it shuts out the others; so the kernel is told,
 * by access control lists (acl(5)), who may send where.
 */
#ifndef TOOL_V6GUARDD_HINT_SOCKETS_H
#define TOOL_V6GUARDD_HINT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The socket for everybody, and the one for root and system users. */
enum { HINT_SHARED, HINT_SYSTEM, HINT_SOCKETS };

/** Users that can be shut out at a time. */
#define HINT_BARS 256

/**
 * Bind both sockets, with SO_PASSCRED, in place of those that are there, and close them
 * to the COUNT users in BARRED (root cannot be barred). Who is connected to an earlier
 * one loses that when the worker closes it. FDS are the caller's. Where the file system
 * has no access control lists the second socket is root's alone, and barring anybody
 * fails. False and errno: FDS are -1.
 */
bool hint_sockets_open(int fds[HINT_SOCKETS], const uint32_t *barred, size_t count);

/** Close those that are not -1, which they are then. */
void hint_sockets_close(int fds[HINT_SOCKETS]);

#endif
