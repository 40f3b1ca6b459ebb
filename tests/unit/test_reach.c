/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reach map: which verdict an address gets, and what a reader makes of a map that is
 * being written or is damaged.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guard/reach_private.h"
#include "sizes.h"

#define NOW 1000000LL
#define SOON (NOW + 1)

static struct gp_prefix prefix_of(const char *text)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix))
		fail_msg("%s is no prefix", text);
	return prefix;
}

static struct gp_addr addr_of(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

static struct gp_reach *new_map(void)
{
	void *memory = aligned_alloc(64, (gp_reach_size() + 63) / 64 * 64);

	assert_non_null(memory);
	return gp_reach_format(memory);
}

/* ---- one address ---- */

struct fact {
	const char *prefix;
	enum gp_verdict verdict;
	long long expires_ms;
};

struct verdict_case {
	const char *what;
	struct fact facts[4];
	const char *onlink;
	const char *addr;
	enum gp_verdict want;
};

#define OK GP_VERDICT_OK
#define BROKEN GP_VERDICT_BROKEN
#define SLOW GP_VERDICT_SLOW
#define UNKNOWN GP_VERDICT_UNKNOWN

static const struct verdict_case verdict_cases[] = {
	{"nothing known", .addr = "2001:db8::1", .want = UNKNOWN},
	{"an address",
	 {{"2001:db8::1", BROKEN, SOON}},
	 .addr = "2001:db8::1",
	 .want = BROKEN},
	{"its neighbour",
	 {{"2001:db8::1", BROKEN, SOON}},
	 .addr = "2001:db8::2",
	 .want = UNKNOWN},
	{"a zone does not matter",
	 {{"2001:db8::1", BROKEN, SOON}},
	 .addr = "2001:db8::1%1",
	 .want = BROKEN},
	{"a /48",
	 {{"2001:db8:7::/48", BROKEN, SOON}},
	 .addr = "2001:db8:7:ffff::1",
	 .want = BROKEN},
	{"beside a /48",
	 {{"2001:db8:7::/48", BROKEN, SOON}},
	 .addr = "2001:db8:8::1",
	 .want = UNKNOWN},
	{"bits behind the length",
	 {{"2001:db8:7:1:2:3:4:5/48", BROKEN, SOON}},
	 .addr = "2001:db8:7::1",
	 .want = BROKEN},
	{"::/0", {{"::/0", BROKEN, SOON}}, .addr = "2001:db8::1", .want = BROKEN},
	{"::/0 with bits behind it",
	 {{"2001:db8::/0", BROKEN, SOON}},
	 .addr = "2a00::1",
	 .want = BROKEN},
	{"ok inside a broken /48",
	 {{"2001:db8:7::/48", BROKEN, SOON}, {"2001:db8:7::1", OK, SOON}},
	 .addr = "2001:db8:7::1",
	 .want = OK},
	{"broken inside an ok /48",
	 {{"2001:db8:7::1", BROKEN, SOON}, {"2001:db8:7::/48", OK, SOON}},
	 .addr = "2001:db8:7::1",
	 .want = BROKEN},
	{"an ok /48 inside a broken ::/0",
	 {{"::/0", BROKEN, SOON}, {"2001:db8:7::/48", OK, SOON}},
	 .addr = "2001:db8:7::1",
	 .want = OK},
	{"slow", {{"2001:db8::1", SLOW, SOON}}, .addr = "2001:db8::1", .want = SLOW},

	/* Time. */
	{"expired",
	 {{"2001:db8::1", BROKEN, NOW}},
	 .addr = "2001:db8::1",
	 .want = UNKNOWN},
	{"expired long ago",
	 {{"2001:db8::1", BROKEN, 1}},
	 .addr = "2001:db8::1",
	 .want = UNKNOWN},
	{"expired, and a wider one has not",
	 {{"2001:db8::1", OK, NOW}, {"::/0", BROKEN, SOON}},
	 .addr = "2001:db8::1",
	 .want = BROKEN},
	{"said again",
	 {{"2001:db8::1", BROKEN, NOW}, {"2001:db8::1", OK, SOON}},
	 .addr = "2001:db8::1",
	 .want = OK},
	{"taken out",
	 {{"2001:db8::1", BROKEN, SOON}, {"2001:db8::1", UNKNOWN, SOON}},
	 .addr = "2001:db8::1",
	 .want = UNKNOWN},
	{"until before the host was up",
	 {{"2001:db8::1", BROKEN, -5}},
	 .addr = "2001:db8::1",
	 .want = UNKNOWN},
	{"for ever",
	 {{"2001:db8::1", BROKEN, INT64_MAX}},
	 .addr = "2001:db8::1",
	 .want = BROKEN},

	/* ::/0 is about the internet. */
	{"unique local", {{"::/0", BROKEN, SOON}}, .addr = "fd00::1", .want = UNKNOWN},
	{"NAT64",
	 {{"::/0", BROKEN, SOON}},
	 .addr = "64:ff9b::c633:6401",
	 .want = UNKNOWN},
	{"the last of 2000::/3",
	 {{"::/0", BROKEN, SOON}},
	 .addr = "3fff:ffff::1",
	 .want = BROKEN},
	{"behind 2000::/3", {{"::/0", BROKEN, SOON}}, .addr = "4000::1", .want = UNKNOWN},
	{"unique local, by its own /48",
	 {{"::/0", BROKEN, SOON}, {"fd00:0:1::/48", BROKEN, SOON}},
	 .addr = "fd00:0:1::1",
	 .want = BROKEN},
	{"on-link, ::/0 broken",
	 {{"::/0", BROKEN, SOON}},
	 .onlink = "2001:db8:7:1::/64",
	 .addr = "2001:db8:7:1::9",
	 .want = UNKNOWN},
	{"on-link, its /48 broken",
	 {{"2001:db8:7::/48", BROKEN, SOON}},
	 .onlink = "2001:db8:7:1::/64",
	 .addr = "2001:db8:7:1::9",
	 .want = UNKNOWN},
	{"on-link, broken itself",
	 {{"2001:db8:7:1::9", BROKEN, SOON}},
	 .onlink = "2001:db8:7:1::/64",
	 .addr = "2001:db8:7:1::9",
	 .want = BROKEN},
	{"beside the link, in its /32: ::/0 says nothing of it",
	 {{"::/0", BROKEN, SOON}},
	 .onlink = "2001:db8:7:1::/64",
	 .addr = "2001:db8:8:2::9",
	 .want = UNKNOWN},
	{"... but its /48 does",
	 {{"::/0", BROKEN, SOON}, {"2001:db8:8::/48", BROKEN, SOON}},
	 .onlink = "2001:db8:7:1::/64",
	 .addr = "2001:db8:8:2::9",
	 .want = BROKEN},
	{"outside that /32",
	 {{"::/0", BROKEN, SOON}},
	 .onlink = "2001:db8:7:1::/64",
	 .addr = "2001:db9:7:1::9",
	 .want = BROKEN},

	{"IPv4", {{"::/0", BROKEN, SOON}}, .addr = "198.51.100.1", .want = UNKNOWN},
};

static void check_verdict(const struct verdict_case *one)
{
	struct gp_reach *map = new_map();
	struct gp_reach_host host = {.expires_ms = SOON};
	const struct gp_addr addr = addr_of(one->addr);
	enum gp_verdict got;

	if (one->onlink)
		host.onlink[host.onlink_count++] = prefix_of(one->onlink);
	gp_reach_set_host(map, &host);
	for (size_t i = 0; i < 4 && one->facts[i].prefix; i++) {
		const struct gp_prefix prefix = prefix_of(one->facts[i].prefix);

		if (gp_reach_set(map, &prefix, one->facts[i].verdict,
				 one->facts[i].expires_ms))
			fail_msg("%s: not taken", one->what);
	}
	got = gp_reach_verdict(map, &addr, NOW);
	if (got != one->want)
		fail_msg("%s: %s", one->what, gp_verdict_name(got));
	gp_reach_clear(map);
	if (gp_reach_verdict(map, &addr, NOW) != UNKNOWN)
		fail_msg("%s: is not cleared", one->what);
	free(map);
}

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(verdict_cases) / sizeof(verdict_cases[0]); i++)
		check_verdict(&verdict_cases[i]);
}

