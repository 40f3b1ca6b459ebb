/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run.h - the parts of `run`. */
#ifndef TOOL_V6GUARD_RUN_H
#define TOOL_V6GUARD_RUN_H

#include <sys/types.h>

#include "cli.h"
#include "gaiconf/store.h"
#include "guard/rules.h"
#include "guard/sockdiag.h"
#include "guard/trace.h"

/** As env(1) and others have it. */
enum run_exit {
	RUN_TROUBLE = 125, /* our own */
	RUN_REFUSED = 126, /* the program is there, but cannot be run, or not guarded */
	RUN_NOT_FOUND = 127,
	RUN_SIGNAL = 128, /* plus its number */
};

/* ---- run_target.c ---- */

#define RUN_WHY 512

/** Whether a preload reaches the program of the command ARGS, found as execvp() does: 0,
 * or an exit code, and that was said. */
int run_target_check(char *const *args);

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
	struct gp_file file; /* the compiled policy, while RULES are of it */
	struct gp_rules rules;
	bool has_rules;
	enum { RACE_AS_SAID, RACE_NO, RACE_YES } race; /* inline, by the preload */
};

/** --config's, the host's, or if it has none its configuration's. Free it with
 * run_policy_free in any case. */
int run_policy_find(struct cli *cli, struct run_policy *out);
/** Open its rules, for the names that they have; those of the start are kept. */
void run_policy_open_rules(struct run_policy *policy);
void run_policy_free(struct run_policy *policy);

/* ---- run_seen.c ---- */

#define RUN_SEEN_MAX 128
#define RUN_SEEN_PIDS 256
#define RUN_SEEN_TEXT 512

struct run_connection {
	struct gp_socket socket;
	bool is_ours;     /* seen in the hands of the program */
	bool is_answered; /* a handshake came about */
	bool is_open;     /* when it was last looked at */
};

/** Which connections a program made, as far as that can be seen from outside. */
struct run_seen {
	const struct run_seen *before; /* what is known of that one is not this one's */
	int dump_fd, event_fd;
	long last_pid; /* the newest process of the host when PIDS was made */
	pid_t pids[RUN_SEEN_PIDS];
	size_t pid_count;
	struct run_connection list[RUN_SEEN_MAX];
	size_t count, next; /* NEXT: the next of others to be forgotten */
	int pause_ms;       /* until it is worth to look again */
	bool is_final;      /* as it was then it is told, whatever comes */
};

/** Addresses that a program looked up. */
struct run_names {
	struct gp_addr list[64];
	size_t count;
};

/** BEFORE, of a program that ran before, or NULL, stays where it is until run_seen_close.
 */
void run_seen_open(struct run_seen *out, const struct run_seen *before);
void run_seen_close(struct run_seen *seen);

/** Look at the sockets of PID and of what it started; 0: only hear of those that
 * closed. */
void run_seen_look(struct run_seen *seen, pid_t pid);

/** It has ended: what it closed last may take a moment to be heard of. */
void run_seen_settle(struct run_seen *seen);

/**
 * Where it connected to, and where it still waits for an answer: "192.0.2.1 port 80";
 * "-": not known. A connection that was closed before anybody saw whose it was counts if
 * it went to one of NAMES. Returns BUF.
 */
const char *run_seen_text(const struct run_seen *seen, const struct run_names *names,
			  char buf[RUN_SEEN_TEXT]);

/* ---- run_ring.c, run_trace.c ---- */

/** What came from the doors of the program. */
struct run_trace {
	int fd;
	struct gp_trace_ring *ring; /* NULL: none */
	unsigned taken;             /* lookups that were read or missed */
	char name[48];              /* for V6GUARD_TRACE */
	bool is_shown;
	const struct gp_rules *rules; /* to name them; NULL: there are none */
	unsigned lookups, changed;
	struct run_names names;
};

/** Close it with run_trace_close in any case. */
bool run_trace_open(struct run_trace *out, bool is_shown);
void run_trace_close(struct run_trace *trace);

/** The next lookup that is there, which process PID wrote down: it may hold anything but
 * a name without an end. False: there is none. IS_OVER: as below. */
bool run_trace_next(struct run_trace *trace, struct gp_trace *message, long *pid,
		    bool is_over);

/** Take what is there now; IS_OVER: what is half written will not be completed. */
void run_trace_read(struct run_trace *trace, bool is_over);

/** Show and keep what is of use of MESSAGE, which process PID wrote: it may hold
 * anything.
 */
void run_trace_note(struct run_trace *trace, struct gp_trace *message, long pid);

/* ---- run_child.c ---- */

/** How to run the program. */
struct run_order {
	char **args;
	const struct run_policy *policy;
	const char *preload;     /* NULL: plain, in silence, without a terminal */
	struct run_trace *trace; /* NULL: none */
	struct run_seen *seen;   /* NULL: nobody wants to know */
	long long limit_ms;      /* 0: none */
	void (*on_pipe)(int);    /* what SIGPIPE does to it */
};

/** How it went. */
struct run_result {
	int code; /* of the program or, if it was not run, enum run_exit */
	double seconds;
	bool is_cut;
};

struct run_result run_child(const struct run_order *order);

#endif
