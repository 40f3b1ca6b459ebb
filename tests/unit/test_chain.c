/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_chain.c - service lists. What is expected of odd texts was seen with glibc 2.36
 * (modules that log their calls); where it can be asked in this process, it is the
 * oracle.
 */
#include <errno.h>
#include <nss.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard/chain.h"
#include "sizes.h"

struct good {
	const char *text;
	const char *format;
};

static const struct good good[] = {
	{"dns", "dns"},
	{"  files\tdns \r", "files dns"},
	{"a\vb\fc", "a b c"},
	/* brackets need no blanks around them */
	{"a[NOTFOUND=return]b", "a [NOTFOUND=return] b"},
	{"a [ NOTFOUND = return ] b", "a [NOTFOUND=return] b"},
	/* words in brackets are case-insensitive, names are not */
	{"Dns [notfound=RETURN]", "Dns [NOTFOUND=return]"},
	{"a [NOTFOUND=continue NOTFOUND=return]", "a [NOTFOUND=return]"},
	{"a [SUCCESS=continue]", "a [SUCCESS=continue]"},
	{"a [SUCCESS=return]", "a"},
	{"a [!UNAVAIL=return] dns", "a [!UNAVAIL=return] dns"},
	{"a [NOTFOUND=return TRYAGAIN=return]", "a [!UNAVAIL=return]"},
	/* `!` spares one status and reaches RETURN, which has no word of its own */
	{"a [!UNAVAIL=continue]", "a [!SUCCESS=continue SUCCESS=continue]"},
	{"a [!UNAVAIL=return !UNAVAIL=continue]",
	 "a [!SUCCESS=continue SUCCESS=continue]"},
	{"mdns4_minimal [NOTFOUND=return] dns", "mdns4_minimal [NOTFOUND=return] dns"},
	{"1234567890123456789012345678901", "1234567890123456789012345678901"},
	{"a b c d e f g h i j k l m n o p", "a b c d e f g h i j k l m n o p"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct gp_chain chain;
		struct gp_diag diag = {.status = GP_OK};
		char text[1024];

		errno = 4711;
		print_message("%s\n", good[i].text);
		assert_int_equal(
			gp_chain_parse(good[i].text, strlen(good[i].text), &chain, &diag),
			GP_OK);
		assert_int_equal(errno, 4711);
		assert_int_equal(gp_chain_format(&chain, text, sizeof(text)),
				 strlen(good[i].format));
		assert_string_equal(text, good[i].format);
	}
}

struct bad {
	const char *text;
	enum gp_status status;
	unsigned column;
};

static const struct bad bad[] = {
	/* refused by glibc as well */
	{"a [ ! NOTFOUND=return]", GP_SYNTAX, 6},
	{"a [SUCCESS=return,NOTFOUND=return]", GP_SYNTAX, 12},
	{"a []", GP_SYNTAX, 4},
	{"a [NOTFOUND=return b", GP_SYNTAX, 20},
	{"a [NOTFOUND=return", GP_SYNTAX, 19},
	{"a [", GP_SYNTAX, 4},
	{"a [NOTFOUND", GP_SYNTAX, 12},
	{"a [NOTFOUND=", GP_SYNTAX, 13},
	{"a [FOO=return]", GP_SYNTAX, 4},
	{"a [RETURN=return]", GP_SYNTAX, 4},
	{"a [NOTFOUND==return]", GP_SYNTAX, 13},
	{"a [NOTFOUND=stop]", GP_SYNTAX, 13},
	{"a [NOTFOUND=return=]", GP_SYNTAX, 19},
	/* silently cut short by glibc */
	{"[NOTFOUND=return] a", GP_SYNTAX, 1},
	{"a [NOTFOUND=return] [SUCCESS=return] b", GP_SYNTAX, 21},
	/* possible with glibc, but not for us to run */
	{"", GP_SYNTAX, 1},
	{" \t ", GP_SYNTAX, 4},
	{"a [SUCCESS=merge] b", GP_SYNTAX, 1},
	{"a ../b", GP_SYNTAX, 3},
	{"a ]", GP_SYNTAX, 3},
	{"dns # files", GP_SYNTAX, 5},
	{"dns v6guard", GP_SYNTAX, 5},
	{"12345678901234567890123456789012", GP_RANGE, 1},
	{"a b c d e f g h i j k l m n o p q", GP_RANGE, 33},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gp_chain chain = {.count = 77};
		struct gp_diag diag = {.status = GP_OK};

		print_message("%s\n", bad[i].text);
		assert_int_equal(
			gp_chain_parse(bad[i].text, strlen(bad[i].text), &chain, &diag),
			bad[i].status);
		assert_int_equal(diag.status, bad[i].status);
		assert_int_equal(diag.column, bad[i].column);
		assert_true(diag.text[0] != '\0');
		assert_int_equal(chain.count, 77);
		assert_int_equal(
			gp_chain_parse(bad[i].text, strlen(bad[i].text), &chain, NULL),
			bad[i].status);
	}
}

