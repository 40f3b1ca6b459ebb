/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wire.c - see wire.h. */
#include <stdio.h>
#include <string.h>

#include "wire.h"

#define POINTER 0xc0
#define POINTER_MAX 0x3fff

/* ---- reading ---- */

struct wire_in wire_read(const uint8_t *bytes, size_t size)
{
	return (struct wire_in){.start = bytes, .size = size};
}

const uint8_t *wire_bytes(struct wire_in *in, size_t count)
{
	const uint8_t *bytes = in->start + in->at;

	if (in->failed || count > in->size - in->at) {
		in->failed = true;
		return NULL;
	}
	in->at += count;
	return bytes;
}

uint8_t wire_u8(struct wire_in *in)
{
	const uint8_t *at = wire_bytes(in, 1);

	return at ? *at : 0;
}

uint16_t wire_u16(struct wire_in *in)
{
	const uint8_t *at = wire_bytes(in, 2);

	return at ? wire_peek_u16(at) : 0;
}

uint32_t wire_u32(struct wire_in *in)
{
	const uint8_t *at = wire_bytes(in, 4);

	return at ? wire_peek_u32(at) : 0;
}

/*
 * Labels from AT on, to OUT; *NEXT is what follows the name in the message. A pointer has
 * to lead before the piece that it ends, so that there is an end to them.
 */
static size_t read_name(const struct wire_in *in, uint8_t *out, size_t *next)
{
	size_t at = in->at, limit = in->at, used = 0;
	bool has_jumped = false;

	while (at < in->size) {
		const uint8_t head = in->start[at];
		if ((head & POINTER) == POINTER) {
			if (at + 2 > in->size)
				return 0;
			if (!has_jumped)
				*next = at + 2;
			has_jumped = true;
			at = wire_peek_u16(in->start + at) & POINTER_MAX;
			if (at >= limit)
				return 0;
			limit = at;
			continue;
		}
		if (head & POINTER || at + 1U + head > in->size ||
		    used + 1U + head > WIRE_NAME)
			return 0;
		memcpy(out + used, in->start + at, 1U + head);
		used += 1U + head;
		at += 1U + head;
		if (!head) {
			if (!has_jumped)
				*next = at;
			return used;
		}
	}
	return 0;
}

size_t wire_name(struct wire_in *in, uint8_t out[WIRE_NAME])
{
	size_t next = 0, length;

	if (in->failed)
		return 0;
	length = read_name(in, out, &next);
	if (length)
		in->at = next;
	else
		in->failed = true;
	return length;
}

bool wire_get_rr(struct wire_in *in, struct wire_rr *out)
{
	wire_name(in, out->owner);
	out->type = wire_u16(in);
	out->class = wire_u16(in);
	out->ttl = wire_u32(in);
	out->rdlength = wire_u16(in);
	out->rdata_at = in->at;
	out->rdata = wire_bytes(in, out->rdlength);
	if (out->ttl > INT32_MAX)
		out->ttl = 0;
	return !in->failed;
}

/* ---- writing ---- */

void wire_write(struct wire_out *out, uint8_t *start, size_t size)
{
	out->start = start;
	out->size = size;
	out->at = out->target_count = 0;
	out->failed = false;
}

void wire_put_bytes(struct wire_out *out, const void *bytes, size_t count)
{
	if (out->failed || count > out->size - out->at) {
		out->failed = true;
		return;
	}
	if (count)
		memcpy(out->start + out->at, bytes, count);
	out->at += count;
}

void wire_put_u8(struct wire_out *out, uint8_t value)
{
	wire_put_bytes(out, &value, 1);
}

void wire_put_u16(struct wire_out *out, uint16_t value)
{
	uint8_t bytes[2];

	wire_set_u16(bytes, value);
	wire_put_bytes(out, bytes, sizeof(bytes));
}

void wire_put_u32(struct wire_out *out, uint32_t value)
{
	uint8_t bytes[4];

	wire_set_u32(bytes, value);
	wire_put_bytes(out, bytes, sizeof(bytes));
}

/* NAME stands at AT of what was written. */
static bool is_at(const struct wire_out *out, size_t at, const uint8_t *name)
{
	for (;;) {
		const uint8_t head = out->start[at];
		if ((head & POINTER) == POINTER) {
			at = wire_peek_u16(out->start + at) & POINTER_MAX;
			continue;
		}
		if (head != *name)
			return false;
		for (unsigned i = 1; i <= head; i++)
			if (wire_lower(out->start[at + i]) != wire_lower(name[i]))
				return false;
		if (!head)
			return true;
		at += 1U + head;
		name += 1U + head;
	}
}

