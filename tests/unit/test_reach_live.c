/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which file a process takes for the map, and what becomes of it when that file is
 * replaced, vanishes or expires, and the process forks or changes its root. A process of
 * its own for each case; clocks are the test's.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "guard/clock.h"
#include "guard/live.h"
#include "guard/reach_private.h"

static _Atomic long long clock_ms = 1000000;

long long __wrap_gp_now_ms(void);
long long __wrap_gp_boot_ms(void);

long long __wrap_gp_now_ms(void)
{
	return clock_ms;
}

long long __wrap_gp_boot_ms(void)
{
	return clock_ms;
}

static char folder[64], path[96], snapshot_path[96];

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

/* A map whose host record says EPOCH, made beside and renamed into its place. */
static void write_map(uint32_t epoch)
{
	const struct gp_reach_host host = {.expires_ms = clock_ms + 100000,
					   .epoch = epoch};
	/* Not from the allocator, whose lock a thread may have held at a fork(). */
	static _Alignas(64) uint8_t memory[sizeof(struct gp_reach)];
	char temporary[128];
	int fd;

	gp_reach_set_host(gp_reach_format(memory), &host);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, memory, gp_reach_size()) == (ssize_t)gp_reach_size());
	CHECK(!fchmod(fd, 0644) && !close(fd) && !rename(temporary, path));
}

/* The epoch of the map in force; 0: there is none. */
static uint32_t epoch_now(void)
{
	const struct gp_reach *map;
	struct gp_reach_host host;

	errno = 4711;
	map = gp_reach_live();
	CHECK(errno == 4711);
	if (!map)
		return 0;
	CHECK(gp_reach_get_host(map, &host));
	return host.epoch;
}

static uint32_t epoch_later(void)
{
	clock_ms += 1000;
	return epoch_now();
}

/* As a door does it: the policy first, which remembers the root. There is none here. */
static void begin(void)
{
	struct gp_live_ref ref;

	setenv("V6GUARD_SNAPSHOT", snapshot_path, 1);
	CHECK(!gp_live_get(&ref));
	gp_reach_use_path(path);
}

static void run(void (*case_fn)(const void *arg), const void *arg, const char *what)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		begin();
		case_fn(arg);
		exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	rmdir(path);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: child ended with status 0x%x", what, status);
}

/* ---- which files are believed ---- */

static void as_it_is(void)
{
}

static void no_file(void)
{
	CHECK(!unlink(path));
}

static void a_folder(void)
{
	no_file();
	CHECK(!mkdir(path, 0755));
}

static void a_fifo(void)
{
	no_file();
	CHECK(!mkfifo(path, 0644));
}

static void group_writable(void)
{
	CHECK(!chmod(path, 0664));
}

static void writable_by_all(void)
{
	CHECK(!chmod(path, 0646));
}

static void of_another_user(void)
{
	if (geteuid() == 0)
		CHECK(!chown(path, 65534, 65534));
	else
		no_file(); /* cannot be made here */
}

static void too_short(void)
{
	CHECK(!truncate(path, (off_t)gp_reach_size() - 1));
}

static void too_long(void)
{
	CHECK(!truncate(path, (off_t)gp_reach_size() + 1));
}

static void overwrite(off_t at, uint8_t byte)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0 && pwrite(fd, &byte, 1, at) == 1 && !close(fd));
}

static void another_version(void)
{
	overwrite(offsetof(struct gp_reach, version), 99);
}

static void of_another_network(void)
{
	overwrite(offsetof(struct gp_reach, network), 99);
}

static void not_at_all(void)
{
	gp_reach_use_path("/nonexistent/reach.map");
}

static const struct file_case {
	const char *what;
	void (*make)(void);
	bool is_believed;
} file_cases[] = {
	{"a map", as_it_is, true},
	{"no file", no_file, false},
	{"a folder", a_folder, false},
	{"a FIFO", a_fifo, false},
	{"writable by its group", group_writable, false},
	{"writable by all", writable_by_all, false},
	{"of another user", of_another_user, false},
	{"too short", too_short, false},
	{"too long", too_long, false},
	{"another version", another_version, false},
	{"of another network namespace", of_another_network, false},
	{"no folder", not_at_all, false},
};

static void try_file(const void *arg)
{
	const struct file_case *one = arg;

	write_map(1);
	one->make();
	CHECK(epoch_now() == (one->is_believed ? 1U : 0U));
	/* And once a good one is there, that one. */
	unlink(path);
	rmdir(path);
	gp_reach_use_path(path);
	write_map(2);
	CHECK(epoch_now() == (one->is_believed ? 1U : 0U)); /* within the second */
	CHECK(epoch_later() == 2);
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(file_cases) / sizeof(file_cases[0]); i++)
		run(try_file, &file_cases[i], file_cases[i].what);
}

/* ---- as time goes by ---- */

