/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* document.c - lines in a ring, by number: none moves when others come and go. */
#include <errno.h>
#include <stdlib.h>

#include "gaiconf/document.h"
#include "text.h"

struct node {
	struct gp_doc_line line;
	uint32_t next, previous;
	char *owned; /* the line's bytes, unless they are the text's */
};

struct gp_doc {
	enum gp_gai_dialect dialect;
	const char *newline;
	struct node *nodes; /* the first is the ring's end */
	uint32_t count, room;
	bool has_failed;
};

/* ---- lines ------------------------------------------------------------------------ */

/* Says the same to every glibc: no number is left to a default. */
static bool is_sound(const char *bytes, size_t size)
{
	const struct gp_gai_fields fields = gp_gai_split(bytes, size);
	const char *slash = memchr(fields.first.at, '/', fields.first.size);

	return fields.second.size > 0 && slash &&
	       slash + 1 < fields.first.at + fields.first.size;
}

static size_t without_newline(const char *bytes, size_t size)
{
	return size > 0 && bytes[size - 1] == '\n' ? size - 1 : size;
}

static void read_line(const struct gp_doc *doc, struct gp_doc_line *line)
{
	const size_t size = without_newline(line->bytes, line->size);

	line->is = gp_gai_line(line->bytes, size, doc->dialect);
	line->is_sound = line->is.word == GP_GAI_ROW && is_sound(line->bytes, size);
}

static void link_behind(struct gp_doc *doc, uint32_t at, uint32_t node)
{
	struct node *nodes = doc->nodes;
	const uint32_t next = nodes[at].next;

	nodes[node].previous = at;
	nodes[node].next = next;
	nodes[next].previous = node;
	nodes[at].next = node;
	nodes[node].line.is_block = nodes[at].line.is_block && nodes[next].line.is_block;
}

/* A node of its own that is in no ring yet; 0: no memory. */
static uint32_t new_node(struct gp_doc *doc)
{
	if (doc->count == doc->room) {
		const int saved = errno;
		const uint32_t room = 2 * doc->room + 16;
		struct node *grown = realloc(doc->nodes, room * sizeof(*grown));

		if (!grown) {
			errno = saved;
			doc->has_failed = true;
			return 0;
		}
		doc->nodes = grown;
		doc->room = room;
	}
	doc->nodes[doc->count] = (struct node){.next = 0};
	return doc->count++;
}

/* ---- parsing ---------------------------------------------------------------------- */

static bool is_mark(const struct gp_doc_line *line, const char *mark)
{
	const size_t length = strlen(mark);

	if (line->size < length || memcmp(line->bytes, mark, length))
		return false;
	for (size_t i = length; i < line->size; i++)
		if (!strchr(" \t\r\n", line->bytes[i]) || !line->bytes[i])
			return false;
	return true;
}

static void mark_block(struct gp_doc *doc, uint32_t begin, uint32_t end)
{
	for (uint32_t at = begin; at <= end; at++)
		doc->nodes[at].line.is_block = true;
}

/* Nothing was inserted yet: numbers are in the order of the lines. */
static void find_blocks(struct gp_doc *doc)
{
	uint32_t begin = 0;

	for (uint32_t at = 1; at < doc->count; at++) {
		if (is_mark(&doc->nodes[at].line, GP_DOC_BLOCK_BEGIN))
			begin = at;
		if (!begin || !is_mark(&doc->nodes[at].line, GP_DOC_BLOCK_END))
			continue;
		mark_block(doc, begin, at);
		begin = 0;
	}
}

static enum gp_status parse(struct gp_doc *doc, const char *text, size_t size)
{
	struct gp_text_line at = {.number = 0};

	if (new_node(doc) || doc->has_failed)
		return GP_NOMEM;
	while (gp_text_next(text, size, &at)) {
		const uint32_t node = at.number < 1UL << 31 ? new_node(doc) : 0;

		if (!node)
			return doc->has_failed ? GP_NOMEM : GP_RANGE;
		doc->nodes[node].line = (struct gp_doc_line){
			.bytes = text + at.begin,
			.size = at.next - at.begin,
			.line = (uint32_t)at.number,
		};
		read_line(doc, &doc->nodes[node].line);
		link_behind(doc, doc->nodes[0].previous, node);
	}
	find_blocks(doc);
	return GP_OK;
}

enum gp_status gp_doc_parse(const char *text, size_t size, enum gp_gai_dialect dialect,
			    struct gp_doc **out)
{
	const int saved = errno;
	struct gp_doc *doc = calloc(1, sizeof(*doc));
	enum gp_status status = GP_NOMEM;

