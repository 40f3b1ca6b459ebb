/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag_private.h - messages of NETLINK_SOCK_DIAG and back; what sockdiag*.c share.
 * Pure. */
#ifndef LIBGAIPOLICY_GUARD_SOCKDIAG_PRIVATE_H
#define LIBGAIPOLICY_GUARD_SOCKDIAG_PRIVATE_H

#include <linux/netlink.h>

#include "guard/sockdiag.h"

/** Destinations that one filter takes. */
#define SOCKDIAG_FILTER_MAX 32
/** The largest request: a header, the fixed part, a filter for all of them. */
#define SOCKDIAG_REQUEST_MAX 2048

/**
 * Write a request for all TCP sockets of FAMILY in STATES, to COUNT of ADDRESSES alone if
 * COUNT is not 0. Returns its length; 0: more than SOCKDIAG_FILTER_MAX.
 */
size_t sockdiag_dump_request(uint8_t buf[SOCKDIAG_REQUEST_MAX], uint32_t sequence,
			     int family, unsigned states, const struct gp_addr *addresses,
			     size_t count);

/**
 * Write a request about this one socket: look it up (TYPE SOCK_DIAG_BY_FAMILY) or destroy
 * it (SOCK_DESTROY, with an acknowledgement). Returns its length.
 */
size_t sockdiag_one_request(uint8_t buf[SOCKDIAG_REQUEST_MAX], uint32_t sequence,
			    uint16_t type, const struct gp_socket *socket);

/** HEADER is a socket of either family with all its attributes inside it: OUT. */
bool sockdiag_parse(const struct nlmsghdr *header, struct gp_socket *out);

#endif
