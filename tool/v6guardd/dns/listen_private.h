/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen_private.h - what listen.c (the whole), listen_udp.c and listen_tcp.c share. */
#ifndef TOOL_V6GUARDD_DNS_LISTEN_PRIVATE_H
#define TOOL_V6GUARDD_DNS_LISTEN_PRIVATE_H

#include <event2/bufferevent.h>
#include <netinet/in.h>

#include "listen.h"

/* A question is small; one above this is none of a stub's. */
#define QUESTION_MAX 1024
#define BATCH 32

struct connection {
	struct bufferevent *events; /* NULL: free */
	struct listen *listen;
	uint64_t serial;
	struct gp_addr addr;
	unsigned slot, waiting;
	bool is_ending;     /* its client says no more, and waits for what it asked */
	long long since_ms; /* of the last whole message, or answer */
};

struct udp_socket {
	struct listen *listen;
	struct event *event; /* NULL: there is none */
	uint64_t serial;     /* another one once it is dropped */
	bool is_any;         /* of all addresses: each message says which one was asked */
};

/* Room for the address that was asked, of either family, aligned as its header is. */
union control {
	size_t length;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct packet {
	struct sockaddr_storage name;
	struct iovec part;
	union control control;
	uint8_t bytes[QUESTION_MAX];
};

struct listen {
	struct event_base *base;
	size_t slot_count; /* that are or were in use */
	struct udp_socket udp[DNS_LISTEN];
	struct event *tcp[DNS_LISTEN];
	listen_message_fn *take;
	void *ctx;
	/* TCP */
	struct event
		*sweep; /* looks for connections that are idle, while there are any */
	struct event *resume; /* accepts again */
	struct connection connections[LISTEN_CONNECTIONS];
	size_t connection_count, connection_max;
	uint64_t serial;
	/* UDP. Answers that are known at once wait for the rest of their batch. */
	struct packet in[BATCH];
	bool is_batch;
	int out_fd;
	unsigned out_count;
	struct mmsghdr out[BATCH];
	struct iovec out_part[BATCH];
	struct sockaddr_storage out_name[BATCH];
	union control out_control[BATCH];
	uint8_t out_bytes[BATCH][4096];
};

/* ---- listen.c ---- */

struct gp_addr listen_addr(const struct sockaddr_storage *name);

/* ---- listen_udp.c ---- */

void listen_on_udp(evutil_socket_t fd, short what, void *socket);
void listen_send_udp(const struct listen_client *client, const uint8_t *bytes,
		     size_t size);

/* ---- listen_tcp.c ---- */

/* False: no memory. */
bool listen_tcp_init(struct listen *listen);
void listen_tcp_free(struct listen *listen);
void listen_on_tcp(evutil_socket_t fd, short what, void *listen);
/* Of no bytes: there is no answer. */
void listen_send_tcp(const struct listen_client *client, const uint8_t *bytes,
		     size_t size);

#endif
