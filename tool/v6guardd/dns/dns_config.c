/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config.c - see dns_config.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_config.h"

#define PORT 53
#define WORD 256

struct reader {
	const struct gp_config *config;
	const char *section, *key; /* that is being read */
	struct dns_config *out;
	struct dns_list *list; /* of take_prefix */
	char *why;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct reader *reader,
							 const char *format, ...)
{
	const int used =
		snprintf(reader->why, DNS_WHY, "[%s] %s: ", reader->section, reader->key);
	va_list args;

	va_start(args, format);
	if (used >= 0 && used < DNS_WHY)
		vsnprintf(reader->why + used, DNS_WHY - (size_t)used, format, args);
	va_end(args);
	return false;
}

/* Call TAKE with each word of a list. */
static bool each_word(struct reader *reader, const char *section, const char *key,
		      bool (*take)(struct reader *reader, const char *word))
{
	struct gp_config_item item;
	size_t pos = 0, length;
	const char *at;

	reader->section = section;
	reader->key = key;
	if (gp_config_get(reader->config, section, key, &item) != GP_OK)
		return true;
	while ((length = gp_config_next_word(item.value, &pos, &at)) > 0) {
		char word[WORD];
		if (length >= sizeof(word))
			return refuse(reader, "'%.60s...' is too long", at);
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

static bool take_listen(struct reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	struct dns_endpoint *to = &out->listen[out->listen_count];

	if (out->listen_count == DNS_LISTEN)
		return refuse(reader, "at most %d addresses", DNS_LISTEN);
	if (!gp_config_listen(word, &to->addr, &to->port))
		return refuse(reader, "'%s' is no address and port", word);
	for (uint32_t i = 0; i < out->listen_count; i++)
		if (is_in(to, &out->listen[i]) || is_in(&out->listen[i], to))
			return refuse(reader, "%s: part of what is listened on already",
				      word);
	out->listen_count++;
	return true;
}

/* ADDRESS[@PORT]. */
static bool read_server(struct reader *reader, const char *word, struct dns_endpoint *out)
{
	const size_t length = strcspn(word, "@");
	char text[WORD];

	if (!strncmp(word, "tls://", 6))
		return refuse(reader, "%s: TLS is not possible yet", word);
	memcpy(text, word, length);
	text[length] = '\0';
	if (gp_addr_parse(text, &out->addr) != GP_OK)
		return refuse(reader, "'%s': there is no such interface", word);
	out->port = word[length] ? (uint16_t)strtoul(word + length + 1, NULL, 10) : PORT;
	return true;
}

static bool take_upstream(struct reader *reader, const char *word)
{
	struct dns_config *out = reader->out;

	if (!strcmp(word, "resolv.conf")) {
		out->from_resolv_conf = true;
		return true;
	}
	if (!strcmp(word, "recursive"))
		return refuse(reader, "recursive is not possible yet: name servers to "
				      "forward to, or resolv.conf");
	if (out->upstream_count == DNS_UPSTREAMS)
		return refuse(reader, "at most %d servers", DNS_UPSTREAMS);
	if (!read_server(reader, word, &out->upstream[out->upstream_count]))
		return false;
	out->upstream_count++;
	return true;
}

static bool take_prefix(struct reader *reader, const char *word)
{
	struct dns_list *list = reader->list;

	if (list->count == DNS_LIST)
		return refuse(reader, "at most %d prefixes", DNS_LIST);
	return gp_prefix_parse(word, &list->list[list->count++]) == GP_OK;
}

/* `auto` finds none yet by itself: RFC 6147 5.2 has the Well-Known Prefix for that. */
static bool take_nat64(struct reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	const uint32_t i = out->prefix_count;
	const size_t length = strcspn(word, "=");
	char text[WORD];

	if (i == DNS_PREFIXES)
		return refuse(reader, "at most %d prefixes", DNS_PREFIXES);
	if (!strcmp(word, "auto"))
		snprintf(text, sizeof(text), "64:ff9b::/96");
	else
		snprintf(text, sizeof(text), "%.*s", (int)length, word);
	out->prefix_count++;
	return gp_prefix_parse(text, &out->prefixes[i]) == GP_OK &&
	       (!word[length] ||
		gp_prefix_parse(word + length + 1, &out->ranges[i]) == GP_OK);
}

static bool take_ptr_name(struct reader *reader, const char *word)
{
	uint8_t *name = reader->out->ptr_name;

	if (!wire_name_parse(word, name))
		return refuse(reader, "'%s' is no name", word);
	wire_name_lower(name);
	return true;
}

static bool take_pattern(struct reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	struct dns_pattern *to = &out->exclude_domains[out->pattern_count];

	if (out->pattern_count == DNS_PATTERNS)
		return refuse(reader, "at most %d patterns", DNS_PATTERNS);
	to->kind = word[0] == '='            ? DNS_PATTERN_EXACT
		   : !strncmp(word, "*.", 2) ? DNS_PATTERN_BELOW
					     : DNS_PATTERN_WITHIN;
	word += to->kind == DNS_PATTERN_EXACT ? 1 : to->kind == DNS_PATTERN_BELOW ? 2 : 0;
	if (!wire_name_parse(strcmp(word, "*") ? word : ".", to->name))
		return refuse(reader, "'%s' is no name", word);
	wire_name_lower(to->name);
	out->pattern_count++;
	return true;
}

/* ---- [forward] ---- */

static bool take_zone(struct reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	struct dns_zone *to = &out->zones[out->zone_count];

	if (out->zone_count == DNS_ZONES)
		return refuse(reader, "at most %d zones in all [forward] sections",
			      DNS_ZONES);
	if (!wire_name_parse(word, to->name))
		return refuse(reader, "'%s' is no name", word);
	wire_name_lower(to->name);
	to->upstream_count = 0;
	out->zone_count++;
	return true;
}

/* To the last zone. */
static bool take_zone_server(struct reader *reader, const char *word)
{
	struct dns_zone *zone = &reader->out->zones[reader->out->zone_count - 1];
	const size_t room = sizeof(zone->upstream) / sizeof(zone->upstream[0]);

	if (zone->upstream_count == room)
		return refuse(reader, "at most %zu servers", room);
	if (!strcmp(word, "resolv.conf") || !strcmp(word, "recursive"))
		return refuse(reader, "%s is not possible yet: name servers", word);
	if (!read_server(reader, word, &zone->upstream[zone->upstream_count]))
		return false;
	zone->upstream_count++;
	return true;
}

static bool take_forward(struct reader *reader, const char *section)
{
	struct dns_config *out = reader->out;
	const uint32_t first = out->zone_count;

	if (!each_word(reader, section, "zones", take_zone) || out->zone_count == first)
		return out->zone_count == first && !reader->why[0];
	if (!each_word(reader, section, "upstream", take_zone_server))
		return false;
	for (uint32_t i = first; i + 1 < out->zone_count; i++) {
		const struct dns_zone *last = &out->zones[out->zone_count - 1];
		out->zones[i].upstream_count = last->upstream_count;
		memcpy(out->zones[i].upstream, last->upstream, sizeof(last->upstream));
	}
	reader->key = "dnssec";
	if (strcmp(gp_config_value(reader->config, section, "dnssec"), "off") != 0)
		return refuse(reader, "only off is possible yet");
	return true;
}

static bool visit_forward(void *ctx, const struct gp_config_item *item)
{
	struct reader *reader = ctx;

	if (strncmp(item->section, "forward ", 8) != 0 || strcmp(item->key, "zones") != 0)
		return true;
	return take_forward(reader, item->section);
}

/* ---- the whole ---- */

static uint32_t index_of(const char *value, const char *const *words)
{
	uint32_t i = 0;

	while (words[i] && strcmp(words[i], value) != 0)
		i++;
	return i;
}

static void read_words(const struct gp_config *config, struct dns_config *out)
{
	static const char *const dnssec[] = {"off", "process", "validate", NULL};
	static const char *const modes[] = {"off", "auto", "on", NULL};
	static const char *const non_global[] = {"refuse", "allow", "auto", NULL};
	const char *const r = "resolver", *const n = "nat64";

	out->enable = !strcmp(gp_config_value(config, r, "enable"), "yes");
	out->filter_signed = !strcmp(gp_config_value(config, r, "filter-signed"), "yes");
	out->dnssec = index_of(gp_config_value(config, r, "dnssec"), dnssec);
	snprintf(out->trust_anchor, sizeof(out->trust_anchor), "%s",
		 gp_config_value(config, r, "trust-anchor"));
	out->edns_size = (uint32_t)gp_config_integer(config, r, "edns-size");
	out->aaaa_timeout_ms =
		(uint32_t)gp_config_milliseconds(config, r, "aaaa-timeout");
	out->cache_size = gp_config_bytes(config, r, "cache-size");
	out->serve_stale_ms = gp_config_milliseconds(config, r, "serve-stale");
	out->nat64 = index_of(gp_config_value(config, n, "mode"), modes);
	out->non_global = index_of(gp_config_value(config, n, "non-global"), non_global);
}

static bool read_list(struct reader *reader, const char *section, const char *key,
		      struct dns_list *list)
{
	reader->list = list;
	return each_word(reader, section, key, take_prefix);
}

bool dns_config_from(const struct gp_config *config, struct dns_config *out,
		     char why[DNS_WHY])
{
	struct reader reader = {.config = config, .out = out, .why = why};
	bool is_good;

	memset(out, 0, sizeof(*out));
	why[0] = '\0';
	read_words(config, out);
	is_good = each_word(&reader, "resolver", "listen", take_listen) &&
		  each_word(&reader, "resolver", "upstream", take_upstream) &&
		  read_list(&reader, "resolver", "allow", &out->allow) &&
		  each_word(&reader, "nat64", "prefix", take_nat64) &&
		  read_list(&reader, "nat64", "exclude-a", &out->exclude_a) &&
		  read_list(&reader, "nat64", "exclude-aaaa", &out->exclude_aaaa) &&
		  read_list(&reader, "nat64", "clients", &out->clients) &&
		  each_word(&reader, "nat64", "exclude-domains", take_pattern) &&
		  each_word(&reader, "nat64", "ptr-name", take_ptr_name);
	if (is_good) {
		gp_config_each(config, visit_forward, &reader);
		is_good = !why[0];
	}
	if (is_good || out->enable)
		return is_good;
	/* Nobody asks for it: what does not fit does no harm. */
	memset(out, 0, sizeof(*out));
	read_words(config, out);
	why[0] = '\0';
	return true;
}

/* ---- checks ---- */

static bool is_name_valid(const uint8_t name[WIRE_NAME])
{
	struct wire_in in = wire_read(name, WIRE_NAME);
	uint8_t copy[WIRE_NAME];

	/* Without a pointer: then the copy is the same bytes. */
	const size_t length = wire_name(&in, copy);
	return length && length == in.at && !memcmp(copy, name, length);
}

static bool is_endpoint_valid(const struct dns_endpoint *endpoint)
{
	return (endpoint->addr.family == AF_INET || endpoint->addr.family == AF_INET6) &&
	       endpoint->port;
}

static bool are_endpoints_valid(const struct dns_endpoint *list, size_t count, size_t max)
{
	bool is_good = count <= max;

	for (size_t i = 0; is_good && i < count; i++)
		is_good = is_endpoint_valid(&list[i]);
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
	for (size_t i = 0; is_good && i < config->zone_count; i++)
		is_good = is_name_valid(config->zones[i].name) &&
			  are_endpoints_valid(config->zones[i].upstream,
					      config->zones[i].upstream_count, 4);
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
	       config->from_resolv_conf <= 1 && config->dnssec <= DNS_DNSSEC_VALIDATE &&
	       config->nat64 <= DNS_ON && config->non_global <= DNS_NONGLOBAL_AUTO &&
	       config->edns_size >= 512 && config->edns_size <= 4096 &&
	       config->aaaa_timeout_ms >= 50 && config->aaaa_timeout_ms <= 10000 &&
	       config->cache_size >= 65536 && config->cache_size <= UINT64_C(64) << 30 &&
	       config->serve_stale_ms <= UINT64_C(30) * 24 * 3600 * 1000 &&
	       memchr(config->trust_anchor, '\0', sizeof(config->trust_anchor)) &&
	       are_endpoints_valid(config->listen, config->listen_count, DNS_LISTEN) &&
	       are_endpoints_valid(config->upstream, config->upstream_count,
				   DNS_UPSTREAMS) &&
	       is_list_valid(&config->allow) && is_list_valid(&config->exclude_a) &&
	       is_list_valid(&config->exclude_aaaa) && is_list_valid(&config->clients) &&
	       are_nat64_prefixes_valid(config) && are_names_valid(config);
}

/* ---- questions about it ---- */

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

bool dns_is_excluded(const struct dns_config *config, const uint8_t *name)
{
	for (size_t i = 0; i < config->pattern_count; i++) {
		const struct dns_pattern *pattern = &config->exclude_domains[i];
		const bool is_it = wire_name_equal(name, pattern->name);
		if (pattern->kind == DNS_PATTERN_EXACT
			    ? is_it
			    : wire_name_within(name, pattern->name) &&
				      (pattern->kind == DNS_PATTERN_WITHIN || !is_it))
			return true;
	}
	return false;
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
