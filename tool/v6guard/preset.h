/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* preset.h - what gai.conf is to become: a whole policy, or rows that are set on top of
 * what there is. From a file, a profile, or a preset's name. */
#ifndef TOOL_V6GUARD_PRESET_H
#define TOOL_V6GUARD_PRESET_H

#include "gai.h"
#include "gaiconf/promise.h"

/** Where presets are: the operator's, then those that come with v6guard. */
#define PRESET_CONFDIR V6GUARD_CONFDIR "/presets/gai"
#define PRESET_DATADIR V6GUARD_DATADIR "/presets/gai"

#define WISH_PROMISES 8

struct wish {
	struct gai gai;          /* its text; not of a profile */
	struct gp_tables tables; /* what that comes to */
	/* Of each kind: untouched, rows to be set, or the whole table. */
	enum { WISH_NOTHING, WISH_ROWS, WISH_TABLE } kind[GP_TABLE_KINDS];
	bool has_reload, reload;
	/* What is to come of the rows, whatever else the file has. */
	struct gp_promise promises[WISH_PROMISES];
	size_t promise_count;
	bool is_told; /* rows that stand against it are named */
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
 * all the rest becomes that table, of others the rows are set. What it promises
 * (gaiconf/promise.h) holds then whatever other rows there are.
 */
int wish_from_preset(const struct cli *cli, const char *name, struct wish *out);

/** Warn of what `policy lint` would of WISH's text: of rows of libc's that it drops, ...
 */
void wish_warn(struct cli *cli, const struct wish *wish);

/** WISH's row for the range of PROMISE that is to move; NULL: it has none. */
const struct gp_row *wish_moved(const struct wish *wish,
				const struct gp_promise *promise);

/**
 * A gai_edit_fn: CTX is the wish. EXIT_NEGATIVE: rows that v6guardd keeps stand against
 * it.
 */
int wish_edit(struct cli *cli, struct gp_doc *doc, void *ctx);

/** A preset and what it is, in few words. */
struct preset {
	char name[64];
	char brief[100];
};

/** All there are, in one malloc'd block. */
int preset_list(const struct cli *cli, struct preset **out, size_t *count);

#endif
