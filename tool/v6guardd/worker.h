/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker.h - the process that does the work, on one event loop, without privileges. */
#ifndef TOOL_V6GUARDD_WORKER_H
#define TOOL_V6GUARDD_WORKER_H

#include "dns/listen_bind.h"
#include "guard/reach.h"
#include "hint_sockets.h"
#include "settings.h"

/** What the steward made while it was root; the worker owns it all. -1: not there. */
struct worker_files {
	struct gp_reach *map;              /* formatted, shared, writable */
	int steward_fd;                    /* message.h */
	int hint_fds[HINT_SOCKETS];        /* hint_sockets_open */
	int control_fd;                    /* bound and listening */
	int dump_fd, event_fd;             /* gp_sockdiag_open, gp_sockdiag_listen */
	int route_fd;                      /* netwatch_open */
	int log_fd;                        /* where events go */
	struct listen_fds dns[DNS_LISTEN]; /* bound, those of TCP listening */
	size_t dns_count;                  /* of [resolver] listen when it was started */
	char listen_why[LISTEN_WHY];       /* of the last one that could not be */
	bool resolves;                     /* libunbound is loaded for the resolver */
	char resolver_why[DNS_WHY];        /* or could not be */
};

/** Run until the steward says goodbye (its end of the socket closes) or SIGTERM. Returns
 * the exit status. The sandbox is put up by the caller, whose SETTINGS are not used
 * again. */
int worker_run(struct worker_files *files, const struct settings *settings);

#endif
