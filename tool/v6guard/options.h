/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.h - what the options said; for main.c, and --for for its commands. */
#ifndef TOOL_V6GUARD_OPTIONS_H
#define TOOL_V6GUARD_OPTIONS_H

#include "cli.h"

/** Options that only some commands take. */
enum option_bit {
	ON_CHECK = 1 << 0,
	ON_DRY_RUN = 1 << 1,
	ON_FOR = 1 << 2,
	ON_VERIFY = 1 << 3,
	ON_DOORS = 1 << 4,
	ON_WATCH = 1 << 5,
	ON_RESCUE = 1 << 6,
	ON_MODE = 1 << 7,
	ON_CONFIG = 1 << 8,
	ON_TRACE = 1 << 9,
	ON_COMPARE = 1 << 10,
	ON_LIMIT = 1 << 11,
	ON_MINIMAL = 1 << 12,
	ON_FILE = 1 << 13,
	ON_EFFECTIVE = 1 << 14,
	ON_PROFILE = 1 << 15,
	ON_KERNEL = 1 << 16,
	ON_PROGRAM = 1 << 18,
	ON_NO_PROBE = 1 << 17,
	ON_REVERSE = 1 << 19,
	ON_DNSSEC = 1 << 20,
};

/** What the options said that concerns main alone. */
struct wishes {
	bool has_help, has_version, is_json;
	const char *color;
	unsigned given; /* enum option_bit */
};

/**
 * Read the options into CLI and WISHES; the exit code. ARGV is sorted then: what is no
 * option stands from optind on.
 */
int options_take(struct cli *cli, struct wishes *wishes, int argc, char **argv);

/** WORD is an option of which the next word is the value. */
bool options_takes_value(const char *word);

/** The name of an option that was given and is none of ALLOWED, or NULL. */
const char *options_beyond(const struct wishes *wishes, unsigned allowed);

/** What --for says, which was given: in SECONDS, rounded up. */
int options_for_time(const struct cli *cli, int64_t *seconds);

/** TEXT, a time with its unit, in milliseconds; 0: not one. */
int64_t options_milliseconds(const char *text);

#endif
