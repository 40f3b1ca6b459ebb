/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lint_private.h - what lint*.c share; for nobody else. */
#ifndef LIBGAIPOLICY_GAICONF_LINT_PRIVATE_H
#define LIBGAIPOLICY_GAICONF_LINT_PRIVATE_H

#include "gaiconf/cover.h"
#include "gaiconf/lint.h"

/** Where and as what the next finding is. */
struct gp_lint_spot {
	struct gp_findings *findings;
	uint32_t line;
	size_t column; /**< 0-based */
	enum gp_severity severity;
	const char *code;
};

/** Add a finding: FIX, then its text. */
void gp_lint_add(const struct gp_lint_spot *spot, const char *fix, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

/** One line by itself. */
struct gp_lint_line {
	struct gp_findings *findings;
	enum gp_gai_dialect dialect;
	bool has_length; /**< in and out: glibc has read a length by now */
	bool has_crlf;   /**< in and out: that was said */
};

void gp_lint_line(struct gp_lint_line *lint, const struct gp_doc_line *line);

/** The first line that a row of TABLE is from. */
uint32_t gp_lint_first_line(const struct gp_table *table);

/** Precedences that leave it to chance which family comes first. GP_NOMEM. */
enum gp_status gp_lint_equal(struct gp_findings *findings, const struct gp_table *table);

#endif
