/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* records.c - see records.h. */
#include <stdlib.h>
#include <string.h>

#include "guard/records.h"

/* Of a record: tag, and how many bytes follow. */
#define HEAD (sizeof(uint16_t) + sizeof(uint32_t))

/* ---- bytes ---- */

void gp_record_put(struct gp_record_out *out, const void *bytes, size_t size)
{
	if (out->failed)
		return;
	if (out->room - out->size < size) {
		const size_t room = 2 * (out->size + size) + 256;
		uint8_t *grown = realloc(out->bytes, room);
		if (!grown) {
			out->failed = true;
			return;
		}
		out->bytes = grown;
		out->room = room;
	}
	if (size)
		memcpy(out->bytes + out->size, bytes, size);
	out->size += size;
}

bool gp_record_get(struct gp_record_in *in, void *to, size_t size)
{
	if ((size_t)(in->end - in->at) < size)
		return false;
	memcpy(to, in->at, size);
	in->at += size;
	return true;
}

/* ---- types ---- */

#define NUMBER(name)                                                                     \
	static void put_##name(struct gp_record_out *out, const void *item)              \
	{                                                                                \
		gp_record_put(out, item, sizeof(name##_t));                              \
	}                                                                                \
	static bool get_##name(struct gp_record_in *in, void *item)                      \
	{                                                                                \
		return gp_record_get(in, item, sizeof(name##_t));                        \
	}

NUMBER(uint8)
NUMBER(uint32)
NUMBER(uint64)

const struct gp_record_type gp_record_u8 = {1, put_uint8, get_uint8, NULL};
const struct gp_record_type gp_record_u32 = {4, put_uint32, get_uint32, NULL};
const struct gp_record_type gp_record_u64 = {8, put_uint64, get_uint64, NULL};

static const char *text_of(const void *item)
{
	const char *text;

	memcpy(&text, item, sizeof(text));
	return text ? text : "";
}

void gp_record_put_text(struct gp_record_out *out, const void *item)
{
	const char *text = text_of(item);
	const uint16_t length = (uint16_t)strnlen(text, UINT16_MAX);

	gp_record_put(out, &length, sizeof(length));
	gp_record_put(out, text, length);
}

bool gp_record_get_text(struct gp_record_in *in, void *item)
{
	const char *text;
	uint16_t length;

	if (!gp_record_get(in, &length, sizeof(length)) ||
	    in->end - in->at < (ptrdiff_t)length || memchr(in->at, '\0', length))
		return false;
	text = gp_pool_copy(in->pool, in->at, length);
	in->at += length;
	memcpy(item, &text, sizeof(text));
	return text != NULL;
}

static bool is_text(const void *item)
{
	return strnlen(text_of(item), UINT16_MAX) < UINT16_MAX;
}

const struct gp_record_type gp_record_text = {sizeof(const char *), gp_record_put_text,
					      gp_record_get_text, is_text};

/* ---- rows ---- */

static const uint8_t *items_of(const struct gp_record *row, const void *of,
			       uint32_t *count)
{
	const uint8_t *at = (const uint8_t *)of + row->at;
	const void *list;

	*count = 1;
	if (!row->is_list)
		return at;
	memcpy(count, (const uint8_t *)of + row->count_at, sizeof(*count));
	memcpy(&list, at, sizeof(list));
	return list;
}

static void write_row(const struct gp_record *row, const void *of,
		      struct gp_record_out *out)
{
	const size_t head = out->size;
	uint32_t count, length = 0;
	const uint8_t *items = items_of(row, of, &count);

	gp_record_put(out, &row->tag, sizeof(row->tag));
	gp_record_put(out, &length, sizeof(length));
	if (row->is_list)
		gp_record_put(out, &count, sizeof(count));
	for (uint32_t i = 0; i < count; i++)
		row->type->put(out, items + i * row->type->size);
	if (out->failed)
		return;
	length = (uint32_t)(out->size - head - HEAD);
	memcpy(out->bytes + head + sizeof(row->tag), &length, sizeof(length));
}

void gp_records_write(const struct gp_record_table *table, const void *of,
		      struct gp_record_out *out)
{
	for (size_t i = 0; i < table->count; i++)
		write_row(&table->rows[i], of, out);
}

/* The list's items, and the pointer and count that lead to them. */
static uint8_t *make_list(const struct gp_record *row, struct gp_record_in *in, void *to,
			  uint32_t *count)
{
	uint8_t *items = NULL;

	/* An item is written as one byte at least. */
	if (!gp_record_get(in, count, sizeof(*count)) || *count < row->min ||
	    *count > row->max || *count > (size_t)(in->end - in->at))
		return NULL;
	items = gp_pool_get(in->pool, *count * row->type->size);
	memcpy((uint8_t *)to + row->at, &items, sizeof(items));
	memcpy((uint8_t *)to + row->count_at, count, sizeof(*count));
	return items;
}

static bool read_row(const struct gp_record *row, struct gp_record_in *in, void *to)
{
	uint8_t *items = (uint8_t *)to + row->at;
	struct gp_record_in part = *in;
	uint32_t count = 1, length;
	uint16_t tag;

	if (!gp_record_get(in, &tag, sizeof(tag)) || tag != row->tag ||
	    !gp_record_get(in, &length, sizeof(length)) ||
	    length > (size_t)(in->end - in->at))
		return false;
	part.at = in->at;
	part.end = in->at = in->at + length;
	if (row->is_list)
		items = make_list(row, &part, to, &count);
	for (uint32_t i = 0; items && i < count; i++)
		if (!row->type->get(&part, items + i * row->type->size))
			return false;
	return items && part.at == part.end;
}

bool gp_records_read(const struct gp_record_table *table, struct gp_record_in *in,
		     void *to)
{
	for (size_t i = 0; i < table->count; i++)
		if (!read_row(&table->rows[i], in, to))
			return false;
	return gp_records_are_valid(table, to);
}

/* ---- checks ---- */

static bool is_in_range(const struct gp_record *row, const uint8_t *item)
{
	uint32_t four;
	uint64_t value;

	if (row->type->size == sizeof(value))
		memcpy(&value, item, sizeof(value));
	else if (row->type->size == sizeof(four))
		memcpy(&four, item, sizeof(four)), value = four;
	else
		value = *item;
	return value >= row->min && value <= row->max;
}

static bool is_row_valid(const struct gp_record *row, const void *of)
{
	uint32_t count;
	const uint8_t *items = items_of(row, of, &count);

	if (row->is_list && (count < row->min || count > row->max || (count && !items)))
		return false;
	if (!row->type->is_valid)
		return is_in_range(row, items);
	for (uint32_t i = 0; i < count; i++)
		if (!row->type->is_valid(items + i * row->type->size))
			return false;
	return true;
}

bool gp_records_are_valid(const struct gp_record_table *table, const void *of)
{
	for (size_t i = 0; i < table->count; i++)
		if (!is_row_valid(&table->rows[i], of))
			return false;
	return true;
}

bool gp_records_are_equal(const struct gp_record_table *table, const void *a,
			  const void *b)
{
	struct gp_record_out one = {.failed = false}, other = {.failed = false};
	bool is_same;

	gp_records_write(table, a, &one);
	gp_records_write(table, b, &other);
	is_same = !one.failed && !other.failed && one.size == other.size &&
		  !memcmp(one.bytes, other.bytes, one.size);
	free(one.bytes);
	free(other.bytes);
	return is_same;
}
