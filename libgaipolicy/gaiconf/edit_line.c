/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit_line.c - single lines of a gai.conf: where a new one goes, what it looks like, and
 * what is changed of one that is there. */
#include <stdio.h>
#include <stdlib.h>

#include "gaiconf/edit_private.h"
#include "text.h"

#define NUMBER 12 /* an int as text */

/* ---- style ------------------------------------------------------------------------ */

static struct gp_gai_field between(const char *from, const char *to)
{
	return (struct gp_gai_field){from, (size_t)(to - from)};
}

static bool is_aligned(const struct gp_gai_field *gap)
{
	return gap->size > 1 && !memchr(gap->at, '\t', gap->size);
}

/* That of SIZE bytes, which are a row. */
static struct gp_edit_style style_of(const char *bytes, size_t size)
{
	const struct gp_gai_fields fields = gp_gai_split(bytes, size);
	const char *first_end = fields.first.at + fields.first.size;
	struct gp_edit_style style = {
		.lead = between(bytes, fields.keyword.at),
		.blank =
			between(fields.keyword.at + fields.keyword.size, fields.first.at),
		.gap = between(first_end, fields.second.at),
	};

	if (is_aligned(&style.gap))
		style.width = (size_t)(fields.second.at - fields.first.at);
	if (!fields.second.size)
		style.gap = (struct gp_gai_field){" ", 1};
	return style;
}

/* Without its `#`, if what is left is a row of KIND: an example, as files come with. */
static bool is_example(const struct gp_doc_line *line, enum gp_table_kind kind,
		       struct gp_gai_field *out)
{
	size_t skip = 0;

	while (skip < line->size &&
	       (line->bytes[skip] == '#' || line->bytes[skip] == ' '))
		skip++;
	if (!skip || line->bytes[0] != '#')
		return false;
	*out = (struct gp_gai_field){line->bytes + skip, line->size - skip};
	if (out->size && out->at[out->size - 1] == '\n')
		out->size--;

	const struct gp_gai_line is = gp_gai_line(out->at, out->size, GP_GAI_SINCE_2_41);
	return is.word == GP_GAI_ROW && is.kind == kind;
}

/* Behind the last row of its kind, or example of one; else at the end. */
struct gp_edit_place gp_edit_find_place(const struct gp_doc *doc, enum gp_table_kind kind)
{
	struct gp_edit_place place = {
		.behind = gp_doc_previous(doc, 0),
		.style = {.lead = {"", 0}, .blank = {" ", 1}, .gap = {" ", 1}}};
	bool has_row = false, has_example = false;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at)) {
		const struct gp_doc_line *line = gp_doc_line(doc, at);
		const struct gp_gai_field all = {line->bytes, line->size};
		struct gp_gai_field example = all;
		const bool is_any = line->is.word == GP_GAI_ROW;

		if (line->is_block)
			continue;
		if (is_any && line->is.kind == kind)
			has_row = true;
		else if (!has_row && is_example(line, kind, &example))
			has_example = true;
		else if (!is_any || has_row || has_example)
			continue;
		/* A row of another kind shows the style, not the place. */
		if (!is_any || line->is.kind == kind)
			place.behind = at;
		place.style = style_of(example.at, example.size);
		place.has_style = true;
	}
	return place;
}

/* ---- lines ------------------------------------------------------------------------ */

static void put_field(struct gp_sink *sink, const struct gp_gai_field *field)
{
	gp_sink_put(sink, field->at, field->size);
}

static void put_blanks(struct gp_sink *sink, size_t count)
{
	for (; count > 0; count--)
		gp_sink_put(sink, " ", 1);
}

/* Behind PLACE, which moves on to it. */
void gp_edit_insert_row(struct gp_doc *doc, struct gp_edit_place *place,
			enum gp_table_kind kind, const struct gp_row *row)
{
	const struct gp_edit_style *style = &place->style;
	struct gp_sink sink = {.text = NULL};
	char text[GP_PREFIX_TEXT], value[NUMBER];
	const size_t length = strlen(gp_row_format(kind, row, text));

	snprintf(value, sizeof(value), "%d", (int)row->value);
	put_field(&sink, &style->lead);
	gp_sink_text(&sink, gp_table_kind_name(kind));
	put_field(&sink, &style->blank);
	gp_sink_text(&sink, text);
	if (style->width)
		put_blanks(&sink, length < style->width ? style->width - length : 1);
	else
		put_field(&sink, &style->gap);
	gp_sink_text(&sink, value);
	/* Without memory for the text there is none for the line either. */
	place->behind = gp_doc_insert(doc, place->behind, sink.text ? sink.text : "",
				      sink.text ? sink.length : 0);
	free(sink.text);
}

static size_t widest(enum gp_table_kind kind, const struct gp_table *table)
{
	char text[GP_PREFIX_TEXT];
	size_t most = 0;

	for (size_t i = 0; i < table->count; i++) {
		const size_t length = strlen(gp_row_format(kind, &table->rows[i], text));

		if (length > most)
			most = length;
	}
	return most;
}

static void insert_text(struct gp_doc *doc, struct gp_edit_place *place, const char *text)
{
	place->behind = gp_doc_insert(doc, place->behind, text, strlen(text));
}

static bool is_blank_line(const struct gp_doc_line *line)
{
	const struct gp_gai_fields fields = gp_gai_split(line->bytes, line->size);

	return !fields.keyword.size && !memchr(line->bytes, '#', line->size);
}

/* A whole table where there is no row of its kind. */
void gp_edit_insert_table(struct gp_doc *doc, enum gp_table_kind kind,
			  const struct gp_table *table)
{
	struct gp_edit_place place = gp_edit_find_place(doc, kind);
	const size_t width = widest(kind, table) + 2;
	char why[120];

	/* A table of its own is aligned by itself, unless the file does it with tabs. */
	if (!place.has_style || place.style.width)
		place.style.width = width;
	snprintf(
		why, sizeof(why),
		"# The whole %s table: one row here drops all that are built into glibc.",
		gp_table_kind_name(kind));
	if (place.behind && !is_blank_line(gp_doc_line(doc, place.behind)))
		insert_text(doc, &place, "");
	insert_text(doc, &place, why);
	for (size_t i = 0; i < table->count; i++)
		gp_edit_insert_row(doc, &place, kind, &table->rows[i]);
}

/* The row AT gets ROW's value, and whatever its words lacked. */
void gp_edit_change_row(struct gp_doc *doc, uint32_t at, const struct gp_row *row)
{
	const struct gp_doc_line *line = gp_doc_line(doc, at);
	const char *bytes = line->bytes;
	const bool is_sound = line->is_sound;
	const struct gp_gai_fields fields = gp_gai_split(bytes, line->size);
	const size_t first = (size_t)(fields.first.at - bytes);
	const size_t second = (size_t)(fields.second.at - bytes);
	char text[GP_PREFIX_TEXT], value[NUMBER + 1];

	if (is_sound && line->is.row.value == row->value)
		return;
	snprintf(value, sizeof(value), "%s%d", fields.second.size ? "" : " ",
		 (int)row->value);
	/* The later word first: offsets before it stay. */
	gp_doc_splice(doc, at, fields.second.size ? second : first + fields.first.size,
		      fields.second.size, value, strlen(value));
	if (is_sound)
		return;
	gp_row_format(line->is.kind, &line->is.row, text);
	gp_doc_splice(doc, at, first, fields.first.size, text, strlen(text));
}
