/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lint_line.c - what is odd about one line of a gai.conf. */
#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gaiconf/lint_private.h"
#include "nearest.h"

#define FIX 200 /* bytes of a line to write instead; longer ones are not shown */

/* The line under the lens. */
struct lens {
	struct gp_lint_line *lint;
	const struct gp_doc_line *line;
	struct gp_gai_fields fields;
	enum gp_table_kind kind;
	struct gp_prefix
		prefix; /* as it was meant, its length too if there is a good one */
	bool has_prefix;
};

static struct gp_lint_spot spot_at(const struct lens *lens, const char *at,
				   enum gp_severity severity, const char *code)
{
	return (struct gp_lint_spot){lens->lint->findings, lens->line->line,
				     (size_t)(at - lens->line->bytes), severity, code};
}

/* For "%.*s": no more than is good to read. */
static int shown(const struct gp_gai_field *field)
{
	return field->size < 60 ? (int)field->size : 60;
}

static bool is_old(const struct lens *lens)
{
	return lens->lint->dialect == GP_GAI_BEFORE_2_41;
}

/* "KIND PREFIX VALUE", as it should stand. */
static const char *make_row(const struct lens *lens, char buf[FIX])
{
	const struct gp_row row = gp_row_make(lens->kind, &lens->prefix, 0);
	const struct gp_gai_field *value = &lens->fields.second;
	char prefix[GP_PREFIX_TEXT];

	snprintf(buf, FIX, "%s %s %.*s", gp_table_kind_name(lens->kind),
		 gp_row_format(lens->kind, &row, prefix), value->size ? shown(value) : 5,
		 value->size ? value->at : "VALUE");
	return buf;
}

/* ---- numbers ----------------------------------------------------------------------- */

enum number { NUMBER_GOOD, NUMBER_SIGNED, NUMBER_EMPTY, NUMBER_NO_DECIMAL, NUMBER_RANGE };

/* As strtoul() in base 10 takes it, which is what glibc asks. */
static enum number look_at_number(const struct gp_gai_field *field, unsigned long least,
				  unsigned long most, unsigned long *out)
{
	const bool has_sign = field->size && (*field->at == '-' || *field->at == '+');
	unsigned long value = 0;
	bool is_large = false;

	if (!field->size)
		return NUMBER_EMPTY;
	for (size_t i = has_sign; i < field->size; i++) {
		const char c = field->at[i];

		if (c < '0' || c > '9')
			return NUMBER_NO_DECIMAL;
		is_large |=
			__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (unsigned long)(c - '0'), &value);
	}
	if (field->size == has_sign)
		return NUMBER_NO_DECIMAL;
	if (*field->at == '-')
		value = 0 - value;
	if (is_large || value < least || value > most)
		return NUMBER_RANGE;
	*out = value;
	return has_sign ? NUMBER_SIGNED : NUMBER_GOOD;
}

static void check_length(struct lens *lens, const struct gp_gai_field *length,
			 bool is_mapped)
{
	const unsigned least = is_mapped ? 96 : 0;
	const unsigned most = lens->prefix.addr.family == AF_INET ? 32 : 128;
	struct gp_lint_spot spot = spot_at(lens, length->at, GP_SEVERITY_ERROR, "length");
	unsigned long value = 0;
	char fix[FIX];

	switch (look_at_number(length, least, most, &value)) {
	case NUMBER_GOOD:
	case NUMBER_SIGNED:
		break;
	case NUMBER_EMPTY:
		spot.code = "empty-length";
		gp_lint_add(&spot, "write a length behind the slash",
			    is_old(lens)
				    ? "no length behind the slash: counts as 0"
				    : "no length behind the slash: the line is ignored");
		return;
	case NUMBER_NO_DECIMAL:
		spot.code = "length-not-decimal";
		gp_lint_add(&spot, "write decimal digits alone",
			    "'%.*s' is no decimal number: the line is ignored",
			    shown(length), length->at);
		return;
	case NUMBER_RANGE:
		spot.code = "length-range";
		snprintf(fix, sizeof(fix), "write a length from %u to %u", least, most);
		gp_lint_add(&spot, fix, "no length from %u to %u: the line is ignored",
			    least, most);
		return;
	}
	lens->prefix.length = (uint8_t)value;
	lens->has_prefix = true;
	if (*length->at != '-' && *length->at != '+')
		return;
	spot.code = "sign";
	spot.severity = GP_SEVERITY_WARNING;
	gp_lint_add(&spot, make_row(lens, fix), "'%.*s' is read as %lu", shown(length),
		    length->at, value);
}

