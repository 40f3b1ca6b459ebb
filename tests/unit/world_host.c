/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* world_host.c - v6guardd without its machine: when it looks at what (suspects.c), whom
 * it asks at what pace (prober.c), whom it frees (worker_watch.c), when it ticks
 * (worker.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "world_private.h"

#define IDLE_MS 5000
#define BUSY_MS 250
#define HINT_MS 10000
#define FILTER 32
#define TICK_SOON_MS 100
#define TICK_LATEST_MS 30000
#define TIMEOUT_MS 2500
#define RESEND_MS 1030
#define JITTER_MS 50
#define FRESH_MS 10000
#define ANCHORS_MS 60000
#define RESCUE_RATE 10
#define RESCUE_AGAIN_MS 2000

/* ---- ticks ---------------------------------------------------------------------------
 */

static void tick_by(struct world *w, long long at)
{
	if (at < w->tick_at)
		w->tick_at = at;
}

void tick_soon(struct world *w)
{
	tick_by(w, w->now + TICK_SOON_MS);
}

void host_tick(struct world *w)
{
	long long next;

	w->tick_at = w->now + TICK_LATEST_MS;
	for (uint32_t i = 0; i < w->unmade_count; i++)
		verdict_probed(w->v, &w->unmade[i], 0, VERDICT_PROBE_NOTHING, 0, w->now);
	w->unmade_count = 0;
	next = verdicts_tick(w->v, w->now);
	tick_by(w, next < w->now + TICK_SOON_MS ? w->now + TICK_SOON_MS : next);
}

/* ---- probes --------------------------------------------------------------------------
 */

static struct probe *free_probe(struct world *w)
{
	for (uint32_t i = 0; i < w->probe_count; i++)
		if (w->probes[i].state == PROBE_FREE)
			return &w->probes[i];
	return w->probe_count < PROBES ? &w->probes[w->probe_count++] : NULL;
}

static bool is_queued(const struct world *w, const struct gp_addr *addr, uint16_t port)
{
	for (uint32_t i = 0; i < w->probe_count; i++)
		if (w->probes[i].state != PROBE_FREE && w->probes[i].port == port &&
		    gp_addr_equal(&w->probes[i].addr, addr))
			return true;
	return false;
}

static void on_probe(void *ctx, const struct gp_addr *addr, uint16_t port)
{
	struct world *w = ctx;
	long long begins = w->now + below(w, JITTER_MS);
	struct probe *probe;

	assert_int_not_equal(port, 0);
	if (is_queued(w, addr, port))
		return;
	probe = free_probe(w);
	if (!probe) {
		if (w->unmade_count < UNMADE)
			w->unmade[w->unmade_count++] = *addr;
		tick_soon(w);
		return;
	}
	*probe = (struct probe){PROBE_QUEUED, probe->of + 1, *addr, port, ANSWER_NONE};
	if (w->probe_next > begins)
		begins = w->probe_next;
	w->probe_next = begins + 1000 / RATE;
	happens(w, begins, HAPPENS_PROBE_SENDS, (uint32_t)(probe - w->probes), probe->of);
}

static void send_probe(struct world *w, struct probe *probe)
{
	const struct name *name = name_of(w, &probe->addr);
	const uint32_t index = (uint32_t)(probe - w->probes);

	if (probe->state == PROBE_QUEUED) {
		note_probe(w);
		probe->state = PROBE_RUNS;
		happens(w, w->now + TIMEOUT_MS, HAPPENS_PROBE_ENDS, index, probe->of);
		happens(w, w->now + RESEND_MS, HAPPENS_PROBE_SENDS, index, probe->of);
	}
	probe->answer = send_syn(w, name, probe->addr.family, probe->port);
	if (probe->answer == ANSWER_NONE)
		return;
	happens(w, w->now + (name ? name->rtt_ms : 0), HAPPENS_PROBE_ENDS, index,
		probe->of);
}

static void end_probe(struct world *w, struct probe *probe)
{
	const struct gp_addr addr = probe->addr;
	const uint16_t port = probe->port;
	const struct name *name = name_of(w, &addr);
	static const enum verdict_probe results[] = {
		[ANSWER_NONE] = VERDICT_PROBE_TIMEOUT,
		[ANSWER_HANDSHAKE] = VERDICT_PROBE_OK,
		[ANSWER_RST] = VERDICT_PROBE_OK,
		[ANSWER_ICMP] = VERDICT_PROBE_ICMP,
	};
	const enum verdict_probe result = results[probe->answer];

	probe->state = PROBE_FREE;
	probe->of++;
	verdict_probed(w->v, &addr, port, result,
		       result == VERDICT_PROBE_OK && name ? name->rtt_ms : 0, w->now);
	tick_soon(w);
}

/* ---- what else the machine wants -----------------------------------------------------
 */

static void on_publish(void *ctx, const struct gp_prefix *prefix, enum gp_verdict verdict,
		       long long expires_ms)
{
	const struct world *w = ctx;

	(void)prefix;
	assert_true(verdict == GP_VERDICT_UNKNOWN || expires_ms >= w->now);
}

static void on_changed(void *ctx, const struct verdict_view *view)
{
	struct world *w = ctx;
	struct name *name;

	assert_true(view->was != view->verdict);
	tick_soon(w);
	if (view->verdict != GP_VERDICT_BROKEN)
		return;
	if (view->prefix.length == 48)
		w->figures[FIGURE_NETS]++;
	name = view->prefix.length == 128 ? name_of(w, &view->prefix.addr) : NULL;
	if (name &&
	    answer_of(w, name, AF_INET6, w->story->crowds[name->crowd].port) !=
		    ANSWER_NONE &&
	    w->story->crowds[name->crowd].fate == FATE_UP)
		w->figures[FIGURE_LIES]++;
}

static void hear(struct world *w)
{
	for (uint32_t i = 0; i < w->socket_count; i++) {
		struct socket *socket = &w->sockets[i];
		if (socket->state == SOCKET_OPEN && is_alive(w, socket))
			socket->heard_ms = w->now - (w->now - socket->heard_ms) % 1000;
	}
}

static size_t on_peers(void *ctx, struct verdict_peer *out, size_t max,
		       uint32_t within_ms)
{
	struct world *w = ctx;
	size_t count = 0;

	hear(w);
	for (uint32_t i = 0; i < w->socket_count && count < max; i++) {
		const struct socket *socket = &w->sockets[i];
		const long long quiet = w->now - socket->heard_ms;
		if (socket->state == SOCKET_OPEN && socket->family == AF_INET6 &&
		    quiet <= within_ms)
			out[count++] = (struct verdict_peer){w->names[socket->name].addr,
							     socket->port, socket->uid,
							     (uint32_t)quiet};
	}
	return count;
}

/* ---- sockets that close --------------------------------------------------------------
 */

void host_closed(struct world *w, const struct socket *socket, bool is_abort)
{
	const struct name *name = &w->names[socket->name];
	const struct gp_addr *addr =
		socket->family == AF_INET ? &name->partner : &name->addr;
	const unsigned retransmits = socket->sent ? socket->sent - 1 : 0;
	/* A blocking connect() that the kernel ends has lost its port. */
	const uint16_t port = is_abort && socket->is_blocking ? 0 : socket->port;

	if (socket->state == SOCKET_OPEN) {
		const struct verdict_connection connection = {
			.port = socket->port, .uid = VERDICT_UID_UNKNOWN, .data = true};
		if (is_alive(w, socket))
			verdict_ok(w->v, addr, &connection, w->now);
		return;
	}
	if (socket->is_refused || retransmits < 2)
		verdict_unclear(w->v, addr, port, w->now);
	else
		verdict_failed(w->v, addr, port, (uint32_t)syn_gap(socket->sent), w->now);
	tick_soon(w);
}

/* ---- dumps ---------------------------------------------------------------------------
 */

static bool is_asked_by(const struct world *w, const struct name *name, uint32_t uid)
{
	const uint32_t system_uid_max = 999;

	(void)w;
	for (unsigned i = 0; i < name->hinters; i++)
		if (name->hinted_by[i] == uid || name->hinted_by[i] <= system_uid_max)
			return true;
	return false;
}

static bool wants_rescue(struct world *w, struct socket *socket,
			 const struct verdict_waiting *syn)
{
	struct name *name = &w->names[socket->name];
	struct gp_addr partner;

	if (!w->story->has_rescue ||
	    verdict_may_rescue(w->v, &name->addr, socket->port, syn, w->now, &partner) ==
		    VERDICT_RESCUE_NO ||
	    w->now - socket->asked_ms < RESCUE_AGAIN_MS)
		return false;
	if (w->now - w->rescue_second >= 1000) {
		w->rescue_second = w->now;
		w->rescue_count = 0;
	}
	if (w->rescue_count++ >= RESCUE_RATE)
		return false;
	socket->asked_ms = w->now;
	w->figures[FIGURE_RESCUES]++;
	if (!is_asked_by(w, name, socket->uid))
		w->figures[FIGURE_STOLEN]++;
	if (answer_of(w, name, AF_INET6, socket->port) == ANSWER_HANDSHAKE)
		note_away(w, name);
	return true;
}

/* A dump shows all at one time: who is freed goes on only after it. */
static void dump_waiting(struct world *w)
{
	const uint32_t count = w->socket_count;

	w->is_waiting = false;
	for (uint32_t i = 0; i < count; i++) {
		struct socket *socket = &w->sockets[i];
		if (socket->state != SOCKET_SYN || socket->family != AF_INET6)
			continue;
		const struct verdict_waiting syn = {
			socket->sent - 1, (uint32_t)(w->now - socket->sent_ms),
			(uint32_t)(w->now - socket->begun_ms), socket->uid};
		verdict_syn(w->v, &w->names[socket->name].addr, socket->port, &syn,
			    w->now);
		if (syn.retransmits) {
			w->is_waiting = true;
			tick_soon(w);
		}
		if (wants_rescue(w, socket, &syn))
			program_freed(w, socket);
	}
}

static bool is_open(const struct socket *socket)
{
	return socket->state == SOCKET_OPEN;
}

static bool has_open(const struct world *w)
{
	for (uint32_t i = 0; i < w->socket_count; i++)
		if (is_open(&w->sockets[i]))
			return true;
	return false;
}

static void dump_established(struct world *w)
{
	struct gp_addr wanted[FILTER];
	size_t count;

	/* What is not there cannot be seen: the question itself changes nothing. */
	if (!has_open(w))
		return;
	hear(w);
	count = verdict_suspects(w->v, wanted, FILTER, w->now);
	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < w->socket_count; j++) {
			const struct socket *socket = &w->sockets[j];
			const struct name *name = &w->names[socket->name];
			const struct verdict_connection connection = {
				.port = socket->port, .uid = socket->uid, .data = true};
			if (is_open(socket) && is_alive(w, socket) &&
			    w->now - socket->heard_ms <= FRESH_MS &&
			    gp_addr_equal(&wanted[i], socket->family == AF_INET
							      ? &name->partner
							      : &name->addr))
				verdict_ok(w->v, &wanted[i], &connection, w->now);
		}
}

