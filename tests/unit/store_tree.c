/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_tree.h"

char tree_root[64];

const char *tree_below(const char *name)
{
	static char path[4][512];
	static unsigned next;
	char *here = path[next++ % 4];
	snprintf(here, sizeof(path[0]), "%s%s", tree_root, name);
	return here;
}

void tree_put(const char *name, const char *text)
{
	FILE *file = fopen(tree_below(name), "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

void tree_expect(const char *name, const char *text)
{
	char buf[4096] = "";
	FILE *file = fopen(tree_below(name), "r");
	assert_non_null(file);
	buf[fread(buf, 1, sizeof(buf) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(buf, text);
}

size_t tree_count_files(const char *name)
{
	DIR *dir = opendir(tree_below(name));
	size_t count = 0;
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count < 2 ? 0 : count - 2;
}

int tree_setup(void **state)
{
	(void)state;
	strcpy(tree_root, "/tmp/test_store.XXXXXX");
	if (!mkdtemp(tree_root) || mkdir(tree_below("/etc"), 0755) < 0)
		return -1;
	return 0;
}

static int remove_one(const char *path, const struct stat *stat, int type,
		      struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

int tree_teardown(void **state)
{
	(void)state;
	return nftw(tree_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct gp_store *tree_open_store(void)
{
	struct gp_store *store;
	struct gp_diag diag = {.text = ""};
	enum gp_status status =
		gp_store_open(tree_root, "v6guard test --flag", &store, &diag);
	if (status != GP_OK)
		fail_msg("%s: %s", diag.path, diag.text);
	return store;
}

enum gp_status tree_replace_as(const char *what, const char *name, const char *text)
{
	struct gp_store *store = tree_open_store();
	struct gp_file file;
	struct gp_diag diag = {.text = ""};
	assert_int_equal(gp_file_read(tree_root, name, &file, NULL), GP_OK);
	enum gp_status status =
		gp_store_replace(store, &file, what, text, strlen(text), &diag);
	if (status != GP_OK)
		print_message("%s: %s\n", diag.path, diag.text);
	gp_file_free(&file);
	gp_store_close(store);
	return status;
}
