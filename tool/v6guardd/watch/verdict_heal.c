/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_heal.c - how a broken prefix is tested, and what follows when it answers. */
#include "verdict_private.h"

/* ---- how long it lasts ---- */

static long long next_beat(struct verdicts *v, long long now)
{
	return now + BEAT_MIN + random_below(v, BEAT_SPREAD);
}

/* When it is tested next, and until when it holds without that. */
void area_schedule(struct verdicts *v, struct area *area, long long now)
{
	const bool is_tested = v->rules.probes && !area->is_stalled;

	if (!is_tested)
		area->next_test_ms = 0;
	else if (area->prefix.length == 0)
		area->next_test_ms = next_beat(v, now);
	else
		area->next_test_ms = now + jitter(v, area->ttl_ms);
	area->expires_ms =
		is_tested ? area->next_test_ms + TEST_SLACK : now + area->ttl_ms;
}

void area_lengthen(const struct verdicts *v, struct area *area)
{
	const uint32_t max = v->rules.broken_ttl_max_ms;

	if (area->ttl_ms == 0)
		area->ttl_ms = v->rules.broken_ttl_ms;
	else
		area->ttl_ms = area->ttl_ms > max / 2 ? max : area->ttl_ms * 2;
}

/* ---- healing ---- */

/* What was broken around AREA's first ok is asked again, now and one after the other:
 * some soon, the rest at leisure. */
static void retest_members(struct verdicts *v, const struct area *area, long long now)
{
	long long at = now;
	unsigned count = 0;

	if (!v->rules.probes)
		return;
	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (!is_broken_by_evidence(entry) ||
		    entry->evidence == VERDICT_BY_STALL ||
		    !gp_prefix_match(&area->prefix, &entry->addr) ||
		    entry_is_pinned(entry, now))
			continue;
		entry->is_urgent = count < RETEST_SOON;
		entry->next_test_ms = at +=
			count++ < RETEST_SOON ? RETEST_SPREAD : RETEST_LATER;
		entry->expires_ms = entry->next_test_ms + TEST_SLACK;
		v->ops.publish(v->ops.ctx, &(struct gp_prefix){entry->addr, 128},
			       GP_VERDICT_BROKEN, entry->expires_ms);
	}
}

static void heal(struct verdicts *v, struct area *area, bool data, long long now)
{
	if (area->verdict != GP_VERDICT_BROKEN || area->pinned_until_ms > now ||
	    (area->is_stalled && !data))
		return;
	area->expires_ms = area->next_test_ms = 0;
	area->ttl_ms = 0;
	if (now - area->since_ms < HASTY)
		area->hasty_ms = now;
	v->cover.in_vain = 0;
	v->healed_ms = now;
	area_say(v, area, GP_VERDICT_UNKNOWN, VERDICT_BY_MEMBERS, now);
	retest_members(v, area, now);
}

/* A firewall that stops SYNs lets what was open before go on: that is no answer to who is
 * asked in a round. */
static bool is_old_flow(const struct area *area, const struct entry *entry)
{
	const struct round *round = &area->round;

	return entry && entry->flow_ms != NEVER && entry->flow_ms >= round->begun_ms &&
	       (round->is_running ||
		(round->silent >= ENOUGH &&
		 (round->is_silent || area->verdict == GP_VERDICT_BROKEN)));
}

static void area_ok(struct verdicts *v, struct area *area, const struct entry *entry,
		    bool data, bool by_probe, long long now)
{
	if (!by_probe && is_old_flow(area, entry))
		return;
	area->ok_ms = now;
	area->wants = WANTS_NONE;
	area->round.is_running = area->round.is_silent = false;
	heal(v, area, data, now);
}

void areas_ok(struct verdicts *v, const struct gp_addr *addr, const struct entry *entry,
	      bool data, bool by_probe, long long now)
{
	struct area *area = area_find(v, addr);

	if (counts_for(v, addr, 0))
		area_ok(v, &v->internet, entry, data, by_probe, now);
	if (area && counts_for(v, addr, 48))
		area_ok(v, area, entry, data, by_probe, now);
}

bool is_covered(const struct verdicts *v, const struct entry *entry)
{
	const struct area *area = area_find(v, &entry->addr);

	if (area && area->verdict == GP_VERDICT_BROKEN)
		return true;
	return v->internet.verdict == GP_VERDICT_BROKEN && counts_for(v, &entry->addr, 0);
}

/* ---- time ---- */

