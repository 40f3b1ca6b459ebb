/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernellabel.h - a label of gai.conf in the kernel's own table as well. */
#ifndef TOOL_V6GUARD_KERNELLABEL_H
#define TOOL_V6GUARD_KERNELLABEL_H

#include "gai.h"

/** A label that the kernel is to have. */
struct kernel_label {
	struct gp_label row;
	bool was_there; /* a row of that prefix, with the label BEFORE */
	uint32_t before;
	bool is_changed; /* it is the kernel's by now; of a dry run: it would be */
};

/** --kernel can be done: of labels, and on this host; else said why, and the code. */
int kernel_label_check(const struct cli *cli, enum gp_table_kind kind,
		       const struct gp_row *row, struct kernel_label *out);

/** Put it into the kernel's table, unless it is a dry run; an exit code. */
int kernel_label_put(const struct cli *cli, struct kernel_label *label);

/** What was there before is there again. */
void kernel_label_undo(const struct cli *cli, const struct kernel_label *label);

/** The result, for people and as the JSON key kernel; how to undo it. */
void kernel_label_report(struct cli *cli, const struct kernel_label *label);

/** Warn, with --kernel, where DOC gives ROW's prefix another label than the kernel. */
void kernel_label_offer(struct cli *cli, const struct gp_doc *doc,
			const struct gp_row *row);

#endif
