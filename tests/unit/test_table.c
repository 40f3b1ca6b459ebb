/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy tables: RFC 6724 2.1 and 3, and what glibc makes of a gai.conf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdlib.h>

#include "gaiconf/read.h"
#include "tsv.h"

#define MAX_ROWS 256

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

static int value_of(const struct gp_tables *tables, enum gp_table_kind kind,
		    const char *text)
{
	const struct gp_addr addr = address(text);
	const struct gp_key key = gp_key_make(&addr);

	return gp_tables_value(tables, kind, &key);
}

/* ---- matching ------------------------------------------------------------------------
 */

/* RFC 6724 2.1: the longest matching prefix, in whatever order the rows came. */
static void test_longest_match(void **state)
{
	static const char *const prefixes[] = {"::/0",
					       "2001:db8::/32",
					       "2001:db8::/33",
					       "2001:db8::/64",
					       "2001:db8::/65",
					       "2001:db8::1/128",
					       "2001:db8::2/127",
					       "::ffff:0:0/96",
					       "192.0.2.0/24",
					       "2001:db8:ff::/48",
					       "2001:db8:ffff:ffff:8000::/65"};
	static const struct {
		const char *addr;
		int expected;
	} cases[] = {
		{"2001:db8::1", 5},
		{"2001:db8::2", 6},
		{"2001:db8::3", 6},
		{"2001:db8::4", 4},
		{"2001:db8::8000:0:0:0", 3},
		{"2001:db8:0:1::", 2},
		{"2001:db8:8000::", 1},
		{"2001:db8:ff:1::9", 9},
		{"2001:db9::", 0},
		{"198.51.100.1", 7},
		{"192.0.2.255", 8},
		{"::ffff:192.0.2.1", 8},
		{"::192.0.2.1", 0},
		{"2001:db8:ffff:ffff:8000::1", 10},
		{"2001:db8:ffff:ffff:7fff::1", 1},
	};
	struct gp_row rows[11];
	struct gp_tables tables = {{{rows, 11, false}}};

	(void)state;
	for (size_t i = 0; i < 11; i++) {
		struct gp_prefix prefix;

		assert_int_equal(gp_prefix_parse(prefixes[i], &prefix), GP_OK);
		rows[i] = gp_row_make(GP_TABLE_PRECEDENCE, &prefix, (int)i);
	}
	gp_rows_order(rows, 11);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (value_of(&tables, GP_TABLE_PRECEDENCE, cases[i].addr) !=
		    cases[i].expected)
			fail_msg("%s: row %d, expected %d", cases[i].addr,
				 value_of(&tables, GP_TABLE_PRECEDENCE, cases[i].addr),
				 cases[i].expected);
}

/* Of equal prefixes the first counts; no row at all is what glibc's default rows say. */
static void test_first_and_none(void **state)
{
	struct gp_prefix prefix;
	struct gp_row rows[2];
	struct gp_tables tables = {{{rows, 2, false}}};

	(void)state;
	gp_prefix_parse("2001:db8::/32", &prefix);
	rows[0] = gp_row_make(GP_TABLE_PRECEDENCE, &prefix, 7);
	rows[1] = gp_row_make(GP_TABLE_PRECEDENCE, &prefix, 8);
	gp_rows_order(rows, 2);
	assert_int_equal(value_of(&tables, GP_TABLE_PRECEDENCE, "2001:db8::1"), 7);
	assert_int_equal(value_of(&tables, GP_TABLE_PRECEDENCE, "2001:db9::1"), 40);
	assert_int_equal(value_of(&tables, GP_TABLE_LABEL, "2001:db8::1"), 1);
	assert_int_equal(value_of(&tables, GP_TABLE_SCOPEV4, "192.0.2.1"), 14);
}

