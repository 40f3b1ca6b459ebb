/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "guard/race.h"
#include "netns.h"

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Far more than the kernel needs for whatever it says in the end. */
#define PATIENCE_MS 60000

/* As a caller would; PENDING: nothing came of it in MS. */
static enum gp_attempt attempt(const char *to, uint16_t port, int ms)
{
	const struct gp_addr addr = address(to);
	const long long end = now_ms() + ms;
	enum gp_attempt result;
	int fd;

	errno = 4711;
	fd = gp_attempt_start(&addr, port, &result);
	assert_int_equal(errno, 4711);
	assert_true((fd >= 0) == (result == GP_ATTEMPT_PENDING));
	while (result == GP_ATTEMPT_PENDING && now_ms() < end) {
		struct pollfd poller = {.fd = fd, .events = POLLOUT};

		poll(&poller, 1, (int)(end - now_ms()));
		errno = 4711;
		result = gp_attempt_check(fd);
		assert_int_equal(errno, 4711);
	}
	if (fd >= 0)
		gp_attempt_close(fd);
	return result;
}

static void expect(const char *to, uint16_t port, enum gp_attempt expected, int ms)
{
	const enum gp_attempt got = attempt(to, port, ms);

	if (got != expected)
		fail_msg("%s port %u: %s, expected %s", to, port, gp_attempt_name(got),
			 gp_attempt_name(expected));
}

