/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One question on its way through a list of servers: stories as a table, and any events
 * in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tool/v6guardd/dns/upstream_walk.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 4

static const struct walk_pace usual = {400, 1400, 800, WALK_LIMIT_MS, 2400};

/* ---- stories ---- */

enum event { END, NONE, ERR, NEG, POS, DEAD, BACK, SEE };

/* At AT_MS a server (from 0) said something by a way to A, or to AAAA; or is dead, or
 * back; then what has been done since the last step is SEEN: "a0" A was asked of server 0
 * first,
 * "+", "t", "l", "!" behind it again, by TCP, last, anew; "A1" the answer is server 1's,
 * "Ax1" its error, "Ax" nothing. */
struct event_of {
	long long at_ms;
	enum event event;
	unsigned server;
	enum walk_way way;
	bool is_aaaa;
	const char *seen;
};

static const struct {
	const char *name;
	size_t servers;
	bool both;
	struct event_of events[16];
} stories[] = {
	{"the first answers",
	 3,
	 false,
	 {{0, SEE, 0, 0, 0, "a0"}, {5, POS, 0, 0, 0, "A0"}}},
	{"its denial is an answer",
	 3,
	 false,
	 {{0, SEE, 0, 0, 0, "a0"}, {5, NEG, 0, 0, 0, "A0"}}},
	{"an error goes to the next at once, and is asked once",
	 3,
	 false,
	 {{0, SEE, 0, 0, 0, "a0"},
	  {5, ERR, 0, 0, 0, "a1"},
	  {6, ERR, 1, 0, 0, "a2"},
	  {7, NEG, 2, 0, 0, "A2"}}},
	{"all fail: the first one's error",
	 2,
	 false,
	 {{0, SEE, 0, 0, 0, "a0"}, {5, ERR, 0, 0, 0, "a1"}, {6, ERR, 1, 0, 0, "Ax"}}},
	{"a server that cannot be asked is as one that fails",
	 2,
	 false,
	 {{0, SEE, 0, 0, 0, "a0"}, {0, NONE, 0, 0, 0, "a1"}, {1, NONE, 1, 0, 0, "Ax"}}},
	{"the first packet is lost",
	 1,
	 false,
	 {{399, SEE, 0, 0, 0, "a0"},
	  {400, SEE, 0, 0, 0, "a0+"},
	  {401, POS, 0, WALK_AGAIN, 0, "A0"}}},
	{"two are lost: by TCP",
	 1,
	 false,
	 {{1399, SEE, 0, 0, 0, "a0 a0+"},
	  {1400, SEE, 0, 0, 0, "a0t"},
	  {1402, POS, 0, WALK_TCP, 0, "A0"}}},
	{"an answer 3 s late is one",
	 1,
	 false,
	 {{2900, SEE, 0, 0, 0, "a0 a0+ a0t a0l"}, {3000, POS, 0, 0, 0, "A0"}}},
	{"TCP fails: that is no error of the server",
	 1,
	 false,
	 {{1400, SEE, 0, 0, 0, "a0 a0+ a0t"},
	  {1401, NONE, 0, WALK_TCP, 0, ""},
	  {3000, POS, 0, WALK_FIRST, 0, "a0l A0"}}},
	{"nobody answers: over in time",
	 1,
	 false,
	 {{4499, SEE, 0, 0, 0, "a0 a0+ a0t a0l"}, {4500, SEE, 0, 0, 0, "Ax"}}},
	{"silence: the next is asked as well, and its answer taken",
	 2,
	 false,
	 {{799, SEE, 0, 0, 0, "a0 a0+"},
	  {800, SEE, 0, 0, 0, "a1"},
	  {802, POS, 1, 0, 0, "A1"}}},
	{"but not its denial, while the first may be slow",
	 2,
	 false,
	 {{800, SEE, 0, 0, 0, "a0 a0+ a1"},
	  {802, NEG, 1, 0, 0, ""},
	  {2999, SEE, 0, 0, 0, "a0t a0l"},
	  {3000, POS, 0, 0, 0, "A0"}}},
	{"until that is dead",
	 2,
	 false,
	 {{800, SEE, 0, 0, 0, "a0 a0+ a1"},
	  {802, NEG, 1, 0, 0, ""},
	  {2000, DEAD, 0, 0, 0, "a0t A1"}}},
	{"or the time is over: an answer that is at hand is given",
	 2,
	 false,
	 {{800, SEE, 0, 0, 0, "a0 a0+ a1"},
	  {802, NEG, 1, 0, 0, ""},
	  {4499, SEE, 0, 0, 0, "a0t a0l"},
	  {4500, SEE, 0, 0, 0, "A1"}}},
	{"or it fails",
	 2,
	 false,
	 {{800, SEE, 0, 0, 0, "a0 a0+ a1"},
	  {802, NEG, 1, 0, 0, ""},
	  {900, ERR, 0, 0, 0, "A1"}}},
	{"silence and an error: the silent one is waited for",
	 2,
	 false,
	 {{800, SEE, 0, 0, 0, "a0 a0+ a1"},
	  {802, ERR, 1, 0, 0, ""},
	  {1000, POS, 0, 0, 0, "A0"}}},
	{"not if it is dead",
	 2,
	 false,
	 {{800, SEE, 0, 0, 0, "a0 a0+ a1"},
	  {802, ERR, 1, 0, 0, ""},
	  {900, DEAD, 0, 0, 0, "Ax"}}},
	{"a dead one is asked along with the next, whose denial counts a moment later",
	 2,
	 false,
	 {{0, DEAD, 0, 0, 0, "a0 a1"}, {2, NEG, 1, 0, 0, ""}, {60, SEE, 0, 0, 0, "A1"}}},
	{"and its answer counts at once",
	 2,
	 false,
	 {{0, DEAD, 0, 0, 0, "a0 a1"}, {2, NEG, 1, 0, 0, ""}, {10, POS, 0, 0, 0, "A0"}}},
	{"it is back: asked anew, once",
	 1,
	 false,
	 {{2000, SEE, 0, 0, 0, "a0 a0+ a0t"},
	  {2500, BACK, 0, 0, 0, "a0l a0!"},
	  {2600, BACK, 0, 0, 0, ""},
	  {2601, POS, 0, WALK_ANEW, 0, "A0"}}},
	{"both: an error of AAAA stays with A's server (RFC 4074)",
	 2,
	 true,
	 {{0, SEE, 0, 0, 0, "a0 b0"}, {5, POS, 0, 0, 0, "A0"}, {6, ERR, 0, 0, 1, "Bx0"}}},
	{"and if it comes first it waits for A",
	 2,
	 true,
	 {{0, SEE, 0, 0, 0, "a0 b0"},
	  {5, ERR, 0, 0, 1, ""},
	  {9, POS, 0, 0, 0, "A0 Bx0"}}},
	{"A does not exist: that is an answer",
	 2,
	 true,
	 {{0, SEE, 0, 0, 0, "a0 b0"},
	  {5, ERR, 0, 0, 1, ""},
	  {9, NEG, 0, 0, 0, "A0 Bx0"}}},
	{"both fail: both go on",
	 2,
	 true,
	 {{0, SEE, 0, 0, 0, "a0 b0"},
	  {5, ERR, 0, 0, 1, ""},
	  {9, ERR, 0, 0, 0, "a1 b1"},
	  {12, POS, 1, 0, 1, "B1"},
	  {13, NEG, 1, 0, 0, "A1"}}},
	{"A is silent: the error of AAAA does not wait for ever",
	 2,
	 true,
	 {{5, ERR, 0, 0, 1, "a0 b0"},
	  {799, SEE, 0, 0, 0, "a0+"},
	  {800, SEE, 0, 0, 0, "a1 b1"},
	  {802, POS, 1, 0, 0, "A1"},
	  {803, POS, 1, 0, 1, "B1"}}},
	{"A from the second: AAAA from there as well, whatever the first says",
	 2,
	 true,
	 {{800, SEE, 0, 0, 0, "a0 b0 a0+ b0+ a1 b1"},
	  {802, POS, 1, 0, 0, "A1"},
	  {900, POS, 0, 0, 1, ""},
	  {901, POS, 1, 0, 1, "B1"}}},
	{"and it is asked there, if it was not yet",
	 3,
	 true,
	 {{0, SEE, 0, 0, 0, "a0 b0"},
	  {2, NONE, 0, 0, 0, ""},
	  {100, SEE, 0, 0, 0, ""},
	  {800, SEE, 0, 0, 0, "b0+ a1 b1"},
	  {801, ERR, 1, 0, 0, ""},
	  {802, ERR, 1, 0, 1, "a2 b2"},
	  {803, POS, 2, 0, 0, "A2"},
	  {804, POS, 0, 0, 1, ""},
	  {805, NEG, 2, 0, 1, "B2"}}},
};

