/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_build_private.h - what is shared by rules_build.c, which reads the sections,
 * rules_index.c, which makes the hash of names, rules_ranges.c, which makes ranges of
 * prefixes, and rules_report.c, which looks at the result. For nobody else.
 */
#ifndef LIBGAIPOLICY_GUARD_RULES_BUILD_PRIVATE_H
#define LIBGAIPOLICY_GUARD_RULES_BUILD_PRIVATE_H

#include "guard/config_private.h"
#include "guard/rules_build.h"
#include "guard/rules_private.h"

/** Bytes that grow. Free `at` with free(). */
struct growing {
	uint8_t *at;
	size_t size, room;
};

/** Room for SIZE more bytes behind the last; NULL: no memory. They count as used. */
void *grow(struct growing *bytes, size_t size);

/** A pattern as it was read. Those of one rule are side by side, rules by rank. */
struct pattern {
	uint64_t hash;
	uint64_t text; /* where its name is in `names` */
	uint16_t rank;
	uint8_t kind; /* RULES_* */
	uint8_t length;
	bool is_other; /* the other form of the one before */
};

/** A rule on its way. */
struct draft {
	const struct gp_config_section *section;
	struct rules_row row;
	size_t first_pattern, pattern_count; /* in `patterns`, the other forms included */
	struct gp_rule_report report;
};

struct build {
	const struct gp_config *config;
	struct gp_diag *diag;
	struct draft *draft; /* by rank */
	size_t count;
	struct growing names, patterns, text, ranges, general, records;
	uint8_t *buckets;
	uint32_t bucket_count;
	bool is_finished; /* what grew belongs to `rules` now */
	struct rules_head head;
	struct gp_rules rules; /* the result */
};

enum gp_status build_no_memory(struct build *build);
enum gp_status build_too_much(struct build *build, const char *what);

/** Hash the patterns: buckets and records; counts duplicates. */
enum gp_status build_index(struct build *build);

/** The prefixes of KEY in the section of DRAFT as ranges; *COUNT is their number. */
enum gp_status build_ranges(struct build *build, const struct draft *draft,
			    const char *key, struct rules_span *ipv4,
			    struct rules_span *ipv6, size_t *count);

/** What earlier rules take of each, by the finished rules. */
void build_report(struct build *build);

#endif
