/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify.h - do lookups still work, and does v6guard act? Asked of the real libc, in
 * child processes that were forked before this one touched NSS, so that each starts with
 * nothing loaded.
 */
#ifndef TOOL_V6GUARD_VERIFY_H
#define TOOL_V6GUARD_VERIFY_H

#include "cli.h"
#include "guard/chain.h"
#include "guard/snapshot.h"

struct verify;

/** Fork the two children. NULL: it cannot be done, and that was said. */
struct verify *verify_start(const struct cli *cli);

/** Look the names up as things are; up to 30 s. */
void verify_before(struct verify *verify);

/**
 * Look them up again for CLI, with the line HOSTS of TEXT and POLICY in force. False:
 * something got worse, or the module was not asked, took another policy, or does not act;
 * that was said. That it acts is seen by the names that have IPv6 addresses, under a
 * policy that takes all of them away: no name is special to the module.
 */
bool verify_after(struct verify *verify, struct cli *cli, const char *text,
		  const struct gp_hosts_line *hosts, const struct gp_snapshot *policy);

/** End the children. NULL is allowed. */
void verify_end(struct verify *verify);

/**
 * libnss_v6guard.so.2 can be loaded, as a child found by doing so; below a ROOT, whose
 * code is never run: it is there, an ELF object with our entry point. Else WHY says what
 * is wrong.
 */
bool module_is_loadable(const char *root, char *why, size_t size);

#endif
