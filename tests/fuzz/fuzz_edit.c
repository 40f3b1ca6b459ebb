/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_edit.c - edits of any gai.conf: each does what it says, and adds nothing that lint
 * calls an error. Input: how many edits, 20 bytes for each, the file.
 */
#include <stdlib.h>
#include <string.h>

#include "gaiconf/edit.h"
#include "gaiconf/lint.h"

#define EDIT 20 /* what is done, kind, length, value; an address */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static struct gp_row make_row(enum gp_table_kind kind, const uint8_t *edit)
{
	const int family = kind == GP_TABLE_SCOPEV4 || edit[4] == 4 ? AF_INET : AF_INET6;
	const struct gp_prefix prefix = {
		gp_addr_make(family, edit + 4, 0),
		(uint8_t)(edit[2] % (family == AF_INET ? 33 : 129))};

	return gp_row_make(kind, &prefix, edit[3]);
}

static void read_tables(const char *text, size_t size, enum gp_gai_dialect dialect,
			struct gp_gai_tables *out)
{
	expect(gp_gai_tables_read(text, size, dialect, out) == GP_OK);
}

static size_t count_errors(const char *text, size_t size, enum gp_gai_dialect dialect)
{
	struct gp_gai_tables tables;
	struct gp_findings findings;
	struct gp_doc *doc;
	size_t errors = 0;

	read_tables(text, size, dialect, &tables);
	expect(gp_doc_parse(text, size, dialect, &doc) == GP_OK);
	expect(gp_lint(doc, &tables.gai.tables, dialect, NULL, &findings) == GP_OK);
	for (size_t i = 0; i < findings.count; i++)
		errors += findings.list[i].severity >= GP_SEVERITY_ERROR;
	gp_findings_free(&findings);
	gp_doc_free(doc);
	gp_gai_tables_free(&tables);
	return errors;
}

/* The row of TEXT's table for exactly that prefix, or NULL. */
static bool has_row(const char *text, size_t size, enum gp_gai_dialect dialect,
		    enum gp_table_kind kind, const struct gp_row *like, int32_t *value)
{
	struct gp_gai_tables tables;
	bool is_found = false;

	read_tables(text, size, dialect, &tables);
	const struct gp_table *table = &tables.gai.tables.kind[kind];
	for (size_t i = 0; i < table->count && !is_found; i++) {
		is_found = gp_row_same_prefix(&table->rows[i], like);
		*value = table->rows[i].value;
	}
	gp_gai_tables_free(&tables);
	return is_found;
}

/* TEXT after the edit, malloc'd; what it says was checked. */
static char *edit_text(const char *text, size_t size, enum gp_gai_dialect dialect,
		       const uint8_t *edit, size_t *length)
{
	const enum gp_table_kind kind = (enum gp_table_kind)(edit[1] % GP_TABLE_KINDS);
	const struct gp_row row = make_row(kind, edit);
	const bool is_set = edit[0] % 4 < 2, is_delete = edit[0] % 4 == 2;
	struct gp_doc *doc;
	int32_t value;
	char *bytes;

	expect(gp_doc_parse(text, size, dialect, &doc) == GP_OK);
	if (is_set)
		gp_edit_set(doc, kind, &row, edit[0] % 4 == 1);
	else if (is_delete)
		gp_edit_delete(doc, kind, &row);
	else
		gp_edit_reload(doc, edit[1] % 2);
	const bool has_rows = gp_edit_has_rows(doc, kind);
	expect(gp_doc_write(doc, &bytes, length) == GP_OK);
	gp_doc_free(doc);
	if (is_set)
		expect(has_row(bytes, *length, dialect, kind, &row, &value) &&
		       value == row.value);
	/* What glibc adds by itself comes back. */
	if (is_delete && has_rows && has_row(bytes, *length, dialect, kind, &row, &value))
		expect(row.length == (kind == GP_TABLE_SCOPEV4 ? 96 : 0) &&
		       value == gp_table_fallback(kind));
	expect(count_errors(bytes, *length, dialect) <=
	       count_errors(text, size, dialect));
	return bytes;
}

static void check(const uint8_t *data, size_t size, enum gp_gai_dialect dialect)
{
	const size_t edits =
		size && size > 1 + (size_t)(data[0] % 8) * EDIT ? data[0] % 8 : 0;
	const size_t begin = size ? 1 + edits * EDIT : 0;
	size_t length = size - begin;
	char *text = malloc(length + 1);

	expect(text != NULL);
	if (length > 0)
		memcpy(text, data + begin, length);
	for (size_t i = 0; i < edits; i++) {
		char *after =
			edit_text(text, length, dialect, data + 1 + i * EDIT, &length);

		free(text);
		text = after;
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size, GP_GAI_BEFORE_2_41);
	check(data, size, GP_GAI_SINCE_2_41);
	return 0;
}
