/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify.h - do lookups still work? Asked of the real libc, in child processes that were
 * forked before this one touched NSS, so that each starts with nothing loaded.
 */
#ifndef TOOL_V6GUARD_VERIFY_H
#define TOOL_V6GUARD_VERIFY_H

#include "cli.h"

struct verify;

/** Fork the two children. NULL: it cannot be done, and that was said. */
struct verify *verify_start(const struct cli *cli);

/** Look the names up as things are; up to 30 s. */
void verify_before(struct verify *verify);

/**
 * Look them up again for CLI, with SERVICES on the hosts: line now. False: something got
 * worse, or the module was not loaded; that was said.
 */
bool verify_after(struct verify *verify, struct cli *cli, const char *services,
		  size_t size);

/** End the children. NULL is allowed. */
void verify_end(struct verify *verify);

/**
 * libnss_v6guard.so.2 can be loaded, as a child found by doing so; below a ROOT, whose
 * code is never run: it is there, an ELF object with our entry point. Else WHY says what
 * is wrong.
 */
bool module_is_loadable(const char *root, char *why, size_t size);

#endif
