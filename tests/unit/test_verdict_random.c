/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts under loss, random events, floods and a table that is full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "sizes.h"

static void connected(struct replay *replay, const struct gp_addr *addr, bool data,
		      long long now)
{
	const struct verdict_connection connection = {
		.port = 443, .uid = VERDICT_UID_UNKNOWN, .data = data};

	verdict_ok(replay->v, addr, &connection, now);
}

/* 20 % loss, a connection each 10 s counted from the first success: SYNs are lost, also
 * three in a row, and nothing is ever called broken or freed (DESIGN 6; `ok` in 60 s). */
static void test_loss(void **state)
{
	const unsigned connections = (unsigned)sized(60, 20000);
	const struct gp_addr addr6 =
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0);
	const struct gp_addr addr4 = gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0);
	const struct gp_addr both[] = {addr6, addr4};
	const bool withheld[] = {false, false};
	struct replay *replay = replay_new(NULL, "20 % loss", 7);
	struct gp_addr partner;

	(void)state;
	srand(4711);
	replay->world[replay->world_count++].is_up = true;
	replay->world[0].prefix = (struct gp_prefix){.addr.family = AF_INET6};
	connected(replay, &addr6, true, replay->now);
	for (unsigned i = 0; i < connections; i++) {
		unsigned retransmits = 0;
		run_to(replay, replay->now + 5000);
		verdict_hint(replay->v, both, withheld, 2, 0, replay->now);
		connected(replay, &addr4, true, replay->now);
		while (rand() % 100 < 36 && retransmits < 4) {
			run_to(replay, replay->now + 1000);
			retransmits++;
			const struct verdict_waiting syn = {retransmits, 0,
							    retransmits * 1000, 0};
			verdict_syn(replay->v, &addr6, 443, &syn, replay->now);
			assert_int_equal(verdict_may_rescue(replay->v, &addr6, 443, &syn,
							    replay->now, &partner),
					 VERDICT_RESCUE_NO);
		}
		connected(replay, &addr6, true, replay->now);
		assert_int_equal(verdict_of(replay->v, &addr6, replay->now),
				 GP_VERDICT_OK);
	}
	assert_int_equal(replay->changes, 0);
	replay_free(replay);
}

static void count(void *ctx, const struct verdict_view *view)
{
	uint32_t *broken = ctx;

	*broken += view->verdict == GP_VERDICT_BROKEN;
}

/* As many are broken as are counted. */
static uint32_t broken_in(const struct replay *replay)
{
	uint32_t broken = 0;

	verdicts_each(replay->v, count, &broken);
	assert_int_equal(replay->v->broken, broken);
	assert_int_equal(verdicts_any_broken(replay->v), broken != 0);
	return broken;
}

/* What the operator says, and takes back. */
static void pin(struct replay *replay, const struct gp_addr *addr)
{
	const struct gp_prefix prefix = {*addr, rand() % 2 ? 128 : 48};
	const enum gp_verdict verdicts[] = {GP_VERDICT_BROKEN, GP_VERDICT_OK};

	if (rand() % 2)
		verdict_set(replay->v, &prefix, verdicts[rand() % 2], rand() % 60000,
			    replay->now);
	else
		verdict_clear(replay->v, &prefix, replay->now);
}

/* Any events in any order: the table stays whole, the map says what the machine says,
 * time goes on, and no more than it asks for is ever sent. */
static void test_random(void **state)
{
	struct replay *replay = replay_new("all", "random events", 11);
	const long steps = sized(20000, 1000000);
	uint32_t most = 0;

	(void)state;
	srand(99);
	for (long i = 0; i < steps; i++) {
		uint8_t bytes[16] = {0x20, 1, (uint8_t)(rand() % 4),
				     0,    0, (uint8_t)(rand() % 6)};
		const struct gp_addr addr4 =
			gp_addr_make(AF_INET, (uint8_t[4]){9, 9, 9, (uint8_t)rand()}, 0);
		struct verdict_waiting syn = {.waiting_ms = 4000};
		bytes[7] = (uint8_t)(rand() % 3);
		bytes[15] = (uint8_t)(rand() % 200);
		bytes[14] = (uint8_t)(rand() % 8);
		const struct gp_addr addr = gp_addr_make(AF_INET6, bytes, 0);
		const struct gp_addr both[] = {addr, addr4};
		const bool withheld[] = {rand() % 2, false};
		replay->now += rand() % 400;
		switch (rand() % 9) {
		case 0:
		case 1:
			verdict_hint(replay->v, both, withheld, 2, (uint32_t)(rand() % 3),
				     replay->now);
			break;
		case 2:
			syn.retransmits = (unsigned)(rand() % 4);
			syn.quiet_ms = (uint32_t)(rand() % 4000);
			verdict_syn(replay->v, &addr, 80, &syn, replay->now);
			break;
		case 3:
			verdict_failed(replay->v, &addr, 80, 1000, replay->now);
			break;
		case 4:
			connected(replay, rand() % 8 ? &addr4 : &addr, rand() % 2,
				  replay->now);
			break;
		case 5:
			verdict_stalled(replay->v, &addr, 80, rand() % 2, replay->now);
			break;
		case 6:
			verdict_probed(replay->v, rand() % 2 ? &addr : &addr4, 80,
				       (enum verdict_probe)(rand() % 4), 10, replay->now);
			break;
		case 7:
			if (rand() % 2000 == 0)
				verdicts_new_epoch(replay->v, replay->now);
			else if (rand() % 20 == 0)
				pin(replay, &addr);
			break;
		default:
			assert_true(verdicts_tick(replay->v, replay->now) > replay->now);
		}
		assert_true(is_in_map(replay, &addr,
				      verdict_of(replay->v, &addr, replay->now)));
		if (i % 16 == 0) {
			const uint32_t broken = broken_in(replay);
			most = broken > most ? broken : most;
		}
	}
	assert_true(most > 1);
	replay_free(replay);
}

