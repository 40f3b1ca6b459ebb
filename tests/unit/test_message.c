/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages between steward and worker: what is well-formed arrives, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/v6guardd/message.h"

#define HEAD offsetof(struct message, u)

static int pair[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
}

static int teardown(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	return addr;
}

static struct gp_socket a_socket(void)
{
	struct gp_socket socket = {.local = address("2001:db8::1"),
				   .remote = address("2001:db8:1::1"),
				   .local_port = 40000,
				   .remote_port = 443,
				   .cookie = {7, 1},
				   .state = 2};
	return socket;
}

/* A good one of each type; the size of the packet. */
static size_t good(enum message_type type, struct message *out)
{
	memset(out, 0, sizeof(*out));
	out->type = type;
	switch (type) {
	case MESSAGE_READY:
	case MESSAGE_RELOAD:
	case MESSAGE_REREAD:
	case MESSAGE_RELOADED:
	case MESSAGE_NSCD:
	case MESSAGE_BARRED:
	case MESSAGE_SETTINGS:
	case MESSAGE_MAP:
	case MESSAGE_CONTROL:
		return HEAD;
	case MESSAGE_RESCUE:
		out->u.rescue.socket = a_socket();
		out->u.rescue.partner = address("192.0.2.1");
		out->u.rescue.why = RESCUE_RETRANSMITS;
		return HEAD + sizeof(out->u.rescue);
	case MESSAGE_REFUSED:
		strcpy(out->u.text, "v6guard.conf:1:1: so not");
		return HEAD + sizeof(out->u.text);
	case MESSAGE_ULA:
		out->u.ula.count = 1;
		out->u.ula.rows[0] = (struct gp_prefix){address("fd12:3456:789a::"), 48};
		return HEAD + sizeof(out->u.ula);
	case MESSAGE_LISTEN:
		out->u.endpoint.addr = address("127.0.0.64");
		out->u.endpoint.port = 53;
		return HEAD + sizeof(out->u.endpoint);
	case MESSAGE_LISTENER:
		out->u.listener.endpoint.addr = address("127.0.0.64");
		out->u.listener.endpoint.port = 53;
		strcpy(out->u.listener.why, "in use");
		return HEAD + sizeof(out->u.listener);
	case MESSAGE_BAR:
		out->u.bar.count = HINT_BARS;
		out->u.bar.uids[HINT_BARS - 1] = 2001;
		return HEAD + sizeof(out->u.bar);
	case MESSAGE_GAI:
		out->u.gai.state = KNOWNLOCAL_EDITED;
		strcpy(out->u.gai.detail, "by hand");
		return HEAD + sizeof(out->u.gai);
	case MESSAGE_RESCUED:
		out->u.rescued.socket = a_socket();
		out->u.rescued.partner = address("192.0.2.1");
		out->u.rescued.status = GP_BUSY;
		out->u.rescued.pid = 4711;
		strcpy(out->u.rescued.program, "wget");
		return HEAD + sizeof(out->u.rescued);
	case MESSAGE_ABILITY:
		out->u.ability.can_destroy = GP_UNSUPPORTED;
		return HEAD + sizeof(out->u.ability);
	}
	fail();
	return 0;
}

static void arrives_as_sent(void **state)
{
	static struct message sent, got;

	(void)state;
	for (unsigned type = MESSAGE_READY; type <= MESSAGE_CONTROL; type++) {
		const size_t size = good((enum message_type)type, &sent);
		memset(&got, 0xff, sizeof(got));
		assert_true(message_send(pair[0], (enum message_type)type,
					 size > HEAD ? &sent : NULL));
		assert_int_equal(message_receive(pair[1], &got), 1);
		assert_int_equal(got.type, type);
		assert_memory_equal(&got.u, &sent.u, size - HEAD);
		/* Whatever stands beside a message without a body stays here. */
		assert_true(message_send(pair[0], (enum message_type)type, &sent));
		assert_int_equal(message_receive(pair[1], &got), 1);
	}
	assert_int_equal(message_receive(pair[1], &got), -1);
	assert_int_equal(errno, EAGAIN);
}

