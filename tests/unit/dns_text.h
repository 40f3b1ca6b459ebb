/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_text.h - DNS messages from and to text, for tests of the pure core. */
#ifndef TESTS_UNIT_DNS_TEXT_H
#define TESTS_UNIT_DNS_TEXT_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/dns/answer_private.h"

static const struct {
	const char *name;
	uint16_t number;
} dns_types[] = {
	{"A", WIRE_A},     {"NS", WIRE_NS},       {"CNAME", WIRE_CNAME},
	{"SOA", WIRE_SOA}, {"PTR", WIRE_PTR},     {"MX", WIRE_MX},
	{"TXT", 16},       {"AAAA", WIRE_AAAA},   {"DNAME", WIRE_DNAME},
	{"DS", WIRE_DS},   {"RRSIG", WIRE_RRSIG}, {"NSEC", WIRE_NSEC},
	{"DNSKEY", 48},    {"ANY", WIRE_ANY},     {"HINFO", WIRE_HINFO},
};

static inline uint16_t dns_type(const char *name)
{
	for (size_t i = 0; i < sizeof(dns_types) / sizeof(dns_types[0]); i++)
		if (!strcmp(dns_types[i].name, name))
			return dns_types[i].number;
	fail_msg("no type %s", name);
	return 0;
}

static inline const char *dns_type_name(uint16_t number)
{
	for (size_t i = 0; i < sizeof(dns_types) / sizeof(dns_types[0]); i++)
		if (dns_types[i].number == number)
			return dns_types[i].name;
	return "?";
}

static inline uint8_t *dns_name(const char *text)
{
	static uint8_t names[4][WIRE_NAME];
	static unsigned next;
	uint8_t *name = names[next++ % 4];

	assert_int_not_equal(wire_name_parse(text, name), 0);
	return name;
}

/* A record of TEXT's value. */
static inline void dns_put(struct wire_out *out, const char *owner, const char *type,
			   uint32_t ttl, const char *data)
{
	const size_t ttl_at = wire_begin_rr(out, dns_name(owner), dns_type(type), ttl);
	uint8_t bytes[16];
	char target[300];

	switch (dns_type(type)) {
	case WIRE_A:
		assert_int_equal(inet_pton(AF_INET, data, bytes), 1);
		wire_put_bytes(out, bytes, 4);
		break;
	case WIRE_AAAA:
		assert_int_equal(inet_pton(AF_INET6, data, bytes), 1);
		wire_put_bytes(out, bytes, 16);
		break;
	case WIRE_MX:
		wire_put_u16(out, (uint16_t)strtoul(data, NULL, 10));
		snprintf(target, sizeof(target), "%s", strchr(data, ' ') + 1);
		wire_put_name(out, dns_name(target));
		break;
	case WIRE_NS:
	case WIRE_CNAME:
	case WIRE_PTR:
		wire_put_name(out, dns_name(data));
		break;
	default: { /* DNAME: never compressed */
		const uint8_t *name = dns_name(data);
		wire_put_bytes(out, name, wire_name_length(name));
	}
	}
	wire_end_rr(out, ttl_at);
}

static inline void dns_put_soa(struct wire_out *out, const char *owner, uint32_t ttl,
			       uint32_t minimum)
{
	const size_t ttl_at = wire_begin_rr(out, dns_name(owner), WIRE_SOA, ttl);

	wire_put_name(out, dns_name("ns1.example.com."));
	wire_put_name(out, dns_name("hostmaster.example.com."));
	for (uint32_t i = 1; i <= 4; i++)
		wire_put_u32(out, i);
	wire_put_u32(out, minimum);
	wire_end_rr(out, ttl_at);
}

/* The value of RR of the message IN, as text. */
static inline char *dns_value(const struct wire_in *in, const struct wire_rr *rr)
{
	static char text[WIRE_NAME_TEXT + 8];
	struct wire_in at = *in;
	uint8_t name[WIRE_NAME];

	at.at = rr->rdata_at;
	at.failed = false;
	text[0] = '\0';
	if (rr->type == WIRE_A) {
		inet_ntop(AF_INET, rr->rdata, text, sizeof(text));
	} else if (rr->type == WIRE_AAAA) {
		inet_ntop(AF_INET6, rr->rdata, text, sizeof(text));
	} else if (rr->type == WIRE_MX) {
		const int used = snprintf(text, 8, "%u ", wire_u16(&at));
		assert_int_not_equal(wire_name(&at, name), 0);
		wire_name_text(name, text + used);
	} else if (rr->type == WIRE_CNAME || rr->type == WIRE_DNAME ||
		   rr->type == WIRE_PTR || rr->type == WIRE_NS) {
		assert_int_not_equal(wire_name(&at, name), 0);
		wire_name_text(name, text);
	}
	return text;
}

#endif
