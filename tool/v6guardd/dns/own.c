/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* own.c - see own.h. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own.h"

bool own_address(const struct gp_addr *addr)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6,
				    .sin6_scope_id = addr->scope_id};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	const bool is_ipv4 = addr->family == AF_INET;
	const int fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_own;

	if (fd < 0)
		return false;
	memcpy(&ipv6.sin6_addr, addr->bytes, sizeof(ipv6.sin6_addr));
	memcpy(&ipv4.sin_addr, addr->bytes, sizeof(ipv4.sin_addr));
	is_own = !bind(fd,
		       is_ipv4 ? (const struct sockaddr *)(const void *)&ipv4
			       : (const struct sockaddr *)(const void *)&ipv6,
		       is_ipv4 ? sizeof(ipv4) : sizeof(ipv6));
	close(fd);
	return is_own;
}
