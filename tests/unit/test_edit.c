/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows set and deleted: the lines that must change, and no other byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/edit.h"

#define WHY(kind)                                                                        \
	"# The whole " kind " table: one row here drops all that are built into "        \
	"glibc.\n"
#define REST                                                                             \
	"precedence ::/96          20\nprecedence ::ffff:0:0/96  10\n"                   \
	"precedence 2002::/16      30\nprecedence ::/0           40\n"
#define SCOPES                                                                           \
	"scopev4 169.254.0.0/16  2\nscopev4 127.0.0.0/8     2\nscopev4 0.0.0.0/0       " \
	"14\n"

/* An edit as people type it: set KIND PREFIX VALUE, min (the same, --minimal), del KIND
 * PREFIX, reload yes|no. */
struct row {
	const char *before, *edit, *after;
};

static const struct row rows[] = {
	/* the built-in table is written out first, and with it a row of it is changed */
	{"", "set precedence ::1/128 7",
	 WHY("precedence") "precedence ::1/128        7\n" REST},
	{"# x", "set precedence ::1/128 7",
	 "# x\n\n" WHY("precedence") "precedence ::1/128        7\n" REST},
	{"# x\n\n", "set scopev4 10.0.0.0/8 5",
	 "# x\n\n" WHY("scopev4") SCOPES "scopev4 10.0.0.0/8      5\n"},
	{"", "del scopev4 127.0.0.0/8",
	 WHY("scopev4") "scopev4 169.254.0.0/16  2\nscopev4 0.0.0.0/0       14\n"},
	/* it says so already */
	{"", "set precedence ::/0 40", ""},
	{"# x", "set label ::ffff:0:0/96 4", "# x"},
	{"", "del precedence 2001:db8::/32", ""},
	{"", "del label ::/0", ""},
	{"precedence ::1/128 9", "set precedence ::/0 40", "precedence ::1/128 9"},
	/* or not */
	{"", "min precedence ::ffff:0:0/96 100", "precedence ::ffff:0:0/96 100\n"},
	{"", "min label ::/0 1", ""},
	/* the value in its line, and no more */
	{"label\t::1/128\t\t0\t# c\r\n", "set label ::1/128 5",
	 "label\t::1/128\t\t5\t# c\r\n"},
	{"  label 2001:db8::9/32 7#c", "set label 2001:db8::/32 17",
	 "  label 2001:db8::9/32 17#c"},
	{"label ::1/128 +7 x\n", "set label ::1/128 7", "label ::1/128 +7 x\n"},
	/* of several the first counts */
	{"label ::1/128 1\nlabel ::/0 1\nlabel ::1/128 2\n", "set label ::1/128 3",
	 "label ::1/128 3\nlabel ::/0 1\nlabel ::1/128 2\n"},
	{"label ::1/128 1\nlabel ::/0 1\nlabel ::1/128 2\n", "set label ::1/128 1",
	 "label ::1/128 1\nlabel ::/0 1\nlabel ::1/128 2\n"},
	/* a length and a value are always said */
	{"label ::1 4\n", "set label ::1/128 4", "label ::1/128 4\n"},
	{"label ::1 4\n", "set label ::1/128 5", "label ::1/128 5\n"},
	{"label 2001:0db8::/32\r\n", "set label 2001:db8::/32 0",
	 "label 2001:db8::/32 0\r\n"},
	{"label ::/ # c\n", "set label ::/0 3", "label ::/0 3 # c\n"},
	{"scopev4 192.0.2.1 2\n", "set scopev4 192.0.2.1/32 2",
	 "scopev4 192.0.2.1/32 2\n"},
	/* beside its kind, in its style */
	{"label\t::/0\t1\r\nprecedence ::/0 40\r\n", "set label fd00::/8 9",
	 "label\t::/0\t1\r\nlabel\tfd00::/8\t9\r\nprecedence ::/0 40\r\n"},
	{"  label   ::1/128       0\n", "set label fd00::/8 9",
	 "  label   ::1/128       0\n  label   fd00::/8      9\n"},
	{"label ::1/128  0\n", "set label 2001:db8:1:2::/64 9",
	 "label ::1/128  0\nlabel 2001:db8:1:2::/64 9\n"},
	{"label ::/0 1", "set label fd00::/8 9", "label ::/0 1\nlabel fd00::/8 9\n"},
	{"\tlabel ::/0 1\n", "min precedence ::/0 9",
	 "\tlabel ::/0 1\n\tprecedence ::/0 9\n"},
	/* where its kind is explained */
	{"# p\n#precedence ::/0    40\n# s\n", "min precedence ::1/128 9",
	 "# p\n#precedence ::/0    40\nprecedence ::1/128 9\n# s\n"},
	{"#scopev4 ::ffff:0.0.0.0/96\t14\nlabel ::/0 1\n", "set scopev4 0.0.0.0/0 9",
	 "#scopev4 ::ffff:0.0.0.0/96\t14\n\n" WHY(
		 "scopev4") "scopev4 169.254.0.0/16\t2\nscopev4 127.0.0.0/8\t2\nscopev4 "
			    "0.0.0.0/0\t9\nlabel ::/0 1\n"},
	/* not into the known-local block, but what is in there can be changed */
	{"label ::/0 1\n" GP_DOC_BLOCK_BEGIN "\nlabel fd01::/48 14\n" GP_DOC_BLOCK_END
	 "\n",
	 "set label 2001:db8::/32 9",
	 "label ::/0 1\nlabel 2001:db8::/32 9\n" GP_DOC_BLOCK_BEGIN
	 "\nlabel fd01::/48 14\n" GP_DOC_BLOCK_END "\n"},
	{GP_DOC_BLOCK_BEGIN "\nlabel fd01::/48 14\n" GP_DOC_BLOCK_END "\n",
	 "set label fd01::/48 9",
	 GP_DOC_BLOCK_BEGIN "\nlabel fd01::/48 9\n" GP_DOC_BLOCK_END "\n"},
	/* all rows of a prefix go; comments stay */
	{"label ::1/128 1 # c\n# d\nlabel ::/0 1\nlabel ::1 2", "del label ::1/128",
	 "# d\nlabel ::/0 1\n"},
	{"label fd00::/8 9\n", "del label fd00::/8", ""},
	{"label fd00::/8 9\nlabel ::/0 3\n", "del label ::/0", "label fd00::/8 9\n"},
	/* IPv4 in the tables of IPv6 */
	{"precedence ::/0 40\n", "set precedence 192.0.2.0/24 5",
	 "precedence ::/0 40\nprecedence ::ffff:192.0.2.0/120 5\n"},
	/* reload: the last line counts */
	{"# c", "reload yes", "# c\nreload yes\n"},
	{"# c\n", "reload no", "# c\n"},
	{"reload yes\nreload  no # c\n", "reload yes", "reload yes\nreload  yes # c\n"},
	{"reload YES\r\n", "reload no", "reload YES\r\n"},
	{"reload YES\r\n", "reload yes", "reload yes\r\n"},
	{"reload # c\n", "reload yes", "reload yes # c\n"},
	{"reload", "reload yes", "reload yes"},
};

