/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint_world.h - a door that sends hints over real sockets, by a clock of the test's own;
 * each case in a process of its own. One test program includes it, and sets `path` and
 * `system_path` before it runs a case.
 */
#ifndef TESTS_UNIT_HINT_WORLD_H
#define TESTS_UNIT_HINT_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "guard/clock.h"
#include "guard/hint_private.h"
#include "guard/live.h"

static long long clock_ms = 1000000;

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

/* Of the sockets; root and system users send to system_path. */
static char folder[64], path[96], system_path[96];
static int receiver = -1;

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

static int bind_here(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, name);
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

/* Take the next hint; false: there is none. */
static bool receive(struct gp_hint *out)
{
	uint8_t bytes[GP_HINT_SIZE_MAX + 1];
	ssize_t size = recv(receiver, bytes, sizeof(bytes), 0);

	if (size < 0)
		return false;
	CHECK(gp_hint_parse(bytes, (size_t)size, out) == GP_OK);
	return true;
}

static struct gp_candidate candidate(const char *text, enum gp_disposition disposition,
				     enum gp_reason reason)
{
	struct gp_candidate out = {
		.disposition = disposition, .reason = reason, .enforce = 1};

	CHECK(!gp_addr_parse(text, &out.addr));
	return out;
}

/* Send one of a usual lookup, a while after the last. */
static void send_one(long long later_ms)
{
	const struct gp_candidate candidates[] = {
		candidate("2001:db8::1", GP_KEPT, GP_WHY_NOTHING),
		candidate("198.51.100.1", GP_KEPT, GP_WHY_NOTHING)};

	clock_ms += later_ms;
	errno = 4711;
	gp_hint_send(GP_DOOR_NSS, candidates, 2);
	CHECK(errno == 4711);
}

static void run(void (*case_fn)(void), const char *what)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct gp_live_ref ref;

		alarm(60);
		setenv("V6GUARD_SNAPSHOT", "/nonexistent", 1);
		CHECK(!gp_live_get(&ref)); /* as a door does: it remembers the root */
		gp_hint_use_paths(path, system_path);
		case_fn();
		exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	unlink(system_path);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: child ended with status 0x%x", what, status);
}

#endif
