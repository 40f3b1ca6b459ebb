/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real kernel: dumps and their filter, one socket found and ended, events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "guard/sockdiag_private.h"
#include "netns.h"

#define SYN_SENT 2
#define CLOSED 7

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

struct seen {
	struct gp_socket last;
	size_t count, enough;
};

static bool see(void *ctx, const struct gp_socket *socket)
{
	struct seen *seen = ctx;

	seen->last = *socket;
	seen->count++;
	return seen->count != seen->enough;
}

static int connected(int family, const char *to, int port, int flags)
{
	struct gp_addr addr = address(to);
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port)};
	int fd = socket(family, SOCK_STREAM | flags, 0);

	assert_true(fd >= 0);
	memcpy(&six.sin6_addr, addr.bytes, 16);
	if (addr.family == AF_INET) {
		memset(&six.sin6_addr, 0, 10);
		memset((uint8_t *)&six.sin6_addr + 10, 0xff, 2);
		memcpy((uint8_t *)&six.sin6_addr + 12, addr.bytes, 4);
	}
	if (connect(fd, (struct sockaddr *)&six, sizeof(six)) && errno != EINPROGRESS)
		fail_msg("connect to %s: %s", to, strerror(errno));
	return fd;
}

/* Both ends: the other one is there a moment after connect() has returned. */
struct pair {
	int fd, peer;
};

static struct pair paired(int server, const char *to, int port)
{
	struct pair pair = {.fd = connected(AF_INET6, to, port, 0)};

	pair.peer = accept(server, NULL, NULL);
	assert_true(pair.peer >= 0);
	return pair;
}

static void unpair(const struct pair *pair)
{
	close(pair->fd);
	close(pair->peer);
}

static int listening(int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 512), 0);
	return fd;
}

static size_t count_dump(int family, unsigned states, const char *const *texts,
			 size_t count)
{
	struct gp_addr addresses[GP_SOCKDIAG_FILTER_MAX + 1];
	struct seen seen = {.count = 0};
	int fd = gp_sockdiag_open();

	assert_true(fd >= 0);
	for (size_t i = 0; i < count; i++)
		addresses[i] = address(texts[i]);
	errno = 4711;
	assert_int_equal(
		gp_sockdiag_dump(fd, family, states, addresses, count, see, &seen),
		GP_OK);
	assert_int_equal(errno, 4711);
	close(fd);
	return seen.count;
}

static void test_dump_filter(void **state)
{
	static const char *const one[] = {"2001:db8:5::2"};
	static const char *const two[] = {"2001:db8:5::1", "2001:db8:5::3"};
	static const char *const none[] = {"2001:db8:5::9"};
	static const char *const four[] = {"127.0.0.2"};
	static const char *const other[] = {"127.0.0.9"};
	struct pair pairs[4];

	(void)state;
	need_netns();
	assert_true(
		sh("for i in 1 2 3; do ip -6 addr add 2001:db8:5::$i/128 dev lo nodad; "
		   "done"));
	assert_true(addresses_settle(""));
	int server = listening(7000);
	pairs[0] = paired(server, "2001:db8:5::1", 7000);
	pairs[1] = paired(server, "2001:db8:5::2", 7000);
	pairs[2] = paired(server, "2001:db8:5::3", 7000);
	pairs[3] = paired(server, "127.0.0.2", 7000); /* mapped */
	unsigned state_bits = GP_STATE_ESTABLISHED;
	/* The servers' ends have the source that the kernel chose: the first address. */
	assert_int_equal(count_dump(AF_INET6, state_bits, NULL, 0), 6);
	assert_int_equal(count_dump(AF_INET6, state_bits, none, 1), 0);
	size_t some = count_dump(AF_INET6, state_bits, one, 1);
	assert_true(some >= 1 && some < 6);
	assert_true(count_dump(AF_INET6, state_bits, two, 2) >= 2);
	assert_int_equal(count_dump(AF_INET6, GP_STATE_SYN_SENT, NULL, 0), 0);
	assert_int_equal(count_dump(AF_INET, state_bits, NULL, 0), 2);
	assert_int_equal(count_dump(AF_INET, state_bits, four, 1), 1);
	assert_int_equal(count_dump(AF_INET, state_bits, other, 1), 0);
	for (size_t i = 0; i < 4; i++)
		unpair(&pairs[i]);
	close(server);
}

