/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lastgood.h - what was last read without an error, kept for a start at which the
 * configuration cannot be taken. It is kept as one v6guard.conf with the lists that it
 * named written out, and not as the worker's bytes: the file format is what later
 * versions promise to read, and a person can look at what is in force. Rules are not in
 * it: the compiled policy keeps these.
 */
#ifndef TOOL_V6GUARDD_LASTGOOD_H
#define TOOL_V6GUARDD_LASTGOOD_H

#include "settings.h"

#define LASTGOOD_FILE "/var/lib/v6guard/last-good.conf"

/** CONFIG as such a text, malloc'd, which reads as SETTINGS; NULL: it cannot be had. */
char *lastgood_text(const struct gp_config *config, const struct settings *settings);

/** Write TEXT, unless that is there; whole, or what was there stays. False and errno. */
bool lastgood_keep(const char *text);

/** It is there, damaged or not. */
bool lastgood_exists(void);

/** Read it; what it holds is not yet known to be possible here. NULL and WHY: it is not
 * there, damaged, or there is no memory. OUT and the configuration are the caller's. */
struct gp_config *lastgood_read(struct settings *out, char why[DNS_WHY]);

/** Nothing is known of what was wanted: no evidence, and a resolver that asks whom
 * resolv.conf named before it led here. False: no memory. */
bool lastgood_without(struct settings *out);

#endif
