/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_run.c - v6guard run -- PROGRAM: with the preload door, for this once. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "guard/reach.h"
#include "options.h"
#include "run.h"

#define LIMIT_MS 10000

static int check_use(const struct cli *cli, int count)
{
	if (!count || !cli->has_dashes)
		complain("run: say `--` and then the program: see `v6guard help run`");
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

static void say_result(const char *what, const struct run_result *result)
{
	if (result->is_cut)
		complain("%-7s  %8.2f s  cut short", what, result->seconds);
	else
		complain("%-7s  %8.2f s  status %d", what, result->seconds, result->code);
}

/* Plain first, so that what the program prints is that of the guarded one. */
static struct run_result run_both(const struct cli *cli, struct run_order *order)
{
	struct run_order plain = *order;
	struct run_result before = {.code = 0}, result;

	if (cli->is_compare) {
		plain.preload = NULL;
		plain.trace = NULL;
		plain.limit_ms = cli->limit ? options_milliseconds(cli->limit) : LIMIT_MS;
		before = run_child(&plain);
	}
	result = run_child(order);
	if (cli->is_compare) {
		say_result("plain", &before);
		say_result("guarded", &result);
	}
	return result;
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
		code = run_target_check(args[0]);
	if (!code)
		code = run_preload_find("", preload, sizeof(preload));
	if (!code)
		code = run_policy_find(cli, &policy);
	if (!code && !run_trace_open(&trace)) {
		complain("run: no socket to hear of lookups");
		code = RUN_TROUBLE;
	}
	if (!code) {
		struct run_order order = {.args = args,
					  .policy = &policy,
					  .preload = preload,
					  .trace = &trace};
		trace.is_shown = cli->is_trace;
		code = run_both(cli, &order).code;
		if (!trace.changed && !cli->is_quiet)
			say_unchanged(&policy, &trace, args[0]);
	}
	if (trace.fd >= 0)
		close(trace.fd);
	run_policy_free(&policy);
	return code;
}
