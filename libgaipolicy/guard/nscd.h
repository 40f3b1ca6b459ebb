/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nscd.h - telling nscd that its answers are stale. */
#ifndef LIBGAIPOLICY_GUARD_NSCD_H
#define LIBGAIPOLICY_GUARD_NSCD_H

#include "gaipolicy.h"

/** An nscd answers on its socket. */
bool gp_nscd_is_running(void);

/** Run `nscd -i hosts` and wait for it, 5 s at most; false: it failed. */
bool gp_nscd_flush(void);

#endif
