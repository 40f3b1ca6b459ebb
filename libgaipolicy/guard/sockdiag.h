/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sockdiag.h - TCP sockets as the kernel sees them (NETLINK_SOCK_DIAG), unprivileged but
 * for the destroying. For v6guardd and the CLI; never linked into the doors.
 */
#ifndef LIBGAIPOLICY_GUARD_SOCKDIAG_H
#define LIBGAIPOLICY_GUARD_SOCKDIAG_H

#include "gaipolicy.h"

/** Payload that shows the path MTU: its packet, options and all, has about the 1280 bytes
 * that every IPv6 link carries (RFC 8200 5), or more. */
#define GP_SOCKET_LARGE 1200

/** A TCP socket. */
struct gp_socket {
	struct gp_addr local, remote; /**< an IPv4-mapped destination counts as AF_INET */
	uint16_t local_port, remote_port; /**< host byte order; 0: not known any more */
	uint32_t interface;
	uint32_t uid;            /**< 0 in destroy events: not known */
	uint32_t inode;          /**< 0 in destroy events */
	uint32_t cookie[2];      /**< names it for as long as the host runs */
	uint8_t state;           /**< TCP_SYN_SENT and so on, <netinet/tcp.h> */
	uint8_t retransmits;     /**< tcpi_retransmits: of the segment that waits now */
	uint32_t rtt_us;         /**< 0: no handshake came about */
	uint32_t unacked;        /**< segments that nobody acknowledged yet */
	uint64_t bytes_acked;    /**< the SYN counts as one, and so does a FIN */
	uint64_t bytes_received; /**< a FIN counts as one */
	uint32_t quiet_ms;       /**< since anything came; without a handshake: since the
				 SYN was last sent, when closed at the most so long */
	uint32_t waiting_ms;     /**< in SYN_SENT: since the first SYN */
	uint32_t sent_ms;        /**< since payload was last sent; none yet: since the
				 handshake, nearly */
	uint32_t received_ms;    /**< the same for payload that came in its order */
	uint32_t largest;        /**< payload of the largest segments that come, as the
				 kernel takes it; it begins with 536 */
	uint32_t sent_bytes;     /**< payload, each byte once; 0: none, or not known */
	uint32_t lost;           /**< what had to be sent again, the SYN as well, without
				 what the peer says it had already */
	uint8_t has_sent_data;   /**< payload was sent, acknowledged or not */
	uint8_t has_gap;         /**< something came behind what is missing still; surely,
				 but not known of every socket that has one */
	uint8_t was_answered;    /**< a round trip was measured once: outlives an abort,
				 which wipes the counters above */
};

/** What a socket that was closed says of its destination (facts: only these are sure). */
enum gp_evidence {
	GP_EVIDENCE_NONE,    /**< gave up early, or refused, or not known */
	GP_EVIDENCE_OK,      /**< a handshake, and no data that nobody acknowledged */
	GP_EVIDENCE_DATA_OK, /**< and data beyond the handshake was acknowledged */
	GP_EVIDENCE_FAILED,  /**< two retransmits of the SYN, and no answer */
	GP_EVIDENCE_STALLED, /**< path MTU: a handshake, then nothing acknowledged after 3
				  retransmits, 5 if all of it is small; or small packets
				  from there alone, and what came before is missing */
	GP_EVIDENCE_REACHED, /**< a handshake and acknowledged data, so the way there
				works; an answer of full size did not show yet. Not to be
				  called ok */
};

/**
 * The same for a socket that is still there (SYN_SENT or established) or was closed. An
 * answer older than 10 s is no evidence, nor is any while something newer waits for its
 * own: the path may have gone since. A FIN is no data.
 *
 * Every IPv6 link carries packets of 1280 bytes (RFC 8200 5), so what is larger shows the
 * path MTU. Towards the peer that is seen by what is not acknowledged. Towards us only a
 * gap shows: it must be open for 10 s and 20 round trips with nothing on its way in
 * either direction, no larger segment may ever have come, few out of their order, and
 * nothing of ours may have been lost, as packets get lost by chance as well. A socket
 * says so for 10 s; the peer tries again each 2 minutes at the least, and an older gap
 * may be about to close. Where nothing small follows what is missing, a hole cannot be
 * told from a server that takes its time: REACHED, and so is a connection in its first
 * second. One that ends within a second after its last data was content with what it got:
 * DATA_OK.
 */
enum gp_evidence gp_socket_evidence(const struct gp_socket *socket);

/** Bits of STATES below. */
#define GP_STATE_ESTABLISHED (1U << 1)
#define GP_STATE_SYN_SENT (1U << 2)

/** A netlink socket for dumps; -1 and errno. Close with close(). */
int gp_sockdiag_open(void);

/**
 * Visit all TCP sockets in STATES whose remote address is of FAMILY: AF_INET finds those
 * of AF_INET6 sockets with an IPv4-mapped destination too, AF_INET6 leaves them out. With
 * COUNT > 0 only those whose destination is one of ADDRESSES (of that family; at most
 * 32), asked of the kernel by filter. VISIT returns false to stop early. GP_IO, GP_RANGE.
 * A dump that the kernel marks as interrupted is used as it is.
 */
enum gp_status gp_sockdiag_dump(int fd, int family, unsigned states,
				const struct gp_addr *addresses, size_t count,
				bool (*visit)(void *ctx, const struct gp_socket *socket),
				void *ctx);

/**
 * A netlink socket that hears of every TCP socket that closes, both families; -1 and
 * errno. BUFFER: bytes it may hold (SO_RCVBUFFORCE where allowed). Non-blocking.
 */
int gp_sockdiag_listen(int buffer);

/**
 * Read what is there. GP_OK: all was visited; GP_BUSY: events were lost (ENOBUFS), which
 * says "dump now"; GP_IO.
 */
enum gp_status gp_sockdiag_read(int fd,
				void (*visit)(void *ctx, const struct gp_socket *socket),
				void *ctx);

/** Look one socket up again by family, addresses, ports and cookie. GP_NOTFOUND. */
enum gp_status gp_sockdiag_find(int fd, const struct gp_socket *socket,
				struct gp_socket *out);

/**
 * Destroy an IPv6 TCP socket in SYN_SENT (its connect() gives ECONNABORTED): looked up
 * again by cookie right before. GP_NOTFOUND: it is gone or in another state by now;
 * GP_PERM: no CAP_NET_ADMIN; GP_UNSUPPORTED: a kernel without INET_DIAG_DESTROY.
 */
enum gp_status gp_sockdiag_destroy(int fd, const struct gp_socket *socket);

/**
 * Whether this kernel and these rights can destroy: asked with a socket that does not
 * exist. GP_OK, GP_PERM or GP_UNSUPPORTED.
 */
enum gp_status gp_sockdiag_can_destroy(int fd);

#endif
