/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_run.c - v6guard run -- PROGRAM: with the preload door, for this once. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/reach.h"
#include "options.h"
#include "run.h"

#define LIMIT_MS 10000

static int check_use(const struct cli *cli, int count)
{
	if (!count)
		complain("run: say which program: see `v6guard help run`");
	else if (cli->root[0])
		complain("run: not below another root");
	else if (out_is_json(cli->out))
		complain("run: there is no JSON of it: the output is the program's");
	else if (cli->limit && !cli->is_compare)
		complain("run: --limit goes with --compare");
	else if (cli->limit && options_milliseconds(cli->limit) <= 0)
		complain("--limit: '%s' is not a time like 500ms, 30s or 2m", cli->limit);
	else
		return 0;
	return RUN_TROUBLE;
}

static bool has_grounds(const struct run_policy *policy)
{
	return !policy->is_auto || policy->race == RACE_YES || gp_reach_live();
}

static void say_unchanged(const struct run_policy *policy, const struct run_trace *trace,
			  const char *program)
{
	if (policy->is_off)
		complain("nothing was changed: v6guard is off on this host");
	else if (!strcmp(policy->mode, "off"))
		complain("nothing was changed: mode off");
	else if (!trace->lookups)
		complain("nothing was changed: %s looked up no name by libc's "
			 "getaddrinfo",
			 program);
	else if (!has_grounds(policy))
		complain("nothing was changed: mode auto needs v6guardd, which is not "
			 "there");
	else
		complain("nothing was changed in %u lookup%s, mode %s", trace->lookups,
			 trace->lookups == 1 ? "" : "s", policy->mode);
}

/* One of the two runs. */
struct side {
	struct run_result result;
	struct run_seen seen;
};

static void say_side(const char *what, const struct side *side,
		     const struct run_names *names)
{
	char end[32] = "cut short", where[RUN_SEEN_TEXT];

	if (!side->result.is_cut)
		snprintf(end, sizeof(end), "status %d", side->result.code);
	complain("%-7s  %8.2f s  %-10s  %s", what, side->result.seconds, end,
		 run_seen_text(&side->seen, names, where));
}

static void run_side(struct run_order *order, struct side *side,
		     const struct run_seen *before)
{
	run_seen_open(&side->seen, before);
	order->seen = &side->seen;
	side->result = run_child(order);
	run_seen_close(&side->seen);
}

/* Plain first, so that what the program prints is that of the guarded one. */
static int compare(const struct cli *cli, struct run_order *order)
{
	struct run_order plain = *order;
	struct side *sides = calloc(2, sizeof(*sides));
	int code;

	if (!sides) {
		complain_memory();
		return RUN_TROUBLE;
	}
	plain.preload = NULL;
	plain.trace = NULL;
	plain.limit_ms = cli->limit ? options_milliseconds(cli->limit) : LIMIT_MS;
	run_side(&plain, &sides[0], NULL);
	run_side(order, &sides[1], &sides[0].seen);
	say_side("plain", &sides[0], &order->trace->names);
	say_side("guarded", &sides[1], &order->trace->names);
	code = sides[1].result.code;
	free(sides);
	return code;
}

int cmd_run(struct cli *cli, int count, char **args)
{
	struct run_policy policy = {.folder = ""};
	struct run_trace trace = {.fd = -1};
	char preload[PATH_MAX];
	int code = check_use(cli, count);

	if (!code && !strcmp(args[0], "--"))
		args++, count--; /* `v6guard -- run -- PROGRAM` */
	if (!code && !count)
		code = check_use(cli, 0);
	if (!code)
		code = run_target_check(args);
	if (!code)
		code = run_preload_find("", preload, sizeof(preload));
	if (!code)
		code = run_policy_find(cli, &policy);
	if (!code && !run_trace_open(&trace, cli->is_trace)) {
		complain("run: no memory, or no /proc, to hear of lookups by");
		code = RUN_TROUBLE;
	}
	if (!code) {
		struct run_order order = {.args = args,
					  .policy = &policy,
					  .preload = preload,
					  .trace = &trace};
		/* Whoever reads what we say may be gone: that ends neither us, who have
		 * files to remove, nor the program. */
		order.on_pipe = signal(SIGPIPE, SIG_IGN);
		if (cli->is_trace)
			run_policy_open_rules(&policy);
		trace.rules = policy.has_rules ? &policy.rules : NULL;
		code = cli->is_compare ? compare(cli, &order) : run_child(&order).code;
		if (!trace.changed && !cli->is_quiet)
			say_unchanged(&policy, &trace, args[0]);
	}
	run_trace_close(&trace);
	run_policy_free(&policy);
	return code;
}
