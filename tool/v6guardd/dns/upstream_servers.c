/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_servers.c - see upstream_servers.h. */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "paths.h"
#include "resolvconf.h"
#include "upstream_servers.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* Behind systemd-resolved's stub. */
#define RESOLV_UPLINK "/run/systemd/resolve/resolv.conf"
#define LOOK_EVERY_MS 250
#define TEXT 65536
/* Whoever writes a file in place empties it first, and may take a moment. */
#define HALF_WRITTEN_MS 1000
#define EMPTY_MS 2000
_Static_assert(UPSTREAM_SERVERS <= HEALTH_SERVERS, "all of them are watched");

bool servers_is_via_nat64(const struct servers *servers,
			  const struct dns_endpoint *server)
{
	return server->addr.family == AF_INET && servers->network.via_nat64 &&
	       servers->config->prefix_count && !gp_addr_is_special(&server->addr);
}

/* The first whose translator may carry it: RFC 6052 3.1 bars private addresses from the
 * Well-Known Prefix. Where there is no other it is tried all the same. */
static const struct gp_prefix *prefix_for(const struct dns_config *config,
					  const struct gp_addr *ipv4)
{
	for (size_t i = 0; i < config->prefix_count; i++)
		if (dns_prefix_is_for(config, i, ipv4) &&
		    (!gp_nat64_is_well_known(&config->prefixes[i]) ||
		     !gp_nat64_is_nonglobal(ipv4)))
			return &config->prefixes[i];
	return &config->prefixes[0];
}

struct dns_endpoint servers_reached_at(const struct servers *servers,
				       const struct dns_endpoint *server)
{
	struct dns_endpoint out = *server;

	if (servers_is_via_nat64(servers, server))
		gp_nat64_embed(prefix_for(servers->config, &server->addr), &server->addr,
			       &out.addr);
	return out;
}

const struct gp_prefix *servers_recursion_prefix(const struct servers *servers)
{
	const struct dns_config *config = servers->config;

	for (size_t i = 0; servers->network.via_nat64 && i < config->prefix_count; i++)
		if (!config->ranges[i].length)
			return &config->prefixes[i];
	return NULL;
}

bool servers_is_out(const struct servers *servers, const struct dns_endpoint *server)
{
	const struct dns_endpoint at = servers_reached_at(servers, server);

	return health_is_out(servers->health, &at);
}

const char *servers_fault(const struct servers *servers, bool has_nat64)
{
	const struct upstream_network *network = &servers->network;

	if (!servers->config->is_recursive || network->ipv4_usable)
		return NULL;
	if (!has_nat64)
		return "upstream = recursive needs IPv4, and this host has none (this "
		       "libunbound cannot use NAT64)";
	if (!servers_recursion_prefix(servers))
		return "upstream = recursive needs IPv4 or NAT64, and this host has "
		       "neither";
	return NULL;
}

struct source {
	const struct dns_config *config;
	struct dns_endpoint servers[UPSTREAM_SERVERS];
	size_t count;
	bool has_own, is_unsettled;
};

/* By the clock that files have; one that is of the future is as it is. */
static bool is_young(int fd)
{
	struct timespec now;
	struct stat status;
	long long ms;

	clock_gettime(CLOCK_REALTIME, &now);
	if (fstat(fd, &status) < 0)
		return false;
	ms = (now.tv_sec - status.st_mtim.tv_sec) * 1000LL +
	     (now.tv_nsec - status.st_mtim.tv_nsec) / 1000000;
	return ms >= 0 && ms < HALF_WRITTEN_MS;
}

/* All of it, but for a last line that may be half an address. */
static size_t read_file(struct source *source, const char *path, char text[TEXT])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, text, TEXT);

	if (size > 0 && text[size - 1] != '\n' && (size == TEXT || is_young(fd))) {
		source->is_unsettled = true;
		while (size > 0 && text[size - 1] != '\n')
			size--;
	}
	if (fd >= 0)
		close(fd);
	return size > 0 ? (size_t)size : 0;
}

