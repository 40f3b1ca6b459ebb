/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* servers_source.h - the files that name servers are read from: resolv.conf(5), what
 * stands behind it, and what systemd-networkd says of its links. */
#ifndef TOOL_V6GUARDD_DNS_SERVERS_SOURCE_H
#define TOOL_V6GUARDD_DNS_SERVERS_SOURCE_H

#include "linkroutes.h"

#define UPSTREAM_SERVERS (DNS_UPSTREAMS + 8)
#define SOURCE_FILES 4

struct servers_source {
	size_t count;
	bool rotate;               /* resolv.conf's `options rotate` */
	struct link_routes routes; /* comparable as bytes */
	bool is_unsettled;         /* a file may not be written wholly */
	struct dns_endpoint servers[UPSTREAM_SERVERS];
};

/** The files and folders that source_read may read; a change of any is a reason to. */
extern const char *const source_paths[SOURCE_FILES];

/** Read them anew; CONFIG's own servers come first. OUT: all of it is overwritten, but
 * for servers that are not there. */
void source_read(struct servers_source *out, const struct dns_config *config);

#endif
