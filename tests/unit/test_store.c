/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_store.c - store.h, line by line, below a temporary root. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_tree.h"

static void test_open(void **state)
{
	(void)state;
	struct stat stat_buf;
	mode_t mask = umask(077);

	errno = 4711;
	gp_store_close(tree_open_store());
	assert_int_equal(errno, 4711);
	umask(mask);
	/* readable for every process, whatever the umask; the lock for nobody else */
	assert_int_equal(stat(tree_below("/var/lib/v6guard"), &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFDIR | 0755);
	assert_int_equal(stat(tree_below("/var/lib"), &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFDIR | 0755);
	assert_int_equal(stat(tree_below("/var/lib/v6guard/lock"), &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFREG | 0600);

	/* an existing folder keeps its mode; slashes at the root's end do not matter */
	assert_int_equal(chmod(tree_below("/var/lib/v6guard"), 0700), 0);
	struct gp_store *store;
	assert_int_equal(gp_store_open(tree_below("//"), "x", &store, NULL), GP_OK);
	gp_store_close(store);
	assert_int_equal(stat(tree_below("/var/lib/v6guard"), &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFDIR | 0700);
	gp_store_close(NULL);
}

static void test_open_fails(void **state)
{
	(void)state;
	struct gp_store *store = NULL;
	struct gp_diag diag;

	tree_put("/var", "a file where the folder should be");
	assert_int_equal(gp_store_open(tree_root, "x", &store, &diag), GP_IO);
	assert_int_equal(diag.saved_errno, ENOTDIR);
	assert_true(diag.path[0] && diag.text[0]);
	assert_null(store);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct holder {
	pid_t pid;
	int go; /* to be written to */
	double *let_go;
};

/* A child that holds the lock until it is killed; once it is told that somebody else
 * wants it for MS milliseconds more, and it notes when it let go. */
static struct holder hold_lock(int ms)
{
	struct holder holder;
	int ready[2], go[2];
	char byte;

	holder.let_go = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(holder.let_go != MAP_FAILED);
	assert_int_equal(pipe(ready) | pipe(go), 0);
	holder.pid = fork();
	if (holder.pid == 0) {
		struct gp_store *store;
		close(go[1]);
		if (gp_store_open(tree_root, "holder", &store, NULL) != GP_OK ||
		    write(ready[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		usleep((useconds_t)ms * 1000);
		*holder.let_go = seconds();
		gp_store_close(store);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	holder.go = go[1];
	return holder;
}

static void end_holder(const struct holder *holder, int expected)
{
	int status;

	assert_int_equal(waitpid(holder->pid, &status, 0), holder->pid);
	assert_int_equal(status, expected);
	close(holder->go);
	munmap(holder->let_go, sizeof(double));
}

/* No upper bound in time: who waits too long is told that it is busy. */
static void test_lock_waits(void **state)
{
	(void)state;
	struct holder holder = hold_lock(400);
	assert_int_equal(write(holder.go, "x", 1), 1);
	struct gp_store *store = tree_open_store();
	/* Not before the other one let go. */
	assert_true(*holder.let_go > 0 && seconds() >= *holder.let_go);
	gp_store_close(store);
	end_holder(&holder, 0);

	/* a holder that died holds nothing */
	holder = hold_lock(0);
	kill(holder.pid, SIGKILL);
	end_holder(&holder, SIGKILL);
	gp_store_close(tree_open_store());
}

static void test_lock_gives_up(void **state)
{
	(void)state;
	struct gp_store *store = NULL;
	struct gp_diag diag;
	struct holder holder = hold_lock(0);
	double begin = seconds();
	enum gp_status status = gp_store_open(tree_root, "x", &store, &diag);
	double took = seconds() - begin;

	kill(holder.pid, SIGKILL);
	end_holder(&holder, SIGKILL);
	assert_int_equal(status, GP_BUSY);
	/* The lock counts whole milliseconds. */
	assert_true(took > 9.99 && took < 60);
	assert_null(store);
}

struct reading {
	const char *name;
	enum gp_status status;
	bool exists, through_link;
	const char *path; /* below the tree_root */
	const char *text;
};

static const struct reading readings[] = {
	{"/etc/plain", GP_OK, true, false, "/etc/plain", "text"},
	{"/etc/none", GP_OK, false, false, "/etc/none", ""},
	{"/none/none", GP_OK, false, false, "/none/none", ""},
	{"/etc/plain/none", GP_OK, false, false, "/etc/plain/none", ""},
	{"/etc/relative", GP_OK, true, true, "/etc/plain", "text"},
	/* an absolute target is one below the tree_root */
	{"/etc/absolute", GP_OK, true, true, "/etc/plain", "text"},
	{"/etc/twice", GP_OK, true, true, "/etc/plain", "text"},
	{"/etc/climber", GP_OK, true, true, "/etc/plain", "text"},
	{"/etc/dangling", GP_OK, false, true, "/run/none", ""},
	/* only the last part counts as "a link" */
	{"/link/plain", GP_OK, true, false, "/etc/plain", "text"},
	{"/link/relative", GP_OK, true, true, "/etc/plain", "text"},
	{"//etc/./../etc//plain", GP_OK, true, false, "/etc/plain", "text"},
	{"/etc/loop", GP_UNSUPPORTED, false, false, NULL, NULL},
	{"/etc/folder", GP_UNSUPPORTED, false, false, NULL, NULL},
	{"/etc/fifo", GP_UNSUPPORTED, false, false, NULL, NULL},
	{"/etc/big", GP_UNSUPPORTED, false, false, NULL, NULL},
};

static void test_read(void **state)
{
	(void)state;
	tree_put("/etc/plain", "text");
	tree_put("/etc/big", "");
	assert_int_equal(truncate(tree_below("/etc/big"), (64 << 20) + 1), 0);
	assert_int_equal(symlink("plain", tree_below("/etc/relative")), 0);
	assert_int_equal(symlink("/etc/plain", tree_below("/etc/absolute")), 0);
	assert_int_equal(symlink("/etc/absolute", tree_below("/etc/twice")), 0);
	assert_int_equal(symlink("../../../../etc/plain", tree_below("/etc/climber")), 0);
	assert_int_equal(symlink("/run/none", tree_below("/etc/dangling")), 0);
	assert_int_equal(symlink("/etc/loop", tree_below("/etc/loop")), 0);
	assert_int_equal(symlink("etc", tree_below("/link")), 0);
	assert_int_equal(mkdir(tree_below("/etc/folder"), 0755), 0);
	assert_int_equal(mkfifo(tree_below("/etc/fifo"), 0644), 0);

	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		const struct reading *test = &readings[i];
		struct gp_file file = {.size = 77};
		struct gp_diag diag;

		print_message("%s\n", test->name);
		errno = 4711;
		assert_int_equal(gp_file_read(tree_root, test->name, &file, &diag),
				 test->status);
		assert_int_equal(errno, 4711);
		if (test->status != GP_OK) {
			assert_int_equal(file.size, 77);
			assert_true(diag.text[0] != '\0');
			continue;
		}
		assert_string_equal(file.path, tree_below(test->path));
		assert_string_equal(file.bytes, test->text);
		assert_int_equal(file.size, strlen(test->text));
		assert_int_equal(file.exists, test->exists);
		assert_int_equal(file.through_link, test->through_link);
		gp_file_free(&file);
	}
}

static void test_replace_keeps(void **state)
{
	(void)state;
	struct stat old, new;
	bool is_root = geteuid() == 0;

	tree_put("/etc/x", "old");
	assert_int_equal(chmod(tree_below("/etc/x"), 02640), 0);
	if (is_root)
		assert_int_equal(chown(tree_below("/etc/x"), 12345, 23456), 0);
	bool has_xattr = setxattr(tree_below("/etc/x"), "user.note", "kept", 4, 0) == 0;
	if (!has_xattr)
		print_message("no user.* attributes on this file system\n");
	assert_int_equal(chmod(tree_below("/etc/x"), 02640), 0);
	assert_int_equal(stat(tree_below("/etc/x"), &old), 0);

	assert_int_equal(tree_replace_as("nss", "/etc/x", "new"), GP_OK);
	tree_expect("/etc/x", "new");
	assert_int_equal(stat(tree_below("/etc/x"), &new), 0);
	assert_int_equal(new.st_mode, old.st_mode);
	assert_int_equal(new.st_uid, old.st_uid);
	assert_int_equal(new.st_gid, old.st_gid);
	assert_true(new.st_ino != old.st_ino);
	char value[8] = "";
	if (has_xattr) {
		assert_int_equal(getxattr(tree_below("/etc/x"), "user.note", value, 8),
				 4);
		assert_memory_equal(value, "kept", 4);
	}
	assert_int_equal(tree_count_files("/etc"), 1);
}

static void test_replace_new(void **state)
{
	(void)state;
	struct stat stat_buf;
	mode_t mask = umask(077);

	assert_int_equal(tree_replace_as("config", "/etc/v6guard/new", "text"), GP_OK);
	umask(mask);
	tree_expect("/etc/v6guard/new", "text");
	assert_int_equal(stat(tree_below("/etc/v6guard/new"), &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFREG | 0644);
	assert_int_equal(stat_buf.st_uid, geteuid());
	assert_int_equal(stat(tree_below("/etc/v6guard"), &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFDIR | 0755);

	struct gp_history_entry *list;
	size_t count;
	assert_int_equal(gp_history_list(tree_root, NULL, &list, &count, NULL), GP_OK);
	assert_int_equal(count, 1);
	assert_false(list[0].existed);
	free(list);
}

static void test_replace_through_link(void **state)
{
	(void)state;
	struct stat stat_buf;
	assert_int_equal(mkdir(tree_below("/target"), 0755), 0);
	tree_put("/target/x", "old");
	assert_int_equal(symlink("/target/x", tree_below("/etc/x")), 0);

	assert_int_equal(tree_replace_as("nss", "/etc/x", "new"), GP_OK);
	assert_int_equal(lstat(tree_below("/etc/x"), &stat_buf), 0);
	assert_true(S_ISLNK(stat_buf.st_mode));
	tree_expect("/target/x", "new");
	assert_int_equal(tree_count_files("/target"), 1);
}

/* A mode of its own, whatever the old file had. */
static void test_mode(void **state)
{
	struct gp_store *store = tree_open_store();
	struct stat stat_buf;
	struct gp_file file;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
		assert_int_equal(file.mode, 0);
		file.mode = i ? 0400 : 0444;
		assert_int_equal(gp_store_replace(store, &file, NULL, "text", 4, NULL),
				 GP_OK);
		gp_file_free(&file);
		assert_int_equal(stat(tree_below("/etc/x"), &stat_buf), 0);
		assert_int_equal(stat_buf.st_mode, S_IFREG | (i ? 0400 : 0444));
	}
	gp_store_close(store);
}

static void test_leftovers_go(void **state)
{
	(void)state;
	tree_put("/etc/x", "old");
	tree_put("/etc/.x.v6guard-a1B2c3", "half a fi");
	tree_put("/etc/.x.v6guard-", "somebody's");
	tree_put("/etc/.xy.v6guard-a1B2c3", "another file's");
	assert_int_equal(tree_replace_as("nss", "/etc/x", "new"), GP_OK);
	assert_int_equal(tree_count_files("/etc"), 3);
	assert_int_equal(access(tree_below("/etc/.x.v6guard-a1B2c3"), F_OK), -1);

	tree_put("/var/lib/v6guard/history/.entry.v6guard-a1B2c3", "half an en");
	assert_int_equal(tree_replace_as("nss", "/etc/x", "newer"), GP_OK);
	assert_int_equal(tree_count_files("/var/lib/v6guard/history"), 2);
}

/* What somebody else does between reading and replacing. */
static void edit_same_size(void)
{
	/* in place, and with the times put back */
	struct stat old;
	assert_int_equal(stat(tree_below("/etc/x"), &old), 0);
	tree_put("/etc/x", "OLD");
	struct timespec times[] = {old.st_atim, old.st_mtim};
	assert_int_equal(utimensat(AT_FDCWD, tree_below("/etc/x"), times, 0), 0);
}

static void edit_longer(void)
{
	tree_put("/etc/x", "older");
}

static void edit_mode(void)
{
	assert_int_equal(chmod(tree_below("/etc/x"), 0600), 0);
}

static void edit_replace(void)
{
	tree_put("/etc/y", "old");
	assert_int_equal(rename(tree_below("/etc/y"), tree_below("/etc/x")), 0);
}

static void edit_delete(void)
{
	assert_int_equal(unlink(tree_below("/etc/x")), 0);
}

static void edit_link(void)
{
	assert_int_equal(rename(tree_below("/etc/x"), tree_below("/etc/y")), 0);
	assert_int_equal(symlink("y", tree_below("/etc/x")), 0);
}

static void test_changed_since(void **state)
{
	(void)state;
	static void (*const edits[])(void) = {edit_same_size, edit_longer, edit_mode,
					      edit_replace,   edit_delete, edit_link};
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct gp_file file, now;
		struct gp_diag diag;
		unlink(tree_below("/etc/x"));
		unlink(tree_below("/etc/y"));
		tree_put("/etc/x", "old");
		struct gp_store *store = tree_open_store();
		assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
		edits[i]();
		size_t files = tree_count_files("/etc");
		assert_int_equal(gp_store_replace(store, &file, "nss", "new", 3, &diag),
				 GP_BUSY);
		assert_int_equal(gp_file_read(tree_root, "/etc/x", &now, NULL), GP_OK);
		assert_string_not_equal(now.bytes, "new");
		assert_int_equal(tree_count_files("/etc"), files);
		assert_int_equal(tree_count_files("/var/lib/v6guard/history"), 0);
		gp_file_free(&file);
		gp_file_free(&now);
		gp_store_close(store);
	}
}

static void test_created_since(void **state)
{
	(void)state;
	struct gp_file file;
	struct gp_store *store = tree_open_store();
	assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
	tree_put("/etc/x", "theirs");
	assert_int_equal(gp_store_replace(store, &file, NULL, "ours", 4, NULL), GP_BUSY);
	tree_expect("/etc/x", "theirs");
	assert_int_equal(tree_count_files("/etc"), 1);
	gp_file_free(&file);
	gp_store_close(store);
}

static void test_remove(void **state)
{
	(void)state;
	struct gp_history_entry *list;
	struct gp_file file;
	size_t count, size;
	char *bytes;

	tree_put("/etc/x", "old");
	struct gp_store *store = tree_open_store();
	assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
	/* Changed since: it stays, and history does not know of it. */
	tree_put("/etc/x", "theirs");
	assert_int_equal(gp_store_remove(store, &file, "unit", NULL), GP_BUSY);
	tree_expect("/etc/x", "theirs");
	assert_int_equal(tree_count_files("/var/lib/v6guard/history"), 0);
	gp_file_free(&file);

	assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
	errno = 4711;
	assert_int_equal(gp_store_remove(store, &file, "unit", NULL), GP_OK);
	assert_int_equal(errno, 4711);
	assert_int_equal(tree_count_files("/etc"), 0);
	assert_int_equal(gp_store_remove(store, &file, "unit", NULL), GP_BUSY);
	assert_int_equal(gp_history_list(tree_root, "unit", &list, &count, NULL), GP_OK);
	assert_int_equal(count, 1);
	assert_true(list[0].existed);
	assert_int_equal(gp_history_content(tree_root, list, &bytes, &size, NULL), GP_OK);
	assert_string_equal(bytes, "theirs");
	free(bytes);
	free(list);
	gp_file_free(&file);
	gp_store_close(store);
}

/* No space, as far as a test without a file system of its own can have it. */
static void test_write_fails(void **state)
{
	(void)state;
	struct rlimit old, tiny;
	static char big[100000];
	struct gp_file file;
	struct gp_diag diag;

	memset(big, 'x', sizeof(big));
	tree_put("/etc/x", "old");
	struct gp_store *store = tree_open_store();
	assert_int_equal(gp_file_read(tree_root, "/etc/x", &file, NULL), GP_OK);
	getrlimit(RLIMIT_FSIZE, &old);
	tiny = (struct rlimit){.rlim_cur = 50000, .rlim_max = old.rlim_max};
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &tiny);
	errno = 4711;
	enum gp_status status =
		gp_store_replace(store, &file, "nss", big, sizeof(big), &diag);
	int error = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, handler);

	assert_int_equal(status, GP_IO);
	assert_int_equal(diag.saved_errno, EFBIG);
	assert_int_equal(error, 4711);
	tree_expect("/etc/x", "old");
	assert_int_equal(tree_count_files("/etc"), 1);
	assert_int_equal(tree_count_files("/var/lib/v6guard/history"), 0);
	gp_file_free(&file);
	gp_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_open),          TEST(test_open_fails),
		TEST(test_lock_waits),    TEST(test_lock_gives_up),
		TEST(test_read),          TEST(test_replace_keeps),
		TEST(test_replace_new),   TEST(test_replace_through_link),
		TEST(test_mode),          TEST(test_leftovers_go),
		TEST(test_changed_since), TEST(test_created_since),
		TEST(test_write_fails),   TEST(test_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