	if (doc) {
		doc->dialect = dialect;
		doc->newline = gp_text_newline(text, size);
		status = parse(doc, text, size);
	}
	if (status == GP_OK)
		*out = doc;
	else
		gp_doc_free(doc);
	errno = saved;
	return status;
}

void gp_doc_free(struct gp_doc *doc)
{
	if (!doc)
		return;
	for (uint32_t at = 0; at < doc->count; at++)
		free(doc->nodes[at].owned);
	free(doc->nodes);
	free(doc);
}

uint32_t gp_doc_next(const struct gp_doc *doc, uint32_t at)
{
	return doc->nodes[at].next;
}

uint32_t gp_doc_previous(const struct gp_doc *doc, uint32_t at)
{
	return doc->nodes[at].previous;
}

const struct gp_doc_line *gp_doc_line(const struct gp_doc *doc, uint32_t at)
{
	return &doc->nodes[at].line;
}

/* ---- changes ---------------------------------------------------------------------- */

/* Give the line AT the bytes that SINK has put together. */
static void take_bytes(struct gp_doc *doc, uint32_t at, struct gp_sink *sink)
{
	struct node *node = &doc->nodes[at];

	if (sink->has_failed) {
		doc->has_failed = true;
		free(sink->text);
		return;
	}
	free(node->owned);
	node->owned = sink->text;
	node->line.bytes = sink->text;
	node->line.size = sink->length;
	read_line(doc, &node->line);
}

static bool has_newline(const struct gp_doc_line *line)
{
	return line->size > 0 && line->bytes[line->size - 1] == '\n';
}

static const char *newline_behind(const struct gp_doc *doc, uint32_t at)
{
	const struct gp_doc_line *line = &doc->nodes[at].line;

	if (!at || !has_newline(line))
		return doc->newline;
	return line->size > 1 && line->bytes[line->size - 2] == '\r' ? "\r\n" : "\n";
}

void gp_doc_splice(struct gp_doc *doc, uint32_t at, size_t offset, size_t length,
		   const char *text, size_t size)
{
	const struct gp_doc_line *line = &doc->nodes[at].line;
	struct gp_sink sink = {.text = NULL};

	gp_sink_put(&sink, line->bytes, offset);
	gp_sink_put(&sink, text, size);
	gp_sink_put(&sink, line->bytes + offset + length, line->size - offset - length);
	take_bytes(doc, at, &sink);
}

uint32_t gp_doc_insert(struct gp_doc *doc, uint32_t at, const char *text, size_t size)
{
	struct gp_sink sink = {.text = NULL};
	const char *newline = newline_behind(doc, at);
	const uint32_t node = new_node(doc);

	if (!node)
		return at;
	if (at && !has_newline(&doc->nodes[at].line))
		gp_doc_splice(doc, at, doc->nodes[at].line.size, 0, newline,
			      strlen(newline));
	gp_sink_put(&sink, text, size);
	gp_sink_text(&sink, newline);
	take_bytes(doc, node, &sink);
	if (doc->has_failed)
		return at;
	link_behind(doc, at, node);
	return node;
}

void gp_doc_remove(struct gp_doc *doc, uint32_t at)
{
	const struct node *node = &doc->nodes[at];

	doc->nodes[node->previous].next = node->next;
	doc->nodes[node->next].previous = node->previous;
}

enum gp_status gp_doc_write(const struct gp_doc *doc, char **out, size_t *size)
{
	struct gp_sink sink = {.has_failed = doc->has_failed};

	gp_sink_text(&sink, "");
	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at))
		gp_sink_put(&sink, doc->nodes[at].line.bytes, doc->nodes[at].line.size);
	if (sink.has_failed) {
		free(sink.text);
		return GP_NOMEM;
	}
	*out = sink.text;
	*size = sink.length;
	return GP_OK;
}

/* ---- tables ----------------------------------------------------------------------- */

enum gp_status gp_gai_tables_read(const char *text, size_t size,
				  enum gp_gai_dialect dialect, struct gp_gai_tables *out)
{
	const int saved = errno;
	struct gp_gai_tables tables = {.rows = NULL};
	size_t needed;

	if (gp_gai_read(text, size, dialect, NULL, 0, &tables.gai, &needed) != GP_OK) {
		tables.rows = calloc(needed, sizeof(*tables.rows));
		errno = saved;
		if (!tables.rows)
			return GP_NOMEM;
		gp_gai_read(text, size, dialect, tables.rows, needed, &tables.gai, NULL);
	}
	*out = tables;
	return GP_OK;
}

void gp_gai_tables_free(struct gp_gai_tables *tables)
{
	free(tables->rows);
	*tables = (struct gp_gai_tables){.rows = NULL};
}
