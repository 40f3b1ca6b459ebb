/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_history.c - what was changed, and the content it replaced. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_tree.h"

static void test_history(void **state)
{
	(void)state;
	struct gp_history_entry *list;
	size_t count, size;
	char *bytes;
	int64_t begin = time(NULL);

	assert_int_equal(gp_history_list(tree_root, "nss", &list, &count, NULL), GP_OK);
	assert_int_equal(count, 0);
	free(list);

	tree_put("/etc/x", "one");
	tree_put("/etc/c", "conf");
	assert_int_equal(tree_replace_as("nss", "/etc/x", "two"), GP_OK);
	assert_int_equal(tree_replace_as("config", "/etc/c", "conf2"), GP_OK);
	assert_int_equal(tree_replace_as(NULL, "/etc/x", "no trace"), GP_OK);
	assert_int_equal(tree_replace_as("nss", "/etc/x", "three"), GP_OK);

	assert_int_equal(gp_history_list(tree_root, NULL, &list, &count, NULL), GP_OK);
	assert_int_equal(count, 3);
	assert_string_equal(list[0].what, "nss");
	assert_int_equal(list[0].n, 1);
	assert_string_equal(list[1].what, "config");
	assert_int_equal(list[1].n, 1);
	assert_int_equal(list[2].n, 2);
	assert_true(list[0].serial > list[1].serial);
	assert_string_equal(list[0].path, "/etc/x");
	assert_string_equal(list[0].command, "v6guard test --flag");
	assert_true(list[0].user[0] && list[0].existed);
	assert_true(list[0].time >= begin && list[0].time <= time(NULL));
	assert_int_equal(gp_history_content(tree_root, &list[2], &bytes, &size, NULL),
			 GP_OK);
	assert_string_equal(bytes, "one");
	assert_int_equal(size, 3);
	free(bytes);
	assert_int_equal(gp_history_content(tree_root, &list[0], &bytes, &size, NULL),
			 GP_OK);
	assert_string_equal(bytes, "no trace");
	free(bytes);
	free(list);

	assert_int_equal(gp_history_list(tree_root, "config", &list, &count, NULL),
			 GP_OK);
	assert_int_equal(count, 1);
	list[0].serial = 4711;
	assert_int_equal(gp_history_content(tree_root, &list[0], &bytes, &size, NULL),
			 GP_NOTFOUND);
	free(list);
}

/* A rollback says what it undoes; gai.conf's entries have both contents. */
static void test_history_after(void **state)
{
	struct gp_history_entry *list;
	struct gp_file file;
	struct gp_store *store;
	char *bytes;
	size_t count, size;

	(void)state;
	tree_put("/etc/x", "one\n");
	assert_int_equal(tree_replace_as("gai", "/etc/x", "two\n\n"), GP_OK);
	assert_int_equal(tree_replace_as("nss", "/etc/x", "three\n"), GP_OK);
	store = tree_open_store();
	gp_store_undoes(store, 1);
	assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
	assert_int_equal(gp_store_remove(store, &file, "gai", NULL), GP_OK);
	gp_file_free(&file);
	gp_store_close(store);

	assert_int_equal(gp_history_list(tree_root, NULL, &list, &count, NULL), GP_OK);
	assert_int_equal(count, 3);
	assert_true(list[0].undoes == 1 && list[1].undoes == 0 && list[2].serial == 1);
	assert_int_equal(gp_history_content(tree_root, &list[2], &bytes, &size, NULL),
			 GP_OK);
	assert_string_equal(bytes, "one\n");
	free(bytes);
	assert_int_equal(gp_history_after(tree_root, &list[2], &bytes, &size, NULL),
			 GP_OK);
	assert_string_equal(bytes, "two\n\n");
	assert_int_equal(size, 5);
	free(bytes);
	assert_int_equal(gp_history_after(tree_root, &list[1], &bytes, &size, NULL),
			 GP_NOTFOUND);
	assert_int_equal(gp_history_after(tree_root, &list[0], &bytes, &size, NULL),
			 GP_OK);
	assert_int_equal(size, 0);
	free(bytes);
	free(list);
}

