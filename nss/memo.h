/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memo.h - what races have shown, kept by this process for a while: 64 destinations at
 * most, no memory is taken, no descriptor kept. Any thread, any child of a fork(). Where
 * another thread is at it for too long, nothing is known. For nss/ only.
 */
#ifndef NSS_MEMO_H
#define NSS_MEMO_H

#include "guard/snapshot.h"

/** What is known of an IPv6 destination. */
enum memo {
	MEMO_NOTHING,
	MEMO_ANSWERED,    /**< for ok-ttl */
	MEMO_NO_ANSWER,   /**< while another address of its name answered: for broken-ttl,
			     then twice that, up to broken-ttl-max */
	MEMO_OUTDONE,     /**< the same, and more: silent, while IPv4 was connected to */
	MEMO_SLOW,        /**< answered, but too late; the same times */
	MEMO_PASSED_OVER, /**< never asked, as IPv4 had answered before: for broken-ttl */
	MEMO_LEFT_OUT,    /**< the same, beside one that is MEMO_OUTDONE */
	MEMO_SILENT,      /**< nobody answered: for broken-ttl */
	MEMO_LOCAL,       /**< this host did not try: for broken-ttl */
};

/** PORT: 0 where the service is not known. NOW_MS: gp_now_ms. */
enum memo memo_get(const struct gp_addr *addr, uint16_t port, long long now_ms);

/** Times are PROBE's. The entry that ends first makes room. */
void memo_put(const struct gp_addr *addr, uint16_t port, enum memo what,
	      const struct gp_probe_policy *probe, long long now_ms);

/** Take ATTEMPTS out of this second's MAX_RATE; false: so many are not left. */
bool memo_take(unsigned attempts, uint32_t max_rate, long long now_ms);

/** Give back what was taken and not made. */
void memo_give_back(unsigned attempts);

#endif
