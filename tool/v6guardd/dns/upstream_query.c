/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_query.c - one question: upstream_walk.c says whom to ask, and when. */
#include <stdlib.h>
#include <string.h>

#include "guard/clock.h"
#include "upstream_private.h"

/* Whoever waits for so long goes on with other servers, when there are others; each time
 * twice as long, or with others again and again nobody would be heard. */
#define MOVE_MS 350
#define MOVES_MOST 4
/* Servers of a list that one question may go to, in its time. */
#define SERVERS_MOST 64
/* While a server is silent, that is looked at so often. */
#define LATE_EVERY_MS 400
/* Where TCP has brought what UDP did not, it is asked sooner for so long. */
#define NARROW_FOR_MS (5 * 60 * 1000LL)
/* So many seconds a later server's word holds, while an earlier one may be back any
 * moment: addresses; that there is no such name, or none of that type. */
#define SUBSTITUTE_S 30
#define SUBSTITUTE_DENIAL_S 5

/* ---- the list ---- */

static void set_timer(struct upstream_query *query, long long ms)
{
	const long long left = ms > 0 ? ms : 0;
	const struct timeval delay = {left / 1000, left % 1000 * 1000};

	evtimer_add(&query->timer, &delay);
}

void upstream_query_wake(struct upstream_query *query)
{
	if (!query->is_over)
		set_timer(query, 0);
}

static void append(struct upstream_query *query)
{
	struct upstream *upstream = query->upstream;

	query->older = upstream->newest;
	query->newer = NULL;
	*(query->older ? &query->older->newer : &upstream->oldest) = query;
	upstream->newest = query;
}

static void take_off(struct upstream_query *query)
{
	struct upstream *upstream = query->upstream;

	*(query->older ? &query->older->newer : &upstream->oldest) = query->newer;
	*(query->newer ? &query->newer->older : &upstream->newest) = query->older;
}

/* ---- its servers ---- */

static struct server *server_at(const struct upstream_query *query, size_t at)
{
	return query->group->list[query->walk->list[at].server].server;
}

static struct walk_pace pace_of(const struct server *server)
{
	const long long now = gp_boot_ms();
	struct walk_pace pace = {.patience_ms = WALK_LIMIT_MS, .hold_ms = WALK_LIMIT_MS};

	/* Who recurses asks many, each more than once, by itself. */
	if (!server)
		return pace;
	pace = alive_pace(&server->alive,
			  server->narrow_ms && now - server->narrow_ms < NARROW_FOR_MS);
	/* That is by TCP already, and takes more than one round trip. */
	if (server->at.tls) {
		pace.again_ms = pace.tcp_ms;
		pace.tcp_ms = 0;
	}
	return pace;
}

static bool is_paired(const struct upstream_query *query)
{
	return query->group->count > 1 && query->class == WIRE_CLASS_IN &&
	       (query->type == WIRE_A || query->type == WIRE_AAAA);
}

static void join_pair(struct upstream_query *query)
{
	struct upstream *upstream = query->upstream;

	query->pair = is_paired(query) ? pairs_join(upstream->pairs, query->group,
						    query->name, query->hash, query->cd)
				       : NULL;
	if (query->pair)
		query->pair->owners[query->type == WIRE_AAAA] = query;
}

void upstream_query_wake_partner(const struct upstream_query *query)
{
	struct upstream_query *other =
		query->pair ? query->pair->owners[query->type != WIRE_AAAA] : NULL;

	if (other)
		upstream_query_wake(other);
}

/* Its partner is to look what that means for it. */
static void leave_pair(struct upstream_query *query)
{
	struct pair *pair = query->pair;

	if (!pair)
		return;
	if (pair->owners[query->type == WIRE_AAAA] == query)
		pair->owners[query->type == WIRE_AAAA] = NULL;
	upstream_query_wake_partner(query);
	pairs_leave(query->upstream->pairs, pair);
	query->pair = NULL;
}

/* The DS of a zone is its parent's (RFC 4035 2.4). */
static const uint8_t *asked_for(const struct upstream_query *query)
{
	return query->type == WIRE_DS && query->name[0] ? query->name + 1 + query->name[0]
							: query->name;
}

static void set_list(struct upstream_query *query)
{
	const struct group *group = query->group;
	/* One server needs no order. */
	uint16_t *order =
		group->count > 1 ? malloc(group->count * sizeof(order[0])) : NULL;

	if (order)
		group_order(group, order);
	for (size_t i = 0; i < query->walk->count; i++) {
		const uint16_t server = order ? order[i] : (uint16_t)i;
		const struct server *one = group->list[server].server;
		query->walk->list[i].server = server;
		query->walk->list[i].is_dead = one && one->alive.is_dead;
		query->walk->list[i].pace = pace_of(one);
	}
	free(order);
}

