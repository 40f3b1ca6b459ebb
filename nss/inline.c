/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inline.c - see inline.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "inline.h"
#include "memo.h"

const struct happy_ops *inline_ops = &happy_kernel;

/* ---- whether it is wanted ---- */

/* Written once. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum { NOT_SAID, SAID_NO, SAID_YES } said;

static void read_environment(void)
{
	const char *value = secure_getenv(GP_INLINE_VARIABLE);

	if (value && !strcmp(value, "yes"))
		said = SAID_YES;
	else if (value && !strcmp(value, "no"))
		said = SAID_NO;
}

bool inline_is_wanted(const struct gp_probe_policy *probe)
{
	pthread_once(&once, read_environment);
	return !probe->is_off &&
	       (said == SAID_YES || (said == NOT_SAID && probe->is_inline));
}

/* ---- where it may go ---- */

static in_port_t port_of(const struct addrinfo *node)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (node->ai_family == AF_INET && node->ai_addrlen >= sizeof(ipv4)) {
		memcpy(&ipv4, node->ai_addr, sizeof(ipv4));
		return ntohs(ipv4.sin_port);
	}
	if (node->ai_family != AF_INET6 || node->ai_addrlen < sizeof(ipv6))
		return 0;
	memcpy(&ipv6, node->ai_addr, sizeof(ipv6));
	return ntohs(ipv6.sin6_port);
}

static bool is_tcp(const struct addrinfo *node)
{
	return node->ai_socktype == SOCK_STREAM &&
	       (!node->ai_protocol || node->ai_protocol == IPPROTO_TCP);
}

/* Without a port it is for TCP only if nothing else was asked for. */
static bool find_port(const struct addrinfo *list, uint16_t *port)
{
	bool is_for_tcp = true;

	*port = 0;
	for (; list; list = list->ai_next) {
		if (!is_tcp(list))
			is_for_tcp = false;
		else if (port_of(list)) {
			*port = port_of(list);
			return true;
		}
	}
	return is_for_tcp;
}

/* 2000::/3; of IPv4 all unicast, as a partner may well be a private address. */
static bool is_askable(const struct gp_addr *addr)
{
	const uint8_t first = addr->bytes[0];

	if (gp_addr_is_special(addr))
		return false;
	if (addr->family == AF_INET)
		return first != 0 && first < 240;
	return (first & 0xe0) == 0x20 && !addr->scope_id;
}

/* ---- what is known ---- */

