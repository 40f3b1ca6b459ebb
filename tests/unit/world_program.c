/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* world_program.c - the internet, and the programs that go there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "world_private.h"

#define HAPPY_MS 250
#define SYN_MS 1024

/* ---- the internet --------------------------------------------------------------------
 */

bool has_mishap(const struct world *w, unsigned kinds)
{
	for (size_t i = 0; i < MISHAPS; i++) {
		const struct mishap *mishap = &w->story->mishaps[i];
		const double now = (double)w->now / 1000;
		if (!(kinds >> mishap->kind & 1) || now <= mishap->from_s ||
		    now > mishap->until_s)
			continue;
		if (mishap->flap_s <= 0 ||
		    (long long)((now - mishap->from_s) / mishap->flap_s) % 2 == 0)
			return true;
	}
	return false;
}

static bool is_dead(const struct world *w, const struct name *name)
{
	const struct crowd *crowd = &w->story->crowds[name->crowd];
	const long long period = (long long)(crowd->period_s * 1000);

	switch (crowd->fate) {
	case FATE_DEAD:
		return true;
	case FATE_FLAPPING:
		return (w->now + name->phase) / period % 2 != 0;
	case FATE_DIES:
		return w->now >= period;
	case FATE_HALF:
		return (crowd->in_one_48 ? name->number : name->net) % 2 != 0;
	case FATE_UP:
	case FATE_REFUSED:
	case FATE_ICMP:
	case FATE_FILTERED:
		break;
	}
	return false;
}

static bool is_cut_off(const struct world *w, const struct name *name)
{
	return has_mishap(w, 1U << MISHAP_BLACKHOLE | 1U << MISHAP_BOTH) ||
	       (has_mishap(w, 1U << MISHAP_OUTSIDE) &&
		!w->story->crowds[name->crowd].is_campus);
}

enum answer answer_of(const struct world *w, const struct name *name, int family,
		      uint16_t port)
{
	const struct crowd *crowd;

	if (!name)
		return ANSWER_NONE;
	if (family == AF_INET)
		return has_mishap(w, 1U << MISHAP_IPV4 | 1U << MISHAP_BOTH)
			       ? ANSWER_NONE
			       : ANSWER_HANDSHAKE;
	crowd = &w->story->crowds[name->crowd];
	if (is_cut_off(w, name) || has_mishap(w, 1U << MISHAP_SYN) || is_dead(w, name))
		return ANSWER_NONE;
	if (crowd->fate == FATE_FILTERED)
		return port == crowd->port ? ANSWER_NONE
		       : port == 443       ? ANSWER_HANDSHAKE
					   : ANSWER_RST;
	if (crowd->fate == FATE_ICMP)
		return ANSWER_ICMP;
	return crowd->fate == FATE_REFUSED ? ANSWER_RST : ANSWER_HANDSHAKE;
}

enum answer send_syn(struct world *w, const struct name *name, int family, uint16_t port)
{
	const double loss = family == AF_INET ? w->story->loss4 : w->story->loss;

	if (chance(w, loss) || chance(w, loss))
		return ANSWER_NONE;
	return answer_of(w, name, family, port);
}

bool is_alive(const struct world *w, const struct socket *socket)
{
	const struct name *name = &w->names[socket->name];

	if (socket->family == AF_INET)
		return answer_of(w, name, AF_INET, socket->port) != ANSWER_NONE;
	return !is_cut_off(w, name) && !is_dead(w, name);
}

struct name *name_of(const struct world *w, const struct gp_addr *addr)
{
	const uint8_t *at = addr->bytes + (addr->family == AF_INET ? 1 : 13);
	const uint32_t index = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
	struct name *name = index < w->name_count ? &w->names[index] : NULL;

	if (!name ||
	    !gp_addr_equal(addr, addr->family == AF_INET ? &name->partner : &name->addr))
		return NULL;
	return name;
}

