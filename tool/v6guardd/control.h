/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control.h - the control socket: a line in, one JSON object in a line out, and closed.
 *
 *   status                          everybody
 *   partners ADDRESS                everybody: {"partners": [ADDRESS...]}
 *   verdict list                    everybody
 *   verdict set PREFIX VERDICT SECONDS   root
 *   verdict clear [PREFIX]          root
 *   reload                          root; answered once the steward has read the files
 *   resolver status                 everybody
 *   resolver flush [NAME]           root
 *
 * An error is {"error": TEXT}.
 */
#ifndef TOOL_V6GUARDD_CONTROL_H
#define TOOL_V6GUARDD_CONTROL_H

#include <event2/event.h>
#include <jansson.h>

#include "gaipolicy.h"

struct control;

/** What the socket's lines come to. Results are new references; NULL: no memory. */
struct control_ops {
	void *ctx;
	json_t *(*status)(void *ctx);
	json_t *(*partners)(void *ctx, const struct gp_addr *addr);
	json_t *(*verdict_list)(void *ctx);
	json_t *(*verdict_set)(void *ctx, const struct gp_prefix *prefix,
			       enum gp_verdict verdict, uint32_t seconds);
	/* ::/0: of all of them */
	json_t *(*verdict_clear)(void *ctx, const struct gp_prefix *prefix);
	json_t *(*resolver_status)(void *ctx);
	/* NAME in wire form; NULL: all of them */
	json_t *(*resolver_flush)(void *ctx, const uint8_t *name);
	/* Begin one, for one client; a control_reloaded ends it. False: {"error"} at
	 * once. */
	bool (*reload)(void *ctx);
};

/** Listen at LISTEN_FD instead, which is its own from now on; clients stay. */
void control_replace(struct control *control, int listen_fd);

/**
 * LISTEN_FD: bound and listening; owned, also when NULL is returned. At most 32 clients,
 * 5 s each, 8 of one user but root, who finds 8 places that no other may take. Who finds
 * none is told so. No answer comes before control_new has returned.
 */
struct control *control_new(struct event_base *base, int listen_fd,
			    const struct control_ops *ops);
void control_free(struct control *control);

/** Answer who has waited longest for a reload: each has one that began after it had
 * asked. 10 s after they asked they are told that it takes too long. Steals REPLY. */
void control_reloaded(struct control *control, json_t *reply);

#endif
