/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * own.h - the host's own addresses, which the kernel is asked for once a second at most.
 * For nss/ only.
 */
#ifndef NSS_OWN_H
#define NSS_OWN_H

#include "gaipolicy.h"

enum own {
	OWN_NO,
	OWN_YES,
	OWN_UNKNOWN, /**< there are more than 64, or the kernel does not tell */
};

/** ADDR is assigned to an interface of this network namespace, or was a second ago.
 * Thread cancellation must be off. errno is not preserved. */
enum own own_find(const struct gp_addr *addr);

#endif
