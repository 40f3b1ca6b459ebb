/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_dns_servers.c - any bytes as resolv.conf, and as what systemd-networkd says of a
 * link: whatever comes out can be asked, and is not ourselves. */
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/dns/linkroutes.h"
#include "tool/v6guardd/dns/resolvconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check_servers(const struct dns_config *config,
			  const struct dns_endpoint *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expect(list[i].addr.family == AF_INET || list[i].addr.family == AF_INET6);
		expect(list[i].port && !list[i].tls);
		expect(!resolvconf_is_own(config, &list[i]));
	}
}

static void check_links(const struct dns_config *config, const char *text, size_t size)
{
	struct link_routes routes = {.count = 0};
	struct dns_endpoint servers[8] = {{.port = 53}};

	servers[0].addr = gp_addr_make(AF_INET, "\xc0\0\2\1", 0);
	link_routes_add(&routes, config, 7, text, size);
	link_routes_add(&routes, config, 8, text, size);
	expect(routes.count <= LINK_ROUTES);
	for (size_t i = 0; i < routes.count; i++) {
		const struct link_route *route = &routes.list[i];
		expect(route->name[0] && wire_name_length(route->name) <= WIRE_NAME);
		expect(route->servers.count && route->servers.count <= LINK_SERVERS);
		check_servers(config, route->servers.list, route->servers.count);
		expect(link_routes_of(&routes, route->name) == route);
	}
	check_servers(config, servers, link_routes_rest(&routes, servers, 1, 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dns_endpoint listen = {
		.addr = gp_addr_make(AF_INET, "\x7f\0\0\x40", 0), .port = 53};
	const struct dns_config config = {.listen_count = 1, .listen = &listen};
	struct dns_endpoint servers[4];
	const char *text = (const char *)data;
	struct resolvconf_seen seen;
	size_t count;

	count = resolvconf_read(text, size, &config, 3, servers, 4, &seen);
	expect(count <= 4);
	check_servers(&config, servers, count);
	check_links(&config, text, size);
	return 0;
}
