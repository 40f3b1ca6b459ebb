/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.c - a text that is put together. */
#include <errno.h>
#include <stdlib.h>

#include "text.h"

const char *gp_text_newline(const char *text, size_t size)
{
	const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
	return end && end > text && end[-1] == '\r' ? "\r\n" : "\n";
}

void gp_sink_put(struct gp_sink *sink, const char *bytes, size_t size)
{
	if (sink->has_failed)
		return;
	if (sink->length + size + 1 > sink->room) {
		const int saved = errno;
		const size_t room = 2 * (sink->length + size) + 64;
		char *grown = realloc(sink->text, room);
		if (!grown) {
			errno = saved;
			sink->has_failed = true;
			return;
		}
		sink->text = grown;
		sink->room = room;
	}
	if (size > 0)
		memcpy(sink->text + sink->length, bytes, size);
	sink->length += size;
	sink->text[sink->length] = '\0';
}

void gp_sink_text(struct gp_sink *sink, const char *text)
{
	gp_sink_put(sink, text, strlen(text));
}
