/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_packet.h - what libunbound's callback hands over: is it an answer? Pure. */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_PACKET_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upstream_walk.h"

/**
 * How many of LENGTH bytes of PACKET are an answer to the question of TYPE for NAME; 0:
 * none. RCODE is libunbound's own: with 0 it made PACKET, of what a server said, which
 * may be no address and no name all the same (wire_rr_is_sound). Else that is a buffer in
 * which anything may stand, the question, or the last message that it refused, and LENGTH
 * may be beyond it: only an error, and of that question, counts.
 */
size_t upstream_packet(int rcode, const uint8_t *packet, int length, const uint8_t *name,
		       uint16_t type);

/** What it comes to for a question of TYPE; SIZE 0: nothing. */
enum walk_kind upstream_kind(const uint8_t *packet, size_t size, uint16_t type);

/** An empty answer without an SOA (RFC 2308 2.2): of a server that offers no recursion,
 * and has no authority, that is a referral or nothing, not a denial. */
bool upstream_may_be_lame(const uint8_t *packet, size_t size);

/**
 * That buffer, where upstream_packet found no answer, shows why: it is what a server
 * said, and its CNAMEs go on for longer than libunbound follows them, or lead back to
 * NAME. IS_LAST: nothing else was said to this query since, so that a CNAME alone is
 * enough; what is wrong is at its end.
 */
bool upstream_packet_goes_round(const uint8_t *packet, int length, const uint8_t *name,
				uint16_t type, bool is_last);

#endif
