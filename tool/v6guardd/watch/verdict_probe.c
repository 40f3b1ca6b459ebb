/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_probe.c - on which port an address is asked, and what the answer means. */
#include "verdict_private.h"

/* ---- ports ---- */

void note_answer(struct entry *entry, uint16_t port, long long now)
{
	unsigned at = 0;

	for (unsigned i = 0; i < ANSWERS; i++) {
		if (entry->answers[i].ok_ms != NEVER && entry->answers[i].port == port) {
			at = i;
			break;
		}
		if (entry->answers[i].ok_ms < entry->answers[at].ok_ms)
			at = i;
	}
	/* What an open connection shows may be older than what is known. */
	if (entry->answers[at].ok_ms >= now)
		return;
	entry->answers[at].port = port;
	entry->answers[at].ok_ms = now;
}

uint16_t answered_port(const struct entry *entry)
{
	long long latest = NEVER;
	uint16_t port = 0;

	for (unsigned i = 0; i < ANSWERS; i++)
		if (entry->answers[i].port && entry->answers[i].ok_ms > latest) {
			latest = entry->answers[i].ok_ms;
			port = entry->answers[i].port;
		}
	return port;
}

long long answered_on(const struct entry *entry, uint16_t port)
{
	long long latest = NEVER;

	for (unsigned i = 0; i < ANSWERS; i++)
		if ((!entry->answers[i].port || entry->answers[i].port == port) &&
		    entry->answers[i].ok_ms > latest)
			latest = entry->answers[i].ok_ms;
	return latest;
}

/*
 * Where it answered: an address that is alive there is not broken, whatever a program
 * tries elsewhere. But it may be served on another port by now: re-tests take turns. A
 * partner is asked where the program will go. An unknown service may be on any of ports.
 */
static uint16_t port_for(const struct verdicts *v, const struct entry *entry)
{
	const uint16_t answered = answered_port(entry);
	const bool is_turn =
		entry->verdict == GP_VERDICT_BROKEN && entry->port && entry->asks & 1;

	if (entry->addr.family == AF_INET && entry->port)
		return entry->port;
	if (answered && !is_turn)
		return answered;
	if (entry->port)
		return entry->port;
	if (!v->rules.port_count)
		return 443;
	return v->rules.ports[entry->failures % v->rules.port_count];
}

unsigned attempts_needed(const struct verdicts *v, const struct entry *entry)
{
	return entry->port || answered_port(entry) || v->rules.port_count < 2
		       ? 2
		       : v->rules.port_count;
}

/* ---- asking ---- */

void entry_probe(struct verdicts *v, struct entry *entry, long long now)
{
	/* One at a time: what is under way began earlier, and says something else. */
	if (entry->is_asked && now - entry->asked_ms < PROBE_LOST)
		return;
	entry->asked_ms = now;
	entry->is_asked = v->rules.probes;
	entry->is_extra = false;
	entry->asked_port = port_for(v, entry);
	entry->asks++;
	if (!v->rules.probes)
		return;
	note_sent(v, now);
	v->ops.probe(v->ops.ctx, &entry->addr, entry->asked_port);
}

void entry_probe_other(struct verdicts *v, struct entry *entry, uint16_t port,
		       long long now)
{
	entry->other_port = port;
	entry->other_port_ms = now;
	note_sent(v, now);
	v->ops.probe(v->ops.ctx, &entry->addr, port);
}

/* ---- answers ---- */

static void still_broken(struct verdicts *v, struct entry *entry, long long now)
{
	entry->failed_ms = now;
	entry->failures = 0;
	if (!entry->is_extra)
		entry_lengthen(v, entry);
	entry_schedule(v, entry, now);
	entry_say(v, entry, GP_VERDICT_BROKEN, (enum verdict_evidence)entry->evidence,
		  now);
}

/* It stood for its prefix, and needs no verdict of its own meanwhile. Where it is served
 * is a guess as long as nobody has tried it: the second of `ports` comes at once. */
