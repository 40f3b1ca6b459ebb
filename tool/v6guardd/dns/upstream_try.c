/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_try.c - a question to one server by one way, and what comes of it. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "upstream_packet.h"
#include "upstream_private.h"

/* A socket each: with more under way nothing is asked twice. */
#define TRIES_MOST 1024
/* Whether a server offers recursion changes with its configuration. */
#define RECURSIVE_MS 60000

static struct server *server_of(const struct try *try)
{
	const struct upstream_query *query = try->query;

	return query->group->list[query->walk->list[try->at].server].server;
}

void upstream_keep(struct upstream_query *query, size_t at, enum walk_kind kind,
		   const struct answer_reply *reply)
{
	struct kept *kept = &query->kept[at];
	uint8_t *copy;

	if (!reply->packet || kind < kept->kind)
		return;
	copy = malloc(reply->size);
	if (!copy)
		return;
	memcpy(copy, reply->packet, reply->size);
	free(kept->bytes);
	*kept = (struct kept){kind, *reply, copy};
	kept->reply.packet = copy;
}

/* ---- what came ---- */

static void end_waiting(struct try *try, bool has_answer)
{
	struct upstream *upstream = try->query->upstream;

	if (!try->context)
		return;
	groups_answered(upstream->groups, try->context, has_answer);
	try->context = NULL;
	upstream->try_count--;
}

/* What was there at once was kept by libunbound. */
static void note(struct try *try, enum walk_kind kind)
{
	struct server *server = server_of(try);

	if (!server || try->is_beginning || !kind)
		return;
	if (kind == WALK_ERROR)
		server->alive.errors++;
	else
		server->alive.answers++;
	if (try->way == WALK_TCP && kind > WALK_ERROR)
		server->narrow_ms = gp_boot_ms();
	server_heard(server, false, try->asked_ms);
}

static void settle(struct try *try, enum walk_kind kind, const struct answer_reply *reply)
{
	struct upstream_query *query = try->query;
	const size_t at = try->at;

	walk_reply(query->walk, at, try->way, kind);
	if (!try->is_beginning)
		upstream_query_step(query, at, kind, reply);
	else if (reply)
		upstream_keep(query, at, kind, reply);
}

/* ---- lame or not ---- */

static void on_check(void *ctx, int flags)
{
	struct try *try = ctx;
	struct kept *kept = &try->query->kept[try->at];
	const bool is_lame = flags >= 0 && !(flags & (WIRE_RA | WIRE_AA));

	ping_free(try->check);
	try->check = NULL;
	if (flags >= 0 && flags & WIRE_RA)
		server_of(try)->recursive_ms = gp_boot_ms();
	if (is_lame && kept->kind == WALK_NEGATIVE) {
		free(kept->bytes);
		*kept = (struct kept){.kind = WALK_NOTHING};
	}
	settle(try, is_lame ? WALK_ERROR : WALK_NEGATIVE, NULL);
}

/* libunbound does not say what stood in the header: the same question once more, by a
 * socket of our own. */
static bool checks(struct try *try, const struct answer_reply *reply)
{
	struct upstream_query *query = try->query;
	const struct server *server = server_of(try);
	const long long now = gp_boot_ms();

	if (!server || server->at.tls || try->is_beginning ||
	    !upstream_may_be_lame(reply->packet, reply->size) ||
	    (server->recursive_ms && now - server->recursive_ms < RECURSIVE_MS))
		return false;
	try->check = ping_new(query->upstream->base, &server->at, query->name,
			      query->type, on_check, try);
	if (try->check)
		upstream_keep(query, try->at, WALK_NEGATIVE, reply);
	return try->check;
}

/* ---- libunbound ---- */

static void on_result(void *arg, int rcode, void *packet, int length, int security,
		      char *why_bogus, int was_limited)
{
	struct try *try = arg;
	const struct upstream_query *query = try->query;
	struct answer_reply reply = {.is_bogus = security == 1,
				     .is_secure = security == 2};
	const uint8_t *bytes = packet;
	const struct server *server = server_of(try);
	enum walk_kind kind;

	(void)why_bogus, (void)was_limited;
	reply.size = upstream_packet(rcode, bytes, length, query->name, query->type);
	reply.packet = reply.size ? bytes : NULL;
	reply.server = server ? server->id : 0;
	kind = upstream_kind(reply.packet, reply.size, query->type);
	end_waiting(try, kind != WALK_NOTHING);
	note(try, kind);
	if (kind && reply.is_bogus)
		kind = WALK_ERROR;
	if (kind != WALK_NEGATIVE || !checks(try, &reply))
		settle(try, kind, &reply);
}

/* QUERY is in no callback of its own context's but this one. */
static bool resolve(struct try *try, struct context *context)
{
	const struct upstream_query *query = try->query;
	struct upstream *upstream = query->upstream;
	char text[WIRE_NAME_TEXT];
	bool is_good;

	groups_asked(context);
	upstream->try_count++;
	upstream->asked++;
	try->context = context;
	try->asked_ms = gp_boot_ms();
	try->is_beginning = true;
	is_good = !ub.resolve(context->ctx, wire_name_text(query->name, text),
			      query->type, query->class, try, on_result, &try->id);
	try->is_beginning = false;
	if (!is_good)
		end_waiting(try, false);
	return is_good;
}

void upstream_try(struct upstream_query *query, size_t at, enum walk_way way)
{
	struct upstream *upstream = query->upstream;
	const bool is_more = way != WALK_FIRST && way != WALK_ANEW;
	struct context *context = is_more && upstream->try_count >= TRIES_MOST
					  ? NULL
					  : group_context(upstream->groups, query->group,
							  query->walk->list[at].server,
							  query->validates, way);
	struct try *try = context ? calloc(1, sizeof(*try)) : NULL;

	if (!try) {
		walk_reply(query->walk, at, way, WALK_NOTHING);
		return;
	}
	*try = (struct try){.next = query->tries, .query = query, .at = at, .way = way};
	query->tries = try;
	if (!resolve(try, context))
		walk_reply(query->walk, at, way, WALK_NOTHING);
}

void upstream_try_none(struct upstream_query *query)
{
	while (query->tries) {
		struct try *try = query->tries;
		query->tries = try->next;
		if (try->context)
			ub.cancel(try->context->ctx, try->id);
		end_waiting(try, false);
		ping_free(try->check);
		free(try);
	}
}
