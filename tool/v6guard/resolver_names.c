/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver_names.c - the names that a host has, see resolver_verify.h. */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "dnsask.h"
#include "resolver_verify.h"

/* nscd's own tables, kept over a restart, if it is told so. */
#define NSCD_HOSTS "/var/cache/nscd/hosts"
#define NSCD_BYTES (1UL << 20)
#define NSCD_NAMES 6

struct names {
	size_t count;
	struct resolver_name *list;
};

/* It answers these itself, as RFC 6761 has it: servers say something else of them. */
static bool is_localhost(const char *name)
{
	static const char localhost[] = "localhost";
	const size_t length = strlen(name), tail = sizeof(localhost) - 1;

	return length >= tail && !strcasecmp(name + length - tail, localhost) &&
	       (length == tail || name[length - tail - 1] == '.');
}

static void add(struct names *names, const char *name, bool is_varying)
{
	struct resolver_name *at = &names->list[names->count];

	if (names->count == RESOLVER_NAMES || !name[0] || strlen(name) >= RESOLV_NAME ||
	    !strcmp(name, ".") || is_localhost(name) || !dnsask_is_name(name))
		return;
	for (size_t i = 0; i < names->count; i++)
		if (!strcasecmp(names->list[i].name, name))
			return;
	snprintf(at->name, sizeof(at->name), "%s", name);
	at->is_varying = is_varying;
	names->count++;
}

/* Without a dot libc puts search domains behind it; without those, nothing. */
static void add_host(struct names *names, const struct resolv_read *file)
{
	char host[RESOLV_NAME] = "", full[2 * RESOLV_NAME];

	if (gethostname(host, sizeof(host) - 1) < 0)
		return;
	for (size_t i = 0; !strchr(host, '.') && i < file->search_count; i++) {
		const char *domain = file->search[i];
		snprintf(full, sizeof(full), "%s.%s", host,
			 strcmp(domain, ".") != 0 ? domain : "");
		add(names, full, false);
	}
	if (strchr(host, '.') || !file->search_count)
		add(names, host, false);
}

/* ---- nscd ---- */

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

/* With a dot between, and no address. */
static bool is_host_name(const char *word)
{
	const char *dot = strrchr(word, '.');

	return dot && dot != word && isalpha((unsigned char)dot[1]);
}

/* Its tables are a heap of records whose form is nscd's own. The names in it are texts
 * that end, and one that is stale was this host's once: no more is asked of them. */
static void add_words(struct names *names, const char *bytes, size_t size)
{
	const size_t most = names->count + NSCD_NAMES;
	size_t begin = 0;

	for (size_t i = 0; i < size && names->count < most; i++) {
		if (is_of_name(bytes[i]))
			continue;
		if (!bytes[i] && i - begin < RESOLV_NAME && is_host_name(bytes + begin))
			add(names, bytes + begin, true);
		begin = i + 1;
	}
}

static void add_nscd(struct names *names)
{
	static char bytes[NSCD_BYTES];
	const int fd = open(NSCD_HOSTS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	if (got > 0)
		add_words(names, bytes, (size_t)got);
}

size_t resolver_names(const struct cli *cli, const struct resolv_read *file,
		      struct resolver_name out[RESOLVER_NAMES])
{
	struct names names = {.list = out};

	for (size_t i = 0; i < cli->verify_count; i++)
		add(&names, cli->verify[i], false);
	add_host(&names, file);
	for (size_t i = 0; i < file->search_count; i++)
		add(&names, file->search[i], false);
	add_nscd(&names);
	return names.count;
}
