/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control.c - clients of the control socket: each gets one line in and one line out, in
 * bounded time and number. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "control_line.h"

#define CLIENTS_MAX 32
/* Nobody but root can take all places, and no user those of all others. */
#define CLIENTS_OTHERS 24
#define CLIENTS_USER 8
#define CLIENT_SECONDS 5
#define RELOAD_SECONDS 10
/* Others on the loop want their turn, too. */
#define ACCEPTS_MAX 16

struct client {
	TAILQ_ENTRY(client) next;
	struct control *control;
	struct event *readable, *writable, *limit;
	int fd;
	uid_t uid;
	bool is_waiting; /* for a reload */
	uint64_t reload; /* for that one, counted as they begin */
	char line[CONTROL_LINE];
	size_t used;
	char *reply; /* malloc'd */
	size_t size, sent;
};

struct control {
	struct event_base *base;
	struct event *acceptable, *again;
	struct control_ops ops;
	int listen_fd;
	size_t count;
	uint64_t reloads_begun, reloads_ended;
	TAILQ_HEAD(, client) clients;
};

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void drop(struct client *client)
{
	struct control *control = client->control;

	TAILQ_REMOVE(&control->clients, client, next);
	control->count--;
	free_event(client->readable);
	free_event(client->writable);
	free_event(client->limit);
	close(client->fd);
	free(client->reply);
	free(client);
}

/* ---- out ---- */

/* The client is gone when all of it is sent, or cannot be. */
static void send_more(struct client *client)
{
	while (client->sent < client->size) {
		const ssize_t sent =
			send(client->fd, client->reply + client->sent,
			     client->size - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN && event_add(client->writable, NULL) == 0)
			return;
		if (sent < 0)
			break;
		client->sent += (size_t)sent;
	}
	drop(client);
}

static void limit(struct client *client, time_t seconds)
{
	const struct timeval delay = {seconds, 0};

	evtimer_add(client->limit, &delay);
}

/* The object as a line, malloc'd; NULL: no memory. */
static char *line_of(const json_t *json, size_t *size)
{
	const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII;
	const size_t length = json ? json_dumpb(json, NULL, 0, flags) : 0;
	char *text = length ? malloc(length + 1) : NULL;

	if (!text)
		return NULL;
	if (json_dumpb(json, text, length, flags) != length) {
		free(text);
		return NULL;
	}
	text[length] = '\n';
	*size = length + 1;
	return text;
}

/* Steals JSON; the client may be gone then. */
static void reply(struct client *client, json_t *json)
{
	client->reply = line_of(json, &client->size);
	json_decref(json);
	client->is_waiting = false;
	event_del(client->readable);
	if (client->reply)
		send_more(client);
	else
		drop(client);
}

static void refuse(struct client *client, const char *why)
{
	reply(client, json_pack("{s:s}", "error", why));
}

/* ---- in ---- */

static void begin_reload(struct client *client)
{
	const struct control_ops *ops = &client->control->ops;

	if (!ops->reload(ops->ctx)) {
		refuse(client, "the configuration cannot be read now");
		return;
	}
	client->is_waiting = true;
	client->reload = ++client->control->reloads_begun;
	/* Whoever has said all may close that direction. */
	event_del(client->readable);
	limit(client, RELOAD_SECONDS);
}

static void answer(struct client *client, const struct control_line *line)
{
	const struct control_ops *ops = &client->control->ops;

	switch (line->verb) {
	case CONTROL_STATUS:
		reply(client, ops->status(ops->ctx));
		break;
	case CONTROL_PARTNERS:
		reply(client, ops->partners(ops->ctx, &line->addr));
		break;
	case CONTROL_VERDICT_LIST:
		reply(client, ops->verdict_list(ops->ctx));
		break;
	case CONTROL_VERDICT_SET:
		reply(client, ops->verdict_set(ops->ctx, &line->prefix, line->verdict,
					       line->seconds));
		break;
	case CONTROL_VERDICT_CLEAR:
		reply(client, ops->verdict_clear(ops->ctx, &line->prefix));
		break;
	case CONTROL_RELOAD:
		begin_reload(client);
		break;
	case CONTROL_RESOLVER_STATUS:
		reply(client, ops->resolver_status(ops->ctx));
		break;
	case CONTROL_RESOLVER_FLUSH:
		reply(client,
		      ops->resolver_flush(ops->ctx, line->has_name ? line->name : NULL));
		break;
	}
}