static void test_refused(void **state)
{
	static const char *const lengths[] = {"2001:db8::/32", "2001:db8::/64", "::/1",
					      "198.51.100.0/24", "0.0.0.0/0"};
	struct gp_reach *map = new_map();
	const struct gp_prefix good = prefix_of("::/0");

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct gp_prefix prefix = prefix_of(lengths[i]);

		assert_int_equal(gp_reach_set(map, &prefix, OK, SOON), GP_RANGE);
	}
	assert_int_equal(gp_reach_set(map, &good, GP_VERDICT_COUNT, SOON), GP_RANGE);
	free(map);
}

/* What was asked for to the millisecond is kept to the millisecond. */
static void test_expiry(void **state)
{
	struct gp_reach *map = new_map();
	const struct gp_prefix prefix = prefix_of("2001:db8::1");

	(void)state;
	for (long long until = 999; until < 5000; until += 333) {
		gp_reach_set(map, &prefix, OK, until);
		assert_int_equal(gp_reach_verdict(map, &prefix.addr, until - 1), OK);
		assert_int_equal(gp_reach_verdict(map, &prefix.addr, until), UNKNOWN);
	}
	free(map);
}

/* ---- buckets ---- */

/* COUNT addresses of one bucket. */
static void find_crowd(struct gp_prefix *out, size_t count)
{
	struct gp_prefix prefix = prefix_of("2001:db8::/128");
	unsigned wanted = 0;
	uint32_t words[4];

	for (uint32_t i = 0, found = 0; found < count; i++) {
		memcpy(prefix.addr.bytes + 12, &i, sizeof(i));
		gp_reach_words(&prefix.addr, 128, words);
		if (i == 0)
			wanted = reach_bucket_of(words, 128);
		if (reach_bucket_of(words, 128) == wanted)
			out[found++] = prefix;
	}
}

