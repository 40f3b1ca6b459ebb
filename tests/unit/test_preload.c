/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The preload door: what a program gets from getaddrinfo(), what libc is asked for, and
 * what the daemon is told. A process of its own for each case.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "preload_world.h"
#include "sizes.h"

/* ---- cases ---- */

static const struct preload_case cases[] = {
	{"off", .mode = GP_MODE_OFF, .behind = "12ab", .got = "12ab"},

	{"prefer-ipv4", IPV4, .behind = "12ab", .got = "ab12"},
	{"in order already", IPV4, .behind = "ab12", .got = "ab12"},
	{"mixed", IPV4, .behind = "1a2b", .got = "ab12"},
	{"IPv6 alone", IPV4, .behind = "12", .got = "12"},
	{"IPv4 alone", IPV4, .behind = "ab", .got = "ab"},
	{"with its canonical name", IPV4, .behind = "1a", .got = "a1",
	 .flags = AI_CANONNAME},
	{"enforce = no", IPV4, .behind = "1a", .got = "1a", .no_enforce = true},
	{"its own address", IPV4, .behind = "1a", .got = "1a", .own = true},
	{"for IPv6 alone", IPV4, .behind = "1a", .got = "1", .family = AF_INET6},
	{"for IPv4 alone", IPV4, .behind = "1a", .got = "a", .family = AF_INET},
	{"prefer-ipv6", IPV6, .behind = "a1b2", .got = "12ab"},

	/* RFC 6724 5, rule 1: never behind what cannot be reached. */
	{"prefer-ipv4, no way to IPv4", IPV4, .behind = "12ab", .got = "12ab",
	 .no_ipv4 = true},
	{"... nor to one of them", IPV4, .behind = "1a2b", .got = "a12b",
	 .no_route = "b"},
	{"... by the map", IPV4, .behind = "1a", .got = "1a", .has_map = true,
	 .no_ipv4 = true},
	{"... mapped", IPV4, .behind = "1a", .got = "1", MAPPED, .no_ipv4 = true},
	{"... and the canonical name", IPV4, .behind = "1a", .got = "1a",
	 .flags = AI_CANONNAME, .no_ipv4 = true},
	{"prefer-ipv6, no way to IPv6", IPV6, .behind = "ab12", .got = "ab12",
	 .no_route = "12"},
	{"broken, no way to IPv4", AUTO, .behind = "1a", .got = "1a", .no_ipv4 = true,
	 .facts = {{"::/0", BROKEN}}, .hinted = ".."},
	{"slow, no way to IPv4", AUTO, .behind = "1a", .got = "1a", .no_ipv4 = true,
	 .facts = {{"2001:db8::1", SLOW}}, .hinted = ".."},
	{"distrust, no way to IPv4", AUTO, .behind = "1a", .got = "1a", .no_ipv4 = true,
	 .distrust = true, .has_map = true, .hinted = ".."},

	/* Never touched. */
	{"passive", IPV4, .behind = "1a", .got = "1a", .flags = AI_PASSIVE},
	{"numeric", IPV4, .behind = "1a", .got = "1a", .flags = AI_NUMERICHOST},
	{"localhost", IPV4, .behind = "1a", .got = "1a", .name = "localhost"},
	{"an IPv6 literal", IPV4, .behind = "1a", .got = "1a", .name = "2001:db8::1"},
	{"an IPv4 literal", IPV6, .behind = "a1", .got = "a1", .name = "198.51.1"},
	{"an empty name", IPV4, .behind = "1a", .got = "1a", .name = ""},
	{"a family that we do not know", IPV4, .behind = "1xa", .got = "1xa"},

	/* Failures are libc's. */
	{"no such name", IPV4, .error = EAI_NONAME},
	{"no server", IPV4, .behind = "1a", .error = EAI_AGAIN},

	/* strip-* */
	{"strip-aaaa", NO_AAAA, .behind = "12ab", .got = "ab"},
	{"... keeps the last", NO_AAAA, .behind = "12", .got = "12"},
	{"... keeps what is usable", NO_AAAA, .behind = "1a", .got = "1a",
	 .no_ipv4 = true},
	{"... with the canonical name", NO_AAAA, .behind = "1a", .got = "a",
	 .flags = AI_CANONNAME},
	{"... without keep-last", NO_AAAA, .behind = "12", .no_keep_last = true,
	 .error = EAI_NODATA},
	{"... enforce = no", NO_AAAA, .behind = "1a", .got = "1a", .no_enforce = true},
	{"strip-a", NO_A, .behind = "1a2b", .got = "12"},
	{"AAAA alone", NO_AAAA, .behind = "1a", .got = "1", .family = AF_INET6},
	{"AAAA alone, aaaa-only = strip", NO_AAAA, .behind = "12ab", .family = AF_INET6,
	 .aaaa_only = true, .asked = 2, .error = EAI_NODATA},
	{"... without an A", NO_AAAA, .behind = "12", .got = "12", .family = AF_INET6,
	 .aaaa_only = true, .asked = 2},
	{"... without a usable A", NO_AAAA, .behind = "12a", .got = "12",
	 .family = AF_INET6, .aaaa_only = true, .asked = 2, .no_ipv4 = true},
	{"... in a mode that only orders", IPV4, .behind = "1a", .got = "1",
	 .family = AF_INET6, .aaaa_only = true},

	/* AF_INET6 with AI_V4MAPPED is AF_UNSPEC. */
	{"mapped: IPv4 first", IPV4, .behind = "1a2b", .got = "AB12", MAPPED},
	{"mapped: all", IPV4, .behind = "1a", .got = "A1", .family = AF_INET6,
	 .flags = AI_V4MAPPED | AI_ALL},
	{"mapped: strip", NO_AAAA, .behind = "12a", .got = "A", MAPPED},
	{"mapped: IPv4 alone", IPV4, .behind = "ab", .got = "AB", MAPPED},
	{"mapped: nothing to do, and nothing more than libc gives", IPV6, .behind = "1a",
	 .got = "1", MAPPED},
	{"mapped: enforce = no", IPV4, .behind = "1a", .got = "1", MAPPED,
	 .no_enforce = true},
	{"mapped: off", .mode = GP_MODE_OFF, .behind = "1a", .got = "1", MAPPED},
	{"mapped: with the name", IPV4, .behind = "1a", .got = "A1", .family = AF_INET6,
	 .flags = AI_V4MAPPED | AI_CANONNAME},

	/* auto: libc's order, then slow, then broken */
	{"auto without a map", AUTO, .behind = "1a", .got = "1a"},
	{"nothing known", AUTO, .behind = "1a", .got = "1a", .has_map = true,
	 .hinted = ".."},
	{"one is broken", AUTO, .behind = "12a", .got = "2a1",
	 .facts = {{"2001:db8::1", BROKEN}}, .hinted = "..."},
	{"slow, then broken", AUTO, .behind = "12a", .got = "a21",
	 .facts = {{"2001:db8::1", BROKEN}, {"2001:db8::2", SLOW}}, .hinted = "..."},
	{"all, and IPv6 alone", AUTO, .behind = "12", .got = "12",
	 .facts = {{"::/0", BROKEN}}},
	{"broken, mapped", AUTO, .behind = "1a", .got = "A1", MAPPED,
	 .facts = {{"::/0", BROKEN}}, .hinted = ".."},
	{"nothing known, mapped", AUTO, .behind = "1a", .got = "1", MAPPED,
	 .has_map = true, .hinted = ".."},
	{"distrust", AUTO, .behind = "12a", .got = "2a1", .distrust = true,
	 .facts = {{"2001:db8::2", GP_VERDICT_OK}}, .hinted = ".W."},
	{"distrust without a map", AUTO, .behind = "1a", .got = "1a", .distrust = true},
	{"enforce = no", AUTO, .behind = "1a", .got = "1a", .no_enforce = true,
	 .facts = {{"::/0", BROKEN}}, .hinted = ".."},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(preload_run, &cases[i], cases[i].what);
}

