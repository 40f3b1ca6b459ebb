/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unit.c - the text of systemd's unit files, as systemd.syntax(7) has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define BLANKS " \t\r"

/* ---- lines ---- */

/* A logical line, malloc'd: those that end in a backslash go on, comments between them
 * are none. *AT moves behind it. */
static char *take_line(const char **at, const char *end)
{
	char *line = malloc((size_t)(end - *at) + 1);
	size_t length = 0;

	while (line && *at < end) {
		const char *begin = *at;
		const char *stop = memchr(begin, '\n', (size_t)(end - begin));
		const char *next = stop ? stop + 1 : end;
		size_t size = (size_t)((stop ? stop : end) - begin);
		const char *first = begin + strspn(begin, BLANKS);

		*at = next;
		if (length > 0 && first < end && (*first == '#' || *first == ';'))
			continue;
		if (size > 0 && begin[size - 1] == '\r')
			size--;
		const bool goes_on = size > 0 && begin[size - 1] == '\\';
		memcpy(line + length, begin, size);
		length += size;
		if (!goes_on)
			break;
		line[length - 1] = ' ';
	}
	if (line)
		line[length] = '\0';
	return line;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* ---- words ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* COUNT digits of BASE at AT, or -1. */
static int number(const char *at, int count, int base)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (digit(at[i]) >= base)
			return -1;
		value = value * base + digit(at[i]);
	}
	return value > 0 && value < 256 ? value : -1;
}

/* What stands behind a backslash; *AT moves behind it. */
static char unescape(const char **at)
{
	static const char from[] = "abfnrtvs", to[] = "\a\b\f\n\r\t\v ";
	const char *found = **at ? strchr(from, **at) : NULL;
	int value;

	if (found) {
		(*at)++;
		return to[found - from];
	}
	value = **at == 'x' ? number(*at + 1, 2, 16) : number(*at, 3, 8);
	if (value > 0) {
		*at += 3;
		return (char)value;
	}
	return *(*at)++;
}

/* The next word, malloc'd, quotes and escapes resolved; NULL: none, or no memory. */
static char *take_word(const char **at)
{
	const char *in = *at + strspn(*at, BLANKS);
	char *word = *in ? malloc(strlen(in) + 1) : NULL;
	char *out = word, quote = '\0';

	while (word && *in && (quote || !strchr(BLANKS, *in))) {
		const char c = *in++;
		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? '\0' : c;
		else if (c == '\\' && *in)
			*out++ = unescape(&in);
		else
			*out++ = c;
	}
	if (word)
		*out = '\0';
	*at = in;
	return word;
}

/* ---- settings ---- */

static void clear(struct unit_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct unit_list){.items = NULL};
}

