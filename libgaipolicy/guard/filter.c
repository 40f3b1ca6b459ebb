/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter.c - see filter.h. Runs in the doors. */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "guard/filter.h"

#define PATH "/proc/thread-self/status"
#define STATUS_MAX 4096

/* The number that follows NAME, the start of a line; 0 if TEXT has no such line. */
static unsigned number_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned number = 0;

	if (!at)
		return 0;
	at += strlen(name);
	at += strspn(at, " \t");
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (unsigned)(*at - '0');
	return number;
}

/* How many there are, and 1 more; 0: not known. Linux before 5.9 tells of one at most. */
static unsigned count(void)
{
	char text[STATUS_MAX];
	const int fd = open(PATH, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	return 1 + (number_of(text, "\nSeccomp:") ? 1 : 0) +
	       number_of(text, "\nSeccomp_filters:");
}

bool gp_filter_is_new(void)
{
	static atomic_uint first;
	const unsigned now = count();
	unsigned before = 0;

	if (!now || atomic_compare_exchange_strong(&first, &before, now))
		return false;
	return now > before;
}
