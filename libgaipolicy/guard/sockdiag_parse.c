/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag_parse.c - bytes of inet_diag to sockets, and sockets to requests. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#include "guard/sockdiag_private.h"

/* enum of <linux/tcp.h>'s kernel side; <netinet/tcp.h> clashes with <linux/tcp.h>. */
#define STATE_ESTABLISHED 1

/* ---- sockets ---- */

static struct gp_addr address_of(int family, const uint32_t words[4])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t bytes[16];

	memcpy(bytes, words, sizeof(bytes));
	if (family == AF_INET6 && !memcmp(bytes, mapped, sizeof(mapped)))
		return gp_addr_make(AF_INET, bytes + sizeof(mapped), 0);
	return gp_addr_make(family, bytes, 0);
}

/* The kernel's struct may be shorter (older) or longer (newer) than ours. */
static void read_info(const struct rtattr *attribute, struct gp_socket *out)
{
	struct tcp_info info;
	size_t size = RTA_PAYLOAD(attribute);

	memset(&info, 0, sizeof(info));
	memcpy(&info, RTA_DATA(attribute), size < sizeof(info) ? size : sizeof(info));
	out->retransmits = info.tcpi_retransmits;
	out->unacked = info.tcpi_unacked;
	out->bytes_acked = info.tcpi_bytes_acked;
	out->bytes_received = info.tcpi_bytes_received;
	out->rtt_us = info.tcpi_rtt;
}

static void read_fixed(const struct inet_diag_msg *from, struct gp_socket *out)
{
	*out = (struct gp_socket){
		.local = address_of(from->idiag_family, from->id.idiag_src),
		.remote = address_of(from->idiag_family, from->id.idiag_dst),
		.local_port = ntohs(from->id.idiag_sport),
		.remote_port = ntohs(from->id.idiag_dport),
		.interface = from->id.idiag_if,
		.uid = from->idiag_uid,
		.inode = from->idiag_inode,
		.cookie = {from->id.idiag_cookie[0], from->id.idiag_cookie[1]},
		.state = from->idiag_state,
	};
}

bool sockdiag_parse(const struct nlmsghdr *header, struct gp_socket *out)
{
	struct inet_diag_msg fixed;
	const struct rtattr *attribute;
	size_t left;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(fixed)))
		return false;
	memcpy(&fixed, NLMSG_DATA(header), sizeof(fixed));
	if (fixed.idiag_family != AF_INET && fixed.idiag_family != AF_INET6)
		return false;
	read_fixed(&fixed, out);
	attribute = (const void *)((const uint8_t *)NLMSG_DATA(header) +
				   NLMSG_ALIGN(sizeof(fixed)));
	left = header->nlmsg_len - NLMSG_LENGTH(sizeof(fixed));
	while (left >= sizeof(*attribute) && attribute->rta_len >= sizeof(*attribute) &&
	       attribute->rta_len <= left) {
		const size_t step = RTA_ALIGN(attribute->rta_len);
		if (attribute->rta_type == INET_DIAG_INFO)
			read_info(attribute, out);
		if (step >= left)
			break;
		left -= step;
		attribute = (const void *)((const uint8_t *)attribute + step);
	}
	return true;
}

/*
 * Found by experiment (kernel 6.18): of a socket that was closed only these are sure.
 * total_retrans and the ports are often lost, an aborted connection is all zeros, and the
 * SYN counts as one acknowledged byte.
 */
enum gp_evidence gp_socket_evidence(const struct gp_socket *socket)
{
	const bool has_handshake = socket->rtt_us > 0 || socket->bytes_acked > 0;

	if (!has_handshake)
		return socket->retransmits >= 2 ? GP_EVIDENCE_FAILED : GP_EVIDENCE_NONE;
	if (socket->retransmits) {
		/* Something waits to be acknowledged: no ok, and after a while worse. */
		return socket->retransmits >= 3 && socket->bytes_acked <= 1
			       ? GP_EVIDENCE_STALLED
			       : GP_EVIDENCE_NONE;
	}
	if (socket->unacked && socket->bytes_acked <= 1)
		return GP_EVIDENCE_NONE;
	/* SYN and FIN count as a byte each. */
	return socket->bytes_acked > (socket->state == STATE_ESTABLISHED ? 1U : 2U)
		       ? GP_EVIDENCE_DATA_OK
		       : GP_EVIDENCE_OK;
}

/* ---- requests ---- */

