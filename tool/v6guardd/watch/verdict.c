/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict.c - the rules of DESIGN 6, one address at a time. */
#include <stdlib.h>
#include <string.h>

#include "verdict_private.h"

/* ---- output --------------------------------------------------------------------------
 */

/* MS and up to an eighth more or less, so that hosts do not test in step. */
long long jitter(struct verdicts *v, long long ms)
{
	const uint32_t spread = (uint32_t)(ms / 4);

	return ms - spread / 2 + random_below(v, spread + 1);
}

struct gp_addr entry_partner(const struct entry *entry, unsigned i)
{
	return gp_addr_make(AF_INET, entry->partner[i].bytes, 0);
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

/* Attempts at an unknown service take turns over the ports. */
static uint16_t port_for(const struct verdicts *v, const struct entry *entry)
{
	if (entry->port)
		return entry->port;
	if (!v->rules.port_count)
		return 443;
	return v->rules.ports[entry->failures % v->rules.port_count];
}

void entry_probe(struct verdicts *v, struct entry *entry, long long now)
{
	/* One at a time: what is under way began earlier, and says something else. */
	if (entry->is_asked && now - entry->asked_ms < PROBE_LOST)
		return;
	entry->asked_ms = now;
	entry->is_asked = v->rules.probes;
	if (v->rules.probes)
		v->ops.probe(v->ops.ctx, &entry->addr, port_for(v, entry));
}

/* ---- what was seen --------------------------------------------------------------------
 */

static struct entry *entry_of_program(struct verdicts *v, const struct gp_addr *addr,
				      uint16_t port, long long now)
{
	struct entry *entry = entry_find(v, addr);

	if (!entry || addr->family != AF_INET6)
		return NULL;
	entry->seen_ms = now;
	if (port)
		entry->port = port;
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
	struct entry *entry = entry_of_program(v, addr, port, now);

	/* One of an older epoch waits for an answer that goes elsewhere. */
	if (!entry || !entry->partner_count || !syn->retransmits ||
	    now - syn->waiting_ms < v->epoch_ms)
		return;
	if (wants_test(v, entry, now))
		entry_probe(v, entry, now);
	if (!partner_answering(v, entry, now) && entry->verdict != GP_VERDICT_BROKEN)
		ask_partners(v, entry, now);
	if (syn->retransmits >= 2)
		entry_suspect(v, entry, VERDICT_BY_RETRANSMITS, now - syn->quiet_ms, now);
}

static bool may_be_older(const struct verdicts *v, long long now)
{
	return now - v->epoch_ms < OLD_SOCKETS;
}

void verdict_failed(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		    uint32_t quiet_ms, long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, now);

	if (!entry)
		return;
	/* It may have been in vain since long ago: a probe tells how it is now. */
	if (v->rules.probes && (!port || may_be_older(v, now)))
		verdict_unclear(v, addr, port, now);
	else
		entry_suspect(v, entry, VERDICT_BY_RETRANSMITS,
			      v->rules.probes ? now - quiet_ms : now, now);
}

void verdict_unclear(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		     long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, now);

	if (entry && entry->partner_count && wants_test(v, entry, now))
		entry_probe(v, entry, now);
}

void verdict_stalled(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		     long long now)
{
	struct entry *entry = entry_of_program(v, addr, port, now);

	if (entry && !may_be_older(v, now))
		entry_suspect(v, entry, VERDICT_BY_STALL, now, now);
}

void verdict_ok(struct verdicts *v, const struct gp_addr *addr,
		const struct verdict_connection *connection, long long now)
{
	const bool data = connection->data;
	struct entry *entry;

	if (gp_addr_is_special(addr))
		return;
	if (addr->family == AF_INET) {
		entry = entry_find(v, addr);
		if (entry)
			partner_ok(v, entry, now);
		return;
	}
	entry = entry_need(v, addr, UID_NONE, now);
	if (entry)
		entry_ok(v, entry, VERDICT_BY_CONNECTION, data, now);
	else
		/* No room to remember it by itself. */
		areas_ok(v, addr, data, now);
}

static bool is_worth_knowing(const struct gp_addr *addr)
{
	return !gp_addr_is_special(addr) && !addr->scope_id;
}

/* An address that a door handed out, or held back, untested. */
static void hinted(struct verdicts *v, struct entry *entry, bool withheld, uint32_t uid,
		   long long now)
{
	const bool is_fresh =
		entry->verdict != GP_VERDICT_UNKNOWN && entry->expires_ms > now;

	entry->hint_ms = now;
	entry->is_withheld |= withheld;
	if (!(withheld || v->rules.probe_all) || is_fresh || is_covered(v, entry))
		return;
	if (!entry->next_test_ms && may_ask(entry, PROBE_AGAIN, now) &&
	    may_cause_probe(v, uid, now))
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
			add_partner(entry, partners[j], uid);
		hinted(v, entry, withheld[i], uid, now);
	}
}

/* ---- probes --------------------------------------------------------------------------
 */

