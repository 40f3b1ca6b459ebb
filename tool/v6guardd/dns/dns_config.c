/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config.c - see dns_config.h. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dns_config_private.h"
#include "guard/idna.h"

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

bool dns_config_no_memory(struct dns_reader *reader)
{
	return dns_config_refuse(reader, "no memory");
}

const uint8_t *dns_config_keep_name(struct dns_reader *reader, uint8_t *name)
{
	wire_name_lower(name);
	return gp_pool_copy(reader->pool, name, wire_name_length(name));
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

static enum gp_status take_line(void *ctx, const char *path, unsigned line,
				unsigned column, const char *word)
{
	struct dns_reader *reader = ctx;

	(void)column;
	reader->path = path;
	reader->line = line;
	return word && reader->take(reader, word) ? GP_OK : GP_SYNTAX;
}

bool dns_config_each_line(struct dns_reader *reader, const char *section, const char *key,
			  bool (*take)(struct dns_reader *reader, const char *word))
{
	struct gp_config_item item;
	size_t pos = 0, length;
	const char *at;

	if (!dns_config_at(reader, section, key, &item) || !item.path)
		return true;
	reader->take = take;
	while ((length = gp_config_next_word(item.value, &pos, &at)) > 0) {
		struct gp_diag diag = {.status = GP_OK};
		char file[DNS_WORD];
		snprintf(file, sizeof(file), "%.*s", (int)length, at);
		if (gp_config_list_each(reader->config, item.path, file, take_line,
					reader, &diag) == GP_OK)
			continue;
		reader->path = item.path;
		reader->line = item.line;
		return reader->why[0] ? false
				      : dns_config_refuse(reader, "cannot read %s: %s",
							  file, diag.text);
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
	struct dns_endpoint one = {.port = 0}, *to;

	if (out->listen_count == DNS_LISTEN)
		return dns_config_refuse(reader, "at most %d addresses", DNS_LISTEN);
	if (!gp_config_listen(word, &one.addr, &one.port))
		return dns_config_refuse(reader, "'%s' is not an address and port", word);
	for (uint32_t i = 0; i < out->listen_count; i++)
		if (is_in(&one, &out->listen[i]) || is_in(&out->listen[i], &one))
			return dns_config_refuse(
				reader, "%s: part of what is listened on already", word);
	to = gp_pool_add(reader->pool, &out->listen, &out->listen_count, sizeof(*to));
	if (!to)
		return dns_config_no_memory(reader);
	*to = one;
	return true;
}

static bool take_prefix(struct dns_reader *reader, const char *word)
{
	struct dns_list *list = reader->list;
	struct gp_prefix *to;

	if (list->count == DNS_LIST)
		return dns_config_refuse(reader, "at most %d prefixes", DNS_LIST);
	to = gp_pool_add(reader->pool, &list->list, &list->count, sizeof(*to));
	return to ? gp_prefix_parse(word, to) == GP_OK : dns_config_no_memory(reader);
}

/* `auto` finds none yet by itself: RFC 6147 5.2 has the Well-Known Prefix for that. */
static bool take_nat64(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	const size_t length = strcspn(word, "=");
	struct gp_prefix *prefix, *range;
	char text[DNS_WORD];

	if (out->prefix_count == DNS_PREFIXES)
		return dns_config_refuse(reader, "at most %d prefixes", DNS_PREFIXES);
	if (!strcmp(word, "auto"))
		snprintf(text, sizeof(text), "64:ff9b::/96");
	else
		snprintf(text, sizeof(text), "%.*s", (int)length, word);
	prefix = gp_pool_add(reader->pool, &out->prefixes, &out->prefix_count,
			     sizeof(*prefix));
	range = gp_pool_add(reader->pool, &out->ranges, &out->range_count,
			    sizeof(*range));
	if (!prefix || !range)
		return dns_config_no_memory(reader);
	range->addr.family = AF_INET;
	return gp_prefix_parse(text, prefix) == GP_OK &&
	       (!word[length] || gp_prefix_parse(word + length + 1, range) == GP_OK);
}

static bool take_ptr_name(struct dns_reader *reader, const char *word)
{
	uint8_t *name = reader->out->ptr_name;

	if (!wire_name_parse(word, name))
		return dns_config_refuse(reader, "'%s' is not a name", word);
	wire_name_lower(name);
	return true;
}

/* LIST leads to their pointer. */
static bool add_pattern(struct dns_reader *reader, const char *word,
			const struct dns_pattern **list, uint32_t *count)
{
	char ascii[GP_IDNA_MAX] = "";
	uint8_t name[WIRE_NAME];
	struct dns_pattern *to;
	const char *problem;
	uint32_t kind;

	if (*count == DNS_PATTERNS)
		return dns_config_refuse(reader, "at most %d patterns", DNS_PATTERNS);
	kind = word[0] == '='            ? DNS_PATTERN_EXACT
	       : !strncmp(word, "*.", 2) ? DNS_PATTERN_BELOW
					 : DNS_PATTERN_WITHIN;
	word += kind == DNS_PATTERN_EXACT ? 1 : kind == DNS_PATTERN_BELOW ? 2 : 0;
	if (strcmp(word, "*") != 0 && gp_idna_to_ascii(word, ascii, &problem) != GP_OK)
		return dns_config_refuse(reader, "'%s': %s", word, problem);
	if (!wire_name_parse(ascii, name))
		return dns_config_refuse(reader, "'%s' is not a name", word);
	to = gp_pool_add(reader->pool, list, count, sizeof(*to));
	if (!to || !(to->name = dns_config_keep_name(reader, name)))
		return dns_config_no_memory(reader);
	to->kind = kind;
	return true;
}

static bool take_pattern(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;

	return add_pattern(reader, word, &out->exclude_domains, &out->pattern_count);
}

static bool take_rebind(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;

	return add_pattern(reader, word, &out->rebind_allow, &out->rebind_allow_count);
}

/* ---- the whole ---- */

/* A relative path is seen from the folder of its file. */
static void read_anchor(struct dns_reader *reader)
{
	struct gp_config_item item;
	const char *slash = NULL;
	size_t folder = 0, length;
	char *path;

	if (gp_config_get(reader->config, "resolver", "trust-anchor", &item) != GP_OK)
		return;
	if (item.path && item.value[0] != '/')
		slash = strrchr(item.path, '/');
	if (slash)
		folder = (size_t)(slash + 1 - item.path);
	length = strlen(item.value);
	path = gp_pool_get(reader->pool, folder + length + 1);
	if (!path)
		return;
	if (folder)
		memcpy(path, item.path, folder);
	memcpy(path + folder, item.value, length);
	reader->out->trust_anchor = path;
}

static void read_words(struct dns_reader *reader)
{
	const struct gp_config *config = reader->config;
	struct dns_config *out = reader->out;
	static const char *const modes[] = {"off", "auto", "on", NULL};
	static const char *const rebind[] = {"allow", "refuse", NULL};
	static const char *const non_global[] = {"refuse", "allow", "auto", NULL};
	const char *const r = "resolver", *const n = "nat64";

	out->enable = !strcmp(gp_config_value(config, r, "enable"), "yes");
	out->filter_signed = !strcmp(gp_config_value(config, r, "filter-signed"), "yes");
	out->dnssec =
		dns_config_word(gp_config_value(config, r, "dnssec"), dns_dnssec_words);
	out->rebind = dns_config_word(gp_config_value(config, r, "rebind"), rebind);
	out->trust_anchor = "";
	read_anchor(reader);
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

bool dns_config_from(const struct gp_config *config, struct gp_pool *pool,
		     struct dns_config *out, char why[DNS_WHY])
{
	struct dns_reader reader = {
		.config = config, .pool = pool, .out = out, .why = why};
	bool is_good;

	memset(out, 0, sizeof(*out));
	why[0] = '\0';
	read_words(&reader);
	is_good = dns_config_each(&reader, "resolver", "listen", take_listen) &&
		  dns_config_servers(&reader) &&
		  dns_config_trust(&reader, "resolver", out->dnssec, out->upstream,
				   out->upstream_count) &&
		  read_list(&reader, "resolver", "allow", &out->allow) &&
		  dns_config_each(&reader, "resolver", "rebind-allow", take_rebind) &&
		  dns_config_each(&reader, "nat64", "prefix", take_nat64) &&
		  read_list(&reader, "nat64", "exclude-a", &out->exclude_a) &&
		  read_list(&reader, "nat64", "exclude-aaaa", &out->exclude_aaaa) &&
		  read_list(&reader, "nat64", "clients", &out->clients) &&
		  dns_config_each(&reader, "nat64", "exclude-domains", take_pattern) &&
		  dns_config_each_line(&reader, "nat64", "exclude-domains-file",
				       take_pattern) &&
		  dns_config_each(&reader, "nat64", "ptr-name", take_ptr_name) &&
		  dns_config_zones(&reader) &&
		  (dns_config_index(out, pool) || dns_config_no_memory(&reader));
	if (is_good || out->enable)
		return is_good;
	/* Nobody asks for it: what does not fit does no harm. */
	memset(out, 0, sizeof(*out));
	read_words(&reader);
	why[0] = '\0';
	return true;
}
