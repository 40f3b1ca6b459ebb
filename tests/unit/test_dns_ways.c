/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How servers are asked: with a libunbound that says what the test wants, and servers
 * that answer what is asked by a socket of our own. What takes time are timers alone:
 * everybody else is done by then, however slow the machine. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driven_clock.h"
#include "guard/clock.h"
#include "tool/v6guardd/dns/ub_library.h"
#include "tool/v6guardd/dns/upstream.h"

#define MOST 32
#define SERVERS 2
#define QUESTION "\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"
#define GOOD                                                                             \
	"\0\0\x81\x80\0\1\0\1\0\0\0\0\1x\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\1\0\0\4\xc6\x33"  \
	"\x64\1"
#define REFUSED "\0\0\x81\x85" QUESTION
#define SERVFAIL "\0\0\x81\x82" QUESTION
#define NXDOMAIN "\0\0\x81\x83" QUESTION
#define EMPTY "\0\0\x81\x80" QUESTION
#define NAME ((const uint8_t *)"\1x")
#define SAY(i, packet, rcode) say(i, packet, sizeof(packet) - 1, rcode)

/* ---- libunbound ---- */

struct fake {
	bool is_tcp;
	unsigned server; /* by which it forwards */
};

static struct asked {
	struct fake *ctx;
	void *arg;
	ub_event_callback_type callback;
	bool is_pending;
	int type;
} asked[MOST];
static int asked_count, context_count;
static bool answers_at_once;
static uint16_t ports[SERVERS];

static struct ub_ctx *fake_create(struct ub_event_base *base)
{
	(void)base;
	context_count++;
	return calloc(1, sizeof(struct fake));
}

static void fake_delete(struct ub_ctx *ctx)
{
	for (int i = 0; i < asked_count; i++)
		assert_false(asked[i].is_pending && (void *)asked[i].ctx == (void *)ctx);
	context_count--;
	free(ctx);
}

static int fake_option(struct ub_ctx *ctx, const char *name, const char *value)
{
	struct fake *fake = (void *)ctx;

	if (!strcmp(name, "tcp-upstream:"))
		fake->is_tcp = !strcmp(value, "yes");
	return 0;
}

static int fake_config(struct ub_ctx *ctx, const char *path)
{
	struct fake *fake = (void *)ctx;
	FILE *from = fopen(path, "r");
	char line[256];
	unsigned port = 0, addresses = 0;

	rewind(from);
	while (fgets(line, sizeof(line), from))
		addresses += sscanf(line, " forward-addr: 127.0.0.1@%u", &port) == 1;
	fclose(from);
	assert_int_equal(addresses, 1);
	while (ports[fake->server] != port)
		fake->server++;
	return 0;
}

static int fake_file(struct ub_ctx *ctx, const char *path)
{
	(void)ctx, (void)path;
	return 0;
}

static int fake_debugout(struct ub_ctx *ctx, void *out)
{
	(void)ctx, (void)out;
	return 0;
}

static void say(int i, const char *packet, size_t size, int rcode)
{
	uint8_t bytes[64];

	assert_true(i < asked_count && asked[i].is_pending);
	asked[i].is_pending = false;
	if (packet)
		memcpy(bytes, packet, size);
	if (packet && asked[i].type == WIRE_AAAA)
		bytes[16] = WIRE_AAAA;
	if (packet && asked[i].type == WIRE_AAAA && size > 20)
		bytes[22] = WIRE_AAAA;
	asked[i].callback(asked[i].arg, rcode, packet ? bytes : NULL,
			  packet ? (int)size : 0, 0, NULL, 0);
}

static int fake_resolve(struct ub_ctx *ctx, const char *name, int type, int class,
			void *arg, ub_event_callback_type callback, int *id)
{
	const int i = asked_count++;

	assert_true(i < MOST);
	assert_string_equal(name, "x.");
	assert_int_equal(class, WIRE_CLASS_IN);
	asked[i] = (struct asked){(void *)ctx, arg, callback, true, type};
	*id = i;
	if (answers_at_once)
		SAY(i, GOOD, 0);
	return 0;
}

