/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_records.c - a configuration of the resolver as bytes, and whether what came
 * as bytes is one. */
#include <string.h>

#include "dns_config_private.h"

/* ---- addresses ---- */

static void put_addr(struct gp_record_out *out, const struct gp_addr *addr)
{
	gp_record_put(out, &addr->family, sizeof(addr->family));
	gp_record_put(out, addr->bytes, sizeof(addr->bytes));
	gp_record_put(out, &addr->scope_id, sizeof(addr->scope_id));
}

static bool get_addr(struct gp_record_in *in, struct gp_addr *addr)
{
	return gp_record_get(in, &addr->family, sizeof(addr->family)) &&
	       gp_record_get(in, addr->bytes, sizeof(addr->bytes)) &&
	       gp_record_get(in, &addr->scope_id, sizeof(addr->scope_id));
}

static void put_endpoint(struct gp_record_out *out, const void *item)
{
	const struct dns_endpoint *endpoint = item;

	put_addr(out, &endpoint->addr);
	gp_record_put(out, &endpoint->port, sizeof(endpoint->port));
	gp_record_put(out, &endpoint->tls, sizeof(endpoint->tls));
}

static bool get_endpoint(struct gp_record_in *in, void *item)
{
	struct dns_endpoint *endpoint = item;

	return get_addr(in, &endpoint->addr) &&
	       gp_record_get(in, &endpoint->port, sizeof(endpoint->port)) &&
	       gp_record_get(in, &endpoint->tls, sizeof(endpoint->tls));
}

static bool is_endpoint(const void *item)
{
	const struct dns_endpoint *endpoint = item;

	return (endpoint->addr.family == AF_INET || endpoint->addr.family == AF_INET6) &&
	       endpoint->port;
}

static void put_prefix(struct gp_record_out *out, const void *item)
{
	const struct gp_prefix *prefix = item;

	put_addr(out, &prefix->addr);
	gp_record_put(out, &prefix->length, sizeof(prefix->length));
}

static bool get_prefix(struct gp_record_in *in, void *item)
{
	struct gp_prefix *prefix = item;

	return get_addr(in, &prefix->addr) &&
	       gp_record_get(in, &prefix->length, sizeof(prefix->length));
}

static bool is_prefix(const void *item)
{
	const struct gp_prefix *prefix = item;

	return prefix->addr.family == AF_INET
		       ? prefix->length <= 32
		       : prefix->addr.family == AF_INET6 && prefix->length <= 128;
}

static bool is_nat64_prefix(const void *item)
{
	const uint8_t any[4] = {192, 0, 2, 1};
	const struct gp_addr ipv4 = gp_addr_make(AF_INET, any, 0);
	struct gp_addr out;

	return gp_nat64_embed(item, &ipv4, &out) == GP_OK;
}

static bool is_range(const void *item)
{
	const struct gp_prefix *prefix = item;

	return !prefix->length ||
	       (prefix->addr.family == AF_INET && prefix->length <= 32);
}

/* ---- names ---- */

static void put_name(struct gp_record_out *out, const uint8_t *name)
{
	gp_record_put(out, name, wire_name_length(name));
}

/* Whole, without a pointer (then the copy is the same bytes), and in lower case. */
static size_t read_name(struct gp_record_in *in, uint8_t name[WIRE_NAME])
{
	struct wire_in from = wire_read(in->at, (size_t)(in->end - in->at));
	const size_t length = wire_name(&from, name);

	if (!length || length != from.at || memcmp(name, in->at, length) != 0)
		return 0;
	wire_name_lower(name);
	if (memcmp(name, in->at, length) != 0)
		return 0;
	in->at += length;
	return length;
}

static const uint8_t *get_name(struct gp_record_in *in)
{
	uint8_t name[WIRE_NAME];
	const size_t length = read_name(in, name);

	return length ? gp_pool_copy(in->pool, name, length) : NULL;
}

