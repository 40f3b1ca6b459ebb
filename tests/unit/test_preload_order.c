/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [preload] order = rfc6724: what libc says is sorted by RFC 6724 before the mode acts.
 * libc's order here is one that another table made. The rules themselves: test_sort.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "preload_world.h"

#define SORTED .order = GP_ORDER_RFC6724
#define OFF .mode = GP_MODE_OFF

static const struct preload_case cases[] = {
	/* RFC 6724 2.1: ::/0 has precedence 40, ::ffff:0:0/96 has 35. */
	{"IPv6 first", AUTO, SORTED, .behind = "a1b2", .got = "12ab"},
	{"in order already", AUTO, SORTED, .behind = "12ab", .got = "12ab"},
	{"order = libc", AUTO, .behind = "a1b2", .got = "a1b2"},
	{"with its canonical name", AUTO, SORTED, .behind = "a1", .got = "1a",
	 .flags = AI_CANONNAME},
	{"one address", AUTO, SORTED, .behind = "1", .got = "1"},

	/* RFC 6724 6, rule 1, for each family as well. */
	{"without a way to IPv6", AUTO, SORTED, .behind = "1a", .got = "a1",
	 .no_route = "1"},
	{"for IPv6 alone", AUTO, SORTED, .behind = "12", .got = "21", .family = AF_INET6,
	 .no_route = "1"},
	{"for IPv4 alone", AUTO, SORTED, .behind = "ab1", .got = "ba", .family = AF_INET,
	 .no_route = "a"},

	/* The mode acts on what was sorted. */
	{"then prefer-ipv4", IPV4, SORTED, .behind = "1b2a", .got = "ba12"},
	{"then prefer-ipv6", IPV6, SORTED, .behind = "1a", .got = "1a"},
	/* But not before rule 1. */
	{"then prefer-ipv4, one without a way", IPV4, SORTED, .behind = "b1a2",
	 .got = "a12b", .no_route = "b"},
	{"then prefer-ipv4, without a way to IPv4", IPV4, SORTED, .behind = "a1",
	 .got = "1a", .no_route = "a"},
	{"then prefer-ipv6, without a way to IPv6", IPV6, SORTED, .behind = "1a",
	 .got = "a1", .no_route = "1"},
	{"then auto, without a way to IPv4", AUTO, SORTED, .behind = "a1", .got = "1a",
	 .facts = {{"::/0", BROKEN}}, .no_route = "a", .no_ipv4 = true, .hinted = ".."},
	{"then distrust, without a way to IPv4", AUTO, SORTED, .behind = "a1",
	 .got = "1a", .distrust = true, .has_map = true, .no_route = "a", .no_ipv4 = true,
	 .hinted = ".."},
	{"then strip-aaaa", NO_AAAA, SORTED, .behind = "1ba", .got = "ab",
	 .no_route = "b"},
	{"then strip-a", NO_A, SORTED, .behind = "a12", .got = "21", .no_route = "1"},
	{"then auto", AUTO, SORTED, .behind = "a12", .got = "2a1",
	 .facts = {{"2001:db8::1", BROKEN}}, .hinted = "..."},
	{"auto, nothing known", AUTO, SORTED, .behind = "a1", .got = "1a",
	 .has_map = true, .hinted = ".."},
	{"AAAA alone, aaaa-only = strip", NO_AAAA, SORTED, .behind = "12", .got = "21",
	 .family = AF_INET6, .aaaa_only = true, .asked = 2, .no_route = "1"},

	/* Nothing more is asked for, nor handed out, because of the order. */
	{"mapped", AUTO, SORTED, MAPPED, .behind = "12a", .got = "21", .no_route = "1"},
	{"mapped: IPv4 alone", AUTO, SORTED, MAPPED, .behind = "ab", .got = "BA",
	 .no_route = "a"},
	{"mapped: the mode could act", IPV6, SORTED, MAPPED, .behind = "a12",
	 .got = "12"},
	{"mapped: the mode acts", IPV4, SORTED, MAPPED, .behind = "12a", .got = "A21",
	 .no_route = "1"},
	{"mapped: the mode would act", IPV4, SORTED, MAPPED, .behind = "12a", .got = "21",
	 .no_route = "1a"},
	{"mapped: all", AUTO, SORTED, .family = AF_INET6, .flags = AI_V4MAPPED | AI_ALL,
	 .behind = "a1", .got = "1A"},

	/* Never touched. */
	{"off", OFF, SORTED, .behind = "a1", .got = "a1"},
	{"enforce = no", AUTO, SORTED, .behind = "a1", .got = "a1", .no_enforce = true},
	{"enforce = no, and the mode", IPV4, SORTED, .behind = "1ba", .got = "1ba",
	 .no_enforce = true, .no_route = "b"},
	{"mapped: enforce = no", IPV4, SORTED, MAPPED, .behind = "12a", .got = "12",
	 .no_enforce = true, .no_route = "1"},
	{"passive", AUTO, SORTED, .behind = "a1", .got = "a1", .flags = AI_PASSIVE},
	{"numeric", AUTO, SORTED, .behind = "a1", .got = "a1", .flags = AI_NUMERICHOST},
	{"localhost", AUTO, SORTED, .behind = "a1", .got = "a1", .name = "localhost"},
	{"a literal", AUTO, SORTED, .behind = "a1", .got = "a1", .name = "198.51.1"},
	{"a family that we do not know", AUTO, SORTED, .behind = "ax1", .got = "ax1"},
	{"no such name", AUTO, SORTED, .error = EAI_NONAME},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(preload_run, &cases[i], cases[i].what);
}

/* More than need no memory; without any they stay as they were, and the mode acts. */
static void run_no_memory(const void *arg)
{
	static const struct preload_case one = {"some", IPV4, SORTED, .behind = "1a",
						.no_route = "a"};
	const long nodes = 20 * 3; /* libc's own allocations */

	(void)arg;
	preload_prepare(&one);
	preload_behind = "1234567891abcdefghib";
	preload_look_up_as("bcdefghib1234567891a");
	world_allocations_left = nodes;
	preload_look_up_as("abcdefghib1234567891");
	world_allocations_left = -1;
}

static void test_no_memory(void **state)
{
	(void)state;
	world_run(run_no_memory, NULL, "no memory");
}

static void test_silence(void **state)
{
	static const struct preload_case one = {
		"libc's order stays here", AUTO,          SORTED,
		.behind = "1a2b",          .got = "1a2b", .no_enforce = true};

	(void)state;
	world_run(preload_run_silent, &one, one.what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests_name("preload order", tests, world_setup,
					   world_teardown);
}
