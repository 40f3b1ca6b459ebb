/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff.h - unified diffs of two texts. Pure. */
#ifndef LIBGAIPOLICY_GAICONF_DIFF_H
#define LIBGAIPOLICY_GAICONF_DIFF_H

#include "gaipolicy.h"

/**
 * The unified diff (3 lines of context) that turns the A_SIZE bytes of A into B, with
 * PATH in its two header lines, as patch(1) takes it, "\ No newline at end of file"
 * included. *OUT is a malloc'd, NUL-terminated text, empty when the two are equal.
 * GP_NOMEM.
 */
enum gp_status gp_diff(const char *path, const char *a, size_t a_size, const char *b,
		       size_t b_size, char **out);

#endif
