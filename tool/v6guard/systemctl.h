/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemctl.h - what is asked of systemd. */
#ifndef TOOL_V6GUARD_SYSTEMCTL_H
#define TOOL_V6GUARD_SYSTEMCTL_H

#include "cli.h"

#define SYSTEMCTL_DAEMON "v6guardd.service"

/** It runs this host, and the command is not about an image. sd_booted(3). */
bool systemctl_is_there(const struct cli *cli);

/** Run `systemctl VERB [UNIT]` without output, UNIT NULL: none. True: status 0,
 * within half a minute. */
bool systemctl(const char *verb, const char *unit);

#endif
