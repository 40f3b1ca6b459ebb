/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream.c - libunbound's contexts: made anew when the servers change, and let go when
 * the last of their queries is done. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unbound.h>
#include <unbound-event.h>
#include <unistd.h>

#include "guard/clock.h"
#include "health.h"
#include "paths.h"
#include "resolvconf.h"
#include "ub_loop.h"
#include "upstream.h"

#define LIBRARY "libunbound.so.8"
#define RESOLV_CONF "/etc/resolv.conf"
/* Where no line of it says what was there before: what whoever made it ours kept. */
#define RESOLV_KEPT GP_RUN_DIR "/resolv.upstream.conf"
/* Behind systemd-resolved's stub. */
#define RESOLV_UPLINK "/run/systemd/resolve/resolv.conf"
#define LOOK_EVERY_MS 1000
#define TEXT 8192
/* An answer that takes longer makes one doubt: libunbound has asked again by then. */
#define DOUBT_MS 350
_Static_assert(UPSTREAM_SERVERS <= HEALTH_SERVERS, "all of them are watched");

/* ---- the library ---- */

static struct {
	__typeof__(&ub_ctx_create_ub_event) create;
	__typeof__(&ub_ctx_delete) delete;
	__typeof__(&ub_ctx_set_option) set_option;
	__typeof__(&ub_ctx_config) config;
	__typeof__(&ub_ctx_add_ta_file) add_anchors;
	__typeof__(&ub_ctx_debugout) debugout;
	__typeof__(&ub_resolve_event) resolve;
	__typeof__(&ub_cancel) cancel;
} ub;

/* ISO C has no way from void * to a function. */
static bool find(void *library, const char *name, void *out)
{
	void *symbol = dlsym(library, name);

	memcpy(out, &symbol, sizeof(symbol));
	return symbol != NULL;
}

bool upstream_load(char why[DNS_WHY])
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library && find(library, "ub_ctx_create_ub_event", &ub.create) &&
	    find(library, "ub_ctx_delete", &ub.delete) &&
	    find(library, "ub_ctx_set_option", &ub.set_option) &&
	    find(library, "ub_ctx_config", &ub.config) &&
	    find(library, "ub_ctx_add_ta_file", &ub.add_anchors) &&
	    find(library, "ub_ctx_debugout", &ub.debugout) &&
	    find(library, "ub_resolve_event", &ub.resolve) &&
	    find(library, "ub_cancel", &ub.cancel))
		return true;
	snprintf(why, DNS_WHY, "the resolver needs %s: %s", LIBRARY, dlerror());
	return false;
}

/* ---- contexts ---- */

struct context {
	struct context *next; /* of the retired ones */
	struct ub_ctx *ctx;
	size_t waiting;
};

struct upstream {
	struct event_base *base;
	struct ub_event_base *loop;
	struct event *sweep;
	struct health *health;
	struct dns_config config;
	bool nat64_acts;
	struct context *plain, *unchecked; /* the second: for CD, with validation */
	struct context *retired;
	size_t server_count;
	struct dns_endpoint servers[UPSTREAM_SERVERS];
	long long looked_ms;
	struct stat seen[3]; /* of the files that name servers are read from */
	uint64_t asked;
};

struct upstream_query {
	struct upstream *upstream;
	struct context *context;
	upstream_done_fn *done;
	void *ctx;
	int id;
	long long asked_ms;
	bool is_beginning, is_over;
};

static void free_context(struct context *context)
{
	if (!context)
		return;
	if (context->ctx)
		ub.delete(context->ctx);
	free(context);
}

/* Not out of one of its own callbacks. */
static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct upstream *upstream = arg;
	struct context **at = &upstream->retired;

	(void)fd, (void)what;
	while (*at) {
		struct context *context = *at;
		if (context->waiting) {
			at = &context->next;
			continue;
		}
		*at = context->next;
		free_context(context);
	}
}

static void sweep_soon(struct upstream *upstream)
{
	const struct timeval now = {0, 0};

	evtimer_add(upstream->sweep, &now);
}

