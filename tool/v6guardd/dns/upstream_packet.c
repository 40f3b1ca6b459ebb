/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_packet.c - see upstream_packet.h. */
#include <string.h>

#include "upstream_packet.h"
#include "wire.h"

/* So often libunbound goes on to where a CNAME leads (its max-query-restarts). */
#define RESTARTS 11

static bool is_error(const uint8_t *packet)
{
	const unsigned rcode = packet[3] & 0xf;

	return wire_peek_u16(packet + 2) & WIRE_QR && rcode != WIRE_NOERROR &&
	       rcode != WIRE_NXDOMAIN;
}

/* The one question of PACKET; behind it IN reads on. */
static bool read_question(struct wire_in *in, uint8_t asked[WIRE_NAME], uint16_t *type)
{
	in->at = WIRE_HEADER;
	if (wire_peek_u16(in->start + 4) != 1 || !wire_name(in, asked))
		return false;
	*type = wire_u16(in);
	wire_u16(in);
	return !in->failed;
}

static bool is_of(const uint8_t *packet, size_t size, const uint8_t *name, uint16_t type)
{
	struct wire_in in = wire_read(packet, size);
	uint8_t asked[WIRE_NAME];
	uint16_t asked_type;

	return read_question(&in, asked, &asked_type) && wire_name_equal(asked, name) &&
	       asked_type == type;
}

/* Each of its records is whole, and can be what it says. */
static bool is_sound(const uint8_t *packet, size_t size)
{
	struct wire_in in = wire_read(packet, size);
	const unsigned count = (unsigned)wire_peek_u16(packet + 6) +
			       wire_peek_u16(packet + 8) + wire_peek_u16(packet + 10);
	uint8_t asked[WIRE_NAME];
	struct wire_rr rr;
	uint16_t type;

	if (!read_question(&in, asked, &type))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!wire_get_rr(&in, &rr) || !wire_rr_is_sound(&in, &rr))
			return false;
	return true;
}

size_t upstream_packet(int rcode, const uint8_t *packet, int length, const uint8_t *name,
		       uint16_t type)
{
	if (!packet || length < WIRE_HEADER || length > WIRE_MAX)
		return 0;
	if (!rcode)
		return is_sound(packet, (size_t)length) ? (size_t)length : 0;
	if (!is_error(packet) || !is_of(packet, (size_t)length, name, type))
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

/* ---- CNAMEs that lead nowhere ---- */

/* Where the CNAME of NAME in the answer section leads; false: there is none. */
static bool follow(const struct wire_in *records, unsigned count, uint8_t name[WIRE_NAME])
{
	struct wire_in in = *records;
	struct wire_rr rr;

	for (unsigned i = 0; i < count && wire_get_rr(&in, &rr); i++) {
		struct wire_in target = in;
		if (rr.type != WIRE_CNAME || !wire_name_equal(rr.owner, name))
			continue;
		target.at = rr.rdata_at;
		return wire_name(&target, name) != 0;
	}
	return false;
}

/* One CNAME, and nothing else that would be an answer. */
static bool is_link(const struct wire_in *records, unsigned answers, unsigned authorities,
		    uint16_t type)
{
	struct wire_in in = *records;
	struct wire_rr rr;
	bool has_cname = false;

	for (unsigned i = 0; i < answers; i++) {
		if (!wire_get_rr(&in, &rr) || rr.type == type)
			return false;
		has_cname |= rr.type == WIRE_CNAME;
	}
	for (unsigned i = 0; i < authorities; i++)
		if (!wire_get_rr(&in, &rr) || rr.type == WIRE_SOA)
			return false;
	return has_cname;
}

bool upstream_packet_goes_round(const uint8_t *packet, int length, const uint8_t *name,
				uint16_t type, bool is_last)
{
	uint8_t at[WIRE_NAME];
	unsigned count, steps = 0;
	struct wire_in in;
	uint16_t asked_type;
	bool is_own;

	if (!packet || length < WIRE_HEADER || length > WIRE_MAX)
		return false;
	in = wire_read(packet, (size_t)length);
	if (!(wire_peek_u16(packet + 2) & WIRE_QR) || packet[3] & 0xf ||
	    !read_question(&in, at, &asked_type) || asked_type != type)
		return false;
	count = wire_peek_u16(packet + 6);
	if (is_last && is_link(&in, count, wire_peek_u16(packet + 8), type))
		return true;
	is_own = wire_name_equal(at, name);
	/* Or what was asked for because of NAME leads back to it. */
	while (steps <= RESTARTS && follow(&in, count, at)) {
		steps++;
		if (!is_own && wire_name_equal(at, name))
			return true;
	}
	return is_own && steps > RESTARTS;
}
