/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_net.c - values of v6guard.conf that are addresses, prefixes, ports and names. */
#include <stdio.h>
#include <string.h>

#include "guard/config_private.h"
#include "guard/idna.h"

#define WORD_SIZE (GP_CONFIG_LINE_MAX + 1)

static bool refuse(char why[GP_CONFIG_WHY], const char *text)
{
	snprintf(why, GP_CONFIG_WHY, "%s", text);
	return false;
}

static bool is_port(const char *text)
{
	uint64_t port;
	return gp_config_number(text, 65535, &port) && port > 0;
}

/*
 * An address whose %zone need not exist here and now: the file may be checked elsewhere,
 * or before the interface is there.
 */
static bool read_address(const char *text, size_t length, struct gp_addr *out)
{
	const char *zone = memchr(text, '%', length);
	size_t bare = zone ? (size_t)(zone - text) : length;
	char address[WORD_SIZE];
	struct gp_addr addr;

	if (bare >= sizeof(address))
		return false;
	memcpy(address, text, bare);
	address[bare] = '\0';
	if (gp_addr_parse(address, &addr) != GP_OK)
		return false;
	/* IFNAMSIZ, and what the kernel refuses in a name */
	size_t zone_length = length - bare;
	if (zone && (addr.family != AF_INET6 || zone_length < 2 || zone_length > 16 ||
		     memchr(zone, '/', zone_length) || memchr(zone, ':', zone_length)))
		return false;
	/* With its zone, where that is there by now. */
	if (zone && bare + zone_length < sizeof(address)) {
		memcpy(address + bare, zone, zone_length);
		address[bare + zone_length] = '\0';
		gp_addr_parse(address, &addr);
	}
	*out = addr;
	return true;
}

static bool check_label(const char *label, size_t length, char why[GP_CONFIG_WHY])
{
	if (length == 0)
		return refuse(why, "a name has no empty labels (RFC 1035 2.3.1)");
	if (length > 63)
		return refuse(why, "a label has at most 63 bytes (RFC 1035 2.3.4)");
	if (label[0] == '-' || label[length - 1] == '-')
		return refuse(why, "a label neither begins nor ends with '-'");
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)label[i];
		if (c >= 0x80)
			return refuse(why, "write the name in its ASCII form, xn--...");
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9');
		if (!is_alnum && c != '-' && c != '_')
			return refuse(why,
				      "a name has only letters, digits and - _ . in it");
	}
	return true;
}

/* RFC 1035 2.3.4; a dot at the end is fine. Underscores are in use. */
static bool check_name(const char *name, char why[GP_CONFIG_WHY])
{
	size_t length = strlen(name);

	if (length > 0 && name[length - 1] == '.')
		length--;
	if (length > 253)
		return refuse(why, "a name has at most 253 bytes (RFC 1035 2.3.4)");
	for (size_t at = 0;;) {
		size_t label = strcspn(name + at, ".");
		if (at + label > length)
			label = length - at;
		if (!check_label(name + at, label, why))
			return false;
		at += label + 1;
		if (at > length)
			return true;
	}
}

/* The root is what other resolvers call the zone for all the rest. */
bool gp_config_is_zone(const char *word, char why[GP_CONFIG_WHY])
{
	if (!strcmp(word, "."))
		return refuse(why, "servers for all other names are upstream of "
				   "[resolver]");
	return check_name(word, why);
}

/* In any script: what counts is the form that DNS knows. */
static bool check_any_name(const char *name, char why[GP_CONFIG_WHY])
{
	char ascii[GP_IDNA_MAX];
	const char *problem;

	if (gp_idna_to_ascii(name, ascii, &problem) != GP_OK)
		return refuse(why, problem);
	return check_name(ascii, why);
}

bool gp_config_is_pattern(const char *word, char why[GP_CONFIG_WHY])
{
	if (!strcmp(word, "*"))
		return true;
	if (word[0] == '=')
		return check_any_name(word + 1, why);
	if (!strncmp(word, "*.", 2))
		return check_any_name(word + 2, why);
	if (strchr(word, '*'))
		return refuse(why, "`*` stands alone or as `*.` before a name");
	return check_any_name(word, why);
}

/* A name of a host: one that ends in a number is a mistyped address. */
static bool check_host(const char *word, char why[GP_CONFIG_WHY])
{
	size_t length = strlen(word);
	while (length > 0 && word[length - 1] == '.')
		length--;
	size_t label = length;
	while (label > 0 && word[label - 1] != '.')
		label--;
	if (strchr(word, ':') || strspn(word + label, "0123456789") >= length - label)
		return false;
	return check_name(word, why);
}

