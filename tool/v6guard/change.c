/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* change.c - the frame around every command that writes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "daemon.h"
#include "gaiconf/diff.h"
#include "gaiconf/inside.h"
#include "guard/nscd.h"

/* SIGPIPE as well: stderr may be a pipe that nobody reads any more. */
static void hold_signals(sigset_t *before)
{
	static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

int change_begin(struct change *change, struct cli *cli)
{
	struct gp_diag diag;

	*change = (struct change){.cli = cli};
	hold_signals(&change->signals);
	if (cli->is_dry_run)
		return EXIT_DONE;
	if (gp_store_open(cli->root, cli->command, &change->store, &diag) != GP_OK)
		return complain_diag(&diag);
	gp_store_undoes(change->store, cli->undoes);
	if (cli->is_reset)
		gp_store_resets(change->store);
	return EXIT_DONE;
}

int change_note(struct change *change, const char *path, const char *a, size_t a_size,
		const char *b, size_t b_size)
{
	char *diff;
	if (gp_diff(path, a, a_size, b, b_size, &diff) != GP_OK)
		return complain_memory();
	if (!diff[0]) {
		free(diff);
		return EXIT_DONE;
	}
	if (!change->diff) {
		change->diff = diff;
		return EXIT_DONE;
	}
	char *both;
	int length = asprintf(&both, "%s%s", change->diff, diff);
	free(diff);
	if (length < 0)
		return complain_memory();
	free(change->diff);
	change->diff = both;
	return EXIT_DONE;
}

int change_file(struct change *change, const struct gp_file *file, const char *what,
		const char *bytes, size_t size)
{
	struct gp_diag diag;

	if ((file->exists || file->vendor) && size == file->size &&
	    !memcmp(bytes, file->bytes, size))
		return EXIT_DONE;
	int code = change_note(change, file->path, file->bytes, file->size, bytes, size);
	if (code != EXIT_DONE || !change->store)
		return code;
	if (gp_store_replace(change->store, file, what, bytes, size, &diag) != GP_OK)
		return complain_diag(&diag);
	change->is_gai |= !strcmp(what, "gai") && !change->cli->root[0];
	if (file->through_link)
		warn(change->cli, "%s: changed through a symbolic link that leads there",
		     file->path);
	if (file->vendor)
		warn(change->cli, "%s: a copy of %s, which libc reads no more",
		     file->path, file->vendor);
	return EXIT_DONE;
}

int change_back(struct change *change, const struct gp_file *file, const char *what,
		const char *bytes, size_t size)
{
	struct gp_diag diag;
	bool is_none;

	if (gp_origin_is_none(change->cli->root, what, file, bytes, size, &is_none,
			      &diag) != GP_OK)
		return complain_diag(&diag);
	return is_none ? change_remove(change, file, what)
		       : change_file(change, file, what, bytes, size);
}

int change_remove(struct change *change, const struct gp_file *file, const char *what)
{
	struct gp_diag diag;
	int code = change_note(change, file->path, file->bytes, file->size, "", 0);

	if (code != EXIT_DONE || !change->store)
		return code;
	if (gp_store_remove(change->store, file, what, &diag) != GP_OK)
		return complain_diag(&diag);
	change->is_gai |= !strcmp(what, "gai") && !change->cli->root[0];
	return EXIT_DONE;
}

void change_undo(struct change *change, const struct gp_file *file)
{
	const char *root = change->cli->root;
	struct gp_file now;
	struct gp_diag diag;

	if (!change->store)
		return;
	if (!file->exists) {
		if (gp_inside_unlink(root, file->path) < 0 && errno != ENOENT)
			complain("%s: cannot be removed again: %s", file->path,
				 strerror(errno));
		return;
	}
	if ((file->is_mapped ? gp_file_map : gp_file_read)(
		    root, file->path + strlen(root), &now, &diag) != GP_OK) {
		complain_diag(&diag);
		return;
	}
	if ((!now.exists || now.size != file->size ||
	     memcmp(now.bytes, file->bytes, now.size) != 0) &&
	    gp_store_replace(change->store, &now, NULL, file->bytes, file->size, &diag) !=
		    GP_OK)
		complain_diag(&diag);
	gp_file_free(&now);
}

static void flush_nscd(struct cli *cli)
{
	if (cli->root[0] || !gp_nscd_is_running())
		return;
	if (!gp_nscd_flush())
		warn(cli, "nscd runs, but `nscd -i hosts` failed: it may answer from its "
			  "cache for a while");
}

/* False: it refuses what the files say. */
static bool check_reload(struct change *change, const json_t *reply)
{
	const json_t *generation = json_object_get(reply, "generation");
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (!json_is_true(json_object_get(reply, "ok"))) {
		warn(change->cli, "v6guardd keeps its old settings: %s",
		     error ? error : "it does not say why");
		return false;
	}
	if (change->generation > 0 &&
	    (!json_is_integer(generation) ||
	     json_integer_value(generation) < change->generation))
		warn(change->cli,
		     "v6guardd does not see generation %lld: does it run in a "
		     "file system of its own?",
		     change->generation);
	return true;
}

/* It looks after the files itself; whoever has changed one waits until it is in force.
 * False: it refuses them. */
static bool reload_daemon(struct change *change)
{
	struct daemon_reply reply;
	bool is_good = true;

	switch (daemon_ask(change->cli, "reload", DAEMON_RELOAD_MS, &reply)) {
	case DAEMON_ANSWERED:
		is_good = check_reload(change, reply.json);
		json_decref(reply.json);
		break;
	case DAEMON_ABSENT:
		break;
	case DAEMON_REFUSED:
	case DAEMON_FAILED:
		warn(change->cli, "v6guardd was not told: %s", reply.trouble);
		break;
	}
	return is_good;
}

void change_report(const struct cli *cli, bool is_changed, const char *diff)
{
	out_bool(cli->out, "changed", NULL, is_changed);
	out_string(cli->out, "diff", NULL, diff);
	out_list(cli->out, "warnings");
	for (size_t i = 0; i < cli->warning_count; i++)
		out_item(cli->out, cli->warnings[i]);
	out_end(cli->out);
}

/* No process tells from outside which file it has read. */
static void say_who_keeps(const struct cli *cli)
{
	if (cli->is_quiet || out_is_json(cli->out))
		return;
	fflush(stdout); /* the result stands before it */
	fputs("Programs that run already keep the table they read: `systemctl restart "
	      "UNIT`, or `reload yes`.\n",
	      stderr);
}

int change_end(struct change *change, int code, const char *summary)
{
	struct cli *cli = change->cli;
	bool is_refused = false;

	gp_store_close(change->store);
	if (change->is_policy || change->wants_reload)
		is_refused = !reload_daemon(change);
	/* By then it may ask v6guardd anew. */
	if (change->is_policy)
		flush_nscd(cli);
	sigprocmask(SIG_SETMASK, &change->signals, NULL);
	if (code == EXIT_DONE) {
		change_report(cli, change->diff != NULL,
			      change->diff ? change->diff : "");
		if (cli->is_dry_run && change->diff)
			out_line(cli->out, "%s", change->diff);
		else if (!cli->is_quiet)
			out_line(cli->out, "%s\n", change->diff ? summary : "unchanged");
		if (change->is_gai)
			say_who_keeps(cli);
		/* Done, but not all that the files say is in force. */
		if ((cli->is_dry_run && change->diff) ||
		    (change->wants_reload && is_refused))
			code = EXIT_NEGATIVE;
	}
	free(change->diff);
	return code;
}
