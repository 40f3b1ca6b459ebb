/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* health.c - see health.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/clock.h"
#include "health.h"

struct server {
	struct health *health;
	struct dns_endpoint endpoint;
	struct event *readable, *timer; /* while it is asked */
	int fd;
	unsigned missed; /* in this round */
	uint16_t id;
	bool is_dead; /* it missed two */
};

struct health {
	struct event_base *base;
	struct event *again; /* asks those that are dead */
	health_changed_fn *changed;
	void *ctx;
	size_t count;
	struct server servers[HEALTH_SERVERS];
	long long asked_ms;
};

static void end_round(struct server *server)
{
	if (server->readable)
		event_free(server->readable);
	if (server->timer)
		event_free(server->timer);
	if (server->fd >= 0)
		close(server->fd);
	server->readable = server->timer = NULL;
	server->fd = -1;
}

static bool any_alive(const struct health *health)
{
	for (size_t i = 0; i < health->count; i++)
		if (!health->servers[i].is_dead)
			return true;
	return false;
}

static void judge(struct server *server, bool is_dead)
{
	const struct timeval again = {HEALTH_AGAIN_MS / 1000, 0};
	struct health *health = server->health;

	end_round(server);
	if (is_dead)
		evtimer_add(health->again, &again);
	if (server->is_dead == is_dead)
		return;
	server->is_dead = is_dead;
	health->changed(health->ctx);
}

static bool send_question(struct server *server)
{
	/* The root's name servers: everybody has something to say about them. */
	uint8_t question[17] = {[2] = 1, [5] = 1, [14] = 2, [16] = 1};

	if (getrandom(&server->id, sizeof(server->id), 0) != sizeof(server->id))
		server->id = (uint16_t)gp_boot_ms();
	question[0] = (uint8_t)(server->id >> 8);
	question[1] = (uint8_t)server->id;
	return send(server->fd, question, sizeof(question), MSG_DONTWAIT) ==
	       (ssize_t)sizeof(question);
}

static void wait_for(struct server *server)
{
	const long ms = HEALTH_WAIT_MS << server->missed;
	const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	evtimer_add(server->timer, &delay);
}

static void on_missed(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd, (void)what;
	if (++server->missed == 2) {
		judge(server, true);
		return;
	}
	send_question(server);
	wait_for(server);
}

/* Any answer will do. A port that is closed is as good as silence. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	uint8_t reply[512];
	const ssize_t got = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);

	(void)what;
	if (got >= 12 && reply[0] == server->id >> 8 && reply[1] == (server->id & 0xff) &&
	    reply[2] & 0x80)
		judge(server, false);
}

static int connect_to(const struct dns_endpoint *endpoint)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6,
				    .sin6_port = htons(endpoint->port),
				    .sin6_scope_id = endpoint->addr.scope_id};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET,
				   .sin_port = htons(endpoint->port)};
	const bool is_ipv4 = endpoint->addr.family == AF_INET;
	const int fd = socket(endpoint->addr.family,
			      SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(&ipv6.sin6_addr, endpoint->addr.bytes, 16);
	memcpy(&ipv4.sin_addr, endpoint->addr.bytes, 4);
	if (fd >= 0 && connect(fd,
			       is_ipv4 ? (const struct sockaddr *)(const void *)&ipv4
				       : (const struct sockaddr *)(const void *)&ipv6,
			       is_ipv4 ? sizeof(ipv4) : sizeof(ipv6)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Without a route it is dead at once. */
static void ask(struct server *server)
{
	struct event_base *base = server->health->base;

	if (server->readable)
		return;
	server->missed = 0;
	server->fd = connect_to(&server->endpoint);
	if (server->fd >= 0) {
		server->readable = event_new(base, server->fd, EV_READ | EV_PERSIST,
					     on_readable, server);
		server->timer = evtimer_new(base, on_missed, server);
	}
	if (!server->readable || !server->timer) {
		judge(server, true);
		return;
	}
	event_add(server->readable, NULL);
	send_question(server);
	wait_for(server);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct health *health = arg;

	(void)fd, (void)what;
	for (size_t i = 0; i < health->count; i++)
		if (health->servers[i].is_dead)
			ask(&health->servers[i]);
}

void health_doubt(struct health *health)
{
	const long long now = gp_boot_ms();

	if (health->count < 2 ||
	    (health->asked_ms && now - health->asked_ms < HEALTH_LEAST_MS))
		return;
	health->asked_ms = now;
	/* Who is left out has a time of its own. */
	for (size_t i = 0; i < health->count; i++)
		if (!health->servers[i].is_dead || !any_alive(health))
			ask(&health->servers[i]);
}

bool health_is_out(const struct health *health, const struct dns_endpoint *server)
{
	for (size_t i = 0; i < health->count; i++) {
		const struct server *one = &health->servers[i];
		if (one->endpoint.port == server->port &&
		    gp_addr_equal(&one->endpoint.addr, &server->addr))
			return one->is_dead && any_alive(health);
	}
	return false;
}

void health_set(struct health *health, const struct dns_endpoint *servers, size_t count)
{
	bool was_dead[HEALTH_SERVERS];

	if (count > HEALTH_SERVERS)
		count = HEALTH_SERVERS;
	for (size_t i = 0; i < count; i++) {
		was_dead[i] = false;
		for (size_t j = 0; j < health->count; j++)
			if (health->servers[j].endpoint.port == servers[i].port &&
			    gp_addr_equal(&health->servers[j].endpoint.addr,
					  &servers[i].addr))
				was_dead[i] = health->servers[j].is_dead;
	}
	for (size_t i = 0; i < health->count; i++)
		end_round(&health->servers[i]);
	health->count = count;
	health->asked_ms = 0;
	for (size_t i = 0; i < count; i++)
		health->servers[i] = (struct server){.health = health,
						     .endpoint = servers[i],
						     .fd = -1,
						     .is_dead = was_dead[i]};
}

struct health *health_new(struct event_base *base, health_changed_fn *changed, void *ctx)
{
	struct health *health = calloc(1, sizeof(*health));

	if (!health)
		return NULL;
	health->base = base;
	health->changed = changed;
	health->ctx = ctx;
	health->again = evtimer_new(base, on_again, health);
	if (health->again)
		return health;
	free(health);
	return NULL;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	for (size_t i = 0; i < health->count; i++)
		end_round(&health->servers[i]);
	event_free(health->again);
	free(health);
}
