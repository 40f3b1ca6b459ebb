/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockdiag_parse.c - inet_diag's messages and byte code, and what a socket is proof of.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "guard/sockdiag_private.h"

#define ESTABLISHED 1
#define SYN_SENT 2
#define CLOSED 7
/* By then a path may have changed: an answer that old says nothing of now. */
#define FRESH_MS 10000
/* Segments of an answer in the worst case, behind what a path MTU hole swallows; where
 * more came out of their order, packets get lost by chance. */
#define GAP_SEGMENTS 4
/* Who ends it so soon after the last data was not waiting for more; and who says nothing
 * for so long is not about to ask. */
#define CONTENT_MS 1000

/* ---- evidence ------------------------------------------------------------------- */

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * Whether the peer's answer is stuck in a path MTU hole: NONE, STALLED or REACHED.
 *
 * Linux sends what was lost again after about 0, 0.2, 0.6, 1.4, 3 and 6.2 s, on a slow
 * path later. While anything of ours is not acknowledged, the way there may be gone.
 */
static enum gp_evidence gap_evidence(const struct gp_socket *socket)
{
	/* The end itself is acknowledged: that is no longer about the answer. */
	uint32_t open_ms =
		socket->state == CLOSED ? socket->received_ms : socket->quiet_ms;
	uint32_t enough_ms = FRESH_MS + socket->rtt_us / 50;

	if (socket->retransmits > 0 || socket->unacked > 0 || socket->lost > 0)
		return GP_EVIDENCE_NONE;
	if (open_ms <= enough_ms)
		return GP_EVIDENCE_REACHED;
	return open_ms - enough_ms <= FRESH_MS ? GP_EVIDENCE_STALLED : GP_EVIDENCE_NONE;
}

/* A program that has something to say does so at once. */
static bool is_just_made(const struct gp_socket *socket)
{
	return socket->state != CLOSED && socket->received_ms <= CONTENT_MS;
}

static bool was_content(const struct gp_socket *socket)
{
	return socket->state == CLOSED &&
	       least(socket->sent_ms, socket->received_ms) <= CONTENT_MS;
}

/* A small request that is lost again and again: no path MTU, but a dead way. */
static enum gp_evidence request_evidence(const struct gp_socket *socket)
{
	bool is_small = socket->sent_bytes > 0 && socket->sent_bytes < GP_SOCKET_LARGE;

	return socket->retransmits >= (is_small ? 5 : 3) ? GP_EVIDENCE_STALLED
							 : GP_EVIDENCE_NONE;
}

/*
 * tcpi_retransmits counts those of the segment that waits now: any ACK of something new
 * sets it back. Nothing else tells of a closed socket's last wait, as the kernel purges
 * its queue (tcpi_unacked) before it tells of it.
 */
enum gp_evidence gp_socket_evidence(const struct gp_socket *socket)
{
	bool has_sent = socket->has_sent_data || socket->unacked > 0;
	bool is_large = socket->largest >= GP_SOCKET_LARGE;

	if (socket->rtt_us == 0 && socket->bytes_acked == 0)
		return socket->retransmits >= 2 && !socket->was_answered
			       ? GP_EVIDENCE_FAILED
			       : GP_EVIDENCE_NONE;
	if (has_sent && socket->bytes_acked <= 1)
		return request_evidence(socket);
	if (socket->has_gap && !is_large)
		return gap_evidence(socket);
	if (socket->retransmits > 0 || socket->quiet_ms > FRESH_MS)
		return GP_EVIDENCE_NONE;

	/* A FIN counts as one byte on either side, as the SYN does on ours. */
	uint64_t fin = socket->state == CLOSED ? 1 : 0;
	if (socket->bytes_acked <= 1 + fin && socket->bytes_received <= fin)
		return is_just_made(socket) ? GP_EVIDENCE_REACHED : GP_EVIDENCE_OK;
	return is_large || was_content(socket) ? GP_EVIDENCE_DATA_OK
					       : GP_EVIDENCE_REACHED;
}

/* ---- messages ------------------------------------------------------------------- */

static struct gp_addr take_address(int family, const __be32 words[4], uint32_t interface)
{
	if (family == AF_INET)
		return gp_addr_make(AF_INET, words, 0);
	/* ::ffff:0:0/96: an IPv4 connection of an AF_INET6 socket. */
	if (words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff))
		return gp_addr_make(AF_INET, &words[3], 0);

	struct gp_addr address = gp_addr_make(AF_INET6, words, 0);
	if (gp_addr_scope(&address) == GP_SCOPE_LINK && address.bytes[0] == 0xfe)
		address.scope_id = interface;
	return address;
}

/*
 * The timer runs for what the RTO is now. It stays as it is for the first few (linear
 * timeouts) and then doubles, or doubles at once: so many doublings, and the rest linear.
 */
