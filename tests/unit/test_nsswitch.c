/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_nsswitch.c - v6guard into the hosts: line and out again: the lines that systems
 * ship, then every oddity of the file that glibc 2.36 was seen to treat in its own way.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard/chain.h"
#include "sizes.h"

#define V6 "v6guard [!UNAVAIL=return] "

struct shipped {
	const char *system;
	const char *before;
	const char *after;
	const char *chain;
};

static const struct shipped shipped[] = {
	{"Debian 12, 13, Ubuntu server", "hosts:          files dns\n",
	 "hosts:          files " V6 "dns\n", "dns"},
	{"Debian + libnss-mdns",
	 "hosts:          files mdns4_minimal [NOTFOUND=return] dns\n",
	 "hosts:          files mdns4_minimal [NOTFOUND=return] " V6 "dns\n", "dns"},
	{"Debian + libnss-myhostname", "hosts:          files myhostname dns\n",
	 "hosts:          files myhostname " V6 "dns\n", "dns"},
	{"Debian + libnss-mymachines", "hosts:          files mymachines dns\n",
	 "hosts:          files mymachines " V6 "dns\n", "dns"},
	{"Debian 11", "hosts:          files dns myhostname\n",
	 "hosts:          files " V6 "dns myhostname\n", "dns myhostname"},
	{"Debian + libnss-resolve",
	 "hosts:          files resolve [!UNAVAIL=return] dns\n",
	 "hosts:          files " V6 "resolve [!UNAVAIL=return] dns\n",
	 "resolve [!UNAVAIL=return] dns"},
	{"Debian, all of them",
	 "hosts:          files myhostname mymachines resolve [!UNAVAIL=return] "
	 "mdns4_minimal [NOTFOUND=return] dns\n",
	 "hosts:          files myhostname mymachines " V6 "resolve [!UNAVAIL=return] "
	 "mdns4_minimal [NOTFOUND=return] dns\n",
	 "resolve [!UNAVAIL=return] mdns4_minimal [NOTFOUND=return] dns"},
	{"Ubuntu 24.04 desktop",
	 "hosts:          files mdns4_minimal [NOTFOUND=return] dns\n",
	 "hosts:          files mdns4_minimal [NOTFOUND=return] " V6 "dns\n", "dns"},
	{"Fedora", "hosts:      files myhostname resolve [!UNAVAIL=return] dns\n",
	 "hosts:      files myhostname " V6 "resolve [!UNAVAIL=return] dns\n",
	 "resolve [!UNAVAIL=return] dns"},
	{"Arch", "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
	 "hosts: mymachines " V6 "resolve [!UNAVAIL=return] files myhostname dns\n",
	 "resolve [!UNAVAIL=return] files myhostname dns"},
	{"openSUSE", "hosts:\tfiles mdns_minimal [NOTFOUND=return] dns\n",
	 "hosts:\tfiles mdns_minimal [NOTFOUND=return] " V6 "dns\n", "dns"},

	/* oddities */
	{"the last line wins", "hosts: dns\nhosts: a dns\n",
	 "hosts: dns\nhosts: a " V6 "dns\n", "dns"},
	{"leading blanks, no colon", "\t hosts files dns\n", "\t hosts files " V6 "dns\n",
	 "dns"},
	{"many colons", "hosts : : :dns\n", "hosts : : :" V6 "dns\n", "dns"},
	{"CRLF", "passwd: files\r\nhosts: files dns\r\nx: y\r\n",
	 "passwd: files\r\nhosts: files " V6 "dns\r\nx: y\r\n", "dns"},
	{"brackets without blanks", "hosts: a[NOTFOUND=return]dns[NOTFOUND=return]b\n",
	 "hosts: a[NOTFOUND=return]" V6 "dns[NOTFOUND=return]b\n",
	 "dns [NOTFOUND=return] b"},
	{"a comment line", "#hosts: x dns\nhosts: dns\n# hosts: y dns\n",
	 "#hosts: x dns\nhosts: " V6 "dns\n# hosts: y dns\n", "dns"},
	{"a comment behind: its words are services",
	 "hosts: files dns # see wins, ../x or [..\n", NULL, NULL},
	{"the same, harmless", "hosts: files dns # or (wins) a/b\n",
	 "hosts: files " V6 "dns # or (wins) a/b\n", "dns or"},
	{"other names that begin alike", "hostsx: dns\nhosts_: dns\nhosts: a dns\n",
	 "hostsx: dns\nhosts_: dns\nhosts: a " V6 "dns\n", "dns"},
	{"names that end alike", "hosts: mdns xdns dns4 dns\n",
	 "hosts: mdns xdns dns4 " V6 "dns\n", "dns"},
	{"the last line of another database is open", "hosts: dns\npasswd: files",
	 "hosts: " V6 "dns\npasswd: files", "dns"},
};