/* A user who floods hints gets a quarter of the room; what others said stays. */
static void test_flood(void **state)
{
	struct replay *replay = replay_new(NULL, "flood", 5);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0),
		gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0)};
	const bool withheld[2] = {false, false};
	struct gp_addr partners[VERDICT_PARTNERS];
	struct gp_addr ours = both[0];

	(void)state;
	verdict_hint(replay->v, both, withheld, 2, 1, 0);
	for (uint32_t i = 1; i < 20000; i++) {
		memcpy(both[0].bytes + 8, &i, sizeof(i));
		memcpy(both[1].bytes, &i, sizeof(i));
		both[1].bytes[0] = 9;
		verdict_hint(replay->v, both, withheld, 2, 1000, i);
	}
	assert_true(replay->v->used_to <= ENTRY_PER_UID + 4);
	assert_int_equal(verdict_partners(replay->v, &ours, partners), 1);
	assert_int_equal(verdict_partners(replay->v, &both[0], partners), 1);
	assert_int_equal(replay->probes, 0);
	replay_free(replay);
}

/* With no room left for one more address, its ok still counts for all around it; and what
 * nobody asked for in hours makes room. */
static void test_full(void **state)
{
	struct replay *replay = replay_new(NULL, "full of broken addresses", 5);
	const struct gp_addr partner = gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0);
	const struct gp_addr other =
		gp_addr_make(AF_INET6, "\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 0);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 0),
		partner};
	const bool withheld[2] = {false, false};

	(void)state;
	for (uint32_t i = 0; i < ENTRY_MAX + 100; i++) {
		memcpy(both[0].bytes + 2, &i, 3);
		verdict_hint(replay->v, both, withheld, 2, UID_NONE, 0);
		connected(replay, &partner, false, 0);
		verdict_failed(replay->v, &both[0], 80, 0, 0);
	}
	/* Nobody says how the probes ended. */
	for (unsigned i = 1; i <= 5; i++) {
		run_to(replay, i * ROUND_LASTS / 2);
		connected(replay, &partner, false, replay->now);
	}
	assert_int_equal(replay->v->internet.verdict, GP_VERDICT_BROKEN);
	connected(replay, &other, true, replay->now);
	assert_null(entry_find(replay->v, &other));
	assert_int_equal(replay->v->internet.verdict, GP_VERDICT_UNKNOWN);
	connected(replay, &other, true, UNUSED_AFTER + 2);
	assert_non_null(entry_find(replay->v, &other));
	replay_free(replay);
}

/* Who hints what he likes causes probes at his own small rate, also by way of addresses
 * that others hinted; what the others ask for is tested as before. */
static void test_flood_of_probes(void **state)
{
	struct replay *replay = replay_new(NULL, "flood of probes", 5);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0),
		gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0)};
	const bool none[2] = {false, false}, withheld[2] = {true, false};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		memcpy(both[0].bytes + 8, &i, sizeof(i));
		verdict_hint(replay->v, both, none, 2, 1, 0);
		verdict_hint(replay->v, both, withheld, 2, 1000, i);
	}
	assert_int_equal(replay->probes, LOGIN_PROBES_SECOND);
	both[0].bytes[2] = 9;
	verdict_hint(replay->v, both, withheld, 2, 1, 1000);
	assert_int_equal(replay->probes, LOGIN_PROBES_SECOND + 1);
	/* However long he goes on, and under however many names. */
	for (uint32_t i = 0; i < 600; i++) {
		memcpy(both[0].bytes + 8, &i, sizeof(i));
		verdict_hint(replay->v, both, withheld, 2, 1000, 1000 + i * 100);
	}
	assert_in_range(replay->probes, LOGIN_PROBES_MINUTE,
			LOGIN_PROBES_MINUTE + 2 * LOGIN_PROBES_SECOND + 1);
	for (uint32_t i = 0; i < 600; i++) {
		memcpy(both[0].bytes + 4, &i, sizeof(i));
		verdict_hint(replay->v, both, withheld, 2, 100000 + i, 61000 + i);
	}
	assert_in_range(replay->probes, LOGIN_PROBES_MINUTE, 4 * LOGIN_PROBES_MINUTE + 1);
	replay_free(replay);
}

