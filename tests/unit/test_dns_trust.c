/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnssec = trust: which datagram makes an answer authentic, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "tool/v6guardd/dns/upstream_trust.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct trust trust;

static size_t message(uint8_t bytes[512], const char *name, uint16_t type, uint16_t flags,
		      uint16_t answers)
{
	struct wire_out out;
	uint8_t wire[WIRE_NAME];

	assert_true(wire_name_parse(name, wire));
	wire_write(&out, bytes, 512);
	wire_put_u16(&out, 7);
	wire_put_u16(&out, flags);
	wire_put_u16(&out, 1);
	wire_put_u16(&out, answers);
	wire_put_u32(&out, 0);
	wire_put_name(&out, wire);
	wire_put_u16(&out, type);
	wire_put_u16(&out, WIRE_CLASS_IN);
	return out.at;
}

static struct ub_heard heard_of(const char *name, uint16_t type, uint16_t flags,
				uint16_t answers)
{
	struct ub_heard heard = {.is_reading = true};
	uint8_t bytes[512];

	heard.size = message(bytes, name, type, flags, answers);
	assert_true(heard.size <= sizeof(heard.bytes));
	memcpy(heard.bytes, bytes, heard.size);
	return heard;
}

#define GOOD (WIRE_QR | WIRE_RD | WIRE_RA | WIRE_AD)

static const struct {
	const char *what, *name; /* the question is www.example, AAAA, with 2 records */
	uint16_t type, flags, answers;
	bool from_server, is_authentic;
} heard_cases[] = {
	{"what is wanted", "www.example", 28, GOOD, 2, true, true},
	{"in another case", "WWW.example", 28, GOOD, 2, true, true},
	{"without AD", "www.example", 28, GOOD & ~WIRE_AD, 2, true, false},
	{"a query", "www.example", 28, GOOD & ~WIRE_QR, 2, true, false},
	{"cut: the rest came by TCP", "www.example", 28, GOOD | WIRE_TC, 2, true, false},
	{"of another name", "ww2.example", 28, GOOD, 2, true, false},
	{"of another type", "www.example", 1, GOOD, 2, true, false},
	{"a part of the chain", "www.example", 28, GOOD, 1, true, false},
	{"from somebody else", "www.example", 28, GOOD, 2, false, false},
};

static bool decide(const struct ub_heard *heard, bool from_server, bool is_kept)
{
	uint8_t name[WIRE_NAME];

	assert_true(wire_name_parse("www.example", name));
	trust.heard = *heard;
	return trust_decide(&trust, from_server, is_kept, 7, name, WIRE_AAAA, 2);
}

static void which_datagram(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(heard_cases); i++) {
		const struct ub_heard heard =
			heard_of(heard_cases[i].name, heard_cases[i].type,
				 heard_cases[i].flags, heard_cases[i].answers);
		if (decide(&heard, heard_cases[i].from_server, false) !=
		    heard_cases[i].is_authentic)
			fail_msg("%s", heard_cases[i].what);
	}
}

static void what_was_kept(void **state)
{
	const struct ub_heard good = heard_of("www.example", WIRE_AAAA, GOOD, 2);
	const struct ub_heard bad = heard_of("www.example", WIRE_AAAA, WIRE_QR, 2);
	const struct ub_heard none = {.is_reading = false};
	uint8_t name[WIRE_NAME];

	(void)state;
	memset(&trust, 0, sizeof(trust));
	assert_false(decide(&none, false, true));
	assert_true(decide(&good, true, false));
	assert_true(decide(&none, false, true));
	/* Another one, or another count: it is not what was heard. */
	assert_true(wire_name_parse("www.example", name));
	assert_false(trust_decide(&trust, false, true, 8, name, WIRE_A, 2));
	assert_false(trust_decide(&trust, false, true, 7, name, WIRE_AAAA, 1));
	/* What came last counts: without AD, or by a way where nothing is heard. */
	assert_false(decide(&bad, true, false));
	assert_false(decide(&none, false, true));
	assert_true(decide(&good, true, false));
	assert_false(decide(&none, false, false));
	assert_false(decide(&none, false, true));
}

/* A datagram is looked at, and stays; of a stream nothing is said. */
static void a_look(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	const int to = socket(AF_INET, SOCK_DGRAM, 0),
		  from = socket(AF_INET, SOCK_DGRAM, 0);
	struct ub_heard heard = {.size = 0};
	uint8_t bytes[512];
	const size_t size = message(bytes, "www.example", WIRE_AAAA, GOOD, 2);
	int pair[2];

	(void)state;
	assert_int_equal(bind(to, (struct sockaddr *)&at, length), 0);
	assert_int_equal(getsockname(to, (struct sockaddr *)&at, &length), 0);
	ub_heard_look(&heard, to);
	assert_int_equal(heard.size, 0);
	assert_int_equal(sendto(from, bytes, size, 0, (struct sockaddr *)&at, length),
			 size);
	ub_heard_look(&heard, to);
	assert_int_equal(heard.size, size);
	assert_int_equal(heard.from.addr.family, AF_INET);
	assert_int_equal(getsockname(from, (struct sockaddr *)&at, &length), 0);
	assert_int_equal(heard.from.port, ntohs(at.sin_port));
	assert_int_equal(recv(to, bytes, sizeof(bytes), MSG_DONTWAIT), size);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], bytes, size), size);
	ub_heard_look(&heard, pair[0]);
	assert_int_equal(heard.size, 0);
	close(to), close(from), close(pair[0]), close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_datagram),
		cmocka_unit_test(what_was_kept),
		cmocka_unit_test(a_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
