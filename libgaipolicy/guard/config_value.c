/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_value.c - is this text a value for that key, and if not, what would be? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guard/config_private.h"

/* How a type is written, for people. NULL: its words or its range say it. */
static const char *form(enum gp_config_type type)
{
	switch (type) {
	case GP_TYPE_WORD:
	case GP_TYPE_NUMBER:
		return NULL;
	case GP_TYPE_TIME:
		return "a number with ms, s, m, h or d";
	case GP_TYPE_SIZE:
		return "a number of bytes, or one with k, m or g";
	case GP_TYPE_DATE:
		return "YYYY-MM-DD";
	case GP_TYPE_PATH:
	case GP_TYPE_LIST_FILE:
	case GP_TYPE_NAME_FILE:
		return "a path";
	case GP_TYPE_ABSOLUTE:
		return "a path that begins with '/'";
	case GP_TYPE_PROGRAM:
		return "a program's name, or its path from '/' on";
	case GP_TYPE_PATTERN:
		return "NAME, =NAME, *.NAME or *";
	case GP_TYPE_NAME:
	case GP_TYPE_ZONE:
		return "a domain name";
	case GP_TYPE_TARGET:
		return "ADDRESS or NAME";
	case GP_TYPE_ANCHOR:
		return "ADDRESS[@PORT] or NAME[@PORT]";
	case GP_TYPE_LISTEN:
		return "ADDRESS:PORT or [ADDRESS]:PORT";
	case GP_TYPE_UPSTREAM:
		return "ADDRESS[@PORT] or tls://ADDRESS[@PORT]#NAME";
	case GP_TYPE_PREFIX:
		return "ADDRESS or ADDRESS/LENGTH";
	case GP_TYPE_PREFIX4:
		return "an IPv4 ADDRESS or ADDRESS/LENGTH";
	case GP_TYPE_PREFIX6:
		return "an IPv6 ADDRESS or ADDRESS/LENGTH";
	case GP_TYPE_NAT64:
		return "an IPv6 ADDRESS/LENGTH (RFC 6052 2.2), followed by "
		       "=IPV4PREFIX if it is for that alone";
	case GP_TYPE_QTYPE:
		return "TYPE and a number";
	case GP_TYPE_CHAIN:
		return "services as on the hosts: line";
	}
	return NULL;
}

/* WORD is one of the blank-separated LIST. */
static bool is_in(const char *list, const char *word)
{
	const char *at;
	size_t pos = 0, length;

	while (list && (length = gp_config_next_word(list, &pos, &at)) > 0)
		if (strlen(word) == length && !memcmp(at, word, length))
			return true;
	return false;
}

/* "a, b, c" of LIST behind what BUF holds; HAS_ANY: some are there already. */
static bool put_words(char buf[GP_CONFIG_WHY], const char *list, bool has_any)
{
	const char *word;
	size_t pos = 0, length;

	while (list && (length = gp_config_next_word(list, &pos, &word)) > 0) {
		size_t used = strlen(buf);
		snprintf(buf + used, GP_CONFIG_WHY - used, "%s%.*s", has_any ? ", " : "",
			 (int)length, word);
		has_any = true;
	}
	return has_any;
}

/* What would have been right: the words, then the form. */
static void put_expected(const struct gp_config_key *key, char why[GP_CONFIG_WHY])
{
	const char *text = form(key->type);

	snprintf(why, GP_CONFIG_WHY, "expected ");
	bool has_any = put_words(why, key->lone, false);
	has_any = put_words(why, key->words, has_any);
	size_t used = strlen(why);
	const char *between = has_any ? " or " : "";
	if (key->type == GP_TYPE_NUMBER)
		snprintf(why + used, GP_CONFIG_WHY - used,
			 "%sa number from %" PRIu64 " to %" PRIu64, between, key->min,
			 key->max);
	else if (text)
		snprintf(why + used, GP_CONFIG_WHY - used, "%s%s", between, text);
}

