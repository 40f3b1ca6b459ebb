/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_judge.c - when an address is broken, and when it is ok again (DESIGN 6). */
#include "verdict_private.h"

/* ---- broken ---- */

void entry_schedule(struct verdicts *v, struct entry *entry, long long now)
{
	/* A handshake proves nothing about path MTU: no probe can clear that. */
	const bool is_tested = v->rules.probes && entry->evidence != VERDICT_BY_STALL;

	entry->next_test_ms = is_tested ? now + jitter(v, entry->ttl_ms) : 0;
	entry->expires_ms =
		is_tested ? entry->next_test_ms + TEST_SLACK : now + entry->ttl_ms;
}

void entry_lengthen(const struct verdicts *v, struct entry *entry)
{
	const uint32_t max = v->rules.broken_ttl_max_ms;

	if (entry->ttl_ms == 0)
		entry->ttl_ms = v->rules.broken_ttl_ms;
	else
		entry->ttl_ms = entry->ttl_ms > max / 2 ? max : entry->ttl_ms * 2;
}

static void unsuspect(struct verdicts *v, struct entry *entry)
{
	const uint32_t index = (uint32_t)(entry - v->entries);

	entry->suspected_ms = NEVER;
	for (size_t i = 0; i < v->suspect_count; i++)
		if (v->suspects[i] == index)
			v->suspects[i--] = v->suspects[--v->suspect_count];
}

static void condemn(struct verdicts *v, struct entry *entry, const struct entry *partner,
		    long long now)
{
	unsuspect(v, entry);
	partner_to_front(entry, partner_place(entry, &partner->addr));
	entry->failures = 0;
	entry->failed_ms = now;
	entry->evidence = entry->suspected_by;
	entry_lengthen(v, entry);
	entry_schedule(v, entry, now);
	entry->is_new = entry->next_test_ms > now + CONFIRM_AFTER;
	if (entry->is_new)
		entry->next_test_ms = now + CONFIRM_AFTER;
	entry_say(v, entry, GP_VERDICT_BROKEN, (enum verdict_evidence)entry->suspected_by,
		  now);
	areas_failed(v, entry, now);
}

static void remember_suspect(struct verdicts *v, struct entry *entry)
{
	const uint32_t index = (uint32_t)(entry - v->entries);

	for (size_t i = 0; i < v->suspect_count; i++)
		if (v->suspects[i] == index)
			return;
	if (v->suspect_count < SUSPECT_MAX)
		v->suspects[v->suspect_count++] = index;
}

static bool is_ok_lately(const struct entry *entry, enum verdict_evidence by,
			 long long now)
{
	const long long data =
		entry->is_towards_us ? entry->large_ok_ms : entry->data_ok_ms;
	const long long ok = by == VERDICT_BY_STALL ? data : entry->ok_ms;

	return now - ok < OK_FORBIDS;
}

/*
 * IPv4 must have worked when it failed. If it only did so later, then both may have been
 * down and be up again: a SYN waits up to a minute before it asks once more. So it is
 * asked now, and one more failure decides; unless that cannot be tried.
 */
static bool try_condemn(struct verdicts *v, struct entry *entry, long long now)
{
	const bool can_test = v->rules.probes && entry->suspected_by != VERDICT_BY_STALL;
	const struct entry *answering = partner_answering(v, entry, now), *found = NULL;
	unsigned slots = 0;

	for (unsigned i = entry->partner_count; i-- > 0;) {
		const struct entry *partner =
			partner_vouches(v, entry, i, entry->suspected_ms);
		if (!partner)
			continue;
		found = partner;
		slots |= 1U << i;
	}
	if (found && !is_one_word(v, entry, slots, now)) {
		condemn(v, entry, found, now);
		return true;
	}
	if (answering && !can_test && !is_one_word(v, entry, UINT_MAX, now)) {
		condemn(v, entry, answering, now);
		return true;
	}
	if (answering && !found) {
		entry->failures = (uint8_t)(attempts_needed(v, entry) - 1);
		entry->failed_attempt_ms = now;
		entry_probe(v, entry, now);
	}
	return false;
}

