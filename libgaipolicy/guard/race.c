/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* race.c - one connection attempt, and what its end means. Runs in the doors. */
#include <errno.h>
#include <time.h> /* errqueue.h wants struct timespec */
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "guard/race.h"

const char *gp_attempt_name(enum gp_attempt result)
{
	switch (result) {
	case GP_ATTEMPT_PENDING:
		return "pending";
	case GP_ATTEMPT_OK:
		return "ok";
	case GP_ATTEMPT_REFUSED:
		return "refused";
	case GP_ATTEMPT_ICMP:
		return "icmp";
	case GP_ATTEMPT_TIMEOUT:
		return "timeout";
	case GP_ATTEMPT_LOCAL:
		return "local";
	}
	return NULL;
}

static bool is_same_address(const union gp_sockaddr *a, const union gp_sockaddr *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->ipv4.sin_addr.s_addr == b->ipv4.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->ipv6.sin6_addr, &b->ipv6.sin6_addr);
}

/* Errors are to be told at once, and to be told apart from an RST. */
static bool set_recverr(int fd, int family)
{
	const int on = 1;

	if (family == AF_INET)
		return !setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	return !setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

static int start(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result)
{
	union gp_sockaddr to;
	const socklen_t size = gp_sockaddr_fill(&to, addr, port);
	const int fd = socket(addr->family == AF_INET ? AF_INET : AF_INET6,
			      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	*result = GP_ATTEMPT_LOCAL;
	if (fd < 0)
		return -1;
	if (set_recverr(fd, addr->family) &&
	    (!connect(fd, &to.any, size) || errno == EINPROGRESS || errno == EINTR)) {
		*result = GP_ATTEMPT_PENDING;
		return fd;
	}
	/* No RST is that fast: even over loopback it is heard after EINPROGRESS. */
	gp_attempt_close(fd);
	return -1;
}

int gp_attempt_start(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result)
{
	const int saved_errno = errno;
	const int fd = start(addr, port, result);

	errno = saved_errno;
	return fd;
}

struct icmp_error {
	struct sock_extended_err err;
	union gp_sockaddr from; /* who sent it */
	union gp_sockaddr to;   /* the destination of what it is about */
};

static bool read_control(struct msghdr *msg, struct icmp_error *out)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(msg); at; at = CMSG_NXTHDR(msg, at)) {
		const uint8_t *data = CMSG_DATA(at);
		size_t size = at->cmsg_len - CMSG_LEN(0);

		if (!(at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_RECVERR) &&
		    !(at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_RECVERR))
			continue;
		if (at->cmsg_len < CMSG_LEN(sizeof(out->err)))
			continue;
		memset(&out->from, 0, sizeof(out->from));
		memcpy(&out->err, data, sizeof(out->err));
		/* SO_EE_OFFENDER: a socket address right behind. */
		size -= sizeof(out->err);
		memcpy(&out->from, data + sizeof(out->err),
		       size < sizeof(out->from) ? size : sizeof(out->from));
		return true;
	}
	return false;
}

/* The next error that waits on the socket. */
static bool next_error(int fd, struct icmp_error *out)
{
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	struct msghdr msg = {.msg_name = &out->to,
			     .msg_namelen = sizeof(out->to),
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};

	memset(&out->to, 0, sizeof(out->to));
	return recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0 &&
	       read_control(&msg, out);
}

static bool is_unreachable_host(const struct sock_extended_err *err)
{
	if (err->ee_origin == SO_EE_ORIGIN_ICMP6)
		return err->ee_type == ICMP6_DST_UNREACH &&
		       err->ee_code == ICMP6_DST_UNREACH_ADDR;
	return err->ee_type == ICMP_DEST_UNREACH && err->ee_code == ICMP_HOST_UNREACH;
}

static bool is_own(int fd, const union gp_sockaddr *address)
{
	union gp_sockaddr self;
	socklen_t size = sizeof(self);

	memset(&self, 0, sizeof(self));
	return !getsockname(fd, &self.any, &size) && is_same_address(&self, address);
}

/*
 * What an ICMP error says depends on who sent it.
 *  - This host itself: the neighbour, the destination or the gateway, never answered (ND
 *    or ARP, 3 s): it was asked and kept silent. Anything else is our own firewall.
 *  - The destination: "port unreachable" means what an RST means.
 *  - Anybody else is in the way.
 */
static enum gp_attempt judge(int fd, const struct icmp_error *error)
{
	const struct sock_extended_err *err = &error->err;

	if (err->ee_origin != SO_EE_ORIGIN_ICMP6 && err->ee_origin != SO_EE_ORIGIN_ICMP)
		return GP_ATTEMPT_LOCAL;
	if (is_own(fd, &error->from))
		return is_unreachable_host(err) ? GP_ATTEMPT_TIMEOUT : GP_ATTEMPT_LOCAL;
	if (err->ee_errno == ECONNREFUSED && is_same_address(&error->from, &error->to))
		return GP_ATTEMPT_REFUSED;
	return GP_ATTEMPT_ICMP;
}

/* Nothing in the queue: TCP's own error, or a route that went away meanwhile. */
static enum gp_attempt judge_errno(int error)
{
	switch (error) {
	case ECONNREFUSED: /* RST to our SYN */
	case ECONNRESET:   /* RST after the handshake */
	case EPIPE:
		return GP_ATTEMPT_REFUSED;
	case ETIMEDOUT:
		return GP_ATTEMPT_TIMEOUT;
	default:
		return GP_ATTEMPT_LOCAL;
	}
}

static enum gp_attempt check(int fd)
{
	struct icmp_error error;
	union gp_sockaddr peer;
	socklen_t size;
	int so_error = 0;

	/* Before the queue: reading that takes the error off the socket. */
	size = sizeof(so_error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &so_error, &size))
		return GP_ATTEMPT_LOCAL;
	/* An ICMP error does not end the attempt for TCP, but an answer may have come: */
	size = sizeof(peer);
	if (!getpeername(fd, &peer.any, &size))
		return GP_ATTEMPT_OK;
	if (next_error(fd, &error))
		return judge(fd, &error);
	return so_error ? judge_errno(so_error) : GP_ATTEMPT_PENDING;
}

enum gp_attempt gp_attempt_check(int fd)
{
	const int saved_errno = errno;
	const enum gp_attempt result = check(fd);

	errno = saved_errno;
	return result;
}

void gp_attempt_close(int fd)
{
	const struct linger at_once = {.l_onoff = 1};
	const int saved_errno = errno;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	errno = saved_errno;
}
