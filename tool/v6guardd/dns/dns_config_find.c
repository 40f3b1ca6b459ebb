/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_find.c - questions about a configuration, and what makes them quick. */
#include <string.h>

#include "dns_config.h"

/* What a node of the patterns' tree says: bits. */
#define PATTERN(kind) (1U << (kind))

/* ---- where names are found ---- */

static const struct name_tree *index_zones(const struct dns_config *config,
					   struct gp_pool *pool)
{
	struct name_tree *tree = name_tree_new(pool);

	for (uint32_t i = 0; tree && i < config->zone_count; i++) {
		uint32_t *value = name_tree_add(tree, config->zones[i].name);
		if (!value)
			return NULL;
		*value = i + 1;
	}
	return tree;
}

static const struct name_tree *index_patterns(const struct dns_pattern *list,
					      size_t count, struct gp_pool *pool)
{
	struct name_tree *tree = name_tree_new(pool);

	for (size_t i = 0; tree && i < count; i++) {
		uint32_t *value = name_tree_add(tree, list[i].name);
		if (!value)
			return NULL;
		*value |= PATTERN(list[i].kind);
	}
	return tree;
}

bool dns_config_index(struct dns_config *config, struct gp_pool *pool)
{
	for (size_t i = 0; i < config->zone_count; i++) {
		struct dns_zone *zone = &config->zones[i];
		const struct dns_forward *forward = &config->forwards[zone->forward];
		zone->dnssec = forward->dnssec;
		zone->order = forward->order;
		zone->upstream_count = forward->upstream_count;
		zone->upstream = forward->upstream;
	}
	config->zone_tree = config->pattern_tree = config->rebind_tree = NULL;
	if (config->zone_count)
		config->zone_tree = index_zones(config, pool);
	if (config->pattern_count)
		config->pattern_tree = index_patterns(config->exclude_domains,
						      config->pattern_count, pool);
	if (config->rebind_allow_count)
		config->rebind_tree = index_patterns(config->rebind_allow,
						     config->rebind_allow_count, pool);
	return (!config->zone_count || config->zone_tree) &&
	       (!config->pattern_count || config->pattern_tree) &&
	       (!config->rebind_allow_count || config->rebind_tree);
}

static bool matches(const struct name_tree *patterns, const uint8_t *name)
{
	struct name_walk walk;
	bool is_it = false;

	if (!patterns)
		return false;
	name_walk_begin(&walk, patterns, name);
	while (!is_it && name_walk_next(&walk))
		is_it = walk.value & (walk.left ? PATTERN(DNS_PATTERN_WITHIN) |
							  PATTERN(DNS_PATTERN_BELOW)
						: PATTERN(DNS_PATTERN_WITHIN) |
							  PATTERN(DNS_PATTERN_EXACT));
	return is_it;
}

bool dns_is_excluded(const struct dns_config *config, const uint8_t *name)
{
	return matches(config->pattern_tree, name);
}

bool dns_rebind_is_allowed(const struct dns_config *config, const uint8_t *name)
{
	return matches(config->rebind_tree, name);
}

size_t dns_zone_servers(const struct dns_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->zone_count; i++)
		count += config->forwards[config->zones[i].forward].upstream_count;
	return count;
}

const struct dns_zone *dns_zone_of(const struct dns_config *config, const uint8_t *name)
{
	const struct dns_zone *found = NULL;
	struct name_walk walk;

	if (!config->zone_tree)
		return NULL;
	name_walk_begin(&walk, config->zone_tree, name);
	while (name_walk_next(&walk))
		if (walk.value)
			found = &config->zones[walk.value - 1];
	return found;
}

/* ---- the rest ---- */

bool dns_endpoint_equal(const struct dns_endpoint *a, const struct dns_endpoint *b)
{
	return a->port == b->port && gp_addr_equal(&a->addr, &b->addr);
}

const char *dns_tls_name(const struct dns_config *config,
			 const struct dns_endpoint *server)
{
	return server->tls && server->tls <= config->tls_count
		       ? config->tls_names[server->tls - 1]
		       : "";
}

bool dns_listens_on(const struct dns_config *config, const struct dns_endpoint *endpoint)
{
	for (size_t i = 0; i < config->listen_count; i++)
		if (dns_endpoint_equal(&config->listen[i], endpoint))
			return true;
	return false;
}

bool dns_is_any(const struct gp_addr *addr)
{
	static const uint8_t zero[16];

	return !memcmp(addr->bytes, zero, sizeof(zero));
}

bool dns_list_has(const struct dns_list *list, const struct gp_addr *addr)
{
	for (size_t i = 0; i < list->count; i++)
		if (gp_prefix_match(&list->list[i], addr))
			return true;
	return false;
}

static bool is_in_range(const struct gp_prefix *range, const struct gp_addr *ipv4)
{
	return !range->length || gp_prefix_match(range, ipv4);
}

bool dns_prefix_is_for(const struct dns_config *config, size_t index,
		       const struct gp_addr *ipv4)
{
	const struct gp_prefix *own = &config->ranges[index];

	if (!is_in_range(own, ipv4))
		return false;
	for (size_t i = 0; i < config->prefix_count; i++)
		if (config->ranges[i].length > own->length &&
		    is_in_range(&config->ranges[i], ipv4))
			return false;
	return true;
}

enum dns_dnssec dns_dnssec_of(const struct dns_config *config, const uint8_t *name,
			      uint16_t type)
{
	const uint8_t *owner = type == WIRE_DS && name[0] ? name + 1 + name[0] : name;
	const struct dns_zone *zone = dns_zone_of(config, owner);

	return (enum dns_dnssec)(zone ? zone->dnssec : config->dnssec);
}