static void check_value(struct lens *lens)
{
	const struct gp_gai_field *field = &lens->fields.second;
	struct gp_lint_spot spot = spot_at(lens, field->at, GP_SEVERITY_ERROR, "value");
	unsigned long value = 0;
	char fix[FIX];

	switch (look_at_number(field, 0, INT_MAX, &value)) {
	case NUMBER_GOOD:
		return;
	case NUMBER_SIGNED:
		spot.code = "sign";
		spot.severity = GP_SEVERITY_WARNING;
		snprintf(fix, sizeof(fix), "write %lu", value);
		gp_lint_add(&spot, fix, "'%.*s' is read as %lu", shown(field), field->at,
			    value);
		return;
	case NUMBER_EMPTY:
		spot.code = "empty-value";
		spot.column = (size_t)(lens->fields.first.at - lens->line->bytes) +
			      lens->fields.first.size;
		gp_lint_add(&spot, "write a value behind the prefix",
			    is_old(lens) ? "no value: counts as 0"
					 : "no value: the line is ignored");
		return;
	case NUMBER_NO_DECIMAL:
		spot.code = "value-not-decimal";
		gp_lint_add(&spot, "write decimal digits alone",
			    "'%.*s' is no decimal number: the line is ignored",
			    shown(field), field->at);
		return;
	case NUMBER_RANGE:
		spot.code = "value-range";
		snprintf(fix, sizeof(fix), "write a value from 0 to %d", INT_MAX);
		gp_lint_add(&spot, fix, "'%.*s' is not from 0 to %d: the line is ignored",
			    shown(field), field->at, INT_MAX);
		return;
	}
}

/* ---- prefixes ---------------------------------------------------------------------- */

static bool read_address(const struct gp_gai_field *field, int family,
			 struct gp_addr *out)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (field->size >= sizeof(text) || memchr(field->at, 0, field->size))
		return false;
	memcpy(text, field->at, field->size);
	text[field->size] = '\0';
	if (inet_pton(family, text, bytes) != 1)
		return false;
	*out = gp_addr_make(family, bytes, 0);
	return true;
}

/* The bug is glibc's 32465: a pointer that only a length that was read sets. */
static void missing_length(struct lens *lens)
{
	const struct gp_gai_field *field = &lens->fields.first;
	struct gp_lint_spot spot = spot_at(lens, field->at + field->size,
					   GP_SEVERITY_WARNING, "missing-length");
	const bool is_first = !lens->lint->has_length;
	char fix[FIX];

	lens->prefix.length = lens->prefix.addr.family == AF_INET ? 32 : 128;
	lens->has_prefix = true;
	make_row(lens, fix);
	if (is_old(lens) && is_first && lens->kind == GP_TABLE_SCOPEV4) {
		spot.severity = GP_SEVERITY_FATAL;
		gp_lint_add(&spot, fix,
			    "no /LENGTH, in the first row: every lookup of several "
			    "addresses crashes, in all programs");
	} else if (is_old(lens)) {
		spot.severity = GP_SEVERITY_ERROR;
		gp_lint_add(&spot, fix,
			    "no /LENGTH: what this libc makes of it is undefined");
	} else {
		gp_lint_add(&spot, fix,
			    "no /LENGTH: a single address; undefined before glibc 2.41");
	}
}

static void wrong_family(struct lens *lens, const struct gp_gai_field *length)
{
	const struct gp_lint_spot spot =
		spot_at(lens, lens->fields.first.at, GP_SEVERITY_ERROR, "ipv4-literal");
	unsigned long value = 32;
	char fix[FIX];

	if (length->size)
		look_at_number(length, 0, 32, &value);
	lens->prefix.length = (uint8_t)value;
	gp_lint_add(&spot, make_row(lens, fix),
		    "%s takes IPv4 as ::ffff:a.b.c.d alone: the line is ignored",
		    gp_table_kind_name(lens->kind));
}

