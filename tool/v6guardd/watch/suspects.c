/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* suspects.c - when to dump, and what of. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/clock.h"
#include "suspects.h"

#define LISTEN (1U << 10)
#define CLOSED 7
#define GAPS 8
#define GAP_WATCHED_MS 30000 /* longer than a gap must be open to be a proof */

/* One bit a port. */
struct ports {
	uint32_t words[65536 / 32];
};

struct suspects {
	struct suspects_ops ops;
	struct event *timer, *closing;
	struct event *gather; /* until more events are read */
	int dump_fd, event_fd;
	long long busy_until; /* of gp_boot_ms */
	long long last_dump, due;
	bool is_waiting; /* the last dump showed a SYN that was sent again */
	uint64_t dumps;
	long long listeners_at;
	struct ports listening, listened; /* now, and before */
	struct {
		struct gp_addr remote;
		long long until; /* of gp_boot_ms */
	} gaps[GAPS];            /* where an answer lacks its beginning */
};

/* ---- answers that lack their beginning ------------------------------------------ */

static bool is_watched(const struct suspects *suspects, size_t i)
{
	return suspects->gaps[i].until > gp_boot_ms();
}

/*
 * Whether that is a path MTU hole shows later than a hint makes us look. The time is not
 * made longer by what is seen meanwhile, so it ends.
 */
static void note_gap(struct suspects *suspects, const struct gp_socket *socket)
{
	size_t place = GAPS;

	if (!socket->has_gap || socket->remote.family != AF_INET6 ||
	    gp_socket_evidence(socket) != GP_EVIDENCE_REACHED)
		return;
	for (size_t i = 0; i < GAPS; i++) {
		if (!is_watched(suspects, i))
			place = i;
		else if (gp_addr_equal(&suspects->gaps[i].remote, &socket->remote))
			return;
	}
	if (place == GAPS)
		return;
	suspects->gaps[place].remote = socket->remote;
	suspects->gaps[place].until = gp_boot_ms() + GAP_WATCHED_MS;
}

/* Add them to the COUNT in OUT, unless they are there; how many there are then. */
static size_t add_gaps(const struct suspects *suspects, struct gp_addr *out, size_t count)
{
	for (size_t i = 0; i < GAPS && count < SUSPECTS_FILTER; i++) {
		size_t at = 0;
		if (!is_watched(suspects, i))
			continue;
		while (at < count && !gp_addr_equal(&out[at], &suspects->gaps[i].remote))
			at++;
		if (at == count)
			out[count++] = suspects->gaps[i].remote;
	}
	return count;
}

/* ---- whose connection it was ---------------------------------------------------- */

static bool take_listener(void *ctx, const struct gp_socket *socket)
{
	struct suspects *suspects = ctx;

	suspects->listening.words[socket->local_port / 32] |= 1U
							      << socket->local_port % 32;
	return true;
}

static void find_listeners(struct suspects *suspects)
{
	const long long now = gp_boot_ms();

	if (suspects->listeners_at &&
	    now - suspects->listeners_at < SUSPECTS_LISTENERS_MS)
		return;
	suspects->listeners_at = now;
	suspects->listened = suspects->listening;
	suspects->listening = (struct ports){.words = {0}};
	(void)gp_sockdiag_dump(suspects->dump_fd, AF_INET6, LISTEN, NULL, 0,
			       take_listener, suspects);
}

static bool has_port(const struct ports *ports, uint16_t port)
{
	return ports->words[port / 32] >> port % 32 & 1;
}

/*
 * A connection that somebody made to us says nothing of ours to him: firewalls let
 * answers out that would stop a SYN. IPv6 only; IPv4 counts for partners alone.
 */
static bool is_inbound(struct suspects *suspects, const struct gp_socket *socket)
{
	if (socket->remote.family != AF_INET6 || !socket->local_port)
		return false;
	return has_port(&suspects->listening, socket->local_port) ||
	       has_port(&suspects->listened, socket->local_port);
}

/* ---- when ----------------------------------------------------------------------- */

static bool is_busy(const struct suspects *suspects)
{
	struct gp_addr gaps[SUSPECTS_FILTER];

	return add_gaps(suspects, gaps, 0) > 0 || suspects->is_waiting ||
	       gp_boot_ms() < suspects->busy_until ||
	       suspects->ops.any_broken(suspects->ops.ctx);
}

static void set_timer(struct suspects *suspects, long ms)
{
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	suspects->due = gp_boot_ms() + ms;
	event_add(suspects->timer, &delay);
}

/* As soon as the pace of a busy time allows. */
static void dump_soon(struct suspects *suspects)
{
	long long wait = suspects->last_dump + SUSPECTS_BUSY_MS - gp_boot_ms();

	if (wait < 0)
		wait = 0;
	if (wait > SUSPECTS_BUSY_MS)
		wait = SUSPECTS_BUSY_MS;
	set_timer(suspects, (long)wait);
}

static bool take_waiting(void *ctx, const struct gp_socket *socket)
{
	struct suspects *suspects = ctx;

	if (socket->retransmits > 0)
		suspects->is_waiting = true;
	suspects->ops.waiting(suspects->ops.ctx, socket);
	return true;
}

static bool take_established(void *ctx, const struct gp_socket *socket)
{
	struct suspects *suspects = ctx;

	if (is_inbound(suspects, socket))
		return true;
	if (socket->state != CLOSED)
		note_gap(suspects, socket);
	suspects->ops.seen(suspects->ops.ctx, socket);
	return true;
}

/* Listeners and sockets that were never used close as well, and say nothing. */
static void take_closed(void *ctx, const struct gp_socket *socket)
{
	static const uint8_t nobody[sizeof(socket->remote.bytes)];

	if (memcmp(socket->remote.bytes, nobody, sizeof(nobody)) != 0)
		take_established(ctx, socket);
}

