/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* known.h - verdicts as v6guardd tells them, for status, watch and verdict list. */
#ifndef TOOL_V6GUARD_KNOWN_H
#define TOOL_V6GUARD_KNOWN_H

#include <jansson.h>

#include "gaipolicy.h"
#include "out.h"

#define KNOWN_WORD 24
#define KNOWN_TIME 24

/** One of them. Texts are printable; seconds below 0: null, or not said. */
struct known {
	char prefix[GP_PREFIX_TEXT], verdict[KNOWN_WORD], evidence[KNOWN_WORD];
	char partner[GP_ADDR_TEXT]; /* "": none */
	long long age, expires, next_test;
	long long port; /* where it answered or failed */
};

/** False: ITEM is no verdict. */
bool known_read(const json_t *item, struct known *out);

/** Copy TEXT, NULL being "": what would do something to a terminal becomes '?'. */
void known_text(char *buf, size_t size, const char *text);

/** "12 s", "5 min", "3 h", "2 d"; returns BUF. */
const char *known_time(long long seconds, char buf[KNOWN_TIME]);

/**
 * The list "verdicts" of JSON, or a table: at most MAX rows behind LABEL, whose column is
 * as wide as out.h's; NULL: with a heading instead. MORE are known beside LIST, which
 * need not be one.
 */
void known_print(struct out *out, const json_t *list, size_t max, const char *label,
		 long long more);

#endif
