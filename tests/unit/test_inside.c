/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_inside.c - nothing outside a root is opened, made or removed, whatever the tree's
 * owner puts in place of a folder, and when. inotify tells of each touch outside.
 *
 * All of it three times: with openat2(), and where a seccomp filter says ENOSYS or EPERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gaiconf/inside.h"
#include "gaiconf/vendor.h"
#include "guard/config.h"
#include "sizes.h"
#include "store_tree.h"

#define OUTSIDE "OUTSIDE"

/* Folders of the tree; each has its like outside, and a link to that one beside it. */
static const char *const folders[] = {
	"/etc",     "/etc/v6guard",     "/etc/v6guard/conf.d",
	"/usr",     "/usr/etc",         "/var",
	"/var/lib", "/var/lib/v6guard", "/var/lib/v6guard/history"};
static const char *const files[] = {
	"/etc/nsswitch.conf", "/usr/etc/gai.conf", "/etc/v6guard/v6guard.conf",
	"/etc/v6guard/conf.d/a.conf", "/var/lib/v6guard/lock"};

#define FOLDERS (sizeof(folders) / sizeof(folders[0]))
#define FILES (sizeof(files) / sizeof(files[0]))

static char base[64], root[80], outside[80];
static int watch = -1;
static long long_rounds = 10000;

