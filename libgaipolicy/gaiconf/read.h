/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * read.h - the tables that glibc computes from the text of a gai.conf(5), oddities
 * included. Pure, and takes no memory: it runs in the doors. What an editor needs (lines
 * kept byte for byte, findings) is not here.
 */
#ifndef LIBGAIPOLICY_GAICONF_READ_H
#define LIBGAIPOLICY_GAICONF_READ_H

#include "rfc6724/table.h"

/** Which glibc reads the file. */
enum gp_gai_dialect {
	/**
	 * An empty number ("precedence ::/0", "label ::/ 3") is 0. Debian 12 is of this
	 * kind. A prefix without /LENGTH is undefined there (glibc bug 32465: it reads an
	 * uninitialised pointer); here it is a /128 or /32, as documented.
	 */
	GP_GAI_BEFORE_2_41,
	GP_GAI_SINCE_2_41, /**< a line with an empty number is ignored */
};

/** That of the libc of this process, by its version; a libc that is no glibc: the newer.
 */
enum gp_gai_dialect gp_gai_dialect_here(void);

/** Bytes of a line; not terminated. */
struct gp_gai_field {
	const char *at; /**< of an empty one: where it would stand */
	size_t size;
};

/** A line as glibc splits it. What stands behind a NUL, then behind a '#', is cut off. */
struct gp_gai_fields {
	struct gp_gai_field keyword, first, second;
	struct gp_gai_field rest; /**< ignored by glibc */
};

/** Split one line: the SIZE bytes at TEXT, without its newline. */
struct gp_gai_fields gp_gai_split(const char *text, size_t size);

/** FIELD is TEXT. */
bool gp_gai_field_is(const struct gp_gai_field *field, const char *text);

/** What a line is to glibc. */
enum gp_gai_word {
	GP_GAI_NOTHING, /**< blank, comment, unknown or malformed: ignored */
	GP_GAI_ROW,
	GP_GAI_RELOAD,
};

struct gp_gai_line {
	enum gp_gai_word word;
	enum gp_table_kind kind; /**< of GP_GAI_ROW */
	struct gp_row row;       /**< of GP_GAI_ROW; its line is 0 */
	bool reload;             /**< of GP_GAI_RELOAD: "yes", spelled like that */
};

/** Read one line: the SIZE bytes at TEXT, without its newline. */
struct gp_gai_line gp_gai_line(const char *text, size_t size,
			       enum gp_gai_dialect dialect);

/** What a file comes to. */
struct gp_gai {
	struct gp_tables tables; /**< in the caller's rows, or glibc's built in ones */
	bool reload;
};

/**
 * Read a whole file; SIZE 0 is an empty or missing one. The tables are put into the
 * caller's ROWS, which must live as long as OUT. A kind without a valid line keeps its
 * built-in table; one valid line replaces it whole, and a row for all the rest is added
 * where the file has none (precedence 40, label 1, scope 14; its line is 0).
 *
 * *NEEDED (may be NULL) is set in any case: how many rows it takes, never more than the
 * file has lines + GP_TABLE_KINDS. GP_RANGE when CAPACITY is less.
 */
enum gp_status gp_gai_read(const char *text, size_t size, enum gp_gai_dialect dialect,
			   struct gp_row *rows, size_t capacity, struct gp_gai *out,
			   size_t *needed);

#endif
