/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* suspects.c - when to look at the host's sockets, and for what. */
#include <stdlib.h>
#include <unistd.h>

#include "guard/clock.h"
#include "suspects.h"

struct suspects {
	struct suspects_ops ops;
	struct event *timer, *events;
	int dump_fd, event_fd;
	long long busy_until_ms;
	bool is_stuck; /* somebody waits beyond the first second */
	uint64_t dumps;
};

static bool is_busy(const struct suspects *suspects)
{
	return suspects->is_stuck || gp_boot_ms() < suspects->busy_until_ms ||
	       suspects->ops.any_broken(suspects->ops.ctx);
}

static void arm(struct suspects *suspects, int ms)
{
	const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	evtimer_add(suspects->timer, &delay);
}

static bool on_waiting(void *ctx, const struct gp_socket *socket)
{
	struct suspects *suspects = ctx;

	if (socket->remote.family != AF_INET6)
		return true;
	suspects->is_stuck |= socket->retransmits > 0;
	suspects->ops.waiting(suspects->ops.ctx, socket);
	return true;
}

static bool on_established(void *ctx, const struct gp_socket *socket)
{
	struct suspects *suspects = ctx;

	suspects->ops.seen(suspects->ops.ctx, socket);
	return true;
}

static void on_closed(void *ctx, const struct gp_socket *socket)
{
	struct suspects *suspects = ctx;

	suspects->ops.seen(suspects->ops.ctx, socket);
}

/* Established connections are many on some hosts: only to whom somebody is suspect. */
static void look_at_suspects(struct suspects *suspects)
{
	struct gp_addr addresses[SUSPECTS_FILTER];
	const size_t count =
		suspects->ops.suspects(suspects->ops.ctx, addresses, SUSPECTS_FILTER);

	if (!count)
		return;
	gp_sockdiag_dump(suspects->dump_fd, AF_INET6, GP_STATE_ESTABLISHED, addresses,
			 count, on_established, suspects);
	suspects->dumps++;
}

static void look(struct suspects *suspects)
{
	suspects->is_stuck = false;
	gp_sockdiag_dump(suspects->dump_fd, AF_INET6, GP_STATE_SYN_SENT, NULL, 0,
			 on_waiting, suspects);
	suspects->dumps++;
	look_at_suspects(suspects);
	arm(suspects, is_busy(suspects) ? SUSPECTS_BUSY_MS : SUSPECTS_IDLE_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	look(arg);
}

static void on_events(evutil_socket_t fd, short what, void *arg)
{
	struct suspects *suspects = arg;

	(void)what;
	/* What was lost was no evidence, but a reason to look. */
	if (gp_sockdiag_read(fd, on_closed, suspects) == GP_BUSY)
		arm(suspects, 0);
}

struct suspects *suspects_new(struct event_base *base, int dump_fd, int event_fd,
			      const struct suspects_ops *ops)
{
	struct suspects *suspects = calloc(1, sizeof(*suspects));

	if (!suspects) {
		close(dump_fd);
		if (event_fd >= 0)
			close(event_fd);
		return NULL;
	}
	suspects->ops = *ops;
	suspects->dump_fd = dump_fd;
	suspects->event_fd = event_fd;
	suspects->timer = evtimer_new(base, on_timer, suspects);
	if (event_fd >= 0)
		suspects->events = event_new(base, event_fd, EV_READ | EV_PERSIST,
					     on_events, suspects);
	if (!suspects->timer ||
	    (event_fd >= 0 && (!suspects->events || event_add(suspects->events, NULL)))) {
		suspects_free(suspects);
		return NULL;
	}
	arm(suspects, 0);
	return suspects;
}

void suspects_free(struct suspects *suspects)
{
	if (!suspects)
		return;
	if (suspects->timer)
		event_free(suspects->timer);
	if (suspects->events)
		event_free(suspects->events);
	close(suspects->dump_fd);
	if (suspects->event_fd >= 0)
		close(suspects->event_fd);
	free(suspects);
}

void suspects_hinted(struct suspects *suspects)
{
	const bool was_busy = is_busy(suspects);

	suspects->busy_until_ms = gp_boot_ms() + SUSPECTS_HINT_MS;
	if (!was_busy)
		arm(suspects, SUSPECTS_BUSY_MS);
}

uint64_t suspects_dumps(const struct suspects *suspects)
{
	return suspects->dumps;
}
