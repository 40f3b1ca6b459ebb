/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* block.c - known-local rows: one block, with a digest of what is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/block.h"
#include "gaiconf/edit.h"

#define HEAD                                                                             \
	"# Rows of [gai] known-local-ula in v6guard.conf(5); a change in here stays, "   \
	"and "                                                                           \
	"ends that. "
#define ROW_TEXT (GP_PREFIX_TEXT + 32)
#define DIGEST_TEXT 9

/* The lines of a block, marks included. */
struct block {
	uint32_t first, last; /* 0: there is none */
	bool is_single;
};

static struct block find(const struct gp_doc *doc)
{
	struct block block = {.is_single = true};
	uint32_t before = 0;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at)) {
		if (!gp_doc_line(doc, at)->is_block)
			continue;
		if (!block.first)
			block.first = at;
		else if (gp_doc_previous(doc, at) != before)
			block.is_single = false;
		block.last = before = at;
	}
	return block;
}

/* Without what ends a line: it may have come through an editor that changes that. */
static size_t bare_size(const struct gp_doc_line *line)
{
	size_t size = line->size;

	while (size > 0 && strchr("\r\n", line->bytes[size - 1]) && line->bytes[size - 1])
		size--;
	return size;
}

/* ---- digest ---- */

/* FNV-1a: against accidents, not enemies. */
static uint32_t digest_add(uint32_t digest, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		digest = (digest ^ (uint8_t)text[i]) * 16777619U;
	return (digest ^ '\n') * 16777619U;
}

#define DIGEST_BEGIN 2166136261U

/* Of the lines behind the comment, up to the end mark. */
static uint32_t digest_of(const struct gp_doc *doc, uint32_t comment, uint32_t last)
{
	uint32_t digest = DIGEST_BEGIN;

	for (uint32_t at = gp_doc_next(doc, comment); at && at != last;
	     at = gp_doc_next(doc, at)) {
		const struct gp_doc_line *line = gp_doc_line(doc, at);

		digest = digest_add(digest, line->bytes, bare_size(line));
	}
	return digest;
}

static bool is_head(const struct gp_doc_line *line, uint32_t digest)
{
	char text[sizeof(HEAD) + DIGEST_TEXT];
	const int size = snprintf(text, sizeof(text), HEAD "%08x", digest);

	return bare_size(line) == (size_t)size &&
	       !memcmp(line->bytes, text, (size_t)size);
}

/* ---- look ---- */

static size_t take_prefixes(const struct gp_doc *doc, const struct block *block,
			    struct gp_prefix *prefixes, size_t capacity)
{
	size_t count = 0;

	for (uint32_t at = block->first; at && at != block->last;
	     at = gp_doc_next(doc, at)) {
		const struct gp_gai_line *is = &gp_doc_line(doc, at)->is;

		if (is->word == GP_GAI_ROW && is->kind == GP_TABLE_LABEL &&
		    count < capacity)
			prefixes[count++] = gp_row_prefix(is->kind, &is->row);
	}
	return count;
}

enum gp_block_state gp_block_look(const struct gp_doc *doc, struct gp_prefix *prefixes,
				  size_t capacity, size_t *count)
{
	const struct block block = find(doc);
	uint32_t head;

	*count = 0;
	if (!block.first)
		return GP_BLOCK_NONE;
	head = gp_doc_next(doc, block.first);
	if (!block.is_single || head == block.last ||
	    !is_head(gp_doc_line(doc, head), digest_of(doc, head, block.last)))
		return GP_BLOCK_EDITED;
	*count = take_prefixes(doc, &block, prefixes, capacity);
	return GP_BLOCK_OURS;
}

/* ---- set ---- */

static int format_row(char out[ROW_TEXT], const struct gp_prefix *prefix, bool is_label)
{
	char text[GP_PREFIX_TEXT];

	gp_prefix_format(prefix, text);
	return is_label ? snprintf(out, ROW_TEXT, "label %s %d", text, GP_BLOCK_LABEL)
			: snprintf(out, ROW_TEXT, "precedence %s %d", text,
				   GP_BLOCK_PRECEDENCE);
}

static uint32_t digest_of_rows(const struct gp_prefix *prefixes, size_t count)
{
	uint32_t digest = DIGEST_BEGIN;
	char row[ROW_TEXT];

	for (size_t i = 0; i < count; i++)
		for (int is_label = 0; is_label < 2; is_label++) {
			const int size = format_row(row, &prefixes[i], is_label);

			digest = digest_add(digest, row, (size_t)size);
		}
	return digest;
}

static uint32_t put(struct gp_doc *doc, uint32_t behind, const char *text)
{
	return gp_doc_insert(doc, behind, text, strlen(text));
}

static void write_block(struct gp_doc *doc, uint32_t behind,
			const struct gp_prefix *prefixes, size_t count)
{
	char text[sizeof(HEAD) + DIGEST_TEXT], row[ROW_TEXT];

	behind = put(doc, behind, GP_DOC_BLOCK_BEGIN);
	snprintf(text, sizeof(text), HEAD "%08x", digest_of_rows(prefixes, count));
	behind = put(doc, behind, text);
	for (size_t i = 0; i < count; i++)
		for (int is_label = 0; is_label < 2; is_label++) {
			format_row(row, &prefixes[i], is_label);
			behind = put(doc, behind, row);
		}
	put(doc, behind, GP_DOC_BLOCK_END);
}

bool gp_block_set(struct gp_doc *doc, const struct gp_prefix *prefixes, size_t count)
{
	const struct block block = find(doc);
	uint32_t behind = block.first ? gp_doc_previous(doc, block.first) : 0, next;
	bool has_tables;

	for (uint32_t at = block.first; at; at = next) {
		next = at == block.last ? 0 : gp_doc_next(doc, at);
		gp_doc_remove(doc, at);
	}
	if (count == 0)
		return false;
	/* Else these rows alone would drop libc's tables. */
	has_tables = gp_edit_has_rows(doc, GP_TABLE_PRECEDENCE) &&
		     gp_edit_has_rows(doc, GP_TABLE_LABEL);
	gp_edit_spell_out(doc, GP_TABLE_PRECEDENCE);
	gp_edit_spell_out(doc, GP_TABLE_LABEL);
	if (!block.first)
		behind = gp_doc_previous(doc, 0);
	write_block(doc, behind, prefixes, count);
	return !has_tables;
}
