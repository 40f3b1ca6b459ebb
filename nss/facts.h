/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* facts.h - what the kernel says about an address, asked by socket. For nss/ only. */
#ifndef NSS_FACTS_H
#define NSS_FACTS_H

#include "gaipolicy.h"

/** Sockets of one decision: opened when first needed, closed by facts_close. */
struct socket_facts {
	int ipv4_fd, ipv6_fd; /**< -1: not open */
};

/** Facts that ask through SOCKETS. Thread cancellation must be off until facts_close. */
struct gp_facts facts_open(struct socket_facts *sockets);
void facts_close(struct socket_facts *sockets);

#endif
