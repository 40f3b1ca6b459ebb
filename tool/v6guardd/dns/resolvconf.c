/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolvconf.c - see resolvconf.h. */
#include <string.h>

#include "own.h"
#include "resolvconf.h"

#define PORT 53

/* Blanks are what resolv.conf(5) takes for them. */
static bool read_line(const char *line, size_t length, struct gp_addr *out)
{
	static const char keyword[] = "nameserver", mark[] = "#v6guard ";
	const size_t skip = sizeof(keyword) - 1, marked = sizeof(mark) - 1;
	char text[GP_ADDR_TEXT + 1];
	size_t used = 0;

	if (length > marked && !memcmp(line, mark, marked)) {
		line += marked;
		length -= marked;
	}
	if (length <= skip || memcmp(line, keyword, skip) != 0 ||
	    (line[skip] != ' ' && line[skip] != '\t'))
		return false;
	line += skip;
	length -= skip;
	while (length && (*line == ' ' || *line == '\t'))
		line++, length--;
	while (used < length && used + 1 < sizeof(text) && line[used] != ' ' &&
	       line[used] != '\t' && line[used] != '\r')
		used++;
	memcpy(text, line, used);
	text[used] = '\0';
	return gp_addr_parse(text, out) == GP_OK;
}

bool resolvconf_is_own(const struct dns_config *config, const struct dns_endpoint *server)
{
	const struct gp_addr *addr = &server->addr;

	for (size_t i = 0; i < config->listen_count; i++) {
		const struct dns_endpoint *one = &config->listen[i];
		if (one->port != server->port || one->addr.family != addr->family)
			continue;
		if (gp_addr_equal(&one->addr, addr) ||
		    (dns_is_any(&one->addr) && own_address(addr)))
			return true;
	}
	return false;
}

bool resolvconf_is_stub(const struct gp_addr *addr)
{
	static const uint8_t stub[4] = {127, 0, 0, 53}, proxy[4] = {127, 0, 0, 54};

	return addr->family == AF_INET && (!memcmp(addr->bytes, stub, sizeof(stub)) ||
					   !memcmp(addr->bytes, proxy, sizeof(proxy)));
}

static bool is_there(const struct dns_endpoint *list, size_t count,
		     const struct gp_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (gp_addr_equal(&list[i].addr, addr))
			return true;
	return false;
}

size_t resolvconf_read(const char *text, size_t size, const struct dns_config *config,
		       struct dns_endpoint *out, size_t max, bool *has_own)
{
	const char *end = text + size;
	size_t count = 0;

	*has_own = false;
	while (text < end && count < max) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const size_t length = (size_t)((stop ? stop : end) - text);
		struct dns_endpoint server = {.port = PORT};
		if (read_line(text, length, &server.addr)) {
			if (resolvconf_is_own(config, &server))
				*has_own = true;
			else if (!is_there(out, count, &server.addr))
				out[count++] = server;
		}
		text += length + 1;
	}
	return count;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* As libc reads it: "options" at the very beginning of a line, words behind blanks. */
static bool line_rotates(const char *line, size_t length)
{
	static const char keyword[] = "options", word[] = "rotate";
	const size_t skip = sizeof(keyword) - 1, size = sizeof(word) - 1;

	if (length <= skip || memcmp(line, keyword, skip) != 0 || !is_blank(line[skip]))
		return false;
	for (size_t i = skip; i + size < length; i++)
		if (is_blank(line[i]) && !memcmp(line + i + 1, word, size))
			return true;
	return false;
}

bool resolvconf_rotates(const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const size_t length = (size_t)((stop ? stop : end) - text);
		if (line_rotates(text, length))
			return true;
		text += length + 1;
	}
	return false;
}