static enum gp_verdict verdict_of(enum memo memo)
{
	switch (memo) {
	case MEMO_ANSWERED:
		return GP_VERDICT_OK;
	case MEMO_SLOW:
		return GP_VERDICT_SLOW;
	case MEMO_NO_ANSWER:
	case MEMO_PASSED_OVER:
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

static const struct happy_runner *winner(const struct happy_race *happy, int family)
{
	const struct happy_runner *best = NULL;

	for (unsigned i = 0; i < happy->count; i++) {
		const struct happy_runner *one = &happy->runners[i];

		if (one->end == HAPPY_ANSWERED && one->addr.family == family &&
		    (!best || one->took_us < best->took_us))
			best = one;
	}
	return best;
}

static enum memo answered(const struct inline_race *race, const struct happy_runner *one)
{
	const struct happy_runner *ipv4 = winner(&race->happy, AF_INET);
	const long long slow_us = race->probe->slow_ms * 1000LL;

	return slow_us && ipv4 && one->took_us > ipv4->took_us + slow_us ? MEMO_SLOW
									 : MEMO_ANSWERED;
}

/* What the race shows of ONE, of IPv6. */
static enum memo shown(const struct inline_race *race, const struct happy_runner *one)
{
	const bool has_ipv4 = winner(&race->happy, AF_INET) != NULL;
	const bool is_answered = has_ipv4 || winner(&race->happy, AF_INET6);
	const long long fair_us = race->happy.delay_ms * 1000LL;

	switch (one->end) {
	case HAPPY_NOT_STARTED:
		return has_ipv4 ? MEMO_PASSED_OVER : MEMO_NOTHING;
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
	if (one->took_us >= fair_us)
		return MEMO_NO_ANSWER;
	/* It had hardly begun. */
	return has_ipv4 ? MEMO_PASSED_OVER : MEMO_NOTHING;
}

static const struct happy_runner *runner_of(const struct happy_race *happy,
					    const struct gp_addr *addr)
{
	for (unsigned i = 0; i < happy->count; i++)
		if (gp_addr_equal(&happy->runners[i].addr, addr))
			return &happy->runners[i];
	return NULL;
}

/* Of an IPv6 address: this lookup's race, else what an earlier one showed. */
static enum memo recall(const struct inline_race *race, const struct gp_addr *addr)
{
	const struct happy_runner *one = runner_of(&race->happy, addr);
	enum memo memo;

	if (addr->family != AF_INET6)
		return MEMO_NOTHING;
	if (one)
		return shown(race, one);
	memo = memo_get(addr, race->port, race->now_ms);
	/* One too many to take part. */
	if (memo == MEMO_NOTHING && is_askable(addr) && winner(&race->happy, AF_INET))
		return MEMO_PASSED_OVER;
	return memo;
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	const struct inline_race *race = ctx;
	const enum gp_verdict known = known_verdict(race, addr);

	return known != GP_VERDICT_UNKNOWN ? known : verdict_of(recall(race, addr));
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

/* ---- the race ---- */

void inline_begin(struct inline_race *race, const struct gp_probe_policy *probe,
		  const struct gp_facts *known, const struct addrinfo *list)
{
	*race = (struct inline_race){
		.probe = probe, .known = *known, .now_ms = gp_now_ms()};
	race->is_for_tcp = find_port(list, &race->port);
}

/* It may take part: nothing is known of it, and it may be asked. */
static bool is_unknown(struct inline_race *race, const struct gp_addr *addr)
{
	return is_askable(addr) && verdict(race, addr) == GP_VERDICT_UNKNOWN &&
	       !race->known.is_own(race->known.ctx, addr);
}

/* The first address that nothing speaks against is of IPv6, and untried. */
static bool is_needed(struct inline_race *race, const struct gp_candidate *candidates,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct gp_addr *addr = &candidates[i].addr;

		if (addr->family != AF_INET6)
			return false;
		switch (verdict(race, addr)) {
		case GP_VERDICT_BROKEN:
		case GP_VERDICT_SLOW:
			continue;
		case GP_VERDICT_UNKNOWN:
			return recall(race, addr) == MEMO_NOTHING &&
			       is_unknown(race, addr);
		case GP_VERDICT_OK:
		case GP_VERDICT_COUNT:
			return false;
		}
	}
	return false;
}

/* The next of FAMILY from *AT on that may be asked, or NULL. */
static const struct gp_addr *next_of(struct inline_race *race, int family,
				     const struct gp_candidate *candidates, size_t count,
				     size_t *at)
{
	while (*at < count) {
		const struct gp_addr *addr = &candidates[(*at)++].addr;

		if (addr->family == family &&
		    (family == AF_INET6 ? is_unknown(race, addr) : is_askable(addr)))
			return addr;
	}
	return NULL;
}

/* RFC 8305 4: the families take turns, IPv6 first. False: one has none. */
static bool line_up(struct inline_race *race, const struct gp_candidate *candidates,
		    size_t count)
{
	static const int families[] = {AF_INET6, AF_INET};
	struct happy_race *happy = &race->happy;
	size_t at[] = {0, 0};
	bool found[] = {false, false}, more = true;

	while (more && happy->count < HAPPY_RUNNERS) {
		more = false;
		for (unsigned i = 0; i < 2; i++) {
			const struct gp_addr *addr =
				next_of(race, families[i], candidates, count, &at[i]);

			if (!addr)
				continue;
			happy->runners[happy->count++].addr = *addr;
			found[i] = more = true;
		}
	}
	return found[0] && found[1];
}

static void set_rules(struct inline_race *race)
{
	const struct gp_probe_policy *probe = race->probe;
	struct happy_race *happy = &race->happy;

	/* IPv4 has to have the time to answer. */
	happy->budget_ms = probe->budget_ms;
	happy->delay_ms = probe->delay_ms < probe->budget_ms / 3 ? probe->delay_ms
								 : probe->budget_ms / 3;
	happy->slow_ms = probe->slow_ms;
	happy->ports[happy->port_count++] = race->port ? race->port : probe->ports[0];
	if (!race->port && probe->ports[1])
		happy->ports[happy->port_count++] = probe->ports[1];
}

static void keep(struct inline_race *race)
{
	const struct happy_race *happy = &race->happy;
	unsigned unused = 0;

	race->now_ms = gp_now_ms();
	for (unsigned i = 0; i < happy->count; i++) {
		const struct happy_runner *one = &happy->runners[i];
		const enum memo what =
			one->addr.family == AF_INET6 ? shown(race, one) : MEMO_NOTHING;

		unused += one->end == HAPPY_NOT_STARTED;
		if (what != MEMO_NOTHING)
			memo_put(&one->addr, race->port, what, race->probe, race->now_ms);
	}
	memo_give_back(unused * happy->port_count);
}

void inline_run(struct inline_race *race, const struct gp_candidate *candidates,
		size_t count)
{
	struct happy_race *happy = &race->happy;

	if (!race->is_for_tcp || !is_needed(race, candidates, count))
		return;
	set_rules(race);
	if (line_up(race, candidates, count) &&
	    memo_take(happy->count * happy->port_count, race->probe->max_rate,
		      race->now_ms)) {
		happy_race(inline_ops, happy);
		keep(race);
	} else {
		happy->count = 0;
	}
}

/* ---- reasons ---- */

static enum gp_reason reason_of(const struct inline_race *race,
				const struct gp_candidate *candidate)
{
	const struct happy_runner *one = runner_of(&race->happy, &candidate->addr);
	const bool is_kept = candidate->disposition == GP_KEPT;

	if (one && one->end == HAPPY_ANSWERED && is_kept)
		return GP_WHY_ANSWERED;
	switch (recall(race, &candidate->addr)) {
	case MEMO_ANSWERED:
		return is_kept ? GP_WHY_ANSWERED : candidate->reason;
	case MEMO_NO_ANSWER:
	case MEMO_SILENT:
		return GP_WHY_NO_ANSWER;
	case MEMO_PASSED_OVER:
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
