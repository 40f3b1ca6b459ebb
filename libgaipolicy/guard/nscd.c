/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nscd.c - telling nscd that its answers are stale. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard/nscd.h"
#include "guard/spawn.h"

#define FLUSH_MS 5000

bool gp_nscd_is_running(void)
{
	const struct sockaddr_un name = {.sun_family = AF_UNIX,
					 .sun_path = "/var/run/nscd/socket"};
	const int saved = errno;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_running = false;

	if (fd >= 0) {
		is_running = connect(fd, (const struct sockaddr *)(const void *)&name,
				     sizeof(name)) == 0;
		close(fd);
	}
	errno = saved;
	return is_running;
}

bool gp_nscd_flush(void)
{
	static char program[] = "/usr/sbin/nscd", option[] = "-i", table[] = "hosts";
	char *const argv[] = {program, option, table, NULL};
	const int saved = errno;
	bool is_done = gp_spawn(program, argv, FLUSH_MS) == 0;

	errno = saved;
	return is_done;
}
