/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config.c - see dns_config.h. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dns_config_private.h"

bool dns_config_refuse(struct dns_reader *reader, const char *format, ...)
{
	char *to = reader->why;
	size_t room = DNS_WHY;
	va_list args;
	int used = 0;

	if (reader->path)
		used = snprintf(to, room, "%s:%u: ", reader->path, reader->line);
	if (used > 0 && (size_t)used < room)
		to += used, room -= (size_t)used;
	used = snprintf(to, room, "[%s] %s: ", reader->section, reader->key);
	if (used > 0 && (size_t)used < room)
		to += used, room -= (size_t)used;
	va_start(args, format);
	vsnprintf(to, room, format, args);
	va_end(args);
	return false;
}

bool dns_config_at(struct dns_reader *reader, const char *section, const char *key,
		   struct gp_config_item *out)
{
	reader->section = section;
	reader->key = key;
	if (gp_config_get(reader->config, section, key, out) != GP_OK)
		return false;
	reader->path = out->path;
	reader->line = out->line;
	return true;
}

/* Call TAKE with each word of a list. */
bool dns_config_each(struct dns_reader *reader, const char *section, const char *key,
		     bool (*take)(struct dns_reader *reader, const char *word))
{
	struct gp_config_item item;
	size_t pos = 0, length;
	const char *at;

	if (!dns_config_at(reader, section, key, &item))
		return true;
	while ((length = gp_config_next_word(item.value, &pos, &at)) > 0) {
		char word[DNS_WORD];
		if (length >= sizeof(word))
			return dns_config_refuse(reader, "'%.60s...' is too long", at);
		memcpy(word, at, length);
		word[length] = '\0';
		if (!take(reader, word))
			return false;
	}
	return true;
}

/* ---- words ---- */

/* Who listens on all addresses has each one. */
static bool is_in(const struct dns_endpoint *one, const struct dns_endpoint *other)
{
	return one->addr.family == other->addr.family && one->port == other->port &&
	       (dns_is_any(&other->addr) || gp_addr_equal(&one->addr, &other->addr));
}

static bool take_listen(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	struct dns_endpoint *to = &out->listen[out->listen_count];

	if (out->listen_count == DNS_LISTEN)
		return dns_config_refuse(reader, "at most %d addresses", DNS_LISTEN);
	if (!gp_config_listen(word, &to->addr, &to->port))
		return dns_config_refuse(reader, "'%s' is no address and port", word);
	for (uint32_t i = 0; i < out->listen_count; i++)
		if (is_in(to, &out->listen[i]) || is_in(&out->listen[i], to))
			return dns_config_refuse(
				reader, "%s: part of what is listened on already", word);
	out->listen_count++;
	return true;
}

static bool take_prefix(struct dns_reader *reader, const char *word)
{
	struct dns_list *list = reader->list;

	if (list->count == DNS_LIST)
		return dns_config_refuse(reader, "at most %d prefixes", DNS_LIST);
	return gp_prefix_parse(word, &list->list[list->count++]) == GP_OK;
}

/* `auto` finds none yet by itself: RFC 6147 5.2 has the Well-Known Prefix for that. */
static bool take_nat64(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	const uint32_t i = out->prefix_count;
	const size_t length = strcspn(word, "=");
	char text[DNS_WORD];

	if (i == DNS_PREFIXES)
		return dns_config_refuse(reader, "at most %d prefixes", DNS_PREFIXES);
	if (!strcmp(word, "auto"))
		snprintf(text, sizeof(text), "64:ff9b::/96");
	else
		snprintf(text, sizeof(text), "%.*s", (int)length, word);
	out->prefix_count++;
	return gp_prefix_parse(text, &out->prefixes[i]) == GP_OK &&
	       (!word[length] ||
		gp_prefix_parse(word + length + 1, &out->ranges[i]) == GP_OK);
}

static bool take_ptr_name(struct dns_reader *reader, const char *word)
{
	uint8_t *name = reader->out->ptr_name;

	if (!wire_name_parse(word, name))
		return dns_config_refuse(reader, "'%s' is no name", word);
	wire_name_lower(name);
	return true;
}

