/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolv.c - see resolv.h. */
#include <stdlib.h>
#include <string.h>

#include "resolv.h"

#define MARK "#v6guard "
#define HEAD                                                                             \
	MARK "these lead to v6guardd, which asks the servers below "                     \
	     "(v6guard resolver disable)\n"
#define ABSENT MARK "there was no such file before\n"

static bool begins(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static bool is_server(const char *line)
{
	static const char word[] = "nameserver";

	return begins(line, word) &&
	       (line[sizeof(word) - 1] == ' ' || line[sizeof(word) - 1] == '\t');
}

static size_t length_of(const char *line)
{
	const size_t length = strcspn(line, "\n");

	return length + (line[length] == '\n');
}

static bool has_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n');
}

bool resolv_is_on(const char *text)
{
	return has_line(text, HEAD);
}

bool resolv_was_absent(const char *text)
{
	char *before = has_line(text, ABSENT) ? resolv_switch_off(text) : NULL;
	const bool was_absent = before && !before[0];

	free(before);
	return was_absent;
}

char *resolv_switch_off(const char *text)
{
	char *out = malloc(strlen(text) + 1), *to = out;
	bool is_ours = false;

	if (!out)
		return NULL;
	for (; *text; text += length_of(text)) {
		size_t length = length_of(text);
		const char *from = text;
		/* Our head, and what it stands before. */
		is_ours = begins(text, HEAD) || (is_ours && is_server(text));
		if (is_ours || begins(text, ABSENT))
			continue;
		if (begins(text, MARK "nameserver")) {
			from += strlen(MARK);
			length -= strlen(MARK);
		}
		memcpy(to, from, length);
		to += length;
	}
	*to = '\0';
	return out;
}

static char *put(char *to, const char *text, size_t length)
{
	memcpy(to, text, length);
	return to + length;
}

static char *put_servers(char *to, const char *const *servers, size_t count)
{
	to = put(to, HEAD, strlen(HEAD));
	for (size_t i = 0; i < count; i++) {
		to = put(to, "nameserver ", 11);
		to = put(to, servers[i], strlen(servers[i]));
		to = put(to, "\n", 1);
	}
	return to;
}

static size_t room_for(const char *text, const char *const *servers, size_t count)
{
	size_t room = strlen(text) + strlen(HEAD) + strlen(ABSENT) + 2;

	for (size_t i = 0; i < count; i++)
		room += strlen(servers[i]) + 12;
	for (; *text; text += length_of(text))
		room += strlen(MARK);
	return room;
}

/* Where there is none to stand in for they come first: what follows stays as it ends. */
static char *put_first(char *to, const char *plain, bool was_absent,
		       const char *const *servers, size_t count)
{
	for (const char *line = plain; *line; line += length_of(line))
		if (is_server(line))
			return to;
	to = put_servers(to, servers, count);
	return was_absent ? put(to, ABSENT, strlen(ABSENT)) : to;
}

char *resolv_switch_on(const char *text, const char *const *servers, size_t count)
{
	const bool was_absent = !text || resolv_was_absent(text);
	char *plain = resolv_switch_off(text ? text : "");
	char *out = plain ? malloc(room_for(plain, servers, count)) : NULL, *to = out;
	bool has_put;

	if (out)
		to = put_first(out, plain, was_absent, servers, count);
	has_put = to != out;
	for (const char *line = plain; out && *line; line += length_of(line)) {
		if (is_server(line)) {
			if (!has_put)
				to = put_servers(to, servers, count);
			has_put = true;
			to = put(to, MARK, strlen(MARK));
		}
		to = put(to, line, length_of(line));
	}
	if (out)
		*to = '\0';
	free(plain);
	return out;
}
