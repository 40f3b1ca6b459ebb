/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolvconf.h - a resolv.conf(5) as glibc's resolver reads it. Pure. */
#ifndef LIBGAIPOLICY_GUARD_RESOLVCONF_H
#define LIBGAIPOLICY_GUARD_RESOLVCONF_H

#include "gaipolicy.h"

/** libc asks the first three servers (MAXNS), and knows no more of them. */
#define GP_RESOLV_SERVERS 3

/**
 * LENGTH bytes LINE, without the newline, name a server: `nameserver` in the first
 * column, blanks, an address, and whatever follows behind a blank. An IPv4 address is one
 * of inet_aton(3), so that 127.1 and 0x7f000001 are 127.0.0.1; a carriage return makes it
 * none. A zone counts for a link-local address alone, and only if it is there. *OUT is
 * where libc's packets go: for 0.0.0.0 and :: the host itself, and for an IPv4-mapped
 * address that IPv4 one. False for anything else.
 */
bool gp_resolv_server(const char *line, size_t length, struct gp_addr *out);

/** Those of `options` that say something about whom to ask, and for what. */
struct gp_resolv_options {
	bool rotate;  /**< each server in its turn is asked first */
	bool no_aaaa; /**< libc asks for no AAAA at all (since 2.36) */
};

/** The `options` lines of SIZE bytes TEXT. As for libc a longer word that begins with an
 * option's name is that option. */
struct gp_resolv_options gp_resolv_options(const char *text, size_t size);

#endif
