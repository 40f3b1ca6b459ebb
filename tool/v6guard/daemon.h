/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon.h - talking to v6guardd by its control socket. It is never needed for what files
 * alone can tell; that it is absent is no error here. */
#ifndef TOOL_V6GUARD_DAEMON_H
#define TOOL_V6GUARD_DAEMON_H

#include <jansson.h>

#include "cli.h"

/** `reload` waits for the steward, who may have many files to read. */
#define DAEMON_LIMIT_MS 2000
#define DAEMON_RELOAD_MS 5000

enum daemon_answer {
	DAEMON_ANSWERED, /* with an object that is no error */
	DAEMON_ABSENT,   /* nobody listens, or this is not about the running host */
	DAEMON_REFUSED,  /* it says why not */
	DAEMON_FAILED,   /* no answer in time, or none that can be understood */
};

struct daemon_reply {
	json_t *json;      /* DAEMON_ANSWERED only; a reference of the caller's */
	char trouble[512]; /* a sentence otherwise; printable, "" never */
};

/** Send LINE, without its newline, and wait LIMIT_MS for the reply. Below --root nobody
 * is asked. */
enum daemon_answer daemon_ask(const struct cli *cli, const char *line, int limit_ms,
			      struct daemon_reply *out);

/** The same for commands that need the daemon: EXIT_DONE and *OUT, or said why not. */
int daemon_must_ask(const struct cli *cli, const char *line, json_t **out);

/** The IPv4 addresses that ADDR was handed out with, MAX at most; 0 also when nobody can
 * be asked. */
size_t daemon_partners(const struct gp_addr *addr, struct gp_addr *out, size_t max);

#endif
