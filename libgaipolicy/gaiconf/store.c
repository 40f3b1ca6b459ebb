/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c - the lock, and replacing a file: all of it or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "gaiconf/inside.h"
#include "gaiconf/store_private.h"
#include "paths.h"

#define LOCK_WAIT_MS 10000
#define LOCK_RETRY_MS 20

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static enum gp_status take_lock(int fd, const char *path, struct gp_diag *diag)
{
	const struct timespec pause = {.tv_nsec = LOCK_RETRY_MS * 1000000L};
	long long deadline = now_ms() + LOCK_WAIT_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return gp_io_failed(diag, path, "cannot lock");
		if (now_ms() >= deadline)
			return gp_diag_set(diag, GP_BUSY, path,
					   "another v6guard has held the lock for 10 s");
		nanosleep(&pause, NULL);
	}
	return GP_OK;
}

static enum gp_status open_lock(struct gp_store *store, struct gp_diag *diag)
{
	char *folder, *path = NULL;
	enum gp_status status = gp_folder_make(store->root, GP_STATE_DIR, &folder, diag);
	if (status != GP_OK)
		return status;

	/* 0600: whoever can open it can hold it, and stop every change. */
	if (asprintf(&path, "%s/lock", folder) < 0) {
		path = NULL;
		status = gp_diag_set(diag, GP_NOMEM, folder, "no memory");
	} else {
		store->lock_fd = gp_inside_open(store->root, path,
						O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
		status = store->lock_fd < 0 ? gp_io_failed(diag, path, "cannot open")
					    : take_lock(store->lock_fd, path, diag);
	}
	free(path);
	free(folder);
	return status;
}

enum gp_status gp_store_open(const char *root, const char *command, struct gp_store **out,
			     struct gp_diag *diag)
{
	int saved = errno;
	struct gp_store *store = calloc(1, sizeof(*store));
	enum gp_status status;

	if (store) {
		store->lock_fd = -1;
		store->root = gp_root_trim(root);
		store->command = strdup(command ? command : "");
	}
	if (!store || !store->root || !store->command)
		status = gp_diag_set(diag, GP_NOMEM, NULL, "no memory");
	else
		status = open_lock(store, diag);

	if (status == GP_OK)
		*out = store;
	else
		gp_store_close(store);
	errno = saved;
	return status;
}

void gp_store_undoes(struct gp_store *store, uint64_t serial)
{
	store->undoes = serial;
}

void gp_store_resets(struct gp_store *store)
{
	store->is_reset = true;
}

void gp_store_close(struct gp_store *store)
{
	if (!store)
		return;
	int saved = errno;
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->root);
	free(store->command);
	free(store);
	errno = saved;
}

/* ---- what is kept of the old file ------------------------------------------ */