static struct story {
	struct walk *walks[2];
	struct walk_pair pair;
	bool is_over[2];
	char seen[256];
} story;

static void see(unsigned family, const struct walk_step *step)
{
	static const char *const ways[] = {"", "+", "t", "l", "!"};
	const char letter = (char)("ab"[family] - (step->what == WALK_ASK ? 0 : 32));
	const struct walk *walk = story.walks[family];
	const size_t used = strlen(story.seen);
	char *to = story.seen + used;
	const size_t room = sizeof(story.seen) - used;
	const char *space = used ? " " : "";

	if (step->what == WALK_FAIL && step->at == walk->count)
		snprintf(to, room, "%s%cx", space, letter);
	else
		snprintf(to, room, "%s%c%s%u%s", space, letter,
			 step->what == WALK_FAIL ? "x" : "", walk->list[step->at].server,
			 step->what == WALK_ASK ? ways[step->way] : "");
}

/* All that is due at NOW; when the next is. */
static long long do_all(long long now)
{
	long long next = 1000000;

	for (int turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < 2; i++) {
			struct walk_step step = {.what = WALK_ASK};
			if (!story.walks[i] || story.is_over[i])
				continue;
			while (step.what == WALK_ASK) {
				step = walk_next(story.walks[i], now);
				if (step.what != WALK_WAIT)
					see(i, &step);
			}
			if (step.what == WALK_WAIT) {
				assert_true(step.until_ms > now);
				if (turn == 1 && step.until_ms < next)
					next = step.until_ms;
				continue;
			}
			story.is_over[i] = true;
			walk_end(story.walks[i]);
		}
	return next;
}

