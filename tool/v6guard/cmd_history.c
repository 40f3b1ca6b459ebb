/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_history.c - v6guard history [WHAT], v6guard rollback [WHAT [N]] */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "nssfile.h"
#include "policy.h"

static const char *const kinds[] = {"nss", "config", "gai", "unit", "resolv"};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static int check_kind(const char *word)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (!strcmp(word, kinds[i]))
			return EXIT_DONE;
	return complain_unknown("kind of history", word, kinds, KIND_COUNT);
}

static void print_entry(struct cli *cli, const struct gp_history_entry *entry)
{
	char when[32] = "?";
	struct tm utc;
	time_t time = (time_t)entry->time;

	if (gmtime_r(&time, &utc))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	out_object(cli->out, NULL);
	out_integer(cli->out, "n", NULL, entry->n);
	out_string(cli->out, "what", NULL, entry->what);
	out_string(cli->out, "time", NULL, when);
	out_string(cli->out, "user", NULL, entry->user);
	out_string(cli->out, "command", NULL, entry->command);
	out_end(cli->out);
	out_line(cli->out, "%3u  %-6s  %s  %-8s  %s\n", entry->n, entry->what, when,
		 entry->user, entry->command);
}

int cmd_history(struct cli *cli, int count, char **args)
{
	struct gp_history_entry *list;
	struct gp_diag diag;
	size_t entries;

	if (count > 0 && check_kind(args[0]) != EXIT_DONE)
		return EXIT_USAGE;
	if (gp_history_list(cli->root, count > 0 ? args[0] : NULL, &list, &entries,
			    &diag) != GP_OK)
		return complain_diag(&diag);
	out_list(cli->out, "entries");
	for (size_t i = 0; i < entries; i++)
		print_entry(cli, &list[i]);
	out_end(cli->out);
	free(list);
	return EXIT_DONE;
}

/* ---- rollback ------------------------------------------------------------------- */

struct wanted {
	const char *what; /* NULL: any */
	unsigned n;       /* 0: the latest that is not undone */
};

