/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_witness.c - who in a prefix is asked whether it still works, and who need not
 * be. */
#include <string.h>

#include "verdict_private.h"

/* ---- witnesses ---- */

static uint32_t known_by(const struct entry *entry)
{
	return entry->seen_by[0].ms == NEVER ? UID_NONE : entry->seen_by[0].uid;
}

/* Known by more than the sockets of one login user. */
static bool is_common(const struct verdicts *v, const struct entry *entry)
{
	for (unsigned i = 0; i < 2; i++)
		if (entry->seen_by[i].ms != NEVER &&
		    is_system_user(v, entry->seen_by[i].uid))
			return true;
	return entry->seen_by[0].ms != NEVER && entry->seen_by[1].ms != NEVER;
}

static bool is_witness(const struct verdicts *v, const struct area *area,
		       const struct entry *entry)
{
	return entry->addr.family == AF_INET6 && entry->ok_ms != NEVER &&
	       entry->verdict != GP_VERDICT_BROKEN && !entry->is_mute &&
	       answered_port(entry) && gp_prefix_match(&area->prefix, &entry->addr) &&
	       counts_for(v, &entry->addr, area->prefix.length);
}

static bool is_chosen(const struct choice *choice, const struct entry *entry)
{
	for (size_t i = 0; i < choice->count; i++)
		if (choice->entries[i] == entry)
			return true;
	return false;
}

static bool is_kind_chosen(const struct choice *choice, const struct entry *entry,
			   unsigned length)
{
	for (size_t i = 0; i < choice->count; i++)
		if (!memcmp(choice->entries[i]->addr.bytes, entry->addr.bytes, length))
			return true;
	return false;
}

/* At most half by the word of one login user, who could have chosen them: nobody knows
 * whether what is known by nobody is not his as well. */
static bool is_over_share(const struct verdicts *v, const struct choice *choice,
			  const struct entry *entry)
{
	const uint32_t uid = known_by(entry);
	unsigned same = 0;

	if (is_common(v, entry))
		return false;
	for (size_t i = 0; i < choice->count; i++) {
		const uint32_t other = known_by(choice->entries[i]);
		same += !is_common(v, choice->entries[i]) &&
			(other == uid || other == UID_NONE || uid == UID_NONE);
	}
	return same >= WITNESSES / 2;
}

/* How a candidate is looked for, the best first. */
enum pass { PASS_FLOWS, PASS_KINDS, PASS_COMMON, PASS_OTHERS, PASS_REST, PASSES };

static bool fits(const struct verdicts *v, const struct area *area,
		 const struct choice *choice, const struct entry *entry, enum pass pass)
{
	switch (pass) {
	case PASS_FLOWS:
		return entry->flow_ms == area->round.begun_ms &&
		       !is_over_share(v, choice, entry);
	case PASS_KINDS:
		return !is_kind_chosen(choice, entry, kinds_in(area).length) &&
		       !is_over_share(v, choice, entry);
	case PASS_COMMON:
		return is_common(v, entry);
	case PASS_OTHERS:
		return !is_over_share(v, choice, entry);
	case PASS_REST:
	case PASSES:
		break;
	}
	return true;
}

/* Root's and the system's come first, then who answered last. */
static bool is_better(const struct verdicts *v, const struct entry *a,
		      const struct entry *b)
{
	const bool a_common = is_common(v, a), b_common = is_common(v, b);

	return a_common != b_common ? a_common : a->ok_ms > b->ok_ms;
}

static struct entry *find_witness(struct verdicts *v, const struct area *area,
				  const struct choice *choice, enum pass pass)
{
	struct entry *found = NULL;

	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (is_witness(v, area, entry) && !is_chosen(choice, entry) &&
		    fits(v, area, choice, entry, pass) &&
		    (!found || is_better(v, entry, found)))
			found = entry;
	}
	return found;
}

static void choose_best(struct verdicts *v, const struct area *area,
			struct choice *choice, size_t most)
{
	for (int pass = 0; pass < PASSES; pass++) {
		while (choice->count < most) {
			struct entry *entry =
				find_witness(v, area, choice, (enum pass)pass);
			if (!entry)
				break;
			choice->entries[choice->count++] = entry;
		}
	}
}

/* Any of those that are left, each as likely as another: who answered last may all have
 * gone for one and the same reason. */
static void choose_by_chance(struct verdicts *v, const struct area *area,
			     struct choice *choice)
{
	struct entry *found = NULL;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < v->used_to; i++) {
		struct entry *entry = &v->entries[i];
		if (is_witness(v, area, entry) && !is_chosen(choice, entry) &&
		    !is_over_share(v, choice, entry) && random_below(v, ++seen) == 0)
			found = entry;
	}
	if (found)
		choice->entries[choice->count++] = found;
}

struct choice choose_witnesses(struct verdicts *v, const struct area *area)
{
	struct choice choice = {.count = 0};

	choose_best(v, area, &choice, WITNESSES - CHANCE);
	for (unsigned i = 0; i < CHANCE; i++)
		choose_by_chance(v, area, &choice);
	choose_best(v, area, &choice, WITNESSES);
	return choice;
}

/* ---- open connections ---- */

#define PEERS 64

static size_t peers_of(struct verdicts *v, struct verdict_peer peers[PEERS],
		       long long within)
{
	if (!v->ops.peers || within <= 0)
		return 0;
	return v->ops.peers(v->ops.ctx, peers, PEERS, (uint32_t)within);
}

/* It answers, hinted or not. */
static struct entry *note_flow(struct verdicts *v, const struct verdict_peer *peer,
			       long long now)
{
	struct entry *entry = entry_need(v, &peer->addr, UID_NONE, now);
	const long long at = now - peer->quiet_ms;

	if (!entry)
		return NULL;
	if (entry->ok_ms < at)
		entry->ok_ms = at;
	note_answer(entry, peer->port, at);
	note_seen_by(entry, peer->uid, at);
	return entry;
}

static bool is_inside(const struct verdicts *v, const struct area *area,
		      const struct gp_addr *addr)
{
	return counts_for(v, addr, area->prefix.length) &&
	       gp_prefix_match(&area->prefix, addr);
}

void note_flows(struct verdicts *v, const struct area *area, long long now)
{
	struct verdict_peer peers[PEERS];
	const size_t count = peers_of(v, peers, FLOWS_WITHIN);

	for (size_t i = 0; i < count; i++) {
		struct entry *entry = is_inside(v, area, &peers[i].addr)
					      ? note_flow(v, &peers[i], now)
					      : NULL;
		if (entry)
			entry->flow_ms = area->round.begun_ms;
	}
}

struct entry *live_flow(struct verdicts *v, const struct area *area, long long within,
			long long now)
{
	struct verdict_peer peers[PEERS];
	const size_t count = peers_of(v, peers, within);
	struct entry *found = NULL;

	for (size_t i = 0; i < count; i++) {
		struct entry *entry = is_inside(v, area, &peers[i].addr)
					      ? note_flow(v, &peers[i], now)
					      : NULL;
		if (entry && (!found || entry->asked_ms < found->asked_ms))
			found = entry;
	}
	return found;
}
