/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_servers.c - whom to ask: [resolver] upstream and [forward]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns_config_private.h"

#define PORT 53
#define TLS_PORT 853 /* RFC 7858 3.1 */

const char *const dns_dnssec_words[] = {"off", "process", "validate", "trust", NULL};

uint32_t dns_config_word(const char *value, const char *const *words)
{
	uint32_t i = 0;

	while (words[i] && strcmp(words[i], value) != 0)
		i++;
	return i;
}

/* `listed` is the default, and not the same as nothing. */
static uint32_t read_order(struct dns_reader *reader, const char *section)
{
	struct gp_config_item item;

	if (!dns_config_at(reader, section, "order", &item) || !item.path)
		return DNS_UNORDERED;
	return !strcmp(item.value, "fastest") ? DNS_FASTEST : DNS_LISTED;
}

/* ---- servers ---- */

static bool take_tls_name(struct dns_reader *reader, const char *name,
			  struct dns_endpoint *to)
{
	struct dns_config *out = reader->out;
	const char **kept;
	uint32_t i = 0;

	if (name[strspn(name, DNS_TLS_NAME_CHARS)])
		return dns_config_refuse(reader,
					 "#%s: the name in a certificate has letters, "
					 "digits, '-' and '.' alone",
					 name);
	while (i < out->tls_count && strcmp(out->tls_names[i], name) != 0)
		i++;
	to->tls = (uint16_t)(i + 1);
	if (i < out->tls_count)
		return true;
	if (i == DNS_TLS_NAMES)
		return dns_config_refuse(reader, "at most %d names of TLS servers",
					 DNS_TLS_NAMES);
	kept = gp_pool_add(reader->pool, &out->tls_names, &out->tls_count, sizeof(*kept));
	if (!kept || !(*kept = gp_pool_copy(reader->pool, name, strlen(name))))
		return dns_config_no_memory(reader);
	return true;
}

/* ADDRESS[@PORT], tls://ADDRESS[@PORT]#NAME; they were checked as words. */
static bool read_server(struct dns_reader *reader, const char *word,
			struct dns_endpoint *out)
{
	const bool is_tls = !strncmp(word, "tls://", 6);
	char text[DNS_WORD];
	char *port, *name;

	strcpy(text, word + (is_tls ? 6 : 0));
	name = strchr(text, '#');
	if (name)
		*name++ = '\0';
	port = strchr(text, '@');
	if (port)
		*port++ = '\0';
	if (gp_addr_parse(text, &out->addr) != GP_OK)
		return dns_config_refuse(reader, "'%s': there is no such interface",
					 word);
	out->port = port ? (uint16_t)strtoul(port, NULL, 10) : is_tls ? TLS_PORT : PORT;
	out->tls = 0;
	return !is_tls || (name && take_tls_name(reader, name, out));
}

/* A question goes to any of them. LIST leads to their pointer. */
static bool add_server(struct dns_reader *reader, const char *word,
		       const struct dns_endpoint **list, uint32_t *count, uint32_t room)
{
	struct dns_endpoint one, *to;

	if (*count == room)
		return dns_config_refuse(reader, "at most %u servers", room);
	if (!read_server(reader, word, &one))
		return false;
	if (dns_listens_on(reader->out, &one))
		return dns_config_refuse(
			reader, "%s: there the resolver listens, and would ask itself",
			word);
	if (*count && !one.tls != !(*list)[0].tls)
		return dns_config_refuse(
			reader,
			"%s: tls:// and plain servers cannot stand together, as each "
			"question may go to any of them",
			word);
	to = gp_pool_add(reader->pool, list, count, sizeof(*to));
	if (!to)
		return dns_config_no_memory(reader);
	*to = one;
	return true;
}

static bool take_upstream(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;

	/* These stand alone. */
	if (!strcmp(word, "resolv.conf"))
		out->from_resolv_conf = true;
	else if (!strcmp(word, "recursive"))
		out->is_recursive = true;
	else
		return add_server(reader, word, &out->upstream, &out->upstream_count,
				  DNS_UPSTREAMS);
	return true;
}

bool dns_config_servers(struct dns_reader *reader)
{
	reader->out->order = read_order(reader, "resolver");
	return dns_config_each(reader, "resolver", "upstream", take_upstream);
}

/* ---- [forward] ---- */

/* One that is there already: which section it is of is settled. */
static bool take_again(struct dns_reader *reader, const char *word, uint32_t at)
{
	struct dns_config *out = reader->out;
	struct dns_zone *zone = &out->zones[at];
	const uint32_t here = out->forward_count - 1;
	const bool was_word = reader->is_of_word[at];

	/* A zone that is said stands before the same one of a word like rfc1918. */
	if (reader->is_word && (!was_word || zone->forward == here))
		return true;
	if (was_word && !reader->is_word) {
		zone->forward = here;
		reader->is_of_word[at] = false;
		return true;
	}
	return dns_config_refuse(reader, "'%s' is said twice", word);
}

