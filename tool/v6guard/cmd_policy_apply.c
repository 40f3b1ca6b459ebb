/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_policy_apply.c - v6guard policy apply|preset|diff: whole policies into gai.conf */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gaiconf/diff.h"
#include "gaiconf/index.h"
#include "preset.h"

int cmd_policy_apply(struct cli *cli, int count, char **args)
{
	struct wish wish;
	char summary[PATH_MAX + 32];
	int code;

	if (count != 1) {
		complain("policy apply FILE, or - for standard input");
		return EXIT_USAGE;
	}
	code = wish_from_file(args[0], &wish);
	if (code != EXIT_DONE)
		return code;
	wish.is_told = true;
	wish_warn(cli, &wish);
	snprintf(summary, sizeof(summary), "%s: as in %s", GAI_CONF, wish.gai.file.path);
	code = gai_change(cli, wish_edit, &wish, summary);
	wish_free(&wish);
	return code;
}

/* ---- preset ----------------------------------------------------------------------- */

/* How two tables of a kind differ. */
struct difference {
	size_t rows;
	enum gp_table_kind kind;
	struct gp_row before, after; /* of the last of them */
	bool is_value, is_gone;      /* it has another value, or is no more; else new */
};

static void compare_row(struct difference *out, enum gp_table_kind kind,
			const struct gp_row *row, const struct gp_row *other,
			bool is_back)
{
	if (other && other->value == row->value)
		return;
	out->rows++;
	out->kind = kind;
	out->is_value = other != NULL;
	out->is_gone = !other && !is_back;
	out->before = *row;
	out->after = other ? *other : *row;
}

/* Rows of A that count and are not so in B; IS_BACK: only those that B lacks. */
static int compare_tables(struct difference *out, enum gp_table_kind kind,
			  const struct gp_table *a, const struct gp_table *b,
			  bool is_back)
{
	struct gp_index own, other;

	if (gp_index_make(a, &own) != GP_OK)
		return complain_memory();
	if (gp_index_make(b, &other) != GP_OK) {
		gp_index_free(&own);
		return complain_memory();
	}
	for (size_t i = 0; i < a->count; i++) {
		const struct gp_row *row = &a->rows[i];
		const struct gp_row *found = gp_index_find(&other, row);

		if (gp_index_find(&own, row) == row && !(is_back && found))
			compare_row(out, kind, row, found, is_back);
	}
	gp_index_free(&own);
	gp_index_free(&other);
	return EXIT_DONE;
}

static int describe(const struct gp_tables *before, const struct gp_tables *after,
		    char *buf, size_t size)
{
	struct difference all = {.rows = 0};
	size_t used = 0;
	int code = EXIT_DONE;

	buf[0] = '\0';
	for (unsigned at = 0; code == EXIT_DONE && at < GP_TABLE_KINDS; at++) {
		const enum gp_table_kind kind = (enum gp_table_kind)at;
		const struct gp_table *a = &before->kind[at], *b = &after->kind[at];
		const size_t rows = all.rows;

		code = compare_tables(&all, kind, a, b, false);
		if (code == EXIT_DONE)
			code = compare_tables(&all, kind, b, a, true);
		if (all.rows > rows && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%zu %s",
						 used ? ", " : "", all.rows - rows,
						 gp_table_kind_name(kind));
	}
	if (!all.rows)
		snprintf(buf, size, "already so");
	else if (all.rows == 1) {
		char prefix[GP_PREFIX_TEXT], value[16] = "new";

		if (all.is_value)
			snprintf(value, sizeof(value), "-> %d", (int)all.after.value);
		else if (all.is_gone)
			snprintf(value, sizeof(value), "gone");
		snprintf(buf, size, "%s %s %d %s", gp_table_kind_name(all.kind),
			 gp_row_format(all.kind, &all.before, prefix),
			 (int)all.before.value, value);
	} else if (used < size) {
		snprintf(buf + used, size - used, " rows");
	}
	return code;
}

/* GAI's text as EDIT makes it, malloc'd; GAI is used up. */
static int edit_text(struct cli *cli, struct gai *gai, struct wish *wish, char **bytes,
		     size_t *size)
{
	const int code = wish_edit(cli, gai->doc, wish);

	if (code == EXIT_DONE && gp_doc_write(gai->doc, bytes, size) != GP_OK)
		return complain_memory();
	return code;
}

static int describe_preset(struct cli *cli, const char *name, char *buf, size_t size)
{
	struct wish wish;
	struct gai gai;
	struct gp_gai_tables after;
	char *bytes = NULL;
	size_t length;
	int code = wish_from_preset(cli, name, &wish);

	/* Said why; the others are as good as ever. */
	if (code != EXIT_DONE) {
		snprintf(buf, size, "cannot be read");
		return EXIT_DONE;
	}
	code = gai_read(cli, GAI_CONF, &gai);
	if (code == EXIT_DONE) {
		code = edit_text(cli, &gai, &wish, &bytes, &length);
		if (code == EXIT_DONE &&
		    gp_gai_tables_read(bytes, length, gp_gai_dialect_here(), &after) !=
			    GP_OK)
			code = complain_memory();
		else if (code == EXIT_DONE) {
			code = describe(&gai.tables.gai.tables, &after.gai.tables, buf,
					size);
			gp_gai_tables_free(&after);
		}
		if (code == EXIT_NEGATIVE) {
			snprintf(buf, size, "known-local rows stand against it");
			code = EXIT_DONE;
		}
		free(bytes);
		gai_free(&gai);
	}
	wish_free(&wish);
	return code;
}

