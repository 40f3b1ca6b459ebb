/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolvconf.c - see resolvconf.h. */
#include <string.h>

#include "guard/resolvconf.h"
#include "own.h"
#include "resolvconf.h"

#define PORT 53

/* A line of LENGTH bytes; *IS_KEPT: it stands behind our mark. */
static bool read_line(const char *line, size_t length, struct gp_addr *out, bool *is_kept)
{
	static const char mark[] = "#v6guard ";
	const size_t marked = sizeof(mark) - 1;

	*is_kept = length > marked && !memcmp(line, mark, marked);
	if (*is_kept) {
		line += marked;
		length -= marked;
	}
	return gp_resolv_server(line, length, out);
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

/* A link-local address is of no use without its zone (RFC 4007 6): libc's connect() fails
 * as well. */
static bool can_be_asked(const struct gp_addr *addr)
{
	return addr->family != AF_INET6 || addr->bytes[0] != 0xfe ||
	       (addr->bytes[1] & 0xc0) != 0x80 || addr->scope_id;
}

size_t resolvconf_read(const char *text, size_t size, const struct dns_config *config,
		       size_t lines, struct dns_endpoint *out, size_t max,
		       struct resolvconf_seen *seen)
{
	const char *at = text, *end = text + size;
	size_t count = 0, left[] = {lines, lines};

	*seen = (struct resolvconf_seen){.rotate = gp_resolv_options(text, size).rotate};
	while (at < end && count < max) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const size_t length = (size_t)((stop ? stop : end) - at);
		struct dns_endpoint server = {.port = PORT};
		bool is_kept;
		if (read_line(at, length, &server.addr, &is_kept) && left[is_kept]) {
			left[is_kept]--;
			if (resolvconf_is_own(config, &server))
				seen->has_own = true;
			else if (can_be_asked(&server.addr) &&
				 !is_there(out, count, &server.addr))
				out[count++] = server;
		}
		at += length + 1;
	}
	return count;
}
