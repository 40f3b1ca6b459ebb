/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cares.c - a program whose resolver is c-ares, for t_dns_nat64.sh:
 *
 *	cares NAME PORT		connect to NAME's addresses as ares_getaddrinfo() has
 *them, one after the other; what the server says
 */
#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

static struct ares_addrinfo *found;

static void on_found(void *unused, int status, int timeouts, struct ares_addrinfo *result)
{
	(void)unused, (void)timeouts;
	if (status != ARES_SUCCESS)
		fprintf(stderr, "%s\n", ares_strerror(status));
	found = result;
}

/* As long as there are sockets to wait for, there is no answer yet. */
static void wait_for(ares_channel channel)
{
	for (int rounds = 0; rounds < PATIENCE_MS / 10; rounds++) {
		ares_socket_t socks[ARES_GETSOCK_MAXNUM];
		const int bits = ares_getsock(channel, socks, ARES_GETSOCK_MAXNUM);
		struct pollfd fds[ARES_GETSOCK_MAXNUM];
		nfds_t count = 0;

		for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++)
			if (ARES_GETSOCK_READABLE(bits, i) ||
			    ARES_GETSOCK_WRITABLE(bits, i))
				fds[count++] = (struct pollfd){socks[i], POLLIN, 0};
		if (!count)
			return;
		poll(fds, count, 10);
		for (nfds_t i = 0; i < count; i++)
			ares_process_fd(channel,
					fds[i].revents ? fds[i].fd : ARES_SOCKET_BAD,
					ARES_SOCKET_BAD);
	}
}

static int connect_to_any(void)
{
	char said[256];
	ssize_t got = -1;

	for (struct ares_addrinfo_node *at = found->nodes; at && got < 0;
	     at = at->ai_next) {
		const int fd = socket(at->ai_family, SOCK_STREAM, 0);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0)
			got = read(fd, said, sizeof(said));
		if (fd >= 0)
			close(fd);
	}
	return got > 0 && write(STDOUT_FILENO, said, (size_t)got) == got ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
						  .ai_socktype = SOCK_STREAM};
	ares_channel channel;
	int status = 1;

	if (argc != 3) {
		fputs("usage: cares NAME PORT\n", stderr);
		return 2;
	}
	if (ares_library_init(ARES_LIB_INIT_ALL) || ares_init(&channel))
		return 1;
	ares_getaddrinfo(channel, argv[1], argv[2], &hints, on_found, NULL);
	wait_for(channel);
	if (found) {
		status = connect_to_any();
		ares_freeaddrinfo(found);
	}
	ares_destroy(channel);
	ares_library_cleanup();
	return status;
}
