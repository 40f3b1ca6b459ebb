/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_gaiconf.c - any bytes as gai.conf: tables in order, each with a row for all; the
 * editor keeps every byte, and what it writes of them reads back as they are. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/edit.h"
#include "gaiconf/index.h"
#include "gaiconf/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static size_t count_lines(const char *text, size_t size)
{
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines;
}

static void check_table(const struct gp_tables *tables, enum gp_table_kind kind,
			size_t lines)
{
	const struct gp_table *table = &tables->kind[kind];
	const struct gp_row *last = &table->rows[table->count - 1];

	expect(table->count > 0);
	expect(last->length == (kind == GP_TABLE_SCOPEV4 ? 96 : 0));
	for (size_t i = 0; i < table->count; i++) {
		const struct gp_prefix prefix = gp_row_prefix(kind, &table->rows[i]);
		char text[GP_PREFIX_TEXT];

		expect(table->rows[i].value >= 0 && table->rows[i].line <= lines);
		expect(!i || table->rows[i - 1].length >= table->rows[i].length);
		expect(strlen(gp_prefix_format(&prefix, text)) < sizeof(text));
		expect(gp_table_find(table, &table->rows[i].prefix) != NULL);
	}
}

static void check(const char *text, size_t size, enum gp_gai_dialect dialect)
{
	const size_t lines = count_lines(text, size);
	struct gp_row *rows;
	struct gp_gai gai;
	size_t needed;

	if (gp_gai_read(text, size, dialect, NULL, 0, &gai, &needed))
		expect(needed > 0);
	expect(needed <= lines + GP_TABLE_KINDS);
	rows = malloc(needed ? needed * sizeof(*rows) : 1);
	expect(rows != NULL);
	expect(gp_gai_read(text, size, dialect, rows, needed, &gai, NULL) == GP_OK);
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		check_table(&gai.tables, (enum gp_table_kind)kind, lines);
	free(rows);
}

/* ---- the editor -------------------------------------------------------------------- */

/* Every row of A that counts is a row of B. */
static void check_part(const struct gp_table *a, const struct gp_table *b)
{
	struct gp_index own, other;

	expect(gp_index_make(a, &own) == GP_OK && gp_index_make(b, &other) == GP_OK);
	for (size_t i = 0; i < a->count; i++) {
		const struct gp_row *row = &a->rows[i];
		const struct gp_row *found = gp_index_find(&other, row);

		if (gp_index_find(&own, row) == row)
			expect(found && found->value == row->value);
	}
	gp_index_free(&own);
	gp_index_free(&other);
}

/* TEXT made to say what WANTED says, malloc'd. */
static char *make_equal(const char *text, size_t size, enum gp_gai_dialect dialect,
			const struct gp_gai *wanted, size_t *length)
{
	struct gp_doc *doc;
	char *bytes;

	expect(gp_doc_parse(text, size, dialect, &doc) == GP_OK);
	for (unsigned at = 0; at < GP_TABLE_KINDS; at++)
		expect(gp_edit_table(doc, (enum gp_table_kind)at,
				     &wanted->tables.kind[at]) == GP_OK);
	gp_edit_reload(doc, wanted->reload);
	expect(gp_doc_write(doc, &bytes, length) == GP_OK);
	gp_doc_free(doc);
	return bytes;
}

static size_t count_errors(const char *text, size_t size, enum gp_gai_dialect dialect,
			   const struct gp_gai *gai)
{
	struct gp_findings findings;
	struct gp_doc *doc;
	size_t errors = 0;

	expect(gp_doc_parse(text, size, dialect, &doc) == GP_OK);
	expect(gp_lint(doc, &gai->tables, dialect, NULL, &findings) == GP_OK);
	for (size_t i = 0; i < findings.count; i++)
		errors += findings.list[i].severity >= GP_SEVERITY_ERROR;
	gp_findings_free(&findings);
	gp_doc_free(doc);
	return errors;
}

/* Written anew it says the same, without an error, and writing that changes nothing. */
static void check_fixpoint(const char *text, size_t size, enum gp_gai_dialect dialect)
{
	struct gp_gai_tables first, second;
	size_t length, again;
	char *bytes, *more;

	expect(gp_gai_tables_read(text, size, dialect, &first) == GP_OK);
	bytes = make_equal("", 0, dialect, &first.gai, &length);
	expect(gp_gai_tables_read(bytes, length, dialect, &second) == GP_OK);
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		check_part(&first.gai.tables.kind[kind], &second.gai.tables.kind[kind]);
		check_part(&second.gai.tables.kind[kind], &first.gai.tables.kind[kind]);
	}
	expect(first.gai.reload == second.gai.reload);
	expect(!count_errors(bytes, length, dialect, &second.gai));
	more = make_equal(bytes, length, dialect, &first.gai, &again);
	expect(again == length && !memcmp(bytes, more, length));
	free(more);
	free(bytes);
	count_errors(text, size, dialect, &first.gai);
	gp_gai_tables_free(&first);
	gp_gai_tables_free(&second);
}

/* Lossless, and its own tables change no line but those that say it to some glibcs only.
 */
static void check_document(const char *text, size_t size, enum gp_gai_dialect dialect)
{
	struct gp_gai_tables tables;
	size_t length, once, twice;
	char *bytes, *first, *second;
	struct gp_doc *doc;

	expect(gp_doc_parse(text, size, dialect, &doc) == GP_OK);
	expect(gp_doc_write(doc, &bytes, &length) == GP_OK);
	expect(length == size && !memcmp(bytes, text, size));
	free(bytes);
	gp_doc_free(doc);
	expect(gp_gai_tables_read(text, size, dialect, &tables) == GP_OK);
	first = make_equal(text, size, dialect, &tables.gai, &once);
	second = make_equal(first, once, dialect, &tables.gai, &twice);
	expect(once == twice && !memcmp(first, second, once));
	free(first);
	free(second);
	gp_gai_tables_free(&tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int dialect = GP_GAI_BEFORE_2_41; dialect <= GP_GAI_SINCE_2_41; dialect++) {
		check_document((const char *)data, size, (enum gp_gai_dialect)dialect);
		check_fixpoint((const char *)data, size, (enum gp_gai_dialect)dialect);
	}
	check((const char *)data, size, GP_GAI_BEFORE_2_41);
	check((const char *)data, size, GP_GAI_SINCE_2_41);
	return 0;
}
