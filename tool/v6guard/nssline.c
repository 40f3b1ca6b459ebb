/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nssline.c - why v6guard, which is on the hosts: line, does not act. */
#include <stdarg.h>
#include <string.h>

#include "nssfile.h"

static void add(char text[NSS_STORY], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char text[NSS_STORY], const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	if (used + 2 >= NSS_STORY)
		return;
	if (used) {
		strcpy(text + used, "; ");
		used += 2;
	}
	va_start(args, format);
	vsnprintf(text + used, NSS_STORY - used, format, args);
	va_end(args);
}

const char *nss_story(const struct gp_file *file, const struct gp_hosts_line *hosts,
		      char text[NSS_STORY])
{
	text[0] = '\0';
	if (!hosts->enabled || gp_hosts_line_acts(hosts))
		return text;
	if (hosts->unterminated)
		add(text, "%s:%u has no newline at its end, and libc ignores it",
		    file->path, hosts->line);
	if (hosts->is_late)
		add(text,
		    "%s:%u has %.*s before v6guard: what it answers, nobody changes",
		    file->path, hosts->line, (int)(hosts->resolver_end - hosts->resolver),
		    file->bytes + hosts->resolver);
	if (!hosts->is_exclusive)
		add(text,
		    "%s:%u lacks [!UNAVAIL=return] behind v6guard: what it holds back, "
		    "the next service hands out",
		    file->path, hosts->line);
	if (hosts->is_repeated)
		add(text, "%s:%u has v6guard more than once", file->path, hosts->line);
	return text;
}