/* Never without a filter: a busy server has many connections. */
static void dump_established(struct suspects *suspects, const struct gp_addr *wanted,
			     size_t count, int family)
{
	struct gp_addr addresses[SUSPECTS_FILTER];
	size_t some = 0;

	for (size_t i = 0; i < count; i++)
		if (wanted[i].family == family)
			addresses[some++] = wanted[i];
	if (some > 0)
		(void)gp_sockdiag_dump(suspects->dump_fd, family, GP_STATE_ESTABLISHED,
				       addresses, some, take_established, suspects);
}

static void dump(struct suspects *suspects)
{
	struct gp_addr wanted[SUSPECTS_FILTER];

	suspects->is_waiting = false;
	suspects->dumps++;
	suspects->last_dump = gp_boot_ms();
	(void)gp_sockdiag_dump(suspects->dump_fd, AF_INET6, GP_STATE_SYN_SENT, NULL, 0,
			       take_waiting, suspects);
	if (!is_busy(suspects))
		return;
	size_t count = suspects->ops.suspects(suspects->ops.ctx, wanted, SUSPECTS_FILTER);
	if (count > SUSPECTS_FILTER)
		count = SUSPECTS_FILTER;
	count = add_gaps(suspects, wanted, count);
	/* Before, as one dump cannot be made inside another. */
	if (count > 0)
		find_listeners(suspects);
	dump_established(suspects, wanted, count, AF_INET6);
	dump_established(suspects, wanted, count, AF_INET);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct suspects *suspects = ctx;

	(void)fd, (void)what;
	dump(suspects);
	set_timer(suspects, is_busy(suspects) ? SUSPECTS_BUSY_MS : SUSPECTS_IDLE_MS);
}

static void on_gathered(evutil_socket_t fd, short what, void *ctx)
{
	struct suspects *suspects = ctx;

	(void)fd, (void)what;
	event_add(suspects->closing, NULL);
}

static void on_closing(evutil_socket_t fd, short what, void *ctx)
{
	struct suspects *suspects = ctx;

	const struct timeval pause = {.tv_usec = SUSPECTS_GATHER_MS * 1000};

	(void)what;
	find_listeners(suspects);
	enum gp_status status = gp_sockdiag_read(fd, take_closed, suspects);
	if (status == GP_BUSY)
		dump_soon(suspects);
	/* If it cannot be read it would be readable for ever: go on with dumps alone. */
	if (status == GP_OK || status == GP_BUSY)
		event_add(suspects->gather, &pause);
}

struct suspects *suspects_new(struct event_base *base, int dump_fd, int event_fd,
			      const struct suspects_ops *ops)
{
	struct suspects *suspects = calloc(1, sizeof(*suspects));
	if (!suspects)
		goto fail;

	suspects->ops = *ops;
	suspects->dump_fd = dump_fd;
	suspects->event_fd = event_fd;
	suspects->timer = evtimer_new(base, on_timer, suspects);
	if (event_fd >= 0)
		suspects->closing =
			event_new(base, event_fd, EV_READ, on_closing, suspects);
	suspects->gather = evtimer_new(base, on_gathered, suspects);
	if (!suspects->timer || !suspects->gather ||
	    (event_fd >= 0 && !suspects->closing)) {
		suspects_free(suspects);
		return NULL;
	}
	if (suspects->closing)
		event_add(suspects->closing, NULL);
	set_timer(suspects, 0);
	return suspects;
fail:
	close(dump_fd);
	if (event_fd >= 0)
		close(event_fd);
	return NULL;
}

void suspects_free(struct suspects *suspects)
{
	if (!suspects)
		return;
	if (suspects->timer)
		event_free(suspects->timer);
	if (suspects->gather)
		event_free(suspects->gather);
	if (suspects->closing)
		event_free(suspects->closing);
	close(suspects->dump_fd);
	if (suspects->event_fd >= 0)
		close(suspects->event_fd);
	free(suspects);
}

void suspects_hinted(struct suspects *suspects)
{
	long long now = gp_boot_ms();

	suspects->busy_until = now + SUSPECTS_HINT_MS;
	/* However many hints come, none puts a dump off. */
	if (suspects->due > now + SUSPECTS_BUSY_MS)
		set_timer(suspects, SUSPECTS_BUSY_MS);
}

/* ---- open connections ------------------------------------------------------------ */

/* A server's connections are mostly others' to it: a bound on what looking costs. */
#define PEERS_SEEN 4096

struct peers {
	struct suspects *suspects;
	uint32_t within_ms, seen;
	bool (*visit)(void *ctx, const struct gp_socket *socket);
	void *ctx;
};

static bool take_peer(void *ctx, const struct gp_socket *socket)
{
	struct peers *peers = ctx;

	if (++peers->seen > PEERS_SEEN)
		return false;
	if (socket->quiet_ms > peers->within_ms || !socket->rtt_us ||
	    is_inbound(peers->suspects, socket))
		return true;
	return peers->visit(peers->ctx, socket);
}

void suspects_peers(struct suspects *suspects, uint32_t within_ms,
		    bool (*visit)(void *ctx, const struct gp_socket *socket), void *ctx)
{
	struct peers peers = {suspects, within_ms, 0, visit, ctx};

	find_listeners(suspects);
	(void)gp_sockdiag_dump(suspects->dump_fd, AF_INET6, GP_STATE_ESTABLISHED, NULL, 0,
			       take_peer, &peers);
}

uint64_t suspects_dumps(const struct suspects *suspects)
{
	return suspects->dumps;
}
