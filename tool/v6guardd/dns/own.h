/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* own.h - which addresses are this host's. */
#ifndef TOOL_V6GUARDD_DNS_OWN_H
#define TOOL_V6GUARDD_DNS_OWN_H

#include <stdbool.h>

#include "gaipolicy.h"

/** This host can bind to ADDR. False also when there is no descriptor left to try with.
 */
bool own_address(const struct gp_addr *addr);

#endif
