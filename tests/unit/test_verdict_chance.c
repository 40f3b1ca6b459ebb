/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_verdict_chance.c - worlds drawn at random, in which something works: what is dead,
 * flaps, refuses or lies changes nothing for the rest; and where all of IPv6 goes for a
 * time, that is found and left. The worlds are those of seeds 1 to 20. `--figures [WORD]`
 * as test_verdict_worlds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "sizes.h"
#include "world_trial.h"

static uint32_t random_state;

static uint32_t below(uint32_t limit)
{
	random_state = random_state * UINT32_C(1664525) + UINT32_C(1013904223);
	return (uint32_t)((uint64_t)random_state * limit >> 32);
}

static double between(uint32_t least, uint32_t most)
{
	return least + below(most - least + 1);
}

/* Something that works, from the first minute on. */
static void draw_witness(struct crowd *crowd)
{
	*crowd = (struct crowd){.uid = UID_MIXED, .holds_s = between(0, 20)};
	switch (below(3)) {
	case 0:
		crowd->names = 0;
		crowd->nets = 1 + below(60);
		crowd->every_s = between(5, 300);
		break;
	case 1:
		crowd->names = 1 + below(20);
		crowd->is_random = true;
		crowd->every_s = between(5, 300);
		break;
	default:
		crowd->names = 1 + below(5);
		crowd->every_s = 2;
		crowd->round_s = crowd->holds_s = 100000;
		crowd->uid = below(2) ? 0 : 1000;
		crowd->patience = PATIENCE_KERNEL;
	}
}

static void draw_dead(struct crowd *crowd)
{
	static const enum fate fates[] = {FATE_DEAD, FATE_DEAD,     FATE_DEAD,
					  FATE_ICMP, FATE_FLAPPING, FATE_FILTERED,
					  FATE_DIES, FATE_REFUSED};

	*crowd = (struct crowd){
		.names = 3 + below(48),
		.fate = fates[below(sizeof(fates) / sizeof(fates[0]))],
		.in_one_48 = below(5) == 0,
		.from_s = between(30, 600),
		.every_s = between(1, 20),
		.uid = UID_MIXED,
		.port = below(4) ? 443 : 25,
	};
	if (crowd->fate == FATE_FLAPPING)
		crowd->period_s = between(3, 120);
	if (crowd->fate == FATE_DIES)
		crowd->period_s = between(300, 3000);
	if (below(2))
		crowd->round_s = crowd->every_s * crowd->names * (1 + below(4));
	else
		crowd->is_random = true;
}

/* All that he has is his own. */
static void draw_liar(struct crowd *crowd, uint32_t uid)
{
	*crowd = (struct crowd){
		.names = 3 + below(30),
		.fate = below(2) ? FATE_DEAD : FATE_DIES,
		.period_s = between(300, 3000),
		.every_s = between(1, 20),
		.from_s = between(10, 900),
		.uid = uid,
		.is_random = true,
		.is_stubborn = true,
		.is_proving_ipv4 = true,
		.is_withheld = below(2),
		.is_hint_only = below(3) == 0,
	};
}

static void draw_mishap(struct mishap *mishap)
{
	static const enum mishap_kind kinds[] = {MISHAP_BLACKHOLE, MISHAP_BLACKHOLE,
						 MISHAP_BOTH, MISHAP_IPV4};

	mishap->kind = kinds[below(sizeof(kinds) / sizeof(kinds[0]))];
	mishap->from_s = between(900, 1800);
	mishap->until_s = mishap->from_s + between(120, 1800);
}

static void draw(struct trial *trial, uint32_t seed, char name[80])
{
	static const struct bound stays[] = {STAYS_AS_IT_IS};
	/* The beat: 15 to 20 s, and a probe. */
	static const struct bound is_found[] = {
		MOST(FIGURE_CONDEMNED_S, 6), MOST(FIGURE_BROKEN, 1),
		MOST(FIGURE_BACK_S, 21),     MOST(FIGURE_HEALED_S, 21),
		MOST(FIGURE_STOLEN, 0),      FEW_PROBES};
	struct crowd *crowds = trial->story.crowds;
	bool is_blackhole = false;

	random_state = seed * UINT32_C(2654435761);
	below(2);
	trial->story.name = name;
	trial->story.seconds = (double)sized(5400, 3 * 3600);
	trial->story.has_rescue = below(2);
	draw_witness(&crowds[0]);
	crowds[1] = (struct crowd){.nets = 30,
				   .every_s = between(10, 120),
				   .from_s = between(60, 3000),
				   .uid = UID_MIXED,
				   .holds_s = 2};
	draw_dead(&crowds[2]);
	if (below(2))
		draw_dead(&crowds[3]);
	if (below(2))
		draw_liar(&crowds[4], 1001);
	if (below(4) == 0)
		draw_liar(&crowds[5], 1002);
	if (below(2)) {
		draw_mishap(&trial->story.mishaps[0]);
		is_blackhole = trial->story.mishaps[0].kind == MISHAP_BLACKHOLE;
	}
	for (size_t i = 0; i < (is_blackhole ? 6 : 4); i++)
		trial->bounds[i] = is_blackhole ? is_found[i] : stays[i];
	snprintf(name, 80, "seed %u: %s%s%s", (unsigned)seed,
		 is_blackhole                   ? "blackhole"
		 : trial->story.mishaps[0].kind ? "IPv4 goes"
						: "nothing happens",
		 crowds[4].names ? ", a liar" : "", crowds[5].names ? ", another" : "");
}

int main(int argc, char **argv)
{
	const size_t count = (size_t)sized(20, 400);
	struct trial *trials = calloc(count, sizeof(*trials));
	char(*names)[80] = calloc(count, sizeof(*names));
	int status = 1;

	if (trials && names) {
		for (size_t i = 0; i < count; i++)
			draw(&trials[i], (uint32_t)i + 1, names[i]);
		status = trials_main(argc, argv, trials, count, 1);
	}
	free(trials);
	free(names);
	return status;
}