static void bad_prefix(struct lens *lens)
{
	const struct gp_gai_field *field = &lens->fields.first;
	const struct gp_lint_spot spot =
		spot_at(lens, field->at, GP_SEVERITY_ERROR, "bad-prefix");
	const bool is_scope = lens->kind == GP_TABLE_SCOPEV4;

	if (!field->size)
		gp_lint_add(&spot, "write PREFIX/LENGTH VALUE",
			    "nothing behind %s: the line is ignored",
			    gp_table_kind_name(lens->kind));
	else if (memchr(field->at, '%', field->size))
		gp_lint_add(&spot, "write it without the zone",
			    "a prefix has no zone: the line is ignored");
	else
		gp_lint_add(&spot,
			    is_scope ? "write a.b.c.d/LENGTH"
				     : "write an IPv6 address, a slash and a length",
			    "'%.*s' is no %s prefix: the line is ignored", shown(field),
			    field->at, is_scope ? "IPv4" : "IPv6");
}

static void check_host_bits(struct lens *lens)
{
	const struct gp_lint_spot spot =
		spot_at(lens, lens->fields.first.at, GP_SEVERITY_WARNING, "host-bits");
	struct gp_row row = gp_row_make(lens->kind, &lens->prefix, 0);
	char fix[FIX];

	if (!lens->has_prefix || !gp_prefix_has_host_bits(&lens->prefix))
		return;
	row.prefix.word[0] &= row.mask.word[0];
	row.prefix.word[1] &= row.mask.word[1];
	lens->prefix = gp_row_prefix(lens->kind, &row);
	gp_lint_add(&spot, make_row(lens, fix), "bits behind the length do not count");
}

static void check_prefix(struct lens *lens)
{
	const struct gp_gai_field *field = &lens->fields.first;
	const char *slash = memchr(field->at, '/', field->size);
	const size_t size = slash ? (size_t)(slash - field->at) : field->size;
	const struct gp_gai_field address = {field->at, size};
	const struct gp_gai_field length = {field->at + size + 1,
					    slash ? field->size - size - 1 : 0};
	const bool is_scope = lens->kind == GP_TABLE_SCOPEV4;
	struct gp_addr *addr = &lens->prefix.addr;
	bool is_mapped = false;

	if (read_address(&address, AF_INET6, addr)) {
		is_mapped = is_scope &&
			    IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr->bytes);
		if (is_scope && !is_mapped) {
			bad_prefix(lens);
			return;
		}
	} else if (!read_address(&address, AF_INET, addr)) {
		bad_prefix(lens);
		return;
	} else if (!is_scope) {
		wrong_family(lens, &length);
		return;
	}
	if (slash)
		check_length(lens, &length, is_mapped);
	else
		missing_length(lens);
	lens->lint->has_length |= slash != NULL;
	check_host_bits(lens);
}

/* ---- lines ------------------------------------------------------------------------- */

static void check_rest(struct lens *lens, const struct gp_gai_field *rest)
{
	const struct gp_lint_spot spot =
		spot_at(lens, rest->at, GP_SEVERITY_WARNING, "trailing-text");

	if (rest->size)
		gp_lint_add(&spot, "put a # before it", "'%.*s' is ignored", shown(rest),
			    rest->at);
}

/* Without the blanks before it. */
static struct gp_gai_field trim(struct gp_gai_field field)
{
	while (field.size && strchr(" \t\v\f\r\n", *field.at)) {
		field.at++;
		field.size--;
	}
	while (field.size && strchr(" \t\v\f\r\n", field.at[field.size - 1]))
		field.size--;
	return field;
}

