/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_files.c - the files of a configuration: v6guard.conf, conf.d, lists of patterns.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "diag.h"
#include "gaiconf/inside.h"
#include "guard/config_private.h"

/* No configuration by hand is bigger; lists of patterns may be. */
#define CONFIG_MAX (4UL << 20)

#define LIST_MAX (64UL << 20)

/* Of the kernel, unless it was told otherwise (kernel.overflowuid). */
#define OVERFLOW_UID 65534

/* What open_plain says of sockets and the like; open() and read() have no use for it. */
#define NOT_PLAIN EPROTOTYPE

static const char *reason(void)
{
	return errno == NOT_PLAIN ? "not a regular file" : strerror(errno);
}

static enum gp_status io_failed(struct gp_diag *diag, const char *path)
{
	enum gp_status status = GP_IO;
	if (errno == EACCES || errno == EPERM)
		status = GP_PERM;
	else if (errno == ENOMEM)
		status = GP_NOMEM;
	return gp_diag_set(diag, status, path, "%s", reason());
}

/* Nothing that could block or never end; /dev/null is how people switch a file off. */
static bool is_plain(const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return st->st_rdev == makedev(1, 3);
	if (S_ISREG(st->st_mode))
		return true;
	errno = S_ISDIR(st->st_mode) ? EISDIR : NOT_PLAIN;
	return false;
}

