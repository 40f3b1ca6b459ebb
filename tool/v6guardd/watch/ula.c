/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ula.c - from what routers and interfaces say to known-local rows. */
#include <string.h>
#include <sys/socket.h>

#include "ula.h"

/* The draft's numbers; tests/data/known-local.tsv has them. */
#define BLOCK_FIRST 0xfd /* fd00::/8: fc00::/8 has no meaning yet */
#define ROUTE_LEAST 40
#define SITE 48

bool ula_is_inside(const struct gp_prefix *prefix)
{
	return prefix->addr.family == AF_INET6 && prefix->length >= 8 &&
	       prefix->length <= 128 && prefix->addr.bytes[0] == BLOCK_FIRST;
}

static struct gp_prefix cut(const struct gp_prefix *prefix, uint8_t length)
{
	struct gp_prefix out = {.addr = {.family = AF_INET6}, .length = length};
	const size_t whole = length / 8;

	memcpy(out.addr.bytes, prefix->addr.bytes, whole);
	if (length % 8)
		out.addr.bytes[whole] =
			prefix->addr.bytes[whole] & (uint8_t)(0xff00U >> (length % 8));
	return out;
}

bool ula_fact_make(enum ula_source source, const struct gp_prefix *prefix,
		   struct ula_fact *out)
{
	if (!ula_is_inside(prefix) ||
	    prefix->length < (source == ULA_ROUTE ? ROUTE_LEAST : SITE))
		return false;
	memset(out, 0, sizeof(*out));
	out->source = source;
	out->prefix = cut(prefix, source == ULA_ROUTE ? prefix->length : SITE);
	return true;
}

static int compare(const struct gp_prefix *a, const struct gp_prefix *b)
{
	const int order = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));

	return order ? order : (int)a->length - (int)b->length;
}

static void insert(struct ula_rows *rows, const struct gp_prefix *prefix)
{
	size_t at = 0, behind;

	while (at < rows->count && compare(&rows->rows[at], prefix) < 0)
		at++;
	if (at == ULA_ROWS || (at < rows->count && !compare(&rows->rows[at], prefix)))
		return;
	if (rows->count < ULA_ROWS)
		rows->count++;
	behind = rows->count - at - 1;
	memmove(&rows->rows[at + 1], &rows->rows[at], behind * sizeof(rows->rows[0]));
	rows->rows[at] = *prefix;
}

static bool is_covered(const struct ula_rows *rows, const struct gp_prefix *prefix)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].length <= prefix->length &&
		    gp_prefix_match(&rows->rows[i], &prefix->addr))
			return true;
	return false;
}

void ula_rows_make(const struct ula_fact *facts, size_t count, struct ula_rows *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t source = ULA_ROUTE; source <= ULA_ADDRESS; source++)
		for (size_t i = 0; i < count; i++)
			if (facts[i].source == source &&
			    (source == ULA_ROUTE || !is_covered(out, &facts[i].prefix)))
				insert(out, &facts[i].prefix);
}

bool ula_rows_are_valid(const struct ula_rows *rows)
{
	if (rows->count > ULA_ROWS)
		return false;
	for (size_t i = 0; i < rows->count; i++) {
		const struct gp_prefix *row = &rows->rows[i];
		struct gp_prefix clean;

		if (!ula_is_inside(row) || row->length < ROUTE_LEAST ||
		    row->addr.scope_id)
			return false;
		clean = cut(row, row->length);
		if (compare(row, &clean) || (i && compare(row - 1, row) >= 0))
			return false;
	}
	return true;
}

bool ula_rows_are_same(const struct ula_rows *a, const struct ula_rows *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (compare(&a->rows[i], &b->rows[i]))
			return false;
	return true;
}
