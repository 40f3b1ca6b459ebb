/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resolver played through tests/data/dns/NAME.scn: each case there is a test here.
 * The clock is the scenario's, so that waiting takes no time (dns_scenario.h). */
#include "dns_scenario_private.h"

static int begin(void **state)
{
	(void)state;
	world_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static void replay(void **state)
{
	scenario_run(*state);
}

/* test_dns_replay [FOLDER] */
int main(int argc, char **argv)
{
	struct scenario *list;
	const size_t count = scenario_load(argc > 1 ? argv[1] : TEST_DATA "/dns", &list);
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < count; i++)
		tests[i] =
			(struct CMUnitTest){list[i].name, replay, begin, end, &list[i]};
	failed = _cmocka_run_group_tests("dns_replay", tests, count, NULL, NULL);
	free(tests);
	scenario_free(list, count);
	return failed;
}
