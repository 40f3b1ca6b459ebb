/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * question.h - what a client asks: a message's bytes to a struct, or to what it deserves
 * instead of an answer. Pure; reads whatever anybody may send.
 */
#ifndef TOOL_V6GUARDD_DNS_QUESTION_H
#define TOOL_V6GUARDD_DNS_QUESTION_H

#include "wire.h"

/** What becomes of a message. */
enum question_fate {
	QUESTION_GOOD,
	QUESTION_DROP,   /* no answer: it is one itself, or too short to be anything */
	QUESTION_REFUSE, /* an answer of header, question if readable, and `rcode` */
};

struct question {
	uint16_t id, flags;           /* as in the header */
	uint8_t name[WIRE_NAME_ROOM]; /* lower case */
	uint16_t name_length;
	uint32_t hash;                 /* wire_name_hash of it */
	uint8_t asked[WIRE_NAME_ROOM]; /* as the client spelled it (0x20) */
	uint16_t type, class;
	bool has_question; /* name, type and class are there */
	bool has_opt;
	bool dnssec_ok;       /* DO */
	bool wants_keepalive; /* edns-tcp-keepalive (RFC 7828) */
	bool wants_why;       /* GP_OPTION_WHY */
	uint8_t why_off;      /* then: enum answer_why, why DNS64 is off for the client */
	uint16_t size; /* that the client takes by UDP: 512 without OPT, at least 512 with
			*/
	uint16_t rcode; /* with QUESTION_REFUSE: enum wire_rcode */
};

/**
 * Read SIZE bytes. OUT is filled as far as they could be read, so that a refusal can
 * repeat id and question, and has an OPT if they have one (RFC 6891 6.1.1).
 *
 * FORMERR: not exactly one question, records in answer or authority, a compressed or
 * broken name, a second OPT or one whose name is not the root (RFC 6891 6.1.1), bytes
 * behind the end. NOTIMP: another opcode, zone transfers. BADVERS: EDNS above 0
 * (RFC 6891 6.1.3). Unknown options are ignored (6.1.2), as are other records in the
 * additional section (TSIG, SIG(0)).
 */
enum question_fate question_read(const uint8_t *bytes, size_t size, struct question *out);

#endif
