/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag_one.c - one socket by its cookie: looked up, and ended. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/sockdiag_private.h"

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
	struct gp_sockdiag_request request;
	int error = errno;

	/* A mapped one is found under its IPv4 addresses as well. */
	gp_sockdiag_request(&request, SOCK_DIAG_BY_FAMILY, 0, socket->remote.family);
	request.body.idiag_states = ~0U;
	gp_sockdiag_id(socket, &request.body.id);
	enum gp_status status = gp_sockdiag_ask(fd, &request, true, &walk);
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
	struct gp_sockdiag_request request;

	gp_sockdiag_request(&request, SOCK_DESTROY, NLM_F_ACK, AF_INET6);
	request.body.idiag_states = GP_STATE_SYN_SENT;
	gp_sockdiag_id(socket, &request.body.id);
	enum gp_status status = gp_sockdiag_ask(fd, &request, false, &walk);
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
