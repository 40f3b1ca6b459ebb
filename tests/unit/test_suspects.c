/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the host's sockets are looked at, and at which of them: by a clock that goes while
 * the loop waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>

#include "guard/clock.h"
#include "netns.h"
#include "tool/v6guardd/watch/suspects.h"

#define ESTABLISHED 1
#define CLOSED 7
#define CLOSED_PORT 7001

struct world {
	struct event_base *base;
	struct suspects *suspects;
	struct gp_addr wanted[SUSPECTS_FILTER];
	size_t wanted_count;
	long long begun_ms;
	bool is_broken;
	size_t waiting, repeated, established4, established6, closed, inbound, asked;
};

static void on_waiting(void *ctx, const struct gp_socket *socket)
{
	struct world *world = ctx;

	assert_int_equal(socket->remote.family, AF_INET6);
	world->waiting++;
	world->repeated += socket->retransmits > 0;
}

static void on_seen(void *ctx, const struct gp_socket *socket)
{
	struct world *world = ctx;

	/* Sockets of the cases before may still be closing. */
	world->closed += socket->state == CLOSED && socket->remote_port == CLOSED_PORT;
	world->inbound += socket->local_port == CLOSED_PORT;
	if (socket->state == ESTABLISHED && socket->remote.family == AF_INET)
		world->established4++;
	if (socket->state == ESTABLISHED && socket->remote.family == AF_INET6)
		world->established6++;
}

static size_t on_suspects(void *ctx, struct gp_addr *out, size_t max)
{
	struct world *world = ctx;

	assert_true(world->wanted_count <= max);
	world->asked++;
	memcpy(out, world->wanted, world->wanted_count * sizeof(*out));
	return world->wanted_count;
}

static bool on_broken(void *ctx)
{
	const struct world *world = ctx;

	return world->is_broken;
}

static void begin(struct world *world, int event_fd)
{
	const struct suspects_ops ops = {world, on_waiting, on_seen, on_suspects,
					 on_broken};

	world->base = event_base_new();
	assert_non_null(world->base);
	world->begun_ms = gp_boot_ms();
	world->suspects = suspects_new(world->base, gp_sockdiag_open(), event_fd, &ops);
	assert_non_null(world->suspects);
}

static void end(struct world *world)
{
	suspects_free(world->suspects);
	event_base_free(world->base);
}

/* Until *COUNT is ENOUGH (NULL: whatever happens), at most MS. */
static void run(struct world *world, int ms, const size_t *count, size_t enough)
{
	struct timespec now, start;
	const struct timeval step = {0, 20000};

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((!count || *count < enough) &&
		 (now.tv_sec - start.tv_sec) * 1000 +
				 (now.tv_nsec - start.tv_nsec) / 1000000 <
			 ms);
}

static int connected(const char *to, int port, int flags)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, SOCK_STREAM | flags, 0);

	assert_int_equal(inet_pton(AF_INET6, to, &six.sin6_addr), 1);
	if (connect(fd, (struct sockaddr *)&six, sizeof(six)) && errno != EINPROGRESS)
		fail_msg("connect to %s: %s", to, strerror(errno));
	return fd;
}

static int listening(int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 512), 0);
	return fd;
}

/* One dump, and then none for five seconds; established connections are not looked at,
 * whoever is suspect. */
static void test_idle(void **state)
{
	struct world world = {.wanted = {{.bytes = {[15] = 1}, .family = AF_INET6}},
			      .wanted_count = 1};

	(void)state;
	need_netns();
	begin(&world, gp_sockdiag_listen(1 << 18));
	run(&world, 1200, NULL, 0);
	assert_int_equal(suspects_dumps(world.suspects), 1);
	assert_int_equal(world.asked, 0);
	end(&world);
}

/* Within less than an idle pause there are many; a flood of hints changes nothing. */
static void test_hinted(void **state)
{
	struct world world = {.wanted_count = 0};

	(void)state;
	need_netns();
	begin(&world, -1);
	run(&world, 200, NULL, 0);
	for (int i = 0; i < 1000; i++)
		suspects_hinted(world.suspects);
	run(&world, 4000, &world.asked, 4);
	assert_true(world.asked >= 4);
	for (int i = 0; i < 50; i++) {
		suspects_hinted(world.suspects);
		run(&world, 20, NULL, 0);
	}
	/* Hints neither put them off nor make them more. */
	assert_true(world.asked >= 6);
	assert_true((long long)suspects_dumps(world.suspects) <=
		    (gp_boot_ms() - world.begun_ms) / SUSPECTS_BUSY_MS + 2);
	end(&world);
}

static void test_broken(void **state)
{
	struct world world = {.is_broken = true};

	(void)state;
	need_netns();
	begin(&world, -1);
	run(&world, 4000, &world.asked, 4);
	assert_true(world.asked >= 4);
	world.is_broken = false;
	run(&world, 500, NULL, 0);
	size_t before = suspects_dumps(world.suspects);
	run(&world, 1000, NULL, 0);
	assert_int_equal(suspects_dumps(world.suspects), before);
	end(&world);
}

static bool note_retransmit(void *ctx, const struct gp_socket *socket)
{
	*(bool *)ctx |= socket->retransmits > 0;
	return true;
}

/* Until a SYN was sent again, which is 1 s; 30 s at most. */
static void wait_for_retransmit(void)
{
	const int fd = gp_sockdiag_open();
	bool is_there = false;

	for (int i = 0; i < 1500 && !is_there; i++) {
		usleep(20000);
		assert_int_equal(gp_sockdiag_dump(fd, AF_INET6, GP_STATE_SYN_SENT, NULL,
						  0, note_retransmit, &is_there),
				 GP_OK);
	}
	close(fd);
	assert_true(is_there);
}

