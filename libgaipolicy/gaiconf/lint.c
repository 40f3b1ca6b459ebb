/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lint.c - what is odd about a gai.conf as a whole. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/edit.h"
#include "gaiconf/lint_private.h"
#include "text.h"

const char *gp_severity_name(enum gp_severity severity)
{
	switch (severity) {
	case GP_SEVERITY_NOTE:
		return "note";
	case GP_SEVERITY_WARNING:
		return "warning";
	case GP_SEVERITY_ERROR:
		return "error";
	case GP_SEVERITY_FATAL:
		break;
	}
	return "fatal";
}

/* ---- findings ---------------------------------------------------------------------- */

static struct gp_finding *new_finding(struct gp_findings *findings)
{
	if (findings->count == findings->room) {
		const size_t room = 2 * findings->room + 16;
		struct gp_finding *grown = realloc(findings->list, room * sizeof(*grown));

		if (!grown) {
			findings->has_failed = true;
			return NULL;
		}
		findings->list = grown;
		findings->room = room;
	}
	return &findings->list[findings->count];
}

void gp_lint_add(const struct gp_lint_spot *spot, const char *fix, const char *format,
		 ...)
{
	struct gp_finding *finding = new_finding(spot->findings);
	va_list args;

	if (!finding)
		return;
	*finding = (struct gp_finding){spot->line,     (uint32_t)spot->column + 1,
				       spot->severity, spot->code,
				       NULL,           strdup(fix)};
	va_start(args, format);
	if (vasprintf(&finding->text, format, args) < 0)
		finding->text = NULL;
	va_end(args);
	spot->findings->count++;
	spot->findings->has_failed |= !finding->text || !finding->fix;
}

void gp_findings_free(struct gp_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].text);
		free(findings->list[i].fix);
	}
	free(findings->list);
	*findings = (struct gp_findings){.list = NULL};
}

/* Two at one place stay in the order of their codes: qsort is not stable. */
static int compare(const void *a, const void *b)
{
	const struct gp_finding *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->code, y->code);
}

/* ---- whole tables ------------------------------------------------------------------ */

uint32_t gp_lint_first_line(const struct gp_table *table)
{
	uint32_t first = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].line && (!first || table->rows[i].line < first))
			first = table->rows[i].line;
	return first;
}

static void check_partial(struct gp_findings *findings, enum gp_table_kind kind,
			  const struct gp_table *table)
{
	const struct gp_row *lost[GP_BUILTIN_MAX];
	const size_t count = table->is_builtin ? 0 : gp_edit_lost(kind, table, lost);
	const char *name = gp_table_kind_name(kind);
	const struct gp_lint_spot spot = {findings, gp_lint_first_line(table), 0,
					  GP_SEVERITY_WARNING, "partial-table"};
	struct gp_sink text = {.text = NULL}, fix = {.text = NULL};

	for (size_t i = 0; i < count; i++) {
		char prefix[GP_PREFIX_TEXT], line[GP_PREFIX_TEXT + 40];

		gp_row_format(kind, lost[i], prefix);
		snprintf(line, sizeof(line), "%s%s %d", i ? ", " : "", prefix,
			 (int)lost[i]->value);
		gp_sink_text(&text, line);
		snprintf(line, sizeof(line), "%s%s %s %d", i ? "; " : "add ", name,
			 prefix, (int)lost[i]->value);
		gp_sink_text(&fix, line);
	}
	findings->has_failed |= text.has_failed || fix.has_failed;
	if (count > 0 && !findings->has_failed)
		gp_lint_add(&spot, fix.text, "drops glibc's own %s rows: %s", name,
			    text.text);
	free(text.text);
	free(fix.text);
}

/* ---- rows -------------------------------------------------------------------------- */

static void check_duplicates(struct gp_findings *findings, const struct gp_doc *doc,
			     enum gp_table_kind kind, const struct gp_index *index)
{
	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at)) {
		const struct gp_doc_line *line = gp_doc_line(doc, at);
		const struct gp_lint_spot spot = {
			findings, line->line, 0, GP_SEVERITY_WARNING, "duplicate-prefix"};
		const struct gp_row *counts;

		if (line->is.word != GP_GAI_ROW || line->is.kind != kind)
			continue;
		counts = gp_index_find(index, &line->is.row);
		if (counts && counts->line && counts->line != line->line)
			gp_lint_add(&spot, "remove one of the two",
				    "line %u is for the same prefix, and counts",
				    counts->line);
	}
}

/* A row that the standards have: nobody keeps those equal to the kernel's. */
static bool is_standard(const struct gp_label_pair *pair)
{
	const struct gp_row like = gp_row_make(GP_TABLE_LABEL, &pair->prefix, pair->libc);

	for (int at = 0; at < GP_PROFILE_COUNT; at++) {
		const struct gp_tables all = gp_profile_tables((enum gp_profile)at);
		const struct gp_table *table = &all.kind[GP_TABLE_LABEL];

		for (size_t i = 0; i < table->count; i++)
			if (gp_row_same_prefix(&table->rows[i], &like) &&
			    table->rows[i].value == like.value)
				return true;
	}
	return false;
}

