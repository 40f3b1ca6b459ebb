/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_config_files.c - v6guard.conf, conf.d and lists of patterns as they lie in
 * folders. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_text.h"

#define RULE "[rule x]\npriority = 1\naction = allow\n"

static char dir[64];
static struct gp_config_errors errors;

static int make_dir(void **state)
{
	char path[128];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/v6guard-config-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/conf.d", dir);
	return mkdir(path, 0755);
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct gp_config *load(enum gp_status expected)
{
	struct gp_config *config = NULL;

	errno = 4711;
	enum gp_status status = gp_config_load(dir, &config, &errors);
	assert_int_equal(errno, 4711);
	for (size_t i = 0; i < errors.count; i++)
		print_message("%s:%u:%u: %s\n", errors.list[i].path, errors.list[i].line,
			      errors.list[i].column, errors.list[i].text);
	assert_int_equal(status, expected);
	assert_true((status == GP_OK) == (config != NULL));
	assert_true((status == GP_OK) == (errors.count == 0));
	return config;
}

static void expect_error(size_t index, const char *name, unsigned line, unsigned column,
			 const char *says)
{
	const struct gp_diag *diag = &errors.list[index];

	assert_true(index < errors.count);
	assert_string_equal(diag->path, path_of(name));
	assert_int_equal(diag->line, line);
	assert_int_equal(diag->column, column);
	assert_non_null(strstr(diag->text, says));
}

static void expect_item(const struct gp_config *config, const char *section,
			const char *key, const char *value, const char *name,
			unsigned line)
{
	struct gp_config_item item = config_item(config, section, key);

	assert_string_equal(item.value, value);
	assert_string_equal(item.path, path_of(name));
	assert_int_equal(item.line, line);
}

/* Neither file nor folder: all defaults. */
static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(rmdir(path_of("conf.d")), 0);
	gp_config_free(load(GP_OK));
	assert_int_equal(rmdir(dir), 0);
	gp_config_free(load(GP_OK));
	assert_int_equal(mkdir(dir, 0700), 0);
}

/* By bytes, not by a locale: B before a before z; 10 before 9. The last one wins. */
static void test_order(void **state)
{
	(void)state;
	put("v6guard.conf",
	    "[guard]\nmode = off\nunknown = trust\n" RULE "domains = a b\n");
	put("conf.d/9.conf", "[guard]\nunknown = distrust\n[probe]\nports = 9\n");
	put("conf.d/10.conf", "[probe]\nports = 10\n  11\n");
	put("conf.d/a.conf", "[guard]\n\nmode = strip-a\n");
	put("conf.d/B.conf", "[guard]\nmode = auto\n");
	put("conf.d/z.conf",
	    "[rule x]\ndomains = c\ndomains = d\n[nat64]\nexclude-aaaa =\n");
	/* none of these counts */
	put("conf.d/zz.conf.bak", "[guard]\nmode = block\n");
	put("conf.d/.zz.conf", "[guard]\nmode = block\n");
	put("conf.d/.conf", "[guard]\nmode = block\n");
	put("conf.d/README", "read me\n");

	struct gp_config *config = load(GP_OK);
	expect_item(config, "guard", "mode", "strip-a", "conf.d/a.conf", 3);
	expect_item(config, "guard", "unknown", "distrust", "conf.d/9.conf", 2);
	expect_item(config, "probe", "ports", "9", "conf.d/9.conf", 4);
	/* lists append within a file, and replace what an earlier one says */
	expect_item(config, "rule x", "domains", "c d", "conf.d/z.conf", 2);
	expect_item(config, "rule x", "action", "allow", "v6guard.conf", 6);
	expect_item(config, "nat64", "exclude-aaaa", "", "conf.d/z.conf", 5);
	assert_int_equal(gp_config_guard(config)->mode, GP_MODE_STRIP_A);
	gp_config_free(config);
}

