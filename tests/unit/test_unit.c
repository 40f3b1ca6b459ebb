/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_unit.c - systemd's unit files: systemd.syntax(7), systemd.unit(5),
 * systemd.exec(5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_tree.h"
#include "tool/v6guard/unit.h"

int complain_diag(const struct gp_diag *diag)
{
	print_message("%s: %s\n", diag->path, diag->text);
	return EXIT_ENVIRONMENT;
}

int complain_memory(void)
{
	return EXIT_ENVIRONMENT;
}

static struct unit unit;

static void read_text(const char *text)
{
	assert_true(unit_read(&unit, text, strlen(text)));
}

static void is_text(const char *expected, const char *seen)
{
	if (expected && seen)
		assert_string_equal(expected, seen);
	else
		assert_ptr_equal(expected, seen);
}

/* What LD_PRELOAD is after one file. */
static void test_environment(void **state)
{
	static const struct {
		const char *text, *preload, *mode;
	} cases[] = {
		{"[Service]\nEnvironment=LD_PRELOAD=/a.so\n", "/a.so", NULL},
		{"[Service]\nEnvironment=A=1 LD_PRELOAD=/a.so V6GUARD=off\n", "/a.so",
		 "off"},
		{"[Service]\nEnvironment=\"LD_PRELOAD=/a.so /b.so\"\n", "/a.so /b.so",
		 NULL},
		{"[Service]\nEnvironment='LD_PRELOAD=/a \"b\"'\n", "/a \"b\"", NULL},
		{"[Service]\nEnvironment=LD_PRELOAD='/a b'/c\n", "/a b/c", NULL},
		{"[Service]\nEnvironment=\"LD_PRELOAD=/a\\x20b\\\"\\\\\"\n", "/a b\"\\",
		 NULL},
		/* Continued, with a comment between the parts. */
		{"[Service]\nEnvironment=A=1 \\\n# no\n  LD_PRELOAD=/a.so\n", "/a.so",
		 NULL},
		{"[Service]\nEnvironment=A=1 \\\n; no\n  LD_PRELOAD=/a.so", "/a.so",
		 NULL},
		{" [Service] \n  Environment =  LD_PRELOAD=/a.so  \n", "/a.so", NULL},
		{"[Service]\r\nEnvironment=LD_PRELOAD=/a.so\r\n", "/a.so", NULL},
		/* The last one holds, and an empty one takes all back. */
		{"[Service]\nEnvironment=LD_PRELOAD=/a\nEnvironment=LD_PRELOAD=/b\n",
		 "/b", NULL},
		{"[Service]\nEnvironment=LD_PRELOAD=/a\nEnvironment=\n", NULL, NULL},
		{"[Service]\nEnvironment=LD_PRELOAD=\n", "", NULL},
		{"[Service]\nEnvironment=LD_PRELOAD=/%i.so\n", "/%i.so", NULL},
		/* Not there. */
		{"[Unit]\nEnvironment=LD_PRELOAD=/a.so\n", NULL, NULL},
		{"Environment=LD_PRELOAD=/a.so\n", NULL, NULL},
		{"[Service]\n#Environment=LD_PRELOAD=/a.so\n", NULL, NULL},
		{"[Service]\nEnvironment=MY_LD_PRELOAD=/a.so\n", NULL, NULL},
		{"[Service]\nPassEnvironment=LD_PRELOAD\n", NULL, NULL},
		{"[Service]\n[X-Other]\nEnvironment=LD_PRELOAD=/a.so\n", NULL, NULL},
		{"", NULL, NULL},
		{"\\", NULL, NULL},
		{"[Service]\nEnvironment=\"LD_PRELOAD=/open", "/open", NULL},
		{"[Service]\nEnvironment=LD_PRELOAD=/a\\", "/a", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_text(cases[i].text);
		is_text(cases[i].preload, unit.preload);
		is_text(cases[i].mode, unit.mode);
		unit_free(&unit);
	}
}

static void test_other_settings(void **state)
{
	(void)state;
	read_text("[Service]\nExecStart=-@/usr/bin/a a -x\nEnvironmentFile=-/etc/a\n"
		  "EnvironmentFile=/etc/b\nRootDirectory=/srv\n"
		  "UnsetEnvironment=X LD_PRELOAD\n");
	assert_true(unit.has_service && unit.unsets_preload && !unit.unsets_mode);
	assert_string_equal(unit.root, "/srv");
	assert_int_equal(unit.exec.count, 1);
	assert_string_equal(unit.exec.items[0], "/usr/bin/a");
	assert_int_equal(unit.env_files.count, 2);
	assert_string_equal(unit.env_files.items[0], "-/etc/a");
	/* A drop-in starts over. */
	read_text("[Service]\nExecStart=\nExecStart=\"/usr/bin/b c\" d\n"
		  "EnvironmentFile=\nRootDirectory=\nUnsetEnvironment=\n");
	assert_string_equal(unit.exec.items[0], "/usr/bin/b c");
	assert_int_equal(unit.exec.count, 1);
	assert_int_equal(unit.env_files.count, 0);
	assert_null(unit.root);
	assert_false(unit.unsets_preload);
	unit_free(&unit);
}

static void test_env_file(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{"A=1\nLD_PRELOAD=/a\n", 2},
		{" LD_PRELOAD = /a", 1},
		{"LD_PRELOAD=/a\nLD_PRELOAD=/b\n", 2},
		{"#LD_PRELOAD=/a\n", 0},
		{"XLD_PRELOAD=/a\nLD_PRELOADX=/a\n", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(unit_env_line(cases[i].text, "LD_PRELOAD"),
				 cases[i].line);
}

/* What is written reads back as what it should say, whatever stood there before. */
static void test_dropin(void **state)
{
	static const char library[] = "/usr/$LIB/libx.so";
	static const struct {
		const char *before, *library, *mode, *seen;
	} cases[] = {
		{NULL, library, NULL, library},
		{"", library, "off", library},
		{"/a.so", library, "prefer-ipv4", "/a.so:/usr/$LIB/libx.so"},
		{"/a.so /b.so:/c.so", library, NULL,
		 "/a.so:/b.so:/c.so:/usr/$LIB/libx.so"},
		{"/opt/libx.so:/a.so", library, NULL, "/a.so:/usr/$LIB/libx.so"},
		{"/%i.so", library, NULL, "/%i.so:/usr/$LIB/libx.so"},
		{"/q\"\\\x01", library, NULL, "/q\"\\\x01:/usr/$LIB/libx.so"},
		{NULL, "/odd%n/libx.so", NULL, "/odd%%n/libx.so"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = unit_dropin("a.service", cases[i].before, cases[i].library,
					 cases[i].mode);
		assert_non_null(text);
		read_text(text);
		is_text(cases[i].seen, unit.preload);
		is_text(cases[i].mode, unit.mode);
		unit_free(&unit);
		free(text);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *word, *name;
	} cases[] = {
		{"nginx", "nginx.service"},
		{"nginx.service", "nginx.service"},
		{"a.b", "a.b.service"},
		{"x@", "x@.service"},
		{"x@.service", "x@.service"},
		{"x@1:a\\x2d", "x@1:a\\x2d.service"},
		{"a.timer", NULL},
		{"a.socket", NULL},
		{"a.mount", NULL},
		{"", NULL},
		{".service", NULL},
		{"@.service", NULL},
		{"../x", NULL},
		{"a b", NULL},
		{"a/b.service", NULL},
	};
	char name[UNIT_NAME], why[UNIT_WHY], many[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const bool is_name = unit_name(cases[i].word, name, why);
		if (is_name != (cases[i].name != NULL))
			fail_msg("'%s'", cases[i].word);
		if (is_name)
			assert_string_equal(name, cases[i].name);
	}
	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_false(unit_name(many, name, why));
	many[247] = '\0';
	assert_true(unit_name(many, name, why));
	many[247] = 'a', many[248] = '\0';
	assert_false(unit_name(many, name, why));

	assert_true(unit_template("x@y.service", name));
	assert_string_equal(name, "x@.service");
	assert_false(unit_template("x@.service", name));
	assert_false(unit_template("x.service", name));
}

/* ---- below a root ---- */

static void make(const char *folder)
{
	char path[256];

	for (const char *at = folder; (at = strchr(at + 1, '/'));) {
		snprintf(path, sizeof(path), "%.*s", (int)(at - folder), folder);
		mkdir(tree_below(path), 0755);
	}
	mkdir(tree_below(folder), 0755);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];

	make(folder);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	tree_put(path, text);
}

static void link_to(const char *target, const char *name)
{
	assert_int_equal(symlink(target, tree_below(name)), 0);
}

static void expect_preload(const char *name, const char *preload)
{
	assert_int_equal(unit_load(tree_root, name, &unit), EXIT_DONE);
	is_text(preload, unit.preload);
	unit_free(&unit);
}

static const char simple[] = "[Service]\nExecStart=/bin/a\n";

static void test_find(void **state)
{
	char name[UNIT_NAME], why[UNIT_WHY];

	(void)state;
	put("/usr/lib/systemd/system", "a.service", simple);
	put("/usr/lib/systemd/system", "t@.service", simple);
	put("/usr/lib/systemd/system", "e.service", "");
	put("/usr/lib/systemd/system", "m.service", simple);
	make("/etc/systemd/system");
	link_to("/dev/null", "/etc/systemd/system/m.service");
	link_to("/usr/lib/systemd/system/a.service", "/etc/systemd/system/b.service");
	link_to("b.service", "/etc/systemd/system/c.service");
	link_to("/usr/lib/systemd/system/t@.service", "/etc/systemd/system/t@1.service");
	link_to("/srv/o.service", "/etc/systemd/system/o.service");
	link_to("y.service", "/etc/systemd/system/x.service");
	link_to("x.service", "/etc/systemd/system/y.service");

	assert_true(unit_find(tree_root, "a.service", name, why));
	assert_string_equal(name, "a.service");
	assert_true(unit_find(tree_root, "c.service", name, why));
	assert_string_equal(name, "a.service");
	assert_true(unit_find(tree_root, "t@1.service", name, why));
	assert_string_equal(name, "t@1.service");
	assert_true(unit_find(tree_root, "t@new.service", name, why));
	assert_string_equal(name, "t@new.service");
	assert_true(unit_find(tree_root, "o.service", name, why));
	assert_string_equal(name, "o.service");
	assert_false(unit_find(tree_root, "m.service", name, why));
	assert_string_equal(why, "it is masked");
	assert_false(unit_find(tree_root, "e.service", name, why));
	assert_false(unit_find(tree_root, "x.service", name, why));
	assert_false(unit_find(tree_root, "none.service", name, why));
	assert_non_null(strstr(why, "/usr/lib/systemd/system"));
	assert_non_null(strstr(why, tree_root));
}

static void test_load(void **state)
{
	(void)state;
	put("/usr/lib/systemd/system", "a-b@.service",
	    "[Service]\nExecStart=/bin/a\nEnvironment=LD_PRELOAD=/unit\n");
	expect_preload("a-b@1.service", "/unit");
	/* Drop-ins by their names, in whatever folder: the last one holds. */
	put("/usr/lib/systemd/system/a-b@.service.d", "10.conf",
	    "[Service]\nEnvironment=LD_PRELOAD=/ten\n");
	expect_preload("a-b@1.service", "/ten");
	put("/run/systemd/system/a-.service.d", "20.conf",
	    "[Service]\nEnvironment=LD_PRELOAD=/twenty\n");
	expect_preload("a-b@1.service", "/twenty");
	put("/usr/lib/systemd/system/service.d", "30.conf",
	    "[Service]\nEnvironment=LD_PRELOAD=/thirty\n");
	expect_preload("a-b@1.service", "/thirty");
	/* The same name: the one in /etc hides the others. */
	put("/etc/systemd/system/a-b@1.service.d", "30.conf", "[Service]\n");
	expect_preload("a-b@1.service", "/twenty");
	make("/etc/systemd/system/a-b@.service.d");
	link_to("/dev/null", "/etc/systemd/system/a-b@.service.d/20.conf");
	expect_preload("a-b@1.service", "/ten");
	/* Not a drop-in, and ours. */
	put("/etc/systemd/system/a-b@1.service.d", "99.conf.bak",
	    "[Service]\nEnvironment=LD_PRELOAD=/no\n");
	put("/etc/systemd/system/a-b@1.service.d", UNIT_DROPIN,
	    "[Service]\nEnvironment=LD_PRELOAD=/own\n");
	expect_preload("a-b@1.service", "/ten");
	/* A whole unit in /etc goes before the one in /usr. */
	put("/etc/systemd/system", "a-b@1.service", simple);
	expect_preload("a-b@1.service", "/ten");
	assert_int_equal(unlink(tree_below("/usr/lib/systemd/system/a-b@.service.d/"
					   "10.conf")),
			 0);
	expect_preload("a-b@1.service", NULL);
}

static char seen[256];

static void note(void *ctx, const char *name)
{
	(void)ctx;
	strcat(seen, name);
	strcat(seen, " ");
}

static void test_attached(void **state)
{
	(void)state;
	unit_each_attached(tree_root, note, NULL);
	assert_string_equal(seen, "");
	put("/etc/systemd/system/b.service.d", UNIT_DROPIN, simple);
	put("/etc/systemd/system/a@.service.d", UNIT_DROPIN, simple);
	put("/etc/systemd/system/c.service.d", "10.conf", simple);
	put("/etc/systemd/system/d.timer.d", UNIT_DROPIN, simple);
	unit_each_attached(tree_root, note, NULL);
	assert_string_equal(seen, "a@.service b.service ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_other_settings),
		cmocka_unit_test(test_env_file),
		cmocka_unit_test(test_dropin),
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_find, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_attached, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
