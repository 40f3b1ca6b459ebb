/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_dns_status.c - what there is to tell of the resolver. */
#include <string.h>

#include "dns/listen_bind.h"
#include "worker_private.h"

/* Those that can be asked, or those whose address is still to come. */
static json_t *listeners_value(const struct worker *worker, bool is_waiting)
{
	const struct dns_config *config = &worker->settings.dns;
	const struct worker_listener *listener;
	char text[LISTEN_TEXT];
	json_t *list = json_array();

	for (size_t i = 0; i < config->listen_count; i++)
		if ((listener = find_listener(worker, &config->listen[i])) &&
		    listener->is_waiting == is_waiting)
			json_array_append_new(list, json_string(listen_format(
							    &config->listen[i], text)));
	return list;
}

typedef bool server_has_fn(const struct upstream *upstream,
			   const struct dns_endpoint *server);

/* ADDRESS:PORT, as listeners have it; tls://ADDRESS:PORT#NAME. */
json_t *server_value(const struct worker *worker, const struct dns_endpoint *server)
{
	char text[LISTEN_TEXT];

	listen_format(server, text);
	return server->tls ? json_sprintf("tls://%s#%s", text,
					  dns_tls_name(&worker->settings.dns, server))
			   : json_string(text);
}

/* Those of LIST that HAVE it, or have not. */
static json_t *endpoints_value(const struct worker *worker,
			       const struct dns_endpoint *list, size_t count,
			       server_has_fn *has, bool have)
{
	const struct upstream *upstream = serve_upstream(worker->serve);
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		if (has(upstream, &list[i]) == have)
			json_array_append_new(out, server_value(worker, &list[i]));
	return out;
}

static json_t *servers_value(const struct worker *worker, server_has_fn *has, bool have)
{
	struct dns_endpoint servers[UPSTREAM_SERVERS];
	const size_t count = upstream_servers(serve_upstream(worker->serve), servers);

	return endpoints_value(worker, servers, count, has, have);
}

static bool is_any(const struct upstream *upstream, const struct dns_endpoint *server)
{
	(void)upstream, (void)server;
	return true;
}

static json_t *zone_value(const struct worker *worker, const uint8_t *zone,
			  const struct dns_endpoint *servers, size_t count, bool is_link)
{
	char name[WIRE_NAME_TEXT];

	return json_pack(
		"{s:s s:o s:o s:b}", "zone", wire_name_text(zone, name), "servers",
		endpoints_value(worker, servers, count, is_any, true), "via_nat64",
		endpoints_value(worker, servers, count, upstream_is_via_nat64, true),
		"link", is_link);
}

/* Zones with servers of their own: of [forward], then of links. */
static json_t *forward_value(const struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;
	const struct link_routes *routes = upstream_routes(serve_upstream(worker->serve));
	json_t *list = json_array();

	for (size_t i = 0; i < config->zone_count; i++) {
		const struct dns_zone *zone = &config->zones[i];
		json_array_append_new(list, zone_value(worker, zone->name, zone->upstream,
						       zone->upstream_count, false));
	}
	for (size_t i = 0; i < routes->count; i++) {
		const struct link_route *route = &routes->list[i];
		json_array_append_new(list,
				      zone_value(worker, route->name, route->servers.list,
						 route->servers.count, true));
	}
	return list;
}

static json_t *prefixes_value(const struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;
	char text[GP_PREFIX_TEXT];
	json_t *list = json_array();

	for (size_t i = 0; i < config->prefix_count; i++)
		json_array_append_new(
			list, json_string(gp_prefix_format(&config->prefixes[i], text)));
	return list;
}

