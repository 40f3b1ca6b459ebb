/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolv_read.c - see resolv_read.h. */
#include <string.h>

#include "resolv_read.h"

#define BLANKS " \t"

/* What stands behind WORD and blanks at the beginning of LINE; NULL: not that line. */
static const char *behind(const char *line, const char *word)
{
	const size_t length = strlen(word);

	if (strncmp(line, word, length) != 0 || !line[length] ||
	    !strchr(BLANKS, line[length]))
		return NULL;
	return line + length + strspn(line + length, BLANKS);
}

/* The next word of the line at *AT; false: there is none, or none that fits. */
static bool take_word(const char **at, char *out, size_t size)
{
	size_t length;

	*at += strspn(*at, BLANKS "\r");
	length = strcspn(*at, BLANKS "\r\n");
	if (!length || length >= size)
		return false;
	memcpy(out, *at, length);
	out[length] = '\0';
	*at += length;
	return true;
}

static void take_server(const char *line, struct resolv_read *out)
{
	if (out->server_count < RESOLV_SERVERS &&
	    gp_resolv_server(line, strcspn(line, "\n"), &out->servers[out->server_count]))
		out->server_count++;
}

/* The last line of the two kinds is the one that counts. */
static void take_search(const char *at, size_t most, struct resolv_read *out)
{
	out->search_count = 0;
	while (out->search_count < most &&
	       take_word(&at, out->search[out->search_count], RESOLV_NAME))
		out->search_count++;
}

void resolv_read(const char *text, struct resolv_read *out)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	const char *rest;

	memset(out, 0, sizeof(*out));
	out->options = gp_resolv_options(text, strlen(text));
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		take_server(text, out);
		if ((rest = behind(text, "search")))
			take_search(rest, RESOLV_SEARCH, out);
		else if ((rest = behind(text, "domain")))
			take_search(rest, 1, out);
	}
	if (!out->server_count)
		out->servers[out->server_count++] = gp_addr_make(AF_INET, loopback, 0);
}

static bool is_any(const struct gp_addr *addr)
{
	static const uint8_t zero[16];

	return !memcmp(addr->bytes, zero, addr->family == AF_INET ? 4 : 16);
}

bool resolv_is_listener(const struct gp_addr *addr, const struct resolv_listener *listen,
			size_t count, resolv_own_fn *is_own)
{
	for (size_t i = 0; i < count; i++) {
		if (listen[i].port != RESOLV_PORT ||
		    listen[i].addr.family != addr->family)
			continue;
		if (gp_addr_equal(&listen[i].addr, addr) ||
		    (is_any(&listen[i].addr) && is_own(addr)))
			return true;
	}
	return false;
}

size_t resolv_place(const struct resolv_read *read, const struct resolv_listener *listen,
		    size_t count, resolv_own_fn *is_own)
{
	for (size_t i = 0; i < read->server_count; i++)
		if (resolv_is_listener(&read->servers[i], listen, count, is_own))
			return i + 1;
	return 0;
}

bool resolv_is_stub(const struct gp_addr *addr)
{
	return addr->family == AF_INET && !memcmp(addr->bytes, "\x7f\0\0", 3) &&
	       (addr->bytes[3] == 53 || addr->bytes[3] == 54);
}
