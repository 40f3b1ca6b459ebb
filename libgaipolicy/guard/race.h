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
	GP_ATTEMPT_OK,      /**< connected */
	GP_ATTEMPT_REFUSED, /**< RST: somebody is there, which is as good */
	GP_ATTEMPT_ICMP,    /**< an ICMP error came back (RFC 4443 3.1) */
	GP_ATTEMPT_TIMEOUT, /**< nothing came back in time */
	GP_ATTEMPT_LOCAL,   /**< this host has no route or no right: says nothing */
};

/** "ok", "refused", "icmp", "timeout", "local". */
const char *gp_attempt_name(enum gp_attempt result);

/**
 * Begin to connect to ADDR and PORT (host byte order). Returns the socket, to be waited
 * on for writability and closed with gp_attempt_close, and PENDING in *RESULT; or -1 and
 * what it came to at once.
 */
int gp_attempt_start(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result);

/** What became of it, once the socket is writable or has an error. */
enum gp_attempt gp_attempt_check(int fd);

/** Close it; a connection that came about is reset (SO_LINGER 0). */
void gp_attempt_close(int fd);

#endif
