/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source_kernel.c - connect() and netlink, for source.c. Runs in the doors. */
#include <errno.h>
#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "rfc6724/source.h"

#define BUFFER_SIZE 8192 /* dumps come in pages of 4 KiB to one who reads no more */
#define ANSWER_MAX 4096  /* datagrams of one answer */

/* ---- sources ------------------------------------------------------------------------
 */

/* A socket without an address; one that was connected keeps its source for the next
 * destination, unless it is reset. */
static int fresh_socket(int *fd, int family)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	if (*fd < 0)
		*fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	else
		(void)connect(*fd, &none, sizeof(none));
	return *fd;
}

static bool source_of(void *ctx, const struct gp_addr *to, struct gp_addr *source)
{
	struct gp_source_sockets *sockets = ctx;
	const bool is_ipv4 = to->family == AF_INET;
	const int fd =
		fresh_socket(is_ipv4 ? &sockets->ipv4_fd : &sockets->ipv6_fd, to->family);
	union gp_sockaddr name;
	socklen_t length = gp_sockaddr_fill(&name, to, sockets->port);

	if (fd < 0 || connect(fd, &name.any, length))
		return false;
	length = sizeof(name);
	if (getsockname(fd, &name.any, &length) || name.any.sa_family != to->family)
		return false;
	*source = gp_sockaddr_addr(&name);
	return true;
}

/* ---- netlink ------------------------------------------------------------------------
 */

struct request {
	struct nlmsghdr header;
	union {
		struct ifaddrmsg address;
		struct ifinfomsg link;
		struct ifaddrlblmsg label;
	} body;
};

static bool send_request(int fd, int type, uint32_t sequence)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct request request;
	ssize_t sent;

	memset(&request, 0, sizeof(request));
	request.header = (struct nlmsghdr){.nlmsg_len = sizeof(request),
					   .nlmsg_type = (uint16_t)type,
					   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
					   .nlmsg_seq = sequence};
	if (type == RTM_GETADDR)
		request.header.nlmsg_len = NLMSG_LENGTH(sizeof(request.body.address));
	if (type == RTM_GETADDRLABEL)
		request.body.label.ifal_family = AF_INET6;
	do
		sent = sendto(fd, &request, request.header.nlmsg_len, 0,
			      (const struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)request.header.nlmsg_len;
}

/* A datagram; its size, 0 for one to pass over, -1 when there is none or not all of it.
 */
static ssize_t receive(int fd, void *buffer)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {.iov_base = buffer, .iov_len = BUFFER_SIZE};
	struct msghdr message = {.msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &part,
				 .msg_iovlen = 1};
	ssize_t size;

	do
		size = recvmsg(fd, &message, 0);
	while (size < 0 && errno == EINTR);
	/* Any process may send to a netlink socket; the kernel is number 0. */
	if (size > 0 && (message.msg_namelen < sizeof(from) || from.nl_pid != 0))
		return 0;
	return message.msg_flags & MSG_TRUNC ? -1 : size;
}

/* What a datagram says of the answer's end: 1 it was that, -1 it failed, 0 more comes. */
static int answer_state(const uint8_t *at, size_t left, uint32_t sequence)
{
	struct nlmsghdr header;

	while (left >= sizeof(header)) {
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > left ||
		    header.nlmsg_seq != sequence || header.nlmsg_type == NLMSG_ERROR)
			return -1;
		if (header.nlmsg_type == NLMSG_DONE)
			return 1;
		if (NLMSG_ALIGN(header.nlmsg_len) >= left)
			return 0;
		at += NLMSG_ALIGN(header.nlmsg_len);
		left -= NLMSG_ALIGN(header.nlmsg_len);
	}
	return 0;
}

static bool listen_to(int fd, uint32_t sequence, gp_source_hear *hear, void *hearer)
{
	uint8_t buffer[BUFFER_SIZE];

	for (int i = 0; i < ANSWER_MAX; i++) {
		const ssize_t size = receive(fd, buffer);
		int state;

		if (size < 0)
			return false;
		state = answer_state(buffer, (size_t)size, sequence);
		if (state < 0)
			return false;
		hear(hearer, buffer, (size_t)size);
		if (state > 0)
			return true;
	}
	return false;
}

static bool dump(void *ctx, int type, gp_source_hear *hear, void *hearer)
{
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct timeval limit = {.tv_sec = 1};
	struct timespec now;
	uint32_t sequence;
	bool good;

	(void)ctx;
	if (fd < 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sequence = (uint32_t)now.tv_nsec | 1;
	good = !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) &&
	       !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	       send_request(fd, type, sequence) && listen_to(fd, sequence, hear, hearer);
	close(fd);
	return good;
}

/* -------------------------------------------------------------------------------------
 */

struct gp_source_ops gp_source_kernel(struct gp_source_sockets *sockets, uint16_t port)
{
	*sockets = (struct gp_source_sockets){.ipv4_fd = -1, .ipv6_fd = -1, .port = port};
	return (struct gp_source_ops){
		.ctx = sockets, .source_of = source_of, .dump = dump};
}

void gp_source_close(struct gp_source_sockets *sockets)
{
	const int saved_errno = errno;

	if (sockets->ipv4_fd >= 0)
		close(sockets->ipv4_fd);
	if (sockets->ipv6_fd >= 0)
		close(sockets->ipv6_fd);
	sockets->ipv4_fd = sockets->ipv6_fd = -1;
	errno = saved_errno;
}
