/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* promise.c - promises about whole tables, and the rows that keep them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/promise.h"

#define START "# promise:"
#define LINE_MAX_READ 200

enum gp_table_kind gp_promise_kind(const struct gp_promise *promise)
{
	return promise->word == GP_PROMISE_BEFORE ? GP_TABLE_PRECEDENCE : GP_TABLE_LABEL;
}

/* ---- words --------------------------------------------------------------------------
 */

static bool parse_range(const char *text, struct gp_row *out)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix) != GP_OK)
		return false;
	*out = gp_row_make(GP_TABLE_PRECEDENCE, &prefix, 0);
	return true;
}

enum gp_status gp_promise_parse(const char *line, size_t size, struct gp_promise *out)
{
	char text[LINE_MAX_READ], one[64], word[8], other[64], rest;

	if (size < strlen(START) || memcmp(line, START, strlen(START)) != 0)
		return GP_NOTFOUND;
	if (size >= sizeof(text))
		return GP_SYNTAX;
	memcpy(text, line, size);
	text[size] = '\0';
	if (sscanf(text + strlen(START), "%63s %7s %63s %c", one, word, other, &rest) !=
		    3 ||
	    !parse_range(one, &out->one) || !parse_range(other, &out->other) ||
	    (strcmp(word, "before") != 0 && strcmp(word, "like") != 0))
		return GP_SYNTAX;
	out->word = word[0] == 'b' ? GP_PROMISE_BEFORE : GP_PROMISE_LIKE;
	return gp_row_is_inside(&out->one, &out->other) ||
			       gp_row_is_inside(&out->other, &out->one)
		       ? GP_SYNTAX
		       : GP_OK;
}

bool gp_promise_moves(const struct gp_promise *promise, const struct gp_row *row)
{
	return gp_row_same_prefix(row, &promise->one) ||
	       (promise->word == GP_PROMISE_BEFORE &&
		gp_row_same_prefix(row, &promise->other));
}

/* ---- plans --------------------------------------------------------------------------
 */

/* Both ranges of a promise, and what is to come of them. */
struct work {
	const struct gp_row *wish;
	struct gp_deciders one, other;
	struct gp_promise_plan *plan;
};

static void set(struct work *work, const struct gp_decider *decider, int32_t value)
{
	struct gp_promise_change *change = &work->plan->list[work->plan->count++];

	*change = (struct gp_promise_change){decider->row, decider->from};
	change->row.value = value;
}

static void note_against(struct work *work, const struct gp_deciders *deciders,
			 int32_t value, int32_t chosen)
{
	if (chosen == work->wish->value)
		return;
	for (size_t i = 0; i < deciders->count; i++)
		if (deciders->list[i].row.value == value)
			work->plan->against = deciders->list[i].from;
}

/* Rows of the other range out of the last number that there is. */
static int32_t make_room(struct work *work, const struct gp_deciders *deciders,
			 int32_t last, int32_t instead)
{
	for (size_t i = 0; i < deciders->count; i++)
		if (deciders->list[i].row.value == last)
			set(work, &deciders->list[i], instead);
	return instead;
}

static void raise_one(struct work *work)
{
	int32_t most = work->other.most, value = work->wish->value;

	if (most == INT_MAX)
		most = make_room(work, &work->other, INT_MAX, INT_MAX - 1);
	if (value <= most)
		value = most > INT_MAX - 10 ? most + 1 : most + 10;
	note_against(work, &work->other, work->other.most, value);
	for (size_t i = 0; i < work->one.count; i++)
		if (work->one.list[i].row.value <= most)
			set(work, &work->one.list[i], value);
}

static void lower_other(struct work *work)
{
	int32_t least = work->one.least, value = work->wish->value;

	if (least == 0)
		least = make_room(work, &work->one, 0, 1);
	if (value >= least)
		value = least / 2;
	note_against(work, &work->one, work->one.least, value);
	for (size_t i = 0; i < work->other.count; i++)
		if (work->other.list[i].row.value >= least)
			set(work, &work->other.list[i], value);
}

/* What a range has by and large. */
static int32_t value_of(const struct gp_table *table, const struct gp_row *range,
			const struct gp_row **from)
{
	*from = NULL;
	for (size_t i = 0; i < table->count && !*from; i++)
		if (gp_row_is_inside(range, &table->rows[i]))
			*from = &table->rows[i];
	return *from ? (*from)->value : gp_table_fallback(GP_TABLE_LABEL);
}

static void make_like(struct work *work, const struct gp_table *table,
		      const struct gp_row *other)
{
	const struct gp_row *from;
	const int32_t value = value_of(table, other, &from);

	if (value != work->wish->value)
		work->plan->against = from;
	for (size_t i = 0; i < work->one.count; i++)
		if (work->one.list[i].row.value != value)
			set(work, &work->one.list[i], value);
}

static enum gp_status fill(struct work *work, const struct gp_promise *promise,
			   const struct gp_table *table)
{
	const size_t most = work->one.count + work->other.count;

	work->plan->list = calloc(most, sizeof(*work->plan->list));
	if (!work->plan->list)
		return GP_NOMEM;
	if (promise->word == GP_PROMISE_LIKE)
		make_like(work, table, &promise->other);
	else if (work->one.least > work->other.most)
		;
	else if (gp_row_same_prefix(work->wish, &promise->one))
		raise_one(work);
	else
		lower_other(work);
	return GP_OK;
}

enum gp_status gp_promise_plan(const struct gp_promise *promise,
			       const struct gp_table *table, const struct gp_row *wish,
			       struct gp_promise_plan *out)
{
	const int saved = errno;
	const enum gp_table_kind kind = gp_promise_kind(promise);
	struct work work = {.wish = wish, .plan = out};
	enum gp_status status;

	*out = (struct gp_promise_plan){.list = NULL};
	status = gp_deciders_find(kind, table, &promise->one, &work.one);
	if (status == GP_OK)
		status = gp_deciders_find(kind, table, &promise->other, &work.other);
	if (status == GP_OK)
		status = fill(&work, promise, table);
	if (status == GP_OK && !out->count)
		out->against = NULL;
	gp_deciders_free(&work.one);
	gp_deciders_free(&work.other);
	errno = saved;
	return status;
}

void gp_promise_plan_free(struct gp_promise_plan *plan)
{
	free(plan->list);
	*plan = (struct gp_promise_plan){.list = NULL};
}
