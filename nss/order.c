/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* order.c - see order.h. */
#include <stdlib.h>

#include "guard/hint.h"
#include "order.h"
#include "rfc6724/source.h"

/* Destinations that need no allocation; they are larger than candidates. */
#define FEW 16

static bool sort(struct gp_candidate *candidates, size_t count,
		 struct gp_destination *destinations, uint32_t *places)
{
	const struct gp_tables tables = gp_profile_tables(GP_PROFILE_RFC6724);
	struct gp_source_sockets sockets;
	struct gp_source_ops ops = gp_source_kernel(&sockets, 0);
	bool is_moved = false;

	for (size_t i = 0; i < count; i++)
		destinations[i] = (struct gp_destination){.addr = candidates[i].addr};
	gp_source_facts(&ops, GP_SOURCE_PLAIN, destinations, count);
	gp_source_close(&sockets);
	gp_sort(&tables, GP_DEPART_NONE, destinations, count, places);
	for (size_t i = 0; i < count; i++) {
		candidates[i].addr = destinations[places[i]].addr;
		is_moved |= places[i] != i;
	}
	return is_moved;
}

bool order_by_rfc6724(struct gp_candidate *candidates, size_t count)
{
	struct gp_destination few[FEW], *destinations = few;
	uint32_t few_places[FEW], *places = few_places;
	bool is_moved;

	if (count < 2)
		return false;
	if (count > FEW) {
		destinations = malloc(count * (sizeof(*destinations) + sizeof(*places)));
		if (!destinations) {
			gp_hint_count(GP_COUNT_TROUBLE, 1);
			return false;
		}
		places = (uint32_t *)(destinations + count);
	}
	is_moved = sort(candidates, count, destinations, places);
	if (destinations != few)
		free(destinations);
	return is_moved;
}
