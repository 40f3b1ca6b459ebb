/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* preset.h - what gai.conf is to become: a whole policy, or rows that are set on top of
 * what there is. From a file, a profile, or a preset's name. */
#ifndef TOOL_V6GUARD_PRESET_H
#define TOOL_V6GUARD_PRESET_H

#include "gai.h"

/** Where presets are: the operator's, then those that come with v6guard. */
#define PRESET_CONFDIR V6GUARD_CONFDIR "/presets/gai"
#define PRESET_DATADIR V6GUARD_DATADIR "/presets/gai"

struct wish {
	struct gai gai;          /* its text; not of a profile */
	struct gp_tables tables; /* what that comes to */
	/* Of each kind: untouched, rows to be set, or the whole table. */
	enum { WISH_NOTHING, WISH_ROWS, WISH_TABLE } kind[GP_TABLE_KINDS];
	bool has_reload, reload;
};

void wish_free(struct wish *wish);

/* All of these return an exit code, and have said why when it is not EXIT_DONE. */

/**
 * A whole policy from FILE or "-". Lines that libc would not read as they look are
 * errors: EXIT_INPUT. reload is part of it if the file has a line for it.
 */
int wish_from_file(const char *name, struct wish *out);

/** A whole policy by the name of its profile. */
int wish_from_profile(const char *name, struct wish *out);

/**
 * A preset. One from a file changes the kinds that it has rows of: a kind with a row for
 * all the rest becomes that table, of others the rows are set.
 */
int wish_from_preset(const struct cli *cli, const char *name, struct wish *out);

/** A gai_edit_fn: CTX is the wish. */
int wish_edit(struct cli *cli, struct gp_doc *doc, void *ctx);

/** A preset and what it is, in few words. */
struct preset {
	char name[64];
	char brief[100];
};

/** All there are, in one malloc'd block. */
int preset_list(const struct cli *cli, struct preset **out, size_t *count);

#endif
