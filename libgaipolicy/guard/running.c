/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* running.c - from what /proc tells of each process to how it is about a new gai.conf. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/elf.h"
#include "guard/owner_private.h"
#include "guard/running.h"

#define LIMIT_MS 2000
#define LINES_MAX 20000 /* of one process's mappings */
#define FILES_MAX 4096  /* that are remembered; a power of two */
/* /proc counts in ticks of 10 ms, and the wall clock may have been set since. */
#define SLACK_MS 1000
#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD; in no header for programs */

/* A file that some process has mapped; dev 0: a free place. */
struct known {
	dev_t dev;
	ino_t ino;
	bool asks, is_static_gnu;
};

struct search {
	const struct gp_running_query *query;
	struct gp_running *out;
	size_t capacity;
	struct stat file, folder; /* ours; nlink 0: not there */
	struct known known[FILES_MAX];
	long ticks; /* a second */
	bool is_out_of_memory;
};

/* What a process has loaded. */
struct loaded {
	bool has_glibc, asks, has_looked_up;
	bool is_static_gnu; /* matters without has_glibc */
};

const char *gp_keeping_text(enum gp_keeping keeping)
{
	switch (keeping) {
	case GP_KEEPING_NONE:
		break;
	case GP_KEEPING_NOT:
		return "follows";
	case GP_KEEPING_MAY:
		return "may keep";
	case GP_KEEPING_SURELY:
		return "keeps";
	}
	return NULL;
}

/* ---- files that are mapped ---- */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* "libc.so.6", "libc-2.31.so" before 2.33; " (deleted)" may follow after an upgrade. */
static bool is_glibc(const char *name)
{
	return begins(name, "libc.so.6") || begins(name, "libc-2.");
}

/* Services that know hosts and nothing else: who has one loaded has looked up a name. */
static bool is_hosts_module(const char *name)
{
	static const char *const services[] = {"v6guard", "resolve", "myhostname",
					       "mdns",    "libvirt", "wins"};

	if (!begins(name, "libnss_"))
		return false;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (begins(name + strlen("libnss_"), services[i]))
			return true;
	return false;
}

