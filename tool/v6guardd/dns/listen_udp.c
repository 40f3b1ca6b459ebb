/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen_udp.c - many messages at a time, each answered from the address that it asked.
 */
#include <errno.h>
#include <string.h>

#include "answer.h"
#include "listen_private.h"

/* ---- the address that was asked ---- */

/* Broadcast and multicast ask everybody, and are for nobody to answer. */
static bool take_ipv4(const struct cmsghdr *header, struct gp_addr *out)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(header), sizeof(info));
	*out = gp_addr_make(AF_INET, &info.ipi_spec_dst, 0);
	return info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr;
}

static bool take_ipv6(const struct cmsghdr *header, struct gp_addr *out)
{
	struct in6_pktinfo info;
	bool is_local;

	memcpy(&info, CMSG_DATA(header), sizeof(info));
	/* Such an address means something on its own link alone. */
	is_local = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr);
	*out = gp_addr_make(AF_INET6, &info.ipi6_addr,
			    is_local ? (uint32_t)info.ipi6_ifindex : 0);
	return !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
}

/* False: it is for nobody. */
static bool take_asked(const struct msghdr *message, struct gp_addr *out)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);

	for (; header; header = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message,
					    (struct cmsghdr *)(uintptr_t)header)) {
		if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO)
			return take_ipv4(header, out);
		if (header->cmsg_level == IPPROTO_IPV6 &&
		    header->cmsg_type == IPV6_PKTINFO)
			return take_ipv6(header, out);
	}
	return false;
}

static void put_header(struct msghdr *message, union control *control, int level,
		       int type, const void *data, size_t size)
{
	struct cmsghdr *header = (struct cmsghdr *)(void *)control->bytes;

	memset(control, 0, sizeof(*control));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), data, size);
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(size);
}

static void put_asked(const struct gp_addr *asked, struct msghdr *message,
		      union control *control)
{
	struct in6_pktinfo ipv6 = {.ipi6_ifindex = asked->scope_id};
	struct in_pktinfo ipv4 = {.ipi_ifindex = 0};

	if (asked->family == AF_INET) {
		memcpy(&ipv4.ipi_spec_dst, asked->bytes, sizeof(ipv4.ipi_spec_dst));
		put_header(message, control, IPPROTO_IP, IP_PKTINFO, &ipv4, sizeof(ipv4));
	} else if (asked->family == AF_INET6) {
		memcpy(&ipv6.ipi6_addr, asked->bytes, sizeof(ipv6.ipi6_addr));
		put_header(message, control, IPPROTO_IPV6, IPV6_PKTINFO, &ipv6,
			   sizeof(ipv6));
	}
}

/* ---- out ---- */

/* The way to the client is narrower than all that we send: whole by TCP, then. */
static bool cut(struct iovec *part)
{
	const size_t size = answer_cut(part->iov_base, part->iov_len);
	const bool is_less = size && size < part->iov_len;

	part->iov_len = size;
	return is_less;
}

static void flush(struct listen *listen)
{
	unsigned sent = 0;

	while (sent < listen->out_count) {
		const int done = sendmmsg(listen->out_fd, listen->out + sent,
					  listen->out_count - sent, MSG_DONTWAIT);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EMSGSIZE && cut(&listen->out_part[sent]))
			continue;
		/* One that fails is one lost. */
		sent += done > 0 ? (unsigned)done : 1;
	}
	listen->out_count = 0;
}

void listen_send_udp(const struct listen_client *client, const uint8_t *bytes,
		     size_t size)
{
	struct listen *listen = client->listen;
	unsigned i;

	/* Its number may be another file's by now. */
	if (listen->udp[client->slot].serial != client->serial)
		return;
	if (listen->out_count && listen->out_fd != client->fd)
		flush(listen);
	i = listen->out_count;
	if (size > sizeof(listen->out_bytes[i]))
		return;
	listen->out_count++;
	memcpy(listen->out_bytes[i], bytes, size);
	listen->out_part[i] = (struct iovec){listen->out_bytes[i], size};
	listen->out_name[i] = client->name;
	listen->out[i].msg_hdr = (struct msghdr){
		.msg_name = &listen->out_name[i],
		.msg_namelen = client->name_length,
		.msg_iov = &listen->out_part[i],
		.msg_iovlen = 1,
	};
	put_asked(&client->asked, &listen->out[i].msg_hdr, &listen->out_control[i]);
	listen->out_fd = client->fd;
	if (!listen->is_batch || listen->out_count == BATCH)
		flush(listen);
}

/* ---- in ---- */

/* daytime, qotd and chargen: they answer whatever comes, an answer as well, and what they
 * say is text, which has no bit that says so. One packet in their name would be
 * answered for ever. To port 0 nothing can be sent. */
static bool is_for_nobody(const struct sockaddr_storage *name)
{
	struct sockaddr_in ipv4;
	unsigned port;

	/* It stands at the same place in both families. */
	memcpy(&ipv4, name, sizeof(ipv4));
	port = ntohs(ipv4.sin_port);
	return port == 0 || port == 13 || port == 17 || port == 19;
}

static void take_packet(const struct udp_socket *udp, int fd, struct packet *packet,
			const struct mmsghdr *header)
{
	struct listen *listen = udp->listen;
	struct listen_client client = {
		.listen = listen,
		.addr = listen_addr(&packet->name),
		.asked = {.family = AF_UNSPEC},
		.fd = fd,
		.name_length = header->msg_hdr.msg_namelen,
		.name = packet->name,
		.slot = (unsigned)(udp - listen->udp),
		.serial = udp->serial,
	};

	if (header->msg_hdr.msg_flags & MSG_TRUNC || is_for_nobody(&packet->name) ||
	    (udp->is_any && !take_asked(&header->msg_hdr, &client.asked)))
		return;
	listen->take(listen->ctx, &client, packet->bytes, header->msg_len);
}

void listen_on_udp(evutil_socket_t fd, short what, void *arg)
{
	const struct udp_socket *udp = arg;
	struct listen *listen = udp->listen;
	struct mmsghdr headers[BATCH];
	int count;

	(void)what;
	for (unsigned i = 0; i < BATCH; i++) {
		struct packet *packet = &listen->in[i];
		packet->part = (struct iovec){packet->bytes, sizeof(packet->bytes)};
		headers[i].msg_hdr = (struct msghdr){.msg_name = &packet->name,
						     .msg_namelen = sizeof(packet->name),
						     .msg_iov = &packet->part,
						     .msg_iovlen = 1};
		if (udp->is_any) {
			headers[i].msg_hdr.msg_control = &packet->control;
			headers[i].msg_hdr.msg_controllen = sizeof(packet->control);
		}
	}
	count = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
	listen->is_batch = true;
	for (int i = 0; i < count; i++)
		take_packet(udp, fd, &listen->in[i], &headers[i]);
	listen->is_batch = false;
	flush(listen);
}
