/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* notify.c - the protocol of sd_notify(3) is one datagram. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

bool notify(const char *state)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t length;
	ssize_t sent;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@'))
		return false;
	length = strlen(path);
	if (length >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, path, length);
	if (path[0] == '@') /* the abstract namespace */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		      (const struct sockaddr *)(const void *)&to,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	close(fd);
	return sent == (ssize_t)strlen(state);
}

int notify_watchdog_ms(void)
{
	const char *us = secure_getenv("WATCHDOG_USEC");
	const char *pid = secure_getenv("WATCHDOG_PID");
	long long value;

	if (!us || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	value = strtoll(us, NULL, 10) / 1000 / 2;
	return value > 0 && value < 3600000 ? (int)value : 0;
}
