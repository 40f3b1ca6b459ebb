/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index.c - rows sorted by prefix. */
#include <errno.h>
#include <stdlib.h>

#include "gaiconf/index.h"

struct gp_key gp_row_key(const struct gp_row *row)
{
	return (struct gp_key){{row->prefix.word[0] & row->mask.word[0],
				row->prefix.word[1] & row->mask.word[1]}};
}

static int compare_prefixes(const struct gp_row *a, const struct gp_row *b)
{
	const struct gp_key x = gp_row_key(a), y = gp_row_key(b);

	for (int i = 0; i < 2; i++)
		if (x.word[i] != y.word[i])
			return x.word[i] < y.word[i] ? -1 : 1;
	return (int)a->length - (int)b->length;
}

/* Of equal ones the first of the table: rows of one array. */
static int compare(const void *a, const void *b)
{
	const struct gp_row *x = *(const struct gp_row *const *)a;
	const struct gp_row *y = *(const struct gp_row *const *)b;
	const int order = compare_prefixes(x, y);

	return order ? order : (x > y) - (x < y);
}

enum gp_status gp_index_make(const struct gp_table *table, struct gp_index *out)
{
	const int saved = errno;
	struct gp_index index = {.count = table->count};

	index.rows = calloc(table->count + 1, sizeof(const struct gp_row *));
	errno = saved;
	if (!index.rows)
		return GP_NOMEM;
	for (size_t i = 0; i < table->count; i++)
		index.rows[i] = &table->rows[i];
	qsort(index.rows, index.count, sizeof(const struct gp_row *), compare);
	*out = index;
	return GP_OK;
}

void gp_index_free(struct gp_index *index)
{
	free(index->rows);
	*index = (struct gp_index){.rows = NULL};
}

const struct gp_row *gp_index_find(const struct gp_index *index,
				   const struct gp_row *like)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_prefixes(index->rows[middle], like) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->count && gp_row_same_prefix(index->rows[low], like)
		       ? index->rows[low]
		       : NULL;
}
