/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Known-local prefixes (draft-ietf-6man-rfc6724-update): what routers and interfaces say,
 * and the rows that come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "gaiconf/block.h"
#include "tool/v6guardd/watch/ula.h"
#include "tsv.h"

static struct gp_prefix prefix(const char *text)
{
	struct gp_prefix out;

	if (gp_prefix_parse(text, &out))
		fail_msg("%s is no prefix", text);
	return out;
}

static bool is_fact(enum ula_source source, const char *text)
{
	const struct gp_prefix one = prefix(text);
	struct ula_fact fact;

	return ula_fact_make(source, &one, &fact);
}

/* ---- the draft's numbers ---- */

static void check_number(char *column[TSV_COLUMNS])
{
	const long number = strtol(column[1], NULL, 10);
	const char *key = column[0];
	char text[64];

	if (!strcmp(key, "kl.block")) {
		assert_string_equal(column[1], "fd00::/8");
	} else if (!strcmp(key, "kl.precedence")) {
		assert_int_equal(number, GP_BLOCK_PRECEDENCE);
	} else if (!strcmp(key, "kl.label")) {
		assert_int_equal(number, GP_BLOCK_LABEL);
	} else if (!strcmp(key, "kl.rio.minlen")) {
		snprintf(text, sizeof(text), "fd12:3400::/%ld", number);
		assert_true(is_fact(ULA_ROUTE, text));
		snprintf(text, sizeof(text), "fd12:3400::/%ld", number - 1);
		assert_false(is_fact(ULA_ROUTE, text));
	} else if (!strcmp(key, "kl.pio.len") || !strcmp(key, "kl.addr.len")) {
		const struct gp_prefix one = prefix("fd12:3456:789a:1::1/128");
		struct ula_fact fact;

		assert_true(ula_fact_make(ULA_ADDRESS, &one, &fact));
		assert_int_equal(fact.prefix.length, number);
		assert_true(ula_fact_make(ULA_ONLINK, &one, &fact));
		assert_int_equal(fact.prefix.length, number);
	}
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(tsv_each("known-local.tsv", 3, check_number), 10);
}

/* ---- facts to rows ---- */

static const struct {
	const char *why;
	/* R route, O on link, A address, then the prefix */
	const char *facts[6];
	const char *rows;
} cases[] = {
	{"nothing", {NULL}, ""},
	{"kl.block: fc00::/8, global and link-local ones are none",
	 {"A fc12:3456:789a::1/128", "A 2001:db8::1/128", "O fe80::/64", "A ::1/128"},
	 ""},
	{"kl.addr.len", {"A fd12:3456:789a:1::1/128"}, "fd12:3456:789a::/48"},
	{"kl.pio.len", {"O fd12:3456:789a:1::/64"}, "fd12:3456:789a::/48"},
	{"one of less than /48 has no /48 that covers it", {"O fd12:3456::/40"}, ""},
	{"kl.rio.minlen: its own length",
	 {"R fd12:3456:789a:1::/64", "R fd12:3456::/40", "R fd13::/32"},
	 "fd12:3456::/40 fd12:3456:789a:1::/64"},
	{"kl.priority: what a route covers needs no row",
	 {"A fd12:3456:789a::1/128", "O fd12:3456:789a::/64", "R fd12:3456:7800::/40"},
	 "fd12:3456:7800::/40"},
	{"a route inside a /48 does not cover it",
	 {"A fd12:3456:789a::1/128", "R fd12:3456:789a:8000::/49"},
	 "fd12:3456:789a::/48 fd12:3456:789a:8000::/49"},
	{"a route of /48 is one row with the address in it",
	 {"A fd12:3456:789a::1/128", "R fd12:3456:789a::/48"},
	 "fd12:3456:789a::/48"},
	{"host bits do not count", {"R fd12:3456:789a::1/48"}, "fd12:3456:789a::/48"},
	{"sorted, without doubles",
	 {"A fdff::1/128", "A fd00:1::1/128", "O fd00:1::/64", "A fd00:1::2/128",
	  "A fd00::1/128"},
	 "fd00::/48 fd00:1::/48 fdff::/48"},
};

static void format_rows(const struct ula_rows *rows, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < rows->count; i++) {
		const size_t used = strlen(out);
		char text[GP_PREFIX_TEXT];

		snprintf(out + used, size - used, "%s%s", i ? " " : "",
			 gp_prefix_format(&rows->rows[i], text));
	}
}

static size_t take_facts(const char *const *texts, struct ula_fact *out)
{
	size_t count = 0;

	for (size_t i = 0; i < 6 && texts[i]; i++) {
		const struct gp_prefix one = prefix(texts[i] + 2);
		const enum ula_source source = texts[i][0] == 'R'   ? ULA_ROUTE
					       : texts[i][0] == 'O' ? ULA_ONLINK
								    : ULA_ADDRESS;

		count += ula_fact_make(source, &one, &out[count]);
	}
	return count;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ula_fact facts[6];
		const size_t count = take_facts(cases[i].facts, facts);
		struct ula_rows rows;
		char text[512];

		ula_rows_make(facts, count, &rows);
		format_rows(&rows, text, sizeof(text));
		if (strcmp(text, cases[i].rows) != 0)
			fail_msg("%s: '%s'", cases[i].why, text);
		assert_true(ula_rows_are_valid(&rows));
		assert_true(ula_rows_are_same(&rows, &rows));
	}
}

/* Of too many the smallest stay, whatever order they come in. */
static void test_full(void **state)
{
	struct ula_fact facts[ULA_ROWS + 8];
	const size_t count = ULA_ROWS + 8;
	struct ula_rows up, down;
	char text[64];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "fd00:%zx::/48", i + 1);
		assert_true(ula_fact_make(ULA_ONLINK,
					  &(struct gp_prefix){prefix(text).addr, 48},
					  &facts[i]));
	}
	ula_rows_make(facts, count, &up);
	for (size_t i = 0; i < count / 2; i++) {
		const struct ula_fact one = facts[i];

		facts[i] = facts[count - 1 - i];
		facts[count - 1 - i] = one;
	}
	ula_rows_make(facts, count, &down);
	assert_int_equal(up.count, ULA_ROWS);
	assert_true(ula_rows_are_valid(&up));
	assert_true(ula_rows_are_same(&up, &down));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