static void failed_under_cover(struct verdicts *v, struct entry *entry, long long now)
{
	const bool is_guess = !entry->port && !answered_port(entry);

	v->cover.in_vain++;
	entry->failures++;
	if (is_guess && entry->failures < 2 && v->rules.port_count > 1 &&
	    is_within(v, LIMIT_RETESTS, now))
		entry->next_test_ms = now;
	else
		entry->failures = 0;
}

/* Somebody is in trouble there, or wants to know. A witness that did not answer is none,
 * and nothing more: what is lost of our own probes must not cost a name its IPv6. */
static bool is_suspicious(const struct verdicts *v, const struct entry *entry,
			  long long now)
{
	return now - entry->tried_ms <= FAILURES_COUNT || v->rules.probe_all ||
	       (v->rules.distrust && entry->is_withheld) ||
	       (entry->tried_ms == NEVER && is_tried(v, entry));
}

static void attempt_failed(struct verdicts *v, struct entry *entry,
			   enum verdict_evidence by, long long now)
{
	areas_proven(v, &entry->addr);
	if (entry->verdict == GP_VERDICT_BROKEN) {
		if (entry->asked_ms <= v->healed_ms && !entry_is_pinned(entry, now)) {
			/* It may have begun before what is around it has healed. */
			entry->next_test_ms = now;
			entry->is_urgent = true;
			return;
		}
		/* An attempt from before the verdict is no re-test of it. */
		if (!entry_is_pinned(entry, now) && entry->evidence != VERDICT_BY_STALL &&
		    entry->asked_ms >= entry->since_ms)
			still_broken(v, entry, now);
		return;
	}
	if (entry->verdict == GP_VERDICT_UNKNOWN && is_covered(v, entry)) {
		failed_under_cover(v, entry, now);
		return;
	}
	if (!is_suspicious(v, entry, now))
		return;
	if (now - entry->failed_attempt_ms > FAILURES_COUNT)
		entry->failures = 0;
	entry->failed_attempt_ms = now;
	entry->failures++;
	if (entry->failures < attempts_needed(v, entry)) {
		entry->next_test_ms = now + ATTEMPT_GAP;
		if (!partner_answering(v, entry, now))
			ask_partners(v, entry, PARTNER_AGAIN, now);
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
		entry_ok(v, entry, VERDICT_BY_PROBE, false, false, now);
		if (v->rules.slow_threshold_ms && entry->verdict == GP_VERDICT_OK &&
		    !partner_answering(v, entry, now))
			ask_partners(v, entry, PARTNER_AGAIN, now);
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

static void probed(struct verdicts *v, struct entry *entry, enum verdict_probe result,
		   long long now)
{
	entry->is_asked = false;
	if (result == VERDICT_PROBE_OK) {
		entry->silent = 0;
		entry->is_mute = false;
	} else if (result != VERDICT_PROBE_NOTHING && entry->silent < UINT8_MAX) {
		entry->silent++;
		entry->is_mute |= now - v->ipv4_ok_ms <= PARTNER_WITHIN;
	}
	if (entry->addr.family == AF_INET6)
		probed_ipv6(v, entry, result, now);
	else if (result == VERDICT_PROBE_OK)
		partner_ok(v, entry, now);
}

void verdict_probed(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		    enum verdict_probe result, uint32_t rtt_ms, long long now)
{
	struct entry *entry = entry_find(v, addr);
	bool is_guess;

	if (!entry)
		return;
	if (result == VERDICT_PROBE_OK && addr->family == AF_INET)
		v->ipv4_ok_ms = now;
	is_guess = entry->other_port && port == entry->other_port &&
		   port != entry->asked_port && addr->family == AF_INET6;
	if (is_guess && result == VERDICT_PROBE_OK) {
		/* It is alive, and so is IPv6; but that is not where programs go. */
		areas_ok(v, addr, entry, false, true, now);
		return;
	}
	if (result == VERDICT_PROBE_OK) {
		note_answer(entry, port, now);
		entry->rtt_ms = rtt_ms ? rtt_ms : 1;
	}
	/* Nobody has said that it is served on that other port: silence there is none. */
	if (!is_guess)
		probed(v, entry, result, now);
	rounds_probed(v, addr, port, result, now);
}
