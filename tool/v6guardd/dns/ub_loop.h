/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ub_loop.h - the worker's libevent loop as libunbound's pluggable event base, so that it
 * does not matter which libevent, or none, libunbound itself was built with.
 */
#ifndef TOOL_V6GUARDD_DNS_UB_LOOP_H
#define TOOL_V6GUARDD_DNS_UB_LOOP_H

#include <event2/event.h>

struct ub_event_base;
struct ub_heard;

/** NULL: no memory. BASE has to stay longer. */
struct ub_event_base *ub_loop_new(struct event_base *base);
/** HEARD shows, while libunbound reads, what that is; NULL: nobody wants to know. It has
 * to stay. */
void ub_loop_hear(struct ub_event_base *loop, struct ub_heard *heard);
/** After the last context that used it. */
void ub_loop_free(struct ub_event_base *loop);

#endif
