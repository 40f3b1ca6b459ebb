/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_read.c - files into values, by way of inih. inih gets the lines from next_line,
 * which counts them, refuses what inih would read otherwise than it looks, and keeps the
 * raw line: the handler is told neither line numbers nor columns, nor whether a line is a
 * continuation. In place of a refused line inih sees an empty one.
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "guard/config_private.h"
#include "nearest.h"

/* Where a part of a collected value stands in its file. */
struct piece {
	size_t offset;
	unsigned line, column;
};

struct gp_config_reader {
	struct gp_config *config;
	struct gp_config_report report;
	bool with_files;

	const char *text; /* the file being read */
	size_t size, pos, file;
	struct gp_config_line line;
	unsigned number;

	struct gp_config_section *section; /* NULL: none yet, or not to be read */
	bool has_section;                  /* a section was begun, however badly */
	bool in_key;                       /* inih has a key to continue */
	bool drops;                        /* the value that continues is none of ours */

	const struct gp_config_key *key; /* being collected, or NULL */
	char *value;
	size_t length, room;
	struct piece *pieces;
	size_t piece_count, piece_room;
};

/* A place in the current line. */
static struct gp_config_where place(const struct gp_config_reader *reader, size_t at)
{
	return (struct gp_config_where){
		.file = reader->file,
		.line = reader->number,
		.column = (unsigned)(at - reader->line.begin) + 1,
	};
}

/* A place in the collected value. */
static struct gp_config_where value_place(const struct gp_config_reader *reader,
					  size_t at)
{
	size_t i = reader->piece_count - 1;
	while (i > 0 && reader->pieces[i].offset > at)
		i--;
	const struct piece *piece = &reader->pieces[i];
	return (struct gp_config_where){
		.file = reader->file,
		.line = piece->line,
		.column = piece->column + (unsigned)(at - piece->offset),
	};
}

static void report_value(void *ctx, size_t at, const char *why)
{
	struct gp_config_reader *reader = ctx;
	bool has_hash = strstr(reader->value, " #") != NULL;

	gp_config_fail(&reader->report, value_place(reader, at), "%s%s", why,
		       has_hash ? " (a comment behind a value begins with ` ;`)" : "");
}

/* Put what was collected behind VALUE's text, the words of a list apart by one blank. */
static bool keep_value(struct gp_config_reader *reader, struct gp_config_value *value)
{
	size_t used = value->text ? strlen(value->text) : 0;
	char *text = realloc(value->text, used + reader->length + 2);
	if (!text)
		return false;

	value->text = text;
	if (!(reader->key->flags & GP_KEY_LIST)) {
		memcpy(text, reader->value, reader->length + 1);
		return true;
	}
	const char *word;
	size_t pos = 0, length;
	while ((length = gp_config_next_word(reader->value, &pos, &word)) > 0) {
		if (used > 0)
			text[used++] = ' ';
		memcpy(text + used, word, length);
		used += length;
	}
	text[used] = '\0';
	return true;
}

static void check_files(struct gp_config_reader *reader)
{
	const char *word;
	size_t pos = 0, length;

	while ((length = gp_config_next_word(reader->value, &pos, &word)) > 0) {
		char *file = strndup(word, length);
		if (!file) {
			gp_config_no_memory(&reader->report);
			return;
		}
		gp_config_check_list(&reader->report,
				     value_place(reader, (size_t)(word - reader->value)),
				     reader->config->paths[reader->file], file,
				     reader->key->type);
		free(file);
	}
}

/* The value is complete: check it and keep it. */
static void finish_value(struct gp_config_reader *reader)
{
	const struct gp_config_key *key = reader->key;
	if (!key || reader->report.status == GP_NOMEM)
		return;

	const struct gp_config_sink sink = {.report = report_value, .ctx = reader};
	bool is_good = gp_config_check(key, reader->value, &sink);
	if (is_good && reader->with_files &&
	    (key->type == GP_TYPE_LIST_FILE || key->type == GP_TYPE_NAME_FILE))
		check_files(reader);

	struct gp_config_value *value =
		&reader->section->values[key - reader->section->spec->keys];
	bool is_first = !value->text || value->where.file != reader->file;
	if (is_first) {
		free(value->text);
		value->text = NULL;
		value->is_bad = false;
		value->where = value_place(reader, 0);
	}
	value->is_bad |= !is_good;
	if (!keep_value(reader, value))
		gp_config_no_memory(&reader->report);
	reader->key = NULL;
}