static bool take_zone(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	uint8_t name[WIRE_NAME];
	struct dns_zone *to;
	uint32_t *value;

	if (!wire_name_parse(word, name))
		return dns_config_refuse(reader, "'%s' is not a name", word);
	const uint8_t *kept = dns_config_keep_name(reader, name);
	value = kept ? name_tree_add(reader->taken, kept) : NULL;
	if (!value)
		return dns_config_no_memory(reader);
	if (*value)
		return take_again(reader, word, *value - 1);
	if (out->zone_count == DNS_ZONES)
		return dns_config_refuse(
			reader, "at most %d zones in all [forward] sections", DNS_ZONES);
	reader->is_of_word[out->zone_count] = reader->is_word;
	*value = out->zone_count + 1;
	to = gp_pool_add(reader->pool, &out->zones, &out->zone_count, sizeof(*to));
	if (!to)
		return dns_config_no_memory(reader);
	to->name = kept;
	to->forward = out->forward_count - 1;
	return true;
}

/* ---- words that stand for zones ---- */

/* The names of addresses that are some site's own, and no public server knows: FORMAT
 * with each number from FIRST to LAST. */
static const struct {
	const char *word, *format;
	unsigned first, last;
} own_zones[] = {
	{"rfc1918", "10.in-addr.arpa", 0, 0}, /* RFC 6303 4.1 */
	{"rfc1918", "%u.172.in-addr.arpa", 16, 31},
	{"rfc1918", "168.192.in-addr.arpa", 0, 0},
	{"cgnat", "%u.100.in-addr.arpa", 64, 127}, /* RFC 7793 */
	{"ula", "d.f.ip6.arpa", 0, 0},             /* RFC 6303 4.4 */
	{"link-local", "254.169.in-addr.arpa", 0, 0},
	{"link-local", "8.e.f.ip6.arpa", 0, 0}, /* RFC 6303 4.5 */
	{"link-local", "9.e.f.ip6.arpa", 0, 0},
	{"link-local", "a.e.f.ip6.arpa", 0, 0},
	{"link-local", "b.e.f.ip6.arpa", 0, 0},
};

/* A name, or a word for several; in either capitals are small letters. */
static bool take_zones(struct dns_reader *reader, const char *word)
{
	bool is_good = true;

	reader->is_word = false;
	for (size_t i = 0; i < sizeof(own_zones) / sizeof(own_zones[0]); i++) {
		if (strcasecmp(own_zones[i].word, word) != 0)
			continue;
		reader->is_word = true;
		for (unsigned n = own_zones[i].first; is_good && n <= own_zones[i].last;
		     n++) {
			const char *rest = strchr(own_zones[i].format, '%');
			char name[40];
			if (rest)
				snprintf(name, sizeof(name), "%u%s", n, rest + 2);
			else
				snprintf(name, sizeof(name), "%s", own_zones[i].format);
			is_good = take_zone(reader, name);
		}
	}
	return reader->is_word ? is_good : take_zone(reader, word);
}

/* A file has names alone. */
static bool take_zone_line(struct dns_reader *reader, const char *word)
{
	reader->is_word = false;
	return take_zone(reader, word);
}

static bool take_zone_server(struct dns_reader *reader, const char *word)
{
	return add_server(reader, word, &reader->forward->upstream,
			  &reader->forward->upstream_count, DNS_ZONE_UPSTREAMS);
}

static bool fits(struct dns_reader *reader)
{
	return dns_zone_servers(reader->out) <= DNS_ZONE_SERVERS ||
	       dns_config_refuse(reader,
				 "at most %d servers of all zones, those of one section "
				 "counted for each of its zones",
				 DNS_ZONE_SERVERS);
}

static bool take_forward(struct dns_reader *reader, const char *section)
{
	struct dns_config *out = reader->out;

	reader->forward = gp_pool_add(reader->pool, &out->forwards, &out->forward_count,
				      sizeof(*reader->forward));
	if (!reader->forward)
		return dns_config_no_memory(reader);
	reader->forward->dnssec = dns_config_word(
		gp_config_value(reader->config, section, "dnssec"), dns_dnssec_words);
	reader->forward->order = read_order(reader, section);
	return dns_config_each(reader, section, "zones", take_zones) &&
	       dns_config_each_line(reader, section, "zones-file", take_zone_line) &&
	       dns_config_each(reader, section, "upstream", take_zone_server) &&
	       fits(reader) &&
	       dns_config_trust(reader, section, reader->forward->dnssec,
				reader->forward->upstream,
				reader->forward->upstream_count);
}

static bool visit_forward(void *ctx, const struct gp_config_item *item)
{
	struct dns_reader *reader = ctx;

	if (strncmp(item->section, "forward ", 8) != 0 ||
	    strcmp(item->key, "upstream") != 0)
		return true;
	return take_forward(reader, item->section);
}

bool dns_config_zones(struct dns_reader *reader)
{
	reader->taken = name_tree_new(reader->pool);
	reader->is_of_word = gp_pool_get(reader->pool, DNS_ZONES);
	if (!reader->taken || !reader->is_of_word)
		return dns_config_no_memory(reader);
	gp_config_each(reader->config, visit_forward, reader);
	return !reader->why[0];
}
