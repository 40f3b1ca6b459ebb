/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream.h - asking name servers, by way of libunbound on the worker's own loop. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_H

#include <event2/event.h>

#include "answer.h"
#include "upstream_servers.h"

struct upstream;
struct upstream_query;

/** The reply is valid during the call alone. */
typedef void upstream_done_fn(void *ctx, const struct answer_reply *reply);

/** After ub_library_load. CONFIG is copied. NULL: no memory. */
struct upstream *upstream_new(struct event_base *base, const struct dns_config *config);
/** All queries have to be done or cancelled. */
void upstream_free(struct upstream *upstream);

/** Another configuration, or NETWORK changed: what waits goes on with the old one. */
void upstream_configure(struct upstream *upstream, const struct dns_config *config,
			const struct upstream_network *network);

/** Why nothing but [forward] zones can be asked for here, for people; NULL: all can. */
const char *upstream_fault(const struct upstream *upstream);

/**
 * Ask for NAME (wire form). CD: unvalidated. DONE may be called before this returns,
 * *OUT is NULL then; else it is called once, unless upstream_cancel comes first. False:
 * it cannot be asked (no memory, no server), and DONE is not called.
 */
bool upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
		  uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
		  struct upstream_query **out);
void upstream_cancel(struct upstream_query *query);

/** Ask servers anew, also for what libunbound has kept. */
void upstream_forget(struct upstream *upstream);

/** The servers in use for all names, for people; returns the count. */
size_t upstream_servers(struct upstream *upstream,
			struct dns_endpoint out[UPSTREAM_SERVERS]);
/** CHANGED is called when one of them does not answer any more, or does again. */
void upstream_on_change(struct upstream *upstream, void (*changed)(void *ctx), void *ctx);
/** Find out whether anybody is there of those who are asked for NAME (lower case). */
void upstream_doubt(struct upstream *upstream, const uint8_t *name);
/** When one of them said something last (gp_boot_ms); 0: never. */
long long upstream_heard_ms(struct upstream *upstream, const uint8_t *name);
/** None of the servers answers, as far as they were tried. */
bool upstream_none_answers(const struct upstream *upstream);
/** It was silent when it was last asked, for long enough to be passed over. */
bool upstream_is_dead(const struct upstream *upstream, const struct dns_endpoint *server);

/** SERVER answers nobody, and others are asked instead. */
bool upstream_is_left_out(const struct upstream *upstream,
			  const struct dns_endpoint *server);
/** SERVER is asked through a NAT64 prefix. */
bool upstream_is_via_nat64(const struct upstream *upstream,
			   const struct dns_endpoint *server);
/** Names that are for the servers of one link; stays the upstream's. */
const struct link_routes *upstream_routes(const struct upstream *upstream);
/** Who is asked for NAME (lower case) is always the same server. */
bool upstream_has_one(struct upstream *upstream, const uint8_t *name);
/** NAME (lower case) is one. */
bool upstream_has_route(const struct upstream *upstream, const uint8_t *name);
/** It grows when other names are. NAME is for others since then. */
uint32_t upstream_routes_era(const struct upstream *upstream);
bool upstream_is_rerouted(const struct upstream *upstream, const uint8_t *name);
/** One server, and what became of the questions to it, since it is known. */
struct upstream_tally {
	struct dns_endpoint server;
	uint64_t answers, errors, timeouts; /* errors: SERVFAIL and its like */
	uint32_t ms;   /* what an answer takes, smoothed; 0: not known */
	bool is_dead;  /* it answers nobody */
	bool is_first; /* it is asked first, in some list */
};
/** Of the servers of all lists in use, in the order in which they were met, at most MAX;
 * returns how many there are. */
size_t upstream_server_tallies(const struct upstream *upstream,
			       struct upstream_tally *out, size_t max);

/** Queries handed to libunbound so far. */
uint64_t upstream_asked(const struct upstream *upstream);

#endif
