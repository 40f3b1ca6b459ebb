/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is found in a gai.conf, where, and how bad: a case a code and a cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/lint.h"

/* Whole tables, so that nothing but the case's own line is odd. */
#define PRECEDENCE                                                                       \
	"precedence ::1/128 50\nprecedence ::/96 20\nprecedence ::ffff:0:0/96 10\n"      \
	"precedence 2002::/16 30\nprecedence ::/0 40\n"
#define LABEL                                                                            \
	"label ::1/128 0\nlabel ::/96 3\nlabel ::ffff:0:0/96 4\nlabel 2001::/32 7\n"     \
	"label 2002::/16 2\nlabel fec0::/10 5\nlabel fc00::/7 6\nlabel ::/0 1\n"
#define SCOPEV4 "scopev4 169.254.0.0/16 2\nscopev4 127.0.0.0/8 2\nscopev4 0.0.0.0/0 14\n"

/* FOUND: "LINE:COLUMN severity code: fix", a line each; NULL: as before 2.41. */
struct row {
	const char *text, *before, *since;
};

static const struct row rows[] = {
	/* nothing to say */
	{"", "", NULL},
	{"# a comment\n\n  \t# another", "", NULL},
	{PRECEDENCE LABEL SCOPEV4 "reload yes\n", "", NULL},
	{PRECEDENCE "precedence ::ffff:192.0.2.0/120 60 # c\n", "", NULL},
	/* the table is dropped */
	{"precedence ::ffff:0:0/96 100\n",
	 "1:1 warning partial-table: add precedence ::1/128 50; precedence ::/96 20; "
	 "precedence 2002::/16 30\n",
	 NULL},
	{"#\nscopev4 0.0.0.0/0 14\nscopev4 169.254.0.0/16 2\n",
	 "2:1 warning partial-table: add scopev4 127.0.0.0/8 2\n", NULL},
	/* no length: glibc bug 32465 */
	{"scopev4 192.0.2.1 2\n" SCOPEV4,
	 "1:18 fatal missing-length: scopev4 192.0.2.1/32 2\n",
	 "1:18 warning missing-length: scopev4 192.0.2.1/32 2\n"},
	{SCOPEV4 "  scopev4 ::ffff:192.0.2.1 2\n",
	 "4:27 error missing-length: scopev4 192.0.2.1/32 2\n",
	 "4:27 warning missing-length: scopev4 192.0.2.1/32 2\n"},
	{"label 2001:db8::1 2\n" LABEL,
	 "1:18 error missing-length: label 2001:db8::1/128 2\n",
	 "1:18 warning missing-length: label 2001:db8::1/128 2\n"},
	/* lengths and values */
	{LABEL "label 2001:db8::/ 2\n",
	 "9:1 warning duplicate-prefix: remove one of the two\n9:18 error empty-length: "
	 "write a length behind the slash\n",
	 "9:18 error empty-length: write a length behind the slash\n"},
	{LABEL "label 2001:db8::/32\n",
	 "9:20 error empty-value: write a value behind the prefix\n", NULL},
	{LABEL "label 2001:db8::/32 #9\n",
	 "9:20 error empty-value: write a value behind the prefix\n", NULL},
	{LABEL "label 2001:db8::/32 2147483648\n",
	 "9:21 error value-range: write a value from 0 to 2147483647\n", NULL},
	{LABEL "label 2001:db8::/32 -1\n",
	 "9:21 error value-range: write a value from 0 to 2147483647\n", NULL},
	{LABEL "label 2001:db8::/32 99999999999999999999999\n",
	 "9:21 error value-range: write a value from 0 to 2147483647\n", NULL},
	{LABEL "label 2001:db8::/32 0x9\n",
	 "9:21 error value-not-decimal: write decimal digits alone\n", NULL},
	{LABEL "label 2001:db8::/32 +\n",
	 "9:21 error value-not-decimal: write decimal digits alone\n", NULL},
	{LABEL "label 2001:db8::/32 -18446744073709551615\n",
	 "9:21 warning sign: write 1\n", NULL},
	{LABEL "label 2001:db8::/32 +5\n", "9:21 warning sign: write 5\n", NULL},
	{LABEL "label 2001:db8::/129 5\n",
	 "9:18 error length-range: write a length from 0 to 128\n", NULL},
	{LABEL "label 2001:db8::/-1 5\n",
	 "9:18 error length-range: write a length from 0 to 128\n", NULL},
	{SCOPEV4 "scopev4 192.0.2.0/33 5\n",
	 "4:19 error length-range: write a length from 0 to 32\n", NULL},
	{SCOPEV4 "scopev4 ::ffff:192.0.2.0/95 5\n",
	 "4:26 error length-range: write a length from 96 to 128\n", NULL},
	{LABEL "label 2001:db8::/3x 5\n",
	 "9:18 error length-not-decimal: write decimal digits alone\n", NULL},
	{LABEL "label 2001:db8::/+32 5\n", "9:18 warning sign: label 2001:db8::/32 5\n",
	 NULL},
	/* prefixes */
	{LABEL "label 2001:db8::1/32 5\n",
	 "9:7 warning host-bits: label 2001:db8::/32 5\n", NULL},
	{SCOPEV4 "scopev4 192.0.2.1/24 5\n",
	 "4:9 warning host-bits: scopev4 192.0.2.0/24 5\n", NULL},
	{PRECEDENCE "precedence 192.0.2.0/24 5\n",
	 "6:12 error ipv4-literal: precedence ::ffff:192.0.2.0/120 5\n", NULL},
	{LABEL "label 192.0.2.1 5\n",
	 "9:7 error ipv4-literal: label ::ffff:192.0.2.1/128 5\n", NULL},
	{SCOPEV4 "scopev4 2001:db8::/32 5\n",
	 "4:9 error bad-prefix: write a.b.c.d/LENGTH\n", NULL},
	{LABEL "label fe80::1%1/64 5\n",
	 "9:7 error bad-prefix: write it without the zone\n", NULL},
	{LABEL "label 2001:db8::/32/4 5\n",
	 "9:18 error length-not-decimal: write decimal digits alone\n", NULL},
	{LABEL "label all 5\n",
	 "9:7 error bad-prefix: write an IPv6 address, a slash and a length\n", NULL},
	/* rows that do not count */
	{LABEL "label ::ffff:0:0/96 9\n",
	 "9:1 warning duplicate-prefix: remove one of the two\n", NULL},
	{LABEL "label ::/0 9\n", "9:1 warning duplicate-prefix: remove one of the two\n",
	 NULL},
	{LABEL "label 2001:db8::/32 9\nlabel 2001:db8::/33 8\n"
	       "label 2001:db8:8000::/33 8\n",
	 "9:1 warning unreachable-row: remove it\n", NULL},
	{LABEL "label 8000::/1 9\nlabel ::/1 9\n",
	 "8:1 warning unreachable-row: remove it\n", NULL},
	{LABEL "label ::/2 9\nlabel 4000::/2 9\nlabel 8000::/2 9\nlabel e000::/3 9\n", "",
	 NULL},
	{SCOPEV4 "scopev4 255.255.255.254/31 9\nscopev4 255.255.255.254/32 9\n"
		 "scopev4 255.255.255.255/32 9\n",
	 "4:1 warning unreachable-row: remove it\n", NULL},
	{LABEL "label ffff:ffff:ffff:ffff::/63 8\nlabel ffff:ffff:ffff:ffff::/64 8\n",
	 "9:7 warning host-bits: label ffff:ffff:ffff:fffe::/63 8\n", NULL},
	/* words */
	{"Precedence ::/0 40\n", "1:1 error keyword-case: precedence\n", NULL},
	{"RELOAD yes\n", "1:1 error keyword-case: reload\n", NULL},
	{" prefer ipv4\n",
	 "1:2 error unknown-keyword: precedence, label, scopev4 or reload; # for a "
	 "comment\n",
	 NULL},
	/* as a public role writes it */
	{"precendence ::ffff:0:0/96 100\n", "1:1 error unknown-keyword: precedence\n",
	 NULL},
	{"lable ::/0 1\n", "1:1 error unknown-keyword: label\n", NULL},
	{"\xef\xbb\xbfreload yes\n",
	 "1:1 error unknown-keyword: save the file without a byte order mark\n", NULL},
	{LABEL "label 2001:db8::/32 9 what it is  \n",
	 "9:23 warning trailing-text: put a # before it\n", NULL},
	{"reload yes please\n", "1:12 warning trailing-text: put a # before it\n", NULL},
	{"reload yes a b\n", "1:12 warning trailing-text: put a # before it\n", NULL},
	{"reload YES\n", "1:8 error reload-value: reload yes\n", NULL},
	{"reload\n", "1:7 error reload-value: reload yes\n", NULL},
	{"reload no\n", "1:8 warning reload-no: leave the line out\n", NULL},
	/* chance */
	{"precedence ::1/128 50\nprecedence ::/96 20\nprecedence ::ffff:0:0/96 40\n"
	 "precedence 2002::/16 30\nprecedence ::/0 40\n",
	 "3:1 warning equal-precedence: precedence ::ffff:0:0/96 100, or precedence "
	 "::ffff:0:0/96 10 for IPv6 first\n",
	 NULL},
	/* the numbers are those that do it here */
	{"precedence ::1/128 50\nprecedence ::/96 20\nprecedence ::ffff:0:0/96 100\n"
	 "precedence 2002::/16 30\nprecedence 2001::/32 5\nprecedence ::/0 100\n",
	 "3:1 warning equal-precedence: precedence ::ffff:0:0/96 110, or precedence "
	 "::ffff:0:0/96 2 for IPv6 first\n",
	 NULL},
	/* a longer row alone can be equal */
	{"precedence ::1/128 50\nprecedence ::/96 20\nprecedence ::ffff:0:0/96 100\n"
	 "precedence 2002::/16 30\nprecedence ::ffff:10.0.0.0/104 40\n",
	 "5:1 warning equal-precedence: precedence ::ffff:10.0.0.0/104 100, or "
	 "precedence ::ffff:10.0.0.0/104 10; precedence ::ffff:0:0/96 10 for IPv6 "
	 "first\n",
	 NULL},
	/* bytes */
	{"# a\r\n# b\r\n", "1:4 note crlf: end lines with a newline alone\n", NULL},
};

