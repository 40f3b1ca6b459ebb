/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* command.h - the command table, for main.c and complete.c. */
#ifndef TOOL_V6GUARD_COMMAND_H
#define TOOL_V6GUARD_COMMAND_H

#include "cli.h"

struct command {
	const char *verb, *sub; /* SUB may be NULL */
	cmd_fn *run;
	unsigned options;
	int max_args;
	const char *usage; /* what follows the verb */
	const char *brief; /* for the list of all */
	const char *help;  /* the rest, or "" */
};

/** All of them. */
const struct command *command_table(size_t *count);

#endif
