/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* confedit.h - one file of the configuration changed, and what comes of it applied; for
 * mode, config, rule and preset. */
#ifndef TOOL_V6GUARD_CONFEDIT_H
#define TOOL_V6GUARD_CONFEDIT_H

#include "policy.h"

/** Where all that is not set anywhere yet goes, below the root. */
#define CONFEDIT_DEFAULT V6GUARD_CONFDIR "/v6guard.conf"

/** A change of that kind, from begin to end. */
struct confedit {
	struct change change;
	struct gp_config *config; /* as it is before */
	struct policy old;
	char summary[1024];
};

/* All of these return an exit code, and have said why when it is not EXIT_DONE. */

/** change_begin, and the configuration. Whatever follows ends with confedit_end. */
int confedit_begin(struct confedit *edit, struct cli *cli);

/** Where KEY of SECTION is set, below the root, malloc'd; else CONFEDIT_DEFAULT. *LINE,
 * unless NULL: its line, 0 where it is not set. */
char *confedit_path(const struct cli *cli, const struct gp_config *config,
		    const char *section, const char *key, unsigned *line);

/**
 * Put BYTES in place of FILE, which was read from PATH below the root, and the policy
 * that comes of it in force; both or neither. With an error in it nothing is written.
 */
int confedit_put(struct confedit *edit, const char *path, const struct gp_file *file,
		 const char *bytes, size_t size);

/** Set one value in the file where it is set; the same value: only the policy. */
int confedit_set(struct confedit *edit, const char *section, const char *key,
		 const char *value);

/** There is no rule NAME: say so, with the one it may be. */
void confedit_no_rule(const struct confedit *edit, const char *name);

/** change_end; the summary is that of the policy. */
int confedit_end(struct confedit *edit, int code);

#endif
