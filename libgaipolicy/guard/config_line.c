/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_line.c - one line of v6guard.conf, as inih reads it, and what inih would read
 * otherwise than it looks. inih 55 cuts comments off in `KEY = VALUE ; comment` but not
 * in an indented line, ignores what stands behind a ']' and takes an indented first key.
 */
#include <string.h>

#include "guard/config_private.h"
#include "text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void bad(struct gp_config_line *line, size_t at, const char *problem)
{
	line->kind = GP_LINE_BAD;
	line->problem = problem;
	line->problem_at = at;
}

/* The end of the line without the comment at its end and the blanks before that. */
static size_t cut_comment(const char *text, size_t start, size_t end)
{
	for (size_t at = start + 1; at < end; at++)
		if (text[at] == ';' && is_blank(text[at - 1]))
			end = at;
	while (end > start && is_blank(text[end - 1]))
		end--;
	return end;
}

/* Length of the UTF-8 character (RFC 3629 4) at AT, 0 when it is none. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t length = forms[i].length;
		if (*at < forms[i].first || *at > forms[i].last)
			continue;
		if (length > left)
			return 0;
		if (length > 1 && (at[1] < forms[i].low || at[1] > forms[i].high))
			return 0;
		for (size_t j = 2; j < length; j++)
			if (at[j] < 0x80 || at[j] > 0xbf)
				return 0;
		return length;
	}
	return 0;
}

const char *gp_config_bad_byte(const char *text, size_t size, size_t *at)
{
	for (*at = 0; *at < size;) {
		unsigned char c = (unsigned char)text[*at];
		size_t length =
			utf8_length((const unsigned char *)text + *at, size - *at);
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "a control character";
		if (length == 0)
			return "not UTF-8";
		*at += length;
	}
	return NULL;
}

static void scan_section(const char *text, struct gp_config_line *line)
{
	const char *close = memchr(text + line->begin, ']', line->cut - line->begin);
	if (!close) {
		bad(line, line->cut, "expected ']' at the end of the section's name");
		return;
	}

	size_t end = (size_t)(close - text);
	size_t name = line->begin + 1;
	if (end + 1 < line->cut) {
		bad(line, end + 1, "nothing but a comment (` ;`) may stand behind ']'");
		return;
	}
	while (name < end && is_blank(text[name]))
		name++;
	while (end > name && is_blank(text[end - 1]))
		end--;
	line->name = name;
	line->name_end = end;
	if (end == name)
		bad(line, name, "expected a section's name between the brackets");
	else if (end - name > GP_CONFIG_SECTION_MAX)
		bad(line, name, "a section's name has at most 48 bytes");
}

static void scan_key(const char *text, struct gp_config_line *line)
{
	size_t at = line->begin;
	while (at < line->cut && text[at] != '=' && text[at] != ':')
		at++;
	if (at == line->cut) {
		bad(line, line->begin, "expected KEY = VALUE or [SECTION]");
		return;
	}

	line->name = line->name_end = line->begin;
	for (size_t i = line->begin; i < at; i++)
		if (!is_blank(text[i]))
			line->name_end = i + 1;
	if (line->name_end == line->name) {
		bad(line, at, "expected a key before the '='");
		return;
	}
	line->value = at + 1;
	line->value_end = line->cut;
	while (line->value < line->cut && is_blank(text[line->value]))
		line->value++;
	if (line->value == line->cut)
		line->value = line->value_end = at + 1;
}

/* The word before a `=` or `:` there may be. */
static void scan_continued(const char *text, size_t start, struct gp_config_line *line)
{
	size_t at = start;
	while (at < line->cut && !is_blank(text[at]) && text[at] != '=' &&
	       text[at] != ':')
		at++;
	line->kind = GP_LINE_CONTINUED;
	line->value = line->name = line->name_end = start;
	line->value_end = line->cut;

	size_t mark = at;
	while (mark < line->cut && is_blank(text[mark]))
		mark++;
	if (mark < line->cut && (text[mark] == '=' || text[mark] == ':'))
		line->name_end = at;
}

static void find_ends(const char *text, size_t size, size_t pos,
		      struct gp_config_line *line)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct gp_text_line found = {.next = pos};

	gp_text_next(text, size, &found);
	line->begin = pos;
	line->end = found.end;
	line->next = found.next;
	if (line->end > pos && text[line->end - 1] == '\r')
		line->end--;
	if (pos == 0 && line->end >= 3 && !memcmp(text, mark, 3))
		line->begin += 3;
}

void gp_config_line_scan(const char *text, size_t size, size_t pos, bool continues,
			 struct gp_config_line *out)
{
	struct gp_config_line line = {.kind = GP_LINE_EMPTY};
	find_ends(text, size, pos, &line);

	const char *nul = memchr(text + line.begin, '\0', line.end - line.begin);
	size_t start = line.begin;
	while (start < line.end && is_blank(text[start]))
		start++;
	line.cut = cut_comment(text, start, line.end);

	*out = line;
	if (nul) {
		bad(out, (size_t)(nul - text), "a NUL byte");
		return;
	}
	/* Comments may be of any length: inih never sees them. */
	if (start == line.end || text[start] == ';' || text[start] == '#')
		return;
	if (line.end - line.begin > GP_CONFIG_LINE_MAX) {
		bad(out, line.begin + GP_CONFIG_LINE_MAX,
		    "a line has at most 198 bytes; go on in an indented line");
		return;
	}
	size_t at;
	const char *problem = gp_config_bad_byte(text + start, line.cut - start, &at);
	if (problem) {
		bad(out, start + at, problem);
		return;
	}
	if (start > line.begin) {
		scan_continued(text, start, out);
		if (!continues)
			bad(out, start,
			    "an indented line, and no value above to go on with: "
			    "keys begin in the first column");
		return;
	}
	out->kind = text[start] == '[' ? GP_LINE_SECTION : GP_LINE_KEY;
	if (out->kind == GP_LINE_SECTION)
		scan_section(text, out);
	else
		scan_key(text, out);
}

void gp_config_section_name(const char *name, size_t length,
			    char out[GP_CONFIG_SECTION_MAX + 1])
{
	size_t used = 0;

	for (size_t i = 0; i < length && used < GP_CONFIG_SECTION_MAX; i++) {
		char c = is_blank(name[i]) ? ' ' : name[i];
		if (c != ' ' || (used > 0 && out[used - 1] != ' '))
			out[used++] = c;
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

size_t gp_config_next_word(const char *text, size_t *pos, const char **word)
{
	*word = text + *pos + strspn(text + *pos, " \t,");
	size_t length = strcspn(*word, " \t,");
	*pos = (size_t)(*word - text) + length;
	return length;
}