static bool add_pattern(struct dns_reader *reader, const char *word,
			struct dns_pattern *list, uint32_t *count)
{
	struct dns_pattern *to = &list[*count];

	if (*count == DNS_PATTERNS)
		return dns_config_refuse(reader, "at most %d patterns", DNS_PATTERNS);
	to->kind = word[0] == '='            ? DNS_PATTERN_EXACT
		   : !strncmp(word, "*.", 2) ? DNS_PATTERN_BELOW
					     : DNS_PATTERN_WITHIN;
	word += to->kind == DNS_PATTERN_EXACT ? 1 : to->kind == DNS_PATTERN_BELOW ? 2 : 0;
	if (!wire_name_parse(strcmp(word, "*") ? word : ".", to->name))
		return dns_config_refuse(reader, "'%s' is no name", word);
	wire_name_lower(to->name);
	(*count)++;
	return true;
}

static bool take_pattern(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;

	return add_pattern(reader, word, out->exclude_domains, &out->pattern_count);
}

static bool take_rebind(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;

	return add_pattern(reader, word, out->rebind_allow, &out->rebind_allow_count);
}

/* ---- the whole ---- */

/* A relative path is seen from the folder of its file. */
static void read_anchor(const struct gp_config *config, struct dns_config *out)
{
	struct gp_config_item item;
	const char *slash = NULL;
	int folder = 0;

	if (gp_config_get(config, "resolver", "trust-anchor", &item) != GP_OK)
		return;
	if (item.path && item.value[0] != '/')
		slash = strrchr(item.path, '/');
	if (slash)
		folder = (int)(slash + 1 - item.path);
	snprintf(out->trust_anchor, sizeof(out->trust_anchor), "%.*s%s", folder,
		 folder ? item.path : "", item.value);
}

static void read_words(const struct gp_config *config, struct dns_config *out)
{
	static const char *const modes[] = {"off", "auto", "on", NULL};
	static const char *const rebind[] = {"allow", "refuse", NULL};
	static const char *const non_global[] = {"refuse", "allow", "auto", NULL};
	const char *const r = "resolver", *const n = "nat64";

	out->enable = !strcmp(gp_config_value(config, r, "enable"), "yes");
	out->filter_signed = !strcmp(gp_config_value(config, r, "filter-signed"), "yes");
	out->dnssec =
		dns_config_word(gp_config_value(config, r, "dnssec"), dns_dnssec_words);
	out->rebind = dns_config_word(gp_config_value(config, r, "rebind"), rebind);
	read_anchor(config, out);
	out->edns_size = (uint32_t)gp_config_integer(config, r, "edns-size");
	out->aaaa_timeout_ms =
		(uint32_t)gp_config_milliseconds(config, r, "aaaa-timeout");
	out->cache_size = gp_config_bytes(config, r, "cache-size");
	out->serve_stale_ms = gp_config_milliseconds(config, r, "serve-stale");
	out->nat64 = dns_config_word(gp_config_value(config, n, "mode"), modes);
	out->non_global =
		dns_config_word(gp_config_value(config, n, "non-global"), non_global);
}

static bool read_list(struct dns_reader *reader, const char *section, const char *key,
		      struct dns_list *list)
{
	reader->list = list;
	return dns_config_each(reader, section, key, take_prefix);
}

/* Bytes between members are compared as well: without this equal ones would differ. */
static void even_out_addr(struct gp_addr *addr)
{
	const size_t used = offsetof(struct gp_addr, family) + sizeof(addr->family);

	memset((uint8_t *)addr + used, 0, sizeof(*addr) - used);
}

static void even_out_prefixes(struct gp_prefix *list, size_t count)
{
	const size_t used = offsetof(struct gp_prefix, length) + sizeof(list->length);

	for (size_t i = 0; i < count; i++) {
		even_out_addr(&list[i].addr);
		memset((uint8_t *)&list[i] + used, 0, sizeof(list[i]) - used);
	}
}

static void even_out_endpoints(struct dns_endpoint *list, size_t count)
{
	_Static_assert(sizeof(list[0]) == sizeof(list[0].addr) + sizeof(list[0].port) +
						  sizeof(list[0].tls),
		       "nothing behind the members");
	for (size_t i = 0; i < count; i++)
		even_out_addr(&list[i].addr);
}

