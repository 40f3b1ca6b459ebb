/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_config_errors.c - where an error is, what it says, and how many are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config_text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define RULE "[rule x]\npriority = 1\naction = allow\n"
#define BLOCK "[rule x]\npriority = 1\naction = block\n"
#define LONG_49 "0123456789012345678901234567890123456789012345678"
#define LONG_190                                                                         \
	"aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/"         \
	"aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/"         \
	"aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/aaaaaaaaa/"

struct bad {
	const char *text;
	unsigned line, column;
	const char *says;
};

/* Each with one error. */
static const struct bad bad[] = {
	{"[guard]\nmode = ipv4\n", 2, 8,
	 "mode cannot be \"ipv4\": expected off, auto, prefer-ipv4, prefer-ipv6, "
	 "strip-aaaa, "
	 "strip-a"},
	{"[guard]\nmode=ipv4", 2, 6, "expected off"},
	{"[guard]\nmode :\tipv4", 2, 8, "expected off"},
	{"[guard]\nmode =\n", 2, 7, "mode has no value: expected off"},
	{"[guard]\nmode =   ; none\n", 2, 7, "mode has no value"},
	{"[guard]\nmode = auto # why\n", 2, 8,
	 "a comment behind a value begins with ` ;`"},
	{"[guard]\nmode = auto;why\n", 2, 8, "\"auto;why\""},
	{"\xef\xbb\xbf[guard\n", 1, 7, "expected ']'"},
	/* columns are bytes of the line as it is, tabs and all */
	{"\xef\xbb\xbf[guard]\n\n# c\nmode\t=\tx", 4, 8, "expected off"},
	{"[guard]\r\nmode = x\r\n", 2, 8, "expected off"},

	{"[gurad]\nmode = x\n", 1, 2,
	 "no section [gurad]: expected [guard], [rule NAME], [probe], [preload], "
	 "[rescue], "
	 "[connect], [nat64], [resolver], [forward NAME], [gai], [metrics] or [log]"},
	{"[Guard]\n", 1, 2, "no section [Guard]"},
	{"[rule]\n", 1, 2, "no section [rule]"},
	{"[guard x]\n", 1, 2, "no section [guard x]"},
	{"[rule a/b]\npriority = 1\n", 1, 2, "letters, digits"},
	{"[rule a b]\npriority = 1\n", 1, 2, "letters, digits"},
	{"[guard]\nmod = auto\n  x\n  y\n", 2, 1,
	 "no key \"mod\" in [guard]: did you mean mode? Expected mode, unknown, enforce, "
	 "backends, "
	 "keep-last, "
	 "aaaa-only"},
	{"[guard]\nMode = auto\n", 2, 1,
	 "no key \"Mode\" in [guard]: did you mean mode?"},
	{"[guard]\nxyzzy = auto\n", 2, 1, "no key \"xyzzy\" in [guard]: expected mode,"},
	{"mode = auto\nunknown = x\n", 1, 1, "a key before the first [SECTION]"},

	/* what inih would take in silence (facts of inih 55) */
	{"[guard] mode = off\n", 1, 8, "behind ']'"},
	{"[guard]x\n", 1, 8, "behind ']'"},
	{"[guard\nmode = off\n", 1, 7, "expected ']'"},
	{"[guard ;]\nmode = off\n", 1, 7, "expected ']'"},
	{"[]\nmode = off\n", 1, 2, "expected a section's name"},
	{"[ \t]\n", 1, 4, "expected a section's name"},
	{"[" LONG_49 "]\n", 1, 2, "at most 48 bytes"},
	{"[guard]\nmode\n", 2, 1, "expected KEY = VALUE"},
	{"[guard]\nmode ; = off\n", 2, 1, "expected KEY = VALUE"},
	{"[guard]\n= off\n", 2, 1, "expected a key"},
	{"[guard]\n  mode = off\n", 2, 3, "no value above"},
	{"  [guard]\n", 1, 3, "no value above"},
	{"[guard]\n  x\n", 2, 3, "keys begin in the first column"},
	{"[guard]\nmode = off\n  x = trust\n", 3, 3,
	 "goes on with mode, which is no list"},
	/* a key that slipped to the right, below a list as well */
	{"[guard]\nmode = off\n  unknown = trust\n", 3, 3,
	 "a key begins in the first column: an indented line goes on with mode"},
	{RULE "domains = a\n\tprefixes=2001:db8::/32\n", 5, 2,
	 "a key begins in the first column: an indented line goes on with domains"},
	{RULE "domains = a\n  until : 2027-01-01\n  b\n", 5, 3, "goes on with domains"},
	{"[guard]\nbackends = files\n  enforce = no ; c\n", 3, 3,
	 "goes on with backends"},
	{RULE "domains = a\n  color = b\n", 5, 9, "domains cannot contain \"=\""},
	{"[guard]\nmode = off\n\n ; c\n x\n y\n", 5, 2, "goes on with mode"},
	{"[resolver]\ntrust-anchor = /" LONG_190 "\n", 2, 199, "at most 198 bytes"},
	{"[resolver]\ntrust-anchor = a\001b\n", 2, 17, "a control character"},
	{"[resolver]\ntrust-anchor = a\rb\n", 2, 17, "a control character"},
	{"[resolver]\ntrust-anchor = a\xff\n", 2, 17, "not UTF-8"},
	{"[resolver]\ntrust-anchor = \xc0\xaf\n", 2, 16, "not UTF-8"},
	{"[resolver]\ntrust-anchor = \xed\xa0\x80\n", 2, 16, "not UTF-8"},
	{"[resolver]\ntrust-anchor = \xe2\x82\n", 2, 16, "not UTF-8"},

	/* lists: the word, wherever its line is */
	{"[probe]\nports = 443 x 80\n", 2, 13,
	 "ports cannot contain \"x\": expected a number "
	 "from 1 to 65535"},
	{"[probe]\nports = 443,\n\t80, ; c\n  x ; c\n", 4, 3, "\"x\""},
	{"[probe]\nports =\n  1\n  0\n", 4, 3, "\"0\""},
	{"[probe]\nports = , ; none\n", 2, 9, "ports has no value"},
	{"[guard]\nbackends = files\n  dns [FOO=return]\n", 3, 8,
	 "backends: expected SUCCESS"},
	{"[guard]\nbackends = dns v6guard\n", 2, 16, "cannot be a service behind itself"},
	{"[resolver]\nupstream = 192.0.2.1 recursive\n", 2, 22, "stand alone"},
	{RULE "prefixes = 2001:db8::1/32\n", 4, 12, "the prefix is 2001:db8::/32"},
	{RULE "prefixes = 192.0.2.0/33\n", 4, 12, "a length of 0 to 32"},
	{"[nat64]\nprefix = auto 2001:db8::/33\n", 2, 15, "RFC 6052"},
	{"[nat64]\nprefix = 2001:db8:0:0:100::/96\n", 2, 10, "bits 64 to 71"},
	{RULE "domains = a, \xf0\x9f\x92\xa9.example\n", 4, 14, "disallowed"},
	{"[forward a]\nupstream = 192.0.2.1\nzones = caf\xc3\xa9.example\n", 3, 9,
	 "xn--"},
	{"[probe]\nattempt-delay = 3s\n", 2, 17, "expected 10ms to 2s (RFC 8305 5)"},
	{"[probe]\nok-ttl = 10\n", 2, 10, "a number with ms, s, m, h or d"},
	{"[resolver]\ncache-size = 1k\n", 2, 14, "expected 64k to 64g"},
	/* whose rule it is */
	{"[resolver]\nedns-size = 511\n", 2, 13,
	 "expected a number from 512 to 4096 (RFC 6891 6.2.3)"},
	{"[nat64]\nprefix = 64:ff9b::/64\n", 2, 10, "(RFC 6052 2.1)"},
	{"[nat64]\nprefix = 2001:db8::/33\n", 2, 10, "(RFC 6052 2.2)"},
	{"[nat64]\nprefix = 2001:db8::\n", 2, 10, "ADDRESS/LENGTH (RFC 6052 2.2)"},
	{"[nat64]\nprefix = 2001:db8:0:0:100::/96\n", 2, 10, "(RFC 6052 2.2)"},
	{"[nat64]\nptr-name = a..b\n", 2, 12, "(RFC 1035 2.3.1)"},
	{"[resolver]\nupstream = fe80::1\n", 2, 12, "fe80::1%eth0 (RFC 4007 11)"},
	{"[resolver]\nupstream = 0.0.0.0\n", 2, 12, "(RFC 1122 3.2.1.3)"},
	{"[resolver]\nupstream = 192.0.2.1 ::@5353\n", 2, 22, "(RFC 4291 2.5.2)"},
	{"[resolver]\nupstream = ff02::fb\n", 2, 12, "(RFC 5771, RFC 4291 2.7)"},
	{RULE "until = 2027-02-29\n", 4, 9, "no such day"},

	/* twice */
	{"[guard]\nmode = off\nmode = off\n", 3, 1, "mode is set in line 2 already"},
	{"[guard]\nmode = off\n[log]\n[ guard ]\nmode = off\n", 5, 1, "line 2 already"},
	{"[probe]\nports = 1\nports = 2\n  3\n", 3, 1, "ports is set in line 2"},
	{RULE "qtypes = A\nqtypes = A\n", 5, 1, "qtypes is set in line 4"},

	/* across keys */
	{"[rule x]\naction = allow\n", 1, 2, "[rule x] has no priority"},
	{"\n[rule  x]\npriority = 1\n", 2, 2, "[rule x] has no action"},
	{"[forward x]\nzones = a\n", 1, 2, "[forward x] has no upstream"},
	{RULE "[rule y]\npriority = 01\naction = allow\n", 5, 12,
	 "priority 01 is taken by [rule x] in test.conf:2"},
	{BLOCK "response = override\n", 4, 12, "response = override needs override"},
	{BLOCK "response = override\noverride =\n", 4, 12,
	 "response = override needs override"},
	{"[probe]\nbroken-ttl = 11m\n", 2, 14,
	 "broken-ttl-max (10m) is less than broken-ttl"},
	{"[probe]\nbroken-ttl = 40s\nbroken-ttl-max = 30s\n", 3, 18, "is less than"},
	{"[resolver]\nlisten = 127.0.0.1:53\n  [::]:53\n", 2, 10,
	 "[::]:53, all addresses"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct gp_config_errors errors;
		const struct gp_diag *diag = &errors.list[0];
		print_message("%s\n", bad[i].text);
		config_bad(bad[i].text, strlen(bad[i].text), &errors);
		print_message("%u:%u: %s\n", diag->line, diag->column, diag->text);
		assert_int_equal(errors.count, 1);
		assert_false(errors.more);
		assert_int_equal(diag->line, bad[i].line);
		assert_int_equal(diag->column, bad[i].column);
		assert_non_null(strstr(diag->text, bad[i].says));
		assert_string_equal(diag->path, "test.conf");
		assert_int_equal(diag->status, GP_SYNTAX);
	}
}

