/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag.c - asking NETLINK_SOCK_DIAG, and hearing it. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "guard/sockdiag_private.h"

#define BUFFER_SIZE 32768 /* the kernel fills dumps up to this */
#define READ_MAX 4096     /* datagrams of one answer, or of one reading of events */

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
	struct rtattr attribute;
	uint8_t code[GP_SOCKDIAG_CODE_MAX];
};

/* ---- sockets -------------------------------------------------------------------- */

static int open_socket(int flags)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_SOCK_DIAG);
}

static int close_failed(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

int gp_sockdiag_open(void)
{
	struct timeval limit = {.tv_sec = 1};
	int fd = open_socket(0);

	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit))))
		return close_failed(fd);
	return fd;
}

int gp_sockdiag_listen(int buffer)
{
	static const int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = open_socket(SOCK_NONBLOCK);
	if (fd < 0)
		return -1;

	int error = errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	errno = error;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return close_failed(fd);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])))
			return close_failed(fd);
	return fd;
}

/* ---- asking --------------------------------------------------------------------- */

/* One datagram from the kernel; its size, 0 for one to pass over, or -1. */
static ssize_t receive(int fd, int flags, void *buffer)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {.iov_base = buffer, .iov_len = BUFFER_SIZE};
	struct msghdr message = {.msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &part,
				 .msg_iovlen = 1};
	ssize_t size;

	do
		size = recvmsg(fd, &message, flags);
	while (size < 0 && errno == EINTR);
	/* Any process may send to a netlink socket; the kernel is number 0. */
	if (size > 0 && (message.msg_namelen < sizeof(from) || from.nl_pid != 0))
		return 0;
	return size;
}

/* Whatever an answer that was given up left behind. */
static void drain(int fd, void *buffer)
{
	for (int i = 0; i < READ_MAX; i++)
		if (receive(fd, MSG_DONTWAIT, buffer) < 0 && errno != ENOBUFS)
			return;
}

static uint32_t new_sequence(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000000000LL + now.tv_nsec) | 1;
}

static bool send_request(int fd, const struct request *request)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do
		sent = sendto(fd, request, request->header.nlmsg_len, 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)request->header.nlmsg_len;
}

static void fill(struct request *request, int type, int flags, int family)
{
	*request = (struct request){
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request->body)),
			   .nlmsg_type = (uint16_t)type,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			   .nlmsg_seq = new_sequence()},
		.body = {.sdiag_family = (uint8_t)family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_ext = 1 << (INET_DIAG_INFO - 1)},
	};
}

static void add_filter(struct request *request, const struct gp_addr *addresses,
		       size_t count)
{
	size_t size = gp_sockdiag_code(addresses, count, request->code);

	request->attribute.rta_type = INET_DIAG_REQ_BYTECODE;
	request->attribute.rta_len = (uint16_t)RTA_LENGTH(size);
	request->header.nlmsg_len += (uint32_t)RTA_LENGTH(size);
}

/*
 * Send REQUEST, and read until its answer ends or, where IS_SINGLE, the one socket has
 * come. A dump is read to its end even when nobody wants the rest: the next request on
 * this socket would be refused else. GP_IO, with errno of the system call that failed.
 */
static enum gp_status ask(int fd, const struct request *request, bool is_single,
			  struct gp_sockdiag_walk *walk)
{
	char buffer[BUFFER_SIZE];

	walk->sequence = request->header.nlmsg_seq;
	drain(fd, buffer);
	if (!send_request(fd, request))
		return GP_IO;
	for (int i = 0; i < READ_MAX; i++) {
		ssize_t size = receive(fd, 0, buffer);
		if (size < 0)
			return GP_IO;
		gp_sockdiag_walk(walk, buffer, (size_t)size);
		if (walk->is_ended || (is_single && walk->count > 0))
			return GP_OK;
	}
	return GP_IO;
}

/* ---- dumps ---------------------------------------------------------------------- */

struct wish {
	int family; /* of the remote address */
	unsigned states;
	const struct gp_addr *addresses;
	size_t count;
	bool (*visit)(void *ctx, const struct gp_socket *socket);
	void *ctx;
};

/* False in *GOES_ON: VISIT had enough. */
static enum gp_status dump_sockets(int fd, int socket_family, const struct wish *wish,
				   bool *goes_on)
{
	struct gp_sockdiag_walk walk = {
		.family = wish->family, .visit = wish->visit, .ctx = wish->ctx};
	struct request request;

	fill(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, socket_family);
	request.body.idiag_states = wish->states;
	if (wish->count > 0 || socket_family != wish->family)
		add_filter(&request, wish->addresses, wish->count);
	enum gp_status status = ask(fd, &request, false, &walk);
	*goes_on = !walk.is_stopped;
	return status == GP_OK && walk.error ? GP_IO : status;
}

