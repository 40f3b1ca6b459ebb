/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_gaiconf.c - any bytes as gai.conf: tables in order, each with a row for all. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/read.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size, GP_GAI_BEFORE_2_41);
	check((const char *)data, size, GP_GAI_SINCE_2_41);
	return 0;
}
