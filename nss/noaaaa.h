/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noaaaa.h - a lookup for both families that asks DNS for A first, where AAAA are to be
 * stripped: AAAA that no server answers cost 15 s, and nobody would get them. libc does
 * the lookup as ever, with what `options no-aaaa` of resolv.conf sets in its resolver's
 * state for this thread. So each other service is asked as libc asks it. For nss/ only.
 */
#ifndef NSS_NOAAAA_H
#define NSS_NOAAAA_H

#include <netdb.h>

#include "gaipolicy.h"

enum noaaaa {
	NOAAAA_NO,
	/** What `options no-aaaa` gives is the answer: strip-aaaa with keep-last = no. */
	NOAAAA_ONLY,
	/**
	 * If a usable A comes of the name as it stands, that is the answer; else both are
	 * asked for. Only for names that the search list cannot change: as that stops at
	 * the first name with any record, A alone could lead to another host.
	 */
	NOAAAA_TRY,
};

/** How AAAA would be stripped from the answer to QUERY, whatever it is; fills in what
 * rules need of QUERY. */
enum noaaaa noaaaa_wanted(const struct gp_guard_policy *guard,
			  const struct gp_rules *rules, struct gp_query *query);

/** A call of libc's getaddrinfo(), which stands behind us, and freeaddrinfo(). */
struct noaaaa_call {
	int (*next)(const char *name, const char *service, const struct addrinfo *hints,
		    struct addrinfo **list);
	void (*free)(struct addrinfo *list);
	const char *name, *service;
	const struct addrinfo *hints;
	struct addrinfo **list;
	/** For AF_INET6 alone: HINTS for the A by which AAAA go; else NULL. */
	const struct addrinfo *a_hints;
};

/** What came of it. */
enum noaaaa_end {
	NOAAAA_ASKED_BOTH, /**< as libc does it: no more is known of A than it says */
	NOAAAA_A_ALONE,    /**< DNS was asked for A alone; with A_HINTS, LIST are those */
	NOAAAA_NO_A,       /**< for A first, and there is no usable one */
};

/** Do CALL: its result, and in *END what came of it. A lookup takes no longer
 * than it would by CALL alone when A are not answered, and one round trip more at most
 * when there are none. */
int noaaaa_ask(enum noaaaa how, const struct noaaaa_call *call, enum noaaaa_end *end);

/** A lookup of this thread that was left by longjmp() has left the resolver's state as it
 * was for A alone: put it right. Not from inside a lookup. */
void noaaaa_recover(void);

#endif
