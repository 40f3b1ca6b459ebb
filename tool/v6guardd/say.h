/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* say.h - what v6guardd has to say to its operator: stderr, or syslog in the background.
 */
#ifndef TOOL_V6GUARDD_SAY_H
#define TOOL_V6GUARDD_SAY_H

/** A line; "v6guardd: " goes before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** From now on to syslog, as daemon.warning: there is no terminal any more. */
void say_to_syslog(void);

#endif
