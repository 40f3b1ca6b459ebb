/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen_bind.h - making the door's sockets, as long as privileged ports may be bound. */
#ifndef TOOL_V6GUARDD_DNS_LISTEN_BIND_H
#define TOOL_V6GUARDD_DNS_LISTEN_BIND_H

#include "listen.h"

#define LISTEN_WHY 256

/** "127.0.0.64:53", "[::1]:53". */
#define LISTEN_TEXT (GP_ADDR_TEXT + 8)
char *listen_format(const struct dns_endpoint *endpoint, char out[LISTEN_TEXT]);

/** fe80::/10: an address of one interface. */
bool listen_is_link_local(const struct gp_addr *addr);

/**
 * Bind UDP and TCP to ENDPOINT, both or none, also where no interface has its address
 * yet. False, and WHY: in use (by whom, if that can be found out), or the interface of an
 * address of a link is not there.
 */
bool listen_bind(const struct dns_endpoint *endpoint, struct listen_fds *out,
		 char why[LISTEN_WHY]);

/** Close what is open. */
void listen_close(struct listen_fds *fds);

#endif