/* A listener on ADDR; its port goes to *PORT. */
static int serve(const char *addr, uint16_t *port)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	const bool is_ipv6 = strchr(addr, ':');
	struct sockaddr *self =
		is_ipv6 ? (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
	socklen_t size = is_ipv6 ? sizeof(ipv6) : sizeof(ipv4);
	const int fd = socket(self->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(self->sa_family, addr,
		  is_ipv6 ? (void *)&ipv6.sin6_addr : (void *)&ipv4.sin_addr);
	if (fd < 0 || bind(fd, self, size) || listen(fd, 8) ||
	    getsockname(fd, self, &size)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(is_ipv6 ? ipv6.sin6_port : ipv4.sin_port);
	return fd;
}

static void test_names(void **state)
{
	static const char *const names[] = {"pending", "ok",      "refused",
					    "icmp",    "timeout", "local"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(gp_attempt_name((enum gp_attempt)i), names[i]);
	assert_null(gp_attempt_name((enum gp_attempt)99));
}

static void check_loopback(const char *addr)
{
	const struct gp_addr to = address(addr);
	enum gp_attempt result;
	uint16_t port;
	char byte;
	const int server = serve(addr, &port);
	int fd, client;

	if (server < 0)
		return; /* a host without that family */
	expect(addr, port, GP_ATTEMPT_OK, PATIENCE_MS);

	fd = gp_attempt_start(&to, port, &result);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	client = accept(server, NULL, NULL); /* of the attempt above */
	assert_true(client >= 0);
	close(client);
	client = accept(server, NULL, NULL);
	assert_int_equal(gp_attempt_check(fd), GP_ATTEMPT_OK);
	gp_attempt_close(fd);
	/* Nothing was sent, and it was no FIN. */
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(client);

	/* A server that hangs up at once was there all the same. */
	fd = gp_attempt_start(&to, port, &result);
	client = accept(server, NULL, NULL);
	gp_attempt_close(client);
	assert_int_equal(poll(&(struct pollfd){fd, 0, 0}, 1, PATIENCE_MS), 1);
	assert_int_equal(gp_attempt_check(fd), GP_ATTEMPT_REFUSED);
	gp_attempt_close(fd);
	close(server);
	expect(addr, port, GP_ATTEMPT_REFUSED, PATIENCE_MS);
}

static void test_loopback(void **state)
{
	(void)state;
	check_loopback("127.0.0.1");
	check_loopback("::1");
}

static void test_no_descriptor(void **state)
{
	struct rlimit limit, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	expect("127.0.0.1", 9, GP_ATTEMPT_LOCAL, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_no_route(void **state)
{
	(void)state;
	need_netns();
	expect("2001:db8:f::1", 80, GP_ATTEMPT_LOCAL, 0);
	expect("198.51.100.1", 80, GP_ATTEMPT_LOCAL, 0);
	expect("255.255.255.255", 80, GP_ATTEMPT_LOCAL, 0);
}

struct network_case {
	const char *to;
	enum gp_attempt expected;
};

static void check_all(const struct network_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(cases[i].to, 80, cases[i].expected,
		       cases[i].expected == GP_ATTEMPT_PENDING ? 300 : PATIENCE_MS);
}

static void add_routes(void)
{
	assert_true(sh("ip -6 route replace default via 2001:db8:1::2; "
		       "ip route replace default via 192.0.2.2"));
}

/* What the kernel's own routing says, here and at the router. */
static void test_routes(void **state)
{
	static const struct network_case cases[] = {
		{"2001:db8:e1::1", GP_ATTEMPT_LOCAL},   /* unreachable, here */
		{"2001:db8:e2::1", GP_ATTEMPT_LOCAL},   /* prohibit */
		{"2001:db8:e3::1", GP_ATTEMPT_LOCAL},   /* blackhole: EINVAL */
		{"2001:db8:f1::1", GP_ATTEMPT_ICMP},    /* unreachable, there */
		{"2001:db8:f2::1", GP_ATTEMPT_ICMP},    /* prohibit */
		{"2001:db8:f3::1", GP_ATTEMPT_PENDING}, /* blackhole */
		{"2001:db8:f4::1", GP_ATTEMPT_ICMP},    /* it has no route */
		{"198.51.100.1", GP_ATTEMPT_ICMP},
		{"203.0.113.1", GP_ATTEMPT_PENDING},
		{"2001:db8:1::2", GP_ATTEMPT_REFUSED}, /* nobody listens */
		{"192.0.2.2", GP_ATTEMPT_REFUSED},
		{"2001:db8:1::99", GP_ATTEMPT_TIMEOUT}, /* no such neighbour */
		{"192.0.2.99", GP_ATTEMPT_TIMEOUT},
	};

	(void)state;
	need_netns();
	add_routes();
	assert_true(sh("ip -6 route add unreachable 2001:db8:e1::/48; "
		       "ip -6 route add prohibit 2001:db8:e2::/48; "
		       "ip -6 route add blackhole 2001:db8:e3::/48"));
	assert_true(on_router("ip -6 route add unreachable 2001:db8:f1::/48; "
			      "ip -6 route add prohibit 2001:db8:f2::/48; "
			      "ip -6 route add blackhole 2001:db8:f3::/48; "
			      "ip route add blackhole 203.0.113.0/24"));
	check_all(cases, sizeof(cases) / sizeof(cases[0]));
}

/* The gateway itself does not answer: as good as silence. */
static void test_dead_gateway(void **state)
{
	(void)state;
	need_netns();
	assert_true(sh("ip -6 route add 2001:db8:d::/48 via 2001:db8:1::77"));
	expect("2001:db8:d::1", 80, GP_ATTEMPT_TIMEOUT, PATIENCE_MS);
}

/* Firewalls: at the destination, on the way, and our own. */
static void test_firewall(void **state)
{
	static const struct network_case cases[] = {
		{"2001:db8:a::1", GP_ATTEMPT_ICMP},
		{"2001:db8:a::2", GP_ATTEMPT_ICMP},
		{"2001:db8:a::3", GP_ATTEMPT_ICMP},
		{"2001:db8:a::4", GP_ATTEMPT_REFUSED},
		{"2001:db8:a::5", GP_ATTEMPT_ICMP},
		{"2001:db8:a::6", GP_ATTEMPT_ICMP},
		{"2001:db8:a::7", GP_ATTEMPT_REFUSED},
		{"2001:db8:a::8", GP_ATTEMPT_PENDING},
		{"198.51.100.1", GP_ATTEMPT_ICMP},
		{"198.51.100.2", GP_ATTEMPT_ICMP},
		{"198.51.100.3", GP_ATTEMPT_ICMP},
		{"198.51.100.4", GP_ATTEMPT_REFUSED},
		{"198.51.100.5", GP_ATTEMPT_ICMP},
		{"198.51.100.6", GP_ATTEMPT_ICMP},
		/* "port unreachable", but from the router: */
		{"2001:db8:b::1", GP_ATTEMPT_ICMP},
		{"203.0.113.129", GP_ATTEMPT_ICMP},
		{"2001:db8:c::1", GP_ATTEMPT_LOCAL},
		{"2001:db8:c::2", GP_ATTEMPT_LOCAL},
		{"2001:db8:c::3", GP_ATTEMPT_PENDING},
	};
	static const char router[] =
		"table inet t {\n chain input { type filter hook input priority 0;\n"
		"ip6 daddr 2001:db8:a::1 reject with icmpv6 type no-route\n"
		"ip6 daddr 2001:db8:a::2 reject with icmpv6 type admin-prohibited\n"
		"ip6 daddr 2001:db8:a::3 reject with icmpv6 type addr-unreachable\n"
		"ip6 daddr 2001:db8:a::4 reject with icmpv6 type port-unreachable\n"
		"ip6 daddr 2001:db8:a::5 reject with icmpv6 type policy-fail\n"
		"ip6 daddr 2001:db8:a::6 reject with icmpv6 type reject-route\n"
		"ip6 daddr 2001:db8:a::7 meta l4proto tcp reject with tcp reset\n"
		"ip6 daddr 2001:db8:a::8 drop\n"
		"ip daddr 198.51.100.1 reject with icmp type net-unreachable\n"
		"ip daddr 198.51.100.2 reject with icmp type host-unreachable\n"
		"ip daddr 198.51.100.3 reject with icmp type prot-unreachable\n"
		"ip daddr 198.51.100.4 reject with icmp type port-unreachable\n"
		"ip daddr 198.51.100.5 reject with icmp type net-prohibited\n"
		"ip daddr 198.51.100.6 reject with icmp type admin-prohibited\n"
		"}\n chain forward { type filter hook forward priority 0;\n"
		"ip6 daddr 2001:db8:b::/48 reject with icmpv6 type port-unreachable\n"
		"ip daddr 203.0.113.128/25 reject with icmp type port-unreachable\n"
		"}\n}\n";
	static const char own[] =
		"table inet t { chain output { type filter hook output priority 0;\n"
		"ip6 daddr 2001:db8:c::1 reject with icmpv6 type admin-prohibited\n"
		"ip6 daddr 2001:db8:c::2 reject with icmpv6 type port-unreachable\n"
		"ip6 daddr 2001:db8:c::3 drop\n"
		"}\n}\n";

	(void)state;
	need_netns();
	if (!has_nft())
		skip();
	add_routes();
	assert_true(on_router("for i in 1 2 3 4 5 6 7 8; do "
			      "ip addr add 2001:db8:a::$i/128 dev lo nodad; "
			      "ip addr add 198.51.100.$i/32 dev lo; done; "
			      "ip route add 203.0.113.128/25 dev v1; "
			      "ip -6 route add 2001:db8:b::/48 dev v1"));
	assert_true(router_settles());
	assert_true(sh("printf '%%s' '%s' | nft -f -", own));
	assert_true(sh("printf '%%s' '%s' | nsenter -t %d -n nft -f -", router,
		       (int)netns_router));
	check_all(cases, sizeof(cases) / sizeof(cases[0]));
	assert_true(sh("nft flush ruleset"));
	assert_true(on_router("nft flush ruleset"));
}

/* The route goes away under an attempt: TCP keeps the error to itself until it is asked.
 */
static void test_route_lost(void **state)
{
	const struct gp_addr to = address("2001:db8:f3::1");
	enum gp_attempt result;
	int fd;

	(void)state;
	need_netns();
	add_routes();
	on_router("ip -6 route replace blackhole 2001:db8:f3::/48");
	fd = gp_attempt_start(&to, 80, &result);
	assert_true(fd >= 0);
	assert_true(sh("ip -6 route del default"));
	/* Its first retransmit, 1 s later, finds none. */
	for (int i = 0; i < PATIENCE_MS / 50 && result == GP_ATTEMPT_PENDING; i++) {
		poll(NULL, 0, 50);
		result = gp_attempt_check(fd);
	}
	gp_attempt_close(fd);
	assert_int_equal(result, GP_ATTEMPT_LOCAL);
}

/* What `rescue` does to a program's socket it may do to ours. */
static void test_destroyed(void **state)
{
	const struct gp_addr to = address("2001:db8:f3::1");
	enum gp_attempt result;
	int fd;

	(void)state;
	need_netns();
	add_routes();
	on_router("ip -6 route replace blackhole 2001:db8:f3::/48");
	fd = gp_attempt_start(&to, 80, &result);
	assert_true(fd >= 0);
	assert_int_equal(gp_attempt_check(fd), GP_ATTEMPT_PENDING);
	sh("ss -6 -K state syn-sent >/dev/null 2>&1");
	result = gp_attempt_check(fd);
	gp_attempt_close(fd);
	if (result == GP_ATTEMPT_PENDING)
		skip(); /* no ss, or a kernel without SOCK_DESTROY */
	assert_int_equal(result, GP_ATTEMPT_LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),         cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_no_descriptor), cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_routes),        cmocka_unit_test(test_dead_gateway),
		cmocka_unit_test(test_firewall),      cmocka_unit_test(test_route_lost),
		cmocka_unit_test(test_destroyed),
	};
	int failed;

	netns_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
