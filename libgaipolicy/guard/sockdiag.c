/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag.c - talking NETLINK_SOCK_DIAG to the kernel. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "guard/sockdiag_private.h"

/* What the kernel puts into one packet of a dump at most. */
#define PACKET_MAX 32768
/* Packets of one answer: some 40 sockets each. */
#define PACKETS_MAX 4096
#define STATE_SYN_SENT 2

union packet {
	struct nlmsghdr align;
	uint8_t bytes[PACKET_MAX];
};

/* ---- sockets ---- */

static int open_socket(int flags)
{
	const struct timeval patience = {1, 0};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_SOCK_DIAG);

	/* The kernel answers a dump within the call; the limit is for what nobody
	 * foresaw. */
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

int gp_sockdiag_open(void)
{
	return open_socket(0);
}

static bool join(int fd, int group)
{
	return !setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			   sizeof(group));
}

int gp_sockdiag_listen(int buffer)
{
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int fd = open_socket(SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	/* One without an address of its own is taken for the sender, and left out. */
	if (!bind(fd, (const struct sockaddr *)(const void *)&any, sizeof(any)) &&
	    join(fd, SKNLGRP_INET_TCP_DESTROY) && join(fd, SKNLGRP_INET6_TCP_DESTROY))
		return fd;
	const int saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return -1;
}

/* ---- packets ---- */

static enum gp_status send_request(int fd, const uint8_t *bytes, size_t size)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do
		sent = sendto(fd, bytes, size, 0,
			      (const struct sockaddr *)(const void *)&kernel,
			      sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size ? GP_OK : GP_IO;
}

/* One packet of the kernel's; nobody else is listened to. Its length, or -1 and errno. */
static ssize_t receive_packet(int fd, union packet *packet)
{
	struct sockaddr_nl from;
	struct iovec part = {packet, sizeof(*packet)};
	ssize_t got;

	for (;;) {
		struct msghdr message = {.msg_name = &from,
					 .msg_namelen = sizeof(from),
					 .msg_iov = &part,
					 .msg_iovlen = 1};
		got = recvmsg(fd, &message, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (from.nl_pid == 0 && !(message.msg_flags & MSG_TRUNC)))
			return got;
	}
}

static uint32_t next_sequence(void)
{
	static uint32_t sequence;

	return __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
}

/* What an error message says; 0: success. */
static int error_of(const struct nlmsghdr *header)
{
	struct nlmsgerr error;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
		return EPROTO;
	memcpy(&error, NLMSG_DATA(header), sizeof(error));
	return -error.error;
}

static enum gp_status status_of(int error)
{
	switch (error) {
	case 0:
		return GP_OK;
	case ENOENT:
	case ESTALE:
		return GP_NOTFOUND;
	case EPERM:
	case EACCES:
		return GP_PERM;
	case EOPNOTSUPP:
		return GP_UNSUPPORTED;
	default:
		errno = error;
		return GP_IO;
	}
}

/* ---- dumps ---- */

struct visitor {
	bool (*visit)(void *ctx, const struct gp_socket *socket);
	void *ctx;
	uint32_t sequence;
	bool is_over, is_bored;
	enum gp_status status;
};

static void visit_packet(struct visitor *visitor, const union packet *packet,
			 size_t length)
{
	const struct nlmsghdr *header = &packet->align;
	struct gp_socket found;

	for (; NLMSG_OK(header, length) && !visitor->is_over;
	     header = NLMSG_NEXT(header, length)) {
		if (header->nlmsg_seq != visitor->sequence)
			continue; /* of an answer that somebody gave up on */
		if (header->nlmsg_type == NLMSG_DONE) {
			visitor->is_over = true;
		} else if (header->nlmsg_type == NLMSG_ERROR) {
			visitor->status = status_of(error_of(header));
			visitor->is_over = true;
		} else if (!visitor->is_bored && sockdiag_parse(header, &found)) {
			/* To its end all the same: the rest would lie in the next one's
			 * way. */
			visitor->is_bored = !visitor->visit(visitor->ctx, &found);
		}
	}
}

static enum gp_status visit_answer(int fd, struct visitor *visitor)
{
	union packet packet;

	for (unsigned i = 0; i < PACKETS_MAX && !visitor->is_over; i++) {
		const ssize_t got = receive_packet(fd, &packet);
		if (got < 0)
			return GP_IO;
		visit_packet(visitor, &packet, (size_t)got);
	}
	return visitor->status;
}

enum gp_status gp_sockdiag_dump(int fd, int family, unsigned states,
				const struct gp_addr *addresses, size_t count,
				bool (*visit)(void *ctx, const struct gp_socket *socket),
				void *ctx)
{
	uint8_t request[SOCKDIAG_REQUEST_MAX];
	struct visitor visitor = {
		.visit = visit, .ctx = ctx, .sequence = next_sequence()};
	const size_t length = sockdiag_dump_request(request, visitor.sequence, family,
						    states, addresses, count);
	const int saved_errno = errno;
	enum gp_status status;

	if (!length)
		return GP_RANGE;
	status = send_request(fd, request, length);
	if (status == GP_OK)
		status = visit_answer(fd, &visitor);
	if (status == GP_OK)
		errno = saved_errno;
	return status;
}

/* ---- events ---- */

static void visit_events(const union packet *packet, size_t length,
			 void (*visit)(void *ctx, const struct gp_socket *socket),
			 void *ctx)
{
	const struct nlmsghdr *header = &packet->align;
	struct gp_socket closed;

	for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length))
		if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    sockdiag_parse(header, &closed))
			visit(ctx, &closed);
}

