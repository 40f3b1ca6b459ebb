/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Name servers that are asked by TLS: who takes connections answers, on sockets of
 * loopback. None of these would say a word to a plain question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/v6guardd/dns/health.h"

static unsigned changes;

static void on_changed(void *ctx, bool others)
{
	changes += others;
	event_base_loopbreak(ctx);
}

/* A TCP socket on a free port, which is closed unless it LISTENS. */
static int make_server(bool listens, struct dns_endpoint *out)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(name);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&name, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&name, &size), 0);
	if (listens)
		assert_int_equal(listen(fd, 16), 0);
	*out = (struct dns_endpoint){gp_addr_make(AF_INET, &name.sin_addr, 0),
				     ntohs(name.sin_port), 1};
	return fd;
}

/* Until something changes, or SECONDS are over: nothing waits for longer than 0.8. */
static void run(struct event_base *base, int seconds)
{
	const struct timeval limit = {seconds, 0};

	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
}

static void closed(void **state)
{
	struct event_base *base = event_base_new();
	struct health *health = health_new(base, on_changed, base);
	struct dns_endpoint servers[2];
	const int good = make_server(true, &servers[0]);
	const int bad = make_server(false, &servers[1]);

	(void)state;
	changes = 0;
	health_set(health, servers, 2);
	health_doubt(health);
	run(base, 10);
	assert_int_equal(changes, 1);
	assert_false(health_is_out(health, &servers[0]));
	assert_true(health_is_out(health, &servers[1]));
	health_free(health);
	event_base_free(base);
	close(good);
	close(bad);
}

static void open_ones(void **state)
{
	struct event_base *base = event_base_new();
	struct health *health = health_new(base, on_changed, base);
	struct dns_endpoint servers[2];
	const int one = make_server(true, &servers[0]);
	const int other = make_server(true, &servers[1]);

	(void)state;
	changes = 0;
	health_set(health, servers, 2);
	health_doubt(health);
	/* Longer than two answers may take. */
	run(base, 1);
	assert_int_equal(changes, 0);
	assert_false(health_none_answers(health));
	assert_false(health_is_out(health, &servers[0]));
	assert_false(health_is_out(health, &servers[1]));
	health_free(health);
	event_base_free(base);
	close(one);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed),
		cmocka_unit_test(open_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
