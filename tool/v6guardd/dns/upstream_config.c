/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_config.c - see upstream_config.h. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "upstream_config.h"

static void put_server(FILE *to, const struct servers *servers,
		       const struct dns_endpoint *server)
{
	const struct dns_endpoint at = servers_reached_at(servers, server);
	char text[GP_ADDR_TEXT];

	fprintf(to, "  forward-addr: %s@%u", gp_addr_format(&at.addr, text), at.port);
	if (at.tls)
		fprintf(to, "#%s", dns_tls_name(servers->config, &at));
	putc('\n', to);
}

/* Who writes where, and which servers: they are to be asked one by one. */
struct writer {
	FILE *to;
	const struct servers *servers;
	upstream_choose_fn *choose;
	const void *ctx;
};

static void put_zone(const struct writer *writer, const uint8_t *name, uint32_t key,
		     const struct dns_endpoint *list, size_t count)
{
	const size_t at = count > 1 ? writer->choose(writer->ctx, key) : 0;
	char text[WIRE_NAME_TEXT];

	fprintf(writer->to, "forward-zone:\n  name: \"%s\"\n",
		wire_name_text(name, text));
	if (at >= count)
		return;
	if (list[at].tls)
		fputs("  forward-tls-upstream: yes\n", writer->to);
	put_server(writer->to, writer->servers, &list[at]);
}

/* What a [forward] section says of the same zone is what holds. */
static void put_routes(const struct writer *writer)
{
	const struct servers *servers = writer->servers;

	for (size_t i = 0; i < servers->routes.count; i++) {
		const struct link_route *route = &servers->routes.list[i];
		const struct dns_zone *zone = dns_zone_of(servers->config, route->name);
		if (!zone || !wire_name_equal(zone->name, route->name))
			put_zone(writer, route->name, SERVERS_ROUTE(i),
				 route->servers.list, route->servers.count);
	}
}

/* Some zone's server is reached by FAMILY. */
static bool any_server(const struct servers *servers, int family)
{
	const struct dns_config *config = servers->config;

	for (size_t i = 0; i < config->zone_count; i++)
		for (size_t j = 0; j < config->zones[i].upstream_count; j++)
			if (servers_reached_at(servers, &config->zones[i].upstream[j])
				    .addr.family == family)
				return true;
	return false;
}

/* A family that the host lacks would cost time at each name server that has it. */
static void put_families(FILE *to, const struct servers *servers, bool has_nat64)
{
	const struct gp_prefix *prefix = servers_recursion_prefix(servers);
	const struct upstream_network *network = &servers->network;
	char text[GP_PREFIX_TEXT];

	if (network->ipv4_usable && !network->ipv6_default &&
	    !any_server(servers, AF_INET6))
		fputs("  do-ip6: no\n", to);
	if (network->ipv4_usable || !network->ipv6_default)
		return;
	if (!any_server(servers, AF_INET))
		fputs("  do-ip4: no\n", to);
	if (has_nat64 && prefix)
		fprintf(to, "  do-nat64: yes\n  nat64-prefix: %s\n",
			gp_prefix_format(prefix, text));
}

/* A zone without `dnssec = validate` need not have a place in the signed tree. */
static void put_local(FILE *to, const struct dns_zone *zone)
{
	char name[WIRE_NAME_TEXT];

	wire_name_text(zone->name, name);
	fprintf(to, "  local-zone: \"%s\" transparent\n", name);
	if (zone->dnssec != DNS_DNSSEC_VALIDATE)
		fprintf(to, "  domain-insecure: \"%s\"\n", name);
}

void upstream_config_write(FILE *to, const struct servers *servers, bool has_nat64,
			   upstream_choose_fn *choose, const void *ctx)
{
	const struct dns_config *config = servers->config;
	const struct writer writer = {to, servers, choose, ctx};

	/* What libunbound would answer by itself, and a forwarder hands on. */
	fputs("server:\n  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n"
	      "  local-zone: \"home.arpa.\" nodefault\n"
	      "  local-zone: \"test.\" nodefault\n",
	      to);
	if (config->tls_count)
		fputs("  tls-system-cert: yes\n", to);
	if (config->is_recursive)
		put_families(to, servers, has_nat64);
	for (size_t i = 0; i < config->zone_count; i++)
		put_local(to, &config->zones[i]);
	if (!config->is_recursive)
		put_zone(&writer, (const uint8_t *)"", SERVERS_ALL, servers->list,
			 servers->count);
	for (size_t i = 0; i < config->zone_count; i++)
		put_zone(&writer, config->zones[i].name,
			 SERVERS_FORWARD(config->zones[i].forward),
			 config->zones[i].upstream, config->zones[i].upstream_count);
	put_routes(&writer);
}

