/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An hour of names, simulated: the rules of upstream_walk.c and server_alive.c against
 * two servers that are slow, lose packets, are dead, flap or lie. The first knows all
 * names, the second, a public one, says NXDOMAIN for every other one of them. Plain libc
 * in the same world is the measure: nobody is told of a name that it does not exist while
 * the first server lives, and nobody waits longer than 5 s for each silent server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tool/v6guardd/dns/server_alive.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SERVERS 2
#define HOUR_MS (60 * 60 * 1000LL)
#define WAITING 64
#define FLYING 512

struct server_is {
	unsigned loss;            /* percent of packets, in each direction */
	unsigned ms, spread_ms;   /* what an answer takes */
	unsigned alive_s, dead_s; /* in turns; 0: alive, or dead for good */
	unsigned fails;           /* percent of names that are SERVFAIL */
};

static const struct world {
	const char *name;
	unsigned every_ms; /* a name */
	struct server_is servers[SERVERS];
	unsigned wrong_most; /* names denied while the first server lives */
	unsigned failed_most, wait_most_ms;
	unsigned p99_ms;
} worlds[] = {
	{"all is well", 200, {{0, 5, 5, 0, 0, 0}, {0, 20, 5, 0, 0, 0}}, 0, 0, 20, 15},
	{"1 % is lost", 200, {{1, 5, 5, 0, 0, 0}, {1, 20, 5, 0, 0, 0}}, 0, 0, 2100, 450},
	{"5 % is lost", 200, {{5, 5, 5, 0, 0, 0}, {5, 20, 5, 0, 0, 0}}, 0, 0, 4700, 900},
	{"20 % is lost",
	 200,
	 {{20, 5, 5, 0, 0, 0}, {20, 20, 5, 0, 0, 0}},
	 25,
	 5,
	 4700,
	 4700},
	{"20 % is lost, few names",
	 5000,
	 {{20, 5, 5, 0, 0, 0}, {20, 20, 5, 0, 0, 0}},
	 3,
	 2,
	 4700,
	 4700},
	{"slow", 500, {{0, 3000, 300, 0, 0, 0}, {0, 20, 5, 0, 0, 0}}, 0, 0, 3400, 3400},
	{"slow, few names",
	 20000,
	 {{0, 3000, 300, 0, 0, 0}, {0, 20, 5, 0, 0, 0}},
	 0,
	 0,
	 3400,
	 3400},
	{"slow at times",
	 300,
	 {{0, 20, 2500, 0, 0, 0}, {0, 20, 5, 0, 0, 0}},
	 0,
	 0,
	 2700,
	 2600},
	{"the first is dead",
	 200,
	 {{0, 5, 5, 0, 1, 0}, {0, 20, 5, 0, 0, 0}},
	 0,
	 0,
	 4700,
	 130},
	{"it fails with every tenth",
	 200,
	 {{0, 5, 5, 0, 0, 10}, {0, 20, 5, 0, 0, 0}},
	 0,
	 0,
	 50,
	 50},
	{"it is gone for a minute each 5",
	 200,
	 {{0, 5, 5, 300, 60, 0}, {0, 20, 5, 0, 0, 0}},
	 0,
	 0,
	 3000,
	 900},
	{"it flaps", 200, {{0, 5, 5, 7, 5, 0}, {0, 20, 5, 0, 0, 0}}, 0, 0, 4700, 1600},
	{"both do", 200, {{1, 5, 5, 50, 7, 0}, {1, 20, 5, 31, 5, 0}}, 0, 40, 4700, 4700},
};

/* ---- luck ---- */

static uint32_t seed;

static uint32_t any(uint32_t count)
{
	seed = seed * 1664525U + 1013904223U;
	return (uint32_t)((uint64_t)(seed >> 4) * count >> 28);
}

/* ---- what goes on ---- */

struct question {
	bool is_used, is_public; /* the second server knows it as well */
	uint32_t number;
	long long asked_ms, due_ms;
	bool is_failing; /* the first server says SERVFAIL */
	struct walk *walk;
};

