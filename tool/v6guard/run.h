/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run.h - the parts of `run`. */
#ifndef TOOL_V6GUARD_RUN_H
#define TOOL_V6GUARD_RUN_H

#include <sys/types.h>

#include "cli.h"

/** As env(1) and others have it. */
enum run_exit {
	RUN_TROUBLE = 125, /* our own */
	RUN_REFUSED = 126, /* the program is there, but cannot be run, or not guarded */
	RUN_NOT_FOUND = 127,
	RUN_SIGNAL = 128, /* plus its number */
};

/* ---- run_target.c ---- */

#define RUN_WHY 512

/** Whether a preload reaches the program NAME, found as execvp() does: 0, or an exit
 * code, and that was said. */
int run_target_check(const char *name);

/** The file PATH cannot be reached, WHY in a sentence. */
bool run_target_refuses(const char *path, char why[RUN_WHY]);

/** The path of the library below ROOT ("": on this host, or where it is staged). */
bool run_preload_path(const char *root, char *buf, size_t size);

/**
 * What LD_PRELOAD has to say in a program of the system below ROOT, in BUF; or
 * RUN_TROUBLE, and that was said.
 */
int run_preload_find(const char *root, char *buf, size_t size);

/* ---- run_policy.c ---- */

/** The policy the program is run under. */
struct run_policy {
	char folder[64], path[96]; /* a private snapshot; "": the host's is used */
	const char *mode;          /* that is in force for the program */
	bool has_mode;             /* by --mode */
	bool is_auto, is_off;
	enum { RACE_AS_SAID, RACE_NO, RACE_YES } race; /* inline, by the preload */
};

/** --config's, the host's, or if it has none its configuration's. Free it with
 * run_policy_free in any case. */
int run_policy_find(struct cli *cli, struct run_policy *out);
void run_policy_free(struct run_policy *policy);

/* ---- run_trace.c ---- */

/** What came from the doors of the program. */
struct run_trace {
	int fd;
	char name[32]; /* for V6GUARD_TRACE */
	bool is_shown;
	unsigned lookups, changed;
};

bool run_trace_open(struct run_trace *out);

/** Take what is there now. */
void run_trace_read(struct run_trace *trace);

/* ---- run_child.c ---- */

/** How to run the program. */
struct run_order {
	char **args;
	const struct run_policy *policy;
	const char *preload;     /* NULL: plain, in silence, without a terminal */
	struct run_trace *trace; /* NULL: none */
	long long limit_ms;      /* 0: none */
};

/** How it went. */
struct run_result {
	int code; /* of the program or, if it was not run, enum run_exit */
	double seconds;
	bool is_cut;
};

struct run_result run_child(const struct run_order *order);

#endif
