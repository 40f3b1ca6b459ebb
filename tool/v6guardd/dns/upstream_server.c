/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_server.c - see upstream_server.h. */
#include <stdlib.h>

#include "guard/clock.h"
#include "upstream_server.h"

#define ASK_EVERY_MS 1000

struct known {
	struct event_base *base;
	server_news_fn *news;
	void *ctx;
	struct server *first;
	uint32_t ids;
};

struct known *known_new(struct event_base *base, server_news_fn *news, void *ctx)
{
	struct known *known = calloc(1, sizeof(*known));

	if (known)
		*known = (struct known){.base = base, .news = news, .ctx = ctx};
	return known;
}

struct server *known_first(const struct known *known)
{
	return known->first;
}

void known_sweep(struct known *known)
{
	struct server **at = &known->first;

	while (*at) {
		struct server *server = *at;
		if (server->lists) {
			at = &server->next;
			continue;
		}
		*at = server->next;
		ping_free(server->ping);
		free(server);
	}
}

void known_free(struct known *known)
{
	if (!known)
		return;
	known_sweep(known);
	free(known);
}

static bool is_same(const struct dns_endpoint *a, const struct dns_endpoint *b)
{
	return dns_endpoint_equal(a, b) && a->tls == b->tls;
}

struct server *known_find(const struct known *known, const struct dns_endpoint *endpoint)
{
	struct server *server = known->first;

	while (server && !(server->lists && is_same(&server->endpoint, endpoint)))
		server = server->next;
	return server;
}

struct server *known_take(struct known *known, const struct dns_endpoint *endpoint,
			  const struct dns_endpoint *at)
{
	struct server **end = &known->first, *server;

	for (; *end; end = &(*end)->next) {
		if (!is_same(&(*end)->endpoint, endpoint) || !is_same(&(*end)->at, at))
			continue;
		(*end)->lists++;
		return *end;
	}
	server = calloc(1, sizeof(*server));
	if (!server)
		return NULL;
	server->known = known;
	server->endpoint = *endpoint;
	server->at = *at;
	server->id = ++known->ids;
	server->lists = 1;
	return *end = server;
}

/* ---- is it there? ---- */

void server_heard(struct server *server, bool is_ping, long long asked_ms)
{
	const struct known *known = server->known;

	if (alive_heard(&server->alive, is_ping, asked_ms, gp_boot_ms()))
		known->news(known->ctx, server, true);
}

static void on_ping(void *ctx, int flags)
{
	struct server *server = ctx;
	const long long asked_ms = ping_asked_ms(server->ping);

	ping_free(server->ping);
	server->ping = NULL;
	if (flags < 0)
		return;
	if (flags & WIRE_RA)
		server->recursive_ms = gp_boot_ms();
	server_heard(server, true, asked_ms);
}

/* The root's name servers: everybody has something to say about them. */
static void ping(struct server *server)
{
	static const uint8_t root[1] = {0};

	if (server->ping)
		ping_again(server->ping);
	else
		server->ping = ping_new(server->known->base, &server->at, root, WIRE_NS,
					on_ping, server);
}

void server_late(struct server *server, uint32_t hash, long long asked_ms)
{
	const struct known *known = server->known;
	const long long now = gp_boot_ms();

	if (alive_late(&server->alive, hash, asked_ms, now))
		known->news(known->ctx, server, false);
	if (alive_pings(&server->alive, now))
		ping(server);
}

bool server_probe(struct server *server)
{
	if (!server->alive.is_dead || !alive_pings(&server->alive, gp_boot_ms()))
		return false;
	ping(server);
	return true;
}

void server_ask(struct server *server)
{
	const long long now = gp_boot_ms();

	if (server->alive.ping_ms && now - server->alive.ping_ms < ASK_EVERY_MS)
		return;
	server->alive.ping_ms = now;
	ping(server);
}
