/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * read.c - gai.conf as getaddrinfo's gaiconf_init() reads it, line by line and bug by
 * bug. Runs in the doors: no memory of its own. The rows are put in their places, ordered
 * by length, in a second pass over the text.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/read.h"
#include "text.h"

/* Not there on other libcs, which do not read gai.conf at all. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

enum gp_gai_dialect gp_gai_dialect_here(void)
{
	const char *version = gnu_get_libc_version ? gnu_get_libc_version() : "";
	unsigned minor = 0;

	if (strncmp(version, "2.", 2) != 0)
		return GP_GAI_SINCE_2_41;
	for (version += 2; *version >= '0' && *version <= '9' && minor < 1000; version++)
		minor = minor * 10 + (unsigned)(*version - '0');
	return minor < 41 ? GP_GAI_BEFORE_2_41 : GP_GAI_SINCE_2_41;
}

/* ---- words --------------------------------------------------------------------------
 */

/* isspace() of the C locale; no newline is left in a line. */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct gp_gai_field next_word(struct gp_gai_field *rest)
{
	struct gp_gai_field word;

	while (rest->size && is_blank(*rest->at)) {
		rest->at++;
		rest->size--;
	}
	word = (struct gp_gai_field){rest->at, 0};
	while (rest->size && !is_blank(*rest->at)) {
		rest->at++;
		rest->size--;
		word.size++;
	}
	return word;
}

bool gp_gai_field_is(const struct gp_gai_field *field, const char *text)
{
	return field->size == strlen(text) && !memcmp(field->at, text, field->size);
}

struct gp_gai_fields gp_gai_split(const char *text, size_t size)
{
	const char *nul = memchr(text, 0, size);
	const char *hash = memchr(text, '#', nul ? (size_t)(nul - text) : size);
	const char *end = hash ? hash : nul;
	struct gp_gai_field rest = {text, end ? (size_t)(end - text) : size};
	struct gp_gai_fields fields;

	fields.keyword = next_word(&rest);
	fields.first = next_word(&rest);
	fields.second = next_word(&rest);
	fields.rest = rest;
	return fields;
}

/*
 * The whole word as strtoul() reads it in base 10: a sign is allowed, and "-N" is N
 * subtracted from zero, so that -18446744073709551615 is 1.
 */
static bool read_number(struct gp_gai_field word, enum gp_gai_dialect dialect,
			unsigned long *out)
{
	const bool is_negative = word.size && *word.at == '-';
	unsigned long value = 0;

	if (!word.size) {
		*out = 0;
		return dialect == GP_GAI_BEFORE_2_41;
	}
	if (*word.at == '-' || *word.at == '+') {
		word.at++;
		word.size--;
	}
	if (!word.size)
		return false;
	for (; word.size; word.at++, word.size--) {
		if (*word.at < '0' || *word.at > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (unsigned long)(*word.at - '0'),
					   &value))
			return false;
	}
	*out = is_negative ? 0 - value : value;
	return true;
}

/* ---- rows ---------------------------------------------------------------------------
 */

/* ADDRESS of ADDRESS[/LENGTH], in FAMILY. */
static bool read_address(const struct gp_gai_field *word, int family, struct gp_addr *out)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (word->size >= sizeof(text))
		return false;
	memcpy(text, word->at, word->size);
	text[word->size] = 0;
	if (inet_pton(family, text, bytes) != 1)
		return false;
	*out = gp_addr_make(family, bytes, 0);
	return true;
}

/* scopev4 takes IPv4 and IPv4-mapped prefixes, the other tables IPv6 alone. */
static bool read_prefix(enum gp_table_kind kind, const struct gp_gai_field *word,
			enum gp_gai_dialect dialect, struct gp_prefix *out)
{
	const char *slash = memchr(word->at, '/', word->size);
	const struct gp_gai_field address = {word->at, slash ? (size_t)(slash - word->at)
							     : word->size};
	const bool is_ipv6 = read_address(&address, AF_INET6, &out->addr);
	unsigned long length = is_ipv6 ? 128 : 32;
	const unsigned long most = length;
	unsigned long least = 0;

	if (!is_ipv6 &&
	    (kind != GP_TABLE_SCOPEV4 || !read_address(&address, AF_INET, &out->addr)))
		return false;
	if (is_ipv6 && kind == GP_TABLE_SCOPEV4) {
		least = 96;
		if (!IN6_IS_ADDR_V4MAPPED(out->addr.bytes))
			return false;
	}
	if (slash &&
	    !read_number((struct gp_gai_field){slash + 1, word->size - address.size - 1},
			 dialect, &length))
		return false;
	out->length = (uint8_t)length;
	return length >= least && length <= most;
}

static bool read_row(enum gp_table_kind kind, const struct gp_gai_fields *fields,
		     enum gp_gai_dialect dialect, struct gp_row *out)
{
	struct gp_prefix prefix;
	unsigned long value;

