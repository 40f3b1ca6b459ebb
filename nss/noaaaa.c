/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noaaaa.c - see noaaaa.h. Where anything is not as it is usual, libc is asked as ever.
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "noaaaa.h"
#include "facts.h"
#include "guard/ask.h"
#include "guard/clock.h"
#include "guard/program.h"
#include "guard/rules.h"
#include "hosts_line.h"

#ifndef RES_NOAAAA
#define RES_NOAAAA 0x08000000
#endif
#define SINCE_MINOR 36 /* glibc 2.36 */

/* musl and older ones have no such thing. */
#pragma weak gnu_get_libc_version
#pragma weak __res_state
#pragma weak res_mkquery

/* ---- whether ---- */

enum noaaaa noaaaa_wanted(const struct gp_guard_policy *guard,
			  const struct gp_rules *rules, struct gp_query *query)
{
	/* What is found may be another name for those. */
	if (query->family == AF_INET || (rules && rules->flags & GP_RULES_CNAMES))
		return NOAAAA_NO;
	if (rules)
		query->now = time(NULL);
	if (rules && rules->flags & GP_RULES_PROGRAMS)
		query->program = gp_program_self();
	if (facts_with_made(gp_guard_ask(guard, rules, query, false), false) ==
	    GP_ASK_A_ALONE)
		return NOAAAA_ONLY;
	return gp_guard_ask(guard, rules, query, true) == GP_ASK_ALL ? NOAAAA_NO
								     : NOAAAA_TRY;
}

/* ---- the resolver's state of this thread ---- */

/* What is changed of it. */
struct kept {
	unsigned long options; /* those of OURS */
	int retry;
};

#define OURS ((unsigned long)(RES_NOAAAA | RES_DNSRCH | RES_DEFNAMES))

/* No query asks for such an error: as long as it stays, none was made. */
#define NOT_ASKED 99

/* The KEPT of a lookup that goes on, as one word; NULL: none does. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void make_key(void)
{
	has_key = !pthread_key_create(&key, NULL);
}

static void *pack(const struct kept *kept)
{
	uintptr_t word = 1;

	word |= kept->options & RES_NOAAAA ? 2 : 0;
	word |= kept->options & RES_DNSRCH ? 4 : 0;
	word |= kept->options & RES_DEFNAMES ? 8 : 0;
	return (void *)(word | (uintptr_t)(unsigned)kept->retry << 4);
}

static struct kept unpack(const void *packed)
{
	const uintptr_t word = (uintptr_t)packed;

	return (struct kept){.options = (word & 2 ? (unsigned long)RES_NOAAAA : 0) |
					(word & 4 ? (unsigned long)RES_DNSRCH : 0) |
					(word & 8 ? (unsigned long)RES_DEFNAMES : 0),
			     .retry = (int)(word >> 4)};
}

static bool knows_noaaaa(void)
{
	const char *version = gnu_get_libc_version ? gnu_get_libc_version() : "";

	if (!__res_state || !res_mkquery || strncmp(version, "2.", 2) != 0)
		return false;
	return atoi(version + 2) >= SINCE_MINOR;
}

/* As libc would have it at its next lookup: it does not look whether resolv.conf is
 * another one while the options are not those of the file. */
static struct __res_state *fresh_state(void)
{
	unsigned char query[NS_PACKETSZ];
	struct __res_state *state;

	if (!knows_noaaaa() || res_mkquery(ns_o_query, ".", ns_c_in, ns_t_a, NULL, 0,
					   NULL, query, sizeof(query)) < 0)
		return NULL;
	state = __res_state();
	return state->options & RES_INIT ? state : NULL;
}

static bool set(struct __res_state *state, const struct kept *kept, unsigned long options,
		int retry)
{
	if (pthread_setspecific(key, pack(kept)))
		return false;
	state->options = (state->options & ~OURS) | options;
	state->retry = retry;
	return true;
}

static void reset(struct __res_state *state, const struct kept *kept)
{
	state->options = (state->options & ~OURS) | kept->options;
	state->retry = kept->retry;
	pthread_setspecific(key, NULL);
}

void noaaaa_recover(void)
{
	const void *left = has_key ? pthread_getspecific(key) : NULL;
	struct kept kept;

	if (!left)
		return;
	kept = unpack(left);
	reset(__res_state(), &kept);
}

/* ---- names ---- */

/* DNS is asked for it as it stands, and first of all. */
static bool is_as_it_stands(const struct __res_state *state, const char *name)
{
	const size_t length = strlen(name);
	unsigned dots = 0;

	if (name[length - 1] == '.')
		return true;
	for (const char *at = name; *at; at++)
		dots += *at == '.';
	return dots && dots >= state->ndots;
}

/* nss-myhostname answers for it, and says 127.0.0.2 where nothing else is there. */
static bool is_of_this_host(const char *name)
{
	char host[256] = "";
	size_t length = strlen(name);

	if (name[0] == '_' || gethostname(host, sizeof(host) - 1))
		return true;
	length -= name[length - 1] == '.';
	return strlen(host) == length && !strncasecmp(host, name, length);
}

