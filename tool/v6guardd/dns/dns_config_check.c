/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_check.c - a configuration that asks for more than there is. */
#include <string.h>

#include "dns_config_private.h"

/* ---- what is there ---- */

static bool is_tls(const struct dns_endpoint *list, size_t count)
{
	return count && list[0].tls;
}

bool dns_config_validates(const struct dns_config *config)
{
	bool is_any = config->dnssec == DNS_DNSSEC_VALIDATE;

	for (size_t i = 0; i < config->zone_count; i++)
		is_any |= config->zones[i].dnssec == DNS_DNSSEC_VALIDATE;
	return config->enable && is_any;
}

bool dns_config_needs_ability(const struct dns_config *config)
{
	return config->enable && (config->is_recursive || config->tls_count ||
				  dns_config_validates(config));
}

/* Without it everything would be SERVFAIL, as if no server answered. */
static bool refuse_anchor(struct dns_reader *reader, const struct dns_config *made,
			  const char *error)
{
	struct gp_config_item item;

	return !dns_config_at(reader, "resolver", "trust-anchor", &item) ||
	       dns_config_refuse(reader,
				 "%s: %s; `dnssec = validate` begins there (Debian: the "
				 "package dns-root-data)",
				 made->trust_anchor, error);
}

static bool refuse_tls(struct dns_reader *reader)
{
	return dns_config_refuse(
		reader, "tls:// needs a libunbound that was built with TLS, and the one "
			"here was not: plain servers");
}

/* A list is of TLS servers when its first is. */
static bool find_forward(void *ctx, const struct gp_config_item *item)
{
	struct dns_reader *reader = ctx;

	if (strncmp(item->section, "forward ", 8) != 0 ||
	    strcmp(item->key, "upstream") != 0 || strncmp(item->value, "tls://", 6) != 0)
		return true;
	reader->section = item->section;
	reader->key = "upstream";
	reader->path = item->path;
	reader->line = item->line;
	return refuse_tls(reader);
}

bool dns_config_is_possible(const struct gp_config *config, const struct dns_config *made,
			    const struct dns_ability *ability, char why[DNS_WHY])
{
	struct dns_reader reader = {.config = config, .why = why};
	struct gp_config_item item;

	why[0] = '\0';
	if (!made->enable)
		return true;
	if (ability->anchor_error && dns_config_validates(made))
		return refuse_anchor(&reader, made, ability->anchor_error);
	if (!dns_config_at(&reader, "resolver", "upstream", &item))
		return true;
	if (made->is_recursive && ability->is_network_known && !ability->ipv4_usable &&
	    (made->nat64 == DNS_OFF || (ability->has_library && !ability->has_nat64)))
		return dns_config_refuse(
			&reader,
			"recursive needs IPv4, as many name servers have nothing else, "
			"and this host has none%s: name servers to forward to, or "
			"resolv.conf",
			made->nat64 == DNS_OFF ? " and no NAT64"
					       : " (this libunbound cannot use NAT64)");
	if (!ability->has_library || ability->has_tls)
		return true;
	if (is_tls(made->upstream, made->upstream_count))
		return refuse_tls(&reader);
	gp_config_each(config, find_forward, &reader);
	return !why[0];
}