	if (!read_prefix(kind, &fields->first, dialect, &prefix) ||
	    !read_number(fields->second, dialect, &value) || value > INT_MAX)
		return false;
	*out = gp_row_make(kind, &prefix, (int32_t)value);
	return true;
}

struct gp_gai_line gp_gai_line(const char *text, size_t size, enum gp_gai_dialect dialect)
{
	const struct gp_gai_fields fields = gp_gai_split(text, size);
	struct gp_gai_line line = {.word = GP_GAI_NOTHING};
	const int saved_errno = errno;

	if (gp_gai_field_is(&fields.keyword, "reload")) {
		line.word = GP_GAI_RELOAD;
		line.reload = gp_gai_field_is(&fields.first, "yes");
		return line;
	}
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		line.kind = (enum gp_table_kind)kind;
		if (gp_gai_field_is(&fields.keyword, gp_table_kind_name(line.kind)) &&
		    read_row(line.kind, &fields, dialect, &line.row))
			line.word = GP_GAI_ROW;
		if (line.word == GP_GAI_ROW)
			break;
	}
	errno = saved_errno;
	return line;
}

/* ---- files --------------------------------------------------------------------------
 */

/* A file on its way through twice: first to count its rows, then to put them in place. */
struct pass {
	size_t place[GP_TABLE_KINDS][129]; /* by length: first how many, then where */
	size_t count[GP_TABLE_KINDS];
	bool reload;
};

/* Of the rows for all the rest only the first can ever match. */
static bool is_hidden(enum gp_table_kind kind, const struct gp_row *row, bool is_taken)
{
	return is_taken && row->length == (kind == GP_TABLE_SCOPEV4 ? 96 : 0);
}

static void each_row(const char *text, size_t size, enum gp_gai_dialect dialect,
		     struct pass *pass, struct gp_row *rows)
{
	bool has_rest[GP_TABLE_KINDS] = {false};
	struct gp_text_line at = {.number = 0};

	while (gp_text_next(text, size, &at)) {
		struct gp_gai_line line =
			gp_gai_line(text + at.begin, at.end - at.begin, dialect);

		line.row.line = (uint32_t)at.number;
		if (line.word == GP_GAI_RELOAD)
			pass->reload = line.reload;
		if (line.word != GP_GAI_ROW ||
		    is_hidden(line.kind, &line.row, has_rest[line.kind]))
			continue;
		has_rest[line.kind] |= is_hidden(line.kind, &line.row, true);
		if (rows)
			rows[pass->place[line.kind][line.row.length]++] = line.row;
		else
			pass->place[line.kind][line.row.length]++;
	}
}

/* From how many rows there are of each length to where they go. Returns them all. */
static size_t make_places(struct pass *pass)
{
	size_t next = 0;

	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		const unsigned shortest = kind == GP_TABLE_SCOPEV4 ? 96 : 0;
		const size_t first = next;

		for (unsigned length = 129; length-- > shortest;) {
			const size_t count = pass->place[kind][length];

			pass->place[kind][length] = next;
			next += count;
		}
		if (next > first && next == pass->place[kind][shortest])
			next++;
		pass->count[kind] = next - first;
	}
	return next;
}

/* The rows for all the rest: as if the file ended with them. */
static void add_rest(const struct pass *pass, struct gp_row *rows)
{
	static const struct gp_prefix all[2] = {{.addr.family = AF_INET6},
						{.addr.family = AF_INET}};
	size_t end = 0;

	for (unsigned at = 0; at < GP_TABLE_KINDS; at++) {
		const enum gp_table_kind kind = (enum gp_table_kind)at;

		end += pass->count[at];
		if (pass->count[at])
			rows[end - 1] = gp_row_make(kind, &all[kind == GP_TABLE_SCOPEV4],
						    gp_table_fallback(kind));
	}
}

enum gp_status gp_gai_read(const char *text, size_t size, enum gp_gai_dialect dialect,
			   struct gp_row *rows, size_t capacity, struct gp_gai *out,
			   size_t *needed)
{
	struct pass pass = {.reload = false};
	size_t total, first = 0;

	each_row(text, size, dialect, &pass, NULL);
	total = make_places(&pass);
	if (needed)
		*needed = total;
	if (total > capacity)
		return GP_RANGE;
	if (total) {
		add_rest(&pass, rows);
		each_row(text, size, dialect, &pass, rows);
	}
	*out = (struct gp_gai){gp_profile_tables(GP_PROFILE_GLIBC), pass.reload};
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		if (!pass.count[kind])
			continue;
		out->tables.kind[kind] =
			(struct gp_table){rows + first, pass.count[kind], false};
		first += pass.count[kind];
	}
	return GP_OK;
}