enum gp_status gp_sockdiag_dump(int fd, int family, unsigned states,
				const struct gp_addr *addresses, size_t count,
				bool (*visit)(void *ctx, const struct gp_socket *socket),
				void *ctx)
{
	struct wish wish = {family, states, addresses, count, visit, ctx};
	int error = errno;
	bool goes_on;

	if ((family != AF_INET && family != AF_INET6) || count > GP_SOCKDIAG_FILTER_MAX)
		return GP_RANGE;
	for (size_t i = 0; i < count; i++)
		if (addresses[i].family != family)
			return GP_RANGE;
	enum gp_status status = dump_sockets(fd, family, &wish, &goes_on);
	if (status == GP_OK && goes_on && family == AF_INET)
		status = dump_sockets(fd, AF_INET6, &wish, &goes_on);
	errno = error;
	return status;
}

/* ---- one socket ----------------------------------------------------------------- */

static bool keep(void *ctx, const struct gp_socket *socket)
{
	*(struct gp_socket *)ctx = *socket;
	return false;
}

static enum gp_status status_of(int error)
{
	switch (error) {
	case 0:
		return GP_OK;
	case EPERM:
	case EACCES:
		return GP_PERM;
	case ENOENT:
	case ESTALE:
		return GP_NOTFOUND;
	case EOPNOTSUPP:
	case EINVAL:
		return GP_UNSUPPORTED;
	default:
		return GP_IO;
	}
}

enum gp_status gp_sockdiag_find(int fd, const struct gp_socket *socket,
				struct gp_socket *out)
{
	struct gp_socket found;
	struct gp_sockdiag_walk walk = {.visit = keep, .ctx = &found};
	struct request request;
	int error = errno;

	/* A mapped one is found under its IPv4 addresses as well. */
	fill(&request, SOCK_DIAG_BY_FAMILY, 0, socket->remote.family);
	request.body.idiag_states = ~0U;
	gp_sockdiag_id(socket, &request.body.id);
	enum gp_status status = ask(fd, &request, true, &walk);
	errno = error;
	if (status != GP_OK)
		return status;
	if (walk.count == 0)
		return walk.error ? status_of(walk.error) : GP_NOTFOUND;
	/* The kernel has compared the cookie; a listener of that port has another. */
	if (memcmp(found.cookie, socket->cookie, sizeof(found.cookie)) != 0)
		return GP_NOTFOUND;
	*out = found;
	return GP_OK;
}

static enum gp_status destroy(int fd, const struct gp_socket *socket)
{
	struct gp_sockdiag_walk walk = {.visit = NULL};
	struct request request;

	fill(&request, SOCK_DESTROY, NLM_F_ACK, AF_INET6);
	request.body.idiag_states = GP_STATE_SYN_SENT;
	gp_sockdiag_id(socket, &request.body.id);
	enum gp_status status = ask(fd, &request, false, &walk);
	return status == GP_OK ? status_of(walk.error) : status;
}

enum gp_status gp_sockdiag_destroy(int fd, const struct gp_socket *socket)
{
	struct gp_socket now;
	int error = errno;

	if (socket->remote.family != AF_INET6)
		return GP_NOTFOUND;
	enum gp_status status = gp_sockdiag_find(fd, socket, &now);
	if (status != GP_OK)
		return status;
	if (now.state != TCP_SYN_SENT || now.remote.family != AF_INET6)
		return GP_NOTFOUND;
	status = destroy(fd, &now);
	errno = error;
	return status;
}

/*
 * The kernel looks for the socket first and at the rights only then, so a socket that
 * does not exist cannot tell of them. TCP_REPAIR asks for the same right in the same
 * place: CAP_NET_ADMIN over this network namespace.
 */
static enum gp_status check_rights(void)
{
	int on = 1;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? GP_UNSUPPORTED : GP_IO;

	enum gp_status status = GP_OK;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		status = errno == EPERM ? GP_PERM : GP_UNSUPPORTED;
	close(fd);
	return status;
}

enum gp_status gp_sockdiag_can_destroy(int fd)
{
	struct gp_socket nobody = {
		.local = {.bytes = {[15] = 1}, .family = AF_INET6},
		.remote = {.bytes = {[15] = 1}, .family = AF_INET6},
	};
	int error = errno;
	enum gp_status status = destroy(fd, &nobody);

	if (status == GP_NOTFOUND || status == GP_OK)
		status = check_rights();
	errno = error;
	return status;
}

/* ---- events --------------------------------------------------------------------- */

struct listener {
	void (*visit)(void *ctx, const struct gp_socket *socket);
	void *ctx;
};

static bool hand_on(void *ctx, const struct gp_socket *socket)
{
	struct listener *listener = ctx;

	listener->visit(listener->ctx, socket);
	return true;
}

enum gp_status gp_sockdiag_read(int fd,
				void (*visit)(void *ctx, const struct gp_socket *socket),
				void *ctx)
{
	struct listener listener = {visit, ctx};
	struct gp_sockdiag_walk walk = {.visit = hand_on, .ctx = &listener};
	char buffer[BUFFER_SIZE];
	enum gp_status status = GP_OK;
	int error = errno;

	for (int i = 0; i < READ_MAX; i++) {
		ssize_t size = receive(fd, MSG_DONTWAIT, buffer);
		if (size >= 0) {
			gp_sockdiag_walk(&walk, buffer, (size_t)size);
			continue;
		}
		if (errno == ENOBUFS) {
			status = GP_BUSY;
			continue;
		}
		if (errno != EAGAIN)
			status = GP_IO;
		break;
	}
	errno = error;
	return status;
}