static void test_row_prefix(void **state)
{
	static const struct {
		enum gp_table_kind kind;
		const char *prefix, *expected;
	} cases[] = {
		{GP_TABLE_LABEL, "2001:db8::1/32", "2001:db8::1/32"},
		{GP_TABLE_PRECEDENCE, "::/0", "::/0"},
		{GP_TABLE_PRECEDENCE, "192.0.2.0/24", "::ffff:192.0.2.0/120"},
		{GP_TABLE_SCOPEV4, "192.0.2.1/24", "192.0.2.0/24"},
		{GP_TABLE_SCOPEV4, "::ffff:192.0.2.1/120", "192.0.2.0/24"},
		{GP_TABLE_SCOPEV4, "0.0.0.0/0", "0.0.0.0/0"},
		{GP_TABLE_SCOPEV4, "192.0.2.1", "192.0.2.1/32"},
	};
	char text[GP_PREFIX_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_prefix prefix;
		struct gp_row row;

		assert_int_equal(gp_prefix_parse(cases[i].prefix, &prefix), GP_OK);
		row = gp_row_make(cases[i].kind, &prefix, 1);
		prefix = gp_row_prefix(cases[i].kind, &row);
		assert_string_equal(gp_prefix_format(&prefix, text), cases[i].expected);
	}
}

/* ---- profiles ------------------------------------------------------------------------
 */

static size_t profile_rows[GP_PROFILE_COUNT];

static bool has_row(const struct gp_table *table, enum gp_table_kind kind,
		    const char *prefix, int value)
{
	char text[GP_PREFIX_TEXT];

	for (size_t i = 0; i < table->count; i++) {
		const struct gp_prefix is = gp_row_prefix(kind, &table->rows[i]);
		struct gp_prefix wanted;

		if (gp_prefix_parse(prefix, &wanted))
			fail_msg("%s is no prefix", prefix);
		gp_prefix_format(&wanted, text);
		if (is.length == wanted.length && gp_addr_equal(&is.addr, &wanted.addr) &&
		    table->rows[i].value == value)
			return true;
	}
	return false;
}

/* glibc has no precedence rows for three of its labels: ::/0 gives what they say. */
static void visit_policy(char *column[TSV_COLUMNS])
{
	const char *name = !strcmp(column[0], "update") ? "rfc6724-update" : column[0];
	struct gp_tables tables;
	enum gp_profile profile;
	char first[INET6_ADDRSTRLEN];

	if (gp_profile_parse(name, &profile))
		return;
	profile_rows[profile]++;
	tables = gp_profile_tables(profile);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(column[1], "/"), column[1]);
	if (!has_row(&tables.kind[GP_TABLE_PRECEDENCE], GP_TABLE_PRECEDENCE, column[1],
		     atoi(column[2])) &&
	    (profile != GP_PROFILE_GLIBC ||
	     value_of(&tables, GP_TABLE_PRECEDENCE, first) != atoi(column[2])))
		fail_msg("%s: precedence of %s", name, column[1]);
	if (!has_row(&tables.kind[GP_TABLE_LABEL], GP_TABLE_LABEL, column[1],
		     atoi(column[3])))
		fail_msg("%s: label of %s", name, column[1]);
}

static void test_profiles(void **state)
{
	enum gp_profile profile;

	(void)state;
	assert_true(tsv_each("policies.tsv", 5, visit_policy) > 50);
	for (unsigned i = 0; i < GP_PROFILE_COUNT; i++) {
		const struct gp_tables tables = gp_profile_tables((enum gp_profile)i);

		assert_int_equal(tables.kind[GP_TABLE_LABEL].count, profile_rows[i]);
		assert_int_equal(
			gp_profile_parse(gp_profile_name((enum gp_profile)i), &profile),
			GP_OK);
		assert_int_equal(profile, i);
		for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
			for (size_t at = 1; at < tables.kind[kind].count; at++)
				assert_true(tables.kind[kind].rows[at - 1].length >=
					    tables.kind[kind].rows[at].length);
	}
	assert_int_equal(gp_tables_value(&(struct gp_tables){0}, GP_TABLE_LABEL,
					 &(struct gp_key){{0, 0}}),
			 1);
	assert_null(gp_profile_name(GP_PROFILE_COUNT));
	assert_null(gp_table_kind_name(GP_TABLE_KINDS));
	assert_int_equal(gp_profile_parse("rfc672", &profile), GP_NOTFOUND);
}

