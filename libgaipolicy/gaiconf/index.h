/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index.h - finding the row of a prefix in a table of any size. */
#ifndef LIBGAIPOLICY_GAICONF_INDEX_H
#define LIBGAIPOLICY_GAICONF_INDEX_H

#include "rfc6724/table.h"

/** The rows of one table by prefix, the shorter of two that begin alike first. */
struct gp_index {
	const struct gp_row **rows; /**< of the table, which must stay */
	size_t count;
};

/** GP_NOMEM. Free with gp_index_free. */
enum gp_status gp_index_make(const struct gp_table *table, struct gp_index *out);
void gp_index_free(struct gp_index *index);

/** Of the rows for LIKE's prefix the one that counts; NULL: there is none. */
const struct gp_row *gp_index_find(const struct gp_index *index,
				   const struct gp_row *like);

/** The first bits of ROW's prefix, the rest zero. */
struct gp_key gp_row_key(const struct gp_row *row);

#endif