static bool check_target(const char *word, char why[GP_CONFIG_WHY])
{
	struct gp_addr addr;
	return gp_addr_parse(word, &addr) == GP_OK || check_host(word, why);
}

/* Cut @PORT off WORD; false when there is one and it is none. */
static bool cut_port(char *word, char why[GP_CONFIG_WHY])
{
	char *at = strchr(word, '@');
	if (!at)
		return true;
	*at = '\0';
	return is_port(at + 1) ||
	       refuse(why, "behind the '@' is a port, a number from 1 to 65535");
}

static bool check_anchor(const char *word, char why[GP_CONFIG_WHY])
{
	char host[WORD_SIZE];
	struct gp_addr addr;

	snprintf(host, sizeof(host), "%s", word);
	if (!cut_port(host, why))
		return false;
	return read_address(host, strlen(host), &addr) || check_host(host, why);
}

/* ADDR, of WORD, is on one link alone, and which one that is has been said. */
static bool has_link(const struct gp_addr *addr, const char *word,
		     char why[GP_CONFIG_WHY])
{
	const bool is_linklocal = addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
				  (addr->bytes[1] & 0xc0) == 0x80;

	return !is_linklocal || strchr(word, '%') ||
	       refuse(why, "a link-local address needs its interface, as in "
			   "fe80::1%eth0 (RFC 4007 11)");
}

/* Packets for ADDR, of WORD, go to one host. */
static bool is_server(const struct gp_addr *addr, const char *word,
		      char why[GP_CONFIG_WHY])
{
	static const uint8_t zero[16];
	const uint8_t *bytes = addr->bytes;
	const bool is_ipv6 = addr->family == AF_INET6;

	if (!memcmp(bytes, zero, sizeof(zero)))
		return refuse(why,
			      is_ipv6 ? ":: is not the address of a server (RFC 4291 "
					"2.5.2); ::1 is this host"
				      : "0.0.0.0 is not the address of a server (RFC "
					"1122 3.2.1.3); 127.0.0.1 is this host");
	if (is_ipv6 ? bytes[0] == 0xff : bytes[0] >= 224)
		return refuse(why, "that is not the address of one host (RFC 5771, RFC "
				   "4291 2.7)");
	return has_link(addr, word, why);
}

/* Behind the '#' of a server that is not asked by TLS; dnsmasq has the port there. */
static bool refuse_hash(const char *behind, char why[GP_CONFIG_WHY])
{
	return refuse(why, is_port(behind) ? "the port stands behind an '@': ADDRESS@PORT"
					   : "#NAME needs tls:// before the address");
}

static bool check_upstream(const char *word, char why[GP_CONFIG_WHY])
{
	static const char tls[] = "tls://";
	bool is_tls = !strncmp(word, tls, strlen(tls));
	char server[WORD_SIZE];
	struct gp_addr addr;

	snprintf(server, sizeof(server), "%s", word + (is_tls ? strlen(tls) : 0));
	char *name = strchr(server, '#');
	if (is_tls && !name)
		return refuse(why, "tls://ADDRESS needs #NAME, the name in the "
				   "server's certificate");
	if (name && !is_tls)
		return refuse_hash(name + 1, why);
	if (name) {
		*name++ = '\0';
		if (!check_host(name, why))
			return refuse(why, "behind the '#' is the name in the server's "
					   "certificate");
	}
	if (!cut_port(server, why))
		return false;
	return read_address(server, strlen(server), &addr) &&
	       is_server(&addr, server, why);
}

bool gp_config_listen(const char *word, struct gp_addr *addr, uint16_t *port)
{
	const char *colon = strrchr(word, ':');
	struct gp_addr found;
	uint64_t number;

	if (!colon || !gp_config_number(colon + 1, 65535, &number) || number == 0)
		return false;
	size_t length = (size_t)(colon - word);
	bool has_brackets = length > 2 && word[0] == '[' && word[length - 1] == ']';
	if (has_brackets && !read_address(word + 1, length - 2, &found))
		return false;
	if (!has_brackets && !read_address(word, length, &found))
		return false;
	/* An IPv6 address without brackets leaves open where the port begins. */
	if (has_brackets != (found.family == AF_INET6))
		return false;
	*addr = found;
	*port = (uint16_t)number;
	return true;
}

static bool check_listen(const char *word, char why[GP_CONFIG_WHY])
{
	struct gp_addr addr;
	uint16_t port;
	return gp_config_listen(word, &addr, &port) && has_link(&addr, word, why);
}

