/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netwatch.h - the host's networks by rtnetlink, unprivileged: default routes, the global
 * prefixes of their interfaces, on-link prefixes. When that set changes the epoch grows.
 */
#ifndef TOOL_V6GUARDD_WATCH_NETWATCH_H
#define TOOL_V6GUARDD_WATCH_NETWATCH_H

#include <event2/event.h>

#include "guard/reach.h"
#include "ula.h"

/** A change counts once nothing else has changed for so long, or at the latest after ...
 */
#define NETWATCH_DEBOUNCE_MS 500
#define NETWATCH_PATIENCE_MS 5000

/** What is so now. */
struct netwatch_state {
	uint32_t epoch;    /* 1 at first */
	bool ipv4_usable;  /* a default route for IPv4, and an address to use it from */
	bool ipv6_default; /* a default route for IPv6 */
	uint32_t onlink_count;
	struct gp_prefix onlink[GP_REACH_ONLINK]; /* IPv6; its own addresses among them */
	struct ula_rows ula;                      /* known local */
};

struct netwatch;

/** ADDR came to an interface (its scope_id, also where it is not of a link), went, or may
 * be used from now on; NULL: nobody knows which ones did. */
typedef void netwatch_address_fn(void *ctx, const struct gp_addr *addr);

/**
 * CHANGED is told of each change; IS_EPOCH: the epoch grew, and WHY says by what:
 * "default route for ipv6 via fe80::1 on eth0 is gone", "new prefix 2001:db8::/64 on
 * eth0". Else something beside the fingerprint did. Called from the loop alone; may not
 * free WATCH.
 */
typedef void netwatch_changed_fn(void *ctx, const struct netwatch_state *state,
				 bool is_epoch, const char *why);

/** The netlink socket for it, opened before privileges go; -1 and errno. */
int netwatch_open(void);

/** Read all that is there now and watch from now on; makes no other socket. Owns FD, also
 * when it fails. NULL: no memory, or the kernel did not answer. */
struct netwatch *netwatch_new(struct event_base *base, int fd,
			      netwatch_changed_fn *changed, void *ctx);
void netwatch_free(struct netwatch *watch);

/** Tell ADDRESS, with the same CTX, of every address at once, while CHANGED waits until
 * it is quiet. Also called while the socket is read: it may not free WATCH. */
void netwatch_on_address(struct netwatch *watch, netwatch_address_fn *address);

/** There may be a way to IPv6 destinations where there was none. */
typedef void netwatch_ipv6_fn(void *ctx);
/** Tell IPV6, with the same CTX and under the same conditions, of that at once. */
void netwatch_on_ipv6(struct netwatch *watch, netwatch_ipv6_fn *ipv6);

/** What was read last. When the kernel does not answer, the last that it told, and it is
 * asked again each second. */
const struct netwatch_state *netwatch_state(const struct netwatch *watch);

#endif
