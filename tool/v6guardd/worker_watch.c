/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_watch.c - what the watchers see goes into the verdicts; what the verdicts want
 * comes out: the map, probes, rescues, events. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "guard/clock.h"
#include "guard/live.h"
#include "worker_private.h"

#define NSCD_EVERY_MS 2500
/* Rescues a second, and how long one socket is not asked for again. */
#define RESCUE_RATE 10
#define RESCUE_AGAIN_MS 2000
/* One that is excluded is not asked for again while it can hang. */
#define RESCUE_EXCLUDED_MS 600000

/* ---- what the verdicts want ----------------------------------------------------------
 */

static void on_publish(void *ctx, const struct gp_prefix *prefix, enum gp_verdict verdict,
		       long long expires_ms)
{
	struct worker *worker = ctx;

	gp_reach_set(worker->files->map, prefix, verdict, expires_ms);
}

static void on_probe(void *ctx, const struct gp_addr *addr, uint16_t port)
{
	struct worker *worker = ctx;
	const size_t room = sizeof(worker->unmade) / sizeof(worker->unmade[0]);
	const struct gp_addr way = nat64_way(worker, addr);

	if (prober_ask(worker->prober, &way, port))
		return;
	if (worker->unmade_count < room) {
		worker->unmade[worker->unmade_count].addr = *addr;
		worker->unmade[worker->unmade_count++].port = port;
	}
	tick_soon(worker);
}

void send_nscd(struct worker *worker)
{
	const struct timeval again = in_ms(NSCD_EVERY_MS);

	worker->nscd_sent_ms = gp_boot_ms();
	/* A steward that does not read is busy, and hears of it later. */
	if (!message_send(worker->files->steward_fd, MESSAGE_NSCD, NULL))
		evtimer_add(worker->nscd, &again);
}

static void on_changed(void *ctx, const struct verdict_view *view)
{
	struct worker *worker = ctx;
	const long long now = gp_boot_ms();
	const struct timeval delay = in_ms(worker->nscd_sent_ms + NSCD_EVERY_MS - now);

	eventlog_write(worker->log, EVENT_VERDICT, report_change(view, now));
	if (worker->serve)
		serve_new_verdict(worker->serve, &view->prefix);
	/* What nscd keeps was decided by what is no longer so. */
	if (!evtimer_pending(worker->nscd, NULL))
		evtimer_add(worker->nscd, &delay);
	tick_soon(worker);
}

static void on_probed(void *ctx, const struct gp_addr *addr, uint16_t port,
		      enum gp_attempt attempt, uint32_t rtt_ms)
{
	static const enum verdict_probe results[] = {
		[GP_ATTEMPT_PENDING] = VERDICT_PROBE_NOTHING,
		[GP_ATTEMPT_OK] = VERDICT_PROBE_OK,
		[GP_ATTEMPT_REFUSED] = VERDICT_PROBE_OK,
		[GP_ATTEMPT_ICMP] = VERDICT_PROBE_ICMP,
		[GP_ATTEMPT_TIMEOUT] = VERDICT_PROBE_TIMEOUT,
		[GP_ATTEMPT_LOCAL] = VERDICT_PROBE_NOTHING,
	};
	struct worker *worker = ctx;
	struct gp_addr ipv4;

	verdict_probed(worker->verdicts, addr, port, results[attempt], rtt_ms,
		       gp_boot_ms());
	if (nat64_inside(worker, addr, &ipv4))
		verdict_probed(worker->verdicts, &ipv4, port, results[attempt], rtt_ms,
			       gp_boot_ms());
	tick_soon(worker);
}

/* ---- open connections ---- */

struct gathering {
	const struct prober *prober;
	struct verdict_peer *out;
	size_t max, count;
};

static bool gather(void *ctx, const struct gp_socket *socket)
{
	struct gathering *gathering = ctx;

	if (!prober_owns(gathering->prober, socket->cookie))
		gathering->out[gathering->count++] =
			(struct verdict_peer){socket->remote, socket->remote_port,
					      socket->uid, socket->quiet_ms};
	return gathering->count < gathering->max;
}

/* Not from inside a dump: the verdicts ask for it at their tick, or when a probe ends. */
static size_t on_peers(void *ctx, struct verdict_peer *out, size_t max,
		       uint32_t within_ms)
{
	struct worker *worker = ctx;
	struct gathering gathering = {worker->prober, out, max, 0};

	if (worker->suspects && max > 0)
		suspects_peers(worker->suspects, within_ms, gather, &gathering);
	return gathering.count;
}

