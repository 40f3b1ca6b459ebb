/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may say how much by the hint sockets, and what is believed of it: the sender alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "guard/clock.h"
#include "tool/v6guardd/hints.h"

/* Users that root says that it is, as it may. */
#define LOGIN_UID 2001

struct world {
	struct event_base *base;
	struct hints *hints;
	int doors[HINT_SOCKETS];
	size_t bars, barred_count;
	uint32_t barred[HINT_BARS];
	bool cannot_ask;
	size_t taken;
	struct gp_hint last;
	uint32_t uid;
};

static long long later_ms;

long long __wrap_gp_now_ms(void);
long long __wrap_gp_boot_ms(void);
long long __real_gp_now_ms(void);
long long __real_gp_boot_ms(void);

long long __wrap_gp_now_ms(void)
{
	return __real_gp_now_ms() + later_ms;
}

long long __wrap_gp_boot_ms(void)
{
	return __real_gp_boot_ms() + later_ms;
}

static void take(void *ctx, const struct gp_hint *hint, uint32_t uid)
{
	struct world *world = ctx;

	world->taken++;
	world->last = *hint;
	world->uid = uid;
}

static bool bar(void *ctx, const uint32_t *uids, size_t count)
{
	struct world *world = ctx;

	world->bars++;
	if (world->cannot_ask)
		return false;
	memcpy(world->barred, uids, count * sizeof(uids[0]));
	world->barred_count = count;
	return true;
}

/* As hint_sockets_open does, but for the names. */
static bool open_pairs(struct world *world, int fds[HINT_SOCKETS])
{
	const int on = 1;
	int pair[2];

	for (size_t i = 0; i < HINT_SOCKETS; i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			       pair) ||
		    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
			return false;
		fds[i] = pair[0];
		world->doors[i] = pair[1];
	}
	return true;
}

static int set_up(void **state)
{
	static struct world world;
	const struct hints_ops ops = {&world, take, bar};
	int fds[HINT_SOCKETS];

	memset(&world, 0, sizeof(world));
	if (!open_pairs(&world, fds))
		return -1;
	world.base = event_base_new();
	world.hints = hints_new(world.base, fds, &ops);
	*state = &world;
	return world.hints ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	hints_free(world->hints);
	event_base_free(world->base);
	hint_sockets_close(world->doors);
	return 0;
}

/* What was sent is read, after a pause if need be. */
static void settle(struct world *world)
{
	const struct timeval step = {0, 1000};
	int waiting = 1;

	for (unsigned i = 0; i < 5000 && waiting; i++) {
		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
		waiting = 0;
		for (size_t door = 0; door < HINT_SOCKETS; door++) {
			int bytes = 0;

			ioctl(world->doors[door], SIOCOUTQ, &bytes);
			waiting += bytes;
		}
	}
	assert_int_equal(waiting, 0);
}

/* What is there now is read; when they are many, it is as soon as there is room. */
static void say(struct world *world, const void *bytes, size_t size)
{
	ssize_t sent = -1;

	for (unsigned i = 0; i < 5000 && sent < 0; i++) {
		sent = send(world->doors[HINT_SHARED], bytes, size, 0);
		event_base_loop(world->base,
				EVLOOP_ONCE | (sent < 0 ? 0 : EVLOOP_NONBLOCK));
	}
	assert_int_equal(sent, (ssize_t)size);
}

static bool send_as(int door, uint32_t uid)
{
	char byte = 0;
	struct iovec part = {&byte, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(struct ucred)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_CREDENTIALS}};
	const struct msghdr message = {.msg_iov = &part,
				       .msg_iovlen = 1,
				       .msg_control = &control,
				       .msg_controllen = sizeof(control)};
	const struct ucred credentials = {getpid(), uid, getgid()};

	memcpy(CMSG_DATA(&control.header), &credentials, sizeof(credentials));
	return sendmsg(door, &message, 0) == 1;
}

/* By WHICH socket, as UID, COUNT times. */
static void say_as(struct world *world, unsigned which, uint32_t uid, unsigned count)
{
	for (unsigned i = 0, tries = 0; i < count && tries < 100000; tries++) {
		const bool is_sent = send_as(world->doors[which], uid);

		i += is_sent;
		event_base_loop(world->base,
				EVLOOP_ONCE | (is_sent ? EVLOOP_NONBLOCK : 0));
	}
	settle(world);
}

