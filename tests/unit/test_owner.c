/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/owner_private.h"

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

/* This process's own sockets, one asked for twice, and what nobody has. */
static void test_find(void **state)
{
	struct gp_owner owners[5];
	int a = socket(AF_INET6, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[512] = "";

	(void)state;
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(prctl(PR_SET_NAME, "owner) (\33test"), 0);
	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	uint32_t inodes[] = {0, inode_of(a), UINT32_MAX, inode_of(b), inode_of(a)};
	errno = 4711;
	assert_int_equal(gp_owner_find(inodes, owners, 5), 3);
	assert_int_equal(errno, 4711);
	for (size_t i = 0; i < 5; i++) {
		bool is_ours = i % 2 || i == 4;
		assert_int_equal(owners[i].pid, is_ours ? getpid() : 0);
		assert_string_equal(owners[i].program, is_ours ? "owner) (\33test" : "");
		assert_string_equal(owners[i].path, is_ours ? path : "");
	}
	uint32_t held[64];
	size_t count = gp_owner_sockets(getpid(), held, 64), found = 0;
	assert_int_equal(errno, 4711);
	for (size_t i = 0; i < count; i++)
		found += held[i] == inodes[1] || held[i] == inodes[3];
	assert_int_equal(found, 2);
	assert_int_equal(gp_owner_sockets(getpid(), held, 1), 1);
	assert_int_equal(gp_owner_sockets(0x7fffffff, held, 64), 0);
	close(a);
	close(b);
	assert_int_equal(gp_owner_find(inodes, owners, 5), 0);
	assert_int_equal(owners[1].pid, 0);
	assert_int_equal(gp_owner_find(inodes, owners, 0), 0);
}

static const struct {
	const char *cgroup, *unit;
} units[] = {
	{"0::/system.slice/ssh.service\n", "ssh.service"},
	{"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
	{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service\n",
	 "a.service"},
	/* a service's own groups below it */
	{"0::/system.slice/docker.service/payload/x\n", "docker.service"},
	/* as systemctl takes it */
	{"0::/system.slice/foo\\x2dbar.service\n", "foo\\x2dbar.service"},
	{"0::/system.slice/_cpu.service\n", "cpu.service"},
	{"0::/system.slice/cups.socket\n", "cups.socket"},
	{"0::/system.slice\n", ""},
	{"0::/\n", ""},
	{"0::/.service\n", ""},
	{"", ""},
	{"0::", ""},
	{"rubbish", ""},
	{"rubbish\n0::/a.service", "a.service"},
	/* version 1, and both */
	{"12:cpu,cpuacct:/x.service\n1:name=systemd:/system.slice/y.service\n0::/\n",
	 "y.service"},
	{"12:cpu:/system.slice/x.service\n", ""},
	{"5:name=systemdx:/x.service\n", ""},
	{"5:cpu:/:name=systemd:/x.service\n", ""},
};

static void test_unit(void **state)
{
	char unit[128];

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		gp_owner_unit(units[i].cgroup, unit, sizeof(unit));
		if (strcmp(unit, units[i].unit) != 0)
			fail_msg("%s: %s", units[i].cgroup, unit);
	}
}

/* A name that does not fit is none, rather than half of one. */
static void test_unit_room(void **state)
{
	char unit[10];

	(void)state;
	gp_owner_unit("0::/a.service\n", unit, sizeof(unit));
	assert_string_equal(unit, "a.service");
	gp_owner_unit("0::/ab.service\n", unit, sizeof(unit));
	assert_string_equal(unit, "");
}

static void test_is(void **state)
{
	static const struct gp_owner wget = {
		.pid = 7, .program = "wget", .path = "/usr/bin/wget"};
	static const struct gp_owner python = {
		.pid = 8, .program = "update-tool", .path = "/usr/bin/python3.11"};
	static const struct gp_owner hidden = {.pid = 9, .program = "wget"};
	static const struct gp_owner nobody = {.pid = 0};

	(void)state;
	assert_true(gp_owner_is(&wget, "wget"));
	assert_true(gp_owner_is(&wget, "/usr/bin/wget"));
	assert_false(gp_owner_is(&wget, "/bin/wget"));
	assert_false(gp_owner_is(&wget, "wge"));
	assert_false(gp_owner_is(&wget, "bin/wget"));
	assert_true(gp_owner_is(&python, "python3.11"));
	assert_true(gp_owner_is(&python, "update-tool"));
	assert_true(gp_owner_is(&hidden, "wget"));
	assert_false(gp_owner_is(&hidden, "/usr/bin/wget"));
	assert_false(gp_owner_is(&nobody, ""));
	assert_false(gp_owner_is(&wget, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_unit),
		cmocka_unit_test(test_unit_room),
		cmocka_unit_test(test_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
