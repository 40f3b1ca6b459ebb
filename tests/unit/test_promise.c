/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Promises about whole tables: which rows decide for a range, what is changed, and that
 * it holds then for every address; of lint's fix as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>

#include "gaiconf/edit.h"
#include "gaiconf/lint.h"
#include "gaiconf/promise.h"
#include "gaiconf_tables.h"
#include "sizes.h"

#define DIALECT GP_GAI_SINCE_2_41
#define IPV4_FIRST "# promise: ::ffff:0:0/96 before 2000::/3"
#define IPV6_FIRST "# promise: 2000::/3 before ::ffff:0:0/96"
#define ULA_LIKE "# promise: fc00::/7 like 2000::/3"
#define ULA_FIRST "# promise: fc00::/7 before ::ffff:0:0/96"

static struct gp_row make_row(const char *text, int32_t value)
{
	struct gp_prefix prefix;

	assert_int_equal(gp_prefix_parse(text, &prefix), GP_OK);
	return gp_row_make(GP_TABLE_LABEL, &prefix, value);
}

static struct gp_promise parse(const char *line)
{
	struct gp_promise promise;

	assert_int_equal(gp_promise_parse(line, strlen(line), &promise), GP_OK);
	return promise;
}

/* What PROMISE changes of TEXT for a row of PREFIX and VALUE: "PREFIX VALUE, ...", and
 * behind a bar the row because of which it is another value. */
static void plan(const char *text, const char *line, const char *prefix, int32_t value,
		 char *out, size_t size)
{
	const struct gp_promise promise = parse(line);
	const struct gp_row wish = make_row(prefix, value);
	const enum gp_table_kind kind = gp_promise_kind(&promise);
	struct gp_promise_plan changes;
	struct gp_gai_tables tables;
	char name[GP_PREFIX_TEXT];

	assert_int_equal(gp_gai_tables_read(text, strlen(text), DIALECT, &tables), GP_OK);
	assert_int_equal(
		gp_promise_plan(&promise, &tables.gai.tables.kind[kind], &wish, &changes),
		GP_OK);
	out[0] = '\0';
	for (size_t i = 0; i < changes.count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%s %d", i ? ", " : "",
			 gp_row_format(kind, &changes.list[i].row, name),
			 (int)changes.list[i].row.value);
	if (changes.against)
		snprintf(out + strlen(out), size - strlen(out), " | %s",
			 gp_row_format(kind, changes.against, name));
	gp_promise_plan_free(&changes);
	gp_gai_tables_free(&tables);
}