static void retire(struct upstream *upstream, struct context **context)
{
	if (!*context || !upstream->sweep)
		return;
	(*context)->next = upstream->retired;
	upstream->retired = *context;
	*context = NULL;
	sweep_soon(upstream);
}

/* Where there is no IPv4 its servers are reached as everything else is. */
static struct dns_endpoint reached_at(const struct upstream *upstream,
				      const struct dns_endpoint *server)
{
	const struct dns_config *config = &upstream->config;
	struct dns_endpoint out = *server;

	if (out.addr.family == AF_INET && upstream->nat64_acts && config->prefix_count &&
	    !gp_addr_is_special(&out.addr))
		gp_nat64_embed(&config->prefixes[0], &server->addr, &out.addr);
	return out;
}

static void put_server(FILE *to, const struct upstream *upstream,
		       const struct dns_endpoint *server)
{
	const struct dns_endpoint at = reached_at(upstream, server);
	char text[GP_ADDR_TEXT];

	if (!health_is_out(upstream->health, &at))
		fprintf(to, "  forward-addr: %s@%u\n", gp_addr_format(&at.addr, text),
			at.port);
}

static void put_zone(FILE *to, const struct upstream *upstream, const char *name,
		     const struct dns_endpoint *servers, size_t count)
{
	fprintf(to, "forward-zone:\n  name: \"%s\"\n", name);
	for (size_t i = 0; i < count; i++)
		put_server(to, upstream, &servers[i]);
}

/* libunbound's own configuration language, as no call knows zones with forwarders. */
static void put_zones(FILE *to, const struct upstream *upstream)
{
	const struct dns_config *config = &upstream->config;
	char name[WIRE_NAME_TEXT];

	/* What libunbound would answer by itself, and a forwarder hands on. */
	fputs("server:\n  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n"
	      "  local-zone: \"home.arpa.\" nodefault\n"
	      "  local-zone: \"test.\" nodefault\n",
	      to);
	for (size_t i = 0; i < config->zone_count; i++) {
		wire_name_text(config->zones[i].name, name);
		fprintf(to, "  local-zone: \"%s\" transparent\n", name);
		fprintf(to, "  domain-insecure: \"%s\"\n", name);
	}
	put_zone(to, upstream, ".", upstream->servers, upstream->server_count);
	for (size_t i = 0; i < config->zone_count; i++)
		put_zone(to, upstream, wire_name_text(config->zones[i].name, name),
			 config->zones[i].upstream, config->zones[i].upstream_count);
}

static bool set_zones(struct ub_ctx *ctx, const struct upstream *upstream)
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
	put_zones(to, upstream);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	is_good = !fflush(to) && !ub.config(ctx, path);
	fclose(to);
	return is_good;
}

/*
 * Found by experiment: with the default outgoing-range silent servers starve good ones;
 * each name would be retried for 17 s; and a server that was silent once is avoided for
 * 15 minutes. A server that is near is asked again after 50 ms, and given up after 3
 * such times, although it may be resolving all the while: questions go out at 0, 0.4,
 * 1.2 and 2.8 s instead. Our own timers answer before that is over.
 */
static bool set_options(struct ub_ctx *ctx, const struct upstream *upstream,
			bool validates)
{
	const char *const options[][2] = {
		{"module-config:", validates ? "validator iterator" : "iterator"},
		{"outgoing-range:", "512"},
		{"num-queries-per-thread:", "2048"},
		{"infra-cache-min-rtt:", "400"},
		{"outbound-msg-retry:", "3"},
		{"infra-host-ttl:", "5"},
		{"do-not-query-localhost:", "no"},
		{"prefer-ip6:", "yes"},
		{"qname-minimisation:", "no"},
		{"msg-cache-size:", "1m"},
		{"rrset-cache-size:", "2m"},
	};
	char size[16];

	snprintf(size, sizeof(size), "%u", upstream->config.edns_size);
	if (ub.set_option(ctx, "edns-buffer-size:", size) != 0)
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (ub.set_option(ctx, options[i][0], options[i][1]) != 0)
			return false;
	return true;
}

