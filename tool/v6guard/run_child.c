/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_child.c - the program itself: its environment, its signals, its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/snapshot.h"
#include "guard/trace.h"
#include "run.h"

/* ---- in the child ---- */

/* VALUE behind what NAME has already. */
static bool append_env(const char *name, const char *value)
{
	const char *old = getenv(name);
	char *both;
	bool good;

	if (!old || !old[0])
		return !setenv(name, value, 1);
	if (asprintf(&both, "%s:%s", old, value) < 0)
		return false;
	good = !setenv(name, both, 1);
	free(both);
	return good;
}

/*
 * Ours comes last: whoever else stands in getaddrinfo's way asks us, and we take apart
 * libc's nodes and no others. AddressSanitizer wants to be first and refuses to start
 * unless it is told otherwise.
 */
static bool set_guarded(const struct run_order *order)
{
	const char *asan = getenv("ASAN_OPTIONS");

	if (order->policy->path[0] && setenv("V6GUARD_SNAPSHOT", order->policy->path, 1))
		return false;
	if (order->policy->has_mode && setenv("V6GUARD", order->policy->mode, 1))
		return false;
	if (order->policy->race != RACE_AS_SAID &&
	    setenv(GP_INLINE_VARIABLE, order->policy->race == RACE_YES ? "yes" : "no", 1))
		return false;
	if (setenv(GP_TRACE_VARIABLE, order->trace->name, 1))
		return false;
	if ((!asan || !strstr(asan, "verify_asan_link_order")) &&
	    !append_env("ASAN_OPTIONS", "verify_asan_link_order=0"))
		return false;
	return append_env("LD_PRELOAD", order->preload);
}

/* Nothing of it is to be seen, and it must not ask anybody. */
static bool set_plain(void)
{
	const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd >= 0 && setsid() >= 0 && dup2(fd, 0) == 0 && dup2(fd, 1) == 1 &&
	       dup2(fd, 2) == 2 && !setenv("V6GUARD", "off", 1);
}

static _Noreturn void become(const struct run_order *order, const sigset_t *mask)
{
	if (!(order->preload ? set_guarded(order) : set_plain())) {
		complain("run: %s", strerror(errno));
		_exit(RUN_TROUBLE);
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGPIPE, order->on_pipe);
	execvp(order->args[0], order->args);
	complain("run: %s: %s", order->args[0], strerror(errno));
	_exit(errno == ENOENT ? RUN_NOT_FOUND : RUN_REFUSED);
}

/* ---- in the parent ---- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What a terminal sends it sends to the program as well. */
static void pass_on(const struct signalfd_siginfo *info, pid_t pid)
{
	const int number = (int)info->ssi_signo;

	if (number == SIGCHLD || info->ssi_code == SI_KERNEL)
		return;
	kill(pid, number);
}

static void handle_signals(int fd, pid_t pid)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		pass_on(&info, pid);
}

/* In silence it has a session of its own, and whatever it started goes with it. */
static void cut(const struct run_order *order, pid_t pid)
{
	if (!order->preload)
		kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}

/* It has ended; the number is still its own. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid == pid;
}

#define LONGEST_SLEEP 3600.0
#define TRACE_PAUSE_MS 20 /* nobody wakes us for what is to be shown */

/* How long to sleep at most, in milliseconds; -1: until something comes. */
static int time_left(const struct run_order *order, double begin,
		     const struct run_result *result)
{
	const double left = begin + (double)order->limit_ms / 1000 - now();
	int most = order->seen ? order->seen->pause_ms : -1;

	if (order->trace && order->trace->is_shown && (most < 0 || most > TRACE_PAUSE_MS))
		most = TRACE_PAUSE_MS;

	if (!order->limit_ms || result->is_cut)
		return most;
	if (most < 0)
		most = (int)(LONGEST_SLEEP * 1000);
	if (left > (double)most / 1000)
		return most;
	return left > 0 ? (int)(left * 1000) + 1 : 0;
}

static void wait_for(const struct run_order *order, int signals, pid_t pid, double begin,
		     struct run_result *out)
{
	struct pollfd of_signals = {.fd = signals, .events = POLLIN};
	int status = 0;

	while (!has_ended(pid)) {
		const int left = time_left(order, begin, out);

		if (left == 0) {
			if (order->seen) {
				run_seen_look(order->seen, pid);
				order->seen->is_final = true;
			}
			cut(order, pid);
			out->is_cut = true;
			continue;
		}
		poll(&of_signals, 1, left);
		if (order->seen)
			run_seen_look(order->seen, pid);
		handle_signals(signals, pid);
		if (order->trace)
			run_trace_read(order->trace, false);
	}
	out->seconds = now() - begin;
	if (!order->preload)
		cut(order, pid);
	waitpid(pid, &status, 0);
	out->code =
		WIFSIGNALED(status) ? RUN_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	if (order->trace)
		run_trace_read(order->trace, true);
	if (order->seen)
		run_seen_settle(order->seen);
}

struct run_result run_child(const struct run_order *order)
{
	struct run_result result = {.code = RUN_TROUBLE};
	sigset_t ours, before;
	const double begin = now();
	int signals;
	pid_t pid;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGQUIT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &ours, &before);
	signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	pid = signals < 0 ? -1 : fork();
	if (pid == 0)
		become(order, &before);
	if (pid < 0)
		complain("run: cannot start a process: %s", strerror(errno));
	else
		wait_for(order, signals, pid, begin, &result);
	if (signals >= 0)
		close(signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
