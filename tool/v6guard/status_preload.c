/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status_preload.c - who uses the preload door: services by their drop-ins, processes by
 * what they have mapped. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gaiconf/inside.h"
#include "run.h"
#include "status.h"
#include "unit.h"

#define LIBRARY "/libv6guard-preload.so"
#define UNITS_SHOWN 5
#define LOOK_MS 1000         /* at all processes */
#define MAPS_MAX (4UL << 20) /* of one */
#define CHUNK 32768

/* ---- processes ---- */

/* True if the text of FD has the library's name. */
static bool has_library(int fd)
{
	const size_t overlap = sizeof(LIBRARY) - 2;
	char buffer[CHUNK];
	size_t kept = 0;

	for (size_t total = 0; total < MAPS_MAX;) {
		const ssize_t got = read(fd, buffer + kept, sizeof(buffer) - kept);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		const size_t size = kept + (size_t)got;
		if (memmem(buffer, size, LIBRARY, sizeof(LIBRARY) - 1))
			return true;
		total += (size_t)got;
		kept = size < overlap ? size : overlap;
		memmove(buffer, buffer + size - kept, kept);
	}
	return false;
}

/* `v6guard run` has looked whether it can be loaded; that is no use of it. */
static bool is_own_kind(int proc, const char *pid)
{
	char path[NAME_MAX + 8];
	struct stat own, other;

	snprintf(path, sizeof(path), "%s/exe", pid);
	return !stat("/proc/self/exe", &own) && !fstatat(proc, path, &other, 0) &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static void look_at_process(int proc, const char *pid, struct preload_use *use)
{
	char path[NAME_MAX + 8];

	snprintf(path, sizeof(path), "%s/maps", pid);
	const int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		use->is_all &= errno != EACCES && errno != EPERM;
		return;
	}
	use->processes += has_library(fd) && !is_own_kind(proc, pid);
	close(fd);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void look_at_processes(struct preload_use *use)
{
	const long long end = now_ms() + LOOK_MS;
	DIR *proc = opendir("/proc");

	use->has_looked = proc != NULL;
	use->is_all = true;
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		look_at_process(dirfd(proc), entry->d_name, use);
		if (now_ms() < end)
			continue;
		use->is_all = false;
		break;
	}
	if (proc)
		closedir(proc);
}

/* ---- units ---- */

static void add_unit(void *ctx, const char *name)
{
	struct preload_use *use = ctx;
	char **grown = realloc(use->units, (use->unit_count + 1) * sizeof(*grown));

	if (!grown)
		return;
	use->units = grown;
	use->units[use->unit_count] = strdup(name);
	use->unit_count += use->units[use->unit_count] != NULL;
}

void preload_look(const struct cli *cli, bool is_brief, struct preload_use *out)
{
	char path[PATH_MAX];

	*out = (struct preload_use){.is_installed = false};
	out->is_installed = run_preload_path(cli->root, path, sizeof(path)) &&
			    gp_inside_has(cli->root, path + strlen(cli->root));
	unit_each_attached(cli->root, add_unit, out);
	if (!is_brief && !cli->root[0])
		look_at_processes(out);
}

void preload_free(struct preload_use *use)
{
	for (size_t i = 0; i < use->unit_count; i++)
		free(use->units[i]);
	free(use->units);
	*use = (struct preload_use){.units = NULL};
}

static size_t put_units(const struct preload_use *use, char buf[STATUS_DETAIL])
{
	size_t used = 0;

	for (size_t i = 0; i < use->unit_count && i < UNITS_SHOWN; i++)
		used += (size_t)snprintf(buf + used, STATUS_DETAIL - used, "%s%s",
					 i ? ", " : "attached to ", use->units[i]);
	if (use->unit_count > UNITS_SHOWN)
		used += (size_t)snprintf(buf + used, STATUS_DETAIL - used,
					 " and %zu more", use->unit_count - UNITS_SHOWN);
	return used;
}

const char *preload_story(const struct preload_use *use, char buf[STATUS_DETAIL])
{
	size_t used;

	buf[0] = '\0';
	used = put_units(use, buf);
	if (use->unit_count && !use->is_installed)
		used += (size_t)snprintf(buf + used, STATUS_DETAIL - used,
					 "; the library is not installed");
	if (use->has_looked && (use->processes || use->unit_count))
		snprintf(buf + used, STATUS_DETAIL - used, "%sloaded in %zu process%s%s",
			 used ? "; " : "", use->processes,
			 use->processes == 1 ? "" : "es",
			 use->is_all ? ""
			 : geteuid() ? " that you may look at"
				     : " or more");
	return buf;
}
