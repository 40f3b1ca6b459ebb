/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prober.c - a fixed number of places, each on one of three lists: free, waiting (first
 * come first served), running.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "prober.h"

#define PLACES 1024
#define JITTER_US 50000
#define SECOND_US 1000000LL
/* A socket is heard of once more after it was closed: those under way, and as many. */
#define COOKIES (2 * PLACES)

struct probe {
	TAILQ_ENTRY(probe) link;
	struct prober *prober;
	struct gp_addr addr;
	uint16_t port;
	int fd;               /* while running */
	struct event *event;  /* on FD, while running */
	long long not_before; /* when it may begin */
	long long begun;      /* when it did */
};

TAILQ_HEAD(probe_list, probe);

struct prober {
	struct event_base *base;
	struct event *timer; /* for the next one to begin */
	prober_done_fn *done;
	void *ctx;
	uint32_t max_rate;
	uint32_t random;
	long long next; /* none begins earlier */
	uint64_t sent;
	uint32_t cookies[COOKIES][2]; /* of the latest sockets */
	unsigned next_cookie;
	struct probe_list free, waiting, running;
	struct probe places[PLACES];
};

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

/* So that hosts that saw the same thing do not ask in step. xorshift32. */
static long long jitter(struct prober *prober)
{
	uint32_t x = prober->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	prober->random = x;
	return x % JITTER_US;
}

/* ---- who may be asked ------------------------------------------------------------- */

static bool is_ipv4_askable(const struct gp_addr *addr)
{
	/* "This network" and class E, the broadcast address with it (RFC 6890). */
	return !gp_addr_is_special(addr) && addr->bytes[0] != 0 && addr->bytes[0] < 240;
}

static bool is_ipv6_askable(const struct gp_addr *addr)
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t local_nat64[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
	const uint8_t *bytes = addr->bytes;
	struct gp_addr inside;

	if (addr->scope_id)
		return false;
	if ((bytes[0] & 0xe0) == 0x20 || (bytes[0] & 0xfe) == 0xfc)
		return true;
	if (!memcmp(bytes, local_nat64, sizeof(local_nat64))) /* RFC 8215 */
		return true;
	if (memcmp(bytes, nat64, sizeof(nat64))) /* RFC 6052 2.1 */
		return false;
	inside = gp_addr_make(AF_INET, bytes + sizeof(nat64), 0);
	return is_ipv4_askable(&inside);
}

static bool is_askable(const struct gp_addr *addr, uint16_t port)
{
	if (port == 0)
		return false;
	if (addr->family == AF_INET)
		return is_ipv4_askable(addr);
	return addr->family == AF_INET6 && is_ipv6_askable(addr);
}

/* ---- the queue --------------------------------------------------------------------- */

static bool has_port(struct probe_list *list, const struct gp_addr *addr, uint16_t port)
{
	struct probe *probe;

	TAILQ_FOREACH(probe, list, link)
	if (probe->port == port && gp_addr_equal(&probe->addr, addr))
		return true;
	return false;
}

/* The timer is for the head of those that wait; none waits: none runs. */
static void schedule(struct prober *prober)
{
	const struct probe *head = TAILQ_FIRST(&prober->waiting);
	struct timeval wait;
	long long us;

	if (!head || !prober->max_rate) {
		event_del(prober->timer);
		return;
	}
	us = head->not_before > prober->next ? head->not_before : prober->next;
	us -= now_us();
	if (us < 0)
		us = 0;
	wait.tv_sec = us / SECOND_US;
	wait.tv_usec = us % SECOND_US;
	event_add(prober->timer, &wait);
}

static void stop(struct probe *probe)
{
	if (probe->event)
		event_free(probe->event);
	probe->event = NULL;
	gp_attempt_close(probe->fd);
	probe->fd = -1;
}

/* PROBE is over: its place is free before anybody is told, who may ask again at once. */
static void finish(struct probe *probe, enum gp_attempt result, uint32_t rtt_ms)
{
	struct prober *prober = probe->prober;
	const struct gp_addr addr = probe->addr;
	const uint16_t port = probe->port;

	TAILQ_REMOVE(&prober->running, probe, link);
	TAILQ_INSERT_TAIL(&prober->free, probe, link);
	schedule(prober);
	prober->done(prober->ctx, &addr, port, result, rtt_ms);
}

/* ---- one attempt ------------------------------------------------------------------- */

static void on_socket(evutil_socket_t fd, short what, void *arg);

/* Wait for the rest of PROBE's time. */
static bool watch(struct probe *probe)
{
	long long left = probe->begun + PROBER_TIMEOUT_MS * 1000LL - now_us();
	struct timeval patience;

	if (left < 0)
		left = 0;
	patience.tv_sec = left / SECOND_US;
	patience.tv_usec = left % SECOND_US;
	return !event_add(probe->event, &patience);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct probe *probe = arg;
	enum gp_attempt result = gp_attempt_check(fd);
	const long long took = now_us() - probe->begun;

	if (result == GP_ATTEMPT_PENDING && !(what & EV_TIMEOUT) && watch(probe))
		return; /* woken for nothing */
	if (result == GP_ATTEMPT_PENDING)
		result = what & EV_TIMEOUT ? GP_ATTEMPT_TIMEOUT : GP_ATTEMPT_LOCAL;
	stop(probe);
	finish(probe, result, (uint32_t)(took / 1000));
}

