/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_trust.c - see upstream_trust.h. */
#include "upstream_trust.h"

static uint32_t hash_of(const uint8_t *name, uint16_t type)
{
	uint8_t copy[WIRE_NAME_ROOM] = {0};
	const size_t length = wire_name_length(name);
	const uint32_t hash = (wire_name_fold(name, length, copy) ^ type) * WIRE_PRIME;

	return hash ? hash : 1;
}

bool trust_decide(struct trust *trust, const struct ub_heard *heard, bool from_server,
		  bool is_kept, const uint8_t *name, uint16_t type, uint16_t count)
{
	const uint32_t hash = hash_of(name, type);
	bool is_authentic;

	const uint32_t place = hash % TRUST_PLACES;
	if (is_kept)
		return trust->places[place].hash == hash &&
		       trust->places[place].count == count;
	is_authentic = from_server && ub_heard_is_authentic(heard, name, type, count);
	if (is_authentic) {
		trust->places[place].hash = hash;
		trust->places[place].count = count;
	} else if (trust->places[place].hash == hash) {
		trust->places[place].hash = 0;
	}
	return is_authentic;
}
