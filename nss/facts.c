/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.c - routes and own addresses by a UDP connect(), which sends nothing: what
 * getaddrinfo itself does to sort. 3 to 5 us each.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "facts.h"

/* Any will do: nothing is sent. 9 is discard. */
#define PROBE_PORT 9

union any_address {
	struct sockaddr generic;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static socklen_t fill(union any_address *out, const struct gp_addr *addr)
{
	memset(out, 0, sizeof(*out));
	if (addr->family == AF_INET) {
		out->ipv4.sin_family = AF_INET;
		out->ipv4.sin_port = htons(PROBE_PORT);
		memcpy(&out->ipv4.sin_addr, addr->bytes, sizeof(out->ipv4.sin_addr));
		return sizeof(out->ipv4);
	}
	out->ipv6.sin6_family = AF_INET6;
	out->ipv6.sin6_port = htons(PROBE_PORT);
	out->ipv6.sin6_scope_id = addr->scope_id;
	memcpy(&out->ipv6.sin6_addr, addr->bytes, sizeof(out->ipv6.sin6_addr));
	return sizeof(out->ipv6);
}

/* The socket of ADDR's family, connected to ADDR; -1: no socket, or no route. */
static int connect_to(struct socket_facts *sockets, const struct gp_addr *addr)
{
	int *fd = addr->family == AF_INET ? &sockets->ipv4_fd : &sockets->ipv6_fd;
	union any_address to;
	socklen_t length = fill(&to, addr);

	if (*fd < 0)
		*fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || connect(*fd, &to.generic, length))
		return -1;
	return *fd;
}

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	return connect_to(ctx, addr) >= 0;
}

/* To its own address the kernel talks from that very address (RFC 6724 5, rule 1). */
static bool is_own(void *ctx, const struct gp_addr *addr)
{
	int fd = connect_to(ctx, addr);
	union any_address from;
	socklen_t length = sizeof(from);

	if (fd < 0 || getsockname(fd, &from.generic, &length))
		return false;
	if (addr->family == AF_INET)
		return !memcmp(&from.ipv4.sin_addr, addr->bytes,
			       sizeof(from.ipv4.sin_addr));
	return !memcmp(&from.ipv6.sin6_addr, addr->bytes, sizeof(from.ipv6.sin6_addr));
}

struct gp_facts facts_open(struct socket_facts *sockets)
{
	*sockets = (struct socket_facts){-1, -1};
	return (struct gp_facts){
		.ctx = sockets, .is_usable = is_usable, .is_own = is_own};
}

void facts_close(struct socket_facts *sockets)
{
	if (sockets->ipv4_fd >= 0)
		close(sockets->ipv4_fd);
	if (sockets->ipv6_fd >= 0)
		close(sockets->ipv6_fd);
}
