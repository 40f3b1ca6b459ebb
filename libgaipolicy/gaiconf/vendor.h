/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vendor.h - files of /etc that need not be there: some systems (openSUSE) ship them in
 * /usr/etc, where their libc looks next. A change is made in a copy in /etc, which goes
 * again with the change.
 */
#ifndef LIBGAIPOLICY_GAICONF_VENDOR_H
#define LIBGAIPOLICY_GAICONF_VENDOR_H

#include "gaiconf/store.h"

/**
 * Read NAME ("/etc/...") as gp_file_read does. If it does not exist, the file of that
 * name in /usr/etc does, and the libc of ROOT has that path compiled in, then libc reads
 * that one: OUT holds its bytes, `vendor` its path, `exists` is false, and `path` is
 * where a change is to be written.
 */
enum gp_status gp_file_read_vendor(const char *root, const char *name,
				   struct gp_file *out, struct gp_diag *diag);

/** What a file was before a change of ours; BYTES malloc'd. */
struct gp_origin {
	bool is_known;
	bool existed; /**< false: there was no file, and BYTES are what libc read instead
		       */
	char *bytes;
	size_t size;
};

struct gp_origin_query {
	const char *what; /**< the kind of history */
	const char *path; /**< the file, below the root */
	/** BYTES may be what the file was. */
	bool (*fits)(const void *ctx, const char *bytes, size_t size);
	const void *ctx;
};

/**
 * Search history, latest first, for earlier contents of the file that fit. Returns GP_OK
 * with is_known false if it has none. Skips damaged entries; a history that cannot be
 * read is an error.
 */
enum gp_status gp_origin_find(const char *root, const struct gp_origin_query *query,
			      struct gp_origin *out, struct gp_diag *diag);

/** FILE is to have BYTES again: *IS_NONE when it was made from just these, and can go. */
enum gp_status gp_origin_is_none(const char *root, const char *what,
				 const struct gp_file *file, const char *bytes,
				 size_t size, bool *is_none, struct gp_diag *diag);

#endif