/* ---- rescue ---- */

/* Off, mode = off, enforce = no or no policy at all: nothing is done to anybody. */
bool may_act(void)
{
	struct gp_live_ref ref;
	bool enforces;

	if (!gp_live_get(&ref))
		return false;
	enforces = ref.guard.enforce && ref.guard.mode != GP_MODE_OFF;
	gp_live_put(&ref);
	return enforces;
}

static bool was_asked_lately(struct worker *worker, const struct gp_socket *socket,
			     long long now)
{
	for (size_t i = 0; i < RESCUE_RECENT; i++)
		if (!memcmp(worker->rescued[i].cookie, socket->cookie,
			    sizeof(socket->cookie)) &&
		    now - worker->rescued[i].asked_ms < RESCUE_AGAIN_MS)
			return true;
	return false;
}

static bool is_over_rate(struct worker *worker, long long now)
{
	if (now - worker->rescue_second_ms >= 1000) {
		worker->rescue_second_ms = now;
		worker->rescue_count = 0;
	}
	return worker->rescue_count++ >= RESCUE_RATE;
}

static void ask_rescue(struct worker *worker, const struct gp_socket *socket,
		       const struct gp_addr *partner, enum rescue_why why, long long now)
{
	struct message message = {
		.u.rescue = {.socket = *socket, .partner = *partner, .why = why}};
	const unsigned slot = worker->rescued_next++ % RESCUE_RECENT;

	memcpy(worker->rescued[slot].cookie, socket->cookie, sizeof(socket->cookie));
	worker->rescued[slot].asked_ms = now;
	message_send(worker->files->steward_fd, MESSAGE_RESCUE, &message);
}

static struct verdict_waiting waiting_of(const struct gp_socket *socket)
{
	return (struct verdict_waiting){socket->retransmits, socket->quiet_ms,
					socket->waiting_ms, socket->uid};
}

static void consider_rescue(struct worker *worker, const struct gp_socket *socket,
			    long long now)
{
	struct gp_addr partner;
	const struct verdict_waiting syn = waiting_of(socket);
	const enum verdict_rescue may =
		verdict_may_rescue(worker->verdicts, &socket->remote, socket->remote_port,
				   &syn, now, &partner);

	if (!worker->settings.rescue || may == VERDICT_RESCUE_NO ||
	    worker->can_destroy != GP_OK || was_asked_lately(worker, socket, now) ||
	    !may_act() || is_over_rate(worker, now))
		return;
	ask_rescue(worker, socket, &partner,
		   may == VERDICT_RESCUE_BROKEN ? RESCUE_BROKEN : RESCUE_RETRANSMITS,
		   now);
}

static void ask_no_more(struct worker *worker, const struct gp_socket *socket)
{
	for (size_t i = 0; i < RESCUE_RECENT; i++)
		if (!memcmp(worker->rescued[i].cookie, socket->cookie,
			    sizeof(socket->cookie)))
			worker->rescued[i].asked_ms = gp_boot_ms() + RESCUE_EXCLUDED_MS;
}

void on_rescued(struct worker *worker, const struct message_rescued *rescued)
{
	const enum gp_status status = (enum gp_status)rescued->status;
	const char *result = status == GP_OK         ? "freed"
			     : status == GP_CONFLICT ? "excluded"
						     : gp_status_text(status);

	/* Gone by itself meanwhile: nothing happened. */
	if (status == GP_NOTFOUND)
		return;
	if (status == GP_CONFLICT)
		ask_no_more(worker, &rescued->socket);
	worker->rescues += status == GP_OK;
	eventlog_write(worker->log, EVENT_RESCUE,
		       json_pack("{s:o s:i s:s s:i s:s s:s s:o s:s}", "address",
				 report_address(&rescued->socket.remote), "port",
				 (int)rescued->socket.remote_port, "program",
				 rescued->program, "pid", (int)rescued->pid, "unit",
				 rescued->unit, "why",
				 rescued->why == RESCUE_BROKEN ? "broken" : "retransmits",
				 "partner", report_address(&rescued->partner), "result",
				 result));
}

/* ---- what the watchers see ---- */

static void on_waiting(void *ctx, const struct gp_socket *socket)
{
	struct worker *worker = ctx;
	const struct verdict_waiting syn = waiting_of(socket);
	const long long now = gp_boot_ms();

	if (prober_owns(worker->prober, socket->cookie))
		return;
	verdict_syn(worker->verdicts, &socket->remote, socket->remote_port, &syn, now);
	consider_rescue(worker, socket, now);
	if (socket->retransmits)
		tick_soon(worker);
}

