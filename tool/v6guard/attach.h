/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attach.h - drop-ins as files that are changed; for attach, detach and rollback. */
#ifndef TOOL_V6GUARD_ATTACH_H
#define TOOL_V6GUARD_ATTACH_H

#include "change.h"

/** Write FILE, or, BYTES being NULL, remove it and then its folder if that is empty. */
int attach_write(struct change *change, const struct gp_file *file, const char *bytes,
		 size_t size);

/**
 * change_end for such a change: systemd reads its units anew where it runs. SUMMARY is
 * what was done to the unit NAME.
 */
int attach_end(struct change *change, int code, const char *summary, const char *name);

/** The unit whose drop-in PATH is, cut to SIZE. */
void attach_unit_of(const char *path, char *name, size_t size);

#endif
