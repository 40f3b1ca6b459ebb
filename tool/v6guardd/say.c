/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* say.c - stderr, or syslog. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <syslog.h>

#include "say.h"

static bool is_background;

void say_to_syslog(void)
{
	openlog("v6guardd", LOG_PID, LOG_DAEMON);
	is_background = true;
}

void say(const char *format, ...)
{
	char text[1280];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (is_background)
		syslog(LOG_WARNING, "%s", text);
	else
		/* In one write: the worker says things as well. */
		dprintf(2, "v6guardd: %s\n", text);
}
