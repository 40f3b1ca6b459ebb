/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One change taken out of a file that has gone on: ours goes, theirs stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gaiconf/edit.h"
#include "gaiconf/undo.h"
#include "sizes.h"

#define BLOCK GP_DOC_BLOCK_BEGIN "\nlabel fd00:1::/48 14\n" GP_DOC_BLOCK_END "\n"

static const struct {
	const char *before, *after, *now, *expected;
	size_t left;
} cases[] = {
	/* nobody was there in between */
	{"", "a\nb\n", "a\nb\n", "", 0},
	{"x", "x\na\n", "x\na\n", "x", 0},
	{"x\ny\n", "x\na\ny\n", "x\na\ny\n", "x\ny\n", 0},
	{"x\ny\n", "y\n", "y\n", "x\ny\n", 0},
	{"x\ny\n", "x\n", "x\n", "x\ny\n", 0},
	{"x\n", "", "", "x\n", 0},
	{"x\ny 1\nz\n", "x\ny 2\nz\n", "x\ny 2\nz\n", "x\ny 1\nz\n", 0},
	/* lines of others, around and between */
	{"x\n", "x\na\nb\n", "o\nx\na\np\nb\nq\n", "o\nx\np\nq\n", 0},
	{"x\ny 1\n", "x\ny 2\n", "o\nx\ny 2\np\n", "o\nx\ny 1\np\n", 0},
	{"x\ny\nz\n", "x\nz\n", "x\np\nz\n", "x\ny\np\nz\n", 0},
	/* edited since: theirs */
	{"x\n", "x\na\nb\n", "x\na 9\nb\n", "x\na 9\n", 1},
	{"x\ny 1\n", "x\ny 2\n", "x\ny 3\n", "x\ny 3\n", 1},
	{"y 1\nz 1\n", "y 2\nz 2\n", "y 3\nz 2\n", "y 3\nz 1\n", 1},
	{"y\n", "a\nb\n", "a\nb 9\n", "a\nb 9\n", 2},
	/* most of it is: what looks like ours may be theirs */
	{"", "a\nb\nc\n", "p\nb\nq\n", "p\nb\nq\n", 3},
	/* gone since */
	{"x\n", "x\na\n", "x\n", "x\n", 1},
	/* the block is v6guardd's, and comes and goes without us */
	{"x\n", "x\na\n" BLOCK, "x\na\n" BLOCK, "x\n" BLOCK, 0},
	{"x\n" BLOCK, "x\n", "x\n", "x\n", 0},
	{"", "a\n", "a\n" BLOCK, BLOCK, 0},
};

static char *undo(const char *before, const char *after, const char *now, size_t *left)
{
	char *out;
	size_t size;

	assert_int_equal(gp_undo(&(struct gp_text){before, strlen(before)},
				 &(struct gp_text){after, strlen(after)},
				 &(struct gp_text){now, strlen(now)}, &out, &size, left),
			 GP_OK);
	assert_int_equal(size, strlen(out));
	return out;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t left;
		char *out = undo(cases[i].before, cases[i].after, cases[i].now, &left);

		if (strcmp(out, cases[i].expected) != 0 || left != cases[i].left)
			fail_msg("%zu: '%s', %zu left; not '%s', %zu", i, out, left,
				 cases[i].expected, cases[i].left);
		free(out);
	}
}

/* Whatever a change is: undone at once, every byte is what it was. */
static void test_random(void **state)
{
	static const char *const words[] = {
		"label ::1/128 0\n", "precedence ::/0 40\n", "# x\n", "\n",
		"reload yes\n",      "label fd00::/8 7\r\n"};
	unsigned seed = 20261130;

	(void)state;
	for (long at = 0; at < sized(5000, 200000); at++) {
		char text[2][512] = {"", ""}, *out;
		size_t left;

		for (int i = 0; i < 2; i++)
			for (int lines = rand_r(&seed) % 12; lines; lines--)
				strcat(text[i], words[rand_r(&seed) % 6]);
		if (text[0][0] && rand_r(&seed) % 4 == 0)
			text[0][strlen(text[0]) - 1] = '\0';
		out = undo(text[0], text[1], text[1], &left);
		if (strcmp(out, text[0]) != 0 || left)
			fail_msg("'%s' to '%s': '%s', %zu left", text[0], text[1], out,
				 left);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
					   cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
