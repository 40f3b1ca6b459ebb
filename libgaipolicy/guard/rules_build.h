/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_build.h - from the [rule NAME] sections to their compiled form, and what can be
 * said of them on the way. For the CLI; never linked into the doors.
 */
#ifndef LIBGAIPOLICY_GUARD_RULES_BUILD_H
#define LIBGAIPOLICY_GUARD_RULES_BUILD_H

#include "guard/config.h"
#include "guard/rules.h"

/** What a rule came to. */
struct gp_rule_report {
	char name[GP_RULE_NAME];
	unsigned priority;
	size_t patterns;   /**< of `domains` and its files, as written */
	size_t duplicates; /**< of these, said by another one of the same rule already */
	size_t prefixes;   /**< as written */
	size_t shadowed;   /**< patterns whose names an earlier rule always takes */
	/** The rank of an earlier rule that takes (some of) them, or -1. */
	int shadowed_by;
	bool never_matches; /**< all is shadowed, or no door can fulfil its conditions */
	int64_t until;      /**< as in struct gp_guard_rule */
};

/** By rank. Free with gp_rules_report_free. */
struct gp_rules_report {
	size_t count;
	struct gp_rule_report *rule;
};

/**
 * Compile the rules of CONFIG. OUT is to be freed with gp_rules_build_free, and REPORT,
 * which may be NULL, with gp_rules_report_free. The same rules give the same bytes.
 * GP_NOMEM; GP_RANGE: more than the format has room for; GP_SYNTAX, GP_IO, GP_PERM: a
 * list is no longer what gp_config_load saw.
 */
enum gp_status gp_rules_build(const struct gp_config *config, struct gp_rules *out,
			      struct gp_rules_report *report, struct gp_diag *diag);

/** Only for what gp_rules_build made; the others lead into somebody else's bytes. */
void gp_rules_build_free(struct gp_rules *rules);
void gp_rules_report_free(struct gp_rules_report *report);

#endif
