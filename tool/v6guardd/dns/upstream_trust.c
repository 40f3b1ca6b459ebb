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

bool trust_decide(struct trust *trust, bool from_server, bool is_kept,
		  const uint8_t *name, uint16_t type, uint16_t count)
{
	const uint32_t hash = hash_of(name, type);
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

static bool is_from(const struct ub_heard *heard, const struct dns_endpoint *list,
		    size_t count)
{
	for (size_t i = 0; heard->size && i < count; i++)
		if (dns_is_trusted(&list[i]) &&
		    dns_endpoint_equal(&heard->from, &list[i]))
			return true;
	return false;
}

bool trust_is_authentic(struct trust *trust, const struct dns_config *config,
			const struct dns_endpoint *list, size_t count,
			const uint8_t *name, uint16_t type, bool is_kept,
			const struct answer_reply *reply)
{
	return reply->packet && dns_dnssec_of(config, name, type) == DNS_DNSSEC_TRUST &&
	       trust_decide(trust, is_from(&trust->heard, list, count), is_kept, name,
			    type, wire_peek_u16(reply->packet + 6));
}
