/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of routes and own addresses, one question after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "netns.h"
#include "nss/facts.h"

static const struct question {
	const char *address;
	bool is_own, is_usable;
} questions[] = {
	/* RFC 6724 5, rule 1: to an own address the kernel talks from that one. */
	{"2001:db8:7::1", false, true}, {"2001:db8:1::1", true, true},
	{"2001:db8:5::5", true, true},  {"2001:db8:1::2", false, true},
	{"2001:db8:1::1", true, true},  {"2a00::1", false, false},
	{"2001:db8:5::5", true, true},  {"198.51.100.1", false, true},
	{"192.0.2.1", true, true},      {"203.0.113.5", true, true},
	{"192.0.2.2", false, true},     {"192.0.2.1", true, true},
	{"8.8.8.8", false, false},      {"203.0.113.5", true, true},
};

static void test_questions(void **state)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, NULL);

	(void)state;
	need_netns();
	assert_true(sh("ip addr add 2001:db8:5::5/128 dev lo && "
		       "ip addr add 203.0.113.5/32 dev lo && "
		       "ip -6 route add 2001:db8:7::/48 via 2001:db8:1::2 && "
		       "ip route add 198.51.100.0/24 via 192.0.2.2"));
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct gp_addr addr;
		assert_int_equal(gp_addr_parse(questions[i].address, &addr), GP_OK);
		if (facts.is_own(facts.ctx, &addr) != questions[i].is_own)
			fail_msg("%s: own", questions[i].address);
		if (facts.is_usable(facts.ctx, &addr) != questions[i].is_usable)
			fail_msg("%s: usable", questions[i].address);
	}
	facts_close(&sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
	};
	int failed;

	netns_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
