/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cover.h - which rows of a table decide: the longest prefix does, so longer ones inside
 * a row's may leave it nothing. Pure but for memory.
 */
#ifndef LIBGAIPOLICY_GAICONF_COVER_H
#define LIBGAIPOLICY_GAICONF_COVER_H

#include "gaiconf/index.h"

/** Called for each prefix of an index once, with the row of it that counts. IS_COVERED:
 * the rows inside it have all of its addresses. */
typedef void gp_cover_fn(void *ctx, const struct gp_row *row, bool is_covered);

void gp_cover_each(const struct gp_index *index, gp_cover_fn *call, void *ctx);

/** All of ROW's addresses are OUTER's, too. */
bool gp_row_is_inside(const struct gp_row *row, const struct gp_row *outer);

/** A row that decides for some address of a range. */
struct gp_decider {
	struct gp_row
		row; /**< as it is in the table; of the range, where that has none */
	/** The table's row; it may be one around the range. NULL: no row at all. */
	const struct gp_row *from;
};

struct gp_deciders {
	struct gp_decider *list; /**< in no order; never none */
	size_t count;
	int32_t least, most; /**< of their values */
};

/**
 * All that decide for addresses of RANGE, whose value and line do not matter, in a TABLE
 * of KIND, which must stay. GP_NOMEM. Free with gp_deciders_free.
 */
enum gp_status gp_deciders_find(enum gp_table_kind kind, const struct gp_table *table,
				const struct gp_row *range, struct gp_deciders *out);
void gp_deciders_free(struct gp_deciders *deciders);

#endif