/* Open a plain file to read; -1 and errno else. */
static int open_plain(const char *root, const char *path, struct stat *st)
{
	int fd = gp_inside_follow(root, path + strlen(root),
				  O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && is_plain(st))
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* UID stands for all users that this user namespace has no number for: the files of a
 * host's root, for instance, in a container that is not told of it. */
static bool is_overflow(uid_t uid)
{
	FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count;
	bool is_mapped = !file || uid != OVERFLOW_UID;

	while (!is_mapped && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3)
		is_mapped = uid >= inside && uid - inside < count;
	if (file)
		fclose(file);
	return !is_mapped;
}

/* Whoever can write a file decides what every program of the host is given. A tree may
 * be built by anybody, from files of his own. */
static bool is_trusted(const struct stat *st, const char *path, struct gp_diag *diag)
{
	const unsigned mode = st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return true;
	if (mode & S_IWOTH) {
		gp_diag_set(diag, GP_SYNTAX, path,
			    "anybody may write it (mode %04o): `chmod o-w` it", mode);
		return false;
	}
	if (st->st_uid != 0 && st->st_uid != geteuid() && !is_overflow(st->st_uid)) {
		gp_diag_set(diag, GP_SYNTAX, path,
			    "it belongs to user %u (mode %04o), who is not root: "
			    "`chown root` it",
			    (unsigned)st->st_uid, mode);
		return false;
	}
	return true;
}

static bool read_all(int fd, char *buf, size_t room, size_t *size)
{
	*size = 0;
	while (*size < room) {
		ssize_t got = read(fd, buf + *size, room - *size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		*size += (size_t)got;
	}
	return true;
}

/* LOOSE: root's own file that the group of others may write. */
static enum gp_status slurp(const char *root, const char *path, char **bytes,
			    size_t *size, struct gp_diag *diag, bool *loose)
{
	struct stat st;
	enum gp_status status = GP_OK;
	int fd = open_plain(root, path, &st);
	if (fd < 0 && errno == ENOENT)
		return GP_NOTFOUND;
	if (fd < 0)
		return io_failed(diag, path);
	if (!is_trusted(&st, path, diag)) {
		close(fd);
		return GP_SYNTAX;
	}
	*loose = S_ISREG(st.st_mode) && st.st_mode & S_IWGRP && st.st_uid == 0 &&
		 st.st_gid != 0;

	/* One byte more than there should be shows a file that is growing. */
	size_t got = 0, room = (size_t)st.st_size + 1;
	char *buf = (size_t)st.st_size > CONFIG_MAX ? NULL : malloc(room);
	if ((size_t)st.st_size > CONFIG_MAX)
		status = gp_diag_set(diag, GP_IO, path, "bigger than %lu bytes",
				     CONFIG_MAX);
	else if (!buf || !read_all(fd, buf, room, &got))
		status = io_failed(diag, path);
	else if (got != (size_t)st.st_size)
		status = gp_diag_set(diag, GP_IO, path, "changed while it was read");
	close(fd);
	if (status != GP_OK) {
		free(buf);
		return status;
	}
	*bytes = buf;
	*size = got;
	return GP_OK;
}

/* FILE as seen from the folder of the file FROM below ROOT, malloc'd. */
static char *beside(const char *root, const char *from, const char *file)
{
	const char *slash = strrchr(from, '/');
	char *path;

	if (file[0] != '/' && !slash)
		return strdup(file);
	if (file[0] == '/')
		return asprintf(&path, "%s%s", root, file) < 0 ? NULL : path;
	if (asprintf(&path, "%.*s%s", (int)(slash - from) + 1, from, file) < 0)
		return NULL;
	return path;
}

/* LINE without comment and blanks; *COLUMN is where it begins. */
static char *pattern_of(char *line, unsigned *column)
{
	static const char blanks[] = " \t\r\n";
	size_t start = strspn(line, blanks), end = strlen(line);

	while (end > start && strchr(blanks, line[end - 1]))
		end--;
	line[end] = '\0';
	*column = (unsigned)start + 1;
	if (line[start] == '#' || line[start] == ';')
		return line + end;
	return line + start;
}

static enum gp_status each_line(FILE *stream, const char *path, gp_config_list_fn *visit,
				void *ctx, struct gp_diag *diag)
{
	enum gp_status status = GP_OK;
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0, column;
	ssize_t got;

	errno = 0;
	while (status == GP_OK && (got = getline(&line, &room, stream)) >= 0) {
		const bool has_nul = strlen(line) != (size_t)got;
		const char *pattern = has_nul ? line : pattern_of(line, &column);

		number++;
		if (has_nul)
			status = visit(ctx, path, number, (unsigned)strlen(line) + 1,
				       NULL);
		else if (*pattern)
			status = visit(ctx, path, number, column, pattern);
	}
	if (status == GP_OK && !feof(stream))
		status = io_failed(diag, path);
	free(line);
	return status;
}

enum gp_status gp_config_list_each(const struct gp_config *config, const char *from,
				   const char *file, gp_config_list_fn *visit, void *ctx,
				   struct gp_diag *diag)
{
	char *path = beside(config->root, from, file);
	enum gp_status status;
	struct stat st;

	if (!path)
		return gp_diag_set(diag, GP_NOMEM, file, "no memory");
	int fd = open_plain(config->root, path, &st);
	FILE *stream = NULL;
	if (fd >= 0 && !is_trusted(&st, path, diag))
		status = GP_SYNTAX;
	else if (fd >= 0 && (size_t)st.st_size > LIST_MAX)
		status = gp_diag_set(diag, GP_RANGE, path, "bigger than %lu bytes",
				     LIST_MAX);
	else if (fd >= 0 && (stream = fdopen(fd, "r")))
		status = each_line(stream, path, visit, ctx, diag);
	else
		status = io_failed(diag, path);
	if (stream)
		fclose(stream);
	else if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

/* A list that is being checked. */
struct list_check {
	struct gp_config_report *report;
	struct gp_config_where where;
	bool has_names; /* in place of patterns */
};

static enum gp_status check_pattern(void *ctx, const char *path, unsigned line,
				    unsigned column, const char *pattern)
{
	const struct list_check *check = ctx;
	char why[GP_CONFIG_WHY] = "expected NAME, =NAME, *.NAME or *";
	const bool has_names = check->has_names;

	if (!pattern)
		gp_diag_set_at(gp_config_slot(check->report, check->where), GP_SYNTAX,
			       path, line, column, "a NUL byte");
	else if (has_names ? !gp_config_is_zone(pattern, why)
			   : !gp_config_is_pattern(pattern, why))
		gp_diag_set_at(gp_config_slot(check->report, check->where), GP_SYNTAX,
			       path, line, column, "\"%.80s\" is not a %s: %s", pattern,
			       has_names ? "name" : "pattern", why);
	return GP_OK;
}

void gp_config_check_list(struct gp_config_report *report, struct gp_config_where where,
			  const char *from, const char *file, enum gp_config_type type)
{
	struct list_check check = {report, where, type == GP_TYPE_NAME_FILE};
	struct gp_diag diag;

	switch (gp_config_list_each(report->config, from, file, check_pattern, &check,
				    &diag)) {
	case GP_OK:
		return;
	case GP_NOMEM:
		gp_config_no_memory(report);
		return;
	case GP_IO:
	case GP_PERM:
	case GP_SYNTAX:
	case GP_RANGE:
	case GP_NOTFOUND:
	case GP_CONFLICT:
	case GP_UNSUPPORTED:
	case GP_BUSY:
		break;
	}
	gp_config_fail(report, where, "cannot read %s: %s", diag.path, diag.text);
}

static int is_dropin(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

/* By bytes: alphasort() would go by the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* One file; it need not exist unless it was LISTED. */
static void add_path(struct gp_config_reader *reader,
		     const struct gp_config_overlay *overlay, const char *path,
		     bool is_listed)
{
	struct gp_diag diag = {.status = GP_OK};
	char *bytes = NULL;
	size_t size = 0;
	bool is_loose = false;

	if (overlay && !strcmp(overlay->path, path)) {
		gp_config_reader_add(reader, path, overlay->bytes, overlay->size);
		return;
	}
	enum gp_status status = slurp(gp_config_reader_root(reader), path, &bytes, &size,
				      &diag, &is_loose);
	if (status == GP_OK) {
		if (is_loose)
			gp_config_reader_loose(reader, path);
		gp_config_reader_add(reader, path, bytes, size);
	} else if (status != GP_NOTFOUND || is_listed) {
		if (status == GP_NOTFOUND)
			io_failed(&diag, path);
		gp_config_reader_io(reader, &diag);
	}
	free(bytes);
}

static void add_file(struct gp_config_reader *reader,
		     const struct gp_config_overlay *overlay, const char *dir,
		     const char *name, bool is_listed)
{
	struct gp_diag diag = {.status = GP_OK};
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		errno = ENOMEM;
		io_failed(&diag, dir);
		gp_config_reader_io(reader, &diag);
		return;
	}
	add_path(reader, overlay, path, is_listed);
	free(path);
}

static void add_dropins(struct gp_config_reader *reader,
			const struct gp_config_overlay *overlay, const char *dir)
{
	const char *root = gp_config_reader_root(reader);
	struct dirent **entries = NULL;
	struct gp_diag diag;
	char *folder;

	if (asprintf(&folder, "%s/conf.d", dir) < 0) {
		errno = ENOMEM;
		io_failed(&diag, dir);
		gp_config_reader_io(reader, &diag);
		return;
	}
	int count = gp_inside_scan(root, folder + strlen(root), &entries, is_dropin,
				   by_bytes);
	if (count < 0 && errno != ENOENT) {
		io_failed(&diag, folder);
		gp_config_reader_io(reader, &diag);
	}
	for (int i = 0; i < count; i++) {
		add_file(reader, overlay, folder, entries[i]->d_name, true);
		free(entries[i]);
	}
	free(entries);
	free(folder);
}

enum gp_status gp_config_load(const char *dir, struct gp_config **out,
			      struct gp_config_errors *errors)
{
	return gp_config_load_below("", dir, NULL, out, errors);
}

enum gp_status gp_config_load_below(const char *root, const char *dir,
				    const struct gp_config_overlay *overlay,
				    struct gp_config **out,
				    struct gp_config_errors *errors)
{
	int saved = errno;
	struct gp_config_reader *reader = gp_config_reader_new(root, errors, true);
	enum gp_status status = GP_NOMEM;

	if (reader) {
		add_file(reader, overlay, dir, "v6guard.conf", false);
		add_dropins(reader, overlay, dir);
		status = gp_config_reader_end(reader, out);
	}
	errno = saved;
	return status;
}

enum gp_status gp_config_load_file(const char *path, struct gp_config **out,
				   struct gp_config_errors *errors)
{
	int saved = errno;
	struct gp_config_reader *reader = gp_config_reader_new("", errors, true);
	enum gp_status status = GP_NOMEM;

	if (reader) {
		add_path(reader, NULL, path, true);
		status = gp_config_reader_end(reader, out);
	}
	errno = saved;
	return status;
}
