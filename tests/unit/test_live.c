/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy in force: which files are believed, and what happens to a process when the
 * file changes, vanishes, is damaged, or the process forks, changes its root, runs out of
 * fds.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include "guard/live.h"
#include "held_clock.h"
#include "nss_world.h"

/* More than the second between two looks at the file, and so much of real time that the
 * file's own clock has ticked. */
static void pass_a_second(void)
{
	held_ms += 1001;
	usleep(20000);
}

static bool is_in_force(enum gp_mode mode)
{
	struct gp_live_ref ref;

	errno = 4711;
	if (!gp_live_get(&ref)) {
		CHECK(errno == 4711);
		return false;
	}
	CHECK(errno == 4711);
	if (ref.guard.mode != mode)
		world_die(__FILE__, __LINE__, gp_mode_name((enum gp_mode)ref.guard.mode));
	gp_live_put(&ref);
	return true;
}

static void write_mode(enum gp_mode mode)
{
	const struct gp_guard_policy policy = world_policy(mode);

	world_write(&policy, "dns");
}

static void write_off_until(int64_t until)
{
	struct gp_snapshot snapshot = {.generation = 1,
				       .guard = world_policy(GP_MODE_PREFER_IPV4),
				       .off_until = until};
	uint8_t bytes[1024];
	size_t length;

	CHECK(!gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &length));
	world_write_bytes(bytes, length);
}

/* ---- which files are believed ---- */

static void no_file(void)
{
	unlink(world_snapshot());
}

static void a_folder(void)
{
	no_file();
	CHECK(!mkdir(world_snapshot(), 0755));
}

static void a_fifo(void)
{
	no_file();
	CHECK(!mkfifo(world_snapshot(), 0644));
}

static void group_writable(void)
{
	CHECK(!chmod(world_snapshot(), 0664));
}

static void writable_by_all(void)
{
	CHECK(!chmod(world_snapshot(), 0646));
}

static void of_another_user(void)
{
	if (geteuid() == 0)
		CHECK(!chown(world_snapshot(), 65534, 65534));
	else
		no_file(); /* cannot be made here */
}

static void not_readable(void)
{
	if (geteuid() == 0)
		CHECK(!setresuid(65534, 65534, 65534));
	else
		CHECK(!chmod(world_snapshot(), 0));
	/* Root's file of mode 0600 and somebody else's process. */
}

static void unreadable(void)
{
	CHECK(!chmod(world_snapshot(), 0600));
	not_readable();
}

static void too_large(void)
{
	CHECK(!truncate(world_snapshot(), GP_SNAPSHOT_SMALL + 1));
}

static void empty(void)
{
	CHECK(!truncate(world_snapshot(), 0));
}

static void relative_path(void)
{
	CHECK(!chdir("/tmp"));
	setenv("V6GUARD_SNAPSHOT", world_snapshot() + strlen("/tmp/"), 1);
}

static void no_fd_left(void)
{
	const struct rlimit none = {3, 3};

	if (world_is_instrumented()) {
		no_file();
		return;
	}
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	while (dup(0) >= 0)
		;
}

static void no_address_space(void)
{
	const struct rlimit none = {0, 0};

	if (world_is_instrumented())
		no_file();
	else
		CHECK(!setrlimit(RLIMIT_AS, &none));
}

static void switched_off(void)
{
	write_off_until(GP_OFF_FOREVER);
}

static void off_ends_later(void)
{
	write_off_until(time(NULL) + 60);
}

static void off_is_over(void)
{
	write_off_until(time(NULL));
}

static void through_a_link(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.link", world_snapshot());
	unlink(path);
	CHECK(!symlink(world_snapshot(), path));
	setenv("V6GUARD_SNAPSHOT", path, 1);
}

struct file_case {
	const char *what;
	void (*change)(void);
	bool believed;
};

static void try_file(const void *arg)
{
	const struct file_case *one = arg;
	struct gp_live_ref ref;

	write_mode(GP_MODE_PREFER_IPV4);
	one->change();
	CHECK(is_in_force(GP_MODE_PREFER_IPV4) == one->believed);
	if (gp_live_get(&ref))
		gp_live_put(&ref);
	CHECK(ref.is_off ==
	      (one->change == switched_off || one->change == off_ends_later));
	CHECK(is_in_force(GP_MODE_PREFER_IPV4) == one->believed);
	if (one->change == no_fd_left || one->change == unreadable)
		_exit(0); /* without the leak check, which needs what was taken away */
}

static void clean_up(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.link", world_snapshot());
	unlink(path);
	if (rmdir(world_snapshot()))
		unlink(world_snapshot());
}

