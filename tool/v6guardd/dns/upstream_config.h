/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_config.h - what libunbound is told: options, zones with their servers, trust
 * anchors. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_CONFIG_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_CONFIG_H

#include "ub_library.h"
#include "upstream_servers.h"

/** Tell CTX, which has not been asked anything yet. False: it does not take it. */
bool upstream_config_set(struct ub_ctx *ctx, const struct servers *servers,
			 bool validates);

#endif
