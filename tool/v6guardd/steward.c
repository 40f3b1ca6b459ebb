/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* steward.c - a small loop: the worker's messages, signals, the configuration's folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/nscd.h"
#include "message.h"
#include "notify.h"
#include "rescue.h"
#include "sandbox.h"
#include "steward.h"

#define WORKER_USER "v6guard"
/* An editor writes a file in several steps: the last one counts. */
#define SETTLE_MS 200
#define NSCD_EVERY_MS 2000
/* The worker, asked to end, has so long. */
#define GOODBYE_MS 3000

struct steward {
	const struct steward_options *options;
	struct settings settings;
	struct rescue rescue;
	int worker_fd, signal_fd, inotify_fd, ready_fd;
	pid_t worker;
	long long reload_at_ms; /* 0: nothing has changed */
	long long nscd_at_ms, nscd_done_ms;
	long long watchdog_at_ms;
	bool is_over;
	int status;
};

/* ---- the configuration ---- */

static void print_diag(const struct gp_diag *diag, char *text, size_t size)
{
	char where[32] = "";

	if (diag->line && diag->column)
		snprintf(where, sizeof(where), ":%u:%u", diag->line, diag->column);
	else if (diag->line)
		snprintf(where, sizeof(where), ":%u", diag->line);
	snprintf(text, size, "%s%s%s%s", diag->path, where, diag->path[0] ? ": " : "",
		 diag->text);
}

static void print_errors(const struct gp_config_errors *errors, const char *dir,
			 enum gp_status status, char first[1024])
{
	char text[1024];

	for (size_t i = 0; i < errors->count; i++) {
		print_diag(&errors->list[i], text, sizeof(text));
		fprintf(stderr, "v6guardd: %s\n", text);
		if (first && i == 0)
			strcpy(first, text);
	}
	if (errors->more)
		fprintf(stderr, "v6guardd: there are more errors\n");
	if (errors->count)
		return;
	snprintf(text, sizeof(text), "%s: %s", dir, gp_status_text(status));
	fprintf(stderr, "v6guardd: %s\n", text);
	if (first)
		strcpy(first, text);
}

int steward_load(const char *dir, struct settings *out, char first[1024])
{
	struct gp_config_errors *errors = calloc(1, sizeof(*errors));
	struct gp_config *config;
	char warning[256];
	enum gp_status status = errors ? gp_config_load(dir, &config, errors) : GP_NOMEM;

	if (!errors)
		return 4;
	if (status == GP_OK) {
		settings_from_config(config, out, warning);
		gp_config_free(config);
		if (warning[0])
			fprintf(stderr, "v6guardd: %s\n", warning);
	} else {
		print_errors(errors, dir, status, first);
	}
	free(errors);
	if (status == GP_OK)
		return 0;
	return status == GP_SYNTAX || status == GP_RANGE || status == GP_NOTFOUND ? 3 : 4;
}

static void send_ability(struct steward *steward)
{
	struct message message = {
		.u.ability = {(uint32_t)gp_sockdiag_can_destroy(steward->rescue.fd)}};

	message_send(steward->worker_fd, MESSAGE_ABILITY, &message);
	if (steward->settings.rescue && message.u.ability.can_destroy != GP_OK)
		fprintf(stderr,
			"v6guardd: rescue is on, but sockets cannot be destroyed here: "
			"%s\n",
			gp_status_text((enum gp_status)message.u.ability.can_destroy));
}

static void reload(struct steward *steward)
{
	static struct message message;

	steward->reload_at_ms = 0;
	notify("RELOADING=1");
	if (steward_load(steward->options->dir, &message.u.settings, message.u.text) ==
	    0) {
		steward->settings = message.u.settings;
		message_send(steward->worker_fd, MESSAGE_SETTINGS, &message);
		send_ability(steward);
		notify("READY=1\nSTATUS=configuration read");
	} else {
		message_send(steward->worker_fd, MESSAGE_REFUSED, &message);
		fprintf(stderr, "v6guardd: the configuration before stays in force\n");
		notify("READY=1\nSTATUS=the configuration has errors; the one before "
		       "stays in force");
	}
}

/* The folder, conf.d, and what they stand in: a ConfigMap is swapped by its link there.
 */