/* What cannot be read (it was replaced since) may ask. */
static void look_at_file(int process, const char *path, struct known *known)
{
	char below[PATH_MAX + 8];
	struct gp_elf elf = {.asks = true};
	int fd;

	snprintf(below, sizeof(below), "root%s", path);
	fd = openat(process, below, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		(void)gp_elf_look(fd, &elf);
	known->asks = elf.asks;
	known->is_static_gnu = elf.is_gnu && !elf.has_interpreter;
	if (fd >= 0)
		close(fd);
}

static struct known find_file(struct search *search, int process, dev_t dev, ino_t ino,
			      const char *path)
{
	const size_t first = (size_t)((ino * 0x9e3779b97f4a7c15ULL) >> 40) % FILES_MAX;
	struct known known = {.dev = dev, .ino = ino};

	for (size_t i = 0; i < 16; i++) {
		struct known *place = &search->known[(first + i) % FILES_MAX];

		if (place->dev == dev && place->ino == ino)
			return *place;
		if (place->dev)
			continue;
		look_at_file(process, path, &known);
		*place = known;
		return known;
	}
	look_at_file(process, path, &known);
	return known;
}

static void take_mapping(struct search *search, int process, const char *line,
			 struct loaded *loaded)
{
	unsigned major_part, minor_part;
	unsigned long long ino;
	char permissions[8];
	int at = 0;

	if (sscanf(line, "%*x-%*x %7s %*x %x:%x %llu %n", permissions, &major_part,
		   &minor_part, &ino, &at) != 4 ||
	    !at || !ino || line[at] != '/' || !strchr(permissions, 'x'))
		return;
	const char *name = name_of(line + at);
	if (is_glibc(name)) {
		loaded->has_glibc = true;
		return;
	}
	loaded->has_looked_up |= is_hosts_module(name);
	if (begins(name, "ld-") || begins(name, "libnss_"))
		return;
	const struct known known =
		find_file(search, process, makedev(major_part, minor_part) + 1,
			  (ino_t)ino, line + at);
	loaded->asks |= known.asks;
	loaded->is_static_gnu |= known.is_static_gnu;
}

static bool read_mappings(struct search *search, int process, struct loaded *out)
{
	const int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	char line[PATH_MAX + 128];

	*out = (struct loaded){0};
	if (!file) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (unsigned i = 0; i < LINES_MAX && fgets(line, sizeof(line), file); i++) {
		line[strcspn(line, "\n")] = '\0';
		take_mapping(search, process, line, out);
	}
	fclose(file);
	return true;
}

/* ---- one process ---- */

/* When it began, by the wall clock; -1: it has ended, or is a thread of the kernel's. */
static int64_t start_of(const struct search *search, int process, char program[64])
{
	char text[1024];
	unsigned long long ticks;
	unsigned flags;
	char state;

	gp_proc_text(process, "stat", text, sizeof(text));
	/* The name is in parentheses, and may have some itself. */
	const char *end = strrchr(text, ')'), *begin = strchr(text, '(');
	if (!end || !begin ||
	    sscanf(end + 1,
		   " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		   "%*d %*d %*d %llu",
		   &state, &flags, &ticks) != 3 ||
	    flags & KERNEL_THREAD || state == 'Z')
		return -1;
	snprintf(program, 64, "%.*s", (int)(end - begin - 1), begin + 1);
	return search->query->boot_ms +
	       (int64_t)(ticks * 1000 / (unsigned long long)search->ticks);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

enum sight { SIGHT_NONE, SIGHT_OTHER, SIGHT_OURS };

/* Is the file that it has at that path the one that was written? */
static enum sight sees_file(const struct search *search, int process)
{
	char path[PATH_MAX];
	struct stat stat;

	snprintf(path, sizeof(path), "root%s", search->query->path);
	if (!fstatat(process, path, &stat, 0))
		return search->file.st_nlink && is_same_file(&stat, &search->file)
			       ? SIGHT_OURS
			       : SIGHT_OTHER;
	if (errno != ENOENT)
		return SIGHT_NONE;
	if (search->file.st_nlink)
		return SIGHT_OTHER;
	/* Neither has one: is it the same folder at least? */
	*strrchr(path, '/') = '\0';
	return !fstatat(process, path, &stat, 0) && search->folder.st_nlink &&
			       is_same_file(&stat, &search->folder)
		       ? SIGHT_OURS
		       : SIGHT_OTHER;
}

static enum gp_keeping judge(const struct search *search, const struct loaded *loaded,
			     int64_t start_ms)
{
	const struct gp_running_query *query = search->query;

	/* What a static program calls is not told. */
	if (loaded->has_glibc ? !loaded->asks : !loaded->is_static_gnu)
		return GP_KEEPING_NONE;
	/* What an older one has read first may have said nothing. */
	if (query->did_reload && start_ms - SLACK_MS > query->before_ms)
		return GP_KEEPING_NOT;
	if (query->did_reload)
		return GP_KEEPING_MAY;
	return loaded->has_looked_up ? GP_KEEPING_SURELY : GP_KEEPING_MAY;
}

/* ---- units ---- */

/* ".../user@1000.service/...": of that user's manager. */
static bool is_of_user(const char *cgroup, uid_t *user)
{
	static const char name[] = "/user@";
	const char *at = strstr(cgroup, name);
	char *end;
	unsigned long number;

	if (!at || !isdigit((unsigned char)at[sizeof(name) - 1]))
		return false;
	number = strtoul(at + sizeof(name) - 1, &end, 10);
	*user = (uid_t)number;
	return begins(end, ".service/");
}

static bool is_same_unit(const struct gp_running_unit *a, const struct gp_running_unit *b)
{
	return !strcmp(a->unit, b->unit) && a->is_user == b->is_user &&
	       a->user == b->user && (a->unit[0] || !strcmp(a->program, b->program));
}

static void add_unit(struct search *search, const struct gp_running_unit *one)
{
	struct gp_running *out = search->out;

	for (size_t i = 0; i < out->count; i++) {
		struct gp_running_unit *unit = &out->units[i];

		if (!is_same_unit(unit, one))
			continue;
		if (one->keeping > unit->keeping) {
			unit->keeping = one->keeping;
			unit->count = 0;
		}
		unit->count += one->keeping == unit->keeping;
		return;
	}
	if (out->count == search->capacity) {
		const size_t capacity = search->capacity ? search->capacity * 2 : 32;
		void *units = realloc(out->units, capacity * sizeof(*out->units));

		if (!units) {
			search->is_out_of_memory = true;
			return;
		}
		out->units = units;
		search->capacity = capacity;
	}
	out->units[out->count++] = *one;
}

static void look_at(struct search *search, int process)
{
	struct gp_running_unit one = {.count = 1};
	struct loaded loaded;
	char cgroup[4096];
	const int64_t start_ms = start_of(search, process, one.program);

	if (start_ms < 0 || start_ms - SLACK_MS > search->query->written_ms)
		return;
	const enum sight sight = sees_file(search, process);
	if (sight == SIGHT_OTHER)
		return;
	if (sight == SIGHT_NONE || !read_mappings(search, process, &loaded)) {
		search->out->unseen++;
		return;
	}
	one.keeping = judge(search, &loaded, start_ms);
	search->out->follow += one.keeping == GP_KEEPING_NOT;
	if (one.keeping < GP_KEEPING_MAY)
		return;
	gp_proc_text(process, "cgroup", cgroup, sizeof(cgroup));
	gp_owner_unit(cgroup, one.unit, sizeof(one.unit));
	one.is_user = one.unit[0] && is_of_user(cgroup, &one.user);
	if (!one.is_user)
		one.user = 0;
	add_unit(search, &one);
}

/* ---- all of them ---- */

static int compare_units(const void *a, const void *b)
{
	const struct gp_running_unit *one = a, *other = b;

	if (one->keeping != other->keeping)
		return (int)other->keeping - (int)one->keeping;
	if (!one->unit[0] != !other->unit[0])
		return one->unit[0] ? -1 : 1;
	const int order = strcmp(one->unit, other->unit);
	if (!order && one->is_user != other->is_user)
		return one->is_user ? 1 : -1;
	if (!order && one->user != other->user)
		return one->user < other->user ? -1 : 1;
	return order ? order : strcmp(one->program, other->program);
}

static void walk(struct search *search, DIR *proc)
{
	const long long end_ms = gp_boot_ms() + LIMIT_MS;

	for (struct dirent *entry; (entry = readdir(proc));) {
		int process;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    strtol(entry->d_name, NULL, 10) == getpid())
			continue;
		if (gp_boot_ms() > end_ms) {
			search->out->unseen++;
			continue;
		}
		process = openat(dirfd(proc), entry->d_name,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		look_at(search, process);
		close(process);
	}
}

/* As this process has it. */
static void look_at_own(struct search *search)
{
	char folder[PATH_MAX];

	if (stat(search->query->path, &search->file))
		search->file.st_nlink = 0;
	snprintf(folder, sizeof(folder), "%s", search->query->path);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	if (stat(folder[0] ? folder : "/", &search->folder))
		search->folder.st_nlink = 0;
}

enum gp_status gp_running_look(const struct gp_running_query *query,
			       struct gp_running *out)
{
	struct search *search = calloc(1, sizeof(*search));
	DIR *proc = opendir(query->proc);
	enum gp_status status = GP_OK;

	*out = (struct gp_running){0};
	if (!search)
		status = GP_NOMEM;
	else if (!proc)
		status = GP_IO;
	if (status != GP_OK)
		goto out;
	search->query = query;
	search->out = out;
	search->ticks = sysconf(_SC_CLK_TCK);
	look_at_own(search);
	walk(search, proc);
	if (out->count > 0)
		qsort(out->units, out->count, sizeof(out->units[0]), compare_units);
	if (search->is_out_of_memory) {
		gp_running_free(out);
		status = GP_NOMEM;
	}
out:
	if (proc)
		closedir(proc);
	free(search);
	return status;
}

void gp_running_free(struct gp_running *running)
{
	free(running->units);
	*running = (struct gp_running){0};
}
