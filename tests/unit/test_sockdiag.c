/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of NETLINK_SOCK_DIAG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guard/sockdiag_private.h"

#define ESTABLISHED 1
#define SYN_SENT 2
#define CLOSED 7

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

/* ---- messages ------------------------------------------------------------------- */

struct bytes {
	uint8_t at[2048];
	size_t size;
};

static void put(struct bytes *bytes, const void *data, size_t size)
{
	memcpy(bytes->at + bytes->size, data, size);
	bytes->size += size;
	while (bytes->size % 4)
		bytes->at[bytes->size++] = 0;
}

static void put_attribute(struct bytes *bytes, int type, const void *data, size_t size)
{
	struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(size),
				   .rta_type = (unsigned short)type};

	put(bytes, &attribute, sizeof(attribute));
	put(bytes, data, size);
}

static void put_header(struct bytes *bytes, int type, uint32_t sequence, size_t size)
{
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
				  .nlmsg_type = (uint16_t)type,
				  .nlmsg_seq = sequence};

	put(bytes, &header, sizeof(header));
}

static struct bytes body(const char *remote)
{
	struct bytes out = {.size = 0};
	struct inet_diag_msg message = {
		.idiag_family = AF_INET6,
		.idiag_state = ESTABLISHED,
		.id = {.idiag_sport = htons(40000),
		       .idiag_dport = htons(443),
		       .idiag_if = 7,
		       .idiag_cookie = {11, 12}},
		.idiag_uid = 1000,
		.idiag_inode = 4711,
	};
	struct tcp_info info = {.tcpi_retransmits = 2,
				.tcpi_rtt = 1234,
				.tcpi_unacked = 3,
				.tcpi_last_ack_recv = 60,
				.tcpi_last_data_recv = 50,
				.tcpi_last_data_sent = 70,
				.tcpi_rcv_mss = 1428,
				.tcpi_total_retrans = 5,
				.tcpi_dsack_dups = 2,
				.tcpi_bytes_sent = 3000,
				.tcpi_bytes_retrans = 1000,
				.tcpi_bytes_acked = 1ULL << 40,
				.tcpi_bytes_received = 9,
				.tcpi_data_segs_out = 5,
				.tcpi_min_rtt = 900};
	uint8_t tcp = IPPROTO_TCP;

	assert_int_equal(inet_pton(AF_INET6, remote, message.id.idiag_dst), 1);
	put(&out, &message, sizeof(message));
	put_attribute(&out, 77, "unknown", 7);
	put_attribute(&out, INET_DIAG_INFO, &info, sizeof(info));
	put_attribute(&out, INET_DIAG_PROTOCOL, &tcp, 1);
	return out;
}

static void test_parse(void **state)
{
	struct bytes bytes = body("2001:db8::1");
	struct gp_addr remote = address("2001:db8::1");
	struct gp_socket socket;

	(void)state;
	assert_true(gp_sockdiag_parse(bytes.at, bytes.size, &socket));
	assert_true(gp_addr_equal(&socket.remote, &remote));
	assert_int_equal(socket.local.family, AF_INET6);
	assert_int_equal(socket.local_port, 40000);
	assert_int_equal(socket.remote_port, 443);
	assert_int_equal(socket.interface, 7);
	assert_int_equal(socket.uid, 1000);
	assert_int_equal(socket.inode, 4711);
	assert_int_equal(socket.cookie[0], 11);
	assert_int_equal(socket.cookie[1], 12);
	assert_int_equal(socket.state, ESTABLISHED);
	assert_int_equal(socket.retransmits, 2);
	assert_int_equal(socket.rtt_us, 1234);
	assert_int_equal(socket.unacked, 3);
	assert_true(socket.bytes_acked == 1ULL << 40);
	assert_int_equal(socket.bytes_received, 9);
	assert_int_equal(socket.quiet_ms, 50);
	assert_int_equal(socket.received_ms, 50);
	assert_int_equal(socket.sent_ms, 70);
	assert_int_equal(socket.largest, 1428);
	assert_int_equal(socket.lost, 3);
	assert_int_equal(socket.sent_bytes, 2000);
	assert_int_equal(socket.has_gap, 0);
	assert_int_equal(socket.has_sent_data, 1);
	assert_int_equal(socket.was_answered, 1);
}

