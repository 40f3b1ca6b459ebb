/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver.h - what the commands about v6guardd's resolver share. */
#ifndef TOOL_V6GUARD_RESOLVER_H
#define TOOL_V6GUARD_RESOLVER_H

#include <jansson.h>

#include "confedit.h"
#include "resolv_read.h"

/** Longer than the resolver itself takes to give up. */
#define RESOLVER_ASK_MS 6000

/** The status of a resolver that is on, a reference of the caller's; else an exit code,
 * and it was said why not. */
int resolver_get_running(const struct cli *cli, json_t **out);

/** The status, a reference of the caller's; else an exit code, and that was said. */
int resolver_get_status(const struct cli *cli, json_t **out);

/** It answers, be it degraded. */
bool resolver_is_on(const json_t *status);
bool resolver_is_degraded(const json_t *status);

/** Say why it is off, or why it listens nowhere. */
void resolver_complain_off(const json_t *status);
void resolver_complain_deaf(const json_t *status);

/** What `[resolver] enable = yes` and another start of v6guardd may cure. */
bool resolver_can_start(const struct cli *cli, const json_t *status);

/**
 * `enable = yes` in EDIT's configuration, and v6guardd is started anew by systemd.
 * BEFORE: the file as it was, for resolver_unstart and gp_file_free whatever comes.
 * STATUS: of a resolver that is on, a reference of the caller's. Else an exit code; that
 * was said, and all is as it was.
 */
int resolver_start(struct confedit *edit, struct gp_file *before, json_t **status);
void resolver_unstart(struct confedit *edit, const struct gp_file *before);

/** What can be known of why v6guardd did not come up: its own last words, the error in
 * its configuration. To stderr. */
void resolver_say_why(void);

/** Where STATUS says that it listens, and where it waits for an address. The count. */
#define RESOLVER_LISTENERS 64
size_t resolver_listeners(const json_t *status,
			  struct resolv_listener out[RESOLVER_LISTENERS]);

/** Programs that read resolv.conf come to it, also through systemd-resolved; HOW: what
 * there is to say of that, or "". */
#define RESOLVER_HOW 128
bool resolver_leads_here(const struct cli *cli, const json_t *status,
			 char how[RESOLVER_HOW]);

/** Say what `enable` would do, beside the diff: with RESOLV_CONF's text (NULL: no file),
 * and what has to be done first: nothing, a start of v6guardd, or also `enable = yes`. */
enum resolver_plan { PLAN_RUNNING, PLAN_RESTART, PLAN_SET };
void resolver_plan(struct cli *cli, const char *resolv_conf, enum resolver_plan plan);

/** The text at I of LIST; NULL: there is none. */
const char *resolver_text_at(const json_t *list, size_t i);

#endif
