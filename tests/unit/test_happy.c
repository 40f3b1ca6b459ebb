/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Races of connection attempts: who starts when, and what is left at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_race.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct happy_case {
	const char *what;
	const char *runners; /* in the order in which they start */
	const char *script;
	/* One letter each: - not started, r running, A answered, F failed, L local. */
	const char *ends;
	const char *started;
	long long took_ms;
	uint32_t slow_ms;
	bool has_two_ports, is_short_of_fds;
	uint32_t budget_ms; /* 0: 300 */
};

/* 100 ms between two attempts. */
static const struct happy_case cases[] = {
	{"the first answers", "1a", "1=ok@30", "A-", "1@0", .took_ms = 30},
	{"refused by itself is an answer", "1a", "1=refused@30", "A-", "1@0",
	 .took_ms = 30},
	{"RFC 8305 5: the next one after the delay", "1a", "a=ok@5", "rA", "1@0 a@100",
	 .took_ms = 105},
	{"the one that started first may win late", "1a", "1=ok@120 a=ok@50", "Ar",
	 "1@0 a@100", .took_ms = 120},
	{"RFC 8305 5: at once when the one before failed", "1a2b", "1=icmp@10 a=ok@5",
	 "FA--", "1@0 a@10", .took_ms = 15},
	{"at once when one could not be started", "1a", "1=local a=ok@5", "LA", "1@0 a@0",
	 .took_ms = 5},
	{"all fail", "1a", "1=icmp@10 a=timeout@20", "FF", "1@0 a@10", .took_ms = 30},
	{"none can be started", "1a2b", "1=local a=local 2=local b=local", "LLLL",
	 "1@0 a@0 2@0 b@0", .took_ms = 0},
	{"nobody answers: the budget ends it", "1a2b", "", "rrr-", "1@0 a@100 2@200",
	 .took_ms = 300},
	{"an answer at the last moment", "1a", "a=ok@200", "rA", "1@0 a@100",
	 .took_ms = 300},
	{"an answer after it", "1a", "a=ok@201", "rr", "1@0 a@100", .took_ms = 300},
	{"a budget below the delay", "1a", "", "r-", "1@0", .took_ms = 50,
	 .budget_ms = 50},
	{"no descriptors", "1a", "a=ok@5", "LL", "1@0 a@0", .took_ms = 0,
	 .is_short_of_fds = true},

	/* Where the service is not known. */
	{"one port of two answers", "1a", "1:80=ok@40", "A-", "1@0:443 1@0:80",
	 .took_ms = 40, .has_two_ports = true},
	{"one port fails, the other answers", "1a", "1:443=icmp@10 1:80=ok@40", "A-",
	 "1@0:443 1@0:80", .took_ms = 40, .has_two_ports = true},
	{"one port fails, the other is silent", "1a", "1:443=icmp@10 a:80=ok@1", "rA",
	 "1@0:443 1@0:80 a@100:443 a@100:80", .took_ms = 101, .has_two_ports = true},
	{"both ports fail", "1a", "1:443=icmp@10 1:80=icmp@20 a:443=ok@1", "FA",
	 "1@0:443 1@0:80 a@20:443 a@20:80", .took_ms = 21, .has_two_ports = true},
	{"one port is local, the other fails", "1a", "1:443=local 1:80=icmp@20", "Fr",
	 "1@0:443 1@0:80 a@20:443 a@20:80", .took_ms = 300, .has_two_ports = true},

	/* slow-threshold: is IPv4 faster by more than that? */
	{"not slow at all", "1a", "1=ok@40", "A-", "1@0", .took_ms = 40, .slow_ms = 50},
	{"slow: IPv4 is asked, and faster", "1a", "1=ok@80 a=ok@10", "AA", "1@0 a@80",
	 .took_ms = 90, .slow_ms = 50},
	{"slow: IPv4 is no faster", "1a", "1=ok@80", "Ar", "1@0 a@80", .took_ms = 110,
	 .slow_ms = 50},
	{"slow: IPv4 runs already", "1a", "1=ok@150 a=ok@60", "AA", "1@0 a@100",
	 .took_ms = 160, .slow_ms = 50},
	{"slow: no other IPv6 is asked", "12a", "1=ok@80 a=ok@10", "A-A", "1@0 a@80",
	 .took_ms = 90, .slow_ms = 50},
	{"slow: IPv4 fails", "1a", "1=ok@80 a=icmp@1", "AF", "1@0 a@80", .took_ms = 81,
	 .slow_ms = 50},
	{"slow: there is no IPv4", "12", "1=ok@80", "A-", "1@0", .took_ms = 80,
	 .slow_ms = 50},
};

