/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_policy.c - v6guard policy set|del: rows of gai.conf */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernellabel.h"

/* Rows to be set, or prefixes to go. */
struct rows {
	enum gp_table_kind kind;
	struct gp_row *rows;
	size_t count;
	struct kernel_label *kernel; /* of set --kernel, or NULL */
};

static int complain_kind(const char *word, bool with_reload)
{
	static const char *const words[] = {"precedence", "label", "scopev4", "reload"};

	return complain_unknown("table", word, words, with_reload ? 4 : 3);
}

static int parse_value(const char *text, int32_t *out)
{
	char *end;

	errno = 0;
	const long value = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value > INT_MAX) {
		complain("'%s' is no value: a number from 0 to %d", text, INT_MAX);
		return EXIT_INPUT;
	}
	*out = (int32_t)value;
	return EXIT_DONE;
}

/* What glibc's table had and the file's has not: of the whole of it in one line. */
static void warn_lost(struct cli *cli, enum gp_table_kind kind, struct gp_doc *doc)
{
	const struct gp_row *lost[GP_BUILTIN_MAX];
	struct gp_gai_tables tables;
	char text[GP_BUILTIN_MAX * (GP_PREFIX_TEXT + 16)] = "", prefix[GP_PREFIX_TEXT];
	char *bytes;
	size_t size, count = 0;

	if (gp_doc_write(doc, &bytes, &size) != GP_OK)
		return;
	if (gp_gai_tables_read(bytes, size, gp_gai_dialect_here(), &tables) == GP_OK) {
		count = gp_edit_lost(kind, &tables.gai.tables.kind[kind], lost);
		gp_gai_tables_free(&tables);
	}
	free(bytes);
	for (size_t i = 0; i < count; i++) {
		const size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s %d", i ? ", " : "",
			 gp_row_format(kind, lost[i], prefix), (int)lost[i]->value);
	}
	if (count > 0)
		warn(cli, "of glibc's own %s table this does without: %s",
		     gp_table_kind_name(kind), text);
}

/* ---- set -------------------------------------------------------------------------- */

static int edit_set(struct cli *cli, struct gp_doc *doc, void *ctx)
{
	const struct rows *rows = ctx;

	gp_edit_set(doc, rows->kind, &rows->rows[0], cli->is_minimal);
	if (cli->is_minimal)
		warn_lost(cli, rows->kind, doc);
	if (rows->kernel)
		return kernel_label_put(cli, rows->kernel);
	if (rows->kind == GP_TABLE_LABEL)
		kernel_label_offer(cli, doc, &rows->rows[0]);
	return EXIT_DONE;
}

static int set_row(struct cli *cli, enum gp_table_kind kind, char **args)
{
	struct gp_row row;
	struct kernel_label kernel;
	struct rows rows = {kind, &row, 1, NULL};
	char text[GP_PREFIX_TEXT], summary[128];
	int code = gai_parse_prefix(kind, args[1], &row);

	if (code == EXIT_DONE)
		code = parse_value(args[2], &row.value);
	if (code == EXIT_DONE && cli->is_kernel) {
		code = kernel_label_check(cli, kind, &row, &kernel);
		rows.kernel = &kernel;
	}
	if (code != EXIT_DONE)
		return code;
	snprintf(summary, sizeof(summary), "%s %s is %d", gp_table_kind_name(kind),
		 gp_row_format(kind, &row, text), (int)row.value);
	code = gai_change(cli, edit_set, &rows, summary);
	if (rows.kernel && code > EXIT_NEGATIVE)
		kernel_label_undo(cli, &kernel);
	else if (rows.kernel)
		kernel_label_report(cli, &kernel);
	return rows.kernel && cli->is_dry_run && code == EXIT_DONE && kernel.is_changed
		       ? EXIT_NEGATIVE
		       : code;
}

static int edit_reload(struct cli *cli, struct gp_doc *doc, void *ctx)
{
	const bool *reload = ctx;

	(void)cli;
	gp_edit_reload(doc, *reload);
	return EXIT_DONE;
}

static int set_reload(struct cli *cli, int count, char **args)
{
	bool reload = count == 2 && !strcmp(args[1], "yes");

	if (cli->is_kernel || count != 2 || (!reload && strcmp(args[1], "no") != 0)) {
		complain("policy set reload yes|no");
		return EXIT_USAGE;
	}
	return gai_change(
		cli, edit_reload, &reload,
		reload ? "reload is yes: programs that start now follow the file"
		       : "reload is no: programs that followed the file stop for good");
}

int cmd_policy_set(struct cli *cli, int count, char **args)
{
	enum gp_table_kind kind;

	if (count > 0 && !strcmp(args[0], "reload"))
		return set_reload(cli, count, args);
	if (count > 0 && !gai_parse_kind(args[0], &kind))
		return complain_kind(args[0], true);
	if (count != 3) {
		complain("policy set precedence|label|scopev4 PREFIX VALUE, or reload "
			 "yes|no");
		return EXIT_USAGE;
	}
	return set_row(cli, kind, args);
}

/* ---- del -------------------------------------------------------------------------- */

static int edit_delete(struct cli *cli, struct gp_doc *doc, void *ctx)
{
	const struct rows *rows = ctx;
	const bool had_rows = gp_edit_has_rows(doc, rows->kind);

	for (size_t i = 0; i < rows->count; i++)
		gp_edit_delete(doc, rows->kind, &rows->rows[i]);
	if (had_rows && !gp_edit_has_rows(doc, rows->kind))
		warn(cli, "no %s row is left: glibc's own table holds again",
		     gp_table_kind_name(rows->kind));
	return EXIT_DONE;
}

static int parse_prefixes(struct rows *rows, char **args)
{
	for (size_t i = 0; i < rows->count; i++) {
		const int code = gai_parse_prefix(rows->kind, args[i], &rows->rows[i]);

		if (code != EXIT_DONE)
			return code;
	}
	return EXIT_DONE;
}

int cmd_policy_del(struct cli *cli, int count, char **args)
{
	struct rows rows = {.count = (size_t)count - 1};
	char summary[64];
	int code;

	if (count > 0 && !gai_parse_kind(args[0], &rows.kind))
		return complain_kind(args[0], false);
	if (count < 2) {
		complain("policy del precedence|label|scopev4 PREFIX...");
		return EXIT_USAGE;
	}
	rows.rows = calloc(rows.count, sizeof(*rows.rows));
	if (!rows.rows)
		return complain_memory();
	snprintf(summary, sizeof(summary), "%s: %zu prefix%s gone",
		 gp_table_kind_name(rows.kind), rows.count, rows.count > 1 ? "es" : "");
	code = parse_prefixes(&rows, args + 1);
	if (code == EXIT_DONE)
		code = gai_change(cli, edit_delete, &rows, summary);
	free(rows.rows);
	return code;
}
