/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owner.c - from a socket's inode to its process, through /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/owner_private.h"

struct search {
	const uint32_t *inodes;
	struct gp_owner *owners;
	size_t count, missing;
};

/* ---- one process ---------------------------------------------------------------- */

void gp_proc_text(int dir, const char *name, char *out, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	while (fd >= 0 && length < size - 1) {
		ssize_t got = read(fd, out + length, size - 1 - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	out[length] = '\0';
	if (fd >= 0)
		close(fd);
}

static void read_path(int dir, char *out, size_t size)
{
	static const char deleted[] = " (deleted)";
	ssize_t length = readlinkat(dir, "exe", out, size - 1);

	if (length < 0 || (size_t)length == size - 1)
		length = 0; /* half a path is none */
	out[length] = '\0';
	size_t tail = sizeof(deleted) - 1;
	if ((size_t)length > tail && !strcmp(out + length - tail, deleted))
		out[(size_t)length - tail] = '\0';
}

static bool is_unit(const char *name, size_t length)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount",
					       ".swap"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t tail = strlen(suffixes[i]);
		if (length > tail && !memcmp(name + length - tail, suffixes[i], tail))
			return true;
	}
	return false;
}

/* The innermost unit of a control group's path, or nothing. */
static void unit_of_path(const char *path, size_t length, char *out, size_t size)
{
	while (length > 0) {
		size_t begin = length;
		while (begin > 0 && path[begin - 1] != '/')
			begin--;
		const char *name = path + begin;
		size_t part = length - begin;
		/* systemd puts '_' before names that the kernel might claim. */
		if (part > 0 && name[0] == '_') {
			name++;
			part--;
		}
		if (is_unit(name, part) && part < size) {
			memcpy(out, name, part);
			out[part] = '\0';
			return;
		}
		length = begin > 0 ? begin - 1 : 0;
	}
}

static bool is_systemd(const char *line)
{
	static const char name[] = ":name=systemd:";

	line += strcspn(line, ":\n");
	return !strncmp(line, name, sizeof(name) - 1);
}

void gp_owner_unit(const char *text, char *out, size_t size)
{
	out[0] = '\0';
	while (*text && !out[0]) {
		size_t length = strcspn(text, "\n");
		const char *path = memchr(text, ':', length);
		path = path ? memchr(path + 1, ':', length - (size_t)(path + 1 - text))
			    : NULL;
		/* "0::PATH", and systemd's own tree where version 1 is in use. */
		if (path && (!strncmp(text, "0::", 3) || is_systemd(text)))
			unit_of_path(path + 1, length - (size_t)(path + 1 - text), out,
				     size);
		text += length + (text[length] == '\n');
	}
}

static void describe(int dir, pid_t pid, struct gp_owner *out)
{
	char text[4096];

	out->pid = pid;
	gp_proc_text(dir, "comm", out->program, sizeof(out->program));
	out->program[strcspn(out->program, "\n")] = '\0';
	read_path(dir, out->path, sizeof(out->path));
	gp_proc_text(dir, "cgroup", text, sizeof(text));
	gp_owner_unit(text, out->unit, sizeof(out->unit));
}

/* ---- the walk ------------------------------------------------------------------- */

/* "socket:[123]"; 0: something else. */
static uint32_t inode_of(int dir, const char *name)
{
	static const char prefix[] = "socket:[";
	char text[40], *end;
	ssize_t length = readlinkat(dir, name, text, sizeof(text) - 1);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	unsigned long inode = strtoul(text + sizeof(prefix) - 1, &end, 10);
	return *end == ']' && inode <= UINT32_MAX ? (uint32_t)inode : 0;
}

static void match(struct search *search, uint32_t inode, int process, pid_t pid)
{
	for (size_t i = 0; i < search->count; i++) {
		if (search->inodes[i] != inode || search->owners[i].pid)
			continue;
		describe(process, pid, &search->owners[i]);
		search->missing--;
	}
}

static void look_into(struct search *search, int proc, const char *name)
{
	int process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return;

	int fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fds >= 0 ? fdopendir(fds) : NULL;
	if (!dir && fds >= 0)
		close(fds);
	for (struct dirent *entry;
	     dir && search->missing > 0 && (entry = readdir(dir));) {
		uint32_t inode = inode_of(dirfd(dir), entry->d_name);
		if (inode)
			match(search, inode, process, (pid_t)atol(name));
	}
	if (dir)
		closedir(dir);
	close(process);
}

size_t gp_owner_find(const uint32_t *inodes, struct gp_owner *owners, size_t count)
{
	struct search search = {inodes, owners, count, 0};
	int error = errno;
	size_t wanted = 0;

	for (size_t i = 0; i < count; i++) {
		owners[i] = (struct gp_owner){0};
		wanted += inodes[i] != 0;
	}
	search.missing = wanted;
	DIR *proc = wanted > 0 ? opendir("/proc") : NULL;
	for (struct dirent *entry;
	     proc && search.missing > 0 && (entry = readdir(proc));) {
		if (isdigit((unsigned char)entry->d_name[0]))
			look_into(&search, dirfd(proc), entry->d_name);
	}
	if (proc)
		closedir(proc);
	errno = error;
	return wanted - search.missing;
}

size_t gp_owner_sockets(pid_t pid, uint32_t *inodes, size_t max)
{
	int error = errno;
	char path[40];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && count < max && (entry = readdir(dir));) {
		inodes[count] = inode_of(dirfd(dir), entry->d_name);
		count += inodes[count] != 0;
	}
	if (dir)
		closedir(dir);
	errno = error;
	return count;
}

bool gp_owner_is(const struct gp_owner *owner, const char *word)
{
	if (!word[0] || owner->pid == 0)
		return false;
	if (word[0] == '/')
		return !strcmp(owner->path, word);
	const char *last = strrchr(owner->path, '/');
	return !strcmp(owner->program, word) || (last && !strcmp(last + 1, word));
}