/* In the order of files and lines, also what is found at the end only. */
static void test_errors(void **state)
{
	(void)state;
	put("v6guard.conf", "[rule x]\naction = allow\n[guard]\nmode = x\n");
	put("conf.d/1.conf", RULE "[rule y]\npriority = 1\naction = deny\n");
	put("conf.d/2.conf", "oops\n[rule z]\n");
	assert_null(load(GP_SYNTAX));
	assert_int_equal(errors.count, 6);
	expect_error(0, "v6guard.conf", 4, 8, "expected off");
	expect_error(1, "conf.d/1.conf", 5, 12, "taken by [rule x] in");
	expect_error(2, "conf.d/1.conf", 6, 10, "expected allow");
	expect_error(3, "conf.d/2.conf", 1, 1, "expected KEY = VALUE");
	expect_error(4, "conf.d/2.conf", 2, 2, "[rule z] has no priority");
	expect_error(5, "conf.d/2.conf", 2, 2, "[rule z] has no action");
}

/* What cannot be read at all is no syntax error; the others are looked at all the same.
 */
static void test_unreadable(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path_of("v6guard.conf"), 0755), 0);
	put("conf.d/1.conf", "oops\n");
	assert_null(load(GP_IO));
	assert_int_equal(errors.count, 2);
	expect_error(0, "v6guard.conf", 0, 0, "Is a directory");
	assert_int_equal(errors.list[0].status, GP_IO);
	assert_int_equal(errors.list[0].saved_errno, EISDIR);
	expect_error(1, "conf.d/1.conf", 1, 1, "expected KEY");
	assert_int_equal(rmdir(path_of("v6guard.conf")), 0);

	/* a link to nothing; something that would block */
	assert_int_equal(symlink("nowhere", path_of("conf.d/2.conf")), 0);
	assert_int_equal(mkfifo(path_of("conf.d/3.conf"), 0600), 0);
	put("conf.d/1.conf", "");
	assert_null(load(GP_IO));
	assert_int_equal(errors.count, 2);
	expect_error(0, "conf.d/2.conf", 0, 0, "No such file");
	expect_error(1, "conf.d/3.conf", 0, 0, "not a regular file");
	assert_int_equal(unlink(path_of("conf.d/3.conf")), 0);

	/* switched off the way systemd does it */
	assert_int_equal(unlink(path_of("conf.d/2.conf")), 0);
	assert_int_equal(symlink("/dev/null", path_of("conf.d/2.conf")), 0);
	gp_config_free(load(GP_OK));

	assert_int_equal(unlink(path_of("conf.d/1.conf")), 0);
	assert_int_equal(unlink(path_of("conf.d/2.conf")), 0);
	assert_int_equal(rmdir(path_of("conf.d")), 0);
	put("conf.d", "no folder");
	assert_null(load(GP_IO));
	expect_error(0, "conf.d", 0, 0, "Not a directory");
}

static void test_permission(void **state)
{
	(void)state;
	if (geteuid() == 0 && seteuid(65534) != 0)
		skip();
	put("v6guard.conf", "");
	assert_int_equal(chmod(path_of("v6guard.conf"), 0), 0);
	struct gp_config *config = NULL;
	enum gp_status status = gp_config_load(dir, &config, &errors);
	assert_int_equal(status, GP_PERM);
	expect_error(0, "v6guard.conf", 0, 0, "Permission denied");
	assert_int_equal(errors.list[0].saved_errno, EACCES);
}

/* A folder that the user nobody may write to, and the way back. */
static int make_dir_for_all(void **state)
{
	return make_dir(state) || chmod(dir, 0777);
}

static int remove_dir_as_root(void **state)
{
	if (getuid() == 0 && seteuid(0) != 0)
		return -1;
	return remove_dir(state);
}