static void check_refused(const struct shipped *test)
{
	char *out = NULL;
	size_t size;
	struct gp_diag diag = {.status = GP_OK};

	assert_int_equal(gp_nsswitch_enable(test->before, strlen(test->before), &out,
					    &size, &diag),
			 GP_SYNTAX);
	assert_null(out);
	assert_true(diag.column > 0 && diag.line > 0);
}

static void check_chain(const char *text, size_t size, const char *expected)
{
	struct gp_chain chain;
	char buf[512];

	assert_int_equal(gp_chain_from_nsswitch(text, size, &chain, NULL), GP_OK);
	gp_chain_format(&chain, buf, sizeof(buf));
	assert_string_equal(buf, expected);
}

static void check_shipped(const struct shipped *test)
{
	char *on, *again, *off;
	size_t on_size, again_size, off_size, size = strlen(test->before);

	assert_int_equal(gp_nsswitch_enable(test->before, size, &on, &on_size, NULL),
			 GP_OK);
	assert_string_equal(on, test->after);
	assert_int_equal(on_size, strlen(test->after));
	assert_int_equal(gp_nsswitch_enable(on, on_size, &again, &again_size, NULL),
			 GP_OK);
	assert_string_equal(again, on);
	assert_int_equal(gp_nsswitch_disable(on, on_size, &off, &off_size, NULL), GP_OK);
	assert_string_equal(off, test->before);
	check_chain(test->before, size, test->chain);
	check_chain(on, on_size, test->chain);

	struct gp_hosts_line hosts;
	gp_hosts_line_find(on, on_size, &hosts);
	assert_true(hosts.enabled && hosts.is_exclusive && hosts.has_resolver);
	assert_memory_equal(on + hosts.token, "v6guard [!UNAVAIL=return]",
			    hosts.token_end - hosts.token);
	free(on);
	free(again);
	free(off);
}

static void test_shipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		print_message("%s\n", shipped[i].system);
		if (shipped[i].after)
			check_shipped(&shipped[i]);
		else
			check_refused(&shipped[i]);
	}
}

struct edit {
	const char *what;
	const char *before;
	const char *on;  /* NULL: refused with the status */
	const char *off; /* disable(before) */
	enum gp_status status;
};

static const struct edit edits[] = {
	{"no hosts: line: glibc's default", "passwd: files\n",
	 "passwd: files\nhosts:\t\tfiles " V6 "dns\n", "passwd: files\n", GP_OK},
	{"the same, open end", "passwd: files",
	 "passwd: files\nhosts:\t\tfiles " V6 "dns\n", "passwd: files", GP_OK},
	{"an empty file", "", "hosts:\t\tfiles " V6 "dns\n", "", GP_OK},
	{"glibc reads past a line without newline", "hosts: a dns",
	 "hosts: a " V6 "dns\n", "hosts: a dns", GP_OK},
	{"the same, enabled before", "hosts: " V6 "dns", "hosts: " V6 "dns\n",
	 "hosts: dns", GP_OK},
	{"no resolver", "hosts: files myhostname\n", NULL, "hosts: files myhostname\n",
	 GP_NOTFOUND},
	{"no services", "hosts:\n", NULL, "hosts:\n", GP_NOTFOUND},
	{"resolver only in a comment", "hosts: files # dns\n", NULL,
	 "hosts: files # dns\n", GP_NOTFOUND},
	{"resolver where glibc stopped reading", "hosts: a [NOTFOUND=return] [x] dns\n",
	 NULL, "hosts: a [NOTFOUND=return] [x] dns\n", GP_NOTFOUND},
	{"a NUL ends the line", "hosts: files", NULL, NULL, GP_NOTFOUND},
	{"a bad line", "hosts: files [x] dns\n", NULL, NULL, GP_SYNTAX},
	{"a bad line that is replaced: fails all of glibc", "hosts: a [x]\nhosts: dns\n",
	 NULL, NULL, GP_SYNTAX},
	{"own actions", "hosts: files v6guard\t[NOTFOUND=return]  dns\n",
	 "hosts: files v6guard\t[NOTFOUND=return]  dns\n", "hosts: files  dns\n", GP_OK},
	{"no actions", "hosts: files v6guard dns\n", "hosts: files v6guard dns\n",
	 "hosts: files dns\n", GP_OK},
	{"actions twice", "hosts: a v6guard [!UNAVAIL=return] [SUCCESS=return] dns\n",
	 "hosts: a v6guard [!UNAVAIL=return] [SUCCESS=return] dns\n", "hosts: a dns\n",
	 GP_OK},
	{"v6guard twice", "hosts: v6guard a v6guard dns\n",
	 "hosts: v6guard a v6guard dns\n", "hosts: a dns\n", GP_OK},
	{"v6guard last", "hosts: files dns v6guard [!UNAVAIL=return]\r\n",
	 "hosts: files dns v6guard [!UNAVAIL=return]\r\n", "hosts: files dns\r\n", GP_OK},
	{"no blanks", "hosts: a[SUCCESS=return]v6guard[UNAVAIL=return]dns\n",
	 "hosts: a[SUCCESS=return]v6guard[UNAVAIL=return]dns\n",
	 "hosts: a[SUCCESS=return]dns\n", GP_OK},
	{"a name that begins alike", "hosts: v6guard2 dns\n",
	 "hosts: v6guard2 " V6 "dns\n", "hosts: v6guard2 dns\n", GP_OK},
};

