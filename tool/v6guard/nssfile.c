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
	bool has_policy;           /* compiled, and written where that was needed */
	struct gp_snapshot policy; /* in force then; of its rules nothing is read */
	struct verify *verify;
	struct nss_text text;
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
	gp_hosts_line_find(run->text.bytes, run->text.size, &hosts);
	if (verify_after(run->verify, run->change.cli, run->text.bytes, &hosts,
			 &run->policy))
		return EXIT_DONE;
	undo(run);
	return EXIT_ENVIRONMENT;
}

static int write_file(struct transaction *run)
{
	const struct nss_text *text = &run->text;

	if (!text->is_gone)
		return change_file(&run->change, &run->file, "nss", text->bytes,
				   text->size);
	return run->file.exists ? change_remove(&run->change, &run->file, "nss")
				: EXIT_DONE;
}

/* The snapshot first: programs that reach v6guard find the right chain at once. */
static int write_both(struct transaction *run, bool is_enabled)
{
	int code = EXIT_DONE;

	if (is_enabled) {
		code = policy_apply(&run->change, run->text.bytes, run->text.size,
				    &run->old_policy, &run->policy);
		if (code != EXIT_DONE)
			return code;
		run->has_policy = true;
	}
	code = write_file(run);
	if (code != EXIT_DONE) {
		if (run->has_policy)
			change_undo(&run->change, &run->old_policy.file);
		return code;
	}
	return run->change.store ? verify(run) : EXIT_DONE;
}

static bool is_changed(const struct transaction *run)
{
	const struct nss_text *text = &run->text;

	if (text->is_gone)
		return run->file.exists;
	return text->size != run->file.size ||
	       memcmp(text->bytes, run->file.bytes, text->size) != 0;
}

/* What is odd about the line that v6guard is on then. */
static void warn_of_line(struct transaction *run, const struct gp_hosts_line *hosts)
{
	struct cli *cli = run->change.cli;
	struct gp_hosts_line before;
	char why[NSS_STORY];

	gp_hosts_line_find(run->file.bytes, run->file.size, &before);
	if (before.unterminated && !hosts->unterminated)
		warn(cli,
		     "%s:%u: had no newline at its end, so that libc did not read it: "
		     "it does now",
		     run->file.path, before.line);
	else if (!before.present && before.miswritten)
		warn(cli,
		     "%s:%u: libc knows `hosts` in small letters only, and does not "
		     "read this line",
		     run->file.path, before.miswritten);
	before.unterminated = false;
	if (is_changed(run) && nss_story(&run->file, &before, why)[0] &&
	    gp_hosts_line_acts(hosts))
		warn(cli, "put right: %s", why);
	if (hosts->has_comment)
		warn(cli,
		     "%s:%u: libc reads the words behind '#' as services: move the "
		     "comment "
		     "to a line of its own",
		     run->file.path, hosts->line);
	if (cli->root[0] && !cli->is_dry_run)
		warn(cli, "below --root no lookup can be tried: not verified");
	else if (cli->is_dry_run && cli->verify_count)
		warn(cli, "a dry run looks nothing up: --verify is not heeded");
}

/* Which the administrator asked for. */
static void warn_of_idle_line(struct transaction *run, const struct gp_hosts_line *hosts)
{
	const struct gp_file now = {.path = run->file.path, .bytes = run->text.bytes};
	char why[NSS_STORY];

	if (nss_story(&now, hosts, why)[0])
		warn(run->change.cli, "%s: `v6guard enable` puts it right", why);
}

static int edit_and_write(struct transaction *run, nss_edit_fn *edit, void *ctx)
{
	struct cli *cli = run->change.cli;
	struct gp_hosts_line hosts;
	struct gp_diag diag;
	char why[512];

	if (gp_file_read_vendor(cli->root, NSSWITCH, &run->file, &diag) != GP_OK)
		return complain_diag(&diag);
	int code = edit(cli, &run->file, ctx, &run->text);
	if (code != EXIT_DONE)
		return code;
	gp_hosts_line_find(run->text.bytes, run->text.size, &hosts);
	if (is_changed(run) && nss_is_managed(cli, &run->file, hosts.enabled))
		return EXIT_ENVIRONMENT;
	if (hosts.enabled && !module_is_loadable(cli->root, why, sizeof(why))) {
		complain("libnss_v6guard.so.2 cannot be loaded: %s", why);
		complain("install it in %s%s (`make install` does), then try again",
			 cli->root, V6GUARD_NSSDIR);
		return EXIT_ENVIRONMENT;
	}
	if (hosts.enabled) {
		warn_of_line(run, &hosts);
		warn_of_idle_line(run, &hosts);
	}
	return write_both(run, hosts.enabled);
}

