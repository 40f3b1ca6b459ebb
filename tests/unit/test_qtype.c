/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of DNS questions by name and number (RFC 3597 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guard/qtype.h"

static const struct {
	const char *word;
	uint16_t type; /* 0: it is none */
	const char *name;
} cases[] = {
	{"A", 1, "A"},
	{"aaaa", 28, "AAAA"},
	{"TYPE28", 28, "AAAA"},
	{"type65", 65, "HTTPS"},
	{"TYPE065", 65, "HTTPS"},
	{"CAA", 257, "CAA"},
	{"TYPE65535", 65535, "TYPE65535"},
	{"TYPE65536", 0, NULL},
	{"TYPE4294967297", 0, NULL},
	{"TYPE0", 0, NULL},
	{"TYPE", 0, NULL},
	{"TYPE-1", 0, NULL},
	{"TYPE1x", 0, NULL},
	{"AAAAA", 0, NULL},
	{"", 0, NULL},
};

static void words(void **state)
{
	char text[GP_QTYPE_TEXT];
	uint16_t type;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		type = 0;
		assert_int_equal(
			gp_qtype_parse(cases[i].word, strlen(cases[i].word), &type),
			cases[i].type != 0);
		assert_int_equal(type, cases[i].type);
		if (type)
			assert_string_equal(gp_qtype_name(type, text), cases[i].name);
	}
	/* As much of a list as the word is. */
	assert_true(gp_qtype_parse("AAAA A", 4, &type));
	assert_int_equal(type, 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