/* The prefix with the bits behind its length cleared. */
static struct gp_prefix masked(struct gp_prefix prefix)
{
	for (unsigned bit = prefix.length; bit < 8 * sizeof(prefix.addr.bytes); bit++)
		prefix.addr.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return prefix;
}

static bool read_prefix(const char *word, int family, struct gp_prefix *out,
			char why[GP_CONFIG_WHY])
{
	enum gp_status status = gp_prefix_parse(word, out);

	if (status == GP_RANGE)
		return refuse(why, strchr(word, ':')
					   ? "an IPv6 prefix has a length of 0 to 128"
					   : "an IPv4 prefix has a length of 0 to 32");
	if (status != GP_OK || (family != AF_UNSPEC && out->addr.family != family))
		return false;
	if (!gp_prefix_has_host_bits(out))
		return true;
	struct gp_prefix clean = masked(*out);
	char text[GP_PREFIX_TEXT];
	snprintf(why, GP_CONFIG_WHY,
		 "bits are set after its length (RFC 4291 2.3); the prefix is %s",
		 gp_prefix_format(&clean, text));
	return false;
}

/* What stands before the '=', if there is one, to PREFIX, and what behind it is right. */
static bool split_nat64(const char *word, char prefix[GP_PREFIX_TEXT],
			char why[GP_CONFIG_WHY])
{
	const size_t length = strcspn(word, "=");
	struct gp_prefix range;

	if (length >= GP_PREFIX_TEXT)
		return false;
	memcpy(prefix, word, length);
	prefix[length] = '\0';
	return !word[length] || read_prefix(word + length + 1, AF_INET, &range, why);
}

/* 64:ff9b:: with another length; 64:ff9b:1::/48 and what is in it (RFC 8215) are others'
 * own. */
static bool is_well_known_cut(const struct gp_prefix *prefix)
{
	static const uint8_t well_known[16] = {0x00, 0x64, 0xff, 0x9b};

	return prefix->length >= 32 && prefix->length != 96 &&
	       !memcmp(prefix->addr.bytes, well_known, sizeof(well_known));
}

static bool check_nat64(const char *word, char why[GP_CONFIG_WHY])
{
	const uint8_t any[4] = {192, 0, 2, 1};
	struct gp_addr ipv4 = gp_addr_make(AF_INET, any, 0), out;
	struct gp_prefix prefix;
	char text[GP_PREFIX_TEXT];

	if (!split_nat64(word, text, why) || !strchr(text, '/') ||
	    !read_prefix(text, AF_INET6, &prefix, why))
		return false;
	if (is_well_known_cut(&prefix))
		return refuse(why, "the Well-Known Prefix is 64:ff9b::/96, of no other "
				   "length (RFC 6052 2.1)");
	switch (gp_nat64_embed(&prefix, &ipv4, &out)) {
	case GP_OK:
		return true;
	case GP_RANGE:
		return refuse(why, "the length is one of 32, 40, 48, 56, 64 and 96 (RFC "
				   "6052 2.2)");
	case GP_SYNTAX:
		return refuse(why, "bits 64 to 71 have to be zero (RFC 6052 2.2)");
	case GP_NOMEM:
	case GP_IO:
	case GP_PERM:
	case GP_NOTFOUND:
	case GP_CONFLICT:
	case GP_UNSUPPORTED:
	case GP_BUSY:
		break;
	}
	return false;
}

bool gp_config_check_net(const struct gp_config_key *key, const char *word,
			 char why[GP_CONFIG_WHY])
{
	struct gp_prefix prefix;

	if (key->type == GP_TYPE_PATTERN)
		return gp_config_is_pattern(word, why);
	if (key->type == GP_TYPE_NAME)
		return check_name(word, why);
	if (key->type == GP_TYPE_ZONE)
		return gp_config_is_zone(word, why);
	if (key->type == GP_TYPE_TARGET)
		return check_target(word, why);
	if (key->type == GP_TYPE_ANCHOR)
		return check_anchor(word, why);
	if (key->type == GP_TYPE_LISTEN)
		return check_listen(word, why);
	if (key->type == GP_TYPE_UPSTREAM)
		return check_upstream(word, why);
	if (key->type == GP_TYPE_PREFIX)
		return read_prefix(word, AF_UNSPEC, &prefix, why);
	if (key->type == GP_TYPE_PREFIX4)
		return read_prefix(word, AF_INET, &prefix, why);
	if (key->type == GP_TYPE_PREFIX6)
		return read_prefix(word, AF_INET6, &prefix, why);
	if (key->type == GP_TYPE_NAT64)
		return check_nat64(word, why);
	return false;
}
