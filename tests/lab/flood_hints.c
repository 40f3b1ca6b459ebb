/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * flood_hints.c - flood_hints UID SECONDS names|stays|bursts: hints as that user, as fast
 * as one process can: looking the socket up each time, connected to it as long as that
 * lasts, or 40 at once each 100 ms, which is less than what anybody is shut out for.
 * Prints "SENT FAILED".
 */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const struct sockaddr_un to = {AF_UNIX, "/run/v6guard/hint.sock"};

static int new_socket(int is_connected)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (is_connected)
		(void)!connect(fd, (const struct sockaddr *)&to, sizeof(to));
	return fd;
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {0, 100 * 1000 * 1000};
	/* The head of a hint of no addresses, and counters of nothing. */
	unsigned char hint[8 + 28 + 24] = {'V', '6', 'H', 2};
	const uid_t uid = argc == 4 ? (uid_t)atoi(argv[1]) : 0;
	unsigned long sent = 0, failed = 0;
	int stays, bursts, fd;
	double end;

	if (argc != 4 || setgroups(0, NULL) || setgid(uid) || setuid(uid))
		return 2;
	stays = !strcmp(argv[3], "stays");
	bursts = !strcmp(argv[3], "bursts");
	fd = new_socket(stays);
	end = now() + atof(argv[2]);
	while (now() < end) {
		for (int i = 0; i < 40; i++) {
			const ssize_t got =
				stays ? send(fd, hint, sizeof(hint), 0)
				      : sendto(fd, hint, sizeof(hint), 0,
					       (const struct sockaddr *)&to, sizeof(to));
			sent += got >= 0;
			failed += got < 0;
		}
		if (bursts)
			nanosleep(&pause, NULL);
		if (stays && send(fd, hint, sizeof(hint), 0) < 0) {
			close(fd);
			fd = new_socket(stays);
		}
	}
	printf("%lu %lu\n", sent, failed);
	return 0;
}
