/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * serve_count.h - what the resolver counts by type, RCODE and time, since its start. It
 * is counted for each answer: an index and an addition, nothing else.
 */
#ifndef TOOL_V6GUARDD_DNS_SERVE_COUNT_H
#define TOOL_V6GUARDD_DNS_SERVE_COUNT_H

#include "wire.h"

/** Types that are counted by themselves. */
enum count_type {
	COUNT_OTHER,
	COUNT_A,
	COUNT_AAAA,
	COUNT_PTR,
	COUNT_HTTPS,
	COUNT_SVCB,
	COUNT_MX,
	COUNT_TXT,
	COUNT_SRV,
	COUNT_NS,
	COUNT_SOA,
	COUNT_DS,
	COUNT_DNSKEY,
	COUNT_ANY,
	COUNT_TYPES
};

#define COUNT_RCODES 16
/** Answers that took less than 1, 2, 4, ... 4096 ms; the last: longer. */
#define COUNT_TIMES 14

/** What servers said to questions of one type. */
struct count_said {
	uint64_t asked;    /* questions that came to an end */
	uint64_t servfail; /* SERVFAIL, whoever made it of what */
	uint64_t timeouts; /* nothing came that could be used, in the time there was */
};

struct serve_counts {
	/* Messages that were sent to clients: by the type that was asked for, and the
	 * header's RCODE. */
	uint64_t answers[COUNT_TYPES][COUNT_RCODES];
	/* Those that were not at hand: how long the first who asked had to wait, and
	 * milliseconds in all. */
	uint64_t took[COUNT_TIMES], took_ms;
	struct count_said a, aaaa;
};

/** Which of enum count_type has TYPE; the rest is COUNT_OTHER. */
extern const uint8_t count_types[WIRE_HTTPS + 1];

static inline enum count_type count_type_of(uint16_t type)
{
	if (type <= WIRE_HTTPS)
		return (enum count_type)count_types[type];
	return type == WIRE_ANY ? COUNT_ANY : COUNT_OTHER;
}

/** A message with FLAGS goes to who asked for TYPE. */
static inline void count_answer(struct serve_counts *counts, uint16_t type,
				uint16_t flags)
{
	counts->answers[count_type_of(type)][flags & 0xf]++;
}

/** MS is how long it took. */
void count_time(struct serve_counts *counts, long long ms);

/** A question for TYPE came to an end: with PACKET (a whole header), or NULL: without. */
void count_said(struct serve_counts *counts, uint16_t type, const uint8_t *packet);

/** For people and programs: "A", "other". */
const char *count_type_name(enum count_type type);
/** "NOERROR"; NULL: it has no name, and is counted as `other`. */
const char *count_rcode_name(unsigned rcode);
/** Of enum count_type and of all RCODEs, or of one and of all types. */
uint64_t count_of_type(const struct serve_counts *counts, enum count_type type);
uint64_t count_of_rcode(const struct serve_counts *counts, unsigned rcode);

#endif
