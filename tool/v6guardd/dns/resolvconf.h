/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolvconf.h - the name servers of a resolv.conf(5). Pure. */
#ifndef TOOL_V6GUARDD_DNS_RESOLVCONF_H
#define TOOL_V6GUARDD_DNS_RESOLVCONF_H

#include "dns_config.h"

/**
 * The `nameserver` lines of SIZE bytes TEXT, in their order and without doubles, at most
 * MAX, to OUT; those of CONFIG's own listeners are left out, *HAS_OWN says that there
 * were any. Lines that `v6guard resolver enable` put behind "#v6guard " count as
 * well. Returns how many. What is no address is skipped, as libc does.
 */
size_t resolvconf_read(const char *text, size_t size, const struct dns_config *config,
		       struct dns_endpoint *out, size_t max, bool *has_own);

/** SERVER is one of CONFIG's own listeners. */
bool resolvconf_is_own(const struct dns_config *config,
		       const struct dns_endpoint *server);

/** ADDR is where systemd-resolved's stub listens: no server of its own. */
bool resolvconf_is_stub(const struct gp_addr *addr);

/** SIZE bytes TEXT of it have `options rotate`: the servers are to share the questions.
 */
bool resolvconf_rotates(const char *text, size_t size);

#endif
