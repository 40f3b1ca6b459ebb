/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real kernel's networks, in a namespace of this program's own; the watch's clock
 * goes while the loop waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>

#include "netns.h"
#include "tool/v6guardd/watch/netwatch_facts.h"

static struct gp_prefix prefix_of(const char *text)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix))
		fail_msg("%s is no prefix", text);
	return prefix;
}

static struct event_base *base;

struct log {
	struct netwatch *watch;
	struct event *tick;
	size_t changes, epochs;
	char why[NETWATCH_WHY]; /* of the last epoch */
};

static void on_changed(void *ctx, const struct netwatch_state *now, bool is_epoch,
		       const char *why)
{
	struct log *log = ctx;

	assert_ptr_equal(now, netwatch_state(log->watch));
	assert_true(strlen(why) > 0);
	log->changes++;
	log->epochs += is_epoch;
	if (is_epoch)
		snprintf(log->why, sizeof(log->why), "%s", why);
	event_base_loopbreak(base);
}

static void run_ms(int ms)
{
	const struct timeval end = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(base, &end);
	event_base_dispatch(base);
}

/* Long enough for whatever is to come. */
static void settle(void)
{
	for (int i = 0; i < 5; i++)
		run_ms(NETWATCH_DEBOUNCE_MS / 2);
}

/* Until the epoch is EPOCH; 10 s at most. */
static void expect_epoch(struct log *log, uint32_t epoch, const char *why)
{
	for (int i = 0; i < 100 && netwatch_state(log->watch)->epoch < epoch; i++)
		run_ms(100);
	assert_int_equal(netwatch_state(log->watch)->epoch, epoch);
	assert_string_equal(log->why, why);
}

static void expect_no_epoch(struct log *log, uint32_t epoch)
{
	settle();
	if (netwatch_state(log->watch)->epoch != epoch)
		fail_msg("a new epoch: %s", log->why);
}

static bool has_onlink(const struct log *log, const char *text)
{
	const struct netwatch_state *now = netwatch_state(log->watch);
	const struct gp_prefix prefix = prefix_of(text);

	for (uint32_t i = 0; i < now->onlink_count; i++)
		if (now->onlink[i].length == prefix.length &&
		    gp_addr_equal(&now->onlink[i].addr, &prefix.addr))
			return true;
	return false;
}

/* Within 10 s. */
static void expect_onlink(struct log *log, const char *text, bool is_there)
{
	for (int i = 0; i < 100 && has_onlink(log, text) != is_there; i++)
		run_ms(100);
	assert_int_equal(has_onlink(log, text), is_there);
}

static void log_start(struct log *log)
{
	const int fd = netwatch_open();

	memset(log, 0, sizeof(*log));
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	log->watch = netwatch_new(base, fd, on_changed, log);
	assert_non_null(log->watch);
	assert_int_equal(netwatch_state(log->watch)->epoch, 1);
}

/* No default route, no veth but v0; nothing else knows of what a test made. */
static void reset(void)
{
	sh("for f in -4 -6; do while ip $f route del default 2>/dev/null; do :; done; "
	   "done; "
	   "ip link del d0 2>/dev/null; ip link del br0 2>/dev/null; "
	   "ip -6 rule del table 77 2>/dev/null; ip -6 route flush table 77 2>/dev/null; "
	   "ip nexthop flush >/dev/null 2>&1");
}

