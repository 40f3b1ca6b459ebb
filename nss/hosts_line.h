/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hosts_line.h - what libc's lookups of hosts go through, as far as the preload door has
 * to know: whether DNS has the last word. For nss/ only.
 */
#ifndef NSS_HOSTS_LINE_H
#define NSS_HOSTS_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum hosts_line {
	HOSTS_UNKNOWN,    /**< no such line, no dns there, or what cannot be judged */
	HOSTS_DNS_LAST,   /**< services that are known, dns being the last of them */
	HOSTS_DNS_BEFORE, /**< the same, but myhostname stands behind it */
};

/** Of the SIZE bytes of an nsswitch.conf. Pure. */
enum hosts_line hosts_line_parse(const char *text, size_t size);

/**
 * Of /etc/nsswitch.conf now, which is looked at (stat) each time, and read when it is
 * another one. Unknown behind a chroot(), where libc goes on with the one it has read.
 * Thread cancellation must be off. errno is not preserved.
 */
enum hosts_line hosts_line_now(void);

#endif
