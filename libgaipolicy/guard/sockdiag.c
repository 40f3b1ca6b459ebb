/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag.c - asking NETLINK_SOCK_DIAG, and hearing it. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "guard/sockdiag_private.h"

#define BUFFER_SIZE 32768 /* the kernel fills dumps up to this */
#define ANSWER_MAX 4096   /* datagrams of one answer */
#define EVENTS_MAX 256    /* read at a time: a loop has other things to do as well */

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
	for (int i = 0; i < ANSWER_MAX; i++)
		if (receive(fd, MSG_DONTWAIT, buffer) < 0 && errno != ENOBUFS)
			return;
}

static uint32_t new_sequence(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000000000LL + now.tv_nsec) | 1;
}

static bool send_request(int fd, const struct gp_sockdiag_request *request)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do
		sent = sendto(fd, request, request->header.nlmsg_len, 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)request->header.nlmsg_len;
}

void gp_sockdiag_request(struct gp_sockdiag_request *request, int type, int flags,
			 int family)
{
	*request = (struct gp_sockdiag_request){
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request->body)),
			   .nlmsg_type = (uint16_t)type,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			   .nlmsg_seq = new_sequence()},
		.body = {.sdiag_family = (uint8_t)family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_ext = 1 << (INET_DIAG_INFO - 1) |
				      1 << (INET_DIAG_MEMINFO - 1)},
	};
}

static void add_filter(struct gp_sockdiag_request *request,
		       const struct gp_addr *addresses, size_t count)
{
	size_t size = gp_sockdiag_code(addresses, count, request->code);

	request->attribute.rta_type = INET_DIAG_REQ_BYTECODE;
	request->attribute.rta_len = (uint16_t)RTA_LENGTH(size);
	request->header.nlmsg_len += (uint32_t)RTA_LENGTH(size);
}

enum gp_status gp_sockdiag_ask(int fd, const struct gp_sockdiag_request *request,
			       bool is_single, struct gp_sockdiag_walk *walk)
{
	char buffer[BUFFER_SIZE];

	walk->sequence = request->header.nlmsg_seq;
	drain(fd, buffer);
	if (!send_request(fd, request))
		return GP_IO;
	for (int i = 0; i < ANSWER_MAX; i++) {
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
	struct gp_sockdiag_request request;

	gp_sockdiag_request(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, socket_family);
	request.body.idiag_states = wish->states;
	if (wish->count > 0 || socket_family != wish->family)
		add_filter(&request, wish->addresses, wish->count);
	enum gp_status status = gp_sockdiag_ask(fd, &request, false, &walk);
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

	for (int i = 0; i < EVENTS_MAX; i++) {
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
