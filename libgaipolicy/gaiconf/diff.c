/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff.c - unified diffs: Myers' greedy algorithm over lines, then hunks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/diff.h"
#include "text.h"

#define CONTEXT 3
/* Beyond so many differing lines a replaced block is as good to read, and far cheaper. */
#define EDITS_MAX 1000

struct lines {
	const char *text;
	size_t size;
	size_t count;
	size_t *begin; /* count + 1 of them, the last is size */
	bool *changed; /* the line is not in the other text */
};

static bool split(struct lines *lines, const char *text, size_t size)
{
	struct gp_text_line line = {.number = 0};
	while (gp_text_next(text, size, &line))
		;

	*lines = (struct lines){.text = text, .size = size, .count = line.number};
	lines->begin = malloc((lines->count + 1) * sizeof(*lines->begin));
	lines->changed = calloc(lines->count + 1, sizeof(*lines->changed));
	if (!lines->begin || !lines->changed)
		return false;

	line = (struct gp_text_line){.number = 0};
	while (gp_text_next(text, size, &line))
		lines->begin[line.number - 1] = line.begin;
	lines->begin[lines->count] = size;
	return true;
}

static void release(struct lines *lines)
{
	free(lines->begin);
	free(lines->changed);
}

static bool is_same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	size_t length = a->begin[i + 1] - a->begin[i];
	return length == b->begin[j + 1] - b->begin[j] &&
	       !memcmp(a->text + a->begin[i], b->text + b->begin[j], length);
}

/* The part of both texts between what they have in common at both ends. */
struct range {
	size_t a, a_end, b, b_end;
};

static struct range trim(const struct lines *a, const struct lines *b)
{
	struct range range = {0, a->count, 0, b->count};

	while (range.a < range.a_end && range.b < range.b_end &&
	       is_same(a, range.a, b, range.b))
		range.a++, range.b++;
	while (range.a < range.a_end && range.b < range.b_end &&
	       is_same(a, range.a_end - 1, b, range.b_end - 1))
		range.a_end--, range.b_end--;
	return range;
}

static void mark_all(struct lines *a, struct lines *b, const struct range *range)
{
	for (size_t i = range->a; i < range->a_end; i++)
		a->changed[i] = true;
	for (size_t j = range->b; j < range->b_end; j++)
		b->changed[j] = true;
}

/*
 * Row d holds, for each diagonal k = x - y from -d to d, how far x can get with d edits:
 * Myers 1986, figure 2. Row d starts at index d * d of one growing block.
 */
static long *row_of(long *block, long d)
{
	return block + d * d + d;
}

static bool comes_down(const long *before, long d, long k)
{
	return k == -d || (k != d && before[k - 1] < before[k + 1]);
}

/* From the end back to the start, marking each edit on the way. */
static void walk_back(long *block, long d, struct lines *a, struct lines *b,
		      const struct range *range)
{
	long x = (long)(range->a_end - range->a);
	long y = (long)(range->b_end - range->b);

	for (; d > 0; d--) {
		const long *before = row_of(block, d - 1);
		long k = x - y;
		bool is_down = comes_down(before, d, k);
		long from = is_down ? k + 1 : k - 1;
		x = before[from];
		y = x - from;
		if (is_down)
			b->changed[range->b + (size_t)y] = true;
		else
			a->changed[range->a + (size_t)x] = true;
	}
}

static long slide(const struct lines *a, const struct lines *b, const struct range *range,
		  long x, long k)
{
	long n = (long)(range->a_end - range->a), m = (long)(range->b_end - range->b);

	while (x < n && x - k < m &&
	       is_same(a, range->a + (size_t)x, b, range->b + (size_t)(x - k)))
		x++;
	return x;
}

/* Diagonals off the grid stay as they are: no path through them ends at its corner. */
static bool fill_row(long *block, long d, const struct lines *a, const struct lines *b,
		     const struct range *range)
{
	long n = (long)(range->a_end - range->a), m = (long)(range->b_end - range->b);
	long *row = row_of(block, d);
	const long *before = row_of(block, d - 1);

	for (long k = -d; k <= d; k += 2) {
		long x = comes_down(before, d, k) ? before[k + 1] : before[k - 1] + 1;
		row[k] = x > n || x - k > m ? x : slide(a, b, range, x, k);
		if (row[k] == n && row[k] - k == m)
			return true;
	}
	return false;
}

static bool mark(struct lines *a, struct lines *b)
{
	struct range range = trim(a, b);
	if (range.a == range.a_end || range.b == range.b_end) {
		mark_all(a, b, &range);
		return true;
	}

	long *block = NULL;
	for (long d = 0; d <= EDITS_MAX; d++) {
		long *grown =
			realloc(block, (size_t)((d + 1) * (d + 1)) * sizeof(*block));
		if (!grown) {
			free(block);
			return false;
		}
		block = grown;
		if (d == 0) {
			*row_of(block, 0) = slide(a, b, &range, 0, 0);
		} else if (fill_row(block, d, a, b, &range)) {
			walk_back(block, d, a, b, &range);
			free(block);
			return true;
		}
	}
	free(block);
	mark_all(a, b, &range);
	return true;
}

