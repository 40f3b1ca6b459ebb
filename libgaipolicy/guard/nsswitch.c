/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nsswitch.c - the hosts: line of nsswitch.conf: which it is, and what stands on it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diag.h"
#include "guard/chain.h"
#include "text.h"

static const char self_name[] = "v6guard";

/* Services that answer for names of all the world. Those of one host or link (files,
 * myhostname, mymachines, mdns4_minimal) and of one directory (sss, wins, ldap, nis) are
 * rightly asked before. */
static const char *const resolvers[] = {"dns", "resolve", "tls", "ubdns", "getdns"};

/* A line of the file. */
struct line {
	struct gp_text_line is;
	size_t readable; /* glibc reads a C string: up to the first NUL */
};

static bool next_line(const char *text, size_t size, struct line *line)
{
	if (!gp_text_next(text, size, &line->is))
		return false;
	const char *nul =
		memchr(text + line->is.begin, '\0', line->is.end - line->is.begin);
	line->readable = nul ? (size_t)(nul - text) : line->is.end;
	return true;
}

static const char database[] = "hosts";

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Is this a hosts: line, and where does its list begin? glibc wants a blank or a colon
 * behind the word, takes any number of both, and counts the newline as a blank.
 */
static bool find_list(const char *text, const struct line *line, size_t *list)
{
	size_t at = line->is.begin;

	while (at < line->readable && is_blank(text[at]))
		at++;
	if (line->readable - at < strlen(database) ||
	    memcmp(text + at, database, strlen(database)))
		return false;

	at += strlen(database);
	if (at < line->readable && text[at] != ':' && !is_blank(text[at]))
		return false;
	if (at == line->readable && line->readable != line->is.end)
		return false; /* a NUL is no blank */
	while (at < line->readable && (text[at] == ':' || is_blank(text[at])))
		at++;
	*list = at;
	return true;
}

/* HOSTS: looks like one, and libc takes it for a database that it does not know. */
static bool is_miswritten(const char *text, const struct line *line)
{
	size_t at = line->is.begin;

	while (at < line->readable && is_blank(text[at]))
		at++;
	return line->readable - at > strlen(database) &&
	       !strncasecmp(text + at, database, strlen(database)) &&
	       memcmp(text + at, database, strlen(database)) != 0 &&
	       text[at + strlen(database)] == ':';
}

static bool is_word(const char *text, const struct gp_chain_word *word, const char *name)
{
	size_t length = strlen(name);
	return word->end - word->begin == length &&
	       !memcmp(text + word->begin, name, length);
}

/* Further [...] behind v6guard's own: they would fall to the service before it. */
static size_t skip_groups(const char *text, size_t at, size_t end)
{
	for (;;) {
		size_t open = at;
		while (open < end && is_blank(text[open]))
			open++;
		if (open == end || text[open] != '[')
			return at;
		const char *close = memchr(text + open, ']', end - open);
		if (!close)
			return at;
		at = (size_t)(close - text) + 1;
	}
}

static bool is_exclusive(const struct gp_chain_word *word)
{
	for (int i = 0; i < GP_NSS_STATUS_COUNT; i++) {
		bool is_unavail = i + GP_NSS_STATUS_MIN == -1;
		if ((word->action[i] == GP_ACTION_CONTINUE) != is_unavail)
			return false;
	}
	return true;
}

static bool is_resolver(const char *text, const struct gp_chain_word *word)
{
	for (size_t i = 0; i < sizeof(resolvers) / sizeof(resolvers[0]); i++)
		if (is_word(text, word, resolvers[i]))
			return true;
	return false;
}

static void note_word(struct gp_hosts_line *out, const char *text,
		      const struct gp_chain_word *word, size_t readable)
{
	if (is_resolver(text, word) && !out->has_resolver) {
		out->has_resolver = true;
		out->resolver = word->begin;
		out->resolver_end = word->end;
	}
	if (is_word(text, word, self_name) && out->enabled) {
		out->is_repeated = true;
		out->again = word->begin;
		out->again_end = skip_groups(text, word->actions_end, readable);
	} else if (is_word(text, word, self_name)) {
		out->enabled = true;
		out->is_late = out->has_resolver;
		out->token = word->begin;
		out->token_end = skip_groups(text, word->actions_end, readable);
		/* glibc stops reading at a second [...]. */
		out->is_exclusive =
			is_exclusive(word) && out->token_end == word->actions_end;
	}
}

