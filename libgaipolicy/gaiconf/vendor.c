/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vendor.c - files that libc also reads below /usr, and whether its library does so here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "gaiconf/vendor.h"

#define LIBC "libc.so.6"

/* Where an image has its libc: beside the modules, as a rule. */
static const char *const folders[] = {V6GUARD_NSSDIR, "/lib64", "/usr/lib64", "/lib",
				      "/usr/lib"};

static bool mentions(const char *root, const char *library, const char *name,
		     bool *is_there)
{
	struct gp_file file;
	bool is_found;

	if (gp_file_map(root, library, &file, NULL) != GP_OK)
		return false;
	*is_there = file.exists;
	is_found = memmem(file.bytes, file.size, name, strlen(name) + 1) != NULL;
	gp_file_free(&file);
	return is_found;
}

/* The path is compiled in: libc's own patch is `fopen("/usr" PATH)`. */
static bool libc_reads(const char *root, const char *name)
{
	bool is_there = false, is_found = false;
	Dl_info libc;

	if (!root[0] || !strcmp(root, "/"))
		return dladdr((void *)(uintptr_t)gnu_get_libc_version, &libc) &&
		       mentions("", libc.dli_fname, name, &is_there);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !is_there; i++) {
		char *library;
		if (asprintf(&library, "%s/" LIBC, folders[i]) < 0)
			return false;
		is_found = mentions(root, library, name, &is_there);
		free(library);
	}
	return is_found;
}

enum gp_status gp_file_read_vendor(const char *root, const char *name,
				   struct gp_file *out, struct gp_diag *diag)
{
	struct gp_file vendor = {.path = NULL};
	enum gp_status status = gp_file_read(root, name, out, diag);
	char *below = NULL;
	int saved = errno;

	if (status != GP_OK || out->exists)
		return status;
	if (asprintf(&below, "/usr%s", name) < 0)
		status = gp_diag_set(diag, GP_NOMEM, name, "no memory");
	else
		status = gp_file_read(root, below, &vendor, diag);
	if (status == GP_OK && vendor.exists && libc_reads(root, below)) {
		free(out->bytes);
		out->bytes = vendor.bytes;
		out->size = vendor.size;
		out->vendor = vendor.path;
		vendor.bytes = vendor.path = NULL;
	}
	if (status != GP_OK)
		gp_file_free(out);
	gp_file_free(&vendor);
	free(below);
	errno = saved;
	return status;
}

static bool is_same(const void *ctx, const char *bytes, size_t size)
{
	const struct iovec *wanted = ctx;

	return wanted->iov_len == size && !memcmp(wanted->iov_base, bytes, size);
}

enum gp_status gp_origin_is_none(const char *root, const char *what,
				 const struct gp_file *file, const char *bytes,
				 size_t size, bool *is_none, struct gp_diag *diag)
{
	const size_t root_length = strcmp(root, "/") ? strlen(root) : 0;
	const struct iovec wanted = {(void *)(uintptr_t)bytes, size};
	const struct gp_origin_query query = {what, file->path + root_length, is_same,
					      &wanted};
	struct gp_origin origin = {.is_known = false};
	enum gp_status status = GP_OK;

	if (file->exists)
		status = gp_origin_find(root, &query, &origin, diag);
	*is_none = origin.is_known && !origin.existed;
	free(origin.bytes);
	return status;
}
