/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What UDP does not bring is asked for by TCP as well: with a libunbound that says what
 * the test wants, and a server that answers what health asks. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/clock.h"
#include "tool/v6guardd/dns/ub_library.h"
#include "tool/v6guardd/dns/upstream.h"

#define MOST 16
#define GOOD "\0\0\x81\x80\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"
#define REFUSED "\0\0\x81\x85\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"
#define NAME ((const uint8_t *)"\1x")

/* ---- libunbound ---- */

struct fake {
	bool is_tcp;
};

static struct asked {
	struct fake *ctx;
	void *arg;
	ub_event_callback_type callback;
	bool is_pending;
} asked[MOST];
static int asked_count;
static bool answers_at_once; /* what is asked by TCP */

static struct ub_ctx *fake_create(struct ub_event_base *base)
{
	(void)base;
	return calloc(1, sizeof(struct fake));
}

static void fake_delete(struct ub_ctx *ctx)
{
	for (int i = 0; i < asked_count; i++)
		assert_false(asked[i].is_pending && (void *)asked[i].ctx == (void *)ctx);
	free(ctx);
}

static int fake_option(struct ub_ctx *ctx, const char *name, const char *value)
{
	struct fake *fake = (void *)ctx;

	if (!strcmp(name, "tcp-upstream:"))
		fake->is_tcp = !strcmp(value, "yes");
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

static void say(int i, const char *packet, int rcode)
{
	uint8_t bytes[sizeof(GOOD) - 1];

	assert_true(i < asked_count && asked[i].is_pending);
	asked[i].is_pending = false;
	if (packet)
		memcpy(bytes, packet, sizeof(bytes));
	asked[i].callback(asked[i].arg, rcode, packet ? bytes : NULL,
			  packet ? (int)sizeof(bytes) : 0, 0, NULL, 0);
}

static int fake_resolve(struct ub_ctx *ctx, const char *name, int type, int class,
			void *arg, ub_event_callback_type callback, int *id)
{
	const int i = asked_count++;

	assert_true(i < MOST);
	assert_string_equal(name, "x.");
	assert_int_equal(type, WIRE_A);
	assert_int_equal(class, WIRE_CLASS_IN);
	asked[i] = (struct asked){(void *)ctx, arg, callback, true};
	*id = i;
	if (answers_at_once && asked[i].ctx->is_tcp)
		say(i, GOOD, 0);
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
static struct event *serves;
static int server, done_count;
static unsigned done_rcode;

/* Whatever health asks. */
static void on_server(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	uint8_t bytes[512];
	const ssize_t got =
		recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer, &length);

	(void)what, (void)arg;
	if (got < 12)
		return;
	bytes[2] |= 0x80;
	sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&peer, length);
}

static void on_done(void *ctx, const struct answer_reply *reply)
{
	(void)ctx;
	done_count++;
	done_rcode = reply->packet ? reply->packet[3] & 0xf : 99;
}

static int begin(void **state)
{
	static const struct upstream_network network = {.ipv4_usable = true};
	struct sockaddr_in name = {.sin_family = AF_INET};
	socklen_t length = sizeof(name);
	static struct dns_config config;
	static struct dns_endpoint asked_server;

	(void)state;
	ub = (struct ub_library){
		.create = fake_create,
		.delete = fake_delete,
		.set_option = fake_option,
		.config = fake_file,
		.add_anchors = fake_file,
		.debugout = fake_debugout,
		.resolve = fake_resolve,
		.cancel = fake_cancel,
	};
	asked_count = done_count = 0;
	answers_at_once = false;
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(server, (struct sockaddr *)&name, length) < 0 ||
	    getsockname(server, (struct sockaddr *)&name, &length) < 0)
		return -1;
	base = event_base_new();
	serves = event_new(base, server, EV_READ | EV_PERSIST, on_server, NULL);
	event_add(serves, NULL);
	memset(&config, 0, sizeof(config));
	config.enable = 1;
	config.edns_size = 1232;
	config.upstream_count = 1;
	asked_server =
		(struct dns_endpoint){.addr = gp_addr_make(AF_INET, &name.sin_addr, 0),
				      .port = ntohs(name.sin_port)};
	config.upstream = &asked_server;
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
	event_free(serves);
	event_base_free(base);
	close(server);
	return 0;
}