/* Bound to the content or to the inode: the kernel writes these itself. */
static bool is_kernels_own(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

/* The names of all extended attributes of FD in one malloc'd block; *SIZE 0: none. */
static bool list_attributes(int fd, char **names, size_t *size)
{
	*names = NULL;
	*size = 0;
	for (;;) {
		ssize_t need = flistxattr(fd, NULL, 0);
		if (need < 0)
			return errno == ENOTSUP || errno == ENOSYS;
		if (need == 0)
			return true;
		free(*names);
		*names = malloc((size_t)need);
		if (!*names)
			return false;
		ssize_t got = flistxattr(fd, *names, (size_t)need);
		if (got >= 0) {
			*size = (size_t)got;
			return true;
		}
		if (errno != ERANGE)
			return false;
	}
}

/* A value of up to 64 KiB, the kernel's own limit; -1: it is not there. */
static ssize_t get_attribute(int fd, const char *name, char *value)
{
	return fgetxattr(fd, name, value, XATTR_SIZE_MAX);
}

static bool copy_attribute(int from, int to, const char *name, char *value, char *other)
{
	if (is_kernels_own(name))
		return true;
	ssize_t size = get_attribute(from, name, value);
	if (size < 0)
		return errno == ENODATA;
	/* A label that is right already may be one we are not allowed to set. */
	if (get_attribute(to, name, other) == size && !memcmp(value, other, (size_t)size))
		return true;
	return fsetxattr(to, name, value, (size_t)size, 0) == 0;
}

/* What the folder gave the new file (a default ACL), and the old one did not have. */
static bool drop_attribute(int from, int to, const char *name, char *value)
{
	if (!strncmp(name, "security.", strlen("security.")))
		return true;
	if (get_attribute(from, name, value) >= 0)
		return true;
	return fremovexattr(to, name) == 0 || errno == ENODATA;
}

static bool copy_attributes(int from, int to)
{
	char *names = NULL, *made = NULL;
	size_t size = 0, made_size = 0;
	char *values = malloc(2 * XATTR_SIZE_MAX);
	bool is_done = values && list_attributes(from, &names, &size) &&
		       list_attributes(to, &made, &made_size);

	for (size_t at = 0; is_done && at < made_size; at += strlen(made + at) + 1)
		is_done = drop_attribute(from, to, made + at, values);
	for (size_t at = 0; is_done && at < size; at += strlen(names + at) + 1)
		is_done = copy_attribute(from, to, names + at, values,
					 values + XATTR_SIZE_MAX);
	int saved = errno;
	free(values);
	free(names);
	free(made);
	errno = saved;
	return is_done;
}

/* Still the very file that was read, bytes included: ctime ticks only every 4 ms or so.
 */
static bool is_unchanged(int fd, const struct gp_file *file)
{
	struct stat now;
	const struct stat *then = &file->stat;
	char chunk[16384];
	size_t at = 0;
	ssize_t got;

	if (fstat(fd, &now) < 0 || now.st_dev != then->st_dev ||
	    now.st_ino != then->st_ino || now.st_size != then->st_size ||
	    now.st_mode != then->st_mode || now.st_uid != then->st_uid ||
	    now.st_gid != then->st_gid || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != then->st_mtim.tv_nsec)
		return false;
	while ((got = pread(fd, chunk, sizeof(chunk), (off_t)at)) > 0) {
		if ((size_t)got > file->size - at ||
		    memcmp(chunk, file->bytes + at, (size_t)got) != 0)
			return false;
		at += (size_t)got;
	}
	return got == 0 && at == file->size;
}

static enum gp_status changed(struct gp_diag *diag, const char *path)
{
	return gp_diag_set(diag, GP_BUSY, path,
			   "changed since it was read: nothing was written");
}

/* Nothing of that name, or, as names come resolved, a link that is new there. */
static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

/* FD: the old file, or -1 when there was none. */
static enum gp_status check_unchanged(const struct gp_store *store, int fd,
				      const struct gp_file *file, struct gp_diag *diag)
{
	struct stat now;
	int error = gp_inside_lstat(store->root, file->path, &now) < 0 ? errno : 0;

	if (!file->exists)
		return is_missing(error) ? GP_OK : changed(diag, file->path);
	if (error || now.st_dev != file->stat.st_dev || now.st_ino != file->stat.st_ino ||
	    !is_unchanged(fd, file))
		return changed(diag, file->path);
	return GP_OK;
}

static enum gp_status keep_properties(int old, int temp, const struct gp_file *file,
				      struct gp_diag *diag)
{
	if (!file->exists) {
		if (fchmod(temp, file->mode ? file->mode : 0644) < 0)
			return gp_io_failed(diag, file->path, "cannot set its mode");
		return GP_OK;
	}

	struct stat now;
	const struct stat *then = &file->stat;
	if (fstat(temp, &now) < 0)
		return gp_io_failed(diag, file->path, "cannot stat its replacement");
	if ((now.st_uid != then->st_uid || now.st_gid != then->st_gid) &&
	    fchown(temp, then->st_uid, then->st_gid) < 0)
		return gp_io_failed(diag, file->path, "cannot keep its owner");
	if (!copy_attributes(old, temp))
		return gp_io_failed(diag, file->path,
				    "cannot keep its extended attributes");
	/* Last: a change of owner clears bits, an ACL sets some. */
	if (fchmod(temp, file->mode ? file->mode : then->st_mode & 07777) < 0)
		return gp_io_failed(diag, file->path, "cannot keep its mode");
	return GP_OK;
}

/* TEMP is written: from here to the new file in place. */
static enum gp_status put_in_place(struct gp_store *store, const struct gp_file *file,
				   const char *what, const struct gp_after *after,
				   int old, const char *temp, int *fd,
				   struct gp_diag *diag)
{
	char *entry = NULL;
	enum gp_status status = keep_properties(old, *fd, file, diag);

	if (status == GP_OK && what)
		status = gp_history_add(store, what, file, after, &entry, diag);
	if (status == GP_OK)
		status = check_unchanged(store, old, file, diag);
	if (status == GP_OK)
		status = gp_temp_commit(store->root, temp, fd, file->path, diag);
	if (status != GP_OK && entry)
		gp_inside_unlink(
			store->root,
			entry); /* history tells what happened, not what was tried */
	if (status == GP_OK && what)
		gp_history_trim(store);
	free(entry);
	return status;
}

static enum gp_status make_parents(const struct gp_store *store,
				   const struct gp_file *file, struct gp_diag *diag)
{
	const char *name = file->path + strlen(store->root);
	const char *slash = strrchr(name, '/');
	if (!slash || slash == name)
		return GP_OK;

	char *folder = strndup(name, (size_t)(slash - name)), *made;
	if (!folder)
		return gp_diag_set(diag, GP_NOMEM, file->path, "no memory");
	enum gp_status status = gp_folder_make(store->root, folder, &made, diag);
	free(folder);
	if (status == GP_OK)
		free(made);
	return status;
}

static int open_old(const struct gp_store *store, const struct gp_file *file)
{
	return gp_inside_open(store->root, file->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
			      0);
}

enum gp_status gp_store_replace(struct gp_store *store, const struct gp_file *file,
				const char *what, const void *bytes, size_t size,
				struct gp_diag *diag)
{
	const struct iovec part = {(void *)(uintptr_t)bytes, size};

	return gp_store_replace_parts(store, file, what, &part, 1, diag);
}

enum gp_status gp_store_replace_parts(struct gp_store *store, const struct gp_file *file,
				      const char *what, const struct iovec *parts,
				      size_t count, struct gp_diag *diag)
{
	int saved = errno;
	const struct gp_after after = {parts, count};
	int old = -1, fd = -1;
	char *temp = NULL;
	enum gp_status status = GP_OK;

	if (file->exists) {
		old = open_old(store, file);
		if (old < 0)
			status = is_missing(errno)
					 ? changed(diag, file->path)
					 : gp_io_failed(diag, file->path, "cannot open");
	} else {
		status = make_parents(store, file, diag);
	}
	if (status == GP_OK)
		status = gp_temp_write(store->root, file->path, parts, count, &temp, &fd,
				       diag);
	if (status == GP_OK)
		status = put_in_place(store, file, what, &after, old, temp, &fd, diag);

	if (status != GP_OK && temp)
		gp_inside_unlink(store->root, temp);
	if (fd >= 0)
		close(fd);
	if (old >= 0)
		close(old);
	free(temp);
	errno = saved;
	return status;
}

/* The folder is opened before: what can fail should do so while the file stands. */
static enum gp_status unlink_synced(const char *root, const char *path,
				    struct gp_diag *diag)
{
	int folder = gp_inside_open_parent(root, path);
	enum gp_status status = GP_OK;

	if (folder < 0)
		return gp_io_failed(diag, path, "cannot open its folder");
	if (unlinkat(folder, strrchr(path, '/') + 1, 0) < 0)
		status = gp_io_failed(diag, path, "cannot remove");
	else
		fsync(folder);
	close(folder);
	return status;
}

enum gp_status gp_store_remove(struct gp_store *store, const struct gp_file *file,
			       const char *what, struct gp_diag *diag)
{
	const struct gp_after nothing = {NULL, 0};
	int saved = errno;
	char *entry = NULL;
	int old = open_old(store, file);
	enum gp_status status = GP_OK;

	if (old < 0)
		status = is_missing(errno)
				 ? changed(diag, file->path)
				 : gp_io_failed(diag, file->path, "cannot open");
	if (status == GP_OK && what)
		status = gp_history_add(store, what, file, &nothing, &entry, diag);
	if (status == GP_OK)
		status = check_unchanged(store, old, file, diag);
	if (status == GP_OK)
		status = unlink_synced(store->root, file->path, diag);
	if (status != GP_OK && entry)
		gp_inside_unlink(store->root, entry);
	if (status == GP_OK && what)
		gp_history_trim(store);
	free(entry);
	if (old >= 0)
		close(old);
	errno = saved;
	return status;
}