static int watch_folder(const char *dir)
{
	const uint32_t what = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
			      IN_MOVED_TO | IN_ATTRIB;
	const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[4096];

	if (fd < 0)
		return -1;
	inotify_add_watch(fd, dir, what);
	snprintf(path, sizeof(path), "%s/conf.d", dir);
	inotify_add_watch(fd, path, what);
	return fd;
}

static void take_changes(struct steward *steward)
{
	char events[4096];

	while (read(steward->inotify_fd, events, sizeof(events)) > 0)
		;
	steward->reload_at_ms = gp_boot_ms() + SETTLE_MS;
	/* conf.d may have come only now, or be another folder. */
	close(steward->inotify_fd);
	steward->inotify_fd = watch_folder(steward->options->dir);
}

/* ---- the worker's wishes ---- */

static void do_rescue(struct steward *steward, const struct message_rescue *request)
{
	static struct message reply;

	rescue_do(&steward->rescue, &steward->settings, request, &reply.u.rescued);
	message_send(steward->worker_fd, MESSAGE_RESCUED, &reply);
}

static void on_ready(struct steward *steward)
{
	const char byte = 1;

	send_ability(steward);
	notify("READY=1\nSTATUS=watching");
	if (steward->ready_fd >= 0) {
		if (write(steward->ready_fd, &byte, 1) < 0)
			steward->is_over = true; /* who waited for it is gone */
		close(steward->ready_fd);
		steward->ready_fd = -1;
	}
}

static void want_nscd(struct steward *steward)
{
	const long long now = gp_boot_ms();
	const long long earliest = steward->nscd_done_ms + NSCD_EVERY_MS;

	if (!steward->nscd_at_ms)
		steward->nscd_at_ms = now > earliest ? now : earliest;
}

static void take_message(struct steward *steward, const struct message *message)
{
	switch ((enum message_type)message->type) {
	case MESSAGE_READY:
		on_ready(steward);
		break;
	case MESSAGE_RELOAD:
		reload(steward);
		break;
	case MESSAGE_RESCUE:
		do_rescue(steward, &message->u.rescue);
		break;
	case MESSAGE_NSCD:
		want_nscd(steward);
		break;
	case MESSAGE_SETTINGS:
	case MESSAGE_REFUSED:
	case MESSAGE_RESCUED:
	case MESSAGE_ABILITY:
		break; /* not his to say */
	}
}

static void take_messages(struct steward *steward)
{
	static struct message message;

	/* A few at a time: signals are heard as well. */
	for (unsigned i = 0; i < 16; i++) {
		const int got = message_receive(steward->worker_fd, &message);
		if (got > 0)
			take_message(steward, &message);
		else if (got < 0 && errno != EAGAIN)
			steward->is_over = true;
		if (got < 0)
			return;
	}
}

static void flush_nscd(struct steward *steward)
{
	steward->nscd_at_ms = 0;
	if (gp_nscd_is_running())
		gp_nscd_flush();
	steward->nscd_done_ms = gp_boot_ms();
}

/* ---- signals ---- */

static int block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void on_child(struct steward *steward)
{
	int status;

	if (waitpid(steward->worker, &status, WNOHANG) != steward->worker)
		return;
	steward->worker = 0;
	steward->is_over = true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	steward->status = 4;
	if (WIFSIGNALED(status))
		fprintf(stderr, "v6guardd: the worker was ended by signal %d\n",
			WTERMSIG(status));
	else
		fprintf(stderr, "v6guardd: the worker ended with status %d\n",
			WEXITSTATUS(status));
}