static bool join(struct upstream_query *query)
{
	struct upstream *upstream = query->upstream;
	struct group *group;
	size_t count;

	upstream_look(upstream);
	if (!upstream_has_servers(upstream, asked_for(query)))
		return false;
	group = groups_join(upstream->groups, asked_for(query));
	count = !group ? 0 : group->count < SERVERS_MOST ? group->count : SERVERS_MOST;
	query->move_ms = gp_boot_ms() + (MOVE_MS << query->moves);
	query->walk = group ? calloc(1, walk_size(count)) : NULL;
	query->kept = query->walk ? calloc(count, sizeof(query->kept[0])) : NULL;
	query->group = group;
	query->validates = !query->cd &&
			   dns_dnssec_of(&upstream->config, query->name, query->type) ==
				   DNS_DNSSEC_VALIDATE;
	if (!query->kept)
		return false;
	join_pair(query);
	walk_begin(query->walk, count, query->pair ? &query->pair->walks : NULL,
		   query->type == WIRE_AAAA, query->asked_ms);
	set_list(query);
	return true;
}

/* Who was asked and has not answered. */
static void count_timeouts(const struct upstream_query *query)
{
	for (size_t i = 0; i < query->walk->asked; i++) {
		const struct walk_one *one = &query->walk->list[i];
		struct server *server = server_at(query, i);
		if (server && !one->got && one->open &&
		    gp_boot_ms() - one->asked_ms >= one->pace.again_ms)
			server->alive.timeouts++;
	}
}

static void leave(struct upstream_query *query)
{
	if (query->kept) {
		count_timeouts(query);
		upstream_try_none(query);
		walk_end(query->walk);
		for (size_t i = 0; i < query->walk->count; i++)
			free(query->kept[i].bytes);
	}
	leave_pair(query);
	free(query->kept);
	free(query->walk);
	if (query->group)
		groups_leave(query->upstream->groups, query->group);
	query->kept = NULL;
	query->walk = NULL;
	query->group = NULL;
}

/* ---- steps ---- */

static void finish(struct upstream_query *query, const struct answer_reply *reply)
{
	query->is_over = true;
	evtimer_del(&query->timer);
	query->done(query->ctx, reply);
	if (!query->is_beginning)
		upstream_query_end(query);
}

/* What does not validate says most; else the first one's error, as it is listed first. */
static void fail(struct upstream_query *query, size_t at)
{
	const struct answer_reply nothing = {.packet = NULL};
	const struct answer_reply *best = &nothing;

	for (size_t i = 0; i < query->walk->count; i++) {
		const struct answer_reply *one = &query->kept[i].reply;
		if (one->packet ? query->kept[i].kind != WALK_ERROR
				: !one->is_round && !one->is_bogus)
			continue;
		if (best == &nothing || i == at || (one->is_bogus && !best->is_bogus))
			best = one;
	}
	finish(query, best);
}

static void wait_until(struct upstream_query *query, long long until, long long now)
{
	const struct walk *walk = query->walk;
	const struct walk_one *last = &walk->list[walk->asked - 1];

	if (query->group->is_old && query->move_ms < until)
		until = query->move_ms;
	if (last->pace.again_ms && now - last->asked_ms >= last->pace.again_ms &&
	    until > now + LATE_EVERY_MS)
		until = now + LATE_EVERY_MS;
	set_timer(query, until - now);
}

/* One that is listed before list[AT] is not asked before it, as it is dead. */
static bool stands_for_dead(const struct upstream_query *query, size_t at)
{
	const struct walk *walk = query->walk;

	for (size_t i = at + 1; i < walk->count && !query->group->is_fastest; i++)
		if (walk->list[i].is_dead && walk->list[i].server < walk->list[at].server)
			return true;
	return false;
}

/* list[AT] answers in place of one that is listed before: that one was silent, or failed
 * for now. Whose names it is not for (REFUSED and the like) stays so. */
static bool stands_in(const struct upstream_query *query, size_t at)
{
	const struct walk *walk = query->walk;

	if (stands_for_dead(query, at))
		return true;
	for (size_t i = 0; i < at; i++) {
		const uint8_t *packet = query->kept[i].reply.packet;
		if (walk->list[i].got != WALK_ERROR ||
		    (packet && (packet[3] & 0xf) == WIRE_SERVFAIL))
			return true;
	}
	return false;
}