/* Whether a gap is open is told by three places of a message together. */
static void test_parse_gap(void **state)
{
	static const struct {
		uint8_t state;
		uint32_t out_of_order, unread, held;
		uint64_t received;
		bool has_gap;
	} cases[] = {
		{ESTABLISHED, 1, 0, 1611, 0, true},
		{ESTABLISHED, 4, 0, 1611, 414, true},
		{ESTABLISHED, 5, 0, 1611, 414, false},    /* a path that loses packets */
		{ESTABLISHED, 1, 0, 0, 414, false},       /* closed since, and read */
		{ESTABLISHED, 1, 1728, 2304, 414, false}, /* ... or not yet */
		{ESTABLISHED, 0, 0, 1611, 414, false},    /* held for another reason */
		{SYN_SENT, 1, 0, 1611, 0, false},
		{8, 1, 0, 1611, 0, false}, /* CLOSE_WAIT */
		{CLOSED, 1, 0, 0, 0, true},
		{CLOSED, 1, 0, 0, 1, false},
		{CLOSED, 0, 0, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inet_diag_msg message = {.idiag_family = AF_INET6,
						.idiag_state = cases[i].state,
						.idiag_rqueue = cases[i].unread};
		struct tcp_info info = {.tcpi_rcv_ooopack = cases[i].out_of_order,
					.tcpi_bytes_received = cases[i].received};
		struct inet_diag_meminfo memory = {.idiag_rmem = cases[i].held};
		struct bytes bytes = {.size = 0};
		struct gp_socket socket;
		/* In either order. */
		put(&bytes, &message, sizeof(message));
		if (i % 2)
			put_attribute(&bytes, INET_DIAG_MEMINFO, &memory, sizeof(memory));
		put_attribute(&bytes, INET_DIAG_INFO, &info, sizeof(info));
		if (!(i % 2))
			put_attribute(&bytes, INET_DIAG_MEMINFO, &memory, sizeof(memory));
		assert_true(gp_sockdiag_parse(bytes.at, bytes.size, &socket));
		if (socket.has_gap != cases[i].has_gap)
			fail_msg("%zu: %d", i, socket.has_gap);
	}
}

static void test_parse_addresses(void **state)
{
	static const struct {
		const char *wire, *is;
	} cases[] = {
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::192.0.2.1", "::192.0.2.1"},
		{"fe80::1", "fe80::1%7"}, /* its zone is the socket's interface */
		{"ff02::1", "ff02::1"},
		{"::1", "::1"},
	};
	struct gp_socket socket;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = body(cases[i].wire);
		struct gp_addr is = address(cases[i].is);
		assert_true(gp_sockdiag_parse(bytes.at, bytes.size, &socket));
		if (!gp_addr_equal(&socket.remote, &is))
			fail_msg("%s", cases[i].wire);
	}
}

static void test_parse_other(void **state)
{
	struct bytes bytes = body("2001:db8::1");
	struct gp_socket socket;

	(void)state;
	bytes.at[bytes.size - 4] = IPPROTO_UDP;
	assert_false(gp_sockdiag_parse(bytes.at, bytes.size, &socket));
	bytes = body("2001:db8::1");
	bytes.at[0] = AF_UNIX;
	assert_false(gp_sockdiag_parse(bytes.at, bytes.size, &socket));
}

/* Each cut in a block of just its size, so that ASan sees a step behind it; a shorter
 * tcp_info is what older kernels send. */
