/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does anybody answer? Events and time as data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tool/v6guardd/dns/outage.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum event { END, ANSWER, SILENCE, TRY };

/* SILENCE: of what was asked at ASKED_MS. YES: what is returned, or that it is there. */
static const struct {
	const char *name;
	struct step {
		long long at_ms, asked_ms;
		enum event event;
		bool yes;
	} steps[12];
} stories[] = {
	{"an answer when all is well is nothing new",
	 {{10, 0, ANSWER, false}, {20, 0, TRY, false}, {30, 0, ANSWER, false}}},
	{"nobody answered since it was asked: over with the first answer",
	 {{10, 0, ANSWER, false},
	  {5000, 300, SILENCE, true},
	  {6000, 1300, SILENCE, true},
	  {9000, 0, ANSWER, true},
	  {9001, 0, ANSWER, false}}},
	{"others are answered: it is that name alone",
	 {{10, 0, ANSWER, false},
	  {400, 0, ANSWER, false},
	  {5000, 300, SILENCE, false},
	  {5001, 0, ANSWER, false}}},
	{"a try each 3 s while it lasts",
	 {{5000, 300, SILENCE, true},
	  {7999, 0, TRY, false},
	  {8000, 0, TRY, true},
	  {8100, 400, SILENCE, true},
	  {10999, 0, TRY, false},
	  {11000, 0, TRY, true},
	  {11010, 0, ANSWER, true},
	  {20000, 0, TRY, false}}},
};

static bool play(struct outage *outage, const struct step *step)
{
	switch (step->event) {
	case ANSWER:
		return outage_answered(outage, step->at_ms);
	case SILENCE:
		outage_silence(outage, step->asked_ms, step->at_ms);
		return outage->is_there;
	case TRY:
		return outage_may_try(outage, step->at_ms);
	case END:
		break;
	}
	return false;
}

static void test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++) {
		struct outage outage = {.is_there = false};
		for (const struct step *step = stories[i].steps; step->event; step++)
			if (play(&outage, step) != step->yes)
				fail_msg("%s, at %lld", stories[i].name, step->at_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
