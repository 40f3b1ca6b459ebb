/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernellabel.c - policy set label ... --kernel: what `ip addrlabel` would do. */
#include <stdlib.h>
#include <string.h>

#include "gaiconf/lint.h"
#include "kernellabel.h"

int kernel_label_check(const struct cli *cli, enum gp_table_kind kind,
		       const struct gp_row *row, struct kernel_label *out)
{
	if (kind != GP_TABLE_LABEL) {
		complain("--kernel: the kernel has labels alone, no %s",
			 gp_table_kind_name(kind));
		return EXIT_USAGE;
	}
	if (cli->root[0]) {
		complain("--kernel: below a root no kernel runs");
		return EXIT_ENVIRONMENT;
	}
	*out = (struct kernel_label){
		.row = {gp_row_prefix(kind, row), (uint32_t)row->value}};
	return EXIT_DONE;
}

static int complain_status(const struct kernel_label *label, enum gp_status status)
{
	char prefix[GP_PREFIX_TEXT];

	gp_prefix_format(&label->row.prefix, prefix);
	switch ((int)status) {
	case GP_PERM:
		complain("the kernel's label of %s: this needs CAP_NET_ADMIN", prefix);
		break;
	case GP_RANGE:
		complain("the kernel takes no label for %s", prefix);
		return EXIT_INPUT;
	case GP_UNSUPPORTED:
		complain("the kernel has no labels: it is without IPv6");
		break;
	default:
		complain("the kernel's label of %s: %s", prefix, gp_status_text(status));
	}
	return EXIT_ENVIRONMENT;
}

int kernel_label_put(const struct cli *cli, struct kernel_label *label)
{
	struct gp_labels *kernel = gai_kernel_labels(cli);
	enum gp_status status = GP_OK;
	bool is_exact = false;

	if (!kernel) {
		complain("the kernel does not tell its labels");
		return EXIT_ENVIRONMENT;
	}
	gp_labels_find(kernel, &label->row.prefix, &label->before, &is_exact);
	free(kernel);
	label->was_there = is_exact;
	label->is_changed = !is_exact || label->before != label->row.label;
	if (label->is_changed && !cli->is_dry_run)
		status = gp_label_replace(&label->row);
	if (status == GP_OK)
		return EXIT_DONE;
	label->is_changed = false;
	return complain_status(label, status);
}

void kernel_label_undo(const struct cli *cli, const struct kernel_label *label)
{
	struct gp_label before = label->row;
	enum gp_status status;

	if (!label->is_changed || cli->is_dry_run)
		return;
	before.label = label->before;
	status = label->was_there ? gp_label_replace(&before)
				  : gp_label_set(&label->row, false);
	if (status != GP_OK)
		complain_status(label, status);
}

void kernel_label_report(struct cli *cli, const struct kernel_label *label)
{
	char prefix[GP_PREFIX_TEXT], add[GP_PREFIX_TEXT + 64] = "";

	gp_prefix_format(&label->row.prefix, prefix);
	out_object(cli->out, "kernel");
	out_string(cli->out, "prefix", NULL, prefix);
	out_integer(cli->out, "label", NULL, label->row.label);
	if (label->was_there)
		out_integer(cli->out, "before", NULL, label->before);
	else
		out_string(cli->out, "before", NULL, NULL);
	out_bool(cli->out, "changed", NULL, label->is_changed);
	out_end(cli->out);
	if (cli->is_quiet)
		return;
	if (!label->is_changed) {
		out_line(cli->out, "kernel: unchanged\n");
		return;
	}
	if (label->was_there)
		snprintf(add, sizeof(add), "; ip addrlabel add prefix %s label %u",
			 prefix, (unsigned)label->before);
	out_line(cli->out,
		 "kernel: label %s %s %u, until a restart; undo: ip addrlabel del "
		 "prefix %s%s\n",
		 prefix, cli->is_dry_run ? "would be" : "is", (unsigned)label->row.label,
		 prefix, add);
}

/* The same as lint says: where only the number is another one, nothing is odd. */
void kernel_label_offer(struct cli *cli, const struct gp_doc *doc,
			const struct gp_row *row)
{
	struct gp_labels *kernel = gai_kernel_labels(cli);
	struct gp_findings findings = {.list = NULL};
	struct gai now = {.doc = NULL};

	if (kernel && gp_doc_write(doc, &now.file.bytes, &now.file.size) == GP_OK &&
	    gai_parse(&now) == EXIT_DONE &&
	    gp_lint(now.doc, &now.tables.gai.tables, gp_gai_dialect_here(), kernel,
		    &findings) == GP_OK)
		for (size_t i = 0; i < findings.count; i++) {
			const struct gp_finding *finding = &findings.list[i];
			const struct gp_gai_line *is =
				&gp_doc_line(now.doc, finding->line)->is;

			if (!strcmp(finding->code, "kernel-label") &&
			    gp_row_same_prefix(&is->row, row))
				warn(cli, "%s: --kernel sets it as well", finding->text);
		}
	gp_findings_free(&findings);
	gai_free(&now);
	free(kernel);
}
