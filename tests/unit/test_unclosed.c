/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets of a race that the program leaves by longjmp(): the thread's next race closes
 * them, or its end, and nothing else that has their numbers by then. Real attempts, in a
 * network of its own where nobody answers.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "netns.h"
#include "nss/inline.h"
#include "preload_world.h"

static jmp_buf out_of_it;
static int waits_left;
static long long clock_us;

/* The race's clock goes while it waits: it is never over before it has waited twice. */
static long long now_us(void)
{
	return clock_us;
}

static void wait_or_jump(struct pollfd *fds, unsigned count, int timeout_ms)
{
	if (waits_left-- == 0)
		longjmp(out_of_it, 1);
	happy_kernel.wait(fds, count, timeout_ms);
	clock_us += timeout_ms * 1000LL;
}

static void leave_race(void)
{
	struct addrinfo *list = NULL;

	waits_left = 1;
	if (!setjmp(out_of_it)) {
		getaddrinfo("host.example", "7", NULL, &list);
		CHECK(!"got here");
	}
}

static void run_left(const void *arg)
{
	struct happy_ops ops = happy_kernel;
	struct addrinfo *list = NULL;
	unsigned fds, count;

	ops.wait = wait_or_jump;
	ops.now_us = now_us;
	preload_prepare(arg);
	inline_ops = &ops;
	fds = preload_count_fds();
	leave_race();
	count = preload_count_fds();
	CHECK(count > fds && count <= fds + 2);
	for (int i = 0; i < 4; i++) {
		leave_race();
		CHECK(preload_count_fds() == count);
	}
	/* What has their numbers meanwhile is the program's own. */
	for (int fd = 3; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			CHECK(dup2(0, fd) == fd);
	waits_left = 1000;
	CHECK(getaddrinfo("host.example", "7", NULL, &list) == 0);
	addrlist_free(list);
	CHECK(preload_count_fds() == count);
}

static void *leave_in_thread(void *arg)
{
	leave_race();
	return arg;
}

static void run_left_in_thread(const void *arg)
{
	struct happy_ops ops = happy_kernel;
	pthread_t thread;
	unsigned fds;

	ops.wait = wait_or_jump;
	ops.now_us = now_us;
	preload_prepare(arg);
	inline_ops = &ops;
	fds = preload_count_fds();
	CHECK(!pthread_create(&thread, NULL, leave_in_thread, NULL));
	CHECK(!pthread_join(thread, NULL));
	CHECK(preload_count_fds() == fds);
}

/* Where nobody answers: frames to a neighbour that is not there. */
static bool make_silence(void)
{
	return sh("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0 && "
		  "ip -6 neigh add 2001:db8:1::9 lladdr 02:00:00:00:00:09 dev v0 && "
		  "ip route add 198.51.100.2/32 via 192.0.2.9 && "
		  "ip -6 route add 2001:db8::2/128 via 2001:db8:1::9");
}

static void test_left(void **state)
{
	const struct preload_case nobody = {"nobody answers", AUTO, .behind = "2b",
					    .race = ""};

	(void)state;
	if (world_is_instrumented())
		skip();
	netns_enter();
	if (netns_reason) {
		netns_leave();
		skip();
	}
	assert_true(make_silence());
	world_run(run_left, &nobody, "left by longjmp");
	world_run(run_left_in_thread, &nobody, "left by a thread that ends");
	netns_leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_left)};

	return cmocka_run_group_tests_name("unclosed", tests, world_setup,
					   world_teardown);
}