static struct gp_labels *kernel_rows;

static void look(const char *text, size_t size, enum gp_gai_dialect dialect,
		 const struct gp_labels *kernel, struct gp_findings *out)
{
	struct gp_gai_tables tables;
	struct gp_doc *doc;

	assert_int_equal(gp_gai_tables_read(text, size, dialect, &tables), GP_OK);
	assert_int_equal(gp_doc_parse(text, size, dialect, &doc), GP_OK);
	assert_int_equal(gp_lint(doc, &tables.gai.tables, dialect, kernel, out), GP_OK);
	gp_doc_free(doc);
	gp_gai_tables_free(&tables);
}

static void expect(const char *text, size_t size, enum gp_gai_dialect dialect,
		   const struct gp_labels *kernel, const char *expected)
{
	struct gp_findings findings;
	char seen[4096] = "";

	look(text, size, dialect, kernel, &findings);
	for (size_t i = 0; i < findings.count; i++) {
		const struct gp_finding *one = &findings.list[i];
		const size_t used = strlen(seen);

		snprintf(seen + used, sizeof(seen) - used, "%u:%u %s %s: %s\n", one->line,
			 one->column, gp_severity_name(one->severity), one->code,
			 one->fix);
	}
	if (strcmp(seen, expected) != 0)
		fail_msg("in\n%s\nexpected:\n%s\nseen:\n%s", text, expected, seen);
	gp_findings_free(&findings);
}

