/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolv_read.h - what programs make of a resolv.conf(5), as libc reads it. Pure. */
#ifndef TOOL_V6GUARD_RESOLV_READ_H
#define TOOL_V6GUARD_RESOLV_READ_H

#include "guard/resolvconf.h"
#include "resolv.h"

#define RESOLV_SEARCH 6
#define RESOLV_NAME 254
/** The only one that resolv.conf can name. */
#define RESOLV_PORT 53

struct resolv_read {
	size_t server_count; /* those that are asked; without a line, this host */
	struct gp_addr servers[RESOLV_SERVERS];
	size_t search_count;
	char search[RESOLV_SEARCH][RESOLV_NAME];
	struct gp_resolv_options options;
};

void resolv_read(const char *text, struct resolv_read *out);

struct resolv_listener {
	struct gp_addr addr;
	uint16_t port;
};

typedef bool resolv_own_fn(const struct gp_addr *addr);

/** ADDR is where one of LISTEN answers; one of all addresses does at each that IS_OWN. */
bool resolv_is_listener(const struct gp_addr *addr, const struct resolv_listener *listen,
			size_t count, resolv_own_fn *is_own);

/** The place of the first server that is one of LISTEN, from 1; 0: none is. */
size_t resolv_place(const struct resolv_read *read, const struct resolv_listener *listen,
		    size_t count, resolv_own_fn *is_own);

/** 127.0.0.53 and .54: systemd-resolved, which asks others. */
bool resolv_is_stub(const struct gp_addr *addr);

#endif