struct flight {
	long long at_ms;           /* 0: none */
	struct question *question; /* NULL: a ping */
	uint32_t number;
	size_t server;
	enum walk_way way;
	enum walk_kind kind;
	long long asked_ms;
};

static const struct world *world;
static long long now;
static struct alive alive[SERVERS];
static struct question questions[WAITING];
static struct flight flights[FLYING];
static uint32_t names;
static struct {
	unsigned asked, wrong, failed, slowest, over_p99;
	unsigned packets;
} sum;

static bool lives(size_t server, long long at_ms)
{
	const struct server_is *is = &world->servers[server];

	if (!is->dead_s)
		return true;
	return is->alive_s && at_ms / 1000 % (is->alive_s + is->dead_s) < is->alive_s;
}

/* A packet to SERVER, and what comes of it. TCP asks again by itself, a second later. */
static void send_packet(size_t server, struct question *question, enum walk_way way)
{
	const struct server_is *is = &world->servers[server];
	long long at_ms = now + is->ms + any(is->spread_ms + 1);
	struct flight *flight = flights;

	sum.packets++;
	for (int turn = 0; any(100) < is->loss || any(100) < is->loss; turn++) {
		if (way != WALK_TCP || turn == 2)
			return;
		at_ms += 1000;
	}
	if (!lives(server, now) || !lives(server, at_ms))
		return;
	while (flight->at_ms)
		flight++;
	assert_true(flight < flights + FLYING);
	*flight = (struct flight){.at_ms = at_ms,
				  .question = question,
				  .number = question ? question->number : 0,
				  .server = server,
				  .way = way,
				  .asked_ms = now,
				  .kind = WALK_POSITIVE};
	if (!question)
		return;
	if (server == 0 && question->is_failing)
		flight->kind = WALK_ERROR;
	if (server == 1 && !question->is_public)
		flight->kind = WALK_NEGATIVE;
}

static size_t position(const struct walk *walk, size_t server)
{
	size_t at = 0;

	while (walk->list[at].server != server)
		at++;
	return at;
}

static void give(const struct question *question, const struct walk_step *step)
{
	const unsigned took = (unsigned)(now - question->asked_ms);
	const bool is_denied = step->what == WALK_GIVE &&
			       question->walk->list[step->at].got == WALK_NEGATIVE;
	bool was_there = true;

	/* It lived all the time, and did not fail with this name: libc has its answer. */
	for (long long at = question->asked_ms - 10000; at <= now; at += 100)
		was_there &= lives(0, at < 0 ? 0 : at);
	sum.asked++;
	sum.wrong += is_denied && was_there && !question->is_failing;
	sum.failed += step->what == WALK_FAIL;
	sum.over_p99 += took > world->p99_ms;
	if (took > sum.slowest)
		sum.slowest = took;
}

static void step_question(struct question *question)
{
	struct walk *walk = question->walk;

	for (;;) {
		const struct walk_step step = walk_next(walk, now);
		if (step.what == WALK_ASK) {
			send_packet(walk->list[step.at].server, question, step.way);
			continue;
		}
		question->due_ms = step.until_ms;
		if (step.what == WALK_WAIT)
			return;
		give(question, &step);
		free(walk);
		*question = (struct question){.is_used = false};
		return;
	}
}

/* ---- what upstream_query.c and upstream_server.c do ---- */

static void ping_if_due(size_t server)
{
	if (alive_pings(&alive[server], now))
		send_packet(server, NULL, WALK_FIRST);
}

static void look_at(struct question *question)
{
	struct walk *walk = question->walk;

	for (size_t i = 0; i < walk->asked; i++) {
		struct walk_one *one = &walk->list[i];
		struct alive *server = &alive[one->server];
		if (!one->got && one->open && now - one->asked_ms >= one->pace.again_ms) {
			alive_late(server, question->number, one->asked_ms, now);
			ping_if_due(one->server);
		}
		if (server->is_dead && !one->is_dead)
			one->pace = alive_pace(server, false);
		one->is_dead = server->is_dead;
	}
}

