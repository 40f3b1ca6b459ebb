/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* known.c - verdicts: from v6guardd's JSON to a table, or to ours. */
#include <string.h>

#include "known.h"

void known_text(char *buf, size_t size, const char *text)
{
	snprintf(buf, size, "%s", text ? text : "");
	for (char *at = buf; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static long long number_of(const json_t *item, const char *key)
{
	const json_t *value = json_object_get(item, key);

	return json_is_integer(value) && json_integer_value(value) >= 0
		       ? json_integer_value(value)
		       : -1;
}

static void text_of(const json_t *item, const char *key, char *buf, size_t size)
{
	known_text(buf, size, json_string_value(json_object_get(item, key)));
}

bool known_read(const json_t *item, struct known *out)
{
	text_of(item, "prefix", out->prefix, sizeof(out->prefix));
	text_of(item, "verdict", out->verdict, sizeof(out->verdict));
	text_of(item, "evidence", out->evidence, sizeof(out->evidence));
	text_of(item, "partner", out->partner, sizeof(out->partner));
	out->port = number_of(item, "port");
	out->age = number_of(item, "age");
	out->expires = number_of(item, "expires");
	out->next_test = number_of(item, "next_test");
	return out->prefix[0] && out->verdict[0];
}

const char *known_time(long long seconds, char buf[KNOWN_TIME])
{
	static const struct {
		long long from, unit;
		const char *name;
	} units[] = {{2 * 86400, 86400, "d"}, {2 * 3600, 3600, "h"}, {120, 60, "min"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= units[i].from) {
			snprintf(buf, KNOWN_TIME, "%lld %s", seconds / units[i].unit,
				 units[i].name);
			return buf;
		}
	snprintf(buf, KNOWN_TIME, "%lld s", seconds);
	return buf;
}

static void integer_or_null(struct out *out, const char *key, long long value)
{
	if (value >= 0)
		out_integer(out, key, NULL, value);
	else
		out_string(out, key, NULL, NULL);
}

static void add_json(struct out *out, const struct known *known)
{
	out_object(out, NULL);
	out_string(out, "prefix", NULL, known->prefix);
	out_string(out, "verdict", NULL, known->verdict);
	out_string(out, "evidence", NULL, known->evidence);
	integer_or_null(out, "port", known->port);
	out_string(out, "partner", NULL, known->partner[0] ? known->partner : NULL);
	integer_or_null(out, "age", known->age);
	integer_or_null(out, "expires", known->expires);
	integer_or_null(out, "next_test", known->next_test);
	out_end(out);
}

static void print_row(struct out *out, const struct known *known, int width,
		      bool has_heading)
{
	char age[KNOWN_TIME] = "-", next[KNOWN_TIME] = "-", port[KNOWN_TIME] = "-";

	if (known->age >= 0)
		known_time(known->age, age);
	if (known->next_test >= 0)
		known_time(known->next_test, next);
	if (known->port > 0)
		snprintf(port, sizeof(port), "%lld", known->port);
	out_line(out, "%-*s  %-7s  %-11s  %-5s  ", width, known->prefix, known->verdict,
		 known->evidence, port);
	if (has_heading)
		out_line(out, "%-6s  %s\n", age, next);
	else if (known->next_test >= 0)
		out_line(out, "for %s, next test in %s\n", age, next);
	else
		out_line(out, "for %s\n", age);
}

void known_print(struct out *out, const json_t *list, size_t max, const char *label,
		 long long more)
{
	size_t i, rows = 0;
	int width = (int)strlen("PREFIX");
	json_t *item;
	struct known known;

	/* JSON has them all. */
	out_list(out, "verdicts");
	json_array_foreach(list, i, item)
	{
		if (!known_read(item, &known))
			continue;
		add_json(out, &known);
		const int length = (int)strlen(known.prefix);
		if (rows++ < max && length > width)
			width = length;
	}
	out_end(out);

	if (rows > 0 && !label)
		out_line(out, "%-*s  VERDICT  EVIDENCE     PORT   AGE     NEXT TEST\n",
			 width, "PREFIX");
	size_t shown = 0;
	json_array_foreach(list, i, item)
	{
		if (shown == max || !known_read(item, &known))
			continue;
		if (label)
			out_line(out, "%-*s", OUT_LABEL, shown ? "" : label);
		print_row(out, &known, width, !label);
		shown++;
	}
	more += (long long)(rows - shown);
	if (more > 0)
		out_line(out, "%-*sand %lld more: `v6guard verdict list`\n",
			 label ? OUT_LABEL : 0, "", more);
}