static struct context *new_context(struct upstream *upstream, bool validates)
{
	struct context *context = calloc(1, sizeof(*context));

	if (!context)
		return NULL;
	context->ctx = ub.create(upstream->loop);
	if (context->ctx) {
		ub.debugout(context->ctx, NULL);
		if (set_options(context->ctx, upstream, validates) &&
		    set_zones(context->ctx, upstream) &&
		    (!validates ||
		     !ub.add_anchors(context->ctx, upstream->config.trust_anchor)))
			return context;
	}
	free_context(context);
	return NULL;
}

static void renew(struct upstream *upstream)
{
	retire(upstream, &upstream->plain);
	retire(upstream, &upstream->unchecked);
}

/* ---- servers ---- */

struct source {
	struct upstream *upstream;
	struct dns_endpoint servers[UPSTREAM_SERVERS];
	size_t count;
	bool has_own;
};

static void add_file(struct source *source, const char *path)
{
	static char text[TEXT];
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool has_own = false;
	ssize_t size;

	if (fd < 0)
		return;
	size = read(fd, text, sizeof(text));
	close(fd);
	if (size <= 0)
		return;
	source->count += resolvconf_read(text, (size_t)size, &source->upstream->config,
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

static bool has_changed(struct upstream *upstream)
{
	static const char *const paths[3] = {RESOLV_CONF, RESOLV_KEPT, RESOLV_UPLINK};
	bool is_other = false;

	for (size_t i = 0; i < 3; i++) {
		struct stat now;
		struct stat *then = &upstream->seen[i];
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

static void watch_servers(struct upstream *upstream)
{
	struct dns_endpoint reached[UPSTREAM_SERVERS];

	for (size_t i = 0; i < upstream->server_count; i++)
		reached[i] = reached_at(upstream, &upstream->servers[i]);
	health_set(upstream->health, reached, upstream->server_count);
}

static void take_servers(struct upstream *upstream, const struct dns_endpoint *list,
			 size_t count)
{
	bool is_same = count == upstream->server_count;

	for (size_t i = 0; is_same && i < count; i++)
		is_same = list[i].port == upstream->servers[i].port &&
			  gp_addr_equal(&list[i].addr, &upstream->servers[i].addr);
	if (is_same)
		return;
	memcpy(upstream->servers, list, count * sizeof(list[0]));
	upstream->server_count = count;
	watch_servers(upstream);
	renew(upstream);
}

/* At most once a second, and only when somebody asks. */
static void look(struct upstream *upstream)
{
	struct source source = {.upstream = upstream};
	const long long now = gp_boot_ms();

	if (upstream->looked_ms && now - upstream->looked_ms < LOOK_EVERY_MS)
		return;
	upstream->looked_ms = now;
	if (upstream->config.from_resolv_conf && !has_changed(upstream))
		return;
	memcpy(source.servers, upstream->config.upstream,
	       upstream->config.upstream_count * sizeof(source.servers[0]));
	source.count = upstream->config.upstream_count;
	if (upstream->config.from_resolv_conf) {
		add_file(&source, RESOLV_CONF);
		if (source.has_own && !source.count)
			add_file(&source, RESOLV_KEPT);
		if (drop_stub(&source))
			add_file(&source, RESOLV_UPLINK);
	}
	take_servers(upstream, source.servers, source.count);
}

bool upstream_is_left_out(const struct upstream *upstream,
			  const struct dns_endpoint *server)
{
	const struct dns_endpoint at = reached_at(upstream, server);

	return health_is_out(upstream->health, &at);
}

size_t upstream_servers(struct upstream *upstream,
			struct dns_endpoint out[UPSTREAM_SERVERS])
{
	look(upstream);
	memcpy(out, upstream->servers, upstream->server_count * sizeof(out[0]));
	return upstream->server_count;
}

/* ---- queries ---- */

static void end_query(struct upstream_query *query)
{
	if (gp_boot_ms() - query->asked_ms >= DOUBT_MS)
		health_doubt(query->upstream->health);
	query->context->waiting--;
	if (!query->context->waiting && query->upstream->retired)
		sweep_soon(query->upstream);
	free(query);
}

/*
 * RCODE is libunbound's own; the one that counts is in the packet. After a failure there
 * may be no packet, or the query itself in a buffer of which LENGTH says nothing.
 */
static void on_result(void *arg, int rcode, void *packet, int length, int security,
		      char *why_bogus, int was_limited)
{
	struct upstream_query *query = arg;
	struct answer_reply reply = {.is_bogus = security == 1,
				     .is_secure = security == 2};
	const uint8_t *bytes = packet;

	(void)why_bogus, (void)was_limited;
	if (bytes && length >= WIRE_HEADER && length <= WIRE_MAX &&
	    (rcode == 0 || bytes[2] & WIRE_QR >> 8)) {
		reply.packet = bytes;
		reply.size = (size_t)length;
	}
	query->is_over = true;
	query->done(query->ctx, &reply);
	if (!query->is_beginning)
		end_query(query);
}

static struct context *context_for(struct upstream *upstream, bool cd)
{
	const bool validates = upstream->config.dnssec == DNS_DNSSEC_VALIDATE;
	struct context **context =
		validates && cd ? &upstream->unchecked : &upstream->plain;

	look(upstream);
	if (!upstream->server_count)
		return NULL;
	if (!*context)
		*context = new_context(upstream, validates && !cd);
	return *context;
}

bool upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
		  uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
		  struct upstream_query **out)
{
	struct context *context = context_for(upstream, cd);
	struct upstream_query *query = context ? calloc(1, sizeof(*query)) : NULL;
	char text[WIRE_NAME_TEXT];
	bool is_good;

	*out = NULL;
	if (!query)
		return false;
	*query = (struct upstream_query){.upstream = upstream,
					 .context = context,
					 .done = done,
					 .ctx = ctx,
					 .asked_ms = gp_boot_ms(),
					 .is_beginning = true};
	context->waiting++;
	upstream->asked++;
	is_good = !ub.resolve(context->ctx, wire_name_text(name, text), type, class,
			      query, on_result, &query->id);
	query->is_beginning = false;
	if (is_good && !query->is_over)
		*out = query;
	else
		end_query(query);
	return is_good;
}

void upstream_cancel(struct upstream_query *query)
{
	ub.cancel(query->context->ctx, query->id);
	end_query(query);
}

uint64_t upstream_asked(const struct upstream *upstream)
{
	return upstream->asked;
}

/* ---- beginning and end ---- */

void upstream_configure(struct upstream *upstream, const struct dns_config *config,
			bool nat64_acts)
{
	if (nat64_acts == upstream->nat64_acts &&
	    !memcmp(config, &upstream->config, sizeof(*config)))
		return;
	upstream->config = *config;
	upstream->nat64_acts = nat64_acts;
	upstream->looked_ms = 0;
	upstream->server_count = 0;
	memset(upstream->seen, 0, sizeof(upstream->seen));
	renew(upstream);
}

/* Others are to be asked from now on. */
static void on_health(void *ctx)
{
	renew(ctx);
}

struct upstream *upstream_new(struct event_base *base, const struct dns_config *config)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));

	if (!upstream)
		return NULL;
	upstream->base = base;
	upstream->config = *config;
	upstream->loop = ub_loop_new(base);
	upstream->sweep = evtimer_new(base, on_sweep, upstream);
	upstream->health = health_new(base, on_health, upstream);
	if (upstream->loop && upstream->sweep && upstream->health)
		return upstream;
	upstream_free(upstream);
	return NULL;
}

void upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	renew(upstream);
	while (upstream->retired) {
		struct context *context = upstream->retired;
		upstream->retired = context->next;
		free_context(context);
	}
	if (upstream->sweep)
		event_free(upstream->sweep);
	health_free(upstream->health);
	ub_loop_free(upstream->loop);
	free(upstream);
}