static void take_signals(struct steward *steward)
{
	struct signalfd_siginfo info;

	while (read(steward->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(steward);
		else if (info.ssi_signo == SIGCHLD)
			on_child(steward);
		else
			steward->is_over = true;
	}
}

/* ---- the loop ---- */

static void sooner(long long *first, long long at)
{
	if (at && (!*first || at < *first))
		*first = at;
}

static int patience(const struct steward *steward)
{
	long long first = 0;

	sooner(&first, steward->reload_at_ms);
	sooner(&first, steward->nscd_at_ms);
	sooner(&first, steward->watchdog_at_ms);
	if (!first)
		return -1;
	first -= gp_boot_ms();
	return first < 0 ? 0 : (int)first;
}

static void do_due(struct steward *steward)
{
	const long long now = gp_boot_ms();

	if (steward->reload_at_ms && steward->reload_at_ms <= now)
		reload(steward);
	if (steward->nscd_at_ms && steward->nscd_at_ms <= now)
		flush_nscd(steward);
	if (steward->watchdog_at_ms && steward->watchdog_at_ms <= now) {
		notify("WATCHDOG=1");
		steward->watchdog_at_ms = now + notify_watchdog_ms();
	}
}

static void loop(struct steward *steward)
{
	while (!steward->is_over) {
		struct pollfd fds[] = {{steward->worker_fd, POLLIN, 0},
				       {steward->signal_fd, POLLIN, 0},
				       {steward->inotify_fd, POLLIN, 0}};
		if (poll(fds, 3, patience(steward)) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			take_signals(steward);
		if (fds[0].revents)
			take_messages(steward);
		if (fds[2].revents)
			take_changes(steward);
		do_due(steward);
	}
}

/* The closed socket is what ends the worker; a signal, if it hangs. */
static void dismiss(struct steward *steward)
{
	struct pollfd fd = {steward->signal_fd, POLLIN, 0};
	const long long end = gp_boot_ms() + GOODBYE_MS;

	notify("STOPPING=1");
	close(steward->worker_fd);
	while (steward->worker && gp_boot_ms() < end) {
		poll(&fd, 1, 50);
		take_signals(steward);
		on_child(steward);
	}
	if (steward->worker) {
		kill(steward->worker, SIGKILL);
		waitpid(steward->worker, NULL, 0);
	}
}

/* ---- the worker's beginning ---- */

static _Noreturn void be_worker(struct files *files, const struct settings *settings,
				int steward_fd, pid_t steward)
{
	const char *user = getpwnam(WORKER_USER) ? WORKER_USER : "nobody";
	struct gp_diag diag;
	sigset_t none;
	int status = 4;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* SIGINT is for the steward, who says goodbye to us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	close(files->lock_fd);
	files->worker.steward_fd = steward_fd;
	if (sandbox_worker(user, &diag) != GP_OK || sandbox_seccomp(&diag) != GP_OK) {
		fprintf(stderr, "v6guardd: %s\n", diag.text);
		_exit(status);
	}
	/* Changing users took the death signal away. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() == steward)
		status = worker_run(&files->worker, settings);
	_exit(status);
}

static void close_workers(struct worker_files *files)
{
	int *const fds[] = {&files->hint_fd,  &files->control_fd, &files->dump_fd,
			    &files->event_fd, &files->route_fd,   &files->log_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static bool fork_worker(struct steward *steward, struct files *files)
{
	const pid_t self = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) <
	    0)
		return false;
	steward->worker = fork();
	if (steward->worker == 0) {
		close(pair[0]);
		close(steward->signal_fd);
		if (steward->ready_fd >= 0)
			close(steward->ready_fd);
		be_worker(files, &steward->settings, pair[1], self);
	}
	close(pair[1]);
	steward->worker_fd = pair[0];
	close_workers(&files->worker);
	return steward->worker > 0;
}

int steward_run(const struct steward_options *options, struct files *files,
		const struct settings *settings, int ready_fd)
{
	static struct steward steward;
	struct gp_diag diag;
	const int watchdog = notify_watchdog_ms();

	steward = (struct steward){.options = options,
				   .settings = *settings,
				   .ready_fd = ready_fd,
				   .inotify_fd = -1,
				   .signal_fd = block_signals()};
	if (steward.signal_fd < 0 || !fork_worker(&steward, files)) {
		fprintf(stderr, "v6guardd: the worker cannot be started: %s\n",
			strerror(errno));
		return 4;
	}
	rescue_init(&steward.rescue, gp_sockdiag_open());
	steward.inotify_fd = watch_folder(options->dir);
	steward.watchdog_at_ms = watchdog ? gp_boot_ms() + watchdog : 0;
	if (sandbox_steward(&diag) == GP_OK) {
		loop(&steward);
	} else {
		fprintf(stderr, "v6guardd: %s\n", diag.text);
		steward.status = 4;
	}
	dismiss(&steward);
	return steward.status;
}
