/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diag.h - filling in struct gp_diag. For libgaipolicy and the tools; the doors do not
 * report. */
#ifndef LIBGAIPOLICY_DIAG_H
#define LIBGAIPOLICY_DIAG_H

#include "gaipolicy.h"

/**
 * Set all of DIAG (unless NULL) and return STATUS. PATH may be NULL. saved_errno is errno
 * as it is on entry when STATUS is GP_IO or GP_PERM, else 0. Long texts are cut.
 */
enum gp_status gp_diag_set(struct gp_diag *diag, enum gp_status status, const char *path,
			   const char *format, ...) __attribute__((format(printf, 4, 5)));

/** As gp_diag_set, with a line and column (1-based; 0: none). */
enum gp_status gp_diag_set_at(struct gp_diag *diag, enum gp_status status,
			      const char *path, unsigned line, unsigned column,
			      const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#endif
