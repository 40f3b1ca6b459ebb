/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * relink.h - libc's list of addresses in another order, or without some: the nodes stay
 * what they are, only their links change. Pure. For nss/ only.
 *
 * An entry is a run of neighbours with one address, each of another socket type or
 * protocol, as getaddrinfo gives them.
 */
#ifndef NSS_RELINK_H
#define NSS_RELINK_H

#include <netdb.h>

#include "gaipolicy.h"

/** The number of entries; 0 as well when a node is neither AF_INET nor AF_INET6. */
size_t relink_count(struct addrinfo *list);

/**
 * A candidate for each of the first COUNT entries, kept for now. A v4-mapped address
 * (::ffff:0:0/96) counts as the IPv4 one it stands for.
 */
void relink_candidates(struct addrinfo *list, struct gp_candidate *out, size_t count);

/**
 * Put LIST's entries in the order of the CANDIDATES, which are its own, each once; what
 * was stripped goes to *REMOVED (NULL: nothing), to be freed. Returns the list, NULL when
 * all was stripped. Its first node has the canonical name, if any node had one.
 */
struct addrinfo *relink(struct addrinfo *list, const struct gp_candidate *candidates,
			size_t count, struct addrinfo **removed);

#endif
