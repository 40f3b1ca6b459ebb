/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wish_edit.c - carrying a policy out: its rows, its tables, and what it promises. */
#include <stdlib.h>

#include "gaiconf/index.h"
#include "preset.h"

/* "precedence ::/0" */
static const char *name_row(enum gp_table_kind kind, const struct gp_row *row, char *buf,
			    size_t size)
{
	char prefix[GP_PREFIX_TEXT];

	snprintf(buf, size, "%s %s", gp_table_kind_name(kind),
		 gp_row_format(kind, row, prefix));
	return buf;
}

#define NAME (GP_PREFIX_TEXT + 16)

/* The file as it is by now, its lines numbered anew. */
static int read_again(const struct gp_doc *doc, struct gai *out)
{
	*out = (struct gai){.doc = NULL};
	if (gp_doc_write(doc, &out->file.bytes, &out->file.size) != GP_OK)
		return complain_memory();
	return gai_parse(out);
}

/* ---- rows and tables ----------------------------------------------------------------
 */

static bool is_promised(const struct wish *wish, enum gp_table_kind kind,
			const struct gp_row *row)
{
	for (size_t i = 0; i < wish->promise_count; i++)
		if (gp_promise_kind(&wish->promises[i]) == kind &&
		    gp_promise_moves(&wish->promises[i], row))
			return true;
	return false;
}

static int set_rows(struct gp_doc *doc, const struct wish *wish, enum gp_table_kind kind)
{
	const struct gp_table *table = &wish->tables.kind[kind];
	struct gp_index index;

	if (gp_index_make(table, &index) != GP_OK)
		return complain_memory();
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].line && !is_promised(wish, kind, &table->rows[i]) &&
		    gp_index_find(&index, &table->rows[i]) == &table->rows[i])
			gp_edit_set(doc, kind, &table->rows[i], false);
	gp_index_free(&index);
	return EXIT_DONE;
}

/* A row alone promises no more than itself: longer ones inside it stay what they are. */
static int name_inner(struct cli *cli, const struct wish *wish, enum gp_table_kind kind,
		      const struct gp_row *row, const struct gai *now)
{
	struct gp_deciders deciders;
	char inner[NAME], outer[NAME];

	if (is_promised(wish, kind, row))
		return EXIT_DONE;
	if (gp_deciders_find(kind, &now->tables.gai.tables.kind[kind], row, &deciders) !=
	    GP_OK)
		return complain_memory();
	for (size_t i = 0; i < deciders.count; i++) {
		const struct gp_row *one = &deciders.list[i].row;

		if (one->value != row->value)
			warn(cli, "%s %d stays, inside %s",
			     name_row(kind, one, inner, sizeof(inner)), (int)one->value,
			     name_row(kind, row, outer, sizeof(outer)));
	}
	gp_deciders_free(&deciders);
	return EXIT_DONE;
}

static int name_stays(struct cli *cli, const struct wish *wish, enum gp_table_kind kind,
		      const struct gp_doc *doc)
{
	const struct gp_table *table = &wish->tables.kind[kind];
	struct gai now;
	int code = read_again(doc, &now);

	for (size_t i = 0; code == EXIT_DONE && i < table->count; i++)
		if (table->rows[i].line)
			code = name_inner(cli, wish, kind, &table->rows[i], &now);
	gai_free(&now);
	return code;
}

/* v6guardd's block comes and goes by itself, whatever table is wanted. */
static void name_block(struct cli *cli, const struct gp_doc *doc, enum gp_table_kind kind)
{
	size_t count = 0;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at)) {
		const struct gp_doc_line *line = gp_doc_line(doc, at);

		count += line->is_block && line->is.word == GP_GAI_ROW &&
			 line->is.kind == kind;
	}
	if (count > 0)
		warn(cli,
		     "%zu %s row%s of the known-local block stay%s: v6guardd keeps %s "
		     "([gai] known-local-ula)",
		     count, gp_table_kind_name(kind), count > 1 ? "s" : "",
		     count > 1 ? "" : "s", count > 1 ? "them" : "it");
}

