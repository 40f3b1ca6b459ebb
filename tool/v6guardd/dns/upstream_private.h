/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_private.h - what upstream.c (servers, and who asks) and upstream_query.c (one
 * question) share. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_PRIVATE_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_PRIVATE_H

#include <event2/event_struct.h>

#include "ub_library.h"
#include "upstream.h"
#include "upstream_group.h"
#include "upstream_pair.h"
#include "upstream_trust.h"

/* So many of them are remembered, by their hash. */
#define UPSTREAM_ROUNDS 64

struct upstream {
	struct event_base *base;
	struct dns_config config;
	struct servers servers;
	struct known *known;
	struct groups *groups;
	struct pairs *pairs;
	struct trust trust;
	struct upstream_query *oldest, *newest; /* of those that wait */
	size_t try_count;
	uint64_t asked;
	uint32_t rounds[UPSTREAM_ROUNDS]; /* names of which nothing came but CNAMEs */
	void (*changed)(void *ctx);       /* may be NULL */
	void *changed_ctx;
};

/* A question to one server by one way. */
struct attempt {
	struct attempt *next;
	struct upstream_query *query;
	struct context *context; /* while libunbound has it */
	int id;
	size_t at;
	enum walk_way way;
	long long asked_ms;
	bool is_beginning;  /* ub.resolve has not returned yet */
	struct ping *check; /* whether its empty answer is a denial */
};

/* What was said and is not the answer yet; bytes of its own. */
struct kept {
	enum walk_kind kind;
	struct answer_reply reply;
	uint8_t *bytes;
};

struct upstream_query {
	struct upstream_query *older, *newer;
	struct upstream *upstream;
	upstream_done_fn *done;
	void *ctx;
	struct event timer;
	struct group *group;
	struct pair *pair; /* NULL: it has none */
	struct attempt *tries;
	struct walk *walk;
	struct kept *kept; /* of each on its list */
	long long asked_ms;
	long long move_ms; /* from then on it goes to other servers, if there are */
	uint32_t hash;
	uint16_t type, class;
	uint8_t moves;
	bool cd, validates, is_beginning, is_over;
	uint8_t name[]; /* wire form */
};

/* ---- upstream.c ---- */

/* Are the servers still the same? Only when somebody asks. */
void upstream_look(struct upstream *upstream);
/* There is somebody to ask for NAME. */
bool upstream_has_servers(const struct upstream *upstream, const uint8_t *name);

/* ---- upstream_query.c ---- */

/* NULL: no memory. */
struct upstream_query *upstream_query_new(struct upstream *upstream, const uint8_t *name,
					  uint16_t type);
/* It may be over when this returns, and still is to be ended. False: it cannot be asked.
 */
bool upstream_query_begin(struct upstream_query *query);
/* It waits no more. */
void upstream_query_end(struct upstream_query *query);
/* What it waits for has changed: it is looked at when the loop runs. */
void upstream_query_wake(struct upstream_query *query);
/* So has what the other one of its pair waits for. */
void upstream_query_wake_partner(const struct upstream_query *query);
/* SERVER is heard again: is it waited for? */
void upstream_query_back(struct upstream_query *query, const struct server *server);

/* ---- upstream_try.c ---- */

/* Ask list[AT] by WAY. What came of it at once, or that nothing can, the walk is told. */
void upstream_try(struct upstream_query *query, size_t at, enum walk_way way);
/* Of all of them nothing is wanted any more. */
void upstream_try_none(struct upstream_query *query);
/* REPLY, of list[AT], may be the answer later. */
void upstream_keep(struct upstream_query *query, size_t at, enum walk_kind kind,
		   const struct answer_reply *reply);
/* What is to be done after REPLY (NULL: none) of list[AT] came? It may be over, and gone,
 * when this returns. */
void upstream_query_step(struct upstream_query *query, size_t at, enum walk_kind kind,
			 const struct answer_reply *reply);

#endif
