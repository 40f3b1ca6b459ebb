/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve.h - the resolver: from a client's message to its answer. One lookup is asked for
 * once, however many clients wait for it. */
#ifndef TOOL_V6GUARDD_DNS_SERVE_H
#define TOOL_V6GUARDD_DNS_SERVE_H

#include "listen.h"
#include "serve_count.h"
#include "upstream.h"

/** Lookups at a time; clients that wait for one of them. */
#define SERVE_LOOKUPS 2048
#define SERVE_WAITERS 16384
/** When nothing has come, the client hears of it after so long: less than 5 s, when
 * clients give up, however busy the host is. */
#define SERVE_LIMIT_MS 4700
/** The same where there is an answer whose time is over (RFC 8767 5), which is then given
 * for so long without asking again. */
#define SERVE_STALE_MS 1800
#define SERVE_STALE_AGAIN_MS 30000

/** Since the start. */
struct serve_counters {
	uint64_t questions, malformed, refused, answers, failures, synthesized, local,
		joined, hits, stale, late, rebound;
};

/** The policy in force. */
struct serve_policy {
	struct gp_guard_policy guard;
	const struct gp_rules *rules; /* NULL: none */
	uint64_t generation;
	bool is_off; /* by `v6guard off`: known also when there is no policy */
};

/** What became of a lookup. */
struct serve_event {
	const struct question *question; /* of who asked first */
	const struct gp_addr *client;    /* who did */
	const struct answer *answer;     /* that was made of it */
	bool is_stale; /* it was of no use, and an old one was given instead */
	/* What upstream said to the one question and to the other; NULL: nothing. */
	const struct answer_reply *said[2];
};

/** The name that was found, TEXT: where CNAMEs lead from the one that was asked for;
 * NULL: nowhere else. */
const char *serve_found(const struct serve_event *event, char text[WIRE_NAME_TEXT]);

/** What the filter goes by, and what it tells. */
struct serve_ops {
	void *ctx;
	/* False: there is none but for is_off, and no policy_done. Else it stays until
	 * that. */
	bool (*policy)(void *ctx, struct serve_policy *out);
	void (*policy_done)(void *ctx);
	struct gp_facts facts;
	/* Some verdict is `broken`. */
	bool (*has_broken)(void *ctx);
	/* These addresses of one name are about to be handed out; WITHHELD: but for
	 * this one, which nobody tested yet. */
	void (*handed_out)(void *ctx, const struct gp_addr *addresses,
			   const bool *withheld, size_t count);
	/* An answer was made: once, however often it will be given. */
	void (*decided)(void *ctx, const struct serve_event *event);
};

struct serve;

/**
 * Answer what comes to COUNT FDS, which stay the caller's. What CONFIG leads to stays
 * where it is until the next serve_configure has returned, or serve_free. After
 * ub_library_load. NULL: no memory.
 */
struct serve *serve_new(struct event_base *base, const struct dns_config *config,
			const struct listen_fds *fds, size_t count,
			const struct serve_ops *ops);
void serve_free(struct serve *serve);

/** Another configuration, which stays as that of serve_new; where it listens is for
 * serve_listen and serve_unlisten. */
void serve_configure(struct serve *serve, const struct dns_config *config);

/** As listen_add and listen_drop; serve_new has taken the first COUNT slots. */
bool serve_listen(struct serve *serve, size_t slot, const struct listen_fds *fds);
void serve_unlisten(struct serve *serve, size_t slot);

/** What the host has: for `[nat64] mode = auto`, and AAAA that no route leads to; after
 * each change of its routes. */
void serve_set_network(struct serve *serve, bool ipv6_default, bool ipv4_usable);

bool serve_nat64_acts(const struct serve *serve);
/** The policy may be another one: what was made by the one before is forgotten at once.
 */
void serve_follow(struct serve *serve);
/** `v6guard off`: what upstream says is passed on as it is. */
bool serve_is_off(struct serve *serve);
const struct serve_counters *serve_counters(const struct serve *serve);
const struct serve_counts *serve_counts(const struct serve *serve);
struct upstream *serve_upstream(struct serve *serve);
size_t serve_lookups(const struct serve *serve);
size_t serve_connections(const struct serve *serve);

/** Forget what was kept: of NAME (lower case), NULL: all. Returns how many answers. */
size_t serve_flush(struct serve *serve, const uint8_t *name);
size_t serve_cached(const struct serve *serve);

/** The network is another one: forget the answers that were decided by the old one. */
void serve_new_epoch(struct serve *serve);
/** There may be a route to what was left out for want of one. */
void serve_ipv6_comes(struct serve *serve);
/** The verdict on PREFIX is another one: forget what was decided by verdicts, and answers
 * that have addresses in it. */
void serve_new_verdict(struct serve *serve, const struct gp_prefix *prefix);

#endif