static void take_line(struct client *client, size_t size)
{
	struct control_line line;
	char why[256];

	if (!control_line_parse(client->line, size, &line, why))
		refuse(client, why);
	else if (line.needs_root && client->uid != 0)
		refuse(client, "this needs root");
	else
		answer(client, &line);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	const ssize_t got = recv(fd, client->line + client->used,
				 sizeof(client->line) - client->used, MSG_DONTWAIT);

	(void)what;
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			drop(client);
		return;
	}
	const char *end =
		got ? memchr(client->line + client->used, '\n', (size_t)got) : NULL;
	client->used += (size_t)got;
	if (end)
		take_line(client, (size_t)(end - client->line));
	else if (got == 0 && client->used == 0)
		drop(client);
	else if (got == 0) /* half a line may say less, or more, than the whole */
		refuse(client, "the line has no newline at its end");
	else if (client->used == sizeof(client->line))
		refuse(client, "the line is longer than 512 bytes");
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	send_more(arg);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	(void)fd, (void)what;
	if (!client->is_waiting) {
		drop(client);
		return;
	}
	limit(client, CLIENT_SECONDS);
	refuse(client, "the configuration was not read within 10 s");
}

/* ---- clients ---- */

static bool has_place(const struct control *control, uid_t uid)
{
	const struct client *client;
	size_t of_user = 0;

	if (uid == 0)
		return control->count < CLIENTS_MAX;
	TAILQ_FOREACH(client, &control->clients, next)
	of_user += client->uid == uid;
	return control->count < CLIENTS_OTHERS && of_user < CLIENTS_USER;
}

static bool make_events(struct client *client)
{
	struct event_base *base = client->control->base;

	client->readable =
		event_new(base, client->fd, EV_READ | EV_PERSIST, on_readable, client);
	client->writable = event_new(base, client->fd, EV_WRITE, on_writable, client);
	client->limit = evtimer_new(base, on_limit, client);
	return client->readable && client->writable && client->limit &&
	       event_add(client->readable, NULL) == 0;
}

/* Owns FD. */
static void welcome(struct control *control, int fd)
{
	static const char busy[] = "{\"error\":\"too many clients\"}\n";
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct client *client = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		goto fail;
	if (!has_place(control, peer.uid)) {
		send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		goto fail;
	}
	client = calloc(1, sizeof(*client));
	if (!client)
		goto fail;
	client->control = control;
	client->fd = fd;
	client->uid = peer.uid;
	TAILQ_INSERT_TAIL(&control->clients, client, next);
	control->count++;
	if (make_events(client))
		limit(client, CLIENT_SECONDS);
	else
		drop(client);
	return;
fail:
	close(fd);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	const struct timeval later = {1, 0};

	(void)what;
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client >= 0) {
			welcome(control, client);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		/* Without a free descriptor the socket would stay readable, and we busy.
		 */
		if (errno != EAGAIN && evtimer_add(control->again, &later) == 0)
			event_del(control->acceptable);
		return;
	}
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;

	(void)fd, (void)what;
	event_add(control->acceptable, NULL);
}

struct control *control_new(struct event_base *base, int listen_fd,
			    const struct control_ops *ops)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		close(listen_fd);
		return NULL;
	}
	control->base = base;
	control->ops = *ops;
	control->listen_fd = listen_fd;
	TAILQ_INIT(&control->clients);
	control->acceptable =
		event_new(base, listen_fd, EV_READ | EV_PERSIST, on_acceptable, control);
	control->again = evtimer_new(base, on_again, control);
	if (control->acceptable && control->again &&
	    evutil_make_socket_nonblocking(listen_fd) == 0 &&
	    event_add(control->acceptable, NULL) == 0)
		return control;
	control_free(control);
	return NULL;
}

void control_replace(struct control *control, int listen_fd)
{
	struct event *acceptable = event_new(
		control->base, listen_fd, EV_READ | EV_PERSIST, on_acceptable, control);

	if (!acceptable || evutil_make_socket_nonblocking(listen_fd) < 0 ||
	    event_add(acceptable, NULL) < 0) {
		free_event(acceptable);
		close(listen_fd);
		return;
	}
	free_event(control->acceptable);
	close(control->listen_fd);
	control->acceptable = acceptable;
	control->listen_fd = listen_fd;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	while (!TAILQ_EMPTY(&control->clients))
		drop(TAILQ_FIRST(&control->clients));
	free_event(control->acceptable);
	free_event(control->again);
	close(control->listen_fd);
	free(control);
}

void control_reloaded(struct control *control, json_t *result)
{
	struct client *client;

	if (!control || control->reloads_ended == control->reloads_begun) {
		json_decref(result);
		return;
	}
	/* Whoever asked for it may be gone. */
	control->reloads_ended++;
	TAILQ_FOREACH(client, &control->clients, next)
	if (client->is_waiting && client->reload == control->reloads_ended)
		break;
	if (client) {
		limit(client, CLIENT_SECONDS);
		reply(client, json_incref(result));
	}
	json_decref(result);
}