/* Any number of conditions passes the kernel's audit, and the last one counts. */
static void test_dump_filter_many(void **state)
{
	static char texts[GP_SOCKDIAG_FILTER_MAX + 1][40];
	const char *list[GP_SOCKDIAG_FILTER_MAX + 1];
	struct gp_addr addresses[GP_SOCKDIAG_FILTER_MAX + 1];
	struct seen seen = {.count = 0};

	(void)state;
	need_netns();
	int server = listening(7001);
	struct pair pair = paired(server, "::1", 7001);
	for (size_t i = 0; i <= GP_SOCKDIAG_FILTER_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "2001:db8:6::%zx", i + 1);
		list[i] = texts[i];
		addresses[i] = address(texts[i]);
	}
	for (size_t count = 1; count <= GP_SOCKDIAG_FILTER_MAX; count++) {
		const char *last = list[count - 1];
		assert_int_equal(count_dump(AF_INET6, GP_STATE_ESTABLISHED, list, count),
				 0);
		list[count - 1] = "::1";
		assert_int_equal(count_dump(AF_INET6, GP_STATE_ESTABLISHED, list, count),
				 2);
		list[count - 1] = last;
	}
	int diag = gp_sockdiag_open();
	assert_int_equal(gp_sockdiag_dump(diag, AF_INET6, 2, addresses,
					  GP_SOCKDIAG_FILTER_MAX + 1, see, &seen),
			 GP_RANGE);
	assert_int_equal(gp_sockdiag_dump(diag, AF_INET, 2, addresses, 1, see, &seen),
			 GP_RANGE);
	assert_int_equal(gp_sockdiag_dump(diag, AF_UNIX, 2, NULL, 0, see, &seen),
			 GP_RANGE);
	close(diag);
	unpair(&pair);
	close(server);
}

/* More than one datagram's worth, given up at the first, does not spoil the next. */
static void test_dump_stops(void **state)
{
	struct seen seen = {.enough = 1}, all = {.count = 0};
	struct pair pairs[150];

	(void)state;
	need_netns();
	int server = listening(7002), diag = gp_sockdiag_open();
	for (size_t i = 0; i < 150; i++)
		pairs[i] = paired(server, "::1", 7002);
	for (int i = 0; i < 3; i++) {
		seen.count = 0;
		assert_int_equal(gp_sockdiag_dump(diag, AF_INET6, GP_STATE_ESTABLISHED,
						  NULL, 0, see, &seen),
				 GP_OK);
		assert_int_equal(seen.count, 1);
	}
	assert_int_equal(gp_sockdiag_dump(diag, AF_INET6, GP_STATE_ESTABLISHED, NULL, 0,
					  see, &all),
			 GP_OK);
	assert_int_equal(all.count, 300);
	for (size_t i = 0; i < 150; i++)
		unpair(&pairs[i]);
	close(diag);
	close(server);
}

/* Far more than the kernel needs. */
#define PATIENCE_MS 60000

static bool is_ready(int fd, int ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};

	return poll(&wait, 1, ms) > 0;
}

