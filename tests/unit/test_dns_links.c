/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which names are for the servers of one link: files of systemd-networkd as texts, and
 * what systemd-resolved makes of them (resolved-link.c, resolved-dns-scope.c of 252). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/dns/linkroutes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD                                                                             \
	"# This is private data. Do not parse.\nADMIN_STATE=configured\n"                \
	"OPER_STATE=routable\n"

/* The uplink file's servers are 192.0.2.1 and 192.0.2.80. */
static const struct {
	const char *what, *links[3];
	const char *routes, *rest;
} cases[] = {
	{"nothing", {NULL}, "", "192.0.2.1 192.0.2.80"},
	{"a link without names",
	 {HEAD "DNS=192.0.2.1\nDOMAINS=\nROUTE_DOMAINS=\n"},
	 "",
	 "192.0.2.1 192.0.2.80"},
	{"route domains: theirs alone",
	 {HEAD "DNS=192.0.2.1\n",
	  HEAD "DNS=192.0.2.80\nROUTE_DOMAINS=corp.example 10.in-addr.arpa\n"},
	 "corp.example. 192.0.2.80; 10.in-addr.arpa. 192.0.2.80; ",
	 "192.0.2.1"},
	{"search domains: theirs, and it is for other names as well",
	 {HEAD "DNS=192.0.2.80\nDOMAINS=Corp.Example\n"},
	 "corp.example. 192.0.2.80; ",
	 "192.0.2.1 192.0.2.80"},
	{"both kinds: for its own names",
	 {HEAD "DNS=192.0.2.80\nDOMAINS=a.example\nROUTE_DOMAINS=b.example\n"},
	 "a.example. 192.0.2.80; b.example. 192.0.2.80; ",
	 "192.0.2.1"},
	{"DNS_DEFAULT_ROUTE trumps that: yes",
	 {HEAD "DNS=192.0.2.80\nROUTE_DOMAINS=b.example\nDNS_DEFAULT_ROUTE=yes\n"},
	 "b.example. 192.0.2.80; ",
	 "192.0.2.1 192.0.2.80"},
	{"DNS_DEFAULT_ROUTE trumps that: no",
	 {HEAD "DNS=192.0.2.80\nDNS_DEFAULT_ROUTE=no\n"},
	 "",
	 "192.0.2.1"},
	{"a server of two links is for other names if one of them is",
	 {HEAD "DNS=192.0.2.80\nDNS_DEFAULT_ROUTE=no\n", HEAD "DNS=192.0.2.80\n"},
	 "",
	 "192.0.2.1 192.0.2.80"},
	{"~. takes all names that are nobody else's",
	 {HEAD "DNS=192.0.2.80\nROUTE_DOMAINS=.\n",
	  HEAD "DNS=192.0.2.1\nDOMAINS=lan.example\n"},
	 "lan.example. 192.0.2.1; ",
	 "192.0.2.80"},
	{"one name of two links: both links' servers",
	 {HEAD "DNS=192.0.2.80\nROUTE_DOMAINS=b.example\n",
	  HEAD "DNS=192.0.2.81 192.0.2.80\nROUTE_DOMAINS=b.example\n"},
	 "b.example. 192.0.2.80 192.0.2.81; ",
	 "192.0.2.1"},
	{"ports, names for TLS, quotes, the link's own addresses",
	 {HEAD "DNS=\"192.0.2.80:5353#dns.example [2001:db8::1]:54 2001:db8::2#x "
	       "fe80::1 fe80::2%7\"\nROUTE_DOMAINS=\"b.example\"\n"},
	 "b.example. 192.0.2.80@5353 2001:db8::1@54 2001:db8::2 fe80::1%1 fe80::2%1; ",
	 "192.0.2.1 192.0.2.80"},
	{"down, or not managed: as if it were not there",
	 {"ADMIN_STATE=configured\nOPER_STATE=carrier\nDNS=192.0.2.80\n"
	  "ROUTE_DOMAINS=b.example\n",
	  "ADMIN_STATE=unmanaged\nOPER_STATE=routable\nDNS=192.0.2.80\n"
	  "ROUTE_DOMAINS=b.example\n",
	  "DNS=192.0.2.80\nROUTE_DOMAINS=b.example\n"},
	 "",
	 "192.0.2.1 192.0.2.80"},
	{"without a server its names are nobody's",
	 {HEAD "DNS=\nROUTE_DOMAINS=b.example\n"},
	 "",
	 "192.0.2.1 192.0.2.80"},
	{"ourselves, and resolved's stub, are no servers",
	 {HEAD "DNS=127.0.0.64 127.0.0.53 127.0.0.54 192.0.2.80\nDOMAINS=b.example\n"},
	 "b.example. 192.0.2.80; ",
	 "192.0.2.1 192.0.2.80"},
	{"words that are none; names that are never asked for (RFC 6761, 7686)",
	 {HEAD "DNS=300.1.1.1 192.0.2.80:0 192.0.2.80:x [::1 [::g]:53 192.0.2.80\n"
	       "ROUTE_DOMAINS=a..b onion x.invalid localhost \\040x ~good.example "
	       "corp.local\nNO\n=x\n\nDNS\n"},
	 "good.example. 192.0.2.80; corp.local. 192.0.2.80; ",
	 "192.0.2.1"},
};

