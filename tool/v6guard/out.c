/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* out.c - text or JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "out.h"

#define DEPTH_MAX 8

struct out {
	FILE *to;
	bool is_json, has_color, has_failed;
	json_t *open[DEPTH_MAX]; /* borrowed, but for the first */
	int depth;
};

struct out *out_new(FILE *to, bool is_json, bool has_color)
{
	struct out *out = calloc(1, sizeof(*out));
	if (!out)
		return NULL;
	out->to = to;
	out->is_json = is_json;
	out->has_color = has_color && !is_json;
	if (is_json) {
		out->open[0] = json_pack("{s:i}", "schema", 1);
		out->has_failed = !out->open[0];
	}
	return out;
}

struct out *out_like(const struct out *out, FILE *to)
{
	return out_new(to, out->is_json, out->has_color);
}

bool out_is_json(const struct out *out)
{
	return out->is_json;
}

/* Steals VALUE, as jansson's *_new do. */
static void add(struct out *out, const char *key, json_t *value)
{
	json_t *parent = out->open[out->depth];
	int status = json_is_array(parent) ? json_array_append_new(parent, value)
					   : json_object_set_new(parent, key, value);
	if (status < 0)
		out->has_failed = true;
}

/* Bytes of files and of the command line need not be UTF-8; jansson insists. */
static json_t *text_value(const char *text)
{
	if (!text)
		return json_null();
	json_t *value = json_string(text);
	if (value)
		return value;

	char *copy = strdup(text);
	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

void out_color(struct out *out, const char *word, enum out_style style)
{
	static const char *const codes[] = {"", "\033[31m", "\033[32m", "\033[33m"};
	const bool has_color = out->has_color && style != OUT_PLAIN;

	if (!out->is_json)
		fprintf(out->to, "%s%s%s", has_color ? codes[style] : "", word,
			has_color ? "\033[0m" : "");
}

void out_styled(struct out *out, const char *key, const char *label, const char *value,
		enum out_style style)
{
	if (out->is_json) {
		if (key)
			add(out, key, text_value(value));
		return;
	}
	if (!label)
		return;
	fprintf(out->to, "%-*s", OUT_LABEL, label);
	out_color(out, value ? value : "-", style);
	fputc('\n', out->to);
}

void out_string(struct out *out, const char *key, const char *label, const char *value)
{
	out_styled(out, key, label, value, OUT_PLAIN);
}

void out_integer(struct out *out, const char *key, const char *label, long long value)
{
	if (out->is_json)
		add(out, key, json_integer(value));
	else if (label)
		fprintf(out->to, "%-*s%lld\n", OUT_LABEL, label, value);
}

void out_bool(struct out *out, const char *key, const char *label, bool value)
{
	if (out->is_json)
		add(out, key, json_boolean(value));
	else if (label)
		fprintf(out->to, "%-*s%s\n", OUT_LABEL, label, value ? "yes" : "no");
}

void out_value(struct out *out, const char *key, const json_t *value)
{
	if (out->is_json)
		add(out, key, value ? json_deep_copy(value) : json_null());
}

static void begin(struct out *out, const char *key, json_t *value)
{
	if (!out->is_json) {
		json_decref(value);
		return;
	}
	add(out, key, value);
	if (!value || out->depth + 1 == DEPTH_MAX)
		abort(); /* no memory for a few bytes, or a bug */
	out->open[++out->depth] = value;
}

void out_object(struct out *out, const char *key)
{
	begin(out, key, json_object());
}

void out_list(struct out *out, const char *key)
{
	begin(out, key, json_array());
}

void out_end(struct out *out)
{
	if (out->is_json && out->depth > 0)
		out->depth--;
}

void out_item(struct out *out, const char *value)
{
	if (out->is_json)
		add(out, NULL, text_value(value));
}

void out_line(struct out *out, const char *format, ...)
{
	va_list args;

	if (out->is_json)
		return;
	va_start(args, format);
	vfprintf(out->to, format, args);
	va_end(args);
}

bool out_finish(struct out *out)
{
	if (out->is_json && !out->has_failed) {
		out->has_failed = json_dumpf(out->open[0], out->to, JSON_INDENT(2)) < 0;
		fputc('\n', out->to);
	}
	return fflush(out->to) == 0 && !ferror(out->to) && !out->has_failed;
}

void out_free(struct out *out)
{
	if (!out)
		return;
	json_decref(out->open[0]);
	free(out);
}