void entry_suspect(struct verdicts *v, struct entry *entry, enum verdict_evidence by,
		   long long at, long long now)
{
	if (!entry->partner_count || entry_is_pinned(entry, now) ||
	    is_ok_lately(entry, by, now) || now - at > PARTNER_WITHIN)
		return;
	if (entry->verdict == GP_VERDICT_BROKEN) {
		if (at > entry->failed_ms)
			entry->failed_ms = at;
		return;
	}
	entry->suspected_by = by;
	entry->suspected_ms = at;
	if (try_condemn(v, entry, now))
		return;
	remember_suspect(v, entry);
	if (!partner_answering(v, entry, now))
		ask_partners(v, entry, PARTNER_AGAIN, now);
}

/* IPv4 works: whoever waits for that is judged now. */
void partner_ok(struct verdicts *v, struct entry *partner, long long now)
{
	if (now - partner->ok_ms > PARTNER_WITHIN)
		partner->ok_from_ms = now;
	partner->ok_ms = now;
	partner->silent = 0;
	for (size_t i = 0; i < v->suspect_count;) {
		struct entry *entry = &v->entries[v->suspects[i]];
		if (now - entry->suspected_ms > PARTNER_WITHIN)
			unsuspect(v, entry);
		else if (!try_condemn(v, entry, now))
			i++;
	}
}

/* ---- ok ---- */

static bool is_slow(const struct verdicts *v, const struct entry *entry)
{
	if (!v->rules.slow_threshold_ms || !entry->rtt_ms)
		return false;
	for (unsigned i = 0; i < entry->partner_count; i++) {
		const struct gp_addr addr = entry_partner(entry, i);
		const struct entry *partner = entry_find(v, &addr);
		if (partner && partner->rtt_ms &&
		    entry->rtt_ms > partner->rtt_ms + v->rules.slow_threshold_ms)
			return true;
	}
	return false;
}

/* Distrust withholds an address whose ok has run out: test it again before that. */
static long long refresh_at(const struct verdicts *v, const struct entry *entry,
			    long long now)
{
	const bool is_wanted =
		(entry->is_withheld && v->rules.distrust) || v->rules.probe_all;

	return v->rules.probes && is_wanted ? now + v->rules.ok_ttl_ms * 4LL / 5 : 0;
}

void entry_reached(struct verdicts *v, struct entry *entry, bool is_old, long long now)
{
	if (entry->verdict == GP_VERDICT_BROKEN || entry_is_pinned(entry, now))
		return;
	entry->ok_ms = now;
	entry->failures = entry->silent = 0;
	entry->is_mute = false;
	if (entry->suspected_by != VERDICT_BY_STALL)
		unsuspect(v, entry);
	if (!is_old)
		areas_ok(v, &entry->addr, entry, false, false, now);
}

void entry_ok(struct verdicts *v, struct entry *entry, enum verdict_evidence by,
	      bool data, bool is_old, long long now)
{
	const enum gp_verdict was = (enum gp_verdict)entry->verdict;
	const long long expires = now + v->rules.ok_ttl_ms;
	enum gp_verdict verdict;

	if (data)
		entry->data_ok_ms = now;
	if (was == GP_VERDICT_BROKEN && entry->evidence == VERDICT_BY_STALL && !data)
		return;
	entry->ok_ms = now;
	entry->failures = entry->silent = 0;
	entry->is_mute = false;
	if (entry->suspected_by != VERDICT_BY_STALL || data)
		unsuspect(v, entry);
	if (!is_old)
		areas_ok(v, &entry->addr, entry, data, by == VERDICT_BY_PROBE, now);
	if (entry_is_pinned(entry, now))
		return;
	entry->ttl_ms = 0;
	verdict = is_slow(v, entry) ? GP_VERDICT_SLOW : GP_VERDICT_OK;
	entry->next_test_ms = refresh_at(v, entry, now);
	/* A busy destination is not written anew for each of its connections. */
	if (was != verdict || expires - entry->expires_ms > v->rules.ok_ttl_ms / 16) {
		entry->expires_ms = expires;
		entry_say(v, entry, verdict, by, now);
	}
}