static bool is_name(const uint8_t *name)
{
	uint8_t copy[WIRE_NAME];
	struct gp_record_in in = {name, name + WIRE_NAME, NULL};

	return read_name(&in, copy);
}

static void put_own_name(struct gp_record_out *out, const void *item)
{
	put_name(out, item);
}

static bool get_own_name(struct gp_record_in *in, void *item)
{
	return read_name(in, item);
}

static bool is_own_name(const void *item)
{
	return is_name(item);
}

static void put_pattern(struct gp_record_out *out, const void *item)
{
	const struct dns_pattern *pattern = item;

	gp_record_put(out, &pattern->kind, sizeof(pattern->kind));
	put_name(out, pattern->name);
}

static bool get_pattern(struct gp_record_in *in, void *item)
{
	struct dns_pattern *pattern = item;

	return gp_record_get(in, &pattern->kind, sizeof(pattern->kind)) &&
	       (pattern->name = get_name(in));
}

static bool is_pattern(const void *item)
{
	const struct dns_pattern *pattern = item;

	return pattern->kind <= DNS_PATTERN_BELOW;
}

/* They go into a configuration of libunbound's. */
static bool is_tls_name(const void *item)
{
	const char *name;

	memcpy(&name, item, sizeof(name));
	return name && name[0] && strnlen(name, WIRE_NAME) < WIRE_NAME &&
	       !name[strspn(name, DNS_TLS_NAME_CHARS)];
}

/* ---- [forward] ---- */

const struct gp_record_type dns_endpoint_type = {sizeof(struct dns_endpoint),
						 put_endpoint, get_endpoint, is_endpoint};

static const struct gp_record forward_rows[] = {
	GP_RECORD_NUMBER(1, u32, struct dns_forward, dnssec, 0, DNS_DNSSEC_TRUST),
	GP_RECORD_NUMBER(3, u32, struct dns_forward, order, 0, DNS_FASTEST),
	GP_RECORD_LIST(2, dns_endpoint_type, struct dns_forward, upstream, upstream_count,
		       0, DNS_ZONE_UPSTREAMS),
};

#define ROWS(list)                                                                       \
	{                                                                                \
		(list), sizeof(list) / sizeof((list)[0])                                 \
	}
static const struct gp_record_table forward_table = ROWS(forward_rows);

static void put_forward(struct gp_record_out *out, const void *item)
{
	gp_records_write(&forward_table, item, out);
}

static bool get_forward(struct gp_record_in *in, void *item)
{
	return gp_records_read(&forward_table, in, item);
}

static bool is_forward(const void *item)
{
	return gp_records_are_valid(&forward_table, item);
}

static void put_zone(struct gp_record_out *out, const void *item)
{
	const struct dns_zone *zone = item;

	gp_record_put(out, &zone->forward, sizeof(zone->forward));
	put_name(out, zone->name);
}

static bool get_zone(struct gp_record_in *in, void *item)
{
	struct dns_zone *zone = item;

	return gp_record_get(in, &zone->forward, sizeof(zone->forward)) &&
	       (zone->name = get_name(in));
}

static bool is_zone(const void *item)
{
	const struct dns_zone *zone = item;

	return zone->name != NULL;
}

/* ---- the table ---- */

static const struct gp_record_type
	tls_type = {sizeof(const char *), gp_record_put_text, gp_record_get_text,
		    is_tls_name},
	prefix_type = {sizeof(struct gp_prefix), put_prefix, get_prefix, is_prefix},
	nat64_type = {sizeof(struct gp_prefix), put_prefix, get_prefix, is_nat64_prefix},
	range_type = {sizeof(struct gp_prefix), put_prefix, get_prefix, is_range},
	name_type = {WIRE_NAME, put_own_name, get_own_name, is_own_name},
	pattern_type = {sizeof(struct dns_pattern), put_pattern, get_pattern, is_pattern},
	forward_type = {sizeof(struct dns_forward), put_forward, get_forward, is_forward},
	zone_type = {sizeof(struct dns_zone), put_zone, get_zone, is_zone};