/* One condition of the filter, an address of full length; family and port follow it. */
struct condition {
	struct inet_diag_bc_op op;
	struct inet_diag_hostcond host;
	uint8_t address[16];
};

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 fixed;
};

_Static_assert(offsetof(struct condition, address) ==
		       sizeof(struct inet_diag_bc_op) + sizeof(struct inet_diag_hostcond),
	       "the address stands right behind its condition");
_Static_assert(sizeof(struct request) + sizeof(struct rtattr) +
			       SOCKDIAG_FILTER_MAX * (sizeof(struct condition) +
						      sizeof(struct inet_diag_bc_op)) <=
		       SOCKDIAG_REQUEST_MAX,
	       "a request fits");

static struct request request_of(uint16_t type, uint16_t flags, uint32_t sequence,
				 int family, unsigned states)
{
	return (struct request){
		.header = {.nlmsg_len = sizeof(struct request),
			   .nlmsg_type = type,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			   .nlmsg_seq = sequence},
		.fixed = {.sdiag_family = (uint8_t)family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			  .idiag_states = states},
	};
}

/*
 * The filter is a program: a condition that holds goes on behind it ("yes" bytes on), one
 * that fails jumps "no" bytes. To be one of many: cond; jump to the end; next cond; ...
 * The end is accepted; a jump 4 bytes beyond it refuses.
 */
static size_t write_filter(uint8_t *at, int family, const struct gp_addr *addresses,
			   size_t count)
{
	const size_t unit = sizeof(struct condition) - (family == AF_INET ? 12 : 0);
	const size_t jump = sizeof(struct inet_diag_bc_op);
	const size_t total = count * unit + (count - 1) * jump;
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		const bool is_last = i + 1 == count;
		const struct condition condition = {
			.op = {.code = INET_DIAG_BC_D_COND,
			       .yes = (uint8_t)unit,
			       .no = (uint16_t)(unit + (is_last ? 4 : jump))},
			.host = {.family = (uint8_t)family,
				 .prefix_len = family == AF_INET ? 32 : 128,
				 .port = -1},
		};
		struct inet_diag_bc_op out = {.code = INET_DIAG_BC_JMP,
					      .yes = sizeof(out)};
		memcpy(at + done, &condition, offsetof(struct condition, address));
		memcpy(at + done + offsetof(struct condition, address),
		       addresses[i].bytes, family == AF_INET ? 4 : 16);
		done += unit;
		if (is_last)
			break;
		out.no = (uint16_t)(total - done);
		memcpy(at + done, &out, sizeof(out));
		done += jump;
	}
	return done;
}

size_t sockdiag_dump_request(uint8_t buf[SOCKDIAG_REQUEST_MAX], uint32_t sequence,
			     int family, unsigned states, const struct gp_addr *addresses,
			     size_t count)
{
	struct request request =
		request_of(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sequence, family, states);
	struct rtattr attribute = {.rta_type = INET_DIAG_REQ_BYTECODE};
	size_t length;

	if (count > SOCKDIAG_FILTER_MAX)
		return 0;
	if (count) {
		length = write_filter(buf + sizeof(request) + sizeof(attribute), family,
				      addresses, count);
		attribute.rta_len = (uint16_t)RTA_LENGTH(length);
		memcpy(buf + sizeof(request), &attribute, sizeof(attribute));
		request.header.nlmsg_len += attribute.rta_len;
	}
	memcpy(buf, &request, sizeof(request));
	return request.header.nlmsg_len;
}

size_t sockdiag_one_request(uint8_t buf[SOCKDIAG_REQUEST_MAX], uint32_t sequence,
			    uint16_t type, const struct gp_socket *socket)
{
	struct request request = request_of(type, type == SOCK_DESTROY ? NLM_F_ACK : 0,
					    sequence, socket->remote.family, UINT32_MAX);
	struct inet_diag_sockid *id = &request.fixed.id;

	memcpy(id->idiag_src, socket->local.bytes, sizeof(id->idiag_src));
	memcpy(id->idiag_dst, socket->remote.bytes, sizeof(id->idiag_dst));
	id->idiag_sport = htons(socket->local_port);
	id->idiag_dport = htons(socket->remote_port);
	id->idiag_if = socket->interface;
	id->idiag_cookie[0] = socket->cookie[0];
	id->idiag_cookie[1] = socket->cookie[1];
	memcpy(buf, &request, sizeof(request));
	return sizeof(request);
}
