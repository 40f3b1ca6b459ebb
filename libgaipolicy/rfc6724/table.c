/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table.c - rows, longest match, scopes. Runs in the doors. */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "rfc6724/table.h"

#define MAPPED_LENGTH 96
#define MAPPED_WORD 0x0000ffff00000000ULL

const char *gp_table_kind_name(enum gp_table_kind kind)
{
	switch (kind) {
	case GP_TABLE_PRECEDENCE:
		return "precedence";
	case GP_TABLE_LABEL:
		return "label";
	case GP_TABLE_SCOPEV4:
		return "scopev4";
	case GP_TABLE_KINDS:
		break;
	}
	return NULL;
}

static uint64_t read_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return be64toh(word);
}

struct gp_key gp_key_make(const struct gp_addr *addr)
{
	uint32_t ipv4;

	if (addr->family != AF_INET)
		return (struct gp_key){
			{read_word(addr->bytes), read_word(addr->bytes + 8)}};
	memcpy(&ipv4, addr->bytes, sizeof(ipv4));
	return (struct gp_key){{0, MAPPED_WORD | ntohl(ipv4)}};
}

/* The first COUNT of 64 bits. */
static uint64_t first_bits(unsigned count)
{
	return count >= 64 ? ~0ULL : ~(~0ULL >> count);
}

struct gp_row gp_row_make(enum gp_table_kind kind, const struct gp_prefix *prefix,
			  int32_t value)
{
	const unsigned length =
		prefix->length + (prefix->addr.family == AF_INET ? MAPPED_LENGTH : 0U);
	struct gp_row row = {
		.prefix = gp_key_make(&prefix->addr),
		.mask = {{first_bits(length), length > 64 ? first_bits(length - 64) : 0}},
		.value = value,
		.length = (uint8_t)length,
	};

	if (kind == GP_TABLE_SCOPEV4) {
		row.prefix.word[0] &= row.mask.word[0];
		row.prefix.word[1] &= row.mask.word[1];
	}
	return row;
}

bool gp_row_same_prefix(const struct gp_row *a, const struct gp_row *b)
{
	return a->length == b->length &&
	       !((a->prefix.word[0] ^ b->prefix.word[0]) & a->mask.word[0]) &&
	       !((a->prefix.word[1] ^ b->prefix.word[1]) & a->mask.word[1]);
}

struct gp_prefix gp_row_prefix(enum gp_table_kind kind, const struct gp_row *row)
{
	const uint64_t words[2] = {htobe64(row->prefix.word[0]),
				   htobe64(row->prefix.word[1])};
	const uint32_t ipv4 = htonl((uint32_t)row->prefix.word[1]);

	if (kind == GP_TABLE_SCOPEV4)
		return (struct gp_prefix){gp_addr_make(AF_INET, &ipv4, 0),
					  (uint8_t)(row->length - MAPPED_LENGTH)};
	return (struct gp_prefix){gp_addr_make(AF_INET6, words, 0), row->length};
}

char *gp_row_format(enum gp_table_kind kind, const struct gp_row *row,
		    char buf[GP_PREFIX_TEXT])
{
	const struct gp_prefix prefix = gp_row_prefix(kind, row);

	if (kind != GP_TABLE_SCOPEV4 && row->length == MAPPED_LENGTH &&
	    !row->prefix.word[0] && row->prefix.word[1] == MAPPED_WORD)
		return strcpy(buf, "::ffff:0:0/96");
	return gp_prefix_format(&prefix, buf);
}

void gp_rows_order(struct gp_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct gp_row row = rows[i];
		size_t at = i;

		for (; at && rows[at - 1].length < row.length; at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}

const struct gp_row *gp_table_find(const struct gp_table *table, const struct gp_key *key)
{
	const struct gp_row *end = table->rows + table->count;

	for (const struct gp_row *row = table->rows; row < end; row++) {
		const uint64_t high =
			(row->prefix.word[0] ^ key->word[0]) & row->mask.word[0];
		const uint64_t low =
			(row->prefix.word[1] ^ key->word[1]) & row->mask.word[1];

		if (!(high | low))
			return row;
	}
	return NULL;
}

int32_t gp_table_fallback(enum gp_table_kind kind)
{
	switch (kind) {
	case GP_TABLE_PRECEDENCE:
		return 40;
	case GP_TABLE_LABEL:
		return 1;
	case GP_TABLE_SCOPEV4:
	case GP_TABLE_KINDS:
		break;
	}
	return GP_SCOPE_GLOBAL;
}

int32_t gp_tables_value(const struct gp_tables *tables, enum gp_table_kind kind,
			const struct gp_key *key)
{
	const struct gp_row *row = gp_table_find(&tables->kind[kind], key);

	return row ? row->value : gp_table_fallback(kind);
}

unsigned gp_tables_scope(const struct gp_tables *tables, const struct gp_addr *addr)
{
	const struct gp_key key = gp_key_make(addr);

	if (addr->family == AF_INET)
		return (unsigned)gp_tables_value(tables, GP_TABLE_SCOPEV4, &key);
	if (!key.word[0] && key.word[1] >> 32 == MAPPED_WORD >> 32)
		return GP_SCOPE_GLOBAL;
	return gp_addr_scope(addr);
}
