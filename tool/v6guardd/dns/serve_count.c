/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_count.c - see serve_count.h. */
#include <stddef.h>

#include "serve_count.h"

const uint8_t count_types[WIRE_HTTPS + 1] = {
	[WIRE_A] = COUNT_A,       [WIRE_NS] = COUNT_NS,
	[WIRE_SOA] = COUNT_SOA,   [WIRE_PTR] = COUNT_PTR,
	[WIRE_MX] = COUNT_MX,     [WIRE_TXT] = COUNT_TXT,
	[WIRE_AAAA] = COUNT_AAAA, [WIRE_SRV] = COUNT_SRV,
	[WIRE_DS] = COUNT_DS,     [WIRE_DNSKEY] = COUNT_DNSKEY,
	[WIRE_SVCB] = COUNT_SVCB, [WIRE_HTTPS] = COUNT_HTTPS,
};

void count_time(struct serve_counts *counts, long long ms)
{
	unsigned i = 0;

	if (ms < 0)
		ms = 0;
	while (i < COUNT_TIMES - 1 && ms >= 1LL << i)
		i++;
	counts->took[i]++;
	counts->took_ms += (uint64_t)ms;
}

void count_said(struct serve_counts *counts, uint16_t type, const uint8_t *packet)
{
	struct count_said *said = type == WIRE_A      ? &counts->a
				  : type == WIRE_AAAA ? &counts->aaaa
						      : NULL;

	if (!said)
		return;
	said->asked++;
	said->timeouts += !packet;
	said->servfail += packet && (packet[3] & 0xf) == WIRE_SERVFAIL;
}

const char *count_type_name(enum count_type type)
{
	static const char *const names[COUNT_TYPES] = {
		"other", "A",   "AAAA", "PTR", "HTTPS", "SVCB",   "MX",
		"TXT",   "SRV", "NS",   "SOA", "DS",    "DNSKEY", "ANY"};

	return names[type];
}

const char *count_rcode_name(unsigned rcode)
{
	static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : NULL;
}

uint64_t count_of_type(const struct serve_counts *counts, enum count_type type)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COUNT_RCODES; i++)
		sum += counts->answers[type][i];
	return sum;
}

uint64_t count_of_rcode(const struct serve_counts *counts, unsigned rcode)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COUNT_TYPES; i++)
		sum += counts->answers[i][rcode];
	return sum;
}
