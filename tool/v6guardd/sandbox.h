/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox.h - how the worker becomes harmless, and the steward small. */
#ifndef TOOL_V6GUARDD_SANDBOX_H
#define TOOL_V6GUARDD_SANDBOX_H

#include "gaipolicy.h"

/**
 * The worker's: become USER (and its group, no others), drop every capability and the
 * bounding set, no_new_privs. A process that is not root, or a user namespace with
 * nobody else in it, stays who it is and still loses the capabilities. GP_NOTFOUND: no
 * such user; GP_PERM.
 */
enum gp_status sandbox_worker(const char *user, struct gp_diag *diag);

/** The steward's: keep only what destroying sockets and naming their owners takes. */
enum gp_status sandbox_steward(struct gp_diag *diag);

/**
 * The worker's system calls from here on: what its loop needs, and with RESOLVES
 * libunbound; exec and its like kill it, the rest fails with EPERM. GP_UNSUPPORTED: a
 * kernel without seccomp.
 */
enum gp_status sandbox_seccomp(bool resolves, struct gp_diag *diag);

#endif
