/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's address labels: from a captured answer, damaged ones, and a kernel; and
 * how libc's labels are beside them (RFC 6724 2.1, rules 5 and 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "netns.h"
#include "rfc6724/label.h"

static struct gp_prefix prefix(const char *text)
{
	struct gp_prefix out;

	if (gp_prefix_parse(text, &out))
		fail_msg("%s is no prefix", text);
	return out;
}

/* ---- messages ------------------------------------------------------------------------
 */

static uint8_t captured[4096];
static size_t captured_size;

/* The answer of Linux 6.18 in a new network namespace, little endian. */
static void read_captured(void)
{
	FILE *file = fopen(TEST_DATA "/addrlabel.bin", "rb");

	assert_non_null(file);
	captured_size = fread(captured, 1, sizeof(captured), file);
	fclose(file);
	assert_int_equal(captured_size, 580);
}

static const struct {
	const char *prefix;
	uint32_t label;
} kernel_default[] = {
	{"::1/128", 0},      {"::/96", 3},      {"::ffff:0:0/96", 4}, {"2001::/32", 6},
	{"2001:10::/28", 7}, {"3ffe::/16", 12}, {"2002::/16", 2},     {"fec0::/10", 11},
	{"fc00::/7", 5},     {"::/0", 1},
};
#define DEFAULTS (sizeof(kernel_default) / sizeof(kernel_default[0]))

static bool is_default(const struct gp_labels *labels)
{
	if (labels->count != DEFAULTS || labels->bound || labels->is_cut)
		return false;
	for (size_t i = 0; i < DEFAULTS; i++) {
		const struct gp_prefix want = prefix(kernel_default[i].prefix);

		if (labels->rows[i].label != kernel_default[i].label ||
		    labels->rows[i].prefix.length != want.length ||
		    !gp_addr_equal(&labels->rows[i].prefix.addr, &want.addr))
			return false;
	}
	return true;
}

static void test_captured(void **state)
{
	static struct gp_labels labels;

	(void)state;
	if (htonl(1) == 1)
		skip();
	read_captured();
	gp_labels_hear(&labels, captured, captured_size);
	assert_true(is_default(&labels));
}

/* Cut anywhere, and with any length that lies; a sanitizer sees what is read behind. */
static void test_damage(void **state)
{
	static struct gp_labels labels;
	size_t found = 0;

	(void)state;
	if (htonl(1) == 1)
		skip();
	read_captured();
	for (size_t cut = 0; cut <= 120; cut++)
		for (size_t lie = 0; lie < cut; lie++)
			for (int value = 0; value < 256; value += 51) {
				uint8_t *copy = malloc(cut);

				assert_non_null(copy);
				memcpy(copy, captured, cut);
				copy[lie] = (uint8_t)value;
				labels.count = 0;
				gp_labels_hear(&labels, copy, cut);
				for (size_t i = 0; i < labels.count; i++)
					assert_in_range(labels.rows[i].prefix.length, 0,
							128);
				found += labels.count;
				free(copy);
			}
	assert_true(found > 0);
}

static bool many(void *ctx, int type, gp_source_hear *hear, void *hearer)
{
	const size_t *count = ctx;

	(void)type;
	for (size_t i = 0; i < *count; i++)
		hear(hearer, captured, 56);
	return true;
}

static void test_limit(void **state)
{
	static struct gp_labels labels;
	size_t count = GP_LABELS_MAX;
	const struct gp_source_ops ops = {&count, NULL, many};

	(void)state;
	if (htonl(1) == 1)
		skip();
	read_captured();
	assert_int_equal(gp_labels_read(&ops, &labels), GP_OK);
	count++;
	assert_int_equal(gp_labels_read(&ops, &labels), GP_RANGE);
}

/* ---- comparison ----------------------------------------------------------------------
 */

struct row {
	const char *prefix;
	long label; /* of the kernel's last row, -1: end */
};

