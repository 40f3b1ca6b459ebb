/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_round.c - rounds: before a prefix is condemned, those in it that answered
 * lately are asked. One answer is a veto, and all that broke before it no longer counts.
 * A round begins at the first SYN that is sent again, so that a true blackhole costs no
 * time.
 */
#include <string.h>

#include "verdict_private.h"

bool round_is_silent(const struct area *area, long long now)
{
	return area->round.is_silent && !area->round.is_running &&
	       now - area->round.ended_ms <= ROUND_HOLDS;
}

/* ---- a round ---- */

static struct asked *add_asked(struct round *round, const struct entry *entry)
{
	struct asked *asked;

	if (round->count == WITNESSES + OTHER_PORTS)
		return NULL;
	asked = &round->asked[round->count++];
	*asked = (struct asked){.addr = entry->addr};
	return asked;
}

static void ask(struct verdicts *v, struct asked *asked, struct entry *entry,
		long long now)
{
	entry_probe(v, entry, now);
	asked->state = ASKED_WAITING;
	asked->port = entry->asked_port;
	asked->asked_ms = now;
	asked->again_ms = 0;
}

static void ask_witness(struct verdicts *v, struct round *round, struct entry *entry,
			long long now)
{
	struct asked *asked = add_asked(round, entry);

	if (!asked)
		return;
	asked->is_witness = true;
	asked->is_fresh = now - entry->ok_ms <= v->rules.ok_ttl_ms;
	if (!round->rest_ms || round->count <= ROUND_FEW)
		ask(v, asked, entry, now);
	round->is_running = true;
}

static void ask_anchors(struct verdicts *v, struct area *area, long long now)
{
	for (size_t i = 0; i < v->anchor_count; i++) {
		const struct verdict_peer *anchor = &v->anchors[i];
		struct entry *entry;
		if (!counts_for(v, &anchor->addr, area->prefix.length) ||
		    !gp_prefix_match(&area->prefix, &anchor->addr) ||
		    area->round.count >= WITNESSES)
			continue;
		entry = entry_need(v, &anchor->addr, 0, now);
		if (!entry)
			continue;
		entry->port = anchor->port;
		ask_witness(v, &area->round, entry, now);
	}
}

static bool is_asked_in(const struct round *round, const struct gp_addr *addr)
{
	for (unsigned i = 0; i < round->count; i++)
		if (round->asked[i].is_witness &&
		    gp_addr_equal(&round->asked[i].addr, addr))
			return true;
	return false;
}

/* Of those that programs try in vain: the latest, whose partners tell whether IPv4 is
 * there, and whom to ask on another port. */
static struct entry *latest_in_vain(struct verdicts *v, const struct area *area,
				    long long now)
{
	struct entry *found = NULL;

	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (entry->addr.family == AF_INET6 && entry->partner_count &&
		    now - entry->tried_ms <= PARTNER_WITHIN &&
		    entry->ok_ms < entry->tried_ms &&
		    gp_prefix_match(&area->prefix, &entry->addr) &&
		    (!found || entry->tried_ms > found->tried_ms))
			found = entry;
	}
	return found;
}

/* Who may not ask takes their word. */
static bool ask_all(struct verdicts *v, struct area *area, long long now)
{
	const struct choice choice = choose_witnesses(v, area);
	struct round *round = &area->round;

	if (!v->rules.probes)
		return choice.count == 0;
	ask_anchors(v, area, now);
	for (size_t i = 0; i < choice.count && round->count < WITNESSES; i++)
		if (!is_asked_in(round, &choice.entries[i]->addr))
			ask_witness(v, round, choice.entries[i], now);
	return round->count == 0;
}

static bool is_vetoed(const struct area *area)
{
	return area->round.begun_ms != NEVER && area->ok_ms >= area->round.begun_ms;
}

long long forced_from(const struct area *area)
{
	return area->round.begun_ms + (is_vetoed(area) ? ROUND_VETOED : ROUND_FORCED);
}

/* After a veto two are asked at first, which may be done more often. */
long long round_from(const struct area *area)
{
	return is_vetoed(area) ? area->round.begun_ms + ROUND_VETOED
			       : area->round.next_ms;
}

