/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * promise.h - what a policy promises of a table as a whole, whatever rows that has: all
 * IPv4 before all IPv6, or a source that counts as another one. And the fewest rows that
 * keep it. Pure but for memory.
 */
#ifndef LIBGAIPOLICY_GAICONF_PROMISE_H
#define LIBGAIPOLICY_GAICONF_PROMISE_H

#include "gaiconf/cover.h"

enum gp_promise_word {
	/** precedence: each address of the one is before each of the other, by rule 6 of
	 * RFC 6724 (6); the rules before that one may still say otherwise. */
	GP_PROMISE_BEFORE,
	/** label: each address of the one has what the other has by and large, without
	 * the longer rows inside that. */
	GP_PROMISE_LIKE,
};

struct gp_promise {
	enum gp_promise_word word;
	struct gp_row one, other; /**< ranges; their values do not matter */
};

/** The table that it is about. */
enum gp_table_kind gp_promise_kind(const struct gp_promise *promise);

/**
 * Read a line, "# promise: PREFIX before PREFIX" or "# promise: PREFIX like PREFIX",
 * which is a comment to libc. GP_NOTFOUND: the line is not a promise; GP_SYNTAX: it is
 * not of either form, or one range is inside the other.
 */
enum gp_status gp_promise_parse(const char *line, size_t size, struct gp_promise *out);

/** ROW is of one of the two ranges: the one that is to move. */
bool gp_promise_moves(const struct gp_promise *promise, const struct gp_row *row);

/** A row to be set. */
struct gp_promise_change {
	struct gp_row row;         /**< with its new value */
	const struct gp_row *from; /**< the table's row that stands against it, or NULL */
};

struct gp_promise_plan {
	struct gp_promise_change *list; /**< none: it is kept already */
	size_t count;
	/** The row because of which the value is not WISH's; NULL: it is. */
	const struct gp_row *against;
};

/**
 * What makes TABLE keep PROMISE: rows of WISH's range get its value, where that does,
 * else the nearest good one beyond the row that stands against it. Of LIKE the value is
 * the other range's. Only where no number is left, between 0 and INT_MAX, rows of the
 * other range change as well. GP_NOMEM. Free with gp_promise_plan_free; it points into
 * TABLE.
 */
enum gp_status gp_promise_plan(const struct gp_promise *promise,
			       const struct gp_table *table, const struct gp_row *wish,
			       struct gp_promise_plan *out);
void gp_promise_plan_free(struct gp_promise_plan *plan);

#endif