/* Go on with the collected value; a blank stands for the line's end. */
static bool collect(struct gp_config_reader *reader, const char *text)
{
	size_t length = strlen(text);

	if (reader->length + length + 2 > reader->room) {
		size_t room = 2 * (reader->length + length) + 256;
		char *grown = realloc(reader->value, room);
		if (!grown)
			return false;
		reader->value = grown;
		reader->room = room;
	}
	if (reader->piece_count == reader->piece_room) {
		size_t room = 2 * reader->piece_room + 8;
		struct piece *grown = realloc(reader->pieces, room * sizeof(*grown));
		if (!grown)
			return false;
		reader->pieces = grown;
		reader->piece_room = room;
	}
	if (reader->length > 0)
		reader->value[reader->length++] = ' ';
	struct gp_config_where where = place(reader, reader->line.value);
	reader->pieces[reader->piece_count++] = (struct piece){
		.offset = reader->length, .line = where.line, .column = where.column};
	memcpy(reader->value + reader->length, text, length + 1);
	reader->length += length;
	return true;
}

/* "a, b, c" of a section's keys. */
static void list_keys(const struct gp_config_spec *spec, char *buf, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < spec->count && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 i > 0 ? ", " : "", spec->keys[i].name);
}

static const char *guess_key(const struct gp_config_spec *spec, const char *name)
{
	const char *words[64];
	size_t count = 0;

	for (; count < spec->count && count < 64; count++)
		words[count] = spec->keys[count].name;
	return gp_nearest(name, words, count);
}

/* A line `NAME = ...` begins; true when its value is to be collected. */
static bool begin_key(struct gp_config_reader *reader, const char *name)
{
	struct gp_config_where where = place(reader, reader->line.name);
	const struct gp_config_spec *spec = reader->section->spec;
	size_t index = gp_config_key_find(spec, name);
	char list[256];

	if (index == spec->count) {
		const char *guess = guess_key(spec, name);

		list_keys(spec, list, sizeof(list));
		gp_config_fail(&reader->report, where, "no key \"%s\" in [%s]: %s%s%s %s",
			       name, reader->section->name, guess ? "did you mean " : "",
			       guess ? guess : "", guess ? "? Expected" : "expected",
			       list);
		return false;
	}
	const struct gp_config_key *key = &spec->keys[index];
	const struct gp_config_value *value = &reader->section->values[index];
	bool is_set = value->text && value->where.file == reader->file;
	if (is_set && !(key->flags & GP_KEY_APPENDS)) {
		gp_config_fail(&reader->report, where, "%s is set in line %u already",
			       name, value->where.line);
		return false;
	}
	reader->key = key;
	reader->length = reader->piece_count = 0;
	return true;
}

/* An indented `KEY = ...` of a key that the section has is hardly meant to go on with the
 * value above; no word of a list looks like that. */
static bool looks_like_key(const struct gp_config_reader *reader)
{
	const struct gp_config_spec *spec = reader->section->spec;
	const struct gp_config_line *line = &reader->line;
	char name[GP_CONFIG_LINE_MAX + 1];
	size_t length = line->name_end - line->name;

	memcpy(name, reader->text + line->name, length);
	name[length] = '\0';
	return gp_config_key_find(spec, name) < spec->count;
}

/* An indented line: false when it cannot go on with the value of NAME. */
static bool check_continued(struct gp_config_reader *reader, const char *name)
{
	struct gp_config_where where = place(reader, reader->line.value);

	if (looks_like_key(reader))
		gp_config_fail(&reader->report, where,
			       "a key begins in the first column: an indented line goes "
			       "on with %s",
			       name);
	else if (!gp_config_continues(reader->key))
		gp_config_fail(&reader->report, where,
			       "an indented line goes on with %s, which is no list",
			       name);
	else
		return true;
	return false;
}