static void put_servers(char *out, size_t size, const struct dns_endpoint *list,
			size_t count)
{
	char text[GP_ADDR_TEXT], port[8];

	for (size_t i = 0; i < count; i++) {
		struct gp_addr addr = list[i].addr;
		const size_t used = strlen(out);
		char scope[16] = "";
		if (addr.scope_id)
			snprintf(scope, sizeof(scope), "%%%u", addr.scope_id);
		addr.scope_id = 0;
		snprintf(port, sizeof(port), "@%u", list[i].port);
		snprintf(out + used, size - used, "%s%s%s%s", i ? " " : "",
			 gp_addr_format(&addr, text), scope,
			 list[i].port == 53 ? "" : port);
	}
}

static void put_routes(char *out, size_t size, const struct link_routes *routes)
{
	char name[WIRE_NAME_TEXT];

	for (size_t i = 0; i < routes->count; i++) {
		const struct link_route *route = &routes->list[i];
		const size_t used = strlen(out);
		snprintf(out + used, size - used, "%s ",
			 wire_name_text(route->name, name));
		put_servers(out, size, route->servers.list, route->servers.count);
		strncat(out, "; ", size - strlen(out) - 1);
	}
}

static struct dns_config config_with_listener(void)
{
	static struct dns_endpoint listen = {.port = 53};

	assert_int_equal(gp_addr_parse("127.0.0.64", &listen.addr), GP_OK);
	return (struct dns_config){.listen_count = 1, .listen = &listen};
}

static void test_texts(void **state)
{
	const struct dns_config config = config_with_listener();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dns_endpoint servers[16] = {{.port = 53}, {.port = 53}};
		struct link_routes routes = {.count = 0};
		char got[1024] = "";
		size_t count;
		gp_addr_parse("192.0.2.1", &servers[0].addr);
		gp_addr_parse("192.0.2.80", &servers[1].addr);
		for (uint32_t j = 0; j < 3 && cases[i].links[j]; j++)
			link_routes_add(&routes, &config, j + 1, cases[i].links[j],
					strlen(cases[i].links[j]));
		put_routes(got, sizeof(got), &routes);
		if (strcmp(got, cases[i].routes) != 0)
			fail_msg("%s: routes '%s'", cases[i].what, got);
		count = link_routes_rest(&routes, servers, 2, 16);
		got[0] = '\0';
		put_servers(got, sizeof(got), servers, count);
		if (strcmp(got, cases[i].rest) != 0)
			fail_msg("%s: the rest '%s'", cases[i].what, got);
	}
}

static const struct link_route *route_of(const struct link_routes *routes,
					 const char *text)
{
	uint8_t name[WIRE_NAME];

	assert_true(wire_name_parse(text, name));
	return link_routes_of(routes, name);
}

static void test_longest(void **state)
{
	static const char outer[] = HEAD "DNS=192.0.2.80\nROUTE_DOMAINS=example\n";
	static const char inner[] = HEAD "DNS=192.0.2.81\nROUTE_DOMAINS=corp.example\n";
	const struct dns_config config = config_with_listener();
	struct link_routes routes = {.count = 0};

	(void)state;
	link_routes_add(&routes, &config, 1, outer, sizeof(outer) - 1);
	link_routes_add(&routes, &config, 2, inner, sizeof(inner) - 1);
	assert_ptr_equal(route_of(&routes, "a.corp.example"), &routes.list[1]);
	assert_ptr_equal(route_of(&routes, "corp.example"), &routes.list[1]);
	assert_ptr_equal(route_of(&routes, "xcorp.example"), &routes.list[0]);
	assert_null(route_of(&routes, "example.org"));
}

/* More than fits, and every beginning of a text: no byte behind it is read. */
static void test_bounds(void **state)
{
	const struct dns_config config = config_with_listener();
	struct link_routes routes = {.count = 0};
	char text[8192] = HEAD "DNS=";

	(void)state;
	for (int i = 1; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "192.0.2.%d ",
			 i);
	strcat(text, "\nROUTE_DOMAINS=");
	for (int i = 1; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "d%d.example ",
			 i);
	memset(text + strlen(text), 'x', 700);
	for (size_t size = 0; size <= strlen(text); size += 7) {
		char *copy = malloc(size + 1);
		memcpy(copy, text, size);
		copy = realloc(copy, size ? size : 1);
		link_routes_add(&routes, &config, 1, copy, size);
		free(copy);
	}
	assert_int_equal(routes.count, LINK_ROUTES);
	for (size_t i = 0; i < routes.count; i++)
		assert_int_equal(routes.list[i].servers.count, LINK_SERVERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