/* The kernel says "root" of sockets that it has closed already. */
static struct verdict_connection connection_of(const struct gp_socket *socket)
{
	return (struct verdict_connection){
		.port = socket->remote_port,
		.uid = socket->inode ? socket->uid : VERDICT_UID_UNKNOWN,
		.large = socket->largest >= GP_SOCKET_LARGE,
	};
}

static void tell_ok(struct worker *worker, const struct gp_addr *remote,
		    const struct verdict_connection *connection, long long now)
{
	struct gp_addr ipv4;

	verdict_ok(worker->verdicts, remote, connection, now);
	if (nat64_inside(worker, remote, &ipv4))
		verdict_ok(worker->verdicts, &ipv4, connection, now);
}

static void on_seen(void *ctx, const struct gp_socket *socket)
{
	struct worker *worker = ctx;
	const struct gp_addr *remote = &socket->remote;
	const long long now = gp_boot_ms();
	struct verdict_connection connection = connection_of(socket);

	if (prober_owns(worker->prober, socket->cookie))
		return;
	switch (gp_socket_evidence(socket)) {
	case GP_EVIDENCE_REACHED:
		connection.waits = true;
		tell_ok(worker, remote, &connection, now);
		return;
	case GP_EVIDENCE_OK:
		tell_ok(worker, remote, &connection, now);
		return;
	case GP_EVIDENCE_DATA_OK:
		connection.data = true;
		tell_ok(worker, remote, &connection, now);
		return;
	case GP_EVIDENCE_FAILED:
		verdict_failed(worker->verdicts, remote, socket->remote_port,
			       socket->quiet_ms, now);
		break;
	case GP_EVIDENCE_STALLED:
		verdict_stalled(worker->verdicts, remote, socket->remote_port,
				socket->has_gap, now);
		break;
	case GP_EVIDENCE_NONE:
		if (socket->rtt_us || socket->was_answered || socket->state == 1)
			return; /* a connection that waits, or was ended */
		verdict_unclear(worker->verdicts, remote, socket->remote_port, now);
		break;
	}
	tick_soon(worker);
}

static size_t on_suspects(void *ctx, struct gp_addr *out, size_t max)
{
	struct worker *worker = ctx;

	return verdict_suspects(worker->verdicts, out, max, gp_boot_ms());
}

static bool on_any_broken(void *ctx)
{
	struct worker *worker = ctx;

	return verdicts_any_broken(worker->verdicts);
}

static void on_hint(void *ctx, const struct gp_hint *hint, uint32_t uid)
{
	struct worker *worker = ctx;
	struct gp_addr addresses[GP_HINT_ADDRESSES];
	bool withheld[GP_HINT_ADDRESSES];

	for (size_t i = 0; i < hint->count; i++) {
		addresses[i] = hint->addresses[i].addr;
		withheld[i] = hint->addresses[i].flags & GP_HINT_WITHHELD;
	}
	verdict_hint(worker->verdicts, addresses, withheld, hint->count, uid,
		     gp_boot_ms());
	suspects_hinted(worker->suspects);
	tick_soon(worker);
}

static bool on_bar(void *ctx, const uint32_t *uids, size_t count)
{
	const struct worker *worker = ctx;
	static struct message message;

	message.u.bar.count = (uint32_t)count;
	memcpy(message.u.bar.uids, uids, count * sizeof(uids[0]));
	return message_send(worker->files->steward_fd, MESSAGE_BAR, &message);
}

/* ---- the host ---- */

void write_host(struct worker *worker)
{
	const struct netwatch_state *net = netwatch_state(worker->net);
	struct gp_reach_host host = {
		.expires_ms = gp_boot_ms() + HOST_LASTS_MS,
		.epoch = net->epoch,
		.ipv4_usable = net->ipv4_usable,
		.onlink_count = net->onlink_count,
	};
	struct gp_prefix nat64[GP_REACH_NAT64];

	nat64_to_map(worker, &host);
	for (size_t i = 0; i < host.nat64_count; i++)
		nat64[i] = host.nat64[i].prefix;
	verdicts_set_nat64(worker->verdicts, nat64, host.nat64_count);
	memcpy(host.onlink, net->onlink, net->onlink_count * sizeof(net->onlink[0]));
	gp_reach_set_host(worker->files->map, &host);
}

