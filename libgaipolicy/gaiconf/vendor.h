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
 * gp_file_read for NAME ("/etc/..."). If there is no such file, but one in /usr/etc, and
 * the libc of ROOT has that path compiled in, OUT has its bytes, and vendor is its path:
 * what libc reads. exists is false then, and path is where a change is to be written.
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

/** BYTES may be what the file was. */
typedef bool gp_origin_fn(const void *ctx, const char *bytes, size_t size);

/**
 * Look through history of kind WHAT, latest first, for a content of FILE that FITS. GP_OK
 * and is_known false: there is none.
 */
enum gp_status gp_origin_find(const char *root, const char *what,
			      const struct gp_file *file, gp_origin_fn *fits,
			      const void *ctx, struct gp_origin *out,
			      struct gp_diag *diag);

/** FILE is to have BYTES again, from which it was made when it did not exist: it can go.
 */
bool gp_origin_is_none(const char *root, const char *what, const struct gp_file *file,
		       const char *bytes, size_t size);

#endif
