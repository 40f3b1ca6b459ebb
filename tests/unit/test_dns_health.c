/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which name servers are asked whether they answer, when, and who is left out: events and
 * time as data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tool/v6guardd/dns/health_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum event { END, DOUBT, ANSWER, NO_ROUTE, TIME };

/* At AT_MS, EVENT of SERVER; then ASKED are asked, and OUT left out: masks. */
struct step {
	long long at_ms;
	enum event event;
	unsigned server, asked, out;
};

static const struct {
	const char *name;
	size_t count;
	struct step steps[16];
} stories[] = {
	{"all answer: nobody is out, and nobody is asked again",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {1, ANSWER, 0, 0, 0},
	  {300, ANSWER, 1, 0, 0},
	  {60000, TIME, 0, 0, 0}}},
	{"two answers missed: out, and asked once in 30 s",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {1, ANSWER, 1, 0, 0},
	  {399, TIME, 0, 0, 0},
	  {400, TIME, 0, 1, 0},
	  {799, TIME, 0, 0, 0},
	  {800, TIME, 0, 0, 1},
	  {30399, TIME, 0, 0, 1},
	  {30400, TIME, 0, 1, 1},
	  {31199, TIME, 0, 0, 1},
	  {31200, TIME, 0, 0, 1},
	  {60399, TIME, 0, 0, 1},
	  {60800, TIME, 0, 1, 1},
	  {60900, ANSWER, 0, 0, 0}}},
	{"the second one is answered, or the first one late: not out",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {1, ANSWER, 1, 0, 0},
	  {400, TIME, 0, 1, 0},
	  {790, ANSWER, 0, 0, 0},
	  {800, TIME, 0, 0, 0}}},
	{"doubts are looked into once in 2 s, and not by asking who is out",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {1, ANSWER, 1, 0, 0},
	  {500, DOUBT, 0, 0, 0},
	  {500, TIME, 0, 1, 0},
	  {900, TIME, 0, 0, 1},
	  {1999, DOUBT, 0, 0, 1},
	  {2000, DOUBT, 0, 2, 1},
	  {2001, ANSWER, 1, 0, 1},
	  {9000, DOUBT, 0, 2, 1}}},
	{"none answers: none is out, and all are asked at every doubt",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {400, TIME, 0, 3, 0},
	  {800, TIME, 0, 0, 0},
	  {2000, DOUBT, 0, 3, 0},
	  {2400, TIME, 0, 3, 0},
	  {2500, ANSWER, 1, 0, 1},
	  {2800, TIME, 0, 0, 1}}},
	{"the last one goes as well: the other is back at once",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {1, ANSWER, 1, 0, 0},
	  {400, TIME, 0, 1, 0},
	  {800, TIME, 0, 0, 1},
	  {5000, DOUBT, 0, 2, 1},
	  {5400, TIME, 0, 2, 1},
	  {5800, TIME, 0, 0, 0},
	  {7000, DOUBT, 0, 3, 0},
	  {7001, ANSWER, 0, 0, 2}}},
	{"without a route: out at once",
	 3,
	 {{0, DOUBT, 0, 7, 0},
	  {0, NO_ROUTE, 1, 0, 2},
	  {1, ANSWER, 0, 0, 2},
	  {2, ANSWER, 2, 0, 2},
	  {29999, TIME, 0, 0, 2},
	  {30000, TIME, 0, 2, 2}}},
	{"a single one is neither asked nor left out", 1, {{0, DOUBT, 0, 0, 0}}},
	{"a ping: a single one is asked, at each doubt, and nobody in between",
	 1,
	 {{0, DOUBT, 0, 1, 0},
	  {1, ANSWER, 0, 0, 0},
	  {60000, TIME, 0, 0, 0},
	  {60000, DOUBT, 0, 1, 0},
	  {60400, TIME, 0, 1, 0},
	  {60800, TIME, 0, 0, 0},
	  {61999, DOUBT, 0, 0, 0},
	  {90000, TIME, 0, 0, 0},
	  {120000, DOUBT, 0, 1, 0}}},
	{"a ping of two, of whom one is dead: both, each time",
	 2,
	 {{0, DOUBT, 0, 3, 0},
	  {1, ANSWER, 0, 0, 0},
	  {400, TIME, 0, 2, 0},
	  {800, TIME, 0, 0, 2},
	  {40000, TIME, 0, 0, 2},
	  {50000, DOUBT, 0, 3, 2}}},
	{"there is none", 0, {{0, DOUBT, 0, 0, 0}, {1, TIME, 0, 0, 0}}},
};