static void see_changes(const void *arg)
{
	const struct gp_reach *first;

	(void)arg;
	write_map(1);
	CHECK(epoch_now() == 1);
	first = gp_reach_live();
	CHECK(epoch_later() == 1 && gp_reach_live() == first);
	write_map(2);
	CHECK(epoch_later() == 2);
	CHECK(gp_reach_is_live(first, clock_ms)); /* still there for who holds it */
	no_file();
	CHECK(epoch_later() == 0); /* it may have been cut off before */
	write_map(2);
	CHECK(epoch_later() == 2);
	clock_ms += 200000;
	CHECK(epoch_now() == 0);
	write_map(3);
	CHECK(epoch_later() == 3);
	a_folder(); /* not a map */
	CHECK(epoch_later() == 0);
}

/* `: >reach.map` kills nobody who looks at it later, and what comes in its place is
 * found. */
static void survive_cut(const void *arg)
{
	const struct gp_addr addr = {.family = AF_INET6, .bytes = {0x20, 1}};

	(void)arg;
	write_map(1);
	CHECK(epoch_now() == 1);
	CHECK(!truncate(path, 0));
	clock_ms += 4; /* a tick */
	CHECK(epoch_now() == 0 && epoch_later() == 0);
	CHECK(!truncate(path, 4096));
	CHECK(epoch_later() == 0);
	write_map(2);
	CHECK(epoch_later() == 2);
	CHECK(gp_reach_verdict(gp_reach_live(), &addr, clock_ms) == GP_VERDICT_UNKNOWN);
	/* Cut off and replaced, with no look between. */
	CHECK(!truncate(path, 0));
	write_map(3);
	clock_ms += 4;
	CHECK(epoch_now() == 3);
	CHECK(!truncate(path, 0));
	no_file();
	CHECK(epoch_later() == 0);
}

/* A daemon that starts over all the time: after 8 files wait for the first to age. */
static void see_many(const void *arg)
{
	const struct gp_reach *maps[9];

	(void)arg;
	for (uint32_t epoch = 1; epoch <= 8; epoch++) {
		write_map(epoch);
		CHECK(epoch_later() == epoch);
		maps[epoch] = gp_reach_live();
	}
	write_map(9);
	CHECK(epoch_later() == 0);
	CHECK(gp_reach_is_live(maps[1], clock_ms)); /* nothing was taken away */
	for (uint32_t epoch = 9; epoch < 40; epoch++) {
		clock_ms += 61000;
		write_map(epoch);
		CHECK(epoch_now() == epoch);
	}
}

/* EACCES is not tried again for a minute. */
static void forget_denial(const void *arg)
{
	char inner[160], outer[128];

	(void)arg;
	if (geteuid())
		return;
	/* A folder that nobody else may enter: EACCES at stat(). */
	snprintf(outer, sizeof(outer), "%s/closed", folder);
	snprintf(inner, sizeof(inner), "%s/reach.map", outer);
	write_map(1);
	CHECK(!mkdir(outer, 0700) && !rename(path, inner));
	gp_reach_use_path(inner);
	CHECK(!setresuid(65534, 65534, 0));
	CHECK(epoch_now() == 0);
	CHECK(!setresuid(0, 0, 0));
	CHECK(epoch_later() == 0);
	clock_ms += 58000;
	CHECK(epoch_now() == 0);
	clock_ms += 2000;
	CHECK(epoch_now() == 1);
	CHECK(!unlink(inner) && !rmdir(outer));
}

static void keep_after_chroot(const void *arg)
{
	char inside[128];

	(void)arg;
	write_map(1);
	CHECK(epoch_now() == 1);
	if (geteuid())
		return;
	/* The very path, below the new root, with a map of root's in it. */
	snprintf(inside, sizeof(inside), "%s/root", folder);
	CHECK(!mkdir(inside, 0755) && !chroot(inside));
	CHECK(!mkdir("/tmp", 0755) && !mkdir(folder, 0755));
	write_map(2);
	CHECK(epoch_later() == 1);
	CHECK(!unlink(path) && !rmdir(folder) && !rmdir("/tmp"));
	_exit(0); /* no leak check without /proc/self */
}

static _Atomic bool is_over;

/* A fork at any moment leaves a child that finds the map. */
static void *look_all_the_time(void *arg)
{
	(void)arg;
	while (!is_over) {
		clock_ms += 500;
		gp_reach_live();
	}
	return NULL;
}

static void fork_amid_looks(const void *arg)
{
	pthread_t threads[2];

	(void)arg;
	write_map(1);
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&threads[i], NULL, look_all_the_time, NULL));
	for (uint32_t round = 0; round < 50; round++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			clock_ms += 61000;
			write_map(100);
			_exit(epoch_later() == 100 ? 0 : 1);
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	}
	is_over = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static void test_changes(void **state)
{
	(void)state;
	run(see_changes, NULL, "changes");
	run(survive_cut, NULL, "cut off");
	run(see_many, NULL, "many files");
	run(forget_denial, NULL, "denied, then not");
	run(keep_after_chroot, NULL, "chroot");
	run(fork_amid_looks, NULL, "fork");
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/v6guard-test-XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/reach.map", folder);
	snprintf(snapshot_path, sizeof(snapshot_path), "%s/policy.snap", folder);
	return 0;
}

static int teardown(void **state)
{
	char inside[128];

	(void)state;
	snprintf(inside, sizeof(inside), "%s/root", folder);
	rmdir(inside);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests_name("reach live", tests, setup, teardown);
}