static void remember_cookie(struct prober *prober, int fd)
{
	uint32_t *cookie = prober->cookies[prober->next_cookie++ % COOKIES];
	uint64_t value = 0;
	socklen_t length = sizeof(value);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &length);
	/* As inet_diag writes it: the lower half first. */
	cookie[0] = (uint32_t)value;
	cookie[1] = (uint32_t)(value >> 32);
}

static void begin(struct probe *probe)
{
	struct prober *prober = probe->prober;
	enum gp_attempt result;

	TAILQ_REMOVE(&prober->waiting, probe, link);
	TAILQ_INSERT_TAIL(&prober->running, probe, link);
	probe->begun = now_us();
	probe->fd = gp_attempt_start(&probe->addr, probe->port, &result);
	if (probe->fd < 0) {
		finish(probe, result, 0);
		return;
	}
	prober->sent++;
	remember_cookie(prober, probe->fd);
	probe->event = event_new(prober->base, probe->fd, EV_WRITE, on_socket, probe);
	if (probe->event && watch(probe)) {
		schedule(prober);
		return;
	}
	stop(probe);
	finish(probe, GP_ATTEMPT_LOCAL, 0);
}

/*
 * A token bucket that holds one token: in any second no more begin than the rate, and
 * one. Time that was slept through is not made up for.
 */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct prober *prober = arg;
	struct probe *head = TAILQ_FIRST(&prober->waiting);
	const long long now = now_us();

	(void)fd;
	(void)what;
	if (!head || !prober->max_rate)
		return;
	if (now < head->not_before || now < prober->next) {
		schedule(prober);
		return;
	}
	prober->next = now + (SECOND_US + prober->max_rate - 1) / prober->max_rate;
	begin(head);
}

/* ---- the interface ----------------------------------------------------------------- */

struct prober *prober_new(struct event_base *base, uint32_t max_rate,
			  prober_done_fn *done, void *ctx)
{
	struct prober *prober = calloc(1, sizeof(*prober));

	if (!prober)
		return NULL;
	prober->base = base;
	prober->max_rate = max_rate;
	prober->done = done;
	prober->ctx = ctx;
	TAILQ_INIT(&prober->free);
	TAILQ_INIT(&prober->waiting);
	TAILQ_INIT(&prober->running);
	for (size_t i = 0; i < PLACES; i++) {
		prober->places[i].prober = prober;
		TAILQ_INSERT_TAIL(&prober->free, &prober->places[i], link);
	}
	if (getrandom(&prober->random, sizeof(prober->random), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(prober->random))
		prober->random = (uint32_t)now_us();
	prober->random |= 1; /* xorshift stays at zero for ever */
	prober->timer = evtimer_new(base, on_timer, prober);
	if (!prober->timer) {
		free(prober);
		return NULL;
	}
	return prober;
}

void prober_free(struct prober *prober)
{
	struct probe *probe;

	if (!prober)
		return;
	TAILQ_FOREACH(probe, &prober->running, link)
	stop(probe);
	event_free(prober->timer);
	free(prober);
}

void prober_set_rate(struct prober *prober, uint32_t max_rate)
{
	prober->max_rate = max_rate;
	schedule(prober);
}

bool prober_ask(struct prober *prober, const struct gp_addr *addr, uint16_t port)
{
	struct probe *probe = TAILQ_FIRST(&prober->free);

	if (!is_askable(addr, port))
		return false;
	if (has_port(&prober->waiting, addr, port) ||
	    has_port(&prober->running, addr, port))
		return true;
	if (!probe)
		return false;
	probe->addr = *addr;
	probe->port = port;
	probe->fd = -1;
	probe->not_before = now_us() + jitter(prober);
	TAILQ_REMOVE(&prober->free, probe, link);
	TAILQ_INSERT_TAIL(&prober->waiting, probe, link);
	schedule(prober);
	return true;
}

void prober_new_epoch(struct prober *prober)
{
	struct probe *probe;

	/* Who is told may ask, but none begins meanwhile: that is the timer's. */
	while ((probe = TAILQ_FIRST(&prober->running))) {
		stop(probe);
		finish(probe, GP_ATTEMPT_LOCAL, 0);
	}
}

bool prober_owns(const struct prober *prober, const uint32_t cookie[2])
{
	for (size_t i = 0; i < COOKIES; i++)
		if (!memcmp(prober->cookies[i], cookie, sizeof(prober->cookies[i])))
			return true;
	return false;
}

uint64_t prober_sent(const struct prober *prober)
{
	return prober->sent;
}
