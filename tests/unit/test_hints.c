/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may say how much by the hint socket, and what is believed of it: the sender alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/clock.h"
#include "tool/v6guardd/hints.h"

struct world {
	struct event_base *base;
	struct hints *hints;
	int door;
	size_t taken;
	struct gp_hint last;
	uint32_t uid;
};

static void take(void *ctx, const struct gp_hint *hint, uint32_t uid)
{
	struct world *world = ctx;

	world->taken++;
	world->last = *hint;
	world->uid = uid;
}

static int set_up(void **state)
{
	static struct world world;
	const int on = 1;
	int pair[2];

	memset(&world, 0, sizeof(world));
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		return -1;
	world.base = event_base_new();
	world.hints = hints_new(world.base, pair[0], take, &world);
	world.door = pair[1];
	*state = &world;
	return world.hints ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	hints_free(world->hints);
	event_base_free(world->base);
	close(world->door);
	return 0;
}

/* What is there now is read; never longer than it takes. */
static void say(struct world *world, const void *bytes, size_t size)
{
	assert_int_equal(send(world->door, bytes, size, 0), (ssize_t)size);
	event_base_loop(world->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static size_t a_hint(uint8_t bytes[GP_HINT_SIZE_MAX])
{
	struct gp_hint hint = {.door = GP_DOOR_NSS, .count = 2};

	hint.counters[GP_COUNT_LOOKUPS] = 3;
	gp_addr_parse("2001:db8::1", &hint.addresses[0].addr);
	hint.addresses[0].flags = GP_HINT_WITHHELD;
	gp_addr_parse("192.0.2.1", &hint.addresses[1].addr);
	return gp_hint_build(&hint, bytes);
}

static void test_heard(void **state)
{
	struct world *world = *state;
	const struct hints_reporter *reporters;
	uint8_t bytes[GP_HINT_SIZE_MAX];
	const size_t size = a_hint(bytes);
	size_t count;

	say(world, bytes, size);
	say(world, bytes, size);
	assert_int_equal(world->taken, 2);
	assert_int_equal(world->uid, geteuid());
	assert_int_equal(world->last.count, 2);
	assert_int_equal(world->last.addresses[0].flags, GP_HINT_WITHHELD);
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(count, 1);
	assert_int_equal(reporters[0].uid, geteuid());
	assert_int_equal(reporters[0].hints, 2);
	assert_int_equal(reporters[0].counters[GP_COUNT_LOOKUPS], 6);
}

/* Of rules as much as there is room for, the rest together. */
static void test_rules(void **state)
{
	struct world *world = *state;
	const struct hints_reporter *reporter;
	uint8_t bytes[GP_HINT_SIZE_MAX];
	uint64_t observed = 0;
	size_t count;

	for (uint16_t rule = 1; rule <= 40; rule++) {
		struct gp_hint hint = {.door = GP_DOOR_PRELOAD,
				       .rule_count = 1,
				       .rules = {{rule, rule, 1}},
				       .would = {2, 1, ""}};

		snprintf(hint.would.program, sizeof(hint.would.program), "p%d",
			 rule % 12);
		say(world, bytes, gp_hint_build(&hint, bytes));
	}
	reporter = hints_reporters(world->hints, &count);
	assert_int_equal(count, 1);
	assert_int_equal(reporter->rule_count, HINTS_RULES);
	assert_int_equal(reporter->rules[0].priority, 1);
	assert_int_equal(reporter->rules[0].door, GP_DOOR_PRELOAD);
	assert_int_equal(reporter->rules[HINTS_RULES - 1].priority, 0);
	for (size_t i = 0; i < HINTS_RULES; i++)
		observed += reporter->rules[i].observed;
	assert_int_equal(observed, 40 * 41 / 2);
	assert_int_equal(reporter->would_lookups, 80);
	assert_int_equal(reporter->would_last, 40);
	assert_int_equal(reporter->program_count, HINTS_PROGRAMS);
	assert_string_equal(reporter->programs[1], "p2");
}

/* Counted, and nobody hears of it. */
static void test_malformed(void **state)
{
	struct world *world = *state;
	const struct hints_reporter *reporters;
	uint8_t bytes[2 * GP_HINT_SIZE_MAX] = {0};
	const size_t size = a_hint(bytes);
	size_t count;

	say(world, bytes, size - 1);
	say(world, bytes, 1);
	say(world, "no hint", 7);
	say(world, bytes, sizeof(bytes)); /* longer than any hint */
	say(world, bytes, 0);
	assert_int_equal(world->taken, 0);
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(count, 1);
	assert_int_equal(reporters[0].malformed, 5);
	assert_int_equal(reporters[0].hints, 0);
}

/* A burst, then a rate: of hints that are none, too, as reading them costs as much. */
static void test_flood(void **state)
{
	struct world *world = *state;
	const long long begun = gp_boot_ms();
	const struct hints_reporter *reporters;
	uint8_t bytes[GP_HINT_SIZE_MAX];
	const size_t size = a_hint(bytes);
	size_t count, sent = 0, most;

	for (; sent < 1000; sent++)
		say(world, bytes, sent % 2 ? size : 3);
	most = HINTS_BURST + (size_t)(gp_boot_ms() - begun + 1) * HINTS_RATE / 1000 + 1;
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(count, 1);
	assert_int_equal(
		reporters[0].hints + reporters[0].malformed + reporters[0].refused, sent);
	assert_in_range(reporters[0].hints + reporters[0].malformed, HINTS_BURST, most);
	assert_int_equal(reporters[0].hints, world->taken);
}

/* What the resolver counts by itself is no user's, and nothing limits it. */
static void test_own(void **state)
{
	struct world *world = *state;
	struct gp_hint hint = {.door = GP_DOOR_DNS, .rule_count = 1};
	const struct hints_reporter *own = hints_own(world->hints);
	size_t count;

	hint.counters[GP_COUNT_LOOKUPS] = 1;
	hint.counters[GP_COUNT_CHANGED] = 1;
	hint.rules[0] = (struct gp_hint_rule){.priority = 7, .acted = 1};
	for (unsigned i = 0; i < 2 * HINTS_BURST; i++)
		hints_count_own(world->hints, &hint);
	hint.rules[0] = (struct gp_hint_rule){.priority = 7, .observed = 1};
	hint.would.lookups = 1;
	hints_count_own(world->hints, &hint);
	assert_int_equal(own->counters[GP_COUNT_CHANGED], 2 * HINTS_BURST + 1);
	assert_int_equal(own->rule_count, 1);
	assert_int_equal(own->rules[0].acted, 2 * HINTS_BURST);
	assert_int_equal(own->rules[0].observed, 1);
	assert_int_equal(own->rules[0].door, GP_DOOR_DNS);
	assert_int_equal(own->would_lookups, 1);
	hints_reporters(world->hints, &count);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
