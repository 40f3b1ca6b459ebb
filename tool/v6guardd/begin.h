/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* begin.h - from the fork to the worker's loop: what is loaded, and what is given up. */
#ifndef TOOL_V6GUARDD_BEGIN_H
#define TOOL_V6GUARDD_BEGIN_H

#include "files.h"

/** Let go of the terminal, or of a pipe that somebody reads to its end. */
void begin_let_go(void);

/** Be the worker of the steward PARENT, which is at the other end of STEWARD_FD; READY_FD
 * (-1: none) is the steward's alone. */
_Noreturn void begin_worker(struct files *files, const struct settings *settings,
			    int ready_fd, int steward_fd, pid_t parent);

#endif
