/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* preset.c - whole policies: from a file, by a profile's name, and presets, built in or
 * in folders. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/inside.h"
#include "gaiconf/lint.h"
#include "preset.h"

#define SUFFIX ".conf"

static const struct builtin {
	const char *name, *brief;
	const char *rows; /* NULL: the profile of that name */
} builtins[] = {
	{"prefer-ipv4", "IPv4 before IPv6",
	 "# promise: ::ffff:0:0/96 before 2000::/3\nprecedence ::ffff:0:0/96 100\n"},
	{"prefer-ipv6", "IPv6 before IPv4",
	 "# promise: 2000::/3 before ::ffff:0:0/96\nprecedence ::ffff:0:0/96 10\n"},
	{"glibc", "what is built into libc", NULL},
	{"rfc6724", "the tables of RFC 6724", NULL},
	{"rfc6724-update", "those of its update, a draft", NULL},
	/* An address of the VPN's is taken for a global one: no other label. */
	{"ula-vpn", "ULA sources as good as global",
	 "# promise: fc00::/7 like 2000::/3\nlabel fc00::/7 1\n"},
};

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

void wish_free(struct wish *wish)
{
	gai_free(&wish->gai);
}

const struct gp_row *wish_moved(const struct wish *wish, const struct gp_promise *promise)
{
	const struct gp_table *table = &wish->tables.kind[gp_promise_kind(promise)];

	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].line && gp_promise_moves(promise, &table->rows[i]))
			return &table->rows[i];
	return NULL;
}

void wish_warn(struct cli *cli, const struct wish *wish)
{
	struct gp_labels *kernel = wish->gai.doc ? gai_kernel_labels(cli) : NULL;
	struct gp_findings findings = {.list = NULL};

	if (wish->gai.doc && gp_lint(wish->gai.doc, &wish->gai.tables.gai.tables,
				     gp_gai_dialect_here(), kernel, &findings) != GP_OK)
		findings = (struct gp_findings){.list = NULL};
	for (size_t i = 0; i < findings.count; i++) {
		const struct gp_finding *finding = &findings.list[i];
		const struct gp_gai_line *is =
			&gp_doc_line(wish->gai.doc, finding->line)->is;

		/* Rows that are set on top of others drop nothing. */
		if (finding->severity == GP_SEVERITY_WARNING &&
		    (is->word != GP_GAI_ROW || wish->kind[is->kind] == WISH_TABLE))
			warn(cli, "%s:%u:%u: %s [%s]", wish->gai.file.path, finding->line,
			     finding->column, finding->text, finding->code);
	}
	gp_findings_free(&findings);
	free(kernel);
}

/* ---- from files and profiles ------------------------------------------------------ */

/* Who wrote a line that libc does not take meant something by it. */
static int check_policy(const struct gai *gai)
{
	struct gp_findings findings;
	int code = EXIT_DONE;

	if (gp_lint(gai->doc, &gai->tables.gai.tables, gp_gai_dialect_here(), NULL,
		    &findings) != GP_OK)
		return complain_memory();
	for (size_t i = 0; i < findings.count; i++) {
		const struct gp_finding *finding = &findings.list[i];

		if (finding->severity < GP_SEVERITY_ERROR)
			continue;
		complain("%s:%u:%u: %s", gai->file.path, finding->line, finding->column,
			 finding->text);
		code = EXIT_INPUT;
	}
	gp_findings_free(&findings);
	return code;
}

static void note_reload(struct wish *wish)
{
	const struct gp_doc *doc = wish->gai.doc;

	for (uint32_t at = gp_doc_next(doc, 0); at; at = gp_doc_next(doc, at))
		wish->has_reload |= gp_doc_line(doc, at)->is.word == GP_GAI_RELOAD;
	wish->reload = wish->gai.tables.gai.reload;
}

static int complain_promise(const struct wish *wish, uint32_t line, const char *text)
{
	complain("%s:%u:1: %s", wish->gai.file.path, line, text);
	return EXIT_INPUT;
}

