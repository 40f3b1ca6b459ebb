/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * listen.h - the door's sockets: messages in, messages out. UDP many at a time, TCP with
 * pipelining (RFC 7766): answers go out as they come.
 */
#ifndef TOOL_V6GUARDD_DNS_LISTEN_H
#define TOOL_V6GUARDD_DNS_LISTEN_H

#include <event2/event.h>
#include <sys/socket.h>

#include "dns_config.h"

/** Connections at a time (fewer where descriptors are few), of one client, and how long
 * one may be without a whole question. */
#define LISTEN_CONNECTIONS 256
#define LISTEN_PER_CLIENT 64
#define LISTEN_IDLE_S 10
/** Questions of one connection that wait for answers. */
#define LISTEN_PIPELINE 64

/** Sockets of one address; -1: there is none. */
struct listen_fds {
	int udp, tcp;
};

struct listen;

/** Where an answer goes. */
struct listen_client {
	struct listen *listen;
	bool is_tcp;
	struct gp_addr addr;
	/* UDP */
	struct gp_addr
		asked; /* which of our addresses; AF_UNSPEC: the socket's only one */
	int fd;
	socklen_t name_length;
	struct sockaddr_storage name;
	/* The connection, or the socket of UDP: one that is gone has another serial */
	unsigned slot;
	uint64_t serial;
};

typedef void listen_message_fn(void *ctx, const struct listen_client *client,
			       const uint8_t *bytes, size_t size);

/**
 * Read from COUNT addresses' sockets, which stay the caller's. Each message of TCP has to
 * be answered once, by listen_send or listen_ignore. NULL: no memory.
 */
struct listen *listen_new(struct event_base *base, const struct listen_fds *fds,
			  size_t count, listen_message_fn *take, void *ctx);
void listen_free(struct listen *listen);

/** Read from FDS as well, in a SLOT below DNS_LISTEN that is free; listen_new takes the
 * first COUNT. False: no memory. */
bool listen_add(struct listen *listen, size_t slot, const struct listen_fds *fds);
/** No more of SLOT: its sockets may be closed. Who waits for an answer by UDP gets none;
 * connections go on. */
void listen_drop(struct listen *listen, size_t slot);

/** Send SIZE bytes; what cannot be sent now is lost, as UDP is. What is too large for the
 * way is cut (answer_cut): no fragment leaves the host. */
void listen_send(const struct listen_client *client, const uint8_t *bytes, size_t size);
/** There is no answer. */
void listen_ignore(const struct listen_client *client);

/** Connections that are open. */
size_t listen_connections(const struct listen *listen);

#endif
