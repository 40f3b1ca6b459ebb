/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_cut.c - a finished answer that turned out to be too large for its way. */
#include <string.h>

#include "answer.h"

/* Where the records begin; 0: it is no answer. */
static size_t records_of(struct wire_in *in, const uint8_t *bytes)
{
	uint8_t name[WIRE_NAME];

	if (in->size < WIRE_HEADER || wire_peek_u16(bytes + 4) != 1)
		return 0;
	in->at = WIRE_HEADER;
	wire_name(in, name);
	wire_u16(in);
	wire_u16(in);
	return in->failed ? 0 : in->at;
}

size_t answer_cut(uint8_t *bytes, size_t size)
{
	struct wire_in in = wire_read(bytes, size);
	const size_t records = records_of(&in, bytes);
	size_t end = records, begin;
	struct wire_rr rr;
	unsigned count;

	if (!records)
		return 0;
	count = wire_peek_u16(bytes + 6) + wire_peek_u16(bytes + 8) +
		wire_peek_u16(bytes + 10);
	wire_set_u16(bytes + 2, (uint16_t)(wire_peek_u16(bytes + 2) | WIRE_TC));
	memset(bytes + 6, 0, 6);
	for (unsigned i = 0; i < count; i++) {
		begin = in.at;
		if (!wire_get_rr(&in, &rr))
			return 0;
		if (rr.type != WIRE_OPT)
			continue;
		memmove(bytes + records, bytes + begin, in.at - begin);
		end = records + in.at - begin;
		wire_set_u16(bytes + 10, 1);
		break;
	}
	return end;
}
