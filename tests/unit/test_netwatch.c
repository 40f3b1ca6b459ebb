/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What facts come to, and the real kernel's in a namespace of this program's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <time.h>

#include "netns.h"
#include "tool/v6guardd/watch/netwatch_facts.h"

/* ---- facts from words ----------------------------------------------------------------
 */

static struct gp_prefix prefix_of(const char *text)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix))
		fail_msg("%s is no prefix", text);
	return prefix;
}

/* "ipv6 fe80::1 2": default route by way of interface 2; "prefix P 2"; "onlink P"; and
 * "usable". No gateway: "-". */
static void add_fact(struct netwatch_facts *facts, const char *line)
{
	char word[16] = "", text[64] = "";
	unsigned ifindex = 0;

	sscanf(line, "%15s %63s %u", word, text, &ifindex);
	if (!strcmp(word, "ipv6") || !strcmp(word, "ipv4")) {
		struct netwatch_route route = {.family = word[3] == '6' ? AF_INET6
									: AF_INET,
					       .ifindex = ifindex};

		if (strcmp(text, "-"))
			assert_int_equal(gp_addr_parse(text, &route.gateway), GP_OK);
		netwatch_add_route(facts, &route);
		facts->ipv6_default |= word[3] == '6';
		facts->ipv4_default |= word[3] == '4';
	} else if (!strcmp(word, "prefix")) {
		const struct netwatch_prefix prefix = {ifindex, prefix_of(text)};

		netwatch_add_prefix(facts, &prefix);
	} else if (!strcmp(word, "onlink")) {
		const struct gp_prefix prefix = prefix_of(text);

		netwatch_add_onlink(facts, &prefix);
	} else if (!strcmp(word, "usable")) {
		facts->ipv4_default = facts->ipv4_address = true;
	} else {
		fail_msg("%s", line);
	}
}

#define LINES 6

static void add_facts(struct netwatch_facts *facts, const char *const lines[LINES])
{
	memset(facts, 0, sizeof(*facts));
	for (size_t i = 0; i < LINES && lines[i]; i++)
		add_fact(facts, lines[i]);
	facts->names[facts->name_count++] = (struct netwatch_name){2, "eth0"};
	facts->names[facts->name_count++] = (struct netwatch_name){3, "wg0"};
}

