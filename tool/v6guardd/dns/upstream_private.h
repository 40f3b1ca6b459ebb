/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_private.h - what upstream.c, upstream_alive.c and upstream_late.c share. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_PRIVATE_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_PRIVATE_H

#include "ub_library.h"
#include "upstream.h"
#include "upstream_context.h"
#include "upstream_trust.h"

/* An answer that takes longer makes one doubt: libunbound asks again soon. */
#define DOUBT_MS 350

/* Of some link, of those for all other names, and of zones, from PING_ZONE on. */
enum { PING_LINK, PING_ALL, PING_ZONE };

/* So many of them are remembered, by their hash. */
#define UPSTREAM_ROUNDS 64

struct upstream {
	struct event_base *base;
	struct contexts *contexts;
	struct event *doubt;                    /* while somebody waits */
	struct upstream_query *oldest, *newest; /* of those that wait */
	struct dns_config config;
	struct servers servers;
	struct trust trust;
	/* CD is for plain ones, whatever is set; [1]: by TCP. */
	struct context *plain[2], *validating[2];
	uint64_t asked;
	uint32_t rounds[UPSTREAM_ROUNDS]; /* names of which nothing came but CNAMEs */
	long long answered_ms;            /* when an answer came last */
	long long narrow_ms;              /* when one came by TCP alone; 0: never */
	struct health **pings;            /* NULL, or each NULL: none yet */
	size_t ping_count;
	void (*changed)(void *ctx); /* may be NULL */
	void *changed_ctx;
};

struct upstream_query {
	struct upstream_query *older, *newer;
	struct upstream *upstream;
	struct context *context;
	upstream_done_fn *done;
	void *ctx;
	int id;
	long long asked_ms;
	uint16_t type, class;
	bool cd, is_beginning, is_over;
	bool is_tcp, is_waiting;
	bool is_late;                /* was asked by TCP as well */
	struct upstream_query *twin; /* that does so, while it waits */
	uint8_t name[];              /* wire form */
};

/* ---- upstream.c ---- */

/* Whom to ask; NULL: nobody, or no memory. */
struct context *upstream_context_for(struct upstream *upstream, const uint8_t *name,
				     uint16_t type, bool cd, bool by_tcp);
/* NULL: no memory. */
struct upstream_query *upstream_query_new(struct upstream *upstream, const uint8_t *name,
					  upstream_done_fn *done, void *ctx);
/* When this returns the query may be over, and still is to be ended. False: it cannot be
 * asked. */
bool upstream_resolve(struct upstream_query *query, struct context *context);
/* With its twin. It waits for libunbound no more. */
void upstream_query_end(struct upstream_query *query);
/* Neither an answer nor a denial. */
bool upstream_has_failed(const struct answer_reply *reply);

/* ---- upstream_alive.c ---- */

void upstream_forget_pings(struct upstream *upstream);

/* ---- upstream_late.c ---- */

/* Ask by TCP for whom UDP has brought nothing for too long. Any query may be over, and
 * gone, when this returns. */
void upstream_ask_late_ones(struct upstream *upstream, long long now);

#endif