static struct walk_one *one_of(struct walk *walk, unsigned server)
{
	size_t at = 0;

	while (walk->list[at].server != server)
		at++;
	return &walk->list[at];
}

static void apply(const struct event_of *event)
{
	struct walk *walk = story.walks[event->is_aaaa];
	struct walk_one *one = one_of(walk, event->server);

	if (event->event == DEAD) {
		one->is_dead = true;
		one->pace.patience_ms = 0;
		one->pace.hold_ms = 50;
	} else if (event->event == BACK) {
		one->is_back = true;
	} else if (event->event != SEE) {
		walk_reply(walk, (size_t)(one - walk->list), event->way,
			   (enum walk_kind)(event->event - NONE));
	}
}

static void begin(size_t servers, bool both)
{
	memset(&story, 0, sizeof(story));
	for (unsigned i = 0; i < (both ? 2U : 1U); i++) {
		story.walks[i] = calloc(1, walk_size(servers));
		walk_begin(story.walks[i], servers, servers > 1 ? &story.pair : NULL, i,
			   0);
		for (size_t j = 0; j < servers; j++) {
			story.walks[i]->list[j].server = (uint16_t)j;
			story.walks[i]->list[j].pace = usual;
		}
	}
}

static void finish(void)
{
	for (unsigned i = 0; i < 2; i++)
		free(story.walks[i]);
}

static void stories_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++) {
		long long now = 0, next;
		print_message("%s\n", stories[i].name);
		begin(stories[i].servers, stories[i].both);
		/* What is dead from the beginning is known before. */
		if (stories[i].events[0].event == DEAD)
			apply(&stories[i].events[0]);
		next = do_all(0);
		for (const struct event_of *event = stories[i].events; event->event;
		     event++) {
			while (next <= event->at_ms) {
				now = next;
				next = do_all(now);
			}
			now = event->at_ms;
			apply(event);
			next = do_all(now);
			assert_string_equal(story.seen, event->seen);
			story.seen[0] = '\0';
		}
		finish();
	}
}

/* ---- any events ---- */

static uint32_t seed;

static uint32_t any(uint32_t count)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % count;
}

/* What was asked, and what the others may not have contradicted. */
struct record {
	unsigned asked[MOST]; /* ways */
	bool is_over, has_good;
	unsigned good; /* server */
	long long over_ms;
};

/* The other one of the pair was answered, and not by SERVER. */
static bool is_of_another(const struct walk *walk, unsigned server)
{
	const struct walk_pair *pair = walk->pair;
	const unsigned other = !walk->family;

	return pair && pair->has_good[other] && pair->good[other] != server;
}

