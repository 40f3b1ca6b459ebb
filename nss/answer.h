/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * answer.h - a call that a program made, and what the backends said to it. For nss/ only.
 */
#ifndef NSS_ANSWER_H
#define NSS_ANSWER_H

#include <netdb.h>
#include <nss.h>

#include "gaipolicy.h"
#include "guard/chain.h"

/** Which entry point was called; its backends are asked by the same one. */
enum call_kind {
	CALL_BY_NAME4,
	CALL_BY_NAME3,
	CALL_BY_NAME2,
	CALL_BY_NAME,
	CALL_BY_ADDR2,
	CALL_BY_ADDR
};

/** A call, as glibc or nscd made it. */
struct call {
	enum call_kind kind;
	int family;       /**< AF_UNSPEC for CALL_BY_NAME4, AF_INET for CALL_BY_NAME */
	const char *name; /**< by name */
	const void *addr; /**< by address */
	socklen_t addr_length;
};

/** Candidates and bytes that need no allocation of their own: 64 addresses, 8 KiB. */
#define ANSWER_CANDIDATES 64
#define ANSWER_BYTES 8192
/** A backend that wants more than this for one answer is broken. */
#define ANSWER_BYTES_MAX (1024 * 1024)

/** An answer in memory of its own. Allocate with answer_new, free with answer_free. */
struct answer {
	/* The call, to know it again. */
	enum call_kind kind;
	int family;
	char asked[NI_MAXHOST];
	uint8_t asked_addr[16]; /**< by address */
	socklen_t asked_length;
	struct life *life;    /**< in the frame that it is made for; NULL: it is done */
	struct answer *left;  /**< of this thread, left or on another stack; slot.h */
	bool is_kept;         /**< finished, waiting for a larger buffer */
	long long kept_until; /**< monotonic milliseconds */

	/* The policy it is decided by, copied: nothing is held while backends are asked.
	 */
	struct gp_guard_policy guard;
	bool has_rules;   /**< then it is decided by what is in force at that time */
	bool may_act;     /**< it may be changed at all */
	bool is_narrowed; /**< resolvers are asked for A alone, whatever comes of it */
	struct gp_chain chain;

	/* What came of it. Pointers lead into `bytes`. */
	enum nss_status status;
	int error;   /**< errno as the services left it, each going on from the last */
	int h_error; /**< h_errno that goes with status */
	int32_t ttl; /**< INT32_MAX: unknown */
	const char *name;
	char **aliases;  /**< NULL-terminated, or NULL */
	char *canon;     /**< gethostbyname3_r's, or NULL */
	int host_family; /**< a struct hostent's own: not always what was asked for */
	bool is_from_resolver; /**< `dns` or `resolve` was the last that was asked */
	bool has_unasked; /**< gp_unasked() is there for AAAA that were not asked for */
	struct gp_candidate *candidates;
	size_t count, capacity;
	char *bytes;
	size_t size;
	struct answer *partner; /**< the IPv4 half, where that took a call of its own */

	struct gp_candidate few[ANSWER_CANDIDATES];
	char small[ANSWER_BYTES] __attribute__((aligned(16)));
};

/** NULL: no memory, or a name or address that no resolver would take. Its `error` is what
 * errno is. */
struct answer *answer_new(const struct call *call);
void answer_free(struct answer *answer);

/** Same entry point, family, and name or address. */
bool answer_is_for(const struct answer *answer, const struct call *call);

/** Set how a call ended without addresses. `error` stays. */
void answer_fail(struct answer *answer, enum nss_status status, int h_error);

/** Forget what a backend said, before the next is asked. */
void answer_reset(struct answer *answer);

/** Double `bytes`, losing them. False: no memory, or ANSWER_BYTES_MAX reached. */
bool answer_grow(struct answer *answer);

/**
 * Add what a backend gave; false: no memory. A host of another family than FAMILY is left
 * out; AF_UNSPEC: it may be of either.
 */
bool answer_add_tuples(struct answer *answer, const struct gaih_addrtuple *tuples);
bool answer_add_host(struct answer *answer, const struct hostent *host, int family);
bool answer_add_candidates(struct answer *answer, const struct gp_candidate *candidates,
			   size_t count);

/** Take out what the decision stripped. */
void answer_strip(struct answer *answer);

#endif