static int edit_kind(struct cli *cli, struct gp_doc *doc, const struct wish *wish,
		     enum gp_table_kind kind)
{
	int code = EXIT_DONE;

	switch (wish->kind[kind]) {
	case WISH_NOTHING:
		break;
	case WISH_ROWS:
		code = set_rows(doc, wish, kind);
		if (code == EXIT_DONE && wish->is_told)
			code = name_stays(cli, wish, kind, doc);
		break;
	case WISH_TABLE:
		if (gp_edit_table(doc, kind, &wish->tables.kind[kind]) != GP_OK)
			code = complain_memory();
		else if (wish->is_told)
			name_block(cli, doc, kind);
		break;
	}
	return code;
}

/* ---- promises -----------------------------------------------------------------------
 */

static bool is_itself(const struct gp_promise_change *change)
{
	return change->from && gp_row_same_prefix(change->from, &change->row);
}

static int check_block(const struct wish *wish, enum gp_table_kind kind,
		       const struct gp_promise_plan *plan, const struct gai *now)
{
	char name[NAME];

	for (size_t i = 0; i < plan->count; i++) {
		const struct gp_promise_change *change = &plan->list[i];

		if (!is_itself(change) || !change->from->line ||
		    !gp_doc_line(now->doc, change->from->line)->is_block)
			continue;
		if (wish->is_told)
			complain("%s %d stands against it, and v6guardd keeps that row: "
				 "`v6guard config set gai.known-local-ula no` takes it "
				 "out",
				 name_row(kind, change->from, name, sizeof(name)),
				 (int)change->from->value);
		return EXIT_NEGATIVE;
	}
	return EXIT_DONE;
}

static void tell(struct cli *cli, enum gp_table_kind kind,
		 const struct gp_promise_plan *plan, const struct gp_row *moved)
{
	char name[NAME];
	int32_t value = moved->value;

	for (size_t i = 0; i < plan->count; i++) {
		const struct gp_promise_change *change = &plan->list[i];

		if (gp_row_same_prefix(&change->row, moved))
			value = change->row.value;
		else if (is_itself(change))
			warn(cli, "%s %d stands against it: %d from now on",
			     name_row(kind, change->from, name, sizeof(name)),
			     (int)change->from->value, (int)change->row.value);
	}
	if (plan->against && value != moved->value)
		warn(cli, "%s is %d: it takes %d, not %d",
		     name_row(kind, plan->against, name, sizeof(name)),
		     (int)plan->against->value, (int)value, (int)moved->value);
}

static int keep_promise(struct cli *cli, struct gp_doc *doc, const struct wish *wish,
			const struct gp_promise *promise)
{
	const enum gp_table_kind kind = gp_promise_kind(promise);
	const struct gp_row *moved = wish_moved(wish, promise);
	struct gp_promise_plan plan = {.list = NULL};
	struct gai now;
	int code = read_again(doc, &now);

	if (code == EXIT_DONE &&
	    gp_promise_plan(promise, &now.tables.gai.tables.kind[kind], moved, &plan) !=
		    GP_OK)
		code = complain_memory();
	if (code == EXIT_DONE)
		code = check_block(wish, kind, &plan, &now);
	if (code == EXIT_DONE && wish->is_told)
		tell(cli, kind, &plan, moved);
	for (size_t i = 0; code == EXIT_DONE && i < plan.count; i++)
		gp_edit_set(doc, kind, &plan.list[i].row, false);
	gp_promise_plan_free(&plan);
	gai_free(&now);
	return code;
}

int wish_edit(struct cli *cli, struct gp_doc *doc, void *ctx)
{
	const struct wish *wish = ctx;
	int code = EXIT_DONE;

	for (unsigned kind = 0; code == EXIT_DONE && kind < GP_TABLE_KINDS; kind++)
		code = edit_kind(cli, doc, wish, (enum gp_table_kind)kind);
	for (size_t i = 0; code == EXIT_DONE && i < wish->promise_count; i++)
		code = keep_promise(cli, doc, wish, &wish->promises[i]);
	if (wish->has_reload)
		gp_edit_reload(doc, wish->reload);
	return code;
}
