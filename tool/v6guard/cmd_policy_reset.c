/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_policy_reset.c - v6guard policy reset: what our commands wrote, out of gai.conf */
#include <stdlib.h>
#include <string.h>

#include "gai.h"
#include "gaiconf/undo.h"

/* The file on its way back through history. */
struct reset {
	const struct cli *cli;
	char *bytes;
	size_t size;
	size_t left;                   /* lines that were edited since */
	size_t unknown;                /* changes of which history has half */
	bool had_rows[GP_TABLE_KINDS]; /* before the first change */
};

static int note_rows(struct reset *reset, const struct gp_text *text)
{
	struct gp_doc *doc;

	if (gp_doc_parse(text->bytes, text->size, gp_gai_dialect_here(), &doc) != GP_OK)
		return complain_memory();
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		reset->had_rows[kind] = gp_edit_has_rows(doc, (enum gp_table_kind)kind);
	gp_doc_free(doc);
	return EXIT_DONE;
}

static int undo(struct reset *reset, const struct gp_text *before,
		const struct gp_text *after)
{
	const struct gp_text now = {reset->bytes, reset->size};
	size_t size, left;
	char *bytes;

	if (gp_undo(before, after, &now, &bytes, &size, &left) != GP_OK)
		return complain_memory();
	free(reset->bytes);
	reset->bytes = bytes;
	reset->size = size;
	reset->left += left;
	return note_rows(reset, before);
}

static int undo_entry(struct reset *reset, const struct gp_history_entry *entry)
{
	char *before, *after;
	size_t before_size, after_size;
	struct gp_diag diag;
	enum gp_status status =
		gp_history_after(reset->cli->root, entry, &after, &after_size, &diag);

	if (status == GP_NOTFOUND) {
		reset->unknown++;
		return EXIT_DONE;
	}
	if (status != GP_OK)
		return complain_diag(&diag);
	if (gp_history_content(reset->cli->root, entry, &before, &before_size, &diag) !=
	    GP_OK) {
		free(after);
		return complain_diag(&diag);
	}
	const int code = undo(reset, &(struct gp_text){before, before_size},
			      &(struct gp_text){after, after_size});
	free(before);
	free(after);
	return code;
}

static int undo_all(struct reset *reset, const struct gp_file *file)
{
	struct gp_history_entry *list;
	struct gp_diag diag;
	size_t count;
	int code = EXIT_DONE;

	if (gp_history_list(reset->cli->root, "gai", &list, &count, &diag) != GP_OK)
		return complain_diag(&diag);
	bool *is_undone = calloc(count + 1, sizeof(*is_undone));
	if (!is_undone)
		code = complain_memory();
	else
		gp_history_mark_undone(list, count, is_undone);
	for (size_t i = 0; i < count && code == EXIT_DONE; i++) {
		if (is_undone[i] || list[i].undoes ||
		    strcmp(list[i].path, file->path + strlen(reset->cli->root)) != 0)
			continue;
		if (list[i].is_reset)
			break;
		code = undo_entry(reset, &list[i]);
	}
	free(is_undone);
	free(list);
	return code;
}

/* Rows that somebody added to a table that we had written out: without the rest of it
 * they would drop libc's own. */
static int keep_tables(struct cli *cli, struct reset *reset)
{
	const struct gp_row *lost[GP_BUILTIN_MAX];
	struct gai now = {.file = {.bytes = reset->bytes, .size = reset->size}};
	int code = gai_parse(&now);

	for (unsigned at = 0; code == EXIT_DONE && at < GP_TABLE_KINDS; at++) {
		const enum gp_table_kind kind = (enum gp_table_kind)at;
		const struct gp_table *table = &now.tables.gai.tables.kind[at];
		const size_t count = table->is_builtin || reset->had_rows[at]
					     ? 0
					     : gp_edit_lost(kind, table, lost);

		for (size_t i = 0; i < count; i++)
			gp_edit_set(now.doc, kind, lost[i], true);
		if (count > 0)
			warn(cli,
			     "there are %s rows that no command wrote: libc's own "
			     "table stays written out beside them",
			     gp_table_kind_name(kind));
	}
	char *bytes = NULL;
	if (code == EXIT_DONE && gp_doc_write(now.doc, &bytes, &reset->size) != GP_OK)
		code = complain_memory();
	gp_doc_free(now.doc);
	gp_gai_tables_free(&now.tables);
	if (code == EXIT_DONE) {
		free(reset->bytes);
		reset->bytes = bytes;
	}
	return code;
}

static int edit_reset(struct cli *cli, const struct gp_file *file, void *ctx,
		      char **bytes, size_t *size)
{
	struct reset *reset = ctx;
	int code = EXIT_DONE;

	reset->cli = cli;
	reset->size = file->size;
	reset->bytes = malloc(file->size + 1);
	if (!reset->bytes)
		return complain_memory();
	memcpy(reset->bytes, file->bytes, file->size);
	reset->bytes[file->size] = '\0';
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		reset->had_rows[kind] = true;
	code = undo_all(reset, file);
	if (code == EXIT_DONE)
		code = keep_tables(cli, reset);
	if (reset->left > 0)
		warn(cli, "%zu line%s of v6guard's stay%s: edited since, or moved",
		     reset->left, reset->left > 1 ? "s" : "", reset->left > 1 ? "" : "s");
	if (reset->unknown > 0)
		warn(cli, "%zu older change%s stay%s: history does not say enough of %s",
		     reset->unknown, reset->unknown > 1 ? "s" : "",
		     reset->unknown > 1 ? "" : "s", reset->unknown > 1 ? "them" : "it");
	*bytes = reset->bytes;
	*size = reset->size;
	return code;
}

int cmd_policy_reset(struct cli *cli, int count, char **args)
{
	struct reset reset = {.bytes = NULL};

	(void)count, (void)args;
	cli->is_reset = true;
	return gai_change_text(cli, edit_reset, &reset,
			       GAI_CONF ": without what v6guard wrote");
}