static void take_step(struct record *record, const struct walk *walk,
		      const struct walk_step *step, long long now)
{
	const struct walk_one *one =
		step->at < walk->count ? &walk->list[step->at] : NULL;

	assert_false(record->is_over);
	if (step->what == WALK_ASK) {
		assert_int_equal(record->asked[one->server] & 1U << step->way, 0);
		record->asked[one->server] |= 1U << step->way;
	} else if (step->what == WALK_GIVE) {
		assert_true(one->got >= WALK_NEGATIVE);
		record->has_good = record->is_over = true;
		record->good = one->server;
		record->over_ms = now;
	} else if (step->what == WALK_FAIL) {
		/* Nothing good is at hand, but from whom it must not come. */
		for (size_t i = 0; i < walk->count; i++)
			assert_true(walk->list[i].got < WALK_NEGATIVE ||
				    is_of_another(walk, walk->list[i].server));
		record->is_over = true;
		record->over_ms = now;
	}
}

static void random_event(struct walk *walk)
{
	const size_t at = any((uint32_t)walk->count);
	struct walk_one *one = &walk->list[at];
	const enum walk_way way = (enum walk_way)any(WALK_WAYS);

	if (!any(12))
		one->is_dead = !one->is_dead;
	if (!any(12))
		one->is_back = true;
	if (one->open & 1U << way)
		walk_reply(walk, at, way, (enum walk_kind)any(4));
}

static void anything_ends_well(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct record records[2] = {{.is_over = false}};
		const size_t servers = 1 + any(MOST);
		const long long second_ms = any(3) ? 0 : any(2000);
		const bool both = any(3);
		seed ^= round * 2654435761U;
		begin(servers, both);
		records[1].is_over = !both;
		if (both)
			story.walks[1]->started_ms = second_ms;
		for (long long now = 0; now <= 7000; now += 1 + any(150))
			for (unsigned i = 0; i < 2; i++) {
				struct walk_step step = {.what = WALK_ASK};
				struct walk *walk = story.walks[i];
				if (records[i].is_over || (i && now < second_ms))
					continue;
				if (!any(3))
					random_event(walk);
				while (step.what == WALK_ASK) {
					step = walk_next(walk, now);
					take_step(&records[i], walk, &step, now);
				}
				if (records[i].is_over)
					walk_end(walk);
			}
		assert_true(records[0].is_over && records[0].over_ms <= 4700);
		assert_true(records[1].is_over && records[1].over_ms - second_ms <= 4700);
		/* Never A of one server and AAAA of another, unless that has died since.
		 */
		if (records[0].has_good && records[1].has_good && servers > 1 &&
		    records[0].good != records[1].good)
			assert_true(one_of(story.walks[0], records[0].good)->is_dead ||
				    one_of(story.walks[1], records[0].good)->is_dead ||
				    one_of(story.walks[0], records[1].good)->is_dead ||
				    one_of(story.walks[1], records[1].good)->is_dead);
		finish();
	}
}

/* ---- one name, again and again ---- */

/* A, and a moment later AAAA, each second, by one pair: the first server fails with the
 * first A alone. */
static void a_choice_is_no_reason_for_the_next(void **state)
{
	struct walk_pair pair = {.has_good = {false}};
	unsigned elsewhere = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		const long long now = i / 2 * 1000LL + i % 2 * 10;
		struct walk *walk = calloc(1, walk_size(2));
		struct walk_step step;
		walk_begin(walk, 2, &pair, i % 2, now);
		for (size_t j = 0; j < 2; j++) {
			walk->list[j].server = (uint16_t)j;
			walk->list[j].pace = usual;
		}
		while ((step = walk_next(walk, now)).what == WALK_ASK)
			walk_reply(walk, step.at, step.way,
				   !i && !walk->list[step.at].server ? WALK_ERROR
								     : WALK_POSITIVE);
		assert_int_equal(step.what, WALK_GIVE);
		if (walk->list[step.at].server) {
			elsewhere++;
			assert_true(now < 2 * WALK_CHOICE_MS);
		}
		/* Who asks for both is told of one server. */
		if (i % 2)
			assert_int_equal(pair.good[0], pair.good[1]);
		walk_end(walk);
		free(walk);
	}
	assert_true(elsewhere >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories_are_told),
		cmocka_unit_test(anything_ends_well),
		cmocka_unit_test(a_choice_is_no_reason_for_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