/* It did so for the other one of the pair. */
static bool is_paired_substitute(const struct upstream_query *query, size_t at)
{
	const unsigned other = query->type != WIRE_AAAA;
	const struct pair *pair = query->pair;

	return pair && pair->stands_in && pair->walks.has_good[other] &&
	       pair->walks.good[other] == query->walk->list[at].server;
}

/* list[AT] said REPLY, which is the answer. */
static void give(struct upstream_query *query, size_t at, struct answer_reply reply)
{
	struct pair *pair = query->pair;
	const bool is_substitute =
		stands_in(query, at) || is_paired_substitute(query, at);
	const bool is_positive = query->walk->list[at].got == WALK_POSITIVE;

	if (pair)
		pair->stands_in = is_substitute;
	if (is_substitute)
		reply.holds_s = is_positive ? SUBSTITUTE_S : SUBSTITUTE_DENIAL_S;
	finish(query, &reply);
}

/* Others are to be asked by now. False: there is nobody, and it is over. */
static bool move(struct upstream_query *query)
{
	const struct answer_reply nothing = {.packet = NULL};

	query->moves += query->moves < MOVES_MOST;
	leave(query);
	if (join(query))
		return true;
	finish(query, &nothing);
	return false;
}

/* The servers are others by now: these are asked no more, but whoever has been asked is
 * waited for. */
static bool waits_here(struct upstream_query *query, const struct walk_step *step,
		       long long now)
{
	if (step->way == WALK_FIRST || now >= query->move_ms)
		return false;
	walk_reply(query->walk, step->at, step->way, WALK_NOTHING);
	return true;
}

void upstream_query_step(struct upstream_query *query, size_t at, enum walk_kind kind,
			 const struct answer_reply *reply)
{
	for (;;) {
		const long long now = gp_boot_ms();
		const struct walk_step step = walk_next(query->walk, now);
		if (step.what == WALK_GIVE) {
			give(query, step.at,
			     reply && reply->packet && step.at == at &&
					     kind >= query->kept[at].kind
				     ? *reply
				     : query->kept[step.at].reply);
			return;
		}
		if (reply)
			upstream_keep(query, at, kind, reply);
		reply = NULL;
		if (step.what == WALK_ASK && query->group->is_old) {
			if (!waits_here(query, &step, now) && !move(query))
				return;
			continue;
		}
		if (step.what == WALK_ASK) {
			upstream_try(query, step.at, step.way);
			continue;
		}
		if (step.what == WALK_FAIL)
			fail(query, step.at);
		else
			wait_until(query, step.until_ms, now);
		return;
	}
}

/* What is known of its servers by now. */
static void refresh(struct upstream_query *query, long long now)
{
	struct walk *walk = query->walk;

	for (size_t i = 0; i < walk->asked; i++) {
		struct walk_one *one = &walk->list[i];
		struct server *server = server_at(query, i);
		if (!server)
			continue;
		if (!one->got && one->open && one->pace.again_ms &&
		    now - one->asked_ms >= one->pace.again_ms)
			server_late(server, query->hash, one->asked_ms);
		if (server->alive.is_dead && !one->is_dead)
			one->pace = pace_of(server);
		one->is_dead = server->alive.is_dead;
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_query *query = arg;
	const long long now = gp_boot_ms();

	(void)fd, (void)what;
	upstream_look(query->upstream);
	if (query->group->is_old && now >= query->move_ms && !move(query))
		return;
	refresh(query, now);
	upstream_query_step(query, 0, WALK_NOTHING, NULL);
}

void upstream_query_back(struct upstream_query *query, const struct server *server)
{
	for (size_t i = 0; query->walk && i < query->walk->asked; i++)
		if (server_at(query, i) == server) {
			query->walk->list[i].is_back = true;
			upstream_query_wake(query);
		}
}

/* ---- beginning and end ---- */

struct upstream_query *upstream_query_new(struct upstream *upstream, const uint8_t *name,
					  uint16_t type)
{
	const size_t length = wire_name_length(name);
	struct upstream_query *query = calloc(1, sizeof(*query) + length);

	if (!query)
		return NULL;
	query->upstream = upstream;
	query->type = type;
	query->asked_ms = gp_boot_ms();
	memcpy(query->name, name, length);
	query->hash = wire_name_hash(query->name);
	evtimer_assign(&query->timer, upstream->base, on_timer, query);
	append(query);
	return query;
}

bool upstream_query_begin(struct upstream_query *query)
{
	if (!join(query))
		return false;
	query->is_beginning = true;
	upstream_query_step(query, 0, WALK_NOTHING, NULL);
	query->is_beginning = false;
	return true;
}

void upstream_query_end(struct upstream_query *query)
{
	query->is_over = true;
	evtimer_del(&query->timer);
	leave(query);
	take_off(query);
	free(query);
}