static void take_syn_times(struct gp_socket *out, uint32_t rto_ms, uint32_t expires_ms)
{
	unsigned doublings = 0;

	if (out->state == CLOSED)
		out->quiet_ms = rto_ms;
	if (out->state != SYN_SENT)
		return;
	out->quiet_ms = rto_ms > expires_ms ? rto_ms - expires_ms : 0;
	while (doublings < out->retransmits && doublings < 8 &&
	       rto_ms >= 2000U << doublings)
		doublings++;
	out->waiting_ms = out->quiet_ms + (out->retransmits - doublings) * 1000U +
			  ((1U << doublings) - 1) * 1000U;
}

/* What says something only together with the rest of a message. */
struct reading {
	uint32_t expires_ms;   /* until the SYN is sent again */
	uint32_t out_of_order; /* segments that came so, ever */
	uint32_t unread;       /* bytes that the program could read */
	uint32_t held;         /* memory of what came and was not read */
};

/* Older kernels know fewer fields: those are zero. */
static void take_info(struct gp_socket *out, const uint8_t *bytes, size_t size,
		      struct reading *reading)
{
	struct tcp_info info = {0};

	memcpy(&info, bytes, size < sizeof(info) ? size : sizeof(info));
	out->retransmits = info.tcpi_retransmits;
	out->rtt_us = info.tcpi_rtt;
	out->unacked = info.tcpi_unacked;
	out->bytes_acked = info.tcpi_bytes_acked;
	out->bytes_received = info.tcpi_bytes_received;
	out->quiet_ms = least(info.tcpi_last_ack_recv, info.tcpi_last_data_recv);
	out->sent_ms = info.tcpi_last_data_sent;
	out->received_ms = info.tcpi_last_data_recv;
	out->sent_bytes = (uint32_t)(info.tcpi_bytes_sent - info.tcpi_bytes_retrans);
	out->lost = info.tcpi_total_retrans > info.tcpi_dsack_dups
			    ? info.tcpi_total_retrans - info.tcpi_dsack_dups
			    : 0;
	out->largest = info.tcpi_rcv_mss;
	reading->out_of_order = info.tcpi_rcv_ooopack;
	out->has_sent_data = info.tcpi_data_segs_out > 0;
	out->was_answered = info.tcpi_min_rtt != UINT32_MAX;
	if (out->rtt_us == 0)
		take_syn_times(out, info.tcpi_rto / 1000, reading->expires_ms);
}

static void take_memory(struct reading *reading, const uint8_t *bytes, size_t size)
{
	struct inet_diag_meminfo memory = {0};

	memcpy(&memory, bytes, size < sizeof(memory) ? size : sizeof(memory));
	reading->held = memory.idiag_rmem;
}

/*
 * The count says that there was a gap once. It is open while memory is held although
 * there is nothing to read: that is behind the gap. When a socket is closed all of that
 * is gone, and only one to which nothing ever came in its order is sure.
 */
static bool has_gap(const struct gp_socket *socket, const struct reading *reading)
{
	if (reading->out_of_order == 0 || reading->out_of_order > GAP_SEGMENTS)
		return false;
	if (socket->state == CLOSED)
		return socket->bytes_received == 0;
	return socket->state == ESTABLISHED && reading->held > 0 && reading->unread == 0;
}

/* False: another protocol's. */
static bool take_attributes(struct gp_socket *out, const uint8_t *bytes, size_t size,
			    struct reading *reading)
{
	struct rtattr attribute;

	while (size >= sizeof(attribute)) {
		memcpy(&attribute, bytes, sizeof(attribute));
		if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > size)
			return true;
		const uint8_t *value = bytes + RTA_LENGTH(0);
		size_t length = attribute.rta_len - RTA_LENGTH(0);
		if (attribute.rta_type == INET_DIAG_INFO)
			take_info(out, value, length, reading);
		if (attribute.rta_type == INET_DIAG_MEMINFO)
			take_memory(reading, value, length);
		if (attribute.rta_type == INET_DIAG_PROTOCOL && length >= 1 &&
		    value[0] != IPPROTO_TCP)
			return false;
		size_t step = RTA_ALIGN(attribute.rta_len);
		if (step >= size)
			return true;
		bytes += step;
		size -= step;
	}
	return true;
}