static const struct {
	const char *text, *line, *prefix;
	int32_t value;
	const char *expected;
} cases[] = {
	/* libc's own tables: the usual numbers */
	{"", IPV4_FIRST, "::ffff:0:0/96", 100, "::ffff:0:0/96 100"},
	{"", IPV6_FIRST, "::ffff:0:0/96", 10, ""},
	{"", ULA_LIKE, "fc00::/7", 1, "fc00::/7 1"},
	{"", ULA_FIRST, "fc00::/7", 45, ""},
	/* what is so already, by whatever number, is left alone */
	{"precedence ::ffff:0:0/96 41\n", IPV4_FIRST, "::ffff:0:0/96", 100, ""},
	{"precedence ::ffff:0:0/96 40\n", IPV4_FIRST, "::ffff:0:0/96", 100,
	 "::ffff:0:0/96 100"},
	/* the row of the installers */
	{"precedence ::/0 100\n", IPV4_FIRST, "::ffff:0:0/96", 100,
	 "::ffff:0:0/96 110 | ::/0"},
	{"precedence ::/0 99\n", IPV4_FIRST, "::ffff:0:0/96", 100, "::ffff:0:0/96 100"},
	{"precedence 2001:470::/32 100\nprecedence ::ffff:0:0/96 100\n", IPV4_FIRST,
	 "::ffff:0:0/96", 100, "::ffff:0:0/96 110 | 2001:470::/32"},
	/* outside 2000::/3 numbers do not matter */
	{"precedence fd00::/8 200\nprecedence ::ffff:0:0/96 100\n", IPV4_FIRST,
	 "::ffff:0:0/96", 100, ""},
	/* longer rows of IPv4, alone and beside the one for all */
	{"precedence ::ffff:10.0.0.0/104 5\nprecedence ::ffff:0:0/96 100\n", IPV4_FIRST,
	 "::ffff:0:0/96", 100, "::ffff:10.0.0.0/104 100"},
	/* rows that decide nothing change nothing */
	{"precedence ::ffff:0.0.0.0/97 50\nprecedence ::ffff:128.0.0.0/97 50\n"
	 "precedence ::ffff:0:0/96 1\n",
	 IPV4_FIRST, "::ffff:0:0/96", 100, ""},
	{"precedence 2000::/4 9\nprecedence 3000::/4 9\nprecedence 2000::/3 500\n",
	 IPV4_FIRST, "::ffff:0:0/96", 100, ""},
	{"precedence 2001:db8::/32 9\nprecedence 2001:db8::/32 500\nprecedence ::/0 9\n"
	 "precedence ::ffff:0:0/96 10\n",
	 IPV4_FIRST, "::ffff:0:0/96", 100, ""},
	/* the end of the numbers */
	{"precedence ::/0 2147483640\n", IPV4_FIRST, "::ffff:0:0/96", 100,
	 "::ffff:0:0/96 2147483641 | ::/0"},
	{"precedence ::/0 2147483647\nprecedence ::ffff:0:0/96 3\n", IPV4_FIRST,
	 "::ffff:0:0/96", 100, "2000::/3 2147483646, ::ffff:0:0/96 2147483647 | ::/0"},
	/* IPv6 first: below the least of it */
	{"precedence ::ffff:0:0/96 100\n", IPV6_FIRST, "::ffff:0:0/96", 10,
	 "::ffff:0:0/96 10"},
	{"precedence 2001::/32 5\nprecedence ::ffff:0:0/96 10\n", IPV6_FIRST,
	 "::ffff:0:0/96", 10, "::ffff:0:0/96 2 | 2001::/32"},
	{"precedence ::/0 0\n", IPV6_FIRST, "::ffff:0:0/96", 10, "2000::/3 1 | ::/0"},
	/* a label is that of all the rest, for longer rows as well */
	{"label fd00::/8 9\nlabel fd01::/16 1\nlabel ::/0 1\n", ULA_LIKE, "fc00::/7", 1,
	 "fd00::/8 1"},
	{"label fc00::/7 6\nlabel 2001:db8::/32 9\nlabel 2000::/3 5\n", ULA_LIKE,
	 "fc00::/7", 1, "fc00::/7 5 | 2000::/3"},
};

static void test_cases(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		plan(cases[i].text, cases[i].line, cases[i].prefix, cases[i].value, text,
		     sizeof(text));
		if (strcmp(text, cases[i].expected) != 0)
			fail_msg("%s%s: '%s', not '%s'", cases[i].text, cases[i].line,
				 text, cases[i].expected);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *line;
		enum gp_status status;
	} lines[] = {
		{"# a comment", GP_NOTFOUND},
		{"precedence ::/0 1", GP_NOTFOUND},
		{"#promise: ::/1 before 8000::/1", GP_NOTFOUND},
		{IPV4_FIRST, GP_OK},
		{"# promise:\t::/1  before\t8000::/1 \r", GP_OK},
		{"# promise: ::/1 before", GP_SYNTAX},
		{"# promise: ::/1 above 8000::/1", GP_SYNTAX},
		{"# promise: ::/1 before 8000::/1 now", GP_SYNTAX},
		{"# promise: ::/1 before 8000::/129", GP_SYNTAX},
		{"# promise: fc00::/7 like ::/0", GP_SYNTAX},
		{"# promise: ::/0 before fc00::/7", GP_SYNTAX},
		{"# promise: fc00::/7 before fc00::/7", GP_SYNTAX},
	};
	char longest[300] = IPV4_FIRST;
	struct gp_promise promise;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (gp_promise_parse(lines[i].line, strlen(lines[i].line), &promise) !=
		    lines[i].status)
			fail_msg("%s", lines[i].line);
	memset(longest + strlen(longest), ' ', sizeof(longest) - strlen(longest) - 1);
	assert_int_equal(gp_promise_parse(longest, sizeof(longest) - 1, &promise),
			 GP_SYNTAX);
}

