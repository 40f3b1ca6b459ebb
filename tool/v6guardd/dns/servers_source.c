/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* servers_source.c - see servers_source.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/resolvconf.h"
#include "paths.h"
#include "resolvconf.h"
#include "servers_source.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* Behind systemd-resolved's stub; who is asked on which link, a file each. */
#define RESOLV_UPLINK "/run/systemd/resolve/resolv.conf"
#define LINKS "/run/systemd/netif/links"
#define LINKS_MOST 4096
#define TEXT 65536
/* Whoever writes a file in place may take a moment. */
#define HALF_WRITTEN_MS 1000

const char *const source_paths[SOURCE_FILES] = {RESOLV_CONF, GP_RESOLV_KEPT_PATH,
						RESOLV_UPLINK, LINKS};

static char text[TEXT];

/* By the clock that files have; one that is of the future is as it is. */
static bool is_young(int fd)
{
	struct timespec now;
	struct stat status;
	long long ms;

	clock_gettime(CLOCK_REALTIME, &now);
	if (fstat(fd, &status) < 0)
		return false;
	ms = (now.tv_sec - status.st_mtim.tv_sec) * 1000LL +
	     (now.tv_nsec - status.st_mtim.tv_nsec) / 1000000;
	return ms >= 0 && ms < HALF_WRITTEN_MS;
}

/* All of it, but for a last line that may be half an address. */
static size_t read_file(struct servers_source *source, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, text, TEXT);

	if (size > 0 && text[size - 1] != '\n' && (size == TEXT || is_young(fd))) {
		source->is_unsettled = true;
		while (size > 0 && text[size - 1] != '\n')
			size--;
	}
	if (fd >= 0)
		close(fd);
	return size > 0 ? (size_t)size : 0;
}

/* The servers of the file's first LINES about them. */
static struct resolvconf_seen add_file(struct servers_source *source,
				       const struct dns_config *config, const char *path,
				       size_t lines)
{
	const size_t size = read_file(source, path);
	struct resolvconf_seen seen;

	source->count += resolvconf_read(text, size, config, lines,
					 source->servers + source->count,
					 UPSTREAM_SERVERS - source->count, &seen);
	return seen;
}

/* systemd-resolved's stub is no server of its own. */
static bool drop_stub(struct servers_source *source)
{
	for (size_t i = 0; i < source->count; i++)
		if (resolvconf_is_stub(&source->servers[i].addr)) {
			source->count--;
			memmove(&source->servers[i], &source->servers[i + 1],
				(source->count - i) * sizeof(source->servers[0]));
			return true;
		}
	return false;
}

/* Files of links have their interface's number for a name, and are written by their owner
 * alone. */
static void add_link(struct servers_source *source, const struct dns_config *config,
		     int folder, const char *name)
{
	const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const unsigned long number = strtoul(name, NULL, 10);
	struct stat status;
	ssize_t size = -1;

	if (fd < 0)
		return;
	if (number > 0 && number <= INT32_MAX && fstat(fd, &status) == 0 &&
	    S_ISREG(status.st_mode) && !(status.st_mode & (S_IWGRP | S_IWOTH)))
		size = read(fd, text, TEXT);
	close(fd);
	if (size > 0)
		link_routes_add(&source->routes, config, (uint32_t)number, text,
				(size_t)size);
}

/* What systemd-resolved would ask whom. */
static void add_links(struct servers_source *source, const struct dns_config *config)
{
	DIR *folder = opendir(LINKS);
	const struct dirent *entry;

	for (int i = 0; folder && i < LINKS_MOST && (entry = readdir(folder)); i++)
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0')
			add_link(source, config, dirfd(folder), entry->d_name);
	if (folder)
		closedir(folder);
	source->count = link_routes_rest(&source->routes, source->servers, source->count,
					 UPSTREAM_SERVERS);
}

void source_read(struct servers_source *out, const struct dns_config *config)
{
	struct resolvconf_seen seen;

	memset(out, 0, offsetof(struct servers_source, servers));
	if (config->upstream_count)
		memcpy(out->servers, config->upstream,
		       config->upstream_count * sizeof(out->servers[0]));
	out->count = config->upstream_count;
	if (!config->from_resolv_conf)
		return;
	/* Its own lines come first, as they are there after a restart of the host as
	 * well; what is kept is for a file that somebody has written anew. */
	seen = add_file(out, config, RESOLV_CONF, GP_RESOLV_SERVERS);
	out->rotate = seen.rotate;
	if (seen.has_own && !out->count)
		add_file(out, config, GP_RESOLV_KEPT_PATH, GP_RESOLV_SERVERS);
	if (drop_stub(out)) {
		/* resolved asks all that are in it, and libc it. */
		add_file(out, config, RESOLV_UPLINK, SIZE_MAX);
		add_links(out, config);
	}
}