static bool is_busy(const struct world *w)
{
	return w->is_waiting || w->now < w->busy_until || verdicts_any_broken(w->v);
}

static void set_dump(struct world *w, long long at)
{
	w->dump_at = at;
	happens(w, at, HAPPENS_DUMP, 0, ++w->dump_of);
}

static void dump(struct world *w)
{
	w->last_dump = w->now;
	dump_waiting(w);
	if (is_busy(w))
		dump_established(w);
	set_dump(w, w->now + (is_busy(w) ? BUSY_MS : IDLE_MS));
}

void host_hinted(struct world *w)
{
	w->busy_until = w->now + HINT_MS;
	if (w->dump_at > w->now + BUSY_MS)
		set_dump(w, w->now + BUSY_MS);
	tick_soon(w);
}

/* ---- anchors -------------------------------------------------------------------------
 */

static void set_anchors(struct world *w, uint32_t crowd)
{
	const unsigned count = w->story->crowds[crowd].names;
	struct verdict_peer anchors[VERDICT_ANCHORS];

	assert_true(count <= VERDICT_ANCHORS);
	for (unsigned i = 0; i < count; i++)
		anchors[i] = (struct verdict_peer){
			.addr = w->names[w->crowds[crowd].first + i].addr, .port = 443};
	verdicts_set_anchors(w->v, anchors, count);
}

