/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nscd.h - the cache of name lookups that some hosts run. */
#ifndef TOOL_V6GUARD_NSCD_H
#define TOOL_V6GUARD_NSCD_H

#include "cli.h"

/** It answers on its socket: programs ask it instead of loading NSS modules themselves.
 */
bool nscd_is_running(void);

/** Make it forget the hosts it knows; nothing is done below another root. */
void nscd_flush(struct cli *cli);

#endif
