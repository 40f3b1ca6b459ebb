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

/** RESULT is never PENDING. RTT_MS: until the handshake or the refusal came back. May ask
 * again, but not free the prober. */
typedef void prober_done_fn(void *ctx, const struct gp_addr *addr, uint16_t port,
			    enum gp_attempt result, uint32_t rtt_ms);

/**
 * NULL: no memory. MAX_RATE: attempts a second (in any second one more at most; 0: none
 * begins). DONE is called from the loop and
 * from prober_new_epoch alone.
 */
struct prober *prober_new(struct event_base *base, uint32_t max_rate,
			  prober_done_fn *done, void *ctx);
void prober_free(struct prober *prober);
void prober_set_rate(struct prober *prober, uint32_t max_rate);

/**
 * Queue an attempt; it begins up to 50 ms later, more if the rate says so. Only global
 * unicast addresses: 2000::/3, fc00::/7, NAT64 (64:ff9b::/96 around an IPv4 address that
 * might be asked itself, 64:ff9b:1::/48), IPv4 but for 0/8, 127/8, 169.254/16, 224/4 and
 * 240/4. One at a time to an address and port: a second one is taken for the first.
 * False: not that kind of address, or the queue (1024, those under way included) is full.
 */
bool prober_ask(struct prober *prober, const struct gp_addr *addr, uint16_t port);

/**
 * This is another network now: what is under way ends at once, as LOCAL (DONE is called
 * from here), as its answer or its silence would be the old one's. What waits goes on
 * waiting. Call it from the loop, before anything of the new network is noted.
 */
void prober_new_epoch(struct prober *prober);

/** The socket of that cookie is one of ours, or was until a moment ago: programs' sockets
 * are evidence, ours are not. */
bool prober_owns(const struct prober *prober, const uint32_t cookie[2]);

/** Attempts since the start that sent at least a SYN; LOCAL at once is none. */
uint64_t prober_sent(const struct prober *prober);

#endif
