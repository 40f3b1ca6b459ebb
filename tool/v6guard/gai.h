/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gai.h - gai.conf as it is, and changing it as one transaction; for policy and status.
 */
#ifndef TOOL_V6GUARD_GAI_H
#define TOOL_V6GUARD_GAI_H

#include "cli.h"
#include "gaiconf/edit.h"
#include "gaiconf/store.h"
#include "rfc6724/label.h"

#define GAI_CONF "/etc/gai.conf"

/** The file, and what libc makes of it. Free with gai_free. */
struct gai {
	struct gp_file file;
	struct gp_gai_tables tables;
	struct gp_doc *doc;
};

/** Read NAME below the root; said why, and an exit code, when it is not EXIT_DONE. */
int gai_read(const struct cli *cli, const char *name, struct gai *out);
void gai_free(struct gai *gai);

/** The file that libc reads: GAI's own, or the vendor's in its place. */
const char *gai_path(const struct gai *gai);

/** gai_read of GAI's file, whose bytes are there already. */
int gai_parse(struct gai *gai);

/**
 * The same of any file, or "-" for standard input, wherever the root is; its file.stat is
 * not set.
 */
int gai_read_any(const char *name, struct gai *out);

/** Change DOC, or complain and give an exit code. */
typedef int gai_edit_fn(struct cli *cli, struct gp_doc *doc, void *ctx);

/**
 * The kernel's address labels, malloc'd; NULL below a root, where it is another kernel's
 * business, and where they cannot be known.
 */
struct gp_labels *gai_kernel_labels(const struct cli *cli);

/** Edit gai.conf under the lock; SUMMARY is printed when it has changed. */
int gai_change(struct cli *cli, gai_edit_fn *edit, void *ctx, const char *summary);

/** What FILE is to hold, malloc'd; or complain and give an exit code. */
typedef int gai_text_fn(struct cli *cli, const struct gp_file *file, void *ctx,
			char **bytes, size_t *size);

/** The same as gai_change, by its text. */
int gai_change_text(struct cli *cli, gai_text_fn *edit, void *ctx, const char *summary);

/** TEXT names a kind of table. */
bool gai_parse_kind(const char *text, enum gp_table_kind *out);

/**
 * TEXT is a prefix for KIND: IPv4 is written as ::ffff: where the table is of IPv6. Said
 * why, and EXIT_INPUT, if not.
 */
int gai_parse_prefix(enum gp_table_kind kind, const char *text, struct gp_row *out);

#endif