static void test_findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const size_t size = strlen(row->text);

		expect(row->text, size, GP_GAI_BEFORE_2_41, NULL, row->before);
		expect(row->text, size, GP_GAI_SINCE_2_41, NULL,
		       row->since ? row->since : row->before);
	}
}

static void test_nul(void **state)
{
	static const char text[] = LABEL "label 2001:db8::/32 5\0 6\n";

	(void)state;
	expect(text, sizeof(text) - 1, GP_GAI_BEFORE_2_41, NULL,
	       "9:22 error nul-byte: remove it\n");
	expect("# \0x\n", 5, GP_GAI_BEFORE_2_41, NULL, "");
}

/* As Linux has them: 5 is what libc calls 6. */
static void test_kernel(void **state)
{
	static const struct {
		const char *prefix;
		unsigned label;
	} kernel[] = {{"::1/128", 0},      {"::/96", 3},     {"::ffff:0:0/96", 4},
		      {"2001::/32", 6},    {"2002::/16", 2}, {"fc00::/7", 5},
		      {"2001:10::/28", 7}, {"::/0", 1},      {"2001:db8:1::/48", 9}};

	(void)state;
	kernel_rows = calloc(1, sizeof(*kernel_rows));
	for (size_t i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++) {
		struct gp_label *row = &kernel_rows->rows[kernel_rows->count++];

		assert_int_equal(gp_prefix_parse(kernel[i].prefix, &row->prefix), GP_OK);
		row->label = kernel[i].label;
	}
	expect(LABEL, strlen(LABEL), GP_GAI_BEFORE_2_41, kernel_rows, "");
	expect(LABEL "label 2001:db8:1::/48 9\n", strlen(LABEL) + 24, GP_GAI_BEFORE_2_41,
	       kernel_rows, "");
	expect(LABEL "label 2001:db8:2::/48 9\n", strlen(LABEL) + 24, GP_GAI_BEFORE_2_41,
	       kernel_rows,
	       "9:1 warning kernel-label: ip addrlabel add prefix 2001:db8:2::/48 label "
	       "9\n");
	free(kernel_rows);
}

/* Each fix that is a line is better than what it is for: nothing is said of it. */
static void test_fixes(void **state)
{
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gp_findings findings, again;

		look(rows[i].text, strlen(rows[i].text), GP_GAI_BEFORE_2_41, NULL,
		     &findings);
		for (size_t at = 0; at < findings.count; at++) {
			const char *fix = findings.list[at].fix;
			char text[512];

			if (strncmp(fix, "label ", 6) != 0)
				continue;
			snprintf(text, sizeof(text), LABEL "%s\n", fix);
			look(text, strlen(text), GP_GAI_BEFORE_2_41, NULL, &again);
			if (again.count)
				fail_msg("%s: %s", fix, again.list[0].text);
			gp_findings_free(&again);
			lines++;
		}
		gp_findings_free(&findings);
	}
	assert_true(lines > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_fixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
