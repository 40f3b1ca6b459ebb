/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What many lookups took is given back when they are over, and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driven_clock.h"
#include "resident.h"
#include "sanitized.h"
#include "tool/v6guardd/dns/tidy.h"

enum { BLOCKS = 512, BLOCK = 16384 };

static size_t lookups;

/* Blocks that were used and are free again, all behind one that is not. */
static void *burst(void)
{
	static void *blocks[BLOCKS];
	void *last;

	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK);
		assert_non_null(blocks[i]);
		memset(blocks[i], 1, BLOCK);
	}
	last = malloc(BLOCK);
	assert_non_null(last);
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return last;
}

static void pass(struct event_base *base, long ms)
{
	const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(base, &delay);
	event_base_dispatch(base);
}

/* COUNT lookups at once, of which LEFT are not over: is their memory given back? */
static const struct {
	const char *what;
	size_t count, left;
	bool gives;
} cases[] = {
	{"few", 20, 0, false},
	{"many, and they go on", 200, 100, false},
	{"many", 200, 0, true},
	{"many, but for those that always are", 200, 5, true},
};

static void giving_back(void **state)
{
	struct event_base *base;

	(void)state;
	if (is_sanitized)
		skip();
	base = event_base_new();
	assert_non_null(base);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tidy *tidy = tidy_new(base, &lookups);
		size_t before, given;
		void *last;
		assert_non_null(tidy);
		last = burst();
		for (lookups = 1; lookups < cases[i].count; lookups++)
			tidy_more(tidy);
		before = resident();
		lookups = cases[i].left;
		pass(base, 250);
		given = before > resident() ? before - resident() : 0;
		if (cases[i].gives != (given > BLOCKS / 2 * BLOCK))
			fail_msg("%s: %zu bytes were given back", cases[i].what, given);
		tidy_free(tidy);
		free(last);
	}
	event_base_free(base);
}

/* Not again at once; but then. */
static void apart(void **state)
{
	struct event_base *base;
	struct tidy *tidy;
	size_t before = 0;
	void *last[2];

	(void)state;
	if (is_sanitized)
		skip();
	base = event_base_new();
	tidy = tidy_new(base, &lookups);
	assert_non_null(tidy);
	for (unsigned i = 0; i < 2; i++) {
		last[i] = burst();
		before = resident();
		for (lookups = 1; lookups < 200; lookups++)
			tidy_more(tidy);
		lookups = 0;
		pass(base, 250);
		assert_true((before > resident() + BLOCKS / 2 * BLOCK) == !i);
	}
	pass(base, 2200);
	assert_true(before > resident() + BLOCKS / 2 * BLOCK);
	free(last[0]);
	free(last[1]);
	tidy_free(tidy);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(giving_back),
		cmocka_unit_test(apart),
	};

	clock_jumps = true;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
