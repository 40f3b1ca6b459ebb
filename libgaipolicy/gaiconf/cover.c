/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cover.c - rows that are covered by longer ones, and those that decide for a range. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/cover.h"

/* The address behind a range; IS_PAST: behind all of them. */
struct place {
	struct gp_key key;
	bool is_past;
};

/* A prefix that the rows at hand are inside of. */
struct open {
	const struct gp_row *row;
	struct place covered; /* its first address that no row inside it has */
};

static struct place behind(const struct gp_row *row)
{
	struct place place = {.key = gp_row_key(row), .is_past = !row->length};
	uint64_t *word = place.key.word;

	if (row->length > 64) {
		const uint64_t step = 1ULL << (128 - row->length);

		if (__builtin_add_overflow(word[1], step, &word[1]))
			place.is_past = !++word[0];
	} else if (row->length) {
		const uint64_t step = 1ULL << (64 - row->length);

		place.is_past = __builtin_add_overflow(word[0], step, &word[0]);
	}
	return place;
}

static bool is_same_place(const struct place *a, const struct place *b)
{
	return a->is_past == b->is_past &&
	       (a->is_past ||
		(a->key.word[0] == b->key.word[0] && a->key.word[1] == b->key.word[1]));
}

bool gp_row_is_inside(const struct gp_row *row, const struct gp_row *outer)
{
	return row->length >= outer->length &&
	       !((row->prefix.word[0] ^ outer->prefix.word[0]) & outer->mask.word[0]) &&
	       !((row->prefix.word[1] ^ outer->prefix.word[1]) & outer->mask.word[1]);
}

/* All rows inside it have been seen. */
static void end(const struct open *open, gp_cover_fn *call, void *ctx)
{
	const struct place whole = behind(open->row);

	call(ctx, open->row, is_same_place(&open->covered, &whole));
}

/* INDEX has a prefix before those inside it: at most one is open of each length. */
void gp_cover_each(const struct gp_index *index, gp_cover_fn *call, void *ctx)
{
	struct open open[129];
	size_t depth = 0;

	for (size_t i = 0; i < index->count; i++) {
		const struct gp_row *row = index->rows[i];
		const struct place start = {.key = gp_row_key(row)};

		if (i && gp_row_same_prefix(row, index->rows[i - 1]))
			continue;
		while (depth && !gp_row_is_inside(row, open[depth - 1].row))
			end(&open[--depth], call, ctx);
		if (depth && is_same_place(&open[depth - 1].covered, &start))
			open[depth - 1].covered = behind(row);
		open[depth++] = (struct open){row, start};
	}
	while (depth)
		end(&open[--depth], call, ctx);
}

/* ---- those that decide --------------------------------------------------------------
 */

/* The table, and behind its rows one for the range. */
struct search {
	const struct gp_table *table;
	const struct gp_row *range;
	struct gp_row *rows;
	const struct gp_row *base; /* of the table: what the range has by and large */
	struct gp_deciders *out;
};

static void take(void *ctx, const struct gp_row *row, bool is_covered)
{
	struct search *search = ctx;
	struct gp_deciders *out = search->out;
	const size_t at = (size_t)(row - search->rows);

	if (is_covered || !gp_row_is_inside(row, search->range))
		return;
	out->list[out->count] = (struct gp_decider){
		*row,
		at < search->table->count ? &search->table->rows[at] : search->base};
	out->least = out->count && out->least < row->value ? out->least : row->value;
	out->most = out->count && out->most > row->value ? out->most : row->value;
	out->count++;
}

/* The longest row around all of the range; rows stand in the order of the match. */
static const struct gp_row *find_base(const struct gp_table *table,
				      const struct gp_row *range)
{
	for (size_t i = 0; i < table->count; i++)
		if (gp_row_is_inside(range, &table->rows[i]))
			return &table->rows[i];
	return NULL;
}

/* Where the range has a row, that is the first of two, and counts. */
static enum gp_status search_all(enum gp_table_kind kind, struct search *search)
{
	const size_t count = search->table->count;
	struct gp_row *last = &search->rows[count];
	struct gp_table all = {search->rows, count + 1, false};
	struct gp_index index;

	memcpy(search->rows, search->table->rows, count * sizeof(*search->rows));
	search->base = find_base(search->table, search->range);
	*last = *search->range;
	last->line = 0;
	last->value = search->base ? search->base->value : gp_table_fallback(kind);
	if (gp_index_make(&all, &index) != GP_OK)
		return GP_NOMEM;
	gp_cover_each(&index, take, search);
	gp_index_free(&index);
	return GP_OK;
}

enum gp_status gp_deciders_find(enum gp_table_kind kind, const struct gp_table *table,
				const struct gp_row *range, struct gp_deciders *out)
{
	const int saved = errno;
	struct search search = {.table = table, .range = range, .out = out};
	enum gp_status status = GP_NOMEM;

	*out = (struct gp_deciders){.list = calloc(table->count + 1, sizeof(*out->list))};
	search.rows = calloc(table->count + 1, sizeof(*search.rows));
	if (out->list && search.rows)
		status = search_all(kind, &search);
	free(search.rows);
	if (status != GP_OK)
		gp_deciders_free(out);
	errno = saved;
	return status;
}

void gp_deciders_free(struct gp_deciders *deciders)
{
	free(deciders->list);
	*deciders = (struct gp_deciders){.list = NULL};
}