static void check_reload(struct lens *lens)
{
	const struct gp_gai_field *value = &lens->fields.first;
	struct gp_gai_field rest = lens->fields.second;
	struct gp_lint_spot spot =
		spot_at(lens, value->at, GP_SEVERITY_ERROR, "reload-value");

	if (rest.size)
		rest.size =
			(size_t)(lens->fields.rest.at - rest.at) + lens->fields.rest.size;
	rest = trim(rest);
	if (gp_gai_field_is(value, "no")) {
		spot.severity = GP_SEVERITY_WARNING;
		spot.code = "reload-no";
		gp_lint_add(&spot, "leave the line out",
			    "programs that follow the file stop for good once they read "
			    "this");
	} else if (!value->size) {
		spot.column = (size_t)(lens->fields.keyword.at - lens->line->bytes) +
			      lens->fields.keyword.size;
		gp_lint_add(&spot, "reload yes",
			    "nothing behind reload: it counts as no");
	} else if (!gp_gai_field_is(value, "yes")) {
		gp_lint_add(&spot, "reload yes", "'%.*s' is not yes: it counts as no",
			    shown(value), value->at);
	}
	check_rest(lens, &rest);
}

static void unknown_keyword(struct lens *lens)
{
	static const char *const words[] = {"precedence", "label", "scopev4", "reload"};
	const struct gp_gai_field *keyword = &lens->fields.keyword;
	struct gp_lint_spot spot =
		spot_at(lens, keyword->at, GP_SEVERITY_ERROR, "unknown-keyword");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (keyword->size == strlen(words[i]) &&
		    !strncasecmp(keyword->at, words[i], keyword->size)) {
			spot.code = "keyword-case";
			gp_lint_add(
				&spot, words[i],
				"'%.*s' is not a keyword, as case counts: the line is "
				"ignored",
				shown(keyword), keyword->at);
			return;
		}
	if (keyword->size > 3 && !memcmp(keyword->at, "\xef\xbb\xbf", 3)) {
		gp_lint_add(&spot, "save the file without a byte order mark",
			    "a byte order mark is not part of a keyword: the line is "
			    "ignored");
		return;
	}
	char word[64];
	snprintf(word, sizeof(word), "%.*s", shown(keyword), keyword->at);
	const char *guess = gp_nearest(word, words, 4);
	gp_lint_add(&spot,
		    guess ? guess
			  : "precedence, label, scopev4 or reload; # for a comment",
		    "'%s' is not a keyword%s%s%s the line is ignored", word,
		    guess ? ", did you mean " : ":", guess ? guess : "",
		    guess ? "? As it is," : "");
}

static bool find_kind(struct lens *lens)
{
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		lens->kind = (enum gp_table_kind)kind;
		if (gp_gai_field_is(&lens->fields.keyword,
				    gp_table_kind_name(lens->kind)))
			return true;
	}
	return false;
}

/* What is not between blanks: a NUL ends the line, a CR is one more blank. */
static void check_bytes(struct lens *lens)
{
	const struct gp_doc_line *line = lens->line;
	const char *nul = memchr(line->bytes, 0, line->size);
	const char *hash = memchr(line->bytes, '#', line->size);
	struct gp_lint_spot spot;

	if (nul && (!hash || nul < hash)) {
		spot = spot_at(lens, nul, GP_SEVERITY_ERROR, "nul-byte");
		gp_lint_add(&spot, "remove it",
			    "a NUL byte: the rest of the line is ignored");
	}
	if (line->size < 2 || memcmp(line->bytes + line->size - 2, "\r\n", 2) != 0 ||
	    lens->lint->has_crlf)
		return;
	lens->lint->has_crlf = true;
	spot = spot_at(lens, line->bytes + line->size - 2, GP_SEVERITY_NOTE, "crlf");
	gp_lint_add(&spot, "end lines with a newline alone",
		    "lines end with CR and newline: harmless to libc, not to all tools");
}

void gp_lint_line(struct gp_lint_line *lint, const struct gp_doc_line *line)
{
	struct lens lens = {.lint = lint, .line = line};

	lens.fields = gp_gai_split(line->bytes, line->size);
	check_bytes(&lens);
	if (!lens.fields.keyword.size)
		return;
	if (gp_gai_field_is(&lens.fields.keyword, "reload")) {
		check_reload(&lens);
	} else if (!find_kind(&lens)) {
		unknown_keyword(&lens);
	} else {
		const struct gp_gai_field rest = trim(lens.fields.rest);

		check_prefix(&lens);
		if (lens.fields.first.size)
			check_value(&lens);
		check_rest(&lens, &rest);
	}
}
