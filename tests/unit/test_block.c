/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The known-local block of a gai.conf: all else stays, and a change by hand is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/block.h"

static struct gp_prefix prefix(const char *text)
{
	struct gp_prefix out;

	if (gp_prefix_parse(text, &out))
		fail_msg("%s is no prefix", text);
	return out;
}

static enum gp_block_state look(const char *text, size_t size, size_t *count)
{
	struct gp_prefix prefixes[8];
	enum gp_block_state state;
	struct gp_doc *doc;

	assert_int_equal(gp_doc_parse(text, size, GP_GAI_BEFORE_2_41, &doc), GP_OK);
	state = gp_block_look(doc, prefixes, 8, count);
	gp_doc_free(doc);
	return state;
}

/* TEXT with a block for these, malloc'd. */
static char *set(const char *text, size_t text_size, size_t *size,
		 const char *const *names)
{
	struct gp_prefix prefixes[8];
	struct gp_doc *doc;
	size_t count = 0;
	char *out;

	for (; names[count]; count++)
		prefixes[count] = prefix(names[count]);
	assert_int_equal(gp_doc_parse(text, text_size, GP_GAI_BEFORE_2_41, &doc), GP_OK);
	assert_int_equal(gp_block_set(doc, prefixes, count), count && !text_size);
	assert_int_equal(gp_doc_write(doc, &out, size), GP_OK);
	gp_doc_free(doc);
	return out;
}

static const char *const none[] = {NULL};
static const char *const one[] = {"fd12:3456:789a::/48", NULL};
static const char *const two[] = {"fd00::/40", "fd12:3456:789a::/48", NULL};

/* Files with rows of both kinds: nothing of them changes, and with the block gone they
 * are what they were. */
static const struct {
	const char *text;
	size_t size;
} files[] = {
#define FILE_OF(text)                                                                    \
	{                                                                                \
		text, sizeof(text) - 1                                                   \
	}
	FILE_OF("precedence ::/0 40\nlabel ::/0 1\n"),
	FILE_OF("precedence ::/0 40\r\nlabel ::/0 1\r\n"),
	FILE_OF("# a\n\nlabel ::/0 1 \n\tprecedence  ::/0\t40\nreload yes\n\n\n"),
	FILE_OF("precedence ::/0 40\nlabel ::/0 1\n\0rubbish\377\n"),
};

static void test_around(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t size, count;
		char *with = set(files[i].text, files[i].size, &size, one), *other;

		assert_true(size > files[i].size);
		assert_memory_equal(with, files[i].text, files[i].size);
		assert_int_equal(look(with, size, &count), GP_BLOCK_OURS);
		assert_int_equal(count, 1);
		other = set(with, size, &size, two);
		free(with);
		assert_int_equal(look(other, size, &count), GP_BLOCK_OURS);
		assert_int_equal(count, 2);
		with = set(other, size, &size, none);
		free(other);
		assert_int_equal(look(with, size, &count), GP_BLOCK_NONE);
		assert_int_equal(size, files[i].size);
		assert_memory_equal(with, files[i].text, size);
		free(with);
	}
}

/* In a file without rows the built-in tables are written out: the block's rows alone
 * would drop them. */
static void test_tables(void **state)
{
	const struct gp_tables builtin = gp_profile_tables(GP_PROFILE_GLIBC);
	const char *const probes[] = {"::1",       "2002::1",     "2001::1",
				      "fc00::1",   "fec0::1",     "::2",
				      "192.0.2.1", "2001:db8::1", "fd12:3456:789b::1"};
	struct gp_gai_tables tables;
	struct gp_addr addr;
	struct gp_key key;
	size_t size;
	char *text = set("", 0, &size, one);

	(void)state;
	assert_int_equal(gp_gai_tables_read(text, size, GP_GAI_BEFORE_2_41, &tables),
			 GP_OK);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		assert_int_equal(gp_addr_parse(probes[i], &addr), GP_OK);
		key = gp_key_make(&addr);
		for (unsigned kind = 0; kind < GP_TABLE_SCOPEV4; kind++)
			assert_int_equal(gp_tables_value(&tables.gai.tables,
							 (enum gp_table_kind)kind, &key),
					 gp_tables_value(&builtin,
							 (enum gp_table_kind)kind, &key));
	}
	assert_int_equal(gp_addr_parse("fd12:3456:789a:1::1", &addr), GP_OK);
	key = gp_key_make(&addr);
	assert_int_equal(gp_tables_value(&tables.gai.tables, GP_TABLE_PRECEDENCE, &key),
			 45);
	assert_int_equal(gp_tables_value(&tables.gai.tables, GP_TABLE_LABEL, &key), 14);
	gp_gai_tables_free(&tables);
	free(text);
}

/* ---- by hand ---- */

static char *replaced(const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);
	char *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, with,
			     at + strlen(what)) > 0);
	return out;
}

static const struct {
	const char *why, *what, *with;
	enum gp_block_state state;
} edits[] = {
	{"outside", "precedence ::/0 40", "precedence ::/0 41", GP_BLOCK_OURS},
	{"blanks behind a mark", "v6guardd)\n", "v6guardd) \n", GP_BLOCK_OURS},
	{"a value", "789a::/48 45", "789a::/48 46", GP_BLOCK_EDITED},
	{"a blank", "789a::/48 45", "789a::/48  45", GP_BLOCK_EDITED},
	{"a row more", "# end known", "label fd00:2::/48 14\n# end known",
	 GP_BLOCK_EDITED},
	{"a comment more", "label fd12", "# mine\nlabel fd12", GP_BLOCK_EDITED},
	{"a row less", "label fd12:3456:789a::/48 14\n", "", GP_BLOCK_EDITED},
	{"the digest's line", "ends that.", "ends.", GP_BLOCK_EDITED},
	{"no digest", "# Rows of [gai]", "label ::1/128 0\n# Rows of [gai]",
	 GP_BLOCK_EDITED},
	{"no end", "# end known-local\n", "", GP_BLOCK_NONE},
	{"no begin", GP_DOC_BLOCK_BEGIN "\n", "", GP_BLOCK_NONE},
	{"two blocks", "label ::/0 1",
	 GP_DOC_BLOCK_BEGIN "\n" GP_DOC_BLOCK_END "\nlabel ::/0 1", GP_BLOCK_EDITED},
	{"an empty one at its end", "# end known-local",
	 "# end known-local\n" GP_DOC_BLOCK_BEGIN "\n" GP_DOC_BLOCK_END, GP_BLOCK_EDITED},
};

static void test_by_hand(void **state)
{
	size_t size, count;
	char *text = set(files[0].text, files[0].size, &size, one);

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *edited = replaced(text, edits[i].what, edits[i].with);

		if (look(edited, strlen(edited), &count) != edits[i].state)
			fail_msg("%s", edits[i].why);
		free(edited);
	}
	free(text);
}

/* An editor that writes other ends of lines changes nothing. */
static void test_line_ends(void **state)
{
	size_t size, count, at = 0;
	char *text = set(files[0].text, files[0].size, &size, two), other[2048];

	(void)state;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			other[at++] = '\r';
		other[at++] = text[i];
	}
	assert_int_equal(look(other, at, &count), GP_BLOCK_OURS);
	assert_int_equal(count, 2);
	assert_int_equal(look(text, size - 1, &count), GP_BLOCK_OURS);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
