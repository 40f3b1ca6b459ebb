/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli.h - what all commands of the CLI share. There is no global state: it is all in
 * here. */
#ifndef TOOL_V6GUARD_CLI_H
#define TOOL_V6GUARD_CLI_H

#include <stdio.h>

#include "gaiconf/vendor.h"
#include "gaipolicy.h"
#include "guard/config.h"
#include "nearest.h"
#include "out.h"

#define NSSWITCH "/etc/nsswitch.conf"
#define VERIFY_MAX 8

/** DESIGN 7. */
enum exit_code {
	EXIT_DONE = 0,     /* done, or already so */
	EXIT_NEGATIVE = 1, /* differences, findings, degraded */
	EXIT_USAGE = 2,
	EXIT_INPUT = 3,       /* a bad file or value */
	EXIT_ENVIRONMENT = 4, /* permission, I/O, lock */
};

struct cli {
	const char *root; /* without a slash at its end; "" is this host */
	bool is_quiet;
	bool is_dry_run;
	bool is_check;
	bool is_watch;
	bool is_rescue;
	const char *for_time; /* NULL: not given */
	/* of `run` */
	bool is_trace, is_compare, is_no_probe;
	const char *mode, *config, *limit;
	/* of `policy` */
	bool is_minimal, is_file, is_effective, is_kernel;
	const char *profile;
	/* of `resolver query` */
	bool is_reverse, is_dnssec;
	const char *doors;
	const char *program; /* NULL: not given */
	const char *verify[VERIFY_MAX];
	size_t verify_count;
	char *command;   /* the command line, for history */
	bool is_reset;   /* what was written before goes */
	uint64_t undoes; /* a rollback: to before that change */
	struct out *out;
	const struct gp_config_overlay *overlay; /* what a file is about to hold */
	char **warnings;
	size_t warning_count;
};

/* Each verb: ARGS without the verb itself; the result is the exit code. */
typedef int cmd_fn(struct cli *cli, int count, char **args);
cmd_fn cmd_complete, cmd_apply, cmd_mode, cmd_off, cmd_on, cmd_config_check,
	cmd_config_show, cmd_status, cmd_nss_enable, cmd_nss_disable, cmd_nss_status,
	cmd_enable, cmd_disable, cmd_history, cmd_rollback, cmd_run, cmd_stuck, cmd_watch,
	cmd_verdict_list, cmd_verdict_set, cmd_verdict_clear, cmd_policy_show,
	cmd_policy_set, cmd_policy_del, cmd_policy_lint, cmd_policy_explain,
	cmd_policy_apply, cmd_policy_reset, cmd_policy_preset, cmd_policy_diff,
	cmd_attach, cmd_detach, cmd_resolver_status, cmd_resolver_query,
	cmd_resolver_stats, cmd_resolver_flush, cmd_resolver_enable, cmd_resolver_disable,
	cmd_rule_list, cmd_rule_add, cmd_rule_del, cmd_rule_test, cmd_config_get,
	cmd_config_set, cmd_preset_list, cmd_preset_show, cmd_preset_apply;

/** To stderr, as "v6guard: text". */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** To stderr and into the result's warnings[]. */
void warn(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Print DIAG as "v6guard: FILE:LINE:COL: text"; returns the exit code for its status. */
int complain_diag(const struct gp_diag *diag);

/** The exit code for a status other than GP_OK. */
int exit_of(enum gp_status status);

/** "no memory", and its exit code. */
int complain_memory(void);

/** WORD is no KIND ("command"): say so, with the one of WORDS it may be, and all of them
 * if they are few; EXIT_USAGE. */
int complain_unknown(const char *kind, const char *word, const char *const *words,
		     size_t count);

#endif