static const struct {
	const char *name;
	struct row libc[12], kernel[12];
	/* Prefix by prefix, the longest first: S same, R renamed, D differs. */
	const char *expected;
} cases[] = {
	{"two that are one",
	 {{"fc00::/7", 6}, {"::/0", 1}},
	 {{"fc00::/7", 6}, {"::/0", 1}},
	 "SS"},
	{"other numbers, the same groups",
	 {{"fc00::/7", 6}, {"2001::/32", 7}, {"::/0", 1}},
	 {{"fc00::/7", 5}, {"2001::/32", 6}, {"::/0", 1}},
	 "RRS"},
	{"a group that only libc knows",
	 {{"fd00:1::/48", 14}, {"fc00::/7", 6}, {"::/0", 1}},
	 {{"fc00::/7", 5}, {"::/0", 1}},
	 "DRS"},
	{"... and one that only the kernel knows",
	 {{"::/0", 1}},
	 {{"3ffe::/16", 12}, {"::/0", 1}},
	 "DS"},
	{"one more of a group that differs, differs",
	 {{"::/0", 1}},
	 {{"3ffe::/16", 12}, {"2001:10::/28", 12}, {"::/0", 1}},
	 "DDS"},
	{"put together by libc alone",
	 {{"fd00:1::/48", 6}, {"fd00:2::/48", 6}, {"::/0", 1}},
	 {{"fd00:1::/48", 5}, {"fd00:2::/48", 7}, {"::/0", 1}},
	 "DRS"},
	{"a row that says what the wider one says",
	 {{"2001:db8::/32", 1}, {"::/0", 1}},
	 {{"::/0", 1}},
	 "SS"},
	{"numbers exchanged",
	 {{"2002::/16", 1}, {"::/0", 2}},
	 {{"2002::/16", 2}, {"::/0", 1}},
	 "RR"},
	{"host bits do not count",
	 {{"fd00:1::1/48", 9}, {"::/0", 1}},
	 {{"fd00:1::2/48", 9}, {"::/0", 1}},
	 "SS"},
	{"a kernel's table without a row for the rest",
	 {{"::/0", 1}},
	 {{"fc00::/7", 5}},
	 "DR"},
};

static size_t fill_libc(const struct row *from, struct gp_row *rows)
{
	size_t count = 0;

	for (; from[count].prefix; count++) {
		const struct gp_prefix one = prefix(from[count].prefix);

		rows[count] =
			gp_row_make(GP_TABLE_LABEL, &one, (int32_t)from[count].label);
		rows[count].line = (uint32_t)count + 1;
	}
	gp_rows_order(rows, count);
	return count;
}

static void fill_kernel(const struct row *from, struct gp_labels *out)
{
	out->count = 0;
	for (; from[out->count].prefix; out->count++)
		out->rows[out->count] =
			(struct gp_label){prefix(from[out->count].prefix),
					  (uint32_t)from[out->count].label};
}

static void test_compare(void **state)
{
	static struct gp_labels kernel;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_row rows[12];
		struct gp_label_pair pairs[24];
		const struct gp_table libc = {rows, fill_libc(cases[i].libc, rows),
					      false};
		char got[25] = "";
		size_t count;

		fill_kernel(cases[i].kernel, &kernel);
		assert_int_equal(gp_labels_compare(&libc, &kernel, pairs, 24, &count),
				 GP_OK);
		for (size_t j = 0; j < count; j++)
			got[j] = "SRD"[pairs[j].match];
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s: %s, not %s", cases[i].name, got, cases[i].expected);
	}
}

