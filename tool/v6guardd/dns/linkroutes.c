/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkroutes.c - see linkroutes.h. */
#include <stdlib.h>
#include <string.h>

#include "linkroutes.h"
#include "resolvconf.h"

#define PORT 53
#define WORD 512

/* One link, while it is read. */
struct reader {
	const struct dns_config *config;
	uint32_t ifindex;
	bool is_managed, is_up, takes_all, is_for_domains;
	int default_route; /* -1: it does not say */
	struct link_servers servers;
	size_t name_count;
	uint8_t names[LINK_ROUTES][WIRE_NAME];
};

/* ---- lists ---- */

static bool has_server(const struct link_servers *list, const struct dns_endpoint *server)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].port == server->port &&
		    gp_addr_equal(&list->list[i].addr, &server->addr))
			return true;
	return false;
}

static void add_server(struct link_servers *list, const struct dns_endpoint *server)
{
	if (list->count < LINK_SERVERS && !has_server(list, server))
		list->list[list->count++] = *server;
}

static void add_servers(struct link_servers *list, const struct link_servers *more)
{
	for (size_t i = 0; i < more->count; i++)
		add_server(list, &more->list[i]);
}

/* ---- words ---- */

static bool read_port(const char *text, uint16_t *out)
{
	char *end;
	const unsigned long port = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || !port || port > 65535)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, then %IFINDEX, then #NAME, which is for TLS.
 */
static bool read_server(const struct reader *reader, char *word, struct dns_endpoint *out)
{
	char *address = word, *port = NULL, *end;

	*out = (struct dns_endpoint){.port = PORT};
	word[strcspn(word, "#")] = '\0';
	word[strcspn(word, "%")] = '\0';
	if (word[0] == '[') {
		address = word + 1;
		end = strchr(word, ']');
		if (!end || end[1] != ':')
			return false;
		*end = '\0';
		port = end + 2;
	} else if (strchr(word, '.') && !strstr(word, "::") && strchr(word, ':')) {
		port = strchr(word, ':');
		*port++ = '\0';
	}
	if ((port && !read_port(port, &out->port)) ||
	    gp_addr_parse(address, &out->addr) != GP_OK)
		return false;
	/* It does not say its own link. */
	if (out->addr.family == AF_INET6 && out->addr.bytes[0] == 0xfe &&
	    (out->addr.bytes[1] & 0xc0) == 0x80)
		out->addr.scope_id = reader->ifindex;
	return true;
}

static void take_server(struct reader *reader, char *word)
{
	struct dns_endpoint server;

	if (read_server(reader, word, &server) &&
	    !resolvconf_is_own(reader->config, &server) &&
	    !resolvconf_is_stub(&server.addr))
		add_server(&reader->servers, &server);
}

/* No server has anything to say about them. */
static bool is_special(const uint8_t *name)
{
	static const char *const special[] = {"localhost", "invalid", "onion"};
	uint8_t zone[WIRE_NAME];

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (wire_name_parse(special[i], zone) && wire_name_within(name, zone))
			return true;
	return false;
}

static void take_domain(struct reader *reader, const char *word, bool is_route)
{
	uint8_t *name = reader->names[reader->name_count];

	if (word[0] == '~') {
		is_route = true;
		word++;
	}
	if (!strcmp(word, ".")) {
		reader->takes_all = true;
		return;
	}
	reader->is_for_domains |= is_route;
	if (reader->name_count == LINK_ROUTES || strchr(word, '\\') ||
	    !wire_name_parse(word, name) || !name[0])
		return;
	wire_name_lower(name);
	if (!is_special(name))
		reader->name_count++;
}

/* ---- lines ---- */

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

/* As resolved has it: link_is_managed() and link_relevant(). */
static void take_word(struct reader *reader, const char *key, char *word)
{
	static const char *const unmanaged[] = {"pending", "initialized", "unmanaged",
						NULL};
	static const char *const up[] = {"unknown", "degraded", "degraded-carrier",
					 "routable", NULL};

	if (!strcmp(key, "ADMIN_STATE"))
		reader->is_managed = !is_one_of(word, unmanaged);
	else if (!strcmp(key, "OPER_STATE"))
		reader->is_up = is_one_of(word, up);
	else if (!strcmp(key, "DNS_DEFAULT_ROUTE"))
		reader->default_route = !strcmp(word, "yes");
	else if (!strcmp(key, "DNS"))
		take_server(reader, word);
	else if (!strcmp(key, "DOMAINS"))
		take_domain(reader, word, false);
	else if (!strcmp(key, "ROUTE_DOMAINS"))
		take_domain(reader, word, true);
}

/* LENGTH bytes LINE: KEY=WORD WORD..., of which the value may stand in quotes. */
static void take_line(struct reader *reader, const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length), *end = line + length, *at;
	char key[32], word[WORD];

	if (!equals || (size_t)(equals - line) >= sizeof(key))
		return;
	memcpy(key, line, (size_t)(equals - line));
	key[equals - line] = '\0';
	for (at = equals + 1; at < end;) {
		size_t used = 0;
		while (at + used < end && !strchr(" \t\r\"", at[used]))
			used++;
		if (used && used < sizeof(word)) {
			memcpy(word, at, used);
			word[used] = '\0';
			take_word(reader, key, word);
		}
		at += used + 1;
	}
}

static void take_link(struct link_routes *routes, const struct reader *reader)
{
	const bool is_usual = reader->default_route >= 0
				      ? reader->default_route
				      : reader->takes_all || !reader->is_for_domains;

	if (reader->takes_all)
		add_servers(&routes->all, &reader->servers);
	add_servers(is_usual ? &routes->usual : &routes->only, &reader->servers);
	for (size_t i = 0; i < reader->name_count; i++) {
		const uint8_t *name = reader->names[i];
		size_t at = 0;
		while (at < routes->count &&
		       !wire_name_equal(routes->list[at].name, name))
			at++;
		if (at == LINK_ROUTES)
			return;
		if (at == routes->count) {
			memcpy(routes->list[at].name, name, wire_name_length(name));
			routes->count++;
		}
		add_servers(&routes->list[at].servers, &reader->servers);
	}
}

void link_routes_add(struct link_routes *routes, const struct dns_config *config,
		     uint32_t ifindex, const char *text, size_t size)
{
	const char *end = text + size;
	struct reader reader = {
		.config = config, .ifindex = ifindex, .default_route = -1};

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const size_t length = (size_t)((stop ? stop : end) - text);
		take_line(&reader, text, length);
		text += length + 1;
	}
	if (reader.is_managed && reader.is_up && reader.servers.count)
		take_link(routes, &reader);
}

/* ---- questions about them ---- */

size_t link_routes_rest(const struct link_routes *routes, struct dns_endpoint *servers,
			size_t count, size_t max)
{
	size_t kept = 0;

	if (routes->all.count) {
		kept = routes->all.count < max ? routes->all.count : max;
		memcpy(servers, routes->all.list, kept * sizeof(servers[0]));
		return kept;
	}
	for (size_t i = 0; i < count; i++)
		if (!has_server(&routes->only, &servers[i]) ||
		    has_server(&routes->usual, &servers[i]))
			servers[kept++] = servers[i];
	return kept;
}

const struct link_route *link_routes_of(const struct link_routes *routes,
					const uint8_t *name)
{
	const struct link_route *found = NULL;

	for (size_t i = 0; i < routes->count; i++)
		if (wire_name_within(name, routes->list[i].name) &&
		    (!found || wire_name_length(routes->list[i].name) >
				       wire_name_length(found->name)))
			found = &routes->list[i];
	return found;
}