static void wait_for_bars(struct world *world, size_t bars)
{
	const struct timeval step = {0, 10000};

	for (unsigned i = 0; i < 500 && world->bars < bars; i++) {
		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
	}
	assert_int_equal(world->bars, bars);
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
	settle(world);
	most = HINTS_BURST + (size_t)(gp_boot_ms() - begun + 1) * HINTS_RATE / 1000 + 1;
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(count, 1);
	assert_int_equal(
		reporters[0].hints + reporters[0].malformed + reporters[0].refused, sent);
	assert_in_range(reporters[0].hints + reporters[0].malformed, HINTS_BURST, most);
	assert_int_equal(reporters[0].hints, world->taken);
}

/* Many at once have to wait, also when they come one by one. */
static void test_pause(void **state)
{
	struct world *world = *state;
	const struct hints_reporter *reporters;
	size_t count, sent = 0;
	bool has_waited = false;

	while (sent < 300) {
		say(world, "", 0);
		sent++;
		reporters = hints_reporters(world->hints, &count);
		has_waited |= reporters[0].malformed + reporters[0].refused < sent;
	}
	assert_true(has_waited);
	settle(world);
	assert_int_equal(reporters[0].malformed + reporters[0].refused, sent);
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

/* What is refused is a flood, and nothing less. */
#define FLOOD (HINTS_BURST + HINTS_FLOOD + 10 * HINTS_RATE)

static void test_barred(void **state)
{
	struct world *world = *state;
	const struct hints_reporter *reporters;
	int old[HINT_SOCKETS], fds[HINT_SOCKETS];
	size_t count;

	if (geteuid())
		skip();
	say_as(world, HINT_SHARED, 0, FLOOD); /* whom nothing can keep out */
	say_as(world, HINT_SHARED, LOGIN_UID + 1, HINTS_BURST + HINTS_FLOOD / 2);
	say_as(world, HINT_SHARED, LOGIN_UID, FLOOD);
	wait_for_bars(world, 1);
	assert_int_equal(world->barred_count, 1);
	assert_int_equal(world->barred[0], LOGIN_UID);
	/* Until the answer is there nothing more is asked for. */
	say_as(world, HINT_SYSTEM, 101, FLOOD);
	memcpy(old, world->doors, sizeof(old));
	assert_true(open_pairs(world, fds));
	/* What waits in the old ones is taken. */
	assert_true(send_as(old[HINT_SHARED], LOGIN_UID + 4));
	hints_replace(world->hints, fds);
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(reporters[count - 1].uid, LOGIN_UID + 4);
	assert_int_equal(send(old[HINT_SHARED], "", 0, 0), -1);
	hint_sockets_close(old);
	wait_for_bars(world, 2);
	assert_int_equal(world->barred_count, 2);
	assert_int_equal(world->barred[1], 101);
	/* The new ones are read. */
	say_as(world, HINT_SHARED, LOGIN_UID + 2, 3);
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(reporters[count - 1].uid, LOGIN_UID + 2);
	assert_int_equal(reporters[count - 1].malformed, 3);
	/* A minute later they may speak again. */
	memcpy(old, world->doors, sizeof(old));
	assert_true(open_pairs(world, fds));
	hints_replace(world->hints, fds);
	hint_sockets_close(old);
	later_ms += HINTS_BAR_MS;
	say_as(world, HINT_SHARED, LOGIN_UID + 3, FLOOD);
	wait_for_bars(world, 3);
	assert_int_equal(world->barred_count, 1);
	assert_int_equal(world->barred[0], LOGIN_UID + 3);
}

/* Asked for again while the steward cannot be told, and not once he says that it cannot
 * be had. */
static void test_cannot_bar(void **state)
{
	struct world *world = *state;
	const int none[HINT_SOCKETS] = {-1, -1};

	if (geteuid())
		skip();
	world->cannot_ask = true;
	say_as(world, HINT_SHARED, LOGIN_UID, FLOOD);
	wait_for_bars(world, 2);
	world->cannot_ask = false;
	wait_for_bars(world, 3);
	hints_replace(world->hints, none);
	say_as(world, HINT_SHARED, LOGIN_UID + 1, FLOOD);
	later_ms += HINTS_BAR_MS;
	say_as(world, HINT_SHARED, LOGIN_UID, FLOOD);
	assert_int_equal(world->bars, 3);
}

/* No login user comes by the socket of the system users. */
static void test_system(void **state)
{
	struct world *world = *state;
	const struct hints_reporter *reporters;
	size_t count;

	if (geteuid())
		skip();
	say_as(world, HINT_SYSTEM, GP_SYSTEM_UID_MAX, 1);
	say_as(world, HINT_SYSTEM, GP_SYSTEM_UID_MAX + 1, 2);
	reporters = hints_reporters(world->hints, &count);
	assert_int_equal(count, 2);
	assert_int_equal(reporters[0].malformed, 1);
	assert_int_equal(reporters[1].malformed, 0);
	assert_int_equal(reporters[1].refused, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_barred, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cannot_bar, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_system, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
