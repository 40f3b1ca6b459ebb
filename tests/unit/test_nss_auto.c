/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door in mode `auto`: what it makes of an answer by a reach map, and what it tells
 * the daemon. A process of its own for each case.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <cmocka.h>

#include "guard/clock.h"
#include "guard/hint.h"
#include "guard/reach.h"
#include "netns.h"
#include "nss/answer.h"
#include "nss_world.h"

NSS_DECLARE_MODULE_FUNCTIONS(v6guard)

#define STUB "v6gstub"
#define W GP_HINT_WITHHELD
#define S GP_HINT_STRIPPED

/* Added to the clock by which maps are looked for and hints are sent. */
static long long clock_ahead_ms;

long long __wrap_gp_now_ms(void);
long long __real_gp_now_ms(void);

long long __wrap_gp_now_ms(void)
{
	return __real_gp_now_ms() + clock_ahead_ms;
}

enum map_state { LIVE, DEAD, NO_MAP };

/* The stub says 2001:db8::1, 2001:db8::2 and so on, and 198.51.100.1 and so on. */
struct auto_case {
	const char *what;
	enum map_state map;
	struct {
		const char *prefix;
		enum gp_verdict verdict;
	} facts[3];
	const char *onlink;
	bool no_ipv4;

	enum gp_mode mode; /* OFF here: auto */
	bool distrust, no_enforce, aaaa_only, spelled_out;
	int family;
	const char *name;
	unsigned ipv4, ipv6; /* the stub's answer */

	enum nss_status status;
	unsigned got_ipv4, got_ipv6;
	int32_t ttl; /* 0: not told */
	unsigned calls;

	const char *hinted; /* flags, IPv6 first: "." none, W or S; NULL: no hint */
	uint32_t counters[GP_COUNTERS];
};

#define SUCCESS .status = NSS_STATUS_SUCCESS, .calls = 1
#define PASSES .status = NSS_STATUS_UNAVAIL
#define BROKEN GP_VERDICT_BROKEN
#define COUNTS(...) .counters = {__VA_ARGS__}

