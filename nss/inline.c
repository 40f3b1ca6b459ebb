/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inline.c - see inline.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "inline_private.h"

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

static bool is_udp(const struct addrinfo *node)
{
	return node->ai_socktype == SOCK_DGRAM &&
	       (!node->ai_protocol || node->ai_protocol == IPPROTO_UDP);
}

/*
 * For TCP, and at which port. Java, getent and others say neither, and ncat says UDP
 * whatever it is about to do: under `run` that is enough.
 */
static enum inline_use find_use(const struct addrinfo *list, uint16_t *port)
{
	const struct addrinfo *udp = NULL;
	bool is_tcp_alone = true, has_tcp = false;

	*port = 0;
	for (; list; list = list->ai_next) {
		if (is_tcp(list) && port_of(list)) {
			*port = port_of(list);
			return INLINE_TCP;
		}
		has_tcp |= is_tcp(list);
		is_tcp_alone &= is_tcp(list);
		if (!udp && is_udp(list))
			udp = list;
	}
	if (has_tcp && (is_tcp_alone || said == SAID_YES))
		return INLINE_TCP;
	if (has_tcp || !udp || said != SAID_YES)
		return INLINE_UNKNOWN;
	*port = port_of(udp);
	return INLINE_UDP;
}

bool inline_is_askable(const struct gp_addr *addr)
{
	const uint8_t first = addr->bytes[0];

	if (gp_addr_is_special(addr))
		return false;
	if (addr->family == AF_INET)
		return first != 0 && first < 240;
	return (first & 0xe0) == 0x20 && !addr->scope_id;
}

/* ---- the race ---- */

void inline_begin(struct inline_race *race, const struct gp_probe_policy *probe,
		  const struct gp_facts *known, const struct addrinfo *list)
{
	*race = (struct inline_race){
		.probe = probe, .known = *known, .now_ms = gp_now_ms()};
	race->use = find_use(list, &race->port);
}

/* It may take part: nothing is known of it, and it may be asked. */
static bool is_unknown(struct inline_race *race, const struct gp_addr *addr)
{
	return inline_is_askable(addr) &&
	       inline_verdict(race, addr) == GP_VERDICT_UNKNOWN &&
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
		switch (inline_verdict(race, addr)) {
		case GP_VERDICT_BROKEN:
		case GP_VERDICT_SLOW:
			continue;
		case GP_VERDICT_UNKNOWN:
			return inline_recall(race, addr) == MEMO_NOTHING &&
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
		    (family == AF_INET6 ? is_unknown(race, addr)
					: inline_is_askable(addr)))
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

			if (!addr || happy->count == HAPPY_RUNNERS)
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
		const enum memo what = one->addr.family == AF_INET6
					       ? inline_shown(race, one)
					       : MEMO_NOTHING;

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

	if (race->use == INLINE_UNKNOWN || !is_needed(race, candidates, count))
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
