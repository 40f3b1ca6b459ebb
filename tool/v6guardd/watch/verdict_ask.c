/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_ask.c - questions to the machine, and the operator's word. */
#include <string.h>

#include "verdict_private.h"

const char *verdict_evidence_name(enum verdict_evidence evidence)
{
	switch (evidence) {
	case VERDICT_BY_NOTHING:
		return "nothing";
	case VERDICT_BY_CONNECTION:
		return "connection";
	case VERDICT_BY_PROBE:
		return "probe";
	case VERDICT_BY_RETRANSMITS:
		return "retransmits";
	case VERDICT_BY_ICMP:
		return "icmp";
	case VERDICT_BY_STALL:
		return "stall";
	case VERDICT_BY_MEMBERS:
		return "members";
	case VERDICT_BY_OPERATOR:
		return "operator";
	case VERDICT_BY_COUNT:
		break;
	}
	return NULL;
}

static enum gp_status pin_area(struct verdicts *v, const struct gp_prefix *prefix,
			       enum gp_verdict verdict, uint32_t ttl, long long now)
{
	struct area *area = prefix->length ? area_need(v, &prefix->addr) : &v->internet;

	if (!area)
		return GP_NOMEM;
	area->pinned_until_ms = area->expires_ms = now + ttl;
	area->next_test_ms = 0;
	area_say(v, area, verdict, VERDICT_BY_OPERATOR, now);
	return GP_OK;
}

enum gp_status verdict_set(struct verdicts *v, const struct gp_prefix *prefix,
			   enum gp_verdict verdict, uint32_t ttl_ms, long long now)
{
	struct entry *entry;

	if (prefix->addr.family != AF_INET6)
		return GP_RANGE;
	if (prefix->length == 0 || prefix->length == 48)
		return pin_area(v, prefix, verdict, ttl_ms, now);
	if (prefix->length != 128)
		return GP_RANGE;
	entry = entry_need(v, &prefix->addr, UID_NONE, now);
	if (!entry)
		return GP_NOMEM;
	entry->pinned_until_ms = entry->expires_ms = now + ttl_ms;
	entry->next_test_ms = 0;
	entry_say(v, entry, verdict, VERDICT_BY_OPERATOR, now);
	return GP_OK;
}

enum gp_verdict verdict_of(const struct verdicts *v, const struct gp_addr *addr,
			   long long now)
{
	const struct entry *entry = entry_find(v, addr);
	const struct area *area;

	if (addr->family != AF_INET6)
		return GP_VERDICT_UNKNOWN;
	if (entry && entry->verdict != GP_VERDICT_UNKNOWN && entry->expires_ms > now)
		return (enum gp_verdict)entry->verdict;
	if (is_translated(v, addr))
		return GP_VERDICT_UNKNOWN;
	area = area_find(v, addr);
	if (area && area->verdict != GP_VERDICT_UNKNOWN && area->expires_ms > now)
		return (enum gp_verdict)area->verdict;
	/* As the map's readers do: ::/0 speaks for global unicast that is far away. */
	if (counts_for(v, addr, 0) && v->internet.expires_ms > now)
		return (enum gp_verdict)v->internet.verdict;
	return GP_VERDICT_UNKNOWN;
}

size_t verdict_partners(const struct verdicts *v, const struct gp_addr *addr,
			struct gp_addr out[VERDICT_PARTNERS])
{
	const struct entry *entry = entry_find(v, addr);

	if (!entry)
		return 0;
	for (unsigned i = 0; i < entry->partner_count; i++)
		out[i] = entry_partner(entry, i);
	return entry->partner_count;
}

/* It was answered on PORT after it was said to be broken. */
static bool is_ok_since(const struct verdicts *v, const struct entry *entry,
			uint16_t port, long long now)
{
	long long since = v->internet.since_ms;
	const struct area *area = area_find(v, &entry->addr);

	if (area && area->verdict == GP_VERDICT_BROKEN && area->expires_ms > now)
		since = area->since_ms;
	if (entry->verdict == GP_VERDICT_BROKEN)
		since = entry->since_ms;
	return answered_on(entry, port) >= since;
}