static void test_start(void **state)
{
	const struct netwatch_state *now;
	struct log log;

	(void)state;
	need_netns();
	reset();
	log_start(&log);
	now = netwatch_state(log.watch);
	assert_false(now->ipv4_usable);
	assert_false(now->ipv6_default);
	assert_int_equal(now->onlink_count, 1);
	assert_true(has_onlink(&log, "2001:db8:1::/64"));
	assert_true(sh("ip addr add 2001:db8:99::1/128 dev lo && "
		       "ip addr add 2001:db8:98::1/64 dev v0 nodad noprefixroute"));
	expect_onlink(&log, "2001:db8:98::1/128", true);
	expect_no_epoch(&log, 1);
	assert_int_equal(now->onlink_count, 3);
	assert_true(has_onlink(&log, "2001:db8:99::1/128"));
	assert_true(has_onlink(&log, "2001:db8:98::1/128"));
	assert_true(sh("ip addr del 2001:db8:99::1/128 dev lo && "
		       "ip addr del 2001:db8:98::1/64 dev v0"));
	expect_onlink(&log, "2001:db8:98::1/128", false);
	expect_no_epoch(&log, 1);
	assert_int_equal(now->onlink_count, 1);
	netwatch_free(log.watch);
	netwatch_free(NULL);

	assert_true(sh("ip route add default via 192.0.2.2 && "
		       "ip -6 route add default via 2001:db8:1::2"));
	log_start(&log);
	now = netwatch_state(log.watch);
	assert_true(now->ipv4_usable);
	assert_true(now->ipv6_default);
	expect_no_epoch(&log, 1);
	assert_int_equal(log.changes, 0);
	netwatch_free(log.watch);
}

static void test_default_routes(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	reset();
	log_start(&log);
	assert_true(sh("ip -6 route add default via 2001:db8:1::2"));
	/* With its prefixes, which count from now on. */
	expect_epoch(&log, 2,
		     "new default route for ipv6 via 2001:db8:1::2 on v0, and 2 more");
	assert_true(netwatch_state(log.watch)->ipv6_default);
	assert_true(sh("ip route add default via 192.0.2.2"));
	expect_epoch(&log, 3, "new default route for ipv4 via 192.0.2.2 on v0");
	assert_true(netwatch_state(log.watch)->ipv4_usable);
	assert_true(sh("ip -6 addr add 2001:db8:1::aa/64 dev v0 nodad && "
		       "ip -6 addr add fe80::aa/64 dev v0 nodad && "
		       "ip -6 route add 2001:db8:99::/48 via 2001:db8:1::2 && "
		       "ip -6 route replace default via 2001:db8:1::2 mtu 1400"));
	expect_no_epoch(&log, 3); /* the same prefix, no default route */
	assert_true(sh("ip -6 addr add fd00:77::1/64 dev v0 nodad"));
	expect_epoch(&log, 4, "new prefix fd00:77::/64 on v0");
	assert_true(sh("ip -6 addr del fd00:77::1/64 dev v0"));
	expect_epoch(&log, 5, "prefix fd00:77::/64 on v0 is gone");
	assert_true(sh("ip -6 addr del 2001:db8:1::aa/64 dev v0; "
		       "ip -6 addr del fe80::aa/64 dev v0"));
	expect_no_epoch(&log, 5);
	assert_true(sh("ip -6 route del default"));
	expect_epoch(&log, 6, "default route for ipv6 via 2001:db8:1::2 on v0 is gone");
	assert_false(netwatch_state(log.watch)->ipv6_default);
	assert_true(netwatch_state(log.watch)->ipv4_usable);
	netwatch_free(log.watch);
}

/* What is no way out: reject types, and nothing but it changes nothing. */
static void test_reject(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	reset();
	log_start(&log);
	assert_true(sh("ip -6 route add unreachable default metric 4000 && "
		       "ip route add blackhole default metric 4000"));
	expect_no_epoch(&log, 1);
	assert_false(netwatch_state(log.watch)->ipv6_default);
	assert_false(netwatch_state(log.watch)->ipv4_usable);
	netwatch_free(log.watch);
}

static void test_multipath(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	reset();
	assert_true(sh("ip -6 route add default nexthop via 2001:db8:1::2 dev v0 "
		       "nexthop via 2001:db8:1::3 dev v0"));
	log_start(&log);
	assert_true(netwatch_state(log.watch)->ipv6_default);
	assert_true(sh("ip -6 route del default via 2001:db8:1::3 dev v0"));
	expect_epoch(&log, 2, "default route for ipv6 via 2001:db8:1::3 on v0 is gone");
	netwatch_free(log.watch);
}

