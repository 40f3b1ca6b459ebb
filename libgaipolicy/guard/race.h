/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * race.h - connection attempts as RFC 8305 makes them: non-blocking, and told at once of
 * ICMP errors (IPV6_RECVERR), which connect() alone hears of a second later. Nothing is
 * sent on a connection, and it is reset rather than closed slowly.
 */
#ifndef LIBGAIPOLICY_GUARD_RACE_H
#define LIBGAIPOLICY_GUARD_RACE_H

#include "gaipolicy.h"

/** How an attempt ended. */
enum gp_attempt {
	GP_ATTEMPT_PENDING,
	GP_ATTEMPT_OK, /**< connected */
	/** RST, or "port unreachable" from the destination itself (RFC 4443 3.1 code 4):
	 * somebody is there, which is as good. */
	GP_ATTEMPT_REFUSED,
	/** An ICMP error came back from somebody else (RFC 4443 3.1, RFC 792). */
	GP_ATTEMPT_ICMP,
	/** Nothing came back in time; or the neighbour, destination or gateway, never
	 * answered this host's own question for it (RFC 4861 7.2.2), after 3 s. */
	GP_ATTEMPT_TIMEOUT,
	/** This host has no route, no right, no descriptor left or a firewall of its own,
	 * or the socket was destroyed (SOCK_DESTROY): says nothing. */
	GP_ATTEMPT_LOCAL,
};

/** "pending", "ok", "refused", "icmp", "timeout", "local". */
const char *gp_attempt_name(enum gp_attempt result);

/**
 * Begin to connect to ADDR and PORT (host byte order). Returns the socket, to be waited
 * on for writability and closed with gp_attempt_close, and PENDING in *RESULT; or -1 and
 * what it came to at once.
 */
int gp_attempt_start(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result);

/**
 * What became of it, once the socket is writable or has an error; PENDING if neither is
 * so. Takes the error off the socket: ask once. When the caller's time is over, ask once
 * more before it is called TIMEOUT.
 */
enum gp_attempt gp_attempt_check(int fd);

/** Close it; a connection that came about is reset (SO_LINGER 0). errno is preserved
 * by all of these. */
void gp_attempt_close(int fd);

#endif
