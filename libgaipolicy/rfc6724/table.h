/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table.h - policy tables (RFC 6724 2.1): rows of a prefix and a value, longest match;
 * and the complete tables that are known by name. Pure: no memory is taken, nothing is
 * read.
 */
#ifndef LIBGAIPOLICY_RFC6724_TABLE_H
#define LIBGAIPOLICY_RFC6724_TABLE_H

#include "gaipolicy.h"

/** The tables of gai.conf(5), each with a row for every address. */
enum gp_table_kind {
	GP_TABLE_PRECEDENCE,
	GP_TABLE_LABEL,
	GP_TABLE_SCOPEV4, /**< scopes of IPv4 addresses; those of IPv6 are fixed */
	GP_TABLE_KINDS
};

/** "precedence", "label", "scopev4"; NULL for no kind. */
const char *gp_table_kind_name(enum gp_table_kind kind);

/** An address as two words in host byte order; IPv4 as ::ffff:a.b.c.d (RFC 6724 2.1). */
struct gp_key {
	uint64_t word[2];
};

struct gp_key gp_key_make(const struct gp_addr *addr);

/** A row. Make it with gp_row_make: MASK belongs to LENGTH. */
struct gp_row {
	struct gp_key prefix; /**< bits behind LENGTH may be set; they do not count */
	struct gp_key mask;
	int32_t value;
	uint32_t line;  /**< of the file it is from; 0: none, it is built in */
	uint8_t length; /**< 0..128; of an IPv4 prefix in a scopev4 table 96..128 */
};

/**
 * A row of KIND. An IPv4 PREFIX is taken as ::ffff:a.b.c.d/96+LENGTH. Of a scopev4 row
 * the bits behind the length are cleared, as glibc does.
 */
struct gp_row gp_row_make(enum gp_table_kind kind, const struct gp_prefix *prefix,
			  int32_t value);

/** A and B are for the same prefix; bits behind the length do not count. */
bool gp_row_same_prefix(const struct gp_row *a, const struct gp_row *b);

/** The prefix of a row of KIND as gai.conf(5) writes it: IPv4 for scopev4. */
struct gp_prefix gp_row_prefix(enum gp_table_kind kind, const struct gp_row *row);

/** Write that prefix; of all IPv4 addresses as ::ffff:0:0/96, as is usual. Returns BUF.
 */
char *gp_row_format(enum gp_table_kind kind, const struct gp_row *row,
		    char buf[GP_PREFIX_TEXT]);

/**
 * Rows in the order in which they are tried: the longest prefix first, of equal ones the
 * one that counts first. The last matches every address. The caller owns them.
 */
struct gp_table {
	const struct gp_row *rows;
	size_t count;
	bool is_builtin; /**< no row of a file took part */
};

/** The three tables that one order is made by. */
struct gp_tables {
	struct gp_table kind[GP_TABLE_KINDS];
};

/** Bring rows into the order that a table needs; stable. For few rows: O(n^2). */
void gp_rows_order(struct gp_row *rows, size_t count);

/** The row that decides for KEY; NULL only if no row matches. */
const struct gp_row *gp_table_find(const struct gp_table *table,
				   const struct gp_key *key);

/** What an address has that no row matches: 40, 1 and 14, as in glibc's default rows. */
int32_t gp_table_fallback(enum gp_table_kind kind);

/** The value for KEY: that of its row, else the fallback. */
int32_t gp_tables_value(const struct gp_tables *tables, enum gp_table_kind kind,
			const struct gp_key *key);

/**
 * Scope of ADDR: IPv4 by the scopev4 table, IPv6 by RFC 6724 3.1. An IPv4-mapped IPv6
 * address is global (RFC 6724 3.3), unlike gp_addr_scope's.
 */
unsigned gp_tables_scope(const struct gp_tables *tables, const struct gp_addr *addr);

/** Complete tables that need no file. */
enum gp_profile {
	GP_PROFILE_GLIBC,   /**< compiled into glibc: RFC 3484 based */
	GP_PROFILE_RFC6724, /**< RFC 6724 2.1 */
	GP_PROFILE_UPDATE, /**< draft-ietf-6man-rfc6724-update 3.1, without known-local */
	GP_PROFILE_COUNT
};

/** "glibc", "rfc6724", "rfc6724-update"; NULL for no profile. */
const char *gp_profile_name(enum gp_profile profile);

/** The profile of that exact name, or GP_NOTFOUND. */
enum gp_status gp_profile_parse(const char *name, enum gp_profile *out);

/** Its tables; their rows are constants. */
struct gp_tables gp_profile_tables(enum gp_profile profile);

#endif
