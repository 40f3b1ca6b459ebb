/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * upstream_group.h - lists of servers: those for all names, of a zone in [forward], of a
 * link. Each has a libunbound context for every server, made when it is needed.
 */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_GROUP_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_GROUP_H

#include "upstream_context.h"
#include "upstream_server.h"

/* What is asked anew has the first way's, which is another one by then. */
enum { GROUP_CONTEXTS = 2 * WALK_ANEW };

struct group {
	struct group *next;
	uint32_t id; /* no other one ever had it */
	bool is_old; /* others have taken its place */
	bool is_fastest, recurses;
	size_t questions; /* that go by it */
	uint32_t key;     /* of the servers_list that it is */
	size_t count;     /* who recurses has one, without a server */
	struct group_server {
		struct server *server;
		struct context *contexts[GROUP_CONTEXTS]; /* NULL: not made */
	} list[];
};

struct groups;

/** NULL: no memory. SERVERS and KNOWN stay the caller's. */
struct groups *groups_new(struct event_base *base, struct servers *servers,
			  struct known *known);
/** No question may go by any. NULL is allowed. */
void groups_free(struct groups *groups);
/** HEARD shows what is read for any of their contexts: contexts_hear. */
void groups_hear(struct groups *groups, struct ub_heard *heard);
/** The servers are others: what is asked from now on goes to new ones. */
void groups_renew(struct groups *groups);
/** One more question goes by the group for NAME; NULL: there is nobody to ask. */
struct group *groups_join(struct groups *groups, const uint8_t *name);
void groups_leave(struct groups *groups, struct group *group);
/** That for NAME, as it is; NULL: no memory. */
struct group *groups_find(struct groups *groups, const uint8_t *name);

/** Whom list[AT] of GROUP is asked by; NULL: no memory, or libunbound does not take it.
 */
struct context *group_context(struct groups *groups, struct group *group, size_t at,
			      bool validates, enum walk_way way);
/** One query more waits for CONTEXT, or one less, with an answer or without. */
void groups_asked(struct context *context);
void groups_answered(struct groups *groups, struct context *context, bool has_answer);
/** Contexts are made anew: a server is heard again, or dead, so that those by which it is
 * asked have seen its silence, and all others may have it in them; or what libunbound
 * has kept is to be forgotten. What waits goes on with the ones before. */
void groups_drop(struct groups *groups);

/**
 * In what order the servers are asked, as indexes of list[]: the order of the list, or
 * the fastest first; the dead ones last, but for those that are to be seen again
 * (server_probe).
 */
void group_order(const struct group *group, uint16_t *out);
/** The one that is asked first. */
size_t group_first(const struct group *group);
/** SERVER is that of some group. */
bool groups_begin_with(const struct groups *groups, const struct server *server);

#endif