/* Its /32, /48 and /64 as the crowd has them; the rest is its place in the table. */
static void give_addresses(struct name *name, const struct crowd *crowd, uint32_t index)
{
	const uint8_t low[3] = {(uint8_t)(index >> 16), (uint8_t)(index >> 8),
				(uint8_t)index};
	uint8_t bytes[16] = {0x2a, (uint8_t)(0x10 + name->crowd),
			     (uint8_t)(name->net >> 8), (uint8_t)name->net};
	uint8_t bytes4[4] = {9, low[0], low[1], low[2]};

	if (crowd->is_campus) {
		bytes[1] = 5;
		bytes[2] = bytes[3] = 0;
	}
	if (!crowd->in_one_48) {
		bytes[4] = (uint8_t)((name->number + 2) >> 8);
		bytes[5] = (uint8_t)(name->number + 2);
	}
	bytes[7] = (uint8_t)name->number;
	memcpy(bytes + 13, low, sizeof(low));
	name->addr = gp_addr_make(AF_INET6, bytes, 0);
	name->partner = gp_addr_make(AF_INET, bytes4, 0);
}

static uint32_t new_name(struct world *w, uint32_t crowd_index)
{
	const struct crowd *crowd = &w->story->crowds[crowd_index];
	const uint32_t index = w->name_count, number = w->crowds[crowd_index].made++;

	if (w->name_count == w->name_room) {
		w->name_room = w->name_room ? w->name_room * 2 : 256;
		w->names = realloc(w->names, w->name_room * sizeof(*w->names));
		assert_non_null(w->names);
	}
	w->name_count++;
	w->names[index] = (struct name){
		.crowd = crowd_index,
		.number = number,
		.net = crowd->in_one_48 ? 0
		       : crowd->nets    ? number % crowd->nets
					: number,
		.rtt_ms = 10 + below(w, 140),
		.away_since = -1,
		.phase = below(w, (uint32_t)(2000 * crowd->period_s) + 1),
	};
	give_addresses(&w->names[index], crowd, index);
	return index;
}

/* ---- sockets -------------------------------------------------------------------------
 */

long long syn_gap(unsigned sent)
{
	return sent <= 5 ? SYN_MS : (long long)SYN_MS << (sent - 5);
}

static uint32_t new_socket(struct world *w)
{
	for (uint32_t i = 0; i < w->socket_count; i++)
		if (w->sockets[i].state == SOCKET_FREE)
			return i;
	w->sockets = realloc(w->sockets, (w->socket_count + 64) * sizeof(*w->sockets));
	assert_non_null(w->sockets);
	memset(w->sockets + w->socket_count, 0, 64 * sizeof(*w->sockets));
	w->socket_count += 64;
	return w->socket_count - 64;
}

static void free_socket(struct socket *socket)
{
	socket->state = SOCKET_FREE;
	socket->of++;
}

static void attempt(struct world *w, uint32_t index)
{
	struct socket *socket = &w->sockets[index];
	const struct name *name = &w->names[socket->name];
	const enum answer answer = send_syn(w, name, socket->family, socket->port);

	socket->sent++;
	socket->sent_ms = w->now;
	if (answer != ANSWER_NONE) {
		socket->is_refused = answer != ANSWER_HANDSHAKE;
		happens(w, w->now + name->rtt_ms, HAPPENS_ANSWER, index, socket->of);
	}
	/* One that is dead anyway shows nothing of a mishap. */
	if (socket->family == AF_INET6 && socket->sent == 3 && !socket->is_liars &&
	    !is_dead(w, name) && w->story->crowds[name->crowd].fate != FATE_FILTERED)
		note_failure(w, name);
	happens(w, w->now + syn_gap(socket->sent), HAPPENS_RESEND, index, socket->of);
}

/* A socket like MODEL, by FAMILY; its SYN is sent. */
static uint32_t connect_as(struct world *w, struct socket model, int family)
{
	const uint32_t index = new_socket(w);

	model.state = SOCKET_SYN;
	model.of = w->sockets[index].of;
	model.family = family;
	model.sent = 0;
	model.is_refused = false;
	model.begun_ms = w->now;
	model.asked_ms = w->now - 3600000;
	model.twin = NOBODY;
	w->sockets[index] = model;
	attempt(w, index);
	return index;
}

static struct socket *twin_of(struct world *w, const struct socket *socket)
{
	struct socket *twin = socket->twin == NOBODY ? NULL : &w->sockets[socket->twin];

	return twin && twin->of == socket->twin_of ? twin : NULL;
}

/* IPv6 has failed, or was given up: IPv4 is next, unless it is tried already. */
static void go_on(struct world *w, uint32_t index, bool is_abort)
{
	const struct socket socket = w->sockets[index];

	free_socket(&w->sockets[index]);
	if (socket.family == AF_INET6 && !socket.is_liars)
		note_hung(w, w->now - socket.begun_ms);
	if (socket.family == AF_INET6 && !twin_of(w, &socket))
		connect_as(w, socket, AF_INET);
	host_closed(w, &socket, is_abort);
}

