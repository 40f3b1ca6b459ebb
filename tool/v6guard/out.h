/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* out.h - the one writer of results: text for people or one JSON object for programs. */
#ifndef TOOL_V6GUARD_OUT_H
#define TOOL_V6GUARD_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/** Columns of a label. */
#define OUT_LABEL 12

struct out;

enum out_style { OUT_PLAIN, OUT_RED, OUT_GREEN, OUT_YELLOW };

/** NULL: no memory. TO stays the caller's; HAS_COLOR applies to text only. */
struct out *out_new(FILE *to, bool is_json, bool has_color);

/** Another one of the same kind, for commands that print more than one result. */
struct out *out_like(const struct out *out, FILE *to);
bool out_is_json(const struct out *out);

/** Print the JSON object, if that is what was asked for; false when TO took not all. */
bool out_finish(struct out *out);
void out_free(struct out *out);

/*
 * A member KEY of the object that is open. As text it is one line, LABEL and the value;
 * with LABEL NULL it is not shown. VALUE NULL is null, and "-" in text.
 */
void out_string(struct out *out, const char *key, const char *label, const char *value);
void out_styled(struct out *out, const char *key, const char *label, const char *value,
		enum out_style style);
void out_integer(struct out *out, const char *key, const char *label, long long value);
void out_bool(struct out *out, const char *key, const char *label, bool value);

/** A copy of VALUE, NULL being null. JSON only. */
void out_value(struct out *out, const char *key, const json_t *value);

/** An object or list as member KEY, or, in a list, as its next item. JSON only. */
void out_object(struct out *out, const char *key);
void out_list(struct out *out, const char *key);
void out_end(struct out *out);

/** The next item of the list that is open. JSON only. */
void out_item(struct out *out, const char *value);

/** A word of a line that is only for people, in that style. */
void out_color(struct out *out, const char *word, enum out_style style);

/** A line, or a part of one, that is only for people. */
void out_line(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
