/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_nss_trace.c - who wants to know hears of each lookup that comes to the door. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "guard/snapshot.h"
#include "guard/trace.h"
#include "nss/answer.h"
#include "nss_world.h"

NSS_DECLARE_MODULE_FUNCTIONS(v6guard)

#define STUB "v6gstub"
#define OK .status = NSS_STATUS_SUCCESS

/* NAME NULL: an address. */
static void look_up(const char *name)
{
	struct gaih_addrtuple *pat = NULL;
	struct hostent host;
	char buffer[4096];
	const char addr[16] = {1};
	int h_error;

	if (name)
		_nss_v6guard_gethostbyname4_r(name, &pat, buffer, sizeof(buffer), &errno,
					      &h_error, NULL);
	else
		_nss_v6guard_gethostbyaddr_r(addr, sizeof(addr), AF_INET6, &host, buffer,
					     sizeof(buffer), &errno, &h_error);
}

struct trace_case {
	const char *what, *prefix; /* NULL: nobody */
	enum gp_mode mode;
	const char *name; /* NULL: a lookup by address */
	bool is_off;
	unsigned messages;
	uint64_t generation;
};

static int listen_for_trace(const char *prefix)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char variable[sizeof(at.sun_path) + 8];

	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "test_nss.%d", getpid());
	CHECK(fd >= 0);
	CHECK(!bind(fd, (struct sockaddr *)&at,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				strlen(at.sun_path + 1))));
	snprintf(variable, sizeof(variable), "%s@%s", prefix, at.sun_path + 1);
	CHECK(!setenv(GP_TRACE_VARIABLE, variable, 1));
	return fd;
}

static void tell_of_it(const void *arg)
{
	const struct trace_case *one = arg;
	const struct gp_guard_policy policy = world_policy(one->mode);
	const int fd = one->prefix ? listen_for_trace(one->prefix) : -1;
	struct gp_snapshot snapshot;
	struct gp_trace trace;
	char bytes[4096];
	unsigned messages = 0;
	size_t size;

	size = world_build(&policy, STUB, bytes, sizeof(bytes));
	CHECK(gp_snapshot_parse(bytes, size, &snapshot) == GP_OK);
	snapshot.generation = 7;
	snapshot.off_until = one->is_off ? GP_OFF_FOREVER : 0;
	CHECK(gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &size) == GP_OK);
	world_write_bytes(bytes, size);
	stub_full->script = (struct stub_script){OK, .ipv4 = 1, .ipv6 = 1};
	errno = 4711;
	look_up(one->name);
	CHECK(errno == 4711 || errno == ENOENT); /* passed on, or untouched */
	while (fd >= 0 && recv(fd, &trace, sizeof(trace), 0) == (ssize_t)sizeof(trace)) {
		CHECK(trace.magic == GP_TRACE_MAGIC && trace.door == GP_DOOR_NSS);
		CHECK(!strcmp(trace.name, one->name) && !trace.count);
		CHECK(trace.generation == one->generation);
		messages++;
	}
	CHECK(messages == one->messages);
}

static void test_trace(void **state)
{
	static const struct trace_case list[] = {
		{"the policy", "nss:", GP_MODE_PREFER_IPV4, "a.example", false, 1, 7},
		{"auto, and no map: passed on", "nss:", GP_MODE_AUTO, "a.example", false,
		 1, 7},
		{"mode off", "nss:", GP_MODE_OFF, "a.example", false, 1, 0},
		{"switched off", "nss:", GP_MODE_PREFER_IPV4, "a.example", true, 1, 0},
		{"the preload is asked for", "", GP_MODE_PREFER_IPV4, "a.example", false,
		 0, 0},
		{"by address", "nss:", GP_MODE_PREFER_IPV4, NULL, false, 0, 0},
		{"nobody", NULL, GP_MODE_PREFER_IPV4, "a.example", false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		world_run(tell_of_it, &list[i], list[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_trace)};

	return cmocka_run_group_tests_name("nss trace", tests, world_setup,
					   world_teardown);
}
