/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_dns.c - the resolver in the worker's life: what it goes by, and what it tells.
 */
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "dns/listen_bind.h"
#include "dns/own.h"
#include "guard/clock.h"
#include "guard/live.h"
#include "say.h"
#include "worker_private.h"

/* Any will do: nothing is sent. */
#define ANY_PORT 53

/* What cannot be looked up, and when it can again. */
static void say_fault(struct worker *worker)
{
	const char *fault = upstream_fault(serve_upstream(worker->serve));

	if (!fault == !worker->dns_has_fault)
		return;
	worker->dns_has_fault = fault != NULL;
	say("the resolver: %s", fault ? fault : "upstream = recursive is possible again");
	eventlog_write(worker->log, EVENT_DOOR,
		       json_pack("{s:s s:s s:s}", "door", "dns", "state",
				 fault ? "degraded" : "on", "detail",
				 fault ? fault : ""));
}

void tell_resolver(struct worker *worker)
{
	const struct netwatch_state *net = netwatch_state(worker->net);

	if (!worker->serve)
		return;
	serve_set_network(worker->serve, net->ipv6_default, net->ipv4_usable);
	say_fault(worker);
}

/* ---- the filter's facts ---- */

static bool on_policy(void *ctx, struct serve_policy *out)
{
	struct worker *worker = ctx;

	const bool is_there = gp_live_get(&worker->dns_live);

	out->is_off = worker->dns_live.is_off;
	if (!is_there)
		return false;
	out->guard = worker->dns_live.guard;
	out->rules = worker->dns_live.rules;
	out->generation = worker->dns_live.snapshot->generation;
	return true;
}

static void on_policy_done(void *ctx)
{
	struct worker *worker = ctx;

	gp_live_put(&worker->dns_live);
}

/* A route: no packet is sent. */
static bool on_usable(void *ctx, const struct gp_addr *addr)
{
	struct worker *worker = ctx;
	union gp_sockaddr name;
	const socklen_t length = gp_sockaddr_fill(&name, addr, ANY_PORT);
	bool is_usable;
	int fd;

	if (addr->family == AF_INET && netwatch_state(worker->net)->ipv4_usable)
		return true;
	fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	is_usable = !connect(fd, &name.any, length);
	close(fd);
	return is_usable;
}

static bool on_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return own_address(addr);
}

static enum gp_verdict on_verdict(void *ctx, const struct gp_addr *addr)
{
	struct worker *worker = ctx;

	return verdict_of(worker->verdicts, addr, gp_boot_ms());
}

static bool on_onlink(void *ctx, const struct gp_addr *addr)
{
	struct worker *worker = ctx;
	const struct netwatch_state *net = netwatch_state(worker->net);

	for (size_t i = 0; i < net->onlink_count; i++)
		if (gp_prefix_match(&net->onlink[i], addr))
			return true;
	return false;
}

static bool on_has_broken(void *ctx)
{
	struct worker *worker = ctx;

	return verdicts_any_broken(worker->verdicts);
}

/* ---- beginning and end ---- */

static bool new_serve(struct worker *worker, const struct listen_fds *fds, size_t count)
{
	const struct serve_ops ops = {
		.ctx = worker,
		.policy = on_policy,
		.policy_done = on_policy_done,
		.facts = {worker, on_usable, on_own, on_verdict, on_onlink, NULL},
		.has_broken = on_has_broken,
		.handed_out = dns_handed_out,
		.decided = dns_decided,
	};

	worker->serve = serve_new(worker->base, &worker->settings.dns, fds, count, &ops);
	tell_resolver(worker);
	if (worker->serve)
		upstream_on_change(serve_upstream(worker->serve), dns_servers_changed,
				   worker);
	return worker->serve != NULL;
}

/* Whoever may choose names is not to know which ones come to one bucket. */
static void draw_hash_key(void)
{
	uint64_t key[2];

	if (getrandom(key, sizeof(key), 0) == sizeof(key))
		wire_hash_by(key);
}

bool make_resolver(struct worker *worker)
{
	draw_hash_key();
	worker->dns_was_off = !worker->settings.dns.enable;
	take_listeners(worker);
	if (!worker->files->resolves)
		return true;
	if (!new_serve(worker, worker->files->dns, worker->files->dns_count))
		return false;
	note_presence(worker);
	return true;
}

/* It was off for a while: its sockets are made anew. */
static bool make_again(struct worker *worker)
{
	return worker->files->resolves && new_serve(worker, NULL, 0);
}

/* Off: the ports are closed, so that who asks goes elsewhere at once. */
void end_resolver(struct worker *worker)
{
	close_listeners(worker);
	serve_free(worker->serve);
	worker->serve = NULL;
}

void configure_resolver(struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;

	if (!config->enable) {
		end_resolver(worker);
		return;
	}
	if (worker->serve)
		serve_configure(worker->serve, config);
	else if (!make_again(worker))
		return;
	say_fault(worker);
}
