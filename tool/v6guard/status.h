/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status.h - what is in force and whether it works; for status and watch. */
#ifndef TOOL_V6GUARD_STATUS_H
#define TOOL_V6GUARD_STATUS_H

#include "daemon.h"
#include "known.h"
#include "policy.h"

#define STATUS_DETAIL 2048
#define STATUS_CHAIN (GP_CHAIN_MAX * (GP_SERVICE_NAME + 96))

/** The gai door. */
struct status_gai {
	const char *state; /* "on": gai.conf has rows; "off": libc's own tables */
	char detail[512];
};

/** Look at gai.conf and at the kernel's labels. EXIT_DONE, or said why not. */
int status_gai_look(const struct cli *cli, struct status_gai *out);

/** Who uses the preload door. */
struct preload_use {
	bool is_installed;
	size_t unit_count;
	char **units;     /* their names */
	bool has_looked;  /* the rest is known */
	size_t processes; /* that have it loaded */
	bool is_all;      /* else of this user, or those that were looked at */
};

/** IS_BRIEF: not at the processes. End with preload_free. */
void preload_look(const struct cli *cli, bool is_brief, struct preload_use *out);

void preload_free(struct preload_use *use);

/** In a sentence; returns BUF. "": nobody uses it. */
const char *preload_story(const struct preload_use *use, char buf[STATUS_DETAIL]);

/** What there is to say, put together before anything is printed. */
struct status {
	struct policy policy;
	enum daemon_answer answer;
	struct daemon_reply daemon;
	bool is_off, is_degraded, is_enabled;
	bool wants_rescue; /* the files say so; not known when brief */
	struct preload_use preload;
	char off[64];
	struct status_gai gai;
	char chain[STATUS_CHAIN];    /* of the snapshot */
	char detail[STATUS_DETAIL];  /* of the nss door: sentences */
	char trouble[STATUS_DETAIL]; /* of the daemon: sentences */
};

/**
 * Look at the host. IS_BRIEF: only what costs little and prints nothing, not whether the
 * configuration has changed or the module can be loaded. EXIT_DONE, or said why not;
 * status_free in any case.
 */
int status_look(const struct cli *cli, bool is_brief, struct status *out);
void status_free(struct status *status);

/** With MAX verdicts at most, as text. */
void status_print(struct out *out, const struct status *status, size_t max);

/** EXIT_DONE or EXIT_NEGATIVE. */
int status_code(const struct status *status);

#endif