static void test_apply(void **state)
{
	static const struct {
		const char *before[LINES], *after[LINES];
		enum netwatch_change change;
		const char *why;
	} cases[] = {
		{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"},
		 {"prefix 2001:db8::/64 2", "ipv6 fe80::1 2"}, /* another order */
		 NETWATCH_SAME,
		 ""},
		{{NULL}, {NULL}, NETWATCH_SAME, ""},
		{{"ipv6 fe80::1 2"},
		 {NULL},
		 NETWATCH_EPOCH,
		 "default route for ipv6 via fe80::1 on eth0 is gone"},
		{{NULL},
		 {"ipv6 fe80::1 2"},
		 NETWATCH_EPOCH,
		 "new default route for ipv6 via fe80::1 on eth0"},
		{{NULL},
		 {"ipv6 - 3"},
		 NETWATCH_EPOCH,
		 "new default route for ipv6 on wg0"},
		{{NULL},
		 {"ipv4 192.0.2.1 7"},
		 NETWATCH_EPOCH,
		 "new default route for ipv4 via 192.0.2.1 on interface 7"},
		{{NULL},
		 {"ipv4 fe80::1 2"}, /* RFC 8950 */
		 NETWATCH_EPOCH,
		 "new default route for ipv4 via fe80::1 on eth0"},
		{{"ipv6 fe80::1 2"}, /* another gateway */
		 {"ipv6 fe80::2 2"},
		 NETWATCH_EPOCH,
		 "default route for ipv6 via fe80::1 on eth0 is gone, and 1 more"},
		{{"ipv6 fe80::1 2"}, /* another interface */
		 {"ipv6 fe80::1 3"},
		 NETWATCH_EPOCH,
		 "default route for ipv6 via fe80::1 on eth0 is gone, and 1 more"},
		{{"ipv6 fe80::1 2"}, /* a second one */
		 {"ipv6 fe80::1 2", "ipv6 fe80::2 2"},
		 NETWATCH_EPOCH,
		 "new default route for ipv6 via fe80::2 on eth0"},
		{{"ipv6 fe80::1 2"},
		 {"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"},
		 NETWATCH_EPOCH,
		 "new prefix 2001:db8::/64 on eth0"},
		{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"},
		 {"ipv6 fe80::1 2"},
		 NETWATCH_EPOCH,
		 "prefix 2001:db8::/64 on eth0 is gone"},
		{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2"}, /* renumbered */
		 {"ipv6 fe80::1 2", "prefix 2001:db8:1::/64 2"},
		 NETWATCH_EPOCH,
		 "prefix 2001:db8::/64 on eth0 is gone, and 1 more"},
		{{"ipv6 fe80::1 2", "prefix 2001:db8::/64 2", "prefix 192.0.2.0/24 2"},
		 {"ipv6 fe80::2 2", "prefix 2001:db8:1::/64 2"},
		 NETWATCH_EPOCH,
		 "default route for ipv6 via fe80::1 on eth0 is gone, and 4 more"},
		{{NULL}, {"usable"}, NETWATCH_OTHER, "ipv4 is usable"},
		{{"usable"}, {NULL}, NETWATCH_OTHER, "ipv4 is not usable"},
		{{NULL},
		 {"onlink 2001:db8::/64"},
		 NETWATCH_OTHER,
		 "other prefixes on link"},
		{{"onlink 2001:db8::/64"},
		 {NULL},
		 NETWATCH_OTHER,
		 "other prefixes on link"},
		{{"onlink 2001:db8::/64"},
		 {"onlink 2001:db8::/63"},
		 NETWATCH_OTHER,
		 "other prefixes on link"},
		{{"onlink 2001:db8::/64", "onlink fd00::/64"},
		 {"onlink fd00::/64", "onlink 2001:db8::/64"},
		 NETWATCH_SAME,
		 ""},
	};
	struct netwatch_facts before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netwatch_state now = {.epoch = 41};
		char why[NETWATCH_WHY] = "";
		enum netwatch_change change;

		add_facts(&before, cases[i].before);
		add_facts(&after, cases[i].after);
		netwatch_fill(&now, &before);
		change = netwatch_apply(&now, &before, &after, why);
		if (change != cases[i].change || strcmp(why, cases[i].why))
			fail_msg("case %zu: %d, \"%s\"", i, change, why);
		assert_int_equal(now.epoch, change == NETWATCH_EPOCH ? 42 : 41);
		assert_int_equal(now.ipv4_usable,
				 after.ipv4_default && after.ipv4_address);
		assert_int_equal(now.ipv6_default, after.ipv6_default);
		assert_int_equal(now.onlink_count, after.onlink_count);
	}
}

/* 0 stands for no epoch, in the reach map and everywhere. */
static void test_epoch_wraps(void **state)
{
	static const char *const lines[LINES] = {"ipv6 fe80::1 2"}, *const none[LINES] = {
									    0};
	struct netwatch_state now = {.epoch = UINT32_MAX};
	struct netwatch_facts before, after;
	char why[NETWATCH_WHY];

	(void)state;
	add_facts(&before, none);
	add_facts(&after, lines);
	netwatch_apply(&now, &before, &after, why);
	assert_int_equal(now.epoch, 1);
}

/* More than there is room for, in two orders: the same ones are kept, each once. */
static void test_full_sets(void **state)
{
	static struct netwatch_facts facts[2];
	char why[NETWATCH_WHY];
	struct netwatch_state now;

	(void)state;
	memset(facts, 0, sizeof(facts));
	for (unsigned order = 0; order < 2; order++) {
		for (unsigned i = 0; i < 2000; i++) {
			const unsigned n = (order ? 1999 - i : i) * 7 % 1000;
			struct netwatch_prefix prefix = {2, prefix_of("2001:db8::/64")};
			struct netwatch_route route = {.family = AF_INET6,
						       .ifindex = n + 1};

			prefix.prefix.addr.bytes[6] = (uint8_t)(n >> 8);
			prefix.prefix.addr.bytes[7] = (uint8_t)n;
			netwatch_add_prefix(&facts[order], &prefix);
			netwatch_add_onlink(&facts[order], &prefix.prefix);
			netwatch_add_route(&facts[order], &route);
		}
		assert_int_equal(facts[order].route_count, NETWATCH_ROUTES);
		assert_int_equal(facts[order].prefix_count, NETWATCH_PREFIXES);
		assert_int_equal(facts[order].onlink_count, GP_REACH_ONLINK);
	}
	for (size_t i = 0; i < NETWATCH_ROUTES; i++)
		assert_int_equal(facts[0].routes[i].ifindex, i + 1);
	memset(&now, 0, sizeof(now));
	netwatch_fill(&now, &facts[0]);
	assert_int_equal(netwatch_apply(&now, &facts[0], &facts[1], why), NETWATCH_SAME);
}

