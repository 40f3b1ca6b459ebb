/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status.c - looking at a host: files, module and daemon. */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "nssfile.h"
#include "status.h"
#include "verify.h"

/* Add a sentence to NOTES. */
static void note(struct status *status, char notes[STATUS_DETAIL], const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

static void note(struct status *status, char notes[STATUS_DETAIL], const char *format,
		 ...)
{
	size_t used = strlen(notes);
	va_list args;

	snprintf(notes + used, STATUS_DETAIL - used, "%s", used ? "; " : "");
	used = strlen(notes);
	va_start(args, format);
	vsnprintf(notes + used, STATUS_DETAIL - used, format, args);
	va_end(args);
	status->is_degraded = true;
}

static void look_at_policy(const struct cli *cli, struct status *status)
{
	policy_read(cli, &status->policy);
	/* Nobody has enabled it: that is all there is to say. */
	if (status->policy.state == POLICY_ABSENT && !status->is_enabled)
		return;
	if (status->policy.state != POLICY_GOOD) {
		note(status, status->detail, "%s%s %s: `v6guard apply`", cli->root,
		     GP_SNAPSHOT_PATH, status->policy.trouble);
		return;
	}
	const struct gp_snapshot *snapshot = &status->policy.snapshot;
	status->is_off = gp_snapshot_is_off(snapshot, time(NULL));
	policy_off_text(snapshot, status->off, sizeof(status->off));
	gp_chain_format(&snapshot->chain, status->chain, sizeof(status->chain));
}

/* The line is there: can it do its work? */
static void look_at_hosts_line(const struct cli *cli, bool is_brief,
			       struct status *status, const struct gp_file *file,
			       const struct gp_hosts_line *hosts)
{
	char why[512], story[NSS_STORY];

	if (nss_story(file, hosts, story)[0])
		note(status, status->detail, "%s: `v6guard enable` puts it right", story);
	if (!is_brief && !module_is_loadable(cli->root, why, sizeof(why)))
		note(status, status->detail, "the module cannot be loaded: %s", why);
}

static void compare(const struct cli *cli, struct status *status,
		    const struct gp_file *file)
{
	struct gp_snapshot fresh;
	struct gp_config *config;
	char chain[STATUS_CHAIN];

	if (policy_load_config(cli, &config) != EXIT_DONE) {
		note(status, status->detail,
		     "the configuration has errors: `v6guard config check`");
		return;
	}
	int code = policy_from_config(cli, config, file->bytes, file->size, NULL, &fresh);
	status->wants_rescue = !strcmp(gp_config_value(config, "rescue", "mode"), "on");
	gp_config_free(config);
	if (code != EXIT_DONE) {
		note(status, status->detail,
		     "the hosts: line names no backends: `v6guard nss status`");
		return;
	}
	const struct policy *policy = &status->policy;
	const bool is_same =
		policy->state != POLICY_GOOD || policy_is_same(&policy->snapshot, &fresh);
	gp_rules_build_free(&fresh.rules);
	if (is_same)
		return;
	gp_chain_format(&fresh.chain, chain, sizeof(chain));
	if (strcmp(chain, status->chain) != 0)
		note(status, status->detail, "backends are `%s` now: `v6guard apply`",
		     chain);
	else
		note(status, status->detail,
		     "the configuration has changed: `v6guard apply`");
}

static int look_at_files(const struct cli *cli, bool is_brief, struct status *status)
{
	struct gp_file file;
	struct gp_diag diag;
	struct gp_hosts_line hosts;

	if (gp_file_read_vendor(cli->root, NSSWITCH, &file, &diag) != GP_OK) {
		if (!is_brief)
			return complain_diag(&diag);
		note(status, status->detail, "%s", diag.text);
		return EXIT_DONE;
	}
	gp_hosts_line_find(file.bytes, file.size, &hosts);
	status->is_enabled = hosts.enabled;
	look_at_policy(cli, status);
	if (hosts.enabled)
		look_at_hosts_line(cli, is_brief, status, &file, &hosts);
	if (!is_brief)
		compare(cli, status, &file);
	gp_file_free(&file);
	return EXIT_DONE;
}

/* ---- the daemon ---- */

static void look_at_answer(struct status *status)
{
	const json_t *json = status->daemon.json;
	const json_t *rescue = json_object_get(json, "rescue");
	const json_t *generation = json_object_get(json, "generation");
	const char *error = json_string_value(json_object_get(json, "config_error"));
	const char *state = json_string_value(json_object_get(rescue, "state"));
	char text[512];

	if (error) {
		known_text(text, sizeof(text), error);
		note(status, status->trouble, "v6guardd keeps its old settings: %s",
		     text);
	}
	/* It looks at the file while it answers. */
	if (status->policy.state == POLICY_GOOD && json_is_integer(generation) &&
	    json_integer_value(generation) <
		    (long long)status->policy.snapshot.generation)
		note(status, status->trouble, "v6guardd sees generation %lld",
		     (long long)json_integer_value(generation));
	/* Its reason stands beside the door. */
	if (state && !strcmp(state, "unable"))
		status->is_degraded = true;
}

static void look_at_daemon(const struct cli *cli, struct status *status)
{
	status->answer = daemon_ask(cli, "status", DAEMON_LIMIT_MS, &status->daemon);
	if (status->answer == DAEMON_ANSWERED) {
		look_at_answer(status);
		return;
	}
	/* Below a root nothing runs, and nothing is missed. */
	if (cli->root[0])
		return;
	const bool is_auto = status->policy.state == POLICY_GOOD &&
			     status->policy.snapshot.guard.mode == GP_MODE_AUTO;
	if (status->answer != DAEMON_ABSENT)
		note(status, status->trouble, "%s", status->daemon.trouble);
	if (is_auto && status->is_enabled && !status->is_off)
		note(status, status->detail,
		     "`auto` acts on evidence that only v6guardd collects, and it %s: "
		     "nothing is changed",
		     status->answer == DAEMON_ABSENT ? "is not running"
						     : "does not answer");
	status->is_degraded |= status->wants_rescue;
}

int status_look(const struct cli *cli, bool is_brief, struct status *out)
{
	*out = (struct status){.policy = {.state = POLICY_ABSENT},
			       .answer = DAEMON_ABSENT};
	int code = look_at_files(cli, is_brief, out);
	if (code == EXIT_DONE)
		code = status_gai_look(cli, &out->gai);
	if (code == EXIT_DONE)
		out->is_degraded |= !strcmp(out->gai.state, "degraded");
	if (code == EXIT_DONE) {
		preload_look(cli, is_brief, &out->preload);
		out->is_degraded |= out->preload.unit_count && !out->preload.is_installed;
		look_at_daemon(cli, out);
	}
	return code;
}

void status_free(struct status *status)
{
	policy_free(&status->policy);
	preload_free(&status->preload);
	json_decref(status->daemon.json);
	status->daemon.json = NULL;
}

int status_code(const struct status *status)
{
	return status->is_degraded || status->is_off || !status->is_enabled
		       ? EXIT_NEGATIVE
		       : EXIT_DONE;
}
