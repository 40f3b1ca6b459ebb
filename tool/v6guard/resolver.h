/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver.h - what the commands about v6guardd's resolver share. */
#ifndef TOOL_V6GUARD_RESOLVER_H
#define TOOL_V6GUARD_RESOLVER_H

#include <jansson.h>

#include "cli.h"

/** Longer than the resolver itself takes to give up. */
#define RESOLVER_ASK_MS 6000

/** The status of a resolver that is on, a reference of the caller's; else an exit code,
 * and it was said why not. */
int resolver_get_running(const struct cli *cli, json_t **out);

/** The text at I of LIST; NULL: there is none. */
const char *resolver_text_at(const json_t *list, size_t i);

#endif
