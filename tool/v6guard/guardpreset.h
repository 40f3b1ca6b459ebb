/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guardpreset.h - presets of v6guard.conf: its text with one of them in it. Pure. */
#ifndef TOOL_V6GUARD_GUARDPRESET_H
#define TOOL_V6GUARD_GUARDPRESET_H

#include "gaipolicy.h"

/** Most prefixes that a preset takes from the host, and words that it is told. */
#define GUARD_PRESET_OWN 32

enum guard_preset {
	GUARD_PHASE1,
	GUARD_PHASE2,
	GUARD_PREFER_IPV4,
	GUARD_DISTRUST,
	GUARD_PRESETS
};

const char *guard_preset_name(enum guard_preset preset);

/** What it is, in a line. */
const char *guard_preset_brief(enum guard_preset preset);

/** The preset of that name; GUARD_PRESETS: there is none. */
enum guard_preset guard_preset_parse(const char *name);

/** It is made of the host's own prefixes. */
bool guard_preset_needs_own(enum guard_preset preset);

/** It takes names and prefixes that work as well. */
bool guard_preset_takes_words(enum guard_preset preset);

/**
 * Collect what ADDR, one of the host's own, adds to the COUNT prefixes at OWN: its /64
 * (phase1) or /56 (phase2), which is what a site or a cloud's network usually has; of
 * addresses beyond the link (2000::/3, fc00::/7) alone, each once. Returns the new count.
 */
size_t guard_preset_add_own(enum guard_preset preset, const struct gp_addr *addr,
			    struct gp_prefix own[GUARD_PRESET_OWN], size_t count);

/** What a preset is made of. */
struct guard_preset_parts {
	const struct gp_prefix *own;
	size_t own_count;
	const char *const *words; /* prefixes of IPv6, and patterns of names */
	size_t word_count;
};

/**
 * The text of a v6guard.conf with PRESET in it, and the rules of another preset, all
 * named preset-*, out of it; every other byte as it was. *OUT is malloc'd. Errors as
 * gp_config_edit's. The values are not checked.
 */
enum gp_status guard_preset_edit(const char *text, size_t size, enum guard_preset preset,
				 const struct guard_preset_parts *parts, char **out,
				 size_t *out_size);

/** WORD is meant for a prefix, not for a name. */
bool guard_preset_is_prefix(const char *word);

#endif
