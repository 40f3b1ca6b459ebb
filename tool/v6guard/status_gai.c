/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status_gai.c - the door that is a file: which of libc's tables gai.conf replaces, and
 * whether its labels are the kernel's. */
#include <stdlib.h>
#include <string.h>

#include "gai.h"
#include "gaiconf/lint.h"
#include "status.h"

#define SHOWN 3 /* prefixes */

static void add(struct status_gai *out, const char *before, const char *text)
{
	const size_t used = strlen(out->detail);

	snprintf(out->detail + used, sizeof(out->detail) - used, "%s%s", before, text);
}

/* "precedence and label by /etc/gai.conf"; false: by libc alone. */
static bool name_tables(const struct gp_tables *tables, const char *path,
			struct status_gai *out)
{
	bool differs = false;

	for (unsigned at = 0; at < GP_TABLE_KINDS; at++) {
		const enum gp_table_kind kind = (enum gp_table_kind)at;

		if (tables->kind[kind].is_builtin)
			continue;
		add(out, out->detail[0] ? " and " : "", gp_table_kind_name(kind));
		differs |= !gp_edit_is_default(kind, &tables->kind[kind]);
	}
	if (!out->detail[0])
		return false;
	add(out, " by ", path);
	if (!differs)
		add(out, ", which says what libc has built in", "");
	return true;
}

static void name_pairs(const struct gp_label_pair *pairs, size_t count,
		       struct status_gai *out)
{
	char text[GP_PREFIX_TEXT];
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!pairs[i].line || pairs[i].match != GP_LABEL_DIFFERS)
			continue;
		if (++found <= SHOWN)
			add(out, found > 1 ? ", " : "; the kernel labels otherwise: ",
			    gp_prefix_format(&pairs[i].prefix, text));
	}
	if (found > SHOWN) {
		snprintf(text, sizeof(text), "%zu", found - SHOWN);
		add(out, " and ", text);
		add(out, " more", "");
	}
	if (found)
		add(out, " (ip addrlabel)", "");
}

/* What the kernel does not tell is left out. */
static int compare_labels(const struct cli *cli, const struct gp_table *table,
			  struct status_gai *out)
{
	struct gp_labels *kernel = gai_kernel_labels(cli);
	struct gp_label_pair *pairs;
	size_t count = 0, capacity;
	int code = EXIT_DONE;

	if (!kernel)
		return EXIT_DONE;
	capacity = table->count + kernel->count;
	pairs = malloc(capacity * sizeof(*pairs));
	if (!pairs)
		code = complain_memory();
	else if (gp_labels_compare(table, kernel, pairs, capacity, &count) == GP_OK)
		name_pairs(pairs, count, out);
	free(pairs);
	free(kernel);
	return code;
}

/* The first line that crashes programs. */
static int look_for_fatal(const struct gai *gai, struct status_gai *out)
{
	struct gp_findings findings;

	if (gp_lint(gai->doc, &gai->tables.gai.tables, gp_gai_dialect_here(), NULL,
		    &findings) != GP_OK)
		return complain_memory();
	for (size_t i = 0; i < findings.count; i++) {
		const struct gp_finding *finding = &findings.list[i];
		char line[32];

		if (finding->severity != GP_SEVERITY_FATAL)
			continue;
		snprintf(line, sizeof(line), "; line %u: ", finding->line);
		add(out, line, finding->text);
		add(out, ": `v6guard policy lint`", "");
		out->state = "degraded";
		break;
	}
	gp_findings_free(&findings);
	return EXIT_DONE;
}

static int look_at_tables(const struct cli *cli, struct gai *gai, struct status_gai *out)
{
	const struct gp_table *labels = &gai->tables.gai.tables.kind[GP_TABLE_LABEL];
	int code = gai_parse(gai);

	if (code != EXIT_DONE ||
	    !name_tables(&gai->tables.gai.tables, gai_path(gai), out))
		return code;
	out->state = "on";
	code = look_for_fatal(gai, out);
	if (code == EXIT_DONE && !labels->is_builtin)
		code = compare_labels(cli, labels, out);
	return code;
}

int status_gai_look(const struct cli *cli, struct status_gai *out)
{
	struct gai gai = {.doc = NULL};
	struct gp_diag diag;
	int code;

	*out = (struct status_gai){.state = "off"};
	if (gp_file_read_vendor(cli->root, GAI_CONF, &gai.file, &diag) != GP_OK) {
		out->state = "degraded";
		add(out, diag.path, ": ");
		add(out, diag.text, "");
		return EXIT_DONE;
	}
	code = look_at_tables(cli, &gai, out);
	gai_free(&gai);
	return code;
}
