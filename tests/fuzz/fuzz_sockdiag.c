/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a datagram of NETLINK_SOCK_DIAG: what is visited is a TCP socket of the
 * family asked for, and none comes after the visitor had enough. Then as a cgroup file.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/owner_private.h"
#include "guard/sockdiag_private.h"

#define ENOUGH 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t count;
	int family;
};

static bool see(void *ctx, const struct gp_socket *socket)
{
	struct seen *seen = ctx;
	int family = socket->remote.family;

	if (family != AF_INET && family != AF_INET6)
		abort();
	if (seen->family && family != seen->family)
		abort();
	if (gp_socket_evidence(socket) > GP_EVIDENCE_REACHED)
		abort();
	/* What the kernel would be asked about it. */
	struct inet_diag_sockid id;
	gp_sockdiag_id(socket, &id);
	if (memcmp(id.idiag_dst, socket->remote.bytes, family == AF_INET ? 4 : 16))
		abort();
	if (++seen->count > ENOUGH)
		abort();
	return seen->count < ENOUGH;
}

static void walk_as(const uint8_t *data, size_t size, uint32_t sequence, int family)
{
	struct seen seen = {0, family};
	struct gp_sockdiag_walk walk = {
		.sequence = sequence, .family = family, .visit = see, .ctx = &seen};

	gp_sockdiag_walk(&walk, data, size);
	if (walk.count != seen.count || walk.is_stopped != (seen.count == ENOUGH))
		abort();
	if (walk.is_ended && (!sequence || walk.error < 0))
		abort();
}

static void read_unit(const uint8_t *data, size_t size)
{
	char unit[32], *text = malloc(size + 1);

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	gp_owner_unit(text, unit, sizeof(unit));
	if (strlen(unit) >= sizeof(unit) || strchr(unit, '/') || strchr(unit, '\n'))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_socket socket;

	walk_as(data, size, 0, 0);
	walk_as(data, size, 1, AF_INET6);
	walk_as(data, size, 1, AF_INET);
	if (gp_sockdiag_parse(data, size, &socket))
		(void)gp_socket_evidence(&socket);
	read_unit(data, size);
	return 0;
}
