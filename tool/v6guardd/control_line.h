/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_line.h - the words of the control socket, from bytes that anybody may send. */
#ifndef TOOL_V6GUARDD_CONTROL_LINE_H
#define TOOL_V6GUARDD_CONTROL_LINE_H

#include "dns/wire.h"
#include "gaipolicy.h"

/** Bytes of a line, with its newline. */
#define CONTROL_LINE 512
/** A verdict is set for so long at most: 30 days. */
#define CONTROL_SECONDS_MAX (30U * 86400)

enum control_verb {
	CONTROL_STATUS,
	CONTROL_PARTNERS,
	CONTROL_VERDICT_LIST,
	CONTROL_VERDICT_SET,
	CONTROL_VERDICT_CLEAR,
	CONTROL_RELOAD,
	CONTROL_RESOLVER_STATUS,
	CONTROL_RESOLVER_FLUSH,
};

struct control_line {
	enum control_verb verb;
	bool needs_root;
	struct gp_addr addr;     /* partners */
	struct gp_prefix prefix; /* verdict set, clear: IPv6 of length 0, 48 or 128 for
				    set; ::/0 for a clear of everything */
	enum gp_verdict verdict; /* verdict set; never unknown */
	uint32_t seconds;        /* verdict set: 1..CONTROL_SECONDS_MAX */
	bool has_name;           /* resolver flush: of one name */
	uint8_t name[WIRE_NAME]; /* in wire form and lower case */
};

/** SIZE bytes without their newline; false: WHY is a sentence that names what would be
 * right. */
bool control_line_parse(const char *bytes, size_t size, struct control_line *out,
			char why[256]);

#endif
