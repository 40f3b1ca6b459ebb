/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_config_edit.c - one value changed, every other byte as it was. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config_text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define TEN                                                                              \
	"a.example b.example c.example d.example e.example f.example g.example "         \
	"h.example "

struct row {
	const char *before, *section, *key, *value, *after;
};

static const struct row rows[] = {
	/* the value in its line */
	{"[guard]\nmode = auto\n", "guard", "mode", "off", "[guard]\nmode = off\n"},
	{"[guard]\nmode=auto", "guard", "mode", "off", "[guard]\nmode=off"},
	{"[guard]\nmode\t:   auto  \t ; why ; not\n# c", "guard", "mode", "off",
	 "[guard]\nmode\t:   off  \t ; why ; not\n# c"},
	{"[guard]\r\nmode = auto\r\n; c\r\n", "guard", "mode", "off",
	 "[guard]\r\nmode = off\r\n; c\r\n"},
	{"\xef\xbb\xbf[guard]\nmode = auto\n", "guard", "mode", "off",
	 "\xef\xbb\xbf[guard]\nmode = off\n"},
	{"[guard]\nmode = auto  \n", "guard", "mode", "off", "[guard]\nmode = off  \n"},
	{"[ rule\t x ]\naction = allow\n", "rule x", "action", "auto",
	 "[ rule\t x ]\naction = auto\n"},
	/* only of that section, not in a comment, and not a longer key */
	{"[rescue]\nmode = off\n[guard]\n#mode = x\nmodes = y\nmode = auto\n", "guard",
	 "mode", "off",
	 "[rescue]\nmode = off\n[guard]\n#mode = x\nmodes = y\nmode = off\n"},
	/* nothing, from nothing and to nothing */
	{"[log]\nto =\n", "log", "to", "stdout", "[log]\nto = stdout\n"},
	{"[log]\nto =    ; c\n", "log", "to", "stdout", "[log]\nto = stdout    ; c\n"},
	{"[log]\nto = a ; c\n", "log", "to", "", "[log]\nto =  ; c\n"},
	{"[log]\nto = a\n", "log", "to", "", "[log]\nto =\n"},
	{"[log]\nto =    ; c\n", "log", "to", "", "[log]\nto =    ; c\n"},
	/* what went on with the old value goes, comments between stay */
	{"[probe]\nports = 1 ; one\n  2\n# c\n\n\t3 ; three\nmode = all\n", "probe",
	 "ports", "80 443", "[probe]\nports = 80 443 ; one\n# c\n\nmode = all\n"},
	{"[guard]\nbackends = files\n dns", "guard", "backends", "auto",
	 "[guard]\nbackends = auto\n"},
	{"[rule x]\ndomains = a\n  b\nprograms = p\ndomains = c\n d\n[rule y]\ndomains = "
	 "e\n",
	 "rule x", "domains", "z",
	 "[rule x]\ndomains = z\nprograms = p\n[rule y]\ndomains = e\n"},
	{"[rule x]\ndomains = a\n[guard]\nmode = off\n[rule x]\ndomains = b\n", "rule x",
	 "domains", "z", "[rule x]\ndomains = z\n[guard]\nmode = off\n[rule x]\n"},
	/* a new line behind the section's last one */
	{"[guard]\nmode = off\n\n# about log\n[log]\nto = stdout\n", "guard", "enforce",
	 "no", "[guard]\nmode = off\nenforce = no\n\n# about log\n[log]\nto = stdout\n"},
	{"[guard]\n# c\n", "guard", "mode", "off", "[guard]\nmode = off\n# c\n"},
	{"[guard]", "guard", "mode", "off", "[guard]\nmode = off\n"},
	{"[guard]\r\nunknown = trust", "guard", "mode", "off",
	 "[guard]\r\nunknown = trust\r\nmode = off\r\n"},
	{"[probe]\nports = 1\n  2\n # c\n  3\n# d\n", "probe", "mode", "off",
	 "[probe]\nports = 1\n  2\n # c\n  3\nmode = off\n# d\n"},
	/* a new section at the end */
	{"", "guard", "mode", "off", "[guard]\nmode = off\n"},
	{"# mine\n", "guard", "mode", "off", "# mine\n\n[guard]\nmode = off\n"},
	{"[log]\r\nto = a", "guard", "mode", "off",
	 "[log]\r\nto = a\r\n\r\n[guard]\r\nmode = off\r\n"},
	{"[log]\nto = a\n", "rule x", "domains", "a b",
	 "[log]\nto = a\n\n[rule x]\ndomains = a b\n"},
	/* too long for one line */
	{"[rule x]\ndomains = a ; c\n", "rule x", "domains", TEN TEN TEN "z",
	 "[rule x]\ndomains = " TEN TEN
	 "a.example b.example ; c\n\tc.example d.example e.example "
	 "f.example g.example h.example z\n"},
	{"[rule x]\r\ndomains = a", "rule x", "domains", TEN TEN TEN "z",
	 "[rule x]\r\ndomains = " TEN TEN
	 "a.example b.example\r\n\tc.example d.example e.example "
	 "f.example g.example h.example z\r\n"},
	/* lines that nobody can read stay */
	{"[guard\noops\n[guard]\n= 1\nmode = auto\n  \x01\n", "guard", "mode", "off",
	 "[guard\noops\n[guard]\n= 1\nmode = off\n  \x01\n"},
};

static void test_edit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		char *once, *twice;
		size_t once_size, twice_size;

		print_message("%s\n", row->before);
		errno = 4711;
		assert_int_equal(gp_config_edit(row->before, strlen(row->before),
						row->section, row->key, row->value, &once,
						&once_size),
				 GP_OK);
		assert_int_equal(errno, 4711);
		assert_string_equal(once, row->after);
		assert_int_equal(once_size, strlen(row->after));

		assert_int_equal(gp_config_edit(once, once_size, row->section, row->key,
						row->value, &twice, &twice_size),
				 GP_OK);
		assert_string_equal(twice, once);
		free(once);
		free(twice);
	}
}

