/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnsask.h - one DNS question to one server; for `resolver`. */
#ifndef TOOL_V6GUARD_DNSASK_H
#define TOOL_V6GUARD_DNSASK_H

#include "cli.h"

#define DNSASK_TEXT 1100
#define DNSASK_WORDS 256

struct dnsask {
	uint8_t bytes[65535];
	size_t size;
	unsigned rcode;
	bool is_cut;       /* TC */
	bool is_authentic; /* AD */
	bool is_stale;     /* its time is over (RFC 8767) */
	int ede;           /* RFC 8914; -1: none but for that */
	/* Its text, and what the resolver says to GP_OPTION_WHY; "": nothing. */
	char ede_text[DNSASK_WORDS], why[DNSASK_WORDS];
};

/** A name that a PTR may be at. */
#define DNSASK_REVERSE 74

/** The name below in-addr.arpa or ip6.arpa that stands for ADDR. */
const char *dnsask_reverse(const struct gp_addr *addr, char out[DNSASK_REVERSE]);

/**
 * Ask SERVER, "ADDRESS:PORT" or "[ADDRESS]:PORT", for NAME and TYPE of class IN by UDP,
 * and by TCP when the answer does not fit; wait LIMIT_MS for each. It also asks why the
 * answer is as it is, and whether it is authentic. DO: as who sees signatures. False, and
 * WHY: there is no answer that could be read.
 */
bool dnsask(const char *server, const char *name, unsigned type, bool dnssec_ok,
	    int limit_ms, struct dnsask *out, char why[128]);

/** Parts of that. A socket connected to SERVER, -1 and errno; the bytes of such a
 * question, or of one without OPT, as libc asks, 0 when NAME is none; what the first size
 * of OUT's bytes say, false when they are no answer. */
int dnsask_connect(const char *server);
size_t dnsask_build(const char *name, unsigned type, bool dnssec_ok, uint16_t id,
		    uint8_t out[512]);
size_t dnsask_plain(const char *name, unsigned type, uint16_t id, uint8_t out[512]);
bool dnsask_read(struct dnsask *out);

/** Call VISIT with each record of the answer section as text: "NAME TTL TYPE VALUE". */
void dnsask_each(const struct dnsask *answer, void (*visit)(void *ctx, const char *text),
		 void *ctx);

/** NAME can be asked for: no empty label, none above 63 bytes, 255 in all; in another
 * script it is asked for in its ASCII form. */
bool dnsask_is_name(const char *name);

/** The number of a type ("AAAA", "TYPE65"); 0: there is none of that name. */
unsigned dnsask_type(const char *word);

const char *dnsask_rcode(unsigned rcode);

#endif
