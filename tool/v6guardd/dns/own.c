/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* own.c - see own.h. */
#include <sys/socket.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "own.h"

bool own_address(const struct gp_addr *addr)
{
	union gp_sockaddr name;
	const socklen_t length = gp_sockaddr_fill(&name, addr, 0);
	const int fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_own;

	if (fd < 0)
		return false;
	is_own = !bind(fd, &name.any, length);
	close(fd);
	return is_own;
}