/* Comments to libc; the row that is to move has to be there. */
static int take_promise(struct wish *wish, uint32_t at)
{
	const struct gp_doc_line *line = gp_doc_line(wish->gai.doc, at);
	const size_t size =
		line->size - (line->size > 0 && line->bytes[line->size - 1] == '\n');
	struct gp_promise promise;

	const enum gp_status status = gp_promise_parse(line->bytes, size, &promise);

	if (status == GP_NOTFOUND)
		return EXIT_DONE;
	if (status != GP_OK)
		return complain_promise(wish, at,
					"a promise is PREFIX before PREFIX or PREFIX "
					"like PREFIX, neither inside the other");
	if (!wish_moved(wish, &promise))
		return complain_promise(wish, at,
					"a promise needs a row for one of its prefixes, "
					"which is to move; of like, for the first");
	if (wish->promise_count == WISH_PROMISES)
		return complain_promise(wish, at, "too many promises");
	wish->promises[wish->promise_count++] = promise;
	return EXIT_DONE;
}

static int take_promises(struct wish *wish)
{
	const struct gp_doc *doc = wish->gai.doc;
	int code = EXIT_DONE;

	for (uint32_t at = gp_doc_next(doc, 0); at && code == EXIT_DONE;
	     at = gp_doc_next(doc, at))
		code = take_promise(wish, at);
	return code;
}

/* WISH->gai was read. */
static int take_text(struct wish *wish)
{
	int code = check_policy(&wish->gai);

	if (code != EXIT_DONE) {
		wish_free(wish);
		return code;
	}
	wish->tables = wish->gai.tables.gai.tables;
	note_reload(wish);
	return EXIT_DONE;
}

static void want_all(struct wish *wish)
{
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		wish->kind[kind] = WISH_TABLE;
}

int wish_from_file(const char *name, struct wish *out)
{
	int code;

	*out = (struct wish){.has_reload = false};
	code = gai_read_any(name, &out->gai);
	if (code == EXIT_DONE)
		code = take_text(out);
	want_all(out);
	return code;
}

int wish_from_profile(const char *name, struct wish *out)
{
	enum gp_profile profile;
	const char *words[GP_PROFILE_COUNT];

	*out = (struct wish){.has_reload = false};
	if (gp_profile_parse(name, &profile) == GP_OK) {
		out->tables = gp_profile_tables(profile);
		want_all(out);
		return EXIT_DONE;
	}
	for (int i = 0; i < GP_PROFILE_COUNT; i++)
		words[i] = gp_profile_name((enum gp_profile)i);
	complain_unknown("profile", name, words, GP_PROFILE_COUNT);
	return EXIT_INPUT;
}

/* ---- presets ---------------------------------------------------------------------- */

/* A row of the file for all the rest says that the table is complete. */
static void want_kinds(struct wish *wish)
{
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		const struct gp_table *table = &wish->tables.kind[kind];

		if (table->is_builtin)
			wish->kind[kind] = WISH_NOTHING;
		else
			wish->kind[kind] = table->rows[table->count - 1].line ? WISH_TABLE
									      : WISH_ROWS;
	}
}

/* OUT->gai was read. */
static int take_preset(struct wish *out)
{
	int code = take_text(out);

	if (code != EXIT_DONE)
		return code;
	want_kinds(out);
	code = take_promises(out);
	if (code != EXIT_DONE)
		wish_free(out);
	return code;
}

static int from_builtin(const struct builtin *builtin, struct wish *out)
{
	struct gp_file *file = &out->gai.file;
	int code;

	if (!builtin->rows)
		return wish_from_profile(builtin->name, out);
	file->path = strdup(builtin->name);
	file->bytes = strdup(builtin->rows);
	file->size = strlen(builtin->rows);
	code = file->path && file->bytes ? gai_parse(&out->gai) : complain_memory();
	if (code != EXIT_DONE) {
		wish_free(out);
		return code;
	}
	return take_preset(out);
}

/* EXIT_NEGATIVE: it is not there. */
static int from_folder(const struct cli *cli, const char *folder, const char *name,
		       struct wish *out)
{
	char *path;
	int code;

