/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resolv.h - a plain resolv.conf(5) that leads to v6guardd's resolver, and back. Its own
 * name servers stay in the file, behind "#v6guard ": libc does not see them, the resolver
 * does, also after a restart of the host. Pure.
 */
#ifndef TOOL_V6GUARD_RESOLV_H
#define TOOL_V6GUARD_RESOLV_H

#include "cli.h"

#define RESOLV_CONF "/etc/resolv.conf"
/** glibc's MAXNS: it reads no more. */
#define RESOLV_SERVERS 3

/**
 * A malloc'd text with COUNT SERVERS (addresses) in place of TEXT's own; NULL: no memory.
 * TEXT NULL: there was no file. A text that was changed so before is the same again.
 */
char *resolv_switch_on(const char *text, const char *const *servers, size_t count);

/** As it was before, byte for byte, malloc'd; other changes that were made meanwhile
 * stay. */
char *resolv_switch_off(const char *text);

/** There was no file before, and nothing has been added since. */
bool resolv_was_absent(const char *text);

/** Our lines are in there. */
bool resolv_is_on(const char *text);

#endif
