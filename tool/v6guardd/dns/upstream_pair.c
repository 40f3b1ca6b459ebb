/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_pair.c - see upstream_pair.h. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "upstream_pair.h"

/* Who asks for both does so at once, or one after the other. */
#define KEPT_MS 2000
#define PLACES 512

struct pairs {
	struct pair *places[PLACES];
};

struct pairs *pairs_new(void)
{
	return calloc(1, sizeof(struct pairs));
}

static bool is_over(const struct pair *pair, long long now_ms)
{
	return !pair->users && now_ms - pair->left_ms >= KEPT_MS;
}

void pairs_free(struct pairs *pairs)
{
	for (size_t i = 0; pairs && i < PLACES; i++)
		while (pairs->places[i]) {
			struct pair *pair = pairs->places[i];
			pairs->places[i] = pair->next;
			free(pair);
		}
	free(pairs);
}

/* Whoever looks frees what is over there. */
static struct pair *find(struct pair **at, uint32_t group, const uint8_t *name, bool cd)
{
	const long long now = gp_boot_ms();
	struct pair *found = NULL;

	while (*at) {
		struct pair *pair = *at;
		if (is_over(pair, now)) {
			*at = pair->next;
			free(pair);
			continue;
		}
		if (pair->group == group && pair->cd == cd &&
		    wire_name_equal(pair->name, name))
			found = pair;
		at = &pair->next;
	}
	return found;
}

struct pair *pairs_join(struct pairs *pairs, const struct group *group,
			const uint8_t *name, uint32_t hash, bool cd)
{
	struct pair **place = &pairs->places[hash % PLACES];
	struct pair *pair = find(place, group->id, name, cd);
	const size_t length = wire_name_length(name);

	if (!pair) {
		pair = calloc(1, sizeof(*pair) + length);
		if (!pair)
			return NULL;
		pair->group = group->id;
		pair->cd = cd;
		memcpy(pair->name, name, length);
		pair->next = *place;
		*place = pair;
	}
	pair->users++;
	return pair;
}

void pairs_leave(struct pair *pair)
{
	pair->users--;
	pair->left_ms = gp_boot_ms();
}