/* RFC 6724 3.1 to 3.3; RFC 3484's site-local IPv4 is not glibc's. */
static void visit_scope(char *column[TSV_COLUMNS])
{
	const struct gp_tables tables = gp_profile_tables(GP_PROFILE_GLIBC);
	struct gp_prefix prefix;

	if (!strcmp(column[0], "rfc3484") || !strcmp(column[3], "mc"))
		return;
	assert_int_equal(gp_prefix_parse(column[2], &prefix), GP_OK);
	if (prefix.length == 0)
		prefix.addr = address(prefix.addr.family == AF_INET ? "192.0.2.1"
								    : "2001:db8::1");
	if (gp_tables_scope(&tables, &prefix.addr) != (unsigned)atoi(column[3]))
		fail_msg("%s: scope %u", column[2],
			 gp_tables_scope(&tables, &prefix.addr));
}

static void test_scopes(void **state)
{
	const struct gp_tables tables = gp_profile_tables(GP_PROFILE_RFC6724);
	const struct gp_addr mapped = address("::ffff:169.254.1.1");
	const struct gp_addr admin = address("ff04::1");

	(void)state;
	assert_true(tsv_each("scopes.tsv", 5, visit_scope) >= 20);
	assert_int_equal(gp_tables_scope(&tables, &mapped), 14);
	assert_int_equal(gp_tables_scope(&tables, &admin), 4);
}

/* ---- gai.conf ------------------------------------------------------------------------
 */

/* What an .expected file says; rows as text, in the order of the match. */
struct expected {
	char glibc[32];
	int is_builtin[GP_TABLE_KINDS], reload;
	size_t count[GP_TABLE_KINDS];
	char prefix[GP_TABLE_KINDS][MAX_ROWS][GP_PREFIX_TEXT];
	int value[GP_TABLE_KINDS][MAX_ROWS];
};

static void read_expected_row(struct expected *out, const char *word, const char *line)
{
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		const size_t at = out->count[kind];

		if (strcmp(word, gp_table_kind_name((enum gp_table_kind)kind)) != 0)
			continue;
		assert_true(at < MAX_ROWS);
		assert_int_equal(sscanf(line, "%*s %49s %d", out->prefix[kind][at],
					&out->value[kind][at]),
				 2);
		out->count[kind]++;
	}
}

static bool read_expected(const char *path, struct expected *out)
{
	char line[256], word[32];
	FILE *file = fopen(path, "r");

	*out = (struct expected){.reload = -1};
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || sscanf(line, "%31s", word) != 1)
			continue;
		if (!strcmp(word, "glibc-2.36"))
			sscanf(line, "%*s %31s", out->glibc);
		else if (!strcmp(word, "labels_default"))
			sscanf(line, "%*s %d", &out->is_builtin[GP_TABLE_LABEL]);
		else if (!strcmp(word, "precedence_default"))
			sscanf(line, "%*s %d", &out->is_builtin[GP_TABLE_PRECEDENCE]);
		else if (!strcmp(word, "scopes_default"))
			sscanf(line, "%*s %d", &out->is_builtin[GP_TABLE_SCOPEV4]);
		else if (!strcmp(word, "reload"))
			sscanf(line, "%*s %d", &out->reload);
		else
			read_expected_row(out, word, line);
	}
	fclose(file);
	return true;
}

static void check_table(const char *name, enum gp_table_kind kind,
			const struct gp_table *table, const struct expected *expected)
{
	char text[GP_PREFIX_TEXT];

	if (table->is_builtin != expected->is_builtin[kind] ||
	    table->count != expected->count[kind])
		fail_msg("%s: %s has %zu rows, expected %zu", name,
			 gp_table_kind_name(kind), table->count, expected->count[kind]);
	for (size_t i = 0; i < table->count; i++) {
		const struct gp_prefix prefix = gp_row_prefix(kind, &table->rows[i]);

		gp_prefix_format(&prefix, text);
		/* The built-in tables are in an order of their own. */
		if (table->is_builtin
			    ? !has_row(table, kind, expected->prefix[kind][i],
				       expected->value[kind][i])
			    : strcmp(text, expected->prefix[kind][i]) != 0 ||
				      table->rows[i].value != expected->value[kind][i])
			fail_msg("%s: %s row %zu is %s %d, expected %s %d", name,
				 gp_table_kind_name(kind), i, text, table->rows[i].value,
				 expected->prefix[kind][i], expected->value[kind][i]);
	}
}

