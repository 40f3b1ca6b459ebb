/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockaddr.c - see sockaddr.h. Runs in the doors. */
#include <string.h>

#include "address/sockaddr.h"

socklen_t gp_sockaddr_fill(union gp_sockaddr *out, const struct gp_addr *addr,
			   uint16_t port)
{
	memset(out, 0, sizeof(*out));
	if (addr->family == AF_INET) {
		out->ipv4.sin_family = AF_INET;
		out->ipv4.sin_port = htons(port);
		memcpy(&out->ipv4.sin_addr, addr->bytes, sizeof(out->ipv4.sin_addr));
		return sizeof(out->ipv4);
	}
	out->ipv6.sin6_family = AF_INET6;
	out->ipv6.sin6_port = htons(port);
	out->ipv6.sin6_scope_id = addr->scope_id;
	memcpy(&out->ipv6.sin6_addr, addr->bytes, sizeof(out->ipv6.sin6_addr));
	return sizeof(out->ipv6);
}

struct gp_addr gp_sockaddr_addr(const union gp_sockaddr *name)
{
	if (name->any.sa_family == AF_INET)
		return gp_addr_make(AF_INET, &name->ipv4.sin_addr, 0);
	if (name->any.sa_family == AF_INET6)
		return gp_addr_make(AF_INET6, &name->ipv6.sin6_addr,
				    name->ipv6.sin6_scope_id);
	return (struct gp_addr){.family = 0};
}