/* The ninth pushes out the one that expires first, and ::/0 is out of its reach. */
static void test_full_bucket(void **state)
{
	struct gp_reach *map = new_map();
	const struct gp_prefix all = prefix_of("::/0");
	struct gp_prefix crowd[9];

	(void)state;
	find_crowd(crowd, 9);
	gp_reach_set(map, &all, BROKEN, SOON);
	for (int i = 0; i < 8; i++)
		gp_reach_set(map, &crowd[i], OK, i == 5 ? SOON + 1 : SOON + 1000);
	for (int i = 0; i < 8; i++)
		assert_int_equal(gp_reach_verdict(map, &crowd[i].addr, NOW), OK);
	gp_reach_set(map, &crowd[8], OK, SOON + 2000);
	for (int i = 0; i < 9; i++)
		assert_int_equal(gp_reach_verdict(map, &crowd[i].addr, NOW),
				 i == 5 ? BROKEN : OK);
	free(map);
}

/* However many destinations work, what is broken stays known. */
static void test_crowd_of_oks(void **state)
{
	struct gp_reach *map = new_map();
	struct gp_prefix crowd[24];

	(void)state;
	find_crowd(crowd, 24);
	gp_reach_set(map, &crowd[0], BROKEN, SOON);
	for (int i = 1; i < 24; i++)
		gp_reach_set(map, &crowd[i], OK, SOON + 100000 + i);
	assert_int_equal(gp_reach_verdict(map, &crowd[0].addr, NOW), BROKEN);
	assert_int_equal(gp_reach_verdict(map, &crowd[23].addr, NOW), OK);
	free(map);
}

/* The size that is promised: how many of 4096 a full map still knows. */
static void test_capacity(void **state)
{
	struct gp_reach *map = new_map();
	struct gp_prefix prefix = prefix_of("2001:db8::/48");
	unsigned known = 0;

	(void)state;
	for (uint32_t i = 0; i < GP_REACH_VERDICTS; i++) {
		prefix.addr.bytes[4] = (uint8_t)(i >> 8);
		prefix.addr.bytes[5] = (uint8_t)i;
		gp_reach_set(map, &prefix, OK, SOON);
	}
	for (uint32_t i = 0; i < GP_REACH_VERDICTS; i++) {
		prefix.addr.bytes[4] = (uint8_t)(i >> 8);
		prefix.addr.bytes[5] = (uint8_t)i;
		known += gp_reach_verdict(map, &prefix.addr, NOW) == OK;
	}
	if (known < GP_REACH_VERDICTS * 97 / 100)
		fail_msg("%u of %u are known", known, GP_REACH_VERDICTS);
	free(map);
}

/* ---- the host record ---- */

