/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* change.h - one run of a command that writes: what it changes, and how it ends. */
#ifndef TOOL_V6GUARD_CHANGE_H
#define TOOL_V6GUARD_CHANGE_H

#include <signal.h>

#include "cli.h"
#include "gaiconf/store.h"

struct change {
	struct cli *cli;
	struct gp_store *store; /* NULL: a dry run, nothing is written */
	char *diff;             /* of all files so far; NULL: none differs */
	bool is_policy;         /* the snapshot was written */
	long long generation;   /* of that snapshot */
	bool wants_reload;      /* tell v6guardd in any case: it reads more than that */
	bool is_gai;            /* gai.conf was written, on this host */
	sigset_t signals;       /* blocked before change_begin */
};

/* All of these return an exit code, and have said why when it is not EXIT_DONE. */

/**
 * Take the lock, unless it is a dry run. Whatever follows ends with change_end; until
 * then the signals that people send wait: half of a change is worse than either end of
 * it.
 */
int change_begin(struct change *change, struct cli *cli);

/** Replace FILE; WHAT as in gp_store_replace. The same bytes: nothing is done. */
int change_file(struct change *change, const struct gp_file *file, const char *what,
		const char *bytes, size_t size);

/** The same; but where FILE was made by a change of ours and is to hold what it was made
 * from, it is removed. */
int change_back(struct change *change, const struct gp_file *file, const char *what,
		const char *bytes, size_t size);

/** Remove FILE, which exists; WHAT as in gp_store_remove. */
int change_remove(struct change *change, const struct gp_file *file, const char *what);

/** Add to the diff without writing anything. */
int change_note(struct change *change, const char *path, const char *a, size_t a_size,
		const char *b, size_t b_size);

/** Put back what FILE was, byte for byte; says so when that fails, for a human to do it.
 */
void change_undo(struct change *change, const struct gp_file *file);

/**
 * Unlock, let nscd and v6guardd know, and print the result when CODE is EXIT_DONE: the
 * diff of a dry run, SUMMARY, or "unchanged". Returns the exit code of the command.
 */
int change_end(struct change *change, int code, const char *summary);

/** The JSON keys of all commands that change something. */
void change_report(const struct cli *cli, bool is_changed, const char *diff);

#endif
