/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lint.h - what is odd about a gai.conf(5): lines that glibc reads otherwise than they
 * look, and tables that are not what their writer meant. Pure.
 */
#ifndef LIBGAIPOLICY_GAICONF_LINT_H
#define LIBGAIPOLICY_GAICONF_LINT_H

#include "gaiconf/document.h"
#include "rfc6724/label.h"

enum gp_severity {
	GP_SEVERITY_NOTE,    /**< harmless */
	GP_SEVERITY_WARNING, /**< holds, but perhaps not as meant */
	GP_SEVERITY_ERROR,   /**< does not say what it looks like */
	GP_SEVERITY_FATAL,   /**< crashes programs */
};

/** "note", "warning", "error", "fatal". */
const char *gp_severity_name(enum gp_severity severity);

struct gp_finding {
	uint32_t line, column; /**< 1-based, the column in bytes */
	enum gp_severity severity;
	const char *code; /**< a stable word, as v6guard(8) lists them */
	char *text;       /**< a sentence, without its full stop */
	char *fix;        /**< what to do about it: a line to write, or a sentence */
};

/** In the order of lines and columns. */
struct gp_findings {
	struct gp_finding *list;
	size_t count, room;
	bool has_failed;
};

/**
 * Look at DOC, which was parsed with DIALECT and not changed since, and at TABLES, which
 * its text comes to. KERNEL is the kernel's label table, NULL: not known. Free OUT with
 * gp_findings_free. GP_NOMEM.
 */
enum gp_status gp_lint(const struct gp_doc *doc, const struct gp_tables *tables,
		       enum gp_gai_dialect dialect, const struct gp_labels *kernel,
		       struct gp_findings *out);
void gp_findings_free(struct gp_findings *findings);

#endif
