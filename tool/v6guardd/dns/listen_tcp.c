/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * listen_tcp.c - connections: as many as there are places, however slow their clients
 * are. Whoever asks nothing is closed after LISTEN_IDLE_S, and before that when another
 * one needs its place (RFC 7766 6.2.3).
 */
#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guard/clock.h"
#include "listen_private.h"

/* Of one connection, not yet taken by its client. */
#define BACKLOG_MAX (256U * 1024)
/* Above that it is asked for no more questions: answers that are kept come faster than
 * anything is sent. */
#define BEHIND (64U * 1024)
#define ACCEPT_AT_ONCE 16
#define SWEEP_S 1
/* Descriptors or memory have run out: whoever waits to be accepted keeps us awake else.
 */
#define PAUSE_MS 100
/* Of all descriptors one in so many may be a connection; lookups need the others. */
#define SHARE_OF_FILES 4

static void touch(struct connection *connection)
{
	connection->since_ms = gp_boot_ms();
}

static void close_connection(struct connection *connection)
{
	struct listen *listen = connection->listen;

	bufferevent_free(connection->events);
	connection->events = NULL;
	connection->serial = 0;
	if (!--listen->connection_count)
		evtimer_del(listen->sweep);
}

/* ---- messages ---- */

/* The next whole message of CONNECTION; 0: none yet, < 0: none that we take. */
static int next_message(struct connection *connection, uint8_t bytes[QUESTION_MAX])
{
	struct evbuffer *in = bufferevent_get_input(connection->events);
	uint8_t head[2];
	int size;

	if (evbuffer_copyout(in, head, 2) < 2)
		return 0;
	size = head[0] << 8 | head[1];
	if (size == 0 || size > QUESTION_MAX)
		return -1;
	if (evbuffer_get_length(in) < 2U + (unsigned)size)
		return 0;
	evbuffer_drain(in, 2);
	return evbuffer_remove(in, bytes, (size_t)size);
}

/* Its client has more to take before it is heard again. */
static bool is_behind(const struct connection *connection)
{
	return evbuffer_get_length(bufferevent_get_output(connection->events)) > BEHIND;
}

/* TAKE may answer at once, and an answer may close the connection. */
static void read_messages(struct connection *connection)
{
	const uint64_t serial = connection->serial;
	uint8_t bytes[QUESTION_MAX];
	int size = 0;

	while (connection->serial == serial && connection->waiting < LISTEN_PIPELINE &&
	       !is_behind(connection) && (size = next_message(connection, bytes)) > 0) {
		const struct listen_client client = {.listen = connection->listen,
						     .is_tcp = true,
						     .addr = connection->addr,
						     .slot = connection->slot,
						     .serial = serial};
		connection->waiting++;
		touch(connection);
		connection->listen->take(connection->listen->ctx, &client, bytes,
					 (size_t)size);
	}
	if (connection->serial != serial)
		return;
	if (size < 0)
		close_connection(connection);
	else if (connection->waiting == LISTEN_PIPELINE || is_behind(connection))
		bufferevent_disable(connection->events, EV_READ);
}

static void on_readable(struct bufferevent *events, void *arg)
{
	(void)events;
	read_messages(arg);
}

/* All that was asked has been answered, and sent. */
static bool is_done(const struct connection *connection)
{
	return !connection->waiting &&
	       !evbuffer_get_length(bufferevent_get_output(connection->events));
}

static void on_written(struct bufferevent *events, void *arg)
{
	struct connection *connection = arg;

	if (connection->is_ending && is_done(connection)) {
		close_connection(connection);
	} else if (!connection->is_ending && connection->waiting < LISTEN_PIPELINE &&
		   !(bufferevent_get_enabled(events) & EV_READ)) {
		bufferevent_enable(events, EV_READ);
		read_messages(connection);
	}
}

/* The end, or an error. Whoever has said all may close that direction, and still gets its
 * answers. */
static void on_connection_event(struct bufferevent *events, short what, void *arg)
{
	struct connection *connection = arg;

	if (!(what & BEV_EVENT_EOF) || is_done(connection)) {
		close_connection(connection);
		return;
	}
	connection->is_ending = true;
	bufferevent_disable(events, EV_READ);
}

/* One of CLIENT's questions has had its answer. NULL: the connection is gone. */
static struct connection *answered(const struct listen_client *client)
{
	struct connection *connection = &client->listen->connections[client->slot];

	if (connection->serial != client->serial || !connection->events)
		return NULL;
	touch(connection);
	if (connection->waiting-- == LISTEN_PIPELINE && !connection->is_ending) {
		bufferevent_enable(connection->events, EV_READ);
		/* What was read already wakes nobody. */
		bufferevent_trigger(connection->events, EV_READ,
				    BEV_TRIG_DEFER_CALLBACKS);
	}
	return connection;
}

void listen_send_tcp(const struct listen_client *client, const uint8_t *bytes,
		     size_t size)
{
	const uint8_t head[2] = {(uint8_t)(size >> 8), (uint8_t)size};
	struct connection *connection = answered(client);

	if (!connection || !size)
		return;
	bufferevent_write(connection->events, head, sizeof(head));
	bufferevent_write(connection->events, bytes, size);
	if (evbuffer_get_length(bufferevent_get_output(connection->events)) > BACKLOG_MAX)
		close_connection(connection);
}

