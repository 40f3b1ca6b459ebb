/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* health.c - see health.h: the sockets and the clock of health_rules.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "guard/clock.h"
#include "health.h"

struct server {
	struct health *health;
	struct dns_endpoint endpoint;
	struct event *event; /* while it is asked */
	int fd;
	uint16_t id;
};

struct health {
	struct event_base *base;
	struct event *timer;
	health_changed_fn *changed;
	void *ctx;
	struct health_rules rules;
	struct server servers[HEALTH_SERVERS];
	bool none_answers; /* as was told last */
	long long heard_ms;
};

long long health_heard_ms(const struct health *health)
{
	return health->heard_ms;
}

bool health_none_answers(const struct health *health)
{
	bool any_alive = !health->rules.count;

	for (size_t i = 0; i < health->rules.count; i++)
		any_alive |= !health->rules.servers[i].is_dead;
	return !any_alive;
}

static void tell(struct health *health, bool others)
{
	const bool none = health_none_answers(health);

	if (!others && none == health->none_answers)
		return;
	health->none_answers = none;
	health->changed(health->ctx, others);
}

static void close_socket(struct server *server)
{
	if (server->event)
		event_free(server->event);
	if (server->fd >= 0)
		close(server->fd);
	server->event = NULL;
	server->fd = -1;
}

static void set_timer(struct health *health)
{
	const long long next = health_rules_next(&health->rules);
	const long long left = next - gp_boot_ms();
	const struct timeval delay = {left > 0 ? left / 1000 : 0,
				      left > 0 ? left % 1000 * 1000 : 0};

	if (next < 0)
		evtimer_del(health->timer);
	else
		evtimer_add(health->timer, &delay);
}

/* ---- asking ---- */

/* Any answer will do. A port that is closed is as good as silence: whoever starts again
 * is back in a moment. */
static void answered(struct server *server)
{
	struct health *health = server->health;
	bool others;

	close_socket(server);
	health->heard_ms = gp_boot_ms();
	others = health_rules_answer(&health->rules, (size_t)(server - health->servers));
	set_timer(health);
	tell(health, others);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	const struct server *server = arg;
	uint8_t reply[512];
	const ssize_t got = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);

	(void)what;
	if (got >= 12 && reply[0] == server->id >> 8 && reply[1] == (server->id & 0xff) &&
	    reply[2] & 0x80)
		answered(arg);
}

/* Who is asked by TLS has answered by taking the connection. */
static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	(void)what;
	if (getpeername(fd, (struct sockaddr *)(void *)&peer, &size) == 0)
		answered(arg);
	else
		close_socket(arg);
}

static int connect_to(const struct dns_endpoint *endpoint)
{
	union gp_sockaddr name;
	const socklen_t length = gp_sockaddr_fill(&name, &endpoint->addr, endpoint->port);
	const int type = endpoint->tls ? SOCK_STREAM : SOCK_DGRAM;
	const int fd =
		socket(endpoint->addr.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* On loopback a port that is closed is known at once. */
	if (fd >= 0 && connect(fd, &name.any, length) < 0 && errno != EINPROGRESS &&
	    errno != ECONNREFUSED) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The second question is the first once more: an answer to either will do. */
static bool open_socket(struct server *server)
{
	if (server->fd >= 0)
		return true;
	if (getrandom(&server->id, sizeof(server->id), 0) != sizeof(server->id))
		server->id = (uint16_t)gp_boot_ms();
	server->fd = connect_to(&server->endpoint);
	if (server->fd < 0)
		return false;
	server->event = server->endpoint.tls
				? event_new(server->health->base, server->fd, EV_WRITE,
					    on_connected, server)
				: event_new(server->health->base, server->fd,
					    EV_READ | EV_PERSIST, on_readable, server);
	if (server->event && event_add(server->event, NULL) == 0)
		return true;
	close_socket(server);
	return false;
}

static bool send_question(struct server *server)
{
	/* The root's name servers: everybody has something to say about them. */
	uint8_t question[17] = {[2] = 1, [5] = 1, [14] = 2, [16] = 1};

	if (!open_socket(server))
		return false;
	if (server->endpoint.tls)
		return true;
	question[0] = (uint8_t)(server->id >> 8);
	question[1] = (uint8_t)server->id;
	/* What is wrong with it is seen by no answer coming. */
	send(server->fd, question, sizeof(question), MSG_DONTWAIT);
	return true;
}

/* Ask those in MASK, and let go of whom nothing is expected any more. */
static void ask(struct health *health, uint32_t mask, bool has_changed)
{
	for (size_t i = 0; i < health->rules.count; i++)
		if (mask >> i & 1 && !send_question(&health->servers[i]))
			has_changed |=
				health_rules_unreachable(&health->rules, i, gp_boot_ms());
	for (size_t i = 0; i < health->rules.count; i++)
		if (!health->rules.servers[i].is_asked)
			close_socket(&health->servers[i]);
	set_timer(health);
	tell(health, has_changed);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct health *health = arg;
	bool has_changed;
	uint32_t mask;

	(void)fd, (void)what;
	mask = health_rules_time(&health->rules, gp_boot_ms(), &has_changed);
	ask(health, mask, has_changed);
}

void health_doubt(struct health *health)
{
	const uint32_t mask = health_rules_doubt(&health->rules, gp_boot_ms());

	if (mask)
		ask(health, mask, false);
}

/* ---- servers ---- */

static int find(const struct health *health, const struct dns_endpoint *server)
{
	for (size_t i = 0; i < health->rules.count; i++)
		if (dns_endpoint_equal(&health->servers[i].endpoint, server))
			return (int)i;
	return -1;
}

bool health_is_out(const struct health *health, const struct dns_endpoint *server)
{
	const int at = find(health, server);

	return at >= 0 && health_rules_out(&health->rules) >> at & 1;
}

bool health_has(const struct health *health, const struct dns_endpoint *servers,
		size_t count)
{
	size_t i = 0;

	while (i < count && i < HEALTH_SERVERS && find(health, &servers[i]) == (int)i)
		i++;
	return i == health->rules.count && (i == count || i == HEALTH_SERVERS);
}

void health_set(struct health *health, const struct dns_endpoint *servers, size_t count)
{
	int was[HEALTH_SERVERS] = {0};

	if (count > HEALTH_SERVERS)
		count = HEALTH_SERVERS;
	for (size_t i = 0; i < count; i++)
		was[i] = find(health, &servers[i]);
	for (size_t i = 0; i < health->rules.count; i++)
		close_socket(&health->servers[i]);
	health_rules_set(&health->rules, was, count);
	for (size_t i = 0; i < count; i++)
		health->servers[i] = (struct server){
			.health = health, .endpoint = servers[i], .fd = -1};
	set_timer(health);
}

/* ---- beginning and end ---- */

struct health *health_new(struct event_base *base, health_changed_fn *changed, void *ctx)
{
	struct health *health = calloc(1, sizeof(*health));

	if (!health)
		return NULL;
	health->base = base;
	health->changed = changed;
	health->ctx = ctx;
	health->timer = evtimer_new(base, on_timer, health);
	if (health->timer)
		return health;
	free(health);
	return NULL;
}

void health_only_ping(struct health *health)
{
	health->rules.is_ping = true;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	for (size_t i = 0; i < health->rules.count; i++)
		close_socket(&health->servers[i]);
	event_free(health->timer);
	free(health);
}