/* Of all places where NAME stands the first; 0: none. */
static uint16_t target_of(const struct wire_out *out, const uint8_t *name)
{
	for (size_t i = 0; i < out->target_count; i++)
		if (is_at(out, out->targets[i], name))
			return out->targets[i];
	return 0;
}

/* What a name may point to is whole: its own labels become targets when it is written. */
void wire_put_name(struct wire_out *out, const uint8_t *name)
{
	size_t count = out->target_count;
	uint16_t target = 0;

	while (*name && !(target = target_of(out, name))) {
		if (count < WIRE_TARGETS && out->at <= POINTER_MAX)
			out->targets[count++] = (uint16_t)out->at;
		wire_put_bytes(out, name, 1U + *name);
		name += 1U + *name;
	}
	if (target)
		wire_put_u16(out, (uint16_t)(POINTER << 8 | target));
	else
		wire_put_u8(out, 0);
	if (!out->failed)
		out->target_count = count;
}

size_t wire_begin_rr(struct wire_out *out, const uint8_t *owner, uint16_t type,
		     uint32_t ttl)
{
	size_t ttl_at;

	wire_put_name(out, owner);
	wire_put_u16(out, type);
	wire_put_u16(out, WIRE_CLASS_IN);
	ttl_at = out->at;
	wire_put_u32(out, ttl);
	wire_put_u16(out, 0);
	return ttl_at;
}

void wire_end_rr(struct wire_out *out, size_t ttl_at)
{
	if (!out->failed)
		wire_set_u16(out->start + ttl_at + 4, (uint16_t)(out->at - ttl_at - 6));
}

/* How RDATA begins with names: bytes before, names, bytes behind (RFC 1035 3.3). */
struct shape {
	uint8_t before, names, behind;
};

static struct shape shape_of(uint16_t type)
{
	enum { MD = 3, MF = 4, MB = 7, MG = 8, MR = 9, MINFO = 14 };

	switch (type) {
	case WIRE_NS:
	case WIRE_CNAME:
	case WIRE_PTR:
	case MD:
	case MF:
	case MB:
	case MG:
	case MR:
		return (struct shape){0, 1, 0};
	case WIRE_SOA:
		return (struct shape){0, 2, 20};
	case MINFO:
		return (struct shape){0, 2, 0};
	case WIRE_MX:
		return (struct shape){2, 1, 0};
	default:
		return (struct shape){0, 0, 0};
	}
}

bool wire_rr_is_sound(const struct wire_in *message, const struct wire_rr *rr)
{
	const struct shape shape = shape_of(rr->type);
	struct wire_in in = *message;
	uint8_t name[WIRE_NAME];

	if (rr->class == WIRE_CLASS_IN && rr->type == WIRE_A)
		return rr->rdlength == 4;
	if (rr->class == WIRE_CLASS_IN && rr->type == WIRE_AAAA)
		return rr->rdlength == 16;
	if (!shape.names)
		return true;
	in.at = rr->rdata_at;
	in.size = rr->rdata_at + rr->rdlength;
	in.failed = false;
	wire_bytes(&in, shape.before);
	for (unsigned i = 0; i < shape.names; i++)
		wire_name(&in, name);
	wire_bytes(&in, shape.behind);
	return !in.failed && in.at == in.size;
}

static void put_rdata(struct wire_out *out, const struct wire_in *message,
		      const struct wire_rr *rr)
{
	const struct shape shape = shape_of(rr->type);
	const size_t end = rr->rdata_at + rr->rdlength;
	struct wire_in in = *message;
	uint8_t name[WIRE_NAME];

	if (!shape.names) {
		wire_put_bytes(out, rr->rdata, rr->rdlength);
		return;
	}
	in.size = end;
	in.at = rr->rdata_at;
	in.failed = false;
	if (shape.before) {
		const uint8_t *before = wire_bytes(&in, shape.before);
		if (before)
			wire_put_bytes(out, before, shape.before);
	}
	for (unsigned i = 0; i < shape.names; i++) {
		if (!wire_name(&in, name)) {
			out->failed = true;
			return;
		}
		wire_put_name(out, name);
	}
	wire_put_bytes(out, in.start + in.at, end - in.at);
}

