/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * records.h - a struct as bytes, by one table that names its members: for each row a
 * record {tag, length, payload}, in the table's order. What goes from one process to
 * another is written and read by the same table, so that a member is added in one place,
 * and lists are as long as they are. Numbers are in the machine's own order.
 */
#ifndef LIBGAIPOLICY_GUARD_RECORDS_H
#define LIBGAIPOLICY_GUARD_RECORDS_H

#include <stdbool.h>

#include "guard/pool.h"

/** Bytes that grow; `bytes` is the caller's to free(). */
struct gp_record_out {
	uint8_t *bytes;
	size_t size, room;
	bool failed; /* no memory: nothing is written from now on */
};

void gp_record_put(struct gp_record_out *out, const void *bytes, size_t size);

/** Bytes that are read; what is made of them is of the pool. */
struct gp_record_in {
	const uint8_t *at, *end;
	struct gp_pool *pool;
};

/** SIZE bytes to TO. False: there are not so many. */
bool gp_record_get(struct gp_record_in *in, void *to, size_t size);

/** How a member, or each item of a list, is written, read and checked. */
struct gp_record_type {
	size_t size; /* in memory */
	void (*put)(struct gp_record_out *out, const void *item);
	/* False: `put` does not write such bytes, or there is no memory. */
	bool (*get)(struct gp_record_in *in, void *item);
	/* NULL: a number, whose range the row has; such a row is not a list. */
	bool (*is_valid)(const void *item);
};

/** Numbers, and a text that ends: const char *, of at most 65534 bytes. */
extern const struct gp_record_type gp_record_u8, gp_record_u32, gp_record_u64,
	gp_record_text;

/** Of a text, for types that allow less. */
void gp_record_put_text(struct gp_record_out *out, const void *item);
bool gp_record_get_text(struct gp_record_in *in, void *item);

/** A row: a member of one kind, or a list of it. */
struct gp_record {
	uint16_t tag;
	bool is_list;
	const struct gp_record_type *type;
	size_t at;       /* offset of the member, or of the pointer to the list */
	size_t count_at; /* of the list's uint32_t count */
	uint64_t min;    /* of a number; of a list: the least count */
	uint64_t max;    /* the same */
};

/* Rows of struct S. */
#define GP_RECORD_NUMBER(tag, type, s, member, min, max)                                 \
	{                                                                                \
		tag, false, &gp_record_##type, offsetof(s, member), 0, min, max          \
	}
#define GP_RECORD_ONE(tag, type, s, member)                                              \
	{                                                                                \
		tag, false, &(type), offsetof(s, member), 0, 0, 0                        \
	}
#define GP_RECORD_LIST(tag, type, s, list, count, min, max)                              \
	{                                                                                \
		tag, true, &(type), offsetof(s, list), offsetof(s, count), min, max      \
	}

/** A table of ROWS about a struct. */
struct gp_record_table {
	const struct gp_record *rows;
	size_t count;
};

/** Append OF to OUT. */
void gp_records_write(const struct gp_record_table *table, const void *of,
		      struct gp_record_out *out);

/**
 * Read what gp_records_write wrote: each row's record once, in their order, whole, and
 * valid. Lists and texts belong to IN's pool. False: the bytes are anything else, or
 * there is no memory; TO must not be used then.
 */
bool gp_records_read(const struct gp_record_table *table, struct gp_record_in *in,
		     void *to);

/** Every number and count is in its range, every item is valid. */
bool gp_records_are_valid(const struct gp_record_table *table, const void *of);

/** A and B are written as the same bytes. False as well if there is no memory. */
bool gp_records_are_equal(const struct gp_record_table *table, const void *a,
			  const void *b);

#endif