static void test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		const struct edit *test = &edits[i];
		/* The string's NUL is part of the file in the one test about it. */
		bool has_nul = strstr(test->what, "NUL") != NULL;
		char file[256];
		size_t size = strlen(test->before), out_size;
		memcpy(file, test->before, size + 1);
		if (has_nul) {
			memcpy(file + size + 1, " dns\n", 5);
			size += 6;
		}

		char *out = NULL;
		struct gp_diag diag = {.status = GP_OK};
		print_message("%s\n", test->what);
		assert_int_equal(gp_nsswitch_enable(file, size, &out, &out_size, &diag),
				 test->status);
		if (test->on)
			assert_string_equal(out, test->on);
		else
			assert_int_equal(diag.line, 1);
		free(out);
		out = NULL;
		enum gp_status off =
			gp_nsswitch_disable(file, size, &out, &out_size, &diag);
		assert_int_equal(off, test->status == GP_SYNTAX ? GP_SYNTAX : GP_OK);
		if (test->off)
			assert_string_equal(out, test->off);
		free(out);
	}
}

struct no_chain {
	const char *text;
	enum gp_status status;
	unsigned line, column;
};

static const struct no_chain no_chains[] = {
	{"hosts: files\n", GP_NOTFOUND, 1, 0},
	{"x: y\nhosts: dns v6guard [!UNAVAIL=return]\n", GP_NOTFOUND, 2, 37},
	{"\nhosts: files v6guard dns v6guard\n", GP_SYNTAX, 2, 26},
	{"\nhosts: v6guard a/b dns\n", GP_SYNTAX, 2, 16},
	{"hosts: v6guard a [NOTFOUND=return] [x] dns\n", GP_SYNTAX, 1, 36},
	{"hosts: dns a b c d e f g h i j k l m n o p q\n", GP_RANGE, 1, 42},
};

static void test_no_chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(no_chains) / sizeof(no_chains[0]); i++) {
		const struct no_chain *test = &no_chains[i];
		struct gp_chain chain = {.count = 77};
		struct gp_diag diag = {.status = GP_OK};

		print_message("%s", test->text);
		assert_int_equal(gp_chain_from_nsswitch(test->text, strlen(test->text),
							&chain, &diag),
				 test->status);
		assert_int_equal(diag.line, test->line);
		assert_int_equal(diag.column, test->column);
		assert_int_equal(chain.count, 77);
	}
	check_chain("", 0, "dns");
	check_chain("passwd: x\n", 10, "dns");
}

static const char *const words[] = {"dns",
				    "resolve",
				    "files",
				    "mdns4_minimal",
				    "wins",
				    "[NOTFOUND=return]",
				    "[!UNAVAIL=return]"};
static const char *const blanks[] = {" ", "  ", "\t", " \t ", "\v", ""};
static const char *const around[] = {"",           "# hosts: x\n",    "passwd: files\n",
				     "\n",         "a\r\n",           "hosts: dns\n",
				     "\xff\xfe\n", "tail without end"};
static const char *const ends[] = {"\n", "\r\n", " \n", " # dns files\n", "\t#x\r\n"};

#define PICK(list) (list)[random() % (long)(sizeof(list) / sizeof((list)[0]))]

/* Whatever stands around and between: on and off again gives the same bytes. */
static void test_roundtrip(void **state)
{
	(void)state;
	const long rounds = sized(20000, 2000000);
	long enabled = 0;

	srandom(42);
	for (long round = 0; round < rounds; round++) {
		char text[1024] = "";
		strcat(strcat(text, PICK(around)[0] == 't' ? "" : PICK(around)), "\n");
		strcat(strcat(text, PICK(blanks)), "hosts:");
		for (long n = random() % 7; n > 0; n--)
			strcat(strcat(text, PICK(blanks)), PICK(words));
		strcat(strcat(text, PICK(ends)), PICK(around));

		char *on, *off;
		size_t on_size, off_size, size = strlen(text);
		if (gp_nsswitch_enable(text, size, &on, &on_size, NULL) != GP_OK)
			continue;
		struct gp_hosts_line hosts;
		gp_hosts_line_find(on, on_size, &hosts);
		assert_true(hosts.enabled && hosts.has_resolver);
		assert_true(hosts.token_end < hosts.resolver);
		assert_int_equal(gp_nsswitch_disable(on, on_size, &off, &off_size, NULL),
				 GP_OK);
		assert_int_equal(off_size, size);
		assert_memory_equal(off, text, size);
		free(on);
		free(off);
		enabled++;
	}
	assert_in_range(enabled, rounds / 10, rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_no_chain),
		cmocka_unit_test(test_roundtrip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