void program_freed(struct world *w, struct socket *socket)
{
	go_on(w, (uint32_t)(socket - w->sockets), true);
}

static void resend(struct world *w, uint32_t index)
{
	const struct socket *socket = &w->sockets[index];

	if (socket->state != SOCKET_SYN)
		return;
	if (socket->sent == SYNS)
		go_on(w, index, true);
	else
		attempt(w, index);
}

/* The first of two wins, the other one is closed. */
static void end_twin(struct world *w, struct socket *socket)
{
	struct socket *twin = twin_of(w, socket);
	struct socket closed;

	if (!twin || twin->state != SOCKET_SYN)
		return;
	closed = *twin;
	free_socket(twin);
	if (closed.family == AF_INET6)
		host_closed(w, &closed, false);
}

static void answered(struct world *w, uint32_t index)
{
	struct socket *socket = &w->sockets[index];

	if (socket->state != SOCKET_SYN)
		return;
	if (socket->is_refused) {
		go_on(w, index, true);
		return;
	}
	socket->state = SOCKET_OPEN;
	socket->heard_ms = w->now;
	if (socket->family == AF_INET6 && !socket->is_liars && socket->twin == NOBODY)
		note_hung(w, w->now - socket->begun_ms);
	happens(w, w->now + socket->hold_ms, HAPPENS_CLOSE, index, socket->of);
	end_twin(w, socket);
}

static void try_both(struct world *w, uint32_t index)
{
	uint32_t twin;

	if (w->sockets[index].state != SOCKET_SYN)
		return;
	twin = connect_as(w, w->sockets[index], AF_INET);
	w->sockets[index].twin = twin;
	w->sockets[index].twin_of = w->sockets[twin].of;
	w->sockets[twin].twin = index;
	w->sockets[twin].twin_of = w->sockets[index].of;
}

/* ---- visits --------------------------------------------------------------------------
 */

static uint32_t owner_of(const struct world *w, uint32_t crowd)
{
	return crowd - w->story->crowds[crowd].same_as;
}

static uint32_t choose_name(struct world *w, uint32_t crowd_index)
{
	const struct crowd *crowd = &w->story->crowds[crowd_index];
	const uint32_t owner = owner_of(w, crowd_index);
	const uint32_t count = w->story->crowds[owner].names;

	if (!count)
		return new_name(w, crowd_index);
	return w->crowds[owner].first +
	       (crowd->is_random ? below(w, count) : w->crowds[crowd_index].next % count);
}

static uint32_t choose_uid(struct world *w, const struct crowd *crowd)
{
	static const uint32_t some[] = {0, 110, 1000, 1000, 1003};

	return crowd->uid == UID_MIXED ? some[below(w, 5)] : crowd->uid;
}

static void hint(struct world *w, const struct crowd *crowd, struct name *name,
		 uint32_t uid)
{
	const struct gp_addr addresses[2] = {name->addr, name->partner};
	const bool withheld[2] = {crowd->is_withheld, false};
	unsigned i = 0;

	while (i < name->hinters && name->hinted_by[i] != uid)
		i++;
	if (i == name->hinters && i < 4)
		name->hinted_by[name->hinters++] = uid;
	verdict_hint(w->v, addresses, withheld, 2, uid, w->now);
	host_hinted(w);
}

static void set_patience(struct world *w, uint32_t index, enum patience patience)
{
	static const enum patience any[] = {
		PATIENCE_KERNEL, PATIENCE_KERNEL, PATIENCE_KERNEL, PATIENCE_LONG,
		PATIENCE_LONG,   PATIENCE_SHORT,  PATIENCE_HAPPY,
	};
	struct socket *socket = &w->sockets[index];
	const bool is_first = below(w, 2);

	if (patience == PATIENCE_ANY)
		patience = any[below(w, sizeof(any) / sizeof(any[0]))];
	socket->is_blocking = patience == PATIENCE_KERNEL;
	if (patience == PATIENCE_LONG)
		happens(w, w->now + (is_first ? 5000 : 10000), HAPPENS_GIVE_UP, index,
			socket->of);
	else if (patience == PATIENCE_SHORT)
		happens(w, w->now + (is_first ? 300 : 2000), HAPPENS_GIVE_UP, index,
			socket->of);
	else if (patience == PATIENCE_HAPPY)
		happens(w, w->now + HAPPY_MS, HAPPENS_HAPPY, index, socket->of);
}

