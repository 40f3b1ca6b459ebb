/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_packet.c - see upstream_packet.h. */
#include "upstream_packet.h"
#include "wire.h"

static bool is_error(const uint8_t *packet)
{
	const unsigned rcode = packet[3] & 0xf;

	return wire_peek_u16(packet + 2) & WIRE_QR && rcode != WIRE_NOERROR &&
	       rcode != WIRE_NXDOMAIN;
}

static bool is_of(const uint8_t *packet, size_t size, const uint8_t *name, uint16_t type)
{
	struct wire_in in = wire_read(packet, size);
	uint8_t asked[WIRE_NAME];

	in.at = WIRE_HEADER;
	if (wire_peek_u16(packet + 4) != 1 || !wire_name(&in, asked))
		return false;
	return wire_name_equal(asked, name) && wire_u16(&in) == type && !in.failed;
}

size_t upstream_packet(int rcode, const uint8_t *packet, int length, const uint8_t *name,
		       uint16_t type)
{
	if (!packet || length < WIRE_HEADER || length > WIRE_MAX)
		return 0;
	if (rcode && (!is_error(packet) || !is_of(packet, (size_t)length, name, type)))
		return 0;
	return (size_t)length;
}

/* Behind the question. */
static struct wire_in read_records(const uint8_t *packet, size_t size)
{
	struct wire_in in = wire_read(packet, size);
	uint8_t name[WIRE_NAME];

	in.at = WIRE_HEADER;
	for (unsigned i = wire_peek_u16(packet + 4); i && !in.failed; i--) {
		wire_name(&in, name);
		wire_u32(&in);
	}
	return in;
}

/* One of the next COUNT records is of TYPE. */
static bool has_type(struct wire_in *in, unsigned count, uint16_t type)
{
	struct wire_rr rr;
	bool found = false;

	while (count-- && wire_get_rr(in, &rr))
		found |= rr.type == type;
	return found;
}

enum walk_kind upstream_kind(const uint8_t *packet, size_t size, uint16_t type)
{
	const unsigned count = size ? wire_peek_u16(packet + 6) : 0;
	const unsigned rcode = size ? packet[3] & 0xf : WIRE_SERVFAIL;
	struct wire_in in;

	if (!size)
		return WALK_NOTHING;
	if (rcode == WIRE_NXDOMAIN || (rcode == WIRE_NOERROR && !count))
		return WALK_NEGATIVE;
	if (rcode != WIRE_NOERROR)
		return WALK_ERROR;
	in = read_records(packet, size);
	return type == WIRE_ANY || has_type(&in, count, type) ? WALK_POSITIVE
							      : WALK_NEGATIVE;
}

bool upstream_may_be_lame(const uint8_t *packet, size_t size)
{
	struct wire_in in;

	if ((packet[3] & 0xf) != WIRE_NOERROR || wire_peek_u16(packet + 6))
		return false;
	in = read_records(packet, size);
	return !has_type(&in, wire_peek_u16(packet + 8), WIRE_SOA);
}
