/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit.c - rows into a gai.conf and out of it. */
#include "gaiconf/edit_private.h"

/* ---- finding ---------------------------------------------------------------------- */

bool gp_edit_is_row(const struct gp_doc_line *line, enum gp_table_kind kind)
{
	return line->is.word == GP_GAI_ROW && line->is.kind == kind;
}

bool gp_edit_has_rows(const struct gp_doc *doc, enum gp_table_kind kind)
{
	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at))
		if (gp_edit_is_row(gp_doc_line(doc, at), kind))
			return true;
	return false;
}

/* The first row behind AT for that prefix; 0: none. */
static uint32_t find_row(const struct gp_doc *doc, uint32_t at, enum gp_table_kind kind,
			 const struct gp_row *row)
{
	while ((at = gp_doc_next(doc, at))) {
		const struct gp_doc_line *line = gp_doc_line(doc, at);

		if (gp_edit_is_row(line, kind) && gp_row_same_prefix(&line->is.row, row))
			break;
	}
	return at;
}

static const struct gp_table *builtin(enum gp_table_kind kind, struct gp_tables *room)
{
	*room = gp_profile_tables(GP_PROFILE_GLIBC);
	return &room->kind[kind];
}

static bool is_rest(enum gp_table_kind kind, const struct gp_row *row)
{
	return row->length == (kind == GP_TABLE_SCOPEV4 ? 96 : 0);
}

/* What glibc adds by itself where the file has no row for all the rest. */
bool gp_edit_is_implied(enum gp_table_kind kind, const struct gp_row *row)
{
	return is_rest(kind, row) && row->value == gp_table_fallback(kind);
}

/* Of TABLE; of several the first counts. */
static const struct gp_row *find_in(const struct gp_table *table,
				    const struct gp_row *like)
{
	for (size_t i = 0; i < table->count; i++)
		if (gp_row_same_prefix(&table->rows[i], like))
			return &table->rows[i];
	return NULL;
}

size_t gp_edit_lost(enum gp_table_kind kind, const struct gp_table *table,
		    const struct gp_row *lost[GP_BUILTIN_MAX])
{
	struct gp_tables room;
	const struct gp_table *all = builtin(kind, &room);
	size_t count = 0;

	for (size_t i = 0; i < all->count && count < GP_BUILTIN_MAX; i++)
		if (!find_in(table, &all->rows[i]))
			lost[count++] = &all->rows[i];
	return count;
}

bool gp_edit_is_default(enum gp_table_kind kind, const struct gp_table *table)
{
	struct gp_tables room;
	const struct gp_table *all = builtin(kind, &room);

	for (size_t i = 0; i < table->count; i++)
		if (!find_in(all, &table->rows[i]))
			return false;
	for (size_t i = 0; i < all->count; i++) {
		const struct gp_row *row = find_in(table, &all->rows[i]);

		if (!row || row->value != all->rows[i].value)
			return false;
	}
	return true;
}

/* ---- edits ------------------------------------------------------------------------ */

void gp_edit_spell_out(struct gp_doc *doc, enum gp_table_kind kind)
{
	struct gp_tables room;

	if (!gp_edit_has_rows(doc, kind))
		gp_edit_insert_table(doc, kind, builtin(kind, &room));
}

/* Beside the other rows of its kind. */
static void add_row(struct gp_doc *doc, enum gp_table_kind kind, const struct gp_row *row)
{
	struct gp_edit_place place = gp_edit_find_place(doc, kind);

	gp_edit_insert_row(doc, &place, kind, row);
}

/* The built-in table says so, and nothing else does. */
static bool is_builtin_row(const struct gp_doc *doc, enum gp_table_kind kind,
			   const struct gp_row *row, bool with_value)
{
	struct gp_tables room;
	const struct gp_row *found = find_in(builtin(kind, &room), row);

	return found && (!with_value || found->value == row->value) &&
	       !gp_edit_has_rows(doc, kind);
}

void gp_edit_set(struct gp_doc *doc, enum gp_table_kind kind, const struct gp_row *row,
		 bool is_minimal)
{
	uint32_t at;

	if (is_builtin_row(doc, kind, row, true))
		return;
	if (!is_minimal)
		gp_edit_spell_out(doc, kind);
	at = find_row(doc, 0, kind, row);
	if (at)
		gp_edit_change_row(doc, at, row);
	else if (!gp_edit_is_implied(kind, row) || !gp_edit_has_rows(doc, kind))
		add_row(doc, kind, row);
}

void gp_edit_delete(struct gp_doc *doc, enum gp_table_kind kind, const struct gp_row *row)
{
	uint32_t at;

	if (!is_rest(kind, row) && is_builtin_row(doc, kind, row, false))
		gp_edit_spell_out(doc, kind);
	while ((at = find_row(doc, 0, kind, row)))
		gp_doc_remove(doc, at);
}

void gp_edit_reload(struct gp_doc *doc, bool reload)
{
	const char *word = reload ? "yes" : "no";
	uint32_t last = 0;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at))
		if (gp_doc_line(doc, at)->is.word == GP_GAI_RELOAD)
			last = at;
	if (!last && !reload)
		return;
	if (!last) {
		gp_doc_insert(doc, gp_doc_previous(doc, 0), "reload yes",
			      strlen("reload yes"));
		return;
	}

	const struct gp_doc_line *line = gp_doc_line(doc, last);
	const struct gp_gai_fields fields = gp_gai_split(line->bytes, line->size);

	if (line->is.reload == reload)
		return;
	if (fields.first.size)
		gp_doc_splice(doc, last, (size_t)(fields.first.at - line->bytes),
			      fields.first.size, word, strlen(word));
	else
		gp_doc_splice(doc, last,
			      (size_t)(fields.keyword.at - line->bytes) +
				      fields.keyword.size,
			      0, " yes", strlen(" yes"));
}
