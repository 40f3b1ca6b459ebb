/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chain.c - service lists of nsswitch.conf. gp_chain_next reads exactly what glibc 2.36
 * reads; gp_chain_parse is stricter, as a chain is run by us and not by glibc.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "diag.h"
#include "guard/chain.h"

/* isspace() of the C locale: what glibc skips, carriage return included. */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_blanks(const char *text, size_t size, size_t pos)
{
	while (pos < size && is_blank(text[pos]))
		pos++;
	return pos;
}

static size_t skip_word(const char *text, size_t size, size_t pos, const char *stop)
{
	while (pos < size && !is_blank(text[pos]) && !strchr(stop, text[pos]))
		pos++;
	return pos;
}

static enum gp_status fail(struct gp_diag *diag, enum gp_status status, size_t pos,
			   const char *text)
{
	return gp_diag_set_at(diag, status, NULL, 0, (unsigned)pos + 1, "%s", text);
}

struct word {
	const char *name;
	int value;
};

#define UNKNOWN (-99)
#define MERGE 2 /* beside enum gp_action: glibc knows it, a chain cannot have it */

static const struct word statuses[] = {
	{"TRYAGAIN", -2}, {"UNAVAIL", -1}, {"NOTFOUND", 0},
	{"SUCCESS", 1},   {NULL, UNKNOWN},
};

static const struct word actions[] = {
	{"return", GP_ACTION_RETURN},
	{"continue", GP_ACTION_CONTINUE},
	{"merge", MERGE},
	{NULL, UNKNOWN},
};

static int find_word(const struct word *list, const char *text, size_t length)
{
	for (; list->name; list++)
		if (strlen(list->name) == length &&
		    !strncasecmp(list->name, text, length))
			break;
	return list->value;
}

/* `!X=action` is every status but X, RETURN among them, as in glibc. */
static void set_action(struct gp_chain_word *word, int status, bool is_not, int action)
{
	bool is_merge = action == MERGE;
	uint8_t value = is_merge ? GP_ACTION_CONTINUE : (uint8_t)action;

	word->merges |= is_merge;
	for (int i = 0; i < GP_NSS_STATUS_COUNT; i++)
		if ((i + GP_NSS_STATUS_MIN == status) != is_not)
			word->action[i] = value;
}

/* One [!]STATUS=action; *POS moves behind it and the blanks that follow. */
static enum gp_status read_criterion(const char *text, size_t size, size_t *pos,
				     struct gp_chain_word *word, struct gp_diag *diag)
{
	size_t at = *pos;
	bool is_not = at < size && text[at] == '!';
	at += is_not;

	size_t end = skip_word(text, size, at, "=]");
	int status = find_word(statuses, text + at, end - at);
	if (status == UNKNOWN)
		return fail(diag, GP_SYNTAX, at,
			    "expected SUCCESS, NOTFOUND, UNAVAIL or TRYAGAIN");

	at = skip_blanks(text, size, end);
	if (at == size || text[at] != '=')
		return fail(diag, GP_SYNTAX, at, "expected '=' behind the status");

	at = skip_blanks(text, size, at + 1);
	end = skip_word(text, size, at, "=]");
	int action = find_word(actions, text + at, end - at);
	if (action == UNKNOWN)
		return fail(diag, GP_SYNTAX, at, "expected return or continue");

	set_action(word, status, is_not, action);
	*pos = skip_blanks(text, size, end);
	return GP_OK;
}

/* What stands in brackets; *POS is behind the '[' and moves behind the ']'. */
static enum gp_status read_actions(const char *text, size_t size, size_t *pos,
				   struct gp_chain_word *word, struct gp_diag *diag)
{
	*pos = skip_blanks(text, size, *pos);
	do {
		enum gp_status status = read_criterion(text, size, pos, word, diag);
		if (status != GP_OK)
			return status;
		if (*pos == size)
			return fail(diag, GP_SYNTAX, *pos, "expected ']'");
	} while (text[*pos] != ']');

	++*pos;
	return GP_OK;
}

enum gp_status gp_chain_next(const char *text, size_t size, size_t *pos,
			     struct gp_chain_word *out, struct gp_diag *diag)
{
	struct gp_chain_word word = {.begin = skip_blanks(text, size, *pos)};
	word.end = word.actions_end = skip_word(text, size, word.begin, "[");
	if (word.end == word.begin) {
		*pos = word.begin;
		return GP_NOTFOUND;
	}

	set_action(&word, 1, false, GP_ACTION_RETURN);
	set_action(&word, 2, false, GP_ACTION_RETURN);

	size_t at = skip_blanks(text, size, word.end);
	if (at < size && text[at] == '[') {
		at++;
		enum gp_status status = read_actions(text, size, &at, &word, diag);
		if (status != GP_OK)
			return status;
		word.actions_end = at;
	}
	*pos = word.actions_end;
	*out = word;
	return GP_OK;
}