/* No text can hold them for the table. */
static void test_nul(void **state)
{
	static const char key[] = "[guard]\nmo\0de = off\n";
	static const char comment[] = "# a\0b\n";
	struct gp_config_errors errors;

	(void)state;
	config_bad(key, sizeof(key) - 1, &errors);
	assert_int_equal(errors.list[0].line, 2);
	assert_int_equal(errors.list[0].column, 3);
	config_bad(comment, sizeof(comment) - 1, &errors);
	assert_int_equal(errors.list[0].column, 4);
	assert_string_equal(errors.list[0].text, "a NUL byte");
}

/* Odd, but good. */
static const char *const good[] = {
	"",
	"\n\n",
	"\xef\xbb\xbf",
	"\xef\xbb\xbf[guard]\nmode = off",
	"  \t\n # c\n\t; c\n",
	("# \xff\x01 any comment, of any length: " LONG_190 LONG_190 "\n"),
	"[guard]\r\nmode = off\r\n",
	"[ guard ] ; c\nmode=off\t;\n",
	"[resolver]\ntrust-anchor = a;b c  d ; e\n",
	"[resolver]\ntrust-anchor = a=b:c\n",
	"[resolver]\ntrust-anchor =;a\n",
	/* a word that is a key's name, or has a colon in it, is still a word */
	RULE "domains = a\n  =until\n  until\n  domains\n",
	RULE "prefixes =\n  2001:db8::/32\n  ::/0\n",
	/* what only other actions use is left alone (DESIGN 5's sample has it) */
	RULE "response = override\n",
	RULE "response = nxdomain\nqtypes = A\noverride = 192.0.2.9\noverride-ttl = 1s\n",
	BLOCK "response = override\noverride = 192.0.2.9\n",
	/* 48 bytes */
	"[rule 0123456789012345678901234567890123456789012]\naction = auto\npriority = 1",
};