/* Of counters: lookups, changed, stripped, withheld, would, spared, trouble. */
static const struct auto_case cases[] = {
	{"one is broken", .facts = {{"2001:db8::1", BROKEN}}, .ipv4 = 2, .ipv6 = 2,
	 SUCCESS, .got_ipv4 = 2, .got_ipv6 = 1, .ttl = 30, .hinted = "S...",
	 COUNTS(1, 1, 1)},
	{"all are broken", .facts = {{"2001:db8::/48", BROKEN}}, .ipv4 = 1, .ipv6 = 3,
	 SUCCESS, .got_ipv4 = 1, .ttl = 30, .hinted = "SSS.", COUNTS(1, 1, 3)},
	{"an ok inside", .ipv4 = 1, .ipv6 = 2,
	 .facts = {{"::/0", BROKEN}, {"2001:db8::2", GP_VERDICT_OK}}, SUCCESS,
	 .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 30, .hinted = "S..", COUNTS(1, 1, 1)},
	{"nothing known", .ipv4 = 2, .ipv6 = 2, SUCCESS, .got_ipv4 = 2, .got_ipv6 = 2,
	 .ttl = 600, .hinted = "....", COUNTS(1)},
	{"slow", .facts = {{"2001:db8::1", GP_VERDICT_SLOW}}, .ipv4 = 1, .ipv6 = 1,
	 SUCCESS, .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 600, .hinted = "..", COUNTS(1)},
	{"services spelled out", .facts = {{"2001:db8::1", BROKEN}}, .spelled_out = true,
	 .ipv4 = 1, .ipv6 = 1, SUCCESS, .got_ipv4 = 1, .ttl = 30, .hinted = "S.",
	 COUNTS(1, 1, 1)},

	/* unknown = distrust */
	{"distrust", .distrust = true, .ipv4 = 1, .ipv6 = 3,
	 .facts = {{"2001:db8::1", GP_VERDICT_OK}, {"2001:db8::2", BROKEN}}, SUCCESS,
	 .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 30, .hinted = ".SW.", COUNTS(1, 1, 2, 1)},
	{"distrust, on-link", .distrust = true, .onlink = "2001:db8::/64", .ipv4 = 1,
	 .ipv6 = 1, SUCCESS, .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 600, .hinted = "..",
	 COUNTS(1)},
	{"distrust without a map", .map = NO_MAP, .distrust = true, .spelled_out = true,
	 .ipv4 = 1, .ipv6 = 1, SUCCESS, .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 600},

	/* Nobody watches: plain libc. */
	{"no map", .map = NO_MAP, .ipv4 = 1, .ipv6 = 1, PASSES},
	{"dead map", .map = DEAD, .facts = {{"2001:db8::1", BROKEN}}, .ipv4 = 1,
	 .ipv6 = 1, PASSES},
	{"dead map, spelled out", .map = DEAD, .facts = {{"2001:db8::1", BROKEN}},
	 .spelled_out = true, .ipv4 = 1, .ipv6 = 1, SUCCESS, .got_ipv4 = 1, .got_ipv6 = 1,
	 .ttl = 600},
	{"no map, aaaa-only asks for nothing more", .map = NO_MAP, .aaaa_only = true,
	 .spelled_out = true, .family = AF_INET6, .ipv4 = 1, .ipv6 = 1, SUCCESS,
	 .got_ipv6 = 1},

	/* What is left alone. */
	{"enforce = no", .facts = {{"2001:db8::1", BROKEN}}, .no_enforce = true,
	 .ipv4 = 1, .ipv6 = 1, SUCCESS, .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 600,
	 .hinted = "..", COUNTS(1, [GP_COUNT_WOULD] = 1)},
	{"IPv4 is not usable", .facts = {{"2001:db8::1", BROKEN}}, .no_ipv4 = true,
	 .ipv4 = 1, .ipv6 = 1, SUCCESS, .got_ipv4 = 1, .got_ipv6 = 1, .ttl = 600,
	 .hinted = "..", COUNTS(1, [GP_COUNT_SPARED] = 1)},
	{"AAAA only", .facts = {{"2001:db8::1", BROKEN}}, .ipv6 = 2, SUCCESS,
	 .got_ipv6 = 2, .ttl = 600},
	{"A only", .ipv4 = 2, SUCCESS, .got_ipv4 = 2, .ttl = 600},
	{"localhost", .facts = {{"2001:db8::1", BROKEN}}, .name = "localhost", .ipv4 = 1,
	 .ipv6 = 1, PASSES},
	{"AAAA alone", .facts = {{"2001:db8::1", BROKEN}}, .family = AF_INET6, .ipv4 = 1,
	 .ipv6 = 1, PASSES},
	{"A alone", .facts = {{"2001:db8::1", BROKEN}}, .family = AF_INET, .ipv4 = 1,
	 .ipv6 = 1, PASSES},
	{"AAAA alone, aaaa-only = strip", .facts = {{"2001:db8::1", BROKEN}},
	 .aaaa_only = true, .family = AF_INET6, .ipv4 = 1, .ipv6 = 2,
	 .status = NSS_STATUS_SUCCESS, .got_ipv6 = 1, .calls = 2, .hinted = "S..",
	 COUNTS(1, 1, 1)},
	{"the same, and nothing left", .facts = {{"::/0", BROKEN}}, .aaaa_only = true,
	 .family = AF_INET6, .ipv4 = 1, .ipv6 = 1, .status = NSS_STATUS_NOTFOUND,
	 .calls = 2, .hinted = "S.", COUNTS(1, 1, 1)},
	{"another mode", .mode = GP_MODE_PREFER_IPV4, .ipv4 = 1, .ipv6 = 1, SUCCESS,
	 .got_ipv4 = 1, .ttl = 30},
};

/* ---- the map and the daemon's end of the hints ---- */

static void write_map(const struct auto_case *one)
{
	static _Alignas(64) uint8_t memory[1 << 20];
	struct gp_reach_host host = {.expires_ms = gp_boot_ms() + 60000,
				     .ipv4_usable = !one->no_ipv4};
	struct gp_prefix prefix;
	struct gp_reach *map;
	int fd;

	unlink(world_map());
	if (one->map == NO_MAP)
		return;
	CHECK(gp_reach_size() <= sizeof(memory));
	map = gp_reach_format(memory);
	if (one->map == DEAD)
		host.expires_ms = gp_boot_ms() - 1;
	if (one->onlink)
		CHECK(!gp_prefix_parse(one->onlink, &host.onlink[host.onlink_count++]));
	gp_reach_set_host(map, &host);
	for (size_t i = 0; i < 3 && one->facts[i].prefix; i++) {
		CHECK(!gp_prefix_parse(one->facts[i].prefix, &prefix));
		CHECK(!gp_reach_set(map, &prefix, one->facts[i].verdict,
				    gp_boot_ms() + 60000));
	}
	fd = open(world_map(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, memory, gp_reach_size()) == (ssize_t)gp_reach_size());
	CHECK(!fchmod(fd, 0644) && !close(fd));
}

