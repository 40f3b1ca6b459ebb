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

	{"Fedora 40, authselect local",
	 "hosts:      files myhostname mdns4_minimal [NOTFOUND=return] resolve "
	 "[!UNAVAIL=return] dns\n",
	 "hosts:      files myhostname mdns4_minimal [NOTFOUND=return] " V6
	 "resolve [!UNAVAIL=return] dns\n",
	 "resolve [!UNAVAIL=return] dns"},
	{"RHEL 8 and 9, CentOS, authselect sssd", "hosts:      files dns myhostname\n",
	 "hosts:      files " V6 "dns myhostname\n", "dns myhostname"},
	{"RHEL 7", "hosts:      files dns myhostname\n",
	 "hosts:      files " V6 "dns myhostname\n", "dns myhostname"},
	{"Fedora Silverblue, altfiles",
	 "hosts:      files altfiles myhostname resolve [!UNAVAIL=return] dns\n",
	 "hosts:      files altfiles myhostname " V6 "resolve [!UNAVAIL=return] dns\n",
	 "resolve [!UNAVAIL=return] dns"},
	{"NixOS",
	 "hosts:     mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
	 "hosts:     mymachines " V6 "resolve [!UNAVAIL=return] files myhostname dns\n",
	 "resolve [!UNAVAIL=return] files myhostname dns"},
	{"NixOS, nssmdns",
	 "hosts:     mymachines mdns_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] "
	 "files myhostname dns mdns\n",
	 "hosts:     mymachines mdns_minimal [NOTFOUND=return] " V6
	 "resolve [!UNAVAIL=return] files myhostname dns mdns\n",
	 "resolve [!UNAVAIL=return] files myhostname dns mdns"},
	{"openSUSE Tumbleweed", "hosts:  \tfiles dns\n", "hosts:  \tfiles " V6 "dns\n",
	 "dns"},
	{"openSUSE, nss-mdns", "hosts:\t\tfiles mdns_minimal [NOTFOUND=return] dns\n",
	 "hosts:\t\tfiles mdns_minimal [NOTFOUND=return] " V6 "dns\n", "dns"},
	{"MicroOS, generated", "hosts:files mdns_minimal [NOTFOUND=return] dns\n",
	 "hosts:files mdns_minimal [NOTFOUND=return] " V6 "dns\n", "dns"},
	{"Flatcar", "hosts:      files usrfiles resolve [!UNAVAIL=return] dns\n",
	 "hosts:      files usrfiles " V6 "resolve [!UNAVAIL=return] dns\n",
	 "resolve [!UNAVAIL=return] dns"},
	{"Gentoo, Void, Slackware, Yocto, images", "hosts:       files dns\n",
	 "hosts:       files " V6 "dns\n", "dns"},
	{"libvirt", "hosts:          files libvirt libvirt_guest dns\n",
	 "hosts:          files libvirt libvirt_guest " V6 "dns\n", "dns"},
	{"Samba, wins first", "hosts:          files wins dns\n",
	 "hosts:          files wins " V6 "dns\n", "dns"},
	{"Samba, wins last",
	 "hosts:          files mdns4_minimal [NOTFOUND=return] dns mdns4 wins\n",
	 "hosts:          files mdns4_minimal [NOTFOUND=return] " V6 "dns mdns4 wins\n",
	 "dns mdns4 wins"},
	{"SSSD", "hosts:      files sss dns myhostname\n",
	 "hosts:      files sss " V6 "dns myhostname\n", "dns myhostname"},
	{"winbind", "hosts:\t\tfiles dns winbind wins\n",
	 "hosts:\t\tfiles " V6 "dns winbind wins\n", "dns winbind wins"},
	{"LDAP", "hosts:          files dns ldap\n",
	 "hosts:          files " V6 "dns ldap\n", "dns ldap"},
	{"NIS", "hosts:          files nis dns\n",
	 "hosts:          files nis " V6 "dns\n", "dns"},
	{"RHEL 4", "hosts:      db files nisplus nis dns\n",
	 "hosts:      db files nisplus nis " V6 "dns\n", "dns"},
	{"mdns in full", "hosts:          files mdns dns\n",
	 "hosts:          files mdns " V6 "dns\n", "dns"},
	{"nss-tls", "hosts: files tls dns\n", "hosts: files " V6 "tls dns\n", "tls dns"},
	{"ubdns", "hosts: files myhostname ubdns [!UNAVAIL=return] dns\n",
	 "hosts: files myhostname " V6 "ubdns [!UNAVAIL=return] dns\n",
	 "ubdns [!UNAVAIL=return] dns"},

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
	{"an open last line is not read: the one before it is",
	 "hosts: a dns\nhosts: b dns", "hosts: a " V6 "dns\nhosts: b dns", "dns"},
	{"capitals are another database", "Hosts: x\nhosts: a dns\nHOSTS: y dns\n",
	 "Hosts: x\nhosts: a " V6 "dns\nHOSTS: y dns\n", "dns"},
	{"no blank behind the colon", "hosts:files dns\n", "hosts:files " V6 "dns\n",
	 "dns"},
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
	assert_true(gp_hosts_line_acts(&hosts) && hosts.has_resolver);
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
	 "hosts: files  " V6 "dns\n", "hosts: files  dns\n", GP_OK},
	{"no actions", "hosts: files v6guard dns\n", "hosts: files " V6 "dns\n",
	 "hosts: files dns\n", GP_OK},
	{"actions twice", "hosts: a v6guard [!UNAVAIL=return] [SUCCESS=return] dns\n",
	 "hosts: a " V6 "dns\n", "hosts: a dns\n", GP_OK},
	{"v6guard twice", "hosts: v6guard a v6guard dns\n", "hosts: a " V6 "dns\n",
	 "hosts: a dns\n", GP_OK},
	{"v6guard last", "hosts: files dns v6guard [!UNAVAIL=return]\r\n",
	 "hosts: files " V6 "dns\r\n", "hosts: files dns\r\n", GP_OK},
	{"no blanks", "hosts: a[SUCCESS=return]v6guard[UNAVAIL=return]dns\n",
	 "hosts: a[SUCCESS=return]" V6 "dns\n", "hosts: a[SUCCESS=return]dns\n", GP_OK},
	/* a resolver that answers before us */
	{"dns before", "hosts: files dns " V6 "myhostname\n",
	 "hosts: files " V6 "dns myhostname\n", "hosts: files dns myhostname\n", GP_OK},
	{"resolve before", "hosts: resolve [!UNAVAIL=return] files " V6 "dns\n",
	 "hosts: " V6 "resolve [!UNAVAIL=return] files dns\n",
	 "hosts: resolve [!UNAVAIL=return] files dns\n", GP_OK},
	{"tls before", "hosts: tls " V6 "dns\n", "hosts: " V6 "tls dns\n",
	 "hosts: tls dns\n", GP_OK},
	{"mdns before: names of the link", "hosts: mdns4 wins " V6 "dns\n",
	 "hosts: mdns4 wins " V6 "dns\n", "hosts: mdns4 wins dns\n", GP_OK},
	{"other words for the same",
	 "hosts: v6guard [NOTFOUND=return TRYAGAIN=return] dns\n",
	 "hosts: v6guard [NOTFOUND=return TRYAGAIN=return] dns\n", "hosts: dns\n", GP_OK},
	{"more than that", "hosts: v6guard [!UNAVAIL=return UNAVAIL=return] dns\n",
	 "hosts: " V6 "dns\n", "hosts: dns\n", GP_OK},
	{"backends are spelled out, wrong words", "hosts: a v6guard [SUCCESS=continue]\n",
	 "hosts: a v6guard [!UNAVAIL=return]\n", "hosts: a\n", GP_OK},
	{"backends are spelled out, right words", "hosts: a v6guard [!UNAVAIL=return]\n",
	 "hosts: a v6guard [!UNAVAIL=return]\n", "hosts: a\n", GP_OK},
	{"backends are spelled out, twice", "hosts: a v6guard v6guard [SUCCESS=return]\n",
	 "hosts: a v6guard [!UNAVAIL=return]\n", "hosts: a\n", GP_OK},
	{"no resolver, three times",
	 "hosts: a v6guard sss " V6 "ldap v6guard [SUCCESS=return]\r\n",
	 "hosts: a " V6 "sss ldap\r\n", "hosts: a sss ldap\r\n", GP_OK},
	{"late, and the last line is open", "hosts: dns v6guard", "hosts: " V6 "dns\n",
	 "hosts: dns", GP_OK},
	{"only in capitals", "HOSTS: files dns\n",
	 "HOSTS: files dns\nhosts:\t\tfiles " V6 "dns\n", "HOSTS: files dns\n", GP_OK},
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
		if (test->on) {
			struct gp_hosts_line hosts;
			assert_string_equal(out, test->on);
			gp_hosts_line_find(out, out_size, &hosts);
			assert_true(gp_hosts_line_acts(&hosts));
		} else
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

