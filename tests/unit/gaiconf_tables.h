/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gaiconf_tables.h - tests/data/gaiconf-tables.tsv as texts, and random ones of that
 * kind. Include it behind cmocka.h. */
#ifndef TESTS_UNIT_GAICONF_TABLES_H
#define TESTS_UNIT_GAICONF_TABLES_H

#include <stdlib.h>

#include "tsv.h"

#define TABLES_MAX 100
#define TABLE_TEXT 1024

static struct {
	char name[80], text[TABLE_TEXT];
} tables_known[TABLES_MAX];
static size_t tables_count;

static void tables_visit(char *column[TSV_COLUMNS])
{
	char *rest = column[1], *row, *out = tables_known[tables_count].text;

	assert_true(tables_count < TABLES_MAX);
	snprintf(tables_known[tables_count].name, sizeof(tables_known[0].name), "%s",
		 column[0]);
	while ((row = strsep(&rest, ";"))) {
		row += strspn(row, " ");
		if (!*row)
			continue;
		snprintf(out + strlen(out), TABLE_TEXT - strlen(out), "%s%s\n",
			 row[0] == 'p'   ? "precedence"
			 : row[0] == 'l' ? "label"
			 : row[0] == 's' ? "scopev4"
					 : "reload",
			 row + 1);
	}
	assert_true(strlen(out) + 1 < TABLE_TEXT);
	tables_count++;
}

static inline void tables_read(void)
{
	if (!tables_count)
		tsv_each("gaiconf-tables.tsv", 2, tables_visit);
	assert_true(tables_count >= 50);
}

/* Rows that may stand in the way: of IPv4, of global IPv6, of ULA, around them and inside
 * them, with the numbers at both ends. A file for SEED; up to 12 rows. */
static inline void tables_random(unsigned *seed, char text[TABLE_TEXT])
{
	static const char *const prefixes[] = {"::/0",
					       "::ffff:0:0/96",
					       "2000::/3",
					       "2001:db8::/32",
					       "2001:db8:1::/48",
					       "2002::/16",
					       "2001::/32",
					       "3ffe::/16",
					       "fc00::/7",
					       "fd00::/8",
					       "fd00:1::/32",
					       "fc00::/8",
					       "::/1",
					       "::ffff:10.0.0.0/104",
					       "::ffff:192.0.2.0/120",
					       "::/96",
					       "::ffff:0.0.0.0/97",
					       "::ffff:128.0.0.0/97",
					       "2000::/4",
					       "3000::/4",
					       "::ffff:192.0.2.9/128",
					       "2001:db8::/127",
					       "2001:db8:1::ff00:9/128"};
	static const char *const values[] = {
		"0",  "1",  "5",   "9",   "10",  "20",         "40",
		"45", "99", "100", "101", "200", "2147483646", "2147483647"};
	static const char *const kinds[] = {"precedence", "precedence", "precedence",
					    "label"};
	const unsigned rows = (unsigned)rand_r(seed) % 13;

	text[0] = '\0';
	for (unsigned i = 0; i < rows; i++)
		snprintf(text + strlen(text), TABLE_TEXT - strlen(text), "%s %s %s\n",
			 kinds[rand_r(seed) % 4], prefixes[rand_r(seed) % 23],
			 values[rand_r(seed) % 14]);
}

#endif