static int listen_for_hints(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	unlink(world_hints());
	strcpy(at.sun_path, world_hints());
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static bool receive(int fd, struct gp_hint *out)
{
	uint8_t bytes[GP_HINT_SIZE_MAX + 1];
	ssize_t size = recv(fd, bytes, sizeof(bytes), 0);

	if (size < 0)
		return false;
	CHECK(gp_hint_parse(bytes, (size_t)size, out) == GP_OK);
	return true;
}

static void check_hint(const struct auto_case *one, int fd)
{
	unsigned ipv6 = 0;
	struct gp_hint hint;

	CHECK(receive(fd, &hint) == (one->hinted != NULL));
	if (!one->hinted)
		return;
	CHECK(hint.door == GP_DOOR_NSS && hint.count == strlen(one->hinted));
	for (uint8_t i = 0; i < hint.count; i++) {
		const char letter = one->hinted[i];

		CHECK(hint.addresses[i].flags == (letter == 'W'   ? W
						  : letter == 'S' ? S
								  : 0));
		ipv6 += hint.addresses[i].addr.family == AF_INET6;
	}
	CHECK(ipv6 == one->ipv6);
	CHECK(!memcmp(hint.counters, one->counters, sizeof(hint.counters)));
	CHECK(!receive(fd, &hint));
}

/* ---- a lookup ---- */

struct seen {
	enum nss_status status;
	unsigned ipv4, ipv6;
	int32_t ttl;
	int error, h_error;
};

static void count_tuples(const struct gaih_addrtuple *tuple, struct seen *seen)
{
	for (; tuple; tuple = tuple->next)
		*(tuple->family == AF_INET ? &seen->ipv4 : &seen->ipv6) += 1;
}

static void count_host(const struct hostent *host, struct seen *seen)
{
	for (char **at = host->h_addr_list; *at; at++)
		*(host->h_addrtype == AF_INET ? &seen->ipv4 : &seen->ipv6) += 1;
}

static struct seen look_up(const char *name, int family, size_t size)
{
	struct gaih_addrtuple *pat = NULL;
	struct hostent host;
	struct seen seen = {0};
	char buffer[8192];

	if (family == AF_UNSPEC)
		seen.status = _nss_v6guard_gethostbyname4_r(
			name, &pat, buffer, size, &seen.error, &seen.h_error, &seen.ttl);
	else
		seen.status = _nss_v6guard_gethostbyname2_r(
			name, family, &host, buffer, size, &seen.error, &seen.h_error);
	if (seen.status == NSS_STATUS_SUCCESS && pat)
		count_tuples(pat, &seen);
	else if (seen.status == NSS_STATUS_SUCCESS)
		count_host(&host, &seen);
	return seen;
}

static unsigned calls_of(const struct stub_state *stub)
{
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(stub->calls) / sizeof(stub->calls[0]); i++)
		sum += stub->calls[i];
	return sum;
}

static void prepare(const struct auto_case *one)
{
	struct gp_guard_policy policy =
		world_policy(one->mode ? one->mode : GP_MODE_AUTO);

	policy.distrust = one->distrust;
	policy.enforce = !one->no_enforce;
	policy.aaaa_only = one->aaaa_only;
	policy.backends_auto = !one->spelled_out;
	world_write(&policy, STUB);
	write_map(one);
	/* The map's word is enough, where it has one. */
	world_real_facts = !one->no_ipv4;
	world_ipv4_usable = false;
	stub_full->script = (struct stub_script){.status = NSS_STATUS_SUCCESS,
						 .ipv4 = one->ipv4,
						 .ipv6 = one->ipv6,
						 .ttl = 600};
}

