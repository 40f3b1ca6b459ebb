/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* events.h - what has changed from one look at the host to the next; for watch. */
#ifndef TOOL_V6GUARD_EVENTS_H
#define TOOL_V6GUARD_EVENTS_H

#include <time.h>

#include "status.h"

#define EVENTS_KEPT 8

struct events {
	struct {
		time_t when;
		char text[160];
	} list[EVENTS_KEPT];             /* a ring */
	unsigned long long count, fresh; /* ever; of these since the last look */
};

/** Add what NOW says and BEFORE did not. */
void events_add(struct events *events, const struct status *before,
		const struct status *now);

/** As text the last ones, latest first; as JSON the list "events" of the fresh ones. */
void events_print(struct out *out, const struct events *events);

#endif