static bool is_in_use(const struct entry *entry, long long now)
{
	return now - entry->hint_ms < 600 * SECOND;
}

/* Who was asked in vain less often, answered later, was asked longer ago. */
static bool is_better_herald(const struct entry *a, const struct entry *b)
{
	if (a->silent != b->silent)
		return a->silent < b->silent;
	if (a->ok_ms != b->ok_ms)
		return a->ok_ms > b->ok_ms;
	return a->asked_ms < b->asked_ms;
}

/*
 * Whom to ask whether AREA has healed: WAS_OK: among those that ever answered, since a
 * server that is simply dead would say nothing about the network.
 */
static struct entry *herald(struct verdicts *v, const struct area *area, bool was_ok,
			    long long now)
{
	struct entry *found = NULL;

	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (!gp_prefix_match(&area->prefix, &entry->addr) ||
		    !counts_for(v, &entry->addr, area->prefix.length) ||
		    (was_ok && entry->ok_ms == NEVER) ||
		    entry->verdict == GP_VERDICT_OK || entry->asked_ms == now ||
		    (entry->verdict == GP_VERDICT_UNKNOWN && !is_in_use(entry, now)))
			continue;
		if (entry->evidence != VERDICT_BY_STALL &&
		    (!found || is_better_herald(entry, found)))
			found = entry;
	}
	return found;
}

/* A probe failed: that is news of what is around ADDR. */
void areas_proven(struct verdicts *v, const struct gp_addr *addr)
{
	struct area *area = area_find(v, addr);

	if (counts_for(v, addr, 0))
		v->internet.unanswered = 0;
	if (area)
		area->unanswered = 0;
}

static void lapse(struct verdicts *v, struct area *area, long long now)
{
	area->pinned_until_ms = NEVER;
	area->next_test_ms = area->expires_ms = 0;
	area_say(v, area, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
}

/* While ::/0 is broken its beat alone is sent; its end tests what is inside. */
static bool is_inside_broken(const struct verdicts *v, const struct area *area)
{
	return area->prefix.length && v->internet.verdict == GP_VERDICT_BROKEN;
}

static void beat(struct verdicts *v, struct area *area, long long now)
{
	if (is_inside_broken(v, area)) {
		area_schedule(v, area, now);
		area_say(v, area, GP_VERDICT_BROKEN, VERDICT_BY_MEMBERS, now);
		return;
	}
	/* A connection that goes on may be older than the trouble; its peer is worth a
	 * SYN. */
	struct entry *entry = live_flow(v, area, BEAT_MIN + BEAT_SPREAD, now);

	if (!entry)
		entry = herald(v, area, true, now);
	if (!entry)
		entry = herald(v, area, false, now);
	/* Nobody to ask, or no way to: what cannot be proven any more is not so for ever.
	 */
	if (!entry || area->unanswered >= UNMADE_MAX) {
		lapse(v, area, now);
		return;
	}
	area->unanswered++;
	if (area->prefix.length)
		area_lengthen(v, area);
	area_schedule(v, area, now);
	area_say(v, area, GP_VERDICT_BROKEN, VERDICT_BY_MEMBERS, now);
	entry_probe(v, entry, now);
	/* That one may have died for a reason of its own. */
	entry = herald(v, area, false, now);
	if (entry)
		entry_probe(v, entry, now);
}

static long long area_tick(struct verdicts *v, struct area *area, long long now)
{
	if (area->verdict == GP_VERDICT_UNKNOWN)
		return LLONG_MAX;
	if (area->next_test_ms && area->next_test_ms <= now &&
	    area->pinned_until_ms <= now)
		beat(v, area, now);
	if (area->expires_ms <= now) {
		if (area->verdict != GP_VERDICT_UNKNOWN)
			lapse(v, area, now);
		return LLONG_MAX;
	}
	if (area->next_test_ms && area->next_test_ms < area->expires_ms)
		return area->next_test_ms;
	return area->expires_ms;
}

long long areas_tick(struct verdicts *v, long long now)
{
	long long next = LLONG_MAX;

	for (size_t i = 0; i < AREA_MAX + 1; i++) {
		struct area *area = i < AREA_MAX ? &v->areas[i] : &v->internet;
		if (!area->is_used)
			continue;
		const long long round = round_tick(v, area, now);
		const long long test = area_tick(v, area, now);
		next = round < next ? round : next;
		next = test < next ? test : next;
	}
	return next;
}
