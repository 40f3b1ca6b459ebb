/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_nss_trace.c - who wants to know hears of each lookup that comes to the door. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* What `enable` has for the programs that it starts. */
static struct gp_trace_ring *make_ring(const char *prefix)
{
	const int fd = memfd_create("trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct gp_trace_ring *ring;
	char path[64];

	CHECK(fd >= 0 && !ftruncate(fd, sizeof(*ring)) &&
	      !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(ring != MAP_FAILED);
	ring->magic = GP_TRACE_MAGIC;
	snprintf(path, sizeof(path), "%s/proc/self/fd/%d", prefix, fd);
	CHECK(!setenv(GP_TRACE_VARIABLE, path, 1));
	return ring;
}

static void tell_of_it(const void *arg)
{
	const struct trace_case *one = arg;
	const struct gp_guard_policy policy = world_policy(one->mode);
	const struct gp_trace_ring *ring = one->prefix ? make_ring(one->prefix) : NULL;
	struct gp_snapshot snapshot;
	char bytes[4096];
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
	if (!ring)
		return;
	CHECK(ring->count == one->messages && !ring->changed);
	for (unsigned i = 0; i < one->messages; i++) {
		const struct gp_trace *trace = &ring->pages[i].trace;
		CHECK(ring->pages[i].pid == (uint32_t)getpid());
		CHECK(trace->door == GP_DOOR_NSS && !trace->count);
		CHECK(!strcmp(trace->name, one->name));
		CHECK(trace->generation == one->generation);
	}
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
