/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_ping.c - see upstream_ping.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "guard/clock.h"
#include "upstream_ping.h"

#define IDS 16

struct ping {
	struct event *event;
	ping_done_fn *done;
	void *ctx;
	int fd;
	bool is_tls;
	/* Each time that it is sent has an id of its own: the last bits count. */
	unsigned count;
	long long sent_ms[IDS], asked_ms;
	size_t size;
	uint8_t question[WIRE_HEADER + WIRE_NAME + 4];
};

void ping_free(struct ping *ping)
{
	if (!ping)
		return;
	if (ping->event)
		event_free(ping->event);
	if (ping->fd >= 0)
		close(ping->fd);
	free(ping);
}

static void over(struct ping *ping, int flags)
{
	event_del(ping->event);
	ping->done(ping->ctx, flags);
}

static bool is_answer(const struct ping *ping, const uint8_t *reply)
{
	const uint8_t *asked = ping->question;

	return reply[2] & 0x80 && reply[0] == asked[0] &&
	       reply[1] / IDS == asked[1] / IDS && ping->sent_ms[reply[1] % IDS];
}

/* A port that is closed is as good as silence: whoever starts again is back in a moment.
 */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ping *ping = arg;
	uint8_t reply[WIRE_HEADER + WIRE_NAME + 4];
	ssize_t got;

	if (what & EV_TIMEOUT) {
		over(ping, -1);
		return;
	}
	got = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
	if (got >= WIRE_HEADER && is_answer(ping, reply)) {
		ping->asked_ms = ping->sent_ms[reply[1] % IDS];
		over(ping, reply[2] << 8 | reply[3]);
	}
}

/* Who is asked by TLS has answered by taking the connection. */
static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	over(arg,
	     !(what & EV_TIMEOUT) &&
			     getpeername(fd, (struct sockaddr *)(void *)&peer, &size) == 0
		     ? 0
		     : -1);
}

static int connect_to(const struct dns_endpoint *server)
{
	union gp_sockaddr name;
	const socklen_t length = gp_sockaddr_fill(&name, &server->addr, server->port);
	const int type = server->tls ? SOCK_STREAM : SOCK_DGRAM;
	const int fd =
		socket(server->addr.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* On loopback a port that is closed is known at once. */
	if (fd >= 0 && connect(fd, &name.any, length) < 0 && errno != EINPROGRESS &&
	    errno != ECONNREFUSED) {
		close(fd);
		return -1;
	}
	return fd;
}

static void write_question(struct ping *ping, const uint8_t *name, uint16_t type)
{
	const size_t length = wire_name_length(name);
	uint8_t *at = ping->question;

	if (getrandom(at, 2, 0) != 2)
		at[0] = (uint8_t)gp_boot_ms();
	at[2] = 1; /* RD */
	at[5] = 1; /* QDCOUNT */
	memcpy(at + WIRE_HEADER, name, length);
	at += WIRE_HEADER + length;
	at[0] = (uint8_t)(type >> 8);
	at[1] = (uint8_t)type;
	at[3] = WIRE_CLASS_IN;
	ping->size = WIRE_HEADER + length + 4;
}

void ping_again(struct ping *ping)
{
	const unsigned number = ping->count++ % IDS;

	ping->sent_ms[number] = ping->asked_ms = gp_boot_ms();
	ping->question[1] = (uint8_t)(ping->question[1] / IDS * IDS + number);
	/* What is wrong with it is seen by no answer coming. */
	if (!ping->is_tls)
		send(ping->fd, ping->question, ping->size, MSG_DONTWAIT);
}

long long ping_asked_ms(const struct ping *ping)
{
	return ping->asked_ms;
}

struct ping *ping_new(struct event_base *base, const struct dns_endpoint *server,
		      const uint8_t *name, uint16_t type, ping_done_fn *done, void *ctx)
{
	static const struct timeval patience = {PING_MS / 1000, PING_MS % 1000 * 1000};
	struct ping *ping = calloc(1, sizeof(*ping));

	if (!ping)
		return NULL;
	ping->done = done;
	ping->ctx = ctx;
	ping->is_tls = server->tls;
	ping->fd = connect_to(server);
	if (ping->fd >= 0)
		ping->event =
			server->tls
				? event_new(base, ping->fd, EV_WRITE, on_connected, ping)
				: event_new(base, ping->fd, EV_READ | EV_PERSIST,
					    on_readable, ping);
	if (!ping->event || event_add(ping->event, &patience) < 0) {
		ping_free(ping);
		return NULL;
	}
	write_question(ping, name, type);
	ping_again(ping);
	return ping;
}
