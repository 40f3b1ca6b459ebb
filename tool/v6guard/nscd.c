/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nscd.c - telling nscd that its answers are stale. */
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nscd.h"

bool nscd_is_running(void)
{
	const struct sockaddr_un name = {.sun_family = AF_UNIX,
					 .sun_path = "/var/run/nscd/socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	bool is_running = connect(fd, (const struct sockaddr *)(const void *)&name,
				  sizeof(name)) == 0;
	close(fd);
	return is_running;
}

/* Exit status, or -1. */
static int run_silently(char *const *argv)
{
	static char path[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";
	char *environment[] = {path, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	int error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	if (error || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void nscd_flush(struct cli *cli)
{
	static char program[] = "/usr/sbin/nscd", option[] = "-i", table[] = "hosts";
	char *const argv[] = {program, option, table, NULL};

	if (cli->root[0] || !nscd_is_running())
		return;
	if (run_silently(argv) != 0)
		warn(cli, "nscd runs, but `nscd -i hosts` failed: it may answer from its "
			  "cache for a while");
}