/* ---- places ---- */

/* Nothing whole has been said, nor an answer is due. */
static struct connection *most_idle(struct listen *listen)
{
	struct connection *found = NULL;

	for (unsigned i = 0; i < LISTEN_CONNECTIONS; i++) {
		struct connection *one = &listen->connections[i];
		if (one->events && !one->waiting &&
		    (!found || one->since_ms < found->since_ms))
			found = one;
	}
	return found;
}

static struct connection *free_place(struct listen *listen)
{
	for (unsigned i = 0; i < LISTEN_CONNECTIONS; i++)
		if (!listen->connections[i].events) {
			listen->connections[i].slot = i;
			return &listen->connections[i];
		}
	return NULL;
}

static unsigned count_of(const struct listen *listen, const struct gp_addr *addr)
{
	unsigned count = 0;

	for (unsigned i = 0; i < LISTEN_CONNECTIONS; i++)
		count += listen->connections[i].events &&
			 gp_addr_equal(&listen->connections[i].addr, addr);
	return count;
}

/* NULL: its client has enough, or everybody waits for answers. */
static struct connection *place_for(struct listen *listen, const struct gp_addr *addr)
{
	struct connection *idle;

	if (count_of(listen, addr) >= LISTEN_PER_CLIENT)
		return NULL;
	if (listen->connection_count < listen->connection_max)
		return free_place(listen);
	idle = most_idle(listen);
	if (idle)
		close_connection(idle);
	return idle;
}

static void add_connection(struct listen *listen, int fd,
			   const struct sockaddr_storage *name)
{
	const struct gp_addr addr = listen_addr(name);
	const struct timeval every = {SWEEP_S, 0};
	struct connection *connection = place_for(listen, &addr);

	if (connection)
		connection->events =
			bufferevent_socket_new(listen->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!connection || !connection->events) {
		close(fd);
		return;
	}
	connection->listen = listen;
	connection->serial = ++listen->serial;
	connection->addr = addr;
	connection->waiting = 0;
	connection->is_ending = false;
	touch(connection);
	if (!listen->connection_count++)
		evtimer_add(listen->sweep, &every);
	bufferevent_setcb(connection->events, on_readable, on_written,
			  on_connection_event, connection);
	bufferevent_setwatermark(connection->events, EV_READ, 0,
				 2U * (QUESTION_MAX + 2U));
	bufferevent_enable(connection->events, EV_READ | EV_WRITE);
}

/* ---- accepting ---- */

static void pause_accepting(struct listen *listen)
{
	const struct timeval delay = {0, PAUSE_MS * 1000};

	for (size_t i = 0; i < listen->slot_count; i++)
		if (listen->tcp[i])
			event_del(listen->tcp[i]);
	evtimer_add(listen->resume, &delay);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct listen *listen = arg;

	(void)fd, (void)what;
	for (size_t i = 0; i < listen->slot_count; i++)
		if (listen->tcp[i])
			event_add(listen->tcp[i], NULL);
}

/* Nothing is left to accept with: a connection that asks nothing goes first. */
static bool make_room(struct listen *listen)
{
	struct connection *idle = NULL;

	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return false;
	idle = most_idle(listen);
	if (idle)
		close_connection(idle);
	else
		pause_accepting(listen);
	return idle != NULL;
}

void listen_on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct listen *listen = arg;

	(void)what;
	for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage name;
		socklen_t length = sizeof(name);
		const int client = accept4(fd, (struct sockaddr *)(void *)&name, &length,
					   SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client >= 0)
			add_connection(listen, client, &name);
		else if (!make_room(listen))
			return;
	}
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct listen *listen = arg;
	const long long latest = gp_boot_ms() - LISTEN_IDLE_S * 1000LL;

	(void)fd, (void)what;
	for (unsigned i = 0; i < LISTEN_CONNECTIONS; i++) {
		struct connection *one = &listen->connections[i];
		if (one->events && !one->waiting && one->since_ms <= latest)
			close_connection(one);
	}
}

/* ---- beginning and end ---- */

bool listen_tcp_init(struct listen *listen)
{
	struct rlimit limit;

	listen->connection_max = LISTEN_CONNECTIONS;
	if (!getrlimit(RLIMIT_NOFILE, &limit) &&
	    limit.rlim_cur / SHARE_OF_FILES < LISTEN_CONNECTIONS)
		listen->connection_max = limit.rlim_cur / SHARE_OF_FILES;
	listen->sweep = event_new(listen->base, -1, EV_PERSIST, on_sweep, listen);
	listen->resume = evtimer_new(listen->base, on_resume, listen);
	return listen->sweep && listen->resume;
}

void listen_tcp_free(struct listen *listen)
{
	for (size_t i = 0; i < LISTEN_CONNECTIONS; i++)
		if (listen->connections[i].events)
			close_connection(&listen->connections[i]);
	if (listen->sweep)
		event_free(listen->sweep);
	if (listen->resume)
		event_free(listen->resume);
}