/* glibc's built-in labels beside those that the kernel comes with. */
static void test_defaults(void **state)
{
	static struct gp_labels kernel;
	const struct gp_tables tables = gp_profile_tables(GP_PROFILE_GLIBC);
	const struct gp_table *libc = &tables.kind[GP_TABLE_LABEL];
	struct gp_label_pair pairs[24];
	size_t count, differs = 0;

	(void)state;
	kernel.count = 0;
	for (size_t i = 0; i < DEFAULTS; i++)
		kernel.rows[kernel.count++] = (struct gp_label){
			prefix(kernel_default[i].prefix), kernel_default[i].label};
	assert_int_equal(gp_labels_compare(libc, &kernel, pairs, 17, &count), GP_RANGE);
	assert_int_equal(gp_labels_compare(libc, &kernel, pairs, 18, &count), GP_OK);
	assert_int_equal(count, 10);
	for (size_t i = 0; i < count; i++) {
		char text[GP_PREFIX_TEXT];

		gp_prefix_format(&pairs[i].prefix, text);
		assert_int_equal(pairs[i].line, 0);
		if (pairs[i].match != GP_LABEL_DIFFERS)
			continue;
		differs++;
		assert_false(pairs[i].is_in_libc);
		assert_true(pairs[i].is_in_kernel);
		assert_int_equal(pairs[i].libc, 1);
		assert_true(!strcmp(text, "3ffe::/16") || !strcmp(text, "2001:10::/28"));
	}
	assert_int_equal(differs, 2);
}

/* ---- the kernel ----------------------------------------------------------------------
 */

static void test_kernel(void **state)
{
	static struct gp_labels labels;
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);

	(void)state;
	need_netns();
	assert_int_equal(gp_labels_read(&ops, &labels), GP_OK);
	assert_true(is_default(&labels));
	assert_true(sh("ip addrlabel add prefix fd00:1::/48 label 4294967294 && "
		       "ip addrlabel add prefix fd00:2::/48 dev v0 label 9"));
	assert_int_equal(gp_labels_read(&ops, &labels), GP_OK);
	assert_int_equal(labels.count, DEFAULTS + 1);
	assert_int_equal(labels.bound, 1);
	for (size_t i = 0; i < labels.count; i++)
		if (labels.rows[i].prefix.length == 48)
			assert_int_equal(labels.rows[i].label, 4294967294U);
	gp_source_close(&sockets);
}

static void test_set(void **state)
{
	static struct gp_labels labels;
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);
	struct gp_label row = {prefix("fd00:9::/48"), 14};
	const struct gp_label mapped = {prefix("::ffff:10.0.0.0/104"), 9};
	size_t found = 0;
	uint32_t label;
	bool is_exact;

	(void)state;
	need_netns();
	assert_int_equal(gp_label_set(&row, true), GP_OK);
	assert_int_equal(gp_labels_read(&ops, &labels), GP_OK);
	for (size_t i = 0; i < labels.count; i++)
		if (labels.rows[i].prefix.length == 48 &&
		    gp_addr_equal(&labels.rows[i].prefix.addr, &row.prefix.addr))
			found++;
	assert_int_equal(found, 1);
	row.label = 15;
	assert_int_equal(gp_label_set(&row, true), GP_CONFLICT);
	assert_int_equal(gp_label_replace(&row), GP_OK);
	assert_int_equal(gp_labels_read(&ops, &labels), GP_OK);
	assert_true(gp_labels_find(&labels, &row.prefix, &label, &is_exact));
	assert_true(label == 15 && is_exact);
	assert_int_equal(gp_label_set(&row, false), GP_OK);
	/* What is not there yet is made, too; without a row of its own the one around it
	 * counts. */
	assert_int_equal(gp_labels_read(&ops, &labels), GP_OK);
	assert_true(gp_labels_find(&labels, &row.prefix, &label, &is_exact));
	assert_true(label == 5 && !is_exact);
	assert_int_equal(gp_label_replace(&row), GP_OK);
	assert_int_equal(gp_label_set(&row, false), GP_OK);
	assert_int_equal(gp_label_replace(&mapped), GP_RANGE);
	assert_int_equal(gp_label_set(&row, false), GP_NOTFOUND);
	gp_source_close(&sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_limit),    cmocka_unit_test(test_compare),
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_set),
	};
	int failed;

	netns_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