unsigned attempts_needed(const struct verdicts *v, const struct entry *entry)
{
	return entry->port || v->rules.port_count < 2 ? 2 : v->rules.port_count;
}

static void still_broken(struct verdicts *v, struct entry *entry, long long now)
{
	entry->failed_ms = now;
	entry->failures = 0;
	entry_lengthen(v, entry);
	entry_schedule(v, entry, now);
	entry_say(v, entry, GP_VERDICT_BROKEN, (enum verdict_evidence)entry->evidence,
		  now);
	areas_failed(v, entry, now);
}

static void attempt_failed(struct verdicts *v, struct entry *entry,
			   enum verdict_evidence by, long long now)
{
	areas_proven(v, &entry->addr);
	if (entry->verdict == GP_VERDICT_BROKEN) {
		/* An attempt from before the verdict is no re-test of it. */
		if (!entry_is_pinned(entry, now) && entry->evidence != VERDICT_BY_STALL &&
		    entry->asked_ms >= entry->since_ms)
			still_broken(v, entry, now);
		return;
	}
	/* It stood for its prefix, and needs no verdict of its own meanwhile. */
	if (entry->verdict == GP_VERDICT_UNKNOWN && is_covered(v, entry))
		return;
	if (now - entry->failed_attempt_ms > FAILURES_COUNT)
		entry->failures = 0;
	entry->failed_attempt_ms = now;
	entry->failures++;
	if (entry->failures < attempts_needed(v, entry)) {
		entry->next_test_ms = now + ATTEMPT_GAP;
		if (!partner_answering(v, entry, now))
			ask_partners(v, entry, now);
		return;
	}
	entry->failures = 0;
	entry_suspect(v, entry, by, entry->asked_ms, now);
}

/* No route, no room, or a firewall of our own: a re-test that could not be made says
 * nothing, but a verdict that is never proven again must end some day. */
static void not_made(struct verdicts *v, struct entry *entry, long long now)
{
	if (entry->verdict != GP_VERDICT_BROKEN || entry_is_pinned(entry, now) ||
	    ++entry->failures >= UNMADE_MAX)
		return;
	entry_schedule(v, entry, now);
	entry_say(v, entry, GP_VERDICT_BROKEN, (enum verdict_evidence)entry->evidence,
		  now);
}

static void probed_ipv6(struct verdicts *v, struct entry *entry,
			enum verdict_probe result, long long now)
{
	switch (result) {
	case VERDICT_PROBE_OK:
		entry_ok(v, entry, VERDICT_BY_PROBE, false, now);
		if (v->rules.slow_threshold_ms && entry->verdict == GP_VERDICT_OK &&
		    !partner_answering(v, entry, now))
			ask_partners(v, entry, now);
		break;
	case VERDICT_PROBE_TIMEOUT:
		attempt_failed(v, entry, VERDICT_BY_PROBE, now);
		break;
	case VERDICT_PROBE_ICMP:
		attempt_failed(v, entry, VERDICT_BY_ICMP, now);
		break;
	case VERDICT_PROBE_NOTHING:
		not_made(v, entry, now);
		break;
	}
}

void verdict_probed(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		    enum verdict_probe result, uint32_t rtt_ms, long long now)
{
	struct entry *entry = entry_find(v, addr);

	(void)port;
	if (!entry)
		return;
	entry->is_asked = false;
	if (result == VERDICT_PROBE_OK)
		entry->silent = 0;
	else if (result != VERDICT_PROBE_NOTHING && entry->silent < UINT8_MAX)
		entry->silent++;
	if (result == VERDICT_PROBE_OK)
		entry->rtt_ms = rtt_ms ? rtt_ms : 1;
	if (addr->family == AF_INET6)
		probed_ipv6(v, entry, result, now);
	else if (result == VERDICT_PROBE_OK)
		partner_ok(v, entry, now);
}

/* ---- time ----------------------------------------------------------------------------
 */

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
	if (entry->verdict == GP_VERDICT_OK && now - entry->hint_ms > v->rules.ok_ttl_ms)
		return; /* nobody asks for it any more */
	if (entry->verdict == GP_VERDICT_BROKEN && now - entry->seen_ms > UNUSED_AFTER) {
		entry->expires_ms = now; /* so nobody needs to know */
		return;
	}
	entry_probe(v, entry, now);
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

/* ---- the whole ------------------------------------------------------------------------
 */

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
	v->internet = (struct area){.is_used = true,
				    .prefix = {.addr.family = AF_INET6},
				    .ok_ms = NEVER,
				    .pinned_until_ms = NEVER};
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

void verdicts_set_anchors(struct verdicts *v, const struct verdict_peer *anchors,
			  size_t count)
{
	(void)v, (void)anchors, (void)count;
}

static void area_forget(struct verdicts *v, struct area *area, long long now)
{
	area->pinned_until_ms = area->ok_ms = NEVER;
	area->ttl_ms = 0;
	area->expires_ms = area->next_test_ms = 0;
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
	v->internet.ok_ms = NEVER;
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