static int list_presets(struct cli *cli)
{
	struct preset *list;
	size_t count;
	char here[128];
	int code = preset_list(cli, &list, &count);

	if (code != EXIT_DONE)
		return code;
	out_list(cli->out, "presets");
	out_line(cli->out, "%-15s %-36s %s\n", "PRESET", "WOULD CHANGE", "WHAT IT IS");
	for (size_t i = 0; code == EXIT_DONE && i < count; i++) {
		code = describe_preset(cli, list[i].name, here, sizeof(here));
		out_object(cli->out, NULL);
		out_string(cli->out, "name", NULL, list[i].name);
		out_string(cli->out, "brief", NULL, list[i].brief);
		out_string(cli->out, "changes", NULL, here);
		out_end(cli->out);
		out_line(cli->out, "%-15s %-36s %s\n", list[i].name, here, list[i].brief);
	}
	out_end(cli->out);
	free(list);
	return code;
}

int cmd_policy_preset(struct cli *cli, int count, char **args)
{
	struct wish wish;
	char summary[128];
	int code;

	if (count == 0)
		return list_presets(cli);
	code = wish_from_preset(cli, args[0], &wish);
	if (code != EXIT_DONE)
		return code;
	wish.is_told = true;
	wish_warn(cli, &wish);
	snprintf(summary, sizeof(summary), "%s: preset %s", GAI_CONF, args[0]);
	code = gai_change(cli, wish_edit, &wish, summary);
	wish_free(&wish);
	return code;
}

/* ---- diff ------------------------------------------------------------------------- */

static int print_diff(struct cli *cli, const struct gai *gai, const char *bytes,
		      size_t size)
{
	char *diff;
	int code;

	if (gp_diff(gai->file.path, gai->file.bytes, gai->file.size, bytes, size,
		    &diff) != GP_OK)
		return complain_memory();
	out_bool(cli->out, "changed", NULL, diff[0] != '\0');
	out_string(cli->out, "diff", NULL, diff);
	out_line(cli->out, "%s", diff);
	code = diff[0] ? EXIT_NEGATIVE : EXIT_DONE;
	free(diff);
	return code;
}

static int diff_history(struct cli *cli, const struct gai *gai, const char *word)
{
	struct gp_history_entry *list;
	struct gp_diag diag;
	char *end, *bytes;
	size_t count, size;
	int code;

	errno = 0;
	const unsigned long n = strtoul(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end || errno || n == 0) {
		complain("history:%s: a number from 1 on", word);
		return EXIT_USAGE;
	}
	if (gp_history_list(cli->root, "gai", &list, &count, &diag) != GP_OK)
		return complain_diag(&diag);
	if (n > count) {
		complain("there is no such change: history gai has %zu", count);
		code = EXIT_INPUT;
	} else if (gp_history_content(cli->root, &list[n - 1], &bytes, &size, &diag) !=
		   GP_OK) {
		code = complain_diag(&diag);
	} else {
		code = print_diff(cli, gai, bytes, size);
		free(bytes);
	}
	free(list);
	return code;
}

/* The word behind "preset:" and the like; NULL: it does not begin so. */
static const char *behind(const char *word, const char *start)
{
	const size_t length = strlen(start);

	return strncmp(word, start, length) ? NULL : word + length;
}

/* A word that is no file: of presets and profiles the one it may be. */
static int complain_diff(const struct cli *cli, const char *word)
{
	struct preset *list;
	size_t count;
	const char **words;
	char(*names)[96];
	int code = preset_list(cli, &list, &count);

	if (code != EXIT_DONE)
		return code;
	const size_t most = count + GP_PROFILE_COUNT;
	words = calloc(2 * most, sizeof(const char *));
	names = calloc(most, sizeof(*names));
	for (size_t i = 0; words && names && i < most; i++) {
		const bool is_profile = i < GP_PROFILE_COUNT;

		words[i] = is_profile ? gp_profile_name((enum gp_profile)i)
				      : list[i - GP_PROFILE_COUNT].name;
		snprintf(names[i], sizeof(names[i]), "%s:%s",
			 is_profile ? "profile" : "preset", words[i]);
		words[most + i] = names[i];
	}
	const char *guess = words && names ? gp_nearest(word, words, 2 * most) : NULL;
	for (size_t i = 0; guess && i < most; i++)
		if (guess == words[i])
			guess = names[i];
	complain("%s: no such file%s%s%s (FILE, -, preset:NAME, profile:NAME, history:N)",
		 word, guess ? ": did you mean '" : "", guess ? guess : "",
		 guess ? "'?" : "");
	free(words);
	free(names);
	free(list);
	return EXIT_INPUT;
}

static int diff_wish(struct cli *cli, struct gai *gai, const char *word)
{
	const char *preset = behind(word, "preset:"), *profile = behind(word, "profile:");
	struct wish wish;
	char *bytes;
	size_t size;
	if (!preset && !profile && strcmp(word, "-") != 0 && access(word, F_OK) < 0 &&
	    errno == ENOENT)
		return complain_diff(cli, word);
	int code = preset    ? wish_from_preset(cli, preset, &wish)
		   : profile ? wish_from_profile(profile, &wish)
			     : wish_from_file(word, &wish);

	if (code != EXIT_DONE)
		return code;
	wish.is_told = true;
	code = edit_text(cli, gai, &wish, &bytes, &size);
	if (code == EXIT_DONE) {
		code = print_diff(cli, gai, bytes, size);
		free(bytes);
	}
	wish_free(&wish);
	return code;
}

int cmd_policy_diff(struct cli *cli, int count, char **args)
{
	const char *word = count > 0 ? args[0] : "profile:glibc";
	const char *history = behind(word, "history:");
	struct gai gai;
	int code = gai_read(cli, GAI_CONF, &gai);

	if (code != EXIT_DONE)
		return code;
	code = history ? diff_history(cli, &gai, history) : diff_wish(cli, &gai, word);
	gai_free(&gai);
	return code;
}
