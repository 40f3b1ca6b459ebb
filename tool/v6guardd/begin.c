/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* begin.c - the child that becomes the worker. */
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "begin.h"
#include "dns/ub_library.h"
#include "sandbox.h"
#include "say.h"

#define WORKER_USER "v6guard"
#define RESOLVER_FILES 8192

void begin_let_go(void)
{
	const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int standard = 0; fd >= 0 && standard <= STDERR_FILENO; standard++)
		dup2(fd, standard);
	if (fd >= 0)
		close(fd);
}

/* As long as a library may be loaded and limits be raised. False: no resolver. */
static bool prepare_resolver(struct worker_files *files, const struct settings *settings)
{
	struct rlimit limit;
	bool is_good;

	if (!settings->dns.enable)
		return false;
	is_good = ub_library_load(files->resolver_why);
	if (!is_good)
		say("the resolver stays off: %s", files->resolver_why);
	/* Each question to a server has a socket of its own. */
	if (is_good && !getrlimit(RLIMIT_NOFILE, &limit) &&
	    limit.rlim_cur < RESOLVER_FILES) {
		limit.rlim_cur =
			limit.rlim_max < RESOLVER_FILES ? limit.rlim_max : RESOLVER_FILES;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return files->resolves = is_good;
}

/* The worker holds on to the lock as well: no two of them may write the map. */
_Noreturn void begin_worker(struct files *files, const struct settings *settings,
			    int ready_fd, int steward_fd, pid_t parent)
{
	const char *user = getpwnam(WORKER_USER) ? WORKER_USER : "nobody";
	struct gp_diag diag;
	sigset_t none;
	bool resolves;
	int status = 4;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* SIGINT is for the steward, who says goodbye to us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	files->worker.steward_fd = steward_fd;
	resolves = prepare_resolver(&files->worker, settings);
	if (sandbox_worker(user, &diag) != GP_OK) {
		say("%s", diag.text);
		_exit(status);
	}
	/* Changing users took the death signal away. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (ready_fd >= 0) {
		close(ready_fd);
		begin_let_go();
	}
	/* Without capabilities it is harmless enough where the kernel cannot do more. */
	if (sandbox_seccomp(resolves, &diag) != GP_OK) {
		say("%s", diag.text);
		if (diag.status != GP_UNSUPPORTED)
			_exit(status);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() == parent)
		status = worker_run(&files->worker, settings);
	_exit(status);
}
