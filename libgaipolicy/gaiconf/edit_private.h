/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit_private.h - what edit*.c share; for nobody else. */
#ifndef LIBGAIPOLICY_GAICONF_EDIT_PRIVATE_H
#define LIBGAIPOLICY_GAICONF_EDIT_PRIVATE_H

#include <string.h>

#include "gaiconf/edit.h"
#include "gaiconf/index.h"

/** How the words of a row stand. The fields are some line's bytes. */
struct gp_edit_style {
	struct gp_gai_field lead;  /**< before the keyword */
	struct gp_gai_field blank; /**< behind it */
	struct gp_gai_field gap;   /**< before the value; not where that has a column */
	size_t width; /**< prefix and blanks up to the value's column; 0: none */
};

/** Behind which line a row is to go, and what it is to look like. */
struct gp_edit_place {
	uint32_t behind;
	struct gp_edit_style style;
	bool has_style; /**< it is the file's own */
};

/**
 * Where a row of KIND goes: behind the last one outside the known-local block, else
 * behind the last commented-out one, else at the end. Good until a line that it is styled
 * after is spliced.
 */
struct gp_edit_place gp_edit_find_place(const struct gp_doc *doc,
					enum gp_table_kind kind);

/** Insert a row there; PLACE moves on to it. */
void gp_edit_insert_row(struct gp_doc *doc, struct gp_edit_place *place,
			enum gp_table_kind kind, const struct gp_row *row);

/** Insert a whole table, below a comment that says why, where none of its rows is. */
void gp_edit_insert_table(struct gp_doc *doc, enum gp_table_kind kind,
			  const struct gp_table *table);

/** The row AT gets ROW's value, and a length and a value where it lacks one. */
void gp_edit_change_row(struct gp_doc *doc, uint32_t at, const struct gp_row *row);

/** The line is a row of KIND. */
bool gp_edit_is_row(const struct gp_doc_line *line, enum gp_table_kind kind);

/** ROW is the one for all the rest that glibc adds where the file has none. */
bool gp_edit_is_implied(enum gp_table_kind kind, const struct gp_row *row);

#endif