static void test_parse_cut(void **state)
{
	struct bytes bytes = body("2001:db8::1");
	size_t info = NLMSG_ALIGN(sizeof(struct inet_diag_msg)) + RTA_SPACE(7);
	struct gp_socket socket;

	(void)state;
	for (size_t size = 0; size < bytes.size; size++) {
		uint8_t *copy = malloc(size ? size : 1);
		assert_non_null(copy);
		memcpy(copy, bytes.at, size);
		assert_int_equal(gp_sockdiag_parse(copy, size, &socket),
				 size >= sizeof(struct inet_diag_msg));
		free(copy);
	}
	struct rtattr attribute = {.rta_len = RTA_LENGTH(104),
				   .rta_type = INET_DIAG_INFO};
	memcpy(bytes.at + info, &attribute, sizeof(attribute));
	assert_true(gp_sockdiag_parse(bytes.at, info + RTA_SPACE(104), &socket));
	assert_int_equal(socket.retransmits, 2);
	assert_int_equal(socket.bytes_acked, 0);
	assert_int_equal(gp_socket_evidence(&socket), GP_EVIDENCE_NONE);
}

static void test_parse_lies(void **state)
{
	static const unsigned short lengths[] = {0, 1, 3, 4, 5, 0x7fff, 0xffff};
	size_t at = NLMSG_ALIGN(sizeof(struct inet_diag_msg));
	struct gp_socket socket;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bytes bytes = body("2001:db8::1");
		uint8_t *copy = malloc(bytes.size);
		assert_non_null(copy);
		memcpy(bytes.at + at, &lengths[i], sizeof(lengths[i]));
		memcpy(copy, bytes.at, bytes.size);
		assert_true(gp_sockdiag_parse(copy, bytes.size, &socket));
		free(copy);
	}
}

/* ---- answers -------------------------------------------------------------------- */

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

static void put_socket(struct bytes *out, uint32_t sequence, const char *remote)
{
	struct bytes one = body(remote);

	put_header(out, SOCK_DIAG_BY_FAMILY, sequence, one.size);
	put(out, one.at, one.size);
}

static void put_end(struct bytes *out, int type, uint32_t sequence, int error)
{
	struct nlmsgerr end = {.error = error};

	put_header(out, type, sequence, sizeof(end));
	put(out, &end, sizeof(end));
}

static void test_walk(void **state)
{
	struct seen seen = {.count = 0};
	struct gp_sockdiag_walk walk = {.sequence = 5, .visit = see, .ctx = &seen};
	struct bytes bytes = {.size = 0};

	(void)state;
	put_socket(&bytes, 4, "2001:db8::4"); /* of an older answer */
	put_end(&bytes, NLMSG_DONE, 4, 0);
	put_socket(&bytes, 5, "2001:db8::5");
	put_header(&bytes, NLMSG_NOOP, 5, 0);
	put_socket(&bytes, 5, "2001:db8::6");
	gp_sockdiag_walk(&walk, bytes.at, bytes.size);
	assert_int_equal(seen.count, 2);
	assert_false(walk.is_ended);
	bytes.size = 0;
	put_end(&bytes, NLMSG_DONE, 5, 0);
	gp_sockdiag_walk(&walk, bytes.at, bytes.size);
	assert_true(walk.is_ended);
	assert_int_equal(walk.error, 0);
}

static void test_walk_family(void **state)
{
	struct seen seen = {.count = 0};
	struct gp_sockdiag_walk walk = {
		.sequence = 5, .family = AF_INET6, .visit = see, .ctx = &seen};
	struct bytes bytes = {.size = 0};

	(void)state;
	put_socket(&bytes, 5, "::ffff:192.0.2.1");
	put_socket(&bytes, 5, "2001:db8::5");
	gp_sockdiag_walk(&walk, bytes.at, bytes.size);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.remote.family, AF_INET6);
}

static void test_walk_stops(void **state)
{
	struct seen seen = {.enough = 1};
	struct gp_sockdiag_walk walk = {.sequence = 5, .visit = see, .ctx = &seen};
	struct bytes bytes = {.size = 0};

	(void)state;
	put_socket(&bytes, 5, "2001:db8::5");
	put_socket(&bytes, 5, "2001:db8::6");
	put_end(&bytes, NLMSG_DONE, 5, 0);
	gp_sockdiag_walk(&walk, bytes.at, bytes.size);
	assert_int_equal(seen.count, 1);
	assert_true(walk.is_stopped);
	assert_true(walk.is_ended); /* it is read to its end all the same */
}

