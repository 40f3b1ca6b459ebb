/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_group.c - see upstream_group.h. */
#include <stdlib.h>

#include "guard/clock.h"
#include "upstream_config.h"
#include "upstream_group.h"

/* A context that nobody used for so long is let go. */
#define IDLE_MS 60000
/* libunbound waits longer and longer for a server that is silent, and in the end asks it
 * no more: a context has seen no time-out, of 5 s. */
#define SILENT_MS 4000
/* By speed: how old that of a server may be. */
#define MEASURE_MS 60000

struct groups {
	struct contexts *contexts;
	struct event *idle;
	struct servers *servers;
	struct known *known;
	struct group *current, *old;
	size_t context_count;
	uint32_t ids;
};

/* ---- contexts ---- */

/* Which server of a list is asked, in a context for one of another list or of the same.
 */
struct choice {
	const struct groups *groups;
	const struct group *group;
	size_t at;
};

static size_t choose(const void *ctx, uint32_t key)
{
	const struct choice *choice = ctx;
	const struct group *group = choice->groups->current;

	if (choice->group->key == key)
		return choice->at;
	while (group && group->key != key)
		group = group->next;
	return group ? group_first(group) : 0;
}

static void retire(struct groups *groups, struct context **context)
{
	if (*context)
		groups->context_count--;
	contexts_retire(groups->contexts, context);
}

static void retire_if(struct groups *groups, struct group *group,
		      bool (*is_over)(const struct context *context))
{
	for (size_t i = 0; i < group->count * GROUP_CONTEXTS; i++) {
		struct context **context =
			&group->list[i / GROUP_CONTEXTS].contexts[i % GROUP_CONTEXTS];
		if (*context && is_over(*context))
			retire(groups, context);
	}
}

static bool always(const struct context *context)
{
	(void)context;
	return true;
}

static bool is_idle(const struct context *context)
{
	return !context->waiting && gp_boot_ms() - context->used_ms >= IDLE_MS;
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval later = {IDLE_MS / 2000, 0};
	struct groups *groups = arg;

	(void)fd, (void)what;
	for (struct group *group = groups->current; group; group = group->next)
		retire_if(groups, group, is_idle);
	known_sweep(groups->known);
	if (groups->context_count)
		evtimer_add(groups->idle, &later);
}

static bool has_seen_silence(const struct context *context)
{
	return context->silent_ms && gp_boot_ms() - context->silent_ms >= SILENT_MS;
}

/* Where there is no memory for another one it stays as it is. */
static void make_context(struct groups *groups, struct context **context,
			 const struct choice *choice, bool validates, bool by_tcp)
{
	struct context *made = contexts_add(groups->contexts, groups->servers, validates,
					    by_tcp, choose, choice);

	if (!made)
		return;
	retire(groups, context);
	*context = made;
	groups->context_count++;
}

struct context *group_context(struct groups *groups, struct group *group, size_t at,
			      bool validates, enum walk_way way)
{
	const struct choice choice = {groups, group, at};
	const enum walk_way like = way == WALK_ANEW ? WALK_FIRST : way;
	struct context **context =
		&group->list[at].contexts[validates * WALK_ANEW + like];

	if (!*context || (!group->recurses && has_seen_silence(*context)))
		make_context(groups, context, &choice, validates, way == WALK_TCP);
	if (*context)
		(*context)->used_ms = gp_boot_ms();
	if (!evtimer_pending(groups->idle, NULL))
		on_idle(-1, 0, groups);
	return *context;
}

void groups_asked(struct context *context)
{
	context->waiting++;
	if (!context->silent_ms)
		context->silent_ms = gp_boot_ms();
}

void groups_answered(struct groups *groups, struct context *context, bool has_answer)
{
	if (has_answer)
		context->silent_ms = 0;
	contexts_answered(groups->contexts, context);
}

void groups_drop(struct groups *groups)
{
	for (struct group *group = groups->current; group; group = group->next)
		retire_if(groups, group, always);
}

/* ---- groups ---- */

static void free_group(struct groups *groups, struct group *group)
{
	retire_if(groups, group, always);
	for (size_t i = 0; i < group->count; i++)
		if (group->list[i].server)
			group->list[i].server->lists--;
	free(group);
}

static void free_old_ones(struct groups *groups)
{
	struct group **at = &groups->old;

	while (*at) {
		struct group *group = *at;
		if (group->questions) {
			at = &group->next;
			continue;
		}
		*at = group->next;
		free_group(groups, group);
	}
}

void groups_renew(struct groups *groups)
{
	while (groups->current) {
		struct group *group = groups->current;
		retire_if(groups, group, always);
		group->is_old = true;
		groups->current = group->next;
		group->next = groups->old;
		groups->old = group;
	}
	free_old_ones(groups);
}