static void put_line(FILE *out, char sign, const struct lines *lines, size_t i)
{
	size_t begin = lines->begin[i], length = lines->begin[i + 1] - begin;

	fputc(sign, out);
	fwrite(lines->text + begin, 1, length, out);
	if (lines->text[begin + length - 1] != '\n')
		fputs("\n\\ No newline at end of file\n", out);
}

static void put_range(FILE *out, char sign, size_t begin, size_t count)
{
	/* An empty range is named by the line before it. */
	fprintf(out, " %c%zu", sign, count > 0 ? begin + 1 : begin);
	if (count != 1)
		fprintf(out, ",%zu", count);
}

static void put_hunk(FILE *out, const struct lines *a, const struct lines *b,
		     const struct range *hunk)
{
	fputs("@@", out);
	put_range(out, '-', hunk->a, hunk->a_end - hunk->a);
	put_range(out, '+', hunk->b, hunk->b_end - hunk->b);
	fputs(" @@\n", out);

	size_t i = hunk->a, j = hunk->b;
	while (i < hunk->a_end || j < hunk->b_end) {
		if (i < hunk->a_end && a->changed[i])
			put_line(out, '-', a, i++);
		else if (j < hunk->b_end && b->changed[j])
			put_line(out, '+', b, j++);
		else
			put_line(out, ' ', a, i++), j++;
	}
}

/* Move I and J to the next change; false when there is none. */
static bool find_change(const struct lines *a, const struct lines *b, size_t *i,
			size_t *j)
{
	while (*i < a->count && *j < b->count && !a->changed[*i] && !b->changed[*j])
		++*i, ++*j;
	return *i < a->count || *j < b->count;
}

static void skip_change(const struct lines *a, const struct lines *b, size_t *i,
			size_t *j)
{
	while (*i < a->count && a->changed[*i])
		++*i;
	while (*j < b->count && b->changed[*j])
		++*j;
}

static void put_hunks(FILE *out, const struct lines *a, const struct lines *b)
{
	size_t i = 0, j = 0;

	while (find_change(a, b, &i, &j)) {
		size_t lead = i < CONTEXT ? i : CONTEXT;
		struct range hunk = {.a = i - lead, .b = j - lead};
		for (;;) {
			skip_change(a, b, &i, &j);
			hunk.a_end = i;
			hunk.b_end = j;
			if (!find_change(a, b, &i, &j) || i - hunk.a_end > 2 * CONTEXT)
				break;
		}
		size_t left = a->count - hunk.a_end;
		size_t tail = left < CONTEXT ? left : CONTEXT;
		hunk.a_end += tail;
		hunk.b_end += tail;
		put_hunk(out, a, b, &hunk);
	}
}

static char *format(const char *path, const struct lines *a, const struct lines *b)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;

	if (a->size != b->size || memcmp(a->text, b->text, a->size) != 0) {
		fprintf(out, "--- %s\n+++ %s\n", path, path);
		put_hunks(out, a, b);
	}
	bool has_failed = ferror(out);
	if (fclose(out) != 0 || has_failed) {
		free(text);
		return NULL;
	}
	return text;
}

enum gp_status gp_diff(const char *path, const char *a_text, size_t a_size,
		       const char *b_text, size_t b_size, char **out)
{
	int saved = errno;
	struct lines a = {0}, b = {0};
	char *text = NULL;

	if (split(&a, a_text, a_size) && split(&b, b_text, b_size) && mark(&a, &b))
		text = format(path, &a, &b);
	release(&a);
	release(&b);
	errno = saved;
	if (!text)
		return GP_NOMEM;
	*out = text;
	return GP_OK;
}

static void match(const struct lines *a, const struct lines *b, size_t *out)
{
	size_t j = 0;

	for (size_t i = 0; i < a->count; i++) {
		out[i] = GP_DIFF_NONE;
		if (a->changed[i])
			continue;
		while (j < b->count && b->changed[j])
			j++;
		if (j < b->count)
			out[i] = j++;
	}
}

enum gp_status gp_diff_match(const char *a_text, size_t a_size, const char *b_text,
			     size_t b_size, size_t **out, size_t *count)
{
	int saved = errno;
	struct lines a = {0}, b = {0};
	bool is_good =
		split(&a, a_text, a_size) && split(&b, b_text, b_size) && mark(&a, &b);

	*count = a.count;
	*out = is_good ? calloc(a.count + 1, sizeof(**out)) : NULL;
	if (*out)
		match(&a, &b, *out);
	release(&a);
	release(&b);
	errno = saved;
	return *out ? GP_OK : GP_NOMEM;
}
