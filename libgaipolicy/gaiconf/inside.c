/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inside.c - system calls below a root folder, each from a descriptor of the folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<linux/openat2.h>) /* headers of Linux 5.6 */
#include <linux/openat2.h>
#endif

#include "gaiconf/inside.h"
#include "gaiconf/store.h"

#define TEMP_RANDOM 6
#define TEMP_TRIES 100
#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* Where a path ends: NAME, as seen from FOLDER. */
struct place {
	int folder; /* or AT_FDCWD, and NAME is all of the path */
	const char *name;
};

static void close_kept(int fd)
{
	const int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* One component; O_DIRECTORY calls a link ENOTDIR, which would say that it is missing. */
static int enter(int folder, const char *name)
{
	char link;
	const int fd = openat(folder, name, FOLDER_FLAGS | O_NOFOLLOW);

	if (fd < 0 && errno == ENOTDIR)
		errno = readlinkat(folder, name, &link, 1) < 0 ? ENOTDIR : ELOOP;
	return fd;
}

/* By hand, from the first component on. FOLDER is absolute, and is written into. */
static int walk_to(char *folder)
{
	int fd = open("/", FOLDER_FLAGS);
	char *rest = NULL;

	for (char *name = strtok_r(folder, "/", &rest); name && fd >= 0;
	     name = strtok_r(NULL, "/", &rest)) {
		const int next = enter(fd, name);

		close_kept(fd);
		fd = next;
	}
	return fd;
}

/* Linux 5.6 does it in one call; a seccomp filter may say ENOSYS or EPERM of it. */
static int open_folder(char *folder)
{
#ifdef SYS_openat2
	const struct open_how how = {.flags = FOLDER_FLAGS,
				     .resolve = RESOLVE_NO_SYMLINKS};
	const int fd = (int)syscall(SYS_openat2, AT_FDCWD, folder[0] ? folder : "/", &how,
				    sizeof(how));

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
#endif
	return walk_to(folder);
}

static bool find(const char *root, const char *path, struct place *out)
{
	const char *slash = strrchr(path, '/');
	char *folder;

	*out = (struct place){AT_FDCWD, path};
	if (!root[0])
		return true;
	if (path[0] != '/' || !slash[1]) {
		errno = EINVAL;
		return false;
	}
	folder = strndup(path, (size_t)(slash - path));
	if (!folder)
		return false;
	*out = (struct place){open_folder(folder), slash + 1};
	free(folder);
	return out->folder >= 0;
}

static void leave(const struct place *place)
{
	close_kept(place->folder);
}

int gp_inside_open(const char *root, const char *path, int flags, mode_t mode)
{
	struct place place;
	int fd;

	if (!find(root, path, &place))
		return -1;
	flags |= O_CLOEXEC | (root[0] ? O_NOFOLLOW : 0);
	fd = openat(place.folder, place.name, flags, mode);
	leave(&place);
	return fd;
}

int gp_inside_open_parent(const char *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = strndup(path, slash > path ? (size_t)(slash - path) : 1);
	const int fd =
		folder ? gp_inside_open(root, folder, O_RDONLY | O_DIRECTORY, 0) : -1;

	free(folder);
	return fd;
}

static bool fill_in(char *at)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	uint8_t random[TEMP_RANDOM];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return false;
	for (size_t i = 0; i < TEMP_RANDOM; i++)
		at[i] = letters[random[i] % (sizeof(letters) - 1)];
	return true;
}

int gp_inside_make_temp(const char *root, char *path)
{
	int fd = -1;

	for (int i = 0; i < TEMP_TRIES; i++) {
		if (!fill_in(path + strlen(path) - TEMP_RANDOM))
			return -1;
		fd = gp_inside_open(root, path, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int gp_inside_lstat(const char *root, const char *path, struct stat *out)
{
	struct place place;
	int result;

	if (!find(root, path, &place))
		return -1;
	result = fstatat(place.folder, place.name, out, AT_SYMLINK_NOFOLLOW);
	leave(&place);
	return result;
}

ssize_t gp_inside_readlink(const char *root, const char *path, char *out, size_t size)
{
	struct place place;
	ssize_t length;

	if (!find(root, path, &place))
		return -1;
	length = readlinkat(place.folder, place.name, out, size);
	leave(&place);
	return length;
}

static int remove_at(const char *root, const char *path, int flags)
{
	struct place place;
	int result;

	if (!find(root, path, &place))
		return -1;
	result = unlinkat(place.folder, place.name, flags);
	leave(&place);
	return result;
}

int gp_inside_unlink(const char *root, const char *path)
{
	return remove_at(root, path, 0);
}

int gp_inside_rmdir(const char *root, const char *path)
{
	return remove_at(root, path, AT_REMOVEDIR);
}

int gp_inside_mkdir(const char *root, const char *path, mode_t mode)
{
	struct place place;
	int result;

	if (!find(root, path, &place))
		return -1;
	result = mkdirat(place.folder, place.name, mode);
	leave(&place);
	return result;
}

DIR *gp_inside_opendir(const char *root, const char *path)
{
	const int fd = gp_inside_open(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		close_kept(fd);
	return dir;
}

int gp_inside_follow(const char *root, const char *name, int flags)
{
	char *path;
	bool is_link;
	int fd;

	if (!root[0])
		return gp_inside_open("", name, flags, 0);
	if (gp_path_resolve(root, name, &path, &is_link, NULL) != GP_OK) {
		errno = ELOOP;
		return -1;
	}
	if (is_link && !strcmp(path + strlen(root), "/dev/null"))
		fd = gp_inside_open("", "/dev/null", flags, 0);
	else
		fd = gp_inside_open(root, path, flags, 0);
	free(path);
	return fd;
}

int gp_inside_scan(const char *root, const char *name, struct dirent ***out,
		   int (*filter)(const struct dirent *),
		   int (*compare)(const struct dirent **, const struct dirent **))
{
	const int fd = gp_inside_follow(root, name, O_RDONLY | O_DIRECTORY);
	const int count = fd < 0 ? -1 : scandirat(fd, ".", out, filter, compare);

	close_kept(fd);
	return count;
}

bool gp_inside_has(const char *root, const char *name)
{
	const int fd = gp_inside_follow(root, name, O_PATH);

	close_kept(fd);
	return fd >= 0;
}