static int parse_wanted(int count, char **args, struct wanted *out)
{
	*out = (struct wanted){.n = 0};
	if (count > 0 && (args[0][0] < '0' || args[0][0] > '9')) {
		if (check_kind(args[0]) != EXIT_DONE)
			return EXIT_USAGE;
		out->what = args[0];
		count--;
		args++;
	}
	if (count == 0)
		return EXIT_DONE;
	char *end;
	errno = 0;
	unsigned long n = strtoul(args[0], &end, 10);
	if (count > 1 || args[0][0] < '0' || args[0][0] > '9' || *end || errno ||
	    n == 0 || n > UINT_MAX) {
		complain("rollback [nss|config|gai|unit|resolv [N]]: '%s' is not a "
			 "number from "
			 "1 on",
			 args[count - 1]);
		return EXIT_USAGE;
	}
	out->n = (unsigned)n;
	/* history counts each kind for itself: without one, only the latest is clear. */
	if (!out->what && n > 1) {
		complain("rollback %lu of what? `v6guard rollback nss %lu`, or config, "
			 "gai, unit or resolv",
			 n, n);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* The latest that is not undone, and no rollback itself; COUNT: none. */
static size_t find_latest(const struct gp_history_entry *list, size_t count)
{
	bool *is_undone = calloc(count + 1, sizeof(*is_undone));
	size_t found = 0;

	if (!is_undone)
		return count;
	gp_history_mark_undone(list, count, is_undone);
	while (found < count && (is_undone[found] || list[found].undoes))
		found++;
	free(is_undone);
	return found;
}

static int complain_none(const struct wanted *wanted, size_t count)
{
	const char *what = wanted->what ? wanted->what : "";
	const char *blank = wanted->what ? " " : "";

	if (wanted->n || !count)
		complain("there is no such change: history%s%s has %zu", blank, what,
			 count);
	else
		complain("all of history%s%s is undone: `v6guard rollback %s 1` takes "
			 "back "
			 "the last rollback",
			 blank, what, wanted->what ? what : "KIND");
	return EXIT_INPUT;
}

/* The entry, and the content that its change replaced, malloc'd. */
static int find_entry(const struct cli *cli, const struct wanted *wanted,
		      struct gp_history_entry *entry, char **bytes, size_t *size)
{
	struct gp_history_entry *list;
	struct gp_diag diag;
	size_t count;
	enum gp_status status =
		gp_history_list(cli->root, wanted->what, &list, &count, &diag);
	if (status != GP_OK)
		return complain_diag(&diag);
	const size_t at = wanted->n ? wanted->n - 1 : find_latest(list, count);
	if (at >= count) {
		free(list);
		return complain_none(wanted, count);
	}
	*entry = list[at];
	free(list);
	if (gp_history_content(cli->root, entry, bytes, size, &diag) != GP_OK)
		return complain_diag(&diag);
	return EXIT_DONE;
}

struct content {
	char *bytes;
	size_t size;
	bool existed;
};

static int edit_back(struct cli *cli, const struct gp_file *file, void *ctx,
		     struct nss_text *out)
{
	const struct content *content = ctx;

	(void)cli, (void)file;
	out->bytes = malloc(content->size + 1);
	if (!out->bytes)
		return complain_memory();
	memcpy(out->bytes, content->bytes, content->size + 1);
	out->size = content->size;
	out->is_gone = !content->existed;
	return EXIT_DONE;
}

/* The file, then, of the configuration, the policy that comes of it; both or neither. */
static int put_back(struct change *change, const struct gp_file *file,
		    const struct gp_history_entry *entry, const struct content *content,
		    struct policy *old)
{
	struct gp_snapshot new;
	int code = entry->existed ? change_file(change, file, entry->what, content->bytes,
						content->size)
				  : change_remove(change, file, entry->what);
	if (code != EXIT_DONE || !change->store)
		return code;

	/* Sections that are not part of the policy may have changed. */
	change->wants_reload = !strcmp(entry->what, "config");
	if (change->wants_reload)
		code = policy_apply(change, NULL, 0, old, &new);
	if (code != EXIT_DONE) {
		change_undo(change, file);
		complain("%s: put back as it was", file->path);
	}
	return code;
}

static int roll_back(struct cli *cli, const struct gp_history_entry *entry,
		     const struct content *content, const char *summary)
{
	struct change change;
	struct policy old = {.state = POLICY_ABSENT};
	struct gp_file file;
	struct gp_diag diag;
	int code = change_begin(&change, cli);

	if (code == EXIT_DONE &&
	    gp_file_read(cli->root, entry->path, &file, &diag) != GP_OK)
		code = complain_diag(&diag);
	else if (code == EXIT_DONE) {
		/* Nothing there, and nothing was there: done. */
		if (file.exists || entry->existed)
			code = put_back(&change, &file, entry, content, &old);
		gp_file_free(&file);
	}
	policy_free(&old);
	return change_end(&change, code, summary);
}

/* A drop-in; systemd is told of it. */
static int roll_unit_back(struct cli *cli, const struct gp_history_entry *entry,
			  const struct content *content, const char *summary)
{
	struct change change;
	struct gp_file file;
	struct gp_diag diag;
	char name[sizeof(entry->path)] = "";
	int code = change_begin(&change, cli);

	if (code == EXIT_DONE &&
	    gp_file_read(cli->root, entry->path, &file, &diag) != GP_OK)
		code = complain_diag(&diag);
	else if (code == EXIT_DONE) {
		if (file.exists || entry->existed)
			code = attach_write(&change, &file,
					    entry->existed ? content->bytes : NULL,
					    content->size);
		gp_file_free(&file);
	}
	attach_unit_of(entry->path, name, sizeof(name));
	return attach_end(&change, code, summary, name);
}

int cmd_rollback(struct cli *cli, int count, char **args)
{
	struct wanted wanted;
	struct gp_history_entry entry;
	struct content content;
	char summary[800];
	int code = parse_wanted(count, args, &wanted);

	if (code == EXIT_DONE)
		code = find_entry(cli, &wanted, &entry, &content.bytes, &content.size);
	if (code != EXIT_DONE)
		return code;
	cli->undoes = entry.serial;
	snprintf(summary, sizeof(summary), "%s: as it was before `%s`", entry.path,
		 entry.command);
	struct gp_hosts_line hosts;
	gp_hosts_line_find(content.bytes, content.size, &hosts);
	content.existed = entry.existed;
	if (!strcmp(entry.what, "nss"))
		code = nss_replace(cli, edit_back, &content, gp_hosts_line_acts(&hosts),
				   summary);
	else if (!strcmp(entry.what, "unit"))
		code = roll_unit_back(cli, &entry, &content, summary);
	else
		code = roll_back(cli, &entry, &content, summary);
	free(content.bytes);
	return code;
}
