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