/* A connect() that hangs is found, looked up, and ended; established ones are not. */
static void test_destroy(void **state)
{
	struct seen seen = {.count = 0};
	struct gp_socket again;
	int error = 0;
	socklen_t length = sizeof(error);

	(void)state;
	need_netns();
	assert_true(sh("ip -6 route replace 2001:db8:9::/48 via 2001:db8:1::2"));
	assert_true(on_router("ip -6 route replace blackhole 2001:db8:9::/48"));
	int diag = gp_sockdiag_open(), server = listening(7003);
	struct pair held = paired(server, "::1", 7003);
	assert_int_equal(gp_sockdiag_dump(diag, AF_INET6, GP_STATE_ESTABLISHED, NULL, 0,
					  see, &seen),
			 GP_OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(gp_sockdiag_find(diag, &seen.last, &again), GP_OK);
	assert_int_equal(gp_sockdiag_destroy(diag, &seen.last), GP_NOTFOUND);
	assert_int_equal(send(held.fd, "x", 1, MSG_NOSIGNAL), 1);

	int stuck = connected(AF_INET6, "2001:db8:9::1", 80, SOCK_NONBLOCK);
	assert_int_equal(
		gp_sockdiag_dump(diag, AF_INET6, GP_STATE_SYN_SENT, NULL, 0, see, &seen),
		GP_OK);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.last.state, SYN_SENT);
	assert_int_equal(seen.last.remote_port, 80);
	assert_int_equal(gp_sockdiag_find(diag, &seen.last, &again), GP_OK);
	assert_memory_equal(again.cookie, seen.last.cookie, sizeof(again.cookie));

	struct gp_socket wrong = seen.last;
	wrong.cookie[0] ^= 1;
	assert_int_equal(gp_sockdiag_find(diag, &wrong, &again), GP_NOTFOUND);
	assert_int_equal(gp_sockdiag_destroy(diag, &wrong), GP_NOTFOUND);
	wrong.cookie[0] = wrong.cookie[1] = INET_DIAG_NOCOOKIE; /* the kernel's "any" */
	assert_int_equal(gp_sockdiag_destroy(diag, &wrong), GP_NOTFOUND);
	assert_false(is_ready(stuck, 0));

	enum gp_status can = gp_sockdiag_can_destroy(diag);
	if (can == GP_UNSUPPORTED)
		fprintf(stderr, "skip: this kernel cannot destroy\n");
	else {
		assert_int_equal(can, GP_OK);
		errno = 4711;
		assert_int_equal(gp_sockdiag_destroy(diag, &seen.last), GP_OK);
		assert_int_equal(errno, 4711);
		assert_true(is_ready(stuck, PATIENCE_MS));
		assert_int_equal(getsockopt(stuck, SOL_SOCKET, SO_ERROR, &error, &length),
				 0);
		assert_int_equal(error, ECONNABORTED);
		assert_int_equal(gp_sockdiag_destroy(diag, &seen.last), GP_NOTFOUND);
	}
	close(stuck);
	unpair(&held);
	close(server);
	close(diag);
}

