/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tool/v6guardd/control_line.h"

#define LINE(text) text, sizeof(text) - 1
#define VERBS                                                                            \
	"the commands are: status, partners ADDRESS, verdict list, verdict set PREFIX "  \
	"VERDICT SECONDS, verdict clear [PREFIX], reload, resolver status, resolver "    \
	"flush [NAME]"

/* What was read, in one line. */
static void describe(const struct control_line *line, char buf[256])
{
	char addr[GP_ADDR_TEXT], prefix[GP_PREFIX_TEXT], name[WIRE_NAME_TEXT];
	const char *root = line->needs_root ? "root: " : "";

	switch (line->verb) {
	case CONTROL_STATUS:
		snprintf(buf, 256, "%sstatus", root);
		break;
	case CONTROL_PARTNERS:
		snprintf(buf, 256, "%spartners %s", root,
			 gp_addr_format(&line->addr, addr));
		break;
	case CONTROL_VERDICT_LIST:
		snprintf(buf, 256, "%slist", root);
		break;
	case CONTROL_VERDICT_SET:
		snprintf(buf, 256, "%sset %s %s %u", root,
			 gp_prefix_format(&line->prefix, prefix),
			 gp_verdict_name(line->verdict), line->seconds);
		break;
	case CONTROL_VERDICT_CLEAR:
		snprintf(buf, 256, "%sclear %s", root,
			 gp_prefix_format(&line->prefix, prefix));
		break;
	case CONTROL_RELOAD:
		snprintf(buf, 256, "%sreload", root);
		break;
	case CONTROL_RESOLVER_STATUS:
		snprintf(buf, 256, "%sresolver", root);
		break;
	case CONTROL_RESOLVER_FLUSH:
		snprintf(buf, 256, "%sflush %.200s", root,
			 line->has_name ? wire_name_text(line->name, name) : "all");
		break;
	}
}

static void test_good(void **state)
{
	static const struct {
		const char *line;
		size_t size;
		const char *is;
	} cases[] = {
		{LINE("status"), "status"},
		{LINE("\t status\r"), "status"},
		{LINE("partners 2001:DB8:0::1"), "partners 2001:db8::1"},
		{LINE("partners 192.0.2.1"), "partners 192.0.2.1"},
		{LINE("verdict   list"), "list"},
		{LINE("verdict set 2001:db8::1 broken 60"),
		 "root: set 2001:db8::1/128 broken 60"},
		{LINE("verdict set 2001:db8::1/128 slow 1"),
		 "root: set 2001:db8::1/128 slow 1"},
		{LINE("verdict set 2001:db8::/48 ok 2592000"),
		 "root: set 2001:db8::/48 ok 2592000"},
		{LINE("verdict set ::/0 ok 0001"), "root: set ::/0 ok 1"},
		{LINE("verdict clear"), "root: clear ::/0"},
		{LINE("verdict clear 2001:db8::/32"), "root: clear 2001:db8::/32"},
		{LINE("verdict clear 2001:db8::1"), "root: clear 2001:db8::1/128"},
		{LINE("reload"), "root: reload"},
		{LINE("resolver status"), "resolver"},
		{LINE("resolver flush"), "root: flush all"},
		{LINE("resolver flush WWW.example"), "root: flush www.example."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct control_line line;
		char why[256], is[256] = "";

		if (!control_line_parse(cases[i].line, cases[i].size, &line, why))
			fail_msg("%s: %s", cases[i].line, why);
		describe(&line, is);
		assert_string_equal(is, cases[i].is);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *line;
		size_t size;
		const char *why;
	} cases[] = {
		{LINE(""), VERBS},
		{LINE("   "), VERBS},
		{LINE("Status"), VERBS},
		{LINE("status now"), VERBS},
		{LINE("stat"), VERBS},
		{LINE("verdict"), VERBS},
		{LINE("verdict lists"), VERBS},
		{LINE("verdict set ::/0 ok"), VERBS},
		{LINE("verdict set ::/0 ok 1 2"), VERBS},
		{LINE("verdict set ::/0 ok 1 2 3 4 5 6 7 8"), VERBS},
		{LINE("verdict clear ::/0 ::/0"), VERBS},
		{LINE("partners"), VERBS},
		{LINE("partners example"), "'example' is no address"},
		{LINE("partners fe80::1%lo"), "'fe80::1%lo' is no address"},
		{LINE("verdict set x ok 1"), "'x' is no IPv6 address or prefix"},
		{LINE("verdict set 192.0.2.1 ok 1"),
		 "'192.0.2.1' is no IPv6 address or prefix"},
		{LINE("verdict set 2001:db8::1/48 ok 1"),
		 "'2001:db8::1/48' is no IPv6 address or prefix"},
		{LINE("verdict set 2001:db8::/64 ok 1"),
		 "a verdict is about an address, a /48 or ::/0"},
		{LINE("verdict set ::/0 unknown 1"),
		 "'unknown' is none of ok, broken, slow"},
		{LINE("verdict set ::/0 ok 0"),
		 "'0' is no number of seconds from 1 to 2592000"},
		{LINE("verdict set ::/0 ok 2592001"),
		 "'2592001' is no number of seconds from 1 to 2592000"},
		{LINE("verdict set ::/0 ok 99999999999999999999"),
		 "'99999999999999999999' is no number of seconds from 1 to 2592000"},
		{LINE("verdict set ::/0 ok -1"),
		 "'-1' is no number of seconds from 1 to 2592000"},
		{LINE("verdict set ::/0 ok 1s"),
		 "'1s' is no number of seconds from 1 to 2592000"},
		{LINE("verdict clear 2001:db8::/129"),
		 "'2001:db8::/129' is no IPv6 address or prefix"},
		{LINE("sta\0tus"), "that is no text"},
		{LINE("\0"), "that is no text"},
		{LINE("status\xc3\xa9"), "that is no text"},
		{LINE("\033[2J"), "that is no text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct control_line line = {.seconds = 12345};
		char why[256];

		if (control_line_parse(cases[i].line, cases[i].size, &line, why))
			fail_msg("%s is understood", cases[i].line);
		assert_string_equal(why, cases[i].why);
		assert_int_equal(line.seconds, 12345);
	}
}

/* The longest line there can be, of one word and of many. */
static void test_long(void **state)
{
	struct control_line line;
	char bytes[CONTROL_LINE + 2], why[256];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_false(control_line_parse(bytes, CONTROL_LINE, &line, why));
	assert_string_equal(why, VERBS);
	assert_false(control_line_parse(bytes, sizeof(bytes), &line, why));
	assert_string_equal(why, "that is no text");
	for (size_t i = 1; i < sizeof(bytes); i += 2)
		bytes[i] = ' ';
	assert_false(control_line_parse(bytes, CONTROL_LINE, &line, why));
	assert_string_equal(why, VERBS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