static bool add(struct unit_list *list, char *item)
{
	char **grown =
		item ? realloc(list->items, (list->count + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(item);
		return false;
	}
	list->items = grown;
	list->items[list->count++] = item;
	return true;
}

static bool set(char **variable, const char *value)
{
	char *copy = strdup(value);

	free(*variable);
	*variable = copy;
	return copy != NULL;
}

static bool assign(struct unit *unit, const char *word)
{
	if (!strncmp(word, "LD_PRELOAD=", 11))
		return set(&unit->preload, word + 11);
	if (!strncmp(word, "V6GUARD=", 8))
		return set(&unit->mode, word + 8);
	return true;
}

static void unset(struct unit *unit, const char *word)
{
	unit->unsets_preload |= !strcmp(word, "LD_PRELOAD");
	unit->unsets_mode |= !strcmp(word, "V6GUARD");
}

static bool each_word(struct unit *unit, const char *value, bool is_unset)
{
	char *word;
	bool is_good = true;

	while (is_good && (word = take_word(&value))) {
		if (is_unset)
			unset(unit, word);
		else
			is_good = assign(unit, word);
		free(word);
	}
	return is_good;
}

/* An empty value takes back all that was said before. */
static void reset(struct unit *unit, const char *key)
{
	if (!strcmp(key, "Environment")) {
		free(unit->preload);
		free(unit->mode);
		unit->preload = unit->mode = NULL;
	} else if (!strcmp(key, "UnsetEnvironment")) {
		unit->unsets_preload = unit->unsets_mode = false;
	} else if (!strcmp(key, "EnvironmentFile")) {
		clear(&unit->env_files);
	} else if (!strcmp(key, "ExecStart")) {
		clear(&unit->exec);
	} else if (!strcmp(key, "RootDirectory") || !strcmp(key, "RootImage")) {
		free(unit->root);
		unit->root = NULL;
	}
}

static bool take_setting(struct unit *unit, const char *key, const char *value)
{
	if (!value[0]) {
		reset(unit, key);
		return true;
	}
	if (!strcmp(key, "Environment"))
		return each_word(unit, value, false);
	if (!strcmp(key, "UnsetEnvironment"))
		return each_word(unit, value, true);
	if (!strcmp(key, "EnvironmentFile"))
		return add(&unit->env_files, strdup(value));
	if (!strcmp(key, "ExecStart")) {
		value += strspn(value, "@-:+!|" BLANKS);
		return !*value || add(&unit->exec, take_word(&value));
	}
	if (!strcmp(key, "RootDirectory") || !strcmp(key, "RootImage"))
		return set(&unit->root, value);
	return true;
}

static bool take_text(struct unit *unit, char *line, bool *is_service)
{
	char *text = trim(line), *equals;

	if (!text[0] || text[0] == '#' || text[0] == ';')
		return true;
	if (text[0] == '[') {
		*is_service = !strcmp(text, "[Service]");
		unit->has_service |= *is_service;
		return true;
	}
	equals = strchr(text, '=');
	if (!*is_service || !equals)
		return true;
	*equals = '\0';
	return take_setting(unit, trim(text), trim(equals + 1));
}

bool unit_read(struct unit *unit, const char *text, size_t size)
{
	const char *end = text + strnlen(text, size);
	bool is_service = false, is_good = true;

	while (is_good && text < end) {
		char *line = take_line(&text, end);
		is_good = line && take_text(unit, line, &is_service);
		free(line);
	}
	return is_good;
}

void unit_free(struct unit *unit)
{
	free(unit->preload);
	free(unit->mode);
	free(unit->root);
	clear(&unit->exec);
	clear(&unit->env_files);
	*unit = (struct unit){.preload = NULL};
}

unsigned unit_env_line(const char *text, const char *name)
{
	const size_t length = strlen(name);
	unsigned found = 0;

	for (unsigned line = 1; *text; line++) {
		const char *at = text + strspn(text, BLANKS);
		if (!strncmp(at, name, length) &&
		    at[length + strspn(at + length, BLANKS)] == '=')
			found = line;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return found;
}

/* ---- what is written ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* In double quotes; '$' means nothing to Environment=, '%' a specifier. */
static void put_quoted(FILE *out, const char *text, bool is_literal)
{
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;
		if (c < ' ' || c == 127)
			fprintf(out, "\\x%02x", c);
		else if (c == '%' && is_literal)
			fputs("%%", out);
		else
			fprintf(out, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
}

/* ld.so takes blanks and colons between them. */
static void put_others(FILE *out, const char *before, const char *library)
{
	const char *own = last_part(library);

	while (before && *before) {
		const size_t length = strcspn(before, ": ");
		char *item = strndup(before, length);
		if (item && item[0] && strcmp(last_part(item), own) != 0) {
			put_quoted(out, item, false);
			fputc(':', out);
		}
		free(item);
		before += length + (before[length] != '\0');
	}
}

char *unit_dropin(const char *name, const char *before, const char *library,
		  const char *mode)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "# By `v6guard attach`; `v6guard detach %s` removes it.\n", name);
	fputs("[Service]\nEnvironment=\"LD_PRELOAD=", out);
	put_others(out, before, library);
	put_quoted(out, library, true);
	fputs("\"\n", out);
	if (mode)
		fprintf(out, "Environment=V6GUARD=%s\n", mode);
	const bool has_failed = ferror(out);
	if (fclose(out) != 0 || has_failed) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- names ---- */

static const char *suffix_of(const char *name)
{
	static const char *const suffixes[] = {
		".service", ".socket", ".device", ".mount", ".automount", ".swap",
		".target",  ".path",   ".timer",  ".slice", ".scope"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strcmp(dot, suffixes[i]))
			return suffixes[i];
	return NULL;
}

bool unit_name(const char *word, char name[UNIT_NAME], char why[UNIT_WHY])
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789:-_.\\@";
	const char *suffix = suffix_of(word);
	const size_t length = strlen(word);
	int written;

	if (!length || word[0] == '.' || word[0] == '@' || suffix == word ||
	    strspn(word, valid) != length) {
		snprintf(why, UNIT_WHY, "this is no name of a unit");
		return false;
	}
	if (suffix && strcmp(suffix, ".service") != 0) {
		snprintf(why, UNIT_WHY,
			 "only services run programs that can be attached to%s",
			 !strcmp(suffix, ".timer") || !strcmp(suffix, ".socket") ||
					 !strcmp(suffix, ".path")
				 ? ": name the one that it starts"
				 : "");
		return false;
	}
	written = snprintf(name, UNIT_NAME, "%s%s", word, suffix ? "" : ".service");
	if (written < UNIT_NAME)
		return true;
	snprintf(why, UNIT_WHY, "too long a name");
	return false;
}

bool unit_template(const char *name, char out[UNIT_NAME])
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	if (!at || !dot || dot <= at + 1)
		return false;
	snprintf(out, UNIT_NAME, "%.*s%s", (int)(at + 1 - name), name, dot);
	return true;
}
