/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diag.c - filling in struct gp_diag. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "diag.h"

static void fill(struct gp_diag *diag, int saved, const char *path, unsigned line,
		 unsigned column, const char *format, va_list args)
	__attribute__((format(printf, 6, 0)));

static void fill(struct gp_diag *diag, int saved, const char *path, unsigned line,
		 unsigned column, const char *format, va_list args)
{
	diag->saved_errno = saved;
	diag->line = line;
	diag->column = column;
	/* The arguments may well be texts of DIAG itself: write elsewhere first. */
	char text[sizeof(diag->text)];
	char where[sizeof(diag->path)];
	vsnprintf(text, sizeof(text), format, args);
	snprintf(where, sizeof(where), "%s", path ? path : "");
	memcpy(diag->text, text, sizeof(text));
	memcpy(diag->path, where, sizeof(where));
}

enum gp_status gp_diag_set_at(struct gp_diag *diag, enum gp_status status,
			      const char *path, unsigned line, unsigned column,
			      const char *format, ...)
{
	if (!diag)
		return status;

	int saved = errno;
	bool is_call = status == GP_IO || status == GP_PERM;
	va_list args;
	va_start(args, format);
	fill(diag, is_call ? saved : 0, path, line, column, format, args);
	va_end(args);
	diag->status = status;
	errno = saved;
	return status;
}

enum gp_status gp_diag_set(struct gp_diag *diag, enum gp_status status, const char *path,
			   const char *format, ...)
{
	if (!diag)
		return status;

	int saved = errno;
	bool is_call = status == GP_IO || status == GP_PERM;
	va_list args;
	va_start(args, format);
	fill(diag, is_call ? saved : 0, path, 0, 0, format, args);
	va_end(args);
	diag->status = status;
	errno = saved;
	return status;
}