static void test_host(void **state)
{
	struct gp_reach *map = new_map();
	struct gp_reach_host in = {.expires_ms = SOON,
				   .epoch = 7,
				   .ipv4_usable = true,
				   .nat64_active = true,
				   .nat64_count = 3,
				   .onlink_count = 3},
			     out;
	const struct gp_addr inside = addr_of("2001:db8:1::9"),
			     ipv4 = addr_of("10.0.0.1");
	const struct gp_addr outside = addr_of("2001:db8:2::9");
	const struct gp_addr made = addr_of("64:ff9b::c000:201"),
			     made_here = addr_of("2001:db8:64::c000:201");
	const struct gp_prefix around = prefix_of("2001:db8:64::/48");

	(void)state;
	assert_false(gp_reach_is_live(map, 0));
	assert_false(gp_reach_has_nat64(map) || gp_reach_is_made(map, &made));
	assert_true(gp_reach_get_host(map, &out));
	assert_int_equal(out.onlink_count, 0);

	in.nat64[0].prefix = prefix_of("64:ff9b::/96");
	in.nat64[0].expires_ms = 1LL << 40;
	in.nat64[1].prefix = prefix_of("192.0.2.0/24"); /* left out */
	in.nat64[2].prefix = prefix_of("2001:db8:64::/64");
	in.onlink[0] = prefix_of("2001:db8:1::/64");
	in.onlink[1] = prefix_of("::/0"); /* left out */
	in.onlink[2] = prefix_of("fd00::/64");
	gp_reach_set_host(map, &in);
	assert_true(gp_reach_get_host(map, &out));
	assert_int_equal(out.expires_ms, SOON);
	assert_int_equal(out.epoch, 7);
	assert_true(out.ipv4_usable && out.nat64_active);
	assert_int_equal(out.nat64_count, 2);
	assert_int_equal(out.nat64[0].expires_ms, 1LL << 40);
	assert_int_equal(out.nat64[1].prefix.length, 64);
	assert_int_equal(out.onlink_count, 2);
	assert_true(gp_addr_equal(&out.onlink[1].addr, &in.onlink[2].addr));

	assert_true(gp_reach_has_nat64(map));
	assert_true(gp_reach_is_made(map, &made) && gp_reach_is_made(map, &made_here));
	assert_false(gp_reach_is_made(map, &inside) || gp_reach_is_made(map, &ipv4));
	assert_false(gp_reach_is_onlink(map, &made_here));
	assert_true(gp_reach_is_onlink(map, &inside));
	assert_false(gp_reach_is_onlink(map, &outside));
	assert_false(gp_reach_is_onlink(map, &ipv4));
	assert_true(gp_reach_ipv4_usable(map, NOW) && gp_reach_is_live(map, NOW));
	assert_false(gp_reach_ipv4_usable(map, SOON) || gp_reach_is_live(map, SOON));
	/* What a translator is reached by is no part of a prefix that is broken. */
	gp_reach_set(map, &around, BROKEN, SOON);
	assert_int_equal(gp_reach_verdict(map, &made_here, NOW), UNKNOWN);
	in.nat64_active = false;
	gp_reach_set_host(map, &in);
	assert_false(gp_reach_is_made(map, &made_here) || gp_reach_has_nat64(map));
	assert_int_equal(gp_reach_verdict(map, &made_here, NOW), BROKEN);
	in.ipv4_usable = false;
	gp_reach_set_host(map, &in);
	assert_false(gp_reach_ipv4_usable(map, NOW));
	free(map);
}

/* ---- while it is written ---- */

#define CROWD 16

static struct {
	struct gp_reach *map;
	struct gp_prefix crowd[CROWD];
	_Atomic bool is_over;
	_Atomic unsigned torn, known;
} storm;

/* What address I is, whenever it is anything. */
static enum gp_verdict meant(size_t i)
{
	return i % 2 ? BROKEN : OK;
}

static void *read_all_the_time(void *arg)
{
	struct gp_reach_host host;
	unsigned round = 0;

	(void)arg;
	while (!storm.is_over) {
		const size_t i = round++ % CROWD;
		const enum gp_verdict got =
			gp_reach_verdict(storm.map, &storm.crowd[i].addr, NOW);

		if (got != UNKNOWN && got != meant(i))
			storm.torn++;
		storm.known += got != UNKNOWN;
		if (!gp_reach_get_host(storm.map, &host))
			continue;
		if (host.epoch && (host.expires_ms != host.epoch * 3LL ||
				   host.onlink_count != 1 + host.epoch % 2 ||
				   host.onlink[0].length != 1 + host.epoch % 128))
			storm.torn++;
	}
	return NULL;
}

static void write_host(uint32_t epoch)
{
	struct gp_reach_host host = {
		.expires_ms = epoch * 3LL, .epoch = epoch, .onlink_count = 1 + epoch % 2};

	for (unsigned i = 0; i < host.onlink_count; i++) {
		host.onlink[i] = storm.crowd[0];
		host.onlink[i].length = (uint8_t)(1 + epoch % 128);
	}
	gp_reach_set_host(storm.map, &host);
}

/*
 * Sixteen addresses fight for a bucket's eight places, so that each place is one moment
 * an ok's and the next a broken one's.
 */