static int fake_cancel(struct ub_ctx *ctx, int id)
{
	assert_true(asked[id].is_pending && (void *)asked[id].ctx == (void *)ctx);
	asked[id].is_pending = false;
	return 0;
}

/* ---- the world ---- */

static struct event_base *base;
static struct upstream *upstream;
static struct dns_config config;
static struct dns_endpoint endpoints[SERVERS];
static const struct upstream_network network = {.ipv4_usable = true};
static struct event *serves[SERVERS];
static int sockets[SERVERS], done_count;
static unsigned done_rcode;
static uint32_t done_by, done_holds_s;
/* What a server says of itself, and how often it was asked; 0: nothing. */
static uint16_t flags[SERVERS];
static unsigned pings[SERVERS];

static void on_server(evutil_socket_t fd, short what, void *arg)
{
	const size_t i = (size_t)((int *)arg - sockets);
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	uint8_t bytes[512];
	const ssize_t got =
		recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer, &length);

	(void)what;
	pings[i]++;
	if (got < 12 || !flags[i])
		return;
	bytes[2] = (uint8_t)(flags[i] >> 8);
	bytes[3] = (uint8_t)flags[i];
	sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&peer, length);
}

static void on_done(void *ctx, const struct answer_reply *reply)
{
	(void)ctx;
	done_count++;
	done_rcode = reply->packet ? reply->packet[3] & 0xf : 99;
	done_by = reply->server;
	done_holds_s = reply->holds_s;
}

static int open_server(size_t i)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(name);

	sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(sockets[i], (struct sockaddr *)&name, length) < 0 ||
	    getsockname(sockets[i], (struct sockaddr *)&name, &length) < 0)
		return -1;
	serves[i] =
		event_new(base, sockets[i], EV_READ | EV_PERSIST, on_server, &sockets[i]);
	event_add(serves[i], NULL);
	ports[i] = ntohs(name.sin_port);
	flags[i] = 0x8180;
	endpoints[i].addr = gp_addr_make(AF_INET, &name.sin_addr, 0);
	endpoints[i].port = ports[i];
	return 0;
}

static int begin(void **state)
{
	(void)state;
	if (!clock_jumps_with_loopback())
		return -1;
	ub = (struct ub_library){
		.create = fake_create,
		.delete = fake_delete,
		.set_option = fake_option,
		.config = fake_config,
		.add_anchors = fake_file,
		.debugout = fake_debugout,
		.resolve = fake_resolve,
		.cancel = fake_cancel,
	};
	base = event_base_new();
	config.enable = 1;
	config.edns_size = 1232;
	for (size_t i = 0; i < SERVERS; i++)
		if (open_server(i) < 0)
			return -1;
	config.upstream = endpoints;
	config.upstream_count = SERVERS;
	upstream = upstream_new(base, &config);
	if (!upstream)
		return -1;
	upstream_configure(upstream, &config, &network);
	return 0;
}

static int end(void **state)
{
	(void)state;
	upstream_free(upstream);
	assert_int_equal(context_count, 0);
	for (size_t i = 0; i < SERVERS; i++) {
		event_free(serves[i]);
		close(sockets[i]);
	}
	event_base_free(base);
	return 0;
}

static void run_for(long ms)
{
	const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(base, &delay);
	event_base_dispatch(base);
}

static struct upstream_query *ask_for(uint16_t type)
{
	struct upstream_query *query = NULL;

	assert_true(upstream_ask(upstream, NAME, type, WIRE_CLASS_IN, false, on_done,
				 NULL, &query));
	return query;
}

static struct upstream_query *ask(void)
{
	return ask_for(WIRE_A);
}

static void only_one_server(void)
{
	config.upstream_count = 1;
	upstream_configure(upstream, &config, &network);
}

