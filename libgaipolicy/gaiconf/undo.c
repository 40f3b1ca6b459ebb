/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* undo.c - a change of lines, backwards, in a text that has gone on. */
#include <errno.h>
#include <stdlib.h>

#include "gaiconf/diff.h"
#include "gaiconf/undo.h"
#include "text.h"

/* A text by lines, from 0 on. */
struct side {
	struct gp_doc *doc;
	size_t count;
};

/* Lines [first, end) of BEFORE are to stand before the line of NOW that has this. */
struct insertion {
	size_t first, end;
};

struct undo {
	struct side before, after, now;
	size_t *to_before, *to_now;  /* by line of AFTER */
	bool *is_gone;               /* by line of NOW */
	struct insertion *insertion; /* by line of NOW, and its end */
	size_t left;
};

static const struct gp_doc_line *line_of(const struct side *side, size_t at)
{
	return gp_doc_line(side->doc, (uint32_t)at + 1);
}

static bool is_own(const struct undo *undo, size_t after_line)
{
	const size_t at = undo->to_now[after_line];

	return at != GP_DIFF_NONE && !line_of(&undo->now, at)->is_block;
}

/* The lines of BEFORE come before line AT of NOW. Two changes at one place: the later one
 * is joined to the one before it, or left. */
static void insert(struct undo *undo, size_t at, size_t first, size_t end)
{
	struct insertion *there = &undo->insertion[at];

	if (first == end)
		return;
	if (there->first == there->end)
		*there = (struct insertion){first, end};
	else if (there->end == first)
		there->end = end;
	else
		undo->left += end - first;
}

/* Where what stood before line AT of AFTER is to go; NONE: nothing is left of there. */
static size_t place_of(const struct undo *undo, size_t at)
{
	if (at > 0 && undo->to_now[at - 1] != GP_DIFF_NONE)
		return undo->to_now[at - 1] + 1;
	if (at < undo->after.count && undo->to_now[at] != GP_DIFF_NONE)
		return undo->to_now[at];
	return undo->after.count == 0 ? 0 : GP_DIFF_NONE;
}

static void put_back(struct undo *undo, size_t at, size_t first, size_t end)
{
	const size_t place = place_of(undo, at);

	if (place == GP_DIFF_NONE)
		undo->left += end - first;
	else
		insert(undo, place, first, end);
}

/* Lines of a change: those it made, but for the block's, and those that are as it made
 * them. */
struct tally {
	size_t made, own;
};

static struct tally count(const struct undo *undo, size_t a, size_t a_end)
{
	struct tally tally = {0, 0};

	for (size_t i = a; i < a_end; i++) {
		tally.made += !line_of(&undo->after, i)->is_block;
		tally.own += is_own(undo, i);
	}
	return tally;
}

/* Lines [a, a_end) of AFTER stand for [b, b_end) of BEFORE. Line for line, where they are
 * as many; added ones go one by one, unless most are gone: then those that look like them
 * may be somebody else's; else all or nothing. */
static void take_back(struct undo *undo, size_t a, size_t a_end, size_t b, size_t b_end)
{
	const bool is_paired = a_end - a == b_end - b, is_added = b == b_end;
	const struct tally tally = count(undo, a, a_end);

	if (a == a_end) {
		put_back(undo, a, b, b_end);
		return;
	}
	if (is_added ? 2 * tally.own < tally.made : !is_paired && tally.own < a_end - a) {
		undo->left += tally.made;
		return;
	}
	undo->left += tally.made - tally.own;
	for (size_t i = a; i < a_end; i++) {
		if (!is_own(undo, i))
			continue;
		undo->is_gone[undo->to_now[i]] = true;
		if (is_paired)
			insert(undo, undo->to_now[i], b + (i - a), b + (i - a) + 1);
	}
	if (!is_paired && !is_added)
		insert(undo, undo->to_now[a], b, b_end);
}

static void go_through(struct undo *undo)
{
	size_t a = 0, b = 0;

	while (a < undo->after.count || b < undo->before.count) {
		size_t a_end = a, b_end;

		while (a_end < undo->after.count &&
		       undo->to_before[a_end] == GP_DIFF_NONE)
			a_end++;
		b_end = a_end < undo->after.count ? undo->to_before[a_end]
						  : undo->before.count;
		if (a < a_end || b < b_end)
			take_back(undo, a, a_end, b, b_end);
		a = a_end + 1;
		b = b_end + 1;
	}
}

static void put_lines(struct gp_sink *sink, const struct undo *undo,
		      const struct insertion *insertion)
{
	for (size_t i = insertion->first; i < insertion->end; i++) {
		const struct gp_doc_line *line = line_of(&undo->before, i);

		if (!line->is_block)
			gp_sink_put(sink, line->bytes, line->size);
	}
}

static enum gp_status write_out(const struct undo *undo, char **out, size_t *size)
{
	struct gp_sink sink = {.text = NULL};

	gp_sink_text(&sink, "");
	for (size_t i = 0; i <= undo->now.count; i++) {
		put_lines(&sink, undo, &undo->insertion[i]);
		if (i < undo->now.count && !undo->is_gone[i]) {
			const struct gp_doc_line *line = line_of(&undo->now, i);

			/* Behind what had no newline there may be more now. */
			if (sink.length && sink.text[sink.length - 1] != '\n')
				gp_sink_text(&sink, "\n");
			gp_sink_put(&sink, line->bytes, line->size);
		}
	}
	*out = sink.text;
	*size = sink.length;
	if (!sink.has_failed)
		return GP_OK;
	free(sink.text);
	return GP_NOMEM;
}

static enum gp_status open_side(struct side *side, const struct gp_text *text)
{
	const enum gp_status status =
		gp_doc_parse(text->bytes, text->size, GP_GAI_SINCE_2_41, &side->doc);

	if (status == GP_OK)
		side->count = gp_doc_previous(side->doc, 0);
	return status;
}

enum gp_status gp_undo(const struct gp_text *before, const struct gp_text *after,
		       const struct gp_text *now, char **out, size_t *size, size_t *left)
{
	const int saved = errno;
	struct undo undo = {.left = 0};
	size_t count;
	enum gp_status status = open_side(&undo.before, before);

	if (status == GP_OK)
		status = open_side(&undo.after, after);
	if (status == GP_OK)
		status = open_side(&undo.now, now);
	if (status == GP_OK)
		status = gp_diff_match(after->bytes, after->size, before->bytes,
				       before->size, &undo.to_before, &count);
	if (status == GP_OK)
		status = gp_diff_match(after->bytes, after->size, now->bytes, now->size,
				       &undo.to_now, &count);
	undo.is_gone = calloc(undo.now.count + 1, sizeof(*undo.is_gone));
	undo.insertion = calloc(undo.now.count + 1, sizeof(*undo.insertion));
	if (status == GP_OK && (!undo.is_gone || !undo.insertion))
		status = GP_NOMEM;
	if (status == GP_OK) {
		go_through(&undo);
		*left = undo.left;
		status = write_out(&undo, out, size);
	}
	gp_doc_free(undo.before.doc);
	gp_doc_free(undo.after.doc);
	gp_doc_free(undo.now.doc);
	free(undo.to_before);
	free(undo.to_now);
	free(undo.is_gone);
	free(undo.insertion);
	errno = saved;
	return status;
}
