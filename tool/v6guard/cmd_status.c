/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_status.c - v6guard status: what is in force, and does it work. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy.h"
#include "verify.h"

#define CHAIN_TEXT (GP_CHAIN_MAX * (GP_SERVICE_NAME + 96))

/* What there is to say, put together before anything is printed. */
struct findings {
	struct policy policy;
	bool is_off, is_degraded, is_enabled;
	char off[64];
	char chain[CHAIN_TEXT]; /* of the snapshot */
	char detail[2048];      /* of the nss door: sentences */
};

static void note(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct findings *findings, const char *format, ...)
{
	size_t used = strlen(findings->detail);
	size_t room = sizeof(findings->detail) - used;
	va_list args;

	snprintf(findings->detail + used, room, "%s", used ? "; " : "");
	used = strlen(findings->detail);
	va_start(args, format);
	vsnprintf(findings->detail + used, sizeof(findings->detail) - used, format, args);
	va_end(args);
	findings->is_degraded = true;
}

static void look_at_policy(const struct cli *cli, struct findings *findings)
{
	policy_read(cli, &findings->policy);
	/* Nobody has enabled it: that is all there is to say. */
	if (findings->policy.state == POLICY_ABSENT && !findings->is_enabled)
		return;
	if (findings->policy.state != POLICY_GOOD) {
		note(findings, "%s%s %s: `v6guard apply`", cli->root, GP_SNAPSHOT_PATH,
		     findings->policy.trouble);
		return;
	}
	const struct gp_snapshot *snapshot = &findings->policy.snapshot;
	findings->is_off = gp_snapshot_is_off(snapshot, time(NULL));
	policy_off_text(snapshot, findings->off, sizeof(findings->off));
	gp_chain_format(&snapshot->chain, findings->chain, sizeof(findings->chain));
}

/* The line is there: can it do its work? */
static void look_at_hosts_line(const struct cli *cli, struct findings *findings,
			       const struct gp_hosts_line *hosts)
{
	char why[512];

	if (hosts->unterminated)
		note(findings, "%s%s:%u has no newline at its end, and libc ignores it",
		     cli->root, NSSWITCH, hosts->line);
	if (!hosts->is_exclusive)
		note(findings,
		     "%s%s:%u lacks [!UNAVAIL=return] behind v6guard: what it holds "
		     "back, "
		     "the next service hands out",
		     cli->root, NSSWITCH, hosts->line);
	if (!module_is_loadable(cli->root, why, sizeof(why)))
		note(findings, "the module cannot be loaded: %s", why);
}

static void compare(const struct cli *cli, struct findings *findings,
		    const struct gp_file *file)
{
	struct gp_snapshot fresh;
	struct gp_config *config;
	char chain[CHAIN_TEXT];

	if (policy_load_config(cli, &config) != EXIT_DONE) {
		note(findings, "the configuration has errors: `v6guard config check`");
		return;
	}
	int code = policy_from_config(cli, config, file->bytes, file->size, &fresh);
	gp_config_free(config);
	if (code != EXIT_DONE) {
		note(findings, "the hosts: line names no backends: `v6guard nss status`");
		return;
	}
	const struct policy *policy = &findings->policy;
	if (policy->state != POLICY_GOOD || policy_is_same(&policy->snapshot, &fresh))
		return;
	gp_chain_format(&fresh.chain, chain, sizeof(chain));
	if (strcmp(chain, findings->chain) != 0)
		note(findings, "backends are `%s` now: `v6guard apply`", chain);
	else
		note(findings, "the configuration has changed: `v6guard apply`");
}

static int look(const struct cli *cli, struct findings *findings)
{
	struct gp_file file;
	struct gp_diag diag;
	struct gp_hosts_line hosts;

	if (gp_file_read(cli->root, NSSWITCH, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	gp_hosts_line_find(file.bytes, file.size, &hosts);
	findings->is_enabled = hosts.enabled;
	look_at_policy(cli, findings);
	if (hosts.enabled)
		look_at_hosts_line(cli, findings, &hosts);
	compare(cli, findings, &file);
	gp_file_free(&file);
	return EXIT_DONE;
}

static const char *nss_state(const struct findings *findings)
{
	if (!findings->is_enabled || findings->is_off)
		return "off";
	return findings->is_degraded ? "degraded" : "on";
}

static void print_door(struct out *out, const char *name, const char *state,
		       const char *detail)
{
	out_object(out, name);
	out_string(out, "state", NULL, state);
	out_string(out, "detail", NULL, detail);
	out_end(out);
}

static void print_doors(struct out *out, const struct findings *findings)
{
	static const char *const others[] = {"preload", "gai", "dns", "connect",
					     "rescue"};
	const char *state = nss_state(findings);
	enum out_style style = !strcmp(state, "on") ? OUT_GREEN : OUT_YELLOW;
	const char *detail = findings->detail;

	if (!findings->is_enabled && !detail[0])
		detail = "not on the hosts: line: `v6guard enable`";
	else if (findings->is_off && !detail[0])
		detail = "passes through, as v6guard is switched off: `v6guard on`";
	out_object(out, "doors");
	print_door(out, "nss", state, detail);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		print_door(out, others[i], "absent", "");
	out_end(out);
	out_styled(out, NULL, "door nss", state, style);
	if (detail[0])
		out_line(out, "%-12s%s\n", "", detail);
}

static void print(struct cli *cli, const struct findings *findings)
{
	struct out *out = cli->out;
	const struct policy *policy = &findings->policy;
	bool is_good = policy->state == POLICY_GOOD;

	out_string(out, "daemon", NULL, "absent");
	out_string(out, "mode", "mode",
		   is_good ? gp_mode_name((enum gp_mode)policy->snapshot.guard.mode)
			   : NULL);
	if (is_good)
		out_integer(out, "generation", "generation",
			    (long long)policy->snapshot.generation);
	else
		out_string(out, "generation", "generation", NULL);
	out_string(out, "off", NULL, findings->is_off ? findings->off : NULL);
	if (findings->is_off)
		out_styled(out, NULL, "OFF", findings->off, OUT_RED);
	if (is_good)
		out_string(out, NULL, "backends", findings->chain);
	print_doors(out, findings);
	out_string(out, "epoch", NULL, NULL);
	out_string(out, "ipv4_usable", NULL, NULL);
	out_list(out, "verdicts");
	out_end(out);
	out_list(out, "nat64");
	out_end(out);
	out_object(out, "counters");
	out_end(out);
}

int cmd_status(struct cli *cli, int count, char **args)
{
	struct findings *findings = calloc(1, sizeof(*findings));

	(void)count, (void)args;
	if (!findings)
		return complain_memory();
	int code = look(cli, findings);
	if (code == EXIT_DONE) {
		print(cli, findings);
		if (findings->is_degraded || findings->is_off || !findings->is_enabled)
			code = EXIT_NEGATIVE;
	}
	policy_free(&findings->policy);
	free(findings);
	return code;
}
