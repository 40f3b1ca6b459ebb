/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy.h - from v6guard.conf and nsswitch.conf to the snapshot, and looking at that. */
#ifndef TOOL_V6GUARD_POLICY_H
#define TOOL_V6GUARD_POLICY_H

#include "change.h"
#include "guard/rules_build.h"
#include "guard/snapshot.h"

enum policy_state {
	POLICY_GOOD,
	POLICY_ABSENT,
	POLICY_DAMAGED,
	POLICY_UNTRUSTED, /* its owner or its mode: doors ignore it */
	POLICY_UNREADABLE,
};

/** The snapshot as it is on the disk. Free with policy_free. */
struct policy {
	enum policy_state state;
	struct gp_snapshot snapshot; /* while it is good */
	struct gp_file file;         /* unless it is unreadable; mapped */
	struct gp_rules built;       /* what policy_apply made */
	char trouble[512];           /* a sentence, unless it is good */
};

void policy_read(const struct cli *cli, struct policy *out);
void policy_free(struct policy *policy);

/** Warn of a file that a group may write. */
void complain_loose(const struct gp_config *config);

/** The configuration; its errors have been printed when the exit code is not EXIT_DONE.
 */
int policy_load_config(const struct cli *cli, struct gp_config **out);

/**
 * CONFIG and the hosts: line together; generation, created and off_until are zero. What
 * OUT's rules lead to is to be freed with gp_rules_build_free, REPORT, which may be NULL,
 * with gp_rules_report_free.
 */
int policy_from_config(const struct cli *cli, const struct gp_config *config,
		       const char *nsswitch, size_t size, struct gp_rules_report *report,
		       struct gp_snapshot *out);

/** The same with the configuration as it is on the disk. */
int policy_compile(const struct cli *cli, const char *nsswitch, size_t size,
		   struct gp_rules_report *report, struct gp_snapshot *out);

/** Warn of rules that can never match, and of those that end within 14 days, or have. */
void policy_warn(struct cli *cli, const struct gp_rules_report *report);

/** Both say the same, whenever they were written and whether off or not. */
bool policy_is_same(const struct gp_snapshot *a, const struct gp_snapshot *b);

/** Put NEW in force: the next generation, if it says anything else than OLD. */
int policy_write(struct change *change, const struct policy *old,
		 struct gp_snapshot *new);

/**
 * Compile and write. NSSWITCH NULL: as it is on the disk. An `off` stays. OUT is what is
 * in force then; OLD, what was before, is for change_undo and policy_free.
 */
int policy_apply(struct change *change, const char *nsswitch, size_t size,
		 struct policy *old, struct gp_snapshot *out);

/** "mode auto, generation 4, backends dns", and how many rules. */
void policy_summary(const struct gp_snapshot *snapshot, char *buf, size_t size);

/** "forever" or the end in UTC; "" while not off. */
void policy_off_text(const struct gp_snapshot *snapshot, char *buf, size_t size);

#endif