/* With compatibility off the kernel names the nexthop object alone. */
static void test_nexthops(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	reset();
	if (!sh("ip nexthop add id 1 via 2001:db8:1::2 dev v0 2>/dev/null && "
		"echo 0 2>/dev/null >/proc/sys/net/ipv4/nexthop_compat_mode"))
		skip();
	assert_true(sh("ip nexthop add id 2 via 2001:db8:1::3 dev v0 && "
		       "ip nexthop add id 3 group 1/2 && "
		       "ip -6 route add default nhid 3"));
	log_start(&log);
	assert_true(netwatch_state(log.watch)->ipv6_default);
	assert_true(sh("ip nexthop del id 2"));
	expect_epoch(&log, 2, "default route for ipv6 via 2001:db8:1::3 on v0 is gone");
	assert_true(sh("ip -6 route del default && ip -6 route add default nhid 1"));
	expect_no_epoch(&log, 2); /* the same by other means */
	assert_true(sh("ip -6 route del default"));
	expect_epoch(
		&log, 3,
		"default route for ipv6 via 2001:db8:1::2 on v0 is gone, and 2 more");
	sh("echo 1 >/proc/sys/net/ipv4/nexthop_compat_mode");
	netwatch_free(log.watch);
}

/* As containers make them. */
static void test_veth(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	reset();
	assert_true(sh("ip route add default via 192.0.2.2 && "
		       "ip -6 route add default via 2001:db8:1::2"));
	log_start(&log);
	assert_true(sh("ip link add d0 type veth peer name d1 && ip link set d0 up && "
		       "ip link set d1 up && ip addr add 172.17.0.1/16 dev d0 && "
		       "ip addr add fd00:d::1/64 dev d0 nodad"));
	/* The kernel tells of a carrier up to a second late: two changes, then. */
	expect_no_epoch(&log, 1);
	expect_onlink(&log, "fd00:d::/64", true);
	expect_no_epoch(&log, 1);
	assert_in_range(log.changes, 1, 2);
	assert_true(sh("ip link del d0"));
	expect_onlink(&log, "fd00:d::/64", false);
	expect_no_epoch(&log, 1);
	assert_in_range(log.changes, 2, 3);
	if (sh("ip link add br0 type bridge 2>/dev/null && ip link set br0 up && "
	       "ip addr add 172.18.0.1/16 dev br0"))
		expect_no_epoch(&log, 1);
	netwatch_free(log.watch);
}

/* A VPN's default route beside the one that is there: wg-quick's in a table of its own,
 * OpenVPN's in halves. */
static void test_vpn(void **state)
{
	struct log log;

	(void)state;
	need_netns();
	reset();
	assert_true(sh("ip route add default via 192.0.2.2; "
		       "ip link add d0 type veth peer name d1 && ip link set d0 up && "
		       "ip link set d1 up"));
	log_start(&log);
	assert_true(sh("ip -6 route add default dev d0 table 77"));
	expect_epoch(&log, 2, "new default route for ipv6 on d0");
	/* Who goes there is the rules' business: */
	assert_false(netwatch_state(log.watch)->ipv6_default);
	assert_true(sh("ip -6 route flush table 77"));
	expect_epoch(&log, 3, "default route for ipv6 on d0 is gone");
	assert_true(sh("ip route add 0.0.0.0/1 dev d0; ip route add 128.0.0.0/1 dev d0"));
	expect_epoch(&log, 4, "new default route for ipv4 on d0");
	assert_true(sh("ip -6 route add 2000::/3 dev d0"));
	expect_epoch(&log, 5, "new default route for ipv6 on d0");
	assert_false(has_onlink(&log, "2000::/3"));
	netwatch_free(log.watch);
}

/* Down and up again within the debounce: nothing has happened. For longer: twice. */
static void test_flap(void **state)
{
	static const char up[] = "ip link set v0 up && "
				 "ip addr replace 2001:db8:1::1/64 dev v0 nodad && "
				 "ip -6 route replace default via 2001:db8:1::2";
	struct log log;

	(void)state;
	need_netns();
	reset();
	assert_true(sh("%s", up));
	log_start(&log);
	assert_true(sh("ip link set v0 down && %s", up));
	expect_no_epoch(&log, 1);
	assert_true(sh("ip link set v0 down"));
	expect_epoch(
		&log, 2,
		"default route for ipv6 via 2001:db8:1::2 on v0 is gone, and 2 more");
	assert_true(sh("%s", up));
	expect_epoch(&log, 3,
		     "new default route for ipv6 via 2001:db8:1::2 on v0, and 2 more");
	/* Without a carrier the routes are still there, and lead nowhere. */
	assert_true(on_router("ip link set v1 down"));
	expect_epoch(
		&log, 4,
		"default route for ipv6 via 2001:db8:1::2 on v0 is gone, and 2 more");
	assert_true(on_router("ip link set v1 up && "
			      "ip addr replace 2001:db8:1::2/64 dev v1 nodad"));
	expect_epoch(&log, 5,
		     "new default route for ipv6 via 2001:db8:1::2 on v0, and 2 more");
	netwatch_free(log.watch);
}

