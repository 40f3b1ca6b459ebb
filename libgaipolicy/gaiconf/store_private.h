/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store_private.h - what store.c, file.c and history.c share; for nobody else. */
#ifndef LIBGAIPOLICY_GAICONF_STORE_PRIVATE_H
#define LIBGAIPOLICY_GAICONF_STORE_PRIVATE_H

#include "gaiconf/store.h"

struct gp_store {
	char *root;    /* without a slash at its end; "" for this host */
	char *command; /* as history shows it */
	uint64_t undoes;
	bool is_reset;
	int lock_fd;
};

/** ROOT without slashes at its end, malloc'd. */
char *gp_root_trim(const char *root);

/** Report errno as "WHAT: reason" on PATH; GP_PERM, GP_NOMEM or GP_IO. */
enum gp_status gp_io_failed(struct gp_diag *diag, const char *path, const char *what);

/**
 * A new temporary file beside PATH, which is below ROOT, holding COUNT parts, not yet on
 * the disk; *TEMP is its malloc'd name. Leftovers of earlier ones are removed: only for
 * who holds the lock.
 */
enum gp_status gp_temp_write(const char *root, const char *path,
			     const struct iovec *parts, size_t count, char **temp,
			     int *fd, struct gp_diag *diag);

/** fsync and close FD, rename TEMP to PATH and fsync their folder. */
enum gp_status gp_temp_commit(const char *root, const char *temp, int *fd,
			      const char *path, struct gp_diag *diag);

/** Make the folder ROOT + NAME and those above it, each 0755; *OUT is its resolved path.
 */
enum gp_status gp_folder_make(const char *root, const char *name, char **out,
			      struct gp_diag *diag);

/** What takes a file's place; no parts: it goes. */
struct gp_after {
	const struct iovec *parts;
	size_t count;
};

/** An entry as bytes, malloc'd: its header, what FILE held, and of kind "gai" AFTER.
 * NULL: no memory. */
char *gp_entry_build(const struct gp_store *store, const char *what,
		     const struct gp_file *file, const struct gp_after *after,
		     size_t *size);

/** Where in an entry what is. */
struct gp_entry_contents {
	size_t at, size;   /**< the old content */
	bool has_after;    /**< the new one is behind it, */
	size_t after_size; /**< to the end */
};

/** Read FILE as an entry of the history: all of OUT but n and serial. False: FILE is not
 * an entry. */
bool gp_entry_parse(const struct gp_file *file, struct gp_history_entry *out,
		    struct gp_entry_contents *contents);

/** Put FILE's content into history as of kind WHAT, of "gai" AFTER as well; *ENTRY is the
 * new entry's malloc'd path. */
enum gp_status gp_history_add(struct gp_store *store, const char *what,
			      const struct gp_file *file, const struct gp_after *after,
			      char **entry, struct gp_diag *diag);

/** Drop all but the latest GP_HISTORY_MAX entries and the latest of each kind. Errors do
 * not matter. */
void gp_history_trim(struct gp_store *store);

#endif