size_t wire_put_rr(struct wire_out *out, const struct wire_in *message,
		   const struct wire_rr *rr, uint32_t ttl)
{
	const size_t ttl_at = wire_begin_rr(out, rr->owner, rr->type, ttl);

	if (!out->failed)
		wire_set_u16(out->start + ttl_at - 2, rr->class);
	put_rdata(out, message, rr);
	wire_end_rr(out, ttl_at);
	return ttl_at;
}

/* ---- names ---- */

size_t wire_name_length(const uint8_t *name)
{
	size_t at = 0;

	while (name[at])
		at += 1U + name[at];
	return at + 1;
}

uint32_t wire_name_hash(const uint8_t *name)
{
	const size_t length = wire_name_length(name);
	uint8_t padded[WIRE_NAME_ROOM];

	memcpy(padded, name, length);
	memset(padded + length, 0, 8);
	return wire_name_fold(padded, length, padded);
}

/* Eight bytes in one go; lengths of labels are below 'A'. */
static uint64_t lower_word(uint64_t word)
{
	const uint64_t each = 0x0101010101010101, low = word & 0x7f * each;
	const uint64_t from_a = low + (0x80 - 'A') * each;
	const uint64_t behind_z = low + (0x7f - 'Z') * each;
	const uint64_t is_upper = (from_a ^ behind_z) & ~word & 0x80 * each;

	return word | is_upper >> 2;
}

/* Until there is one by chance. */
static uint64_t hash_key[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};

void wire_hash_by(const uint64_t key[2])
{
	hash_key[0] = key[0];
	/* No half of a factor is 0. */
	hash_key[1] = key[1] | 0x100000001;
}

/* All four products of halves: with one word's product alone what differs in the highest
 * bits stays there whatever the factor is, and the next word can take it back. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	const uint64_t a_high = a >> 32, a_low = (uint32_t)a;
	const uint64_t b_high = b >> 32, b_low = (uint32_t)b;
	const uint64_t across = a_high * b_low ^ a_low * b_high;

	return a_high * b_high ^ a_low * b_low ^ (across << 32 | across >> 32);
}

uint32_t wire_name_fold(const uint8_t *name, size_t length, uint8_t *lower)
{
	uint64_t hash = hash_key[0];

	for (size_t i = 0; i < length; i += 8) {
		uint64_t word;
		memcpy(&word, name + i, sizeof(word));
		word = lower_word(word);
		memcpy(lower + i, &word, sizeof(word));
		hash = mix(hash ^ word, hash_key[1]);
	}
	return (uint32_t)(hash ^ hash >> 32);
}

bool wire_name_equal(const uint8_t *a, const uint8_t *b)
{
	const size_t length = wire_name_length(a);

	if (length != wire_name_length(b))
		return false;
	/* Lengths of labels are below 'A'. */
	for (size_t i = 0; i < length; i++)
		if (wire_lower(a[i]) != wire_lower(b[i]))
			return false;
	return true;
}

bool wire_name_within(const uint8_t *name, const uint8_t *zone)
{
	const size_t length = wire_name_length(zone);
	size_t left = wire_name_length(name);

	while (left > length) {
		left -= 1U + *name;
		name += 1U + *name;
	}
	return left == length && wire_name_equal(name, zone);
}

void wire_name_lower(uint8_t *name)
{
	const size_t length = wire_name_length(name);

	for (size_t i = 0; i < length; i++)
		name[i] = wire_lower(name[i]);
}

/* A label is at most 63 bytes, so that none of its 4 bytes of text more than fit. */
char *wire_name_text(const uint8_t *name, char out[WIRE_NAME_TEXT])
{
	char *to = out;

	if (!*name)
		*to++ = '.';
	for (; *name; name += 1U + *name) {
		for (unsigned i = 1; i <= *name; i++) {
			const uint8_t c = name[i];
			if (c <= ' ' || c > '~' || c == '.' || c == '\\')
				to += snprintf(to, 5, "\\%03u", c);
			else
				*to++ = (char)c;
		}
		*to++ = '.';
	}
	*to = '\0';
	return out;
}

size_t wire_name_parse(const char *text, uint8_t out[WIRE_NAME])
{
	size_t used = 0;

	if (!strcmp(text, "."))
		text++;
	while (*text) {
		const size_t length = strcspn(text, ".");
		if (length == 0 || length > 63 || used + 1 + length + 1 > WIRE_NAME)
			return 0;
		out[used++] = (uint8_t)length;
		memcpy(out + used, text, length);
		used += length;
		text += length;
		text += *text == '.';
	}
	out[used++] = 0;
	return used;
}