/* Names that may become part of a file name for dlopen. */
static bool is_service_name(const char *name, size_t length)
{
	static const char others[] = "_-.+";

	for (size_t i = 0; i < length; i++) {
		char c = name[i];
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9');
		if (!is_alnum && (c == '\0' || !strchr(others, c)))
			return false;
	}
	return length > 0;
}

enum gp_status gp_chain_add(struct gp_chain *chain, const char *text,
			    const struct gp_chain_word *word, struct gp_diag *diag)
{
	static const char self[] = "v6guard";
	size_t length = word->end - word->begin;
	const char *name = text + word->begin;

	if (!is_service_name(name, length))
		return fail(diag, GP_SYNTAX, word->begin,
			    "a service name has only letters, digits and _ - . +");
	if (length >= GP_SERVICE_NAME)
		return fail(diag, GP_RANGE, word->begin,
			    "a service name has at most 31 characters");
	if (length == strlen(self) && !memcmp(name, self, length))
		return fail(diag, GP_SYNTAX, word->begin,
			    "v6guard cannot be a service behind itself");
	if (word->merges)
		return fail(diag, GP_SYNTAX, word->begin,
			    "merge makes no sense for hosts: return or continue");
	if (chain->count == GP_CHAIN_MAX)
		return fail(diag, GP_RANGE, word->begin, "at most 16 services");

	struct gp_service service = {.reserved = {0}};
	memcpy(service.name, name, length);
	memcpy(service.action, word->action, sizeof(service.action));
	chain->service[chain->count++] = service;
	return GP_OK;
}

enum gp_status gp_chain_parse(const char *text, size_t size, struct gp_chain *out,
			      struct gp_diag *diag)
{
	struct gp_chain chain = {.count = 0};
	struct gp_chain_word word;
	size_t pos = 0;
	enum gp_status status;

	while ((status = gp_chain_next(text, size, &pos, &word, diag)) == GP_OK) {
		status = gp_chain_add(&chain, text, &word, diag);
		if (status != GP_OK)
			return status;
	}
	if (status != GP_NOTFOUND)
		return status;
	if (pos < size)
		return fail(diag, GP_SYNTAX, pos, "expected a service name before '['");
	if (chain.count == 0)
		return fail(diag, GP_SYNTAX, pos, "expected a service name");

	*out = chain;
	return GP_OK;
}

/* A text that grows to its full length, whatever fits of it. */
struct sink {
	char *buf;
	size_t size, length;
};

static void put(struct sink *sink, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++, sink->length++)
		if (sink->length + 1 < sink->size)
			sink->buf[sink->length] = text[i];
}

static void put_service(struct sink *sink, const struct gp_service *service)
{
	/* TRYAGAIN, UNAVAIL, NOTFOUND, SUCCESS, RETURN */
	static const uint8_t usual[GP_NSS_STATUS_COUNT] = {0, 0, 0, 1, 1};
	static const uint8_t not_unavail[GP_NSS_STATUS_COUNT] = {1, 0, 1, 1, 1};
	static const int order[] = {1, 0, -1, -2};
	static const char *const names[] = {"TRYAGAIN", "UNAVAIL", "NOTFOUND", "SUCCESS"};
	static const char *const values[] = {"continue", "return"};
	bool has_any = false;
	bool ends = service->action[2 - GP_NSS_STATUS_MIN] != GP_ACTION_CONTINUE;

	put(sink, service->name);
	if (!memcmp(service->action, not_unavail, sizeof(not_unavail))) {
		put(sink, " [!UNAVAIL=return]");
		return;
	}
	/* RETURN has no word of its own; only `!STATUS=continue` reaches it. */
	if (!ends) {
		put(sink, " [!SUCCESS=continue");
		has_any = true;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int at = order[i] - GP_NSS_STATUS_MIN;
		if (service->action[at] == usual[at])
			continue;
		put(sink, has_any ? " " : " [");
		put(sink, names[at]);
		put(sink, "=");
		put(sink, values[service->action[at] == GP_ACTION_RETURN]);
		has_any = true;
	}
	if (has_any)
		put(sink, "]");
}

size_t gp_chain_format(const struct gp_chain *chain, char *buf, size_t size)
{
	struct sink sink = {.buf = buf, .size = size};

	for (uint32_t i = 0; i < chain->count && i < GP_CHAIN_MAX; i++) {
		if (i > 0)
			put(&sink, " ");
		put_service(&sink, &chain->service[i]);
	}
	if (size > 0)
		buf[sink.length < size ? sink.length : size - 1] = '\0';
	return sink.length;
}
