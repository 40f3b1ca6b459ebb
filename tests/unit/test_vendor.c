/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_vendor.c - files that libc reads below /usr/etc, and what a file was before us. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gaiconf/vendor.h"
#include "store_tree.h"

#define NAME "/etc/nsswitch.conf"
#define VENDOR "/usr/etc/nsswitch.conf"

static void make_folders(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/", tree_below(name));
	for (char *at = path + strlen(tree_root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
}

static void put_libc(const char *folder, const char *bytes, size_t size)
{
	char name[256];
	FILE *file;

	make_folders(folder);
	snprintf(name, sizeof(name), "%s/libc.so.6", folder);
	file = fopen(tree_below(name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

struct image {
	const char *what, *etc, *usr; /* the files; NULL: it is not there */
	const char *folder;           /* of libc; NULL: none is found */
	const char *libc;
	size_t libc_size;
	const char *bytes;
	bool is_vendors;
};

#define LIBC(text) .libc = text, .libc_size = sizeof(text) - 1

static const struct image images[] = {
	{"openSUSE", NULL, "v", V6GUARD_NSSDIR, LIBC("\177ELF\0" VENDOR "\0x"), "v",
	 true},
	{"another folder", NULL, "v", "/lib64", LIBC("/etc/nsswitch.conf\0" VENDOR "\0"),
	 "v", true},
	{"a file of one's own", "e", "v", V6GUARD_NSSDIR, LIBC(VENDOR "\0"), "e", false},
	{"an empty one", "", "v", V6GUARD_NSSDIR, LIBC(VENDOR "\0"), "", false},
	{"Debian's libc", NULL, "v", V6GUARD_NSSDIR, LIBC("/etc/nsswitch.conf\0"), "",
	 false},
	{"a longer name", NULL, "v", V6GUARD_NSSDIR, LIBC(VENDOR ".d\0"), "", false},
	{"the first libc decides", NULL, "v", V6GUARD_NSSDIR, LIBC("x"), "", false},
	{"no libc", NULL, "v", NULL, LIBC(""), "", false},
	{"nothing at all", NULL, NULL, V6GUARD_NSSDIR, LIBC(VENDOR "\0"), "", false},
	{"an empty vendor's file", NULL, "", V6GUARD_NSSDIR, LIBC(VENDOR "\0"), "", true},
};

static void check_image(const struct image *image)
{
	struct gp_file file;

	print_message("%s\n", image->what);
	unlink(tree_below(NAME));
	unlink(tree_below(VENDOR));
	unlink(tree_below(V6GUARD_NSSDIR "/libc.so.6"));
	unlink(tree_below("/lib64/libc.so.6"));
	make_folders("/usr/etc");
	if (image->etc)
		tree_put(NAME, image->etc);
	if (image->usr)
		tree_put(VENDOR, image->usr);
	if (image->folder)
		put_libc(image->folder, image->libc, image->libc_size);
	assert_int_equal(gp_file_read_vendor(tree_root, NAME, &file, NULL), GP_OK);
	assert_string_equal(file.bytes, image->bytes);
	assert_int_equal(file.size, strlen(image->bytes));
	assert_int_equal(file.exists, image->etc != NULL);
	assert_string_equal(file.path, tree_below(NAME));
	assert_int_equal(file.vendor != NULL, image->is_vendors);
	if (file.vendor)
		assert_string_equal(file.vendor, tree_below(VENDOR));
	gp_file_free(&file);
}

static void test_images(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		check_image(&images[i]);
}

/* This host's libc is asked of itself: Debian's does not look there. */
static void test_host(void **state)
{
	struct gp_file file, plain;

	(void)state;
	assert_int_equal(gp_file_read_vendor("", NAME, &file, NULL), GP_OK);
	assert_int_equal(gp_file_read("", NAME, &plain, NULL), GP_OK);
	if (!file.vendor)
		assert_string_equal(file.bytes, plain.bytes);
	assert_int_equal(file.exists, plain.exists);
	gp_file_free(&file);
	gp_file_free(&plain);
}

/* A folder in its place is an error, as anywhere. */
static void test_trouble(void **state)
{
	struct gp_file file = {.path = NULL};
	struct gp_diag diag;

	(void)state;
	make_folders(VENDOR);
	assert_int_equal(gp_file_read_vendor(tree_root, NAME, &file, &diag),
			 GP_UNSUPPORTED);
	assert_null(file.path);
}

/* ---- what it was ---- */

static bool is_like(const void *ctx, const char *bytes, size_t size)
{
	return size == strlen(ctx) && !memcmp(bytes, ctx, size);
}

static struct gp_origin find(const char *path, const char *text)
{
	const struct gp_origin_query query = {"nss", path, is_like, text};
	struct gp_origin origin;

	assert_int_equal(gp_origin_find(tree_root, &query, &origin, NULL), GP_OK);
	if (origin.is_known)
		assert_string_equal(origin.bytes, text);
	free(origin.bytes);
	return origin;
}

static bool is_none(const char *name, const char *text)
{
	struct gp_file file;
	bool result = true;

	assert_int_equal(gp_file_read(tree_root, name, &file, NULL), GP_OK);
	assert_int_equal(gp_origin_is_none(tree_root, "nss", &file, text, strlen(text),
					   &result, NULL),
			 GP_OK);
	gp_file_free(&file);
	return result;
}

static void test_origin(void **state)
{
	struct gp_store *store;
	struct gp_file file;

	(void)state;
	assert_false(find(NAME, "v").is_known);
	make_folders("/usr/etc");
	tree_put(VENDOR, "v");
	put_libc(V6GUARD_NSSDIR, VENDOR, sizeof(VENDOR));
	store = tree_open_store();
	assert_int_equal(gp_file_read_vendor(tree_root, NAME, &file, NULL), GP_OK);
	assert_int_equal(gp_store_replace(store, &file, "nss", "v+", 2, NULL), GP_OK);
	gp_file_free(&file);
	gp_store_close(store);
	tree_expect(NAME, "v+");

	assert_true(find(NAME, "v").is_known);
	assert_false(find(NAME, "v").existed);
	assert_false(find("/etc/other", "v").is_known);
	assert_true(is_none(NAME, "v"));
	assert_false(is_none(NAME, "v+"));
	/* The latest that fits counts: here somebody else has made the file meanwhile. */
	tree_put(NAME, "v");
	assert_int_equal(tree_replace_as("nss", NAME, "v+"), GP_OK);
	assert_true(find(NAME, "v").existed);
	assert_false(is_none(NAME, "v"));
	/* Other kinds are not looked at. */
	assert_int_equal(tree_replace_as("gai", NAME, "v++"), GP_OK);
	assert_false(find(NAME, "v+").is_known);
	unlink(tree_below(NAME));
	assert_false(is_none(NAME, "v"));
}

/* A damaged entry is passed over; a folder in the place of one cannot be read. */
static void test_odd_history(void **state)
{
	const struct gp_origin_query query = {"nss", NAME, is_like, "one"};
	struct gp_origin origin;
	struct gp_diag diag;

	(void)state;
	tree_put(NAME, "one");
	assert_int_equal(tree_replace_as("nss", NAME, "two"), GP_OK);
	tree_put("/var/lib/v6guard/history/0000000002-nss", "garbage");
	tree_put("/var/lib/v6guard/history/notes", "x");
	assert_true(find(NAME, "one").is_known);
	make_folders("/var/lib/v6guard/history/0000000003-nss");
	assert_int_equal(gp_origin_find(tree_root, &query, &origin, &diag),
			 GP_UNSUPPORTED);
	assert_false(origin.is_known);
}

#define TREE_TEST(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_images),      TREE_TEST(test_host),
		TREE_TEST(test_trouble),     TREE_TEST(test_origin),
		TREE_TEST(test_odd_history),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
