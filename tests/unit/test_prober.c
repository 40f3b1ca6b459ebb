/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attempts at the real kernel's networks; the prober's clock goes while the loop waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "guard/sockdiag.h"
#include "netns.h"
#include "tool/v6guardd/watch/prober.h"

#define QUEUE 1024

static struct event_base *base;

/* What became of it all. */
struct log {
	struct prober *prober;
	size_t count, until; /* the loop ends at UNTIL */
	struct {
		struct gp_addr addr;
		uint16_t port;
		enum gp_attempt result;
		uint32_t rtt_ms;
	} done[QUEUE];
	size_t again;      /* so often ask the same again, from the callback */
	uint32_t max_rate; /* not 0: check it */
	long long begun;
};

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void on_done(void *ctx, const struct gp_addr *addr, uint16_t port,
		    enum gp_attempt result, uint32_t rtt_ms)
{
	struct log *log = ctx;

	assert_true(log->count < QUEUE);
	log->done[log->count].addr = *addr;
	log->done[log->count].port = port;
	log->done[log->count].result = result;
	log->done[log->count++].rtt_ms = rtt_ms;
	if (log->max_rate) {
		const uint64_t most = (uint64_t)(now_us() - log->begun) * log->max_rate;

		assert_true(prober_sent(log->prober) <= most / 1000000 + 1);
	}
	if (log->again) {
		log->again--;
		assert_true(prober_ask(log->prober, addr, port));
	}
	if (log->count >= log->until)
		event_base_loopbreak(base);
}

static void log_start(struct log *log, uint32_t max_rate)
{
	memset(log, 0, sizeof(*log));
	log->begun = now_us();
	log->prober = prober_new(base, max_rate, on_done, log);
	assert_non_null(log->prober);
}

/* Until COUNT are done; MS at most. */
static void run(struct log *log, size_t count, int ms)
{
	const struct timeval end = {ms / 1000, ms % 1000 * 1000};

	log->until = count;
	event_base_loopexit(base, &end);
	event_base_dispatch(base);
}

/* Until COUNT were sent in all. */
static void run_sent(struct log *log, uint64_t count)
{
	for (int i = 0; i < 500 && prober_sent(log->prober) < count; i++)
		run(log, QUEUE, 20);
	assert_int_equal(prober_sent(log->prober), count);
}

static void ask(struct log *log, const char *to, uint16_t port)
{
	const struct gp_addr addr = address(to);

	if (!prober_ask(log->prober, &addr, port))
		fail_msg("%s port %u is refused", to, port);
}

static void test_askable(void **state)
{
	static const struct {
		const char *addr;
		bool askable;
	} cases[] = {
		{"2001:db8::1", true},
		{"2000::", true},
		{"3fff:ffff::1", true},
		{"fc00::1", true},
		{"fdff::1", true},
		{"64:ff9b::198.51.100.1", true}, /* RFC 6052 2.1 */
		{"64:ff9b::10.0.0.1", true},
		{"64:ff9b::127.0.0.1", false},
		{"64:ff9b::224.0.0.1", false},
		{"64:ff9b::255.255.255.255", false},
		{"64:ff9b:0:0:0:1::1", false},
		{"64:ff9b:1::1", true}, /* RFC 8215 */
		{"64:ff9b:2::1", false},
		{"::", false},
		{"::1", false},
		{"::ffff:198.51.100.1", false},
		{"::198.51.100.1", false},
		{"1fff::1", false},
		{"4000::1", false},
		{"fe80::1", false},
		{"febf::1", false},
		{"fec0::1", false},
		{"ff02::1", false},
		{"ff0e::1", false},
		{"2001:db8::1%1", false},
		{"198.51.100.1", true},
		{"10.0.0.1", true},
		{"100.64.0.1", true},
		{"0.0.0.0", false},
		{"0.1.2.3", false},
		{"127.0.0.1", false},
		{"169.254.0.1", false},
		{"224.0.0.1", false},
		{"239.255.255.255", false},
		{"240.0.0.1", false},
		{"255.255.255.255", false},
	};
	struct gp_addr strange = {.family = 0, .bytes = {0x20}};
	struct log log;

	(void)state;
	log_start(&log, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gp_addr addr = address(cases[i].addr);

		if (prober_ask(log.prober, &addr, 443) != cases[i].askable)
			fail_msg("%s", cases[i].addr);
		assert_false(prober_ask(log.prober, &addr, 0));
	}
	assert_false(prober_ask(log.prober, &strange, 443));
	prober_free(log.prober);
}