/* ---- for every address --------------------------------------------------------------
 */

static struct gp_key next(struct gp_key key)
{
	key.word[0] += !++key.word[1];
	return key;
}

static struct gp_key previous(struct gp_key key)
{
	key.word[0] -= !key.word[1]--;
	return key;
}

/* The first and the last of a row's addresses, and their neighbours. */
static size_t add_points(struct gp_key *points, const struct gp_row *row)
{
	struct gp_key first, last;

	for (int i = 0; i < 2; i++) {
		first.word[i] = row->prefix.word[i] & row->mask.word[i];
		last.word[i] = row->prefix.word[i] | ~row->mask.word[i];
	}
	points[0] = first;
	points[1] = previous(first);
	points[2] = last;
	points[3] = next(last);
	return 4;
}

#define POINTS 2000

struct range {
	int32_t least, most;
};

/* The values of RANGE in TABLE, by looking them up: they change at ends of rows alone. */
static struct range look_up(const struct gp_tables *tables, enum gp_table_kind kind,
			    const struct gp_row *range)
{
	const struct gp_table *table = &tables->kind[kind];
	static struct gp_key points[POINTS];
	struct range found = {INT32_MAX, -1};
	size_t count = add_points(points, range);

	assert_true(4 * table->count + 4 <= POINTS);
	for (size_t i = 0; i < table->count; i++)
		count += add_points(points + count, &table->rows[i]);
	for (size_t i = 0; i < count; i++) {
		int32_t value;

		if (((points[i].word[0] ^ range->prefix.word[0]) & range->mask.word[0]) |
		    ((points[i].word[1] ^ range->prefix.word[1]) & range->mask.word[1]))
			continue;
		value = gp_tables_value(tables, kind, &points[i]);
		found.least = value < found.least ? value : found.least;
		found.most = value > found.most ? value : found.most;
	}
	return found;
}

/* What RANGE has but for the longer rows inside it. */
static int32_t by_and_large(const struct gp_tables *tables, enum gp_table_kind kind,
			    const struct gp_row *range)
{
	const struct gp_table *table = &tables->kind[kind];

	for (size_t i = 0; i < table->count; i++) {
		const struct gp_table one = {&table->rows[i], 1, false};

		if (table->rows[i].length <= range->length &&
		    gp_table_find(&one, &range->prefix))
			return table->rows[i].value;
	}
	return gp_table_fallback(kind);
}

static bool holds(const struct gp_promise *promise, const struct gp_tables *tables)
{
	const enum gp_table_kind kind = gp_promise_kind(promise);
	const struct range one = look_up(tables, kind, &promise->one);

	if (promise->word == GP_PROMISE_LIKE)
		return one.least == one.most &&
		       one.least == by_and_large(tables, kind, &promise->other);
	return one.least > look_up(tables, kind, &promise->other).most;
}

/* TEXT with the promise kept, malloc'd; whether it was before. */
static char *keep(const char *text, const struct gp_promise *promise,
		  const struct gp_row *wish, bool *was_kept)
{
	const enum gp_table_kind kind = gp_promise_kind(promise);
	struct gp_promise_plan changes;
	struct gp_gai_tables tables;
	struct gp_doc *doc;
	char *bytes;
	size_t size;

	assert_int_equal(gp_gai_tables_read(text, strlen(text), DIALECT, &tables), GP_OK);
	assert_int_equal(gp_doc_parse(text, strlen(text), DIALECT, &doc), GP_OK);
	assert_int_equal(
		gp_promise_plan(promise, &tables.gai.tables.kind[kind], wish, &changes),
		GP_OK);
	*was_kept = holds(promise, &tables.gai.tables);
	assert_int_equal(*was_kept, !changes.count);
	for (size_t i = 0; i < changes.count; i++)
		gp_edit_set(doc, kind, &changes.list[i].row, false);
	assert_int_equal(gp_doc_write(doc, &bytes, &size), GP_OK);
	gp_promise_plan_free(&changes);
	gp_gai_tables_free(&tables);
	gp_doc_free(doc);
	return bytes;
}

