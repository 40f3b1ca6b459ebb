/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_edit.c - one value of a v6guard.conf changed, every other byte as it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/config_private.h"
#include "text.h"

static const char indent[] = "\t";

/* The text, and what is to be set in it. */
struct edit {
	const char *text;
	size_t size;
	const char *section, *key, *value;
	const char *newline; /* as the file ends its lines */
	bool may_continue;   /* the value may take more than one line */
	struct gp_sink out;
};

/* Where things stand: the first line of the key, and behind what to add one. */
struct spot {
	bool has_section, has_key;
	size_t key;    /* where its line begins */
	size_t behind; /* where the line behind the section's last one begins */
};

/* Goes through the lines and knows what each belongs to. */
struct walk {
	size_t pos, begin;
	struct gp_config_line line;
	bool in_section; /* the line is in the section to be edited */
	bool in_key;     /* a value stands above that may be continued */
	bool is_key;     /* the line is of the key to be edited, also as a continuation */
};

static bool is_name(const struct edit *edit, const struct gp_config_line *line,
		    const char *name)
{
	size_t length = line->name_end - line->name;
	return strlen(name) == length && !memcmp(edit->text + line->name, name, length);
}

static bool next(const struct edit *edit, struct walk *walk)
{
	char name[GP_CONFIG_SECTION_MAX + 1];
	struct gp_config_line *line = &walk->line;

	if (walk->pos >= edit->size)
		return false;
	walk->begin = walk->pos;
	gp_config_line_scan(edit->text, edit->size, walk->pos, walk->in_key, line);
	walk->pos = line->next;
	switch (line->kind) {
	case GP_LINE_EMPTY:
	case GP_LINE_CONTINUED:
		break;
	case GP_LINE_BAD:
		walk->is_key = false;
		break;
	case GP_LINE_SECTION:
		gp_config_section_name(edit->text + line->name,
				       line->name_end - line->name, name);
		walk->in_section = !strcmp(name, edit->section);
		walk->in_key = walk->is_key = false;
		break;
	case GP_LINE_KEY:
		walk->in_key = true;
		walk->is_key = walk->in_section && is_name(edit, line, edit->key);
		break;
	}
	return true;
}

static struct spot find(const struct edit *edit)
{
	struct spot spot = {.has_section = false};
	struct walk walk = {.pos = 0};

	while (next(edit, &walk)) {
		if (!walk.in_section || walk.line.kind == GP_LINE_EMPTY)
			continue;
		spot.has_section = true;
		spot.behind = walk.pos;
		if (walk.line.kind != GP_LINE_KEY || !walk.is_key || spot.has_key)
			continue;
		spot.has_key = true;
		spot.key = walk.begin;
	}
	return spot;
}

/* How much of VALUE, whole words, goes into ROOM bytes. */
static size_t fitting(const char *value, size_t room)
{
	size_t length = strlen(value), end = 0;

	if (length <= room)
		return length;
	for (size_t i = 0; i <= room; i++)
		if (value[i] == ' ' || value[i] == '\t')
			end = i;
	return end;
}

/* The words of VALUE that did not fit, each line indented. False: a word is too long. */
static bool put_rest(struct edit *edit, const char *rest)
{
	while (*rest) {
		size_t length = fitting(rest, GP_CONFIG_LINE_MAX - strlen(indent));
		if (length == 0 || !edit->may_continue)
			return false;
		gp_sink_text(&edit->out, indent);
		gp_sink_put(&edit->out, rest, length);
		gp_sink_text(&edit->out, edit->newline);
		rest += length;
		rest += strspn(rest, " \t");
	}
	return true;
}

/* Write a line that is HEAD, the value, TAIL, and its end; as many more as are needed. */
static bool put_setting(struct edit *edit, const char *head, size_t head_length,
			const char *tail, size_t tail_length, const char *end,
			size_t end_length)
{
	size_t taken = head_length + tail_length;
	size_t room = taken < GP_CONFIG_LINE_MAX ? GP_CONFIG_LINE_MAX - taken : 0;
	size_t length = fitting(edit->value, room);
	const char *rest = edit->value + length;

	/* No blank at the end of the line for the sake of a value that is not there. */
	while (length == 0 && tail_length == 0 && head_length > 0 &&
	       (head[head_length - 1] == ' ' || head[head_length - 1] == '\t'))
		head_length--;
	gp_sink_put(&edit->out, head, head_length);
	gp_sink_put(&edit->out, edit->value, length);
	gp_sink_put(&edit->out, tail, tail_length);
	if (*rest && end_length == 0)
		gp_sink_text(&edit->out, edit->newline);
	gp_sink_put(&edit->out, end, end_length);
	return put_rest(edit, rest + strspn(rest, " \t"));
}

/* The line LINE, which begins at BEGIN, with the new value in place of the old one. */
static bool replace_value(struct edit *edit, size_t begin,
			  const struct gp_config_line *line)
{
	const char *text = edit->text;
	struct gp_sink head = {.text = NULL};

	gp_sink_put(&head, text + begin, line->value - begin);
	if (line->value == line->value_end && edit->value[0])
		gp_sink_text(&head, " ");
	bool is_good = !head.has_failed &&
		       put_setting(edit, head.text, head.length, text + line->value_end,
				   line->end - line->value_end, text + line->end,
				   line->next - line->end);
	edit->out.has_failed |= head.has_failed;
	free(head.text);
	return is_good;
}

static bool add_setting(struct edit *edit)
{
	struct gp_sink head = {.text = NULL};

	gp_sink_text(&head, edit->key);
	gp_sink_text(&head, " = ");
	bool is_good =
		!head.has_failed && put_setting(edit, head.text, head.length, "", 0,
						edit->newline, strlen(edit->newline));
	edit->out.has_failed |= head.has_failed;
	free(head.text);
	return is_good;
}