/* Nothing begins at rate 0; a full queue says so, and still knows what is in it. */
static void test_queue(void **state)
{
	struct gp_addr addr = address("2001:db8::1");
	struct log log;

	(void)state;
	log_start(&log, 0);
	for (unsigned i = 0; i < QUEUE; i++) {
		addr.bytes[15] = (uint8_t)(i >> 2);
		assert_true(prober_ask(log.prober, &addr, (uint16_t)(1 + i % 4)));
	}
	assert_true(prober_ask(log.prober, &addr, 1));
	assert_false(prober_ask(log.prober, &addr, 5));
	addr.bytes[14] = 1;
	assert_false(prober_ask(log.prober, &addr, 1));
	run(&log, 1, 120);
	assert_int_equal(log.count, 0);
	assert_int_equal(prober_sent(log.prober), 0);
	prober_free(log.prober);
	prober_free(NULL);
}

static int serve(const char *addr, uint16_t port)
{
	struct sockaddr_in6 self = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET6, addr, &self.sin6_addr);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&self, sizeof(self)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void network(void)
{
	assert_true(sh("ip -6 route replace default via 2001:db8:1::2 && "
		       "ip -6 route replace local 2001:db8:f::/48 dev lo && "
		       "ip -6 route replace unreachable 2001:db8:e::/48"));
	assert_true(on_router("ip -6 route replace blackhole 2001:db8:b::/48; "
			      "ip -6 route replace unreachable 2001:db8:c::/48"));
}

static void test_results(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		enum gp_attempt result;
		uint64_t sent;
	} cases[] = {
		{"2001:db8:1::1", 8001, GP_ATTEMPT_OK, 1}, /* one of our own is fine */
		{"2001:db8:1::1", 8002, GP_ATTEMPT_REFUSED, 1},
		{"2001:db8:1::2", 8001, GP_ATTEMPT_REFUSED, 1},
		{"192.0.2.2", 8001, GP_ATTEMPT_REFUSED, 1},
		{"2001:db8:c::1", 8001, GP_ATTEMPT_ICMP, 1},
		{"2001:db8:1::99", 8001, GP_ATTEMPT_TIMEOUT, 1}, /* no such neighbour */
		{"2001:db8:e::1", 8001, GP_ATTEMPT_LOCAL, 0},
		{"2001:db8:b::1", 8001, GP_ATTEMPT_TIMEOUT, 1},
	};
	struct log log;
	int server;

	(void)state;
	need_netns();
	network();
	server = serve("2001:db8:1::1", 8001);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gp_addr addr = address(cases[i].addr);

		log_start(&log, 20);
		ask(&log, cases[i].addr, cases[i].port);
		assert_int_equal(log.count, 0); /* from the loop alone */
		run(&log, 1, 10000);
		assert_int_equal(log.count, 1);
		assert_true(gp_addr_equal(&log.done[0].addr, &addr));
		assert_int_equal(log.done[0].port, cases[i].port);
		if (log.done[0].result != cases[i].result)
			fail_msg("%s: %s", cases[i].addr,
				 gp_attempt_name(log.done[0].result));
		assert_int_equal(prober_sent(log.prober), cases[i].sent);
		prober_free(log.prober);
	}
	/* The last one was silence. */
	assert_true(log.done[0].rtt_ms >= PROBER_TIMEOUT_MS - 1);
	close(server);
}

