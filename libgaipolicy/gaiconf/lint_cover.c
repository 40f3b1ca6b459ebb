/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lint_cover.c - rows that nothing can match: the longest prefix decides, and longer ones
 * inside theirs cover all of it. */
#include "gaiconf/lint_private.h"

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

static bool is_inside(const struct gp_row *row, const struct gp_row *outer)
{
	return row->length > outer->length &&
	       !((row->prefix.word[0] ^ outer->prefix.word[0]) & outer->mask.word[0]) &&
	       !((row->prefix.word[1] ^ outer->prefix.word[1]) & outer->mask.word[1]);
}

/* All rows inside it have been seen. */
static void end(struct gp_findings *findings, enum gp_table_kind kind,
		const struct open *open)
{
	const struct gp_lint_spot spot = {findings, open->row->line, 0,
					  GP_SEVERITY_WARNING, "unreachable-row"};
	const struct place whole = behind(open->row);
	char prefix[GP_PREFIX_TEXT];

	if (open->row->line && is_same_place(&open->covered, &whole))
		gp_lint_add(&spot, "remove it",
			    "nothing matches %s: longer prefixes cover all of it",
			    gp_row_format(kind, open->row, prefix));
}

/* INDEX has a prefix before those inside it: at most one is open of each length. */
void gp_lint_unreachable(struct gp_findings *findings, enum gp_table_kind kind,
			 const struct gp_index *index)
{
	struct open open[129];
	size_t depth = 0;

	for (size_t i = 0; i < index->count; i++) {
		const struct gp_row *row = index->rows[i];
		const struct place start = {.key = gp_row_key(row)};

		if (i && gp_row_same_prefix(row, index->rows[i - 1]))
			continue;
		while (depth && !is_inside(row, open[depth - 1].row))
			end(findings, kind, &open[--depth]);
		if (depth && is_same_place(&open[depth - 1].covered, &start))
			open[depth - 1].covered = behind(row);
		open[depth++] = (struct open){row, start};
	}
	while (depth)
		end(findings, kind, &open[--depth]);
}