struct refused {
	const char *section, *key, *value;
	enum gp_status status;
};

static const struct refused refused[] = {
	{"guard", "mode", " off", GP_SYNTAX},
	{"guard", "mode", "off ", GP_SYNTAX},
	{"guard", "mode", "off ; why", GP_SYNTAX},
	{"guard", "mode", "; why", GP_SYNTAX},
	{"guard", "mode", "off\n", GP_SYNTAX},
	{"guard", "mode", "a\rb", GP_SYNTAX},
	{"guard", "mode", "a\x7f", GP_SYNTAX},
	{"guard", "mode", "\xff", GP_SYNTAX},
	{"guard", "mode", "\t", GP_SYNTAX},
	/* one word too long, and words of something that is no list */
	{"rule x", "domains",
	 TEN TEN TEN "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		     "aaaaaaaaaaaaaaaa"
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		     "aaaaaaaaaaaaaaaa",
	 GP_RANGE},
	{"log", "to", "/" TEN TEN TEN "z", GP_RANGE},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		char mark, *out = &mark;
		size_t size = 77;

		print_message("%s\n", refused[i].value);
		assert_int_equal(gp_config_edit("[guard]\n", 8, refused[i].section,
						refused[i].key, refused[i].value, &out,
						&size),
				 refused[i].status);
		assert_ptr_equal(out, &mark);
		assert_int_equal(size, 77);
	}
}

/* Each unnamed key of the shipped file, set to its default: there, and nothing else gone.
 */
static void test_shipped(void **state)
{
	size_t size;
	char *text = file_text(TEST_DATA "/../../etc/v6guard.conf", &size);

	(void)state;
	for (size_t i = 0; i < GP_CONFIG_SPECS; i++) {
		const struct gp_config_spec *spec = &gp_config_specs[i];
		for (size_t j = 0; j < spec->count && !spec->is_named; j++) {
			const struct gp_config_key *key = &spec->keys[j];
			char *out;
			size_t out_size;

			assert_int_equal(gp_config_edit(text, size, spec->name, key->name,
							key->standard, &out, &out_size),
					 GP_OK);
			struct gp_config *config = config_good(out);
			struct gp_config_item item =
				config_item(config, spec->name, key->name);
			assert_string_equal(item.value, key->standard);
			assert_non_null(item.path);
			/* the file with one line more, or as it was */
			size_t same = 0;
			while (out[same] && out[same] == text[same])
				same++;
			assert_string_equal(out + same + (out_size - size), text + same);
			gp_config_free(config);
			free(out);
		}
	}
	free(text);
}

/* A section goes with what belongs to it, and nothing else. */
static void test_cut(void **state)
{
	static const struct {
		const char *text, *left; /* NULL: it is not there */
	} cases[] = {
		{"[rule x]\na = 1\n", ""},
		{"[rule x]", ""},
		{"[guard]\nmode = off\n\n[rule x]\npriority = 1\n",
		 "[guard]\nmode = off\n"},
		{"[rule x]\na = 1\n\n[rule y]\nb = 1\n", "\n[rule y]\nb = 1\n"},
		/* The comment right above goes, one behind it is the next one's. */
		{"[guard]\n\n# about x\n; more\n[rule x]\na = 1\n# about y\n[rule "
		 "y]\nb = 1\n",
		 "[guard]\n# about y\n[rule y]\nb = 1\n"},
		{"[guard]\n# apart\n\n[rule x]\n# inside\na = 1\n\n# end\n",
		 "[guard]\n# apart\n\n# end\n"},
		/* What the file begins with is about the file. */
		{"# file\n[rule x]\na = 1\n", "# file\n"},
		{"# file\n\n[rule x]\na = 1\n", "# file\n"},
		/* Continued values, CR LF, a section in two parts. */
		{"[guard]\r\n\r\n[rule x]\r\ndomains = a\r\n  b\r\n\r\n[log]\r\n",
		 "[guard]\r\n\r\n[log]\r\n"},
		{"[rule x]\na = 1\n[guard]\nmode = off\n[rule  x]\nb = 1\n[log]\n",
		 "[guard]\nmode = off\n[log]\n"},
		{"[rule x]\na = 1\n[rule x]\nb = 1\n", ""},
		{"[rule xy]\na = 1\n", NULL},
		{"# [rule x]\n", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = NULL;
		size_t size;
		const enum gp_status status = gp_config_cut(
			cases[i].text, strlen(cases[i].text), "rule x", &out, &size);
		assert_int_equal(status, cases[i].left ? GP_OK : GP_NOTFOUND);
		if (!cases[i].left)
			continue;
		assert_int_equal(size, strlen(out));
		assert_string_equal(out, cases[i].left);
		free(out);
	}
}

/* What was added and cut again is as it was. */
static void test_add_and_cut(void **state)
{
	static const char *const texts[] = {"", "[guard]\nmode = off\n",
					    "# c\n[rule y]\npriority = 1\n# end\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *on, *off;
		size_t on_size, off_size;

		assert_int_equal(gp_config_edit(texts[i], strlen(texts[i]), "rule x",
						"priority", "7", &on, &on_size),
				 GP_OK);
		assert_int_equal(gp_config_cut(on, on_size, "rule x", &off, &off_size),
				 GP_OK);
		assert_string_equal(off, texts[i]);
		free(on);
		free(off);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),     cmocka_unit_test(test_add_and_cut),
		cmocka_unit_test(test_edit),    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_shipped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
