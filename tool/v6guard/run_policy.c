/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_policy.c - the policy that a program is run under. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/reach.h"
#include "policy.h"
#include "run.h"

/* The file alone, without the host's. */
static int load_file(const char *path, struct gp_config **out)
{
	struct gp_config_errors *errors = calloc(1, sizeof(*errors));
	enum gp_status status;

	if (!errors)
		return complain_memory();
	status = gp_config_load_file(path, out, errors);
	for (size_t i = 0; status != GP_OK && i < errors->count; i++)
		complain_diag(&errors->list[i]);
	if (status != GP_OK && errors->count == 0)
		complain("%s: %s", path, gp_status_text(status));
	free(errors);
	return exit_of(status);
}

/* The services are for the NSS door, where the hosts: line has it. */
static void find_chain(const struct cli *cli, const struct gp_config *config,
		       struct gp_chain *out)
{
	const struct gp_chain *chain = gp_config_backends(config);
	struct gp_file file = {.path = NULL};
	bool is_found = false;

	if (chain) {
		*out = *chain;
		return;
	}
	if (gp_file_read_vendor(cli->root, NSSWITCH, &file, NULL) == GP_OK)
		is_found =
			gp_chain_from_nsswitch(file.bytes, file.size, out, NULL) == GP_OK;
	gp_file_free(&file);
	if (!is_found)
		gp_chain_parse("dns", 3, out, NULL);
}

static bool write_parts(int fd, const struct gp_snapshot_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		struct gp_bytes rest = parts->part[i];

		while (rest.size) {
			const ssize_t put = write(fd, rest.at, rest.size);
			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0)
				return false;
			rest.at += put;
			rest.size -= (size_t)put;
		}
	}
	return true;
}

/* Whoever the program runs as may read it; it is no secret. */
static bool write_private(struct run_policy *policy,
			  const struct gp_snapshot_parts *parts)
{
	const char *tmp = getenv("TMPDIR");
	int length, fd;
	bool good;

	length = snprintf(policy->folder, sizeof(policy->folder), "%s/v6guard-run.XXXXXX",
			  tmp && tmp[0] == '/' ? tmp : "/tmp");
	if (length < 0 || (size_t)length >= sizeof(policy->folder))
		strcpy(policy->folder, "/tmp/v6guard-run.XXXXXX");
	if (!mkdtemp(policy->folder)) {
		policy->folder[0] = '\0';
		return false;
	}
	snprintf(policy->path, sizeof(policy->path), "%s/policy.snap", policy->folder);
	fd = open(policy->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return false;
	good = write_parts(fd, parts) && !fchmod(fd, 0444) &&
	       !chmod(policy->folder, 0711);
	return !close(fd) && good;
}

static int make_private(const struct cli *cli, const struct gp_config *config,
			struct gp_snapshot *snapshot, struct run_policy *out)
{
	struct gp_snapshot_parts *parts = malloc(sizeof(*parts));
	struct gp_diag diag;
	int code = EXIT_DONE;

	if (!parts)
		return complain_memory();
	snapshot->guard = *gp_config_guard(config);
	snapshot->preload = gp_config_preload(config);
	snapshot->probe = gp_config_probe(config);
	find_chain(cli, config, &snapshot->chain);
	snapshot->generation = 1;
	snapshot->created = time(NULL);
	if (gp_rules_build(config, &snapshot->rules, NULL, &diag) != GP_OK) {
		code = complain_diag(&diag);
	} else if (gp_snapshot_lay_out(snapshot, parts) != GP_OK ||
		   !write_private(out, parts)) {
		complain("run: cannot write a policy: %s", strerror(errno));
		code = EXIT_ENVIRONMENT;
	}
	free(parts);
	gp_rules_build_free(&snapshot->rules);
	return code;
}

/* `v6guard off` holds for a policy of one's own as well. */
static int find(struct cli *cli, const struct policy *host, struct gp_snapshot *snapshot,
		struct run_policy *out)
{
	struct gp_config *config;
	int code;

	/* One that the environment names goes on to the program. */
	if (!cli->config && (host->state == POLICY_GOOD || getenv("V6GUARD_SNAPSHOT"))) {
		*snapshot = host->snapshot;
		return EXIT_DONE;
	}
	code = cli->config ? load_file(cli->config, &config)
			   : policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;
	if (host->state == POLICY_GOOD)
		snapshot->off_until = host->snapshot.off_until;
	code = make_private(cli, config, snapshot, out);
	gp_config_free(config);
	return code;
}

/* While nobody knows what is broken, the program finds out by itself. */
static int race_of(const struct cli *cli, const struct gp_snapshot *snapshot,
		   bool is_auto)
{
	if (cli->is_no_probe)
		return RACE_NO;
	if (!is_auto || snapshot->probe.is_off || !snapshot->guard.enforce)
		return RACE_AS_SAID;
	return snapshot->probe.is_inline || !gp_reach_live() ? RACE_YES : RACE_AS_SAID;
}

int run_policy_find(struct cli *cli, struct run_policy *out)
{
	struct gp_snapshot snapshot = {.generation = 0};
	const char *inherited = getenv("V6GUARD");
	struct policy host;
	enum gp_mode mode;
	int code;

	*out = (struct run_policy){.folder = ""};
	if (cli->mode && gp_mode_parse(cli->mode, &mode) != GP_OK) {
		complain("--mode: '%s' is none of off, auto, prefer-ipv4, prefer-ipv6, "
			 "strip-aaaa, strip-a",
			 cli->mode);
		return RUN_TROUBLE;
	}
	policy_read(cli, &host);
	code = find(cli, &host, &snapshot, out);
	policy_free(&host);
	if (code != EXIT_DONE)
		return RUN_TROUBLE;
	out->has_mode = cli->mode != NULL;
	if (!cli->mode && (!inherited || gp_mode_parse(inherited, &mode) != GP_OK))
		mode = (enum gp_mode)snapshot.guard.mode;
	out->mode = gp_mode_name(mode);
	out->is_auto = mode == GP_MODE_AUTO;
	out->race = race_of(cli, &snapshot, out->is_auto);
	out->is_off = gp_snapshot_is_off(&snapshot, time(NULL));
	return 0;
}

void run_policy_open_rules(struct run_policy *policy)
{
	const char *path = policy->path[0] ? policy->path : getenv("V6GUARD_SNAPSHOT");
	struct gp_snapshot snapshot;

	policy->has_rules = gp_file_map("", path ? path : GP_SNAPSHOT_PATH, &policy->file,
					NULL) == GP_OK &&
			    policy->file.exists &&
			    gp_snapshot_parse(policy->file.bytes, policy->file.size,
					      &snapshot) == GP_OK;
	if (policy->has_rules)
		policy->rules = snapshot.rules;
}

void run_policy_free(struct run_policy *policy)
{
	gp_file_free(&policy->file);
	if (policy->path[0])
		unlink(policy->path);
	if (policy->folder[0])
		rmdir(policy->folder);
}