/* ---- the lookup ---- */

static int ask_both(const struct noaaaa_call *call)
{
	return call->next(call->name, call->service, call->hints, call->list);
}

static bool has_ipv4(void)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, gp_reach_live());
	const bool has = facts_has_ipv4(&facts);

	facts_close(&sources);
	return has;
}

static bool is_possible(enum noaaaa how, const struct __res_state *state,
			const char *name)
{
	const enum hosts_line line = hosts_line_now();

	/* `options no-aaaa` is set already. */
	if (line == HOSTS_UNKNOWN || state->options & RES_NOAAAA)
		return false;
	if (how == NOAAAA_ONLY)
		return true;
	return (line == HOSTS_DNS_LAST || !is_of_this_host(name)) &&
	       is_as_it_stands(state, name) && state->retry > 1 && has_ipv4();
}

static bool has_usable_ipv4(const struct addrinfo *list)
{
	struct fact_sources sources;
	struct gp_facts facts = facts_open(&sources, gp_reach_live());
	bool is_found = false;

	for (; list && !is_found; list = list->ai_next) {
		struct gp_addr addr;
		struct sockaddr_in ipv4;

		if (list->ai_family != AF_INET || list->ai_addrlen < sizeof(ipv4))
			continue;
		memcpy(&ipv4, list->ai_addr, sizeof(ipv4));
		addr = gp_addr_make(AF_INET, &ipv4.sin_addr, 0);
		is_found =
			!gp_addr_is_special(&addr) && facts.is_usable(facts.ctx, &addr);
	}
	facts_close(&sources);
	return is_found;
}

/* With what is to be kept of the state of this thread in *KEPT; NULL: not possible. */
static struct __res_state *prepare(enum noaaaa how, const char *name, struct kept *kept)
{
	struct __res_state *state = NULL;
	int cancel_state;

	pthread_once(&once, make_key);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	if (has_key)
		state = fresh_state();
	if (state && !is_possible(how, state, name))
		state = NULL;
	pthread_setcancelstate(cancel_state, NULL);
	if (state)
		*kept = (struct kept){state->options & OURS, state->retry};
	return state;
}

static bool is_enough(const struct addrinfo *list)
{
	int cancel_state;
	bool is_found;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	is_found = has_usable_ipv4(list);
	pthread_setcancelstate(cancel_state, NULL);
	return is_found;
}

/*
 * A alone was asked for, once of each server, and that took TOOK_MS. The whole may not
 * take longer than both at once: what was waited for in vain is one of libc's attempts.
 */
static int ask_rest(struct __res_state *state, const struct kept *kept,
		    const struct noaaaa_call *call, int error, long long took_ms)
{
	const bool has_waited =
		error == EAI_AGAIN && took_ms >= state->retrans * 1000LL - 100;

	if (!has_waited || !set(state, kept, kept->options, kept->retry - 1))
		return ask_both(call);
	error = ask_both(call);
	reset(state, kept);
	return error;
}

/* A alone, as they are asked for first. *IS_ASKED: DNS was. */
static int ask_a(enum noaaaa how, struct __res_state *state, const struct kept *kept,
		 const struct noaaaa_call *call, bool *is_asked)
{
	const int h_error = state->res_h_errno;
	const bool is_try = how == NOAAAA_TRY;
	int error;

	if (!set(state, kept, RES_NOAAAA | (is_try ? 0 : kept->options),
		 is_try ? 1 : kept->retry))
		return EAI_MEMORY;
	state->res_h_errno = NOT_ASKED;
	error = ask_both(call);
	reset(state, kept);
	*is_asked = state->res_h_errno != NOT_ASKED;
	if (!*is_asked)
		state->res_h_errno = h_error;
	return error;
}

int noaaaa_ask(enum noaaaa how, const struct noaaaa_call *call, enum noaaaa_end *end)
{
	const long long begin_ms = gp_now_ms();
	struct noaaaa_call first = *call;
	struct addrinfo *list = NULL;
	struct __res_state *state = NULL;
	struct kept kept;
	bool is_asked = true;
	int error;

	*end = NOAAAA_ASKED_BOTH;
	if (call->a_hints && how == NOAAAA_ONLY)
		how = NOAAAA_TRY; /* that there is no such name is to be said, too */
	if (how != NOAAAA_NO)
		state = prepare(how, call->name, &kept);
	if (!state)
		return ask_both(call);
	first.list = &list;
	if (call->a_hints)
		first.hints = call->a_hints;
	error = ask_a(how, state, &kept, &first, &is_asked);
	if (!error && is_enough(list)) {
		*end = is_asked || call->a_hints ? NOAAAA_A_ALONE : NOAAAA_ASKED_BOTH;
	} else if (!call->a_hints && (!is_asked || how == NOAAAA_ONLY)) {
		*end = is_asked ? NOAAAA_A_ALONE : NOAAAA_ASKED_BOTH;
	} else {
		*end = NOAAAA_NO_A;
		if (!error)
			call->free(list);
		return ask_rest(state, &kept, call, error, gp_now_ms() - begin_ms);
	}
	if (!error)
		*call->list = list;
	return error;
}
