/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_report.c - the errors of a run: the first twenty, as files and lines go. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "diag.h"
#include "guard/config_private.h"

void gp_config_no_memory(struct gp_config_report *report)
{
	report->has_failed = true;
	report->status = GP_NOMEM;
}

static int compare(const struct gp_config_where *a, const struct gp_config_where *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

struct gp_diag *gp_config_slot(struct gp_config_report *report,
			       struct gp_config_where where)
{
	struct gp_config_errors *errors = report->errors;

	if (!report->has_failed)
		report->status = GP_SYNTAX;
	report->has_failed = true;
	if (!errors)
		return NULL;

	size_t at = errors->count;
	while (at > 0 && compare(&where, &report->order[at - 1]) < 0)
		at--;
	if (errors->count == GP_CONFIG_ERRORS_MAX) {
		errors->more = true;
		if (at == GP_CONFIG_ERRORS_MAX)
			return NULL;
	} else {
		errors->count++;
	}
	size_t behind = errors->count - at - 1;
	memmove(&errors->list[at + 1], &errors->list[at],
		behind * sizeof(errors->list[0]));
	memmove(&report->order[at + 1], &report->order[at],
		behind * sizeof(report->order[0]));
	report->order[at] = where;
	return &errors->list[at];
}

void gp_config_fail(struct gp_config_report *report, struct gp_config_where where,
		    const char *format, ...)
{
	char text[sizeof(((struct gp_diag *)NULL)->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	gp_diag_set_at(gp_config_slot(report, where), GP_SYNTAX,
		       report->config->paths[where.file], where.line, where.column, "%s",
		       text);
}
