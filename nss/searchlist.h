/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* searchlist.h - what a resolver's settings make of a name. For nss/ only. */
#ifndef NSS_SEARCHLIST_H
#define NSS_SEARCHLIST_H

#include <stdbool.h>

/**
 * SERVICE, `dns` or `resolve`, looks for NAME as it is, and first of all: what is found
 * so does not hang on which types are asked for. For `dns` by this thread's ndots, as
 * resolv.conf, RES_OPTIONS and the program have it. errno is not preserved.
 */
bool searchlist_is_fixed(const char *service, const char *name);

/** NAME ends in a dot. */
bool searchlist_ends_in_dot(const char *name);

/** `dns` asks for no AAAA in this thread: `options no-aaaa`, glibc 2.36. */
bool searchlist_has_no_aaaa(void);

#endif
