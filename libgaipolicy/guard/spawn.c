/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* spawn.c - another program, in silence, for a while. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/spawn.h"

/* Silent but for OUT (-1: altogether), and with the signals of a program that was just
 * started, whatever ours are. */
static int spawn(const char *path, char *const *argv, int out, pid_t *pid)
{
	static char search[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";
	char *environment[] = {search, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error)
		goto out;
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (out >= 0) {
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
		posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(pid, path, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
out:
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Its exit status, or -1. One that hangs is ended. */
static int wait_for(pid_t pid, int limit_ms)
{
	const struct timespec pause = {0, 5 * 1000 * 1000};
	const long long deadline_ms = gp_boot_ms() + limit_ms;
	int status;

	for (;;) {
		const pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		if (got < 0 && errno != EINTR)
			return -1;
		if (gp_boot_ms() >= deadline_ms)
			break;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return -1;
}

int gp_spawn(const char *path, char *const *argv, int limit_ms)
{
	return gp_spawn_to(path, argv, limit_ms, -1);
}

int gp_spawn_to(const char *path, char *const *argv, int limit_ms, int fd)
{
	const int saved = errno;
	pid_t pid;
	const int code = spawn(path, argv, fd, &pid) ? -1 : wait_for(pid, limit_ms);

	errno = saved;
	return code;
}