static void test_walk_errors(void **state)
{
	static const struct {
		int wire, error;
	} cases[] = {{0, 0}, {-EPERM, EPERM}, {-ENOENT, ENOENT}, {5, 0}, {INT32_MIN, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_sockdiag_walk walk = {.sequence = 5};
		struct bytes bytes = {.size = 0};
		put_end(&bytes, NLMSG_ERROR, 5, cases[i].wire);
		gp_sockdiag_walk(&walk, bytes.at, bytes.size);
		assert_true(walk.is_ended);
		assert_int_equal(walk.error, cases[i].error);
	}
	/* Events have no end. */
	struct gp_sockdiag_walk events = {.sequence = 0};
	struct bytes bytes = {.size = 0};
	put_end(&bytes, NLMSG_ERROR, 0, -EPERM);
	gp_sockdiag_walk(&events, bytes.at, bytes.size);
	assert_false(events.is_ended);
}

static void test_walk_cut(void **state)
{
	struct seen seen = {.count = 0};
	struct gp_sockdiag_walk walk = {.sequence = 5, .visit = see, .ctx = &seen};
	struct bytes bytes = {.size = 0};

	(void)state;
	put_socket(&bytes, 5, "2001:db8::5");
	for (size_t size = 0; size < bytes.size; size++) {
		uint8_t *copy = malloc(size ? size : 1);
		assert_non_null(copy);
		memcpy(copy, bytes.at, size);
		gp_sockdiag_walk(&walk, copy, size);
		free(copy);
	}
	assert_int_equal(seen.count, 0);
	struct nlmsghdr endless = {.nlmsg_len = 0};
	gp_sockdiag_walk(&walk, &endless, sizeof(endless));
	assert_int_equal(seen.count, 0);
}

/* From the retransmission timer: how long a SYN waits, and since it was last sent. */
static void test_parse_syn(void **state)
{
	static const struct {
		uint32_t rto_ms, expires_ms;
		uint8_t retransmits;
		uint32_t quiet_ms, waiting_ms;
	} cases[] = {
		{1000, 400, 0, 600, 600},     /* first second */
		{1000, 400, 4, 600, 4600},    /* linear timeouts */
		{2000, 500, 1, 1500, 2500},   /* doubled at once */
		{8000, 1000, 3, 7000, 14000}, /* 1, 3, 7 */
		{4000, 4000, 6, 0, 7000},     /* 1, 2, 3, 4, then 5, 7 */
		{1000, 5000, 1, 0, 1000},     /* nonsense */
		{0, 0, 2, 0, 2000},           {4000000, 0, 255, 4000000, 4502000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inet_diag_msg message = {.idiag_family = AF_INET6,
						.idiag_state = SYN_SENT,
						.idiag_timer = 1,
						.idiag_retrans = cases[i].retransmits,
						.idiag_expires = cases[i].expires_ms};
		struct tcp_info info = {.tcpi_rto = cases[i].rto_ms * 1000,
					.tcpi_retransmits = cases[i].retransmits,
					.tcpi_min_rtt = UINT32_MAX};
		struct bytes bytes = {.size = 0};
		struct gp_socket socket;

		put(&bytes, &message, sizeof(message));
		put_attribute(&bytes, INET_DIAG_INFO, &info, sizeof(info));
		assert_true(gp_sockdiag_parse(bytes.at, bytes.size, &socket));
		assert_int_equal(socket.quiet_ms, cases[i].quiet_ms);
		assert_int_equal(socket.waiting_ms, cases[i].waiting_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_gap),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_addresses),
		cmocka_unit_test(test_parse_other),
		cmocka_unit_test(test_parse_cut),
		cmocka_unit_test(test_parse_lies),
		cmocka_unit_test(test_parse_syn),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_family),
		cmocka_unit_test(test_walk_stops),
		cmocka_unit_test(test_walk_errors),
		cmocka_unit_test(test_walk_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
