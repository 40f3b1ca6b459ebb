/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* runfolder.h - the run folder, which somebody may empty or remove while we live:
 * programs are to find it again. */
#ifndef TOOL_V6GUARDD_RUNFOLDER_H
#define TOOL_V6GUARDD_RUNFOLDER_H

#include "files.h"

struct runfolder {
	struct files *files;
	struct gp_reach *map; /* the steward's mapping of what is in force */
	int fd;               /* for poll(); -1: it cannot be watched */
	long long due_ms;     /* when to look; 0: nothing has changed */
};

/** FILES stay the caller's. */
void runfolder_begin(struct runfolder *run, struct files *files);

/** FD is readable. */
void runfolder_take(struct runfolder *run);

/** Make what is not there, and hand it to the worker; the sockets of hints are the
 * caller's, if it WANTS_HINTS. False: it cannot go on, and is to be started anew. */
bool runfolder_look(struct runfolder *run, int worker_fd, bool *wants_hints);

#endif
