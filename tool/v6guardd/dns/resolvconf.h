/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolvconf.h - the name servers of a resolv.conf(5) that are to be asked. Pure. */
#ifndef TOOL_V6GUARDD_DNS_RESOLVCONF_H
#define TOOL_V6GUARDD_DNS_RESOLVCONF_H

#include "dns_config.h"

/** What else there is to know of a file. */
struct resolvconf_seen {
	bool has_own; /* some of its servers are CONFIG's own listeners */
	bool rotate;  /* options rotate */
};

/**
 * The servers of SIZE bytes TEXT, as libc reads them (guard/resolvconf.h), in their order
 * and without doubles, at most MAX, to OUT; those of CONFIG's own listeners are left out,
 * and link-local ones without a zone, which nobody can ask.
 * Of the lines that name servers the first LINES count, and as many of those that
 * `v6guard resolver enable` put behind "#v6guard ". Returns how many.
 */
size_t resolvconf_read(const char *text, size_t size, const struct dns_config *config,
		       size_t lines, struct dns_endpoint *out, size_t max,
		       struct resolvconf_seen *seen);

/** SERVER is one of CONFIG's own listeners. */
bool resolvconf_is_own(const struct dns_config *config,
		       const struct dns_endpoint *server);

/** ADDR is where systemd-resolved's stub listens: no server of its own. */
bool resolvconf_is_stub(const struct gp_addr *addr);

#endif