/* The door took the AAAA away. */
static void sent_to_ipv4(struct world *w, struct name *name, uint16_t port)
{
	if (answer_of(w, name, AF_INET6, port) != ANSWER_HANDSHAKE)
		return;
	note_away(w, name);
	if (answer_of(w, name, AF_INET, port) == ANSWER_NONE)
		w->figures[FIGURE_STRANDED]++;
}

static void visit(struct world *w, uint32_t crowd_index)
{
	const struct crowd *crowd = &w->story->crowds[crowd_index];
	const uint32_t index = choose_name(w, crowd_index);
	struct name *name = &w->names[index];
	const bool is_broken = verdict_of(w->v, &name->addr, w->now) == GP_VERDICT_BROKEN;
	const struct socket model = {
		.name = index,
		.port = crowd->port ? crowd->port : 443,
		.uid = choose_uid(w, crowd),
		.is_liars = crowd->is_stubborn,
		.hold_ms = (long long)(crowd->holds_s * 1000) + 30 + below(w, 500),
	};

	if (!crowd->is_silent)
		hint(w, crowd, name, model.uid);
	if (crowd->is_proving_ipv4)
		connect_as(w, model, AF_INET);
	if (crowd->is_hint_only)
		return;
	if (is_broken && !crowd->is_stubborn && !crowd->is_silent) {
		sent_to_ipv4(w, name, model.port);
		connect_as(w, model, AF_INET);
		return;
	}
	set_patience(w, connect_as(w, model, AF_INET6), crowd->patience);
}

static void next_visit(struct world *w, uint32_t index)
{
	const struct crowd *crowd = &w->story->crowds[index];
	const uint32_t count = w->story->crowds[owner_of(w, index)].names;
	long long at = w->now + about(w, crowd->every_s * 1000);

	w->crowds[index].next++;
	if (crowd->round_s > 0 && w->crowds[index].next % count == 0)
		at = w->crowds[index].round_ms += (long long)(crowd->round_s * 1000);
	if (crowd->until_s <= 0 || at < (long long)(crowd->until_s * 1000))
		happens(w, at, HAPPENS_VISIT, index, 0);
}

/* ---- the whole -----------------------------------------------------------------------
 */

void programs_begin(struct world *w)
{
	for (uint32_t i = 0; i < CROWDS; i++) {
		const struct crowd *crowd = &w->story->crowds[i];
		const long long from = (long long)(crowd->from_s * 1000);
		w->crowds[i].first = w->name_count;
		for (unsigned j = 0; !crowd->same_as && j < crowd->names; j++)
			new_name(w, i);
		w->crowds[i].round_ms = from;
		if (crowd->are_anchors)
			host_ask_anchors(w, i);
		if (crowd->every_s <= 0)
			continue;
		happens(w, from + 1 + below(w, 2000), HAPPENS_VISIT, i, 0);
	}
}

static void socket_happens(struct world *w, const struct event *event)
{
	struct socket *socket = &w->sockets[event->index];
	struct socket closed;

	if (socket->of != event->of)
		return;
	if (event->what == HAPPENS_RESEND)
		resend(w, event->index);
	else if (event->what == HAPPENS_ANSWER)
		answered(w, event->index);
	else if (event->what == HAPPENS_GIVE_UP && socket->state == SOCKET_SYN)
		go_on(w, event->index, false);
	else if (event->what == HAPPENS_HAPPY)
		try_both(w, event->index);
	else if (event->what == HAPPENS_CLOSE) {
		closed = *socket;
		free_socket(socket);
		host_closed(w, &closed, false);
	}
}

void program_happens(struct world *w, const struct event *event)
{
	if (event->what != HAPPENS_VISIT) {
		socket_happens(w, event);
		return;
	}
	visit(w, event->index);
	next_visit(w, event->index);
}

void programs_end(struct world *w)
{
	for (uint32_t i = 0; i < w->socket_count; i++) {
		const struct socket *socket = &w->sockets[i];
		if (socket->state == SOCKET_SYN && socket->family == AF_INET6 &&
		    !socket->is_liars && socket->twin == NOBODY)
			note_hung(w, w->now - socket->begun_ms);
	}
}
