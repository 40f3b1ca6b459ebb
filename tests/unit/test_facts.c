/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of routes and own addresses, one question after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "netns.h"
#include "held_clock.h"
#include "nss/facts.h"
#include "nss/own.h"

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
	assert_true(sh("ip addr add 2001:db8:5::5/128 dev lo nodad && "
		       "ip addr add 203.0.113.5/32 dev lo && "
		       "ip -6 route add 2001:db8:7::/48 via 2001:db8:1::2 && "
		       "ip route add 198.51.100.0/24 via 192.0.2.2"));
	assert_true(addresses_settle(""));
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

/* They are asked for once a second, all at once; by socket when there are too many. */
static bool is_own(const char *text)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, NULL);
	struct gp_addr addr;
	bool own;

	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	own = facts.is_own(facts.ctx, &addr);
	facts_close(&sources);
	return own;
}

static enum own known(const char *text)
{
	struct gp_addr addr;

	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	return own_find(&addr);
}

static void test_own(void **state)
{
	(void)state;
	need_netns();
	held_ms += 2000;
	assert_false(is_own("2001:db8:6::6"));
	assert_int_equal(known("2001:db8:1::1"), OWN_YES);
	assert_int_equal(known("192.0.2.1"), OWN_YES);
	assert_int_equal(known("::1"), OWN_YES);
	assert_true(sh("ip addr add 2001:db8:6::6/128 dev lo nodad"));
	assert_true(addresses_settle(""));
	assert_int_equal(known("2001:db8:6::6"), OWN_NO);
	held_ms += 1100;
	assert_true(is_own("2001:db8:6::6"));
	assert_true(sh("ip addr del 2001:db8:6::6/128 dev lo"));
	held_ms += 1100;
	assert_false(is_own("2001:db8:6::6"));
	assert_true(sh(
		"for i in $(seq 1 70); do echo addr add 2001:db8:8::$i/128 dev lo nodad; "
		"done | ip -6 -batch -"));
	assert_true(addresses_settle(""));
	held_ms += 1100;
	assert_true(is_own("2001:db8:8::70") && is_own("2001:db8:8::1"));
	assert_false(is_own("2001:db8:8::71"));
	assert_int_equal(known("2001:db8:8::1"), OWN_UNKNOWN);
	held_ms += 30000;
	assert_int_equal(known("2001:db8:8::1"), OWN_UNKNOWN);
	assert_true(sh("ip -6 addr flush dev lo"));
	held_ms += 31000;
	assert_int_equal(known("2001:db8:8::1"), OWN_NO);
}

static bool remembers;

static bool is_usable(const char *text)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, NULL);
	struct gp_addr addr;
	bool usable;

	sources.remembers = remembers;
	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	usable = facts.is_usable(facts.ctx, &addr);
	facts_close(&sources);
	return usable;
}

/* Where that is wanted, a way is believed to be there for a quarter of a second; that
 * there is none, never. */
static void test_routes(void **state)
{
	(void)state;
	need_netns();
	assert_false(is_usable("100.64.7.1"));
	assert_true(sh("ip route add 100.64.7.0/24 via 192.0.2.2"));
	assert_true(is_usable("100.64.7.1"));
	remembers = true;
	assert_true(is_usable("100.64.7.1"));
	assert_true(sh("ip route del 100.64.7.0/24"));
	assert_false(is_usable("100.64.7.2"));
	remembers = false;
	assert_false(is_usable("100.64.7.1"));
	remembers = true;
	held_ms += 200;
	assert_true(is_usable("100.64.7.1"));
	held_ms += 100;
	assert_false(is_usable("100.64.7.1"));
}

static bool has_ipv4(void)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, NULL);
	const bool has = facts_has_ipv4(&facts);

	facts_close(&sources);
	return has;
}

/* A way to the internet: that there is one to a network for examples says nothing. */
static void test_ipv4(void **state)
{
	(void)state;
	need_netns();
	assert_true(is_usable("192.0.2.1"));
	assert_false(has_ipv4());
	assert_true(sh("ip route add default via 192.0.2.2"));
	assert_true(has_ipv4());
	assert_true(sh("ip route del default"));
	assert_false(has_ipv4());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_ipv4),
	};
	int failed;

	netns_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