static bool set_zones(struct ub_ctx *ub_ctx, const struct servers *servers,
		      upstream_choose_fn *choose, const void *ctx)
{
	const int fd = memfd_create("zones", MFD_CLOEXEC);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
	char path[32];
	bool is_good;

	if (!to) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	upstream_config_write(to, servers, ub.has_nat64, choose, ctx);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	is_good = !fflush(to) && !ub.config(ub_ctx, path);
	fclose(to);
	return is_good;
}

/*
 * Found by experiment: with the default outgoing-range silent servers starve good ones
 * (a socket is taken for as long as one waits, and SERVE_LOOKUPS may wait), and each name
 * would be retried for 17 s, by closing the socket on which a late answer may come, and
 * by asking again for what the server has said: three packets for each error. So each
 * context asks once, and keeps its socket for as long as a question may take; whether,
 * whom and how to ask again is upstream_walk.c's. (Who validates asks once more, with CD,
 * when a server that validates as well refuses to say what is bogus.) A server whose
 * silence was seen for 15 s is not asked at all: upstream_group.c makes a context anew
 * before that. The name servers of others, for `recursive`, are libunbound's own affair:
 * questions go out at 0, 0.4, 1.2 and 2.8 s, and they are too many to learn anew each 5
 * seconds.
 *
 * Ten connections are soon taken by servers that are silent by TCP. Segments above 1220
 * bytes may never come by a way that does not say how narrow it is.
 *
 * Its cache is asked for nothing that ours has not got. One that stays in the processor's
 * own makes a name 9 % cheaper; who validates finds keys there, who recurses delegations.
 */
static bool set_options(struct ub_ctx *ctx, const struct servers *servers, bool validates,
			bool by_tcp)
{
	const bool recurses = servers->config->is_recursive;
	const bool finds = validates || recurses;
	const char *const options[][2] = {
		{"module-config:", validates ? "validator iterator" : "iterator"},
		{"outgoing-range:", "2048"},
		{"num-queries-per-thread:", "2048"},
		{"infra-cache-min-rtt:", recurses ? "400" : "5000"},
		{"outbound-msg-retry:", recurses    ? "3"
					: validates ? "2"
						    : "1"},
		{"infra-host-ttl:", recurses ? "60" : "5"},
		{"tcp-upstream:", by_tcp ? "yes" : "no"},
		{"outgoing-num-tcp:", "64"},
		{"outgoing-tcp-mss:", "1220"},
		{"cache-max-ttl:", "604800"}, /* it cuts TTLs to that, 1 day else */
		{"do-not-query-localhost:", "no"},
		{"prefer-ip6:", "yes"},
		{"qname-minimisation:", recurses ? "yes" : "no"}, /* RFC 9156 */
		{"msg-cache-size:", finds ? "1m" : "64k"},
		{"rrset-cache-size:", recurses ? "4m"
				      : finds  ? "2m"
					       : "128k"},
	};
	char size[16];

	snprintf(size, sizeof(size), "%u", servers->config->edns_size);
	if (ub.set_option(ctx, "edns-buffer-size:", size) != 0)
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (ub.set_option(ctx, options[i][0], options[i][1]) != 0)
			return false;
	return true;
}

bool upstream_config_set(struct ub_ctx *ub_ctx, const struct servers *servers,
			 bool validates, bool by_tcp, upstream_choose_fn *choose,
			 const void *ctx)
{
	if (servers->config->tls_count && !ub.has_tls)
		return false;
	return set_options(ub_ctx, servers, validates, by_tcp) &&
	       set_zones(ub_ctx, servers, choose, ctx) &&
	       (!validates || !ub.add_anchors(ub_ctx, servers->config->trust_anchor));
}