static void put(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void make(const char *folder, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Links by turns absolute and by way of "..". */
static void make_link(size_t at)
{
	char target[PATH_MAX], link[PATH_MAX], up[64] = "..";

	for (const char *slash = strchr(folders[at] + 1, '/'); slash;
	     slash = strchr(slash + 1, '/'))
		strcat(up, "/..");
	snprintf(target, sizeof(target), "%s%s%s", at % 2 ? outside : up,
		 at % 2 ? "" : "/outside", folders[at]);
	snprintf(link, sizeof(link), "%s%s.link", root, folders[at]);
	assert_int_equal(symlink(target, link), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(base, "/tmp/test_inside.XXXXXX");
	assert_non_null(mkdtemp(base));
	snprintf(tree_root, sizeof(tree_root), "%s", base);
	snprintf(root, sizeof(root), "%s/tree", base);
	snprintf(outside, sizeof(outside), "%s/outside", base);
	make(root, "");
	make(outside, "");
	for (size_t i = 0; i < FOLDERS; i++) {
		make(root, folders[i]);
		make(outside, folders[i]);
		make_link(i);
	}
	for (size_t i = 0; i < FILES; i++) {
		put(root, files[i], "# inside\n");
		put(outside, files[i], "# " OUTSIDE "\n");
	}
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(watch >= 0);
	for (size_t i = 0; i < FOLDERS; i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s%s", outside, folders[i]);
		assert_true(inotify_add_watch(watch, path, IN_ALL_EVENTS) >= 0);
	}
	assert_true(inotify_add_watch(watch, outside, IN_ALL_EVENTS) >= 0);
	return 0;
}

static int teardown(void **state)
{
	close(watch);
	return tree_teardown(state);
}

/* Was anything outside opened, made, changed or removed since the last time? */
static bool was_touched(void)
{
	char events[4096] __attribute__((aligned(8)));
	const ssize_t got = read(watch, events, sizeof(events));
	const struct inotify_event *event = (const void *)events;

	if (got > 0)
		print_message("outside: event %#x on \"%s\"\n", event->mask,
			      event->len ? event->name : "");
	while (read(watch, events, sizeof(events)) > 0)
		;
	return got > 0;
}

static void exchange(size_t at)
{
	char folder[PATH_MAX], link[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s%s", root, folders[at]);
	snprintf(link, sizeof(link), "%s%s.link", root, folders[at]);
	syscall(SYS_renameat2, AT_FDCWD, folder, AT_FDCWD, link, 2 /* EXCHANGE */);
}

static void test_watch_works(void **state)
{
	(void)state;
	char path[PATH_MAX];
	int fd;

	assert_false(was_touched());
	exchange(0);
	snprintf(path, sizeof(path), "%s/etc/nsswitch.conf", root);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	assert_true(was_touched());
	exchange(0);
}

/* ---- a folder that was one when the path was resolved ---- */

static void each_call(const char *path, int error)
{
	char temp[PATH_MAX], target[8];
	struct stat stat;
	int results[8] = {0};

	snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	for (int i = 0; i < 8; i++) {
		errno = 0;
		switch (i) {
		case 0:
			results[i] = gp_inside_open(root, path, O_RDONLY, 0);
			break;
		case 1:
			results[i] = gp_inside_open(root, path, O_RDWR | O_CREAT, 0644);
			break;
		case 2:
			results[i] = gp_inside_make_temp(root, temp);
			break;
		case 3:
			results[i] = gp_inside_lstat(root, path, &stat);
			break;
		case 4:
			results[i] = (int)gp_inside_readlink(root, path, target, 8);
			break;
		case 5:
			results[i] = gp_inside_mkdir(root, path, 0755);
			break;
		case 6:
			results[i] = gp_inside_unlink(root, path);
			break;
		case 7:
			results[i] = gp_inside_rmdir(root, path);
			break;
		}
		if (results[i] != -1 || errno != error)
			fail_msg("%s, call %d: %d, %s", path, i, results[i],
				 strerror(errno));
	}
	errno = 0;
	assert_null(gp_inside_opendir(root, path));
	assert_int_equal(errno, error);
}

static void opens_parent(const char *path)
{
	const int fd = gp_inside_open_parent(root, path);

	assert_true(fd >= 0);
	close(fd);
}

static void test_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < FOLDERS; i++) {
		exchange(i);
		for (size_t j = 0; j < FILES; j++) {
			const size_t length = strlen(folders[i]);
			char path[PATH_MAX];

			snprintf(path, sizeof(path), "%s%s", root, files[j]);
			if (!strncmp(files[j], folders[i], length) &&
			    files[j][length] == '/')
				each_call(path, ELOOP);
			else
				opens_parent(path);
		}
		exchange(i);
		assert_false(was_touched());
	}
}

static void test_root_swapped(void **state)
{
	(void)state;
	char path[PATH_MAX], aside[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc/nsswitch.conf", root);
	snprintf(aside, sizeof(aside), "%s.aside", root);
	assert_int_equal(rename(root, aside), 0);
	assert_int_equal(symlink(outside, root), 0);
	each_call(path, ELOOP);
	assert_false(was_touched());
	assert_int_equal(unlink(root), 0);
	assert_int_equal(rename(aside, root), 0);
}

/* ---- links that are there from the beginning ---- */

struct linked {
	const char *target;
	bool is_inside; /* it leads to the tree's nsswitch.conf */
};

static const struct linked links[] = {
	{"/etc/nsswitch.conf", true},
	{"nsswitch.conf", true},
	{"../../../../../../etc/nsswitch.conf", true},
	{"../etc/../usr/../etc/nsswitch.conf", true},
	{"/", false},
	{"/..", false},
	{"..", false},
	{"../../outside/etc/nsswitch.conf", false},
	{"/etc/link", false}, /* itself */
	{"/proc/self/cwd/etc/nsswitch.conf", false},
};

static void test_links(void **state)
{
	(void)state;
	char link[PATH_MAX], target[PATH_MAX];

	snprintf(link, sizeof(link), "%s/etc/link", root);
	snprintf(target, sizeof(target), "%s/etc/nsswitch.conf", outside);
	for (size_t i = 0; i <= sizeof(links) / sizeof(links[0]); i++) {
		const bool is_last = i == sizeof(links) / sizeof(links[0]);
		const bool is_inside = !is_last && links[i].is_inside;
		const char *to = is_last ? target : links[i].target;
		struct gp_file file;
		int fd;

		print_message("%s\n", to);
		assert_int_equal(symlink(to, link), 0);
		if (gp_file_read(root, "/etc/link", &file, NULL) == GP_OK) {
			assert_int_equal(file.exists, is_inside);
			assert_null(strstr(file.bytes, OUTSIDE));
			assert_memory_equal(file.path, root, strlen(root));
			gp_file_free(&file);
		} else {
			assert_false(is_inside);
		}
		fd = gp_inside_follow(root, "/etc/link", O_RDONLY);
		/* "/" and ".." are the tree itself. */
		assert_int_equal(fd >= 0, is_inside || (i >= 4 && i <= 6));
		assert_int_equal(gp_inside_has(root, "/etc/link"), fd >= 0);
		if (fd >= 0)
			close(fd);
		assert_int_equal(unlink(link), 0);
		assert_false(was_touched());
	}
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_true(gp_inside_has(root, "/etc/link"));
	assert_int_equal(unlink(link), 0);
}

/* The tree's list, not the host's; and nothing through links that lead out. */
static void test_config(void **state)
{
	(void)state;
	struct gp_config_errors errors;
	struct gp_config *config = NULL;
	char dir[PATH_MAX], link[PATH_MAX], target[PATH_MAX];

	put(root, "/etc/names", "inside.example\n");
	put(root, "/etc/v6guard/v6guard.conf",
	    "[rule x]\npriority = 1\naction = allow\ndomains-file = /etc/names\n");
	snprintf(dir, sizeof(dir), "%s/etc/v6guard", root);
	assert_int_equal(gp_config_load_below(root, dir, NULL, &config, &errors), GP_OK);
	gp_config_free(config);

	snprintf(link, sizeof(link), "%s/etc/v6guard/conf.d/b.conf", root);
	snprintf(target, sizeof(target), "%s/etc/v6guard/conf.d/a.conf", outside);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(gp_config_load_below(root, dir, NULL, &config, &errors), GP_IO);
	assert_string_equal(errors.list[0].path, link);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_int_equal(gp_config_load_below(root, dir, NULL, &config, &errors), GP_OK);
	gp_config_free(config);
	assert_false(was_touched());
}

/* ---- the race ---- */

static void swap_for_ever(void)
{
	unsigned seed = (unsigned)getpid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		const size_t at = (size_t)rand_r(&seed) % FOLDERS;

		exchange(at);
		if (rand_r(&seed) % 2)
			usleep((useconds_t)(rand_r(&seed) % 60));
		exchange(at);
		if (rand_r(&seed) % 4 == 0)
			usleep((useconds_t)(rand_r(&seed) % 200));
	}
}

static void look_at(struct gp_file *file)
{
	assert_null(strstr(file->bytes, OUTSIDE));
	assert_memory_equal(file->path, root, strlen(root));
}

static bool change(unsigned round)
{
	static const char *const names[] = {"/etc/nsswitch.conf",
					    "/etc/v6guard/v6guard.conf", "/etc/new/file"};
	const char *name = names[round % 3];
	struct gp_store *store;
	struct gp_file file;
	char text[64];
	bool is_done = false;

	if (gp_store_open(root, "race", &store, NULL) != GP_OK)
		return false;
	if (gp_file_read(root, name, &file, NULL) == GP_OK) {
		look_at(&file);
		snprintf(text, sizeof(text), "# round %u\n", round);
		if (round % 7 == 6 && file.exists)
			is_done = gp_store_remove(store, &file, "nss", NULL) == GP_OK;
		else
			is_done = gp_store_replace(store, &file, "nss", text,
						   strlen(text), NULL) == GP_OK;
		gp_file_free(&file);
	}
	gp_store_close(store);
	return is_done;
}

static void read_all(void)
{
	struct gp_history_entry *list;
	struct gp_config *config = NULL;
	struct dirent **entries;
	struct gp_file file;
	char dir[PATH_MAX];
	size_t count;

	if (gp_file_read_vendor(root, "/etc/gai.conf", &file, NULL) == GP_OK) {
		look_at(&file);
		gp_file_free(&file);
	}
	if (gp_history_list(root, NULL, &list, &count, NULL) == GP_OK)
		free(list);
	snprintf(dir, sizeof(dir), "%s/etc/v6guard", root);
	if (gp_config_load_below(root, dir, NULL, &config, NULL) == GP_OK)
		gp_config_free(config);
	const int found = gp_inside_scan(root, "/usr/etc", &entries, NULL, NULL);
	for (int i = 0; i < found; i++)
		free(entries[i]);
	if (found >= 0)
		free(entries);
}

static void test_race(void **state)
{
	(void)state;
	const unsigned rounds = (unsigned)sized(600, long_rounds);
	unsigned changes = 0;
	const pid_t pid = fork();

	if (pid == 0)
		swap_for_ever();
	assert_true(pid > 0);
	for (unsigned i = 0; i < rounds; i++) {
		changes += change(i);
		read_all();
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	print_message("%u rounds, %u changes went through\n", rounds, changes);
	assert_false(was_touched());
	/* Else it was no race. */
	assert_true(changes > 0 && changes < rounds);
}

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

static bool forbid_openat2(uint32_t error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_watch_works, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_swapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_race, setup, teardown),
	};
	int failed = cmocka_run_group_tests_name("openat2", tests, NULL, NULL);

	if (!forbid_openat2(ENOSYS))
		return failed;
	failed += cmocka_run_group_tests_name("ENOSYS", tests, NULL, NULL);
	/* The way is the same as with ENOSYS. */
	long_rounds = 1000;
	if (forbid_openat2(EPERM))
		failed += cmocka_run_group_tests_name("EPERM", tests, NULL, NULL);
	return failed;
}