static void run_for(long ms)
{
	const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(base, &delay);
	event_base_dispatch(base);
}

static struct upstream_query *ask(void)
{
	struct upstream_query *query = NULL;

	assert_true(upstream_ask(upstream, NAME, WIRE_A, WIRE_CLASS_IN, false, on_done,
				 NULL, &query));
	return query;
}

/* Asked by UDP, and 1.4 s later by TCP. */
static struct upstream_query *ask_both(void)
{
	struct upstream_query *query = ask();

	run_for(900);
	assert_int_equal(asked_count, 1);
	run_for(900);
	assert_int_equal(asked_count, 2);
	assert_false(asked[0].ctx->is_tcp);
	assert_true(asked[1].ctx->is_tcp);
	return query;
}

/* ---- cases ---- */

static void tcp_brings_it(void **state)
{
	(void)state;
	ask_both();
	say(1, GOOD, 0);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, WIRE_NOERROR);
	assert_false(asked[0].is_pending);
	/* The way is known to be narrow: sooner the next time. */
	ask();
	run_for(100);
	assert_int_equal(asked_count, 3);
	run_for(700);
	assert_int_equal(asked_count, 4);
	say(2, GOOD, 0);
	assert_false(asked[3].is_pending);
	assert_int_equal(done_count, 2);
}

static void udp_brings_it(void **state)
{
	(void)state;
	ask_both();
	say(0, GOOD, 0);
	assert_int_equal(done_count, 1);
	assert_false(asked[1].is_pending);
	/* That is no narrow way. */
	ask();
	run_for(800);
	assert_int_equal(asked_count, 3);
	say(2, GOOD, 0);
}

static void neither_does(void **state)
{
	(void)state;
	ask_both();
	say(0, NULL, 2);
	assert_int_equal(done_count, 0);
	say(1, REFUSED, 2);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, WIRE_REFUSED);
}

static void tcp_fails_first(void **state)
{
	(void)state;
	ask_both();
	say(1, NULL, 2);
	assert_int_equal(done_count, 0);
	run_for(500);
	assert_int_equal(asked_count, 2);
	say(0, GOOD, 0);
	assert_int_equal(done_count, 1);
}

static void udp_fails_then_tcp_brings_it(void **state)
{
	(void)state;
	ask_both();
	say(0, NULL, 2);
	run_for(400);
	say(1, GOOD, 0);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_rcode, WIRE_NOERROR);
}

static void cancelled(void **state)
{
	(void)state;
	struct upstream_query *query = ask_both();

	upstream_cancel(query);
	assert_false(asked[0].is_pending || asked[1].is_pending);
	/* And after one of the two has failed. */
	asked_count = 0;
	query = ask_both();
	say(0, NULL, 2);
	upstream_cancel(query);
	assert_false(asked[1].is_pending);
	assert_int_equal(done_count, 0);
}

static void at_once(void **state)
{
	(void)state;
	answers_at_once = true;
	ask();
	ask();
	run_for(1800);
	assert_int_equal(done_count, 2);
	assert_false(asked[0].is_pending || asked[1].is_pending);
}

/* An error by UDP, in time, is an answer. */
static void refused(void **state)
{
	(void)state;
	ask();
	say(0, REFUSED, 2);
	assert_int_equal(done_count, 1);
	run_for(1800);
	assert_int_equal(asked_count, 1);
}

/* All at once, each in a process of its own: they wait most of the time. */
int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(tcp_brings_it),
		CASE(udp_brings_it),
		CASE(neither_does),
		CASE(tcp_fails_first),
		CASE(udp_fails_then_tcp_brings_it),
		CASE(cancelled),
		CASE(at_once),
		CASE(refused),
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
