/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver.h - what the commands about v6guardd's resolver share. */
#ifndef TOOL_V6GUARD_RESOLVER_H
#define TOOL_V6GUARD_RESOLVER_H

#include <jansson.h>

#include "confedit.h"

/** Longer than the resolver itself takes to give up. */
#define RESOLVER_ASK_MS 6000

/** The status of a resolver that is on, a reference of the caller's; else an exit code,
 * and it was said why not. */
int resolver_get_running(const struct cli *cli, json_t **out);

/** The status, a reference of the caller's; else an exit code, and that was said. */
int resolver_get_status(const struct cli *cli, json_t **out);

bool resolver_is_on(const json_t *status);

/** Say why it is off. */
void resolver_complain_off(const json_t *status);

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

/** The text at I of LIST; NULL: there is none. */
const char *resolver_text_at(const json_t *list, size_t i);

#endif