static void ask(void)
{
	struct question *question = questions;
	const unsigned number = ++names;
	const bool first_is_out =
		alive[0].is_dead && !alive[1].is_dead && !alive_pings(&alive[0], now);

	while (question->is_used)
		question++;
	assert_true(question < questions + WAITING);
	*question = (struct question){.is_used = true,
				      .number = number,
				      .is_public = number & 1,
				      .is_failing = any(100) < world->servers[0].fails,
				      .asked_ms = now,
				      .walk = calloc(1, walk_size(SERVERS))};
	if (alive[0].is_dead && !first_is_out)
		send_packet(0, NULL, WALK_FIRST);
	walk_begin(question->walk, SERVERS, NULL, 0, now);
	for (size_t i = 0; i < SERVERS; i++) {
		struct walk_one *one = &question->walk->list[i];
		one->server = (uint16_t)(first_is_out ? 1 - i : i);
		one->is_dead = alive[one->server].is_dead;
		one->pace = alive_pace(&alive[one->server], false);
	}
	step_question(question);
}

static void land(struct flight *flight)
{
	struct question *question = flight->question;
	const bool is_back = alive_heard(&alive[flight->server], !question,
					 question ? flight->asked_ms : 0, now);

	for (size_t i = 0; is_back && i < WAITING; i++)
		if (questions[i].is_used) {
			const struct walk *walk = questions[i].walk;
			questions[i].walk->list[position(walk, flight->server)].is_back =
				true;
			questions[i].due_ms = now;
		}
	flight->at_ms = 0;
	if (!question || !question->is_used || question->number != flight->number)
		return;
	walk_reply(question->walk, position(question->walk, flight->server), flight->way,
		   flight->kind);
	step_question(question);
}

/* When the next thing happens. */
static long long next_event(long long next_ms)
{
	for (size_t i = 0; i < FLYING; i++)
		if (flights[i].at_ms && flights[i].at_ms < next_ms)
			next_ms = flights[i].at_ms;
	for (size_t i = 0; i < WAITING; i++)
		if (questions[i].is_used && questions[i].due_ms < next_ms)
			next_ms = questions[i].due_ms;
	return next_ms;
}

static void happen(bool looks)
{
	for (size_t i = 0; i < FLYING; i++)
		if (flights[i].at_ms && flights[i].at_ms <= now)
			land(&flights[i]);
	for (size_t i = 0; i < WAITING && looks; i++)
		if (questions[i].is_used)
			look_at(&questions[i]);
	for (size_t i = 0; i < WAITING; i++)
		if (questions[i].is_used && (looks || questions[i].due_ms <= now))
			step_question(&questions[i]);
}

static void run(void)
{
	long long ask_ms = 1, look_ms = 1;

	for (now = 1; now < HOUR_MS;
	     now = next_event(ask_ms < look_ms ? ask_ms : look_ms)) {
		happen(now >= look_ms);
		if (now >= look_ms)
			look_ms = now + 100;
		if (now < ask_ms)
			continue;
		ask_ms = now + world->every_ms / 2 + any(world->every_ms);
		ask();
	}
	for (size_t i = 0; i < WAITING; i++)
		free(questions[i].walk);
}

static void an_hour(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(worlds); i++) {
		world = &worlds[i];
		seed = 7;
		names = 0;
		memset(alive, 0, sizeof(alive));
		memset(questions, 0, sizeof(questions));
		memset(flights, 0, sizeof(flights));
		memset(&sum, 0, sizeof(sum));
		run();
		print_message(
			"%s: %u names, %u denied wrongly, %u failed, slowest %u ms, "
			"%u over %u ms, %.2f packets each\n",
			world->name, sum.asked, sum.wrong, sum.failed, sum.slowest,
			sum.over_p99, world->p99_ms, (double)sum.packets / sum.asked);
		assert_true(sum.asked > HOUR_MS / world->every_ms / 2);
		assert_true(sum.wrong <= world->wrong_most);
		assert_true(sum.failed <= world->failed_most);
		assert_true(sum.slowest <= world->wait_most_ms);
		assert_true(sum.over_p99 <= sum.asked / 100 + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_hour)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