static void check_pair(struct gp_findings *findings, const struct gp_label_pair *pair)
{
	const struct gp_lint_spot spot = {findings, pair->line, 0, GP_SEVERITY_WARNING,
					  "kernel-label"};
	char prefix[GP_PREFIX_TEXT], fix[2 * GP_PREFIX_TEXT + 80];

	if (!pair->line || pair->match != GP_LABEL_DIFFERS || is_standard(pair))
		return;
	gp_prefix_format(&pair->prefix, prefix);
	snprintf(fix, sizeof(fix), "%s%s%sip addrlabel add prefix %s label %d",
		 pair->is_in_kernel ? "ip addrlabel del prefix " : "",
		 pair->is_in_kernel ? prefix : "", pair->is_in_kernel ? "; " : "", prefix,
		 (int)pair->libc);
	gp_lint_add(&spot, fix,
		    "the kernel, which picks the source address, has label %u for %s%s",
		    (unsigned)pair->kernel, prefix,
		    pair->is_in_kernel ? "" : ", as for what is around it");
}

/* The kernel picks sources by labels of its own (RFC 6724 5, rule 6). */
static enum gp_status check_kernel(struct gp_findings *findings,
				   const struct gp_table *table,
				   const struct gp_labels *kernel)
{
	const size_t capacity = table->count + kernel->count;
	struct gp_label_pair *pairs;
	size_t count = 0;

	/* More than can be compared are more than anybody keeps equal. */
	if (table->count > GP_LABELS_MAX)
		return GP_OK;
	pairs = calloc(capacity, sizeof(*pairs));
	if (!pairs)
		return GP_NOMEM;
	if (gp_labels_compare(table, kernel, pairs, capacity, &count) == GP_OK)
		for (size_t i = 0; i < count; i++)
			check_pair(findings, &pairs[i]);
	free(pairs);
	return GP_OK;
}

/* ---- rows that are covered -----------------------------------------------------------
 */

struct cover {
	struct gp_findings *findings;
	enum gp_table_kind kind;
};

static void note_cover(void *ctx, const struct gp_row *row, bool is_covered)
{
	const struct cover *cover = ctx;
	const struct gp_lint_spot spot = {cover->findings, row->line, 0,
					  GP_SEVERITY_WARNING, "unreachable-row"};
	char prefix[GP_PREFIX_TEXT];

	if (row->line && is_covered)
		gp_lint_add(&spot, "remove it",
			    "nothing matches %s: longer prefixes cover all of it",
			    gp_row_format(cover->kind, row, prefix));
}

static enum gp_status check_table(struct gp_findings *findings, const struct gp_doc *doc,
				  enum gp_table_kind kind, const struct gp_table *table)
{
	struct cover cover = {findings, kind};
	struct gp_index index;

	if (table->is_builtin)
		return GP_OK;
	if (gp_index_make(table, &index) != GP_OK)
		return GP_NOMEM;
	check_partial(findings, kind, table);
	check_duplicates(findings, doc, kind, &index);
	gp_cover_each(&index, note_cover, &cover);
	gp_index_free(&index);
	return GP_OK;
}

static enum gp_status look(struct gp_findings *findings, const struct gp_doc *doc,
			   const struct gp_tables *tables, enum gp_gai_dialect dialect,
			   const struct gp_labels *kernel)
{
	struct gp_lint_line lint = {.findings = findings, .dialect = dialect};
	enum gp_status status = GP_OK;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at))
		gp_lint_line(&lint, gp_doc_line(doc, at));
	for (unsigned kind = 0; status == GP_OK && kind < GP_TABLE_KINDS; kind++)
		status = check_table(findings, doc, (enum gp_table_kind)kind,
				     &tables->kind[kind]);
	if (status == GP_OK)
		status = gp_lint_equal(findings, &tables->kind[GP_TABLE_PRECEDENCE]);
	if (status == GP_OK && kernel && !tables->kind[GP_TABLE_LABEL].is_builtin)
		status = check_kernel(findings, &tables->kind[GP_TABLE_LABEL], kernel);
	return findings->has_failed ? GP_NOMEM : status;
}

enum gp_status gp_lint(const struct gp_doc *doc, const struct gp_tables *tables,
		       enum gp_gai_dialect dialect, const struct gp_labels *kernel,
		       struct gp_findings *out)
{
	const int saved = errno;
	struct gp_findings findings = {.list = NULL};
	const enum gp_status status = look(&findings, doc, tables, dialect, kernel);

	if (status == GP_OK) {
		if (findings.count)
			qsort(findings.list, findings.count, sizeof(*findings.list),
			      compare);
		*out = findings;
	} else {
		gp_findings_free(&findings);
	}
	errno = saved;
	return status;
}