static void is_asked(int i, unsigned server, bool is_tcp)
{
	assert_true(i < asked_count);
	assert_int_equal(asked[i].ctx->server, server);
	assert_int_equal(asked[i].ctx->is_tcp, is_tcp);
}

/* The question that SERVER has not answered. */
static int waits_at(unsigned server)
{
	int i = 0;

	while (i < asked_count &&
	       !(asked[i].is_pending && asked[i].ctx->server == server))
		i++;
	return i;
}

/* ---- one server ---- */

static void tcp_brings_it(void **state)
{
	(void)state;
	only_one_server();
	ask();
	assert_int_equal(asked_count, 1);
	run_for(900);
	assert_int_equal(asked_count, 2);
	run_for(900);
	assert_int_equal(asked_count, 3);
	is_asked(0, 0, false);
	is_asked(1, 0, false);
	is_asked(2, 0, true);
	assert_ptr_not_equal(asked[0].ctx, asked[1].ctx);
	SAY(2, GOOD, 0);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, WIRE_NOERROR);
	assert_false(asked[0].is_pending || asked[1].is_pending);
	/* The way is known to be narrow: sooner the next time. */
	ask();
	run_for(700);
	assert_int_equal(asked_count, 6);
	SAY(3, GOOD, 0);
	assert_false(asked[4].is_pending || asked[5].is_pending);
	assert_int_equal(done_count, 2);
}

static void each_way_may_fail(void **state)
{
	(void)state;
	only_one_server();
	ask();
	run_for(1600);
	assert_int_equal(asked_count, 3);
	say(0, NULL, 0, 2);
	say(2, NULL, 0, 2);
	assert_int_equal(done_count, 0);
	SAY(1, REFUSED, 2);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, WIRE_REFUSED);
}

static void cancelled(void **state)
{
	(void)state;
	only_one_server();
	struct upstream_query *query = ask();

	run_for(1600);
	say(1, NULL, 0, 2);
	upstream_cancel(query);
	for (int i = 0; i < asked_count; i++)
		assert_false(asked[i].is_pending);
	run_for(200);
	assert_int_equal(done_count, 0);
}

static void at_once(void **state)
{
	(void)state;
	answers_at_once = true;
	assert_null(ask());
	assert_null(ask());
	assert_int_equal(done_count, 2);
	assert_int_equal(asked_count, 2);
}

static void late(void **state)
{
	(void)state;
	only_one_server();
	ask();
	run_for(3000);
	SAY(0, GOOD, 0);
	assert_int_equal(done_rcode, WIRE_NOERROR);
	/* It is known to be slow: less is sent. */
	ask();
	run_for(1200);
	assert_int_equal(asked_count, 5);
	SAY(4, GOOD, 0);
}

static void silence(void **state)
{
	(void)state;
	only_one_server();
	ask();
	run_for(4650);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, 99);
	assert_int_equal(asked_count, 4);
	is_asked(3, 0, false);
}

/* ---- two ---- */

static void errors_go_on(void **state)
{
	uint32_t first;

	(void)state;
	ask();
	SAY(0, SERVFAIL, 2);
	is_asked(0, 0, false);
	is_asked(1, 1, false);
	SAY(1, NXDOMAIN, 0);
	assert_int_equal(done_rcode, WIRE_NXDOMAIN);
	first = done_by;
	/* The next question begins with the first one again. */
	ask();
	is_asked(2, 0, false);
	SAY(2, GOOD, 0);
	assert_int_equal(done_rcode, WIRE_NOERROR);
	assert_int_not_equal(done_by, 0);
	assert_int_not_equal(done_by, first);
	/* Both fail: the first one's error. */
	ask();
	SAY(3, REFUSED, 2);
	SAY(4, SERVFAIL, 2);
	assert_int_equal(done_rcode, WIRE_REFUSED);
	assert_int_equal(done_count, 3);
}

