/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * happy.h - a race of connection attempts (RFC 8305 5): one after the other, the next one
 * after a delay or when the one before has failed, until one is answered or time is over.
 * Nothing is sent on a connection. For nss/ only.
 */
#ifndef NSS_HAPPY_H
#define NSS_HAPPY_H

#include <poll.h>

#include "guard/race.h"

/** Destinations in one race, and ports that each is tried at. */
#define HAPPY_RUNNERS 8
#define HAPPY_PORTS 2

/** What became of a destination. */
enum happy_end {
	HAPPY_NOT_STARTED,
	HAPPY_RUNNING,  /**< no answer until the race was over */
	HAPPY_ANSWERED, /**< connected, or refused by itself */
	HAPPY_FAILED,   /**< an ICMP error, or TCP gave up */
	HAPPY_LOCAL,    /**< this host would not even try: says nothing */
};

/** A destination. ADDR is the caller's, the rest is set by happy_race. */
struct happy_runner {
	struct gp_addr addr;
	enum happy_end end;
	long long started_us;
	long long took_us; /**< until it ended; until the race did, if it was running */
	bool is_refused;   /**< ANSWERED, and not connected */
	int fds[HAPPY_PORTS];
};

/** Between whom, and by which rules. RUNNERS are in the order in which they start. */
struct happy_race {
	struct happy_runner runners[HAPPY_RUNNERS];
	unsigned count;
	uint16_t ports[HAPPY_PORTS]; /**< host byte order; all are tried at once */
	unsigned port_count;
	uint32_t budget_ms; /**< the longest it takes */
	uint32_t delay_ms;  /**< until the next one starts */
	/**
	 * Go on when IPv6 has answered after more than this, until it is known whether
	 * IPv4 would have been faster by more than this; 0: the first answer ends it.
	 */
	uint32_t slow_ms;
};

/** The world, for a test to replace; attempts as in guard/race.h. */
struct happy_ops {
	int (*start)(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result);
	enum gp_attempt (*check)(int fd);
	void (*close)(int fd);
	/** Until one of FDS is ready, TIMEOUT_MS are over, or a signal came. */
	void (*wait)(struct pollfd *fds, unsigned count, int timeout_ms);
	long long (*now_us)(void);
};

/** The kernel's. */
extern const struct happy_ops happy_kernel;

/** Run it. No descriptor is left open; errno is not preserved. Thread cancellation must
 * be off. */
void happy_race(const struct happy_ops *ops, struct happy_race *race);

/** Of FAMILY who answered fastest, or NULL. */
const struct happy_runner *happy_winner(const struct happy_race *race, int family);

#endif