/* In memory of its own size, so that a sanitizer sees what is read behind it. */
static char *slurp(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	char *text;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	text = malloc(*size ? *size : 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, *size, file), *size);
	fclose(file);
	return text;
}

static void check_case(const char *path, enum gp_gai_dialect dialect,
		       const struct expected *expected)
{
	struct gp_row *rows;
	struct gp_gai gai;
	size_t size, needed = 4711;
	char *text = slurp(path, &size);

	errno = 4711;
	if (gp_gai_read(text, size, dialect, NULL, 0, &gai, &needed))
		assert_true(needed > 0);
	assert_int_not_equal(needed, 4711);
	rows = malloc(needed ? needed * sizeof(*rows) : 1);
	if (needed)
		assert_int_equal(
			gp_gai_read(text, size, dialect, rows, needed - 1, &gai, NULL),
			GP_RANGE);
	assert_int_equal(gp_gai_read(text, size, dialect, rows, needed, &gai, NULL),
			 GP_OK);
	assert_int_equal(errno, 4711);
	if (gai.reload != (expected->reload == 1))
		fail_msg("%s: reload %d", path, gai.reload);
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		check_table(path, (enum gp_table_kind)kind, &gai.tables.kind[kind],
			    expected);
	free(rows);
	free(text);
}

static void test_gaiconf_cases(void **state)
{
	static struct expected expected, older;
	size_t differing = 0;
	glob_t files;

	(void)state;
	assert_int_equal(glob(TEST_DATA "/gaiconf-cases/*.conf", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 50);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];
		const int stem = (int)strlen(path) - 5;
		char name[512];

		snprintf(name, sizeof(name), "%.*s.expected", stem, path);
		assert_true(read_expected(name, &expected));
		check_case(path, GP_GAI_SINCE_2_41, &expected);
		snprintf(name, sizeof(name), "%.*s.expected-2.36", stem, path);
		if (!strcmp(expected.glibc, "same"))
			check_case(path, GP_GAI_BEFORE_2_41, &expected);
		if (strcmp(expected.glibc, "differs") != 0)
			continue;
		assert_true(read_expected(name, &older));
		check_case(path, GP_GAI_BEFORE_2_41, &older);
		differing++;
	}
	assert_int_equal(differing, 3);
	globfree(&files);
}

/* No file is an empty one, and says what is compiled in. */
static void test_no_file(void **state)
{
	struct gp_gai gai;
	size_t needed = 1;

	(void)state;
	assert_int_equal(gp_gai_read(NULL, 0, GP_GAI_BEFORE_2_41, NULL, 0, &gai, &needed),
			 GP_OK);
	assert_int_equal(needed, 0);
	assert_true(gai.tables.kind[GP_TABLE_LABEL].is_builtin);
	assert_int_equal(value_of(&gai.tables, GP_TABLE_PRECEDENCE, "192.0.2.1"), 10);
	assert_false(gai.reload);
}

/* Where rows come from; rows behind the first ::/0 are none. */
static void test_lines(void **state)
{
	static const char text[] = "# one\n"
				   "precedence ::/0 1\n"
				   "\n"
				   "precedence ::/0 2\n"
				   "precedence fc00::/7 3\n"
				   "label fc00::/7 3";
	struct gp_row rows[4];
	struct gp_gai gai;
	size_t needed;

	(void)state;
	assert_int_equal(gp_gai_read(text, sizeof(text) - 1, GP_GAI_SINCE_2_41, rows, 4,
				     &gai, &needed),
			 GP_OK);
	assert_int_equal(needed, 4);
	assert_int_equal(gai.tables.kind[GP_TABLE_PRECEDENCE].count, 2);
	assert_int_equal(gai.tables.kind[GP_TABLE_PRECEDENCE].rows[0].line, 5);
	assert_int_equal(gai.tables.kind[GP_TABLE_PRECEDENCE].rows[1].line, 2);
	assert_int_equal(gai.tables.kind[GP_TABLE_LABEL].rows[0].line, 6);
	assert_int_equal(gai.tables.kind[GP_TABLE_LABEL].rows[1].line, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_match),
		cmocka_unit_test(test_first_and_none),
		cmocka_unit_test(test_row_prefix),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_gaiconf_cases),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