static void read_hosts_line(const char *text, size_t size, const struct line *line,
			    size_t list, struct gp_hosts_line *out)
{
	const char *hash = memchr(text + list, '#', line->readable - list);
	*out = (struct gp_hosts_line){
		.present = true,
		.unterminated = line->is.end == size,
		.has_comment = hash != NULL,
		.line = (unsigned)line->is.number,
		.begin = list,
		.end = hash ? (size_t)(hash - text) : line->readable,
		.line_end = line->is.end,
	};

	size_t pos = list;
	struct gp_chain_word word;
	while (gp_chain_next(text, line->readable, &pos, &word, NULL) == GP_OK) {
		if (word.end > out->end)
			break;
		note_word(out, text, &word, line->readable);
	}
}

void gp_hosts_line_find(const char *text, size_t size, struct gp_hosts_line *out)
{
	struct line line = {.readable = 0};
	unsigned miswritten = 0;
	size_t list;

	*out = (struct gp_hosts_line){.present = false};
	while (next_line(text, size, &line)) {
		bool is_read = line.is.end < size;
		if (is_miswritten(text, &line))
			miswritten = (unsigned)line.is.number;
		/* One that libc does not read is better than none, and no more. */
		if (find_list(text, &line, &list) && (is_read || !out->present))
			read_hosts_line(text, size, &line, list, out);
	}
	out->miswritten = miswritten;
}

bool gp_hosts_line_acts(const struct gp_hosts_line *hosts)
{
	return hosts->enabled && hosts->is_exclusive && !hosts->is_late &&
	       !hosts->is_repeated && !hosts->unterminated;
}

/* The diagnosis of text that begins at BASE, in terms of the file. */
static enum gp_status locate(struct gp_diag *diag, enum gp_status status, unsigned line,
			     size_t line_begin)
{
	if (diag) {
		diag->line = line;
		diag->column -= (unsigned)line_begin;
	}
	return status;
}

static size_t line_begin_of(const char *text, size_t at)
{
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

/*
 * Append the services from POS on. Behind a '#' only what may be a module is taken: glibc
 * asks those, and the rest cannot be loaded anyway.
 */
static enum gp_status collect(const char *text, size_t pos, size_t comment, size_t end,
			      struct gp_chain *chain, struct gp_diag *diag)
{
	struct gp_chain_word word;
	enum gp_status status;

	while ((status = gp_chain_next(text, end, &pos, &word, diag)) == GP_OK) {
		bool is_comment = word.end > comment;
		status = gp_chain_add(chain, text, &word, is_comment ? NULL : diag);
		if (status != GP_OK && !is_comment)
			return status;
	}
	if (status != GP_NOTFOUND)
		return status;
	if (pos < comment)
		return gp_diag_set_at(diag, GP_SYNTAX, NULL, 0, (unsigned)pos + 1,
				      "expected a service name before '[': libc ignores "
				      "all from here on");
	return GP_OK;
}

enum gp_status gp_chain_from_nsswitch(const char *text, size_t size, struct gp_chain *out,
				      struct gp_diag *diag)
{
	struct gp_hosts_line hosts;
	gp_hosts_line_find(text, size, &hosts);
	if (!hosts.present)
		return gp_chain_parse("dns", 3, out, diag);
	if (!hosts.enabled && !hosts.has_resolver)
		return gp_diag_set_at(diag, GP_NOTFOUND, NULL, hosts.line, 0,
				      "neither resolve nor dns is on the hosts: line");

	struct gp_chain chain = {.count = 0};
	size_t from = hosts.enabled ? hosts.token_end : hosts.resolver;
	size_t line_begin = line_begin_of(text, from);
	const char *nul = memchr(text + from, '\0', hosts.line_end - from);
	size_t readable = nul ? (size_t)(nul - text) : hosts.line_end;
	enum gp_status status = collect(text, from, hosts.end, readable, &chain, diag);
	if (status != GP_OK)
		return locate(diag, status, hosts.line, line_begin);
	if (chain.count == 0)
		return gp_diag_set_at(diag, GP_NOTFOUND, NULL, hosts.line,
				      (unsigned)(from - line_begin) + 1,
				      "nothing stands behind v6guard on the hosts: line");
	*out = chain;
	return GP_OK;
}

/* glibc drops the whole file for one bad line, even when a later one replaces it. */
enum gp_status gp_hosts_lines_check(const char *text, size_t size, struct gp_diag *diag)
{
	struct line line = {.readable = 0};
	size_t pos;

	while (next_line(text, size, &line)) {
		if (!find_list(text, &line, &pos))
			continue;
		struct gp_chain_word word;
		enum gp_status status;
		do
			status = gp_chain_next(text, line.readable, &pos, &word, diag);
		while (status == GP_OK);
		if (status != GP_NOTFOUND)
			return locate(diag, status, (unsigned)line.is.number,
				      line.is.begin);
	}
	return GP_OK;
}
