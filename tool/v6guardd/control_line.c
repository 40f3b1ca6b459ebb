/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_line.c - reading one line of the control socket. */
#include <stdio.h>
#include <string.h>

#include "control_line.h"

#define WHY_SIZE 256
#define WORDS_MAX 6
#define VERBS                                                                            \
	"status, partners ADDRESS, verdict list, verdict set PREFIX VERDICT SECONDS, "   \
	"verdict clear [PREFIX], reload, resolver status, resolver flush [NAME]"

struct words {
	char text[CONTROL_LINE + 1];
	size_t count; /* WORDS_MAX: that many or more */
	const char *word[WORDS_MAX];
};

static bool fail(char why[WHY_SIZE], const char *text)
{
	snprintf(why, WHY_SIZE, "%s", text);
	return false;
}

/* Printable ASCII and blanks alone: errors repeat words, and end on terminals. */
static bool split(const char *bytes, size_t size, struct words *words)
{
	char *save, *word;

	if (size >= sizeof(words->text))
		return false;
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != '\t' && bytes[i] != '\r' &&
		    (bytes[i] < ' ' || bytes[i] > '~'))
			return false;
	memcpy(words->text, bytes, size);
	words->text[size] = '\0';
	words->count = 0;
	for (word = strtok_r(words->text, " \t\r", &save);
	     word && words->count < WORDS_MAX; word = strtok_r(NULL, " \t\r", &save))
		words->word[words->count++] = word;
	return true;
}

static bool parse_prefix(const char *text, struct gp_prefix *out, char why[WHY_SIZE])
{
	if (gp_prefix_parse(text, out) == GP_OK && out->addr.family == AF_INET6 &&
	    !gp_prefix_has_host_bits(out))
		return true;
	snprintf(why, WHY_SIZE, "'%.60s' is no IPv6 address or prefix", text);
	return false;
}

static bool parse_seconds(const char *text, uint32_t *out)
{
	uint32_t value = 0;

	if (!text[0])
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = 10 * value + (uint32_t)(*text - '0');
		if (value > CONTROL_SECONDS_MAX)
			return false;
	}
	*out = value;
	return value > 0;
}

static bool take_status(const struct words *words, struct control_line *out,
			char why[WHY_SIZE])
{
	(void)words, (void)out, (void)why;
	return true;
}

static bool take_partners(const struct words *words, struct control_line *out,
			  char why[WHY_SIZE])
{
	/* A zone's name would be asked of the kernel, which the sandbox does not allow.
	 */
	if (!strchr(words->word[1], '%') &&
	    gp_addr_parse(words->word[1], &out->addr) == GP_OK)
		return true;
	snprintf(why, WHY_SIZE, "'%.60s' is no address", words->word[1]);
	return false;
}

static bool take_set(const struct words *words, struct control_line *out,
		     char why[WHY_SIZE])
{
	if (!parse_prefix(words->word[2], &out->prefix, why))
		return false;
	if (out->prefix.length != 0 && out->prefix.length != 48 &&
	    out->prefix.length != 128)
		return fail(why, "a verdict is about an address, a /48 or ::/0");
	if (gp_verdict_parse(words->word[3], &out->verdict) != GP_OK ||
	    out->verdict == GP_VERDICT_UNKNOWN) {
		snprintf(why, WHY_SIZE, "'%.60s' is none of ok, broken, slow",
			 words->word[3]);
		return false;
	}
	if (!parse_seconds(words->word[4], &out->seconds)) {
		snprintf(why, WHY_SIZE, "'%.60s' is no number of seconds from 1 to %u",
			 words->word[4], CONTROL_SECONDS_MAX);
		return false;
	}
	return true;
}

static bool take_clear(const struct words *words, struct control_line *out,
		       char why[WHY_SIZE])
{
	const uint8_t zero[16] = {0};

	if (words->count == 3)
		return parse_prefix(words->word[2], &out->prefix, why);
	out->prefix.addr = gp_addr_make(AF_INET6, zero, 0);
	out->prefix.length = 0;
	return true;
}

static bool take_flush(const struct words *words, struct control_line *out,
		       char why[WHY_SIZE])
{
	out->has_name = words->count == 3;
	if (!out->has_name)
		return true;
	if (!wire_name_parse(words->word[2], out->name)) {
		snprintf(why, WHY_SIZE, "'%.60s' is no name", words->word[2]);
		return false;
	}
	wire_name_lower(out->name);
	return true;
}

typedef bool take_fn(const struct words *words, struct control_line *out,
		     char why[WHY_SIZE]);

static const struct {
	const char *verb, *sub; /* SUB may be NULL */
	size_t least, most;     /* words, with these */
	enum control_verb number;
	bool needs_root;
	take_fn *take;
} verbs[] = {
	{"status", NULL, 1, 1, CONTROL_STATUS, false, take_status},
	{"partners", NULL, 2, 2, CONTROL_PARTNERS, false, take_partners},
	{"verdict", "list", 2, 2, CONTROL_VERDICT_LIST, false, take_status},
	{"verdict", "set", 5, 5, CONTROL_VERDICT_SET, true, take_set},
	{"verdict", "clear", 2, 3, CONTROL_VERDICT_CLEAR, true, take_clear},
	{"reload", NULL, 1, 1, CONTROL_RELOAD, true, take_status},
	{"resolver", "status", 2, 2, CONTROL_RESOLVER_STATUS, false, take_status},
	{"resolver", "flush", 2, 3, CONTROL_RESOLVER_FLUSH, true, take_flush},
};

bool control_line_parse(const char *bytes, size_t size, struct control_line *out,
			char why[WHY_SIZE])
{
	struct words words;

	if (!split(bytes, size, &words))
		return fail(why, "that is no text");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (words.count < verbs[i].least || words.count > verbs[i].most ||
		    strcmp(words.word[0], verbs[i].verb) != 0 ||
		    (verbs[i].sub && strcmp(words.word[1], verbs[i].sub) != 0))
			continue;
		struct control_line line = {.verb = verbs[i].number,
					    .needs_root = verbs[i].needs_root};
		if (!verbs[i].take(&words, &line, why))
			return false;
		*out = line;
		return true;
	}
	return fail(why, "the commands are: " VERBS);
}
