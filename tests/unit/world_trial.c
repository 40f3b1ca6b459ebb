/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sizes.h"
#include "world_trial.h"

static const char *const names[FIGURE_COUNT] = {
	[FIGURE_BROKEN] = "::/0 %",     [FIGURE_AWAY] = "away",
	[FIGURE_NAMES] = "names",       [FIGURE_AWAY_S] = "away s",
	[FIGURE_LIES] = "lies",         [FIGURE_NETS] = "/48",
	[FIGURE_VICTIMS] = "victims",   [FIGURE_HUNG_S] = "of s",
	[FIGURE_LONGEST_S] = "longest", [FIGURE_CONDEMNED_S] = "3rd+ s",
	[FIGURE_HEALED_S] = "heal s",   [FIGURE_BACK_S] = "back s",
	[FIGURE_PROBES] = "probes",     [FIGURE_RESCUES] = "freed",
	[FIGURE_STOLEN] = "stolen",     [FIGURE_STRANDED] = "stranded",
	[FIGURE_CAMPUS] = "campus",
};

static uint32_t seeds;

static void run_trial(const struct trial *trial, uint32_t seed,
		      double figures[FIGURE_COUNT])
{
	struct story story = trial->story;

	if (trial->usual_s > 0)
		story.seconds = (double)sized((long)trial->usual_s, (long)story.seconds);
	world_run(&story, seed, figures);
}

static void test_world(void **state)
{
	const struct trial *trial = *state;
	double figures[FIGURE_COUNT];

	for (uint32_t seed = 1; seed <= seeds; seed++) {
		run_trial(trial, seed, figures);
		for (size_t i = 0; i < BOUNDS && trial->bounds[i].figure; i++) {
			const struct bound *bound = &trial->bounds[i];
			const double got = figures[bound->figure];
			if (got > bound->most || got < bound->least)
				fail_msg("seed %u: %s is %.2f, not %.2f to %.2f",
					 (unsigned)seed, names[bound->figure], got,
					 bound->least, bound->most);
		}
	}
}

static void print_trial(const struct trial *trial)
{
	double worst[FIGURE_COUNT] = {0}, figures[FIGURE_COUNT];
	const clock_t begun = clock();

	for (uint32_t seed = 1; seed <= seeds; seed++) {
		run_trial(trial, seed, figures);
		for (size_t i = 0; i < FIGURE_COUNT; i++)
			worst[i] = fmax(worst[i], figures[i]);
	}
	printf("| %-64s |", trial->story.name);
	for (size_t i = FIGURE_NONE + 1; i < FIGURE_COUNT; i++)
		printf(" %.*f |", worst[i] == floor(worst[i]) ? 0 : 2, worst[i]);
	printf(" %.2f |\n", (double)(clock() - begun) / CLOCKS_PER_SEC);
	fflush(stdout);
}

static int print_figures(const struct trial *trials, size_t count, const char *word)
{
	printf("| %-64s |", "world");
	for (size_t i = FIGURE_NONE + 1; i < FIGURE_COUNT; i++)
		printf(" %s |", names[i]);
	printf(" CPU s |\n");
	for (size_t i = 0; i < count; i++)
		if (!word || strstr(trials[i].story.name, word))
			print_trial(&trials[i]);
	return 0;
}

int trials_main(int argc, char **argv, const struct trial *trials, size_t trial_count,
		uint32_t seed_count)
{
	struct CMUnitTest *tests = calloc(trial_count, sizeof(*tests));
	int status;

	assert_non_null(tests);
	seeds = seed_count;
	for (size_t i = 0; i < trial_count; i++) {
		tests[i].name = trials[i].story.name;
		tests[i].test_func = test_world;
		tests[i].initial_state = (void *)(uintptr_t)&trials[i];
	}
	if (argc > 1 && !strcmp(argv[1], "--figures"))
		status = print_figures(trials, trial_count, argv[2]);
	else
		status =
			_cmocka_run_group_tests("worlds", tests, trial_count, NULL, NULL);
	free(tests);
	return status;
}
