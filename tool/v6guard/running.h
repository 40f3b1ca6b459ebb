/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* running.h - after a change of gai.conf: which programs go on with the one before. */
#ifndef TOOL_V6GUARD_RUNNING_H
#define TOOL_V6GUARD_RUNNING_H

#include "cli.h"
#include "gaiconf/store.h"

struct running {
	bool is_asked; /* this command is about gai.conf */
	bool is_noted; /* and has changed it: */
	bool did_reload;
	int64_t before_ms, written_ms;
};

/** FILE, gai.conf as it was on this host, has just been replaced. */
void running_note(struct running *running, const struct gp_file *file);

/** The JSON key running[], and for people a table on stderr. */
void running_report(struct cli *cli, const struct running *running);

#endif
