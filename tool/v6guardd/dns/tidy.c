/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tidy.c - see tidy.h. */
#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>

#include "guard/clock.h"
#include "tidy.h"

/* Lookups that are worth it (2 MiB), and so few that it is over. */
#define MANY 64U
#define FEW 8U
/* How often that is looked at, and the time between one and the next: to have the pages
 * back costs as much as some hundred lookups. */
#define LOOK_MS 100
#define APART_MS 2000

struct tidy {
	const size_t *lookups;
	struct event *timer;
	long long done_ms;
};

void tidy_now(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static void look_later(struct tidy *tidy)
{
	const struct timeval delay = {0, LOOK_MS * 1000};

	evtimer_add(tidy->timer, &delay);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct tidy *tidy = arg;
	const long long now = gp_boot_ms();

	(void)fd, (void)what;
	if (*tidy->lookups > FEW || (tidy->done_ms && now - tidy->done_ms < APART_MS)) {
		look_later(tidy);
		return;
	}
	tidy->done_ms = now;
	tidy_now();
}

void tidy_more(struct tidy *tidy)
{
	if (*tidy->lookups >= MANY && !evtimer_pending(tidy->timer, NULL))
		look_later(tidy);
}

struct tidy *tidy_new(struct event_base *base, const size_t *lookups)
{
	struct tidy *tidy = calloc(1, sizeof(*tidy));

	if (!tidy)
		return NULL;
	tidy->lookups = lookups;
	tidy->timer = evtimer_new(base, on_look, tidy);
	if (tidy->timer)
		return tidy;
	free(tidy);
	return NULL;
}

void tidy_free(struct tidy *tidy)
{
	if (!tidy)
		return;
	event_free(tidy->timer);
	free(tidy);
}
