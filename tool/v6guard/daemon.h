/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon.h - talking to v6guardd by its control socket. */
#ifndef TOOL_V6GUARD_DAEMON_H
#define TOOL_V6GUARD_DAEMON_H

#include "cli.h"

#endif
