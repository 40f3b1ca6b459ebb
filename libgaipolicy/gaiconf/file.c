/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file.c - reading files, and writing temporary ones beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diag.h"
#include "gaiconf/inside.h"
#include "gaiconf/store_private.h"

#define FILE_MAX (64UL << 20)
#define TEMP_MARK ".v6guard-"
#define TEMP_RANDOM 6

enum gp_status gp_io_failed(struct gp_diag *diag, const char *path, const char *what)
{
	enum gp_status status = GP_IO;
	if (errno == EACCES || errno == EPERM)
		status = GP_PERM;
	else if (errno == ENOMEM)
		status = GP_NOMEM;
	return gp_diag_set(diag, status, path, "%s: %s", what, strerror(errno));
}

/* All of FD, whose size is only a hint: it may be growing. */
static enum gp_status read_fully(int fd, struct gp_file *file, struct gp_diag *diag)
{
	size_t room = (size_t)file->stat.st_size + 1;

	for (;;) {
		char *grown = realloc(file->bytes, room + 1);
		if (!grown)
			return gp_diag_set(diag, GP_NOMEM, file->path, "no memory");
		file->bytes = grown;
		ssize_t got = read(fd, file->bytes + file->size, room - file->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return gp_io_failed(diag, file->path, "cannot read");
		if (got == 0)
			break;
		file->size += (size_t)got;
		if (file->size > FILE_MAX)
			return gp_diag_set(diag, GP_UNSUPPORTED, file->path,
					   "larger than 64 MiB");
		if (file->size == room)
			room *= 2;
	}
	file->bytes[file->size] = '\0';
	return GP_OK;
}

static enum gp_status map(int fd, struct gp_file *file, struct gp_diag *diag)
{
	void *bytes;

	/* What an empty file or a size_t of 32 bits has no room for. */
	file->is_mapped = false;
	if (file->stat.st_size == 0)
		return read_fully(fd, file, diag);
	if ((uint64_t)file->stat.st_size > SIZE_MAX / 2)
		return gp_diag_set(diag, GP_UNSUPPORTED, file->path, "too large here");
	bytes = mmap(NULL, (size_t)file->stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return gp_io_failed(diag, file->path, "cannot map");
	file->bytes = bytes;
	file->size = (size_t)file->stat.st_size;
	file->is_mapped = true;
	return GP_OK;
}

static enum gp_status read_open(int fd, struct gp_file *file, struct gp_diag *diag)
{
	if (fstat(fd, &file->stat) < 0)
		return gp_io_failed(diag, file->path, "cannot stat");
	if (!S_ISREG(file->stat.st_mode))
		return gp_diag_set(diag, GP_UNSUPPORTED, file->path,
				   "not a regular file");
	if (!file->is_mapped && (uint64_t)file->stat.st_size > FILE_MAX)
		return gp_diag_set(diag, GP_UNSUPPORTED, file->path,
				   "larger than 64 MiB");
	file->exists = true;
	return file->is_mapped ? map(fd, file, diag) : read_fully(fd, file, diag);
}

static enum gp_status read_resolved(const char *root, struct gp_file *file,
				    struct gp_diag *diag)
{
	/* O_NONBLOCK: a FIFO of that name must not hang us. */
	int fd = gp_inside_open(root, file->path,
				O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return gp_io_failed(diag, file->path, "cannot open");
	if (fd < 0) {
		file->is_mapped = false;
		file->bytes = strdup("");
		return file->bytes ? GP_OK
				   : gp_diag_set(diag, GP_NOMEM, file->path, "no memory");
	}
	enum gp_status status = read_open(fd, file, diag);
	close(fd);
	return status;
}

static enum gp_status read_file(const char *root, const char *name, bool is_mapped,
				struct gp_file *out, struct gp_diag *diag)
{
	int saved = errno;
	struct gp_file file = {.path = NULL, .is_mapped = is_mapped};
	char *trimmed = gp_root_trim(root);
	enum gp_status status = GP_NOMEM;

