/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gaipolicy.h"

static void test_text(void **state)
{
	static const struct {
		const char *in;
		enum gp_status status;
		const char *out;
		bool has_host_bits;
	} cases[] = {
		{"2001:db8::/32", GP_OK, "2001:db8::/32", false},
		{"2001:db8::1/32", GP_OK, "2001:db8::1/32", true},
		{"2001:db8::1", GP_OK, "2001:db8::1/128", false},
		{"::/0", GP_OK, "::/0", false},
		{"::1/0", GP_OK, "::1/0", true},
		{"198.51.100.0/24", GP_OK, "198.51.100.0/24", false},
		{"198.51.100.1", GP_OK, "198.51.100.1/32", false},
		{"0.0.0.0/0", GP_OK, "0.0.0.0/0", false},
		{"2001:db8::/007", GP_OK, "2001:db8::/7", true},
		{"2001:db8::/129", GP_RANGE, NULL, false},
		{"2001:db8::/99999999999999999999", GP_RANGE, NULL, false},
		{"198.51.100.0/33", GP_RANGE, NULL, false},
		{"198.51.100.0/", GP_SYNTAX, NULL, false},
		{"198.51.100.0/+8", GP_SYNTAX, NULL, false},
		{"198.51.100.0/-1", GP_SYNTAX, NULL, false},
		{"198.51.100.0/8x", GP_SYNTAX, NULL, false},
		{"198.51.100.0/ 8", GP_SYNTAX, NULL, false},
		{"fe80::1%1/64", GP_SYNTAX, NULL, false},
		{"fe80::/64%1", GP_SYNTAX, NULL, false},
		{"/8", GP_SYNTAX, NULL, false},
		{"", GP_SYNTAX, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_prefix prefix;
		char text[GP_PREFIX_TEXT];
		enum gp_status status = gp_prefix_parse(cases[i].in, &prefix);

		if (status != cases[i].status)
			fail_msg("%s: %s", cases[i].in, gp_status_text(status));
		if (status)
			continue;
		assert_string_equal(gp_prefix_format(&prefix, text), cases[i].out);
		assert_int_equal(gp_prefix_has_host_bits(&prefix),
				 cases[i].has_host_bits);
	}
}

static void test_match(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool matches;
	} cases[] = {
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.1", false},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "::", false},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::", false},
		{"2001:db8::ff/32", "2001:db8::1", true}, /* host bits are ignored */
		{"2001:db8:80::/41", "2001:db8:ff::", true},
		{"2001:db8:80::/41", "2001:db8:7f::", false},
		{"2001:db8::1/128", "2001:db8::1", true},
		{"2001:db8::1/128", "2001:db8::", false},
		{"172.16.0.0/12", "172.31.255.255", true},
		{"172.16.0.0/12", "172.32.0.0", false},
		{"::ffff:0:0/96", "192.0.2.1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_prefix prefix;
		struct gp_addr addr;

		assert_int_equal(gp_prefix_parse(cases[i].prefix, &prefix), GP_OK);
		assert_int_equal(gp_addr_parse(cases[i].addr, &addr), GP_OK);
		if (gp_prefix_match(&prefix, &addr) != cases[i].matches)
			fail_msg("%s %s", cases[i].prefix, cases[i].addr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
