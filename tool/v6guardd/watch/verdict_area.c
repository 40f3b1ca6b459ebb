/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_area.c - what the addresses say of the prefixes around them. A /48 and ::/0 are
 * broken when enough addresses turned broken since anything in them answered, and the
 * witnesses that are asked then (verdict_round.c) are silent. What is near the host says
 * nothing: it is reached without the internet, or might be.
 */
#include <string.h>

#include "verdict_private.h"

bool is_translated(const struct verdicts *v, const struct gp_addr *addr)
{
	for (size_t i = 0; i < v->nat64_count; i++)
		if (gp_prefix_match(&v->nat64[i], addr))
			return true;
	return false;
}

bool counts_for(const struct verdicts *v, const struct gp_addr *addr, unsigned length)
{
	if (addr->family != AF_INET6 || (addr->bytes[0] & 0xe0) != 0x20 ||
	    v->onlink_count == GP_REACH_ONLINK || is_translated(v, addr))
		return false;
	for (size_t i = 0; i < v->onlink_count; i++) {
		struct gp_prefix near = v->onlink[i];
		if (length == 0 && near.length > 32)
			near.length = 32;
		if (gp_prefix_match(&near, addr))
			return false;
	}
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

void area_reset(struct area *area)
{
	area->pinned_until_ms = area->ok_ms = area->pressed_ms = NEVER;
	area->hasty_ms = NEVER;
	area->ttl_ms = 0;
	area->expires_ms = area->next_test_ms = 0;
	area->is_stalled = false;
	area->wants = WANTS_NONE;
	area->round = (struct round){.begun_ms = NEVER, .next_ms = NEVER};
}

static struct area *area_to_take(struct verdicts *v)
{
	struct area *found = NULL;

	for (size_t i = 0; i < AREA_MAX; i++) {
		struct area *area = &v->areas[i];
		if (!area->is_used)
			return area;
		if (area->verdict == GP_VERDICT_UNKNOWN && !area->round.is_running &&
		    (!found || area->round.begun_ms < found->round.begun_ms))
			found = area;
	}
	return found;
}

struct area *area_need(struct verdicts *v, const struct gp_addr *addr)
{
	struct area *area = area_find(v, addr);

	if (area)
		return area;
	area = area_to_take(v);
	if (!area)
		return NULL;
	*area = (struct area){.is_used = true, .prefix = prefix_around(addr, 48)};
	area_reset(area);
	for (uint32_t i = 0; i < v->used_to; i++)
		if (gp_prefix_match(&area->prefix, &v->entries[i].addr) &&
		    v->entries[i].ok_ms > area->ok_ms)
			area->ok_ms = v->entries[i].ok_ms;
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

void add_kind(struct kinds *kinds, const struct gp_addr *addr)
{
	for (size_t i = 0; i < kinds->count; i++)
		if (!memcmp(kinds->bytes[i], addr->bytes, kinds->length))
			return;
	if (kinds->count < ENOUGH)
		memcpy(kinds->bytes[kinds->count++], addr->bytes, kinds->length);
}

struct kinds kinds_in(const struct area *area)
{
	return (struct kinds){.length = area->prefix.length ? 8 : 4};
}

bool are_enough(const struct area *area, const struct kinds *kinds, unsigned addresses)
{
	return addresses >= ENOUGH && kinds->count >= (area->prefix.length ? 2 : ENOUGH);
}

static bool is_anchor(const struct verdicts *v, const struct gp_addr *addr)
{
	for (size_t i = 0; i < v->anchor_count; i++)
		if (gp_addr_equal(&v->anchors[i].addr, addr))
			return true;
	return false;
}

bool is_tried(const struct verdicts *v, const struct entry *entry)
{
	return entry->tried_ms != NEVER || is_anchor(v, &entry->addr);
}

bool is_broken_by_evidence(const struct entry *entry)
{
	return entry->addr.family == AF_INET6 && entry->verdict == GP_VERDICT_BROKEN &&
	       entry->evidence != VERDICT_BY_OPERATOR;
}

/* That a re-test fails again is no news: what counts is when it turned. */
bool is_counted(const struct verdicts *v, const struct area *area,
		const struct entry *entry)
{
	return is_broken_by_evidence(entry) && entry->since_ms > area->ok_ms &&
	       gp_prefix_match(&area->prefix, &entry->addr) &&
	       counts_for(v, &entry->addr, area->prefix.length) && is_tried(v, entry);
}

/* Those on which data stalls are counted apart: no handshake speaks against them, nor
 * do they say that there is none. */
struct tally {
	unsigned broken, stalled;
	struct kinds broken_kinds, stalled_kinds;
};

static struct tally count_members(const struct verdicts *v, const struct area *area)
{
	struct tally tally = {.broken_kinds = kinds_in(area),
			      .stalled_kinds = kinds_in(area)};

	for (uint32_t i = 0; i < v->used_to; i++) {
		const struct entry *entry = &v->entries[i];
		if (!is_counted(v, area, entry))
			continue;
		if (entry->evidence == VERDICT_BY_STALL) {
			tally.stalled++;
			add_kind(&tally.stalled_kinds, &entry->addr);
		} else {
			tally.broken++;
			add_kind(&tally.broken_kinds, &entry->addr);
		}
	}
	return tally;
}

/* ---- becoming broken ---- */

/* What is known to be ok was so before it all fell silent. Only who answered since, by a
 * handshake of its own, still is. */
static void doubt_members(struct verdicts *v, const struct area *area, long long now)
{
	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if ((entry->verdict != GP_VERDICT_OK &&
		     entry->verdict != GP_VERDICT_SLOW) ||
		    entry_is_pinned(entry, now) ||
		    (entry->ok_ms >= area->round.begun_ms &&
		     entry->flow_ms < area->round.begun_ms) ||
		    !gp_prefix_match(&area->prefix, &entry->addr) ||
		    !counts_for(v, &entry->addr, area->prefix.length))
			continue;
		entry->expires_ms = entry->next_test_ms = 0;
		entry_say(v, entry, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
	}
}

static void area_condemn(struct verdicts *v, struct area *area, bool is_stalled,
			 long long now)
{
	area->is_stalled = is_stalled;
	area->unanswered = 0;
	v->cover.in_vain = 0;
	if (area->verdict != GP_VERDICT_BROKEN)
		area_lengthen(v, area);
	area_schedule(v, area, now);
	area_say(v, area, GP_VERDICT_BROKEN, VERDICT_BY_MEMBERS, now);
	if (!is_stalled)
		doubt_members(v, area, now);
}

/* With so many who answered a moment ago, and do no more, one that fails is enough. */
static bool is_plain(const struct area *area, const struct tally *tally, long long now)
{
	const bool is_pressed = area->pressed_ms > area->ok_ms &&
				now - area->pressed_ms <= PARTNER_WITHIN;

	return area->round.kinds >= (area->prefix.length ? 2 : ENOUGH) &&
	       area->round.silent >= ENOUGH && (tally->broken > 0 || is_pressed);
}

/* Data, not a handshake alone, came and went lately: packets of full size get through. */
static bool has_data(const struct verdicts *v, const struct area *area, long long now)
{
	for (uint32_t i = 0; i < v->used_to; i++) {
		const struct entry *entry = &v->entries[i];
		if (entry->verdict != GP_VERDICT_BROKEN &&
		    now - entry->data_ok_ms < v->rules.ok_ttl_ms &&
		    gp_prefix_match(&area->prefix, &entry->addr) &&
		    counts_for(v, &entry->addr, area->prefix.length))
			return true;
	}
	return false;
}

void area_consider(struct verdicts *v, struct area *area, long long now)
{
	struct tally tally;
	bool has_enough;

	if (area->pinned_until_ms > now || area->round.is_running ||
	    (area->verdict == GP_VERDICT_BROKEN && !area->is_stalled))
		return;
	tally = count_members(v, area);
	has_enough = are_enough(area, &tally.broken_kinds, tally.broken);
	if (!has_enough && area->verdict != GP_VERDICT_BROKEN &&
	    are_enough(area, &tally.stalled_kinds, tally.stalled) &&
	    !has_data(v, area, now))
		area_condemn(v, area, true, now);
	if (!round_is_silent(area, now) && has_enough) {
		area->wants = WANTS_VERDICT;
		area->wanted_ms = forced_from(area);
	}
	/* Where nobody could be asked, nothing but this shows that IPv4 is there. */
	if (!round_is_silent(area, now) || !(has_enough || is_plain(area, &tally, now)) ||
	    (!area->round.silent && now - v->ipv4_ok_ms > PARTNER_WITHIN) ||
	    !are_ports_tried(v, area, now))
		return;
	area_condemn(v, area, false, now);
}

void areas_failed(struct verdicts *v, const struct entry *entry, long long now)
{
	struct area *area;
	struct kinds kinds = {.length = 8};
	const struct gp_prefix prefix = prefix_around(&entry->addr, 48);
	unsigned broken = 0;

	if (!is_tried(v, entry))
		return;
	if (counts_for(v, &entry->addr, 0))
		area_consider(v, &v->internet, now);
	if (!counts_for(v, &entry->addr, 48))
		return;
	/* A /48 of which nothing is known takes no place before it has enough. */
	for (uint32_t i = 0; i < v->used_to && broken < ENOUGH; i++)
		if (is_broken_by_evidence(&v->entries[i]) &&
		    gp_prefix_match(&prefix, &v->entries[i].addr)) {
			broken++;
			add_kind(&kinds, &v->entries[i].addr);
		}
	area = broken < ENOUGH ? area_find(v, &entry->addr) : area_need(v, &entry->addr);
	if (area)
		area_consider(v, area, now);
}

/* ---- at the first sign ---- */

/* There are as many /48 as anybody likes to try something in: together they have so many
 * rounds. What three broken addresses ask for is no part of that. */
static bool take_round(struct verdicts *v, const struct area *area, long long now)
{
	if (!area->prefix.length)
		return true;
	if (now < v->net_turn_ms || !is_within(v, LIMIT_TESTS, now))
		return false;
	v->net_turn_ms = now + NET_ROUND_GAP;
	return true;
}

static void press(struct verdicts *v, struct area *area, struct entry *entry, bool twice,
		  long long now)
{
	struct round *round = &area->round;

	if (area->verdict == GP_VERDICT_BROKEN || area->pinned_until_ms > now ||
	    !counts_for(v, &entry->addr, area->prefix.length))
		return;
	if (twice)
		area->pressed_ms = now;
	if (round->is_running || round_is_silent(area, now))
		round_try_other_port(v, area, entry, now);
	else if (area->wants == WANTS_NONE && now >= round_from(area) &&
		 now - area->ok_ms >= ROUND_QUIET && take_round(v, area, now)) {
		area->wants = WANTS_ROUND;
		area->wanted_ms = now;
	}
	if (twice && round->silent >= ENOUGH && round_is_silent(area, now))
		area_consider(v, area, now);
}

/* Enough addresses in PREFIX that might be witnesses. */
static bool has_known(const struct verdicts *v, const struct gp_prefix *prefix)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < v->used_to && count < ENOUGH; i++)
		count += v->entries[i].ok_ms != NEVER && !v->entries[i].is_mute &&
			 gp_prefix_match(prefix, &v->entries[i].addr);
	return count == ENOUGH;
}

void areas_pressed(struct verdicts *v, struct entry *entry, bool twice, long long now)
{
	const struct gp_prefix prefix = prefix_around(&entry->addr, 48);
	struct area *area = area_find(v, &entry->addr);

	if (entry_is_pinned(entry, now) || is_covered(v, entry))
		return;
	twice &= partner_answering(v, entry, now) != NULL;
	press(v, &v->internet, entry, twice, now);
	if (!area && now >= v->net_round_ms) {
		v->net_round_ms = now + NET_ROUND_EVERY;
		if (has_known(v, &prefix))
			area = area_need(v, &entry->addr);
	}
	if (area)
		press(v, area, entry, twice, now);
}