static void even_out(struct dns_config *config)
{
	even_out_endpoints(config->listen, DNS_LISTEN);
	even_out_endpoints(config->upstream, DNS_UPSTREAMS);
	even_out_prefixes(config->prefixes, DNS_PREFIXES);
	even_out_prefixes(config->ranges, DNS_PREFIXES);
	even_out_prefixes(config->allow.list, DNS_LIST);
	even_out_prefixes(config->exclude_a.list, DNS_LIST);
	even_out_prefixes(config->exclude_aaaa.list, DNS_LIST);
	even_out_prefixes(config->clients.list, DNS_LIST);
	for (size_t i = 0; i < DNS_ZONES; i++)
		even_out_endpoints(config->zones[i].upstream, DNS_ZONE_UPSTREAMS);
}

bool dns_config_from(const struct gp_config *config, struct dns_config *out,
		     char why[DNS_WHY])
{
	struct dns_reader reader = {.config = config, .out = out, .why = why};
	bool is_good;

	memset(out, 0, sizeof(*out));
	why[0] = '\0';
	read_words(config, out);
	is_good = dns_config_each(&reader, "resolver", "listen", take_listen) &&
		  dns_config_servers(&reader) &&
		  read_list(&reader, "resolver", "allow", &out->allow) &&
		  dns_config_each(&reader, "resolver", "rebind-allow", take_rebind) &&
		  dns_config_each(&reader, "nat64", "prefix", take_nat64) &&
		  read_list(&reader, "nat64", "exclude-a", &out->exclude_a) &&
		  read_list(&reader, "nat64", "exclude-aaaa", &out->exclude_aaaa) &&
		  read_list(&reader, "nat64", "clients", &out->clients) &&
		  dns_config_each(&reader, "nat64", "exclude-domains", take_pattern) &&
		  dns_config_each(&reader, "nat64", "ptr-name", take_ptr_name) &&
		  dns_config_zones(&reader);
	even_out(out);
	if (is_good || out->enable)
		return is_good;
	/* Nobody asks for it: what does not fit does no harm. */
	memset(out, 0, sizeof(*out));
	read_words(config, out);
	why[0] = '\0';
	return true;
}

/* ---- questions about it ---- */

bool dns_endpoint_equal(const struct dns_endpoint *a, const struct dns_endpoint *b)
{
	return a->port == b->port && gp_addr_equal(&a->addr, &b->addr);
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

static bool matches_any(const struct dns_pattern *list, size_t count, const uint8_t *name)
{
	for (size_t i = 0; i < count; i++) {
		const struct dns_pattern *pattern = &list[i];
		const bool is_it = wire_name_equal(name, pattern->name);
		if (pattern->kind == DNS_PATTERN_EXACT
			    ? is_it
			    : wire_name_within(name, pattern->name) &&
				      (pattern->kind == DNS_PATTERN_WITHIN || !is_it))
			return true;
	}
	return false;
}

bool dns_is_excluded(const struct dns_config *config, const uint8_t *name)
{
	return matches_any(config->exclude_domains, config->pattern_count, name);
}

bool dns_rebind_is_allowed(const struct dns_config *config, const uint8_t *name)
{
	return matches_any(config->rebind_allow, config->rebind_allow_count, name);
}

const struct dns_zone *dns_zone_of(const struct dns_config *config, const uint8_t *name)
{
	const struct dns_zone *found = NULL;

	for (size_t i = 0; i < config->zone_count; i++)
		if (wire_name_within(name, config->zones[i].name) &&
		    (!found || wire_name_length(config->zones[i].name) >
				       wire_name_length(found->name)))
			found = &config->zones[i];
	return found;
}

enum dns_dnssec dns_dnssec_of(const struct dns_config *config, const uint8_t *name,
			      uint16_t type)
{
	const uint8_t *owner = type == WIRE_DS && name[0] ? name + 1 + name[0] : name;
	const struct dns_zone *zone = dns_zone_of(config, owner);

	return (enum dns_dnssec)(zone ? zone->dnssec : config->dnssec);
}