	if (asprintf(&path, "%s/%s" SUFFIX, folder, name) < 0)
		return complain_memory();
	code = gai_read(cli, path, &out->gai);
	free(path);
	if (code != EXIT_DONE)
		return code;
	if (!out->gai.file.exists) {
		gai_free(&out->gai);
		return EXIT_NEGATIVE;
	}
	return take_preset(out);
}

static int unknown_preset(const struct cli *cli, const char *name)
{
	struct preset *list;
	size_t count;
	const char **words;
	int code = preset_list(cli, &list, &count);

	if (code != EXIT_DONE)
		return code;
	words = calloc(count, sizeof(const char *));
	for (size_t i = 0; words && i < count; i++)
		words[i] = list[i].name;
	if (words)
		complain_unknown("preset", name, words, count);
	free(words);
	free(list);
	return EXIT_INPUT;
}

int wish_from_preset(const struct cli *cli, const char *name, struct wish *out)
{
	int code = EXIT_NEGATIVE;

	*out = (struct wish){.has_reload = false};
	for (size_t i = 0; i < BUILTINS; i++)
		if (!strcmp(name, builtins[i].name))
			return from_builtin(&builtins[i], out);
	if (!strchr(name, '/') && name[0] != '.')
		code = from_folder(cli, PRESET_CONFDIR, name, out);
	if (code == EXIT_NEGATIVE && !strchr(name, '/') && name[0] != '.')
		code = from_folder(cli, PRESET_DATADIR, name, out);
	return code == EXIT_NEGATIVE ? unknown_preset(cli, name) : code;
}

/* ---- the list --------------------------------------------------------------------- */

struct list {
	struct preset *list;
	size_t count;
	bool has_failed;
};

static void add(struct list *list, const char *name, int length, const char *brief,
		size_t brief_length)
{
	struct preset *grown;

	for (size_t i = 0; i < list->count; i++)
		if (!strncmp(list->list[i].name, name, (size_t)length) &&
		    !list->list[i].name[length])
			return; /* the earlier one is taken */
	grown = realloc(list->list, (list->count + 1) * sizeof(*grown));
	if (!grown) {
		list->has_failed = true;
		return;
	}
	list->list = grown;
	snprintf(grown[list->count].name, sizeof(grown->name), "%.*s", length, name);
	snprintf(grown[list->count].brief, sizeof(grown->brief), "%.*s",
		 (int)brief_length, brief);
	list->count++;
}

/* What it is stands in its first line, a comment. */
static void add_file(const struct cli *cli, struct list *list, const char *folder,
		     const char *file, size_t length)
{
	struct gp_file found;
	char *path;

	if (length >= sizeof(list->list->name) ||
	    asprintf(&path, "%s/%s", folder, file) < 0)
		return;
	if (gp_file_read(cli->root, path, &found, NULL) == GP_OK) {
		const size_t skip = strspn(found.bytes, "# ");

		if (found.exists)
			add(list, file, (int)length, found.bytes + skip,
			    found.bytes[0] == '#' ? strcspn(found.bytes + skip, "\r\n")
						  : 0);
		gp_file_free(&found);
	}
	free(path);
}

static int is_preset(const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
	       !strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX);
}

static void add_folder(const struct cli *cli, struct list *list, const char *folder)
{
	struct dirent **entries;
	const int count =
		gp_inside_scan(cli->root, folder, &entries, is_preset, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		add_file(cli, list, folder, name, strlen(name) - strlen(SUFFIX));
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int preset_list(const struct cli *cli, struct preset **out, size_t *count)
{
	struct list list = {.list = NULL};

	for (size_t i = 0; i < BUILTINS; i++)
		add(&list, builtins[i].name, (int)strlen(builtins[i].name),
		    builtins[i].brief, strlen(builtins[i].brief));
	add_folder(cli, &list, PRESET_CONFDIR);
	add_folder(cli, &list, PRESET_DATADIR);
	if (list.has_failed) {
		free(list.list);
		return complain_memory();
	}
	*out = list.list;
	*count = list.count;
	return EXIT_DONE;
}