static void begin(struct verdicts *v, struct area *area, long long now)
{
	struct round *round = &area->round;
	struct entry *tried = latest_in_vain(v, area, now);
	/* Some of many are dead, as they were a moment ago: one answer will do again. */
	const bool is_again = is_vetoed(area) && now < round->next_ms;

	*round = (struct round){.begun_ms = now,
				.ended_ms = now,
				.rest_ms = is_again ? now + ROUND_REST : 0,
				.next_ms = now + ROUND_EVERY + random_below(v, SECOND)};
	note_flows(v, area, now);
	round->is_silent = ask_all(v, area, now);
	if (tried && round->count)
		ask_partners(v, tried, 0, now);
	if (tried && is_tried(v, tried) &&
	    counts_for(v, &tried->addr, area->prefix.length))
		round_try_other_port(v, area, tried, now);
}

static void begin_wanted(struct verdicts *v, struct area *area, long long now)
{
	const long long from =
		area->wants == WANTS_VERDICT ? forced_from(area) : round_from(area);

	area->wants = WANTS_NONE;
	if (area->round.is_running || area->verdict == GP_VERDICT_BROKEN ||
	    area->pinned_until_ms > now || now < from)
		return;
	begin(v, area, now);
	area_consider(v, area, now);
}

/* ---- another port ---- */

static uint16_t another_port(const struct verdicts *v, uint16_t port)
{
	for (uint32_t i = 0; i < v->rules.port_count; i++)
		if (v->rules.ports[i] != port)
			return v->rules.ports[i];
	return 0;
}

static unsigned count_others(const struct round *round)
{
	unsigned count = 0;

	for (unsigned i = 0; i < round->count; i++)
		count += !round->asked[i].is_witness;
	return count;
}

void round_try_other_port(struct verdicts *v, struct area *area, struct entry *entry,
			  long long now)
{
	struct round *round = &area->round;
	const uint16_t port = another_port(v, entry->port);
	/* Witnesses on other ports say as much, if there are any. */
	const unsigned most = count_others(round) == round->count ? OTHER_PORTS : 1;
	struct asked *asked;

	if (!v->rules.probes || !entry->port || !port ||
	    (!round->is_running && !round_is_silent(area, now)) ||
	    count_others(round) >= (round->is_silent ? OTHER_PORTS : most) ||
	    (entry->other_port_ms != NEVER && entry->other_port_ms > area->ok_ms))
		return;
	asked = add_asked(round, entry);
	if (!asked)
		return;
	asked->state = ASKED_WAITING;
	asked->port = port;
	asked->asked_ms = now;
	round->is_running = true;
	entry_probe_other(v, entry, port, now);
}

/* What failed, failed on one port alone, and so did the witnesses. */
static bool is_one_port(const struct verdicts *v, const struct area *area,
			unsigned *count)
{
	uint16_t port = area->round.is_one_port ? area->round.port : 0;

	*count = 0;
	if (area->round.silent && !port)
		return false;
	for (uint32_t i = 0; i < v->used_to; i++) {
		const struct entry *entry = &v->entries[i];
		if (!is_counted(v, area, entry))
			continue;
		++*count;
		if (port && entry->port != port)
			return false;
		port = entry->port;
	}
	return port != 0 && another_port(v, port) != 0;
}

bool are_ports_tried(struct verdicts *v, struct area *area, long long now)
{
	unsigned count, tried = 0, wanted;

	if (!v->rules.probes || !is_one_port(v, area, &count))
		return true;
	wanted = area->round.silent >= ENOUGH ? 1 : OTHER_PORTS;
	if (count < wanted)
		wanted = count;
	for (uint32_t i = 0; i < v->used_to && tried < wanted; i++)
		if (is_counted(v, area, &v->entries[i]) &&
		    v->entries[i].other_port_ms > area->ok_ms)
			tried++;
	for (uint32_t i = 0; i < v->used_to && tried < wanted; i++)
		if (is_counted(v, area, &v->entries[i]) &&
		    v->entries[i].other_port_ms <= area->ok_ms) {
			round_try_other_port(v, area, &v->entries[i], now);
			tried++;
		}
	return !area->round.is_running;
}

/* ---- the end of one ---- */

static void sum_up(struct round *round, const struct area *area)
{
	struct kinds kinds = kinds_in(area);

	round->silent = 0;
	round->is_one_port = true;
	round->port = 0;
	for (unsigned i = 0; i < round->count; i++) {
		const struct asked *asked = &round->asked[i];
		if (!asked->is_witness || asked->state != ASKED_SILENT)
			continue;
		round->silent++;
		if (asked->is_fresh)
			add_kind(&kinds, &asked->addr);
		if (round->port && round->port != asked->port)
			round->is_one_port = false;
		round->port = asked->port;
	}
	round->kinds = kinds.count;
}