/* As if a program had been handed all of them together. */
void host_ask_anchors(struct world *w, uint32_t crowd)
{
	const unsigned count = w->story->crowds[crowd].names;
	const struct name *names = &w->names[w->crowds[crowd].first];
	struct gp_addr addresses[2 * VERDICT_ANCHORS];
	const bool withheld[2 * VERDICT_ANCHORS] = {false};

	set_anchors(w, crowd);
	for (unsigned i = 0; i < count; i++) {
		addresses[2 * i] = names[i].addr;
		addresses[2 * i + 1] = names[i].partner;
	}
	verdict_hint(w->v, addresses, withheld, 2 * count, 0, w->now);
	for (unsigned i = 0; i < count; i++)
		verdict_unclear(w->v, &names[i].addr, 443, w->now);
	tick_soon(w);
	happens(w, w->now + ANCHORS_MS, HAPPENS_ANCHORS, crowd, 0);
}

/* ---- the whole -----------------------------------------------------------------------
 */

void host_begin(struct world *w)
{
	/* Those of v6guard.conf(5). */
	const struct verdict_rules rules = {
		.probes = true,
		.system_uid_max = 999,
		.ok_ttl_ms = 600000,
		.broken_ttl_ms = 30000,
		.broken_ttl_max_ms = 600000,
		.port_count = 2,
		.ports = {443, 80},
	};
	const struct verdict_ops ops = {w, on_publish, on_probe, on_changed, on_peers};
	/* 2a05:0:0:1::/64 */
	const struct gp_prefix onlink = {
		gp_addr_make(AF_INET6, "\x2a\5\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 0), 64};

	w->v = verdicts_new(&rules, &ops, w->random);
	assert_non_null(w->v);
	verdicts_set_onlink(w->v, &onlink, 1);
	w->tick_at = w->now + TICK_SOON_MS;
	w->probe_next = w->now;
	set_dump(w, w->now);
}

void host_happens(struct world *w, const struct event *event)
{
	struct probe *probe = &w->probes[event->index % PROBES];

	if (event->what == HAPPENS_DUMP) {
		if (event->of == w->dump_of)
			dump(w);
		return;
	}
	if (event->what == HAPPENS_ANCHORS) {
		host_ask_anchors(w, event->index);
		return;
	}
	if (event->of != probe->of)
		return;
	if (event->what == HAPPENS_PROBE_SENDS)
		send_probe(w, probe);
	else
		end_probe(w, probe);
}
