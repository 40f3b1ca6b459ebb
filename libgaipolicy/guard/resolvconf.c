/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolvconf.c - see resolvconf.h. */
#include <arpa/inet.h>
#include <string.h>

#include "guard/resolvconf.h"

/* Longer than any address, also one with leading zeros that people write. */
#define WORD 128

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* LINE begins with KEYWORD and a blank; *REST is what follows the blanks. */
static bool begins(const char *line, size_t length, const char *keyword, size_t *rest)
{
	const size_t word = strlen(keyword);

	if (length <= word || memcmp(line, keyword, word) != 0 || !is_blank(line[word]))
		return false;
	*rest = word;
	while (*rest < length && is_blank(line[*rest]))
		++*rest;
	return true;
}

/* Packets for 0.0.0.0 stay here. */
static struct gp_addr from_ipv4(struct in_addr ipv4)
{
	if (!ipv4.s_addr)
		ipv4.s_addr = htonl(INADDR_LOOPBACK);
	return gp_addr_make(AF_INET, &ipv4, 0);
}

/* As __inet_aton_exact: nothing may follow, not even what inet_aton takes for a blank. */
static bool read_ipv4(const char *word, struct gp_addr *out)
{
	struct in_addr ipv4;

	if (word[strspn(word, "0123456789abcdefABCDEFxX.")] || !inet_aton(word, &ipv4))
		return false;
	*out = from_ipv4(ipv4);
	return true;
}

static bool read_ipv6(char *word, struct gp_addr *out)
{
	const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
	char *zone = strchr(word, '%');
	struct gp_addr whole = {.family = AF_UNSPEC};
	struct in6_addr ipv6;
	struct in_addr ipv4;

	gp_addr_parse(word, &whole);
	if (zone)
		*zone = '\0';
	if (inet_pton(AF_INET6, word, &ipv6) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
		memcpy(&ipv4, &ipv6.s6_addr[12], sizeof(ipv4));
		*out = from_ipv4(ipv4);
		return true;
	}
	if (IN6_IS_ADDR_UNSPECIFIED(&ipv6))
		ipv6 = loopback;
	*out = gp_addr_make(AF_INET6, &ipv6,
			    IN6_IS_ADDR_LINKLOCAL(&ipv6) ? whole.scope_id : 0);
	return true;
}

bool gp_resolv_server(const char *line, size_t length, struct gp_addr *out)
{
	char word[WORD];
	size_t at, used = 0;

	/* libc sees the line as text. */
	length = strnlen(line, length);
	if (!begins(line, length, "nameserver", &at))
		return false;
	while (at + used < length && !is_blank(line[at + used]))
		if (++used == sizeof(word))
			return false;
	memcpy(word, line + at, used);
	word[used] = '\0';
	return read_ipv4(word, out) || read_ipv6(word, out);
}

/* LINE without the keyword. */
static void take_options(const char *line, size_t length, struct gp_resolv_options *out)
{
	static const char rotate[] = "rotate", no_aaaa[] = "no-aaaa";

	for (size_t at = 0; at < length; at++) {
		const size_t left = length - at;
		if (at && !is_blank(line[at - 1]))
			continue;
		out->rotate |= left >= sizeof(rotate) - 1 &&
			       !memcmp(line + at, rotate, sizeof(rotate) - 1);
		out->no_aaaa |= left >= sizeof(no_aaaa) - 1 &&
				!memcmp(line + at, no_aaaa, sizeof(no_aaaa) - 1);
	}
}

struct gp_resolv_options gp_resolv_options(const char *text, size_t size)
{
	struct gp_resolv_options out = {false, false};
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((stop ? stop : end) - text), at;
		const size_t seen = strnlen(text, length);
		if (begins(text, seen, "options", &at))
			take_options(text + at, seen - at, &out);
		text += length + 1;
	}
	return out;
}