/* What inih calls for each value, and again for each line that continues one. */
static int take_value(void *ctx, const char *section, const char *name, const char *value)
{
	struct gp_config_reader *reader = ctx;

	(void)section;
	if (reader->line.kind == GP_LINE_KEY)
		reader->drops = !begin_key(reader, name);
	else if (!reader->drops)
		reader->drops = !check_continued(reader, name);
	if (!reader->drops && !collect(reader, value))
		gp_config_no_memory(&reader->report);
	return reader->report.status != GP_NOMEM;
}

static bool is_section_name(const char *name)
{
	const char *blank = strchr(name, ' ');

	for (const char *at = blank ? blank + 1 : name; *at; at++) {
		bool is_alnum = (*at >= 'a' && *at <= 'z') ||
				(*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
		if (!is_alnum && !strchr("-_.", *at))
			return false;
	}
	return true;
}

static void begin_section(struct gp_config_reader *reader)
{
	const struct gp_config_line *line = &reader->line;
	struct gp_config_where where = place(reader, line->name);
	char name[GP_CONFIG_SECTION_MAX + 1];

	gp_config_section_name(reader->text + line->name, line->name_end - line->name,
			       name);
	const struct gp_config_spec *spec = gp_config_spec_find(name);
	if (!spec) {
		gp_config_fail(&reader->report, where,
			       "no section [%s]: expected [guard], [rule NAME], [probe], "
			       "[preload], [rescue], [connect], [nat64], [resolver], "
			       "[forward NAME], [gai], [metrics] or [log]",
			       name);
		return;
	}
	if (!is_section_name(name)) {
		gp_config_fail(&reader->report, where,
			       "[%s]: a name has only letters, digits and - _ . in it",
			       name);
		return;
	}
	struct gp_config_section *section = gp_config_section_find(reader->config, name);
	if (!section)
		section = gp_config_section_add(reader->config, spec, name);
	if (!section) {
		gp_config_no_memory(&reader->report);
		return;
	}
	if (!section->is_present)
		section->where = where;
	section->is_present = true;
	reader->section = section;
}

/* Take note of the line at hand; true when inih is to see it. */
static bool take_line(struct gp_config_reader *reader)
{
	const struct gp_config_line *line = &reader->line;

	switch (line->kind) {
	case GP_LINE_EMPTY:
		return false;
	case GP_LINE_BAD:
		finish_value(reader);
		gp_config_fail(&reader->report, place(reader, line->problem_at), "%s",
			       line->problem);
		/* Nobody can tell what the lines behind it belong to. */
		if (reader->text[line->begin] == '[') {
			reader->section = NULL;
			reader->has_section = true;
		}
		reader->drops = true;
		reader->in_key = true;
		return false;
	case GP_LINE_SECTION:
		finish_value(reader);
		reader->section = NULL;
		reader->has_section = true;
		reader->in_key = false;
		begin_section(reader);
		return reader->section != NULL;
	case GP_LINE_KEY:
		finish_value(reader);
		reader->in_key = true;
		if (!reader->has_section)
			gp_config_fail(&reader->report, place(reader, line->name),
				       "a key before the first [SECTION]");
		reader->has_section = true;
		return reader->section != NULL;
	case GP_LINE_CONTINUED:
		return reader->section && !reader->drops;
	}
	return false;
}

/* fgets() for inih. */
static char *next_line(char *buf, int size, void *ctx)
{
	struct gp_config_reader *reader = ctx;
	if (reader->pos >= reader->size || reader->report.status == GP_NOMEM)
		return NULL;

	gp_config_line_scan(reader->text, reader->size, reader->pos, reader->in_key,
			    &reader->line);
	reader->pos = reader->line.next;
	reader->number++;
	buf[0] = '\0';
	if (!take_line(reader))
		return buf;

	/* Another build of inih may take shorter lines than ours. */
	size_t length = reader->line.cut - reader->line.begin;
	if (size <= 0 || length >= (size_t)size) {
		gp_config_fail(&reader->report, place(reader, reader->line.begin),
			       "a line has at most %d bytes here", size - 1);
		return buf;
	}
	memcpy(buf, reader->text + reader->line.begin, length);
	buf[length] = '\0';
	return buf;
}

struct gp_config_reader *
gp_config_reader_new(const char *root, struct gp_config_errors *errors, bool with_files)
{
	struct gp_config_reader *reader = calloc(1, sizeof(*reader));
	struct gp_config *config = gp_config_new();

	if (errors)
		*errors = (struct gp_config_errors){.count = 0};
	if (config)
		config->root = strdup(root);
	if (!reader || !config || !config->root) {
		free(reader);
		gp_config_free(config);
		return NULL;
	}
	reader->config = config;
	reader->with_files = with_files;
	reader->report.config = config;
	reader->report.errors = errors;
	return reader;
}

const char *gp_config_reader_root(const struct gp_config_reader *reader)
{
	return reader->config->root;
}

/* Begin with the next file; false when there is no memory for its name. */
static bool begin_file(struct gp_config_reader *reader, const char *path)
{
	struct gp_config *config = reader->config;
	char **paths = realloc(config->paths,
			       (config->path_count + 1) * sizeof(config->paths[0]));
	if (paths)
		config->paths = paths;
	if (!paths || !(paths[config->path_count] = strdup(path))) {
		gp_config_no_memory(&reader->report);
		return false;
	}
	reader->file = config->path_count++;
	reader->pos = reader->number = 0;
	reader->section = NULL;
	reader->has_section = reader->in_key = reader->drops = false;
	return true;
}

void gp_config_reader_add(struct gp_config_reader *reader, const char *path,
			  const char *bytes, size_t size)
{
	if (!begin_file(reader, path))
		return;

	reader->text = bytes;
	reader->size = size;
	int bad_line = ini_parse_stream(next_line, reader, take_value, reader);
	finish_value(reader);
	reader->key = NULL;
	if (bad_line < 0)
		gp_config_no_memory(&reader->report);
	/* Not with any inih known to us: it was given nothing but good lines. */
	else if (bad_line > 0 && !reader->report.has_failed)
		gp_config_fail(&reader->report,
			       (struct gp_config_where){.file = reader->file,
							.line = (unsigned)bad_line},
			       "inih cannot read this line");
}

void gp_config_reader_io(struct gp_config_reader *reader, const struct gp_diag *diag)
{
	if (!begin_file(reader, diag->path))
		return;

	struct gp_config_where where = {.file = reader->file};
	struct gp_diag *slot = gp_config_slot(&reader->report, where);
	if (slot)
		*slot = *diag;
	/* What is in the file cannot be known: that is worse than anything found wrong.
	 */
	if (reader->report.status != GP_NOMEM)
		reader->report.status = diag->status;
}

enum gp_status gp_config_reader_end(struct gp_config_reader *reader,
				    struct gp_config **out)
{
	if (reader->report.status != GP_NOMEM)
		gp_config_cross(&reader->report, reader->config);

	enum gp_status status = reader->report.status;
	if (status == GP_OK) {
		gp_config_fill_guard(reader->config);
		*out = reader->config;
	} else {
		gp_config_free(reader->config);
	}
	free(reader->value);
	free(reader->pieces);
	free(reader);
	return status;
}

enum gp_status gp_config_parse_text(const char *path, const char *bytes, size_t size,
				    struct gp_config **out,
				    struct gp_config_errors *errors)
{
	int saved = errno;
	struct gp_config_reader *reader = gp_config_reader_new("", errors, false);
	enum gp_status status = GP_NOMEM;

	if (reader) {
		gp_config_reader_add(reader, path, bytes, size);
		status = gp_config_reader_end(reader, out);
	}
	errno = saved;
	return status;
}