/* What was asked; *CHANGED as the rules say it. */
static uint32_t play(struct health_rules *rules, const struct step *step, bool *changed)
{
	*changed = false;
	switch (step->event) {
	case DOUBT:
		return health_rules_doubt(rules, step->at_ms);
	case ANSWER:
		*changed = health_rules_answer(rules, step->server);
		return 0;
	case NO_ROUTE:
		*changed = health_rules_unreachable(rules, step->server, step->at_ms);
		return 0;
	case TIME:
		return health_rules_time(rules, step->at_ms, changed);
	case END:
		break;
	}
	return 0;
}

static void test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++) {
		struct health_rules rules = {
			.count = stories[i].count,
			.is_ping = !strncmp(stories[i].name, "a ping", 6)};
		const struct step *step = stories[i].steps;
		for (; step < stories[i].steps + COUNT(stories[i].steps) && step->event;
		     step++) {
			const uint32_t before = health_rules_out(&rules);
			bool changed;
			const uint32_t asked = play(&rules, step, &changed);
			const uint32_t out = health_rules_out(&rules);
			if (asked != step->asked || out != step->out ||
			    changed != (out != before))
				fail_msg("%s, at %lld: asked %x, out %x, changed %d",
					 stories[i].name, step->at_ms, asked, out,
					 changed);
		}
	}
}

/* By a timer set to what the rules say, as the daemon's is. */
static void test_how_often(void **state)
{
	struct health_rules rules = {.count = 2};
	unsigned asked[2] = {0, 0}, calls = 0;
	long long now, last = -1;
	bool changed;

	(void)state;
	health_rules_doubt(&rules, 0);
	health_rules_answer(&rules, 1);
	for (now = health_rules_next(&rules); now <= 3600000;
	     now = health_rules_next(&rules)) {
		const uint32_t mask = health_rules_time(&rules, now, &changed);
		assert_true(now >= 0 && calls++ < 1000);
		asked[1] += mask >> 1;
		if (!(mask & 1))
			continue;
		if (asked[0]++ > 0)
			assert_true(now - last >= HEALTH_AGAIN_MS);
		last = now;
	}
	/* The second question of the first round, and once in 30.4 s. */
	assert_in_range(asked[0], 115, 120);
	assert_int_equal(asked[1], 0);
}

static void test_all_well_needs_no_time(void **state)
{
	struct health_rules rules = {.count = 3};

	(void)state;
	assert_int_equal(health_rules_next(&rules), -1);
	health_rules_doubt(&rules, 5);
	assert_int_equal(health_rules_next(&rules), 5 + HEALTH_WAIT_MS);
	for (size_t i = 0; i < 3; i++)
		health_rules_answer(&rules, i);
	assert_int_equal(health_rules_next(&rules), -1);
}

/* Servers in another order, and a new one; being out goes on, and so does its time. */
static void test_other_servers(void **state)
{
	struct health_rules rules = {.count = 2};
	const int swapped[] = {1, -1, 0}, only[] = {2};
	bool changed;

	(void)state;
	health_rules_doubt(&rules, 0);
	health_rules_answer(&rules, 1);
	health_rules_time(&rules, 400, &changed);
	health_rules_time(&rules, 800, &changed);
	assert_int_equal(health_rules_out(&rules), 1);
	health_rules_set(&rules, swapped, 3);
	assert_int_equal(health_rules_out(&rules), 4);
	assert_int_equal(health_rules_time(&rules, 30399, &changed), 0);
	assert_int_equal(health_rules_time(&rules, 30400, &changed), 4);
	/* In the middle of a test: the next one is no sooner for that. */
	health_rules_set(&rules, (const int[]){0, 1, 2}, 3);
	assert_int_equal(health_rules_out(&rules), 4);
	assert_int_equal(health_rules_time(&rules, 60399, &changed), 0);
	assert_int_equal(health_rules_time(&rules, 60800, &changed), 4);
	/* The last remaining one. */
	health_rules_set(&rules, only, 1);
	assert_int_equal(health_rules_out(&rules), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_how_often),
		cmocka_unit_test(test_all_well_needs_no_time),
		cmocka_unit_test(test_other_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
