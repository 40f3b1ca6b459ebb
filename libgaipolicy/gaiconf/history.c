/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history.c - what files held before they were changed: one file a change in
 * /var/lib/v6guard/history, named SERIAL-WHAT (SERIAL of ten digits, growing, over all
 * kinds). history_entry.c has what is in it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "gaiconf/inside.h"
#include "gaiconf/store_private.h"
#include "gaiconf/vendor.h"
#include "paths.h"

#define FOLDER GP_STATE_DIR "/history"
#define SERIAL_DIGITS 10
#define SERIAL_MAX 9999999999ULL

/* ---- the folder ------------------------------------------------------------- */

struct names {
	uint64_t *serial; /* ascending */
	size_t count;
};

static bool read_serial(const char *name, uint64_t *serial)
{
	for (int i = 0; i < SERIAL_DIGITS; i++)
		if (name[i] < '0' || name[i] > '9')
			return false;
	*serial = strtoull(name, NULL, 10);
	return name[SERIAL_DIGITS] == '-' && name[SERIAL_DIGITS + 1] != '\0';
}

static int compare_serials(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static bool add_serial(struct names *names, uint64_t serial)
{
	uint64_t *grown = realloc(names->serial, (names->count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	names->serial = grown;
	names->serial[names->count++] = serial;
	return true;
}

/* All serials in FOLDER; no folder: none. */
static enum gp_status list_serials(const char *root, const char *folder,
				   struct names *out, struct gp_diag *diag)
{
	struct names names = {.serial = NULL};
	DIR *dir = gp_inside_opendir(root, folder);
	if (!dir && errno != ENOENT && errno != ENOTDIR)
		return gp_io_failed(diag, folder, "cannot open");

	struct dirent *entry;
	uint64_t serial;
	bool has_room = true;
	errno = 0;
	while (dir && has_room && (entry = readdir(dir)))
		if (read_serial(entry->d_name, &serial))
			has_room = add_serial(&names, serial);
	int error = has_room ? errno : 0;
	if (dir)
		closedir(dir);
	if (error) {
		errno = error;
		free(names.serial);
		return gp_io_failed(diag, folder, "cannot read");
	}
	if (!has_room) {
		free(names.serial);
		return gp_diag_set(diag, GP_NOMEM, folder, "no memory");
	}
	if (names.count > 0)
		qsort(names.serial, names.count, sizeof(*names.serial), compare_serials);
	*out = names;
	return GP_OK;
}

/* Where the entry of that serial is: the part of its name behind the serial is not fixed.
 */
static char *find_entry(const char *root, const char *folder, uint64_t serial)
{
	DIR *dir = gp_inside_opendir(root, folder);
	struct dirent *entry;
	uint64_t other;
	char *path = NULL;

	while (dir && !path && (entry = readdir(dir)))
		if (read_serial(entry->d_name, &other) && other == serial &&
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			path = NULL;
	if (dir)
		closedir(dir);
	return path;
}

/* ---- writing ------------------------------------------------------------------ */

static enum gp_status next_path(const char *root, const char *folder, const char *what,
				char **path, struct gp_diag *diag)
{
	struct names names;
	enum gp_status status = list_serials(root, folder, &names, diag);
	if (status != GP_OK)
		return status;

	uint64_t serial = names.count > 0 ? names.serial[names.count - 1] + 1 : 1;
	free(names.serial);
	if (serial > SERIAL_MAX)
		return gp_diag_set(diag, GP_RANGE, folder, "no serial number left");
	if (asprintf(path, "%s/%010" PRIu64 "-%s", folder, serial, what) < 0)
		return gp_diag_set(diag, GP_NOMEM, folder, "no memory");
	return GP_OK;
}

static enum gp_status write_entry(const char *root, const char *folder, const char *path,
				  const char *bytes, size_t size,
				  const struct gp_file *file, struct gp_diag *diag)
{
	/* Who may read the file may read what it was, and nobody else. */
	const mode_t mode = 0600 | (file->exists ? file->stat.st_mode & 0044 : 0044);
	const struct iovec part = {(void *)(uintptr_t)bytes, size};
	char *temp, *any;
	int fd;

	/* One name for all entries while they are written, so that the leftover of a
	 * crash goes with the next one. */
	if (asprintf(&any, "%s/entry", folder) < 0)
		return gp_diag_set(diag, GP_NOMEM, path, "no memory");
	enum gp_status status = gp_temp_write(root, any, &part, 1, &temp, &fd, diag);
	free(any);
	if (status != GP_OK)
		return status;

	if (fchmod(fd, mode) < 0)
		status = gp_io_failed(diag, path, "cannot set its mode");
	else
		status = gp_temp_commit(root, temp, &fd, path, diag);
	if (status != GP_OK)
		gp_inside_unlink(root, temp);
	if (fd >= 0)
		close(fd);
	free(temp);
	return status;
}

enum gp_status gp_history_add(struct gp_store *store, const char *what,
			      const struct gp_file *file, const struct gp_after *after,
			      char **entry, struct gp_diag *diag)
{
	const char *root = store->root;
	struct gp_history_entry room;
	char *folder = NULL, *path = NULL;
	size_t size;

	if (strlen(file->path + strlen(store->root)) >= sizeof(room.path) ||
	    strlen(what) >= sizeof(room.what))
		return gp_diag_set(diag, GP_RANGE, file->path,
				   "too long a path for history");
	char *bytes = gp_entry_build(store, what, file, after, &size);
	enum gp_status status = GP_NOMEM;
	if (!bytes)
		gp_diag_set(diag, GP_NOMEM, file->path, "no memory");
	else
		status = gp_folder_make(store->root, FOLDER, &folder, diag);
	if (status == GP_OK)
		status = next_path(root, folder, what, &path, diag);
	if (status == GP_OK)
		status = write_entry(root, folder, path, bytes, size, file, diag);
	free(bytes);
	free(folder);
	if (status == GP_OK)
		*entry = path;
	else
		free(path);
	return status;
}

/* What kind the entry at PATH is of, by its name. */
static const char *kind_of(const char *path)
{
	return strrchr(path, '/') + 1 + SERIAL_DIGITS + 1;
}

/* The latest of a kind is what takes a file back to how it was before v6guard. */
static bool has_later(const char *root, const char *folder, uint64_t serial,
		      const char *kind)
{
	DIR *dir = gp_inside_opendir(root, folder);
	struct dirent *entry;
	uint64_t other;
	bool is_there = false;

	while (dir && !is_there && (entry = readdir(dir)))
		is_there = read_serial(entry->d_name, &other) && other > serial &&
			   !strcmp(entry->d_name + SERIAL_DIGITS + 1, kind);
	if (dir)
		closedir(dir);
	return is_there;
}

void gp_history_trim(struct gp_store *store)
{
	const char *root = store->root;
	struct names names;
	char *folder;
	bool is_link;

	if (gp_path_resolve(store->root, FOLDER, &folder, &is_link, NULL) != GP_OK)
		return;
	if (list_serials(root, folder, &names, NULL) == GP_OK) {
		for (size_t i = 0; i + GP_HISTORY_MAX < names.count; i++) {
			char *path = find_entry(root, folder, names.serial[i]);
			if (path &&
			    has_later(root, folder, names.serial[i], kind_of(path)))
				gp_inside_unlink(root, path);
			free(path);
		}
		free(names.serial);
	}
	free(folder);
}

/* ---- reading ------------------------------------------------------------------ */

/* Read and parse one entry; false for any that is not good. */
static bool read_entry(const char *root, const char *folder, uint64_t serial,
		       struct gp_history_entry *out, struct gp_file *file,
		       struct gp_entry_contents *contents)
{
	char *path = find_entry(root, folder, serial);
	bool is_good =
		path && gp_file_read(root, path + strlen(root), file, NULL) == GP_OK;
	free(path);
	if (!is_good)
		return false;

	memset(out, 0, sizeof(*out));
	out->serial = serial;
	is_good = gp_entry_parse(file, out, contents);
	if (!is_good)
		gp_file_free(file);
	return is_good;
}

/* The latest of each kind is 1. ENTRIES come latest first, so those before count. */
static unsigned number_of(const struct gp_history_entry *entries, size_t count,
			  const char *what)
{
	unsigned n = 1;
	for (size_t i = 0; i < count; i++)
		n += !strcmp(entries[i].what, what);
	return n;
}

static enum gp_status collect(const char *root, const char *folder, const char *what,
			      struct gp_history_entry **out, size_t *count,
			      struct gp_diag *diag)
{
	struct names names;
	enum gp_status status = list_serials(root, folder, &names, diag);
	if (status != GP_OK)
		return status;

	struct gp_history_entry *list = calloc(names.count + 1, sizeof(*list));
	if (!list) {
		free(names.serial);
		return gp_diag_set(diag, GP_NOMEM, folder, "no memory");
	}
	size_t used = 0;
	for (size_t i = names.count; i > 0; i--) {
		struct gp_file file;
		struct gp_entry_contents contents;
		struct gp_history_entry *entry = &list[used];
		if (!read_entry(root, folder, names.serial[i - 1], entry, &file,
				&contents))
			continue;
		gp_file_free(&file);
		if (what && strcmp(entry->what, what) != 0)
			continue;
		entry->n = number_of(list, used, entry->what);
		used++;
	}
	free(names.serial);
	*out = list;
	*count = used;
	return GP_OK;
}

/* Where history is: ROOT without slashes at its end, and the folder; both malloc'd. */
struct home {
	char *root, *folder;
};

static void leave_home(struct home *home)
{
	free(home->root);
	free(home->folder);
}

static enum gp_status find_home(const char *root, struct home *out, struct gp_diag *diag)
{
	bool is_link;

	*out = (struct home){gp_root_trim(root), NULL};
	if (!out->root)
		return gp_diag_set(diag, GP_NOMEM, FOLDER, "no memory");
	return gp_path_resolve(out->root, FOLDER, &out->folder, &is_link, diag);
}

enum gp_status gp_history_list(const char *root, const char *what,
			       struct gp_history_entry **out, size_t *count,
			       struct gp_diag *diag)
{
	int saved = errno;
	struct home home;
	enum gp_status status = find_home(root, &home, diag);

	if (status == GP_OK)
		status = collect(home.root, home.folder, what, out, count, diag);
	leave_home(&home);
	errno = saved;
	return status;
}

/* The block that was read is the caller's now: the SIZE bytes at AT first, a NUL behind.
 */
static void hand_over(struct gp_file *file, size_t at, size_t size, char **bytes)
{
	memmove(file->bytes, file->bytes + at, size);
	file->bytes[size] = '\0';
	*bytes = file->bytes;
	file->bytes = NULL;
}

static enum gp_status read_content(const char *root, const struct gp_history_entry *entry,
				   bool is_after, char **bytes, size_t *size,
				   struct gp_diag *diag)
{
	int saved = errno;
	struct home home;
	enum gp_status status = find_home(root, &home, diag);
	struct gp_history_entry found;
	struct gp_file file;
	struct gp_entry_contents contents;

	if (status != GP_OK)
		;
	else if (!read_entry(home.root, home.folder, entry->serial, &found, &file,
			     &contents)) {
		status = gp_diag_set(diag, GP_NOTFOUND, home.folder,
				     "entry %" PRIu64 " is gone or damaged",
				     entry->serial);
	} else {
		if (is_after && !contents.has_after)
			status = gp_diag_set(diag, GP_NOTFOUND, home.folder,
					     "entry %" PRIu64 " has no new content",
					     entry->serial);
		*size = is_after ? contents.after_size : contents.size;
		if (status == GP_OK)
			hand_over(&file, contents.at + (is_after ? contents.size : 0),
				  *size, bytes);
		gp_file_free(&file);
	}
	leave_home(&home);
	errno = saved;
	return status;
}

enum gp_status gp_history_content(const char *root, const struct gp_history_entry *entry,
				  char **bytes, size_t *size, struct gp_diag *diag)
{
	return read_content(root, entry, false, bytes, size, diag);
}

enum gp_status gp_history_after(const char *root, const struct gp_history_entry *entry,
				char **bytes, size_t *size, struct gp_diag *diag)
{
	return read_content(root, entry, true, bytes, size, diag);
}

void gp_history_mark_undone(const struct gp_history_entry *list, size_t count,
			    bool *is_undone)
{
	for (size_t i = 0; i < count; i++) {
		is_undone[i] = false;
		for (size_t j = 0; j < i; j++)
			is_undone[i] |= !is_undone[j] && list[j].undoes &&
					list[j].undoes <= list[i].serial &&
					!strcmp(list[j].path, list[i].path);
	}
}

/* ---- what a file was ----------------------------------------------------------- */

/* The entry at PATH, if it is about FILE and FITS; false: go on, or STATUS says why not.
 */
static bool try_entry(const char *root, const char *path,
		      const struct gp_origin_query *query, struct gp_origin *out,
		      enum gp_status *status, struct gp_diag *diag)
{
	struct gp_history_entry entry = {.n = 0};
	struct gp_file file;
	struct gp_entry_contents contents;
	bool is_it;

	*status = gp_file_read(root, path + strlen(root), &file, diag);
	if (*status != GP_OK)
		return false;
	is_it = gp_entry_parse(&file, &entry, &contents) &&
		!strcmp(entry.path, query->path) &&
		query->fits(query->ctx, file.bytes + contents.at, contents.size);
	if (is_it) {
		*out = (struct gp_origin){true, entry.existed, NULL, contents.size};
		hand_over(&file, contents.at, contents.size, &out->bytes);
	}
	gp_file_free(&file);
	return is_it;
}

static enum gp_status find_origin(const char *root, const char *folder,
				  const struct gp_origin_query *query,
				  struct gp_origin *out, struct gp_diag *diag)
{
	struct names names;
	enum gp_status status = list_serials(root, folder, &names, diag);
	bool is_found = false;

	if (status != GP_OK)
		return status;
	for (size_t i = names.count; i > 0 && !is_found && status == GP_OK; i--) {
		errno = 0;
		char *path = find_entry(root, folder, names.serial[i - 1]);
		/* Other kinds may not be ours to read. */
		if (path && !strcmp(kind_of(path), query->what))
			is_found = try_entry(root, path, query, out, &status, diag);
		else if (!path && errno)
			status = gp_io_failed(diag, folder, "cannot read");
		free(path);
	}
	free(names.serial);
	return status;
}

enum gp_status gp_origin_find(const char *root, const struct gp_origin_query *query,
			      struct gp_origin *out, struct gp_diag *diag)
{
	int saved = errno;
	struct home home;
	enum gp_status status = find_home(root, &home, diag);

	*out = (struct gp_origin){.is_known = false};
	if (status == GP_OK)
		status = find_origin(home.root, home.folder, query, out, diag);
	leave_home(&home);
	errno = saved;
	return status;
}