	if (!trimmed) {
		gp_diag_set(diag, GP_NOMEM, name, "no memory");
		goto out;
	}
	status = gp_path_resolve(trimmed, name, &file.path, &file.through_link, diag);
	if (status == GP_OK)
		status = read_resolved(trimmed, &file, diag);
out:
	free(trimmed);
	if (status == GP_OK)
		*out = file;
	else
		gp_file_free(&file);
	errno = saved;
	return status;
}

enum gp_status gp_file_read(const char *root, const char *name, struct gp_file *out,
			    struct gp_diag *diag)
{
	return read_file(root, name, false, out, diag);
}

enum gp_status gp_file_map(const char *root, const char *name, struct gp_file *out,
			   struct gp_diag *diag)
{
	return read_file(root, name, true, out, diag);
}

void gp_file_free(struct gp_file *file)
{
	if (!file)
		return;
	free(file->path);
	free(file->vendor);
	if (file->is_mapped && file->size)
		munmap(file->bytes, file->size);
	else
		free(file->bytes);
	*file = (struct gp_file){.path = NULL};
}

/* "DIR/.NAME.v6guard-": a new name needs only the random part behind. */
static char *temp_prefix(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *prefix;

	if (asprintf(&prefix, "%.*s.%s" TEMP_MARK, (int)(name - path), path, name) < 0)
		return NULL;
	return prefix;
}

static void remove_leftovers(const char *root, const char *prefix)
{
	const char *name = strrchr(prefix, '/') + 1;
	size_t length = strlen(name);
	char *folder =
		strndup(prefix, name - prefix > 1 ? (size_t)(name - prefix) - 1 : 1);
	DIR *dir = folder ? gp_inside_opendir(root, folder) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, name, length) &&
		    strlen(entry->d_name) == length + TEMP_RANDOM)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	free(folder);
}

static bool write_fully(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		size -= (size_t)put;
	}
	return true;
}

static bool write_parts(int fd, const struct iovec *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!write_fully(fd, parts[i].iov_base, parts[i].iov_len))
			return false;
	return true;
}

enum gp_status gp_temp_write(const char *root, const char *path,
			     const struct iovec *parts, size_t count, char **temp,
			     int *fd, struct gp_diag *diag)
{
	char *prefix = temp_prefix(path);
	char *name = NULL;

	if (prefix)
		remove_leftovers(root, prefix);
	if (!prefix || asprintf(&name, "%sXXXXXX", prefix) < 0) {
		free(prefix);
		return gp_diag_set(diag, GP_NOMEM, path, "no memory");
	}
	free(prefix);

	int made = gp_inside_make_temp(root, name);
	if (made < 0) {
		enum gp_status status = gp_io_failed(
			diag, path, "cannot make a temporary file beside it");
		free(name);
		return status;
	}
	if (!write_parts(made, parts, count)) {
		enum gp_status status = gp_io_failed(diag, path, "cannot write");
		gp_inside_unlink(root, name);
		close(made);
		free(name);
		return status;
	}
	*temp = name;
	*fd = made;
	return GP_OK;
}

static const char *last_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

enum gp_status gp_temp_commit(const char *root, const char *temp, int *fd,
			      const char *path, struct gp_diag *diag)
{
	/* Opened before: what can fail should do so while the old file stands. */
	int folder = gp_inside_open_parent(root, path);
	enum gp_status status = GP_OK;

	if (folder < 0) {
		status = gp_io_failed(diag, path, "cannot open its folder");
	} else if (fsync(*fd) < 0) {
		status = gp_io_failed(diag, path, "cannot write to the disk");
	} else {
		int closed = close(*fd);
		*fd = -1;
		if (closed < 0)
			status = gp_io_failed(diag, path, "cannot write");
	}
	if (status == GP_OK && renameat(folder, last_of(temp), folder, last_of(path)) < 0)
		status = errno == EBUSY
				 ? gp_diag_set(
					   diag, GP_UNSUPPORTED, path,
					   "a mount of its own: change the file that is "
					   "mounted there")
				 : gp_io_failed(diag, path, "cannot replace");
	/* Too late to fail: the new file is in place, and undoing is one more write to a
	 * disk that refuses them. */
	if (status == GP_OK)
		fsync(folder);
	if (folder >= 0)
		close(folder);
	return status;
}

/* By its descriptor: the name may lead elsewhere by now. */
static bool open_up(const char *root, const char *path)
{
	const int fd = gp_inside_open(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	const bool is_set = fd >= 0 && fchmod(fd, 0755) == 0;
	const int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return is_set;
}

static enum gp_status make_one(const char *root, const char *path, struct gp_diag *diag)
{
	if (gp_inside_mkdir(root, path, 0755) == 0) {
		/* Every process must get at the policy, whatever our umask is. */
		if (!open_up(root, path))
			return gp_io_failed(diag, path, "cannot set the folder's mode");
		return GP_OK;
	}
	struct stat stat;
	int error = errno;
	if (!gp_inside_lstat(root, path, &stat) && S_ISDIR(stat.st_mode))
		return GP_OK;
	errno = error == EEXIST ? ENOTDIR : error;
	return gp_io_failed(diag, path, "cannot make the folder");
}

enum gp_status gp_folder_make(const char *root, const char *name, char **out,
			      struct gp_diag *diag)
{
	char *path = NULL;
	bool is_link;
	enum gp_status status = gp_path_resolve(root, name, &path, &is_link, diag);
	if (status != GP_OK)
		return status;

	for (char *at = path + strlen(root); status == GP_OK && at;) {
		at = strchr(at + 1, '/');
		if (at)
			*at = '\0';
		status = make_one(root, path, diag);
		if (at)
			*at = '/';
	}
	if (status == GP_OK)
		*out = path;
	else
		free(path);
	return status;
}
