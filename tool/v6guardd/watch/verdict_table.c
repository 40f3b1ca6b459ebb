/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_table.c - the addresses that something is known of: a bounded hash table. */
#include <string.h>

#include "verdict_private.h"

#define SAMPLES 16

void table_init(struct verdicts *v)
{
	memset(v->bucket, 0xff, sizeof(v->bucket));
	for (size_t i = 0; i < SHARES; i++) {
		v->shares[i].uid = UID_NONE;
		v->shares[i].at_ms = NEVER;
		v->shares[i].second_ms = v->shares[i].minute_ms = NEVER;
		v->shares[i].turn_ms = NEVER;
	}
	v->healed_ms = v->login_minute_ms = v->cover.last_ms = v->slot_ms = NEVER;
	v->free_head = ENTRY_NONE;
	v->used_to = 0;
}

/* xorshift32: jitter and victims, nothing that must not be guessed. */
uint32_t random_below(struct verdicts *v, uint32_t limit)
{
	v->random ^= v->random << 13;
	v->random ^= v->random >> 17;
	v->random ^= v->random << 5;
	return limit ? v->random % limit : 0;
}

static uint32_t bucket_of(const struct verdicts *v, const struct gp_addr *addr)
{
	uint64_t words[2];
	uint64_t hash = v->hash_seed ^ addr->family;

	memcpy(words, addr->bytes, sizeof(words));
	for (size_t i = 0; i < 2; i++) {
		hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 32) % ENTRY_BUCKETS;
}

bool may_ask(const struct entry *entry, long long base, long long now)
{
	return now - entry->asked_ms >= base << (entry->silent < 4 ? entry->silent : 4);
}

bool entry_is_pinned(const struct entry *entry, long long now)
{
	return entry->pinned_until_ms > now;
}

struct entry *entry_find(const struct verdicts *v, const struct gp_addr *addr)
{
	for (uint32_t i = v->bucket[bucket_of(v, addr)]; i != ENTRY_NONE;
	     i = v->entries[i].next)
		if (gp_addr_equal(&v->entries[i].addr, addr))
			return (struct entry *)(uintptr_t)&v->entries[i];
	return NULL;
}

static void unsuspect(struct verdicts *v, uint32_t index)
{
	for (size_t i = 0; i < v->suspect_count; i++)
		if (v->suspects[i] == index)
			v->suspects[i--] = v->suspects[--v->suspect_count];
}

void entry_remove(struct verdicts *v, struct entry *entry)
{
	const uint32_t index = (uint32_t)(entry - v->entries);
	uint32_t *at = &v->bucket[bucket_of(v, &entry->addr)];

	while (*at != index)
		at = &v->entries[*at].next;
	*at = entry->next;
	unsuspect(v, index);
	count_broken(v, (enum gp_verdict)entry->verdict, GP_VERDICT_UNKNOWN);
	if (entry->share != SHARE_NONE)
		v->shares[entry->share].count--;
	entry->addr.family = 0;
	entry->next = v->free_head;
	v->free_head = index;
}

/* All but who it is and with whom it was handed out. */
void entry_forget(struct entry *entry)
{
	entry->verdict = GP_VERDICT_UNKNOWN;
	entry->evidence = VERDICT_BY_NOTHING;
	entry->failures = entry->silent = 0;
	entry->is_mute = entry->is_new = entry->is_urgent = false;
	entry->ttl_ms = entry->rtt_ms = 0;
	entry->since_ms = entry->expires_ms = entry->next_test_ms = 0;
	entry->large_ok_ms = entry->ok_ms = entry->ok_from_ms = entry->data_ok_ms =
		entry->failed_ms = NEVER;
	entry->suspected_ms = entry->failed_attempt_ms = entry->asked_ms = NEVER;
	entry->open_ms = entry->tried_ms = entry->other_port_ms = entry->flow_ms = NEVER;
	entry->pinned_until_ms = NEVER;
	entry->other_port = 0;
	for (unsigned i = 0; i < ANSWERS; i++)
		entry->answers[i].ok_ms = NEVER;
	for (unsigned i = 0; i < 2; i++)
		entry->seen_by[i].ms = NEVER;
}

static bool may_go(const struct entry *entry, long long now)
{
	const bool is_needed = (entry->verdict == GP_VERDICT_BROKEN ||
				entry->verdict == GP_VERDICT_SLOW) &&
			       now - entry->seen_ms <= UNUSED_AFTER;

	return entry->addr.family && !entry_is_pinned(entry, now) && !is_needed &&
	       now - entry->suspected_ms > PARTNER_WITHIN;
}