/* The one notification that matters is lost: ENOBUFS alone says that there was any. */
static void test_overrun(void **state)
{
	const int fd = netwatch_open(), tiny = 1;
	struct log log = {.changes = 0};

	(void)state;
	if (netns_reason)
		close(fd);
	need_netns();
	reset();
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
	log.watch = netwatch_new(base, fd, on_changed, &log);
	assert_non_null(log.watch);
	settle();
	/* Link-local ones do not matter, but fill the socket. */
	assert_true(sh("seq 1 100 | sed 's|.*|addr add fe80::ff:&/64 dev v0 nodad|' | "
		       "ip -6 -batch -"));
	/* The kernel tells of addresses when its own worker has had the time. */
	for (int i = 0; i < 500 && !socket_drops(fd); i++)
		usleep(10000);
	assert_true(socket_drops(fd) > 0);
	assert_true(sh("ip -6 route add default via 2001:db8:1::2"));
	expect_epoch(&log, 2,
		     "new default route for ipv6 via 2001:db8:1::2 on v0, and 2 more");
	assert_true(sh("seq 1 100 | sed 's|.*|addr del fe80::ff:&/64 dev v0|' | "
		       "ip -6 -batch - && ip -6 route del default"));
	expect_epoch(
		&log, 3,
		"default route for ipv6 via 2001:db8:1::2 on v0 is gone, and 2 more");
	netwatch_free(log.watch);
}

/* It never gets quiet: told within NETWATCH_PATIENCE_MS all the same. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	size_t *ticks = arg;

	(void)fd;
	(void)what;
	++*ticks;
	sh("ip -6 addr add 2001:db8:1::%zx/128 dev v0 nodad 2>/dev/null", 0x100 + *ticks);
}

static void test_never_quiet(void **state)
{
	const struct timeval often = {0, NETWATCH_DEBOUNCE_MS * 1000 / 5};
	struct event *tick;
	struct log log;
	size_t ticks = 0;

	(void)state;
	need_netns();
	reset();
	log_start(&log);
	tick = event_new(base, -1, EV_PERSIST, on_tick, &ticks);
	event_add(tick, &often);
	assert_true(sh("ip -6 route add default via 2001:db8:1::2"));
	/* 5 s, or longer where each of the commands above takes its time. */
	for (int i = 0; i < 300 && netwatch_state(log.watch)->epoch == 1; i++)
		run_ms(100);
	assert_int_equal(netwatch_state(log.watch)->epoch, 2);
	event_free(tick);
	netwatch_free(log.watch);
	assert_true(sh("ip -6 addr flush dev v0 to 2001:db8:1::/64 && "
		       "ip addr add 2001:db8:1::1/64 dev v0 nodad"));
	if (ticks < 5)
		skip(); /* so slow a machine that it was quiet between them */
}

static void test_bad_socket(void **state)
{
	const int lowest = dup(0);
	struct log log = {.changes = 0};
	int again;

	(void)state;
	/* Not a netlink socket; it is closed all the same. */
	close(lowest);
	assert_int_equal(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), lowest);
	assert_null(netwatch_new(base, lowest, on_changed, &log));
	again = dup(0);
	assert_int_equal(again, lowest);
	close(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_socket),     cmocka_unit_test(test_start),
		cmocka_unit_test(test_default_routes), cmocka_unit_test(test_reject),
		cmocka_unit_test(test_multipath),      cmocka_unit_test(test_nexthops),
		cmocka_unit_test(test_veth),           cmocka_unit_test(test_vpn),
		cmocka_unit_test(test_flap),           cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_never_quiet),
	};
	int failed;

	netns_enter();
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	netns_leave();
	return failed;
}
