/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen.c - see listen.h. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"

#define BATCH 32
/* A question is small; one above this is none of a stub's. */
#define QUESTION_MAX 1024
/* Of one connection, not yet taken by its client. */
#define BACKLOG_MAX (256U * 1024)
#define ACCEPT_AT_ONCE 16

struct connection {
	struct bufferevent *events; /* NULL: free */
	struct listen *listen;
	uint64_t serial;
	struct gp_addr addr;
	unsigned slot, waiting;
	bool is_ending; /* its client says no more, and waits for what it asked */
};

struct packet {
	struct sockaddr_storage name;
	struct iovec part;
	uint8_t bytes[QUESTION_MAX];
};

struct listen {
	struct event_base *base;
	size_t count;
	struct event *udp[DNS_LISTEN], *tcp[DNS_LISTEN];
	listen_message_fn *take;
	void *ctx;
	struct connection connections[LISTEN_CONNECTIONS];
	size_t connection_count;
	uint64_t serial;
	struct packet in[BATCH];
	/* Answers that are known at once wait for the rest of their batch. */
	bool is_batch;
	int out_fd;
	unsigned out_count;
	struct mmsghdr out[BATCH];
	struct iovec out_part[BATCH];
	struct sockaddr_storage out_name[BATCH];
	uint8_t out_bytes[BATCH][4096];
};

static struct gp_addr address_of(const struct sockaddr_storage *name)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (name->ss_family == AF_INET) {
		memcpy(&ipv4, name, sizeof(ipv4));
		return gp_addr_make(AF_INET, &ipv4.sin_addr, 0);
	}
	memcpy(&ipv6, name, sizeof(ipv6));
	return gp_addr_make(AF_INET6, &ipv6.sin6_addr, 0);
}

/* ---- UDP ---- */

static void flush(struct listen *listen)
{
	unsigned sent = 0;

	while (sent < listen->out_count) {
		const int done = sendmmsg(listen->out_fd, listen->out + sent,
					  listen->out_count - sent, MSG_DONTWAIT);
		if (done < 0 && errno == EINTR)
			continue;
		/* One that fails is one lost. */
		sent += done > 0 ? (unsigned)done : 1;
	}
	listen->out_count = 0;
}

static void send_later(struct listen *listen, const struct listen_client *client,
		       const uint8_t *bytes, size_t size)
{
	const unsigned i = listen->out_count++;

	memcpy(listen->out_bytes[i], bytes, size);
	listen->out_part[i] = (struct iovec){listen->out_bytes[i], size};
	listen->out_name[i] = client->name;
	listen->out[i].msg_hdr = (struct msghdr){
		.msg_name = &listen->out_name[i],
		.msg_namelen = client->name_length,
		.msg_iov = &listen->out_part[i],
		.msg_iovlen = 1,
	};
	listen->out_fd = client->fd;
	if (listen->out_count == BATCH)
		flush(listen);
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct listen *listen = arg;
	struct mmsghdr headers[BATCH];
	int count;

	(void)what;
	for (unsigned i = 0; i < BATCH; i++) {
		struct packet *packet = &listen->in[i];
		packet->part = (struct iovec){packet->bytes, sizeof(packet->bytes)};
		headers[i].msg_hdr = (struct msghdr){.msg_name = &packet->name,
						     .msg_namelen = sizeof(packet->name),
						     .msg_iov = &packet->part,
						     .msg_iovlen = 1};
	}
	count = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
	listen->is_batch = true;
	for (int i = 0; i < count; i++) {
		struct listen_client client = {
			.listen = listen,
			.addr = address_of(&listen->in[i].name),
			.fd = fd,
			.name_length = headers[i].msg_hdr.msg_namelen,
			.name = listen->in[i].name,
		};
		if (!(headers[i].msg_hdr.msg_flags & MSG_TRUNC))
			listen->take(listen->ctx, &client, listen->in[i].bytes,
				     headers[i].msg_len);
	}
	listen->is_batch = false;
	flush(listen);
}

static void send_udp(struct listen *listen, const struct listen_client *client,
		     const uint8_t *bytes, size_t size)
{
	ssize_t sent;

	if (listen->is_batch && size <= sizeof(listen->out_bytes[0])) {
		send_later(listen, client, bytes, size);
		return;
	}
	do
		sent = sendto(client->fd, bytes, size, MSG_DONTWAIT,
			      (const struct sockaddr *)(const void *)&client->name,
			      client->name_length);
	while (sent < 0 && errno == EINTR);
}

/* ---- TCP ---- */

static void close_connection(struct connection *connection)
{
	bufferevent_free(connection->events);
	connection->events = NULL;
	connection->serial = 0;
	connection->listen->connection_count--;
}

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

