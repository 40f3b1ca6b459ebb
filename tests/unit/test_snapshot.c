/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guard/snapshot.h"
#include "seal.h"

static struct gp_snapshot sample(void)
{
	struct gp_snapshot snapshot = {.generation = 7, .created = 1000, .off_until = 0};
	const char *tail = "mymachines resolve [!UNAVAIL=return] files myhostname dns";

	gp_guard_policy_init(&snapshot.guard);
	snapshot.guard.mode = GP_MODE_PREFER_IPV4;
	snapshot.preload.order = GP_ORDER_RFC6724;
	gp_probe_policy_init(&snapshot.probe);
	snapshot.probe.slow_ms = 77;
	snapshot.probe.is_inline = 1;
	assert_int_equal(gp_chain_parse(tail, strlen(tail), &snapshot.chain, NULL),
			 GP_OK);
	return snapshot;
}

static size_t build(const struct gp_snapshot *snapshot, uint8_t *buf, size_t size)
{
	size_t length = 0;

	assert_int_equal(gp_snapshot_build(snapshot, buf, size, &length), GP_OK);
	return length;
}

/* The check value of CRC-32/ISO-HDLC, and going on from a part. */
static void test_crc(void **state)
{
	(void)state;
	assert_int_equal(gp_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(gp_crc32(gp_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(gp_crc32(0, "", 0), 0);
}

static void test_round_trip(void **state)
{
	struct gp_snapshot in = sample(), out;
	uint8_t bytes[4096], again[4096];
	size_t length;

	(void)state;
	in.off_until = GP_OFF_FOREVER;
	length = build(&in, bytes, sizeof(bytes));
	assert_int_equal(gp_snapshot_parse(bytes, length, &out), GP_OK);
	assert_int_equal(out.generation, 7);
	assert_int_equal(out.created, 1000);
	assert_true(out.off_until == GP_OFF_FOREVER);
	assert_memory_equal(&out.guard, &in.guard, sizeof(in.guard));
	assert_int_equal(out.chain.count, 5);
	assert_string_equal(out.chain.service[1].name, "resolve");
	assert_memory_equal(out.chain.service[1].action, in.chain.service[1].action,
			    GP_NSS_STATUS_COUNT);
	assert_int_equal(out.preload.order, GP_ORDER_RFC6724);
	assert_memory_equal(&out.probe, &in.probe, sizeof(in.probe));
	/* Rubbish behind a name's end must not get into the file. */
	memset(in.chain.service[0].name + 11, 0xee, GP_SERVICE_NAME - 11);
	in.chain.service[0].reserved[1] = 1;
	in.preload.reserved[2] = 1;
	in.probe.reserved[0] = 1;
	assert_int_equal(build(&in, again, sizeof(again)), length);
	assert_memory_equal(again, bytes, length);
}

static void test_no_room(void **state)
{
	struct gp_snapshot snapshot = sample();
	uint8_t bytes[4096];
	size_t length = build(&snapshot, bytes, sizeof(bytes)), unused;

	(void)state;
	assert_int_equal(gp_snapshot_build(&snapshot, bytes, length - 1, &unused),
			 GP_RANGE);
	snapshot.chain.count = GP_CHAIN_MAX + 1;
	assert_int_equal(gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &unused),
			 GP_RANGE);
}

/* Every length, and every bit of every byte: refused, and nothing is read beyond the end.
 */
static void test_damage(void **state)
{
	struct gp_snapshot in = sample(), out = {.generation = 4711};
	uint8_t bytes[4096];
	size_t length = build(&in, bytes, sizeof(bytes));

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *exact =
			malloc(cut + !cut); /* for the sanitizer to watch its end */

		memcpy(exact, bytes, cut);
		if (gp_snapshot_parse(exact, cut, &out) == GP_OK)
			fail_msg("cut at %zu", cut);
		free(exact);
	}
	for (size_t bit = 0; bit < length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (gp_snapshot_parse(bytes, length, &out) == GP_OK)
			fail_msg("bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(gp_snapshot_parse(bytes, length + 1, &out), GP_SYNTAX);
	assert_int_equal(out.generation, 4711); /* untouched by all that */
}

/* What a race relies on. */
static void check_probe(const struct gp_probe_policy *probe)
{
	assert_in_range(probe->budget_ms, 1, 10000);
	assert_in_range(probe->delay_ms, 10, 2000);
	assert_in_range(probe->slow_ms, 0, 10000);
	assert_in_range(probe->broken_ttl_ms, 1000, probe->broken_ttl_max_ms);
	assert_in_range(probe->max_rate, 1, 1000);
	assert_true(probe->ports[0] && probe->is_inline <= 1 && probe->is_off <= 1);
}

/* The same with a CRC that fits: whatever gets through is a policy within its bounds. */
static void test_sealed_damage(void **state)
{
	struct gp_snapshot in = sample(), out;
	uint8_t bytes[4096];
	size_t length = build(&in, bytes, sizeof(bytes)), taken = 0;

	(void)state;
	for (size_t at = 0; at < length * 256; at++) {
		const uint8_t old = bytes[at / 256];

		bytes[at / 256] = (uint8_t)at;
		seal(bytes, length);
		if (gp_snapshot_parse(bytes, length, &out) == GP_OK) {
			taken++;
			assert_true(out.guard.mode < GP_MODE_COUNT);
			assert_true(out.guard.enforce <= 1 && out.guard.keep_last <= 1);
			assert_true(out.chain.count <= GP_CHAIN_MAX);
			assert_true(out.preload.order < GP_ORDER_COUNT);
			check_probe(&out.probe);
			for (uint32_t i = 0; i < out.chain.count; i++) {
				assert_non_null(memchr(out.chain.service[i].name, 0,
						       GP_SERVICE_NAME));
				assert_null(strchr(out.chain.service[i].name, '/'));
			}
		}
		bytes[at / 256] = old;
	}
	assert_true(taken > 256); /* the generation's bytes, for one */
}

static void test_version(void **state)
{
	struct gp_snapshot in = sample(), out;
	uint8_t bytes[4096];
	size_t length = build(&in, bytes, sizeof(bytes));
	uint32_t version;

	(void)state;
	memcpy(&version, bytes + 8, sizeof(version));
	version++;
	memcpy(bytes + 8, &version, sizeof(version));
	seal(bytes, length);
	assert_int_equal(gp_snapshot_parse(bytes, length, &out), GP_UNSUPPORTED);
}

/* One that was written before there was such a section, and one of later days. */
static void test_other_sections(void **state)
{
	struct gp_snapshot in = sample(), out;
	const size_t kinds_at[] = {56 + 2 * 24, 56 + 3 * 24}; /* of the last two */
	const uint32_t unknown[] = {30, 31};
	struct gp_probe_policy usual;
	uint8_t bytes[4096];
	size_t length = build(&in, bytes, sizeof(bytes));

	(void)state;
	for (size_t i = 0; i < 2; i++)
		memcpy(bytes + kinds_at[i], &unknown[i], sizeof(unknown[i]));
	seal(bytes, length);
	assert_int_equal(gp_snapshot_parse(bytes, length, &out), GP_OK);
	assert_int_equal(out.preload.order, GP_ORDER_LIBC);
	gp_probe_policy_init(&usual);
	assert_memory_equal(&out.probe, &usual, sizeof(usual));
	assert_int_equal(out.guard.mode, GP_MODE_PREFER_IPV4);
	/* Nothing said is the defaults, too. */
	memset(&in.probe, 0, sizeof(in.probe));
	length = build(&in, bytes, sizeof(bytes));
	assert_int_equal(gp_snapshot_parse(bytes, length, &out), GP_OK);
	assert_memory_equal(&out.probe, &usual, sizeof(usual));
}

static void test_off(void **state)
{
	static const struct {
		int64_t until, now;
		bool off;
	} cases[] = {
		{GP_OFF_NO, 0, false},
		{GP_OFF_NO, 1792000000, false},
		{1792000000, 1791999999, true},
		{1792000000, 1792000000, false},
		{GP_OFF_FOREVER, 1792000000, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gp_snapshot snapshot = {.off_until = cases[i].until};

		assert_int_equal(gp_snapshot_is_off(&snapshot, cases[i].now),
				 cases[i].off);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_sealed_damage),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_other_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
