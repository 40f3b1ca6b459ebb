/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owner.c - from a socket's inode to the process that holds it, by way of /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/owner.h"

/* The content of a small file below DIR, without the newline at its end; "" if none. */
static void read_line(int dir, const char *name, char *buf, size_t size)
{
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd >= 0) {
		got = read(fd, buf, size - 1);
		close(fd);
	}
	buf[got > 0 ? got : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* systemd writes what a unit's name cannot hold in a path as \xNN. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		if (at[0] == '\\' && at[1] == 'x' && isxdigit((unsigned char)at[2]) &&
		    isxdigit((unsigned char)at[3])) {
			const char digits[] = {at[2], at[3], '\0'};
			*to++ = (char)strtol(digits, NULL, 16);
			at += 3;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

static bool is_unit(const char *name, size_t length)
{
	static const char *const kinds[] = {".service", ".scope", ".socket", ".mount"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t kind = strlen(kinds[i]);
		if (length > kind && !strncmp(name + length - kind, kinds[i], kind))
			return true;
	}
	return false;
}

/* The innermost unit of a cgroup's path: a service may have groups of its own below. */
static void unit_of_path(const char *path, char *unit, size_t size)
{
	unit[0] = '\0';
	while (*path) {
		const size_t length = strcspn(path, "/");
		if (is_unit(path, length) && length < size) {
			memcpy(unit, path, length);
			unit[length] = '\0';
		}
		path += length;
		path += *path == '/';
	}
	unescape(unit);
}

/* "0::/system.slice/x.service" in cgroup 2, "1:name=systemd:/..." in the older. */
static void read_unit(int dir, struct gp_owner *owner)
{
	const int fd = openat(dir, "cgroup", O_RDONLY | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	char line[1024];

	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (fgets(line, sizeof(line), file) && !owner->unit[0]) {
		const char *path = strchr(line, ':');
		line[strcspn(line, "\n")] = '\0';
		path = path ? strchr(path + 1, ':') : NULL;
		if (path && (!strncmp(line, "0::", 3) || strstr(line, ":name=systemd:")))
			unit_of_path(path + 1, owner->unit, sizeof(owner->unit));
	}
	fclose(file);
}

static void describe(int dir, pid_t pid, struct gp_owner *owner)
{
	ssize_t length;

	*owner = (struct gp_owner){.pid = pid};
	read_line(dir, "comm", owner->program, sizeof(owner->program));
	length = readlinkat(dir, "exe", owner->path, sizeof(owner->path) - 1);
	owner->path[length > 0 ? length : 0] = '\0';
	read_unit(dir, owner);
}

/* "socket:[123]" to 123; 0: something else. */
static uint32_t inode_of(int dir, const char *name)
{
	char target[64];
	unsigned long inode = 0;
	const ssize_t length = readlinkat(dir, name, target, sizeof(target) - 1);

	if (length <= 0)
		return 0;
	target[length] = '\0';
	return sscanf(target, "socket:[%lu]", &inode) == 1 ? (uint32_t)inode : 0;
}

/* What one walk looks for. */
struct search {
	const uint32_t *inodes;
	struct gp_owner *owners;
	size_t count, found;
};

static void match(struct search *search, int process, pid_t pid, uint32_t inode)
{
	for (size_t i = 0; i < search->count; i++) {
		/* A socket may be shared: the first that is met. */
		if (search->inodes[i] != inode || search->owners[i].pid)
			continue;
		describe(process, pid, &search->owners[i]);
		search->found++;
	}
}

static void search_process(struct search *search, int process, pid_t pid)
{
	const int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) && search->found < search->count) {
		const uint32_t inode = inode_of(dirfd(dir), entry->d_name);
		if (inode)
			match(search, process, pid, inode);
	}
	closedir(dir);
}

size_t gp_owner_find(const uint32_t *inodes, struct gp_owner *owners, size_t count)
{
	struct search search = {inodes, owners, count, 0};
	const int saved_errno = errno;
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	memset(owners, 0, count * sizeof(*owners));
	while (proc && search.found < count && (entry = readdir(proc))) {
		const long pid = strtol(entry->d_name, NULL, 10);
		int process;
		if (pid <= 0)
			continue;
		process = openat(dirfd(proc), entry->d_name,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		search_process(&search, process, (pid_t)pid);
		close(process);
	}
	if (proc)
		closedir(proc);
	errno = saved_errno;
	return search.found;
}

bool gp_owner_is(const struct gp_owner *owner, const char *word)
{
	const char *base = strrchr(owner->path, '/');

	if (word[0] == '/')
		return !strcmp(owner->path, word);
	return !strcmp(owner->program, word) || (base && !strcmp(base + 1, word));
}