/* ---- the real kernel
 * ------------------------------------------------------------------- */

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
	expect_no_epoch(&log, 1);
	assert_int_equal(now->onlink_count, 3);
	assert_true(has_onlink(&log, "2001:db8:99::1/128"));
	assert_true(has_onlink(&log, "2001:db8:98::1/128"));
	assert_true(sh("ip addr del 2001:db8:99::1/128 dev lo && "
		       "ip addr del 2001:db8:98::1/64 dev v0"));
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
	expect_no_epoch(&log, 1);
	assert_int_equal(log.changes, 1);
	assert_true(has_onlink(&log, "fd00:d::/64"));
	assert_true(sh("ip link del d0"));
	expect_no_epoch(&log, 1);
	assert_int_equal(log.changes, 2);
	assert_false(has_onlink(&log, "fd00:d::/64"));
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

/* Notifications are lost: what is there afterwards is known all the same. */
static void test_overrun(void **state)
{
	const int fd = netwatch_open(), tiny = 1;
	struct log log = {.changes = 0};
	char byte;

	(void)state;
	if (netns_reason)
		close(fd);
	need_netns();
	reset();
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
	log.watch = netwatch_new(base, fd, on_changed, &log);
	assert_non_null(log.watch);
	assert_true(
		sh("seq 1 400 | sed 's/.*/addr add 2001:db8:1:&::1\\/64 dev v0 nodad/' | "
		   "ip -6 -batch - && ip -6 route add default via 2001:db8:1::2 && "
		   "seq 1 400 | sed 's/.*/addr del 2001:db8:1:&::1\\/64 dev v0/' | "
		   "ip -6 -batch -"));
	/* The socket says that it lost some, or this proves nothing. */
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC) < 0 &&
				 errno == ENOBUFS,
			 1);
	assert_true(sh("ip link set v0 multicast off && ip link set v0 multicast on"));
	expect_epoch(&log, 2,
		     "new default route for ipv6 via 2001:db8:1::2 on v0, and 2 more");
	settle();
	assert_int_equal(netwatch_state(log.watch)->onlink_count, 1);
	assert_true(has_onlink(&log, "2001:db8:1::/64"));
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
	for (int i = 0; i < 100 && netwatch_state(log.watch)->epoch == 1; i++)
		run_ms(100);
	/* It was told, and not because it got quiet. */
	assert_int_equal(netwatch_state(log.watch)->epoch, 2);
	assert_true(ticks >= 5);
	event_free(tick);
	netwatch_free(log.watch);
	assert_true(sh("ip -6 addr flush dev v0 to 2001:db8:1::/64 && "
		       "ip addr add 2001:db8:1::1/64 dev v0 nodad"));
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
		cmocka_unit_test(test_apply),     cmocka_unit_test(test_epoch_wraps),
		cmocka_unit_test(test_full_sets), cmocka_unit_test(test_bad_socket),
		cmocka_unit_test(test_start),     cmocka_unit_test(test_default_routes),
		cmocka_unit_test(test_reject),    cmocka_unit_test(test_multipath),
		cmocka_unit_test(test_nexthops),  cmocka_unit_test(test_veth),
		cmocka_unit_test(test_vpn),       cmocka_unit_test(test_flap),
		cmocka_unit_test(test_overrun),   cmocka_unit_test(test_never_quiet),
	};
	int failed;

	netns_enter();
	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	netns_leave();
	return failed;
}
