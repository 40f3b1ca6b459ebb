/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.c - verdicts, on-link prefixes and IPv4 as v6guardd knows them; own addresses by
 * netlink; routes, and own addresses where that is of no use, by a UDP connect(), which
 * sends nothing: what getaddrinfo itself does to sort. 3 to 5 us each.
 */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "facts.h"
#include "guard/clock.h"
#include "guard/live.h"
#include "guard/program.h"
#include "own.h"
#include "route.h"

/* Any will do: nothing is sent. 9 is discard. */
#define PROBE_PORT 9

/* A socket that was connected before keeps the source it got then, whatever it is
 * connected to next, unless it is let go first. */
static int fresh_socket(int *fd, int family)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	if (*fd < 0)
		*fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	else
		(void)connect(*fd, &none, sizeof(none));
	return *fd;
}

/* The socket of ADDR's family, connected to ADDR; -1: no socket, or no route. */
static int connect_to(struct fact_sources *sources, const struct gp_addr *addr)
{
	int *fd = addr->family == AF_INET ? &sources->ipv4_fd : &sources->ipv6_fd;
	union gp_sockaddr to;
	socklen_t length = gp_sockaddr_fill(&to, addr, PROBE_PORT);

	if (fresh_socket(fd, addr->family) < 0 || connect(*fd, &to.any, length))
		return -1;
	return *fd;
}

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	struct fact_sources *sources = ctx;

	if (addr->family == AF_INET && sources->map &&
	    gp_reach_ipv4_usable(sources->map, sources->now_ms))
		return true;
	if (sources->remembers && route_is_fresh(addr))
		return true;
	if (connect_to(sources, addr) < 0)
		return false;
	if (sources->remembers)
		route_note(addr);
	return true;
}

bool facts_has_ipv4(const struct gp_facts *facts)
{
	/* Behind the default route, as good as any. None of RFC 5737: these some hosts
	 * have themselves, or refuse. */
	static const uint8_t anywhere[] = {198, 41, 0, 4};
	const struct gp_addr addr = gp_addr_make(AF_INET, anywhere, 0);

	return facts->is_usable(facts->ctx, &addr);
}

/* ADDR is in none of the prefixes that hold all of the host's own addresses. */
static bool is_elsewhere(const struct gp_reach *map, const struct gp_addr *addr)
{
	struct gp_reach_host host;

	return map && addr->family == AF_INET6 && gp_reach_get_host(map, &host) &&
	       host.onlink_count < GP_REACH_ONLINK && !gp_reach_is_onlink(map, addr);
}

/* To its own address the kernel talks from that very address (RFC 6724 5, rule 1). */
static bool ask_is_own(struct fact_sources *sources, const struct gp_addr *addr)
{
	int fd = connect_to(sources, addr);
	union gp_sockaddr from;
	socklen_t length = sizeof(from);
	struct gp_addr own;

	if (fd < 0 || getsockname(fd, &from.any, &length))
		return false;
	own = gp_sockaddr_addr(&from);
	return own.family == addr->family &&
	       !memcmp(own.bytes, addr->bytes, sizeof(own.bytes));
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	struct fact_sources *sources = ctx;

	if (is_elsewhere(sources->map, addr))
		return false;
	switch (own_find(addr)) {
	case OWN_NO:
		return false;
	case OWN_YES:
		return true;
	case OWN_UNKNOWN:
		break;
	}
	return ask_is_own(sources, addr);
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	const struct fact_sources *sources = ctx;

	return gp_reach_verdict(sources->map, addr, sources->now_ms);
}

static bool is_onlink(void *ctx, const struct gp_addr *addr)
{
	const struct fact_sources *sources = ctx;

	return gp_reach_is_onlink(sources->map, addr);
}

static bool is_made(void *ctx, const struct gp_addr *addr)
{
	const struct fact_sources *sources = ctx;

	return gp_reach_is_made(sources->map, addr);
}

struct gp_facts facts_open(struct fact_sources *sources, const struct gp_reach *map)
{
	struct gp_facts facts = {
		.ctx = sources, .is_usable = is_usable, .is_own = is_own};

	*sources = (struct fact_sources){.ipv4_fd = -1, .ipv6_fd = -1, .map = map};
	if (!map)
		return facts;
	sources->now_ms = gp_boot_ms();
	facts.verdict = verdict;
	facts.is_onlink = is_onlink;
	facts.is_made = is_made;
	return facts;
}

void facts_close(struct fact_sources *sources)
{
	if (sources->ipv4_fd >= 0)
		close(sources->ipv4_fd);
	if (sources->ipv6_fd >= 0)
		close(sources->ipv6_fd);
}

/* `auto` has nothing to go by while nobody keeps a map. */
bool facts_may_act(const struct gp_guard_policy *guard, const struct gp_rules *rules,
		   const struct gp_query *query)
{
	return gp_guard_may_act(guard, rules, query, false) ||
	       (gp_guard_may_act(guard, rules, query, true) && gp_reach_live());
}

/* What rules ask for, but for the name that was found. */
static void fill_in(struct gp_query *query, const struct gp_rules *rules)
{
	query->now = time(NULL);
	if (rules && rules->flags & GP_RULES_PROGRAMS)
		query->program = gp_program_self();
}

bool facts_assign(struct gp_guard_policy *guard, bool has_rules, const char *canonical,
		  struct gp_query *query, struct gp_candidate *candidates, size_t count)
{
	struct gp_live_ref ref;

	if (!has_rules) {
		gp_guard_assign(guard, NULL, query, candidates, count);
		return true;
	}
	query->canonical = canonical;
	if (!gp_live_get(&ref))
		return false;
	fill_in(query, ref.rules);
	*guard = ref.guard;
	gp_guard_assign(guard, ref.rules, query, candidates, count);
	gp_live_put(&ref);
	return true;
}

/* What DNS64 made is asked for as AAAA: no A alone shows that there is none. */
enum gp_ask facts_with_made(enum gp_ask ask, bool is_fixed)
{
	const struct gp_reach *map = gp_reach_live();

	if (ask != GP_ASK_A_ALONE || !map || !gp_reach_has_nat64(map))
		return ask;
	return is_fixed ? GP_ASK_A_FIRST : GP_ASK_ALL;
}

enum gp_ask facts_ask(const struct gp_guard_policy *guard, bool has_rules,
		      const char *canonical, struct gp_query *query, bool is_fixed)
{
	struct gp_live_ref ref;
	enum gp_ask ask;

	if (!has_rules)
		return facts_with_made(gp_guard_ask(guard, NULL, query, is_fixed),
				       is_fixed);
	query->canonical = canonical;
	if (!gp_live_get(&ref))
		return GP_ASK_ALL;
	fill_in(query, ref.rules);
	ask = gp_guard_ask(&ref.guard, ref.rules, query, is_fixed);
	gp_live_put(&ref);
	return facts_with_made(ask, is_fixed);
}
