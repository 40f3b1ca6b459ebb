/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h - how any file of the system is changed: locked, all or nothing, with history
 * (DESIGN 7). Serves nsswitch.conf, v6guard.conf, gai.conf and the snapshot.
 */
#ifndef LIBGAIPOLICY_GAICONF_STORE_H
#define LIBGAIPOLICY_GAICONF_STORE_H

#include <sys/stat.h>
#include <sys/uio.h>

#include "gaipolicy.h"

struct gp_store;

/** Entries of history that are kept, over all kinds; the latest of each is in any case.
 */
#define GP_HISTORY_MAX 50

/**
 * Lock the host below ROOT ("" or "/": this one; else a realpath) for writing:
 * ROOT/var/lib/v6guard is made (0755) if need be, ROOT/var/lib/v6guard/lock is locked,
 * waiting up to 10 s (GP_BUSY then). Release with gp_store_close. COMMAND is the command
 * line that history will show.
 */
enum gp_status gp_store_open(const char *root, const char *command, struct gp_store **out,
			     struct gp_diag *diag);

/** The changes that follow take a file back to before the change SERIAL of history, which
 * will say so. */
void gp_store_undoes(struct gp_store *store, uint64_t serial);

/** The changes that follow take out what all before them wrote, which history will say.
 */
void gp_store_resets(struct gp_store *store);

/** Unlock and free; NULL is allowed. */
void gp_store_close(struct gp_store *store);

/** A file as it was read. Free with gp_file_free. */
struct gp_file {
	char *path;  /**< ROOT and name, symbolic links resolved below ROOT */
	char *bytes; /**< malloc'd, with a NUL behind the last */
	size_t size;
	bool exists;       /**< else bytes is "" and size 0 */
	bool through_link; /**< the name given was a symbolic link to PATH */
	bool is_mapped;    /**< by gp_file_map */
	char *vendor;      /**< by gp_file_read_vendor: where bytes are from; or NULL */
	struct stat stat;  /**< when it exists */
	mode_t mode;       /**< that what replaces it is to have; 0: as below */
};

/**
 * Read NAME ("/etc/nsswitch.conf") below ROOT; needs no lock. A file that does not exist
 * is GP_OK with exists = false. Only regular files of up to 64 MiB: GP_UNSUPPORTED else.
 */
enum gp_status gp_file_read(const char *root, const char *name, struct gp_file *out,
			    struct gp_diag *diag);

/**
 * The same for files of any size, of which little may be looked at: the bytes are mapped,
 * and nothing stands behind the last. They stay what they are when the file is replaced.
 */
enum gp_status gp_file_map(const char *root, const char *name, struct gp_file *out,
			   struct gp_diag *diag);

void gp_file_free(struct gp_file *file);

/**
 * Replace what FILE was read from by SIZE bytes: temporary file in the same folder
 * (leftovers of an earlier crash are removed), mode, owner and extended attributes kept
 * (0644 and ours for a new file), fsync, rename, fsync of the folder. WHAT ("nss",
 * "config", "gai", "resolv") puts the old content into history first; NULL leaves no
 * history. GP_BUSY when the file is no longer what was read; then and on every other
 * failure the old file stands.
 */
enum gp_status gp_store_replace(struct gp_store *store, const struct gp_file *file,
				const char *what, const void *bytes, size_t size,
				struct gp_diag *diag);

/** The same with the COUNT parts one behind the other. */
enum gp_status gp_store_replace_parts(struct gp_store *store, const struct gp_file *file,
				      const char *what, const struct iovec *parts,
				      size_t count, struct gp_diag *diag);
/**
 * Remove what FILE was read from, which exists: WHAT, history and failures as with
 * gp_store_replace. Its folder stays.
 */
enum gp_status gp_store_remove(struct gp_store *store, const struct gp_file *file,
			       const char *what, struct gp_diag *diag);

/**
 * ROOT (without a slash at its end, "" for this host) and NAME with all symbolic links
 * resolved below ROOT, malloc'd; what does not exist is kept as it is written. *IS_LINK:
 * NAME itself was a link. GP_UNSUPPORTED: too many links. Below a root it may be a link
 * by the time it is used, which inside.h's calls refuse.
 */
enum gp_status gp_path_resolve(const char *root, const char *name, char **out,
			       bool *is_link, struct gp_diag *diag);

/** One change of the past. */
struct gp_history_entry {
	unsigned n;        /**< 1: the latest of its kind, as `rollback WHAT N` counts */
	uint64_t serial;   /**< its number in the folder, over all kinds */
	char what[16];     /**< "nss", ... */
	int64_t time;      /**< wall clock, seconds */
	char user[64];     /**< login name, or the uid as text */
	char command[512]; /**< the command line, cut */
	char path[256];    /**< the file that was changed */
	bool existed;      /**< false: the change created the file */
	/** It was a rollback, to before the change of that serial; 0: none. */
	uint64_t undoes;
	bool is_reset; /**< it took out what all changes before it wrote */
};

/**
 * The entries of kind WHAT (NULL: all), latest first, in one malloc'd block. Damaged
 * entries are passed over.
 */
enum gp_status gp_history_list(const char *root, const char *what,
			       struct gp_history_entry **out, size_t *count,
			       struct gp_diag *diag);

/**
 * Which of COUNT entries, latest first, do not hold any more: those between a rollback
 * and what it goes back to, of the same file, unless it was undone as well. Pure.
 */
void gp_history_mark_undone(const struct gp_history_entry *list, size_t count,
			    bool *is_undone);

/** The content that ENTRY replaced, malloc'd. */
enum gp_status gp_history_content(const char *root, const struct gp_history_entry *entry,
				  char **bytes, size_t *size, struct gp_diag *diag);

/** The content that ENTRY made of that, malloc'd; GP_NOTFOUND: only "gai" entries have
 * it, and old ones have not. */
enum gp_status gp_history_after(const char *root, const struct gp_history_entry *entry,
				char **bytes, size_t *size, struct gp_diag *diag);

#endif
