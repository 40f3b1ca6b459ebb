/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source.h - the facts that gp_sort needs, from the kernel: which source address would be
 * used, its prefix and flags, and whether its interface is a tunnel. Nothing is sent, no
 * memory is taken, and no descriptor is kept beyond gp_source_close.
 */
#ifndef LIBGAIPOLICY_RFC6724_SOURCE_H
#define LIBGAIPOLICY_RFC6724_SOURCE_H

#include "rfc6724/sort.h"

/** Gets the bytes of one rtnetlink(7) datagram: any number of messages. */
typedef void gp_source_hear(void *hearer, const void *bytes, size_t size);

/** Where facts come from; CTX is handed through. */
struct gp_source_ops {
	void *ctx;
	/** The source address towards TO, or false: there is no way. */
	bool (*source_of)(void *ctx, const struct gp_addr *to, struct gp_addr *source);
	/**
	 * Ask for all addresses (RTM_GETADDR), links (RTM_GETLINK) or address labels
	 * (RTM_GETADDRLABEL). False: the answer did not come, or not to its end.
	 */
	bool (*dump)(void *ctx, int type, gp_source_hear *hear, void *hearer);
};

/** How facts are put together. */
enum gp_source_way {
	/** As they are; an address that several interfaces have: its zone's, else the
	 * first. */
	GP_SOURCE_PLAIN,
	/**
	 * As getaddrinfo knows them. It looks a source up by the address of the peer if
	 * the interface is point to point; a source in 127/8 as 127.0.0.1, unless an IPv6
	 * destination stands before in the list; of an address that several interfaces
	 * have the one that a bsearch() comes upon; and knows nothing of any address on
	 * a host whose only IPv6 address, if any, is ::1. (The rule for 127/8 is that of
	 * net.ipv6.bindv6only = 0.)
	 */
	GP_SOURCE_AS_GLIBC,
};

/**
 * Fill in source, source_length, interface and facts of COUNT destinations, whose addr is
 * set; GP_FACT_UNREACHABLE is kept where the caller set it. What cannot be known is left
 * empty: no source, length 0, interface 0. errno is preserved.
 */
void gp_source_facts(const struct gp_source_ops *ops, enum gp_source_way way,
		     struct gp_destination *destinations, size_t count);

/** Sockets of gp_source_kernel. */
struct gp_source_sockets {
	int ipv4_fd, ipv6_fd; /**< -1: not open */
	uint16_t port;        /**< of the destinations, host byte order; 0 is fine */
};

/**
 * The kernel's facts, by a UDP connect(), which sends nothing, and by netlink; sockets
 * are opened when they are first needed. PORT (host byte order) matters to routing rules
 * by port alone. End with gp_source_close.
 */
struct gp_source_ops gp_source_kernel(struct gp_source_sockets *sockets, uint16_t port);

/**
 * The host's own addresses, as gp_key_make has them: the first MAX into KEYS, and in
 * *COUNT how many there are. False: they cannot be known. Only OPS's dump is used.
 */
bool gp_source_own(const struct gp_source_ops *ops, struct gp_key *keys, size_t max,
		   size_t *count);

void gp_source_close(struct gp_source_sockets *sockets);

#endif
