/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* files.h - all that is made while we are root: folder, lock, map, sockets. */
#ifndef TOOL_V6GUARDD_FILES_H
#define TOOL_V6GUARDD_FILES_H

#include "worker.h"

#define FILES_LOCK GP_RUN_DIR "/v6guardd.lock"

struct files {
	struct worker_files worker; /* steward_fd is not set here */
	int lock_fd;                /* held as long as one of us lives */
	int guard_fd;               /* the same, and of no file; -1: it was taken */
};

/** What of the folder had to be made anew; -1, NULL, false: it is there. */
struct files_again {
	struct gp_reach *map; /* mapped, empty */
	int map_fd, control_fd;
	bool wants_hints; /* hint_sockets_open is the caller's */
};

/**
 * Make GP_RUN_DIR, take the lock, make or take over the map, bind the sockets, open
 * netlink and the log ([log] to; in the background "journal" is nowhere: there is no
 * stderr), bind the resolver's listeners if it is enabled, saying which could not be.
 * GP_BUSY: another v6guardd runs; GP_PERM, GP_IO. What was made stays when it fails: the
 * next start takes it over.
 */
enum gp_status files_open(struct files *files, const struct settings *settings,
			  bool is_foreground, struct gp_diag *diag);

/** Nobody has removed the lock, the map or a socket. */
bool files_are_in_place(const struct files *files);

/** Make what is not there any more, by the steward. Descriptors and map are the caller's,
 * also when it fails; GP_BUSY: another v6guardd holds the new lock. */
enum gp_status files_open_again(struct files *files, struct files_again *out,
				struct gp_diag *diag);

#endif