static const char *const own_words[] = {"v6guard", "v6guard [!UNAVAIL=return]",
					"v6guard [NOTFOUND=return]",
					"v6guard [SUCCESS=continue] [UNAVAIL=return]",
					"v6guard [!UNAVAIL=return TRYAGAIN=continue]"};

/* Wherever our words stand, and however often: on is where they act, off is as if they
 * had never been there. */
static void test_repairs(void **state)
{
	(void)state;
	const long rounds = sized(20000, 2000000);
	long repaired = 0;

	srandom(43);
	for (long round = 0; round < rounds; round++) {
		char text[1024] = "hosts:";
		for (long n = random() % 7; n > 0; n--)
			strcat(strcat(text, " "),
			       random() % 3 ? PICK(words) : PICK(own_words));
		strcat(text, PICK(ends));

		char *on, *off, *bare;
		size_t on_size, off_size, bare_size, size = strlen(text);
		struct gp_hosts_line hosts;
		gp_hosts_line_find(text, size, &hosts);
		if (gp_nsswitch_enable(text, size, &on, &on_size, NULL) != GP_OK)
			continue;
		repaired += hosts.enabled && !gp_hosts_line_acts(&hosts);
		gp_hosts_line_find(on, on_size, &hosts);
		assert_true(gp_hosts_line_acts(&hosts));
		assert_int_equal(gp_nsswitch_disable(text, size, &bare, &bare_size, NULL),
				 GP_OK);
		assert_int_equal(gp_nsswitch_disable(on, on_size, &off, &off_size, NULL),
				 GP_OK);
		assert_string_equal(off, bare);
		free(on);
		free(off);
		free(bare);
	}
	assert_in_range(repaired, rounds / 10, rounds);
}