json_t *resolver_counters(const struct worker *worker)
{
	const struct serve_counters *counters = serve_counters(worker->serve);
	json_t *value = json_pack(
		"{s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I}", "questions",
		(json_int_t)counters->questions, "answers", (json_int_t)counters->answers,
		"kept", (json_int_t)counters->hits, "local", (json_int_t)counters->local,
		"joined", (json_int_t)counters->joined, "asked",
		(json_int_t)upstream_asked(serve_upstream(worker->serve)), "synthesized",
		(json_int_t)counters->synthesized, "stale", (json_int_t)counters->stale,
		"late", (json_int_t)counters->late, "rebound",
		(json_int_t)counters->rebound, "failures", (json_int_t)counters->failures,
		"refused", (json_int_t)counters->refused, "malformed",
		(json_int_t)counters->malformed);

	if (value)
		add_counts(worker, value);
	return value;
}

static json_t *asked_value(const struct worker *worker)
{
	return worker->settings.dns.is_recursive
		       ? json_pack("[s]", "recursive")
		       : servers_value(worker, upstream_is_left_out, false);
}

/* ---- its state ---- */

static char state_text[DNS_WHY + 64];

static const char *say_stopped(const struct worker *worker)
{
	if (!worker->settings.dns.enable)
		return "[resolver] enable = no";
	if (worker->dns_was_off)
		return "it takes a restart of v6guardd";
	snprintf(state_text, sizeof(state_text), "it could not start: %s",
		 worker->files->resolver_why[0] ? worker->files->resolver_why
						: "no memory");
	return state_text;
}

/* What `listen` comes to. */
struct listening {
	size_t good;
	const struct dns_endpoint *missing, *waiting; /* one of these; NULL: none */
};

/* What the steward said last of why one could not be bound is about this one. */
static bool has_reason(const struct worker *worker, const struct dns_endpoint *endpoint)
{
	char text[LISTEN_TEXT];

	listen_format(endpoint, text);
	return !strncmp(worker->listen_why, text, strlen(text));
}

static struct listening look_at_listeners(const struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;
	struct listening out = {.missing = NULL};

	for (size_t i = 0; i < config->listen_count; i++) {
		const struct dns_endpoint *one = &config->listen[i];
		const struct worker_listener *listener = find_listener(worker, one);
		if (!listener && (!out.missing || has_reason(worker, one)))
			out.missing = one;
		else if (listener && !listener->is_waiting)
			out.good++;
		else if (listener && !out.waiting)
			out.waiting = one;
	}
	return out;
}

/* NULL: all is well with where it listens. */
static const char *say_listeners(const struct worker *worker, bool *is_fault)
{
	const struct listening listening = look_at_listeners(worker);
	char text[LISTEN_TEXT];

	*is_fault = !listening.good;
	if (listening.missing && has_reason(worker, listening.missing))
		return worker->listen_why;
	if (listening.missing)
		snprintf(state_text, sizeof(state_text), "%s is not listened on",
			 listen_format(listening.missing, text));
	else if (listening.waiting)
		snprintf(state_text, sizeof(state_text),
			 "no interface has the address of %s",
			 listen_format(listening.waiting, text));
	else
		return NULL;
	return state_text;
}

/* There is no server at all: each question fails. */
static bool has_nobody_to_ask(const struct worker *worker)
{
	struct dns_endpoint servers[UPSTREAM_SERVERS];

	return !worker->settings.dns.is_recursive &&
	       !upstream_servers(serve_upstream(worker->serve), servers) &&
	       !worker->settings.dns.zone_count &&
	       !upstream_routes(serve_upstream(worker->serve))->count;
}

/* Those for all names are dead, as far as is known: it is seen when one is asked. */
static bool all_are_silent(const struct worker *worker)
{
	struct upstream *upstream = serve_upstream(worker->serve);
	struct dns_endpoint servers[UPSTREAM_SERVERS];
	const size_t count = upstream_servers(upstream, servers);
	size_t i = 0;

	while (i < count && upstream_is_dead(upstream, &servers[i]))
		i++;
	return count && i == count && !worker->settings.dns.is_recursive;
}