static void report(const struct gp_config_sink *sink, const struct gp_config_key *key,
		   size_t at, const char *word, const char *why)
{
	char text[GP_CONFIG_WHY + GP_CONFIG_LINE_MAX + 80];

	snprintf(text, sizeof(text), "%s cannot %s \"%s\": %s", key->name,
		 key->flags & GP_KEY_LIST ? "contain" : "be", word, why);
	sink->report(sink->ctx, at, text);
}

/* Who says what a value may be, where that is not v6guard. */
static const char *authority(const struct gp_config_key *key)
{
	static const struct {
		const char *key, *text;
	} list[] = {
		{"edns-size", " (RFC 6891 6.2.3)"},    {"attempt-delay", " (RFC 8305 5)"},
		{"serve-stale", " (RFC 8767 5)"},      {"qtypes", " (RFC 3597 5)"},
		{"exclude-aaaa", " (RFC 6147 5.1.4)"},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcmp(list[i].key, key->name))
			return list[i].text;
	return "";
}

static bool check_one(const struct gp_config_key *key, size_t at, const char *word,
		      const struct gp_config_sink *sink)
{
	char why[GP_CONFIG_WHY] = "";

	if (is_in(key->words, word) || is_in(key->lone, word) ||
	    gp_config_check_type(key, word, why))
		return true;
	if (!why[0] || !strncmp(why, "expected ", strlen("expected "))) {
		if (!why[0])
			put_expected(key, why);
		strncat(why, authority(key), sizeof(why) - strlen(why) - 1);
	}
	report(sink, key, at, word, why);
	return false;
}

static bool check_list(const struct gp_config_key *key, const char *text,
		       const struct gp_config_sink *sink)
{
	const char *at;
	size_t pos = 0, length, count = 0, lone_at = 0;
	char word[GP_CONFIG_LINE_MAX + 1], lone[sizeof(word)] = "";
	bool is_good = true;

	for (; (length = gp_config_next_word(text, &pos, &at)) > 0; count++) {
		/* A word never goes over the end of its line. */
		if (length >= sizeof(word))
			length = sizeof(word) - 1;
		memcpy(word, at, length);
		word[length] = '\0';
		is_good &= check_one(key, (size_t)(at - text), word, sink);
		if (!lone[0] && is_in(key->lone, word)) {
			memcpy(lone, word, length + 1);
			lone_at = (size_t)(at - text);
		}
	}
	if (!lone[0] || count == 1)
		return is_good;
	report(sink, key, lone_at, lone, "that word has to stand alone");
	return false;
}

static bool check_chain(const struct gp_config_key *key, const char *text,
			const struct gp_config_sink *sink)
{
	struct gp_chain chain;
	struct gp_diag diag;
	char why[sizeof(diag.text) + 40];

	if (is_in(key->lone, text) ||
	    gp_chain_parse(text, strlen(text), &chain, &diag) == GP_OK)
		return true;
	snprintf(why, sizeof(why), "%s: %s", key->name, diag.text);
	sink->report(sink->ctx, diag.column - 1, why);
	return false;
}

/* `KEY =` takes back what an earlier file said, where nothing is a value at all. */
static bool check_empty(const struct gp_config_key *key,
			const struct gp_config_sink *sink)
{
	bool is_needed = key->flags & (GP_KEY_FILLED | GP_KEY_REQUIRED);
	if (!is_needed && (!key->standard[0] || key->flags & GP_KEY_LIST))
		return true;

	char why[GP_CONFIG_WHY], text[sizeof(why) + 80];
	put_expected(key, why);
	snprintf(text, sizeof(text), "%s has no value: %s", key->name, why);
	sink->report(sink->ctx, 0, text);
	return false;
}

bool gp_config_check(const struct gp_config_key *key, const char *text,
		     const struct gp_config_sink *sink)
{
	bool is_list = key->flags & GP_KEY_LIST;

	if (!text[strspn(text, is_list ? " \t," : " \t")])
		return check_empty(key, sink);
	if (is_list)
		return check_list(key, text, sink);
	if (key->type == GP_TYPE_CHAIN)
		return check_chain(key, text, sink);
	return check_one(key, 0, text, sink);
}
