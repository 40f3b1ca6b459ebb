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

/** What gp_diff_match says of a line that is not in the other text. */
#define GP_DIFF_NONE SIZE_MAX

/**
 * Which lines two texts have in common, in order: *OUT gets for each line of A, from 0
 * on, that of B; malloc'd, *COUNT of them. GP_NOMEM.
 */
enum gp_status gp_diff_match(const char *a, size_t a_size, const char *b, size_t b_size,
			     size_t **out, size_t *count);

#endif
