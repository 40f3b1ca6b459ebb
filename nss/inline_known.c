/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inline_known.c - what races have shown, as facts for the decision; see inline.h. */
#include "inline_private.h"

/* That TCP is refused, filtered or slow says nothing of UDP; that all is silent where
 * IPv4 is connected to does. */
static enum gp_verdict verdict_of(enum inline_use use, enum memo memo)
{
	const bool is_udp = use == INLINE_UDP;

	switch (memo) {
	case MEMO_ANSWERED:
		return GP_VERDICT_OK;
	case MEMO_SLOW:
		return is_udp ? GP_VERDICT_UNKNOWN : GP_VERDICT_SLOW;
	case MEMO_NO_ANSWER:
	case MEMO_PASSED_OVER:
		return is_udp ? GP_VERDICT_UNKNOWN : GP_VERDICT_BROKEN;
	case MEMO_OUTDONE:
	case MEMO_LEFT_OUT:
		return GP_VERDICT_BROKEN;
	case MEMO_NOTHING:
	case MEMO_SILENT:
	case MEMO_LOCAL:
		break;
	}
	return GP_VERDICT_UNKNOWN;
}

static enum gp_verdict known_verdict(const struct inline_race *race,
				     const struct gp_addr *addr)
{
	if (!race->known.verdict)
		return GP_VERDICT_UNKNOWN;
	return race->known.verdict(race->known.ctx, addr);
}

static enum memo answered(const struct inline_race *race, const struct happy_runner *one)
{
	const struct happy_runner *ipv4 = happy_winner(&race->happy, AF_INET);
	const long long slow_us = race->probe->slow_ms * 1000LL;

	return slow_us && ipv4 && one->took_us > ipv4->took_us + slow_us ? MEMO_SLOW
									 : MEMO_ANSWERED;
}

static bool is_silent(const struct inline_race *race, const struct happy_runner *one)
{
	return one->addr.family == AF_INET6 && one->end == HAPPY_RUNNING &&
	       one->took_us >= race->happy.delay_ms * 1000LL;
}

/* IPv4 was connected to, while IPv6 was silent. */
static bool is_outdone(const struct inline_race *race)
{
	const struct happy_race *happy = &race->happy;
	const struct happy_runner *ipv4 = happy_winner(happy, AF_INET);

	if (!ipv4 || ipv4->is_refused || happy_winner(happy, AF_INET6))
		return false;
	for (unsigned i = 0; i < happy->count; i++)
		if (is_silent(race, &happy->runners[i]))
			return true;
	return false;
}

/* Of one that IPv4, if it answered, left no time. */
static enum memo passed_over(const struct inline_race *race)
{
	if (!happy_winner(&race->happy, AF_INET))
		return MEMO_NOTHING;
	return is_outdone(race) ? MEMO_LEFT_OUT : MEMO_PASSED_OVER;
}

enum memo inline_shown(const struct inline_race *race, const struct happy_runner *one)
{
	const bool is_answered = happy_winner(&race->happy, AF_INET) ||
				 happy_winner(&race->happy, AF_INET6);

	switch (one->end) {
	case HAPPY_NOT_STARTED:
		return passed_over(race);
	case HAPPY_ANSWERED:
		return answered(race, one);
	case HAPPY_LOCAL:
		return MEMO_LOCAL;
	case HAPPY_FAILED:
		return is_answered ? MEMO_NO_ANSWER : MEMO_SILENT;
	case HAPPY_RUNNING:
		break;
	}
	if (!is_answered)
		return MEMO_SILENT;
	if (is_silent(race, one))
		return is_outdone(race) ? MEMO_OUTDONE : MEMO_NO_ANSWER;
	return passed_over(race); /* it had hardly begun */
}

static const struct happy_runner *runner_of(const struct happy_race *happy,
					    const struct gp_addr *addr)
{
	for (unsigned i = 0; i < happy->count; i++)
		if (gp_addr_equal(&happy->runners[i].addr, addr))
			return &happy->runners[i];
	return NULL;
}

enum memo inline_recall(const struct inline_race *race, const struct gp_addr *addr)
{
	const struct happy_runner *one = runner_of(&race->happy, addr);
	enum memo memo;

	if (addr->family != AF_INET6)
		return MEMO_NOTHING;
	if (one)
		return inline_shown(race, one);
	memo = memo_get(addr, race->port, race->now_ms);
	/* One too many to take part. */
	if (memo == MEMO_NOTHING && inline_is_askable(addr))
		return passed_over(race);
	return memo;
}

enum gp_verdict inline_verdict(const struct inline_race *race, const struct gp_addr *addr)
{
	const enum gp_verdict known = known_verdict(race, addr);

	return known != GP_VERDICT_UNKNOWN
		       ? known
		       : verdict_of(race->use, inline_recall(race, addr));
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	return inline_verdict(ctx, addr);
}

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	const struct inline_race *race = ctx;

	return race->known.is_usable(race->known.ctx, addr);
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	const struct inline_race *race = ctx;

	return race->known.is_own(race->known.ctx, addr);
}

static bool is_onlink(void *ctx, const struct gp_addr *addr)
{
	const struct inline_race *race = ctx;

	return race->known.is_onlink && race->known.is_onlink(race->known.ctx, addr);
}

struct gp_facts inline_facts(struct inline_race *race)
{
	return (struct gp_facts){.ctx = race,
				 .is_usable = is_usable,
				 .is_own = is_own,
				 .verdict = verdict,
				 .is_onlink = is_onlink};
}

/* ---- reasons ---- */

static enum gp_reason reason_of(const struct inline_race *race,
				const struct gp_candidate *candidate)
{
	const struct happy_runner *one = runner_of(&race->happy, &candidate->addr);
	const bool is_kept = candidate->disposition == GP_KEPT;

	if (one && one->end == HAPPY_ANSWERED && is_kept)
		return GP_WHY_ANSWERED;
	switch (inline_recall(race, &candidate->addr)) {
	case MEMO_ANSWERED:
		return is_kept ? GP_WHY_ANSWERED : candidate->reason;
	case MEMO_NO_ANSWER:
	case MEMO_OUTDONE:
	case MEMO_SILENT:
		return GP_WHY_NO_ANSWER;
	case MEMO_PASSED_OVER:
	case MEMO_LEFT_OUT:
		return is_kept ? candidate->reason : GP_WHY_UNTESTED;
	case MEMO_NOTHING:
	case MEMO_SLOW:
	case MEMO_LOCAL:
		break;
	}
	return candidate->reason;
}

void inline_note(const struct inline_race *race, struct gp_candidate *candidates,
		 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gp_candidate *candidate = &candidates[i];

		if (candidate->reason != GP_WHY_NOTHING &&
		    candidate->reason != GP_WHY_BROKEN)
			continue;
		if (known_verdict(race, &candidate->addr) == GP_VERDICT_UNKNOWN)
			candidate->reason = reason_of(race, candidate);
	}
}
