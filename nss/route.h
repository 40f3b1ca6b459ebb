/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * route.h - addresses that the kernel had a route to a moment ago, so that names that are
 * looked up again and again do not cost a socket each time. For nss/ only.
 */
#ifndef NSS_ROUTE_H
#define NSS_ROUTE_H

#include "gaipolicy.h"

/** ADDR was noted within the last 250 ms. False also while another thread is at it. */
bool route_is_fresh(const struct gp_addr *addr);

/** There is a route to ADDR. */
void route_note(const struct gp_addr *addr);

#endif