static unsigned open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Two files arrive, are closed on exec, and stay the sender's as well. */
static void files_arrive(void **state)
{
	static struct message sent, got;
	int ends[2], files[2];
	char byte;

	(void)state;
	good(MESSAGE_LISTENER, &sent);
	assert_int_equal(pipe(ends), 0);
	assert_true(message_send_files(pair[0], MESSAGE_LISTENER, &sent, ends));
	assert_int_equal(message_receive_files(pair[1], &got, files), 1);
	assert_int_equal(fcntl(files[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(files[1], "x", 1), 1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(files[0]);
	close(files[1]);
	assert_true(message_send(pair[0], MESSAGE_LISTENER, &sent));
	assert_int_equal(message_receive_files(pair[1], &got, files), 1);
	assert_int_equal(files[0], -1);
	assert_int_equal(files[1], -1);
	close(ends[0]);
	close(ends[1]);
}

static int receive_raw(const void *bytes, size_t size)
{
	static struct message got;

	assert_int_equal(send(pair[0], bytes, size, 0), size);
	return message_receive(pair[1], &got);
}

/* SEND COUNT files with a packet of SIZE bytes. */
static void send_raw(const struct message *message, size_t size, int fd, size_t count)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {.header = {CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec part = {(void *)(uintptr_t)message, size};
	struct msghdr packet = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = CMSG_SPACE(count * sizeof(int))};

	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
	assert_int_equal(sendmsg(pair[0], &packet, 0), size);
}

/* Whatever comes that is not the files that a good message has is closed: none leaks. */
static void files_that_are_not_kept(void **state)
{
	static struct message sent, got;
	const size_t size = good(MESSAGE_LISTENER, &sent);
	const unsigned count = open_files();
	const int file = dup(pair[0]);
	int files[2];

	(void)state;
	assert_true(file >= 0);
	send_raw(&sent, size, file, 1);
	assert_int_equal(message_receive_files(pair[1], &got, files), 0);
	assert_int_equal(files[0], -1);
	send_raw(&sent, size - 1, file, 2);
	assert_int_equal(message_receive_files(pair[1], &got, files), 0);
	assert_int_equal(files[0], -1);
	/* To who expects none. */
	send_raw(&sent, size, file, 2);
	assert_int_equal(message_receive(pair[1], &got), 1);
	send_raw(&sent, size, file, 8);
	assert_int_equal(message_receive_files(pair[1], &got, files), 1);
	assert_true(files[0] >= 0 && files[1] >= 0);
	close(files[0]);
	close(files[1]);
	/* One with settings, none with most. */
	for (size_t i = 1; i < 3; i++) {
		send_raw(&sent, good(MESSAGE_READY, &sent), file, i);
		assert_int_equal(message_receive_files(pair[1], &got, files), 0);
	}
	static const enum message_type of_one[] = {MESSAGE_MAP, MESSAGE_CONTROL,
						   MESSAGE_SETTINGS};
	for (size_t i = 0; i < 3; i++) {
		send_raw(&sent, good(of_one[i], &sent), file, 2);
		assert_int_equal(message_receive_files(pair[1], &got, files), 0);
		assert_true(message_send_file(pair[0], of_one[i], file));
		assert_int_equal(message_receive_files(pair[1], &got, files), 1);
		assert_int_equal(got.type, of_one[i]);
		assert_true(files[0] >= 0 && files[1] < 0);
		close(files[0]);
	}
	assert_int_equal(receive_raw(&sent, HEAD), 1);
	assert_int_equal(send(pair[0], &sent, HEAD, 0), HEAD);
	assert_int_equal(message_receive_files(pair[1], &got, files), 0);
	close(file);
	assert_int_equal(open_files(), count);
}

/* The file is of the sender's memory, and is closed by either. */
static void settings_arrive(void **state)
{
	const unsigned count = open_files();
	struct settings sent, got;
	static struct message message;
	int files[2];

	(void)state;
	settings_init(&sent);
	assert_true(message_send_settings(pair[0], &sent));
	assert_int_equal(message_receive_files(pair[1], &message, files), 1);
	assert_int_equal(message.type, MESSAGE_SETTINGS);
	assert_true(files[0] >= 0 && files[1] < 0);
	assert_true(message_take_settings(files[0], &got));
	assert_true(settings_equal(&sent, &got));
	settings_free(&sent);
	settings_free(&got);
	assert_int_equal(open_files(), count);
}

/* What is no file, has nothing in it, or too much. */
static void settings_that_are_none(void **state)
{
	const unsigned count = open_files();
	const int none = memfd_create("none", 0), huge = memfd_create("huge", 0);
	const int text = memfd_create("text", 0);
	struct settings got;

	(void)state;
	assert_int_equal(ftruncate(huge, SETTINGS_SIZE + 1), 0);
	assert_int_equal(write(text, "settings", 8), 8);
	assert_false(message_take_settings(none, &got));
	assert_false(message_take_settings(huge, &got));
	assert_false(message_take_settings(text, &got));
	assert_false(message_take_settings(dup(pair[0]), &got));
	assert_false(message_take_settings(-1, &got));
	assert_null(got.pool.newest);
	assert_int_equal(open_files(), count);
}

static void other_sizes(void **state)
{
	static union {
		struct message message;
		uint8_t bytes[2 * sizeof(struct message)];
	} sent;

	(void)state;
	for (unsigned type = MESSAGE_READY; type <= MESSAGE_CONTROL; type++) {
		const size_t size = good((enum message_type)type, &sent.message);
		assert_int_equal(receive_raw(&sent, size), 1);
		for (size_t other = 1; other < size; other += other < 16 ? 1 : 13)
			assert_int_equal(receive_raw(&sent, other), 0);
		assert_int_equal(receive_raw(&sent, size - 1), 0);
		assert_int_equal(receive_raw(&sent, size + 1), 0);
		assert_int_equal(receive_raw(&sent, sizeof(sent)), 0);
	}
}

static void unknown_types(void **state)
{
	static const uint32_t types[] = {0, MESSAGE_CONTROL + 1, 255, 0x01000000,
					 UINT32_MAX};
	static struct message sent;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		sent.type = types[i];
		assert_int_equal(receive_raw(&sent, HEAD), 0);
		assert_int_equal(receive_raw(&sent, sizeof(sent)), 0);
		assert_false(message_send(pair[0], (enum message_type)types[i], &sent));
	}
}

/* One field of a good message gets another value. */
#define FIELD(type, member, value)                                                       \
	{                                                                                \
		type, offsetof(struct message, u.member),                                \
			sizeof(((struct message *)NULL)->u.member), value, #member       \
	}

static const struct {
	enum message_type type;
	size_t at, size;
	uint64_t value;
	const char *name;
} spoilt[] = {
	FIELD(MESSAGE_RESCUE, rescue.socket.local.family, 0),
	FIELD(MESSAGE_RESCUE, rescue.socket.remote.family, 1),
	FIELD(MESSAGE_RESCUE, rescue.partner.family, 255),
	FIELD(MESSAGE_RESCUE, rescue.why, RESCUE_RETRANSMITS + 1),
	FIELD(MESSAGE_RESCUE, rescue.why, UINT32_MAX),
	FIELD(MESSAGE_RESCUED, rescued.socket.remote.family, 0),
	FIELD(MESSAGE_RESCUED, rescued.partner.family, 3),
	FIELD(MESSAGE_RESCUED, rescued.why, 2),
	FIELD(MESSAGE_RESCUED, rescued.status, GP_BUSY + 1),
	FIELD(MESSAGE_RESCUED, rescued.status, UINT32_MAX),
	FIELD(MESSAGE_RESCUED, rescued.pid, UINT32_MAX),
	FIELD(MESSAGE_ABILITY, ability.can_destroy, GP_BUSY + 1),
	FIELD(MESSAGE_ULA, ula.count, ULA_ROWS + 1),
	FIELD(MESSAGE_ULA, ula.count, UINT32_MAX),
	FIELD(MESSAGE_ULA, ula.count, 2),
	FIELD(MESSAGE_ULA, ula.rows[0].length, 39),
	FIELD(MESSAGE_ULA, ula.rows[0].length, 129),
	FIELD(MESSAGE_ULA, ula.rows[0].addr.family, AF_INET),
	FIELD(MESSAGE_ULA, ula.rows[0].addr.bytes[0], 0xfc),
	FIELD(MESSAGE_ULA, ula.rows[0].addr.bytes[15], 1),
	FIELD(MESSAGE_ULA, ula.rows[0].addr.scope_id, 1),
	FIELD(MESSAGE_LISTEN, endpoint.port, 0),
	FIELD(MESSAGE_LISTEN, endpoint.addr.family, 0),
	FIELD(MESSAGE_LISTENER, listener.endpoint.addr.family, 255),
	FIELD(MESSAGE_LISTENER, listener.endpoint.port, 0),
	FIELD(MESSAGE_BAR, bar.count, HINT_BARS + 1),
	FIELD(MESSAGE_BAR, bar.count, UINT32_MAX),
	FIELD(MESSAGE_GAI, gai.state, KNOWNLOCAL_STATES),
	FIELD(MESSAGE_GAI, gai.rows.count, 1),
};

static void values_out_of_range(void **state)
{
	static struct message sent;

	(void)state;
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		const size_t size = good(spoilt[i].type, &sent);
		memcpy((uint8_t *)&sent + spoilt[i].at, &spoilt[i].value, spoilt[i].size);
		if (receive_raw(&sent, size) != 0)
			fail_msg("%s may be %llx", spoilt[i].name,
				 (unsigned long long)spoilt[i].value);
	}
}

static void texts_without_end(void **state)
{
	static struct message sent;
	static struct {
		enum message_type type;
		char *text;
		size_t size;
	} const texts[] = {
		{MESSAGE_REFUSED, sent.u.text, sizeof(sent.u.text)},
		{MESSAGE_RESCUED, sent.u.rescued.program, sizeof(sent.u.rescued.program)},
		{MESSAGE_GAI, sent.u.gai.detail, sizeof(sent.u.gai.detail)},
		{MESSAGE_LISTENER, sent.u.listener.why, sizeof(sent.u.listener.why)},
		{MESSAGE_RESCUED, sent.u.rescued.unit, sizeof(sent.u.rescued.unit)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const size_t size = good(texts[i].type, &sent);
		memset(texts[i].text, 'x', texts[i].size);
		assert_int_equal(receive_raw(&sent, size), 0);
		texts[i].text[texts[i].size - 1] = '\0';
		assert_int_equal(receive_raw(&sent, size), 1);
	}
}

static void nobody_there(void **state)
{
	static struct message got;

	(void)state;
	close(pair[0]);
	assert_int_equal(message_receive(pair[1], &got), -1);
	assert_int_equal(errno, EPIPE);
	/* And no signal. */
	assert_false(message_send(pair[1], MESSAGE_READY, NULL));
	assert_int_equal(errno, EPIPE);
	pair[0] = dup(pair[1]);
}

static void nobody_reads(void **state)
{
	static struct message sent;

	(void)state;
	good(MESSAGE_REFUSED, &sent);
	for (unsigned i = 0; i < 100000; i++)
		if (!message_send(pair[0], MESSAGE_REFUSED, &sent)) {
			assert_int_equal(errno, EAGAIN);
			return;
		}
	fail_msg("it would wait for ever");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(arrives_as_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(files_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(files_that_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_that_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(other_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_types, setup, teardown),
		cmocka_unit_test_setup_teardown(values_out_of_range, setup, teardown),
		cmocka_unit_test_setup_teardown(texts_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_reads, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
