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
/* A question that took longer than this may have been sent more than once. */
#define ROUND_MS 350

static struct server *server_of(const struct attempt *attempt)
{
	const struct upstream_query *query = attempt->query;

	return query->group->list[query->walk->list[attempt->at].server].server;
}

void upstream_keep(struct upstream_query *query, size_t at, enum walk_kind kind,
		   const struct answer_reply *reply)
{
	struct kept *kept = &query->kept[at];
	uint8_t *copy;

	if (kind < kept->kind)
		return;
	if (!kept->bytes)
		kept->reply = (struct answer_reply){.is_round = reply->is_round,
						    .is_bogus = reply->is_bogus,
						    .server = reply->server};
	if (!reply->packet)
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

static void end_waiting(struct attempt *attempt, bool has_answer)
{
	struct upstream *upstream = attempt->query->upstream;

	if (!attempt->context)
		return;
	groups_answered(upstream->groups, attempt->context, has_answer);
	attempt->context = NULL;
	upstream->try_count--;
}

/* What was there at once was kept by libunbound. */
static void note(struct attempt *attempt, enum walk_kind kind)
{
	struct server *server = server_of(attempt);

	if (!server || attempt->is_beginning || !kind)
		return;
	if (kind == WALK_ERROR)
		server->alive.errors++;
	else
		server->alive.answers++;
	if (attempt->way == WALK_TCP && kind > WALK_ERROR)
		server->narrow_ms = gp_boot_ms();
	server_heard(server, false, attempt->asked_ms);
}

static void settle(struct attempt *attempt, enum walk_kind kind,
		   const struct answer_reply *reply)
{
	struct upstream_query *query = attempt->query;
	const size_t at = attempt->at;

	walk_reply(query->walk, at, attempt->way, kind);
	if (kind <= WALK_ERROR)
		upstream_query_wake_partner(query);
	if (!attempt->is_beginning)
		upstream_query_step(query, at, kind, reply);
	else if (reply)
		upstream_keep(query, at, kind, reply);
}

/* ---- lame or not ---- */

static void on_check(void *ctx, int flags)
{
	struct attempt *attempt = ctx;
	struct kept *kept = &attempt->query->kept[attempt->at];
	const bool is_lame = flags >= 0 && !(flags & (WIRE_RA | WIRE_AA));

	ping_free(attempt->check);
	attempt->check = NULL;
	if (flags >= 0 && flags & WIRE_RA)
		server_of(attempt)->recursive_ms = gp_boot_ms();
	if (is_lame && kept->kind == WALK_NEGATIVE) {
		free(kept->bytes);
		*kept = (struct kept){.kind = WALK_NOTHING};
	}
	settle(attempt, is_lame ? WALK_ERROR : WALK_NEGATIVE, NULL);
}

/* libunbound does not say what stood in the header: the same question once more, by a
 * socket of our own. */
static bool checks(struct attempt *attempt, const struct answer_reply *reply)
{
	struct upstream_query *query = attempt->query;
	const struct server *server = server_of(attempt);
	const long long now = gp_boot_ms();

	if (!server || server->at.tls || attempt->is_beginning ||
	    !upstream_may_be_lame(reply->packet, reply->size) ||
	    (server->recursive_ms && now - server->recursive_ms < RECURSIVE_MS))
		return false;
	attempt->check = ping_new(query->upstream->base, &server->at, query->name,
				  query->type, on_check, attempt);
	if (attempt->check)
		upstream_keep(query, attempt->at, WALK_NEGATIVE, reply);
	return attempt->check;
}

/* ---- libunbound ---- */

/* No answer came of CNAMEs. What was answered before anything timed out was so by what
 * was said last; the second time libunbound knows by itself, and its buffer says nothing.
 */
static bool goes_round(const struct attempt *attempt, const uint8_t *packet, int length)
{
	const struct upstream_query *query = attempt->query;
	const uint32_t mark = wire_name_hash(query->name) ^ query->type;
	uint32_t *place = &query->upstream->rounds[mark % UPSTREAM_ROUNDS];
	const bool is_last = gp_boot_ms() - attempt->asked_ms < ROUND_MS;

	if (attempt->is_beginning)
		return *place == mark;
	if (!upstream_packet_goes_round(packet, length, query->name, query->type,
					is_last))
		return false;
	*place = mark;
	return true;
}

static bool is_authentic(const struct attempt *attempt, const struct answer_reply *reply)
{
	const struct upstream_query *query = attempt->query;
	struct upstream *upstream = query->upstream;
	const struct server *server = server_of(attempt);

	/* A link's servers are nobody's choice. */
	if (!server || (!dns_zone_of(&upstream->config, query->name) &&
			upstream_has_route(upstream, query->name)))
		return false;
	return trust_is_authentic(&upstream->trust, &upstream->config, &server->at,
				  query->name, query->type, attempt->is_beginning, reply);
}

static void on_result(void *arg, int rcode, void *packet, int length, int security,
		      char *why_bogus, int was_limited)
{
	struct attempt *attempt = arg;
	const struct upstream_query *query = attempt->query;
	struct answer_reply reply = {.is_bogus = security == 1,
				     .is_secure = security == 2};
	const uint8_t *bytes = packet;
	const struct server *server = server_of(attempt);
	enum walk_kind kind;

	(void)why_bogus, (void)was_limited;
	reply.size = upstream_packet(rcode, bytes, length, query->name, query->type);
	reply.packet = reply.size ? bytes : NULL;
	reply.server = server ? server->id : 0;
	reply.is_round = !reply.packet && goes_round(attempt, bytes, length);
	reply.is_secure |= is_authentic(attempt, &reply);
	kind = reply.is_round ? WALK_ERROR
			      : upstream_kind(reply.packet, reply.size, query->type);
	end_waiting(attempt, kind != WALK_NOTHING);
	note(attempt, kind);
	if (reply.is_bogus)
		kind = WALK_ERROR;
	if (kind != WALK_NEGATIVE || !checks(attempt, &reply))
		settle(attempt, kind, &reply);
}

/* QUERY is in no callback of its own context's but this one. */
static bool resolve(struct attempt *attempt, struct context *context)
{
	const struct upstream_query *query = attempt->query;
	struct upstream *upstream = query->upstream;
	char text[WIRE_NAME_TEXT];
	bool is_good;

	groups_asked(context);
	upstream->try_count++;
	upstream->asked++;
	attempt->context = context;
	attempt->asked_ms = gp_boot_ms();
	attempt->is_beginning = true;
	is_good =
		!ub.resolve(context->ctx, wire_name_text(query->name, text), query->type,
			    query->class, attempt, on_result, &attempt->id);
	attempt->is_beginning = false;
	if (!is_good)
		end_waiting(attempt, false);
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
	struct attempt *attempt = context ? calloc(1, sizeof(*attempt)) : NULL;

	if (!attempt) {
		walk_reply(query->walk, at, way, WALK_NOTHING);
		return;
	}
	*attempt = (struct attempt){
		.next = query->tries, .query = query, .at = at, .way = way};
	query->tries = attempt;
	if (!resolve(attempt, context))
		walk_reply(query->walk, at, way, WALK_NOTHING);
}

void upstream_try_none(struct upstream_query *query)
{
	while (query->tries) {
		struct attempt *attempt = query->tries;
		query->tries = attempt->next;
		if (attempt->context)
			ub.cancel(attempt->context->ctx, attempt->id);
		end_waiting(attempt, false);
		ping_free(attempt->check);
		free(attempt);
	}
}
