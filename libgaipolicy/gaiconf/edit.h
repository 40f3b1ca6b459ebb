/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edit.h - changing the tables of a gai.conf(5) by its lines: only those that must, in
 * the file's own style, new rows beside others of their kind. One row in the file drops
 * glibc's whole built-in table of that kind, so that one is written out first.
 *
 * All of these change a document (document.h); when memory runs out gp_doc_write says so.
 */
#ifndef LIBGAIPOLICY_GAICONF_EDIT_H
#define LIBGAIPOLICY_GAICONF_EDIT_H

#include "gaiconf/document.h"

/** The document has a row of KIND, so that nothing is left of the built-in table. */
bool gp_edit_has_rows(const struct gp_doc *doc, enum gp_table_kind kind);

/**
 * Write glibc's built-in table of KIND out, below a comment that says why, unless there
 * is a row of KIND: what the file comes to stays the same. Where commented-out rows of
 * that kind stand it is put behind the last of them, else at the end.
 */
void gp_edit_spell_out(struct gp_doc *doc, enum gp_table_kind kind);

/**
 * ROW's prefix has ROW's value. Of several rows of the file for that prefix the first,
 * which counts, is changed. IS_MINIMAL: do not spell the built-in table out.
 */
void gp_edit_set(struct gp_doc *doc, enum gp_table_kind kind, const struct gp_row *row,
		 bool is_minimal);

/**
 * No row of the file is for ROW's prefix. A built-in row goes by spelling out its table
 * without it. With the last row of a kind in the file, the built-in table is back.
 */
void gp_edit_delete(struct gp_doc *doc, enum gp_table_kind kind,
		    const struct gp_row *row);

/** `reload yes`, or nothing that says so. */
void gp_edit_reload(struct gp_doc *doc, bool reload);

/**
 * The table of KIND becomes WANTED, which has a row for all, by the fewest lines.
 * GP_NOMEM.
 */
enum gp_status gp_edit_table(struct gp_doc *doc, enum gp_table_kind kind,
			     const struct gp_table *wanted);

/** TABLE says the same as glibc's built-in one of KIND. */
bool gp_edit_is_default(enum gp_table_kind kind, const struct gp_table *table);

/** Most built-in rows of a kind. */
#define GP_BUILTIN_MAX 16

/**
 * The rows of glibc's built-in table of KIND whose prefix TABLE lacks, in the order of
 * the match; returns how many. The row for all the rest, which glibc adds, is not lost.
 */
size_t gp_edit_lost(enum gp_table_kind kind, const struct gp_table *table,
		    const struct gp_row *lost[GP_BUILTIN_MAX]);

#endif
