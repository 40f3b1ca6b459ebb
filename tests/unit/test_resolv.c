/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolv.conf on its way to v6guardd's resolver, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tool/v6guard/resolv.h"

#define HEAD                                                                             \
	"#v6guard these lead to v6guardd, which asks the servers below (v6guard "        \
	"resolver disable)\n"
#define OURS HEAD "nameserver 127.0.0.64\nnameserver ::1\n"

static const char *const servers[] = {"127.0.0.64", "::1"};

static const struct {
	const char *before, *after;
} cases[] = {
	{"nameserver 192.0.2.1\n", OURS "#v6guard nameserver 192.0.2.1\n"},
	{"# made by hand\nsearch example\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 "
	 "# b\noptions edns0\n",
	 "# made by hand\nsearch example\n" OURS "#v6guard nameserver 192.0.2.1\n"
	 "#v6guard nameserver\t2001:db8::1 # b\noptions edns0\n"},
	/* None to stand in for: first of all, as what is there may end anyhow. */
	{"search example\n", OURS "search example\n"},
	{"search example", OURS "search example"},
	{"\n\n# nothing", OURS "\n\n# nothing"},
	{"nameserver 192.0.2.1\r\nsearch a b\r\n",
	 OURS "#v6guard nameserver 192.0.2.1\r\nsearch a b\r\n"},
	{"", OURS},
	/* No newline at its end: what comes behind gets a line of its own. */
	{"nameserver 192.0.2.1", OURS "#v6guard nameserver 192.0.2.1"},
	{"#nameserver 192.0.2.9\nnameservers 192.0.2.8\nnameserver 192.0.2.1\n",
	 "#nameserver 192.0.2.9\nnameservers 192.0.2.8\n" OURS
	 "#v6guard nameserver 192.0.2.1\n"},
};

static void there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *on = resolv_switch_on(cases[i].before, servers, 2);
		char *again = resolv_switch_on(on, servers, 2);
		char *off = resolv_switch_off(on);
		assert_string_equal(on, cases[i].after);
		assert_string_equal(again, on);
		assert_string_equal(off, cases[i].before);
		assert_true(resolv_is_on(on));
		assert_false(resolv_is_on(off));
		free(on);
		free(again);
		free(off);
	}
}

/* What there was not is not there again. */
static void no_file(void **state)
{
	char *on = resolv_switch_on(NULL, servers, 2);
	char *again = resolv_switch_on(on, servers, 2);
	char *off = resolv_switch_off(on);
	char *more = malloc(strlen(on) + sizeof("search x\n"));

	(void)state;
	assert_string_equal(on, OURS "#v6guard there was no such file before\n");
	assert_string_equal(again, on);
	assert_string_equal(off, "");
	assert_true(resolv_was_absent(on));
	assert_false(resolv_was_absent(OURS));
	strcat(strcpy(more, on), "search x\n");
	assert_false(resolv_was_absent(more));
	free(more);
	free(on);
	free(again);
	free(off);
}

/* Lines of a resolv.conf in any order, with any end. */
static void any_text(void **state)
{
	static const char *const lines[] = {"nameserver 192.0.2.1",
					    "nameserver\t::2 # x",
					    "search a.example",
					    "",
					    " nameserver 192.0.2.3",
					    "nameserver",
					    "; c",
					    "options edns0\r",
					    "#nameserver 192.0.2.4",
					    "nameserver 192.0.2.5 "};
	const size_t kinds = sizeof(lines) / sizeof(lines[0]);
	uint32_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		char text[512] = "";
		for (unsigned i = 0; i < round % 9; i++) {
			seed = seed * 1664525 + 1013904223;
			strcat(text, lines[(seed >> 16) % kinds]);
			strcat(text, seed >> 30 == 0 && i + 1 == round % 9 ? "" : "\n");
		}
		char *on = resolv_switch_on(text, servers, 1 + round % 2);
		char *off = resolv_switch_off(on);
		assert_true(resolv_is_on(on));
		assert_string_equal(off, text);
		free(on);
		free(off);
	}
}

/* One listener fewer, and what somebody else wrote meanwhile. */
static void other_changes(void **state)
{
	char *on = resolv_switch_on(OURS "#v6guard nameserver 192.0.2.1\nsearch x\n",
				    servers, 1);
	char *off = resolv_switch_off(HEAD "nameserver 127.0.0.64\noptions rotate\n"
					   "#v6guard nameserver 192.0.2.1\nnameserver "
					   "192.0.2.5\n");

	(void)state;
	assert_string_equal(on, HEAD "nameserver 127.0.0.64\n"
				     "#v6guard nameserver 192.0.2.1\nsearch x\n");
	assert_string_equal(off, "options rotate\nnameserver 192.0.2.1\nnameserver "
				 "192.0.2.5\n");
	free(on);
	free(off);
	/* A text without us is left as it is, byte for byte. */
	off = resolv_switch_off("# v6guard\nnameserver 192.0.2.1");
	assert_string_equal(off, "# v6guard\nnameserver 192.0.2.1");
	free(off);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(no_file),
		cmocka_unit_test(any_text),
		cmocka_unit_test(other_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