static const char *const pieces[] = {
	"a",
	"dns",
	"files",
	" ",
	"  ",
	"\t",
	"[",
	"]",
	"=",
	"!",
	"merge",
	"SUCCESS",
	"NOTFOUND",
	"UNAVAIL",
	"#",
	"return",
	"CONTINUE",
	"x=",
	"\r",
	"TRYAGAIN",
	"[NOTFOUND=return]",
	"[!UNAVAIL=return",
	"[UNAVAIL=continue",
	" [ success = continue ] ",
};

/* A text is refused by gp_chain_next exactly when glibc refuses it. */
static void test_glibc_agrees(void **state)
{
	(void)state;
	unsigned refused = 0;

	srandom(20240601);
	const long rounds = sized(20000, 60000); /* glibc keeps each list, in a row */

	for (long round = 0; round < rounds; round++) {
		char text[256] = "";
		for (long n = random() % 9; n > 0; n--)
			strcat(text, pieces[random() %
					    (long)(sizeof(pieces) / sizeof(pieces[0]))]);
		struct gp_chain_word word;
		size_t pos = 0;
		enum gp_status status;
		do
			status = gp_chain_next(text, strlen(text), &pos, &word, NULL);
		while (status == GP_OK);
		bool is_valid = __nss_configure_lookup("hosts", text) == 0;
		if ((status == GP_NOTFOUND) != is_valid)
			fail_msg("glibc %s: %s", is_valid ? "takes" : "refuses", text);
		refused += !is_valid;
	}
	/* Both outcomes were really met. */
	assert_in_range(refused, rounds / 20, rounds / 20 * 19);
}

static void test_roundtrip(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1U << GP_NSS_STATUS_COUNT; bits++) {
		struct gp_chain chain = {.count = 2}, again;
		for (int i = 0; i < GP_NSS_STATUS_COUNT; i++) {
			chain.service[0].action[i] = bits >> i & 1;
			chain.service[1].action[i] = bits >> (4 - i) & 1;
		}
		strcpy(chain.service[0].name, "one");
		strcpy(chain.service[1].name, "two");

		char text[256];
		size_t length = gp_chain_format(&chain, text, sizeof(text));
		assert_int_equal(length, strlen(text));
		assert_int_equal(gp_chain_parse(text, length, &again, NULL), GP_OK);
		assert_int_equal(again.count, 2);
		assert_memory_equal(again.service, chain.service,
				    2 * sizeof(struct gp_service));
	}
}

static void test_format_is_cut(void **state)
{
	(void)state;
	struct gp_chain chain;
	static const char text[] = "resolve [!UNAVAIL=return] dns";
	assert_int_equal(gp_chain_parse(text, strlen(text), &chain, NULL), GP_OK);

	for (size_t size = 0; size <= sizeof(text); size++) {
		char buf[sizeof(text) + 1];
		memset(buf, '~', sizeof(buf));
		assert_int_equal(gp_chain_format(&chain, buf, size), strlen(text));
		assert_int_equal(buf[size], '~');
		if (size == 0)
			continue;
		assert_int_equal(strlen(buf),
				 size > strlen(text) ? strlen(text) : size - 1);
		assert_memory_equal(buf, text, strlen(buf));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),          cmocka_unit_test(test_bad),
		cmocka_unit_test(test_glibc_agrees),  cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_format_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
