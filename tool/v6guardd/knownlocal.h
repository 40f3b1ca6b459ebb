/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * knownlocal.h - the steward's part of [gai] known-local-ula: the block in gai.conf, and
 * the same labels in the kernel. Which prefixes they are for, the worker says.
 */
#ifndef TOOL_V6GUARDD_KNOWNLOCAL_H
#define TOOL_V6GUARDD_KNOWNLOCAL_H

#include <sys/stat.h>

#include "watch/ula.h"

#define KNOWNLOCAL_FILE "/etc/gai.conf"
#define KNOWNLOCAL_DETAIL 256

enum knownlocal_state {
	KNOWNLOCAL_OFF,     /* not wanted, and not there */
	KNOWNLOCAL_ON,      /* as the network is, if that is without any */
	KNOWNLOCAL_EDITED,  /* the block was changed by hand: it is left alone */
	KNOWNLOCAL_REMOVED, /* ... or taken out: until the next reload or start */
	KNOWNLOCAL_FAILED,  /* it could not be written; tried again */
	KNOWNLOCAL_STATES
};

/** "off", "on", ...; NULL for no state. */
const char *knownlocal_state_name(enum knownlocal_state state);

/** What there is to tell of it. */
struct knownlocal_report {
	uint32_t state;       /* enum knownlocal_state */
	struct ula_rows rows; /* in the file */
	char detail[KNOWNLOCAL_DETAIL];
};

struct knownlocal {
	bool is_wanted; /* by the configuration */
	bool is_told;   /* the worker has said what there is */
	struct ula_rows told;
	struct knownlocal_report report;
	bool had_block;
	long long due_ms;        /* 0: nothing is to be done */
	long long not_before_ms; /* for the next write */
	struct stat seen;        /* of the file when it was right; nlink 0: never */
};

/** The configuration, at the start and after each reload. */
void knownlocal_configure(struct knownlocal *known, bool is_wanted, long long now_ms);

/** What the worker found: checked rows. */
void knownlocal_tell(struct knownlocal *known, const struct ula_rows *rows,
		     long long now_ms);

/** Do what is due. True: the report is another one. */
bool knownlocal_do(struct knownlocal *known, long long now_ms);

/** v6guardd ends because it was asked to: nobody would take rows out any more. */
void knownlocal_end(struct knownlocal *known);

#endif
