/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_config.h - what libunbound is told: options, zones with their servers, trust
 * anchors. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_CONFIG_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_CONFIG_H

#include <stdio.h>

#include "ub_library.h"
#include "upstream_servers.h"

/** Of the servers_list of KEY the index of the one to ask. */
typedef size_t upstream_choose_fn(const void *ctx, uint32_t key);

/**
 * Write, in libunbound's own configuration language, what no call of it knows: zones and
 * the server of each that CHOOSE says, and what goes with `recursive` and tls://.
 * HAS_NAT64: it may be told of a prefix. Pure.
 */
void upstream_config_write(FILE *to, const struct servers *servers, bool has_nat64,
			   upstream_choose_fn *choose, const void *ctx);

/** Tell CTX, which has not been asked anything yet. False: it does not take it. */
bool upstream_config_set(struct ub_ctx *ub_ctx, const struct servers *servers,
			 bool validates, bool by_tcp, upstream_choose_fn *choose,
			 const void *ctx);

#endif
