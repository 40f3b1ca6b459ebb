/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* world_trial.h - a world, and what may come of it at most. */
#ifndef TESTS_UNIT_WORLD_TRIAL_H
#define TESTS_UNIT_WORLD_TRIAL_H

#include <stddef.h>

#include "world.h"

#define HOUR 3600.0

/* At most; LEAST matters where it is not 0. */
struct bound {
	enum figure figure;
	double most, least;
};

#define MOST(figure_, most_)                                                             \
	{                                                                                \
		.figure = (figure_), .most = (most_)                                     \
	}

#define BOUNDS 8
struct trial {
	struct story story;
	struct bound bounds[BOUNDS];
	double usual_s; /* how long in a usual run; 0: all of it */
};

/* ---- what is promised ----------------------------------------------------------------
 */

#define FEW_PROBES MOST(FIGURE_PROBES, 70)
/* With a witness, whatever is dead. */
#define STAYS_AS_IT_IS                                                                   \
	MOST(FIGURE_BROKEN, 0.5), MOST(FIGURE_AWAY, 0), MOST(FIGURE_LIES, 0),            \
		MOST(FIGURE_STOLEN, 0), FEW_PROBES
/* Without any, until the first visit that works. */
#define ONE_NAME_AT_MOST                                                                 \
	MOST(FIGURE_NAMES, 1), MOST(FIGURE_AWAY_S, 5), MOST(FIGURE_STOLEN, 0), FEW_PROBES
#define NOTHING_HAPPENS                                                                  \
	MOST(FIGURE_BROKEN, 0), MOST(FIGURE_NETS, 0), MOST(FIGURE_AWAY, 0),              \
		MOST(FIGURE_STRANDED, 0), FEW_PROBES
/* A true blackhole: so many visits hang over a second, together for so long. */
#define FOUND_AND_LEFT(victims, hung_s, healed_s)                                        \
	MOST(FIGURE_CONDEMNED_S, 6), MOST(FIGURE_VICTIMS, victims),                      \
		MOST(FIGURE_HUNG_S, hung_s), MOST(FIGURE_HEALED_S, healed_s), FEW_PROBES

/** Run all of TRIALS as tests of cmocka; with --figures [WORD] print the figures instead,
 * the worst of all seeds, of those with WORD in their names. Each is run
 * with SEEDS seeds. Returns main()'s status. */
int trials_main(int argc, char **argv, const struct trial *trials, size_t trial_count,
		uint32_t seeds);

#endif
