/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ub_heard.c - see ub_heard.h. */
#include <sys/socket.h>

#include "address/sockaddr.h"
#include "ub_heard.h"

void ub_heard_look(struct ub_heard *heard, int fd)
{
	union gp_sockaddr from = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t length = sizeof(from);
	/* Of a connection the name is not filled in. */
	const ssize_t got = recvfrom(fd, heard->bytes, sizeof(heard->bytes),
				     MSG_PEEK | MSG_DONTWAIT, &from.any, &length);

	heard->size = 0;
	if (got < WIRE_HEADER || !length)
		return;
	heard->from = (struct dns_endpoint){.addr = gp_sockaddr_addr(&from)};
	if (heard->from.addr.family == AF_INET)
		heard->from.port = ntohs(from.ipv4.sin_port);
	else if (heard->from.addr.family == AF_INET6)
		heard->from.port = ntohs(from.ipv6.sin6_port);
	else
		return;
	heard->size = (size_t)got;
}

bool ub_heard_is_authentic(const struct ub_heard *heard, const uint8_t *name,
			   uint16_t type, uint16_t count)
{
	struct wire_in in = wire_read(heard->bytes, heard->size);
	uint8_t asked[WIRE_NAME];
	uint16_t flags;

	if (heard->size < WIRE_HEADER)
		return false;
	flags = wire_peek_u16(heard->bytes + 2);
	in.at = WIRE_HEADER;
	return flags & WIRE_QR && flags & WIRE_AD && !(flags & WIRE_TC) &&
	       wire_peek_u16(heard->bytes + 4) == 1 &&
	       wire_peek_u16(heard->bytes + 6) == count && wire_name(&in, asked) &&
	       wire_name_equal(asked, name) && wire_u16(&in) == type && !in.failed;
}
