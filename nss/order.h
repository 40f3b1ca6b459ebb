/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * order.h - addresses in the order of RFC 6724 rather than libc's, which sorts by the
 * tables of RFC 3484 or a gai.conf. For nss/ only.
 */
#ifndef NSS_ORDER_H
#define NSS_ORDER_H

#include "gaipolicy.h"

/**
 * Sort COUNT candidates by RFC 6724 6 with the policy table of its section 2.1, for this
 * host as it is now: source addresses by connect(), which sends nothing, their flags by
 * netlink. Stable. True when any moved; without memory none does. Thread cancellation
 * must be off. errno is not preserved.
 */
bool order_by_rfc6724(struct gp_candidate *candidates, size_t count);

#endif
