/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* program.h - which program this process runs, for the rules that ask. */
#ifndef LIBGAIPOLICY_GUARD_PROGRAM_H
#define LIBGAIPOLICY_GUARD_PROGRAM_H

#include "gaipolicy.h"

/**
 * This process's program, found at the first call by three system calls and kept: the
 * path of its executable file (without the " (deleted)" of one that was replaced since),
 * and the name of its first thread, which for a script that was started by its #! line is
 * the script's. Without /proc both are "". errno is preserved. Never NULL.
 */
const struct gp_program *gp_program_self(void);

#endif
