/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nat64.c - IPv4-embedded IPv6 addresses (RFC 6052). Runs in the doors. */
#include <string.h>

#include "gaipolicy.h"

/* Bits 64 to 71 of every such address are zero: RFC 6052 2.2's "u" octet. */
#define U_OCTET 8

static enum gp_status check_prefix(const struct gp_prefix *prefix)
{
	if (prefix->addr.family != AF_INET6)
		return GP_RANGE;
	switch (prefix->length) {
	case 32:
	case 40:
	case 48:
	case 56:
	case 64:
		return GP_OK;
	case 96:
		return prefix->addr.bytes[U_OCTET] ? GP_SYNTAX : GP_OK;
	default:
		return GP_RANGE;
	}
}

/* Where the I-th octet of the IPv4 address lies: in a row, but for the u octet. */
static size_t octet_at(const struct gp_prefix *prefix, size_t i)
{
	const size_t at = prefix->length / 8U + i;

	return prefix->length <= 64 && at >= U_OCTET ? at + 1 : at;
}

enum gp_status gp_nat64_embed(const struct gp_prefix *prefix, const struct gp_addr *ipv4,
			      struct gp_addr *out)
{
	enum gp_status status = check_prefix(prefix);
	struct gp_addr addr = {.family = AF_INET6};

	if (status)
		return status;
	if (ipv4->family != AF_INET)
		return GP_RANGE;
	memcpy(addr.bytes, prefix->addr.bytes, prefix->length / 8);
	for (size_t i = 0; i < 4; i++)
		addr.bytes[octet_at(prefix, i)] = ipv4->bytes[i];
	*out = addr;
	return GP_OK;
}

enum gp_status gp_nat64_extract(const struct gp_prefix *prefix,
				const struct gp_addr *ipv6, struct gp_addr *out)
{
	enum gp_status status = check_prefix(prefix);
	struct gp_addr addr = {.family = AF_INET};

	if (status)
		return status;
	if (!gp_prefix_match(prefix, ipv6))
		return GP_NOTFOUND;
	if (ipv6->bytes[U_OCTET])
		return GP_SYNTAX;
	for (size_t i = 0; i < 4; i++)
		addr.bytes[i] = ipv6->bytes[octet_at(prefix, i)];
	*out = addr;
	return GP_OK;
}

bool gp_nat64_is_well_known(const struct gp_prefix *prefix)
{
	static const uint8_t well_known[12] = {0x00, 0x64, 0xff, 0x9b};

	return prefix->addr.family == AF_INET6 && prefix->length == 96 &&
	       !memcmp(prefix->addr.bytes, well_known, sizeof(well_known));
}

/* RFC 5735 3, which RFC 6052 3.1 points to, and RFC 6598's shared space that came later.
 */
static const struct gp_prefix nonglobal[] = {
#define IPV4_BLOCK(a, b, c, d, len)                                                      \
	{                                                                                \
		.addr = {.bytes = {a, b, c, d}, .family = AF_INET}, .length = len        \
	}
	IPV4_BLOCK(0, 0, 0, 0, 8),      IPV4_BLOCK(10, 0, 0, 0, 8),
	IPV4_BLOCK(100, 64, 0, 0, 10),  IPV4_BLOCK(127, 0, 0, 0, 8),
	IPV4_BLOCK(169, 254, 0, 0, 16), IPV4_BLOCK(172, 16, 0, 0, 12),
	IPV4_BLOCK(192, 0, 0, 0, 24),   IPV4_BLOCK(192, 0, 2, 0, 24),
	IPV4_BLOCK(192, 88, 99, 0, 24), IPV4_BLOCK(192, 168, 0, 0, 16),
	IPV4_BLOCK(198, 18, 0, 0, 15),  IPV4_BLOCK(198, 51, 100, 0, 24),
	IPV4_BLOCK(203, 0, 113, 0, 24), IPV4_BLOCK(224, 0, 0, 0, 4),
	IPV4_BLOCK(240, 0, 0, 0, 4),
#undef IPV4_BLOCK
};

/* ipv4only.arpa's addresses (RFC 7050 2.2) are there to be translated. */
static bool is_ipv4only_arpa(const struct gp_addr *ipv4)
{
	static const uint8_t both[4] = {192, 0, 0, 170};

	return !memcmp(ipv4->bytes, both, 3) && (ipv4->bytes[3] & 0xfe) == both[3];
}

bool gp_nat64_is_nonglobal(const struct gp_addr *ipv4)
{
	if (ipv4->family != AF_INET || is_ipv4only_arpa(ipv4))
		return false;
	for (size_t i = 0; i < sizeof(nonglobal) / sizeof(nonglobal[0]); i++)
		if (gp_prefix_match(&nonglobal[i], ipv4))
			return true;
	return false;
}
