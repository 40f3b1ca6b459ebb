/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "gaipolicy.h"
#include "tsv.h"

static struct gp_addr addr(const char *text)
{
	struct gp_addr out;

	if (gp_addr_parse(text, &out) != GP_OK)
		fail_msg("%s is no address", text);
	return out;
}

/* Text forms: RFC 5952 4 and 5, RFC 4007 11, inet_pton's strict dotted quad. */
static void test_text(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} cases[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"::", "::"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"fe80::1%1", "fe80::1%1"},
		{"fe80::1%lo", "fe80::1%1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295"},
		{"fe80::1%4294967296", NULL},
		{"fe80::1%", NULL},
		{"fe80::1%0", NULL},
		{"fe80::1%no-such-if", NULL},
		{"192.0.2.1%lo", NULL},
		{"192.0.2", NULL},
		{"192.0.2.01", NULL},
		{"192.0.2.1 ", NULL},
		{"0x7f.1", NULL},
		{"2001:db8::1::2", NULL},
		{"2001:db8::1/64", NULL},
		{"12345::", NULL},
		{"", NULL},
		{"host.example", NULL},
		{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_addr parsed;
		char text[GP_ADDR_TEXT];
		enum gp_status status;

		errno = 4711;
		status = gp_addr_parse(cases[i].in, &parsed);
		assert_int_equal(errno, 4711);
		if (!cases[i].out) {
			if (status != GP_SYNTAX)
				fail_msg("%s was taken", cases[i].in);
			continue;
		}
		if (status)
			fail_msg("%s: %s", cases[i].in, gp_status_text(status));
		assert_string_equal(gp_addr_format(&parsed, text), cases[i].out);
		assert_true(gp_addr_equal(&parsed, &(struct gp_addr[]){addr(text)}[0]));
	}
}

/* A family that is none: no text, and nothing that was in the buffer before. */
static void test_format_no_family(void **state)
{
	const struct gp_addr none = {.family = 99};
	char text[GP_ADDR_TEXT] = "left over";

	(void)state;
	errno = 4711;
	assert_string_equal(gp_addr_format(&none, text), "");
	assert_int_equal(errno, 4711);
}

static const char *scope_table;

/* An address of each prefix of the table must have the scope of that row; more specific
 * rows of the file cover their own addresses. */
static void check_scope(char *column[TSV_COLUMNS])
{
	struct gp_prefix prefix;
	unsigned scope;

	if (strcmp(column[0], scope_table))
		return;
	assert_int_equal(gp_prefix_parse(column[2], &prefix), GP_OK);
	/* The last address of the block is in no other row, but for 0/0 and ::/0. */
	if (prefix.length) {
		for (unsigned bit = prefix.length;
		     bit < (column[1][0] == '4' ? 32U : 128U); bit++)
			prefix.addr.bytes[bit / 8] |= 0x80 >> bit % 8;
	} else {
		prefix.addr = addr(column[1][0] == '4' ? "198.51.100.1" : "2001:db8::1");
	}
	scope = strcmp(column[3], "mc") ? (unsigned)atoi(column[3])
					: prefix.addr.bytes[1] & 0x0fU;
	if (gp_addr_scope(&prefix.addr) != scope)
		fail_msg("%s: scope %u", column[2], gp_addr_scope(&prefix.addr));
}

static void test_scope_tables(void **state)
{
	(void)state;
	scope_table = "rfc6724";
	assert_true(tsv_each("scopes.tsv", 5, check_scope) > 20);
	scope_table = "glibc";
	tsv_each("scopes.tsv", 5, check_scope);
}

static void test_scope(void **state)
{
	static const struct {
		const char *addr;
		unsigned scope;
		bool special;
	} cases[] = {
		{"ff01::1", 1, true},
		{"ff02::1", 2, true}, /* RFC 4291 2.7 */
		{"ff05::1:3", 5, true},
		{"ff0e::1", 14, true},
		{"ff18::1", 8, true},
		{"ff03::1", 3, true},
		{"::1", 2, true},
		{"::", 14, true}, /* RFC 6724 3.1 */
		{"fe80::1", 2, true},
		{"febf::1", 2, true},
		{"fec0::1", 5, false},
		{"fdff::1", 14, false},
		{"2001:db8::1", 14, false},
		{"64:ff9b::1", 14, false},
		{"::ffff:127.0.0.1", 2, false},
		{"::ffff:169.254.3.4", 2, false}, /* 3.2 */
		{"::ffff:10.0.0.1", 14, false},
		{"127.255.0.1", 2, true},
		{"169.254.1.1", 2, true},
		{"10.0.0.1", 14, false},
		{"192.168.0.1", 14, false},
		{"224.0.0.1", 14, true},
		{"239.255.255.250", 14, true},
		{"0.0.0.0", 14, true},
		{"0.0.0.1", 14, false},
		{"198.51.100.1", 14, false},
		{"255.255.255.255", 14, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gp_addr one = addr(cases[i].addr);

		if (gp_addr_scope(&one) != cases[i].scope ||
		    gp_addr_is_special(&one) != cases[i].special)
			fail_msg("%s: scope %u, special %d", cases[i].addr,
				 gp_addr_scope(&one), gp_addr_is_special(&one));
	}
}

/* RFC 6724 2.2 */
static void test_common_prefix(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned bits;
	} cases[] = {
		{"2001:db8::1", "2001:db8::1", 128},
		{"2001:db8::1", "2001:db8::", 127},
		{"2001:db8::", "2001:db8:8000::", 32},
		{"::", "8000::", 0},
		{"::", "4000::", 1},
		{"192.0.2.1", "192.0.2.1", 32},
		{"192.0.2.0", "192.0.2.128", 24},
		{"0.0.0.0", "128.0.0.0", 0},
		{"192.0.2.1", "::ffff:192.0.2.1", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gp_addr a = addr(cases[i].a), b = addr(cases[i].b);

		assert_int_equal(gp_addr_common_prefix(&a, &b), cases[i].bits);
		assert_int_equal(gp_addr_common_prefix(&b, &a), cases[i].bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_no_family), cmocka_unit_test(test_text),
		cmocka_unit_test(test_scope_tables),     cmocka_unit_test(test_scope),
		cmocka_unit_test(test_common_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