/* Bytes of any kind, and commands that try to look like a header. */
static void test_history_bytes(void **state)
{
	(void)state;
	static const char old[] = "a\0b\nsize 3\n\n\xff";
	struct gp_store *store;
	struct gp_file file;
	struct gp_history_entry *list;
	size_t count, size;
	char *bytes;
	char command[1000] = "x\ntime 5\r\x1b[0m";

	memset(command + strlen(command), 'y', sizeof(command) - strlen(command) - 1);
	FILE *out = fopen(tree_below("/etc/x"), "w");
	fwrite(old, 1, sizeof(old), out);
	fclose(out);
	assert_int_equal(gp_store_open(tree_root, command, &store, NULL), GP_OK);
	assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
	assert_int_equal(gp_store_replace(store, &file, "nss", "", 0, NULL), GP_OK);
	gp_file_free(&file);
	gp_store_close(store);

	assert_int_equal(gp_history_list(tree_root, "nss", &list, &count, NULL), GP_OK);
	assert_int_equal(count, 1);
	assert_int_equal(strncmp(list[0].command, "x?time 5??[0myyy", 16), 0);
	assert_int_equal(strlen(list[0].command), 511);
	assert_int_equal(gp_history_content(tree_root, &list[0], &bytes, &size, NULL),
			 GP_OK);
	assert_int_equal(size, sizeof(old));
	assert_memory_equal(bytes, old, size);
	free(bytes);
	free(list);
}

static void test_history_is_capped(void **state)
{
	(void)state;
	struct gp_history_entry *list;
	size_t count, size;
	char text[16], *bytes;

	tree_put("/etc/x", "0");
	for (int i = 1; i <= GP_HISTORY_MAX + 7; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(
			tree_replace_as(i % 5 ? "nss" : "config", "/etc/x", text), GP_OK);
	}
	assert_int_equal(gp_history_list(tree_root, NULL, &list, &count, NULL), GP_OK);
	assert_int_equal(count, GP_HISTORY_MAX);
	assert_int_equal(gp_history_content(tree_root, &list[0], &bytes, &size, NULL),
			 GP_OK);
	assert_string_equal(bytes, "56");
	free(bytes);
	assert_int_equal(gp_history_content(tree_root, &list[GP_HISTORY_MAX - 1], &bytes,
					    &size, NULL),
			 GP_OK);
	assert_string_equal(bytes, "7");
	free(bytes);
	free(list);
	assert_int_equal(tree_count_files("/var/lib/v6guard/history"), GP_HISTORY_MAX);
}

/* What takes a file back to how it was before all of it does not go for its age. */
static void test_history_keeps_kinds(void **state)
{
	(void)state;
	struct gp_history_entry *list;
	size_t count;
	char text[16];

	tree_put("/etc/x", "0");
	tree_put("/etc/n", "plain");
	assert_int_equal(tree_replace_as("nss", "/etc/n", "first"), GP_OK);
	assert_int_equal(tree_replace_as("nss", "/etc/n", "second"), GP_OK);
	for (int i = 1; i <= GP_HISTORY_MAX + 7; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(tree_replace_as("config", "/etc/x", text), GP_OK);
	}
	assert_int_equal(tree_count_files("/var/lib/v6guard/history"),
			 GP_HISTORY_MAX + 1);
	assert_int_equal(gp_history_list(tree_root, "nss", &list, &count, NULL), GP_OK);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].path, "/etc/n");
	free(list);
}

static void test_history_damaged(void **state)
{
	(void)state;
	struct gp_history_entry *list;
	size_t count;
	struct stat stat_buf;

	tree_put("/etc/x", "secret");
	assert_int_equal(chmod(tree_below("/etc/x"), 0640), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tree_replace_as("nss", "/etc/x", "other"), GP_OK);
	/* history shows nobody what the file did not */
	assert_int_equal(
		stat(tree_below("/var/lib/v6guard/history/0000000001-nss"), &stat_buf),
		0);
	assert_int_equal(stat_buf.st_mode, S_IFREG | 0640);

	const char *second = tree_below("/var/lib/v6guard/history/0000000002-nss");
	assert_int_equal(stat(second, &stat_buf), 0);
	assert_int_equal(truncate(second, stat_buf.st_size - 1), 0);
	tree_put("/var/lib/v6guard/history/0000000003-nss",
		 "v6guard-history 1\nwhat nss\n");
	tree_put("/var/lib/v6guard/history/notes", "of the administrator");
	assert_int_equal(gp_history_list(tree_root, "nss", &list, &count, NULL), GP_OK);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].serial, 4);
	assert_int_equal(list[1].serial, 1);
	assert_int_equal(list[1].n, 2);
	free(list);
}
int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_history),           TEST(test_history_bytes),
		TEST(test_history_is_capped), TEST(test_history_keeps_kinds),
		TEST(test_history_damaged),   TEST(test_history_after),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
