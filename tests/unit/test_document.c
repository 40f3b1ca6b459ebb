/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A gai.conf as its lines: every byte comes back, whatever is done around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/document.h"
#include "sizes.h"

static struct gp_doc *parse(const char *text, size_t size)
{
	struct gp_doc *doc;

	assert_int_equal(gp_doc_parse(text, size, GP_GAI_BEFORE_2_41, &doc), GP_OK);
	return doc;
}

static void expect(struct gp_doc *doc, const char *text, size_t size)
{
	char *bytes;
	size_t length;

	assert_int_equal(gp_doc_write(doc, &bytes, &length), GP_OK);
	if (length != size || memcmp(bytes, text, size) != 0)
		fail_msg("expected \"%s\", seen \"%s\"", text, bytes);
	free(bytes);
}

/* ---- round trip -------------------------------------------------------------------- */

static unsigned seed = 20261125;

static unsigned dice(unsigned sides)
{
	return (unsigned)rand_r(&seed) % sides;
}

/* What files are made of, and what they are not. */
static size_t add_part(char *text)
{
	static const struct {
		const char *bytes;
		size_t size;
	} parts[] = {{"precedence ::/0 40\n", 19},
		     {"label\t::ffff:0:0/96\t4\r\n", 23},
		     {"scopev4 192.0.2.1 2", 19},
		     {"# a comment\n", 12},
		     {"\0", 1},
		     {"\r", 1},
		     {"\n", 1},
		     {"\xff\xfe\xc0", 3},
		     {"\xef\xbb\xbf", 3},
		     {GP_DOC_BLOCK_BEGIN "\n", sizeof(GP_DOC_BLOCK_BEGIN)},
		     {GP_DOC_BLOCK_END "\n", sizeof(GP_DOC_BLOCK_END)},
		     {"reload yes", 10}};
	const unsigned at = dice(sizeof(parts) / sizeof(parts[0]) + 1);

	if (at == sizeof(parts) / sizeof(parts[0])) {
		text[0] = (char)dice(256);
		return 1;
	}
	memcpy(text, parts[at].bytes, parts[at].size);
	return parts[at].size;
}

static void test_round_trip(void **state)
{
	const long files = sized(1000, 10000);
	char text[4096];

	(void)state;
	for (long at = 0; at < files; at++) {
		size_t size = 0;
		struct gp_doc *doc;

		for (unsigned parts = dice(40); parts; parts--)
			size += add_part(text + size);
		doc = parse(text, size);
		expect(doc, text, size);
		gp_doc_free(doc);
	}
}

static void test_long_lines(void **state)
{
	const size_t size = 3 << 20;
	char *text = malloc(size);
	struct gp_doc *doc;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[1 << 20] = '\n';
	doc = parse(text, size);
	expect(doc, text, size);
	assert_int_equal(gp_doc_line(doc, 2)->size, size - (1 << 20) - 1);
	gp_doc_free(doc);
	free(text);
}

/* ---- changes ----------------------------------------------------------------------- */

static void test_changes(void **state)
{
	static const char text[] = "one\r\ntwo\nthree";
	struct gp_doc *doc = parse(text, strlen(text));
	uint32_t at;

	(void)state;
	at = gp_doc_insert(doc, 1, "1a", 2);
	assert_int_equal(gp_doc_line(doc, at)->line, 0);
	assert_int_equal(gp_doc_line(doc, 2)->line, 2);
	gp_doc_insert(doc, 2, "2a", 2);
	gp_doc_insert(doc, 3, "3a", 2);
	gp_doc_insert(doc, 0, "0a", 2);
	expect(doc, "0a\r\none\r\n1a\r\ntwo\n2a\nthree\r\n3a\r\n", 31);
	gp_doc_splice(doc, 2, 1, 1, "WW", 2);
	gp_doc_remove(doc, 1);
	gp_doc_remove(doc, at);
	expect(doc, "0a\r\ntWWo\n2a\nthree\r\n3a\r\n", 23);
	gp_doc_free(doc);
	doc = parse("", 0);
	gp_doc_insert(doc, 0, "label ::/0 1", 12);
	expect(doc, "label ::/0 1\n", 13);
	assert_true(gp_doc_line(doc, 1)->is_sound);
	gp_doc_free(doc);
}

/* The known-local block: between its marks, which must both be there. */
static void test_block(void **state)
{
	static const char text[] =
		"label ::/0 1\n" GP_DOC_BLOCK_END "\n" GP_DOC_BLOCK_BEGIN
		"\n" GP_DOC_BLOCK_BEGIN " \r\nlabel fd00::/48 14\n" GP_DOC_BLOCK_END
		"\nlabel ::1/128 0\n" GP_DOC_BLOCK_BEGIN "x\n" GP_DOC_BLOCK_END
		"\n" GP_DOC_BLOCK_BEGIN "\n";
	static const bool expected[] = {false, false, false, true,  true,
					true,  false, false, false, false};
	struct gp_doc *doc = parse(text, strlen(text));

	(void)state;
	for (uint32_t at = 1; at <= 10; at++)
		if (gp_doc_line(doc, at)->is_block != expected[at - 1])
			fail_msg("line %u", at);
	assert_true(gp_doc_line(doc, gp_doc_insert(doc, 5, "x", 1))->is_block);
	assert_false(gp_doc_line(doc, gp_doc_insert(doc, 6, "x", 1))->is_block);
	gp_doc_free(doc);
}

/* A number that is left out means different things to different glibcs. */
static void test_sound(void **state)
{
	static const struct {
		const char *text;
		bool expected;
	} cases[] = {{"label ::/0 1", true},        {"label ::1 1", false},
		     {"label ::/ 1", false},        {"label ::/0", false},
		     {"label ::/0 #1", false},      {"label ::/0 1x", false},
		     {"Label ::/0 1", false},       {"scopev4 192.0.2.1 2\n", false},
		     {"scopev4 1.2.3.4/32 2", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_doc *doc = parse(cases[i].text, strlen(cases[i].text));

		if (gp_doc_line(doc, 1)->is_sound != cases[i].expected)
			fail_msg("%s", cases[i].text);
		gp_doc_free(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_changes),    cmocka_unit_test(test_block),
		cmocka_unit_test(test_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
