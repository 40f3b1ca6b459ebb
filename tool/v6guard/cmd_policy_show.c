/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_policy_show.c - v6guard policy show: the tables that getaddrinfo() sorts by */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/index.h"
#include "preset.h"

/* What is shown, and as what. */
struct show {
	struct out *out;
	const struct gp_tables *tables;
	const struct gai *gai; /* NULL: of a profile */
	bool is_file_only;
	int width; /* of a prefix, as text */
};

static bool is_shown(const struct show *show, const struct gp_index *index,
		     const struct gp_row *row)
{
	/* Rows behind the one that counts never match. */
	return gp_index_find(index, row) == row && (!show->is_file_only || row->line);
}

static const char *origin_of(const struct show *show, const struct gp_row *row)
{
	if (!row->line || !show->gai)
		return "default";
	return gp_doc_line(show->gai->doc, row->line)->is_block ? "known-local" : "file";
}

static const struct gp_row *find_builtin(enum gp_table_kind kind,
					 const struct gp_row *like)
{
	const struct gp_tables all = gp_profile_tables(GP_PROFILE_GLIBC);
	const struct gp_table *table = &all.kind[kind];

	for (size_t i = 0; i < table->count; i++)
		if (gp_row_same_prefix(&table->rows[i], like))
			return &table->rows[i];
	return NULL;
}

static void print_origin(const struct show *show, enum gp_table_kind kind,
			 const struct gp_row *row)
{
	const struct gp_row *builtin = find_builtin(kind, row);
	const char *origin = origin_of(show, row);

	if (!show->gai)
		return;
	if (!row->line) {
		out_line(show->out, "  %s", origin);
		return;
	}
	out_line(show->out, "  line %u", row->line);
	if (strcmp(origin, "file") != 0)
		out_line(show->out, ", %s", origin);
	if (builtin && builtin->value != row->value)
		out_line(show->out, ", default %d", (int)builtin->value);
}

static void print_row(const struct show *show, enum gp_table_kind kind,
		      const struct gp_row *row)
{
	struct out *out = show->out;
	char text[GP_PREFIX_TEXT];

	gp_row_format(kind, row, text);
	out_object(out, NULL);
	out_string(out, "prefix", NULL, text);
	out_integer(out, "value", NULL, row->value);
	out_string(out, "origin", NULL, origin_of(show, row));
	if (row->line)
		out_integer(out, "line", NULL, row->line);
	else
		out_string(out, "line", NULL, NULL);
	out_end(out);

	out_line(out, "%-*s  %10d", show->width, text, (int)row->value);
	print_origin(show, kind, row);
	out_line(out, "\n");
}

static void print_head(const struct show *show, enum gp_table_kind kind)
{
	char title[16];
	size_t i = 0;

	for (const char *at = gp_table_kind_name(kind); *at; at++)
		title[i++] = (char)toupper((unsigned char)*at);
	title[i] = '\0';
	out_line(show->out, "\n%-*s  %10s%s\n", show->width, title, "VALUE",
		 show->gai ? "  ORIGIN" : "");
}

static int print_table(const struct show *show, enum gp_table_kind kind)
{
	const struct gp_table *table = &show->tables->kind[kind];
	struct gp_index index;

	if (gp_index_make(table, &index) != GP_OK)
		return complain_memory();
	out_list(show->out, gp_table_kind_name(kind));
	if (show->is_file_only && table->is_builtin) {
		out_line(show->out, "\nNo %s row: glibc's own table holds.\n",
			 gp_table_kind_name(kind));
	} else {
		print_head(show, kind);
		for (size_t i = 0; i < table->count; i++)
			if (is_shown(show, &index, &table->rows[i]))
				print_row(show, kind, &table->rows[i]);
	}
	out_end(show->out);
	gp_index_free(&index);
	return EXIT_DONE;
}

static int widest(const struct gp_tables *tables)
{
	char text[GP_PREFIX_TEXT];
	int most = 16;

	for (unsigned at = 0; at < GP_TABLE_KINDS; at++) {
		const enum gp_table_kind kind = (enum gp_table_kind)at;
		const struct gp_table *table = &tables->kind[kind];

		for (size_t i = 0; i < table->count; i++) {
			const int length =
				(int)strlen(gp_row_format(kind, &table->rows[i], text));

			most = length > most ? length : most;
		}
	}
	return most;
}

static int print_tables(struct show *show)
{
	int code = EXIT_DONE;

	show->width = widest(show->tables);
	for (unsigned kind = 0; code == EXIT_DONE && kind < GP_TABLE_KINDS; kind++)
		code = print_table(show, (enum gp_table_kind)kind);
	return code;
}

