/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undo.h - one change of a gai.conf taken out of what the file has become since. Pure. */
#ifndef LIBGAIPOLICY_GAICONF_UNDO_H
#define LIBGAIPOLICY_GAICONF_UNDO_H

#include "gaiconf/document.h"

struct gp_text {
	const char *bytes;
	size_t size;
};

/**
 * NOW without the change that made AFTER of BEFORE: lines that it added go, those that it
 * removed or changed are back, where they were. Lines that were edited since then stay:
 * *LEFT gets how many more of its lines could not be undone. The known-local block is
 * left alone. *OUT is malloc'd, a NUL behind it. GP_NOMEM.
 */
enum gp_status gp_undo(const struct gp_text *before, const struct gp_text *after,
		       const struct gp_text *now, char **out, size_t *size, size_t *left);

#endif