static void test_torn(void **state)
{
	const uint32_t rounds = (uint32_t)sized(300000, 20000000);
	pthread_t readers[3];

	(void)state;
	storm.map = new_map();
	find_crowd(storm.crowd, CROWD);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			pthread_create(&readers[i], NULL, read_all_the_time, NULL), 0);
	/* Longer where the readers have had no time. */
	for (uint32_t round = 1; round <= rounds || !storm.known; round++) {
		gp_reach_set(storm.map, &storm.crowd[round % CROWD], meant(round % CROWD),
			     SOON + round);
		if (round % 16 == 0)
			write_host(round);
		if (round % 4096 == 0)
			gp_reach_clear(storm.map);
		if (round % 65536 == 0)
			gp_reach_start_over(storm.map); /* the daemon starts anew */
	}
	storm.is_over = true;
	for (size_t i = 0; i < 3; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(storm.torn, 0);
	assert_true(storm.known > 0);
	free(storm.map);
}

/* A writer that died in the middle: unknown, until the next one writes there. */
static void test_dead_writer(void **state)
{
	struct gp_reach *map = new_map();
	const struct gp_prefix prefix = prefix_of("2001:db8::1"), all = prefix_of("::/0");
	const struct gp_reach_host host = {.expires_ms = SOON};
	uint32_t words[4];
	struct reach_bucket *bucket;

	(void)state;
	gp_reach_words(&prefix.addr, 128, words);
	bucket = &map->buckets[reach_bucket_of(words, 128)];
	gp_reach_set(map, &all, BROKEN, SOON);
	gp_reach_set(map, &prefix, OK, SOON);
	gp_reach_set_host(map, &host);
	bucket->sequence++;
	map->host_sequence++;
	assert_int_equal(gp_reach_verdict(map, &prefix.addr, NOW), UNKNOWN);
	assert_false(gp_reach_is_live(map, NOW));
	gp_reach_set(map, &prefix, OK, SOON);
	gp_reach_set_host(map, &host);
	assert_int_equal(gp_reach_verdict(map, &prefix.addr, NOW), OK);
	assert_true(gp_reach_is_live(map, NOW));
	bucket->sequence++;
	map->host_sequence++;
	gp_reach_start_over(map);
	assert_false(gp_reach_is_live(map, NOW));
	assert_int_equal(map->host_sequence % 2, 0);
	assert_int_equal(gp_reach_verdict(map, &prefix.addr, NOW), UNKNOWN);
	assert_int_equal(bucket->sequence % 2, 0);
	free(map);
}

/* ---- damage ---- */

static void read_everything(const struct gp_reach *map)
{
	static const char *const addrs[] = {"2001:db8::1", "fd00::1", "::", "10.0.0.1"};
	struct gp_reach_host host;

	gp_reach_is_live(map, NOW);
	gp_reach_ipv4_usable(map, NOW);
	if (gp_reach_get_host(map, &host))
		assert_true(host.nat64_count <= GP_REACH_NAT64 &&
			    host.onlink_count <= GP_REACH_ONLINK);
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		const struct gp_addr addr = addr_of(addrs[i]);

		gp_reach_is_onlink(map, &addr);
		assert_true(gp_reach_verdict(map, &addr, NOW) < GP_VERDICT_COUNT);
	}
}

static void test_damage(void **state)
{
	struct gp_reach *map = new_map();
	uint8_t *bytes = (uint8_t *)map;
	unsigned seed = 1;

	(void)state;
	assert_ptr_equal(gp_reach_check(map, gp_reach_size()), map);
	assert_null(gp_reach_check(map, gp_reach_size() - 1));
	assert_null(gp_reach_check(map, 0));
	assert_null(gp_reach_check(bytes + 1, gp_reach_size()));
	for (size_t i = 0; i < 16; i++) { /* magic, version, size */
		bytes[i] ^= 1;
		assert_null(gp_reach_check(map, gp_reach_size()));
		bytes[i] ^= 1;
	}
	for (int round = 0; round < 50; round++) {
		for (size_t i = offsetof(struct gp_reach, host_sequence);
		     i < gp_reach_size(); i++)
			bytes[i] = (uint8_t)(rand_r(&seed) >> 8);
		for (unsigned i = 0; i <= REACH_BUCKETS; i++)
			map->buckets[i].sequence &= ~1U;
		map->host_sequence &= ~1U;
		assert_non_null(gp_reach_check(map, gp_reach_size()));
		read_everything(map);
	}
	free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_expiry),       cmocka_unit_test(test_full_bucket),
		cmocka_unit_test(test_crowd_of_oks), cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_host),         cmocka_unit_test(test_dead_writer),
		cmocka_unit_test(test_torn),         cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
