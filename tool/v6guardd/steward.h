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
	const char *dir;    /* the configuration's folder */
	bool is_foreground; /* -f */
};

/**
 * Read the configuration in DIR into OUT, printing what is wrong. The exit status: 0, 3
 * or 4; OUT is untouched unless it is 0. FIRST (NULL allowed): the first error as text.
 */
int steward_load(const char *dir, struct settings *out, char first[1024]);

/**
 * Fork the worker, then serve it until one of us ends; the exit status of v6guardd.
 * READY_FD
 * (-1: none) gets one byte when the worker runs.
 */
int steward_run(const struct steward_options *options, struct files *files,
		const struct settings *settings, int ready_fd);

#endif
