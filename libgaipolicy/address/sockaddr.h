/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockaddr.h - addresses as the kernel's calls take them. Pure. */
#ifndef LIBGAIPOLICY_ADDRESS_SOCKADDR_H
#define LIBGAIPOLICY_ADDRESS_SOCKADDR_H

#include <netinet/in.h>

#include "gaipolicy.h"

/** Of either family, and long enough for the kernel to fill in. */
union gp_sockaddr {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/** ADDR with PORT (host byte order). Returns the length in use. */
socklen_t gp_sockaddr_fill(union gp_sockaddr *out, const struct gp_addr *addr,
			   uint16_t port);

/** The address of NAME, with its scope; family 0: it is of neither family. */
struct gp_addr gp_sockaddr_addr(const union gp_sockaddr *name);

#endif
