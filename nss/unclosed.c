/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unclosed.c - see unclosed.h. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unclosed.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57 /* Linux 4.12 */
#endif

struct note {
	int fd;
	uint64_t cookie; /* 0: nothing is noted here */
};

struct notes {
	struct note note[UNCLOSED_MAX];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

/* 0: not a socket, or there is no telling. */
static uint64_t cookie_of(int fd)
{
	const int saved_errno = errno;
	uint64_t cookie;
	socklen_t length = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		cookie = 0;
	errno = saved_errno;
	return cookie;
}

static void close_all(struct notes *notes)
{
	const int saved_errno = errno;

	for (unsigned i = 0; i < UNCLOSED_MAX; i++) {
		struct note *one = &notes->note[i];

		if (one->cookie && cookie_of(one->fd) == one->cookie)
			close(one->fd);
		one->cookie = 0;
	}
	errno = saved_errno;
}

static void end_thread(void *notes)
{
	close_all(notes);
	free(notes);
}

static void make_key(void)
{
	has_key = !pthread_key_create(&key, end_thread);
}

static struct notes *get(void)
{
	pthread_once(&once, make_key);
	return has_key ? pthread_getspecific(key) : NULL;
}

static struct notes *get_or_make(void)
{
	const int saved_errno = errno;
	struct notes *notes = get();

	if (notes || !has_key)
		return notes;
	notes = calloc(1, sizeof(*notes));
	if (notes && pthread_setspecific(key, notes)) {
		free(notes);
		notes = NULL;
	}
	errno = saved_errno;
	return notes;
}

void unclosed_sweep(void)
{
	struct notes *notes = get();

	if (notes)
		close_all(notes);
}

void unclosed_add(int fd)
{
	struct notes *notes = get_or_make();

	for (unsigned i = 0; notes && i < UNCLOSED_MAX; i++)
		if (!notes->note[i].cookie) {
			notes->note[i].fd = fd;
			notes->note[i].cookie = cookie_of(fd);
			return;
		}
}

void unclosed_remove(int fd)
{
	struct notes *notes = get();

	for (unsigned i = 0; notes && i < UNCLOSED_MAX; i++)
		if (notes->note[i].cookie && notes->note[i].fd == fd)
			notes->note[i].cookie = 0;
}
