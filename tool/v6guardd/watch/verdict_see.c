/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_see.c - what programs' sockets show, and what doors tell. */
#include "verdict_private.h"

/* ---- sockets ---- */

static struct entry *entry_of_program(struct verdicts *v, const struct gp_addr *addr,
				      uint16_t port, uint32_t uid, long long now)
{
	struct entry *entry = entry_find(v, addr);

	if (!entry || addr->family != AF_INET6)
		return NULL;
	entry->seen_ms = entry->tried_ms = now;
	if (port)
		entry->port = port;
	if (uid != UID_NONE)
		entry->tried_by = uid;
	return entry;
}

/* Whether an address without evidence is worth a packet of ours. While a prefix around
 * it is broken that is what is tested, at its own pace. */
static bool wants_test(const struct verdicts *v, const struct entry *entry, long long now)
{
	return entry->verdict != GP_VERDICT_BROKEN && !entry_is_pinned(entry, now) &&
	       !entry->next_test_ms && may_ask(entry, PROBE_AGAIN, now) &&
	       now - entry->ok_ms >= OK_FORBIDS && !is_covered(v, entry);
}

void verdict_syn(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		 const struct verdict_waiting *syn, long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, syn->uid, now);
	const bool is_twice = syn->retransmits >= 2 && syn->quiet_ms >= ANSWER_TAKES;

	/* One of an older epoch waits for an answer that goes elsewhere. */
	if (!entry || !entry->partner_count || !syn->retransmits ||
	    now - syn->waiting_ms < v->epoch_ms)
		return;
	if (wants_test(v, entry, now) && is_within(v, LIMIT_TESTS, now))
		entry_probe(v, entry, now);
	if (!partner_serving(v, entry, port, now) && entry->verdict != GP_VERDICT_BROKEN)
		ask_partners(v, entry, PARTNER_AGAIN, now);
	if (is_twice)
		entry_suspect(v, entry, VERDICT_BY_RETRANSMITS, now - syn->quiet_ms, now);
	if (syn->quiet_ms <= PARTNER_WITHIN)
		areas_pressed(v, entry, is_twice, now);
}

static bool may_be_older(const struct verdicts *v, long long now)
{
	return now - v->epoch_ms < OLD_SOCKETS;
}

static void unclear(struct verdicts *v, struct entry *entry, long long now)
{
	if (!entry->partner_count || !wants_test(v, entry, now))
		return;
	if (is_within(v, LIMIT_TESTS, now))
		entry_probe(v, entry, now);
	else /* else its next visitor would hang as well */
		entry->next_test_ms = now + 60 * SECOND + random_below(v, 60 * SECOND);
}

void verdict_failed(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		    uint32_t quiet_ms, long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, UID_NONE, now);

	if (!entry)
		return;
	/* It may have been in vain since long ago: a probe tells how it is now. */
	if (v->rules.probes && (!port || may_be_older(v, now))) {
		unclear(v, entry, now);
		return;
	}
	entry_suspect(v, entry, VERDICT_BY_RETRANSMITS,
		      v->rules.probes ? now - quiet_ms : now, now);
	if (entry->partner_count && quiet_ms <= PARTNER_WITHIN)
		areas_pressed(v, entry, true, now);
}

void verdict_unclear(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		     long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, UID_NONE, now);

	if (entry)
		unclear(v, entry, now);
}

void verdict_stalled(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		     bool towards_us, long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, UID_NONE, now);

	if (!entry || may_be_older(v, now))
		return;
	if (entry->verdict != GP_VERDICT_BROKEN)
		entry->is_towards_us = towards_us;
	entry_suspect(v, entry, VERDICT_BY_STALL, now, now);
}

void verdict_ok(struct verdicts *v, const struct gp_addr *addr,
		const struct verdict_connection *connection, long long now)
{
	struct entry *entry;
	bool is_old = false;

	if (gp_addr_is_special(addr))
		return;
	if (addr->family == AF_INET) {
		/* A printer in the next room does not show that there is IPv4 beyond. */
		entry = entry_find(v, addr);
		if (!entry)
			return;
		v->ipv4_ok_ms = now;
		note_answer(entry, connection->port, now);
		partner_ok(v, entry, now);
		return;
	}
	entry = entry_need(v, addr, UID_NONE, now);
	if (!entry) { /* no room to remember it by itself */
		areas_ok(v, addr, NULL, connection->data, false, now);
		return;
	}
	note_answer(entry, connection->port, now);
	note_seen_by(entry, connection->uid, now);
	/* Whose it is, is known of open ones alone. Those go on where no SYN passes. */
	if (connection->uid != UID_NONE) {
		is_old = now - entry->open_ms < FLOWS_WITHIN;
		entry->open_ms = now;
	}
	if (connection->waits) {
		entry_reached(v, entry, is_old, now);
		return;
	}
	if (connection->data)
		entry->data_ok_ms = now;
	if (connection->large)
		entry->large_ok_ms = now;
	/* What is small gets through a hole towards us. */
	entry_ok(v, entry, VERDICT_BY_CONNECTION,
		 entry->is_towards_us ? connection->large : connection->data, is_old,
		 now);
}

