/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tidy.h - memory that many lookups at once took is given back when they are over:
 * libunbound has 32 KiB for each, and the C library would keep them.
 */
#ifndef TOOL_V6GUARDD_DNS_TIDY_H
#define TOOL_V6GUARDD_DNS_TIDY_H

#include <event2/event.h>
#include <stddef.h>

struct tidy;

/** LOOKUPS is how many there are, and stays the caller's. NULL: no memory. */
struct tidy *tidy_new(struct event_base *base, const size_t *lookups);
void tidy_free(struct tidy *tidy);

/** There is a lookup more. */
void tidy_more(struct tidy *tidy);

/** Something large was freed, as happens once in a while: give that back. */
void tidy_now(void);

#endif