const char *resolver_state(const struct worker *worker, const char **detail)
{
	const char *fault, *listeners;
	bool is_fault;

	*detail = "";
	if (!worker->serve) {
		*detail = say_stopped(worker);
		return worker->settings.dns.enable ? "degraded" : "off";
	}
	fault = upstream_fault(serve_upstream(worker->serve));
	listeners = say_listeners(worker, &is_fault);
	if (listeners)
		*detail = listeners;
	if (is_fault)
		return "degraded";
	if (!fault && has_nobody_to_ask(worker))
		fault = "there is nobody to ask: /etc/resolv.conf names no other server; "
			"`v6guard config set resolver.upstream ADDRESS`";
	if (fault) {
		*detail = fault;
		return "degraded";
	}
	if (!serve_is_off(worker->serve)) {
		if (!listeners && all_are_silent(worker))
			*detail = "no server answers";
		return "on";
	}
	*detail = "v6guard off: answers are passed on as they are";
	return "off";
}

/* Those of which AD is passed on: for all names, or for zones. */
static json_t *trusted_value(const struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;
	struct dns_endpoint servers[UPSTREAM_SERVERS];
	const size_t count = upstream_servers(serve_upstream(worker->serve), servers);
	json_t *list = json_array();

	for (size_t i = 0; config->dnssec == DNS_DNSSEC_TRUST && i < count; i++)
		if (dns_is_trusted(&servers[i]))
			json_array_append_new(list, server_value(worker, &servers[i]));
	for (size_t i = 0; i < config->forward_count; i++) {
		const struct dns_forward *forward = &config->forwards[i];
		for (size_t j = 0;
		     forward->dnssec == DNS_DNSSEC_TRUST && j < forward->upstream_count;
		     j++)
			json_array_append_new(
				list, server_value(worker, &forward->upstream[j]));
	}
	return list;
}

static void add_trust(const struct worker *worker, json_t *to)
{
	static const char *const words[] = {"off", "process", "validate", "trust"};
	const struct dns_config *config = &worker->settings.dns;

	json_object_set_new(to, "dnssec", json_string(words[config->dnssec]));
	json_object_set_new(to, "trusts", json_boolean(dns_config_trusts(config)));
	json_object_set_new(to, "trusted", trusted_value(worker));
}

/* Of one that answers; `off` is what v6guard is then. */
static json_t *running_status(struct worker *worker, const char *state,
			      const char *detail)
{
	const bool is_off = serve_is_off(worker->serve);
	struct dns_endpoint servers[UPSTREAM_SERVERS];

	/* Looks for them: what follows is made in whatever order the compiler likes. */
	upstream_servers(serve_upstream(worker->serve), servers);
	return json_pack("{s:s s:s s:o s:o s:o s:o s:o s:o s:b s:o s:I s:I s:I s:o}",
			 "state", strcmp(state, "off") != 0 ? state : "on", "detail",
			 detail, "listen", listeners_value(worker, false), "waiting",
			 listeners_value(worker, true), "servers", asked_value(worker),
			 "left_out", servers_value(worker, upstream_is_left_out, true),
			 "via_nat64", servers_value(worker, upstream_is_via_nat64, true),
			 "forward", forward_value(worker), "dns64",
			 serve_nat64_acts(worker->serve) && !is_off, "prefixes",
			 prefixes_value(worker), "cached",
			 (json_int_t)serve_cached(worker->serve), "lookups",
			 (json_int_t)serve_lookups(worker->serve), "connections",
			 (json_int_t)serve_connections(worker->serve), "counters",
			 resolver_counters(worker));
}

json_t *resolver_status(struct worker *worker)
{
	const char *detail, *state;
	json_t *status;

	note_presence(worker);
	state = resolver_state(worker, &detail);
	if (!worker->serve)
		return json_pack("{s:s s:s}", "state", "off", "detail", detail);
	status = running_status(worker, state, detail);
	if (status)
		add_trust(worker, status);
	return status;
}