/* Never more in a time than the rate allows, and one; whoever is asked answers at once.
 */
static void test_rate(void **state)
{
	struct gp_addr addr = address("2001:db8:f::1");
	struct log log;

	(void)state;
	need_netns();
	network();
	log_start(&log, 40);
	log.max_rate = 40;
	for (unsigned i = 0; i < 200; i++) {
		addr.bytes[15] = (uint8_t)i;
		assert_true(prober_ask(log.prober, &addr, 80));
	}
	run(&log, 200, 1500);
	assert_true(log.count > 1);
	assert_true(log.count < 200);

	/* Nothing goes on at rate 0; another rate holds at once. */
	prober_set_rate(log.prober, 0);
	log.max_rate = 0;
	const uint64_t before = prober_sent(log.prober);
	run(&log, 200, 200);
	assert_int_equal(prober_sent(log.prober), before);
	prober_set_rate(log.prober, 1000);
	run(&log, 200, 10000);
	assert_int_equal(log.count, 200);
	prober_free(log.prober);
}

/* The same address and port again is the same question; another port is another. */
static void test_one_at_a_time(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	network();
	log_start(&log, 1000);
	ask(&log, "2001:db8:b::1", 80);
	ask(&log, "2001:db8:b::1", 443);
	ask(&log, "2001:db8:b::1", 80);
	ask(&log, "2001:db8:b::1", 22);
	ask(&log, "2001:db8:b::1", 443);
	run_sent(&log, 3);
	run(&log, 1, 200);
	assert_int_equal(log.count, 0);
	assert_int_equal(prober_sent(log.prober), 3);
	/* Others are not kept waiting. */
	ask(&log, "2001:db8:1::2", 80);
	run(&log, 1, 5000);
	assert_int_equal(log.count, 1);
	assert_int_equal(prober_sent(log.prober), 4);

	/* Now they answer: the SYNs' retransmits. */
	assert_true(on_router("ip -6 route del blackhole 2001:db8:b::/48; "
			      "ip -6 route replace local 2001:db8:b::/48 dev lo"));
	ask(&log, "2001:db8:b::1", 80);
	run(&log, 4, 10000);
	assert_int_equal(log.count, 4);
	run(&log, 5, 200);
	assert_int_equal(log.count, 4);
	assert_int_equal(prober_sent(log.prober), 4);
	assert_true(on_router("ip -6 route del local 2001:db8:b::/48 dev lo"));
	prober_free(log.prober);
}

/* From the callback: its place in the queue is free by then. */
static void test_ask_again(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	network();
	log_start(&log, 1000);
	log.again = 3;
	ask(&log, "2001:db8:1::2", 80); /* refused */
	run(&log, 4, 10000);
	assert_int_equal(log.count, 4);
	log.again = 3;
	ask(&log, "2001:db8:e::1", 80); /* no packet at all */
	run(&log, 8, 10000);
	assert_int_equal(log.count, 8);
	assert_int_equal(prober_sent(log.prober), 4);
	prober_free(log.prober);
}

/* Away with it in the middle: nobody is called any more, no descriptor stays. */
static void test_freed_early(void **state)
{
	const int lowest = dup(0);
	struct log log;
	int again;

	(void)state;
	close(lowest);
	need_netns();
	network();
	log_start(&log, 1000);
	ask(&log, "2001:db8:b::1", 80);
	ask(&log, "2001:db8:b::2", 80);
	ask(&log, "2001:db8:b::2", 81);
	run_sent(&log, 3);
	ask(&log, "2001:db8:b::3", 80);
	prober_free(log.prober);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(log.count, 0);
	again = dup(0);
	assert_int_equal(again, lowest);
	close(again);
}

