/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resolver_verify.h - does v6guardd's resolver say of the names that this host has what
 * its name servers say? A and AAAA of each: of the servers, in their order, as libc takes
 * the first that gives an answer; and of the resolver.
 */
#ifndef TOOL_V6GUARD_RESOLVER_VERIFY_H
#define TOOL_V6GUARD_RESOLVER_VERIFY_H

#include <jansson.h>

#include "resolv_read.h"

/** For all questions together. */
#define RESOLVER_VERIFY_MS 6000
#define RESOLVER_NAMES 16

/** A name that is compared. */
struct resolver_name {
	char name[RESOLV_NAME];
	bool is_varying; /* nothing is known of it: its addresses may be others each time
			  */
};

/**
 * The names of CLI's --verify, the host's own (with each search domain, if it has no
 * dot), the search domains, and some of those that nscd keeps, if it does: each once. The
 * count.
 */
size_t resolver_names(const struct cli *cli, const struct resolv_read *file,
		      struct resolver_name out[RESOLVER_NAMES]);

struct resolver_verify;

/**
 * Ask the name servers that TEXT, a resolv.conf, leads to, or that STATUS says the
 * resolver asks, where they are others by the configuration. Warns of those that do not
 * answer. NULL: no memory, which was said.
 */
struct resolver_verify *resolver_verify_begin(struct cli *cli, const char *text,
					      const json_t *status);
void resolver_verify_free(struct resolver_verify *verify);

/** Ask LISTENER for the same, anew. False: it says something else, and that was said. */
bool resolver_verify_compare(struct resolver_verify *verify, const char *listener);

/** A name that both know; NULL: none. */
const char *resolver_verify_known(const struct resolver_verify *verify);

#endif