static struct happy_race make(const struct happy_case *one)
{
	struct happy_race race = {.count = (unsigned)strlen(one->runners),
				  .ports = {7},
				  .port_count = 1,
				  .budget_ms = one->budget_ms ? one->budget_ms : 300,
				  .delay_ms = 100,
				  .slow_ms = one->slow_ms};

	for (unsigned i = 0; i < race.count; i++)
		race.runners[i].addr = fake_race_addr(one->runners[i]);
	if (one->has_two_ports) {
		race.ports[0] = 443;
		race.ports[1] = 80;
		race.port_count = 2;
	}
	return race;
}

static void run(const struct happy_case *one)
{
	struct happy_race race = make(one);
	char ends[HAPPY_RUNNERS + 1] = "";

	fake_race_set(one->script);
	fake_race_fds = one->is_short_of_fds ? 0 : -1;
	happy_race(&fake_race_ops, &race);
	for (unsigned i = 0; i < race.count; i++) {
		ends[i] = "-rAFL"[race.runners[i].end];
		assert_true(race.runners[i].took_us <= 300000);
		for (unsigned j = 0; j < HAPPY_PORTS; j++)
			assert_int_equal(race.runners[i].fds[j], -1);
	}
	if (strcmp(ends, one->ends) || strcmp(fake_race_started(), one->started) ||
	    fake_race_ms() != one->took_ms || fake_race_open())
		fail_msg("%s: '%s', started '%s', %lld ms, %d open", one->what, ends,
			 fake_race_started(), fake_race_ms(), fake_race_open());
}

static void test_cases(void **state)
{
	(void)state;
	fake_race_has_signals = false;
	for (size_t i = 0; i < COUNT(cases); i++)
		run(&cases[i]);
}

/* The same while a timer of the program interrupts each wait. */
static void test_signals(void **state)
{
	(void)state;
	fake_race_has_signals = true;
	for (size_t i = 0; i < COUNT(cases); i++)
		run(&cases[i]);
}

/* Nobody may wait longer than he said, whatever happens. */
static void test_random(void **state)
{
	static const char *const ends[] = {"ok", "refused", "icmp", "timeout", "local"};

	(void)state;
	fake_race_has_signals = false;
	fake_race_fds = -1;
	for (unsigned seed = 1; seed <= 2000; seed++) {
		struct happy_case one = {.runners = "1a2b3c4d"};
		struct happy_race race;
		char script[256] = "";

		srand(seed);
		for (const char *at = one.runners; *at; at++)
			if (rand() % 3)
				snprintf(script + strlen(script),
					 sizeof(script) - strlen(script), "%c=%s@%d ",
					 *at, ends[rand() % 5], rand() % 400);
		one.slow_ms = rand() % 2 ? 0 : (uint32_t)(rand() % 200);
		race = make(&one);
		race.budget_ms = (uint32_t)(1 + rand() % 600);
		race.delay_ms = (uint32_t)(10 + rand() % 250);
		fake_race_set(script);
		happy_race(&fake_race_ops, &race);
		if (fake_race_open() || fake_race_ms() > race.budget_ms)
			fail_msg("seed %u: %lld of %u ms, %d open", seed, fake_race_ms(),
				 race.budget_ms, fake_race_open());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("happy", tests, NULL, NULL);
}