/* The kernel looks for the socket first, and at the rights only then. */
static void test_rights(void **state)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	struct seen seen = {.count = 0};
	int status;

	(void)state;
	need_netns();
	assert_true(sh("ip -6 route replace 2001:db8:9::/48 via 2001:db8:1::2"));
	int stuck = connected(AF_INET6, "2001:db8:9::2", 80, SOCK_NONBLOCK);
	pid_t child = fork();
	if (child == 0) {
		int diag = gp_sockdiag_open();
		if (syscall(SYS_capset, &header, none) || diag < 0)
			_exit(9);
		if (gp_sockdiag_can_destroy(diag) != GP_PERM)
			_exit(1);
		if (gp_sockdiag_dump(diag, AF_INET6, GP_STATE_SYN_SENT, NULL, 0, see,
				     &seen) ||
		    seen.count != 1)
			_exit(2);
		_exit(gp_sockdiag_destroy(diag, &seen.last) == GP_PERM ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_false(is_ready(stuck, 0));
	close(stuck);
}

#define HEARD_PORT 7004

/* Sockets of the cases before may still be closing. */
static void hear(void *ctx, const struct gp_socket *socket)
{
	if (socket->remote_port == HEARD_PORT || socket->local_port == HEARD_PORT)
		see(ctx, socket);
}

static void test_listen(void **state)
{
	struct seen seen = {.count = 0};

	(void)state;
	need_netns();
	int events = gp_sockdiag_listen(1 << 20), server = listening(HEARD_PORT);
	assert_true(events >= 0);
	errno = 4711;
	assert_int_equal(gp_sockdiag_read(events, hear, &seen), GP_OK);
	assert_int_equal(errno, 4711);
	int fd = connected(AF_INET6, "::1", HEARD_PORT, 0);
	int peer = accept(server, NULL, NULL);
	close(peer);
	assert_true(is_ready(fd, PATIENCE_MS));
	close(fd);
	for (int i = 0; i < PATIENCE_MS / 10 && seen.count < 2; i++) {
		usleep(10000);
		assert_int_equal(gp_sockdiag_read(events, hear, &seen), GP_OK);
	}
	assert_true(seen.count >= 1);
	assert_int_equal(seen.last.state, CLOSED);
	assert_int_equal(gp_socket_evidence(&seen.last), GP_EVIDENCE_OK);
	close(server);
	close(events);
}

#define HOLE_PORT 7009

static bool see_client(void *ctx, const struct gp_socket *socket)
{
	return socket->remote_port != HOLE_PORT || see(ctx, socket);
}

static void hear_client(void *ctx, const struct gp_socket *socket)
{
	see_client(ctx, socket);
}

/* The client's end as it is now. */
static struct gp_socket client_end(void)
{
	struct seen seen = {.count = 0};
	int diag = gp_sockdiag_open();

	assert_int_equal(gp_sockdiag_dump(diag, AF_INET6, GP_STATE_ESTABLISHED, NULL, 0,
					  see_client, &seen),
			 GP_OK);
	assert_int_equal(seen.count, 1);
	close(diag);
	return seen.last;
}

/* Until it has, or has no, gap. */
static struct gp_socket client_with(bool gap)
{
	struct gp_socket socket = client_end();

	for (int i = 0; i < PATIENCE_MS / 20 && socket.has_gap != gap; i++) {
		usleep(20000);
		socket = client_end();
	}
	assert_int_equal(socket.has_gap, gap);
	return socket;
}

/* A question and an answer of one full packet and a bit. */
static struct pair asked(int server)
{
	static const char answer[1428 + 300];
	struct pair pair = paired(server, "::1", HOLE_PORT);
	char question[8];

	assert_int_equal(send(pair.fd, "what?", 5, 0), 5);
	assert_int_equal(recv(pair.peer, question, sizeof(question), 0), 5);
	assert_int_equal(send(pair.peer, answer, sizeof(answer), 0), sizeof(answer));
	return pair;
}

/* Full packets do not come, and then they do. */
static void test_gap(void **state)
{
	char answer[4096];
	struct seen seen = {.count = 0};

	(void)state;
	need_netns();
	if (!loopback_hole(HOLE_PORT))
		skip();
	int events = gp_sockdiag_listen(1 << 18), server = listening(HOLE_PORT);
	struct pair pair = asked(server);
	struct gp_socket socket = client_with(true);
	assert_true(socket.bytes_received == 0);
	assert_true(socket.largest < 1200);
	assert_int_equal(socket.lost, 0);
	assert_int_equal(socket.sent_bytes, 5);
	assert_int_equal(gp_socket_evidence(&socket), GP_EVIDENCE_REACHED);
	close(pair.fd);
	for (int i = 0; i < PATIENCE_MS / 10 && seen.count == 0; i++) {
		usleep(10000);
		assert_int_equal(gp_sockdiag_read(events, hear_client, &seen), GP_OK);
	}
	assert_int_equal(seen.last.state, CLOSED);
	assert_int_equal(seen.last.has_gap, 1);
	close(pair.peer);

	pair = asked(server);
	client_with(true);
	assert_true(loopback_hole(0));
	socket = client_with(false);
	assert_true(socket.bytes_received == 1428 + 300);
	assert_true(socket.largest >= 1200);
	assert_int_equal(recv(pair.fd, answer, sizeof(answer), 0), 1428 + 300);
	socket = client_end();
	assert_int_equal(socket.has_gap, 0);
	assert_int_equal(gp_socket_evidence(&socket), GP_EVIDENCE_DATA_OK);
	unpair(&pair);
	close(server);
	close(events);
}

static void hear_lie(void *ctx, const struct gp_socket *socket)
{
	*(bool *)ctx |= socket->remote_port == 4711;
}

/* Nobody but the kernel is believed, whoever may send. */
static void test_foreign_sender(void **state)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	socklen_t length = sizeof(to);
	struct {
		struct nlmsghdr header;
		struct inet_diag_msg body;
	} lie = {.header = {.nlmsg_len = sizeof(lie), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
		 .body = {.idiag_family = AF_INET6, .id = {.idiag_dport = htons(4711)}}};
	bool is_believed = false;

	(void)state;
	need_netns();
	int events = gp_sockdiag_listen(1 << 16), liar = gp_sockdiag_open();
	assert_int_equal(getsockname(events, (struct sockaddr *)&to, &length), 0);
	assert_int_equal(
		sendto(liar, &lie, sizeof(lie), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(lie));
	struct pollfd wait = {.fd = events, .events = POLLIN};
	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	assert_int_equal(gp_sockdiag_read(events, hear_lie, &is_believed), GP_OK);
	assert_false(is_believed);
	close(events);
	close(liar);
}

/* A reader who is late has lost some, and knows. */
static void test_listen_overflow(void **state)
{
	struct seen seen = {.count = 0};

	(void)state;
	need_netns();
	int events = gp_sockdiag_listen(4096), server = listening(HEARD_PORT);
	assert_true(events >= 0);
	for (int i = 0; i < 300; i++)
		close(connected(AF_INET6, "::1", HEARD_PORT, 0));
	for (int i = 0; i < 300; i++)
		close(accept(server, NULL, NULL));
	enum gp_status status = GP_OK;
	for (int i = 0; i < PATIENCE_MS / 10 && status == GP_OK; i++) {
		status = gp_sockdiag_read(events, hear, &seen);
		usleep(10000);
	}
	assert_int_equal(status, GP_BUSY);
	assert_true(seen.count > 0);
	/* The last of them may be on their way yet. */
	for (int i = 0; i < PATIENCE_MS / 10 && status == GP_BUSY; i++) {
		usleep(10000);
		status = gp_sockdiag_read(events, hear, &seen);
	}
	assert_int_equal(status, GP_OK);
	close(server);
	close(events);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* How long a SYN waits, and since when it was not sent again, by the real clock: from the
 * timer and the RTO, whether that doubles at once or not. The process may be stopped
 * anywhere: what passed lies between LEAST and MOST. */
static void test_syn_times(void **state)
{
	(void)state;
	need_netns();
	assert_true(sh("ip -6 route replace 2001:db8:9::/48 via 2001:db8:1::2"));
	assert_true(on_router("ip -6 route replace blackhole 2001:db8:9::/48"));
	int diag = gp_sockdiag_open();
	const long long before = now_ms();
	int stuck = connected(AF_INET6, "2001:db8:9::1", 80, SOCK_NONBLOCK);
	const long long after = now_ms();
	for (int i = 0; i < 7; i++) {
		struct seen seen = {.count = 0};
		usleep(500000);
		const long long least = now_ms() - after;
		assert_int_equal(gp_sockdiag_dump(diag, AF_INET6, GP_STATE_SYN_SENT, NULL,
						  0, see, &seen),
				 GP_OK);
		const long long most = now_ms() - before;
		assert_int_equal(seen.count, 1);
		const long long waiting = seen.last.waiting_ms,
				quiet = seen.last.quiet_ms;
		/* Timers fire some ms late, each time. */
		assert_in_range(waiting, least > 400 ? least - 400 : 0, most + 50);
		assert_in_range(quiet, 0, waiting);
		if (seen.last.retransmits == 0)
			assert_int_equal(quiet, waiting);
		else
			assert_true(quiet <= most - 1000 + 50);
	}
	close(stuck);
	close(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump_filter),
		cmocka_unit_test(test_dump_filter_many),
		cmocka_unit_test(test_dump_stops),
		cmocka_unit_test(test_foreign_sender),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_syn_times),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_listen_overflow),
	};

	netns_enter();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
