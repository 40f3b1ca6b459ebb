/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_trust.c - see upstream_trust.h. */
#include "upstream_trust.h"

static uint32_t hash_of(const uint8_t *name, uint16_t type, uint32_t server)
{
	uint8_t copy[WIRE_NAME_ROOM] = {0};
	const size_t length = wire_name_length(name);
	const uint32_t hash =
		(wire_name_fold(name, length, copy) ^ type ^ server << 16) * WIRE_PRIME;

	return hash ? hash : 1;
}

bool trust_decide(struct trust *trust, bool from_server, bool is_kept, uint32_t hash,
		  const uint8_t *name, uint16_t type, uint16_t count)
{
	const uint32_t place = hash % TRUST_PLACES;
	bool is_authentic;

	if (is_kept)
		return trust->places[place].hash == hash &&
		       trust->places[place].count == count;
	is_authentic =
		from_server && ub_heard_is_authentic(&trust->heard, name, type, count);
	if (is_authentic) {
		trust->places[place].hash = hash;
		trust->places[place].count = count;
	} else if (trust->places[place].hash == hash) {
		trust->places[place].hash = 0;
	}
	return is_authentic;
}

bool trust_is_authentic(struct trust *trust, const struct dns_config *config,
			const struct dns_endpoint *server, const uint8_t *name,
			uint16_t type, bool is_kept, const struct answer_reply *reply)
{
	const struct ub_heard *heard = &trust->heard;

	return reply->packet && dns_is_trusted(server) &&
	       dns_dnssec_of(config, name, type) == DNS_DNSSEC_TRUST &&
	       trust_decide(trust,
			    heard->size && dns_endpoint_equal(&heard->from, server),
			    is_kept, hash_of(name, type, reply->server), name, type,
			    wire_peek_u16(reply->packet + 6));
}
