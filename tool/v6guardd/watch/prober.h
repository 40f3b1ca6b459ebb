/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prober.h - connection attempts, at no more than a rate: the only packets that v6guard
 * sends. On libevent; who is to be asked is verdict.h's part.
 */
#ifndef TOOL_V6GUARDD_WATCH_PROBER_H
#define TOOL_V6GUARDD_WATCH_PROBER_H

#include <event2/event.h>

#include "guard/race.h"

/** Milliseconds that an attempt may take: long enough for one retransmit of its SYN. */
#define PROBER_TIMEOUT_MS 2500

struct prober;

/** RESULT is never PENDING. RTT_MS: until the handshake or the refusal. */
typedef void prober_done_fn(void *ctx, const struct gp_addr *addr, uint16_t port,
			    enum gp_attempt result, uint32_t rtt_ms);

/** NULL: no memory. MAX_RATE: attempts a second. DONE is called from the loop alone. */
struct prober *prober_new(struct event_base *base, uint32_t max_rate,
			  prober_done_fn *done, void *ctx);
void prober_free(struct prober *prober);
void prober_set_rate(struct prober *prober, uint32_t max_rate);

/**
 * Queue an attempt. Only global unicast addresses: never loopback, link-local, multicast,
 * unspecified. One at a time to an address: a second one for the same address and port is
 * taken for the first. False: not that kind of address, or the queue (1024) is full.
 */
bool prober_ask(struct prober *prober, const struct gp_addr *addr, uint16_t port);

/** Attempts that were begun since the start, and packets they must have cost. */
uint64_t prober_sent(const struct prober *prober);

#endif
