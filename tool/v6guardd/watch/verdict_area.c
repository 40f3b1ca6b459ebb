/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_area.c - what the addresses say of the prefixes around them: a /48 is broken
 * with 3 broken addresses under 2 /64 and no ok for ok-ttl, ::/0 with broken addresses
 * under 3 different /32 and nothing ok since. Addresses on the host's own links say
 * nothing: they are reached without the internet.
 */
#include <string.h>

#include "verdict_private.h"

bool counts_for_areas(const struct verdicts *v, const struct gp_addr *addr)
{
	if (addr->family != AF_INET6 || (addr->bytes[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < v->onlink_count; i++)
		if (gp_prefix_match(&v->onlink[i], addr))
			return false;
	return true;
}

struct gp_prefix prefix_around(const struct gp_addr *addr, uint8_t length)
{
	struct gp_prefix prefix = {.addr.family = AF_INET6, .length = length};

	memcpy(prefix.addr.bytes, addr->bytes, length / 8);
	return prefix;
}

struct area *area_find(const struct verdicts *v, const struct gp_addr *addr)
{
	for (size_t i = 0; i < AREA_MAX; i++)
		if (v->areas[i].is_used && gp_prefix_match(&v->areas[i].prefix, addr))
			return (struct area *)(uintptr_t)&v->areas[i];
	return NULL;
}

struct area *area_need(struct verdicts *v, const struct gp_addr *addr)
{
	struct area *area = area_find(v, addr);

	if (area)
		return area;
	for (size_t i = 0; i < AREA_MAX && (!area || area->is_used); i++)
		if (!v->areas[i].is_used || v->areas[i].verdict == GP_VERDICT_UNKNOWN)
			area = &v->areas[i];
	if (area)
		*area = (struct area){.is_used = true,
				      .prefix = prefix_around(addr, 48),
				      .ok_ms = NEVER,
				      .pinned_until_ms = NEVER};
	return area;
}

struct verdict_view area_view(const struct area *area)
{
	return (struct verdict_view){
		.prefix = area->prefix,
		.verdict = (enum gp_verdict)area->verdict,
		.was = (enum gp_verdict)area->verdict,
		.evidence = (enum verdict_evidence)area->evidence,
		.since_ms = area->since_ms,
		.expires_ms = area->expires_ms,
		.next_test_ms = area->next_test_ms,
	};
}

void area_say(struct verdicts *v, struct area *area, enum gp_verdict verdict,
	      enum verdict_evidence evidence, long long now)
{
	const enum gp_verdict was = (enum gp_verdict)area->verdict;
	struct verdict_view view;

	count_broken(v, was, verdict);
	area->verdict = verdict;
	area->evidence = evidence;
	if (was != verdict)
		area->since_ms = now;
	v->ops.publish(v->ops.ctx, &area->prefix, verdict, area->expires_ms);
	if (was == verdict)
		return;
	view = area_view(area);
	view.was = was;
	v->ops.changed(v->ops.ctx, &view);
}

/* ---- counting ---- */

/* Different prefixes of LENGTH bits seen so far, up to as many as anybody needs. */
struct kinds {
	uint8_t bytes[3][8];
	size_t length, count;
};

static void add_kind(struct kinds *kinds, const struct gp_addr *addr)
{
	for (size_t i = 0; i < kinds->count; i++)
		if (!memcmp(kinds->bytes[i], addr->bytes, kinds->length))
			return;
	if (kinds->count < 3)
		memcpy(kinds->bytes[kinds->count++], addr->bytes, kinds->length);
}

/* By evidence: what the operator says of an address says nothing of its prefix. */
static bool is_broken_entry(const struct entry *entry, bool with_stalled)
{
	return entry->addr.family == AF_INET6 && entry->verdict == GP_VERDICT_BROKEN &&
	       entry->evidence != VERDICT_BY_OPERATOR &&
	       (with_stalled || entry->evidence != VERDICT_BY_STALL);
}

/* What follows for a prefix. A handshake speaks against broken addresses, but not against
 * ones on which data stalls: only acknowledged data does. */
enum finding { FINE, STALLED, BROKEN };

/* The broken addresses of a /48, without (0) and with (1) the stalled ones. */
struct tally {
	unsigned broken[2];
	struct kinds kinds[2];
	bool has_ok, has_data_ok;
};

static bool is_majority(const struct tally *tally, unsigned i)
{
	return tally->broken[i] >= 3 && tally->kinds[i].count >= 2;
}

static void count_member(const struct verdicts *v, const struct entry *entry,
			 struct tally *tally, long long now)
{
	tally->has_ok |= now - entry->ok_ms < v->rules.ok_ttl_ms;
	tally->has_data_ok |= now - entry->data_ok_ms < v->rules.ok_ttl_ms;
	for (unsigned i = 0; i < 2; i++) {
		if (!is_broken_entry(entry, i == 1))
			continue;
		tally->broken[i]++;
		add_kind(&tally->kinds[i], &entry->addr);
	}
}

static enum finding judge_net(const struct verdicts *v, const struct gp_prefix *prefix,
			      long long now)
{
	struct tally tally = {.kinds = {{.length = 8}, {.length = 8}}};

	for (uint32_t i = 0; i < v->used_to; i++) {
		const struct entry *entry = &v->entries[i];
		if (gp_prefix_match(prefix, &entry->addr) &&
		    counts_for_areas(v, &entry->addr))
			count_member(v, entry, &tally, now);
	}
	if (!tally.has_ok && is_majority(&tally, 0))
		return BROKEN;
	/* With an ok about, the stalled ones must be enough by themselves. */
	if (tally.has_ok) {
		tally.broken[1] -= tally.broken[0];
		if (tally.broken[0])
			tally.kinds[1].count = 0;
	}
	return !tally.has_data_ok && is_majority(&tally, 1) ? STALLED : FINE;
}

static bool is_internet_broken(const struct verdicts *v, bool with_stalled)
{
	struct kinds kinds = {.length = 4};

	for (uint32_t i = 0; i < v->used_to && kinds.count < 3; i++) {
		const struct entry *entry = &v->entries[i];
		if (is_broken_entry(entry, with_stalled) &&
		    entry->failed_ms > v->internet.ok_ms &&
		    counts_for_areas(v, &entry->addr))
			add_kind(&kinds, &entry->addr);
	}
	return kinds.count == 3;
}

static enum finding judge_internet(const struct verdicts *v)
{
	if (!is_internet_broken(v, true))
		return FINE;
	return is_internet_broken(v, false) ? BROKEN : STALLED;
}

/* ---- becoming broken ------------------------------------------------------------------
 */

static long long next_beat(struct verdicts *v, long long now)
{
	return now + BEAT_MIN + random_below(v, BEAT_SPREAD);
}

/* When it is tested next, and until when it holds without that. */
static void schedule(struct verdicts *v, struct area *area, long long now)
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

static void lengthen(const struct verdicts *v, struct area *area)
{
	const uint32_t max = v->rules.broken_ttl_max_ms;

	if (area->ttl_ms == 0)
		area->ttl_ms = v->rules.broken_ttl_ms;
	else
		area->ttl_ms = area->ttl_ms > max / 2 ? max : area->ttl_ms * 2;
}

static void take_finding(struct verdicts *v, struct area *area, enum finding finding,
			 long long now)
{
	const bool is_stalled = finding == STALLED;

	if (finding == FINE || area->pinned_until_ms > now ||
	    (area->verdict == GP_VERDICT_BROKEN && area->is_stalled <= is_stalled))
		return;
	area->is_stalled = is_stalled;
	area->unanswered = 0;
	if (area->verdict != GP_VERDICT_BROKEN)
		lengthen(v, area);
	schedule(v, area, now);
	area_say(v, area, GP_VERDICT_BROKEN, VERDICT_BY_MEMBERS, now);
}

void areas_failed(struct verdicts *v, const struct entry *entry, long long now)
{
	if (!counts_for_areas(v, &entry->addr))
		return;
	const struct gp_prefix prefix = prefix_around(&entry->addr, 48);
	const enum finding finding = judge_net(v, &prefix, now);
	struct area *area = finding == FINE ? NULL : area_need(v, &entry->addr);
	if (area)
		take_finding(v, area, finding, now);
	take_finding(v, &v->internet, judge_internet(v), now);
}

/* ---- healing --------------------------------------------------------------------------
 */

/* What was broken around AREA's first ok is asked again, now and one after the other. */
static void retest_members(struct verdicts *v, const struct area *area, long long now)
{
	long long at = now;

	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (!is_broken_entry(entry, false) ||
		    !gp_prefix_match(&area->prefix, &entry->addr) ||
		    entry_is_pinned(entry, now))
			continue;
		entry->next_test_ms = at += RETEST_SPREAD;
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
	area_say(v, area, GP_VERDICT_UNKNOWN, VERDICT_BY_MEMBERS, now);
	retest_members(v, area, now);
}

void areas_ok(struct verdicts *v, const struct gp_addr *addr, bool data, long long now)
{
	struct area *area = area_find(v, addr);

	if (!counts_for_areas(v, addr))
		return;
	v->internet.ok_ms = now;
	heal(v, &v->internet, data, now);
	if (area)
		heal(v, area, data, now);
}

bool is_covered(const struct verdicts *v, const struct entry *entry)
{
	const struct area *area = area_find(v, &entry->addr);

	if (area && area->verdict == GP_VERDICT_BROKEN)
		return true;
	return v->internet.verdict == GP_VERDICT_BROKEN &&
	       counts_for_areas(v, &entry->addr);
}

/* ---- time -----------------------------------------------------------------------------
 */

static bool is_in_use(const struct entry *entry, long long now)
{
	return now - entry->hint_ms < 600 * SECOND;
}

/*
 * Whom to ask whether AREA has healed: the one that was asked longest ago, every other
 * time among those that ever answered, since a server that is simply dead would say
 * nothing about the network.
 */
static struct entry *herald(struct verdicts *v, const struct area *area, bool was_ok,
			    long long now)
{
	struct entry *found = NULL;

	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (!gp_prefix_match(&area->prefix, &entry->addr) ||
		    !counts_for_areas(v, &entry->addr) ||
		    (was_ok && entry->ok_ms == NEVER) ||
		    entry->verdict == GP_VERDICT_OK ||
		    (entry->verdict == GP_VERDICT_UNKNOWN && !is_in_use(entry, now)))
			continue;
		if (entry->evidence != VERDICT_BY_STALL &&
		    (!found || entry->asked_ms < found->asked_ms))
			found = entry;
	}
	return found;
}

/* A probe failed: that is news of what is around ADDR. */
void areas_proven(struct verdicts *v, const struct gp_addr *addr)
{
	struct area *area = area_find(v, addr);

	if (!counts_for_areas(v, addr))
		return;
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
		schedule(v, area, now);
		area_say(v, area, GP_VERDICT_BROKEN, VERDICT_BY_MEMBERS, now);
		return;
	}
	struct entry *entry = herald(v, area, v->beats++ & 1, now);

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
		lengthen(v, area);
	schedule(v, area, now);
	area_say(v, area, GP_VERDICT_BROKEN, VERDICT_BY_MEMBERS, now);
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
	long long next = area_tick(v, &v->internet, now);

	for (size_t i = 0; i < AREA_MAX; i++) {
		const long long at =
			v->areas[i].is_used ? area_tick(v, &v->areas[i], now) : LLONG_MAX;
		if (at < next)
			next = at;
	}
	return next;
}
