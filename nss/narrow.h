/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * narrow.h - a resolver is asked for A first where the policy takes AAAA away, so that
 * nobody waits for what is not given out; and never so that the search list leads to
 * another host than it does for plain libc. For nss/ only.
 */
#ifndef NSS_NARROW_H
#define NSS_NARROW_H

#include "answer.h"
#include "guard/ask.h"

/** A question for A, put before the one that libc would put. */
struct narrow {
	struct call call;      /**< the question; its name may be NAME */
	struct answer *answer; /**< where the A go: the answer itself, or its partner */
	enum gp_ask ask;
	long long begun_ms;
	char name[NI_MAXHOST + 1];
};

/**
 * Fill in FIRST if SERVICE is to be asked for A first; false: only as libc asks it. That
 * is all services but `dns` and `resolve`.
 */
bool narrow_begin(struct narrow *first, const char *service, const struct call *call,
		  struct answer *answer);

/**
 * FIRST's answer is there. True: it does, and ANSWER is what SERVICE has said; for a call
 * of AF_INET6 that is an AAAA to be stripped. False: SERVICE is to be asked as libc asks
 * it.
 */
bool narrow_end(struct narrow *first, const char *service, const struct call *call,
		struct answer *answer);

/**
 * ANSWER, which was just decided, would lose all that it has by strip-aaaa: a name of
 * which the search list found AAAA, while another one behind it may have A. If so it is
 * prepared for being asked for A alone.
 */
bool narrow_again(const struct call *call, struct answer *answer);

/** Take what stood for AAAA that were not asked for out of ANSWER. */
void narrow_forget(struct answer *answer);

#endif