static void test_odd(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		print_message("%s\n", good[i]);
		gp_config_free(config_good(good[i]));
	}
}

/* A line of 198 bytes is taken, whatever ends it. */
static void test_longest(void **state)
{
	static const char *const ends[] = {"", "\n", "\r\n"};
	char line[256], text[300];

	(void)state;
	snprintf(line, sizeof(line), "trust-anchor = /%s", LONG_190);
	line[198] = '\0';
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(text, sizeof(text), "[resolver]\n%s%s", line, ends[i]);
		struct gp_config *config = config_good(text);
		assert_string_equal(config_item(config, "resolver", "trust-anchor").value,
				    line + 15);
		gp_config_free(config);
	}
}

/* Twenty are told, the first ones, however many there are and wherever they are found. */
static void test_many(void **state)
{
	char text[4096] = "[rule x]\n"; /* no priority, no action: found last of all */
	struct gp_config_errors errors;

	(void)state;
	for (int lines = 0; lines < 25; lines++) {
		config_bad(text, strlen(text), &errors);
		size_t count = (size_t)lines + 2;
		assert_int_equal(errors.count, count < 20 ? count : 20);
		assert_int_equal(errors.more, count > 20);
		assert_string_equal(errors.list[0].text, "[rule x] has no priority");
		assert_string_equal(errors.list[1].text, "[rule x] has no action");
		for (size_t i = 2; i < errors.count; i++)
			assert_int_equal(errors.list[i].line, i);
		strcat(text, "oops = 1\n");
	}
}

