/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_servers.c - whom to ask: [resolver] upstream and [forward]. */
#include <stdlib.h>
#include <string.h>

#include "dns_config_private.h"

#define PORT 53
#define TLS_PORT 853 /* RFC 7858 3.1 */

const char *const dns_dnssec_words[] = {"off", "process", "validate", NULL};

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
	uint32_t i = 0;

	if (strlen(name) >= sizeof(out->tls_names[0]) ||
	    name[strspn(name, DNS_TLS_NAME_CHARS)])
		return dns_config_refuse(reader,
					 "#%s: the name in a certificate has letters, "
					 "digits, '-' and '.' alone",
					 name);
	while (i < out->tls_count && strcmp(out->tls_names[i], name) != 0)
		i++;
	if (i == DNS_TLS_NAMES)
		return dns_config_refuse(reader, "at most %d names of TLS servers",
					 DNS_TLS_NAMES);
	if (i == out->tls_count)
		strcpy(out->tls_names[out->tls_count++], name);
	to->tls = (uint16_t)(i + 1);
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

/* A question goes to any of them. */
static bool add_server(struct dns_reader *reader, const char *word,
		       struct dns_endpoint *list, uint32_t *count, uint32_t room)
{
	if (*count == room)
		return dns_config_refuse(reader, "at most %u servers", room);
	if (!read_server(reader, word, &list[*count]))
		return false;
	if (dns_listens_on(reader->out, &list[*count]))
		return dns_config_refuse(
			reader, "%s: there the resolver listens, and would ask itself",
			word);
	if (!list[*count].tls != !list[0].tls)
		return dns_config_refuse(
			reader,
			"%s: tls:// and plain servers cannot stand together, as each "
			"question may go to any of them",
			word);
	(*count)++;
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
		return add_server(reader, word, out->upstream, &out->upstream_count,
				  DNS_UPSTREAMS);
	return true;
}

bool dns_config_servers(struct dns_reader *reader)
{
	reader->out->order = read_order(reader, "resolver");
	return dns_config_each(reader, "resolver", "upstream", take_upstream);
}

/* ---- [forward] ---- */

static bool take_zone(struct dns_reader *reader, const char *word)
{
	struct dns_config *out = reader->out;
	struct dns_zone *to = &out->zones[out->zone_count];

	if (out->zone_count == DNS_ZONES)
		return dns_config_refuse(
			reader, "at most %d zones in all [forward] sections", DNS_ZONES);
	if (!wire_name_parse(word, to->name))
		return dns_config_refuse(reader, "'%s' is no name", word);
	wire_name_lower(to->name);
	for (const struct dns_zone *other = out->zones; other < to; other++)
		if (wire_name_equal(other->name, to->name))
			return dns_config_refuse(reader, "'%s' is said twice", word);
	to->upstream_count = 0;
	out->zone_count++;
	return true;
}

/* To the last zone. */
static bool take_zone_server(struct dns_reader *reader, const char *word)
{
	struct dns_zone *zone = &reader->out->zones[reader->out->zone_count - 1];

	return add_server(reader, word, zone->upstream, &zone->upstream_count,
			  DNS_ZONE_UPSTREAMS);
}

static bool take_forward(struct dns_reader *reader, const char *section)
{
	struct dns_config *out = reader->out;
	const uint32_t first = out->zone_count;
	struct dns_zone *last;

	if (!dns_config_each(reader, section, "zones", take_zone))
		return false;
	if (out->zone_count == first)
		return true;
	if (!dns_config_each(reader, section, "upstream", take_zone_server))
		return false;
	last = &out->zones[out->zone_count - 1];
	last->dnssec = dns_config_word(gp_config_value(reader->config, section, "dnssec"),
				       dns_dnssec_words);
	last->order = read_order(reader, section);
	for (struct dns_zone *zone = &out->zones[first]; zone < last; zone++) {
		zone->dnssec = last->dnssec;
		zone->order = last->order;
		zone->upstream_count = last->upstream_count;
		memcpy(zone->upstream, last->upstream, sizeof(last->upstream));
	}
	return true;
}

static bool visit_forward(void *ctx, const struct gp_config_item *item)
{
	struct dns_reader *reader = ctx;

	if (strncmp(item->section, "forward ", 8) != 0 || strcmp(item->key, "zones") != 0)
		return true;
	return take_forward(reader, item->section);
}

bool dns_config_zones(struct dns_reader *reader)
{
	gp_config_each(reader->config, visit_forward, reader);
	return !reader->why[0];
}