static void end_line(struct edit *edit)
{
	const struct gp_sink *out = &edit->out;
	if (out->length > 0 && out->text[out->length - 1] != '\n')
		gp_sink_text(&edit->out, edit->newline);
}

static bool add_section(struct edit *edit)
{
	gp_sink_put(&edit->out, edit->text, edit->size);
	end_line(edit);
	if (edit->size > 0)
		gp_sink_text(&edit->out, edit->newline);
	gp_sink_text(&edit->out, "[");
	gp_sink_text(&edit->out, edit->section);
	gp_sink_text(&edit->out, "]");
	gp_sink_text(&edit->out, edit->newline);
	return add_setting(edit);
}

static bool add_key(struct edit *edit, size_t behind)
{
	gp_sink_put(&edit->out, edit->text, behind);
	end_line(edit);
	bool is_good = add_setting(edit);
	gp_sink_put(&edit->out, edit->text + behind, edit->size - behind);
	return is_good;
}

/* The first line of the key gets the value; all others, and continuations, go. */
static bool replace_key(struct edit *edit, size_t key)
{
	struct walk walk = {.pos = 0};
	bool is_good = true;

	while (next(edit, &walk)) {
		bool is_empty = walk.line.kind == GP_LINE_EMPTY;
		if (walk.begin == key)
			is_good &= replace_value(edit, walk.begin, &walk.line);
		else if (is_empty || !walk.is_key)
			gp_sink_put(&edit->out, edit->text + walk.begin,
				    walk.pos - walk.begin);
	}
	return is_good;
}

/* Whether VALUE reads back as it is: blanks around it and comments would not. */
static bool is_plain(const char *value)
{
	size_t length = strlen(value);

	if (length > 0 && (strchr(" \t;", value[0]) || strchr(" \t", value[length - 1])))
		return false;
	size_t at;
	if (gp_config_bad_byte(value, length, &at))
		return false;
	for (size_t i = 1; i < length; i++)
		if (value[i] == ';' && strchr(" \t", value[i - 1]))
			return false;
	return true;
}

/* Indented lines may follow: so may they where the key is not known. */
static bool may_continue(const char *section, const char *key)
{
	const struct gp_config_spec *spec = gp_config_spec_find(section);
	size_t index = spec ? gp_config_key_find(spec, key) : 0;

	return !spec || index == spec->count || gp_config_continues(&spec->keys[index]);
}

enum gp_status gp_config_edit(const char *text, size_t size, const char *section,
			      const char *key, const char *value, char **out,
			      size_t *out_size)
{
	if (!is_plain(value))
		return GP_SYNTAX;

	int saved = errno;
	struct edit edit = {
		.text = text,
		.size = size,
		.section = section,
		.key = key,
		.value = value,
		.newline = gp_text_newline(text, size),
		.may_continue = may_continue(section, key),
	};
	struct spot spot = find(&edit);
	bool is_good = true;
	gp_sink_text(&edit.out, "");
	if (spot.has_key)
		is_good = replace_key(&edit, spot.key);
	else if (spot.has_section)
		is_good = add_key(&edit, spot.behind);
	else
		is_good = add_section(&edit);

	errno = saved;
	if (edit.out.has_failed || !is_good) {
		free(edit.out.text);
		return edit.out.has_failed ? GP_NOMEM : GP_RANGE;
	}
	*out = edit.out.text;
	*out_size = edit.out.length;
	return GP_OK;
}

/* ---- a section that goes ---- */

/* Where the line that ends at END begins. */
static size_t line_before(const char *text, size_t end)
{
	size_t begin = end - 1;

	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	return begin;
}

static bool is_blank(const char *text, size_t begin, size_t end)
{
	while (begin < end && strchr(" \t\r\n", text[begin]))
		begin++;
	return begin == end;
}

/* From where on a section whose line begins at AT goes; nothing before FLOOR. */
static size_t head_of(const char *text, size_t at, size_t floor)
{
	size_t head = at;

	while (head > floor) {
		const size_t above = line_before(text, head);
		if (above < floor || (text[above] != '#' && text[above] != ';'))
			break;
		head = above;
	}
	/* What a file begins with is about the file. */
	if (head == 0)
		head = at;
	if (head > floor) {
		const size_t above = line_before(text, head);
		if (above >= floor && is_blank(text, above, head))
			head = above;
	}
	return head;
}

enum gp_status gp_config_cut(const char *text, size_t size, const char *section,
			     char **out, size_t *out_size)
{
	struct edit edit = {.text = text, .size = size, .section = section, .key = ""};
	struct walk walk = {.pos = 0};
	size_t from = 0, head = 0, behind = 0; /* FROM: all before is in OUT, or gone */
	bool is_open = false, is_found = false;
	int saved = errno;

	gp_sink_text(&edit.out, "");
	while (next(&edit, &walk)) {
		if (is_open && !walk.in_section) {
			gp_sink_put(&edit.out, text + from, head - from);
			from = behind;
			is_open = false;
		}
		if (walk.in_section && walk.line.kind == GP_LINE_SECTION && !is_open)
			head = head_of(text, walk.begin, from);
		if (walk.in_section && walk.line.kind != GP_LINE_EMPTY) {
			is_open = is_found = true;
			behind = walk.pos;
		}
	}
	if (is_open) {
		gp_sink_put(&edit.out, text + from, head - from);
		from = behind;
	}
	gp_sink_put(&edit.out, text + from, size - from);
	errno = saved;
	if (edit.out.has_failed || !is_found) {
		free(edit.out.text);
		return is_found ? GP_NOMEM : GP_NOTFOUND;
	}
	*out = edit.out.text;
	*out_size = edit.out.length;
	return GP_OK;
}