static struct gp_row parse_row(enum gp_table_kind kind, const char *prefix, int value)
{
	struct gp_prefix is;

	if (gp_prefix_parse(prefix, &is) != GP_OK)
		fail_msg("%s", prefix);
	return gp_row_make(kind, &is, value);
}

static void apply(struct gp_doc *doc, const char *edit)
{
	char verb[16], kind_name[16], prefix[64] = "";
	enum gp_table_kind kind = GP_TABLE_PRECEDENCE;
	int value = 0;

	assert_true(sscanf(edit, "%15s %15s %63s %d", verb, kind_name, prefix, &value) >
		    1);
	if (!strcmp(verb, "reload")) {
		gp_edit_reload(doc, !strcmp(kind_name, "yes"));
		return;
	}
	while (strcmp(kind_name, gp_table_kind_name(kind)) != 0)
		kind++;
	const struct gp_row row = parse_row(kind, prefix, value);
	if (!strcmp(verb, "del"))
		gp_edit_delete(doc, kind, &row);
	else
		gp_edit_set(doc, kind, &row, !strcmp(verb, "min"));
}

/* In front of the rest, which is untouched: twice is as good as once. */
static void check(const struct row *row, const char *before)
{
	struct gp_doc *doc;
	char *bytes;
	size_t size;

	assert_int_equal(gp_doc_parse(before, strlen(before), GP_GAI_BEFORE_2_41, &doc),
			 GP_OK);
	apply(doc, row->edit);
	assert_int_equal(gp_doc_write(doc, &bytes, &size), GP_OK);
	if (strcmp(bytes, row->after) != 0)
		fail_msg("%s in\n%s\nexpected:\n%s\nseen:\n%s", row->edit, before,
			 row->after, bytes);
	free(bytes);
	gp_doc_free(doc);
}

static void test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(&rows[i], rows[i].before);
		check(&rows[i], rows[i].after);
	}
}

/* ---- whole tables ------------------------------------------------------------------ */

#define LABEL                                                                            \
	"label ::1/128 0\nlabel ::/96 3\nlabel ::ffff:0:0/96 4\nlabel 2001::/32 7\n"     \
	"label 2002::/16 2\nlabel fec0::/10 5\nlabel fc00::/7 6\nlabel ::/0 1\n"

