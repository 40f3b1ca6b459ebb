/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status_gai.c - the door that is a file: which of libc's tables gai.conf replaces, and
 * whether its labels are the kernel's. */
#include <stdlib.h>
#include <string.h>

#include "gaiconf/read.h"
#include "rfc6724/label.h"
#include "status.h"

#define GAI_CONF "/etc/gai.conf"
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
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		if (!tables->kind[kind].is_builtin)
			add(out, out->detail[0] ? " and " : "",
			    gp_table_kind_name((enum gp_table_kind)kind));
	if (!out->detail[0])
		return false;
	add(out, " by ", path);
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
static int compare_labels(const struct gp_table *table, struct status_gai *out)
{
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);
	struct gp_labels *kernel = malloc(sizeof(*kernel));
	struct gp_label_pair *pairs = NULL;
	size_t count = 0;
	int code = EXIT_DONE;

	if (!kernel)
		return complain_memory();
	if (gp_labels_read(&ops, kernel) == GP_OK) {
		const size_t capacity = table->count + kernel->count;

		pairs = malloc(capacity * sizeof(*pairs));
		if (!pairs)
			code = complain_memory();
		else if (gp_labels_compare(table, kernel, pairs, capacity, &count) ==
			 GP_OK)
			name_pairs(pairs, count, out);
	}
	gp_source_close(&sockets);
	free(pairs);
	free(kernel);
	return code;
}

static int look_at_tables(const struct cli *cli, const struct gp_file *file,
			  struct status_gai *out)
{
	const enum gp_gai_dialect dialect = gp_gai_dialect_here();
	struct gp_row *rows = NULL;
	struct gp_gai gai;
	size_t needed;
	int code = EXIT_DONE;

	(void)gp_gai_read(file->bytes, file->size, dialect, NULL, 0, &gai, &needed);
	rows = calloc(needed + 1, sizeof(*rows));
	if (!rows)
		return complain_memory();
	if (gp_gai_read(file->bytes, file->size, dialect, rows, needed, &gai, &needed) ==
		    GP_OK &&
	    name_tables(&gai.tables, file->path, out)) {
		const struct gp_table *labels = &gai.tables.kind[GP_TABLE_LABEL];

		out->state = "on";
		/* Below a root it is another kernel's business. */
		if (!cli->root[0] && !labels->is_builtin)
			code = compare_labels(labels, out);
	}
	free(rows);
	return code;
}

int status_gai_look(const struct cli *cli, struct status_gai *out)
{
	struct gp_file file;
	struct gp_diag diag;
	int code;

	*out = (struct status_gai){.state = "off"};
	if (gp_file_read(cli->root, GAI_CONF, &file, &diag) != GP_OK) {
		out->state = "degraded";
		add(out, diag.path, ": ");
		add(out, diag.text, "");
		return EXIT_DONE;
	}
	code = look_at_tables(cli, &file, out);
	gp_file_free(&file);
	return code;
}