static void test_files(void **state)
{
	static const struct file_case cases[] = {
		{"missing", no_file, false},
		{"a folder", a_folder, false},
		{"a fifo does not hang", a_fifo, false},
		{"group-writable", group_writable, false},
		{"writable by all", writable_by_all, false},
		{"of another user", of_another_user, false},
		{"unreadable", unreadable, false},
		{"too large", too_large, false},
		{"empty", empty, false},
		{"a relative path", relative_path, false},
		{"no fd left", no_fd_left, false},
		{"no address space left", no_address_space, false},
		{"switched off", switched_off, false},
		{"off for a minute more", off_ends_later, false},
		{"off until now", off_is_over, true},
		{"through a symbolic link", through_a_link, true},
		{"readable, nothing odd", off_is_over, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_run(try_file, &cases[i], cases[i].what);
		clean_up();
	}
}

/* ---- change while the process runs ---- */

static void see_changes(const void *arg)
{
	(void)arg;
	write_mode(GP_MODE_PREFER_IPV4);
	CHECK(is_in_force(GP_MODE_PREFER_IPV4));
	write_mode(GP_MODE_STRIP_AAAA);
	CHECK(is_in_force(GP_MODE_PREFER_IPV4));
	pass_a_second();
	CHECK(is_in_force(GP_MODE_STRIP_AAAA));
	/* At once, if somebody says so. */
	write_mode(GP_MODE_PREFER_IPV4);
	gp_live_look();
	CHECK(is_in_force(GP_MODE_PREFER_IPV4));
	/* Damaged: nothing, until there is a good one again. */
	world_write_bytes("V6GPOL", 6);
	pass_a_second();
	CHECK(!is_in_force(GP_MODE_STRIP_AAAA));
	write_mode(GP_MODE_STRIP_A);
	pass_a_second();
	CHECK(is_in_force(GP_MODE_STRIP_A));
	write_off_until(GP_OFF_FOREVER);
	pass_a_second();
	CHECK(!is_in_force(GP_MODE_PREFER_IPV4));
	write_off_until(GP_OFF_NO);
	pass_a_second();
	CHECK(is_in_force(GP_MODE_PREFER_IPV4));
	unlink(world_snapshot());
	pass_a_second();
	CHECK(!is_in_force(GP_MODE_PREFER_IPV4));
}

/* A generation that somebody still reads is not overwritten; `off` gets through all the
 * same. */
static void hold_old_generations(const void *arg)
{
	static const enum gp_mode modes[] = {GP_MODE_PREFER_IPV4, GP_MODE_STRIP_AAAA,
					     GP_MODE_PREFER_IPV6, GP_MODE_AUTO};
	struct gp_live_ref held[4];

	(void)arg;
	/* The first is what a program that left a lookup by longjmp() never lets go. */
	for (unsigned i = 0; i < 4; i++) {
		write_mode(modes[i]);
		if (i)
			pass_a_second();
		CHECK(gp_live_get(&held[i]) && held[i].guard.mode == modes[i]);
	}
	write_mode(GP_MODE_STRIP_A); /* no room for a fifth */
	pass_a_second();
	CHECK(is_in_force(GP_MODE_AUTO));
	write_off_until(GP_OFF_FOREVER);
	pass_a_second();
	CHECK(!is_in_force(GP_MODE_AUTO));
	for (unsigned i = 0; i < 4; i++)
		CHECK(held[i].snapshot->guard.mode == modes[i]);
	for (unsigned i = 1; i < 4; i++)
		gp_live_put(&held[i]);
	for (unsigned i = 0; i < 3; i++) {
		write_mode(modes[i % 2]);
		pass_a_second();
		CHECK(is_in_force(modes[i % 2]));
	}
	CHECK(held[0].snapshot->guard.mode == modes[0]);
	gp_live_put(&held[0]);
}

/* The readers that fork() left behind must not keep the child on its generation for ever.
 */
static void fork_amid_readers(const void *arg)
{
	struct gp_live_ref held;
	int status;
	pid_t pid;

	(void)arg;
	write_mode(GP_MODE_PREFER_IPV4);
	CHECK(gp_live_get(&held));
	write_mode(GP_MODE_STRIP_AAAA);
	pass_a_second();
	CHECK(is_in_force(
		GP_MODE_STRIP_AAAA)); /* the other slot, now `held` pins the first */
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(is_in_force(GP_MODE_STRIP_AAAA));
		write_mode(GP_MODE_STRIP_A);
		pass_a_second();
		CHECK(is_in_force(GP_MODE_STRIP_A));
		gp_live_put(&held); /* counted in the parent only: harmless */
		write_mode(GP_MODE_PREFER_IPV4);
		pass_a_second();
		CHECK(is_in_force(GP_MODE_PREFER_IPV4));
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	gp_live_put(&held);
}

/* Loaded before chroot(): what was in force stays, and libraries are no longer trusted.
 */
static void change_root(const void *arg)
{
	(void)arg;
	write_mode(GP_MODE_PREFER_IPV4);
	CHECK(is_in_force(GP_MODE_PREFER_IPV4));
	CHECK(gp_live_same_root());
	if (geteuid()) /* not allowed: nothing to see */
		return;
	CHECK(!chroot("/proc"));
	pass_a_second();
	CHECK(is_in_force(GP_MODE_PREFER_IPV4));
	CHECK(!gp_live_same_root());
	_exit(0); /* no leak check without /proc/self */
}

static void test_changes(void **state)
{
	(void)state;
	world_run(see_changes, NULL, "changes");
	world_run(hold_old_generations, NULL, "old generations");
	world_run(fork_amid_readers, NULL, "fork");
	world_run(change_root, NULL, "chroot");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests_name("live", tests, world_setup, world_teardown);
}