static void on_net(void *ctx, const struct netwatch_state *state, bool is_epoch,
		   const char *why)
{
	struct worker *worker = ctx;

	verdicts_set_onlink(worker->verdicts, state->onlink, state->onlink_count);
	if (is_epoch) {
		prober_new_epoch(worker->prober);
		verdicts_new_epoch(worker->verdicts, gp_boot_ms());
		if (worker->serve)
			serve_new_epoch(worker->serve);
		eventlog_write(worker->log, EVENT_EPOCH,
			       json_pack("{s:I s:s}", "epoch", (json_int_t)state->epoch,
					 "why", why));
	}
	if (worker->net) {
		tell_resolver(worker);
		write_host(worker);
		/* Its addresses may have come. */
		if (worker->serve)
			follow_listeners(worker);
		tell_known_local(worker);
	}
}

/* What else changes meanwhile is no reason to wait with that. */
static void on_ipv6(void *ctx)
{
	struct worker *worker = ctx;

	if (worker->serve)
		serve_ipv6_comes(worker->serve);
}

static void set_anchors(struct worker *worker)
{
	const struct settings *settings = &worker->settings;
	struct verdict_peer anchors[SETTINGS_ANCHORS];
	size_t count = 0;

	for (size_t i = 0; i < settings->anchor_count; i++)
		if (settings->anchors[i].addr.family == AF_INET6)
			anchors[count++] =
				(struct verdict_peer){.addr = settings->anchors[i].addr,
						      .port = settings->anchors[i].port};
	verdicts_set_anchors(worker->verdicts, anchors, count);
}

/* Each is tested as if a program had been handed it together with all IPv4 ones. */
void ask_anchors(struct worker *worker)
{
	const struct settings *settings = &worker->settings;
	struct gp_addr addresses[SETTINGS_ANCHORS];
	const bool withheld[SETTINGS_ANCHORS] = {false};

	set_anchors(worker);
	for (size_t i = 0; i < settings->anchor_count; i++)
		addresses[i] = settings->anchors[i].addr;
	verdict_hint(worker->verdicts, addresses, withheld, settings->anchor_count, 0,
		     gp_boot_ms());
	for (size_t i = 0; i < settings->anchor_count; i++)
		verdict_unclear(worker->verdicts, &settings->anchors[i].addr,
				settings->anchors[i].port, gp_boot_ms());
	if (settings->anchor_count)
		tick_soon(worker);
}

/* ---- beginning ---- */

struct verdict_rules rules_of(const struct settings *settings)
{
	struct verdict_rules rules = {
		.probes = settings->probe_mode != PROBE_OFF,
		.probe_all = settings->probe_mode == PROBE_ALL,
		.ok_ttl_ms = settings->ok_ttl_ms,
		.broken_ttl_ms = settings->broken_ttl_ms,
		.broken_ttl_max_ms = settings->broken_ttl_max_ms,
		.slow_threshold_ms = settings->slow_threshold_ms,
		.port_count = settings->port_count,
		.distrust = settings->guard.distrust,
		.system_uid_max = GP_SYSTEM_UID_MAX,
	};

	memcpy(rules.ports, settings->ports,
	       settings->port_count * sizeof(rules.ports[0]));
	return rules;
}

bool make_verdicts(struct worker *worker)
{
	const struct verdict_rules rules = rules_of(&worker->settings);
	const struct verdict_ops ops = {worker, on_publish, on_probe, on_changed,
					on_peers};
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)gp_boot_ms();
	worker->verdicts = verdicts_new(&rules, &ops, seed);
	return worker->verdicts != NULL;
}

bool make_watchers(struct worker *worker)
{
	const struct worker_files *files = worker->files;
	const struct suspects_ops ops = {worker, on_waiting, on_seen, on_suspects,
					 on_any_broken};
	const struct hints_ops hint_ops = {worker, on_hint, on_bar};

	worker->prober =
		prober_new(worker->base, worker->settings.max_rate, on_probed, worker);
	worker->net = netwatch_new(worker->base, files->route_fd, on_net, worker);
	worker->suspects =
		suspects_new(worker->base, files->dump_fd, files->event_fd, &ops);
	worker->hints = hints_new(worker->base, files->hint_fds, &hint_ops);
	if (!worker->prober || !worker->net || !worker->suspects || !worker->hints)
		return false;
	netwatch_on_address(worker->net, on_address);
	netwatch_on_ipv6(worker->net, on_ipv6);
	verdicts_set_onlink(worker->verdicts, netwatch_state(worker->net)->onlink,
			    netwatch_state(worker->net)->onlink_count);
	return true;
}
