/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_scenario_file.c - see dns_scenario.h: the folder's files, and the cases in them. */
#include "dns_scenario_private.h"

#include <glob.h>

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

static struct scenario_file *read_file(const char *path)
{
	struct scenario_file *file = calloc(1, sizeof(*file));
	FILE *from = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	assert_non_null(file);
	if (!from)
		fail_msg("%s cannot be read", path);
	file->name = copy_of(strrchr(path, '/') + 1);
	while (getline(&line, &room, from) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strlen(line) >= SCENARIO_LINE)
			fail_msg("%s:%zu: this line is too long", path,
				 file->line_count + 1);
		file->lines = realloc(file->lines,
				      (file->line_count + 1) * sizeof(file->lines[0]));
		assert_non_null(file->lines);
		file->lines[file->line_count++] = copy_of(line);
	}
	free(line);
	fclose(from);
	return file;
}

/* "for VAR in WORD..." */
static void take_variable(struct scenario_file *file, size_t line)
{
	char *copy = copy_of(file->lines[line]), *at = NULL, *word;

	strtok_r(copy, " \t", &at);
	word = strtok_r(NULL, " \t", &at);
	if (file->variable || !word)
		fail_msg("%s:%zu: for VAR in WORD..., once", file->name, line + 1);
	file->variable = copy_of(word);
	word = strtok_r(NULL, " \t", &at);
	while (word && (word = strtok_r(NULL, " \t", &at)) != NULL &&
	       file->word_count < sizeof(file->words) / sizeof(file->words[0]))
		file->words[file->word_count++] = copy_of(word);
	if (!file->word_count)
		fail_msg("%s:%zu: for VAR in WORD...", file->name, line + 1);
	free(copy);
}

static bool begins_with(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word)) && line[strlen(word)] == ' ';
}

/* Lines of a case that it is `only` for one of the words. */
static const char *only_of(const struct scenario_file *file, size_t from, size_t until)
{
	for (size_t i = from; i < until; i++)
		if (begins_with(file->lines[i], "only"))
			return file->lines[i] + strlen("only ");
	return NULL;
}

static bool is_word(const struct scenario_file *file, const char *word)
{
	for (size_t i = 0; i < file->word_count; i++)
		if (!strcmp(file->words[i], word))
			return true;
	return false;
}

static size_t case_end(const struct scenario_file *file, size_t from)
{
	do
		from++;
	while (from < file->line_count && !begins_with(file->lines[from], "case"));
	return from;
}

static void add(struct scenario **list, size_t *count, const struct scenario *one)
{
	const char *title = one->file->lines[one->from] + strlen("case ");
	char name[256];

	snprintf(name, sizeof(name), one->word ? "%s: %s (%s)" : "%s: %s",
		 one->file->name, title, one->word);
	*list = realloc(*list, (*count + 1) * sizeof(**list));
	assert_non_null(*list);
	(*list)[*count] = *one;
	(*list)[*count].name = copy_of(name);
	(*count)++;
}

static void add_cases(struct scenario_file *file, struct scenario **list, size_t *count)
{
	struct scenario one = {.file = file, .preamble = SIZE_MAX};
	const size_t before = *count;

	for (size_t i = 0; i < file->line_count; i++) {
		const char *only;
		if (begins_with(file->lines[i], "for"))
			take_variable(file, i);
		if (!begins_with(file->lines[i], "case"))
			continue;
		if (one.preamble == SIZE_MAX)
			one.preamble = i;
		one.from = i;
		one.until = case_end(file, i);
		only = only_of(file, one.from, one.until);
		if (only && !is_word(file, only))
			fail_msg("%s:%zu: only '%s': this is none of the words",
				 file->name, i + 1, only);
		if (!file->word_count)
			add(list, count, &one);
		for (size_t word = 0; word < file->word_count; word++) {
			one.word = file->words[word];
			if (!only || !strcmp(only, one.word))
				add(list, count, &one);
		}
	}
	if (*count == before)
		fail_msg("%s:1: there is no case in it", file->name);
}

size_t scenario_load(const char *folder, struct scenario **list)
{
	char pattern[512];
	size_t count = 0;
	glob_t found;

	*list = NULL;
	snprintf(pattern, sizeof(pattern), "%s/*.scn", folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		fail_msg("%s: there are no scenarios", folder);
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_cases(read_file(found.gl_pathv[i]), list, &count);
	globfree(&found);
	return count;
}

static void free_file(const struct scenario_file *file)
{
	union {
		const struct scenario_file *readable;
		struct scenario_file *writable;
	} one = {file};

	for (size_t i = 0; i < file->line_count; i++)
		free(file->lines[i]);
	for (size_t i = 0; i < file->word_count; i++)
		free(file->words[i]);
	free(file->lines);
	free(file->variable);
	free(one.writable->name);
	free(one.writable);
}

void scenario_free(struct scenario *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].name);
		if (i + 1 == count || list[i + 1].file != list[i].file)
			free_file(list[i].file);
	}
	free(list);
}