struct look {
	const char *text;
	bool acts, is_late, is_repeated, is_exclusive, unterminated;
	unsigned line, miswritten;
};

static const struct look looks[] = {
	{"hosts: files " V6 "dns\n", true, false, false, true, false, 1, 0},
	{"hosts: files dns " V6 "\n", false, true, false, true, false, 1, 0},
	{"hosts: files v6guard dns\n", false, false, false, false, false, 1, 0},
	{"hosts: " V6 "dns v6guard\n", false, false, true, true, false, 1, 0},
	{"hosts: " V6 "[UNAVAIL=return] dns\n", false, false, false, false, false, 1, 0},
	{"x\nhosts: " V6 "dns", false, false, false, true, true, 2, 0},
	{"hosts: a " V6 "dns\nhosts: dns", true, false, false, true, false, 1, 0},
	{"HOSTS: dns\n", false, false, false, false, false, 0, 1},
	{"Hosts: dns\nhosts: " V6 "dns\nhostS: x\n", true, false, false, true, false, 2,
	 3},
	{"", false, false, false, false, false, 0, 0},
};

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		const struct look *test = &looks[i];
		struct gp_hosts_line hosts;

		print_message("%s", test->text);
		gp_hosts_line_find(test->text, strlen(test->text), &hosts);
		assert_int_equal(gp_hosts_line_acts(&hosts), test->acts);
		assert_int_equal(hosts.is_late, test->is_late);
		assert_int_equal(hosts.is_repeated, test->is_repeated);
		assert_int_equal(hosts.is_exclusive, test->is_exclusive);
		assert_int_equal(hosts.unterminated, test->unterminated);
		assert_int_equal(hosts.line, test->line);
		assert_int_equal(hosts.miswritten, test->miswritten);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),   cmocka_unit_test(test_edits),
		cmocka_unit_test(test_looks),     cmocka_unit_test(test_no_chain),
		cmocka_unit_test(test_roundtrip), cmocka_unit_test(test_repairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
