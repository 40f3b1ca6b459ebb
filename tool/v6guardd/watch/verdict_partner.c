/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_partner.c - the IPv4 addresses that an address was handed out with, and whose
 * word that is: one user's word moves nobody else's connections.
 */
#include <string.h>

#include "verdict_private.h"

bool is_system_user(const struct verdicts *v, uint32_t uid)
{
	return uid <= v->rules.system_uid_max;
}

struct gp_addr entry_partner(const struct entry *entry, unsigned i)
{
	return gp_addr_make(AF_INET, entry->partner[i].bytes, 0);
}

/* ---- whether they answer ---- */

const struct entry *partner_answering(const struct verdicts *v, const struct entry *entry,
				      long long now)
{
	for (unsigned i = 0; i < entry->partner_count; i++) {
		const struct gp_addr addr = entry_partner(entry, i);
		const struct entry *partner = entry_find(v, &addr);
		if (partner && now - partner->ok_ms <= PARTNER_WITHIN)
			return partner;
	}
	return NULL;
}

bool partner_serving(const struct verdicts *v, const struct entry *entry, uint16_t port,
		     long long now)
{
	for (unsigned i = 0; i < entry->partner_count; i++) {
		const struct gp_addr addr = entry_partner(entry, i);
		const struct entry *partner = entry_find(v, &addr);
		if (partner && now - answered_on(partner, port) <= PARTNER_WITHIN)
			return true;
	}
	return false;
}

const struct entry *partner_vouches(const struct verdicts *v, const struct entry *entry,
				    unsigned i, long long at)
{
	const struct gp_addr addr = entry_partner(entry, i);
	const struct entry *partner = entry_find(v, &addr);

	return partner && partner->ok_from_ms <= at &&
			       at - partner->ok_ms <= PARTNER_WITHIN
		       ? partner
		       : NULL;
}

/*
 * One that root or the system named, or the user whose socket goes there; else at the
 * rate at which a user may have others probed: he could name anybody.
 */
static bool may_ask_partner(struct verdicts *v, const struct entry *entry, unsigned i,
			    long long now)
{
	if (is_named_by(v, entry, i, entry->tried_by))
		return true;
	return may_cause_probe(v, entry->partner[i].uids[0], now);
}

void ask_partners(struct verdicts *v, const struct entry *entry, long long again,
		  long long now)
{
	for (unsigned i = 0; i < entry->partner_count; i++) {
		const struct gp_addr addr = entry_partner(entry, i);
		struct entry *partner = entry_find(v, &addr);
		if (!partner || !may_ask(partner, again, now) ||
		    !is_within(v, LIMIT_PARTNERS, now) ||
		    !may_ask_partner(v, entry, i, now))
			continue;
		partner->port = entry->port;
		entry_probe(v, partner, now);
	}
}

/* ---- who names them ---- */

bool is_named_by(const struct verdicts *v, const struct entry *entry, unsigned i,
		 uint32_t uid)
{
	for (unsigned j = 0; j < NAMERS; j++) {
		const uint32_t namer = entry->partner[i].uids[j];
		if (namer != UID_NONE && (namer == uid || is_system_user(v, namer)))
			return true;
	}
	return false;
}

void partner_to_front(struct entry *entry, unsigned at)
{
	const __typeof__(entry->partner[0]) moved = entry->partner[at];

	memmove(&entry->partner[1], &entry->partner[0], at * sizeof(entry->partner[0]));
	entry->partner[0] = moved;
}

/* The oldest of who has the most places, of UID's own before another's: so that nobody
 * can push out what others have said. */
static unsigned place_to_take(const struct entry *entry, uint32_t uid)
{
	unsigned found = 0, most = 0;

	for (unsigned i = 0; i < VERDICT_PARTNERS; i++) {
		const uint32_t owner = entry->partner[i].uids[0];
		unsigned places = 0;
		for (unsigned j = 0; j < VERDICT_PARTNERS; j++)
			places += 2 * (entry->partner[j].uids[0] == owner);
		places += owner == uid;
		if (places >= most) {
			most = places;
			found = i;
		}
	}
	return found;
}

unsigned partner_place(const struct entry *entry, const struct gp_addr *partner)
{
	unsigned at = 0;

	while (at < entry->partner_count &&
	       memcmp(entry->partner[at].bytes, partner->bytes, 4))
		at++;
	return at;
}

/* Its own place, a free one, or that of the oldest; the system's word is kept whatever
 * others say. */
static unsigned namer_to_take(const struct verdicts *v, const uint32_t uids[NAMERS],
			      uint32_t uid)
{
	unsigned at = 0;

	while (at < NAMERS && uids[at] != uid && uids[at] != UID_NONE)
		at++;
	if (at < NAMERS)
		return at;
	at = NAMERS - 1;
	while (at > 0 && is_system_user(v, uids[at]))
		at--;
	return at;
}

void add_partner(const struct verdicts *v, struct entry *entry,
		 const struct gp_addr *partner, uint32_t uid)
{
	unsigned at = partner_place(entry, partner);
	const bool is_known = at < entry->partner_count;
	uint32_t *uids;

	if (at == VERDICT_PARTNERS)
		at = place_to_take(entry, uid);
	else if (!is_known)
		entry->partner_count++;
	uids = entry->partner[at].uids;
	for (unsigned i = 0; !is_known && i < NAMERS; i++)
		uids[i] = UID_NONE;
	memcpy(entry->partner[at].bytes, partner->bytes, 4);
	const unsigned place = namer_to_take(v, uids, uid);
	memmove(&uids[1], &uids[0], place * sizeof(*uids));
	uids[0] = uid;
	partner_to_front(entry, at);
}

/* ---- what others saw ---- */

/* The kernel does not say whose connections were that have closed: the one user's who was
 * handed the address, if there is but one. */
static uint32_t only_namer(const struct entry *entry)
{
	uint32_t only = UID_NONE;

	for (unsigned i = 0; i < entry->partner_count; i++)
		for (unsigned j = 0; j < NAMERS; j++) {
			const uint32_t uid = entry->partner[i].uids[j];
			if (uid == UID_NONE || uid == only)
				continue;
			if (only != UID_NONE)
				return UID_SOME;
			only = uid;
		}
	return only;
}

void note_seen_by(struct entry *entry, uint32_t uid, long long now)
{
	if (uid == UID_NONE)
		uid = only_namer(entry);
	if (uid == UID_NONE)
		return;
	if (entry->seen_by[0].uid != uid) {
		entry->seen_by[1] = entry->seen_by[0];
		entry->seen_by[0].uid = uid;
		entry->seen_by[0].ms = NEVER;
	}
	if (entry->seen_by[0].ms < now)
		entry->seen_by[0].ms = now;
}

static bool have_others_seen(const struct entry *entry, uint32_t uid, long long now)
{
	for (unsigned i = 0; i < 2; i++)
		if (entry->seen_by[i].uid != uid &&
		    now - entry->seen_by[i].ms < SEEN_WITHIN)
			return true;
	return false;
}

bool is_one_word(const struct verdicts *v, const struct entry *entry, unsigned slots,
		 long long now)
{
	uint32_t only = UID_NONE;

	for (unsigned i = 0; i < entry->partner_count; i++) {
		for (unsigned j = 0; slots >> i & 1 && j < NAMERS; j++) {
			const uint32_t uid = entry->partner[i].uids[j];
			if (uid == UID_NONE || uid == only)
				continue;
			if (only != UID_NONE || is_system_user(v, uid))
				return false;
			only = uid;
		}
	}
	/* Our own probe, where it answered them, is more than a word. */
	return have_others_seen(entry, only, now) && !entry->silent;
}
