/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server_alive.c - see server_alive.h. */
#include "server_alive.h"

/* Names that are late within so long are one silence. */
#define WITHIN_MS 10000
/* Who has been silent for so long, to more than one name, and speaks, ends an outage. */
#define OUTAGE_MS 1000
/* A server that is known to be fast: with ALIVE_NAMES names, and with fewer. Of another
 * one answers of 3 s are to be expected. */
#define DEAD_SOON_MS 800
#define DEAD_FAST_MS 2000
#define DEAD_MS 3500
#define LAST_MS 2400

static long long between(long long ms, long long least, long long most)
{
	return ms < least ? least : ms > most ? most : ms;
}

/* How long it is silent before it counts as dead. */
static long long dead_after_ms(const struct alive *alive)
{
	const bool is_many = alive->name_count == ALIVE_NAMES;

	return alive->ms ? between((is_many ? 4LL : 8LL) * alive->ms,
				   is_many ? DEAD_SOON_MS : DEAD_FAST_MS, DEAD_MS)
			 : DEAD_MS;
}

/* A quarter of each new one; slower is believed sooner than faster. */
static void smooth(struct alive *alive, long long took_ms)
{
	const uint32_t ms = (uint32_t)between(took_ms, 1, 10000);

	if (ms > alive->ms)
		alive->ms = alive->ms ? (alive->ms + ms + 1) / 2 : ms;
	else
		alive->ms -= (alive->ms - ms + 3) / 4;
}

bool alive_heard(struct alive *alive, bool is_ping, long long asked_ms, long long now_ms)
{
	const bool is_news = alive->is_dead || (alive->name_count > 1 &&
						now_ms - alive->since_ms >= OUTAGE_MS);

	if (asked_ms)
		smooth(alive, now_ms - asked_ms);
	if (is_ping)
		alive->is_deaf = false;
	else if (alive->pinged_ms && now_ms - alive->pinged_ms >= DEAD_FAST_MS)
		alive->is_deaf = true;
	alive->heard_ms = now_ms;
	alive->is_dead = false;
	alive->name_count = 0;
	alive->since_ms = alive->pinged_ms = 0;
	return is_news;
}

static void note(struct alive *alive, uint32_t hash)
{
	for (unsigned i = 0; i < alive->name_count; i++)
		if (alive->names[i] == hash)
			return;
	if (alive->name_count < ALIVE_NAMES)
		alive->names[alive->name_count++] = hash;
}

/* A ping that is as good as unanswered is one reason more, and stands for the names that
 * there are not. */
static bool is_proved(const struct alive *alive, long long now_ms)
{
	const long long pinged_ms = alive->pinged_ms ? now_ms - alive->pinged_ms : 0;

	if (alive->name_count == ALIVE_NAMES)
		return alive->is_deaf || pinged_ms >= ALIVE_PING_MS / 2;
	return !alive->is_deaf && pinged_ms >= dead_after_ms(alive) - DEAD_FAST_MS / 2;
}

bool alive_late(struct alive *alive, uint32_t hash, long long asked_ms, long long now_ms)
{
	/* It has said something else since. */
	if (alive->heard_ms > asked_ms || alive->is_dead)
		return false;
	if (alive->since_ms && now_ms - alive->latest_ms > WITHIN_MS) {
		alive->name_count = 0;
		alive->since_ms = alive->pinged_ms = 0;
	}
	if (!alive->since_ms || asked_ms < alive->since_ms)
		alive->since_ms = asked_ms;
	alive->latest_ms = now_ms;
	note(alive, hash);
	alive->is_dead = now_ms - alive->since_ms >= dead_after_ms(alive) &&
			 is_proved(alive, now_ms);
	return alive->is_dead;
}

bool alive_pings(struct alive *alive, long long now_ms)
{
	const long long every =
		!alive->is_dead ? between(alive->ms / 2, ALIVE_PING_MS, 1500)
		: now_ms - alive->latest_ms < ALIVE_PING_DEAD_MS ? ALIVE_PING_MS
								 : ALIVE_PING_DEAD_MS;

	if ((!alive->is_dead && !alive->since_ms) ||
	    (alive->ping_ms && now_ms - alive->ping_ms < every))
		return false;
	alive->ping_ms = now_ms;
	if (!alive->pinged_ms)
		alive->pinged_ms = now_ms;
	return true;
}

struct walk_pace alive_pace(const struct alive *alive, bool is_large)
{
	const long long twice = 2LL * alive->ms;
	struct walk_pace pace = {
		.again_ms = (uint16_t)between(twice, 400, 1500),
		.tcp_ms = (uint16_t)(is_large ? between(twice, 350, 1400)
					      : between(twice, 1400, 3000)),
		.patience_ms = (uint16_t)between(twice, 800, 3000),
		.hold_ms = WALK_LIMIT_MS,
		.last_ms = twice < LAST_MS ? LAST_MS : 0,
	};

	/* A dead one is asked along with the next: that it is back shows at once. */
	if (alive->is_dead) {
		pace.patience_ms = 0;
		pace.hold_ms = (uint16_t)between(4LL * alive->ms, 20, 90);
	}
	return pace;
}