bool gp_sockdiag_parse(const void *body, size_t size, struct gp_socket *out)
{
	struct inet_diag_msg message;

	if (size < sizeof(message))
		return false;
	memcpy(&message, body, sizeof(message));
	int family = message.idiag_family;
	if (family != AF_INET && family != AF_INET6)
		return false;

	*out = (struct gp_socket){
		.local = take_address(family, message.id.idiag_src, message.id.idiag_if),
		.remote = take_address(family, message.id.idiag_dst, message.id.idiag_if),
		.local_port = ntohs(message.id.idiag_sport),
		.remote_port = ntohs(message.id.idiag_dport),
		.interface = message.id.idiag_if,
		.uid = message.idiag_uid,
		.inode = message.idiag_inode,
		.cookie = {message.id.idiag_cookie[0], message.id.idiag_cookie[1]},
		.state = message.idiag_state,
	};
	if (out->state == SYN_SENT)
		out->retransmits = message.idiag_retrans;
	struct reading reading = {
		.expires_ms = message.idiag_timer == 1 ? message.idiag_expires : 0,
		.unread = message.idiag_rqueue,
	};
	size_t head = NLMSG_ALIGN(sizeof(message));
	if (size > head &&
	    !take_attributes(out, (const uint8_t *)body + head, size - head, &reading))
		return false;
	out->has_gap = has_gap(out, &reading);
	return true;
}

/* NLMSG_DONE and NLMSG_ERROR begin with a negative errno, or 0. */
static void take_end(struct gp_sockdiag_walk *walk, const uint8_t *body, size_t size)
{
	int error = 0;

	if (size >= sizeof(error))
		memcpy(&error, body, sizeof(error));
	walk->is_ended = true;
	walk->error = error < 0 && error > -4096 ? -error : 0;
}

static void take_message(struct gp_sockdiag_walk *walk, const struct nlmsghdr *header,
			 const uint8_t *body, size_t size)
{
	struct gp_socket socket;

	if (walk->sequence && header->nlmsg_seq != walk->sequence)
		return;
	if (walk->sequence &&
	    (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)) {
		take_end(walk, body, size);
		return;
	}
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || walk->is_stopped || !walk->visit)
		return;
	if (!gp_sockdiag_parse(body, size, &socket) ||
	    (walk->family && socket.remote.family != walk->family))
		return;
	walk->count++;
	if (!walk->visit(walk->ctx, &socket))
		walk->is_stopped = true;
}

void gp_sockdiag_walk(struct gp_sockdiag_walk *walk, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	struct nlmsghdr header;

	while (size >= sizeof(header)) {
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size)
			return;
		take_message(walk, &header, at + NLMSG_HDRLEN,
			     header.nlmsg_len - NLMSG_HDRLEN);
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);
		if (step >= size)
			return;
		at += step;
		size -= step;
	}
}

/* ---- requests ------------------------------------------------------------------- */

static size_t put_op(uint8_t *code, unsigned char op, size_t yes, size_t no)
{
	struct inet_diag_bc_op bytes = {op, (unsigned char)yes, (unsigned short)no};

	memcpy(code, &bytes, sizeof(bytes));
	return sizeof(bytes);
}

/* The address is to be there even when none of its BITS counts. */
static size_t put_host(uint8_t *code, const struct gp_addr *address, unsigned bits)
{
	struct inet_diag_hostcond condition = {address->family, (uint8_t)bits, -1};
	size_t length = address->family == AF_INET ? 4 : 16;

	memcpy(code, &condition, sizeof(condition));
	memcpy(code + sizeof(condition), address->bytes, length);
	return sizeof(condition) + length;
}

/*
 * Conditions jump forward; to the very end is yes, 4 behind it is no. So each but the
 * last is followed by a jump to the end, and its "no" leads to the next.
 */
size_t gp_sockdiag_code(const struct gp_addr *addresses, size_t count,
			uint8_t code[GP_SOCKDIAG_CODE_MAX])
{
	static const struct gp_addr any = {.family = AF_INET};
	const struct gp_addr *hosts = count > 0 ? addresses : &any;
	size_t number = count > 0 ? count : 1;
	size_t length = hosts[0].family == AF_INET ? 4 : 16;
	size_t jump = sizeof(struct inet_diag_bc_op);
	size_t condition = jump + sizeof(struct inet_diag_hostcond) + length;
	size_t size = number * (condition + jump) - jump;
	size_t at = 0;

	for (size_t i = 0; i < number; i++) {
		at += put_op(code + at, INET_DIAG_BC_D_COND, condition, condition + jump);
		at += put_host(code + at, &hosts[i],
			       count > 0 ? (unsigned)length * 8 : 0);
		if (i + 1 < number)
			at += put_op(code + at, INET_DIAG_BC_JMP, jump, size - at);
	}
	return size;
}

static void put_address(__be32 out[4], const struct gp_addr *address)
{
	memset(out, 0, 16);
	memcpy(out, address->bytes, address->family == AF_INET ? 4 : 16);
}

void gp_sockdiag_id(const struct gp_socket *socket, struct inet_diag_sockid *out)
{
	*out = (struct inet_diag_sockid){
		.idiag_sport = htons(socket->local_port),
		.idiag_dport = htons(socket->remote_port),
		.idiag_if = socket->interface,
		.idiag_cookie = {socket->cookie[0], socket->cookie[1]},
	};
	put_address(out->idiag_src, &socket->local);
	put_address(out->idiag_dst, &socket->remote);
}
