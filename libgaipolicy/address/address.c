/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address.c - addresses, their scope and what two of them share. Runs in the doors. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "gaipolicy.h"

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static size_t addr_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

struct gp_addr gp_addr_make(int family, const void *bytes, uint32_t scope_id)
{
	struct gp_addr addr = {.family = (uint8_t)family, .scope_id = scope_id};

	memcpy(addr.bytes, bytes, addr_size(family));
	return addr;
}

/* A zone is an interface's name or its number in decimal (RFC 4007 11.2). 0: neither. */
static uint32_t parse_zone(const char *text)
{
	const uint32_t index = if_nametoindex(text);
	uint64_t number = 0;

	if (index)
		return index;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9')
			return 0;
		number = number * 10 + (uint64_t)(*at - '0');
		if (number > UINT32_MAX)
			return 0;
	}
	return (uint32_t)number;
}

static enum gp_status parse_ipv6(const char *text, struct gp_addr *out)
{
	const char *zone = strchr(text, '%');
	const size_t length = zone ? (size_t)(zone - text) : strlen(text);
	char bare[INET6_ADDRSTRLEN];
	uint32_t scope_id = 0;
	struct in6_addr ipv6;

	if (length >= sizeof(bare))
		return GP_SYNTAX;
	memcpy(bare, text, length);
	bare[length] = 0;
	if (inet_pton(AF_INET6, bare, &ipv6) != 1)
		return GP_SYNTAX;
	if (zone)
		scope_id = parse_zone(zone + 1);
	if (zone && !scope_id)
		return GP_SYNTAX;
	*out = gp_addr_make(AF_INET6, &ipv6, scope_id);
	return GP_OK;
}

enum gp_status gp_addr_parse(const char *text, struct gp_addr *out)
{
	const int saved_errno = errno;
	enum gp_status status = GP_OK;
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1)
		*out = gp_addr_make(AF_INET, &ipv4, 0);
	else
		status = parse_ipv6(text, out);
	errno = saved_errno;
	return status;
}

/* No stdio here: the doors link this file. */
static void append_zone(char *text, uint32_t scope_id)
{
	char digits[10];
	size_t count = 0;

	text += strlen(text);
	*text++ = '%';
	do {
		digits[count++] = (char)('0' + scope_id % 10);
		scope_id /= 10;
	} while (scope_id);
	while (count)
		*text++ = digits[--count];
	*text = 0;
}

char *gp_addr_format(const struct gp_addr *addr, char buf[GP_ADDR_TEXT])
{
	const int saved_errno = errno;

	buf[0] = 0; /* for a family that inet_ntop does not know */
	inet_ntop(addr->family, addr->bytes, buf, GP_ADDR_TEXT);
	errno = saved_errno;
	if (addr->scope_id)
		append_zone(buf, addr->scope_id);
	return buf;
}

bool gp_addr_equal(const struct gp_addr *a, const struct gp_addr *b)
{
	return a->family == b->family && a->scope_id == b->scope_id &&
	       !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static unsigned ipv4_scope(const uint8_t bytes[4])
{
	if (bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254))
		return GP_SCOPE_LINK;
	return GP_SCOPE_GLOBAL;
}

static bool is_ipv6_loopback(const uint8_t bytes[16])
{
	return !memcmp(bytes, &in6addr_loopback, 16);
}

static bool is_ipv6_link_local(const uint8_t bytes[16])
{
	return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

unsigned gp_addr_scope(const struct gp_addr *addr)
{
	const uint8_t *bytes = addr->bytes;

	if (addr->family == AF_INET)
		return ipv4_scope(bytes);
	if (bytes[0] == 0xff)
		return bytes[1] & 0x0f;
	if (is_ipv6_loopback(bytes) || is_ipv6_link_local(bytes))
		return GP_SCOPE_LINK;
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0)
		return GP_SCOPE_SITE;
	if (!memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)))
		return ipv4_scope(bytes + sizeof(mapped_prefix));
	return GP_SCOPE_GLOBAL;
}

unsigned gp_addr_common_prefix(const struct gp_addr *a, const struct gp_addr *b)
{
	const size_t size = addr_size(a->family);

	if (a->family != b->family)
		return 0;
	for (size_t i = 0; i < size; i++) {
		const unsigned differing = a->bytes[i] ^ b->bytes[i];

		if (differing)
			return (unsigned)(i * 8) + (unsigned)__builtin_clz(differing) -
			       (unsigned)(sizeof(unsigned) - 1) * 8;
	}
	return (unsigned)size * 8;
}

static bool is_ipv4_special(const uint8_t bytes[4])
{
	static const uint8_t unspecified[4];

	return bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254) ||
	       (bytes[0] & 0xf0) == 0xe0 || !memcmp(bytes, unspecified, 4);
}

bool gp_addr_is_special(const struct gp_addr *addr)
{
	const uint8_t *bytes = addr->bytes;

	if (addr->family == AF_INET)
		return is_ipv4_special(bytes);
	return bytes[0] == 0xff || is_ipv6_link_local(bytes) || is_ipv6_loopback(bytes) ||
	       !memcmp(bytes, &in6addr_any, 16);
}