static struct group *make(struct groups *groups, const struct servers_list *from)
{
	const struct servers *servers = groups->servers;
	const size_t count = from->recurses ? 1 : from->count;
	struct group *group = calloc(1, sizeof(*group) + count * sizeof(group->list[0]));

	if (!group)
		return NULL;
	group->id = ++groups->ids;
	group->key = from->key;
	group->is_fastest = from->goes_by_speed;
	group->recurses = from->recurses;
	for (size_t i = 0; !from->recurses && i < count; i++) {
		const struct dns_endpoint at =
			servers_reached_at(servers, &from->servers[i]);
		struct server *server = known_take(groups->known, &from->servers[i], &at);
		if (server)
			group->list[group->count++].server = server;
	}
	group->count += from->recurses;
	group->next = groups->current;
	return groups->current = group;
}

struct group *groups_find(struct groups *groups, const uint8_t *name)
{
	const struct servers_list list = servers_for(groups->servers, name);
	struct group *group = groups->current;

	while (group && group->key != list.key)
		group = group->next;
	return group ? group : make(groups, &list);
}

struct group *groups_join(struct groups *groups, const uint8_t *name)
{
	struct group *group = groups_find(groups, name);

	if (!group || !group->count)
		return NULL;
	group->questions++;
	return group;
}

void groups_leave(struct groups *groups, struct group *group)
{
	group->questions--;
	if (group->is_old && !group->questions)
		free_old_ones(groups);
}

/* ---- order ---- */

static bool is_dead(const struct group *group, size_t at)
{
	const struct server *server = group->list[at].server;

	return server && server->alive.is_dead;
}

/* Whose speed is not known comes last, which others are asked before for a while; IPv6
 * before IPv4 where nothing else says. */
static uint64_t rank(const struct group *group, size_t at)
{
	const struct server *server = group->list[at].server;
	const uint64_t ms = server && server->alive.ms ? server->alive.ms : UINT32_MAX;

	return group->is_fastest && server
		       ? ms << 17 | (uint64_t)(server->at.addr.family == AF_INET) << 16 |
				 at
		       : at;
}

static void sort(const struct group *group, uint16_t *list, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const uint16_t one = list[i];
		size_t to = i;
		for (; to && rank(group, list[to - 1]) > rank(group, one); to--)
			list[to] = list[to - 1];
		list[to] = one;
	}
}

static bool are_all_dead(const struct group *group)
{
	size_t i = 0;

	while (i < group->count && is_dead(group, i))
		i++;
	return i == group->count;
}

/* Who is never asked would stay as slow as it once was. */
static void measure(const struct group *group)
{
	const long long now = gp_boot_ms();

	for (size_t i = 0; group->is_fastest && i < group->count; i++) {
		struct server *server = group->list[i].server;
		if (!server->alive.ping_ms || now - server->alive.ping_ms >= MEASURE_MS)
			server_ask(server);
	}
}

void group_order(const struct group *group, uint16_t *out)
{
	const bool all_dead = are_all_dead(group);
	size_t count = 0, end = group->count;

	measure(group);
	/* Those that are left out come in from behind, and are turned round then. */
	for (size_t i = 0; i < group->count; i++)
		if (!is_dead(group, i) || server_probe(group->list[i].server) || all_dead)
			out[count++] = (uint16_t)i;
		else
			out[--end] = (uint16_t)i;
	if (count > 1)
		sort(group, out, count);
	for (size_t last = group->count; end + 1 < last; end++) {
		const uint16_t one = out[end];
		out[end] = out[--last];
		out[last] = one;
	}
}

size_t group_first(const struct group *group)
{
	const bool all_dead = are_all_dead(group);
	size_t first = group->count;

	for (size_t i = 0; i < group->count; i++)
		if ((all_dead || !is_dead(group, i)) &&
		    (first == group->count || rank(group, i) < rank(group, first)))
			first = i;
	return first < group->count ? first : 0;
}

bool groups_begin_with(const struct groups *groups, const struct server *server)
{
	for (const struct group *group = groups->current; group; group = group->next)
		if (group->count && group->list[group_first(group)].server == server)
			return true;
	return false;
}

/* ---- beginning and end ---- */

struct groups *groups_new(struct event_base *base, struct servers *servers,
			  struct known *known)
{
	struct groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->servers = servers;
	groups->known = known;
	groups->contexts = contexts_new(base);
	groups->idle = evtimer_new(base, on_idle, groups);
	if (groups->contexts && groups->idle)
		return groups;
	groups_free(groups);
	return NULL;
}

void groups_hear(struct groups *groups, struct ub_heard *heard)
{
	contexts_hear(groups->contexts, heard);
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	groups_renew(groups);
	contexts_free(groups->contexts);
	if (groups->idle)
		event_free(groups->idle);
	free(groups);
}
