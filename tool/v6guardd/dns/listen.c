/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen.c - see listen.h. */
#include <stdlib.h>
#include <string.h>

#include "listen_private.h"

struct gp_addr listen_addr(const struct sockaddr_storage *name)
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

void listen_send(const struct listen_client *client, const uint8_t *bytes, size_t size)
{
	if (client->is_tcp)
		listen_send_tcp(client, bytes, size);
	else
		listen_send_udp(client, bytes, size);
}

void listen_ignore(const struct listen_client *client)
{
	if (client->is_tcp)
		listen_send_tcp(client, NULL, 0);
}

size_t listen_connections(const struct listen *listen)
{
	return listen->connection_count;
}

/* ---- beginning and end ---- */

static bool is_any(int fd)
{
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	socklen_t length = sizeof(name);
	struct gp_addr addr;

	if (getsockname(fd, (struct sockaddr *)(void *)&name, &length) < 0)
		return false;
	addr = listen_addr(&name);
	return dns_is_any(&addr);
}

static struct event *watch(struct listen *listen, int fd, event_callback_fn callback,
			   void *arg)
{
	struct event *event =
		event_new(listen->base, fd, EV_READ | EV_PERSIST, callback, arg);

	if (event)
		event_add(event, NULL);
	return event;
}

bool listen_add(struct listen *listen, size_t slot, const struct listen_fds *fds)
{
	struct udp_socket *udp = &listen->udp[slot];

	udp->listen = listen;
	if (slot >= listen->slot_count)
		listen->slot_count = slot + 1;
	if (fds->udp >= 0) {
		udp->is_any = is_any(fds->udp);
		udp->event = watch(listen, fds->udp, listen_on_udp, udp);
	}
	if (fds->tcp >= 0)
		listen->tcp[slot] = watch(listen, fds->tcp, listen_on_tcp, listen);
	return (fds->udp < 0 || udp->event) && (fds->tcp < 0 || listen->tcp[slot]);
}

void listen_drop(struct listen *listen, size_t slot)
{
	if (listen->udp[slot].event)
		event_free(listen->udp[slot].event);
	if (listen->tcp[slot])
		event_free(listen->tcp[slot]);
	listen->udp[slot].event = listen->tcp[slot] = NULL;
	listen->udp[slot].serial = ++listen->serial;
}

struct listen *listen_new(struct event_base *base, const struct listen_fds *fds,
			  size_t count, listen_message_fn *take, void *ctx)
{
	struct listen *listen = calloc(1, sizeof(*listen));
	bool is_good;

	if (!listen)
		return NULL;
	listen->base = base;
	listen->take = take;
	listen->ctx = ctx;
	is_good = listen_tcp_init(listen);
	for (size_t i = 0; is_good && i < count; i++)
		is_good = listen_add(listen, i, &fds[i]);
	if (is_good)
		return listen;
	listen_free(listen);
	return NULL;
}

void listen_free(struct listen *listen)
{
	if (!listen)
		return;
	listen_tcp_free(listen);
	for (size_t i = 0; i < listen->slot_count; i++)
		listen_drop(listen, i);
	free(listen);
}
