/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tsv.h - the standards as data: rows of tests/data/NAME. Include it behind cmocka.h. */
#ifndef TESTS_UNIT_TSV_H
#define TESTS_UNIT_TSV_H

#include <stdio.h>
#include <string.h>

#define TSV_COLUMNS 16

/** Call VISIT for each row that is no comment; returns how many there were. */
static inline size_t tsv_each(const char *name, size_t columns,
			      void (*visit)(char *column[TSV_COLUMNS]))
{
	char path[512], line[4096];
	size_t rows = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *column[TSV_COLUMNS] = {NULL};
		char *rest = line;
		size_t count = 0;

		line[strcspn(line, "\r\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		while (count < TSV_COLUMNS && (column[count] = strsep(&rest, "\t")))
			count++;
		assert_int_equal(count, columns);
		visit(column);
		rows++;
	}
	fclose(file);
	return rows;
}

#endif
