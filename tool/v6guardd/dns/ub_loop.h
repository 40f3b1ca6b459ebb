/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ub_loop.h - the worker's libevent loop as libunbound's pluggable event base, so that it
 * does not matter which libevent, or none, libunbound itself was built with.
 */
#ifndef TOOL_V6GUARDD_DNS_UB_LOOP_H
#define TOOL_V6GUARDD_DNS_UB_LOOP_H

#include <event2/event.h>

struct ub_event_base;

/** NULL: no memory. BASE has to stay longer. */
struct ub_event_base *ub_loop_new(struct event_base *base);
/** After the last context that used it. */
void ub_loop_free(struct ub_event_base *loop);

#endif