/* The label table of WANTED into BEFORE. */
static const struct row wholes[] = {
	/* the same already, in other words */
	{"", "", ""},
	{"", LABEL, ""},
	{LABEL, "", LABEL},
	{"label ::1/128 4\nlabel ::1/128 5\n", "label ::/0 1\nlabel ::1/128 4 #\n",
	 "label ::1/128 4\nlabel ::1/128 5\n"},
	{"label ::/0 1\n", "label ::/0 1\n", "label ::/0 1\n"},
	/* one line */
	{"# a\nlabel ::1/128 4\nlabel fd00::/8 9 # b\n",
	 "label ::1/128 5\nlabel fd00::/8 9\n",
	 "# a\nlabel ::1/128 5\nlabel fd00::/8 9 # b\n"},
	{"# a\nlabel ::1/128 4\n# b\n", "label ::1/128 4\nlabel fd00::/8 9\n",
	 "# a\nlabel ::1/128 4\nlabel fd00::/8 9\n# b\n"},
	{"label ::1/128 4\n# b\nlabel fd00::/8 9\n", "label ::1/128 4\n",
	 "label ::1/128 4\n# b\n"},
	{"label ::1/128 4\nlabel ::/0 3\n", "label ::1/128 4\n",
	 "label ::1/128 4\nlabel ::/0 1\n"},
	/* nothing left but what glibc adds: then it must be said */
	{"label ::1/128 4\n", "label ::/0 1\n", "label ::/0 1\n"},
	/* the built-in table: back by no line at all, or by few */
	{"label ::1/128 4\n# b\n", "", "# b\n"},
	{"# b\n" LABEL "label fd00::/8 9\n", "", "# b\n" LABEL},
	{GP_DOC_BLOCK_BEGIN "\nlabel fd01::/48 14\n" GP_DOC_BLOCK_END "\n", LABEL,
	 GP_DOC_BLOCK_BEGIN
	 "\nlabel fd01::/48 14\n" GP_DOC_BLOCK_END "\n"
	 "label ::1/128 0\nlabel ::/96 3\nlabel ::ffff:0:0/96 4\nlabel 2001::/32 7\n"
	 "label 2002::/16 2\nlabel fec0::/10 5\nlabel fc00::/7 6\n"},
	/* where there was none */
	{"# a\n", "label ::1/128 4\nlabel ::/0 5\n",
	 "# a\n\n" WHY("label") "label ::1/128  4\nlabel ::/0     5\n"},
	/* lines that say it to some glibcs only */
	{"label ::1 4\nlabel ::/0 1\n", "label ::1/128 4\n",
	 "label ::1/128 4\nlabel ::/0 1\n"},
};

static void make_equal(const struct row *row, const char *before)
{
	struct gp_gai_tables wanted;
	struct gp_doc *doc;
	char *bytes;
	size_t size;

	assert_int_equal(gp_gai_tables_read(row->edit, strlen(row->edit),
					    GP_GAI_BEFORE_2_41, &wanted),
			 GP_OK);
	assert_int_equal(gp_doc_parse(before, strlen(before), GP_GAI_BEFORE_2_41, &doc),
			 GP_OK);
	assert_int_equal(gp_edit_table(doc, GP_TABLE_LABEL,
				       &wanted.gai.tables.kind[GP_TABLE_LABEL]),
			 GP_OK);
	assert_int_equal(gp_doc_write(doc, &bytes, &size), GP_OK);
	if (strcmp(bytes, row->after) != 0)
		fail_msg("to\n%s\nin\n%s\nexpected:\n%s\nseen:\n%s", row->edit, before,
			 row->after, bytes);
	free(bytes);
	gp_doc_free(doc);
	gp_gai_tables_free(&wanted);
}

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		make_equal(&wholes[i], wholes[i].before);
		make_equal(&wholes[i], wholes[i].after);
	}
}

/* What --minimal says, and lint: the row for all the rest is never lost. */
static void test_lost(void **state)
{
	static const char text[] = "label ::1/128 9\nlabel fc00::9/7 1\n";
	const struct gp_row *lost[GP_BUILTIN_MAX];
	struct gp_gai_tables tables;

	(void)state;
	assert_int_equal(
		gp_gai_tables_read(text, strlen(text), GP_GAI_SINCE_2_41, &tables),
		GP_OK);
	assert_int_equal(gp_edit_lost(GP_TABLE_LABEL,
				      &tables.gai.tables.kind[GP_TABLE_LABEL], lost),
			 5);
	assert_int_equal(lost[4]->value, 5);
	assert_int_equal(gp_edit_lost(GP_TABLE_PRECEDENCE,
				      &tables.gai.tables.kind[GP_TABLE_PRECEDENCE], lost),
			 0);
	gp_gai_tables_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