static const struct {
	const char *line, *prefix;
	int32_t value;
} promises[] = {{IPV4_FIRST, "::ffff:0:0/96", 100}, {IPV6_FIRST, "::ffff:0:0/96", 10},
		{ULA_LIKE, "fc00::/7", 1},          {ULA_FIRST, "fc00::/7", 45},
		{IPV4_FIRST, "2000::/3", 5},        {IPV6_FIRST, "2000::/3", 45}};

static void check_all(const char *name, const char *text)
{
	for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		const struct gp_promise promise = parse(promises[i].line);
		const struct gp_row wish =
			make_row(promises[i].prefix, promises[i].value);
		bool was_kept, is_kept;
		char *once = keep(text, &promise, &wish, &was_kept);
		char *twice = keep(once, &promise, &wish, &is_kept);

		if (!is_kept || strcmp(once, twice) != 0 ||
		    (was_kept && strcmp(text, once) != 0))
			fail_msg("%s, %s by %s:\n%s-- becomes\n%s-- and\n%s", name,
				 promises[i].line, promises[i].prefix, text, once, twice);
		free(once);
		free(twice);
	}
}

/* The fix of equal-precedence is rows, one or more, for either family. */
static void check_fix(const char *text, char *fix, const char *line)
{
	const struct gp_promise promise = parse(line);
	char whole[4 * TABLE_TEXT], *row;
	struct gp_gai_tables tables;
	struct gp_doc *doc;
	char *bytes;
	size_t size;

	snprintf(whole, sizeof(whole), "%s", text);
	assert_int_equal(gp_doc_parse(whole, strlen(whole), DIALECT, &doc), GP_OK);
	while ((row = strsep(&fix, ";"))) {
		const struct gp_gai_line is = gp_gai_line(row, strlen(row), DIALECT);

		assert_int_equal(is.word, GP_GAI_ROW);
		gp_edit_set(doc, is.kind, &is.row, false);
	}
	assert_int_equal(gp_doc_write(doc, &bytes, &size), GP_OK);
	assert_int_equal(gp_gai_tables_read(bytes, size, DIALECT, &tables), GP_OK);
	if (!holds(&promise, &tables.gai.tables))
		fail_msg("lint's fix does not help: %s\n%s-- becomes\n%s", line, text,
			 bytes);
	gp_gai_tables_free(&tables);
	free(bytes);
	gp_doc_free(doc);
}

static size_t fixes;

static void check_lint(const char *text)
{
	struct gp_gai_tables tables;
	struct gp_findings findings;
	struct gp_doc *doc;

	assert_int_equal(gp_gai_tables_read(text, strlen(text), DIALECT, &tables), GP_OK);
	assert_int_equal(gp_doc_parse(text, strlen(text), DIALECT, &doc), GP_OK);
	assert_int_equal(gp_lint(doc, &tables.gai.tables, DIALECT, NULL, &findings),
			 GP_OK);
	for (size_t i = 0; i < findings.count; i++) {
		char *fix = findings.list[i].fix, *other = strstr(fix, ", or ");

		if (strcmp(findings.list[i].code, "equal-precedence") != 0)
			continue;
		assert_non_null(other);
		*other = '\0';
		other += strlen(", or ");
		*strstr(other, " for IPv6 first") = '\0';
		check_fix(text, fix, IPV4_FIRST);
		check_fix(text, other, IPV6_FIRST);
		fixes++;
	}
	gp_findings_free(&findings);
	gp_doc_free(doc);
	gp_gai_tables_free(&tables);
}

static void test_known(void **state)
{
	(void)state;
	tables_read();
	for (size_t i = 0; i < tables_count; i++) {
		check_all(tables_known[i].name, tables_known[i].text);
		check_lint(tables_known[i].text);
	}
	assert_true(fixes > 0);
}

static void test_random(void **state)
{
	unsigned seed = 20261130;
	char text[TABLE_TEXT];

	(void)state;
	fixes = 0;
	for (long at = 0; at < sized(3000, 100000); at++) {
		tables_random(&seed, text);
		check_all("random", text);
		check_lint(text);
	}
	assert_true(fixes > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_words),
		cmocka_unit_test(test_known), cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
