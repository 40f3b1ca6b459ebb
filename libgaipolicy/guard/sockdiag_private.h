/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag_private.h - what sockdiag*.c share, and the tests: the bytes of
 * NETLINK_SOCK_DIAG, apart from any socket, and one question and its answer. */
#ifndef LIBGAIPOLICY_GUARD_SOCKDIAG_PRIVATE_H
#define LIBGAIPOLICY_GUARD_SOCKDIAG_PRIVATE_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "guard/sockdiag.h"

#define GP_SOCKDIAG_FILTER_MAX 32

/** An IPv6 host condition of inet_diag's byte code, and the jump behind it. */
#define GP_SOCKDIAG_CODE_MAX (GP_SOCKDIAG_FILTER_MAX * (28 + 4))

/** What is sent: nlmsg_len says how much of it. */
struct gp_sockdiag_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
	struct rtattr attribute;
	uint8_t code[GP_SOCKDIAG_CODE_MAX];
};

/** Fill in header and body, with a new sequence number. FLAGS beside NLM_F_REQUEST. */
void gp_sockdiag_request(struct gp_sockdiag_request *request, int type, int flags,
			 int family);

/** What the messages of one answer came to so far. */
struct gp_sockdiag_walk {
	uint32_t sequence; /**< in: of the request; 0: events, which have none */
	int family;        /**< in: of the remote address; 0: either */
	bool (*visit)(void *ctx, const struct gp_socket *socket); /**< in: or NULL */
	void *ctx;
	bool is_ended;   /**< out: NLMSG_DONE or NLMSG_ERROR came */
	bool is_stopped; /**< out: VISIT had enough */
	int error;       /**< out: positive errno out of either, 0: an ACK */
	size_t count;    /**< out: sockets visited */
};

/**
 * Go through one datagram. Messages of another sequence number, of other types and those
 * that are cut short are passed over.
 */
void gp_sockdiag_walk(struct gp_sockdiag_walk *walk, const void *bytes, size_t size);

/**
 * Send REQUEST, and read until its answer ends or, where IS_SINGLE, the one socket has
 * come. A dump is read to its end even when nobody wants the rest: the next request on
 * this socket would be refused else. GP_IO, with errno of the system call that failed.
 */
enum gp_status gp_sockdiag_ask(int fd, const struct gp_sockdiag_request *request,
			       bool is_single, struct gp_sockdiag_walk *walk);

/** Read one message's body: struct inet_diag_msg and attributes; false: not a TCP socket
 * of either family, or cut short. */
bool gp_sockdiag_parse(const void *body, size_t size, struct gp_socket *out);

/**
 * The byte code for "the destination is one of ADDRESSES" (COUNT up to
 * GP_SOCKDIAG_FILTER_MAX, of one family); its size. COUNT 0: any IPv4 address, which in
 * a dump of AF_INET6 lets through only IPv4-mapped ones.
 */
size_t gp_sockdiag_code(const struct gp_addr *addresses, size_t count,
			uint8_t code[GP_SOCKDIAG_CODE_MAX]);

/** The kernel's name for SOCKET. */
void gp_sockdiag_id(const struct gp_socket *socket, struct inet_diag_sockid *out);

#endif