/* ---- hands off ---- */

static const struct preload_case ipv4_first = {"IPv4 first", IPV4, .behind = "12ab",
					       .got = "ab12"};

static void call_again(void)
{
	void (*hook)(void) = preload_inside;

	preload_inside = NULL;
	preload_look_up_as("12ab");
	preload_inside = hook;
}

static void run_nested(const void *arg)
{
	(void)arg;
	preload_prepare(&ipv4_first);
	preload_inside = call_again;
	for (int i = 0; i < 3; i++)
		preload_look_up_as("ab12");
	preload_inside = NULL;
	preload_look_up_as("ab12");
}

static jmp_buf out_of_it;

static void jump_out(void)
{
	longjmp(out_of_it, 1);
}

/* DEPTH frames of 300 bytes further down. */
static __attribute__((noinline)) void look_up_below(unsigned depth, const char *expected)
{
	volatile char bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)depth;
	if (depth)
		look_up_below(depth - 1, expected);
	else
		preload_look_up_as(expected);
	CHECK(bytes[depth] == (char)depth);
}

/* wget's time limit: the lookup that was left does not count as one that goes on. */
static void run_left(const void *arg)
{
	(void)arg;
	preload_prepare(&ipv4_first);
	preload_inside = jump_out;
	if (!setjmp(out_of_it))
		preload_look_up_as("");
	preload_inside = NULL;
	preload_look_up_as("ab12");
	for (unsigned depth = 0; depth < 60; depth++)
		look_up_below(depth, "ab12");
}

/* What the door asks for beyond what it was asked, and in vain, is not the program's
 * trouble. */
