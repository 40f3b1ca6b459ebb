/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict.c - what is told, what time brings, and the whole. */
#include <stdlib.h>
#include <string.h>

#include "verdict_private.h"

/* ---- output ---- */

/* MS and up to an eighth more or less, so that hosts do not test in step. */
long long jitter(struct verdicts *v, long long ms)
{
	const uint32_t spread = (uint32_t)(ms / 4);

	return ms - spread / 2 + random_below(v, spread + 1);
}

static uint16_t shown_port(const struct entry *entry)
{
	const uint16_t answered = answered_port(entry);

	if (entry->verdict == GP_VERDICT_BROKEN)
		return entry->port ? entry->port : entry->asked_port;
	return answered ? answered : entry->port;
}

struct verdict_view entry_view(const struct entry *entry)
{
	return (struct verdict_view){
		.prefix = {entry->addr, 128},
		.verdict = (enum gp_verdict)entry->verdict,
		.was = (enum gp_verdict)entry->verdict,
		.evidence = (enum verdict_evidence)entry->evidence,
		.partner = entry->partner_count ? entry_partner(entry, 0)
						: (struct gp_addr){.family = 0},
		.since_ms = entry->since_ms,
		.expires_ms = entry->expires_ms,
		.next_test_ms = entry->next_test_ms,
		.port = shown_port(entry),
	};
}

static bool is_trouble(enum gp_verdict verdict)
{
	return verdict == GP_VERDICT_BROKEN || verdict == GP_VERDICT_SLOW;
}

void count_broken(struct verdicts *v, enum gp_verdict was, enum gp_verdict verdict)
{
	if (was == GP_VERDICT_BROKEN)
		v->broken--;
	if (verdict == GP_VERDICT_BROKEN)
		v->broken++;
}

void entry_say(struct verdicts *v, struct entry *entry, enum gp_verdict verdict,
	       enum verdict_evidence evidence, long long now)
{
	const enum gp_verdict was = (enum gp_verdict)entry->verdict;
	struct verdict_view view;

	count_broken(v, was, verdict);
	entry->verdict = verdict;
	entry->evidence = evidence;
	if (was != verdict)
		entry->since_ms = now;
	v->ops.publish(v->ops.ctx, &(struct gp_prefix){entry->addr, 128}, verdict,
		       entry->expires_ms);
	/* Each destination that works is no news. */
	if (was == verdict || !(is_trouble(was) || is_trouble(verdict)))
		return;
	view = entry_view(entry);
	view.was = was;
	v->ops.changed(v->ops.ctx, &view);
}

/* ---- time ---- */

/* What has worked is likelier to work again. */
static unsigned retest_limit(const struct entry *entry)
{
	return entry->ok_ms != NEVER ? LIMIT_TESTS : LIMIT_RETESTS;
}

/* Very many are broken: each has its turn. But what is not proven in so long is not so
 * for ever. */
static void put_off(struct verdicts *v, struct entry *entry, long long now)
{
	if (now - entry->failed_ms > UNUSED_AFTER) {
		entry->expires_ms = now;
		return;
	}
	entry->next_test_ms = now + RETEST_PUT_OFF + random_below(v, RETEST_PUT_OFF);
	entry->expires_ms = entry->next_test_ms + TEST_SLACK;
	v->ops.publish(v->ops.ctx, &(struct gp_prefix){entry->addr, 128},
		       GP_VERDICT_BROKEN, entry->expires_ms);
}

static void test_due(struct verdicts *v, struct entry *entry, long long now)
{
	entry->next_test_ms = 0;
	if (entry_is_pinned(entry, now))
		return;
	if (entry->verdict == GP_VERDICT_BROKEN && is_covered(v, entry)) {
		/* The prefix is what is tested now. */
		entry_schedule(v, entry, now);
		entry_say(v, entry, GP_VERDICT_BROKEN,
			  (enum verdict_evidence)entry->evidence, now);
		return;
	}
	/* It is no second attempt, and nobody asks for it any more. */
	if (entry->verdict == GP_VERDICT_OK && !entry->failures &&
	    now - entry->hint_ms > v->rules.ok_ttl_ms)
		return;
	if (entry->verdict == GP_VERDICT_BROKEN && now - entry->seen_ms > UNUSED_AFTER) {
		entry->expires_ms = now; /* so nobody needs to know */
		return;
	}
	if (entry->verdict == GP_VERDICT_BROKEN && !entry->is_urgent &&
	    !is_within(v, retest_limit(entry), now)) {
		put_off(v, entry, now);
		return;
	}
	entry_probe(v, entry, now);
	entry->is_extra = entry->is_new;
	entry->is_new = entry->is_urgent = false;
}

