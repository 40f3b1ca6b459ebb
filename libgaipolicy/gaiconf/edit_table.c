/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit_table.c - one table of a gai.conf made equal to another, by the fewest lines. */
#include <errno.h>
#include <stdlib.h>

#include "gaiconf/edit_private.h"

/* The table that is wanted, and how much of it the document has. */
struct plan {
	enum gp_table_kind kind;
	const struct gp_table *wanted;
	struct gp_index index;
	bool *is_there; /* by row of WANTED: some line is for it */
	size_t rows;    /* lines of that kind */
	size_t cost;    /* lines that change, go or come */
	bool has_block; /* some of them are v6guardd's */
};

enum fate { KEEP, CHANGE, REMOVE };

/* The first line for a prefix decides; those behind it do nothing, and may stay. */
static enum fate look_at(struct plan *plan, const struct gp_row *row,
			 const struct gp_row **wanted)
{
	size_t at;

	*wanted = gp_index_find(&plan->index, row);
	if (!*wanted)
		return REMOVE;
	at = (size_t)(*wanted - plan->wanted->rows);
	if (plan->is_there[at])
		return KEEP;
	plan->is_there[at] = true;
	return (*wanted)->value == row->value ? KEEP : CHANGE;
}

/* Go through the lines; carry it out, or only count. */
static void each_line(struct plan *plan, struct gp_doc *doc, bool is_real)
{
	const size_t count = plan->wanted->count;
	uint32_t next;

	if (count > 0)
		memset(plan->is_there, 0, count * sizeof(*plan->is_there));
	for (uint32_t at = gp_doc_next(doc, 0); at; at = next) {
		const struct gp_doc_line *line = gp_doc_line(doc, at);
		const struct gp_row *wanted;

		next = gp_doc_next(doc, at);
		if (!gp_edit_is_row(line, plan->kind))
			continue;
		enum fate fate = look_at(plan, &line->is.row, &wanted);
		/* The known-local block comes and goes by itself. */
		if (line->is_block && fate == REMOVE)
			fate = KEEP;
		plan->has_block |= line->is_block;
		if (!is_real)
			plan->cost += fate != KEEP;
		else if (fate == REMOVE)
			gp_doc_remove(doc, at);
		else if (wanted && (fate == CHANGE || !line->is_sound))
			gp_edit_change_row(doc, at, wanted);
		plan->rows += !is_real;
	}
}

/* WANTED's row is to be written: it counts, no line is for it, and glibc does not add it
 * by itself. */
static bool is_missing(const struct plan *plan, size_t at, bool has_others)
{
	const struct gp_row *row = &plan->wanted->rows[at];

	return !plan->is_there[at] && gp_index_find(&plan->index, row) == row &&
	       !(has_others && gp_edit_is_implied(plan->kind, row));
}

static void remove_all(struct gp_doc *doc, enum gp_table_kind kind)
{
	uint32_t next;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = next) {
		next = gp_doc_next(doc, at);
		if (gp_edit_is_row(gp_doc_line(doc, at), kind))
			gp_doc_remove(doc, at);
	}
}

static void insert_missing(struct plan *plan, struct gp_doc *doc)
{
	struct gp_edit_place place = gp_edit_find_place(doc, plan->kind);
	bool has_others = gp_edit_has_rows(doc, plan->kind);

	/* The row for all the rest is the last. */
	for (size_t i = 0; i < plan->wanted->count; i++) {
		if (!is_missing(plan, i, has_others))
			continue;
		gp_edit_insert_row(doc, &place, plan->kind, &plan->wanted->rows[i]);
		has_others = true;
	}
}

static void carry_out(struct plan *plan, struct gp_doc *doc)
{
	const bool is_default = gp_edit_is_default(plan->kind, plan->wanted);

	each_line(plan, doc, false);
	if (!plan->rows) {
		if (!is_default)
			gp_edit_insert_table(doc, plan->kind, plan->wanted);
		return;
	}
	for (size_t i = 0; i < plan->wanted->count; i++)
		plan->cost += is_missing(plan, i, true);
	/* No line at all is the built-in table, too. */
	if (is_default && !plan->has_block && plan->rows < plan->cost) {
		remove_all(doc, plan->kind);
		return;
	}
	each_line(plan, doc, true);
	insert_missing(plan, doc);
}

enum gp_status gp_edit_table(struct gp_doc *doc, enum gp_table_kind kind,
			     const struct gp_table *wanted)
{
	const int saved = errno;
	struct plan plan = {.kind = kind, .wanted = wanted};
	enum gp_status status = gp_index_make(wanted, &plan.index);

	if (status != GP_OK)
		return status;
	plan.is_there = calloc(wanted->count + 1, sizeof(*plan.is_there));
	errno = saved;
	if (plan.is_there)
		carry_out(&plan, doc);
	else
		status = GP_NOMEM;
	free(plan.is_there);
	gp_index_free(&plan.index);
	return status;
}
