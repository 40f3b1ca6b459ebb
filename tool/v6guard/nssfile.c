/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nssfile.c - changing nsswitch.conf: read, edit, compile, write, verify, or undo it all.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nssfile.h"
#include "policy.h"
#include "verify.h"

/* Everything one change holds, so that it can be taken back. */
struct transaction {
	struct change change;
	struct gp_file file;
	struct policy old_policy;
	bool has_policy; /* compiled, and written where that was needed */
	struct verify *verify;
	char *bytes;
	size_t size;
};

static void undo(struct transaction *run)
{
	if (!run->change.diff)
		return; /* it was so before */
	change_undo(&run->change, &run->file);
	if (run->has_policy && run->old_policy.file.path)
		change_undo(&run->change, &run->old_policy.file);
	complain("%s: put back as it was", run->file.path);
}

static int verify(struct transaction *run)
{
	struct gp_hosts_line hosts;

	if (!run->verify)
		return EXIT_DONE;
	gp_hosts_line_find(run->bytes, run->size, &hosts);
	if (verify_after(run->verify, run->change.cli, run->bytes + hosts.begin,
			 hosts.end - hosts.begin))
		return EXIT_DONE;
	undo(run);
	return EXIT_ENVIRONMENT;
}

/* The snapshot first: programs that reach v6guard find the right chain at once. */
static int write_both(struct transaction *run, bool is_enabled)
{
	struct gp_snapshot new;
	int code = EXIT_DONE;

	if (is_enabled) {
		code = policy_apply(&run->change, run->bytes, run->size, &run->old_policy,
				    &new);
		if (code != EXIT_DONE)
			return code;
		run->has_policy = true;
	}
	code = change_file(&run->change, &run->file, "nss", run->bytes, run->size);
	if (code != EXIT_DONE) {
		if (run->has_policy)
			change_undo(&run->change, &run->old_policy.file);
		return code;
	}
	return run->change.store ? verify(run) : EXIT_DONE;
}

static int edit_and_write(struct transaction *run, nss_edit_fn *edit, void *ctx)
{
	struct cli *cli = run->change.cli;
	struct gp_hosts_line hosts;
	struct gp_diag diag;
	char why[512];

	if (gp_file_read(cli->root, NSSWITCH, &run->file, &diag) != GP_OK)
		return complain_diag(&diag);
	int code = edit(cli, &run->file, ctx, &run->bytes, &run->size);
	if (code != EXIT_DONE)
		return code;
	bool is_changed = run->size != run->file.size ||
			  memcmp(run->bytes, run->file.bytes, run->size) != 0;
	if (is_changed && nss_is_managed(cli, &run->file))
		return EXIT_ENVIRONMENT;

	gp_hosts_line_find(run->bytes, run->size, &hosts);
	if (hosts.enabled && !module_is_loadable(cli->root, why, sizeof(why))) {
		complain("libnss_v6guard.so.2 cannot be loaded: %s", why);
		complain("install it in %s%s (`make install` does), then try again",
			 cli->root, V6GUARD_NSSDIR);
		return EXIT_ENVIRONMENT;
	}
	if (hosts.enabled && hosts.has_comment)
		warn(cli,
		     "%s:%u: libc reads the words behind '#' as services: move the "
		     "comment "
		     "to a line of its own",
		     run->file.path, hosts.line);
	if (hosts.enabled && cli->root[0] && !cli->is_dry_run)
		warn(cli, "below --root no lookup can be tried: not verified");
	return write_both(run, hosts.enabled);
}

int nss_replace(struct cli *cli, nss_edit_fn *edit, void *ctx, bool wants_verify,
		const char *summary)
{
	struct transaction run = {.bytes = NULL, .old_policy = {.state = POLICY_ABSENT}};

	/* Before anything of this process has touched NSS; and whoever may not write need
	 * not wait for it. */
	if (wants_verify && !cli->is_dry_run && !cli->root[0] && geteuid() == 0) {
		run.verify = verify_start(cli);
		if (!run.verify)
			return EXIT_ENVIRONMENT;
		verify_before(run.verify);
	}
	int code = change_begin(&run.change, cli);
	if (code == EXIT_DONE)
		code = edit_and_write(&run, edit, ctx);
	verify_end(run.verify);
	free(run.bytes);
	gp_file_free(&run.file);
	policy_free(&run.old_policy);
	return change_end(&run.change, code, summary);
}

static int edit_failed(const struct gp_file *file, struct gp_diag *diag)
{
	snprintf(diag->path, sizeof(diag->path), "%s", file->path);
	int code = complain_diag(diag);
	/* The file is fine, but not one for v6guard. */
	return diag->status == GP_NOTFOUND ? EXIT_ENVIRONMENT : code;
}

static int edit_on(struct cli *cli, const struct gp_file *file, void *ctx, char **bytes,
		   size_t *size)
{
	struct gp_diag diag;

	(void)cli, (void)ctx;
	if (gp_nsswitch_enable(file->bytes, file->size, bytes, size, &diag) != GP_OK)
		return edit_failed(file, &diag);
	return EXIT_DONE;
}

static int edit_off(struct cli *cli, const struct gp_file *file, void *ctx, char **bytes,
		    size_t *size)
{
	struct gp_diag diag;
	struct gp_hosts_line hosts;

	(void)ctx;
	if (gp_nsswitch_disable(file->bytes, file->size, bytes, size, &diag) != GP_OK)
		return edit_failed(file, &diag);
	gp_hosts_line_find(*bytes, *size, &hosts);
	if (hosts.present && !hosts.has_resolver)
		warn(cli, "%s:%u: neither resolve nor dns is on the hosts: line",
		     file->path, hosts.line);
	return EXIT_DONE;
}

/* It is there already: there is nothing to compare with. */
static bool is_on(const struct cli *cli)
{
	struct gp_file file;
	struct gp_hosts_line hosts;

	if (gp_file_read(cli->root, NSSWITCH, &file, NULL) != GP_OK)
		return false;
	gp_hosts_line_find(file.bytes, file.size, &hosts);
	gp_file_free(&file);
	return hosts.enabled && !hosts.unterminated;
}

int nss_switch_on(struct cli *cli, const char *summary)
{
	/* Whoever names names wants to know in any case. */
	return nss_replace(cli, edit_on, NULL, !is_on(cli) || cli->verify_count > 0,
			   summary);
}

int nss_switch_off(struct cli *cli, const char *summary)
{
	return nss_replace(cli, edit_off, NULL, false, summary);
}