static int show_profile(struct cli *cli)
{
	struct show show = {.out = cli->out};
	struct wish wish;
	const int code = wish_from_profile(cli->profile, &wish);

	if (code != EXIT_DONE)
		return code;
	show.tables = &wish.tables;
	out_string(cli->out, "file", NULL, NULL);
	out_string(cli->out, "profile", "profile", cli->profile);
	out_string(cli->out, "reload", NULL, NULL);
	return print_tables(&show);
}

/* ---- beside the kernel ------------------------------------------------------------ */

static void print_label(struct out *out, const char *key, bool is_there, long long label)
{
	if (is_there)
		out_integer(out, key, NULL, label);
	else
		out_string(out, key, NULL, NULL);
	if (is_there)
		out_line(out, "  %10lld", label);
	else
		out_line(out, "  %10s", "-");
}

static void print_pair(const struct show *show, const struct gp_label_pair *pair)
{
	const struct gp_row row = gp_row_make(GP_TABLE_LABEL, &pair->prefix, 0);
	static const char *const words[] = {"same", "renamed", "differs"};
	struct out *out = show->out;
	char text[GP_PREFIX_TEXT];

	gp_row_format(GP_TABLE_LABEL, &row, text);
	out_object(out, NULL);
	out_string(out, "prefix", NULL, text);
	out_line(out, "%-*s", show->width, text);
	print_label(out, "libc", pair->is_in_libc, pair->libc);
	print_label(out, "kernel", pair->is_in_kernel, pair->kernel);
	out_string(out, "match", NULL, words[pair->match]);
	out_end(out);
	if (pair->match != GP_LABEL_SAME) {
		out_line(out, "  ");
		out_color(out, words[pair->match],
			  pair->match == GP_LABEL_DIFFERS ? OUT_YELLOW : OUT_PLAIN);
	}
	out_line(out, "\n");
}

static int print_pairs(struct show *show, const struct gp_labels *kernel)
{
	const struct gp_table *table = &show->tables->kind[GP_TABLE_LABEL];
	const size_t capacity = table->count + kernel->count;
	struct gp_label_pair *pairs = malloc(capacity * sizeof(*pairs));
	size_t count;

	if (!pairs)
		return complain_memory();
	if (gp_labels_compare(table, kernel, pairs, capacity, &count) != GP_OK) {
		free(pairs);
		complain("too many labels to compare");
		return EXIT_ENVIRONMENT;
	}
	show->width = widest(show->tables);
	out_line(show->out, "%-*s  %10s  %10s\n", show->width, "LABEL", "LIBC", "KERNEL");
	out_list(show->out, "labels");
	for (size_t i = 0; i < count; i++)
		print_pair(show, &pairs[i]);
	out_end(show->out);
	free(pairs);
	return EXIT_DONE;
}

static int show_kernel(struct cli *cli, struct show *show)
{
	struct gp_labels *kernel = gai_kernel_labels(cli);
	int code;

	if (!kernel) {
		complain(cli->root[0] ? "--kernel: below a root no kernel runs"
				      : "the kernel does not tell its labels");
		return EXIT_ENVIRONMENT;
	}
	code = print_pairs(show, kernel);
	free(kernel);
	return code;
}

int cmd_policy_show(struct cli *cli, int count, char **args)
{
	struct show show = {.out = cli->out, .is_file_only = cli->is_file};
	struct gai gai;
	int code;

	(void)count, (void)args;
	if (cli->is_file + cli->is_effective + cli->is_kernel + !!cli->profile > 1) {
		complain("policy show: one of --effective, --file, --profile, --kernel");
		return EXIT_USAGE;
	}
	if (cli->profile)
		return show_profile(cli);
	code = gai_read(cli, GAI_CONF, &gai);
	if (code != EXIT_DONE)
		return code;
	show.gai = &gai;
	show.tables = &gai.tables.gai.tables;
	if (cli->is_kernel) {
		code = show_kernel(cli, &show);
		gai_free(&gai);
		return code;
	}
	const char *path = gai_path(&gai);
	const bool is_there = gai.file.exists || gai.file.vendor;
	out_string(cli->out, "file", NULL, is_there ? path : NULL);
	out_line(cli->out, "%-*s%s%s\n", OUT_LABEL, "file", path,
		 is_there ? "" : ", which is not there");
	out_bool(cli->out, "reload", "reload", gai.tables.gai.reload);
	code = print_tables(&show);
	gai_free(&gai);
	return code;
}
