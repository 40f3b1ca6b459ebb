/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_context.h - libunbound's contexts: made anew when the servers change, and let
 * go when the last of their queries is done. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_CONTEXT_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_CONTEXT_H

#include <event2/event.h>

#include "ub_library.h"
#include "upstream_config.h"

struct context {
	struct context *next; /* of the retired ones */
	struct ub_ctx *ctx;
	size_t waiting;      /* queries */
	long long used_ms;   /* last */
	long long silent_ms; /* since when it has brought nothing; 0: it has */
};

struct contexts;
struct ub_heard;

/** NULL: no memory. */
struct contexts *contexts_new(struct event_base *base);
/** HEARD shows what is read for any of them; NULL: nobody wants to know (ub_loop_hear).
 */
void contexts_hear(struct contexts *contexts, struct ub_heard *heard);
/** And all of the retired ones; no query may wait. NULL is allowed. */
void contexts_free(struct contexts *contexts);

/** One that asks of each list of SERVERS the one that is chosen, by TCP alone if BY_TCP.
 * NULL: no memory, or libunbound does not take it. */
struct context *contexts_add(struct contexts *contexts, const struct servers *servers,
			     bool validates, bool by_tcp, upstream_choose_fn *choose,
			     const void *ctx);
/** *CONTEXT is asked nothing more and becomes NULL; it goes with its last query. */
void contexts_retire(struct contexts *contexts, struct context **context);
/** One query less waits for CONTEXT. */
void contexts_answered(struct contexts *contexts, struct context *context);

#endif