/* As long as somebody waits beyond the first second it goes on, without any hint. */
static void test_waiting(void **state)
{
	struct world world = {.wanted_count = 0};

	(void)state;
	need_netns();
	assert_true(sh("ip -6 route replace 2001:db8:9::/48 via 2001:db8:1::2"));
	assert_true(on_router("ip -6 route replace blackhole 2001:db8:9::/48"));
	int fd = connected("2001:db8:9::1", 80, SOCK_NONBLOCK);
	wait_for_retransmit();
	begin(&world, -1);
	run(&world, 4000, &world.repeated, 5);
	assert_true(world.repeated >= 5);
	close(fd);
	run(&world, 600, NULL, 0);
	size_t before = suspects_dumps(world.suspects);
	run(&world, 1000, NULL, 0);
	assert_int_equal(suspects_dumps(world.suspects), before);
	end(&world);
}

/* Those to suspects alone, of both families; a mapped one is IPv4. */
static void test_established(void **state)
{
	struct world world = {.is_broken = true,
			      .wanted = {{.bytes = {[15] = 1}, .family = AF_INET6},
					 {.bytes = {127, 0, 0, 3}, .family = AF_INET},
					 {.bytes = {[15] = 9}, .family = AF_INET6}},
			      .wanted_count = 2};

	(void)state;
	need_netns();
	int server = listening(7000);
	int six = connected("::1", 7000, 0),
	    four = connected("::ffff:127.0.0.3", 7000, 0);
	int other = connected("::ffff:127.0.0.4", 7000, 0);
	begin(&world, -1);
	run(&world, 3000, &world.established4, 1);
	assert_int_equal(world.established4, 1);
	assert_int_equal(world.established6, 1); /* of both ends, the one that began */
	end(&world);
	close(other);
	close(four);
	close(six);
	close(server);
}

/* Whether a gap in an answer stays is worth a look beyond what a hint is worth. */
static void test_gap(void **state)
{
	static const char answer[1428 + 300];
	struct world world = {.is_broken = true,
			      .wanted = {{.bytes = {[15] = 1}, .family = AF_INET6}},
			      .wanted_count = 1};

	(void)state;
	need_netns();
	if (!loopback_hole(7003))
		skip();
	int server = listening(7003), fd = connected("::1", 7003, 0),
	    peer = accept(server, NULL, NULL);
	begin(&world, -1);
	run(&world, 1000, &world.established6, 1);
	/* One without a gap is looked at no longer. */
	world.is_broken = false;
	world.wanted_count = 0;
	run(&world, 400, NULL, 0);
	size_t before = suspects_dumps(world.suspects);
	run(&world, 700, NULL, 0);
	assert_int_equal(suspects_dumps(world.suspects), before);

	assert_int_equal(send(peer, answer, sizeof(answer), 0), sizeof(answer));
	world.is_broken = true;
	world.wanted_count = 1;
	end(&world);
	begin(&world, -1);
	run(&world, 700, NULL, 0);
	world.is_broken = false;
	world.wanted_count = 0;
	run(&world, 400, NULL, 0);
	before = world.established6;
	run(&world, 4000, &world.established6, before + 4);
	assert_true(world.established6 >= before + 4);
	end(&world);
	assert_true(loopback_hole(0));
	close(peer);
	close(fd);
	close(server);
}

/* Of both ends of a connection the one that began it is heard of: what others can do
 * towards us says nothing of the way out. */
static void test_closed(void **state)
{
	struct world world = {.wanted_count = 0};

	(void)state;
	need_netns();
	int server = listening(CLOSED_PORT);
	begin(&world, gp_sockdiag_listen(1 << 18));
	run(&world, 100, NULL, 0);
	for (int i = 0; i < 10; i++) {
		close(connected("::1", CLOSED_PORT, 0));
		close(accept(server, NULL, NULL));
	}
	/* The kernel tells of them when its own worker has had the time. */
	run(&world, 60000, &world.closed, 10);
	run(&world, 100, NULL, 0);
	assert_int_equal(world.closed, 10);
	assert_int_equal(world.inbound, 0);
	/* An event is no reason for a dump. */
	assert_int_equal(suspects_dumps(world.suspects),
			 1 + (gp_boot_ms() - world.begun_ms) / SUSPECTS_IDLE_MS);
	close(server);
	end(&world);
}

/* Events that were lost: a look now, once. */
static void test_overflow(void **state)
{
	struct world world = {.wanted_count = 0};

	(void)state;
	need_netns();
	int server = listening(7002), events = gp_sockdiag_listen(4096);
	begin(&world, events);
	run(&world, 300, NULL, 0);
	assert_int_equal(suspects_dumps(world.suspects), 1);
	for (int i = 0; i < 300; i++)
		close(connected("::1", 7002, 0));
	for (int i = 0; i < 300; i++)
		close(accept(server, NULL, NULL));
	for (int i = 0; i < 500 && !socket_drops(events); i++)
		usleep(20000);
	assert_true(socket_drops(events) > 0);
	run(&world, 1500, NULL, 0);
	assert_in_range(suspects_dumps(world.suspects), 2, 6);
	close(server);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),        cmocka_unit_test(test_hinted),
		cmocka_unit_test(test_broken),      cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_established), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_gap),         cmocka_unit_test(test_overflow),
	};

	netns_enter();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
