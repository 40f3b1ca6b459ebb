/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prefix.c - ADDRESS/LENGTH: read, written, matched. Runs in the doors. */
#include <arpa/inet.h>
#include <string.h>

#include "gaipolicy.h"

static unsigned full_length(const struct gp_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

/* Decimal digits alone: no sign, no blank, and not so many that they could overflow. */
static enum gp_status parse_length(const char *text, unsigned most, uint8_t *out)
{
	unsigned value = 0;

	if (!*text)
		return GP_SYNTAX;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9')
			return GP_SYNTAX;
		if (value <= most)
			value = value * 10 + (unsigned)(*at - '0');
	}
	if (value > most)
		return GP_RANGE;
	*out = (uint8_t)value;
	return GP_OK;
}

enum gp_status gp_prefix_parse(const char *text, struct gp_prefix *out)
{
	const char *slash = strchr(text, '/');
	const size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	struct gp_prefix prefix;
	enum gp_status status;

	if (length >= sizeof(address) || memchr(text, '%', length))
		return GP_SYNTAX;
	memcpy(address, text, length);
	address[length] = 0;
	status = gp_addr_parse(address, &prefix.addr);
	if (status)
		return status;
	prefix.length = (uint8_t)full_length(&prefix.addr);
	if (slash)
		status = parse_length(slash + 1, prefix.length, &prefix.length);
	if (status)
		return status;
	*out = prefix;
	return GP_OK;
}

char *gp_prefix_format(const struct gp_prefix *prefix, char buf[GP_PREFIX_TEXT])
{
	const unsigned length = prefix->length;
	char *at;

	inet_ntop(prefix->addr.family, prefix->addr.bytes, buf, INET6_ADDRSTRLEN);
	at = buf + strlen(buf);
	*at++ = '/';
	if (length >= 100)
		*at++ = (char)('0' + length / 100);
	if (length >= 10)
		*at++ = (char)('0' + length / 10 % 10);
	*at++ = (char)('0' + length % 10);
	*at = 0;
	return buf;
}

bool gp_prefix_match(const struct gp_prefix *prefix, const struct gp_addr *addr)
{
	const size_t whole = prefix->length / 8;
	const unsigned rest = prefix->length % 8;
	const uint8_t mask = (uint8_t)(0xff00U >> rest);

	if (prefix->addr.family != addr->family)
		return false;
	if (memcmp(prefix->addr.bytes, addr->bytes, whole))
		return false;
	return !rest || !((prefix->addr.bytes[whole] ^ addr->bytes[whole]) & mask);
}

bool gp_prefix_has_host_bits(const struct gp_prefix *prefix)
{
	const unsigned full = full_length(&prefix->addr);

	for (unsigned bit = prefix->length; bit < full; bit++)
		if (prefix->addr.bytes[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}