static void test_lists(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path_of("lists"), 0755), 0);
	put("v6guard.conf", RULE "domains-file = lists/a.txt, b.txt\n");
	put("lists/a.txt", "# c\n\n a.example \r\n=b.example\n*.c.example\n*\n; c");
	put("b.txt", "");
	struct gp_config *config = load(GP_OK);
	expect_item(config, "rule x", "domains-file", "lists/a.txt b.txt", "v6guard.conf",
		    4);
	gp_config_free(config);

	/* as seen from the folder of the file that names it */
	put("conf.d/1.conf", "[rule x]\ndomains-file = ../b.txt b.txt\n");
	assert_null(load(GP_SYNTAX));
	assert_int_equal(errors.count, 1);
	expect_error(0, "conf.d/1.conf", 2, 25, "No such file");

	put("conf.d/b.txt", "a.example\n  b..example\nx y\n");
	assert_null(load(GP_SYNTAX));
	assert_int_equal(errors.count, 2);
	expect_error(0, "conf.d/b.txt", 2, 3, "no empty labels");
	expect_error(1, "conf.d/b.txt", 3, 1, "letters, digits");

	put("conf.d/1.conf", "[rule x]\ndomains-file = /proc/self/nothing ..\n");
	assert_null(load(GP_SYNTAX));
	assert_int_equal(errors.count, 2);
	expect_error(0, "conf.d/1.conf", 2, 16, "No such file");
	expect_error(1, "conf.d/1.conf", 2, 35, "Is a directory");
}

/* A list of many lines, all wrong: twenty are told. */
static void test_long_list(void **state)
{
	(void)state;
	put("v6guard.conf", RULE "domains-file = a.txt\n");
	FILE *file = fopen(path_of("a.txt"), "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fprintf(file, "-%d\n", i);
	assert_int_equal(fclose(file), 0);
	assert_null(load(GP_SYNTAX));
	assert_int_equal(errors.count, 20);
	assert_true(errors.more);
	expect_error(19, "a.txt", 20, 1, "neither begins nor ends");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

static void test_others(void **state)
{
	struct gp_config *config;

	(void)state;
	put("v6guard.conf", "[guard]\n");
	put("conf.d/1.conf", "[guard]\n");
	assert_int_equal(chmod(path_of("conf.d/1.conf"), 0646), 0);
	assert_null(load(GP_SYNTAX));
	expect_error(0, "conf.d/1.conf", 0, 0, "anybody may write it (mode 0646)");
	assert_int_equal(chmod(path_of("conf.d/1.conf"), 0664), 0);
	config = load(GP_OK);
	assert_null(gp_config_loose(config));
	gp_config_free(config);
	if (geteuid() == 0) {
		assert_int_equal(chown(path_of("conf.d/1.conf"), 0, 4711), 0);
		config = load(GP_OK);
		assert_string_equal(gp_config_loose(config), path_of("conf.d/1.conf"));
		gp_config_free(config);
		assert_int_equal(chown(path_of("conf.d/1.conf"), 4711, 0), 0);
		assert_null(load(GP_SYNTAX));
		expect_error(0, "conf.d/1.conf", 0, 0,
			     "it belongs to user 4711 (mode 0664)");
	}
	/* A link to what anybody may write, but which is no file. */
	assert_int_equal(unlink(path_of("conf.d/1.conf")), 0);
	assert_int_equal(symlink("/dev/null", path_of("conf.d/1.conf")), 0);
	gp_config_free(load(GP_OK));
	put("list", "a.test\n");
	assert_int_equal(chmod(path_of("list"), 0666), 0);
	put("v6guard.conf", RULE "domains-file = list\n");
	assert_null(load(GP_SYNTAX));
	expect_error(0, "v6guard.conf", 4, 16, "anybody may write it (mode 0666)");
	assert_int_equal(chmod(path_of("list"), 0644), 0);
	gp_config_free(load(GP_OK));
	assert_int_equal(truncate(path_of("list"), (64L << 20) + 1), 0);
	assert_null(load(GP_SYNTAX));
	expect_error(0, "v6guard.conf", 4, 16, "bigger than 67108864 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_nothing),
		IN_DIR(test_order),
		IN_DIR(test_errors),
		IN_DIR(test_unreadable),
		cmocka_unit_test_setup_teardown(test_permission, make_dir_for_all,
						remove_dir_as_root),
		IN_DIR(test_lists),
		IN_DIR(test_long_list),
		IN_DIR(test_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
