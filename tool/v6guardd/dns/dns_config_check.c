/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_check.c - a configuration that came as bytes, or that asks for more than
 * there is. */
#include <string.h>

#include "dns_config_private.h"

/* ---- bytes ---- */

static bool is_name_valid(const uint8_t name[WIRE_NAME])
{
	struct wire_in in = wire_read(name, WIRE_NAME);
	uint8_t copy[WIRE_NAME];

	/* Without a pointer: then the copy is the same bytes. */
	const size_t length = wire_name(&in, copy);
	return length && length == in.at && !memcmp(copy, name, length);
}

/* None of them, or all, are asked by TLS. */
static bool are_endpoints_valid(const struct dns_endpoint *list, size_t count, size_t max,
				size_t tls_names)
{
	bool is_good = count <= max;

	for (size_t i = 0; is_good && i < count; i++)
		is_good = (list[i].addr.family == AF_INET ||
			   list[i].addr.family == AF_INET6) &&
			  list[i].port && list[i].tls <= tls_names &&
			  !list[i].tls == !list[0].tls;
	return is_good;
}

/* They go into a configuration of libunbound's. */
static bool are_tls_names_valid(const struct dns_config *config)
{
	bool is_good = config->tls_count <= DNS_TLS_NAMES;

	for (size_t i = 0; is_good && i < config->tls_count; i++)
		is_good = memchr(config->tls_names[i], '\0', WIRE_NAME) &&
			  config->tls_names[i][0] &&
			  !config->tls_names[i][strspn(config->tls_names[i],
						       DNS_TLS_NAME_CHARS)];
	return is_good;
}

static bool is_prefix_valid(const struct gp_prefix *prefix)
{
	return prefix->addr.family == AF_INET
		       ? prefix->length <= 32
		       : prefix->addr.family == AF_INET6 && prefix->length <= 128;
}

static bool is_list_valid(const struct dns_list *list)
{
	bool is_good = list->count <= DNS_LIST;

	for (size_t i = 0; is_good && i < list->count; i++)
		is_good = is_prefix_valid(&list->list[i]);
	return is_good;
}

static bool are_names_valid(const struct dns_config *config)
{
	bool is_good = config->pattern_count <= DNS_PATTERNS &&
		       config->zone_count <= DNS_ZONES && is_name_valid(config->ptr_name);

	for (size_t i = 0; is_good && i < config->pattern_count; i++)
		is_good = config->exclude_domains[i].kind <= DNS_PATTERN_BELOW &&
			  is_name_valid(config->exclude_domains[i].name);
	is_good &= config->rebind_allow_count <= DNS_PATTERNS;
	for (size_t i = 0; is_good && i < config->rebind_allow_count; i++)
		is_good = config->rebind_allow[i].kind <= DNS_PATTERN_BELOW &&
			  is_name_valid(config->rebind_allow[i].name);
	for (size_t i = 0; is_good && i < config->zone_count; i++)
		is_good = is_name_valid(config->zones[i].name) &&
			  config->zones[i].dnssec <= DNS_DNSSEC_VALIDATE &&
			  are_endpoints_valid(config->zones[i].upstream,
					      config->zones[i].upstream_count,
					      DNS_ZONE_UPSTREAMS, config->tls_count);
	return is_good;
}

static bool are_nat64_prefixes_valid(const struct dns_config *config)
{
	const uint8_t any[4] = {192, 0, 2, 1};
	const struct gp_addr ipv4 = gp_addr_make(AF_INET, any, 0);
	struct gp_addr out;
	bool is_good = config->prefix_count <= DNS_PREFIXES;

	for (size_t i = 0; is_good && i < config->prefix_count; i++)
		is_good = gp_nat64_embed(&config->prefixes[i], &ipv4, &out) == GP_OK &&
			  (!config->ranges[i].length ||
			   (config->ranges[i].addr.family == AF_INET &&
			    is_prefix_valid(&config->ranges[i])));
	return is_good;
}

bool dns_config_is_valid(const struct dns_config *config)
{
	return config->enable <= 1 && config->filter_signed <= 1 &&
	       config->from_resolv_conf <= 1 && config->is_recursive <= 1 &&
	       config->rebind <= DNS_REBIND_REFUSE &&
	       config->dnssec <= DNS_DNSSEC_VALIDATE && config->nat64 <= DNS_ON &&
	       config->non_global <= DNS_NONGLOBAL_AUTO && config->edns_size >= 512 &&
	       config->edns_size <= 4096 && config->aaaa_timeout_ms >= 50 &&
	       config->aaaa_timeout_ms <= 10000 && config->cache_size >= 65536 &&
	       config->cache_size <= UINT64_C(64) << 30 &&
	       config->serve_stale_ms <= UINT64_C(30) * 24 * 3600 * 1000 &&
	       memchr(config->trust_anchor, '\0', sizeof(config->trust_anchor)) &&
	       are_endpoints_valid(config->listen, config->listen_count, DNS_LISTEN, 0) &&
	       are_endpoints_valid(config->upstream, config->upstream_count,
				   DNS_UPSTREAMS, config->tls_count) &&
	       are_tls_names_valid(config) && is_list_valid(&config->allow) &&
	       is_list_valid(&config->exclude_a) &&
	       is_list_valid(&config->exclude_aaaa) && is_list_valid(&config->clients) &&
	       are_nat64_prefixes_valid(config) && are_names_valid(config);
}

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