/* TAKE may answer at once, and an answer may close the connection. */
static void read_messages(struct connection *connection)
{
	const uint64_t serial = connection->serial;
	uint8_t bytes[QUESTION_MAX];
	int size = 0;

	while (connection->serial == serial && connection->waiting < LISTEN_PIPELINE &&
	       (size = next_message(connection, bytes)) > 0) {
		const struct listen_client client = {.listen = connection->listen,
						     .is_tcp = true,
						     .addr = connection->addr,
						     .slot = connection->slot,
						     .serial = serial};
		connection->waiting++;
		connection->listen->take(connection->listen->ctx, &client, bytes,
					 (size_t)size);
	}
	if (connection->serial != serial)
		return;
	if (size < 0)
		close_connection(connection);
	else if (connection->waiting == LISTEN_PIPELINE)
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

	(void)events;
	if (connection->is_ending && is_done(connection))
		close_connection(connection);
}

/* The end, an error, or nothing for too long. Whoever has said all may close that
 * direction, and still gets its answers. */
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

static struct connection *free_connection(struct listen *listen,
					  const struct gp_addr *addr)
{
	struct connection *found = NULL;
	unsigned of_client = 0;

	for (unsigned i = 0; i < LISTEN_CONNECTIONS; i++) {
		struct connection *one = &listen->connections[i];
		if (!one->events)
			found = one, one->slot = i;
		else if (gp_addr_equal(&one->addr, addr))
			of_client++;
	}
	return of_client < LISTEN_PER_CLIENT ? found : NULL;
}

static void add_connection(struct listen *listen, int fd,
			   const struct sockaddr_storage *name)
{
	const struct gp_addr addr = address_of(name);
	const struct timeval idle = {LISTEN_IDLE_S, 0};
	struct connection *connection = free_connection(listen, &addr);

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
	listen->connection_count++;
	bufferevent_setcb(connection->events, on_readable, on_written,
			  on_connection_event, connection);
	bufferevent_setwatermark(connection->events, EV_READ, 0,
				 2U * (QUESTION_MAX + 2U));
	bufferevent_set_timeouts(connection->events, &idle, &idle);
	bufferevent_enable(connection->events, EV_READ | EV_WRITE);
}

static void on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct listen *listen = arg;

	(void)what;
	for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage name;
		socklen_t length = sizeof(name);
		const int client = accept4(fd, (struct sockaddr *)(void *)&name, &length,
					   SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0)
			return;
		add_connection(listen, client, &name);
	}
}

/* One of CLIENT's questions has had its answer. NULL: the connection is gone. */
static struct connection *answered(const struct listen_client *client)
{
	struct connection *connection = &client->listen->connections[client->slot];

	if (connection->serial != client->serial || !connection->events)
		return NULL;
	if (connection->waiting-- == LISTEN_PIPELINE && !connection->is_ending) {
		bufferevent_enable(connection->events, EV_READ);
		/* What was read already wakes nobody. */
		bufferevent_trigger(connection->events, EV_READ,
				    BEV_TRIG_DEFER_CALLBACKS);
	}
	return connection;
}

static void send_tcp(const struct listen_client *client, const uint8_t *bytes,
		     size_t size)
{
	const uint8_t head[2] = {(uint8_t)(size >> 8), (uint8_t)size};
	struct connection *connection = answered(client);

	if (!connection)
		return;
	bufferevent_write(connection->events, head, sizeof(head));
	bufferevent_write(connection->events, bytes, size);
	if (evbuffer_get_length(bufferevent_get_output(connection->events)) > BACKLOG_MAX)
		close_connection(connection);
}

/* ---- the whole ---- */

void listen_send(const struct listen_client *client, const uint8_t *bytes, size_t size)
{
	if (client->is_tcp)
		send_tcp(client, bytes, size);
	else
		send_udp(client->listen, client, bytes, size);
}

void listen_ignore(const struct listen_client *client)
{
	if (client->is_tcp)
		answered(client);
}

size_t listen_connections(const struct listen *listen)
{
	return listen->connection_count;
}

static struct event *watch(struct listen *listen, int fd, event_callback_fn callback)
{
	struct event *event =
		event_new(listen->base, fd, EV_READ | EV_PERSIST, callback, listen);

	if (event)
		event_add(event, NULL);
	return event;
}

struct listen *listen_new(struct event_base *base, const struct listen_fds *fds,
			  size_t count, listen_message_fn *take, void *ctx)
{
	struct listen *listen = calloc(1, sizeof(*listen));

	if (!listen)
		return NULL;
	listen->base = base;
	listen->take = take;
	listen->ctx = ctx;
	listen->count = count;
	for (size_t i = 0; i < count; i++) {
		if (fds[i].udp >= 0)
			listen->udp[i] = watch(listen, fds[i].udp, on_udp);
		if (fds[i].tcp >= 0)
			listen->tcp[i] = watch(listen, fds[i].tcp, on_tcp);
	}
	return listen;
}

void listen_free(struct listen *listen)
{
	if (!listen)
		return;
	for (size_t i = 0; i < LISTEN_CONNECTIONS; i++)
		if (listen->connections[i].events)
			close_connection(&listen->connections[i]);
	for (size_t i = 0; i < listen->count; i++) {
		if (listen->udp[i])
			event_free(listen->udp[i]);
		if (listen->tcp[i])
			event_free(listen->tcp[i]);
	}
	free(listen);
}
