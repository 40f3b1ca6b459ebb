/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_ping.h - a question to one server by a socket of our own: is it there, and
 * what does it say of itself? libunbound tells neither. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_PING_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_PING_H

#include <event2/event.h>

#include "dns_config.h"

/** It is over after so long without an answer. */
#define PING_MS 3500

struct ping;

/** FLAGS: of the reply's header (0 of a server that is asked by TLS: it has taken the
 * connection); -1: nothing came. The ping may be freed. */
typedef void ping_done_fn(void *ctx, int flags);

/**
 * Ask SERVER for NAME (wire form, lower case) and TYPE, without EDNS. DONE is called at
 * most once, by the loop. NULL: it cannot be asked, as there is no route, no memory.
 */
struct ping *ping_new(struct event_base *base, const struct dns_endpoint *server,
		      const uint8_t *name, uint16_t type, ping_done_fn *done, void *ctx);
/** The same once more: an answer to either will do. */
void ping_again(struct ping *ping);
/** When that was sent which has been answered, or last (gp_boot_ms). */
long long ping_asked_ms(const struct ping *ping);
/** NULL is allowed. */
void ping_free(struct ping *ping);

#endif