#define NUMBER(tag, type, member, min, max)                                              \
	GP_RECORD_NUMBER(tag, type, struct dns_config, member, min, max)
#define LIST(tag, type, list, count, max)                                                \
	GP_RECORD_LIST(tag, type, struct dns_config, list, count, 0, max)

/* clang-format off: one member a line. */
static const struct gp_record rows[] = {
	NUMBER(1, u32, enable, 0, 1),
	LIST(2, dns_endpoint_type, listen, listen_count, DNS_LISTEN),
	NUMBER(3, u32, from_resolv_conf, 0, 1),
	NUMBER(4, u32, is_recursive, 0, 1),
	LIST(5, dns_endpoint_type, upstream, upstream_count, DNS_UPSTREAMS),
	LIST(6, tls_type, tls_names, tls_count, DNS_TLS_NAMES),
	NUMBER(7, u32, dnssec, 0, DNS_DNSSEC_TRUST),
	GP_RECORD_ONE(8, gp_record_text, struct dns_config, trust_anchor),
	NUMBER(9, u32, edns_size, 512, 4096),
	NUMBER(10, u32, aaaa_timeout_ms, 50, 10000),
	NUMBER(11, u64, cache_size, 65536, UINT64_C(64) << 30),
	NUMBER(12, u64, serve_stale_ms, 0, UINT64_C(30) * 24 * 3600 * 1000),
	NUMBER(13, u32, filter_signed, 0, 1),
	LIST(14, prefix_type, allow.list, allow.count, DNS_LIST),
	NUMBER(15, u32, nat64, 0, DNS_ON),
	LIST(16, nat64_type, prefixes, prefix_count, DNS_PREFIXES),
	LIST(17, range_type, ranges, range_count, DNS_PREFIXES),
	GP_RECORD_ONE(18, name_type, struct dns_config, ptr_name),
	NUMBER(19, u32, non_global, 0, DNS_NONGLOBAL_AUTO),
	LIST(20, prefix_type, exclude_a.list, exclude_a.count, DNS_LIST),
	LIST(21, prefix_type, exclude_aaaa.list, exclude_aaaa.count, DNS_LIST),
	LIST(22, prefix_type, clients.list, clients.count, DNS_LIST),
	LIST(23, pattern_type, exclude_domains, pattern_count, DNS_PATTERNS),
	LIST(24, forward_type, forwards, forward_count, DNS_ZONES),
	LIST(25, zone_type, zones, zone_count, DNS_ZONES),
	NUMBER(26, u32, order, 0, DNS_FASTEST),
	NUMBER(40, u32, rebind, 0, DNS_REBIND_REFUSE),
	LIST(41, pattern_type, rebind_allow, rebind_allow_count, DNS_PATTERNS),
};
/* clang-format on */

const struct gp_record_table dns_config_records = ROWS(rows);

bool dns_config_equal(const struct dns_config *a, const struct dns_config *b)
{
	return gp_records_are_equal(&dns_config_records, a, b);
}

/* ---- what no member shows by itself ---- */

/* None of them, or all, are asked by TLS, by a name that there is. */
static bool is_tls_right(const struct dns_endpoint *list, size_t count, size_t names)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].tls > names || !list[i].tls != !list[0].tls)
			return false;
	return true;
}

bool dns_config_is_valid(const struct dns_config *config)
{
	if (!gp_records_are_valid(&dns_config_records, config) ||
	    config->prefix_count != config->range_count ||
	    !is_tls_right(config->listen, config->listen_count, 0) ||
	    !is_tls_right(config->upstream, config->upstream_count, config->tls_count))
		return false;
	for (size_t i = 0; i < config->forward_count; i++)
		if (!is_tls_right(config->forwards[i].upstream,
				  config->forwards[i].upstream_count, config->tls_count))
			return false;
	for (size_t i = 0; i < config->zone_count; i++)
		if (config->zones[i].forward >= config->forward_count)
			return false;
	return dns_zone_servers(config) <= DNS_ZONE_SERVERS;
}