static void add_file(struct source *source, const char *path)
{
	static char text[TEXT];
	const size_t size = read_file(source, path, text);
	bool has_own = false;

	source->count += resolvconf_read(text, size, source->config,
					 source->servers + source->count,
					 UPSTREAM_SERVERS - source->count, &has_own);
	source->has_own |= has_own;
}

/* systemd-resolved's stub is no server of its own. */
static bool drop_stub(struct source *source)
{
	static const uint8_t stub[4] = {127, 0, 0, 53};
	const struct gp_addr addr = gp_addr_make(AF_INET, stub, 0);

	for (size_t i = 0; i < source->count; i++)
		if (gp_addr_equal(&source->servers[i].addr, &addr)) {
			source->count--;
			memmove(&source->servers[i], &source->servers[i + 1],
				(source->count - i) * sizeof(source->servers[0]));
			return true;
		}
	return false;
}

static bool has_changed(struct servers *servers)
{
	static const char *const paths[3] = {RESOLV_CONF, GP_RESOLV_KEPT_PATH,
					     RESOLV_UPLINK};
	bool is_other = false;

	for (size_t i = 0; i < 3; i++) {
		struct stat now;
		struct stat *then = &servers->seen[i];
		if (stat(paths[i], &now) < 0)
			memset(&now, 0, sizeof(now));
		is_other |= now.st_ino != then->st_ino || now.st_dev != then->st_dev ||
			    now.st_size != then->st_size ||
			    now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
			    now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
		*then = now;
	}
	return is_other;
}

/* Who listens for TLS says nothing to a plain question. */
static void watch_servers(struct servers *servers)
{
	const size_t count = servers->count && servers->list[0].tls ? 0 : servers->count;
	struct dns_endpoint reached[UPSTREAM_SERVERS];

	for (size_t i = 0; i < count; i++)
		reached[i] = servers_reached_at(servers, &servers->list[i]);
	health_set(servers->health, reached, count);
}

static bool take_servers(struct servers *servers, const struct dns_endpoint *list,
			 size_t count)
{
	bool is_same = count == servers->count;

	for (size_t i = 0; is_same && i < count; i++)
		is_same = list[i].port == servers->list[i].port &&
			  list[i].tls == servers->list[i].tls &&
			  gp_addr_equal(&list[i].addr, &servers->list[i].addr);
	if (is_same)
		return false;
	memcpy(servers->list, list, count * sizeof(list[0]));
	servers->count = count;
	watch_servers(servers);
	return true;
}

/* A file that names no server, for a moment, is being written. */
static bool is_empty_for_now(struct servers *servers, size_t count, long long now_ms)
{
	if (count || !servers->count) {
		servers->is_empty = false;
		return false;
	}
	if (!servers->is_empty)
		servers->empty_ms = now_ms;
	servers->is_empty = true;
	return now_ms - servers->empty_ms < EMPTY_MS;
}

bool servers_look(struct servers *servers)
{
	const struct dns_config *config = servers->config;
	struct source source = {.config = config};
	const long long now = gp_boot_ms();

	if (servers->looked_ms && now - servers->looked_ms < LOOK_EVERY_MS)
		return false;
	servers->looked_ms = now;
	if (config->from_resolv_conf && !has_changed(servers) && !servers->is_unsettled)
		return false;
	memcpy(source.servers, config->upstream,
	       config->upstream_count * sizeof(source.servers[0]));
	source.count = config->upstream_count;
	if (config->from_resolv_conf) {
		/* Its own lines come first, as they are there after a restart of the host
		 * as well; what is kept is for a file that somebody has written anew. */
		add_file(&source, RESOLV_CONF);
		if (source.has_own && !source.count)
			add_file(&source, GP_RESOLV_KEPT_PATH);
		if (drop_stub(&source))
			add_file(&source, RESOLV_UPLINK);
	}
	servers->is_unsettled = is_empty_for_now(servers, source.count, now);
	if (servers->is_unsettled)
		return false;
	servers->is_unsettled = source.is_unsettled;
	return take_servers(servers, source.servers, source.count);
}

void servers_reset(struct servers *servers)
{
	servers->looked_ms = 0;
	servers->count = 0;
	servers->is_unsettled = servers->is_empty = false;
	memset(servers->seen, 0, sizeof(servers->seen));
}
