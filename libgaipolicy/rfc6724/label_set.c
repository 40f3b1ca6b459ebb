/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* label_set.c - adding rows to the kernel's table of address labels, and taking them out.
 */
#include <errno.h>
#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "rfc6724/label.h"
#include "rfc6724/netlink.h"

struct request {
	struct nlmsghdr header;
	struct ifaddrlblmsg body;
	struct rtattr address_head;
	uint8_t address[16];
	struct rtattr label_head;
	uint32_t label;
};
_Static_assert(sizeof(struct request) == 16 + 12 + 4 + 16 + 4 + 4, "no padding");

static struct request make_request(const struct gp_label *row, uint16_t type,
				   uint16_t flags)
{
	struct request request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = type,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
			   .nlmsg_seq = 1},
		.body = {.ifal_family = AF_INET6, .ifal_prefixlen = row->prefix.length},
		.address_head = {.rta_len = RTA_LENGTH(16), .rta_type = IFAL_ADDRESS},
		.label_head = {.rta_len = RTA_LENGTH(4), .rta_type = IFAL_LABEL},
		.label = row->label,
	};

	memcpy(request.address, row->prefix.addr.bytes, sizeof(request.address));
	return request;
}

/* The kernel's errno, 0 for done; EIO when there was no answer. */
static int read_answer(const uint8_t *bytes, size_t size)
{
	struct gp_bytes rest = {bytes, size}, body;
	uint16_t type;
	int error;

	if (!gp_bytes_message(&rest, &type, &body) || type != NLMSG_ERROR ||
	    !gp_bytes_take(&body, &error, sizeof(error)))
		return EIO;
	return -error;
}

static int ask(const struct request *request)
{
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const struct timeval limit = {.tv_sec = 1};
	uint8_t answer[1024];
	int error = EIO;
	ssize_t got;

	if (fd < 0)
		return errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) &&
	    !connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) &&
	    send(fd, request, sizeof(*request), 0) == (ssize_t)sizeof(*request)) {
		do
			got = recv(fd, answer, sizeof(answer), 0);
		while (got < 0 && errno == EINTR);
		if (got > 0)
			error = read_answer(answer, (size_t)got);
	}
	close(fd);
	return error;
}

static enum gp_status carry_out(const struct request *request)
{
	switch (ask(request)) {
	case 0:
		return GP_OK;
	case EEXIST:
		return GP_CONFLICT;
	case ESRCH:
	case ENOENT:
		return GP_NOTFOUND;
	case EPERM:
	case EACCES:
		return GP_PERM;
	case EINVAL:
		return GP_RANGE;
	case EOPNOTSUPP:
	case EAFNOSUPPORT:
		return GP_UNSUPPORTED;
	default:
		return GP_IO;
	}
}

enum gp_status gp_label_set(const struct gp_label *row, bool is_there)
{
	const struct request request =
		make_request(row, is_there ? RTM_NEWADDRLABEL : RTM_DELADDRLABEL,
			     is_there ? NLM_F_CREATE | NLM_F_EXCL : 0);

	return carry_out(&request);
}

enum gp_status gp_label_replace(const struct gp_label *row)
{
	const struct request request =
		make_request(row, RTM_NEWADDRLABEL, NLM_F_CREATE | NLM_F_REPLACE);

	return carry_out(&request);
}
