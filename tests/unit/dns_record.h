/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_record.h - records as text, for scenario files (dns_scenario.h). */
#ifndef TESTS_UNIT_DNS_RECORD_H
#define TESTS_UNIT_DNS_RECORD_H

#include "tool/v6guardd/dns/answer_private.h"

#define RECORD_TEXT 2048

/** 0: there is no such type, or it has no name here. TYPE65280 is one as well. */
uint16_t record_type(const char *text);
/** TYPE's name, TYPE65280 where it has none here. */
void record_type_text(uint16_t type, char out[RECORD_TEXT]);
/** Of a name that ends with a dot; false: it is none. */
bool record_name(const char *text, uint8_t out[WIRE_NAME]);
/** -1: there is no such RCODE. */
int record_rcode(const char *text);
const char *record_rcode_text(unsigned rcode);

/**
 * Write the record of TEXT, "OWNER TTL TYPE VALUE". Values are as in zone files, but of
 * SOA only the minimum is written, of RRSIG only the type that it covers, of NSEC and DS
 * one word; HTTPS and SVCB: "PRIORITY TARGET KEY=VALUE..."; of any type \\# and a number:
 * so many bytes of 0. NULL, or what is wrong.
 */
const char *record_put(struct wire_out *out, const char *text);

/** RR of the message IN as TEXT that record_put would take. */
void record_text(const struct wire_in *in, const struct wire_rr *rr,
		 char out[RECORD_TEXT]);

#endif
