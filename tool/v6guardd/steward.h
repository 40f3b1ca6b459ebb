/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steward.h - the process that keeps root's rights for what takes them: reading the
 * configuration, destroying sockets, telling nscd. It reads no network, and believes the
 * worker nothing.
 */
#ifndef TOOL_V6GUARDD_STEWARD_H
#define TOOL_V6GUARDD_STEWARD_H

#include "files.h"

/** How to run. */
struct steward_options {
	const char *dir; /* the configuration's folder, absolute */
	/* "", or why these settings are not those of DIR. */
	const char *trouble;
	const char *text; /* for lastgood_keep; NULL: nothing */
};

/**
 * Fork the worker, then serve it until one of us ends; the exit status of v6guardd.
 * READY_FD (-1: we are in the foreground) gets one byte when the worker runs; from then
 * on nothing goes to the standard files that we were started with, and complaints to
 * syslog.
 */
int steward_run(const struct steward_options *options, struct files *files,
		const struct settings *settings, int ready_fd);

#endif
