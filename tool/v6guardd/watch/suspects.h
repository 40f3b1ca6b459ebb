/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suspects.h - watches the host's TCP sockets: those that wait for an answer (dumps), and
 * those that close (events). On libevent; what it means is verdict.h's part.
 */
#ifndef TOOL_V6GUARDD_WATCH_SUSPECTS_H
#define TOOL_V6GUARDD_WATCH_SUSPECTS_H

#include <event2/event.h>

#include "guard/sockdiag.h"

#define SUSPECTS_IDLE_MS 5000  /* one small dump */
#define SUSPECTS_BUSY_MS 250   /* while there is reason to */
#define SUSPECTS_HINT_MS 10000 /* how long a hint is a reason */
#define SUSPECTS_GATHER_MS 20  /* events are read together: a busy host has many */
#define SUSPECTS_FILTER 32
/* How often, at most, it is asked what listens here; only when something closes. */
#define SUSPECTS_LISTENERS_MS 10000

struct suspects_ops {
	void *ctx;
	/* A socket in SYN_SENT to an IPv6 address, at each dump that shows it. */
	void (*waiting)(void *ctx, const struct gp_socket *socket);
	/* An established one to a suspect, or any that closed: either family. Where an
	   answer lacks its beginning, a suspect is looked at for half a minute. IPv6 ones
	   that others made to a port that this host listens on are left out. */
	void (*seen)(void *ctx, const struct gp_socket *socket);
	/* Destinations whose established connections are worth a look; how many. */
	size_t (*suspects)(void *ctx, struct gp_addr *out, size_t max);
	/* A broken verdict is in force. */
	bool (*any_broken)(void *ctx);
};

struct suspects;

/** DUMP_FD by gp_sockdiag_open, EVENT_FD by gp_sockdiag_listen (-1: dumps alone); owns
 * both. NULL: no memory. */
struct suspects *suspects_new(struct event_base *base, int dump_fd, int event_fd,
			      const struct suspects_ops *ops);
void suspects_free(struct suspects *suspects);

/**
 * IPv6 connections that programs of this host made and over which something came within
 * the last WITHIN_MS: VISIT is called for each, until it says false. Of a host with very
 * many connections some thousands are looked at.
 */
void suspects_peers(struct suspects *suspects, uint32_t within_ms,
		    bool (*visit)(void *ctx, const struct gp_socket *socket), void *ctx);

/** A hint came, or something else that makes the next 10 s interesting. */
void suspects_hinted(struct suspects *suspects);

/** Dumps made since the start. */
uint64_t suspects_dumps(const struct suspects *suspects);

#endif