/* The one of a few that was needed least lately; whole scans would cost too much on a
 * host with thousands of connections a second. */
static struct entry *victim(struct verdicts *v, long long now)
{
	struct entry *found = NULL;

	for (unsigned i = 0; i < SAMPLES; i++) {
		struct entry *entry = &v->entries[random_below(v, v->used_to)];
		if (may_go(entry, now) && (!found || entry->seen_ms < found->seen_ms))
			found = entry;
	}
	return found;
}

/* UID's own, else the one that was used least lately of those that hold nothing. */
uint8_t share_of(struct verdicts *v, uint32_t uid)
{
	const uint8_t rest = is_system_user(v, uid) ? SHARE_SYSTEM : SHARE_LOGIN;
	uint8_t share = rest;

	if (uid == UID_NONE)
		return SHARE_NONE;
	for (uint8_t i = 0; i < SHARE_SYSTEM; i++) {
		if (v->shares[i].uid == uid)
			return i;
		if (!v->shares[i].count &&
		    (share == rest || v->shares[i].at_ms < v->shares[share].at_ms))
			share = i;
	}
	if (share != rest) {
		v->shares[share].uid = uid;
		v->shares[share].tokens = HINT_PROBES * 1000LL;
		v->shares[share].at_ms = NEVER;
		v->shares[share].second_ms = v->shares[share].minute_ms = NEVER;
		v->shares[share].turn_ms = NEVER;
	}
	return share;
}

static bool is_login_share(const struct verdicts *v, uint8_t share)
{
	return share == SHARE_LOGIN ||
	       (share < SHARE_SYSTEM && !is_system_user(v, v->shares[share].uid));
}

static bool has_login_room(const struct verdicts *v)
{
	uint32_t count = 0;

	for (uint8_t i = 0; i < SHARES; i++)
		count += is_login_share(v, i) ? v->shares[i].count : 0;
	return count < ENTRY_LOGIN;
}

/* Once SHARE is used up, one of its own goes; or one of any login user's. */
static bool has_share_left(struct verdicts *v, uint8_t share, long long now)
{
	struct entry *oldest = NULL;
	unsigned left = SAMPLES;

	if (share == SHARE_NONE)
		return true;
	const bool is_own = v->shares[share].count >= ENTRY_PER_UID;
	if (!is_own && (!is_login_share(v, share) || has_login_room(v)))
		return true;
	/* A quarter of all at least: so many tries find some. */
	for (unsigned i = 0; i < 16 * SAMPLES && left > 0; i++) {
		struct entry *entry = &v->entries[random_below(v, v->used_to)];
		if (!entry->addr.family ||
		    (is_own ? entry->share != share : !is_login_share(v, entry->share)))
			continue;
		left--;
		if (may_go(entry, now) && (!oldest || entry->seen_ms < oldest->seen_ms))
			oldest = entry;
	}
	if (!oldest)
		return false;
	if (oldest->verdict != GP_VERDICT_UNKNOWN)
		entry_say(v, oldest, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
	entry_remove(v, oldest);
	return true;
}

static struct entry *take_free(struct verdicts *v, long long now)
{
	if (v->free_head == ENTRY_NONE && v->used_to < ENTRY_MAX)
		return &v->entries[v->used_to++];
	if (v->free_head == ENTRY_NONE) {
		struct entry *old = victim(v, now);
		if (!old)
			return NULL;
		if (old->verdict != GP_VERDICT_UNKNOWN)
			entry_say(v, old, GP_VERDICT_UNKNOWN, VERDICT_BY_NOTHING, now);
		entry_remove(v, old);
	}
	struct entry *entry = &v->entries[v->free_head];
	v->free_head = entry->next;
	return entry;
}

struct entry *entry_need(struct verdicts *v, const struct gp_addr *addr, uint32_t uid,
			 long long now)
{
	struct entry *entry = entry_find(v, addr);
	uint32_t *bucket = &v->bucket[bucket_of(v, addr)];
	uint8_t share;

	if (entry) {
		entry->seen_ms = now;
		return entry;
	}
	share = share_of(v, uid);
	if (!has_share_left(v, share, now))
		return NULL;
	entry = take_free(v, now);
	if (!entry)
		return NULL;
	*entry = (struct entry){
		.addr = *addr, .share = share, .seen_ms = now, .tried_by = UID_NONE};
	if (share != SHARE_NONE)
		v->shares[share].count++;
	entry_forget(entry);
	entry->hint_ms = NEVER;
	entry->next = *bucket;
	*bucket = (uint32_t)(entry - v->entries);
	return entry;
}