enum gp_status gp_sockdiag_read(int fd,
				void (*visit)(void *ctx, const struct gp_socket *socket),
				void *ctx)
{
	const int saved_errno = errno;
	enum gp_status status = GP_OK;
	union packet packet;

	/* Bounded: on a busy host the loop has other things to do as well. */
	for (unsigned i = 0; i < 256; i++) {
		const ssize_t got = receive_packet(fd, &packet);
		if (got < 0) {
			if (errno == ENOBUFS)
				status = GP_BUSY;
			else if (errno != EAGAIN)
				return GP_IO;
			break;
		}
		visit_events(&packet, (size_t)got, visit, ctx);
	}
	errno = saved_errno;
	return status;
}

/* ---- one socket ---- */

static bool take_first(void *ctx, const struct gp_socket *socket)
{
	struct gp_socket *out = ctx;

	*out = *socket;
	return false;
}

/* The kernel answers with the socket and nothing behind it, or with an error, of which 0
 * is an acknowledgement: OUT is untouched then. */
static enum gp_status receive_one(int fd, uint32_t sequence, struct gp_socket *out)
{
	union packet packet;
	struct visitor visitor = {.visit = take_first, .ctx = out, .sequence = sequence};

	for (unsigned i = 0; i < PACKETS_MAX; i++) {
		const ssize_t got = receive_packet(fd, &packet);
		if (got < 0)
			return GP_IO;
		visit_packet(&visitor, &packet, (size_t)got);
		if (visitor.is_bored || visitor.is_over)
			return visitor.status;
	}
	return GP_IO;
}

static bool has_cookie(const struct gp_socket *socket)
{
	return socket->cookie[0] != INET_DIAG_NOCOOKIE ||
	       socket->cookie[1] != INET_DIAG_NOCOOKIE;
}

enum gp_status gp_sockdiag_find(int fd, const struct gp_socket *socket,
				struct gp_socket *out)
{
	uint8_t request[SOCKDIAG_REQUEST_MAX];
	const uint32_t sequence = next_sequence();
	struct gp_socket found = {.state = 0};
	enum gp_status status;

	/* By the cookie, or it might be another one by now. */
	if (!has_cookie(socket))
		return GP_NOTFOUND;
	status = send_request(
		fd, request,
		sockdiag_one_request(request, sequence, SOCK_DIAG_BY_FAMILY, socket));
	if (status == GP_OK)
		status = receive_one(fd, sequence, &found);
	if (status == GP_OK && !found.remote.family)
		status = GP_NOTFOUND;
	if (status == GP_OK)
		*out = found;
	return status;
}

static enum gp_status destroy(int fd, const struct gp_socket *socket)
{
	uint8_t request[SOCKDIAG_REQUEST_MAX];
	const uint32_t sequence = next_sequence();
	struct gp_socket nobody;
	enum gp_status status = send_request(
		fd, request,
		sockdiag_one_request(request, sequence, SOCK_DESTROY, socket));

	return status == GP_OK ? receive_one(fd, sequence, &nobody) : status;
}

enum gp_status gp_sockdiag_destroy(int fd, const struct gp_socket *socket)
{
	struct gp_socket now;
	enum gp_status status;

	if (socket->remote.family != AF_INET6)
		return GP_NOTFOUND;
	status = gp_sockdiag_find(fd, socket, &now);
	if (status != GP_OK)
		return status;
	if (now.state != STATE_SYN_SENT || now.remote.family != AF_INET6 ||
	    memcmp(now.cookie, socket->cookie, sizeof(now.cookie)) != 0)
		return GP_NOTFOUND;
	return destroy(fd, &now);
}

enum gp_status gp_sockdiag_can_destroy(int fd)
{
	/* 100::/64 leads nowhere (RFC 6666), and port 0 is nobody's. */
	const struct gp_socket nobody = {
		.local = {.bytes = {1}, .family = AF_INET6},
		.remote = {.bytes = {1, [15] = 1}, .family = AF_INET6},
	};
	const enum gp_status status = destroy(fd, &nobody);

	return status == GP_NOTFOUND ? GP_OK : status;
}
