/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stuck.h - IPv6 connects that nobody answers, whose they are, and ending them. */
#ifndef TOOL_V6GUARD_STUCK_H
#define TOOL_V6GUARD_STUCK_H

#include "guard/owner.h"
#include "guard/sockdiag.h"

#define STUCK_PARTNERS 4
#define STUCK_TEST_MS 1000
#define STUCK_TEXT 320

/** What became of one. */
enum stuck_fate {
	STUCK_WAITS, /* nobody tried anything */
	STUCK_FREED,
	STUCK_GONE,   /* it went on by itself meanwhile */
	STUCK_LEFT,   /* alone: none of its IPv4 partners answers either */
	STUCK_FAILED, /* the kernel refused */
};

/** "waits", "freed", "gone", "left", "failed". */
const char *stuck_fate_name(enum stuck_fate fate);

struct stuck_socket {
	struct gp_socket socket;
	struct gp_owner owner;
	struct gp_addr partners[STUCK_PARTNERS]; /* handed out with that address */
	size_t partner_count;                    /* 0: none is known */
	unsigned seconds;                        /* it waits at least that long */
	enum stuck_fate fate;
};

struct stuck_list {
	struct stuck_socket *items; /* the longest wait first */
	size_t count;
	unsigned would_last; /* seconds until the kernel gives one up */
};

/**
 * The IPv6 sockets of this network namespace whose SYN was sent again, by a dump on FD of
 * gp_sockdiag_open. A handshake in its first second is none of them. GP_NOMEM, or as
 * gp_sockdiag_dump. Free with stuck_free.
 */
enum gp_status stuck_find(int fd, struct stuck_list *out);
void stuck_free(struct stuck_list *list);

/**
 * End the connect() of each in LIST, which its program hears of as ECONNABORTED, and set
 * its fate. Where IPv4 partners are known one must answer on the same port first.
 */
void stuck_rescue(int fd, struct stuck_list *list);

/** What became of SOCKET, in a sentence; returns BUF. */
const char *stuck_story(const struct stuck_socket *socket, char buf[STUCK_TEXT]);

/**
 * Seconds after the first SYN at which the RETRANSMITS-th repetition is sent: LINEAR
 * (net.ipv4.tcp_syn_linear_timeouts) of them and one more come a second apart, then each
 * wait is twice the one before, up to 120 s (RFC 6298 5.5, and Linux since 6.5).
 */
unsigned stuck_seconds(unsigned retransmits, unsigned linear);

/** Seconds until the kernel gives up, with net.ipv4.tcp_syn_retries = RETRIES. */
unsigned stuck_limit(unsigned retries, unsigned linear);

#endif