static void a_pair_stays_together(void **state)
{
	(void)state;
	ask_for(WIRE_A);
	ask_for(WIRE_AAAA);
	SAY(1, SERVFAIL, 2);
	run_for(20);
	assert_int_equal(asked_count, 2);
	SAY(0, GOOD, 0);
	run_for(20);
	assert_int_equal(asked_count, 2);
	assert_int_equal(done_count, 2);
	assert_int_equal(done_rcode, WIRE_SERVFAIL);
	/* For a while after the first of them as well. */
	ask_for(WIRE_AAAA);
	SAY(2, SERVFAIL, 2);
	assert_int_equal(done_count, 3);
}

static void lame_or_not(void **state)
{
	(void)state;
	/* It offers no recursion, and says nothing. */
	flags[0] = 0x8100;
	ask();
	SAY(0, EMPTY, 0);
	run_for(50);
	is_asked(1, 1, false);
	/* The other one does: empty is empty. */
	SAY(1, EMPTY, 0);
	run_for(50);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, WIRE_NOERROR);
	assert_int_equal(pings[1], 1);
	/* It is known by now; and RA of the first would be seen at once. */
	flags[0] = 0x8180;
	ask();
	SAY(2, EMPTY, 0);
	run_for(50);
	assert_int_equal(done_count, 2);
	assert_int_equal(pings[0], 2);
	/* Authority of its own (AA). */
	flags[0] = 0x8500;
	ask();
	SAY(3, EMPTY, 0);
	run_for(50);
	assert_int_equal(done_count, 3);
	assert_int_equal(pings[0], 2);
}

static void dead_and_back(void **state)
{
	struct upstream_tally tallies[4];

	(void)state;
	ask();
	SAY(0, GOOD, 0);
	flags[0] = 0;
	ask();
	run_for(900);
	is_asked(3, 1, false);
	/* Not yet: the first one may be slow. */
	SAY(3, NXDOMAIN, 0);
	run_for(300);
	assert_int_equal(done_count, 1);
	run_for(1400);
	assert_int_equal(done_count, 2);
	assert_true(pings[0] >= 4);
	assert_int_equal(upstream_server_tallies(upstream, tallies, 4), 2);
	assert_true(tallies[0].is_dead && !tallies[1].is_dead);
	assert_true(!tallies[0].is_first && tallies[1].is_first);
	assert_int_equal(tallies[0].answers, 1);
	assert_int_equal(tallies[0].timeouts, 1);
	assert_true(upstream_is_left_out(upstream, &config.upstream[0]));
	/* The second is the first now, whether or not the other one is seen to. */
	asked_count = 0;
	ask();
	SAY(waits_at(1), NXDOMAIN, 0);
	run_for(150);
	assert_int_equal(done_count, 3);
	/* The other one may know that name, and be back any moment. */
	assert_int_equal(done_holds_s, 5);
	/* Also where it was not asked at all. */
	run_for(20);
	ask();
	SAY(waits_at(1), NXDOMAIN, 0);
	run_for(150);
	assert_int_equal(done_holds_s, 5);
	flags[0] = 0x8180;
	run_for(500);
	/* It is asked as well, once in a while, and heard. */
	ask();
	SAY(waits_at(1), GOOD, 0);
	run_for(200);
	assert_false(upstream_is_left_out(upstream, &config.upstream[0]));
	asked_count = 0;
	ask();
	is_asked(0, 0, false);
	SAY(0, GOOD, 0);
	assert_int_equal(done_holds_s, 0);
}

/* Each in a process of its own. */
int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(tcp_brings_it), CASE(each_way_may_fail),
		CASE(cancelled),     CASE(at_once),
		CASE(late),          CASE(silence),
		CASE(errors_go_on),  CASE(a_pair_stays_together),
		CASE(lame_or_not),   CASE(dead_and_back),
	};
	const size_t count = sizeof(tests) / sizeof(tests[0]);
	int status, failed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct CMUnitTest one[] = {tests[i]};
		const pid_t child = fork();
		if (child == 0)
			exit(cmocka_run_group_tests(one, NULL, NULL));
		failed += child < 0;
	}
	while (wait(&status) > 0)
		failed += status != 0;
	return failed;
}
