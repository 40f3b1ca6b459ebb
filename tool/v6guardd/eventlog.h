/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* eventlog.h - what happened, one JSON object a line, for those who asked for its kind.
 */
#ifndef TOOL_V6GUARDD_EVENTLOG_H
#define TOOL_V6GUARDD_EVENTLOG_H

#include <jansson.h>

#include "settings.h"

struct eventlog;

/** FD: where lines go, -1: nowhere. KINDS: bits of enum event_kind. NULL: no memory. */
struct eventlog *eventlog_new(int fd, unsigned kinds);
void eventlog_free(struct eventlog *log);
void eventlog_set_kinds(struct eventlog *log, unsigned kinds);

/**
 * Write {"time": RFC 3339 in UTC, "event": KIND, ...} with the members of FIELDS (stolen;
 * NULL is allowed). A line is written whole or not at all; a full pipe loses it, and the
 * next line says how many were lost.
 */
void eventlog_write(struct eventlog *log, enum event_kind kind, json_t *fields);

/** Somebody wants lines of KIND. */
bool eventlog_wants(const struct eventlog *log, enum event_kind kind);
/** One of KIND was not even tried to be written: there are too many. It counts as lost.
 */
void eventlog_lose(struct eventlog *log, enum event_kind kind);

#endif