static void fail_all(void)
{
	preload_error = preload_calls % 2 ? EAI_MEMORY : 0;
}

static void run_asked_again(const void *arg)
{
	const struct preload_case one = {
		"more than was asked for", IPV4, "ab12", "12", MAPPED, .asked = 2};

	(void)arg;
	preload_inside = fail_all;
	preload_prepare(&one);
	preload_look_up(&one, SOCK_STREAM);
}

static void run_without_policy(const void *arg)
{
	(void)arg;
	preload_prepare(&ipv4_first);
	unlink(world_snapshot());
	preload_look_up_as("12ab");
	CHECK(preload_freed == 0);
}

static void run_damaged(const void *arg)
{
	(void)arg;
	preload_prepare(&ipv4_first);
	world_write_bytes("nonsense", 8);
	preload_look_up_as("12ab");
}

/* More addresses than need no memory: in order when there is some, else as they were. */
static void run_no_memory(const void *arg)
{
	static char mixed[101], sorted[101];

	(void)arg;
	preload_prepare(&ipv4_first);
	for (size_t i = 0; i < 100; i++) {
		mixed[i] = i % 2 ? 'a' : '1';
		sorted[i] = i < 50 ? 'a' : '1';
	}
	preload_behind = mixed;
	preload_look_up_as(sorted);
	world_allocations_left = 100 * 3; /* for libc's nodes */
	preload_look_up_as(mixed);
	world_allocations_left = 4 * 3;
	preload_behind = "12ab"; /* few need none */
	preload_look_up_as("ab12");
	world_allocations_left = -1;
}

static void test_hands_off(void **state)
{
	(void)state;
	world_run(run_nested, NULL, "a lookup preload_inside a lookup");
	world_run(run_left, NULL, "a lookup that was left by longjmp");
	world_run(run_asked_again, NULL, "asked again");
	world_run(run_without_policy, NULL, "no policy");
	world_run(run_damaged, NULL, "a damaged policy");
	world_run(run_no_memory, NULL, "no memory");
}

/* ---- threads, fork ---- */

static atomic_bool is_over;

static void *look_up_all_the_time(void *arg)
{
	(void)arg;
	while (!is_over) {
		struct addrinfo *list = NULL;
		char text[128];

		CHECK(getaddrinfo("host.example", NULL, NULL, &list) == 0);
		addrlist_text(list, 3, text);
		CHECK(!strcmp(text, "ab12") || !strcmp(text, "12ab"));
		addrlist_free(list);
	}
	return NULL;
}

static void fork_one(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct addrinfo *list = NULL;
		const int error = getaddrinfo("host.example", NULL, NULL, &list);

		_exit(error || !list);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

/* Lookups while the policy is replaced again and again, and children that look up, too.
 */
static void run_threads(const void *arg)
{
	static const enum gp_mode modes[] = {GP_MODE_PREFER_IPV4, GP_MODE_OFF,
					     GP_MODE_PREFER_IPV6};
	pthread_t threads[8];

	(void)arg;
	preload_prepare(&ipv4_first);
	for (size_t i = 0; i < 8; i++)
		CHECK(!pthread_create(&threads[i], NULL, look_up_all_the_time, NULL));
	for (long i = 0; i < sized(60, 2000); i++) {
		const struct gp_guard_policy policy = world_policy(modes[i % 3]);

		world_write(&policy, "dns");
		usleep(5000);
		if (!world_is_instrumented())
			fork_one();
	}
	is_over = true;
	for (size_t i = 0; i < 8; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* All at once, at the very first lookup of the process. */
static void *look_up_once(void *arg)
{
	(void)arg;
	preload_look_up_as("ab12");
	return NULL;
}

static void run_first(const void *arg)
{
	pthread_t threads[16];

	(void)arg;
	preload_prepare(&ipv4_first);
	for (size_t i = 0; i < 16; i++)
		CHECK(!pthread_create(&threads[i], NULL, look_up_once, NULL));
	for (size_t i = 0; i < 16; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static void test_threads(void **state)
{
	(void)state;
	world_run(run_threads, NULL, "threads");
	for (int i = 0; i < 20; i++)
		world_run(run_first, NULL, "first lookups");
}

/* ---- silence ---- */

static void test_silence(void **state)
{
	static const struct preload_case some[] = {
		{"IPv4 first", IPV4, .behind = "12ab", .got = "ab12"},
		{"broken", AUTO, .behind = "1a", .got = "a1",
		 .facts = {{"::/0", BROKEN}}},
		{"off", .mode = GP_MODE_OFF, .behind = "1a", .got = "1a"},
		{"no server", IPV4, .behind = "1a", .error = EAI_AGAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		world_run(preload_run_silent, &some[i], some[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hands_off),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests_name("preload", tests, world_setup, world_teardown);
}
