/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_config.h - what libunbound is told: options, zones with their servers, trust
 * anchors. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_CONFIG_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_CONFIG_H

#include <stdio.h>

#include "ub_library.h"
#include "upstream_servers.h"

/**
 * Write, in libunbound's own configuration language, what no call of it knows: zones and
 * their servers, and what goes with `recursive` and tls://. HAS_NAT64: it may be told of
 * a prefix. Pure, but for who is left out.
 */
void upstream_config_write(FILE *to, const struct servers *servers, bool has_nat64);

/** Tell CTX, which has not been asked anything yet. False: it does not take it. */
bool upstream_config_set(struct ub_ctx *ctx, const struct servers *servers,
			 bool validates, bool by_tcp);

#endif