static bool has_witness(const struct round *round)
{
	for (unsigned i = 0; i < round->count; i++)
		if (round->asked[i].is_witness)
			return true;
	return false;
}

/* Nobody has answered: silence, if IPv4 was there meanwhile, and nothing moved on IPv6.
 */
static void finish(struct verdicts *v, struct area *area, long long now)
{
	struct round *round = &area->round;

	round->is_running = false;
	if (round->is_silent) { /* it was other ports alone, behind the end */
		area_consider(v, area, now);
		return;
	}
	sum_up(round, area);
	if (has_witness(round) && (round->silent == 0 || v->ipv4_ok_ms < round->begun_ms))
		return;
	if (round->silent < ENOUGH && live_flow(v, area, now - round->begun_ms, now)) {
		area->ok_ms = now;
		return;
	}
	round->is_silent = true;
	round->ended_ms = now;
	area_consider(v, area, now);
}

static bool is_waiting(const struct round *round)
{
	for (unsigned i = 0; i < round->count; i++)
		if (round->asked[i].state <= ASKED_WAITING)
			return true;
	return false;
}

static unsigned count_witnesses(const struct round *round)
{
	return round->count - count_others(round);
}

static void asked_probed(struct verdicts *v, struct area *area,
			 const struct gp_addr *addr, uint16_t port,
			 enum verdict_probe result, long long now)
{
	struct round *round = &area->round;
	const bool is_careful = now - area->hasty_ms < CAREFUL;
	const unsigned needed = is_careful || count_witnesses(round) < ENOUGH ? 2 : 1;

	if (!round->is_running)
		return;
	for (unsigned i = 0; i < round->count; i++) {
		struct asked *asked = &round->asked[i];
		if (asked->state != ASKED_WAITING || (port && asked->port != port) ||
		    !gp_addr_equal(&asked->addr, addr))
			continue;
		if (result == VERDICT_PROBE_NOTHING)
			asked->state = ASKED_UNMADE;
		else if (++asked->attempts >= needed || !asked->is_witness)
			asked->state = ASKED_SILENT;
		else
			asked->again_ms = now + ATTEMPT_GAP;
	}
	if (!is_waiting(round))
		finish(v, area, now);
}

void rounds_probed(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		   enum verdict_probe result, long long now)
{
	struct area *area = area_find(v, addr);

	/* An ok has ended it (areas_ok). */
	if (addr->family != AF_INET6 || result == VERDICT_PROBE_OK)
		return;
	asked_probed(v, &v->internet, addr, port, result, now);
	if (area)
		asked_probed(v, area, addr, port, result, now);
}

/* When ASKED is due; it may have its second attempt now. */
static long long asked_tick(struct verdicts *v, struct asked *asked, long long rest_ms,
			    long long now)
{
	struct entry *entry = entry_find(v, &asked->addr);

	if (asked->state > ASKED_WAITING)
		return LLONG_MAX;
	if (!entry ||
	    (asked->state == ASKED_WAITING && now - asked->asked_ms >= ROUND_LASTS)) {
		asked->state = ASKED_UNMADE;
		return LLONG_MAX;
	}
	if (asked->state == ASKED_LATER && rest_ms > now)
		return rest_ms;
	if (asked->state == ASKED_LATER || (asked->again_ms && asked->again_ms <= now))
		ask(v, asked, entry, now);
	return asked->again_ms ? asked->again_ms : asked->asked_ms + ROUND_LASTS;
}

long long round_tick(struct verdicts *v, struct area *area, long long now)
{
	struct round *round = &area->round;
	long long next = LLONG_MAX;

	if (area->wants != WANTS_NONE && area->wanted_ms <= now)
		begin_wanted(v, area, now);
	for (unsigned i = 0; round->is_running && i < round->count; i++) {
		const long long at = asked_tick(v, &round->asked[i], round->rest_ms, now);
		next = at < next ? at : next;
	}
	if (round->is_running && !is_waiting(round))
		finish(v, area, now);
	if (area->wants != WANTS_NONE && area->wanted_ms < next)
		next = area->wanted_ms > now ? area->wanted_ms : now + 1;
	return round->is_running && next == LLONG_MAX ? now + SECOND : next;
}