/* One run finds all; an unknown section hides what is in it. */
static void test_several(void **state)
{
	static const char text[] =
		"[guard]\nmode = x\nfoo = 1\nunknown = y\n[bar]\nmode = x\n"
		"oops\n[probe]\nports = 0 1 x\n";
	static const struct {
		unsigned line, column;
	} expected[] = {{2, 8}, {3, 1}, {4, 11}, {5, 2}, {7, 1}, {9, 9}, {9, 13}};
	struct gp_config_errors errors;

	(void)state;
	config_bad(text, sizeof(text) - 1, &errors);
	assert_int_equal(errors.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(errors.list[i].line, expected[i].line);
		assert_int_equal(errors.list[i].column, expected[i].column);
	}
}

/* Nobody has to listen. */
static void test_no_list(void **state)
{
	struct gp_config *config = NULL;

	(void)state;
	assert_int_equal(gp_config_parse_text("a", "x", 1, &config, NULL), GP_SYNTAX);
	assert_null(config);
	assert_int_equal(gp_config_parse_text("a", "", 0, &config, NULL), GP_OK);
	gp_config_free(config);
	gp_config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),     cmocka_unit_test(test_nul),
		cmocka_unit_test(test_odd),     cmocka_unit_test(test_longest),
		cmocka_unit_test(test_many),    cmocka_unit_test(test_several),
		cmocka_unit_test(test_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
