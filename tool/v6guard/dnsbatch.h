/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnsbatch.h - many questions to one server at once. */
#ifndef TOOL_V6GUARD_DNSBATCH_H
#define TOOL_V6GUARD_DNSBATCH_H

#include "answers.h"

struct dnsbatch_item {
	const char *name;
	unsigned type;
	struct answers *out; /* is_there stays as it is while nothing comes */
};

/**
 * Ask SERVER, as for dnsask, for each of COUNT items, by UDP, and wait LIMIT_MS at most;
 * IS_PLAIN: as libc asks, else for the reasons of answers as well;
 * what is not answered by a third of that is asked again. Returns how many were answered.
 */
size_t dnsbatch(const char *server, bool is_plain, const struct dnsbatch_item *items,
		size_t count, int limit_ms);

#endif
