/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gai.c - reading gai.conf, and the transaction around each change of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "gai.h"
#include "text.h"

#define SIZE_MAX_READ (64UL << 20)

const char *gai_path(const struct gai *gai)
{
	return gai->file.vendor ? gai->file.vendor : gai->file.path;
}

int gai_parse(struct gai *gai)
{
	const struct gp_file *file = &gai->file;
	const enum gp_gai_dialect dialect = gp_gai_dialect_here();

	if (gp_gai_tables_read(file->bytes, file->size, dialect, &gai->tables) != GP_OK ||
	    gp_doc_parse(file->bytes, file->size, dialect, &gai->doc) != GP_OK)
		return complain_memory();
	return EXIT_DONE;
}

int gai_read(const struct cli *cli, const char *name, struct gai *out)
{
	struct gp_diag diag;
	int code;

	*out = (struct gai){.doc = NULL};
	if (gp_file_read_vendor(cli->root, name, &out->file, &diag) != GP_OK)
		return complain_diag(&diag);
	code = gai_parse(out);
	if (code != EXIT_DONE)
		gai_free(out);
	return code;
}

static int read_all(FILE *from, const char *name, struct gp_file *out)
{
	struct gp_sink sink = {.text = NULL};
	char chunk[16384];
	size_t got;

	gp_sink_text(&sink, "");
	while (sink.length <= SIZE_MAX_READ &&
	       (got = fread(chunk, 1, sizeof(chunk), from)) > 0)
		gp_sink_put(&sink, chunk, got);
	out->bytes = sink.text;
	out->size = sink.length;
	if (sink.has_failed)
		return complain_memory();
	if (!ferror(from) && sink.length <= SIZE_MAX_READ)
		return EXIT_DONE;
	complain("%s: %s", name, ferror(from) ? strerror(errno) : "larger than 64 MiB");
	return EXIT_ENVIRONMENT;
}

int gai_read_any(const char *name, struct gai *out)
{
	const bool is_stdin = !strcmp(name, "-");
	FILE *from = is_stdin ? stdin : fopen(name, "re");
	int code;

	*out = (struct gai){.file = {.exists = true}};
	if (!from) {
		complain("%s: %s", name, strerror(errno));
		return errno == ENOENT || errno == ENOTDIR ? EXIT_INPUT
							   : EXIT_ENVIRONMENT;
	}
	out->file.path = strdup(is_stdin ? "(standard input)" : name);
	code = out->file.path ? read_all(from, out->file.path, &out->file)
			      : complain_memory();
	if (!is_stdin)
		fclose(from);
	if (code == EXIT_DONE)
		code = gai_parse(out);
	if (code != EXIT_DONE)
		gai_free(out);
	return code;
}

void gai_free(struct gai *gai)
{
	gp_doc_free(gai->doc);
	gp_gai_tables_free(&gai->tables);
	gp_file_free(&gai->file);
	gai->doc = NULL;
}

struct gp_labels *gai_kernel_labels(const struct cli *cli)
{
	struct gp_source_sockets sockets;
	struct gp_labels *labels;

	if (cli->root[0] || !(labels = malloc(sizeof(*labels))))
		return NULL;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);
	if (gp_labels_read(&ops, labels) != GP_OK) {
		free(labels);
		labels = NULL;
	}
	gp_source_close(&sockets);
	return labels;
}

/* ---- changes ----------------------------------------------------------------------- */

/* Files that are made from others would lose the change again. */
static bool is_managed(const struct cli *cli, const struct gp_file *file)
{
	const char *path = file->path + strlen(cli->root);

	if (strncmp(path, "/nix/store/", 11) != 0 &&
	    strncmp(path, "/etc/static/", 12) != 0)
		return false;
	complain("%s: made from configuration.nix, which would undo the change: set "
		 "networking.getaddrinfo there",
		 file->path);
	return true;
}

/* Nothing to say, and no file to say it in: none is made. */
static int edit_file(struct change *change, const struct gp_file *file, gai_text_fn *edit,
		     void *ctx)
{
	char *bytes = NULL;
	size_t size;
	int code = edit(change->cli, file, ctx, &bytes, &size);

	if (code == EXIT_DONE && (file->exists || size > 0))
		code = change_back(change, file, "gai", bytes, size);
	free(bytes);
	return code;
}

static int edit_and_write(struct change *change, gai_text_fn *edit, void *ctx)
{
	struct gp_file file;
	struct gp_diag diag;
	int code = EXIT_ENVIRONMENT;

	if (gp_file_read_vendor(change->cli->root, GAI_CONF, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	if (!is_managed(change->cli, &file))
		code = edit_file(change, &file, edit, ctx);
	gp_file_free(&file);
	return code;
}

int gai_change_text(struct cli *cli, gai_text_fn *edit, void *ctx, const char *summary)
{
	struct change change;
	int code = change_begin(&change, cli);

	if (code == EXIT_DONE)
		code = edit_and_write(&change, edit, ctx);
	return change_end(&change, code, summary);
}

struct doc_edit {
	gai_edit_fn *edit;
	void *ctx;
};

/* Only the lines: what they come to is not asked here. */
static int edit_doc(struct cli *cli, const struct gp_file *file, void *ctx, char **bytes,
		    size_t *size)
{
	const struct doc_edit *doc_edit = ctx;
	struct gp_doc *doc;
	int code;

	if (gp_doc_parse(file->bytes, file->size, gp_gai_dialect_here(), &doc) != GP_OK)
		return complain_memory();
	code = doc_edit->edit(cli, doc, doc_edit->ctx);
	if (code == EXIT_DONE && gp_doc_write(doc, bytes, size) != GP_OK)
		code = complain_memory();
	gp_doc_free(doc);
	return code;
}

int gai_change(struct cli *cli, gai_edit_fn *edit, void *ctx, const char *summary)
{
	struct doc_edit doc_edit = {edit, ctx};

	return gai_change_text(cli, edit_doc, &doc_edit, summary);
}

bool gai_parse_kind(const char *text, enum gp_table_kind *out)
{
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		if (!strcmp(text, gp_table_kind_name((enum gp_table_kind)kind))) {
			*out = (enum gp_table_kind)kind;
			return true;
		}
	return false;
}

/* The table of IPv4 takes IPv4, also as IPv6 writes it. */
static bool is_for_kind(enum gp_table_kind kind, const struct gp_prefix *prefix)
{
	return kind != GP_TABLE_SCOPEV4 || prefix->addr.family == AF_INET ||
	       (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)prefix->addr.bytes) &&
		prefix->length >= 96);
}

int gai_parse_prefix(enum gp_table_kind kind, const char *text, struct gp_row *out)
{
	struct gp_prefix prefix;
	char clean[GP_PREFIX_TEXT];

	if (gp_prefix_parse(text, &prefix) != GP_OK) {
		complain("'%s' is no prefix: ADDRESS/LENGTH, as in 2001:db8::/32", text);
		return EXIT_INPUT;
	}
	if (!is_for_kind(kind, &prefix)) {
		complain("'%s': scopev4 takes IPv4 prefixes", text);
		return EXIT_INPUT;
	}
	*out = gp_row_make(kind, &prefix, 0);
	for (int i = 0; i < 2; i++)
		out->prefix.word[i] &= out->mask.word[i];
	if (!gp_prefix_has_host_bits(&prefix))
		return EXIT_DONE;
	prefix = gp_row_prefix(kind, out);
	complain("'%s' has bits behind its length: did you mean %s?", text,
		 gp_prefix_format(&prefix, clean));
	return EXIT_INPUT;
}
