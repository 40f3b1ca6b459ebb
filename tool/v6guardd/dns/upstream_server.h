/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_server.h - one name server, in whatever lists it stands: what is known of it,
 * and the questions of our own to it. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_SERVER_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_SERVER_H

#include "server_alive.h"
#include "upstream_ping.h"

struct known;

struct server {
	struct server *next;
	struct known *known;
	struct dns_endpoint endpoint, at; /* as it is written, and where it is reached */
	uint32_t id;                      /* its own, from 1 on */
	unsigned lists;                   /* that it stands in */
	struct alive alive;
	struct ping *ping;
	long long narrow_ms;    /* when an answer came by TCP alone; 0: never */
	long long recursive_ms; /* when it said RA; 0: never */
};

/** SERVER was silent, and speaks (IS_BACK), or is dead from now on. */
typedef void server_news_fn(void *ctx, struct server *server, bool is_back);

/** All that are known: what is known of them outlives a list. NULL: no memory. */
struct known *known_new(struct event_base *base, server_news_fn *news, void *ctx);
/** None may stand in a list any more. NULL is allowed. */
void known_free(struct known *known);
/** The one of ENDPOINT that is reached AT, new or not; it stands in one list more. NULL:
 * no memory. */
struct server *known_take(struct known *known, const struct dns_endpoint *endpoint,
			  const struct dns_endpoint *at);
/** NULL: it is not known. */
struct server *known_find(const struct known *known, const struct dns_endpoint *endpoint);
/** Forget those that stand in no list. */
void known_sweep(struct known *known);
struct server *known_first(const struct known *known);

/** It said something to what it was asked at ASKED_MS; 0: that is not known. */
void server_heard(struct server *server, bool is_ping, long long asked_ms);
/** The name of HASH, asked at ASKED_MS, is late. Who is in doubt is pinged. */
void server_late(struct server *server, uint32_t hash, long long asked_ms);
/** It is dead, and a question comes along: true, and a ping on its way, when it is time
 * to see whether it is back. */
bool server_probe(struct server *server);
/** Ping it, unless that was done in the last second. */
void server_ask(struct server *server);

#endif
