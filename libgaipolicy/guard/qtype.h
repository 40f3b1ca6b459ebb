/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qtype.h - types of DNS questions and their names (IANA, "Resource Record (RR) TYPEs").
 */
#ifndef LIBGAIPOLICY_GUARD_QTYPE_H
#define LIBGAIPOLICY_GUARD_QTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An EDNS option of our own, of those for local use (RFC 6891 9): in a question it is
 * empty, and asks why the answer is as it is; that says so in words. */
#define GP_OPTION_WHY 65464

/** Bytes of "TYPE65535" with its NUL; every name fits. */
#define GP_QTYPE_TEXT 10

/** "AAAA", or "TYPE28" (RFC 3597 5), in any case. False: it is no type. */
bool gp_qtype_parse(const char *word, size_t length, uint16_t *out);

/** The name, or TYPE and its number; returns OUT. */
const char *gp_qtype_name(uint16_t type, char out[GP_QTYPE_TEXT]);

#endif
