/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ub_heard.h - the datagram that libunbound is about to read: a look at its head.
 * libunbound clears the AD bit of what a server says, whatever its options are, so that
 * `dnssec = trust` has to see it before.
 */
#ifndef TOOL_V6GUARDD_DNS_UB_HEARD_H
#define TOOL_V6GUARDD_DNS_UB_HEARD_H

#include "dns_config.h"

/** Of one call by the loop. */
struct ub_heard {
	bool is_reading; /* libunbound is called as there is something to read */
	size_t size;     /* of BYTES; 0: it is no datagram, or nobody wants to know */
	struct dns_endpoint from;
	uint8_t bytes[WIRE_HEADER + WIRE_NAME + 4];
};

/** Look at what waits at FD; it stays there. */
void ub_heard_look(struct ub_heard *heard, int fd);

/**
 * What is heard is an answer to NAME and TYPE, with the AD bit and with as many records
 * as the COUNT that libunbound hands on: all of these are in it, and none is from
 * elsewhere (a CNAME's target that was asked for by itself).
 */
bool ub_heard_is_authentic(const struct ub_heard *heard, const uint8_t *name,
			   uint16_t type, uint16_t count);

#endif