static void expire(struct verdicts *v, struct entry *entry, long long now)
{
	entry->pinned_until_ms = NEVER;
	entry->next_test_ms = 0;
	entry->failures = 0;
	entry_say(v, entry, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
}

static long long entry_tick(struct verdicts *v, struct entry *entry, long long now)
{
	long long next = LLONG_MAX;

	if (entry->next_test_ms && entry->next_test_ms <= now)
		test_due(v, entry, now);
	if (entry->verdict != GP_VERDICT_UNKNOWN && entry->expires_ms <= now)
		expire(v, entry, now);
	if (entry->next_test_ms)
		next = entry->next_test_ms;
	if (entry->verdict != GP_VERDICT_UNKNOWN && entry->expires_ms < next)
		next = entry->expires_ms;
	return next;
}

long long verdicts_tick(struct verdicts *v, long long now)
{
	long long next = areas_tick(v, now);

	for (uint32_t i = 0; i < v->used_to; i++) {
		const long long at = v->entries[i].addr.family
					     ? entry_tick(v, &v->entries[i], now)
					     : LLONG_MAX;
		if (at < next)
			next = at;
	}
	return next;
}

/* ---- the whole ---- */

struct verdicts *verdicts_new(const struct verdict_rules *rules,
			      const struct verdict_ops *ops, uint32_t seed)
{
	struct verdicts *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->rules = *rules;
	v->ops = *ops;
	v->random = seed ? seed : 1;
	v->epoch_ms = NEVER;
	v->hash_seed = seed * UINT32_C(2654435761);
	v->ipv4_ok_ms = NEVER;
	v->internet = (struct area){.is_used = true, .prefix = {.addr.family = AF_INET6}};
	area_reset(&v->internet);
	table_init(v);
	return v;
}

void verdicts_free(struct verdicts *v)
{
	free(v);
}

void verdicts_set_rules(struct verdicts *v, const struct verdict_rules *rules)
{
	v->rules = *rules;
}

void verdicts_set_onlink(struct verdicts *v, const struct gp_prefix *prefixes,
			 size_t count)
{
	v->onlink_count = count < GP_REACH_ONLINK ? count : GP_REACH_ONLINK;
	memcpy(v->onlink, prefixes, v->onlink_count * sizeof(*prefixes));
}

void verdicts_set_nat64(struct verdicts *v, const struct gp_prefix *prefixes,
			size_t count)
{
	v->nat64_count = count < GP_REACH_NAT64 ? count : GP_REACH_NAT64;
	memcpy(v->nat64, prefixes, v->nat64_count * sizeof(*prefixes));
}

void verdicts_set_anchors(struct verdicts *v, const struct verdict_peer *anchors,
			  size_t count)
{
	v->anchor_count = count < VERDICT_ANCHORS ? count : VERDICT_ANCHORS;
	memcpy(v->anchors, anchors, v->anchor_count * sizeof(*anchors));
}

static void area_forget(struct verdicts *v, struct area *area, long long now)
{
	area_reset(area);
	if (area->verdict != GP_VERDICT_UNKNOWN)
		area_say(v, area, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
}

static void forget(struct verdicts *v, struct entry *entry, long long now)
{
	entry->expires_ms = entry->next_test_ms = 0;
	if (entry->verdict != GP_VERDICT_UNKNOWN)
		entry_say(v, entry, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
	entry_forget(entry);
}

static size_t count_known(const struct verdicts *v)
{
	size_t count = v->internet.verdict != GP_VERDICT_UNKNOWN;

	for (size_t i = 0; i < AREA_MAX; i++)
		count += v->areas[i].is_used && v->areas[i].verdict != GP_VERDICT_UNKNOWN;
	for (uint32_t i = 0; i < v->used_to; i++)
		count += v->entries[i].addr.family &&
			 v->entries[i].verdict != GP_VERDICT_UNKNOWN;
	return count;
}

size_t verdict_clear(struct verdicts *v, const struct gp_prefix *prefix, long long now)
{
	const size_t known = count_known(v);

	if (prefix->length == 0)
		area_forget(v, &v->internet, now);
	for (size_t i = 0; prefix->length <= 48 && i < AREA_MAX; i++)
		if (v->areas[i].is_used &&
		    gp_prefix_match(prefix, &v->areas[i].prefix.addr))
			area_forget(v, &v->areas[i], now);
	for (uint32_t i = 0; i < v->used_to; i++)
		if (gp_prefix_match(prefix, &v->entries[i].addr))
			forget(v, &v->entries[i], now);
	v->suspect_count = 0;
	return known - count_known(v);
}

void verdicts_new_epoch(struct verdicts *v, long long now)
{
	v->epoch_ms = now;
	v->ipv4_ok_ms = NEVER;
	v->internet.ok_ms = NEVER;
	v->internet.round = (struct round){.begun_ms = NEVER, .next_ms = NEVER};
	if (v->internet.pinned_until_ms <= now)
		area_forget(v, &v->internet, now);
	for (size_t i = 0; i < AREA_MAX; i++)
		if (v->areas[i].is_used && v->areas[i].pinned_until_ms <= now)
			area_forget(v, &v->areas[i], now);
	for (uint32_t i = 0; i < v->used_to; i++)
		if (v->entries[i].addr.family && !entry_is_pinned(&v->entries[i], now))
			forget(v, &v->entries[i], now);
	v->suspect_count = 0;
}
