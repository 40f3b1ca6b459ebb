/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* notify.h - telling a supervisor how we are: the datagrams of sd_notify(3). */
#ifndef TOOL_V6GUARDD_NOTIFY_H
#define TOOL_V6GUARDD_NOTIFY_H

#include <stdbool.h>

/** Send STATE ("READY=1") to NOTIFY_SOCKET; false: there is none, or it failed. */
bool notify(const char *state);

/** Milliseconds between two WATCHDOG=1 that the supervisor wants; 0: none. */
int notify_watchdog_ms(void);

#endif
