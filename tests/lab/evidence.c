/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * evidence.c - what gp_socket_evidence() makes of this host's IPv6 connections, with
 * v6guardd's own code: all established ones each 0.2 s, and each that closes.
 *
 *   evidence SECONDS    then one line a remote port: "PORT sockets S none N ok N data N
 *                       failed N stalled N reached N", N being sockets that were so once
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/sockdiag.h"

#define KINDS (GP_EVIDENCE_REACHED + 1)
#define SOCKETS_MAX 65536 /* at once; a power of two */

static struct {
	uint32_t cookie[2];
	uint16_t port; /* 0: free */
	uint8_t kinds; /* one bit each */
} known[SOCKETS_MAX];

static bool note(void *ctx, const struct gp_socket *socket)
{
	const uint32_t hash = socket->cookie[0] * UINT32_C(2654435761) >> 16;
	uint32_t at = hash;

	(void)ctx;
	if (socket->remote.family != AF_INET6 || !socket->remote_port)
		return true;
	while (known[at].port &&
	       memcmp(known[at].cookie, socket->cookie, sizeof(known[at].cookie)) != 0) {
		at = (at + 1) % SOCKETS_MAX;
		if (at == hash)
			return false;
	}
	memcpy(known[at].cookie, socket->cookie, sizeof(known[at].cookie));
	known[at].port = socket->remote_port;
	const enum gp_evidence evidence = gp_socket_evidence(socket);
	if (evidence == GP_EVIDENCE_STALLED && !(known[at].kinds >> evidence & 1))
		fprintf(stderr,
			"%u: state %u gap %u retransmits %u acked %llu received %llu "
			"largest %u quiet %u sent %u received %u ms rtt %u us lost %u\n",
			socket->remote_port, socket->state, socket->has_gap,
			socket->retransmits, (unsigned long long)socket->bytes_acked,
			(unsigned long long)socket->bytes_received, socket->largest,
			socket->quiet_ms, socket->sent_ms, socket->received_ms,
			socket->rtt_us, socket->lost);
	known[at].kinds |= (uint8_t)(1U << evidence);
	return true;
}

static void note_closed(void *ctx, const struct gp_socket *socket)
{
	note(ctx, socket);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void print_port(unsigned port)
{
	static const char *const names[KINDS] = {"none",   "ok",      "data",
						 "failed", "stalled", "reached"};
	unsigned sockets = 0, counts[KINDS] = {0};

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (known[i].port != port)
			continue;
		sockets++;
		for (unsigned kind = 0; kind < KINDS; kind++)
			counts[kind] += known[i].kinds >> kind & 1;
	}
	if (!sockets)
		return;
	printf("%u sockets %u", port, sockets);
	for (unsigned kind = 0; kind < KINDS; kind++)
		printf(" %s %u", names[kind], counts[kind]);
	printf("\n");
}

int main(int argc, char **argv)
{
	const long long end = now_ms() + (argc > 1 ? atoi(argv[1]) : 1) * 1000LL;
	int dumps = gp_sockdiag_open(), events = gp_sockdiag_listen(1 << 22);
	struct pollfd ready = {.fd = events, .events = POLLIN};

	if (dumps < 0 || events < 0)
		return 1;
	while (now_ms() < end) {
		if (gp_sockdiag_dump(dumps, AF_INET6, GP_STATE_ESTABLISHED, NULL, 0, note,
				     NULL) != GP_OK)
			return 1;
		const long long next = now_ms() + 200;
		for (long long left = 200; left > 0; left = next - now_ms())
			if (poll(&ready, 1, (int)left) > 0 &&
			    gp_sockdiag_read(events, note_closed, NULL) != GP_OK)
				return 1;
	}
	for (unsigned port = 1; port < 65536; port++)
		print_port(port);
	return 0;
}