/* PARTNER was answered on PORT shortly before AT, and no interruption since: not merely
 * the host, since a service may be there on one family alone. */
static bool serves(const struct entry *partner, uint16_t port, long long at)
{
	return at - answered_on(partner, port) <= PARTNER_WITHIN;
}

enum verdict_rescue verdict_may_rescue(const struct verdicts *v,
				       const struct gp_addr *addr, uint16_t port,
				       const struct verdict_waiting *syn, long long now,
				       struct gp_addr *partner)
{
	const struct entry *entry = entry_find(v, addr);
	const long long at = now - syn->quiet_ms;
	bool has_partner = false, is_answering = false;

	if (!entry || addr->family != AF_INET6)
		return VERDICT_RESCUE_NO;
	for (unsigned i = 0; i < entry->partner_count && !is_answering; i++) {
		const struct entry *found;
		if (!is_named_by(v, entry, i, syn->uid))
			continue;
		found = partner_vouches(v, entry, i, at);
		is_answering = found && serves(found, port, at);
		if (is_answering || !has_partner)
			*partner = entry_partner(entry, i);
		has_partner = true;
	}
	if (has_partner && verdict_of(v, addr, now) == GP_VERDICT_BROKEN &&
	    !is_ok_since(v, entry, port, now))
		return VERDICT_RESCUE_BROKEN;
	if (syn->retransmits >= 2 && is_answering && syn->quiet_ms >= ANSWER_TAKES &&
	    syn->quiet_ms <= PARTNER_WITHIN && now - syn->waiting_ms >= v->epoch_ms &&
	    now - answered_on(entry, port) >= OK_FORBIDS)
		return VERDICT_RESCUE_RETRANSMITS;
	return VERDICT_RESCUE_NO;
}

bool verdicts_any_broken(const struct verdicts *v)
{
	return v->broken != 0;
}

/* Whether connections of programs to it may still tell something. */
static bool is_suspect(const struct entry *entry, long long now)
{
	return entry->addr.family == AF_INET6 && now - entry->hint_ms <= PARTNER_WITHIN &&
	       entry->data_ok_ms < entry->hint_ms;
}

size_t verdict_suspects(const struct verdicts *v, struct gp_addr *out, size_t max,
			long long now)
{
	long long hinted[64];
	size_t count = 0;

	if (max > sizeof(hinted) / sizeof(hinted[0]))
		max = sizeof(hinted) / sizeof(hinted[0]);
	for (uint32_t i = 0; i < v->used_to; i++) {
		const struct entry *entry = &v->entries[i];
		size_t at = count;
		if (!is_suspect(entry, now))
			continue;
		while (at > 0 && hinted[at - 1] < entry->hint_ms)
			at--;
		if (at == max)
			continue;
		if (count < max)
			count++;
		memmove(&hinted[at + 1], &hinted[at],
			(count - at - 1) * sizeof(hinted[0]));
		memmove(&out[at + 1], &out[at], (count - at - 1) * sizeof(out[0]));
		hinted[at] = entry->hint_ms;
		out[at] = entry->addr;
	}
	return count;
}

void verdicts_each(const struct verdicts *v,
		   void (*visit)(void *ctx, const struct verdict_view *view), void *ctx)
{
	struct verdict_view view;

	if (v->internet.verdict != GP_VERDICT_UNKNOWN) {
		view = area_view(&v->internet);
		visit(ctx, &view);
	}
	for (size_t i = 0; i < AREA_MAX; i++) {
		if (!v->areas[i].is_used || v->areas[i].verdict == GP_VERDICT_UNKNOWN)
			continue;
		view = area_view(&v->areas[i]);
		visit(ctx, &view);
	}
	for (uint32_t i = 0; i < v->used_to; i++) {
		if (!v->entries[i].addr.family ||
		    v->entries[i].verdict == GP_VERDICT_UNKNOWN)
			continue;
		view = entry_view(&v->entries[i]);
		visit(ctx, &view);
	}
}