/* However many uids one person has: root's and the system's words keep their room. */
static void test_many_users(void **state)
{
	struct replay *replay = replay_new(NULL, "many users", 5);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0),
		gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0)};
	const struct gp_addr ours = both[0];
	const bool withheld[2] = {false, false};
	struct gp_addr partners[VERDICT_PARTNERS];

	(void)state;
	for (uint32_t i = 1; i < 20000; i++) {
		if (i == 200)
			verdict_hint(replay->v, (struct gp_addr[]){ours, both[1]},
				     withheld, 2, 0, i);
		memcpy(both[0].bytes + 8, &i, sizeof(i));
		both[1].bytes[3] = (uint8_t)i;
		verdict_hint(replay->v, both, withheld, 2, 100000 + (i < 200 ? i : i % 2),
			     i);
		if (i % 2)
			verdict_hint(replay->v, both, withheld, 2, 200000 + i, i);
	}
	assert_int_equal(verdict_partners(replay->v, &ours, partners), 1);
	replay_free(replay);
}

/* ... nor do they push out who could tell that ::/0 works. */
static void test_many_users_witness(void **state)
{
	struct replay *replay = replay_new(NULL, "many users", 5);
	struct gp_addr addr =
		gp_addr_make(AF_INET6, "\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 0);
	const bool withheld = false;
	unsigned left = 0;

	(void)state;
	for (uint8_t i = 0; i < 100; i++) {
		addr.bytes[3] = i;
		connected(replay, &addr, true, 0);
	}
	for (uint32_t i = 1; i < 30000; i++) {
		memcpy(addr.bytes + 8, &i, sizeof(i));
		verdict_hint(replay->v, &addr, &withheld, 1, 100000 + i % 100, i);
	}
	memset(addr.bytes + 8, 0, 7);
	for (uint8_t i = 0; i < 100; i++) {
		addr.bytes[3] = i;
		left += entry_find(replay->v, &addr) != NULL;
	}
	assert_int_equal(left, 100);
	assert_true(replay->v->used_to <= ENTRY_LOGIN + 101);
	replay_free(replay);
}

/* While others have all the probes a minute that there are, a verdict waits for its test:
 * not for ever. */
static void test_put_off(void **state)
{
	struct replay *replay = replay_new(NULL, "put off", 5);
	struct verdict_rules rules = replay_rules(NULL);
	const struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0),
		gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0)};
	const bool withheld[2] = {false, false};

	(void)state;
	rules.distrust = false;
	verdicts_set_rules(replay->v, &rules);
	replay->world[0].prefix = (struct gp_prefix){.addr.family = AF_INET6};
	replay->world_count = 1; /* it is down */
	verdict_hint(replay->v, both, withheld, 2, 1000, 0);
	connected(replay, &both[1], true, 0);
	verdict_failed(replay->v, &both[0], 443, 0, 0);
	assert_int_equal(verdict_of(replay->v, &both[0], 0), GP_VERDICT_BROKEN);
	for (unsigned i = 0; i < 7300; i++) {
		note_sent(replay->v, replay->now);
		run_to(replay, replay->now + 1000);
		if (i % 60 == 0) /* programs ask for it as before */
			verdict_hint(replay->v, both, withheld, 2, 1000, replay->now);
		if (i < 7000)
			assert_int_equal(verdict_of(replay->v, &both[0], replay->now),
					 GP_VERDICT_BROKEN);
	}
	assert_int_equal(verdict_of(replay->v, &both[0], replay->now),
			 GP_VERDICT_UNKNOWN);
	replay_free(replay);
}

/* Requests that are sent again in very many /48, in which all else is well, do not have
 * all that is known in these asked. */
static void test_many_nets(void **state)
{
	struct replay *replay = replay_new(NULL, "many /48", 5);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 0),
		gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0)};
	const struct verdict_waiting syn = {1, 900, 1900, 1000};
	const bool withheld[2] = {false, false};
	const unsigned nets = 20;

	(void)state;
	replay->world[0].prefix = (struct gp_prefix){.addr.family = AF_INET6};
	replay->world[1].prefix = (struct gp_prefix){.addr.family = AF_INET};
	replay->world[0].is_up = replay->world[1].is_up = true;
	replay->world_count = 2;
	for (unsigned i = 0; i < nets * 9; i++) {
		both[0].bytes[3] = (uint8_t)(i % nets);
		both[0].bytes[15] = (uint8_t)(i / nets);
		if (i / nets < 8)
			connected(replay, &both[0], true, 0);
		else
			verdict_hint(replay->v, both, withheld, 2, 1000, 0);
	}
	for (unsigned i = 0; i < nets * 300; i++) {
		both[0].bytes[3] = (uint8_t)(i % nets);
		if (i % nets == 0)
			run_to(replay, replay->now + 1000);
		verdict_syn(replay->v, &both[0], 4444, &syn, replay->now);
	}
	/* Each net's failing address has a probe a minute, and its partner. */
	assert_in_range(replay->probes, nets * 5, nets * 12 + 5 * 70);
	replay_free(replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_flood_of_probes),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_many_users),
		cmocka_unit_test(test_many_users_witness),
		cmocka_unit_test(test_put_off),
		cmocka_unit_test(test_many_nets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
