/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text.h - files of lines that keep every byte: the lines as they stand, and a text that
 * is put together from parts of another. gai.conf, v6guard.conf and nsswitch.conf are all
 * edited by this.
 */
#ifndef LIBGAIPOLICY_TEXT_H
#define LIBGAIPOLICY_TEXT_H

#include <string.h>

#include "gaipolicy.h"

/** A line as offsets into its text. All zero before the first. */
struct gp_text_line {
	size_t begin, end; /**< without its newline; a CR before that is part of it */
	size_t next;       /**< where the next line begins */
	size_t number;     /**< 1-based */
};

/**
 * Go on to the line of the SIZE bytes at TEXT that begins at LINE->next; false at the
 * end. The doors use it too.
 */
static inline bool gp_text_next(const char *text, size_t size, struct gp_text_line *line)
{
	const char *newline;

	if (line->next >= size)
		return false;
	newline = (const char *)memchr(text + line->next, '\n', size - line->next);
	line->begin = line->next;
	line->end = newline ? (size_t)(newline - text) : size;
	line->next = line->end + (newline != NULL);
	line->number++;
	return true;
}

/** How TEXT ends its first line: "\r\n" or "\n". */
const char *gp_text_newline(const char *text, size_t size);

/** A text that grows; once memory has run out it takes no more. All zero at first. */
struct gp_sink {
	char *text; /**< malloc'd, a NUL behind its last byte; NULL before the first part
		     */
	size_t length, room;
	bool has_failed;
};

/** Add SIZE bytes; 0 of them are a part, too. */
void gp_sink_put(struct gp_sink *sink, const char *bytes, size_t size);

/** Add a string. */
void gp_sink_text(struct gp_sink *sink, const char *text);

#endif