/* What is under way says nothing of another network; what waits is asked there. */
static void test_new_epoch(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	network();
	log_start(&log, 1000);
	ask(&log, "2001:db8:b::1", 80);
	ask(&log, "2001:db8:b::2", 80);
	run_sent(&log, 2);
	ask(&log, "2001:db8:b::3", 80);
	log.again = 1;
	prober_new_epoch(log.prober);
	assert_int_equal(log.count, 2);
	for (size_t i = 0; i < log.count; i++)
		assert_int_equal(log.done[i].result, GP_ATTEMPT_LOCAL);
	run_sent(&log, 4); /* the one that was asked again, and the one that waited */
	prober_new_epoch(log.prober);
	assert_int_equal(log.count, 4);
	prober_new_epoch(log.prober);
	assert_int_equal(log.count, 4);
	prober_free(log.prober);
}

/* The sockets that hang, and one of them once it is closed. */
struct seen {
	size_t count;
	struct gp_socket sockets[8], closed;
	const struct gp_socket *awaited;
};

static bool see(void *ctx, const struct gp_socket *socket)
{
	struct seen *seen = ctx;

	assert_true(seen->count < 8);
	seen->sockets[seen->count++] = *socket;
	return true;
}

static void see_closed(void *ctx, const struct gp_socket *socket)
{
	struct seen *seen = ctx;

	if (seen->awaited &&
	    !memcmp(socket->cookie, seen->awaited->cookie, sizeof(socket->cookie))) {
		seen->closed = *socket;
		seen->awaited = NULL;
	}
}

/* The kernel tells of the one to the address that ends in LAST a moment later; of those
 * of the cases before it may tell now. */
static void hear_closed(int fd, struct seen *seen, uint8_t last)
{
	struct pollfd events = {fd, POLLIN, 0};

	for (size_t i = 0; i < seen->count; i++)
		if (seen->sockets[i].remote.bytes[15] == last)
			seen->awaited = &seen->sockets[i];
	while (seen->awaited) {
		assert_int_equal(poll(&events, 1, 60000), 1);
		assert_int_equal(gp_sockdiag_read(fd, see_closed, seen), GP_OK);
	}
	assert_int_equal(seen->closed.remote.bytes[15], last);
}

static int connect_by_hand(const char *to, uint16_t port)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET6, to, &name.sin6_addr), 1);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)(const void *)&name, sizeof(name)),
		-1);
	assert_int_equal(errno, EINPROGRESS);
	return fd;
}

/* Which sockets are ours, also when the kernel tells that one was closed. */
static void test_owns(void **state)
{
	struct seen seen = {0};
	struct log log;
	int fd, dumps, events;

	(void)state;
	need_netns();
	network();
	dumps = gp_sockdiag_open();
	events = gp_sockdiag_listen(65536);
	assert_true(dumps >= 0 && events >= 0);
	log_start(&log, 1000);
	fd = connect_by_hand("2001:db8:b::7", 80);
	ask(&log, "2001:db8:b::1", 80);
	run_sent(&log, 1);
	assert_int_equal(
		gp_sockdiag_dump(dumps, AF_INET6, GP_STATE_SYN_SENT, NULL, 0, see, &seen),
		GP_OK);
	assert_int_equal(seen.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(prober_owns(log.prober, seen.sockets[i].cookie),
				 seen.sockets[i].remote.bytes[15] == 1);
	prober_new_epoch(log.prober); /* ends it */
	assert_int_equal(log.count, 1);
	hear_closed(events, &seen, 1);
	assert_true(prober_owns(log.prober, seen.closed.cookie));
	close(fd);
	hear_closed(events, &seen, 7);
	assert_false(prober_owns(log.prober, seen.closed.cookie));
	close(dumps);
	close(events);
	prober_free(log.prober);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_askable),       cmocka_unit_test(test_queue),
		cmocka_unit_test(test_results),       cmocka_unit_test(test_rate),
		cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_ask_again),
		cmocka_unit_test(test_freed_early),   cmocka_unit_test(test_new_epoch),
		cmocka_unit_test(test_owns),
	};
	int failed;

	netns_enter();
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	netns_leave();
	return failed;
}