static void run_case(const void *arg)
{
	const struct auto_case *one = arg;
	int fd = listen_for_hints();
	struct seen seen;

	prepare(one);
	seen = look_up(one->name ? one->name : "host.example", one->family, 8192);
	if (seen.status != one->status || seen.ipv4 != one->got_ipv4 ||
	    seen.ipv6 != one->got_ipv6 || seen.ttl != one->ttl) {
		fprintf(stderr, "%s: status %d, %u A, %u AAAA, ttl %d\n", one->what,
			seen.status, seen.ipv4, seen.ipv6, seen.ttl);
		_exit(1);
	}
	CHECK(calls_of(stub_full) == one->calls);
	check_hint(one, fd);
	close(fd);
}

static void test_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(run_case, &cases[i], cases[i].what);
}

/* A buffer that was too small brings the caller back: the same answer, told once. */
static void come_back_with_more(const void *arg)
{
	static const struct auto_case one = {
		.facts = {{"2001:db8::1", BROKEN}}, .ipv4 = 20, .ipv6 = 20};
	int fd = listen_for_hints();
	struct gp_hint hint;
	struct seen seen;

	(void)arg;
	prepare(&one);
	seen = look_up("host.example", AF_UNSPEC, 64);
	CHECK(seen.status == NSS_STATUS_TRYAGAIN && seen.error == ERANGE);
	clock_ahead_ms += 1100; /* a second hint would be allowed by now */
	seen = look_up("host.example", AF_UNSPEC, 8192);
	CHECK(seen.status == NSS_STATUS_SUCCESS && seen.ipv4 == 20 && seen.ipv6 == 19);
	CHECK(calls_of(stub_full) == 1);
	CHECK(receive(fd, &hint) && hint.counters[GP_COUNT_LOOKUPS] == 1);
	CHECK(!receive(fd, &hint));
	close(fd);
}

/* The daemon comes, learns, goes: the door with it, within a second. */
static void follow_the_daemon(const void *arg)
{
	static const struct auto_case none = {.map = NO_MAP, .ipv4 = 1, .ipv6 = 1};
	static const struct auto_case broken = {
		.facts = {{"::/0", BROKEN}}, .ipv4 = 1, .ipv6 = 1};
	static const struct auto_case dead = {.map = DEAD, .ipv4 = 1, .ipv6 = 1};

	(void)arg;
	prepare(&none);
	CHECK(look_up("host.example", AF_UNSPEC, 8192).status == NSS_STATUS_UNAVAIL);
	prepare(&broken);
	clock_ahead_ms += 1100;
	CHECK(look_up("host.example", AF_UNSPEC, 8192).ipv6 == 0);
	CHECK(look_up("host.example", AF_UNSPEC, 8192).ipv4 == 1);
	prepare(&dead);
	clock_ahead_ms += 1100;
	CHECK(look_up("host.example", AF_UNSPEC, 8192).status == NSS_STATUS_UNAVAIL);
	CHECK(calls_of(stub_full) == 2);
}

/* 2001:db8::1 is this host's, ::2 a neighbour's; the kernel is asked which is which. */
static void keep_own_address(const void *arg)
{
	static const struct auto_case one = {
		.facts = {{"2001:db8::1", BROKEN}, {"2001:db8::2", BROKEN}},
		.onlink = "2001:db8::/64",
		.ipv4 = 1,
		.ipv6 = 2};
	struct seen seen;

	(void)arg;
	if (!netns_unshare() ||
	    !sh("PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && "
		"ip addr add 2001:db8::1/64 dev lo nodad") ||
	    !addresses_settle("PATH=$PATH:/usr/sbin:/sbin")) {
		fprintf(stderr, "skip: no network namespace, or no ip\n");
		return;
	}
	prepare(&one);
	seen = look_up("host.example", AF_UNSPEC, 8192);
	CHECK(seen.ipv4 == 1 && seen.ipv6 == 1 && seen.ttl == 30);
}

static void test_own_address(void **state)
{
	(void)state;
	world_run(keep_own_address, NULL, "its own address");
}

static void test_retry(void **state)
{
	(void)state;
	world_run(come_back_with_more, NULL, "too small a buffer");
}

static void test_daemon(void **state)
{
	(void)state;
	world_run(follow_the_daemon, NULL, "the daemon comes and goes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_own_address),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_daemon),
	};

	return cmocka_run_group_tests_name("nss auto", tests, world_setup,
					   world_teardown);
}