/* ---- hints ---- */

static bool is_worth_knowing(const struct gp_addr *addr)
{
	return !gp_addr_is_special(addr) && !addr->scope_id;
}

/*
 * Who is a user's own to name causes few probes, and none twice within broken-ttl: else
 * he would have others scanned by us. Where a program went by itself there is no need
 * for that.
 */
static bool may_probe_for(struct verdicts *v, const struct entry *entry, uint32_t uid,
			  long long now)
{
	if (is_tried(v, entry))
		return true;
	if (!is_system_user(v, uid) && now - entry->asked_ms < v->rules.broken_ttl_ms)
		return false;
	return may_cause_probe(v, uid, now);
}

/* A prefix around ENTRY is broken: whoever is looked up shows whether it has healed. */
static void look_under_cover(struct verdicts *v, struct entry *entry, uint32_t uid,
			     long long now)
{
	const long long at = turn_at(v, uid, now);

	/* Only what has no verdict of its own is tested as it falls due. */
	const bool may_wait = entry->verdict == GP_VERDICT_UNKNOWN;

	if (entry->verdict == GP_VERDICT_OK || entry->evidence == VERDICT_BY_STALL ||
	    entry->next_test_ms == at || now - entry->asked_ms < COVER_AGAIN ||
	    at > now + (may_wait ? SECOND / COVER_RATE : 0) ||
	    !may_probe_for(v, entry, uid, now))
		return;
	take_turn(v, uid, at > now ? at : now);
	if (at > now) {
		entry->next_test_ms = at;
		return;
	}
	entry_probe(v, entry, now);
	entry->is_extra = true;
}

/* Its trouble is new, and may be over by now. */
static void look_again(struct verdicts *v, struct entry *entry, uint32_t uid,
		       long long now)
{
	if (entry->evidence == VERDICT_BY_STALL || now - entry->since_ms > RECENT ||
	    now - entry->asked_ms < RECENT_AGAIN ||
	    now - entry->failed_ms < RECENT_AGAIN || !may_probe_for(v, entry, uid, now) ||
	    !is_within(v, LIMIT_RETESTS, now))
		return;
	entry_probe(v, entry, now);
	entry->is_extra = true;
}

/* An address that a door handed out, or held back. */
static void hinted(struct verdicts *v, struct entry *entry, bool withheld, uint32_t uid,
		   long long now)
{
	const bool is_fresh =
		entry->verdict != GP_VERDICT_UNKNOWN && entry->expires_ms > now;

	withheld &= v->rules.distrust;
	entry->hint_ms = now;
	entry->is_withheld |= withheld;
	if (!v->rules.probes || entry_is_pinned(entry, now))
		return;
	if (is_covered(v, entry))
		look_under_cover(v, entry, uid, now);
	else if (entry->verdict == GP_VERDICT_BROKEN)
		look_again(v, entry, uid, now);
	else if ((withheld || v->rules.probe_all) && !is_fresh && !entry->next_test_ms &&
		 may_ask(entry, PROBE_AGAIN, now) && may_probe_for(v, entry, uid, now))
		entry_probe(v, entry, now);
}

void verdict_hint(struct verdicts *v, const struct gp_addr *addresses,
		  const bool *withheld, size_t count, uint32_t uid, long long now)
{
	const struct gp_addr *partners[VERDICT_PARTNERS];
	size_t partner_count = 0;

	for (size_t i = 0; i < count && partner_count < VERDICT_PARTNERS; i++)
		if (addresses[i].family == AF_INET && is_worth_knowing(&addresses[i]) &&
		    entry_need(v, &addresses[i], uid, now))
			partners[partner_count++] = &addresses[i];
	for (size_t i = 0; i < count; i++) {
		struct entry *entry;
		if (addresses[i].family != AF_INET6 || !is_worth_knowing(&addresses[i]))
			continue;
		entry = entry_need(v, &addresses[i], uid, now);
		if (!entry)
			continue;
		for (size_t j = partner_count; j-- > 0;)
			add_partner(v, entry, partners[j], uid);
		hinted(v, entry, withheld[i], uid, now);
	}
}