int nss_replace(struct cli *cli, nss_edit_fn *edit, void *ctx, bool wants_verify,
		const char *summary)
{
	struct transaction run = {.old_policy = {.state = POLICY_ABSENT}};

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
	free(run.text.bytes);
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

static int edit_on(struct cli *cli, const struct gp_file *file, void *ctx,
		   struct nss_text *out)
{
	struct gp_diag diag;

	(void)cli, (void)ctx;
	if (gp_nsswitch_enable(file->bytes, file->size, &out->bytes, &out->size, &diag) !=
	    GP_OK)
		return edit_failed(file, &diag);
	return EXIT_DONE;
}

/* ---- out again ------------------------------------------------------------------ */

/* BYTES had no v6guard, and with it they are what the file is. */
static bool is_without(const void *ctx, const char *bytes, size_t size)
{
	const struct gp_file *file = ctx;
	struct gp_hosts_line hosts;
	char *on;
	size_t on_size;
	bool is_it;

	gp_hosts_line_find(bytes, size, &hosts);
	if (hosts.enabled ||
	    gp_nsswitch_enable(bytes, size, &on, &on_size, NULL) != GP_OK)
		return false;
	is_it = on_size == file->size && !memcmp(on, file->bytes, on_size);
	free(on);
	return is_it;
}

static bool is_any(const void *ctx, const char *bytes, size_t size)
{
	(void)ctx, (void)bytes, (void)size;
	return true;
}

/* The latest change of ours made the file. */
static void warn_of_copy(struct cli *cli, const struct gp_file *file)
{
	const struct gp_origin_query query = {"nss", file->path + strlen(cli->root),
					      is_any, NULL};
	struct gp_origin origin;

	if (gp_origin_find(cli->root, &query, &origin, NULL) != GP_OK)
		return;
	if (origin.is_known && !origin.existed)
		warn(cli,
		     "%s stays: v6guard made it, and somebody else has changed it since",
		     file->path);
	free(origin.bytes);
}

/*
 * More than the words may have come with them: a newline, a line, the file. History knows
 * what it was, as long as nobody else has changed it since.
 */
static int edit_off(struct cli *cli, const struct gp_file *file, void *ctx,
		    struct nss_text *out)
{
	struct gp_diag diag;
	struct gp_hosts_line hosts;
	struct gp_origin origin = {.is_known = false};
	const struct gp_origin_query query = {"nss", file->path + strlen(cli->root),
					      is_without, file};

	(void)ctx;
	gp_hosts_line_find(file->bytes, file->size, &hosts);
	if (hosts.enabled && gp_origin_find(cli->root, &query, &origin, &diag) != GP_OK)
		return complain_diag(&diag);
	if (origin.is_known) {
		*out = (struct nss_text){origin.bytes, origin.size, !origin.existed};
	} else {
		if (gp_nsswitch_disable(file->bytes, file->size, &out->bytes, &out->size,
					&diag) != GP_OK)
			return edit_failed(file, &diag);
		if (hosts.enabled)
			warn_of_copy(cli, file);
	}
	gp_hosts_line_find(out->bytes, out->size, &hosts);
	if (hosts.present && !hosts.has_resolver)
		warn(cli, "%s:%u: neither resolve nor dns is on the hosts: line",
		     file->path, hosts.line);
	return EXIT_DONE;
}

/* It is there already, and acts: there is nothing to compare with. */
static bool is_on(const struct cli *cli)
{
	struct gp_file file;
	struct gp_hosts_line hosts;

	if (gp_file_read(cli->root, NSSWITCH, &file, NULL) != GP_OK)
		return false;
	gp_hosts_line_find(file.bytes, file.size, &hosts);
	gp_file_free(&file);
	return gp_hosts_line_acts(&hosts);
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
