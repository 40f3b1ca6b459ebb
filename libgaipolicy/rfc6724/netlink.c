/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netlink.c - parts of netlink(7) messages. Runs in the doors. */
#include <linux/rtnetlink.h>
#include <string.h>

#include "rfc6724/netlink.h"

static void go_on(struct gp_bytes *bytes, size_t size)
{
	const size_t aligned = NLMSG_ALIGN(size);
	const size_t step = aligned < bytes->left ? aligned : bytes->left;

	bytes->at += step;
	bytes->left -= step;
}

/* A header of SIZE that begins with its length, LENGTH of it, as netlink has them. */
static bool next_part(struct gp_bytes *bytes, size_t size, size_t length,
		      struct gp_bytes *body)
{
	if (length < size || length > bytes->left)
		return false;
	*body = (struct gp_bytes){bytes->at + size, length - size};
	go_on(bytes, length);
	return true;
}

bool gp_bytes_message(struct gp_bytes *bytes, uint16_t *type, struct gp_bytes *body)
{
	struct nlmsghdr header;

	if (bytes->left < sizeof(header))
		return false;
	memcpy(&header, bytes->at, sizeof(header));
	*type = header.nlmsg_type;
	return next_part(bytes, sizeof(header), header.nlmsg_len, body);
}

bool gp_bytes_attribute(struct gp_bytes *bytes, uint16_t *type, struct gp_bytes *value)
{
	struct rtattr header;

	if (bytes->left < sizeof(header))
		return false;
	memcpy(&header, bytes->at, sizeof(header));
	*type = header.rta_type & NLA_TYPE_MASK;
	return next_part(bytes, sizeof(header), header.rta_len, value);
}

bool gp_bytes_take(struct gp_bytes *bytes, void *out, size_t size)
{
	if (bytes->left < size)
		return false;
	memcpy(out, bytes->at, size);
	go_on(bytes, size);
	return true;
}
