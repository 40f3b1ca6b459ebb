/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* health_rules.c - see health_rules.h. */
#include "health_rules.h"

static uint32_t bit(size_t server)
{
	return UINT32_C(1) << server;
}

/* When it was asked the last time is what counts. */
static void bury(struct health_one *one, long long asked_ms)
{
	one->is_asked = false;
	one->is_dead = true;
	one->until_ms = asked_ms + HEALTH_AGAIN_MS;
}

void health_rules_set(struct health_rules *rules, const int *was, size_t count)
{
	const struct health_rules before = *rules;

	*rules = (struct health_rules){.count = count, .is_ping = before.is_ping};
	for (size_t i = 0; i < count; i++) {
		struct health_one *one = &rules->servers[i];
		if (was[i] < 0 || !before.servers[was[i]].is_dead)
			continue;
		*one = before.servers[was[i]];
		if (one->is_asked)
			bury(one, one->until_ms - HEALTH_WAIT_MS);
	}
}

static uint32_t dead_ones(const struct health_rules *rules)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < rules->count; i++)
		if (rules->servers[i].is_dead)
			mask |= bit(i);
	return mask;
}

uint32_t health_rules_out(const struct health_rules *rules)
{
	const uint32_t dead = dead_ones(rules);

	return dead == bit(rules->count) - 1 ? 0 : dead;
}

/* Whoever is not used gets one question and no second one. */
static void ask(struct health_rules *rules, size_t server, long long now_ms)
{
	struct health_one *one = &rules->servers[server];
	const bool is_out = health_rules_out(rules) & bit(server);

	one->is_asked = true;
	one->missed = is_out ? 1 : 0;
	one->until_ms = now_ms + (is_out ? 2 * HEALTH_WAIT_MS : HEALTH_WAIT_MS);
}

uint32_t health_rules_doubt(struct health_rules *rules, long long now_ms)
{
	const uint32_t out = health_rules_out(rules);
	uint32_t mask = 0;

	/* Who is alone is used anyway. */
	if ((rules->count < 2 && !rules->is_ping) ||
	    (rules->has_doubted && now_ms - rules->doubted_ms < HEALTH_LEAST_MS))
		return 0;
	rules->has_doubted = true;
	rules->doubted_ms = now_ms;
	for (size_t i = 0; i < rules->count; i++) {
		/* Who is left out has a time of its own. */
		if (rules->servers[i].is_asked || (out & bit(i) && !rules->is_ping))
			continue;
		ask(rules, i, now_ms);
		mask |= bit(i);
	}
	return mask;
}

bool health_rules_answer(struct health_rules *rules, size_t server)
{
	const uint32_t before = health_rules_out(rules);

	rules->servers[server].is_asked = false;
	rules->servers[server].is_dead = false;
	return health_rules_out(rules) != before;
}

bool health_rules_unreachable(struct health_rules *rules, size_t server, long long now_ms)
{
	const uint32_t before = health_rules_out(rules);

	bury(&rules->servers[server], now_ms);
	return health_rules_out(rules) != before;
}

static bool has_time(const struct health_rules *rules, const struct health_one *one)
{
	return one->is_asked || (one->is_dead && !rules->is_ping);
}

uint32_t health_rules_time(struct health_rules *rules, long long now_ms, bool *changed)
{
	const uint32_t before = health_rules_out(rules);
	uint32_t mask = 0;

	for (size_t i = 0; i < rules->count; i++) {
		struct health_one *one = &rules->servers[i];
		if (!has_time(rules, one) || now_ms < one->until_ms)
			continue;
		if (!one->is_asked) {
			ask(rules, i, now_ms);
			mask |= bit(i);
		} else if (++one->missed < 2) {
			one->until_ms = now_ms + HEALTH_WAIT_MS;
			mask |= bit(i);
		} else {
			bury(one, now_ms - HEALTH_WAIT_MS);
		}
	}
	*changed = health_rules_out(rules) != before;
	return mask;
}

long long health_rules_next(const struct health_rules *rules)
{
	long long next = -1;

	for (size_t i = 0; i < rules->count; i++) {
		const struct health_one *one = &rules->servers[i];
		if (has_time(rules, one) && (next < 0 || one->until_ms < next))
			next = one->until_ms;
	}
	return next;
}
