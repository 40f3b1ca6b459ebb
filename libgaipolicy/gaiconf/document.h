/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * document.h - a gai.conf(5) as its lines, each kept byte for byte whatever it holds, to
 * be read and changed. What changes mean (one row drops a built-in table) is edit.h's.
 */
#ifndef LIBGAIPOLICY_GAICONF_DOCUMENT_H
#define LIBGAIPOLICY_GAICONF_DOCUMENT_H

#include "gaiconf/read.h"

/**
 * The lines around the rows that v6guardd keeps for known-local prefixes. Blanks at the
 * end and a CR do not matter. A begin without an end is no block.
 */
#define GP_DOC_BLOCK_BEGIN "# begin known-local (kept by v6guardd)"
#define GP_DOC_BLOCK_END "# end known-local"

struct gp_doc;

/** A line. Its bytes are the document's, and stay until that line is spliced. The struct
 * itself may move with the next insertion. */
struct gp_doc_line {
	const char *bytes;
	size_t size;   /**< its newline, if it has one, included */
	uint32_t line; /**< in the text that was parsed, 1-based; 0: it was added */
	bool is_block; /**< in the known-local block, whose marks count */
	bool is_sound; /**< a row: with a length and a value, for every glibc */
	struct gp_gai_line is;
};

/**
 * Take TEXT apart; it must live as long as the document. Content never makes it fail:
 * GP_NOMEM, or GP_RANGE beyond 2^31 lines.
 */
enum gp_status gp_doc_parse(const char *text, size_t size, enum gp_gai_dialect dialect,
			    struct gp_doc **out);
void gp_doc_free(struct gp_doc *doc);

/** Lines are numbers that stay what they are under changes; 0 is before and behind all.
 */
uint32_t gp_doc_next(const struct gp_doc *doc, uint32_t at);
uint32_t gp_doc_previous(const struct gp_doc *doc, uint32_t at);
const struct gp_doc_line *gp_doc_line(const struct gp_doc *doc, uint32_t at);

/*
 * Changes. When memory runs out they do nothing, and gp_doc_write says so at the end.
 */

/**
 * A new line of the SIZE bytes at TEXT, which have no newline, behind AT (0: before all).
 * It ends as the line AT does, else as the file's first; an AT without a newline gets
 * one. Returns its number, AT when it failed.
 */
uint32_t gp_doc_insert(struct gp_doc *doc, uint32_t at, const char *text, size_t size);

/** Take the line AT out. */
void gp_doc_remove(struct gp_doc *doc, uint32_t at);

/** Put the SIZE bytes at TEXT in the place of LENGTH bytes of the line AT at OFFSET. */
void gp_doc_splice(struct gp_doc *doc, uint32_t at, size_t offset, size_t length,
		   const char *text, size_t size);

/** The text as it is now, malloc'd, a NUL behind it. GP_NOMEM. */
enum gp_status gp_doc_write(const struct gp_doc *doc, char **out, size_t *size);

/** What a text comes to, its rows on the heap. Free with gp_gai_tables_free. */
struct gp_gai_tables {
	struct gp_gai gai;
	struct gp_row *rows;
};

/** gp_gai_read with memory of its own. GP_NOMEM. */
enum gp_status gp_gai_tables_read(const char *text, size_t size,
				  enum gp_gai_dialect dialect, struct gp_gai_tables *out);
void gp_gai_tables_free(struct gp_gai_tables *tables);

#endif
