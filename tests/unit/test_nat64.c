/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6052, row by row of tests/data/rfc6052.tsv; its header names the columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gaipolicy.h"
#include "tsv.h"

enum column { ID, SOURCE, OP, PREFIX, IPV4, IPV6, RESULT };

static enum gp_status expected(const char *result)
{
	if (!strcmp(result, "bad-length"))
		return GP_RANGE;
	if (!strcmp(result, "u-octet"))
		return GP_SYNTAX;
	if (!strcmp(result, "prefix-mismatch"))
		return GP_NOTFOUND;
	return GP_OK;
}

static void expect_addr(const char *id, const struct gp_addr *got, const char *text)
{
	struct gp_addr want;
	char buf[GP_ADDR_TEXT];

	assert_int_equal(gp_addr_parse(text, &want), GP_OK);
	if (!gp_addr_equal(got, &want))
		fail_msg("%s: %s, expected %s", id, gp_addr_format(got, buf), text);
}

static void expect_status(char *column[TSV_COLUMNS], enum gp_status status)
{
	if (status != expected(column[RESULT]))
		fail_msg("%s: %s, expected %s", column[ID], gp_status_text(status),
			 column[RESULT]);
}

static void check_row(char *column[TSV_COLUMNS])
{
	struct gp_addr ipv4 = {.family = AF_INET}, ipv6, out;
	struct gp_prefix prefix;
	enum gp_status status;

	assert_int_equal(gp_prefix_parse(column[PREFIX], &prefix), GP_OK);
	if (strcmp(column[IPV4], "-"))
		assert_int_equal(gp_addr_parse(column[IPV4], &ipv4), GP_OK);
	if (!strcmp(column[OP], "extract")) {
		assert_int_equal(gp_addr_parse(column[IPV6], &ipv6), GP_OK);
		status = gp_nat64_extract(&prefix, &ipv6, &out);
		expect_status(column, status);
		if (!status)
			expect_addr(column[ID], &out, column[IPV4]);
	} else if (!strcmp(column[OP], "wkp-use")) {
		assert_int_equal(gp_nat64_is_nonglobal(&ipv4),
				 !strncmp(column[RESULT], "wkp-nonglobal", 13));
	} else {
		status = gp_nat64_embed(&prefix, &ipv4, &out);
		expect_status(column, status);
		if (!status && !strcmp(column[OP], "embed"))
			expect_addr(column[ID], &out, column[IPV6]);
		if (!strcmp(column[RESULT], "host-bits"))
			assert_true(gp_prefix_has_host_bits(&prefix));
	}
}

static void test_vectors(void **state)
{
	(void)state;
	assert_int_equal(tsv_each("rfc6052.tsv", 8, check_row), 152);
}

static void check_block(char *column[TSV_COLUMNS])
{
	struct gp_prefix block;

	assert_int_equal(gp_prefix_parse(column[0], &block), GP_OK);
	assert_true(gp_nat64_is_nonglobal(&block.addr));
	for (unsigned bit = block.length; bit < 32; bit++)
		block.addr.bytes[bit / 8] |= 0x80 >> bit % 8;
	if (!gp_nat64_is_nonglobal(&block.addr))
		fail_msg("the end of %s counts as global", column[0]);
}

/* RFC 6052 3.1 */
static void test_nonglobal(void **state)
{
	static const char *const global[] = {
		"8.8.8.8",    "1.0.0.0",        "100.63.255.255", "100.128.0.0",
		"172.32.0.0", "192.0.0.170",    "192.0.0.171",    "192.0.1.0",
		"198.20.0.0", "223.255.255.255"};
	struct gp_addr addr;

	(void)state;
	assert_true(tsv_each("rfc6052-nonglobal.tsv", 4, check_block) >= 16);
	for (size_t i = 0; i < sizeof(global) / sizeof(global[0]); i++) {
		assert_int_equal(gp_addr_parse(global[i], &addr), GP_OK);
		if (gp_nat64_is_nonglobal(&addr))
			fail_msg("%s counts as non-global", global[i]);
	}
	assert_int_equal(gp_addr_parse("2001:db8::1", &addr), GP_OK);
	assert_false(gp_nat64_is_nonglobal(&addr));
}

/* RFC 6052 2.1 */
static void test_well_known(void **state)
{
	static const struct {
		const char *prefix;
		bool is;
	} cases[] = {{"64:ff9b::/96", true},
		     {"64:ff9b::/64", false},
		     {"64:ff9b:1::/96", false},
		     {"0.100.255.155/32", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_prefix prefix;

		assert_int_equal(gp_prefix_parse(cases[i].prefix, &prefix), GP_OK);
		assert_int_equal(gp_nat64_is_well_known(&prefix), cases[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_nonglobal),
		cmocka_unit_test(test_well_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
