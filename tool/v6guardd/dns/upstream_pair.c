/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_pair.c - see upstream_pair.h. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "upstream_pair.h"

/* Who asks for both does so at once, or one after the other. */
#define KEPT_MS 2000
/* A few thousand names a second, each kept for that long, are a few in each. */
#define PLACES 4096

struct pairs {
	struct event *sweep; /* while there are any */
	struct pair *places[PLACES];
};

static bool is_over(const struct pair *pair, long long now_ms)
{
	return !pair->users && now_ms - pair->left_ms >= KEPT_MS;
}

/* True: some are left. */
static bool sweep_place(struct pair **at, long long now_ms)
{
	struct pair **first = at;

	while (*at) {
		struct pair *pair = *at;
		if (!is_over(pair, now_ms)) {
			at = &pair->next;
			continue;
		}
		*at = pair->next;
		free(pair);
	}
	return *first;
}

static void sweep_later(struct pairs *pairs)
{
	static const struct timeval later = {KEPT_MS / 1000, 0};

	if (!evtimer_pending(pairs->sweep, NULL))
		evtimer_add(pairs->sweep, &later);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct pairs *pairs = arg;
	const long long now = gp_boot_ms();
	bool are_left = false;

	(void)fd, (void)what;
	for (size_t i = 0; i < PLACES; i++)
		are_left |= sweep_place(&pairs->places[i], now);
	if (are_left)
		sweep_later(pairs);
}

struct pairs *pairs_new(struct event_base *base)
{
	struct pairs *pairs = calloc(1, sizeof(*pairs));

	if (!pairs)
		return NULL;
	pairs->sweep = evtimer_new(base, on_sweep, pairs);
	if (pairs->sweep)
		return pairs;
	free(pairs);
	return NULL;
}

void pairs_free(struct pairs *pairs)
{
	if (!pairs)
		return;
	for (size_t i = 0; i < PLACES; i++)
		sweep_place(&pairs->places[i], INT64_MAX);
	event_free(pairs->sweep);
	free(pairs);
}

static struct pair *find(struct pair *pair, uint32_t group, const uint8_t *name,
			 uint32_t hash, bool cd)
{
	while (pair && !(pair->hash == hash && pair->group == group && pair->cd == cd &&
			 wire_name_equal(pair->name, name)))
		pair = pair->next;
	return pair;
}

struct pair *pairs_join(struct pairs *pairs, const struct group *group,
			const uint8_t *name, uint32_t hash, bool cd)
{
	struct pair **place = &pairs->places[hash % PLACES];
	struct pair *pair = find(*place, group->id, name, hash, cd);
	const size_t length = wire_name_length(name);

	if (!pair) {
		pair = calloc(1, sizeof(*pair) + length);
		if (!pair)
			return NULL;
		pair->group = group->id;
		pair->hash = hash;
		pair->cd = cd;
		memcpy(pair->name, name, length);
		pair->next = *place;
		*place = pair;
	}
	pair->users++;
	return pair;
}

void pairs_leave(struct pairs *pairs, struct pair *pair)
{
	pair->users--;
	pair->left_ms = gp_boot_ms();
	sweep_later(pairs);
}
